// Where numbers stand among sorted ones, and which different ones there are.
#pragma once

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

/// Where the values would have to stand among numbers in ascending order: y = how many of them are smaller, or with
/// `{.right = true}` not larger. NaN counts as the largest. The sorted numbers are a vector, or have their own row, along the
/// last axis, for each row of the values. Throws `shape_error`.
struct searchsorted_fn {
    template <element T, std::size_t N, std::size_t M>
    tensor<std::int64_t, M> operator()(const tensor<T, N>& sorted, const tensor<T, M>& values, const search_options& options = {}) const {
        static_assert(N != 0, "the sorted numbers are a vector, or rows along the last axis");
        return detail::with_rank<M>(search<T>(sorted, values, options.right));
    }
    template <element T, std::size_t N>
    tensor<std::int64_t, 0> operator()(const tensor<T, N>& sorted, std::type_identity_t<T> value, const search_options& options = {}) const {
        return detail::with_rank<0>(search<T>(sorted, tensor<T>(value), options.right));
    }

private:
    template <element T>
    static tensor<std::int64_t> search(const basic_tensor<T>& sorted, const basic_tensor<T>& values, bool right) {
        const auto& own = detail::shape_of(sorted);
        const auto& sizes = detail::shape_of(values);
        const auto single = own.rank() == 1;
        if (own.rank() == 0 || (!single && (own.rank() != sizes.rank() || !std::equal(own.begin(), own.end() - 1, sizes.begin()))))
            fail<shape_error>("searchsorted", "the sorted numbers are ", own, ", the values ", sizes,
                              "; the numbers are a vector, or both have the same axes but for the last");
        auto y = detail::make_result<std::int64_t>(sizes);
        auto rows = std::size_t{1};
        for (auto axis = std::size_t{0}; !single && axis + 1 < own.rank(); ++axis) rows *= own[axis];
        const auto count = single ? values.size() : sizes.back();
        for (auto row = std::size_t{0}; row < rows; ++row)
            kernels::search_sorted(sorted.data() + row * own.back(), own.back(), values.data() + row * count, count, right,
                                   detail::access::elements(y) + row * count);
        return y;
    }
};
inline constexpr searchsorted_fn searchsorted{};

struct unique_options {
    detail::options_begin begin{};
    bool inverse = false;
    bool counts = false;
};

/// What `unique` gives with options; what was not asked for is undefined.
template <element T>
struct unique_elements {
    tensor<T, 1> values;
    tensor<std::int64_t> inverse;     ///< which of the values each element is, of the shape of x
    tensor<std::int64_t, 1> counts;   ///< how often each is there
};

/// The different elements in ascending order: `unique(x)`; with their `inverse` or `counts` where these are asked for,
/// `unique(x, {.counts = true})`. NaN counts as the largest, and is unequal to any other; of both zeros, the first stands.
/// The gradient goes to the first of equals.
struct unique_fn {
    template <element T, std::size_t N>
    tensor<T, 1> operator()(const tensor<T, N>& x) const {
        return find<T>(x, {}).values;
    }
    template <element T, std::size_t N>
    unique_elements<T> operator()(const tensor<T, N>& x, const unique_options& options) const {
        return find<T>(x, options);
    }

private:
    template <element T>
    static unique_elements<T> find(const basic_tensor<T>& x, const unique_options& options) {
        const auto flat = detail::reshape_to(x, {x.size()});
        const auto places = detail::sorted_places(flat, 0, false);
        auto first = std::vector<std::int64_t>{}, counts = std::vector<std::int64_t>{};
        auto inverse = options.inverse ? detail::make_result<std::int64_t>(detail::shape_of(x)) : tensor<std::int64_t>{};
        for (const auto place : places.span()) {
            const auto at = static_cast<std::size_t>(place);
            const auto value = flat.data()[at];
            if (first.empty() || value != flat.data()[static_cast<std::size_t>(first.back())]) {
                first.push_back(place);
                counts.push_back(0);
            }
            ++counts.back();
            if (options.inverse) detail::access::elements(inverse)[at] = static_cast<std::int64_t>(first.size()) - 1;
        }
        const auto chosen = tensor<std::int64_t>{first, {first.size()}};
        auto result = unique_elements<T>{detail::with_rank<1>(detail::take_along(flat, chosen, 0)), std::move(inverse), {}};
        if (options.counts) result.counts = tensor<std::int64_t, 1>{counts, {counts.size()}};
        return result;
    }
};
inline constexpr unique_fn unique{};

}  // namespace xgrad
