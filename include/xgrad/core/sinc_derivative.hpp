// The derivatives of sin(pi x) / (pi x) for single numbers.
#pragma once

#include <xgrad/core/cmath.hpp>
#include <xgrad/core/config.hpp>

#include <numbers>

namespace xgrad::inline XGRAD_ABI::detail {

/// sin(pi x + quarters pi/2), exact at multiples of 1/2. With x = whole + r, |r| <= 1/2, both exact.
inline double sin_of_half_turns(double x, int quarters) {
    const auto r = std::remainder(x, 1.0);
    const auto odd = std::remainder(x, 2.0) != r;
    const auto size = quarters % 2 == 0 ? std::sin(std::numbers::pi * r) : std::sin(std::numbers::pi * (0.5 - std::fabs(r)));
    return odd != (quarters % 4 >= 2) ? -size : size;
}

/// The n-th derivative of sinc from its Taylor series: the sum over k of (-1)^k pi^n (pi x)^(2k-n) / ((2k + 1) (2k - n)!).
inline double sinc_series(int n, double x) {
    const auto z = std::numbers::pi * x;
    const auto first = (n + 1) / 2;   // 2k >= n
    auto power = (first % 2 == 0 ? 1.0 : -1.0) * (n % 2 == 0 ? 1.0 : z), sum = 0.0;
    for (auto k = first; k < first + 60; ++k) {
        const auto term = power / (2 * k + 1), before = sum;
        sum += term;
        if (sum == before) break;
        power *= -z * z / ((2.0 * k - n + 1) * (2.0 * k - n + 2));
    }
    return std::pow(std::numbers::pi, n) * sum;
}

/// The n-th derivative of sinc(x) = sin(pi x) / (pi x), to a few units in the last place beside its largest value.
///
/// The n-th derivative of x sinc(x) is x f_n + n f_(n-1) = pi^(n-1) sin(pi x + n pi/2). Where |pi x| is smaller than n this
/// is a difference of what is nearly the same, and the series is exact.
inline double sinc_derivative(int n, double x) {
    if (std::isinf(x)) return 0;
    if (std::fabs(x) * std::numbers::pi < n + 1) return sinc_series(n, x);
    auto y = sin_of_half_turns(x, 0) / (std::numbers::pi * x), power = 1.0;
    for (auto k = 1; k <= n; ++k) {
        y = (power * sin_of_half_turns(x, k) - k * y) / x;
        power *= std::numbers::pi;
    }
    return y;
}

}  // namespace xgrad::inline XGRAD_ABI::detail
