// The mathematical functions under one name for vectors and for single numbers, what they are made of, and how exact they
// are: sine, cosine, tangent and sinc are in core/simd_trigonometric.hpp, what belongs to the normal distribution in
// core/simd_normal.hpp. Other families (core/simd_inverse.hpp and its like) have such a table of their own.
// Single numbers are std's where std has the function.
//
// The largest error that was measured, in units in the last place (tests/every_float.cpp: every 31st float, and three
// million doubles; the largest of SSE2, AVX2 with FMA, and AVX-512). They hold everywhere: next to overflow, among subnormal
// arguments and results, at both zeros, at infinities and at NaN. Next to a zero of a slope the unit is that of its largest
// term. Where more than 4 units stand, PyTorch 1.13's own error is larger: its gelu below zero is 1 + erf, which cancels, and
// the derivative of its silu is 0 from -88.8 on, where -2e-37 is right. xsimd 8.1 and 14 give the same results, since of
// xsimd there are the arithmetic, min, max, sqrt and abs only.
//
//     function    float   double    made of
//     exp           1.1      1.1    2^n (1 + r + r^2 q(r)), a minimax polynomial q
//     expm1         1.8      2.1    the same, without the 1
//     log           0.9      0.8    2 artanh(f / (2 + f)), a minimax polynomial; zero, below it, subnormal and infinite: std
//     log1p         2.4      2.4    the same; at -1, below it and next to overflow: std
//     sqrt          0.5      0.5    xsimd
//     abs           0.0      0.0    xsimd
//     negate        0.0      0.0    the sign bit
//     sin           2.2      1.7    x - n pi/2, two minimax polynomials; beyond 6000 (double: 1e6): std
//     cos           2.3      1.8    the same
//     tan           2.0      1.8    the quotient of the two, with what rounding lost on the way
//     sinc          2.6      2.9    x - n, a minimax polynomial; exactly 0 at whole numbers and at infinity
//     tanh          2.5      2.5    e^-2|x| - 1
//     sigmoid       2.4      2.4    e^-|x|
//     softplus      2.6      2.6    e^-|x| and log1p
//     erf           2.8      1.8    two minimax polynomials, e^-x^2
//     gaussian      1.2      1.2    e^-x^2, with x^2 in twice the digits
//     gelu          4.2      4.7    the same, times a minimax polynomial
//     gelu_slope    3.3      4.2    the same
//     silu          2.7      3.0    e^-|x|
//     silu_slope    3.9      4.1    e^-|x|
//     pow           0.6      0.6    std, number by number: e^(b ln a) would lose as many digits as the result has before the point
#pragma once

#include <xgrad/core/cmath.hpp>
#include <xgrad/core/config.hpp>
#include <xgrad/core/simd.hpp>

#include <bit>
#include <concepts>
#include <cstddef>
#include <limits>
#include <numbers>

namespace xgrad::inline XGRAD_ABI::simd {

/// The polynomial with these coefficients, that of the highest power first.
template <real_vector V, std::same_as<typename V::value_type>... Rest>
XGRAD_ALWAYS_INLINE V polynomial(const V& x, typename V::value_type first, Rest... rest) {
    auto sum = V(first);
    ((sum = simd::fma(sum, x, V(rest))), ...);
    return sum;
}

namespace detail {

template <class V>
inline constexpr bool of_floats = std::same_as<typename V::value_type, float>;

/// The first of two constants for floats, the second for doubles.
template <real_vector V>
XGRAD_ALWAYS_INLINE V either(float for_floats, double for_doubles) {
    if constexpr (of_floats<V>) return V(for_floats);
    else return V(for_doubles);
}

/// x without the second half of its digits, so that the product of two such numbers is exact.
template <real_vector V>
XGRAD_ALWAYS_INLINE V first_half(const V& x) {
    using W = word<typename V::value_type>;
    constexpr auto second = of_floats<V> ? W{0xfff} : static_cast<W>(0x7ffffff);
    return from_bits<V>(simd::to_bits(x) & decltype(simd::to_bits(x))(static_cast<W>(~second)));
}

/// The single number whose vector f computes, where std has no such function.
template <class T, class F>
T single(T x, const F& f) {
    return f(batch<T>(x)).get(0);
}

/// e^x = 2^power (1 + rest), power a whole number and |rest| < 0.42.
template <real_vector V>
struct power_of_e {
    V rest, power;

    /// factor e^x: what is rounded among the subnormal numbers is the product, and that once.
    XGRAD_ALWAYS_INLINE V times(const V& factor) const { return simd::scale(simd::fma(factor, rest, factor), power); }
};

/// Of the sum of the arguments, of which all but the first are small. With ln 2 in two parts, the first of which times a
/// power is exact; e^r = 1 + r + r^2 q(r), a minimax polynomial over |r| <= ln 2 / 2.
template <real_vector V, std::same_as<V>... Added>
XGRAD_ALWAYS_INLINE power_of_e<V> split_exp(const V& x, const Added&... added) {
    const auto power = simd::nearest((x + ... + added) * either<V>(std::numbers::log2e_v<float>, std::numbers::log2e));
    const auto first = simd::fma(power, either<V>(-0.693359375f, -6.93147180369123816490e-1), x);
    const auto r = simd::fma(power, either<V>(2.12194440e-4f, -1.90821492927058770002e-10), (first + ... + added));
    const auto q = [&] {
        if constexpr (of_floats<V>)
            return simd::polynomial(r, 1.39464645e-3f, 8.36660297e-3f, 4.16662819e-2f, 0.166665428f, 0.500000006f);
        else
            return simd::polynomial(r, 2.51145243806674903e-8, 2.76263639249420976e-7, 2.75572277922573216e-6,
                              2.48015043561924623e-5, 1.98412699032117855e-4, 1.38888889324492847e-3,
                              8.33333333331450741e-3, 4.16666666665734258e-2, 0.166666666666666861, 0.500000000000000556);
    }();
    return {simd::fma(r * r, q, r), power};
}

/// x = 2^power fraction with a fraction from sqrt(1/2) to sqrt 2, of normal positive numbers.
template <real_vector V>
struct power_of_two {
    V fraction, power;

    XGRAD_ALWAYS_INLINE explicit power_of_two(const V& x) : fraction{x}, power{x} {
        using T = typename V::value_type;
        using bits = decltype(simd::to_bits(x));
        constexpr auto digits = sizeof(T) == 4 ? 23 : 52;
        constexpr auto two_to_digits = sizeof(T) == 4 ? T(8388608) : T(4503599627370496);
        constexpr auto one = std::bit_cast<word<T>>(T{1});
        constexpr auto least = std::bit_cast<word<T>>(static_cast<T>(std::numbers::sqrt2 / 2));
        const auto exponent = (simd::to_bits(x) + bits(one - least)) >> digits;
        fraction = from_bits<V>((simd::to_bits(x) + bits(one)) - (exponent << digits));
        // The whole number in the last bits of 2^23 or 2^52.
        power = from_bits<V>(exponent | bits(std::bit_cast<word<T>>(two_to_digits))) - V(two_to_digits + (sizeof(T) == 4 ? 127 : 1023));
    }
};

/// What is missing from f - f^2/2 to ln(1 + f), sqrt(1/2) <= 1 + f <= sqrt 2. With s = f / (2 + f), ln(1 + f) = 2 artanh s =
/// f - s (f - s^2 l(s^2)), in which f s is written as f^2/2 - s f^2/2, whose first part is exact enough (the method of
/// FDLIBM's log).
template <real_vector V>
XGRAD_ALWAYS_INLINE V log_of_rest(const V& f, const V& half_square) {
    const auto s = f / (V(2) + f), z = s * s;
    const auto l = [&] {
        if constexpr (of_floats<V>) return simd::polynomial(z, 0.235827133f, 0.285372811f, 0.400003356f, 0.666666656f);
        else
            return simd::polynomial(z, 0.147965857592975802, 0.153139910423269988, 0.181835664835592595, 0.222221985351593527,
                              0.285714287427209074, 0.399999999994133704, 0.666666666666673457);
    }();
    return s * simd::fma(z, l, half_square);
}

/// ln(2^power (1 + f)), sqrt(1/2) <= 1 + f <= sqrt 2.
template <real_vector V>
XGRAD_ALWAYS_INLINE V log_of(const V& power, const V& f) {
    const auto half_square = V(0.5f) * f * f;
    const auto minor = simd::fma(power, either<V>(9.0580006145e-6f, 1.90821492927058770002e-10), log_of_rest(f, half_square));
    return simd::fma(power, either<V>(6.9313812256e-1f, 6.93147180369123816490e-1), f - (half_square - minor));
}

/// ln(1 + x) where -1 < x < 2^126. What 1 + x loses counts only near zero, and there f is x itself.
template <real_vector V>
XGRAD_ALWAYS_INLINE V log1p_of(const V& x) {
    const auto sum = power_of_two(V(1) + x);
    return log_of(sum.power, simd::select(sum.power == V(0), x, sum.fraction - V(1)));
}

}  // namespace detail

// What is short is always inlined: a call takes its operand from memory, and its constants at every vector.

template <real_vector V>
XGRAD_ALWAYS_INLINE V exp(const V& x) {
    // Beyond these bounds the result is infinity or zero.
    const auto least = detail::either<V>(-104.0f, -746.0);
    const auto within = simd::at_least(simd::at_most(x, detail::either<V>(89.0f, 710.0)), least);
    return detail::split_exp(within).times(V(1));
}

/// 2 (2^(n-1) rest + (2^(n-1) - 1/2)), which overflows when the result does.
template <real_vector V>
XGRAD_ALWAYS_INLINE V expm1(const V& x) {
    const auto least = detail::either<V>(-20.0f, -40.0);
    const auto within = simd::at_least(simd::at_most(x, detail::either<V>(89.0f, 710.0)), least);
    const auto e = detail::split_exp(within);
    const auto half = simd::scale(V(0.5f), e.power);
    const auto y = V(2) * simd::fma(half, e.rest, half - V(0.5f));
    return simd::select(simd::abs(x) < detail::either<V>(1e-8f, 1e-17), x, y);
}

template <real_vector V>
XGRAD_ALWAYS_INLINE V log(const V& x) {
    using limits = std::numeric_limits<typename V::value_type>;
    const auto parts = detail::power_of_two(x);
    const auto y = detail::log_of(parts.power, parts.fraction - V(1));
    const auto rare = !((x >= V((limits::min)())) & (x <= V((limits::max)())));
    if (simd::any(rare)) [[unlikely]]
        return simd::corrected(y, x, rare, [](auto number) { return std::log(number); });
    return y;
}

template <real_vector V>
XGRAD_ALWAYS_INLINE V log1p(const V& x) {
    const auto y = simd::select(x == V(0), x, detail::log1p_of(x));
    const auto rare = !((x > V(-1)) & (x < detail::either<V>(0x1p126f, 0x1p1022)));
    if (simd::any(rare)) [[unlikely]]
        return simd::corrected(y, x, rare, [](auto number) { return std::log1p(number); });
    return y;
}

/// By way of e^-2|x| - 1, which is exact for small x and cannot overflow: tanh |x| = -d / (2 + d).
template <real_vector V>
XGRAD_ALWAYS_INLINE V tanh(const V& x) {
    const auto e = detail::split_exp(V(-2) * simd::at_most(simd::abs(x), detail::either<V>(10.0f, 20.0)));
    const auto whole = simd::scale(V(1), e.power);
    const auto d = simd::fma(whole, e.rest, whole - V(1));
    return simd::copysign(d / (V(2) + d), x);
}

template <real_vector V>
inline V pow(const V& base, const V& exponent) {
    alignas(64) typename V::value_type a[V::size], b[V::size];
    base.store_aligned(a);
    exponent.store_aligned(b);
    for (auto i = std::size_t{0}; i < V::size; ++i) a[i] = std::pow(a[i], b[i]);
    return V::load_aligned(a);
}
template <std::floating_point T>
T pow(T base, T exponent) {
    return std::pow(base, exponent);
}

// A function of a single number: the one that std has, or a lane of our own. The headers of the other families use
// these, too.
#define XGRAD_NUMBER_BY_STD(name)    \
    template <std::floating_point T> \
    T name(T x) {                    \
        return std::name(x);         \
    }
#define XGRAD_NUMBER_BY_VECTOR(name)                                           \
    template <std::floating_point T>                                           \
    T name(T x) {                                                              \
        return detail::single(x, [](const auto& v) { return simd::name(v); }); \
    }
XGRAD_NUMBER_BY_STD(exp)
XGRAD_NUMBER_BY_STD(expm1)
XGRAD_NUMBER_BY_STD(log)
XGRAD_NUMBER_BY_STD(log1p)
XGRAD_NUMBER_BY_STD(tanh)
XGRAD_NUMBER_BY_STD(sqrt)
XGRAD_NUMBER_BY_STD(abs)

template <std::integral T>
T abs(T x) {
    return x < 0 ? simd::negate(x) : x;
}

/// 1 / (1 + e^-x), by way of e^-|x|, which cannot overflow.
template <class V>
XGRAD_ALWAYS_INLINE V sigmoid(const V& x) {
    const auto e = simd::exp(simd::negate(simd::abs(x)));
    return simd::select(x < V(0), e, V(1)) / (V(1) + e);
}

/// ln(1 + e^x) = max(x, 0) + ln(1 + e^-|x|), which cannot overflow.
template <class V>
XGRAD_ALWAYS_INLINE V softplus(const V& x) {
    const auto e = simd::exp(simd::negate(simd::abs(x)));
    const auto positive = simd::select(x < V(0), V(0), x);
    if constexpr (real_vector<V>) return positive + detail::log1p_of(e);
    else return positive + std::log1p(e);
}

}  // namespace xgrad::simd
