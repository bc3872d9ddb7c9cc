// The derivatives of digamma for single numbers.
#pragma once

#include <xgrad/core/config.hpp>
#include <xgrad/core/simd_gamma.hpp>

#include <cmath>
#include <concepts>
#include <limits>

namespace xgrad::inline XGRAD_ABI {

namespace detail {

/// n! / x^(n + 1), factor by factor: neither n! nor the power may overflow on the way.
inline double factorial_over_power(int n, double x) {
    auto result = 1 / x;
    for (auto k = 1; k <= n; ++k) result *= k / x;
    return result;
}

/// n! (1 / x^(n+1) + 1 / (x+1)^(n+1) + ...), n >= 1 and x > 0: summed up to where x is large beside n, and from there by
/// Euler and Maclaurin's formula (Abramowitz and Stegun 6.4.11).
inline double polygamma_sum(int n, double x) {
    auto sum = 0.0;
    for (; x < 2 * n + 20; ++x) sum += factorial_over_power(n, x);
    // Bernoulli numbers B_2k over (2k)!, times (n + 2k - 1)! / x^(n + 2k).
    constexpr double bernoulli[] = {1.0 / 6, -1.0 / 30, 1.0 / 42, -1.0 / 30, 5.0 / 66, -691.0 / 2730, 7.0 / 6, -3617.0 / 510};
    const auto term = factorial_over_power(n, x);
    auto factor = term * (n + 1) / (2 * x), tail = 0.0;
    for (auto k = 1; const auto b : bernoulli) {
        tail += b * factor;
        factor *= ((n + 2 * k) / ((2 * k + 1) * x)) * ((n + 2 * k + 1) / ((2 * k + 2) * x));
        ++k;
    }
    return sum + (term * x / n + term / 2 + tail);
}

}  // namespace detail

/// The n-th derivative of digamma, n >= 0, to about n + 4 units in the last place for x > 0; polygamma(1, x) is trigamma.
///
/// (-1)^(n+1) n! (1 / x^(n+1) + 1 / (x+1)^(n+1) + ...). For x = -a < 0 these are the terms between -a and 0, which are those
/// of f = a - floor(a) without those of a + 1, and the terms of 1 - f: near zeros they cancel. At 0 and negative whole numbers
/// infinite, or NaN where the signs on the two sides differ.
template <std::floating_point T>
T polygamma(int n, T x) {
    if (n < 2) return n == 0 ? simd::digamma(x) : simd::trigamma(x);
    using limits = std::numeric_limits<T>;
    const auto odd = n % 2 != 0;
    const auto side = odd ? 1.0 : -1.0;
    if (x > 0) return static_cast<T>(std::isinf(x) ? 0 : side * detail::polygamma_sum(n, static_cast<double>(x)));
    if (x == 0) return odd ? limits::infinity() : -std::copysign(limits::infinity(), x);
    const auto a = static_cast<double>(-x), f = a - std::floor(a);
    if (!(a <= static_cast<double>(limits::max()))) return limits::quiet_NaN();
    if (f == 0) return odd ? limits::infinity() : limits::quiet_NaN();
    const auto below = detail::polygamma_sum(n, f) - detail::polygamma_sum(n, a + 1);
    return static_cast<T>(below + side * detail::polygamma_sum(n, 1 - f));
}

}  // namespace xgrad::inline XGRAD_ABI
