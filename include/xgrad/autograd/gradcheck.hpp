// Whether a gradient is right: compared with differences of the function itself.
#pragma once

#include <xgrad/autograd/functional.hpp>
#include <xgrad/core/cmath.hpp>
#include <xgrad/core/config.hpp>
#include <xgrad/core/random.hpp>
#include <xgrad/core/text.hpp>

#include <algorithm>
#include <cstddef>
#include <string>
#include <tuple>
#include <type_traits>
#include <utility>

namespace xgrad::inline XGRAD_ABI {

struct gradcheck_options {
    double step = 1e-6;   ///< the h of (f(x + h) - f(x - h)) / 2h, times max(1, |x|)
    double rtol = 1e-5;   ///< the difference allowed, relative to the gradient ...
    double atol = 1e-7;   ///< ... and, together with it, absolute
};

/// The outcome of a check; true when the gradient is right.
struct gradcheck_result {
    bool passed = true;
    double largest_error = 0;   ///< the largest difference found, as a part of what is allowed
    std::string report;         ///< where that is, in words

    explicit operator bool() const { return passed; }
};

namespace detail {

/// sum_i w_i y_i with fixed random weights w in [0.5, 1.5): no element's gradient can hide behind another's.
XGRAD_ON_DEMAND tensor<double> check_weights(const basic_tensor<double>& y) {
    auto numbers = generator{20240229};
    auto weights = make_result<double>(shape_of(y));
    for (auto i = std::size_t{0}; i < y.size(); ++i) access::elements(weights)[i] = 0.5 + numbers.uniform<double>();
    return weights;
}

XGRAD_ON_DEMAND double weighted_sum(const basic_tensor<double>& y) {
    const auto weights = check_weights(y);
    auto sum = 0.0;
    for (auto i = std::size_t{0}; i < y.size(); ++i) sum += weights.data()[i] * y.data()[i];
    return sum;
}

}  // namespace detail

/// Compares the gradient of f at the given inputs, all of type double, with central differences, element by
/// element. f may give a tensor of any shape. Choose inputs away from kinks (relu at 0, max among equals):
/// there the difference is not the derivative.
///
///     CHECK(gradcheck([](const auto& a, const auto& b) { return a * xg::tanh(b); }, std::tuple{a, b}));
template <class F, std::size_t... N>
gradcheck_result gradcheck(const F& f, const std::tuple<tensor<double, N>...>& inputs, gradcheck_options options = {}) {
    const auto points = std::apply([](const auto&... x) { return std::tuple{x.clone()...}; }, inputs);
    const auto value = [&] {
        const auto guard = no_grad{};
        return detail::weighted_sum(std::apply(f, points));
    };
    const auto analytic = std::apply(
        [&](const auto&... x) {
            auto [y, pullback] = vjp(f, x.detach()...);
            return pullback(detail::check_weights(y));
        },
        points);
    auto result = gradcheck_result{};
    auto number = std::size_t{0};
    const auto compare = [&](const auto& point, const auto& gradient) {
        for (auto i = std::size_t{0}; i < point.size(); ++i) {
            auto& x = detail::access::elements(point)[i];
            const auto at = x;
            const auto h = options.step * std::max(1.0, std::fabs(at));
            x = at + h;
            const auto above = value();
            x = at - h;
            const auto below = value();
            x = at;
            const auto numeric = (above - below) / ((at + h) - (at - h)), given = gradient.data()[i];
            const auto error = std::fabs(numeric - given) / (options.atol + options.rtol * std::fabs(numeric));
            if (!(error <= result.largest_error) && !std::isnan(result.largest_error)) {
                result.largest_error = error;
                result.report = detail::joined_text("input ", number, ", element ", i, ": gradient ", given,
                                                    ", difference quotient ", numeric);
            }
        }
        ++number;
    };
    const auto check_all = [&](const auto&... gradient) {
        std::apply([&](const auto&... point) { (compare(point, gradient), ...); }, points);
    };
    if constexpr (sizeof...(N) == 1) check_all(analytic);
    else std::apply(check_all, analytic);
    result.passed = result.largest_error <= 1;
    return result;
}

template <class F, std::size_t N>
gradcheck_result gradcheck(const F& f, const tensor<double, N>& x, gradcheck_options options = {}) {
    return gradcheck(f, std::tuple{x}, options);
}

/// The same for second derivatives: checks the gradient of v^T J, for fixed random v, with respect to the
/// inputs and to v. The report counts v as the last input.
template <class F, std::size_t... N>
gradcheck_result gradgradcheck(const F& f, const std::tuple<tensor<double, N>...>& inputs, gradcheck_options options = {}) {
    constexpr auto each_input = std::index_sequence_for<tensor<double, N>...>{};
    const auto weights = [&] {
        const auto guard = no_grad{};
        return detail::check_weights(std::apply(f, inputs));
    }();
    auto result = gradcheck_result{};
    const auto check_gradient_of = [&]<std::size_t At>(std::integral_constant<std::size_t, At>) {
        const auto gradient = [&](const auto&... x_and_v) {
            const auto arguments = std::tie(x_and_v...);
            return [&]<std::size_t... J>(std::index_sequence<J...>) {
                auto both = vjp(f, std::get<J>(arguments)...);
                auto dx = both.second(std::get<sizeof...(N)>(arguments));
                if constexpr (sizeof...(N) == 1) return dx;
                else return std::get<At>(std::move(dx));
            }(each_input);
        };
        auto own = gradcheck(gradient, std::tuple_cat(inputs, std::tuple{weights}), options);
        if (!(own.largest_error <= result.largest_error) && !std::isnan(result.largest_error)) result = std::move(own);
    };
    [&]<std::size_t... At>(std::index_sequence<At...>) {
        (check_gradient_of(std::integral_constant<std::size_t, At>{}), ...);
    }(each_input);
    return result;
}

template <class F, std::size_t N>
gradcheck_result gradgradcheck(const F& f, const tensor<double, N>& x, gradcheck_options options = {}) {
    return gradgradcheck(f, std::tuple{x}, options);
}

}  // namespace xgrad
