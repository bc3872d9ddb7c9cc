// Angles and hyperbolas, element by element. sin and cos are in ops/math.hpp, tanh in ops/activation.hpp.
//
// Squares would leave the range where the derivative does not: sqrt(x^2 + 1) is hypot(x, 1), and divided by it twice is
// divided by x^2 + 1.
#pragma once

#include <xgrad/core/config.hpp>
#include <xgrad/core/simd.hpp>
#include <xgrad/core/simd_hyperbolic.hpp>
#include <xgrad/core/simd_inverse.hpp>
#include <xgrad/core/simd_pairs.hpp>
#include <xgrad/core/simd_trigonometric.hpp>
#include <xgrad/core/sinc_derivative.hpp>
#include <xgrad/ops/arithmetic.hpp>
#include <xgrad/ops/compare.hpp>
#include <xgrad/ops/derivatives.hpp>
#include <xgrad/ops/elementwise.hpp>
#include <xgrad/ops/math.hpp>

#include <concepts>

namespace xgrad::inline XGRAD_ABI {

struct hypot_fn;

namespace detail {

/// y = a / sqrt(a^2 + b^2), a where both are 0        da = dy z z / h,  db = -dy y z / h,  z = b / h,  h = sqrt(a^2 + b^2)
struct direction_fn : binary<direction_fn> {
    static constexpr auto name = "direction";
    template <plain_value V>
    static V value(const V& a, const V& b) {
        const auto factor = simd::select(simd::abs(a) > V(1), V(0.25f), V(1));   // h may be beyond all numbers
        const auto p = V(a * factor), h = V(simd::hypot(p, V(b * factor)));
        return simd::select(h == V(0), p, V(p / h));
    }
    static constexpr auto left = [](const auto& dy, const auto& a, const auto& b) {
        const auto other = binary<direction_fn>{}(b, a);
        return dy * (other * (other / binary<hypot_fn>{}(a, b)));
    };
    static constexpr auto right = [](const auto& dy, const auto& b, const auto& a) {
        const auto along = binary<direction_fn>{}(a, b), other = binary<direction_fn>{}(b, a);
        return -dy * (along * (other / binary<hypot_fn>{}(a, b)));
    };
};

/// y = a / (a^2 + b^2), the real part of 1 / (a + ib)        da = dy (z z - y y),  db = -2 dy y z,  z = b / (a^2 + b^2)
struct inverse_part_fn : binary<inverse_part_fn> {
    static constexpr auto name = "inverse_part";
    template <plain_value V>
    static V value(const V& a, const V& b) {
        const auto large = (simd::abs(a) > V(1)) | (simd::abs(b) > V(1));
        const auto factor = simd::select(large, V(0.25f), V(1));
        const auto p = V(a * factor), h = V(simd::hypot(p, V(b * factor)));
        return p / h / h * factor;
    }
    static constexpr auto left = [](const auto& dy, const auto& a, const auto& b) {
        const auto y = binary<inverse_part_fn>{}(a, b), z = binary<inverse_part_fn>{}(b, a);
        return dy * ((z - y) * (z + y));
    };
    static constexpr auto right = [](const auto& dy, const auto& b, const auto& a) {
        return dy * (-2 * binary<inverse_part_fn>{}(a, b) * binary<inverse_part_fn>{}(b, a));
    };
};

}  // namespace detail

/// y = sqrt(a^2 + b^2)        da = dy a / y,  db = dy b / y, 0 where both are 0
struct hypot_fn : binary<hypot_fn> {
    static constexpr auto name = "hypot";
    static auto value(const auto& a, const auto& b) { return simd::hypot(a, b); }
    static constexpr auto left = [](const auto& dy, const auto& self, const auto& other) {
        return dy * detail::direction_fn{}(self, other);
    };
    static constexpr auto right = left;
};
inline constexpr hypot_fn hypot{};

/// y = tan x        dx = dy (1 + y^2)
struct tan_fn : unary<tan_fn> {
    static constexpr auto name = "tan";
    static constexpr auto keeps_result = true;
    static auto value(const auto& x) { return simd::tan(x); }
    static constexpr auto gradient = [](const auto& dy, const auto& y) { return dy * (1 + y * y); };
};
inline constexpr tan_fn tan{};

/// y = arcsin x     dx = dy / sqrt((1 - x) (1 + x))
struct asin_fn : unary<asin_fn> {
    static constexpr auto name = "asin";
    static auto value(const auto& x) { return simd::asin(x); }
    static constexpr auto gradient = [](const auto& dy, const auto& x) { return dy / sqrt((1 - x) * (1 + x)); };
};
inline constexpr asin_fn asin{};

/// y = arccos x     dx = -dy / sqrt((1 - x) (1 + x))
struct acos_fn : unary<acos_fn> {
    static constexpr auto name = "acos";
    static auto value(const auto& x) { return simd::acos(x); }
    static constexpr auto gradient = [](const auto& dy, const auto& x) { return -dy / sqrt((1 - x) * (1 + x)); };
};
inline constexpr acos_fn acos{};

/// y = arctan x     dx = dy / (1 + x^2)
struct atan_fn : unary<atan_fn> {
    static constexpr auto name = "atan";
    static auto value(const auto& x) { return simd::atan(x); }
    static constexpr auto gradient = [](const auto& dy, const auto& x) {
        const auto h = hypot(x, 1);
        return dy / h / h;
    };
};
inline constexpr atan_fn atan{};

/// y = the angle of the point (b, a), from -pi to pi        da = dy b / (a^2 + b^2),  db = -dy a / (a^2 + b^2)
struct atan2_fn : binary<atan2_fn> {
    static constexpr auto name = "atan2";
    static auto value(const auto& a, const auto& b) { return simd::atan2(a, b); }
    static constexpr auto left = [](const auto& dy, const auto& a, const auto& b) { return dy * detail::inverse_part_fn{}(b, a); };
    static constexpr auto right = [](const auto& dy, const auto& b, const auto& a) { return -dy * detail::inverse_part_fn{}(a, b); };
};
inline constexpr atan2_fn atan2{};

struct sinh_fn;

/// y = cosh x       dx = dy sinh x
struct cosh_fn : unary<cosh_fn> {
    static constexpr auto name = "cosh";
    static auto value(const auto& x) { return simd::cosh(x); }
    static constexpr auto gradient = [](const auto& dy, const auto& x) { return dy * unary<sinh_fn>{}(x); };
};
inline constexpr cosh_fn cosh{};

/// y = sinh x       dx = dy cosh x
struct sinh_fn : unary<sinh_fn> {
    static constexpr auto name = "sinh";
    static auto value(const auto& x) { return simd::sinh(x); }
    static constexpr auto gradient = [](const auto& dy, const auto& x) { return dy * cosh(x); };
};
inline constexpr sinh_fn sinh{};

/// y = arsinh x     dx = dy / sqrt(x^2 + 1)
struct asinh_fn : unary<asinh_fn> {
    static constexpr auto name = "asinh";
    static auto value(const auto& x) { return simd::asinh(x); }
    static constexpr auto gradient = [](const auto& dy, const auto& x) { return dy / hypot(x, 1); };
};
inline constexpr asinh_fn asinh{};

/// y = arcosh x     dx = dy / sqrt(x^2 - 1)
struct acosh_fn : unary<acosh_fn> {
    static constexpr auto name = "acosh";
    static auto value(const auto& x) { return simd::acosh(x); }
    static constexpr auto gradient = [](const auto& dy, const auto& x) { return dy / (sqrt(x - 1) * sqrt(x + 1)); };
};
inline constexpr acosh_fn acosh{};

/// y = artanh x     dx = dy / ((1 - x) (1 + x))
struct atanh_fn : unary<atanh_fn> {
    static constexpr auto name = "atanh";
    static auto value(const auto& x) { return simd::atanh(x); }
    static constexpr auto gradient = [](const auto& dy, const auto& x) { return dy / ((1 - x) * (1 + x)); };
};
inline constexpr atanh_fn atanh{};

namespace detail {

struct sinc_derivatives {
    static constexpr auto name = "sinc_derivative";
    static double at(int n, double x) { return sinc_derivative(n, x); }
};

}  // namespace detail

/// y = sin(pi x) / (pi x), 1 at 0        dx = dy (cos(pi x) - y) / x, 0 at 0, where both are nearly the same: by its series
struct sinc_fn : unary<sinc_fn> {
    static constexpr auto name = "sinc";
    static auto value(const auto& x) { return simd::sinc(x); }
    static constexpr auto gradient = [](const auto& dy, const auto& x) {
        return dy * detail::derivatives_fn<detail::sinc_derivatives>{}(1, x);
    };
};
inline constexpr sinc_fn sinc{};

namespace standard_names {

#define XGRAD_STANDARD_NAME(name)                           \
    template <std::derived_from<base> X>                    \
    auto name(const X& x) {                                 \
        return xgrad::name(x);                              \
    }
XGRAD_STANDARD_NAME(acos)
XGRAD_STANDARD_NAME(acosh)
XGRAD_STANDARD_NAME(asin)
XGRAD_STANDARD_NAME(asinh)
XGRAD_STANDARD_NAME(atan)
XGRAD_STANDARD_NAME(atanh)
XGRAD_STANDARD_NAME(cosh)
XGRAD_STANDARD_NAME(sinh)
XGRAD_STANDARD_NAME(tan)
#undef XGRAD_STANDARD_NAME

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
