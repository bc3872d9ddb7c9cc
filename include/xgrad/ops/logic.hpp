// Logic of elements, which are true where they are not 0. No derivative.
#pragma once

#include <xgrad/autograd/operation.hpp>
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
        const auto f = [where = name](const basic_tensor<T>& x, const basic_tensor<U>& y) {
            return detail::compute<bool>(where, [](T v, U w) { return F{}(v != T{0}, w != U{0}); }, x, y);
        };
        const basic_tensor<T>& first = a;
        const basic_tensor<U>& second = b;
        return detail::with_rank<broadcast_rank<N, M>>(detail::call(name, {"a", "b"}, f, first, second));
    }
    template <element T, std::size_t N, scalar S>
    tensor<bool, N> operator()(const tensor<T, N>& a, S b) const {
        const auto f = [where = name](const basic_tensor<T>& x, bool truth) {
            return detail::compute<bool>(where, [truth](T v) { return F{}(v != T{0}, truth); }, x);
        };
        const basic_tensor<T>& first = a;
        return detail::with_rank<N>(detail::call(name, {"a", "b"}, f, first, b != S{0}));
    }
    template <element T, std::size_t N, scalar S>
    tensor<bool, N> operator()(S a, const tensor<T, N>& b) const {
        return (*this)(b, a);   // all of them are symmetric
    }
};

inline constexpr logical<std::logical_and<>> logical_and{"logical_and"};
inline constexpr logical<std::logical_or<>> logical_or{"logical_or"};
inline constexpr logical<std::not_equal_to<>> logical_xor{"logical_xor"};

/// y = whether x is not true, which is whether it is 0.
struct logical_not_fn {
    template <element T, std::size_t N>
    tensor<bool, N> operator()(const tensor<T, N>& x) const {
        const auto f = [](const basic_tensor<T>& a) { return detail::compute<bool>("logical_not", [](T v) { return v == T{0}; }, a); };
        const basic_tensor<T>& operand = x;
        return detail::with_rank<N>(detail::call("logical_not", {"x"}, f, operand));
    }
};
inline constexpr logical_not_fn logical_not{};

}  // namespace xgrad
