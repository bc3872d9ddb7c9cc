// The logarithm of |Gamma| and its first two derivatives for vectors and for single numbers, which are computed as vectors
// are (std's lgamma writes the sign of Gamma into a variable that all threads share). Further derivatives are in
// core/polygamma.hpp.
//
// The largest error that was measured, as in core/simd_math.hpp:
//
//     function    float   double    made of
//     lgamma        3.8      3.4    ln and a minimax polynomial about 2; from 4.25 on Stirling's series
//     digamma       3.1      2.9    a minimax polynomial about the zero in [1, 2.25]; from 3 on ln and the series for large x
//     trigamma      3.3      3.0    the series for large x from 3 on; 1 / x^2 + 1 / (x + 1)^2 + ... below
//
// These hold next to the zeros of positive numbers, too (lgamma: 1 and 2, digamma: 1.4616...). Between negative whole numbers
// lgamma and digamma have zeros at which two terms cancel; there the unit is that of the larger term, of lgamma at least that
// of 1/2. As in C, lgamma is infinite at negative whole numbers; digamma is NaN there, as its sign is not the same on both
// sides, and trigamma infinite.
//
// The series are minimax polynomials in 1 / x^2; their form is that of Abramowitz and Stegun, 6.1.41, 6.3.18 and 6.4.12.
#pragma once

#include <xgrad/core/config.hpp>
#include <xgrad/core/simd.hpp>
#include <xgrad/core/simd_math.hpp>
#include <xgrad/core/simd_trigonometric.hpp>

#include <limits>

namespace xgrad::inline XGRAD_ABI::simd {

namespace detail {

/// lgamma(2 + d), -3/4 <= d <= 1/4: with the zeros at d = 0 and d = -1 taken out it is d (1 + d) times a minimax polynomial.
template <real_vector V>
XGRAD_ALWAYS_INLINE V lgamma_about_two(const V& d) {
    const auto p = [&] {
        if constexpr (of_floats<V>)
            return simd::polynomial(d, -0.000344744388f, -0.000125979951f, -0.000520788252f, 0.000928290596f, -0.00209257264f,
                              0.004999777f, -0.0123847689f, 0.0329649523f, -0.100317296f, 0.422784335f);
        else
            return simd::polynomial(d, -8.38385842771783053e-07, -2.47641965699057863e-06, -3.90085755275599423e-06,
                              -2.3847652946995731e-06, -1.75856774122024589e-06, 1.9650235119705567e-06,
                              -3.61969501501035928e-06, 8.27336903405925881e-06, -1.76736434645596285e-05,
                              3.81622536365036369e-05, -8.30953142656379301e-05, 0.000182552958012800271,
                              -0.000405707363368532526, 0.000915376914991913805, -0.00210813083499292262,
                              0.00499864116477575018, -0.0123841921933598841, 0.0329650006211554755,
                              -0.100317301674353959, 0.422784335098467134);
    }();
    return (d * (V(1) + d)) * p;
}

/// What is left of lgamma x beside (x - 1/2) (ln x - 1), of u = 1 / x, x >= 4.25: ln(2 pi) / 2 - 1/2 + u p(u^2).
template <real_vector V>
XGRAD_ALWAYS_INLINE V stirling_rest(const V& u) {
    const auto z = u * u;
    const auto p = [&] {
        if constexpr (of_floats<V>) return simd::polynomial(z, 0.000732325925f, -0.00277567506f, 0.0833333113f);
        else
            return simd::polynomial(z, -0.008930921136335878, 0.00479792907745814172, -0.00183732014865659239,
                              0.000839252820257745157, -0.00059519063653935497, 0.000793650276145891763,
                              -0.00277777777493825977, 0.0833333333333276943);
    }();
    return simd::fma(u, p, either<V>(0.418938533f, 0.418938533204672742));
}

/// lgamma of x >= -1/2. With n the whole number before x + 3/4 and d = x - n: of n = 3 and 4 it is
/// lgamma(2 + d) + ln((x - 1) ...), of n = 1 and 0 it is lgamma(2 + d) - ln|x (x + 1) ...|, which cancel little: near the
/// zero at 1 the logarithm is exact, and n = 2 begins below 1.28, from where on it would have more digits than the result.
template <real_vector V>
XGRAD_ALWAYS_INLINE V upper_lgamma(const V& x) {
    const auto large = x >= V(4.25f);
    const auto within = simd::select(large, V(2), x), n = simd::nearest(within + V(0.25f));
    const auto below = n < V(2);
    const auto one = simd::select(below, within, simd::select(n > V(2), within - V(1), V(1)));
    const auto other = simd::select(n < V(1), within + V(1), simd::select(n > V(3), within - V(2), V(1)));
    const auto log = simd::log(simd::select(large, x, simd::abs(one * other)));
    const auto lesser = lgamma_about_two(within - n) + simd::select(below, simd::negate(log), log);
    return simd::select(large, simd::fma(x - V(0.5f), log - V(1), stirling_rest(V(1) / x)), lesser);
}

/// ln(sin(pi r) / (pi r)), |r| <= 1/2 and z = r^2: z times a minimax polynomial.
template <real_vector V>
XGRAD_ALWAYS_INLINE V log_sinc(const V& z) {
    if constexpr (of_floats<V>)
        return z * simd::polynomial(z, -0.380640851f, -0.115097419f, -0.266422089f, -0.337746085f, -0.54121673f,
                              -1.64493333f);
    else
        return z * simd::polynomial(z, -0.466496420985248406, 0.317802250671973208, -0.302371098882230682,
                              -0.0309292364577302969, -0.126181511289361448, -0.122733383470405855, -0.143103619160374174,
                              -0.166690486250479997, -0.200199751389343039, -0.251019312989228305, -0.33911435447277094,
                              -0.541161616851159821, -1.64493406684824062);
}

/// pi cot(pi r) - 1 / r, |r| <= 1/2: a minimax polynomial.
template <real_vector V>
XGRAD_ALWAYS_INLINE V cotangent_rest(const V& r) {
    const auto z = r * r;
    if constexpr (of_floats<V>)
        return negate(r * simd::polynomial(z, 5.72037747f, 0.304419721f, 2.36049914f, 1.96898913f, 2.03684583f, 2.1645944f,
                                     3.2898685f));
    else
        return negate(r * simd::polynomial(z, 17.3550361089142413, -16.4396969894946032, 13.2890959267348574,
                                     -2.3275795399374779, 3.12798791297132928, 1.79212941302264439, 2.02755642888781429,
                                     1.99739868100476681, 2.00030198004237336, 2.00048363104531468, 2.00198942317581841,
                                     2.00815470689881126, 2.03468612403174864, 2.16464646742194011, 3.28986813369645326));
}

/// (pi / sin(pi r))^2 - 1 / z, z = r^2 <= 1/4: a minimax polynomial.
template <real_vector V>
XGRAD_ALWAYS_INLINE V cosecant_rest(const V& z) {
    if constexpr (of_floats<V>)
        return simd::polynomial(z, 107.443039f, -13.3950626f, 31.3653442f, 16.8357528f, 14.1365704f, 10.170833f, 6.49397158f,
                          3.28986807f);
    else
        return simd::polynomial(z, 669.670481446850204, -713.808409851954366, 550.5264563939553, -150.176347598795502,
                          101.07240635754539, 31.2269246523068205, 39.5272269744299862, 33.8424737631695862,
                          30.0122336475545204, 26.0009673811146413, 22.0054367587121362, 18.0179018050294388,
                          14.0570829946831939, 10.1734306197844813, 6.49393940226700916, 3.28986813369645281);
}

/// digamma x, 1 <= x <= 2.25: the distance from the zero, which is in two parts, times a minimax polynomial in it.
template <real_vector V>
XGRAD_ALWAYS_INLINE V digamma_about_zero(const V& x) {
    const auto d = (x - either<V>(0x1.762d86p+0f, 0x1.762d86356be3fp+0)) - either<V>(0x1.ab5f2p-27f, 0x1.b86a722197829p-54);
    if constexpr (of_floats<V>)
        return d * simd::polynomial(d, -0.00332267043f, 0.0112397983f, -0.0181634703f, 0.0233728775f, -0.0326174279f,
                              0.0485668553f, -0.0722417297f, 0.107847308f, -0.163941503f, 0.258499007f, -0.442763178f,
                              0.967672249f);
    else
        return d * simd::polynomial(d, -1.56644292339895699e-05, 8.36842889746692876e-05, -0.000198614330138152987,
                              0.000293712621114971043, -0.000359114841329883586, 0.000481442972798822076,
                              -0.000722705111165609297, 0.00108191254738136721, -0.00158202861467017443,
                              0.00230549684504753518, -0.00336891525707872256, 0.004926601759479593,
                              -0.00720462432589709725, 0.0105388177979393472, -0.0154247605343475133,
                              0.0225976462587548603, -0.0331611266554762765, 0.0488042882443862278,
                              -0.0721995612533582326, 0.107824050689649217, -0.163942705442429087, 0.25849976095566346,
                              -0.442763168983592081, 0.967672245447621204);
}

/// ln x - digamma x, of u = 1 / x, x >= 3: u / 2 + u^2 q(u^2).
template <real_vector V>
XGRAD_ALWAYS_INLINE V digamma_rest(const V& u) {
    const auto z = u * u;
    const auto q = [&] {
        if constexpr (of_floats<V>)
            return simd::polynomial(z, -0.00273344396f, 0.00384523623f, -0.00832876068f, 0.0833332767f);
        else
            return simd::polynomial(z, 3.00099178738549632, -2.52688028424259725, 1.04187281955181588, -0.299062246539988918,
                              0.0753267567898676799, -0.0207687290034271888, 0.0075666615842061918, -0.00416649960207689588,
                              0.00396825212610009241, -0.00833333332286178251, 0.083333333333311721);
    }();
    return simd::fma(z, q, V(0.5f) * u);
}

/// digamma of x >= 0. Below 1 and above 2.25 it is digamma(x + 1) - 1 / x and digamma(x - 1) + 1 / (x - 1); just above 2 these
/// two terms would be larger than their sum.
template <real_vector V>
XGRAD_ALWAYS_INLINE V upper_digamma(const V& x) {
    const auto large = x >= V(3), below = x < V(1), above = (x > V(2.25f)) & (x < V(3));
    const auto less = x - V(1);
    const auto u = V(1) / simd::select(above, less, x);
    const auto about = digamma_about_zero(simd::select(below, x + V(1), simd::select(above, less, x)));
    const auto lesser = about + simd::select(below, simd::negate(u), simd::select(above, u, V(0)));
    return simd::select(large, simd::log(simd::select(large, x, V(3))) - digamma_rest(u), lesser);
}

/// trigamma x, of u = 1 / x, x >= 3: u + u^2 / 2 + u^3 p(u^2).
template <real_vector V>
XGRAD_ALWAYS_INLINE V large_trigamma(const V& u) {
    const auto z = u * u;
    const auto p = [&] {
        if constexpr (of_floats<V>)
            return simd::polynomial(z, -0.0204173729f, 0.0227972537f, -0.033299616f, 0.16666631f);
        else
            return simd::polynomial(z, 1658.52972299873204, -1468.52089240708438, 614.029379960036181, -165.469269383659423,
                              33.8610200027548274, -6.09153318653644327, 1.1302079775343048, -0.252140003717232941,
                              0.075739428427532951, -0.0333331114595396411, 0.0238095221893151292, -0.0333333333273338195,
                              0.166666666666658886);
    }();
    return simd::fma(z, simd::fma(u, p, V(0.5f)), u);
}

/// trigamma of x >= 0: the sum of 1 / (x + k)^2, as many as it takes to be at 3, and trigamma there.
template <real_vector V>
XGRAD_ALWAYS_INLINE V upper_trigamma(V x) {
    auto sum = V(0);
    for (auto step = 0; step < 3; ++step) {
        const auto lesser = x < V(3);
        const auto u = V(1) / x;
        sum = sum + simd::select(lesser, u * u, V(0));
        x = simd::select(lesser, x + V(1), x);
    }
    return sum + large_trigamma(V(1) / x);
}

}  // namespace detail

/// ln|Gamma(x)|. Below -1/2 by Gamma(-a) Gamma(a) = -pi / (a sin(pi a)).
template <real_vector V>
inline V lgamma(const V& x) {
    using limits = std::numeric_limits<typename V::value_type>;
    const auto reflected = x < V(-0.5f);
    const auto a = simd::abs(x), y = detail::upper_lgamma(simd::select(reflected, a, x));
    if (!simd::any(reflected)) return y;
    const auto r = detail::half_turns<V>(a).r;
    const auto whole = r == V(0);
    // ln(a |sin(pi a)| / pi)
    const auto sine = simd::log(simd::select(reflected & !whole, simd::abs(a * r), V(1))) + detail::log_sinc(r * r);
    const auto other = simd::negate(sine) - y;
    return simd::select(reflected, simd::select(whole, V(limits::infinity()), other), y);
}

/// The derivative of ln Gamma(x); -infinity at 0, and infinity at -0. digamma(-a) = digamma(1 + a) + pi cot(pi a).
template <real_vector V>
inline V digamma(const V& x) {
    using limits = std::numeric_limits<typename V::value_type>;
    const auto negative = x < V(0);
    const auto y = detail::upper_digamma(simd::select(negative, V(1) - x, x));
    if (!simd::any(negative)) return y;
    const auto r = detail::half_turns<V>(simd::abs(x)).r;
    const auto other = V(1) / r + (detail::cotangent_rest(r) + y);
    return simd::select(negative, simd::select(r == V(0), V(limits::quiet_NaN()), other), y);
}

/// The derivative of digamma. trigamma(-a) = (pi / sin(pi a))^2 - trigamma(1 + a).
template <real_vector V>
inline V trigamma(const V& x) {
    using limits = std::numeric_limits<typename V::value_type>;
    const auto negative = x < V(0);
    const auto y = detail::upper_trigamma(simd::select(negative, V(1) - x, x));
    if (!simd::any(negative)) return y;
    const auto r = detail::half_turns<V>(simd::abs(x)).r, u = V(1) / r;
    const auto other = u * u + (detail::cosecant_rest(r * r) - y);
    return simd::select(negative, simd::select(x < V(limits::lowest()), V(limits::quiet_NaN()), other), y);
}

// A number is computed as a vector is.
XGRAD_NUMBER_BY_VECTOR(lgamma)
XGRAD_NUMBER_BY_VECTOR(digamma)
XGRAD_NUMBER_BY_VECTOR(trigamma)

}  // namespace xgrad::simd
