// Where numbers stand among sorted ones, and which different ones there are.
#pragma once

#include <xgrad/autograd/operation.hpp>
#include <xgrad/core/config.hpp>
#include <xgrad/kernels/order.hpp>
#include <xgrad/ops/order.hpp>
#include <xgrad/ops/take.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <type_traits>
#include <utility>
#include <vector>

namespace xgrad::inline XGRAD_ABI {

struct search_options {
    detail::options_begin begin{};
    bool right = false;
};

namespace detail {

template <element T>
tensor<std::int64_t> searchsorted_value(const basic_tensor<T>& sorted, const basic_tensor<T>& values, bool right) {
    const auto& own = shape_of(sorted);
    const auto& sizes = shape_of(values);
    const auto single = own.rank() == 1;
    if (own.rank() == 0 || (!single && (own.rank() != sizes.rank() || !std::equal(own.begin(), own.end() - 1, sizes.begin()))))
        fail<shape_error>("searchsorted", "the sorted numbers are ", own, ", the values ", sizes,
                          "; the numbers are a vector, or both have the same axes but for the last");
    auto y = make_result<std::int64_t>(sizes);
    auto rows = std::size_t{1};
    for (auto axis = std::size_t{0}; !single && axis + 1 < own.rank(); ++axis) rows *= own[axis];
    const auto count = single ? values.size() : sizes.back();
    for (auto row = std::size_t{0}; row < rows; ++row)
        kernels::search_sorted(sorted.data() + row * own.back(), own.back(), values.data() + row * count, count, right,
                               access::elements(y) + row * count);
    return y;
}
template <element T>
tensor<std::int64_t> searchsorted_any(const basic_tensor<T>& sorted, const basic_tensor<T>& values, bool right) {
    return call("searchsorted", {"sorted", "values", "right"}, [](const basic_tensor<T>& x, const basic_tensor<T>& v, bool behind) {
        return searchsorted_value(x, v, behind);
    }, sorted, values, right);
}

}  // namespace detail

/// Where the values would have to stand among numbers in ascending order: y = how many of them are smaller, or with
/// `{.right = true}` not larger. NaN counts as the largest. The sorted numbers are a vector, or have their own row, along the
/// last axis, for each row of the values. Throws `shape_error`.
struct searchsorted_fn {
    template <element T, std::size_t N, std::size_t M>
    tensor<std::int64_t, M> operator()(const tensor<T, N>& sorted, const tensor<T, M>& values, const search_options& options = {}) const {
        static_assert(N != 0, "the sorted numbers are a vector, or rows along the last axis");
        return detail::with_rank<M>(detail::searchsorted_any<T>(sorted, values, options.right));
    }
    template <element T, std::size_t N>
    tensor<std::int64_t, 0> operator()(const tensor<T, N>& sorted, std::type_identity_t<T> value, const search_options& options = {}) const {
        return detail::with_rank<0>(detail::searchsorted_any<T>(sorted, tensor<T>(value), options.right));
    }
};
inline constexpr searchsorted_fn searchsorted{};

struct unique_options {
    detail::options_begin begin{};
    bool inverse = false;
    bool counts = false;
};

/// What `unique` gives with options; what was not asked for has no elements.
template <element T>
struct unique_elements {
    tensor<T, 1> values;
    tensor<std::int64_t> inverse;     ///< which of the values each element is, of the shape of x
    tensor<std::int64_t, 1> counts;   ///< how often each is there

    void for_each_tensor(const auto& f) { f(values), f(inverse), f(counts); }
    void for_each_tensor(const auto& f) const { f(values), f(inverse), f(counts); }
};

namespace detail {

void say_options(const unique_options& options, const auto& say) {
    say("inverse", options.inverse);
    say("counts", options.counts);
}

template <element T>
unique_elements<T> unique_value(const basic_tensor<T>& x, const unique_options& options) {
    const auto flat = reshape_to(x, {x.size()});
    const auto places = ordered_places(flat, 0, flat.size(), false);
    auto first = std::vector<std::int64_t>{}, counts = std::vector<std::int64_t>{};
    auto inverse = make_result<std::int64_t>(options.inverse ? shape_of(x) : shape{0});
    for (const auto place : places.span()) {
        const auto at = static_cast<std::size_t>(place);
        if (first.empty() || flat.data()[at] != flat.data()[static_cast<std::size_t>(first.back())]) {
            first.push_back(place);
            counts.push_back(0);
        }
        ++counts.back();
        if (options.inverse) access::elements(inverse)[at] = static_cast<std::int64_t>(first.size()) - 1;
    }
    auto values = take_along(flat, tensor<std::int64_t>{first, {first.size()}}, 0);
    if (!options.counts) counts.clear();
    return {with_rank<1>(std::move(values)), std::move(inverse), tensor<std::int64_t, 1>{counts, {counts.size()}}};
}
template <element T>
unique_elements<T> unique_any(const basic_tensor<T>& x, const unique_options& options) {
    return call("unique", {"x", "options"}, [](const basic_tensor<T>& v, const unique_options& wanted) { return unique_value(v, wanted); }, x, options);
}

}  // namespace detail

/// The different elements in ascending order: `unique(x)`; with their `inverse` or `counts` where these are asked for,
/// `unique(x, {.counts = true})`. NaN counts as the largest, and is unequal to any other; of both zeros, the first stands.
/// The gradient goes to the first of equals.
struct unique_fn {
    template <element T, std::size_t N>
    tensor<T, 1> operator()(const tensor<T, N>& x) const {
        return detail::unique_any<T>(x, {}).values;
    }
    template <element T, std::size_t N>
    unique_elements<T> operator()(const tensor<T, N>& x, const unique_options& options) const {
        return detail::unique_any<T>(x, options);
    }
};
inline constexpr unique_fn unique{};

}  // namespace xgrad

// Defined by xgrad::compiled.
#if defined(XGRAD_INSTANCE)
namespace xgrad::inline XGRAD_ABI::detail {
#define XGRAD_INSTANCES(T) \
    XGRAD_INSTANCE tensor<std::int64_t> searchsorted_any(const basic_tensor<T>&, const basic_tensor<T>&, bool); \
    XGRAD_INSTANCE unique_elements<T> unique_any(const basic_tensor<T>&, const unique_options&);
XGRAD_FOR_REAL_TYPES(XGRAD_INSTANCES)
#undef XGRAD_INSTANCES
}
#endif
