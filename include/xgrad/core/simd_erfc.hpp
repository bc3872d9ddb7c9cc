// The complement of the error function and the inverse of the error function for vectors and for single numbers; erf is
// in core/simd_normal.hpp.
//
// The largest error that was measured, as in core/simd_math.hpp:
//
//     function      float   double    made of
//     erfc          4.0      3.4    e^-x^2 times a minimax polynomial; near 0 of 1 - erf x
//     erfinv        3.4      2.4    x times minimax polynomials of -ln(1 - x^2); NaN outside of [-1, 1]
//     erfinv_slope  4.5      4.6    e^(y^2) erfc y / (1 - |x|); near 0 of e^(y^2)
//
// PyTorch 1.13's derivative of erfinv, e^(y^2), is 1971 units off at 1 - 2^-24.
#pragma once

#include <xgrad/core/cmath.hpp>
#include <xgrad/core/config.hpp>
#include <xgrad/core/simd.hpp>
#include <xgrad/core/simd_math.hpp>
#include <xgrad/core/simd_normal.hpp>

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

/// e^(a^2) erfc a, 0.47 <= a <= 27.5: a minimax polynomial in (a - c) / (a + c), divided by a + 5/8 (after Shepherd and
/// Laframboise, as in core/simd_normal.hpp). The product with a + 5/8 is nearly constant, so that the polynomial rounds little.
template <real_vector V>
XGRAD_ALWAYS_INLINE V scaled_erfc(const V& a) {
    const auto center = either<V>(2.0f, 3.0), t = (a - center) / (a + center);
    const auto p = [&] {
        if constexpr (of_floats<V>)
            return simd::polynomial(t, 0.000111625371f, -0.000139072434f, -0.000730488201f, 0.00048794085f,
                              0.00425821685f, -0.00313805446f, -0.0266437736f, 0.0721530141f, -0.0528079068f,
                              -0.0997801381f, 0.67041365f);
        else
            return simd::polynomial(t, -6.95886188622287457e-09, 1.00425361699823124e-08, 5.38482471168615783e-08,
                              -5.36302495331108583e-08, -3.09085386199533661e-07, 1.41429709649938803e-07,
                              1.70272349429603771e-06, -2.05928535305989935e-07, -9.78672328926554306e-06,
                              1.47657438231091976e-06, 6.09425086010657838e-05, -4.457266905517537e-05,
                              -0.000384259290865253563, 0.00086971241770832596, 0.00135316421973155068,
                              -0.0113516154164711655, 0.0311049512567736566, -0.0506786020579521254,
                              0.0460580872887929246, 0.00691932803731663913, -0.108589748067670314, 0.648879173032538614);
    }();
    return p / (a + V(0.625f));
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
    const auto distant = w > detail::either<V>(5.0f, 6.25);
    auto factor = detail::near_erfinv(w);
    if (simd::any(distant)) factor = simd::select(distant, detail::far_erfinv(w), factor);
    const auto outer = simd::select(a == V(1), V(limits::infinity()), V(limits::quiet_NaN()));
    return simd::copysign(simd::select(a < V(1), a * factor, outer), x);
}
XGRAD_NUMBER_BY_VECTOR(erfinv)

/// The derivative of erfinv, sqrt(pi)/2 e^(y^2), y = erfinv x. Far out e^(y^2) has not the digits of y; there it is
/// e^(y^2) erfc y over 1 - |x|, of which the first hardly depends on y and the second is exact.
template <real_vector V>
inline V erfinv_slope(const V& x) {
    const auto a = simd::abs(x), y = simd::erfinv(a);
    const auto outer = detail::scaled_erfc(simd::at_most(y, V(27))) / (V(1) - a);
    const auto inner = simd::exp(simd::at_most(y * y, V(1)));
    return simd::select(a < V(0.5f), inner, outer) * detail::either<V>(0.886226925f, 0.88622692545275801365);
}
XGRAD_NUMBER_BY_VECTOR(erfinv_slope)

}  // namespace xgrad::simd
