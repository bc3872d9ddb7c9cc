// Trigonometric functions and their inverses, element by element; sin and cos are in ops/math.hpp. Outside of their
// domains all are NaN.
#pragma once

#include <xgrad/core/config.hpp>
#include <xgrad/core/simd_inverse.hpp>
#include <xgrad/core/simd_pairs.hpp>
#include <xgrad/core/simd_trigonometric.hpp>
#include <xgrad/ops/arithmetic.hpp>
#include <xgrad/ops/compare.hpp>
#include <xgrad/ops/elementwise.hpp>
#include <xgrad/ops/math.hpp>

#include <concepts>
#include <limits>

namespace xgrad::inline XGRAD_ABI {

/// y = tan x        dx = dy (1 + y^2)
struct tan_fn : unary<tan_fn> {
    static constexpr auto name = "tan";
    static constexpr auto keeps_result = true;
    static auto value(const auto& x) { return simd::tan(x); }
    static constexpr auto gradient = [](const auto& dy, const auto& y) { return dy * (1 + y * y); };
};
inline constexpr tan_fn tan{};

namespace detail {

/// The derivative of arcsin, s = 1 / sqrt(1 - x^2)        dx = dy x s^3
struct asin_slope_fn : unary<asin_slope_fn> {
    static constexpr auto name = "asin_slope";
    static auto value(const auto& x) { return 1 / simd::sqrt((1 - x) * (1 + x)); }
    static constexpr auto gradient = [](const auto& dy, const auto& x) {
        const auto slope = unary<asin_slope_fn>{}(x);
        return dy * (x * (slope * slope * slope));
    };
};

}  // namespace detail

/// y = arcsin x, from -pi/2 to pi/2        dx = dy / sqrt(1 - x^2)
struct asin_fn : unary<asin_fn> {
    static constexpr auto name = "asin";
    static auto value(const auto& x) { return simd::asin(x); }
    static constexpr auto gradient = [](const auto& dy, const auto& x) { return dy * detail::asin_slope_fn{}(x); };
};
inline constexpr asin_fn asin{};

/// y = arccos x, from 0 to pi        dx = -dy / sqrt(1 - x^2)
struct acos_fn : unary<acos_fn> {
    static constexpr auto name = "acos";
    static auto value(const auto& x) { return simd::acos(x); }
    static constexpr auto gradient = [](const auto& dy, const auto& x) { return -dy * detail::asin_slope_fn{}(x); };
};
inline constexpr acos_fn acos{};

/// y = arctan x, from -pi/2 to pi/2        dx = dy / (1 + x^2)
struct atan_fn : unary<atan_fn> {
    static constexpr auto name = "atan";
    static auto value(const auto& x) { return simd::atan(x); }
    static constexpr auto gradient = [](const auto& dy, const auto& x) {
        const auto by_x = 1 / x;   // whose square does not overflow where that of x does
        return dy * where(abs(x) > 1, by_x * by_x / (1 + by_x * by_x), 1 / (1 + x * x));
    };
};
inline constexpr atan_fn atan{};

namespace detail {

/// a / (a^2 + b^2), whose squares neither overflow nor underflow on the way; 0 where one of both is infinite.
inline constexpr auto over_square_sum = [](const auto& a, const auto& b) {
    const auto most = where(abs(a) > abs(b), abs(a), abs(b));
    const auto p = a / most, q = b / most;
    return where(most == std::numeric_limits<double>::infinity(), 0, p / (p * p + q * q) / most);
};

/// a / sqrt(a^2 + b^2), in the same way; 0 where both are 0. Beside an infinite one, what is finite counts as 0.
inline constexpr auto over_hypotenuse = [](const auto& a, const auto& b) {
    constexpr auto infinity = std::numeric_limits<double>::infinity();
    const auto most = where(abs(a) > abs(b), abs(a), abs(b));
    const auto part = [&](const auto& v) {
        return where(most == infinity, where(v == infinity, 1, where(v == -infinity, -1, v * 0)), v / most);
    };
    const auto p = part(a), q = part(b);
    return where(most == 0, 0, p / sqrt(p * p + q * q));
};

}  // namespace detail

/// The angle of the point (x, y), from -pi to pi: atan2(y, x), as in C.        dy x / (x^2 + y^2) and -dy y / (x^2 + y^2)
struct atan2_fn : binary<atan2_fn> {
    static constexpr auto name = "atan2";
    static auto value(const auto& y, const auto& x) { return simd::atan2(y, x); }
    static constexpr auto left = [](const auto& dz, const auto& y, const auto& x) { return dz * detail::over_square_sum(x, y); };
    static constexpr auto right = [](const auto& dz, const auto& x, const auto& y) { return -dz * detail::over_square_sum(y, x); };
};
inline constexpr atan2_fn atan2{};

/// c = sqrt(a^2 + b^2), which neither overflows nor underflows on the way        da = dc a / c,  db = dc b / c, 0 at (0, 0)
struct hypot_fn : binary<hypot_fn> {
    static constexpr auto name = "hypot";
    static auto value(const auto& a, const auto& b) { return simd::hypot(a, b); }
    static constexpr auto left = [](const auto& dc, const auto& a, const auto& b) { return dc * detail::over_hypotenuse(a, b); };
    static constexpr auto right = left;
};
inline constexpr hypot_fn hypot{};

namespace standard_names {

XGRAD_STANDARD_NAME(acos)
XGRAD_STANDARD_NAME(asin)
XGRAD_STANDARD_NAME(atan)
XGRAD_STANDARD_NAME(tan)

template <class A, class B>
    requires(std::derived_from<A, base> || std::derived_from<B, base>)
auto atan2(const A& a, const B& b) {
    return xgrad::atan2(a, b);
}

template <class A, class B>
    requires(std::derived_from<A, base> || std::derived_from<B, base>)
auto hypot(const A& a, const B& b) {
    return xgrad::hypot(a, b);
}

}  // namespace standard_names
}  // namespace xgrad

// Defined by xgrad::compiled.
#if defined(XGRAD_INSTANCE)
namespace xgrad::inline XGRAD_ABI::detail {
#define XGRAD_INSTANCES(T) \
    XGRAD_UNARY_INSTANCE(tan_fn, T) \
    XGRAD_UNARY_INSTANCE(asin_slope_fn, T) \
    XGRAD_UNARY_INSTANCE(asin_fn, T) \
    XGRAD_UNARY_INSTANCE(acos_fn, T) \
    XGRAD_UNARY_INSTANCE(atan_fn, T) \
    XGRAD_BINARY_INSTANCES(atan2_fn, T) \
    XGRAD_BINARY_INSTANCES(hypot_fn, T)
XGRAD_FOR_REAL_TYPES(XGRAD_INSTANCES)
#undef XGRAD_INSTANCES
}
#endif
