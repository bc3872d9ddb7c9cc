// Products of vectors: dot, vdot, outer.
#pragma once

#include <xgrad/autograd/backward.hpp>
#include <xgrad/core/config.hpp>
#include <xgrad/ops/arithmetic.hpp>
#include <xgrad/ops/linalg.hpp>

#include <cstddef>

namespace xgrad::inline XGRAD_ABI {

namespace detail {

template <real T>
void check_rank_is(const char* name, const basic_tensor<T>& x, std::size_t rank, const char* what) {
    if (x.rank() != rank) fail<rank_error>(name, what, ", got ", shape_of(x));
}

}  // namespace detail

/// y = sum_i a_i b_i, of vectors of one size. Throws `rank_error`, `shape_error`.
struct dot_fn {
    const char* name;

    template <element T, element U, std::size_t N, std::size_t M>
    tensor<T, 0> operator()(const tensor<T, N>& a, const tensor<U, M>& b) const {
        detail::check_types<T, U>();
        static_assert((N == 1 || N == dynamic_rank) && (M == 1 || M == dynamic_rank), "of vectors: matmul(a, b) is for the rest");
        detail::check_rank_is<T>(name, a, 1, "a must be a vector");
        detail::check_rank_is<T>(name, b, 1, "b must be a vector");
        if (a.size() != b.size())
            fail<shape_error>(name, "a is ", detail::shape_of(a), ", b is ", detail::shape_of(b), "; they must be equally long");
        return detail::with_rank<0>(detail::matmul_any<T>(a, b, {}));
    }
};
inline constexpr dot_fn dot{"dot"};
/// PyTorch's name for the same, which differs for complex numbers.
inline constexpr dot_fn vdot{"vdot"};

/// y_ij = a_i b_j, of vectors. Throws `rank_error`.
struct outer_fn {
    template <element T, element U, std::size_t N, std::size_t M>
    tensor<T, 2> operator()(const tensor<T, N>& a, const tensor<U, M>& b) const {
        detail::check_types<T, U>();
        static_assert((N == 1 || N == dynamic_rank) && (M == 1 || M == dynamic_rank), "of vectors: tensordot(a, b, 0) is for the rest");
        detail::check_rank_is<T>("outer", a, 1, "a must be a vector");
        detail::check_rank_is<T>("outer", b, 1, "b must be a vector");
        return detail::with_rank<2>(detail::apply_binary<multiply_fn, T>(detail::reshape_to(a, {a.size(), 1}), b));
    }
};
inline constexpr outer_fn outer{};

}  // namespace xgrad
