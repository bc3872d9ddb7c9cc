// How many numbers there are between each edge and the next.
#pragma once

#include <xgrad/autograd/create.hpp>
#include <xgrad/autograd/operation.hpp>
#include <xgrad/core/config.hpp>
#include <xgrad/core/exact.hpp>
#include <xgrad/core/finite.hpp>
#include <xgrad/ops/narrow.hpp>
#include <xgrad/ops/reduction_options.hpp>
#include <xgrad/ops/take.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <optional>
#include <span>
#include <type_traits>
#include <utility>
#include <vector>

namespace xgrad::inline XGRAD_ABI {

/// The bounds of a histogram; those of the elements where they are not given.
struct histogram_options {
    detail::options_begin begin{};
    double low = -std::numeric_limits<double>::infinity();
    double high = std::numeric_limits<double>::infinity();
};

/// How many elements are between each edge and the next, or the sum of their weights.
template <real T, element Count = std::int64_t>
struct histogram_counts {
    tensor<Count, 1> counts;
    tensor<T, 1> edges;

    void for_each_tensor(const auto& f) { f(counts), f(edges); }
    void for_each_tensor(const auto& f) const { f(counts), f(edges); }
};

namespace detail {

void say_options(const histogram_options& options, const auto& say) {
    say("low", options.low);
    say("high", options.high);
}

/// The part that each number is in, counted from 0, the number of parts where it is in none. Numbers on the last edge are in the
/// last part; those outside, and NaN, in none.
template <element T, real E>
tensor<std::int64_t> parts_of(std::span<const T> x, const tensor<E, 1>& edges) {
    const auto bounds = edges.span();
    const auto parts = static_cast<std::int64_t>(bounds.size()) - 1;
    auto least = std::vector<std::optional<T>>(bounds.size());   // that reaches the edge, both taken for what they are
    std::transform(bounds.begin(), bounds.end(), least.begin(), [](E edge) { return at_least<T>(edge); });
    const auto most = at_most<T>(bounds.back());
    auto y = make_result<std::int64_t>({x.size()});
    std::transform(x.begin(), x.end(), access::elements(y), [&](T value) {
        const auto reaches = [value](const std::optional<T>& bound) { return bound && value >= *bound; };
        if (!reaches(least.front()) || !(most && value <= *most)) return parts;
        const auto next = std::partition_point(least.begin(), least.end(), reaches);
        return std::min<std::int64_t>(next - least.begin(), parts) - 1;
    });
    return y;
}

template <element T, real E>
histogram_counts<E> counted_between(std::span<const T> x, const tensor<E, 1>& edges) {
    const auto parts = edges.size() - 1;
    auto counts = filled<1>({parts}, std::int64_t{0});
    const auto places = parts_of(x, edges);
    for (const auto part : places.span())
        if (part < static_cast<std::int64_t>(parts)) ++access::elements(counts)[part];
    return {std::move(counts), edges};
}

/// counts_j = the sum of the weights of what is in part j        dweight_i = the dcount of its part, 0 where it is in none
template <element T, real E, real W>
histogram_counts<E, W> weighed_between(const basic_tensor<T>& x, const tensor<E, 1>& edges, const basic_tensor<W>& weights) {
    if (shape_of(weights) != shape_of(x))
        fail<shape_error>("histogram", "x is ", shape_of(x), ", the weights are ", shape_of(weights), "; both must be equal");
    const auto parts = edges.size() - 1;
    const auto sums = add_at(reshape_to(weights, {x.size()}), parts_of(x.span(), edges), 0, {parts + 1});
    return {with_rank<1>(narrow_to(sums, 0, static_cast<std::ptrdiff_t>(parts), 0)), edges};
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

/// The edges that options ask for.
template <element T>
auto edges_for(const basic_tensor<T>& x, std::size_t bins, const histogram_options& options) {
    for (const auto each : x.span())
        if (each != each && !(is_finite_number(options.low) && is_finite_number(options.high)))
            fail<value_error>("histogram", "NaN among the elements has no place between bounds that are not given");
    return even_edges<std::conditional_t<real<T>, T, double>>(x.span(), bins, options);
}
/// Edges that are given.
template <real E>
tensor<E, 1> checked_edges(const basic_tensor<E>& edges) {
    const auto falls = [](E edge, E next) { return !(edge <= next); };   // NaN does
    const auto all = std::span{edges.data(), edges.size()};
    if (edges.rank() != 1 || edges.size() < 2 || std::adjacent_find(all.begin(), all.end(), falls) != all.end())
        fail<value_error>("histogram", "the edges are a vector of at least two numbers in ascending order, got the shape ", shape_of(edges));
    return with_rank<1>(tensor<E>{edges}.detach());
}

template <element T>
auto histogram_of(const basic_tensor<T>& x, std::size_t bins, const histogram_options& options) {
    return call("histogram", {"x", "bins", "options"}, [](const basic_tensor<T>& v, std::size_t parts, const histogram_options& bounds) {
        return counted_between(v.span(), edges_for(v, parts, bounds));
    }, x, bins, options);
}
template <element T, real W>
auto weighted_histogram(const basic_tensor<T>& x, std::size_t bins, const basic_tensor<W>& weights, const histogram_options& options) {
    return call("histogram", {"x", "bins", "weights", "options"},
                [](const basic_tensor<T>& v, std::size_t parts, const basic_tensor<W>& w, const histogram_options& bounds) {
        return weighed_between(v, edges_for(v, parts, bounds), w);
    }, x, bins, weights, options);
}
template <element T, real E>
histogram_counts<E> histogram_between(const basic_tensor<T>& x, const basic_tensor<E>& edges) {
    return call("histogram", {"x", "edges"}, [](const basic_tensor<T>& v, const basic_tensor<E>& bounds) {
        return counted_between(v.span(), checked_edges(bounds));
    }, x, edges);
}
template <element T, real E, real W>
histogram_counts<E, W> weighted_histogram_between(const basic_tensor<T>& x, const basic_tensor<E>& edges, const basic_tensor<W>& weights) {
    return call("histogram", {"x", "edges", "weights"}, [](const basic_tensor<T>& v, const basic_tensor<E>& bounds, const basic_tensor<W>& w) {
        return weighed_between(v, checked_edges(bounds), w);
    }, x, edges, weights);
}

XGRAD_ON_DEMAND std::size_t checked_bins(extent bins) {
    if (bins < 1) fail<value_error>("histogram", "at least one bin, got ", bins.value);
    return static_cast<std::size_t>(bins.value);
}

}  // namespace detail

/// {counts, edges}: how many elements are in each of `bins` equal parts of [low, high], or between given edges in ascending order.
/// With weights, of x's shape, the sum of those of what is there; the gradient goes to them. A number on an edge belongs to
/// the part above it, on the last one to the last part; one outside to none. NumPy's; a density is the counts divided by their sum
/// and by the lengths of the parts. Throws `value_error` for bounds that are not finite (NaN among the elements without given
/// bounds) or not in order, `shape_error` for other weights.
struct histogram_fn {
    template <element T, std::size_t N>
    auto operator()(const tensor<T, N>& x, extent bins = 10, const histogram_options& options = {}) const {
        return detail::histogram_of<T>(x, detail::checked_bins(bins), options);
    }
    template <element T, std::size_t N>
    auto operator()(const tensor<T, N>& x, const histogram_options& options) const {
        return (*this)(x, 10, options);
    }
    template <element T, std::size_t N, real W, std::size_t M>
    auto operator()(const tensor<T, N>& x, extent bins, const tensor<W, M>& weights, const histogram_options& options = {}) const {
        return detail::weighted_histogram<T, W>(x, detail::checked_bins(bins), weights, options);
    }
    template <element T, std::size_t N, real E, std::size_t M>
    histogram_counts<E> operator()(const tensor<T, N>& x, const tensor<E, M>& edges) const {
        static_assert(std::is_same_v<T, E> || !real<T>, "the element types differ: convert one operand with astype<T>(x)");
        return detail::histogram_between<T, E>(x, edges);
    }
    template <element T, std::size_t N, real E, std::size_t M, real W, std::size_t K>
    histogram_counts<E, W> operator()(const tensor<T, N>& x, const tensor<E, M>& edges, const tensor<W, K>& weights) const {
        static_assert(std::is_same_v<T, E> || !real<T>, "the element types differ: convert one operand with astype<T>(x)");
        return detail::weighted_histogram_between<T, E, W>(x, edges, weights);
    }
};
inline constexpr histogram_fn histogram{};

}  // namespace xgrad
