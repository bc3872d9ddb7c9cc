// Sine, cosine, tangent and sinc for vectors and for single numbers. How exact they are stands in core/simd_math.hpp.
#pragma once

#include <xgrad/core/cmath.hpp>
#include <xgrad/core/config.hpp>
#include <xgrad/core/simd.hpp>
#include <xgrad/core/simd_math.hpp>

#include <concepts>
#include <utility>

namespace xgrad::inline XGRAD_ABI::simd {

namespace detail {

/// The last bits of a whole number n, 0 <= n <= 2^22 (double: 2^51): those of 2^23 + n (2^52 + n).
template <real_vector V>
XGRAD_ALWAYS_INLINE auto whole_bits(const V& n) {
    return simd::to_bits(n + either<V>(8388608.0f, 4503599627370496.0));
}

/// x = n pi/2 + r + rest for 0 <= x <= `reach`, |r| <= pi/4, with what polynomials say of the sine and the cosine of r.
///
/// pi/2 is in four parts, the first three of which times n are exact: what is left of x is exact where it is small, next
/// to the zeros; elsewhere `rest` is what r has lost by rounding. The polynomials are minimax.
template <real_vector V>
struct quarter_turns {
    V n, r, rest, z, sine_part, cosine_part;

    XGRAD_ALWAYS_INLINE explicit quarter_turns(const V& x)
        : n{simd::nearest(x * either<V>(0.636619772f, 0.63661977236758134308))}, r{x}, rest(0) {
        if constexpr (of_floats<V>) take(0x1.92p+0f, 0x1.fb4p-12f, 0x1.444p-24f, 0x1.68c234p-39f);
        else take(0x1.921fb544p+0, 0x1.0b4611a6p-34, 0x1.3198a2ep-69, 0x1.b839a252049c1p-104);
        z = r * r;
        if constexpr (of_floats<V>) {
            sine_part = simd::polynomial(z, -1.95169774e-4f, 8.33217585e-3f, -0.166666549f);
            cosine_part = simd::polynomial(z, 2.44381032e-5f, -1.38873646e-3f, 4.16666468e-2f);
        } else {
            sine_part = simd::polynomial(z, 1.58966661948215710e-10, -2.50507559579173251e-8, 2.75573136786612111e-6,
                                         -1.98412698297712380e-4, 8.33333333332237026e-3, -0.166666666666666319);
            cosine_part = simd::polynomial(z, -1.13595593543887135e-11, 2.08757216250563431e-9, -2.75573143406760443e-7,
                                           2.48015872894435602e-5, -1.38888888888740650e-3, 4.16666666666665992e-2);
        }
    }

    XGRAD_ALWAYS_INLINE V sine() const { return simd::fma(r * z, sine_part, r); }
    XGRAD_ALWAYS_INLINE V cosine() const { return simd::fma(z * z, cosine_part, simd::fma(z, V(-0.5f), V(1))); }

private:
    /// r - n part - n part ..., one after the other.
    template <std::same_as<typename V::value_type>... Parts>
    XGRAD_ALWAYS_INLINE void take(Parts... parts) {
        (take_one(parts), ...);
    }
    XGRAD_ALWAYS_INLINE void take_one(typename V::value_type part) {
        const auto before = std::exchange(r, simd::fma(n, V(-part), r));
        rest = rest + simd::fma(n, V(-part), before - r);
    }
};

/// All bits of the lanes whose last bit is set.
template <class Bits>
XGRAD_ALWAYS_INLINE Bits odd_lanes(const Bits& x) {
    using W = typename Bits::value_type;
    return Bits(W{0}) - (x & Bits(W{1}));
}

/// The bits of a where those of `lanes` are set, of b elsewhere: so that no compiler takes the choice apart.
template <real_vector V, class Bits>
XGRAD_ALWAYS_INLINE Bits chosen(const Bits& lanes, const V& a, const V& b) {
    return (simd::to_bits(a) & lanes) | (simd::to_bits(b) & ~lanes);
}

/// sin(x + quarters pi/2) for x >= 0 up to `reach`.
template <real_vector V>
XGRAD_ALWAYS_INLINE V sine_of(const V& x, unsigned quarters) {
    using T = typename V::value_type;
    using bits = decltype(simd::to_bits(x));
    const auto turned = quarter_turns<V>(x);
    const auto quadrant = whole_bits(turned.n + V(static_cast<T>(quarters)));
    const auto odd = odd_lanes(quadrant);
    const auto sign = (quadrant & bits(word<T>{2})) << (sizeof(T) == 4 ? 30 : 62);
    return from_bits<V>(chosen(odd, turned.cosine(), turned.sine()) ^ sign);
}

/// tan x for x >= 0 up to `reach`: where n is even the sine divided by the cosine, where it is odd the cosine by -sine; with
/// what sine, cosine and quotient have lost by rounding, since the derivative has the error twice.
template <real_vector V>
XGRAD_ALWAYS_INLINE V tangent_of(const V& x) {
    const auto turned = quarter_turns<V>(x);
    const auto beside_r = simd::fma(turned.r * turned.z, turned.sine_part, turned.rest);
    const auto beside_one = simd::fma(turned.z * turned.z, turned.cosine_part, turned.z * V(-0.5f));
    const auto sine = turned.r + beside_r, cosine = V(1) + beside_one;
    const auto sine_rest = (turned.r - sine) + beside_r, cosine_rest = (V(1) - cosine) + beside_one;
    const auto odd = odd_lanes(whole_bits(turned.n));
    const auto either_of = [&odd](const V& a, const V& b) { return from_bits<V>(chosen(odd, a, b)); };
    const auto above = either_of(-cosine, sine), below = either_of(sine, cosine);
    const auto y = above / below;
    const auto lost = simd::fma(-y, below, above) + simd::fma(-y, either_of(sine_rest, cosine_rest), either_of(-cosine_rest, sine_rest));
    return y + lost / below;
}

/// How far n times the parts of pi/2 is exact.
template <real_vector V>
XGRAD_ALWAYS_INLINE V reach() {
    return either<V>(6000.0f, 1e6);
}

/// x = n + r, n the nearest whole number and |r| <= 1/2, both exact, for x >= 0. Where there is no fraction any more, at
/// infinity and at NaN, both are 0: that number is even.
template <real_vector V>
struct half_turns {
    V r, n;

    XGRAD_ALWAYS_INLINE explicit half_turns(V x) : r{x}, n{x} {
        x = simd::select(x < either<V>(16777216.0f, 9007199254740992.0), x, V(0));
        // `nearest` reaches to 2^31. Multiples of 2^30 are even.
        if constexpr (!of_floats<V>) x = simd::fma(simd::nearest(x * V(0x1p-30)), V(-0x1p30), x);
        n = simd::nearest(x);
        r = x - n;
        n = simd::abs(n);
    }
};

/// sin(pi r) / (pi r), of |r| <= 1/2 and z = r^2: a minimax polynomial.
template <real_vector V>
XGRAD_ALWAYS_INLINE V sinc_of(const V& z) {
    if constexpr (of_floats<V>)
        return simd::polynomial(z, 0.0247245134f, -0.190447159f, 0.81171638f, -1.64493336f, 1.0f);
    else
        return simd::polynomial(z, 2.44990289610333046e-07, -6.9720647183994521e-06, 0.000148427829458079038,
                          -0.00234608089357934155, 0.026147847805439578, -0.190751824121500047, 0.811742425283340063,
                          -1.64493406684822641, 1.0);
}

}  // namespace detail

template <real_vector V>
XGRAD_ALWAYS_INLINE V sin(const V& x) {
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
XGRAD_ALWAYS_INLINE V cos(const V& x) {
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

template <real_vector V>
inline V tan(const V& x) {
    const auto size = simd::abs(x);
    const auto rare = !(size <= detail::reach<V>());
    const auto y = detail::tangent_of(size);
    const auto signed_y = from_bits<V>(simd::to_bits(y) ^ (simd::to_bits(x) ^ simd::to_bits(size)));
    if (simd::any(rare)) [[unlikely]]
        return simd::corrected(signed_y, x, rare, [](auto number) { return std::tan(number); });
    return signed_y;
}
template <std::floating_point T>
T tan(T x) {
    return std::tan(x);
}

/// sin(pi x) / (pi x), and 1 at 0: exactly 0 at every other whole number and at the infinities. With x = n + r it is
/// (-1)^n (r / x) sin(pi r) / (pi r).
template <real_vector V>
inline V sinc(const V& x) {
    const auto a = simd::abs(x);
    const auto turned = detail::half_turns<V>(a);
    const auto odd = detail::odd_lanes(detail::whole_bits(turned.n));
    const auto sign = odd & decltype(odd)(sign_bit<typename V::value_type>);
    const auto ratio = simd::select(turned.r == a, V(1), turned.r / a);
    return from_bits<V>(simd::to_bits(ratio * detail::sinc_of(turned.r * turned.r)) ^ sign);
}
XGRAD_NUMBER_BY_VECTOR(sinc)

}  // namespace xgrad::simd
