// Products summed over axes that are named by number: tensordot and inner.
#pragma once

#include <xgrad/autograd/backward.hpp>
#include <xgrad/autograd/operation.hpp>
#include <xgrad/core/config.hpp>
#include <xgrad/ops/arithmetic.hpp>
#include <xgrad/ops/contract.hpp>

#include <algorithm>
#include <array>
#include <cstddef>
#include <span>
#include <utility>

namespace xgrad::inline XGRAD_ABI {

namespace detail {

using axis_numbers = std::span<const std::ptrdiff_t>;

/// y[a..., b...] = the sum over the axes named, a's beside b's, of the products.
template <real T>
tensor<T> tensordot_value(const char* name, const basic_tensor<T>& a, const basic_tensor<T>& b, axis_numbers axes_a, axis_numbers axes_b) {
    if (axes_a.size() != axes_b.size()) fail<value_error>(name, axes_a.size(), " axes of a, ", axes_b.size(), " of b; they go in pairs");
    axis_set{name, axes_a, a.rank()}, axis_set{name, axes_b, b.rank()};   // look that none is named twice
    auto left = labelled<T>{tensor<T>{a}, {}}, right = labelled<T>{tensor<T>{b}, {}};
    auto sizes = label_sizes{};
    auto free = label_list{};
    auto next = axis_label{0};
    for (auto axis = std::size_t{0}; axis < a.rank(); ++axis) {
        sizes[next] = shape_of(a)[axis];
        left.labels.push_back(next++);
    }
    auto summed = label_set{0};
    auto partner = std::array<axis_label, max_rank>{};
    auto paired = axis_set{};
    for (auto i = std::size_t{0}; i < axes_a.size(); ++i) {
        const auto at = normalize_axis(name, axes_a[i], a.rank()), other = normalize_axis(name, axes_b[i], b.rank());
        if (shape_of(a)[at] != shape_of(b)[other])
            fail<shape_error>(name, "axis ", at, " of a, ", shape_of(a), ", and axis ", other, " of b, ", shape_of(b), ", must be equally long");
        partner[other] = left.labels[at];
        paired.insert(other);
        summed |= set_of(left.labels[at]);
    }
    for (auto axis = std::size_t{0}; axis < b.rank(); ++axis) {
        if (!paired.contains(axis)) sizes[next] = shape_of(b)[axis], partner[axis] = next++;
        right.labels.push_back(partner[axis]);
    }
    for (const auto* each : {&left, &right})
        for (const auto one : each->labels)
            if (!contains(summed, one)) free.push_back(one);
    const auto y = contraction<T>{std::move(left), std::move(right), free.set(), sizes}.in_order_of(free);
    return reordered(y, free).value;
}

template <real T>
tensor<T> tensordot_any(const basic_tensor<T>& a, const basic_tensor<T>& b, axis_numbers axes_a, axis_numbers axes_b) {
    return call("tensordot", {"a", "b", "axes_a", "axes_b"},
                [](const basic_tensor<T>& v, const basic_tensor<T>& w, axis_numbers along_a, axis_numbers along_b) {
        return tensordot_value("tensordot", v, w, along_a, along_b);
    }, a, b, axes_a, axes_b);
}

template <real T>
tensor<T> inner_any(const basic_tensor<T>& a, const basic_tensor<T>& b) {
    return call("inner", {"a", "b"}, [](const basic_tensor<T>& v, const basic_tensor<T>& w) {
        constexpr auto last = std::array{std::ptrdiff_t{-1}};
        return v.rank() == 0 || w.rank() == 0 ? apply_binary<multiply_fn>(v, w) : tensordot_value("inner", v, w, last, last);
    }, a, b);
}

constexpr std::size_t joined_rank(std::size_t n, std::size_t m, std::size_t without) {
    return n == dynamic_rank || m == dynamic_rank || n + m < without ? dynamic_rank : n + m - without;
}

}  // namespace detail

/// y[i..., j...] = sum_k a[i..., k] b[j..., k], over the last axes; for scalars the product. Throws `shape_error`.
struct inner_fn {
    template <element T, element U, std::size_t N, std::size_t M>
    auto operator()(const tensor<T, N>& a, const tensor<U, M>& b) const {
        detail::check_types<T, U>();
        constexpr auto rank = N == 0 ? M : M == 0 ? N : detail::joined_rank(N, M, 2);
        return detail::with_rank<rank>(detail::inner_any<T>(a, b));
    }
};
inline constexpr inner_fn inner{};

/// y[i..., j...] = sum_k a[i..., k...] b[k..., j...]: over the last `count` axes of a and the first of b, or over the axes named,
/// `tensordot(a, b, {0, 2}, {1, 0})`, a's first beside b's first. Throws `shape_error`, `rank_error`, `index_error`,
/// `value_error`.
struct tensordot_fn {
    template <element T, element U, std::size_t N, std::size_t M>
    tensor<T> operator()(const tensor<T, N>& a, const tensor<U, M>& b, extent count = 2) const {
        detail::check_types<T, U>();
        const auto most = std::min(a.rank(), b.rank());
        if (count < 0 || count > static_cast<std::ptrdiff_t>(most))
            fail<value_error>("tensordot", count.value, " axes to sum over, of ", detail::shape_of(a), " and ", detail::shape_of(b));
        auto last = std::array<std::ptrdiff_t, max_rank>{}, first = last;
        const auto axes = static_cast<std::size_t>(count.value);
        for (auto i = std::size_t{0}; i < axes; ++i) {
            first[i] = static_cast<std::ptrdiff_t>(i);
            last[i] = static_cast<std::ptrdiff_t>(a.rank() - axes + i);
        }
        return detail::tensordot_any<T>(a, b, {last.data(), axes}, {first.data(), axes});
    }
    template <element T, element U, std::size_t N, std::size_t M, std::size_t K, std::size_t L>
    auto operator()(const tensor<T, N>& a, const tensor<U, M>& b, const extent (&axes_a)[K], const extent (&axes_b)[L]) const {
        detail::check_types<T, U>();
        static_assert(K == L, "the axes go in pairs: as many of a as of b");
        auto of_a = std::array<std::ptrdiff_t, K>{};
        auto of_b = std::array<std::ptrdiff_t, L>{};
        std::copy_n(axes_a, K, of_a.begin());
        std::copy_n(axes_b, L, of_b.begin());
        return detail::with_rank<detail::joined_rank(N, M, 2 * K)>(detail::tensordot_any<T>(a, b, of_a, of_b));
    }
};
inline constexpr tensordot_fn tensordot{};

}  // namespace xgrad

// Defined by xgrad::compiled.
#if defined(XGRAD_INSTANCE)
namespace xgrad::inline XGRAD_ABI::detail {
#define XGRAD_INSTANCES(T) \
    XGRAD_INSTANCE tensor<T> tensordot_any(const basic_tensor<T>&, const basic_tensor<T>&, axis_numbers, axis_numbers); \
    XGRAD_INSTANCE tensor<T> inner_any(const basic_tensor<T>&, const basic_tensor<T>&);
XGRAD_FOR_REAL_TYPES(XGRAD_INSTANCES)
#undef XGRAD_INSTANCES
}
#endif
