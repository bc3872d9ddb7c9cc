// How often numbers are there: each integer, or all numbers between two edges.
#pragma once

#include <xgrad/autograd/create.hpp>
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

/// y_j = how often j is among the integers of x, a vector, or the sum of the weights where it is; for all j up to the largest
/// there is, and at least `minlength` of them. Throws `value_error` for a negative one.        dweights = dy, taken at x
struct bincount_fn {
    template <element Integer, std::size_t N>
    tensor<std::int64_t, 1> operator()(const tensor<Integer, N>& x, const bincount_options& options = {}) const {
        const auto at = checked(x);
        auto y = detail::filled<1>({length(at, options)}, std::int64_t{0});
        for (const auto each : at.span()) ++detail::access::elements(y)[each];
        return y;
    }
    template <element Integer, std::size_t N, element T, std::size_t M>
    tensor<T, 1> operator()(const tensor<Integer, N>& x, const tensor<T, M>& weights, const bincount_options& options = {}) const {
        detail::check_types<T>();
        const auto at = checked(x);
        if (detail::shape_of(weights) != detail::shape_of(at))
            fail<shape_error>("bincount", "x is ", detail::shape_of(at), ", the weights are ", detail::shape_of(weights), "; both must be equal");
        return detail::with_rank<1>(detail::add_at<T>(weights, at, 0, {length(at, options)}));
    }

private:
    template <element Integer, std::size_t N>
    static tensor<std::int64_t> checked(const tensor<Integer, N>& x) {
        static_assert(std::is_integral_v<Integer> && !std::is_same_v<Integer, bool>, "only integers are counted");
        static_assert(N == 1 || N == dynamic_rank, "x is a vector");
        if (x.rank() != 1) fail<rank_error>("bincount", "x is ", detail::shape_of(x), "; it must be a vector");
        for (const auto each : x.span())
            if (whole{each} < 0) fail<value_error>("bincount", "x has ", whole{each}, "; only numbers from 0 on are counted");
        return detail::convert<std::int64_t>(x);
    }
    static std::size_t length(const tensor<std::int64_t>& x, const bincount_options& options) {
        const auto numbers = x.span();
        const auto most = numbers.empty() ? std::int64_t{-1} : *std::max_element(numbers.begin(), numbers.end());
        return std::max(options.minlength, most < 0 ? std::size_t{0} : static_cast<std::size_t>(most) + 1);
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
};

namespace detail {

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
auto as_real(const tensor<T>& x) {
    if constexpr (real<T>) return x;
    else return convert<double>(x);
}

}  // namespace detail

/// {counts, edges}: how many elements are in each of `bins` equal parts of [low, high], or between given edges in ascending order.
/// A number on an edge belongs to the part above it, on the last one to the last part; one outside to none. NumPy's, without
/// weights. Throws `value_error` for bounds that are not finite (NaN among the elements without given bounds) or not in order.
struct histogram_fn {
    template <element T, std::size_t N>
    auto operator()(const tensor<T, N>& x, std::size_t bins = 10, const histogram_options& options = {}) const {
        if (bins == 0) fail<value_error>("histogram", "at least one bin, got 0");
        const auto numbers = detail::as_real(tensor<T>{x});
        for (const auto each : numbers.span())
            if (each != each && !(is_finite_number(options.low) && is_finite_number(options.high)))
                fail<value_error>("histogram", "NaN among the elements has no place between bounds that are not given");
        return detail::counted_between(numbers.span(), detail::even_edges(numbers.span(), bins, options));
    }
    template <element T, std::size_t N>
    auto operator()(const tensor<T, N>& x, const histogram_options& options) const {
        return (*this)(x, 10, options);
    }
    template <element T, std::size_t N, real E, std::size_t M>
    auto operator()(const tensor<T, N>& x, const tensor<E, M>& edges) const {
        static_assert(std::is_same_v<T, E> || !real<T>, "the element types differ: convert one operand with astype<T>(x)");
        if (edges.rank() != 1 || edges.size() < 2 || !std::is_sorted(edges.begin(), edges.end()))
            fail<value_error>("histogram", "the edges are a vector of at least two numbers in ascending order, got the shape ", detail::shape_of(edges));
        const auto numbers = detail::convert<E>(x);
        return detail::counted_between<E>(numbers.span(), tensor<E, 1>{edges.detach()});
    }
};
inline constexpr histogram_fn histogram{};

}  // namespace xgrad
