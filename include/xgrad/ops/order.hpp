// Elements in order along an axis: sorted, the largest few.
//
// NaN counts as the largest, and equals stand by their places. The gradient goes through the indices.
#pragma once

#include <xgrad/autograd/operation.hpp>
#include <xgrad/core/config.hpp>
#include <xgrad/kernels/order.hpp>
#include <xgrad/ops/reduction_options.hpp>
#include <xgrad/ops/values_and_indices.hpp>

#include <cstddef>
#include <cstdint>
#include <limits>

namespace xgrad::inline XGRAD_ABI {

struct sort_options {
    detail::options_begin begin{};
    bool descending = false;
};

struct topk_options {
    detail::options_begin begin{};
    bool largest = true;
};

namespace detail {

/// Where the first `wanted` elements in order stand along the axis.
template <element T>
tensor<std::int64_t> ordered_places(const basic_tensor<T>& x, std::size_t axis, std::size_t wanted, bool descending) {
    auto sizes = shape_of(x);
    const auto at = kernels::axis_view{sizes, axis};
    if (at.length > std::numeric_limits<std::uint32_t>::max())
        fail<value_error>("sort", "an axis of size ", at.length, " is too long; at most 2^32 - 1");
    sizes[axis] = wanted;
    auto places = make_result<std::int64_t>(sizes);
    kernels::order_places(x.data(), at, wanted, descending, access::elements(places));
    return places;
}

template <element T>
tensor<std::int64_t> argsort_along(const basic_tensor<T>& x, std::size_t axis, bool descending) {
    return call("argsort", {"x", "axis", "descending"}, [](const basic_tensor<T>& v, std::size_t along, bool down) {
        return ordered_places(v, along, shape_of(v)[along], down);
    }, x, axis, descending);
}
template <element T>
values_and_indices<T> sort_along(const basic_tensor<T>& x, std::size_t axis, bool descending) {
    return call("sort", {"x", "axis", "descending"}, [](const basic_tensor<T>& v, std::size_t along, bool down) {
        return chosen_along(v, ordered_places(v, along, shape_of(v)[along], down), along);
    }, x, axis, descending);
}
template <element T>
values_and_indices<T> topk_along(const basic_tensor<T>& x, std::size_t k, std::size_t axis, bool largest) {
    return call("topk", {"x", "k", "axis", "largest"}, [](const basic_tensor<T>& v, std::size_t count, std::size_t along, bool down) {
        return chosen_along(v, ordered_places(v, along, count, down), along);
    }, x, k, axis, largest);
}

}  // namespace detail

/// {values, indices}: the elements along `axis` in ascending order, or with `{.descending = true}` in descending order, and where
/// they stood. Equals keep their order, and NaN counts as the largest.        dx = dy, put back where it came from
struct sort_fn {
    template <element T, std::size_t N>
    values_and_indices<T, N> operator()(const tensor<T, N>& x, extent axis = -1, const sort_options& options = {}) const {
        static_assert(N != 0, "a tensor without axes has none to sort along");
        const auto at = normalize_axis("sort", axis, x.rank());
        return detail::with_ranks<N>(detail::sort_along<T>(x, at, options.descending));
    }
    template <element T, std::size_t N>
    values_and_indices<T, N> operator()(const tensor<T, N>& x, const sort_options& options) const {
        return (*this)(x, -1, options);
    }
};
inline constexpr sort_fn sort{};

/// The indices of `sort`.
struct argsort_fn {
    template <element T, std::size_t N>
    tensor<std::int64_t, N> operator()(const tensor<T, N>& x, extent axis = -1, const sort_options& options = {}) const {
        static_assert(N != 0, "a tensor without axes has none to sort along");
        const auto at = normalize_axis("argsort", axis, x.rank());
        return detail::with_rank<N>(detail::argsort_along<T>(x, at, options.descending));
    }
    template <element T, std::size_t N>
    tensor<std::int64_t, N> operator()(const tensor<T, N>& x, const sort_options& options) const {
        return (*this)(x, -1, options);
    }
};
inline constexpr argsort_fn argsort{};

/// {values, indices} of the k largest elements along `axis`, the largest first, or with `{.largest = false}` of the k smallest,
/// the smallest first; among equals the lower index. NaN counts as the largest. Throws `value_error` when there are fewer.
/// dx = dy, put back where it came from
struct topk_fn {
    template <element T, std::size_t N>
    values_and_indices<T, N> operator()(const tensor<T, N>& x, extent k, extent axis = -1, const topk_options& options = {}) const {
        static_assert(N != 0, "a tensor without axes has none to choose along");
        const auto at = normalize_axis("topk", axis, x.rank());
        const auto wanted = static_cast<std::size_t>(k.value);
        if (const auto there = detail::shape_of(x)[at]; k < 0 || wanted > there)
            fail<value_error>("topk", k.value, " elements wanted along axis ", at, ", there are ", there);
        return detail::with_ranks<N>(detail::topk_along<T>(x, wanted, at, options.largest));
    }
    template <element T, std::size_t N>
    values_and_indices<T, N> operator()(const tensor<T, N>& x, extent k, const topk_options& options) const {
        return (*this)(x, k, -1, options);
    }
};
inline constexpr topk_fn topk{};

}  // namespace xgrad

// Defined by xgrad::compiled.
#if defined(XGRAD_INSTANCE)
namespace xgrad::inline XGRAD_ABI::detail {
#define XGRAD_INSTANCES(T) \
    XGRAD_INSTANCE tensor<std::int64_t> argsort_along(const basic_tensor<T>&, std::size_t, bool); \
    XGRAD_INSTANCE values_and_indices<T> sort_along(const basic_tensor<T>&, std::size_t, bool); \
    XGRAD_INSTANCE values_and_indices<T> topk_along(const basic_tensor<T>&, std::size_t, std::size_t, bool);
XGRAD_FOR_REAL_TYPES(XGRAD_INSTANCES)
#undef XGRAD_INSTANCES
}
#endif
