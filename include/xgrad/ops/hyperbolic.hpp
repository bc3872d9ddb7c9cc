// Hyperbolic functions and their inverses, element by element; tanh is in ops/activation.hpp. Outside of their domains all
// are NaN.
#pragma once

#include <xgrad/core/config.hpp>
#include <xgrad/core/simd_hyperbolic.hpp>
#include <xgrad/ops/arithmetic.hpp>
#include <xgrad/ops/elementwise.hpp>
#include <xgrad/ops/math.hpp>
#include <xgrad/ops/trigonometric.hpp>

namespace xgrad::inline XGRAD_ABI {

struct cosh_fn;

/// y = (e^x - e^-x) / 2        dx = dy cosh x
struct sinh_fn : unary<sinh_fn> {
    static constexpr auto name = "sinh";
    static auto value(const auto& x) { return simd::sinh(x); }
    static constexpr auto gradient = [](const auto& dy, const auto& x) { return dy * unary<cosh_fn>{}(x); };
};
inline constexpr sinh_fn sinh{};

/// y = (e^x + e^-x) / 2        dx = dy sinh x
struct cosh_fn : unary<cosh_fn> {
    static constexpr auto name = "cosh";
    static auto value(const auto& x) { return simd::cosh(x); }
    static constexpr auto gradient = [](const auto& dy, const auto& x) { return dy * sinh(x); };
};
inline constexpr cosh_fn cosh{};

/// y = ln(x + sqrt(x^2 + 1))        dx = dy / sqrt(x^2 + 1)
struct asinh_fn : unary<asinh_fn> {
    static constexpr auto name = "asinh";
    static auto value(const auto& x) { return simd::asinh(x); }
    static constexpr auto gradient = [](const auto& dy, const auto& x) { return dy / hypot(x, 1); };
};
inline constexpr asinh_fn asinh{};

namespace detail {

/// The derivative of acosh, s = 1 / sqrt(x^2 - 1)        dx = -dy x s^3
struct acosh_slope_fn : unary<acosh_slope_fn> {
    static constexpr auto name = "acosh_slope";
    static auto value(const auto& x) { return 1 / (simd::sqrt(x - 1) * simd::sqrt(x + 1)); }
    static constexpr auto gradient = [](const auto& dy, const auto& x) {
        const auto slope = unary<acosh_slope_fn>{}(x);
        return -dy * where(slope == 0, 0, x * slope * slope * slope);   // infinity times 0 is 0 here
    };
};

/// The derivative of atanh, s = 1 / (1 - x^2)        dx = 2 dy x s^2
struct atanh_slope_fn : unary<atanh_slope_fn> {
    static constexpr auto name = "atanh_slope";
    static auto value(const auto& x) { return 1 / ((1 - x) * (1 + x)); }
    static constexpr auto gradient = [](const auto& dy, const auto& x) {
        const auto slope = unary<atanh_slope_fn>{}(x);
        return dy * (2 * x * (slope * slope));
    };
};

}  // namespace detail

/// y = ln(x + sqrt(x^2 - 1)), x >= 1        dx = dy / sqrt(x^2 - 1)
struct acosh_fn : unary<acosh_fn> {
    static constexpr auto name = "acosh";
    static auto value(const auto& x) { return simd::acosh(x); }
    static constexpr auto gradient = [](const auto& dy, const auto& x) { return dy * detail::acosh_slope_fn{}(x); };
};
inline constexpr acosh_fn acosh{};

/// y = ln((1 + x) / (1 - x)) / 2        dx = dy / (1 - x^2)
struct atanh_fn : unary<atanh_fn> {
    static constexpr auto name = "atanh";
    static auto value(const auto& x) { return simd::atanh(x); }
    static constexpr auto gradient = [](const auto& dy, const auto& x) { return dy * detail::atanh_slope_fn{}(x); };
};
inline constexpr atanh_fn atanh{};

namespace standard_names {

XGRAD_STANDARD_NAME(acosh)
XGRAD_STANDARD_NAME(asinh)
XGRAD_STANDARD_NAME(atanh)
XGRAD_STANDARD_NAME(cosh)
XGRAD_STANDARD_NAME(sinh)

}  // namespace standard_names
}  // namespace xgrad

// Defined by xgrad::compiled.
#if defined(XGRAD_INSTANCE)
namespace xgrad::inline XGRAD_ABI::detail {
#define XGRAD_INSTANCES(T) \
    XGRAD_UNARY_INSTANCE(sinh_fn, T) \
    XGRAD_UNARY_INSTANCE(cosh_fn, T) \
    XGRAD_UNARY_INSTANCE(asinh_fn, T) \
    XGRAD_UNARY_INSTANCE(acosh_slope_fn, T) \
    XGRAD_UNARY_INSTANCE(acosh_fn, T) \
    XGRAD_UNARY_INSTANCE(atanh_slope_fn, T) \
    XGRAD_UNARY_INSTANCE(atanh_fn, T)
XGRAD_FOR_REAL_TYPES(XGRAD_INSTANCES)
#undef XGRAD_INSTANCES
}
#endif
