// Products of every element with every block, and of vectors in space: kron, cross.
#pragma once

#include <xgrad/autograd/backward.hpp>
#include <xgrad/autograd/operation.hpp>
#include <xgrad/core/config.hpp>
#include <xgrad/ops/arithmetic.hpp>
#include <xgrad/ops/reduce.hpp>
#include <xgrad/ops/take.hpp>
#include <xgrad/ops/view.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>

namespace xgrad::inline XGRAD_ABI {

namespace detail {

/// y[i p + k, j q + l] = a[i, j] b[k, l], for b of (p, q); likewise for any number of axes. Those that one lacks have size 1.
template <element T>
tensor<T> kron_value(const basic_tensor<T>& a, const basic_tensor<T>& b) {
    const auto &left = shape_of(a), &right = shape_of(b);
    const auto rank = std::max(left.rank(), right.rank());
    auto outside = shape{}, inside = shape{}, sizes = shape{};   // (i, 1, j, 1), (1, k, 1, l), (i k, j l)
    const auto size_at = [&](const shape& own, std::size_t axis) { return axis + own.rank() < rank ? 1 : own[axis + own.rank() - rank]; };
    for (auto axis = std::size_t{0}; axis < rank; ++axis) {
        const auto m = size_at(left, axis), n = size_at(right, axis);
        sizes.push_back(m * n);
        if (m != 1) outside.push_back(m), inside.push_back(1);   // no axes of size 1, so that more others fit
        if (n != 1) outside.push_back(1), inside.push_back(n);
    }
    return reshape_to(apply_binary<multiply_fn>(reshape_to(a, outside), reshape_to(b, inside)), sizes);
}
template <element T>
tensor<T> kron_any(const basic_tensor<T>& a, const basic_tensor<T>& b) {
    return call("kron", {"a", "b"}, [](const basic_tensor<T>& v, const basic_tensor<T>& w) { return kron_value(v, w); }, a, b);
}

/// y = (a_1 b_2 - a_2 b_1, a_2 b_0 - a_0 b_2, a_0 b_1 - a_1 b_0) along the axis
template <element T>
tensor<T> cross_value(const basic_tensor<T>& a, const basic_tensor<T>& b, std::ptrdiff_t along) {
    const auto sizes = broadcast_shapes("cross", shape_of(a), shape_of(b));
    const auto from_last = static_cast<std::ptrdiff_t>(sizes.rank() - normalize_axis("cross", along, sizes.rank()));
    const auto axis_of = [&](const basic_tensor<T>& x) {
        const auto axis = static_cast<std::ptrdiff_t>(x.rank()) - from_last;
        if (axis < 0 || shape_of(x)[static_cast<std::size_t>(axis)] != 3)
            fail<shape_error>("cross", "a is ", shape_of(a), ", b is ", shape_of(b), "; both must have 3 elements along the axis");
        return static_cast<std::size_t>(axis);
    };
    const auto next = tensor<std::int64_t>{1, 2, 0}, after = tensor<std::int64_t>{2, 0, 1};
    const auto at_a = axis_of(a), at_b = axis_of(b);
    return apply_binary<subtract_fn>(apply_binary<multiply_fn>(take_along(a, next, at_a), take_along(b, after, at_b)),
                                     apply_binary<multiply_fn>(take_along(a, after, at_a), take_along(b, next, at_b)));
}
template <element T>
tensor<T> cross_any(const basic_tensor<T>& a, const basic_tensor<T>& b, std::ptrdiff_t axis) {
    return call("cross", {"a", "b", "axis"}, [](const basic_tensor<T>& v, const basic_tensor<T>& w, std::ptrdiff_t along) {
        return cross_value(v, w, along);
    }, a, b, axis);
}

}  // namespace detail

/// Kronecker's product: every element of a times all of b, in its place. For matrices (i, j) and (k, l): (i k, j l).
struct kron_fn {
    template <element T, std::size_t N, std::size_t M>
    tensor<T, broadcast_rank<N, M>> operator()(const tensor<T, N>& a, const tensor<T, M>& b) const {
        return detail::with_rank<broadcast_rank<N, M>>(detail::kron_any<T>(a, b));
    }
};
inline constexpr kron_fn kron{};

/// The vector product along an axis of size 3, by default the last; a and b broadcast along the others. Throws `shape_error`.
struct cross_fn {
    template <element T, std::size_t N, std::size_t M>
    tensor<T, broadcast_rank<N, M>> operator()(const tensor<T, N>& a, const tensor<T, M>& b, extent axis = -1) const {
        static_assert(N != 0 && M != 0, "of vectors of three elements");
        return detail::with_rank<broadcast_rank<N, M>>(detail::cross_any<T>(a, b, axis));
    }
};
inline constexpr cross_fn cross{};

}  // namespace xgrad

// Defined by xgrad::compiled.
#if defined(XGRAD_INSTANCE)
namespace xgrad::inline XGRAD_ABI::detail {
#define XGRAD_INSTANCES(T) \
    XGRAD_INSTANCE tensor<T> kron_any(const basic_tensor<T>&, const basic_tensor<T>&); \
    XGRAD_INSTANCE tensor<T> cross_any(const basic_tensor<T>&, const basic_tensor<T>&, std::ptrdiff_t);
XGRAD_FOR_REAL_TYPES(XGRAD_INSTANCES)
#undef XGRAD_INSTANCES
}
#endif
