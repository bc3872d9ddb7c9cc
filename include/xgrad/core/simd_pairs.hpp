// The hypotenuse and the remainders of a division for vectors and for single numbers. atan2 is in core/simd_inverse.hpp,
// pow in core/simd_math.hpp.
//
// The largest error that was measured, as in core/simd_math.hpp:
//
//     function    float   double    made of
//     hypot         1.2      1.2    sqrt(x^2 + y^2), of numbers that are brought near 1 by a power of two
//     fmod          0.0      0.0    exact; where the quotient has more digits than a number, or without fused multiply-add: std
//     remainder     0.5      0.5    fmod, and one addition
#pragma once

#include <xgrad/core/cmath.hpp>
#include <xgrad/core/config.hpp>
#include <xgrad/core/simd.hpp>
#include <xgrad/core/simd_math.hpp>

#include <concepts>
#include <cstddef>
#include <limits>

namespace xgrad::inline XGRAD_ABI::simd {

/// sqrt(x^2 + y^2), which neither overflows nor underflows on its way; infinite where one of both is, even beside NaN.
template <real_vector V>
inline V hypot(const V& x, const V& y) {
    using limits = std::numeric_limits<typename V::value_type>;
    const auto a = simd::abs(x), b = simd::abs(y);
    const auto most = simd::select(a > b, a, b);
    // Squares of what is within the bounds are normal numbers, as far as they count, and so is their sum.
    const auto huge = most > detail::either<V>(0x1p62f, 0x1p510), tiny = most < detail::either<V>(0x1p-50f, 0x1p-450);
    const auto factor = simd::select(huge, detail::either<V>(0x1p-70f, 0x1p-600),
                                     simd::select(tiny, detail::either<V>(0x1p100f, 0x1p600), V(1)));
    const auto back = simd::select(huge, detail::either<V>(0x1p70f, 0x1p600),
                                   simd::select(tiny, detail::either<V>(0x1p-100f, 0x1p-600), V(1)));
    const auto p = a * factor, q = b * factor;
    const auto infinite = (a > V((limits::max)())) | (b > V((limits::max)()));
    return simd::select(infinite, V(limits::infinity()), simd::sqrt(simd::fma(p, p, q * q)) * back);
}
template <std::floating_point T>
T hypot(T x, T y) {
    return std::hypot(x, y);
}

namespace detail {

/// std::fmod in the lanes in which `rare` holds, y elsewhere.
template <real_vector V>
XGRAD_NOINLINE V fmod_in(const V& y, const V& a, const V& b, const typename V::batch_bool_type& rare) {
    alignas(64) typename V::value_type values[V::size], dividends[V::size], divisors[V::size], chosen[V::size];
    y.store_aligned(values);
    a.store_aligned(dividends);
    b.store_aligned(divisors);
    simd::select(rare, V(1), V(0)).store_aligned(chosen);
    for (auto i = std::size_t{0}; i < V::size; ++i)
        if (chosen[i] != 0) values[i] = std::fmod(dividends[i], divisors[i]);
    return V::load_aligned(values);
}

}  // namespace detail

/// a - q b, where q is a / b without what is behind the point: exact, smaller than |b|, and of the sign of a.
template <real_vector V>
inline V fmod(const V& a, const V& b) {
    if constexpr (!simd::fuses) return detail::fmod_in(a, a, b, a == a);
    else {
        // What is left beside the nearest quotient is less than |b| and a multiple of the last digit of one of both: without a
        // rounded product it is exact, and so is the sum that brings it to the side of a.
        using limits = std::numeric_limits<typename V::value_type>;
        const auto dividend = simd::abs(a), divisor = simd::abs(b);
        const auto quotient = simd::nearest(dividend / divisor);
        const auto rest = simd::fma(simd::negate(quotient), divisor, dividend);
        const auto y = simd::copysign(simd::select(rest < V(0), rest + divisor, rest), a);
        const auto rare = !((quotient < detail::either<V>(0x1p24f, 0x1p53)) & (divisor <= V((limits::max)())));
        if (simd::any(rare)) [[unlikely]]
            return detail::fmod_in(y, a, b, rare);
        return y;
    }
}
template <std::floating_point T>
T fmod(T a, T b) {
    return std::fmod(a, b);
}

/// a - q b, where q is a / b rounded down: of the sign of b, also where it is zero. (Python's %, PyTorch's remainder; not
/// std::remainder, whose quotient is the nearest.)
template <class V>
inline V remainder(const V& a, const V& b) {
    const auto rest = simd::fmod(a, b);
    const auto turned = [&] {
        if constexpr (real_vector<V>) return simd::copysign(rest, b);
        else return std::copysign(rest, b);
    }();
    return simd::select((rest == V(0)) | (turned == rest), turned, rest + b);
}

}  // namespace xgrad::simd
