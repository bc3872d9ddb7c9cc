// Where numbers stand among sorted ones, and which different ones there are.
#pragma once

#include <xgrad/autograd/operation.hpp>
#include <xgrad/core/config.hpp>
#include <xgrad/core/lists.hpp>
#include <xgrad/core/memory.hpp>
#include <xgrad/kernels/order.hpp>
#include <xgrad/ops/order.hpp>
#include <xgrad/ops/take.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <numeric>
#include <span>
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
    bool indices = false;
    bool inverse = false;
    bool counts = false;
};

/// What `unique` gives with options; what was not asked for has no elements.
template <element T, std::size_t N = 1>
struct unique_elements {
    tensor<T, N> values;
    tensor<std::int64_t, 1> indices;   ///< where each of the values is first
    tensor<std::int64_t> inverse;      ///< which of the values each element is, of the shape of x; with an axis, each along it
    tensor<std::int64_t, 1> counts;    ///< how often each is there

    void for_each_tensor(const auto& f) { f(values), f(indices), f(inverse), f(counts); }
    void for_each_tensor(const auto& f) const { f(values), f(indices), f(inverse), f(counts); }
};

namespace detail {

void say_options(const unique_options& options, const auto& say) {
    say("indices", options.indices);
    say("inverse", options.inverse);
    say("counts", options.counts);
}

/// Those along an axis one behind the other, (count, size) row-major.
template <element T>
struct compared_rows {
    memory::scratch<T> elements;
    std::size_t size;

    compared_rows(const basic_tensor<T>& x, const kernels::axis_view& at)
        : elements{x.size()}, size{at.outer * at.inner} {
        for (auto o = std::size_t{0}; o < at.outer; ++o)
            for (auto k = std::size_t{0}; k < at.length; ++k)
                std::copy_n(x.data() + (o * at.length + k) * at.inner, at.inner, elements.data() + k * size + o * at.inner);
    }

    const T* row(std::int64_t number) const { return elements.data() + static_cast<std::size_t>(number) * size; }
    /// By the first elements that differ; NaN counts as the largest.
    bool before(std::int64_t a, std::int64_t b) const {
        return std::lexicographical_compare(row(a), row(a) + size, row(b), row(b) + size, kernels::ordered_before<T>);
    }
    bool equal(std::int64_t a, std::int64_t b) const { return std::equal(row(a), row(a) + size, row(b)); }
};

/// The first of equals along an axis of x, whose `places` are in order, `equal(a, b)` of two of them; `sizes` are the inverse's.
template <element T, class Equal>
unique_elements<T, dynamic_rank> first_of_equals(const basic_tensor<T>& x, std::size_t axis, const tensor<std::int64_t>& places,
                                                 const shape& sizes, const unique_options& options, const Equal& equal) {
    auto first = std::vector<std::int64_t>{}, counts = std::vector<std::int64_t>{};
    auto inverse = make_result<std::int64_t>(options.inverse ? sizes : shape{0});
    for (const auto place : places.span()) {
        if (first.empty() || !equal(place, first.back())) {
            first.push_back(place);
            counts.push_back(0);
        }
        ++counts.back();
        if (options.inverse) access::elements(inverse)[place] = static_cast<std::int64_t>(first.size()) - 1;
    }
    auto values = take_along(x, tensor<std::int64_t>{first, shape{first.size()}}, axis);
    if (!options.indices) first.clear();
    if (!options.counts) counts.clear();
    return {std::move(values), tensor<std::int64_t, 1>{first, {first.size()}}, std::move(inverse), tensor<std::int64_t, 1>{counts, {counts.size()}}};
}

template <element T>
unique_elements<T, dynamic_rank> unique_any(const basic_tensor<T>& x, const unique_options& options) {
    return call("unique", {"x", "options"}, [](const basic_tensor<T>& v, const unique_options& wanted) {
        const auto flat = reshape_to(v, {v.size()});
        const auto equal = [&](std::int64_t a, std::int64_t b) { return flat.data()[a] == flat.data()[b]; };
        return first_of_equals(flat, 0, ordered_places(flat, 0, flat.size(), false), shape_of(v), wanted, equal);
    }, x, options);
}
template <element T>
unique_elements<T, dynamic_rank> unique_along(const basic_tensor<T>& x, std::size_t axis, const unique_options& options) {
    return call("unique", {"x", "axis", "options"}, [](const basic_tensor<T>& v, std::size_t along, const unique_options& wanted) {
        const auto rows = compared_rows<T>{v, {shape_of(v), along}};
        const auto sizes = shape{shape_of(v)[along]};
        auto places = make_result<std::int64_t>(sizes);
        const auto numbers = std::span{access::elements(places), places.size()};
        std::iota(numbers.begin(), numbers.end(), std::int64_t{0});
        lists::sort_numbers(numbers, [&](std::int64_t a, std::int64_t b) { return rows.before(a, b); });
        return first_of_equals(v, along, places, sizes, wanted, [&](std::int64_t a, std::int64_t b) { return rows.equal(a, b); });
    }, x, axis, options);
}

template <std::size_t N, element T>
unique_elements<T, N> with_ranks(unique_elements<T, dynamic_rank>&& found) {
    return {with_rank<N>(std::move(found.values)), std::move(found.indices), std::move(found.inverse), std::move(found.counts)};
}

}  // namespace detail

/// The different elements in ascending order: `unique(x)`; with `indices` (where each is first), `inverse` or `counts` where these
/// are asked for, `unique(x, {.counts = true})`. With an axis, the different ones of those along it, which are compared by their
/// first elements that differ: `unique(x, 0)` are the different rows. NaN counts as the largest, and is unequal to any other;
/// of both zeros, the first stands. The gradient goes to the first of equals.
struct unique_fn {
    template <element T, std::size_t N>
    tensor<T, 1> operator()(const tensor<T, N>& x) const {
        return (*this)(x, unique_options{}).values;
    }
    template <element T, std::size_t N>
    unique_elements<T> operator()(const tensor<T, N>& x, const unique_options& options) const {
        return detail::with_ranks<1>(detail::unique_any<T>(x, options));
    }
    template <element T, std::size_t N>
    tensor<T, N> operator()(const tensor<T, N>& x, extent axis) const {
        return (*this)(x, axis, unique_options{}).values;
    }
    template <element T, std::size_t N>
    unique_elements<T, N> operator()(const tensor<T, N>& x, extent axis, const unique_options& options) const {
        static_assert(N != 0, "a tensor without axes has none to compare along");
        return detail::with_ranks<N>(detail::unique_along<T>(x, normalize_axis("unique", axis, x.rank()), options));
    }
};
inline constexpr unique_fn unique{};

}  // namespace xgrad

// Defined by xgrad::compiled.
#if defined(XGRAD_INSTANCE)
namespace xgrad::inline XGRAD_ABI::detail {
#define XGRAD_INSTANCES(T) \
    XGRAD_INSTANCE tensor<std::int64_t> searchsorted_any(const basic_tensor<T>&, const basic_tensor<T>&, bool); \
    XGRAD_INSTANCE unique_elements<T, dynamic_rank> unique_any(const basic_tensor<T>&, const unique_options&); \
    XGRAD_INSTANCE unique_elements<T, dynamic_rank> unique_along(const basic_tensor<T>&, std::size_t, const unique_options&);
XGRAD_FOR_REAL_TYPES(XGRAD_INSTANCES)
#undef XGRAD_INSTANCES
}
#endif
