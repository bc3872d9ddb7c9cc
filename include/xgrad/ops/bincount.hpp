// How often each integer is there.
#pragma once

#include <xgrad/autograd/create.hpp>
#include <xgrad/autograd/operation.hpp>
#include <xgrad/core/config.hpp>
#include <xgrad/core/exact.hpp>
#include <xgrad/ops/elementwise.hpp>
#include <xgrad/ops/math.hpp>
#include <xgrad/ops/reduction_options.hpp>
#include <xgrad/ops/take.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <type_traits>

namespace xgrad::inline XGRAD_ABI {

struct bincount_options {
    detail::options_begin begin{};
    extent minlength = 0;
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

XGRAD_ON_DEMAND std::size_t bincount_length(const tensor<std::int64_t>& x, std::size_t least) {
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

XGRAD_ON_DEMAND std::size_t least_length(const bincount_options& options) {
    if (options.minlength < 0) fail<value_error>("bincount", "minlength is ", options.minlength.value, "; it must not be negative");
    return static_cast<std::size_t>(options.minlength.value);
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
        return detail::with_rank<1>(detail::bincount_any<Integer>(x, detail::least_length(options)));
    }
    template <element Integer, std::size_t N, element T, std::size_t M>
    tensor<T, 1> operator()(const tensor<Integer, N>& x, const tensor<T, M>& weights, const bincount_options& options = {}) const {
        detail::check_types<T>();
        detail::check_counted<Integer, N>();
        return detail::with_rank<1>(detail::bincount_weighted<Integer, T>(x, weights, detail::least_length(options)));
    }
};
inline constexpr bincount_fn bincount{};

}  // namespace xgrad
