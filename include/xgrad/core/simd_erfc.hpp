// The complement of the error function and the inverse of the error function for vectors and for single numbers; erf is
// in core/simd_normal.hpp.
//
// The largest error that was measured, as in core/simd_math.hpp:
//
//     function    float   double    made of
//     erfc          3.7      3.7    e^-x^2 times a minimax polynomial; near 0 of 1 - erf x
//     erfinv        3.2      2.2    x times minimax polynomials of -ln(1 - x^2); NaN outside of [-1, 1]
//     erfinv_slope  3.8     4.4    e^(y^2) erfc y / (1 - |x|); near 0 of e^(y^2)
#pragma once

#include <xgrad/core/config.hpp>
#include <xgrad/core/simd.hpp>
#include <xgrad/core/simd_math.hpp>
#include <xgrad/core/simd_normal.hpp>

#include <cmath>
#include <concepts>
#include <limits>

namespace xgrad::inline XGRAD_ABI::simd {

namespace detail {

/// erf x / x, |x| <= 0.475 and z = x^2.
template <real_vector V>
XGRAD_ALWAYS_INLINE V small_erf(const V& z) {
    if constexpr (of_floats<V>)
        return simd::polynomial(z, 0.00470872758f, -0.0267480263f, 0.112825813f, -0.376125871f, 1.12837916f);
    else
        return simd::polynomial(z, 1.47758931151388105e-06, -1.4849540361127952e-05, 0.000120534309338500014,
                          -0.000854829856617438208, 0.0052239773664381076, -0.0268661706311831699, 0.112837916709140534,
                          -0.376126389031831931, 1.12837916709551256);
}

/// e^(a^2) erfc a, 0.47 <= a <= 27.5: a minimax polynomial in (a - c) / (a + c), divided by a + c (Shepherd and Laframboise,
/// as in core/simd_normal.hpp).
template <real_vector V>
XGRAD_ALWAYS_INLINE V scaled_erfc(const V& a) {
    const auto center = either<V>(2.0f, 3.0), sum = a + center, t = (a - center) / sum;
    const auto p = [&] {
        if constexpr (of_floats<V>)
            return simd::polynomial(t, 0.000120696206f, 6.03270645e-05f, -0.000653461238f, -0.000846052812f, 0.00308884147f,
                              0.00648055426f, -0.0215105171f, -0.0364423207f, 0.279472088f, -0.687160683f, 1.02158271f);
        else
            return simd::polynomial(t, -6.03345571626468596e-09, -3.29012664654723713e-09, 4.77030276606188485e-08,
                              4.89151361833607445e-08, -2.31629893426601367e-07, -4.10032882532493561e-07,
                              9.98241457998672983e-07, 2.76632307823860342e-06, -4.74914322957065371e-06,
                              -1.74708376263876916e-05, 3.03981818882637747e-05, 0.000107561538502270142,
                              -0.00027677785494826184, -0.000548309698217943394, 0.00303406200250748784,
                              -0.00121241662671119164, -0.0268272346245692038, 0.11952776128726969, -0.310467261900564895,
                              0.590228357104102153, -0.883394453169883631, 1.07400690708833979);
    }();
    return p / sum;
}

/// erfinv x / x of w = -ln(1 - x^2): minimax polynomials in w and, further out, in sqrt w (the intervals are those of
/// M. Giles, "Approximating the erfinv function", GPU Computing Gems, 2011).
template <real_vector V>
XGRAD_ALWAYS_INLINE V near_erfinv(const V& w) {
    const auto t = w - either<V>(2.5f, 3.125);
    if constexpr (of_floats<V>)
        return simd::polynomial(t, -8.79046699e-09f, 2.32342148e-08f, 4.66165909e-07f, -3.46271917e-06f, -4.96333758e-06f,
                          0.000218344478f, -0.00125274189f, -0.00417738681f, 0.246640286f, 1.50140936f);
    else
        return simd::polynomial(t, 3.37527375030306261e-21, -1.00974943248390141e-21, -3.57524232614025728e-19,
                          1.14444698551754764e-18, 1.57591815978016753e-17, -1.30039882067268191e-16,
                          -4.28577431920188194e-17, 6.59471050532300002e-15, -3.99898429448237346e-14,
                          -8.11701714945963599e-14, 2.63035491320895518e-12, -1.29769578488472124e-11,
                          -5.41423911328825624e-11, 1.05121839699741763e-09, -4.11266197525707569e-09,
                          -2.90703827720307946e-08, 4.23478819074350152e-07, -1.36546918443811605e-06,
                          -1.38825233957893863e-05, 0.000186734208024258306, -0.000740702534153955534,
                          -0.00603367087142775427, 0.240158182425588257, 1.65365456268310274);
}
/// From w = 5 (double: 6.25) on.
template <real_vector V>
XGRAD_ALWAYS_INLINE V far_erfinv(const V& w) {
    const auto s = simd::sqrt(w);
    if constexpr (of_floats<V>)
        return simd::polynomial(s - V(3), 0.000115692358f, -0.000309548387f, -5.67688233e-05f, 0.0014850589f, -0.00359740568f,
                          0.00568698967f, -0.00763728938f, 0.00944528351f, 1.00167497f, 2.8329768f);
    else {
        const auto nearer = simd::polynomial(s - V(3.25), -1.61774718431216645e-08, 6.380628747602614e-10, 1.33917260278331252e-07,
                                       -2.71195533234158912e-07, -3.02395788006199185e-08, 1.49855470205937335e-06,
                                       -3.98409237624545065e-06, 2.92581962122362171e-06, 1.24644382553649204e-05,
                                       -4.73190142144369789e-05, 6.82872477514094404e-05, 2.40312628982639131e-05,
                                       -0.000355037830702438094, 0.000953289363097528891, -0.00168827553425991705,
                                       0.00249144209701729217, -0.00375120850826270603, 0.00537091455357092615,
                                       1.00525896769416567, 3.08388561049222076);
        const auto farther = simd::polynomial(s - V(5), 3.65162419931746959e-11, -2.61261309720296894e-11,
                                        -4.11459964383126225e-10, 1.5037186049063054e-09, -3.51512492097668994e-09,
                                        7.62219997162247349e-09, -1.52164995403537324e-08, 2.91422774824714684e-08,
                                        -6.75752594693474621e-08, 2.29007618095518634e-07, -9.93024146572655244e-07,
                                        4.52606183541911985e-06, -1.96817714419176978e-05, 7.59952771338171358e-05,
                                        -0.000215030119782668274, -0.000138719318341707986, 1.01030046486454461,
                                        4.84990640140858442);
        return simd::select(w < V(16), nearer, farther);
    }
}

}  // namespace detail

/// 1 - erf x, with its digits where it is small.
template <real_vector V>
inline V erfc(const V& x) {
    const auto a = simd::at_most(simd::abs(x), detail::either<V>(10.1f, 27.5));
    const auto within = simd::at_most(a, V(0.475f));
    const auto inner = V(1) - simd::copysign(within * detail::small_erf(within * within), x);
    const auto outer = detail::split_gaussian(a, 1).times(detail::scaled_erfc(a));
    return simd::select(a < V(0.475f), inner, simd::select(x < V(0), V(2) - outer, outer));
}
template <std::floating_point T>
T erfc(T x) {
    return std::erfc(x);
}

/// The number whose error function is x.
template <real_vector V>
inline V erfinv(const V& x) {
    using limits = std::numeric_limits<typename V::value_type>;
    const auto a = simd::abs(x);
    const auto parts = detail::power_of_two((V(1) - a) * (V(1) + a));
    const auto w = simd::negate(detail::log_of(parts.power, parts.fraction - V(1)));
    const auto far = w > detail::either<V>(5.0f, 6.25);
    auto factor = detail::near_erfinv(w);
    if (simd::any(far)) factor = simd::select(far, detail::far_erfinv(w), factor);
    const auto outer = simd::select(a == V(1), V(limits::infinity()), V(limits::quiet_NaN()));
    return simd::copysign(simd::select(a < V(1), a * factor, outer), x);
}
template <std::floating_point T>
T erfinv(T x) {
    return detail::single(x, [](const auto& v) { return simd::erfinv(v); });
}

/// The derivative of erfinv, sqrt(pi)/2 e^(y^2), y = erfinv x. Far out e^(y^2) has not the digits of y; there it is
/// e^(y^2) erfc y over 1 - |x|, of which the first hardly depends on y and the second is exact.
template <real_vector V>
inline V erfinv_slope(const V& x) {
    const auto a = simd::abs(x), y = simd::erfinv(a);
    const auto outer = detail::scaled_erfc(simd::at_most(y, V(27))) / (V(1) - a);
    const auto inner = simd::exp(simd::at_most(y * y, V(1)));
    return simd::select(a < V(0.5f), inner, outer) * detail::either<V>(0.886226925f, 0.88622692545275801365);
}
template <std::floating_point T>
T erfinv_slope(T x) {
    return detail::single(x, [](const auto& v) { return simd::erfinv_slope(v); });
}

}  // namespace xgrad::simd
