// The derivatives of digamma for single numbers.
#pragma once

#include <xgrad/core/cmath.hpp>
#include <xgrad/core/config.hpp>
#include <xgrad/core/simd_gamma.hpp>

#include <concepts>
#include <limits>
#include <type_traits>

namespace xgrad::inline XGRAD_ABI {

namespace detail {

/// n! / x^(n + 1), factor by factor: neither n! nor the power may overflow on the way.
template <std::floating_point T>
T factorial_over_power(int n, T x) {
    auto result = 1 / x;
    for (auto k = 1; k <= n; ++k) result *= static_cast<T>(k) / x;
    return result;
}

/// n! (1 / x^(n+1) + 1 / (x+1)^(n+1) + ...), n >= 1 and x > 0: summed up to where x is large beside n, and from there by
/// Euler and Maclaurin's formula (Abramowitz and Stegun 6.4.11).
template <std::floating_point T>
T polygamma_sum(int n, T x) {
    auto sum = T{0};
    for (; x < static_cast<T>(2 * n + 20); ++x) sum += factorial_over_power(n, x);
    // Bernoulli numbers B_2k over (2k)!, times (n + 2k - 1)! / x^(n + 2k).
    constexpr T bernoulli[] = {T{1} / 6,  T{-1} / 30,     T{1} / 42, T{-1} / 30,
                               T{5} / 66, T{-691} / 2730, T{7} / 6,  T{-3617} / 510};
    const auto term = factorial_over_power(n, x);
    auto factor = term * static_cast<T>(n + 1) / (2 * x), tail = T{0};
    for (auto k = 1; const auto b : bernoulli) {
        tail += b * factor;
        const auto at = static_cast<T>(2 * k), sum_of_orders = static_cast<T>(n) + at;
        factor *= (sum_of_orders / ((at + 1) * x)) * ((sum_of_orders + 1) / ((at + 2) * x));
        ++k;
    }
    return sum + (term * x / static_cast<T>(n) + term / 2 + tail);
}

}  // namespace detail

/// The n-th derivative of digamma, n >= 0; polygamma(1, x) is trigamma. Floats are computed in double, doubles in long double:
/// where that has more digits, the result is right to a unit in the last place, and to some units times n where it has not.
///
/// (-1)^(n+1) n! (1 / x^(n+1) + 1 / (x+1)^(n+1) + ...). For x = -a < 0 these are the terms between -a and 0, which are those
/// of f = a - floor(a) without those of a + 1, and the terms of 1 - f: near zeros they cancel. At 0 and negative whole numbers
/// infinite, or NaN where the signs on the two sides differ.
template <std::floating_point T>
T polygamma(int n, T x) {
    if (n < 2) return n == 0 ? simd::digamma(x) : simd::trigamma(x);
    using limits = std::numeric_limits<T>;
    using wide = std::conditional_t<std::same_as<T, float>, double, long double>;
    const auto odd = n % 2 != 0;
    const auto side = odd ? wide{1} : wide{-1};
    if (x > 0) return static_cast<T>(std::isinf(x) ? 0 : side * detail::polygamma_sum(n, static_cast<wide>(x)));
    if (x == 0) return odd ? limits::infinity() : -std::copysign(limits::infinity(), x);
    const auto a = static_cast<wide>(-x), f = a - std::floor(a);
    if (!(a <= static_cast<wide>(limits::max()))) return limits::quiet_NaN();
    if (f == 0) return odd ? limits::infinity() : limits::quiet_NaN();
    const auto below = detail::polygamma_sum(n, f) - detail::polygamma_sum(n, a + 1);
    return static_cast<T>(below + side * detail::polygamma_sum(n, 1 - f));
}

}  // namespace xgrad::inline XGRAD_ABI
