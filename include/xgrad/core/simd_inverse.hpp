// The inverse trigonometric functions for vectors and for single numbers, which are std's. Outside of [-1, 1], asin and
// acos are NaN.
//
// The largest error that was measured, as in core/simd_math.hpp:
//
//     function    float   double    made of
//     asin          2.4      2.2    a minimax polynomial; beyond 1/2 of sqrt((1 - |x|) / 2)
//     acos          1.2      1.2    the same
//     atan          2.1      2.2    a minimax polynomial of 1 / |x|, or of (|x| - 1) / (|x| + 1)
//     atan2         2.0      2.2    the same
#pragma once

#include <xgrad/core/cmath.hpp>
#include <xgrad/core/config.hpp>
#include <xgrad/core/simd.hpp>
#include <xgrad/core/simd_math.hpp>

#include <concepts>
#include <limits>

namespace xgrad::inline XGRAD_ABI::simd {

namespace detail {

/// pi/2 is the sum of the two.
template <real_vector V>
XGRAD_ALWAYS_INLINE V quarter_turn() {
    return either<V>(0x1.921fb6p+0f, 0x1.921fb54442d18p+0);
}
template <real_vector V>
XGRAD_ALWAYS_INLINE V quarter_turn_rest() {
    return either<V>(-0x1.777a5cp-25f, 0x1.1a62633145c07p-54);
}

/// Of a >= 0: asin a where a <= 1/2. Beyond it asin(sqrt((1 - a) / 2)), which is half of acos a.
template <real_vector V>
struct arc {
    typename V::batch_bool_type beyond;
    V size;

    // Parentheses: of braces, xsimd 8.1 makes a mask out of lanes.
    XGRAD_ALWAYS_INLINE explicit arc(const V& a) : beyond(a > V(0.5f)), size{a} {
        const auto z = simd::select(beyond, V(0.5f) - V(0.5f) * a, a * a), s = simd::select(beyond, simd::sqrt(z), a);
        const auto p = [&] {
            if constexpr (of_floats<V>)
                return simd::polynomial(z, 0.0421777923f, 0.0241732445f, 0.0454715339f, 0.0749528948f, 0.166667526f);
            else
                return simd::polynomial(z, 0.0319349331342350384, -0.0162567719924659009, 0.0195486278117895894,
                                  0.00652067240323328436, 0.0121708666362236578, 0.0138849888409229242,
                                  0.0173597291387291019, 0.0223717564769548745, 0.0303819592006210025,
                                  0.0446428568268373016, 0.0750000000033875236, 0.166666666666654029);
        }();
        size = simd::fma(s * z, p, s);
    }
};

/// atan(a / b), 0 <= a <= b and b > 0: beyond tan(pi/8) it is pi/4 + atan((a - b) / (a + b)). a + b may not overflow.
template <real_vector V>
XGRAD_ALWAYS_INLINE V atan_of(const V& a, const V& b) {
    const auto beyond = a > b * V(0.414213562f);
    const auto t = simd::select(beyond, a - b, a) / simd::select(beyond, a + b, b), z = t * t;
    const auto p = [&] {
        if constexpr (of_floats<V>)
            return simd::polynomial(z, -0.0607650471f, 0.105931668f, -0.142434503f, 0.199984674f, -0.333333151f);
        else
            return simd::polynomial(z, -0.0178938897779407254, 0.0380521465287326915, -0.0503880497092589821,
                              0.0584777559714276252, -0.0666308798011048392, 0.0769205875632217734, -0.090908976728271973,
                              0.111111107803930576, -0.14285714280132672, 0.199999999999529249, -0.333333333333331927);
    }();
    const auto y = simd::fma(t * z, p, t);
    return simd::select(beyond, (y + V(0.5f) * quarter_turn_rest<V>()) + V(0.5f) * quarter_turn<V>(), y);
}

}  // namespace detail

template <real_vector V>
inline V asin(const V& x) {
    const auto half = detail::arc<V>(simd::abs(x));
    const auto other = detail::quarter_turn<V>() - (V(2) * half.size - detail::quarter_turn_rest<V>());
    return simd::copysign(simd::select(half.beyond, other, half.size), x);
}

template <real_vector V>
inline V acos(const V& x) {
    const auto half = detail::arc<V>(simd::abs(x));
    const auto quarter = detail::quarter_turn<V>(), rest = detail::quarter_turn_rest<V>();
    const auto inner = quarter - (simd::copysign(half.size, x) - rest);
    const auto outer = simd::select(x < V(0), quarter - (half.size - rest), half.size);
    return simd::select(half.beyond, V(2) * outer, inner);
}

template <real_vector V>
inline V atan(const V& x) {
    const auto a = simd::abs(x);
    const auto large = a > V(1);
    const auto y = detail::atan_of(simd::select(large, V(1), a), simd::select(large, a, V(1)));
    return simd::copysign(simd::select(large, detail::quarter_turn<V>() - (y - detail::quarter_turn_rest<V>()), y), x);
}

/// The angle of the point (x, y), from -pi to pi; as in C's library where both are zero or infinite.
template <real_vector V>
inline V atan2(const V& y, const V& x) {
    using limits = std::numeric_limits<typename V::value_type>;
    const auto height = simd::abs(y), width = simd::abs(x);
    const auto steep = height > width;
    auto a = simd::select(steep, width, height), b = simd::select(steep, height, width);
    // Of two infinite numbers the ratio is one, of two zeros it is zero; and a + b may not overflow.
    const auto infinite = (a > V((limits::max)())) & (b > V((limits::max)()));
    // And where both are subnormal, what they are compared by would have few digits.
    const auto tiny = b < detail::either<V>(0x1p-100f, 0x1p-900);
    const auto factor = simd::select(b > V((limits::max)() / 4), V(0.25f), simd::select(tiny, detail::either<V>(0x1p30f, 0x1p60), V(1)));
    a = simd::select(infinite, V(1), a * factor);
    b = simd::select(infinite | (b == V(0)), V(1), b * factor);
    const auto angle = detail::atan_of(a, b);
    // pi/2 - angle or pi - angle: quarters pi/2 - sign angle.
    const auto left = simd::copysign(V(1), x);
    const auto sign = simd::select(steep, simd::negate(left), left);
    const auto quarters = simd::select(steep, V(1), V(1) - left);
    const auto turned = quarters * detail::quarter_turn<V>() + (sign * angle + quarters * detail::quarter_turn_rest<V>());
    return simd::copysign(simd::select(quarters == V(0), angle, turned), y);
}
template <std::floating_point T>
T atan2(T y, T x) {
    return std::atan2(y, x);
}

XGRAD_NUMBER_BY_STD(asin)
XGRAD_NUMBER_BY_STD(acos)
XGRAD_NUMBER_BY_STD(atan)

}  // namespace xgrad::simd
