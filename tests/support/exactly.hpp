// The functions of core/simd_*.hpp as exact as X allows, for comparison: as they are defined, or from series that have
// nothing in common with what is tested.
#pragma once

#include <algorithm>
#include <cmath>
#include <limits>
#include <numbers>

namespace accuracy::exactly {

template <class X> X square_root(X x) { return std::sqrt(x); }
template <class X> X sigmoid(X x) { return x < 0 ? std::exp(x) / (1 + std::exp(x)) : 1 / (1 + std::exp(-x)); }
template <class X> X softplus(X x) { return x < 0 ? std::log1p(std::exp(x)) : x + std::log1p(std::exp(-x)); }
template <class X> X density(X x) { return std::exp(-x * x / 2) / std::sqrt(2 * std::numbers::pi_v<X>); }
template <class X> X distribution(X x) { return std::erfc(-x / std::numbers::sqrt2_v<X>) / 2; }
template <class X> X gaussian(X x) { return std::exp(-x * x); }
/// x f(x), which is 0 at -infinity.
template <class X> X times(X x, X f) { return x == -std::numeric_limits<X>::infinity() ? X{0} : x * f; }
template <class X> X silu(X x) { return times(x, sigmoid(x)); }
template <class X> X silu_slope(X x) { return std::isinf(x) ? X(x > 0) : sigmoid(x) * (1 + x * sigmoid(-x)); }
template <class X> X silu_slope_term(X x) { return x < 0 ? sigmoid(x) * std::max<X>(1, -x) : X{0}; }
template <class X> X gelu(X x) { return times(x, distribution(x)); }
template <class X> X gelu_slope(X x) { return std::isinf(x) ? X(x > 0) : distribution(x) + x * density(x); }
template <class X> X gelu_slope_term(X x) { return x < 0 ? std::max(distribution(x), -x * density(x)) : X{0}; }

template <class X> X tanh_softplus(X x) { return std::tanh(softplus(x)); }
template <class X> X mish(X x) { return times(x, tanh_softplus(x)); }
template <class X> X mish_slope_second(X x) {   // x (1 - tanh^2) sigmoid
    const auto e = std::exp(-std::abs(x)), n = x < 0 ? 2 + e * (2 + e) : 1 + 2 * e * (1 + e);
    return std::isinf(x) ? X{0} : x * 4 * (1 + e) * (x < 0 ? e : e * e) / (n * n);
}
template <class X> X mish_slope(X x) { return tanh_softplus(x) + mish_slope_second(x); }
template <class X> X mish_slope_term(X x) { return x < 0 ? std::max(tanh_softplus(x), -mish_slope_second(x)) : X{0}; }

/// What is left of x beside the nearest whole number.
template <class X> X fraction(X x) { return x - std::nearbyint(x); }

template <class X> X sinc(X x) {
    if (x == 0) return 1;
    if (std::isinf(x)) return 0;
    const auto size = std::sin(std::numbers::pi_v<X> * fraction(x)) / (std::numbers::pi_v<X> * x);
    return std::fmod(std::nearbyint(x), X{2}) == 0 ? size : -size;
}

/// By Newton's method, of erf below 1/2 and of erfc above it.
template <class X> X erfinv(X x) {
    const auto a = std::abs(x), slope = 2 / std::sqrt(std::numbers::pi_v<X>);
    if (!(a < 1)) return a == 1 ? x * std::numeric_limits<X>::infinity() : std::numeric_limits<X>::quiet_NaN();
    auto y = a < X(0.5) ? a / slope : std::sqrt(-std::log(1 - a));
    for (auto i = 0; i < 40; ++i) {
        const auto step = (a < X(0.5) ? a - std::erf(y) : std::erfc(y) - (1 - a)) / (slope * std::exp(-y * y));
        y += step;
        if (std::abs(step) <= std::numeric_limits<X>::epsilon() * y / 16) break;
    }
    return std::copysign(y, x);
}

template <class X> X erfinv_slope(X x) { return std::sqrt(std::numbers::pi_v<X>) / 2 * std::exp(erfinv(x) * erfinv(x)); }

/// f(x + n) and `add` of each number on the way, x > 0, such that x + n >= 20.
template <class Add>
long double shift_up(long double x, const Add& add) {
    for (; x < 20; ++x) add(x);
    return x;
}

/// For x > 0, from Taylor's series about the zero (coefficients by mpmath) or from the series for large x (Abramowitz and
/// Stegun 6.3.18) and the recurrence.
inline long double positive_digamma(long double x) {
    const auto d = (x - 1.46163214496836234117249642139L) - 9.016312093258695918614428e-20L;
    if (std::abs(d) < 0.02L) {
        auto sum = 0.0L;
        for (const auto c : {-0.007204534386356868240970474L, 0.01053879161661217538812405L, -0.01542476590494895913880032L,
                             0.02259764823221810465962483L, -0.0331611264748473592922584L, 0.04880428816414310722509253L,
                             -0.07219956125645471092612178L, 0.1078240506912623657571829L, -0.1639427054424065275042513L,
                             0.2584997609556510106244014L, -0.4427631689835921060928653L, 0.9676722454476211704274448L})
            sum = sum * d + c;
        return sum * d;
    }
    auto low = 0.0L;
    x = shift_up(x, [&](long double at) { low += 1 / at; });
    const auto z = 1 / (x * x);
    auto tail = 0.0L;
    for (const auto c : {-3617.0L / 8160, 1.0L / 12, -691.0L / 32760, 1.0L / 132, -1.0L / 240, 1.0L / 252, -1.0L / 120, 1.0L / 12})
        tail = (tail + c) * z;
    return std::log(x) - 1 / (2 * x) - tail - low;
}

/// pi cot(pi x)
inline long double pi_cotangent(long double x) {
    return std::numbers::pi_v<long double> / std::tan(std::numbers::pi_v<long double> * fraction(x));
}

template <class X> X digamma(X x) {
    if (x == 0) return -std::copysign(std::numeric_limits<X>::infinity(), x);
    if (x > 0) return static_cast<X>(std::isinf(x) ? x : positive_digamma(x));
    const auto at = static_cast<long double>(x);
    if (std::isinf(x) || fraction(x) == 0) return std::numeric_limits<X>::quiet_NaN();
    return static_cast<X>(positive_digamma(1 - at) - pi_cotangent(at));
}
/// The largest term of digamma of negative numbers, whose zeros are differences: that of pi cot(pi x) = 1 / r - ..., where r is
/// the distance of x from a whole number, or the other one.
template <class X> X digamma_term(X x) {
    if (!(x < 0) || std::isinf(x) || fraction(x) == 0) return 0;
    const auto at = static_cast<long double>(x);
    return static_cast<X>(std::max(std::abs(positive_digamma(1 - at)), 1 / std::abs(fraction(at))));
}

/// For x > 0 from the series for large x (Abramowitz and Stegun 6.4.12) and the recurrence.
inline long double positive_trigamma(long double x) {
    auto low = 0.0L;
    x = shift_up(x, [&](long double at) { low += 1 / (at * at); });
    const auto z = 1 / (x * x);
    auto tail = 0.0L;
    for (const auto c : {-3617.0L / 510, 7.0L / 6, -691.0L / 2730, 5.0L / 66, -1.0L / 30, 1.0L / 42, -1.0L / 30, 1.0L / 6})
        tail = (tail + c) * z;
    return (1 + tail) / x + z / 2 + low;
}

template <class X> X trigamma(X x) {
    if (x > 0) return std::isinf(x) ? X{0} : static_cast<X>(positive_trigamma(x));
    if (std::isinf(x) || std::isnan(x)) return std::numeric_limits<X>::quiet_NaN();
    if (fraction(x) == 0) return std::numeric_limits<X>::infinity();
    const auto at = static_cast<long double>(x);
    const auto sine = std::sin(std::numbers::pi_v<long double> * fraction(at)) / std::numbers::pi_v<long double>;
    return static_cast<X>(1 / (sine * sine) - positive_trigamma(1 - at));
}

template <class X> X lgamma(X x) { return std::lgamma(x); }
/// The larger term of lgamma of numbers below -2, whose zeros are differences; the smallest that counts as one is 1/2.
template <class X> X lgamma_term(X x) { return x < -2 && !std::isinf(x) ? std::max(std::lgamma(-x), X(0.5)) : X{0}; }

}  // namespace accuracy::exactly
