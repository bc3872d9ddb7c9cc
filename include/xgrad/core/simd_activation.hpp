// mish and the form of gelu by tanh, with their derivatives, for vectors and for single numbers.
//
// The largest error that was measured, as in core/simd_math.hpp:
//
//     function      float   double    made of
//     mish          3.6      3.9    x n / (n + 2), n = e^x (e^x + 2)
//     mish_slope    6.0      5.5    likewise; of the larger term, where the derivative is a difference
//
// PyTorch 1.13's derivative of mish is 8.2 units off at 8.664173f, and has no digits below -89.
//
// That of gelu_tanh and of its derivative, which are e^z of a cubic z, is that of z as well: some units times |z|.
#pragma once

#include <xgrad/core/config.hpp>
#include <xgrad/core/simd.hpp>
#include <xgrad/core/simd_math.hpp>

namespace xgrad::inline XGRAD_ABI::simd {

namespace detail {

/// |x| as far as e^-|x| is not zero.
template <real_vector V>
XGRAD_ALWAYS_INLINE V within_exp(const V& x) {
    return simd::at_most(simd::abs(x), either<V>(120.0f, 760.0));
}

/// z = 2 sqrt(2/pi) (a + 0.044715 a^3) and a times its derivative, for a >= 0; gelu by tanh is x / (1 + e^-z).
template <real_vector V>
struct gelu_exponent {
    V z, slope;

    XGRAD_ALWAYS_INLINE explicit gelu_exponent(const V& a) {
        const auto first = a * either<V>(1.59576912f, 1.59576912160573071), third = first * (a * a * either<V>(0.044715f, 0.044715));
        z = first + third;
        slope = simd::fma(V(3), third, first);
    }
};

}  // namespace detail

/// x tanh(ln(1 + e^x)). With t = e^-|x| it is x (1 + 2t) / (1 + 2t + 2t^2), or x t (2 + t) / (2 + 2t + t^2) below zero.
template <real_vector V>
XGRAD_ALWAYS_INLINE V mish(const V& x) {
    const auto a = detail::within_exp(x);
    const auto e = detail::split_exp(simd::negate(a));
    const auto t = e.times(V(1));
    const auto above = x * ((V(1) + t + t) / (V(1) + (t + t) * (V(1) + t)));
    const auto below = e.times(simd::negate(a) * ((V(2) + t) / (V(2) + t * (V(2) + t))));
    return simd::select(x < V(0), below, above);
}

/// The derivative of mish, w + x (1 - w^2) s, w = tanh(ln(1 + e^x)), s = 1 / (1 + e^-x), likewise.
template <real_vector V>
XGRAD_ALWAYS_INLINE V mish_slope(const V& x) {
    const auto a = detail::within_exp(x);
    const auto e = detail::split_exp(simd::negate(a));
    const auto t = e.times(V(1)), next = V(1) + t;
    const auto upper = V(1) + (t + t) * next, lower = V(2) + t * (V(2) + t);
    const auto above = ((next + t) + V(4) * a * (t * t) * next / upper) / upper;
    const auto below = e.times(((V(2) + t) - V(4) * a * next / lower) / lower);
    return simd::select(x < V(0), below, above);
}

/// x (1 + tanh(sqrt(2/pi) (x + 0.044715 x^3))) / 2
template <real_vector V>
XGRAD_ALWAYS_INLINE V gelu_tanh(const V& x) {
    const auto a = simd::at_most(simd::abs(x), V(30));
    const auto e = detail::split_exp(simd::negate(detail::within_exp(detail::gelu_exponent<V>(a).z)));
    const auto sum = V(1) + e.times(V(1));
    return simd::select(x < V(0), e.times(simd::negate(a) / sum), x / sum);
}

/// The derivative of gelu_tanh: s (1 + x z' (1 - s)), s = 1 / (1 + e^-z)
template <real_vector V>
XGRAD_ALWAYS_INLINE V gelu_tanh_slope(const V& x) {
    const auto exponent = detail::gelu_exponent<V>(simd::at_most(simd::abs(x), V(30)));
    const auto e = detail::split_exp(simd::negate(detail::within_exp(exponent.z)));
    const auto sum = V(1) + e.times(V(1));
    const auto above = (V(1) + e.times(exponent.slope) / sum) / sum;
    const auto below = e.times((V(1) - exponent.slope / sum) / sum);
    return simd::select(x < V(0), below, above);
}

XGRAD_NUMBER_BY_VECTOR(mish)
XGRAD_NUMBER_BY_VECTOR(mish_slope)
XGRAD_NUMBER_BY_VECTOR(gelu_tanh)
XGRAD_NUMBER_BY_VECTOR(gelu_tanh_slope)

}  // namespace xgrad::simd
