// Products of vectors: dot, vdot, outer.
#pragma once

#include <xgrad/autograd/backward.hpp>
#include <xgrad/autograd/operation.hpp>
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

template <real T>
tensor<T> dot_any(const char* name, const basic_tensor<T>& a, const basic_tensor<T>& b) {
    return call(name, {"a", "b"}, [name](const basic_tensor<T>& v, const basic_tensor<T>& w) {
        check_rank_is(name, v, 1, "a must be a vector");
        check_rank_is(name, w, 1, "b must be a vector");
        if (v.size() != w.size()) fail<shape_error>(name, "a is ", shape_of(v), ", b is ", shape_of(w), "; they must be equally long");
        return matmul_any(v, w, {});
    }, a, b);
}

template <real T>
tensor<T> outer_any(const basic_tensor<T>& a, const basic_tensor<T>& b) {
    return call("outer", {"a", "b"}, [](const basic_tensor<T>& v, const basic_tensor<T>& w) {
        check_rank_is("outer", v, 1, "a must be a vector");
        check_rank_is("outer", w, 1, "b must be a vector");
        return apply_binary<multiply_fn, T>(reshape_to(v, {v.size(), 1}), w);
    }, a, b);
}

}  // namespace detail

/// y = sum_i a_i b_i, of vectors of one size. Throws `rank_error`, `shape_error`.
struct dot_fn {
    const char* name;

    template <element T, element U, std::size_t N, std::size_t M>
    tensor<T, 0> operator()(const tensor<T, N>& a, const tensor<U, M>& b) const {
        detail::check_types<T, U>();
        static_assert((N == 1 || N == dynamic_rank) && (M == 1 || M == dynamic_rank), "of vectors: matmul(a, b) is for the rest");
        return detail::with_rank<0>(detail::dot_any<T>(name, a, b));
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
        return detail::with_rank<2>(detail::outer_any<T>(a, b));
    }
};
inline constexpr outer_fn outer{};

}  // namespace xgrad

// Defined by xgrad::compiled.
#if defined(XGRAD_INSTANCE)
namespace xgrad::inline XGRAD_ABI::detail {
#define XGRAD_INSTANCES(T) \
    XGRAD_INSTANCE tensor<T> dot_any(const char*, const basic_tensor<T>&, const basic_tensor<T>&); \
    XGRAD_INSTANCE tensor<T> outer_any(const basic_tensor<T>&, const basic_tensor<T>&);
XGRAD_FOR_REAL_TYPES(XGRAD_INSTANCES)
#undef XGRAD_INSTANCES
}
#endif
