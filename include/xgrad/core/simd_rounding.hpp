// Rounding to whole numbers for vectors and for single numbers: exact, and with the sign of x where the result is zero.
#pragma once

#include <xgrad/core/cmath.hpp>
#include <xgrad/core/config.hpp>
#include <xgrad/core/simd.hpp>
#include <xgrad/core/simd_math.hpp>

#include <concepts>

namespace xgrad::inline XGRAD_ABI::simd {

/// The nearest whole number, of two the even one.
template <real_vector V>
inline V round(const V& x) {
    // `nearest` reaches to 2^31. Floats of that size are whole numbers, doubles are from 2^52 on.
    const auto rare = !(simd::abs(x) < V(0x1p31f));
    const auto y = simd::copysign(simd::nearest(simd::select(rare, V(0), x)), x);
    if constexpr (detail::of_floats<V>) return simd::select(rare, x, y);
    else if (simd::any(rare)) [[unlikely]]
        return simd::corrected(y, x, rare, [](auto number) { return std::nearbyint(number); });
    return y;
}
template <std::floating_point T>
T round(T x) {
    return std::nearbyint(x);
}

/// The largest whole number that is at most x.
template <real_vector V>
inline V floor(const V& x) {
    const auto y = simd::round(x);
    return simd::select(y > x, y - V(1), y);
}
template <std::floating_point T>
T floor(T x) {
    return std::floor(x);
}

/// The smallest whole number that is at least x.
template <class V>
inline V ceil(const V& x) {
    return simd::negate(simd::floor(V(simd::negate(x))));
}

/// x without what is behind the point.
template <real_vector V>
inline V trunc(const V& x) {
    return simd::copysign(simd::floor(simd::abs(x)), x);
}
template <std::floating_point T>
T trunc(T x) {
    return std::trunc(x);
}

/// -1, 0 or 1 by the sign of x; zeros and NaN are themselves.
template <class V>
inline V sign(const V& x) {
    return simd::select(x > V(0), V(1), simd::select(x < V(0), V(-1), x));
}

}  // namespace xgrad::simd
