// Other bases, inverse roots, the inverse and complement of the error function, element by element; ops/gamma.hpp has the
// gamma function.
#pragma once

#include <xgrad/core/config.hpp>
#include <xgrad/core/simd_bases.hpp>
#include <xgrad/core/simd_erfc.hpp>
#include <xgrad/core/simd_math.hpp>
#include <xgrad/ops/arithmetic.hpp>
#include <xgrad/ops/elementwise.hpp>
#include <xgrad/ops/math.hpp>

#include <numbers>

namespace xgrad::inline XGRAD_ABI {

/// y = log2 x        dx = dy / (x ln 2)
struct log2_fn : unary<log2_fn> {
    static constexpr auto name = "log2";
    static auto value(const auto& x) { return simd::log2(x); }
    static constexpr auto gradient = [](const auto& dy, const auto& x) { return dy * detail::times(1 / x, std::numbers::log2e); };
};
inline constexpr log2_fn log2{};

/// y = log10 x        dx = dy / (x ln 10)
struct log10_fn : unary<log10_fn> {
    static constexpr auto name = "log10";
    static auto value(const auto& x) { return simd::log10(x); }
    static constexpr auto gradient = [](const auto& dy, const auto& x) {
        return detail::times(dy, std::numbers::log10e) / x;   // 1 / x overflows before 1 / (x ln 10) does
    };
};
inline constexpr log10_fn log10{};

/// y = 2^x        dx = dy y ln 2
struct exp2_fn : unary<exp2_fn> {
    static constexpr auto name = "exp2";
    static constexpr auto keeps_result = true;
    static auto value(const auto& x) { return simd::exp2(x); }
    static constexpr auto gradient = [](const auto& dy, const auto& y) { return dy * detail::times(y, std::numbers::ln2); };
};
inline constexpr exp2_fn exp2{};

/// y = 1 / x        dx = -dy y^2
struct reciprocal_fn : unary<reciprocal_fn> {
    static constexpr auto name = "reciprocal";
    static constexpr auto keeps_result = true;
    static auto value(const auto& x) { return 1 / x; }
    static constexpr auto gradient = [](const auto& dy, const auto& y) { return -dy * (y * y); };
};
inline constexpr reciprocal_fn reciprocal{};

/// y = 1 / sqrt x        dx = -dy y / (2 x)
struct rsqrt_fn : unary<rsqrt_fn> {
    static constexpr auto name = "rsqrt";
    static auto value(const auto& x) { return 1 / simd::sqrt(x); }
    static constexpr auto gradient = [](const auto& dy, const auto& x) { return dy * (-0.5 * unary<rsqrt_fn>{}(x) / x); };
};
inline constexpr rsqrt_fn rsqrt{};

/// y = 1 - erf x, with its digits where it is small        dx = -dy 2/sqrt(pi) e^(-x^2)
struct erfc_fn : unary<erfc_fn> {
    static constexpr auto name = "erfc";
    static auto value(const auto& x) { return simd::erfc(x); }
    static constexpr auto gradient = [](const auto& dy, const auto& x) {
        return dy * detail::times(detail::gaussian_fn{}(x), -2 * std::numbers::inv_sqrtpi);
    };
};
inline constexpr erfc_fn erfc{};

struct erfinv_fn;

namespace detail {

/// The derivative of erfinv, s = sqrt(pi)/2 e^(y^2), y = erfinv x        dx = 2 dy y s^2
struct erfinv_slope_fn : unary<erfinv_slope_fn> {
    static constexpr auto name = "erfinv_slope";
    static auto value(const auto& x) { return simd::erfinv_slope(x); }
    static constexpr auto gradient = [](const auto& dy, const auto& x) {
        const auto slope = unary<erfinv_slope_fn>{}(x);
        return dy * (2 * unary<erfinv_fn>{}(x) * (slope * slope));
    };
};

}  // namespace detail

/// The number whose error function is x; infinite at -1 and 1, NaN beyond        dx = dy sqrt(pi)/2 e^(y^2)
struct erfinv_fn : unary<erfinv_fn> {
    static constexpr auto name = "erfinv";
    static auto value(const auto& x) { return simd::erfinv(x); }
    static constexpr auto gradient = [](const auto& dy, const auto& x) { return dy * detail::erfinv_slope_fn{}(x); };
};
inline constexpr erfinv_fn erfinv{};

namespace standard_names {

XGRAD_STANDARD_NAME(erfc)
XGRAD_STANDARD_NAME(exp2)
XGRAD_STANDARD_NAME(log10)
XGRAD_STANDARD_NAME(log2)

}  // namespace standard_names
}  // namespace xgrad

// Defined by xgrad::compiled.
#if defined(XGRAD_INSTANCE)
namespace xgrad::inline XGRAD_ABI::detail {
#define XGRAD_INSTANCES(T) \
    XGRAD_UNARY_INSTANCE(log2_fn, T) \
    XGRAD_UNARY_INSTANCE(log10_fn, T) \
    XGRAD_UNARY_INSTANCE(exp2_fn, T) \
    XGRAD_UNARY_INSTANCE(reciprocal_fn, T) \
    XGRAD_UNARY_INSTANCE(rsqrt_fn, T) \
    XGRAD_UNARY_INSTANCE(erfc_fn, T) \
    XGRAD_UNARY_INSTANCE(erfinv_slope_fn, T) \
    XGRAD_UNARY_INSTANCE(erfinv_fn, T)
XGRAD_FOR_REAL_TYPES(XGRAD_INSTANCES)
#undef XGRAD_INSTANCES
}
#endif
