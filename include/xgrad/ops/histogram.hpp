// How many numbers there are between each edge and the next.
#pragma once

#include <xgrad/autograd/create.hpp>
#include <xgrad/autograd/operation.hpp>
#include <xgrad/core/config.hpp>
#include <xgrad/core/exact.hpp>
#include <xgrad/core/finite.hpp>
#include <xgrad/ops/reduction_options.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <span>
#include <type_traits>
#include <utility>

namespace xgrad::inline XGRAD_ABI {

/// The bounds of a histogram; those of the elements where they are not given.
struct histogram_options {
    detail::options_begin begin{};
    double low = -std::numeric_limits<double>::infinity();
    double high = std::numeric_limits<double>::infinity();
};

/// How many elements are between each edge and the next.
template <real T>
struct histogram_counts {
    tensor<std::int64_t, 1> counts;
    tensor<T, 1> edges;

    void for_each_tensor(const auto& f) { f(counts), f(edges); }
    void for_each_tensor(const auto& f) const { f(counts), f(edges); }
};

namespace detail {

void say_options(const histogram_options& options, const auto& say) {
    say("low", options.low);
    say("high", options.high);
}

/// Whether an element is at least (at most) an edge, both taken for what they are. NaN is neither.
template <element T, real E>
bool reaches(T value, E edge) {
    if constexpr (real<T>) return value >= edge;
    else {
        const auto least = at_least<T>(edge);
        return least && value >= *least;
    }
}
template <element T, real E>
bool stays_below(T value, E edge) {
    if constexpr (real<T>) return value <= edge;
    else {
        const auto most = at_most<T>(edge);
        return most && value <= *most;
    }
}

/// Numbers on the last edge are in the last bin; those outside, and NaN, in none.
template <element T, real E>
histogram_counts<E> counted_between(std::span<const T> x, const tensor<E, 1>& edges) {
    const auto bounds = edges.span();
    auto counts = filled<1>({bounds.size() - 1}, std::int64_t{0});
    for (const auto value : x) {
        if (!reaches(value, bounds.front()) || !stays_below(value, bounds.back())) continue;
        const auto next = std::partition_point(bounds.begin(), bounds.end(), [value](E edge) { return reaches(value, edge); });
        ++access::elements(counts)[std::min(static_cast<std::size_t>(next - bounds.begin()), bounds.size() - 1) - 1];
    }
    return {std::move(counts), edges};
}

/// Evenly spaced edges: as NumPy's, with half a unit to either side where all elements are equal, and 0 to 1 where none are.
template <real E, element T>
tensor<E, 1> even_edges(std::span<const T> x, std::size_t bins, const histogram_options& options) {
    auto low = options.low, high = options.high;
    if (!x.empty() && !is_finite_number(low)) low = *at_most<double>(*std::min_element(x.begin(), x.end()));
    if (!x.empty() && !is_finite_number(high)) high = *at_least<double>(*std::max_element(x.begin(), x.end()));
    if (x.empty() && !is_finite_number(low)) low = 0;
    if (x.empty() && !is_finite_number(high)) high = low + 1;
    if (!is_finite_number(low) || !is_finite_number(high) || low > high)
        fail<value_error>("histogram", "the bounds are ", low, " and ", high, "; they must be finite and in order");
    if (low == high) low -= 0.5, high += 0.5;
    return linspace<E>(low, high, bins + 1);
}

template <element T>
auto histogram_of(const basic_tensor<T>& x, std::size_t bins, const histogram_options& options) {
    return call("histogram", {"x", "bins", "options"}, [](const basic_tensor<T>& v, std::size_t parts, const histogram_options& bounds) {
        for (const auto each : v.span())
            if (each != each && !(is_finite_number(bounds.low) && is_finite_number(bounds.high)))
                fail<value_error>("histogram", "NaN among the elements has no place between bounds that are not given");
        return counted_between(v.span(), even_edges<std::conditional_t<real<T>, T, double>>(v.span(), parts, bounds));
    }, x, bins, options);
}
template <element T, real E>
histogram_counts<E> histogram_between(const basic_tensor<T>& x, const basic_tensor<E>& edges) {
    return call("histogram", {"x", "edges"}, [](const basic_tensor<T>& v, const basic_tensor<E>& bounds) {
        const auto falls = [](E edge, E next) { return !(edge <= next); };   // NaN does
        if (bounds.rank() != 1 || bounds.size() < 2 || std::ranges::adjacent_find(bounds.span(), falls) != bounds.span().end())
            fail<value_error>("histogram", "the edges are a vector of at least two numbers in ascending order, got the shape ", shape_of(bounds));
        return counted_between(v.span(), with_rank<1>(tensor<E>{bounds}.detach()));
    }, x, edges);
}

}  // namespace detail

/// {counts, edges}: how many elements are in each of `bins` equal parts of [low, high], or between given edges in ascending order.
/// A number on an edge belongs to the part above it, on the last one to the last part; one outside to none. NumPy's, without
/// weights. Throws `value_error` for bounds that are not finite (NaN among the elements without given bounds) or not in order.
struct histogram_fn {
    template <element T, std::size_t N>
    auto operator()(const tensor<T, N>& x, extent bins = 10, const histogram_options& options = {}) const {
        if (bins < 1) fail<value_error>("histogram", "at least one bin, got ", bins.value);
        return detail::histogram_of<T>(x, static_cast<std::size_t>(bins.value), options);
    }
    template <element T, std::size_t N>
    auto operator()(const tensor<T, N>& x, const histogram_options& options) const {
        return (*this)(x, 10, options);
    }
    template <element T, std::size_t N, real E, std::size_t M>
    histogram_counts<E> operator()(const tensor<T, N>& x, const tensor<E, M>& edges) const {
        static_assert(std::is_same_v<T, E> || !real<T>, "the element types differ: convert one operand with astype<T>(x)");
        return detail::histogram_between<T, E>(x, edges);
    }
};
inline constexpr histogram_fn histogram{};

}  // namespace xgrad
