// Sine and cosine for vectors and for single numbers. How exact they are stands in core/simd_math.hpp.
#pragma once

#include <xgrad/core/config.hpp>
#include <xgrad/core/simd.hpp>
#include <xgrad/core/simd_math.hpp>

#include <bit>
#include <cmath>
#include <concepts>
#include <type_traits>

namespace xgrad::inline XGRAD_ABI::simd {

namespace detail {

/// x - n part - n part ..., one after the other.
template <real_vector V, std::same_as<typename V::value_type>... Parts>
XGRAD_ALWAYS_INLINE V less_parts(V x, const V& n, Parts... parts) {
    ((x = simd::fma(n, V(-parts), x)), ...);
    return x;
}

/// sin(x + quarters pi/2) for x >= 0 up to `reach`.
///
/// x = n pi/2 + r, |r| <= pi/4, with pi/2 in four parts, the first three of which times n are exact: what is left of x
/// is exact where it is small, next to the zeros. sin r and cos r are minimax polynomials. Choice and sign are made of
/// bits, so that no compiler takes them apart.
template <real_vector V>
XGRAD_ALWAYS_INLINE V sine_of(const V& x, unsigned quarters) {
    using T = typename V::value_type;
    using bits = decltype(simd::to_bits(x));
    const auto n = simd::nearest(x * either<V>(0.636619772f, 0.63661977236758134308));
    const auto r = [&] {
        if constexpr (of_floats<V>) return less_parts(x, n, 0x1.92p+0f, 0x1.fb4p-12f, 0x1.444p-24f, 0x1.68c234p-39f);
        else return less_parts(x, n, 0x1.921fb544p+0, 0x1.0b4611a6p-34, 0x1.3198a2ep-69, 0x1.b839a252049c1p-104);
    }();
    const auto z = r * r;
    const auto sine = [&] {
        if constexpr (of_floats<V>) return simd::polynomial(z, -1.95169774e-4f, 8.33217585e-3f, -0.166666549f);
        else
            return simd::polynomial(z, 1.58966661948215710e-10, -2.50507559579173251e-8, 2.75573136786612111e-6,
                              -1.98412698297712380e-4, 8.33333333332237026e-3, -0.166666666666666319);
    }();
    const auto cosine = [&] {
        if constexpr (of_floats<V>) return simd::polynomial(z, 2.44381032e-5f, -1.38873646e-3f, 4.16666468e-2f);
        else
            return simd::polynomial(z, -1.13595593543887135e-11, 2.08757216250563431e-9, -2.75573143406760443e-7,
                              2.48015872894435602e-5, -1.38888888888740650e-3, 4.16666666666665992e-2);
    }();
    const auto sin_r = simd::to_bits(simd::fma(r * z, sine, r));
    const auto cos_r = simd::to_bits(simd::fma(z * z, cosine, simd::fma(z, V(-0.5f), V(1))));
    // n + quarters in the last bits of a number that has 2^23 or 2^52 as its exponent.
    constexpr auto whole = sizeof(T) == 4 ? T(8388608) : T(4503599627370496);
    const auto quadrant = simd::to_bits(n + V(whole + static_cast<T>(quarters)));
    const auto odd = bits(word<T>{0}) - (quadrant & bits(word<T>{1}));
    const auto sign = (quadrant & bits(word<T>{2})) << (sizeof(T) == 4 ? 30 : 62);
    return from_bits<V>(((cos_r & odd) | (sin_r & ~odd)) ^ sign);
}

/// How far n times the parts of pi/2 is exact.
template <real_vector V>
XGRAD_ALWAYS_INLINE V reach() {
    return either<V>(6000.0f, 1e6);
}

}  // namespace detail

template <real_vector V>
inline V sin(const V& x) {
    const auto size = simd::abs(x);
    const auto rare = !(size <= detail::reach<V>());
    const auto y = detail::sine_of(size, 0);
    const auto signed_y = from_bits<V>(simd::to_bits(y) ^ (simd::to_bits(x) ^ simd::to_bits(size)));
    if (simd::any(rare)) [[unlikely]]
        return simd::corrected(signed_y, x, rare, [](auto number) { return std::sin(number); });
    return signed_y;
}
template <std::floating_point T>
T sin(T x) {
    return std::sin(x);
}

template <real_vector V>
inline V cos(const V& x) {
    const auto size = simd::abs(x);
    const auto rare = !(size <= detail::reach<V>());
    const auto y = detail::sine_of(size, 1);
    if (simd::any(rare)) [[unlikely]]
        return simd::corrected(y, x, rare, [](auto number) { return std::cos(number); });
    return y;
}
template <std::floating_point T>
T cos(T x) {
    return std::cos(x);
}

}  // namespace xgrad::simd
