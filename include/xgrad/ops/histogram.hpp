// How often numbers are there: each integer, or all numbers between two edges.
#pragma once

#include <xgrad/autograd/create.hpp>
#include <xgrad/autograd/operation.hpp>
#include <xgrad/core/config.hpp>
#include <xgrad/core/exact.hpp>
#include <xgrad/core/finite.hpp>
#include <xgrad/ops/elementwise.hpp>
#include <xgrad/ops/math.hpp>
#include <xgrad/ops/reduction_options.hpp>
#include <xgrad/ops/take.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <span>
#include <type_traits>
#include <utility>

namespace xgrad::inline XGRAD_ABI {

struct bincount_options {
    detail::options_begin begin{};
    std::size_t minlength = 0;
};

namespace detail {

/// The integers to be counted as they number the places. Throws `value_error` for a negative one.
template <element Integer>
tensor<std::int64_t> counted_places(const basic_tensor<Integer>& x) {
    if (x.rank() != 1) fail<rank_error>("bincount", "x is ", shape_of(x), "; it must be a vector");
    for (const auto each : x.span())
        if (whole{each} < 0) fail<value_error>("bincount", "x has ", whole{each}, "; only numbers from 0 on are counted");
    return convert<std::int64_t>(x);
}

inline std::size_t bincount_length(const tensor<std::int64_t>& x, std::size_t least) {
    const auto numbers = x.span();
    const auto most = numbers.empty() ? std::int64_t{-1} : *std::max_element(numbers.begin(), numbers.end());
    return std::max(least, most < 0 ? std::size_t{0} : static_cast<std::size_t>(most) + 1);
}

template <element Integer>
tensor<std::int64_t> bincount_any(const basic_tensor<Integer>& x, std::size_t minlength) {
    return call("bincount", {"x", "minlength"}, [](const basic_tensor<Integer>& v, std::size_t least) {
        const auto at = counted_places(v);
        auto y = filled<dynamic_rank>({bincount_length(at, least)}, std::int64_t{0});
        for (const auto each : at.span()) ++access::elements(y)[each];
        return y;
    }, x, minlength);
}

/// y_j = the sum of the weights w_i with x_i = j        dw_i = dy_(x_i)
template <element Integer, real T>
tensor<T> bincount_weighted(const basic_tensor<Integer>& x, const basic_tensor<T>& weights, std::size_t minlength) {
    return call("bincount", {"x", "weights", "minlength"}, [](const basic_tensor<Integer>& v, const basic_tensor<T>& w, std::size_t least) {
        const auto at = counted_places(v);
        if (shape_of(w) != shape_of(at))
            fail<shape_error>("bincount", "x is ", shape_of(at), ", the weights are ", shape_of(w), "; both must be equal");
        return add_at(w, at, 0, {bincount_length(at, least)});
    }, x, weights, minlength);
}

template <class Integer, std::size_t N>
constexpr void check_counted() {
    static_assert(std::is_integral_v<Integer> && !std::is_same_v<Integer, bool>, "only integers are counted");
    static_assert(N == 1 || N == dynamic_rank, "x is a vector");
}

}  // namespace detail

/// y_j = how often j is among the integers of x, a vector, or the sum of the weights where it is; for all j up to the largest
/// there is, and at least `minlength` of them. Throws `value_error` for a negative one.        dweights = dy, taken at x
struct bincount_fn {
    template <element Integer, std::size_t N>
    tensor<std::int64_t, 1> operator()(const tensor<Integer, N>& x, const bincount_options& options = {}) const {
        detail::check_counted<Integer, N>();
        return detail::with_rank<1>(detail::bincount_any<Integer>(x, options.minlength));
    }
    template <element Integer, std::size_t N, element T, std::size_t M>
    tensor<T, 1> operator()(const tensor<Integer, N>& x, const tensor<T, M>& weights, const bincount_options& options = {}) const {
        detail::check_types<T>();
        detail::check_counted<Integer, N>();
        return detail::with_rank<1>(detail::bincount_weighted<Integer, T>(x, weights, options.minlength));
    }
};
inline constexpr bincount_fn bincount{};

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

/// Numbers on the last edge are in the last bin; those outside, and NaN, in none.
template <real T>
histogram_counts<T> counted_between(std::span<const T> x, const tensor<T, 1>& edges) {
    const auto bounds = edges.span();
    auto counts = filled<1>({bounds.size() - 1}, std::int64_t{0});
    for (const auto value : x) {
        if (!(value >= bounds.front() && value <= bounds.back())) continue;
        const auto above = static_cast<std::size_t>(std::upper_bound(bounds.begin(), bounds.end(), value) - bounds.begin());
        ++access::elements(counts)[std::min(above, bounds.size() - 1) - 1];
    }
    return {std::move(counts), edges};
}

/// Evenly spaced edges: as NumPy's, with half a unit to either side where all elements are equal, and 0 to 1 where none are.
template <real T>
tensor<T, 1> even_edges(std::span<const T> x, std::size_t bins, const histogram_options& options) {
    auto low = options.low, high = options.high;
    if (!x.empty() && !is_finite_number(low)) low = static_cast<double>(*std::min_element(x.begin(), x.end()));
    if (!x.empty() && !is_finite_number(high)) high = static_cast<double>(*std::max_element(x.begin(), x.end()));
    if (x.empty() && !is_finite_number(low)) low = 0;
    if (x.empty() && !is_finite_number(high)) high = low + 1;
    if (!is_finite_number(low) || !is_finite_number(high) || low > high)
        fail<value_error>("histogram", "the bounds are ", low, " and ", high, "; they must be finite and in order");
    if (low == high) low -= 0.5, high += 0.5;
    return linspace<T>(low, high, bins + 1);
}

template <element T>
auto histogram_of(const basic_tensor<T>& x, std::size_t bins, const histogram_options& options) {
    return call("histogram", {"x", "bins", "options"}, [](const basic_tensor<T>& v, std::size_t parts, const histogram_options& bounds) {
        if (parts == 0) fail<value_error>("histogram", "at least one bin, got 0");
        const auto numbers = convert<std::conditional_t<real<T>, T, double>>(v);
        for (const auto each : numbers.span())
            if (each != each && !(is_finite_number(bounds.low) && is_finite_number(bounds.high)))
                fail<value_error>("histogram", "NaN among the elements has no place between bounds that are not given");
        return counted_between(numbers.span(), even_edges(numbers.span(), parts, bounds));
    }, x, bins, options);
}
template <element T, real E>
histogram_counts<E> histogram_between(const basic_tensor<T>& x, const basic_tensor<E>& edges) {
    return call("histogram", {"x", "edges"}, [](const basic_tensor<T>& v, const basic_tensor<E>& bounds) {
        if (bounds.rank() != 1 || bounds.size() < 2 || !std::is_sorted(bounds.begin(), bounds.end()))
            fail<value_error>("histogram", "the edges are a vector of at least two numbers in ascending order, got the shape ", shape_of(bounds));
        const auto numbers = convert<E>(v);
        return counted_between<E>(numbers.span(), with_rank<1>(tensor<E>{bounds}.detach()));
    }, x, edges);
}

}  // namespace detail

/// {counts, edges}: how many elements are in each of `bins` equal parts of [low, high], or between given edges in ascending order.
/// A number on an edge belongs to the part above it, on the last one to the last part; one outside to none. NumPy's, without
/// weights. Throws `value_error` for bounds that are not finite (NaN among the elements without given bounds) or not in order.
struct histogram_fn {
    template <element T, std::size_t N>
    auto operator()(const tensor<T, N>& x, std::size_t bins = 10, const histogram_options& options = {}) const {
        return detail::histogram_of<T>(x, bins, options);
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
