// The error function, the normal distribution, and the activations that are made of it or of the logistic function, for
// vectors and for single numbers. How exact they are stands in core/simd_math.hpp.
//
// What is small is computed as what it is, not as the difference of a number from 1: gelu keeps its digits until it
// underflows.
#pragma once

#include <xgrad/core/cmath.hpp>
#include <xgrad/core/config.hpp>
#include <xgrad/core/simd.hpp>
#include <xgrad/core/simd_math.hpp>

#include <concepts>
#include <numbers>

namespace xgrad::inline XGRAD_ABI::simd {

namespace detail {

/// e^(-factor a^2), factor a power of two. a^2 needs twice the digits that it has room for: it is h^2 + (a - h)(a + h),
/// h the first half of a's digits.
template <real_vector V>
XGRAD_ALWAYS_INLINE power_of_e<V> split_gaussian(const V& a, typename V::value_type factor) {
    const auto h = first_half(a);
    return split_exp(h * h * V(-factor), (h - a) * (h + a) * V(factor));
}

/// factor e^(a^2/2) Phi(-a), 0 <= a <= 39, Phi the normal distribution function: a minimax polynomial in
/// (a - c) / (a + c), divided by a + c. A second division is more exact than a multiplication by the reciprocal.
/// (M. Shepherd, J. Laframboise, "Chebyshev approximation of (1 + 2x) exp(x^2) erfc x", Math. Comp. 36, 1981.)
template <real_vector V>
XGRAD_ALWAYS_INLINE V scaled_normal_tail(const V& a, const V& factor) {
    const auto center = either<V>(1.75f, 2.5), sum = a + center, t = (a - center) / sum;
    const auto p = [&] {
        if constexpr (of_floats<V>)
            return simd::polynomial(t, -6.03677756e-5f, -1.11138549e-4f, 1.66834586e-4f, 6.52596209e-4f, 5.24163890e-4f,
                              -1.07997530e-3f, -3.88261604e-3f, -3.34248385e-3f, 1.06533058e-2f, 3.36816002e-2f,
                              -1.87398397e-2f, -0.267828288f, 0.648310828f);
        else
            return simd::polynomial(t, -4.21914635583814239e-9, -7.61937940522774164e-9, 2.60670747957501143e-8,
                              6.90680582163472513e-8, -2.51379599520810936e-8, -2.32722597304247202e-7,
                              -2.35101658656118462e-7, 1.75539544540628691e-7, 8.72041575414039330e-7,
                              1.27760948645743168e-6, -5.18479130940589226e-8, -4.38388158659025545e-6,
                              -8.51940299121120132e-6, -8.58207339715375263e-7, 2.94701797337120984e-5,
                              5.64194483368867199e-5, -1.82373423595158152e-5, -2.62543565112351199e-4,
                              -3.24223601624730464e-4, 7.59201772180375601e-4, 2.53815855268419152e-3,
                              -1.62501000963728598e-3, -1.63900253914647777e-2, 9.23917461634611176e-3,
                              0.131987278502489944, -0.433692141846983618, 0.706656656902876543);
    }();
    return factor * p / sum;
}

/// |x| as far as e^(-x^2/2) is not zero.
template <real_vector V>
XGRAD_ALWAYS_INLINE V within_normal(const V& x) {
    return simd::at_most(simd::abs(x), either<V>(15.0f, 39.0));
}

}  // namespace detail

/// x p(x^2) below 1; from there 1 - e^-x^2 q((x - c) / (x + c)), to where the difference from 1 ends.
template <real_vector V>
XGRAD_ALWAYS_INLINE V erf(const V& x) {
    const auto a = simd::at_most(simd::abs(x), detail::either<V>(4.0f, 6.0)), z = a * a;
    const auto center = detail::either<V>(2.0f, 3.0), t = (a - center) / (a + center);
    const auto inner = [&] {
        if constexpr (detail::of_floats<V>)
            return simd::polynomial(z, 7.85384405e-5f, -8.01018925e-4f, 5.18832732e-3f, -2.68538118e-2f, 0.112835852f, -0.376126258f, 1.12837917f);
        else
            return simd::polynomial(z, -7.79589882700214225e-10, 1.37200645467776856e-08, -1.62084838018717059e-07,
                              1.64474247033173624e-06, -1.49247369074196603e-05, 1.20552949048397079e-04,
                              -8.54832597538969208e-04, 5.22397760711642273e-03, -2.68661706432377704e-02,
                              1.12837916709450063e-01, -3.76126389031835404e-01, 1.12837916709551257e+00);
    }();
    const auto outer = [&] {
        if constexpr (detail::of_floats<V>)
            return simd::polynomial(t, 7.20419252e-3f, 3.72200713e-3f, -7.89894499e-2f, 0.241656928f, -0.427185867f, 0.255395678f);
        else
            return simd::polynomial(t, 1.28019008629626619e-06, 2.02360317964175664e-06, -8.00802131941268433e-06,
                              -1.28488945125235288e-05, 6.40618207353054674e-05, 4.52547263548335414e-05,
                              -5.97062351709328428e-04, 7.07746444390153731e-04, 4.26913634750825636e-03,
                              -2.43924993182731931e-02, 7.16658371977487434e-02, -1.50115936500787439e-01,
                              2.45603801712331945e-01, -3.26233560043037175e-01, 1.79001151181389950e-01);
    }();
    return simd::copysign(simd::select(a < V(1), a * inner, V(1) - detail::split_exp(simd::negate(z)).times(outer)), x);
}
template <std::floating_point T>
T erf(T x) {
    return std::erf(x);
}

/// e^(-x^2)
template <real_vector V>
XGRAD_ALWAYS_INLINE V gaussian(const V& x) {
    return detail::split_gaussian(simd::at_most(simd::abs(x), detail::either<V>(11.0f, 28.0)), 1).times(V(1));
}

/// x Phi(x), Phi the normal distribution function: max(x, 0) - |x| Phi(-|x|), with Phi(-a) = erfc(a / sqrt 2) / 2.
template <real_vector V>
XGRAD_ALWAYS_INLINE V gelu(const V& x) {
    const auto a = detail::within_normal(x);
    return simd::select(x < V(0), V(0), x) - detail::split_gaussian(a, 0.5f).times(detail::scaled_normal_tail(a, a));
}

/// The derivative of gelu, Phi(x) + x phi(x), phi = e^(-x^2/2) / sqrt(2 pi): at -a it is Phi(-a) - a phi(a), at a what
/// is missing to 1.
template <real_vector V>
XGRAD_ALWAYS_INLINE V gelu_slope(const V& x) {
    const auto a = detail::within_normal(x);
    const auto density = a * detail::either<V>(0.398942280f, 0.398942280401432678);
    const auto below = detail::split_gaussian(a, 0.5f).times(detail::scaled_normal_tail(a, V(1)) - density);
    return simd::select(x < V(0), below, V(1) - below);
}

/// x / (1 + e^-x) = max(x, 0) - |x| e^-|x| / (1 + e^-|x|)
template <real_vector V>
XGRAD_ALWAYS_INLINE V silu(const V& x) {
    const auto a = simd::at_most(simd::abs(x), detail::either<V>(120.0f, 760.0));
    const auto e = detail::split_exp(simd::negate(a));
    return simd::select(x < V(0), V(0), x) - e.times(a) / (V(1) + e.times(V(1)));
}

/// The derivative of silu, s (1 + x (1 - s)), s = 1 / (1 + e^-x): at -a it is e^-a (1 - a + e^-a) / (1 + e^-a)^2, at a
/// what is missing to 1.
template <real_vector V>
XGRAD_ALWAYS_INLINE V silu_slope(const V& x) {
    const auto a = simd::at_most(simd::abs(x), detail::either<V>(120.0f, 760.0));
    const auto e = detail::split_exp(simd::negate(a));
    const auto size = e.times(V(1)), sum = V(1) + size;
    const auto below = e.times(((V(1) - a) + size) / (sum * sum));
    return simd::select(x < V(0), below, V(1) - below);
}

// Where std has no such function, a number is computed as a vector is.
XGRAD_NUMBER_BY_VECTOR(gaussian)
XGRAD_NUMBER_BY_VECTOR(gelu)
XGRAD_NUMBER_BY_VECTOR(gelu_slope)
XGRAD_NUMBER_BY_VECTOR(silu)
XGRAD_NUMBER_BY_VECTOR(silu_slope)

}  // namespace xgrad::simd
