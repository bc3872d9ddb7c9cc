// Logic of elements, which are true where they are not 0. No derivative.
#pragma once

#include <xgrad/autograd/tensor.hpp>
#include <xgrad/core/config.hpp>
#include <xgrad/ops/elementwise.hpp>

#include <cstddef>
#include <functional>

namespace xgrad::inline XGRAD_ABI {

/// An operation on the truth of elements, whatever their types.
template <class F>
struct logical {
    const char* name;

    template <element T, element U, std::size_t N, std::size_t M>
    tensor<bool, broadcast_rank<N, M>> operator()(const tensor<T, N>& a, const tensor<U, M>& b) const {
        const auto f = [](T v, U w) { return F{}(v != T{0}, w != U{0}); };
        return detail::with_rank<broadcast_rank<N, M>>(detail::compute<bool>(name, f, a, b));
    }
    template <element T, std::size_t N, scalar S>
    tensor<bool, N> operator()(const tensor<T, N>& a, S b) const {
        const auto truth = b != S{0};
        return detail::with_rank<N>(detail::compute<bool>(name, [truth](T v) { return F{}(v != T{0}, truth); }, a));
    }
    template <element T, std::size_t N, scalar S>
    tensor<bool, N> operator()(S a, const tensor<T, N>& b) const {
        return (*this)(b, a);   // all of them are symmetric
    }
};

inline constexpr logical<std::logical_and<>> logical_and{"logical_and"};
inline constexpr logical<std::logical_or<>> logical_or{"logical_or"};
inline constexpr logical<std::not_equal_to<>> logical_xor{"logical_xor"};

struct logical_not_fn {
    template <element T, std::size_t N>
    tensor<bool, N> operator()(const tensor<T, N>& x) const {
        return detail::with_rank<N>(detail::compute<bool>("logical_not", [](T v) { return v == T{0}; }, x));
    }
};
inline constexpr logical_not_fn logical_not{};

}  // namespace xgrad
