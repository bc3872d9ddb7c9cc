// The hyperbolic functions and their inverses for vectors and for single numbers, which are std's; tanh is in
// core/simd_math.hpp. Outside of their domains, acosh and atanh are NaN.
//
// The largest error that was measured, as in core/simd_math.hpp:
//
//     function    float   double    made of
//     sinh          1.6      1.6    (e^|x| - e^-|x|) / 2; below 1 a minimax polynomial
//     cosh          1.5      1.5    (e^|x| + e^-|x|) / 2
//     asinh         2.3      2.2    ln(|x| + sqrt(x^2 + 1)); near 0 a minimax polynomial
//     acosh         1.5      1.5    ln(x + sqrt(x^2 - 1)); near 1 twice asinh of sqrt((x - 1) / 2)
//     atanh         1.4      1.3    ln((1 + |x|) / (1 - |x|)) / 2; below 1/2 a minimax polynomial
#pragma once

#include <xgrad/core/config.hpp>
#include <xgrad/core/simd.hpp>
#include <xgrad/core/simd_math.hpp>

#include <limits>

namespace xgrad::inline XGRAD_ABI::simd {

namespace detail {

/// e^a / 2 for a >= 0, which overflows when the hyperbolic functions do.
template <real_vector V>
XGRAD_ALWAYS_INLINE V half_exp(const V& a) {
    auto e = split_exp(simd::at_most(a, either<V>(90.0f, 711.0)));
    e.power = e.power - V(1);
    return e.times(V(1));
}

/// asinh a, 0 <= a <= 0.547, and z = a^2.
template <real_vector V>
XGRAD_ALWAYS_INLINE V small_asinh(const V& a, const V& z) {
    const auto p = [&] {
        if constexpr (of_floats<V>)
            return simd::polynomial(z, -0.012023814f, 0.0274400244f, -0.0442351055f, 0.0749746246f, -0.166666147f);
        else
            return simd::polynomial(z, 0.0013485332935311864, -0.00416841310148663262, 0.00706859998005693671,
                              -0.0093778791456827007, 0.0114740246401188739, -0.0139538299461847842, 0.0173516875029310624,
                              -0.0223720883345747586, 0.0303819414695292028, -0.0446428570693019958, 0.0749999999990857286,
                              -0.166666666666662688);
    }();
    return simd::fma(a * z, p, a);
}

/// ln(a + sqrt(a^2 + term)), term 1 or -1, for a > 0.5; infinity and NaN are themselves.
template <real_vector V>
XGRAD_ALWAYS_INLINE V log_of_sum(const V& a, float term) {
    // Where `term` does not count any more and a^2 may overflow, ln a + ln 2.
    const auto large = a > either<V>(8192.0f, 268435456.0);
    const auto within = simd::select(large, V(1), a);
    const auto sum = power_of_two(simd::select(large, a, a + simd::sqrt(simd::fma(within, within, V(term)))));
    const auto y = log_of(simd::select(large, sum.power + V(1), sum.power), sum.fraction - V(1));
    return simd::select(a <= V((std::numeric_limits<typename V::value_type>::max)()), y, a);
}

}  // namespace detail

template <real_vector V>
inline V sinh(const V& x) {
    const auto a = simd::abs(x), within = simd::at_most(a, V(1)), z = within * within;
    const auto p = [&] {
        if constexpr (detail::of_floats<V>)
            return simd::polynomial(z, 2.81697967e-06f, 0.000198361551f, 0.00833335008f, 0.166666665f);
        else
            return simd::polynomial(z, 7.75880363459555389e-13, 1.60572580207896374e-10, 2.50521231583577869e-08,
                              2.75573191569412357e-06, 0.000198412698414322683, 0.0083333333333331476, 0.166666666666666685);
    }();
    const auto half = detail::half_exp(a);
    return simd::copysign(simd::select(a < V(1), simd::fma(a * z, p, a), half - V(0.25f) / half), x);
}

template <real_vector V>
inline V cosh(const V& x) {
    const auto half = detail::half_exp(simd::abs(x));
    return half + V(0.25f) / half;
}

template <real_vector V>
inline V asinh(const V& x) {
    const auto a = simd::abs(x);
    const auto within = simd::at_most(a, V(0.547f));
    const auto lesser = detail::small_asinh(within, within * within);
    return simd::copysign(simd::select(a < V(0.547f), lesser, detail::log_of_sum(a, 1.0f)), x);
}

template <real_vector V>
inline V acosh(const V& x) {
    const auto z = V(0.5f) * (simd::at_most(x, V(1.598f)) - V(1));
    const auto lesser = V(2) * detail::small_asinh(simd::sqrt(z), z);
    return simd::select(x > V(1.598f), detail::log_of_sum(x, -1.0f), lesser);
}

template <real_vector V>
inline V atanh(const V& x) {
    using limits = std::numeric_limits<typename V::value_type>;
    const auto a = simd::abs(x), z = a * a;
    const auto p = [&] {
        if constexpr (detail::of_floats<V>)
            return simd::polynomial(z, 0.176752804f, 0.0513167798f, 0.118247582f, 0.142226477f, 0.200025238f, 0.333333f);
        else
            return simd::polynomial(z, 0.22495764166153992, -0.153177465107999372, 0.145122591295121228, 0.0144869697951112673,
                              0.0598440334313510014, 0.05774050935017494, 0.0667798510373987936, 0.0769149147949234613,
                              0.0909094866044669186, 0.111111098826827778, 0.142857143081522919, 0.199999999997939465,
                              0.333333333333339921);
    }();
    const auto ratio = detail::power_of_two((V(1) + a) / (V(1) - a));
    const auto inner = V(0.5f) * detail::log_of(ratio.power, ratio.fraction - V(1));
    const auto outer = simd::select(a == V(1), V(limits::infinity()), V(limits::quiet_NaN()));
    return simd::copysign(simd::select(a < V(0.5f), simd::fma(a * z, p, a), simd::select(a < V(1), inner, outer)), x);
}

XGRAD_NUMBER_BY_STD(sinh)
XGRAD_NUMBER_BY_STD(cosh)
XGRAD_NUMBER_BY_STD(asinh)
XGRAD_NUMBER_BY_STD(acosh)
XGRAD_NUMBER_BY_STD(atanh)

}  // namespace xgrad::simd
