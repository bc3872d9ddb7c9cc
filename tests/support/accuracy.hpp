// How far a function of one number is from the exact result, in units in the last place.
//
// The table of the functions of core/simd_math.hpp stands here, since two programs read it: the test, which walks over a
// selection of the numbers, and the one that walks over all floats.
#pragma once

#include <support/exactly.hpp>

#include <xgrad/core/simd.hpp>
#include <xgrad/core/simd_activation.hpp>
#include <xgrad/core/simd_bases.hpp>
#include <xgrad/core/simd_erfc.hpp>
#include <xgrad/core/simd_gamma.hpp>
#include <xgrad/core/simd_hyperbolic.hpp>
#include <xgrad/core/simd_inverse.hpp>
#include <xgrad/core/simd_math.hpp>
#include <xgrad/core/simd_normal.hpp>
#include <xgrad/core/simd_trigonometric.hpp>

#include <algorithm>
#include <bit>
#include <cmath>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <vector>

namespace accuracy {

namespace simd = xgrad::simd;

/// What the results of T are compared with: the exact function in a type of at least 11 digits more.
template <std::floating_point T>
using wide = std::conditional_t<std::same_as<T, float>, double, long double>;

/// |value - exact| in units in the last place of a result of that size, or of `largest_term` where that is larger. What
/// overflows is taken for the power of two after the largest number. Infinite where one is NaN and the other is not.
template <std::floating_point T>
double units_apart(T value, wide<T> exact, wide<T> largest_term = 0) {
    using limits = std::numeric_limits<T>;
    constexpr auto infinity = std::numeric_limits<double>::infinity();
    if (std::isnan(value) || std::isnan(exact)) return std::isnan(value) && std::isnan(exact) ? 0 : infinity;
    const auto beyond = std::ldexp(wide<T>{1}, limits::max_exponent);
    const auto got = std::clamp(static_cast<wide<T>>(value), -beyond, beyond);
    const auto right = std::clamp(exact, -beyond, beyond);
    const auto size = std::max(std::abs(right), largest_term);
    const auto exponent = size == 0 ? limits::min_exponent - 1 : std::max(std::ilogb(size), limits::min_exponent - 1);
    const auto unit = std::ldexp(wide<T>{1}, std::min(exponent, limits::max_exponent - 1) + 1 - limits::digits);
    return static_cast<double>(std::abs(got - right) / unit);
}

/// A function of one number: on vectors, on single numbers, exactly, and the errors that it may have.
template <std::floating_point T>
struct function {
    const char* name;
    simd::batch<T> (*vector)(const simd::batch<T>&);
    T (*number)(T);
    wide<T> (*exact)(wide<T>);
    double bound;                            ///< in units in the last place
    wide<T> (*largest_term)(wide<T>) = nullptr;   ///< next to a zero where terms cancel, what the units are those of

    /// The error of `value` at x. At a zero the sign of a zero counts.
    double error(T value, T x) const {
        const auto at = static_cast<wide<T>>(x);
        if (x == 0 && value == 0 && std::signbit(value) != std::signbit(exact(at))) return std::numeric_limits<double>::infinity();
        return units_apart<T>(value, exact(at), largest_term ? largest_term(at) : 0);
    }
};

/// All of them. `floats` and `doubles` are the bounds that core/simd_math.hpp promises.
template <std::floating_point T>
std::vector<function<T>> functions() {
    using V = simd::batch<T>;
    using X = wide<T>;
    const auto bound = [](double floats, double doubles) { return std::same_as<T, float> ? floats : doubles; };
#define XGRAD_ROW(name, exact, floats, doubles, ...)                                                                       \
    function<T> {                                                                                                         \
        #name, [](const V& x) { return V(simd::name(x)); }, [](T x) { return T(simd::name(x)); },                         \
            [](X x) { return X(exact); }, bound(floats, doubles) __VA_OPT__(, ) __VA_ARGS__                               \
    }
    return {
        XGRAD_ROW(exp, std::exp(x), 1.1, 1.1),
        XGRAD_ROW(expm1, std::expm1(x), 2, 2.2),
        XGRAD_ROW(log, std::log(x), 0.9, 0.9),
        XGRAD_ROW(log1p, std::log1p(x), 2.6, 2.6),
        XGRAD_ROW(sqrt, std::sqrt(x), 0.5, 0.5),
        XGRAD_ROW(abs, std::abs(x), 0, 0),
        XGRAD_ROW(negate, -x, 0, 0),
        XGRAD_ROW(sin, std::sin(x), 2.4, 2),
        XGRAD_ROW(cos, std::cos(x), 2.4, 2),
        XGRAD_ROW(tan, std::tan(x), 2.1, 1.9),
        XGRAD_ROW(sinc, exactly::sinc(x), 2.8, 3),
        XGRAD_ROW(asin, std::asin(x), 2.5, 2.5),
        XGRAD_ROW(acos, std::acos(x), 1.3, 1.3),
        XGRAD_ROW(atan, std::atan(x), 2.3, 2.3),
        XGRAD_ROW(tanh, std::tanh(x), 2.6, 2.6),
        XGRAD_ROW(sinh, std::sinh(x), 2, 1.9),
        XGRAD_ROW(cosh, std::cosh(x), 1.9, 1.9),
        XGRAD_ROW(asinh, std::asinh(x), 2.4, 2.4),
        XGRAD_ROW(acosh, std::acosh(x), 2, 2),
        XGRAD_ROW(atanh, std::atanh(x), 1.8, 1.7),
        XGRAD_ROW(log2, std::log2(x), 0.9, 0.8),
        XGRAD_ROW(log10, std::log10(x), 2.1, 1.8),
        XGRAD_ROW(exp2, std::exp2(x), 1.5, 1.5),
        XGRAD_ROW(sigmoid, exactly::sigmoid(x), 2.5, 2.5),
        XGRAD_ROW(softplus, exactly::softplus(x), 2.7, 2.7),
        XGRAD_ROW(erf, std::erf(x), 3, 2),
        XGRAD_ROW(erfc, std::erfc(x), 4, 3.7),
        XGRAD_ROW(erfinv, exactly::erfinv(x), 3.5, 2.6),
        XGRAD_ROW(erfinv_slope, exactly::erfinv_slope(x), 4.8, 4.8),
        XGRAD_ROW(lgamma, exactly::lgamma(x), 3.9, 3.7, [](X x) { return exactly::lgamma_term(x); }),
        XGRAD_ROW(digamma, exactly::digamma(x), 3.4, 3.3, [](X x) { return exactly::digamma_term(x); }),
        XGRAD_ROW(trigamma, exactly::trigamma(x), 3.5, 3.3),
        XGRAD_ROW(gaussian, exactly::gaussian(x), 1.3, 1.3),
        XGRAD_ROW(gelu, exactly::gelu(x), 4.4, 4.8),
        XGRAD_ROW(gelu_slope, exactly::gelu_slope(x), 3.5, 4.7, [](X x) { return exactly::gelu_slope_term(x); }),
        XGRAD_ROW(silu, exactly::silu(x), 2.8, 3.1),
        XGRAD_ROW(silu_slope, exactly::silu_slope(x), 4.2, 4.4, [](X x) { return exactly::silu_slope_term(x); }),
        XGRAD_ROW(mish, exactly::mish(x), 3.8, 4),
        XGRAD_ROW(mish_slope, exactly::mish_slope(x), 6.3, 5.8, [](X x) { return exactly::mish_slope_term(x); }),
    };
#undef XGRAD_ROW
}

/// The largest errors of a function found so far, and where.
template <std::floating_point T>
struct worst {
    double error = 0, number_error = 0;
    T at{}, number_at{};
};

/// Takes the errors at a whole vector of numbers into account; those of single numbers at the first of them.
template <std::floating_point T>
void look(const function<T>& f, const T* x, worst<T>& found) {
    alignas(64) T y[simd::width<T>];
    simd::store(y, f.vector(simd::load(x)));
    for (auto i = std::size_t{0}; i < simd::width<T>; ++i)
        if (const auto error = f.error(y[i], x[i]); !(error <= found.error)) found.error = error, found.at = x[i];
    if (const auto error = f.error(f.number(x[0]), x[0]); !(error <= found.number_error))
        found.number_error = error, found.number_at = x[0];
}

}  // namespace accuracy
