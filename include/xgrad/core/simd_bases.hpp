// Logarithms to the bases 2 and 10 and powers of two for vectors and for single numbers, which are std's.
//
// The largest error that was measured, as in core/simd_math.hpp:
//
//     function    float   double    made of
//     log2          0.8      0.8    ln's polynomial in more digits; zero, below it, subnormal and infinite: std
//     log10         0.7      0.7    the same
//     exp2          1.3      1.4    2^n (1 + r p(r)), a minimax polynomial p
//
// log2 of a power of two and exp2 of a whole number are exact, and so is log10 of a power of ten.
#pragma once

#include <xgrad/core/cmath.hpp>
#include <xgrad/core/config.hpp>
#include <xgrad/core/simd.hpp>
#include <xgrad/core/simd_math.hpp>

#include <limits>

namespace xgrad::inline XGRAD_ABI::simd {

namespace detail {

/// A number in two parts, the first of which has few digits, so that products with it are exact.
template <real_vector V>
struct two_parts {
    V first, second;
};

/// log_b of a normal positive number, given 1 / ln b and log_b 2. In ln(1 + f) = f - (f^2/2 - s (f^2/2 +
/// s^2 l(s^2))) the difference f - f^2/2 is kept in two parts, too (the method of FDLIBM's log10).
template <real_vector V>
XGRAD_ALWAYS_INLINE V log_to_base(const V& x, const two_parts<V>& one_over_log, const two_parts<V>& log_of_two) {
    const auto parts = power_of_two(x);
    const auto f = parts.fraction - V(1);
    const auto half_square = V(0.5f) * f * f;
    const auto first = first_half(f - half_square);
    const auto second = ((f - first) - half_square) + log_of_rest(f, half_square);
    const auto minor = simd::fma(first + second, one_over_log.second, second * one_over_log.first);
    const auto whole = parts.power * log_of_two.first, product = first * one_over_log.first, sum = whole + product;
    return sum + (((whole - sum) + product) + simd::fma(parts.power, log_of_two.second, minor));
}

template <real_vector V, class F>
XGRAD_ALWAYS_INLINE V normal_or(const V& y, const V& x, const F& f) {
    using limits = std::numeric_limits<typename V::value_type>;
    const auto rare = !((x >= V((limits::min)())) & (x <= V((limits::max)())));
    if (simd::any(rare)) [[unlikely]]
        return simd::corrected(y, x, rare, f);
    return y;
}

}  // namespace detail

template <real_vector V>
XGRAD_ALWAYS_INLINE V log2(const V& x) {
    const auto factor = detail::two_parts<V>{detail::either<V>(0x1.714p+0f, 0x1.715476p+0),
                                             detail::either<V>(0x1.47652cp-12f, 0x1.4ae0bf85ddf44p-26)};
    const auto y = detail::log_to_base(x, factor, {V(1), V(0)});
    return detail::normal_or(y, x, [](auto number) { return std::log2(number); });
}

template <real_vector V>
XGRAD_ALWAYS_INLINE V log10(const V& x) {
    const auto factor = detail::two_parts<V>{detail::either<V>(0x1.bcap-2f, 0x1.bcb7b1p-2),
                                             detail::either<V>(0x1.7b1526p-14f, 0x1.49b9438ca9aaep-28)};
    const auto two = detail::two_parts<V>{detail::either<V>(0x1.344p-2f, 0x1.34413509f7p-2),
                                          detail::either<V>(0x1.3509f8p-18f, 0x1.3fde623e2566bp-43)};
    const auto y = detail::log_to_base(x, factor, two);
    return detail::normal_or(y, x, [](auto number) { return std::log10(number); });
}

template <real_vector V>
XGRAD_ALWAYS_INLINE V exp2(const V& x) {
    // Beyond these bounds the result is infinity or zero.
    const auto least = detail::either<V>(-151.0f, -1076.0);
    const auto within = simd::select(x < least, least, simd::at_most(x, detail::either<V>(129.0f, 1025.0)));
    const auto power = simd::nearest(within), r = within - power;
    const auto p = [&] {
        if constexpr (detail::of_floats<V>)
            return simd::polynomial(r, 0.000155949602f, 0.00134066482f, 0.00961769202f, 0.0555031054f, 0.240226528f,
                              0.693147215f);
        else
            return simd::polynomial(r, 4.07805891438833013e-10, 7.07257048392306595e-09, 1.01806477063010081e-07,
                              1.32154426747144174e-06, 1.52527273851667497e-05, 0.000154035304415734575,
                              0.0013333558153439918, 0.00961812910760700274, 0.0555041086647903928, 0.240226506959100972,
                              0.69314718055994573);
    }();
    return detail::power_of_e<V>{r * p, power}.times(V(1));
}

XGRAD_NUMBER_BY_STD(log2)
XGRAD_NUMBER_BY_STD(log10)
XGRAD_NUMBER_BY_STD(exp2)

}  // namespace xgrad::simd
