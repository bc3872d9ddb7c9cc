// Rounding, steps and the remainders of division, element by element.
//
// Between its steps a step has the derivative 0, and at them that is what it is said to be, as in PyTorch: the gradient is
// zero, and recorded.
#pragma once

#include <xgrad/core/config.hpp>
#include <xgrad/core/error.hpp>
#include <xgrad/core/simd_pairs.hpp>
#include <xgrad/core/simd_rounding.hpp>
#include <xgrad/ops/arithmetic.hpp>
#include <xgrad/ops/compare.hpp>
#include <xgrad/ops/elementwise.hpp>

#include <algorithm>
#include <concepts>
#include <span>
#include <type_traits>

namespace xgrad::inline XGRAD_ABI {

namespace detail {

/// What rounding operations have in common: integers are rounded already.
template <class Op>
struct step : unary<Op> {
    static constexpr auto takes_integers = true;
    template <plain_value V>
    static V value(const V& x) {
        return Op::rounded(x);
    }
    template <std::integral T>
    static T value(T x) {
        return x;
    }
    static constexpr auto gradient = [](const auto& dy) { return dy * 0; };
};

}  // namespace detail

/// y = the largest whole number that is at most x        dx = 0
struct floor_fn : detail::step<floor_fn> {
    static constexpr auto name = "floor";
    static auto rounded(const auto& x) { return simd::floor(x); }
};
inline constexpr floor_fn floor{};

/// y = the smallest whole number that is at least x      dx = 0
struct ceil_fn : detail::step<ceil_fn> {
    static constexpr auto name = "ceil";
    static auto rounded(const auto& x) { return simd::ceil(x); }
};
inline constexpr ceil_fn ceil{};

/// y = the nearest whole number, of two the even one: 2 for 2.5        dx = 0
struct round_fn : detail::step<round_fn> {
    static constexpr auto name = "round";
    static auto rounded(const auto& x) { return simd::round(x); }
};
inline constexpr round_fn round{};

/// y = x without what is behind the point        dx = 0
struct trunc_fn : detail::step<trunc_fn> {
    static constexpr auto name = "trunc";
    static auto rounded(const auto& x) { return simd::trunc(x); }
};
inline constexpr trunc_fn trunc{};

/// y = -1, 0 or 1 by the sign of x, NaN for NaN        dx = 0
struct sign_fn : unary<sign_fn> {
    static constexpr auto name = "sign";
    static constexpr auto takes_integers = true;
    template <plain_value V>
    static V value(const V& x) {
        return simd::sign(x);
    }
    template <std::integral T>
    static T value(T x) {
        return static_cast<T>((x > T{0}) - (x < T{0}));
    }
    static constexpr auto gradient = [](const auto& dy) { return dy * 0; };
};
inline constexpr sign_fn sign{};

/// y = 0 where x < 0, h where x = 0, 1 where x > 0, NaN where x is        dx = 0,  dh = dy where x = 0
struct heaviside_fn : binary<heaviside_fn> {
    static constexpr auto name = "heaviside";
    template <plain_value V>
    static V value(const V& x, const V& h) {
        return simd::select(x == V(0), h, simd::select(x > V(0), V(1), simd::select(x < V(0), V(0), x)));
    }
    template <std::integral T>
    static T value(T x, T h) {
        return x == T{0} ? h : static_cast<T>(x > T{0});
    }
    static constexpr auto left = [](const auto& dy) { return dy * 0; };
    static constexpr auto right = [](const auto& dy, const auto& x) { return where(x == 0, dy, dy * 0); };
};
inline constexpr heaviside_fn heaviside{};

namespace detail {

/// What the remainders have in common: the divisor's part in the derivative is the whole number that a is divided by b.
template <class Op>
struct rest : binary<Op> {
    template <plain_value V>
    static V value(const V& a, const V& b) {
        return Op::rest_of(a, b);
    }
    template <std::integral T>
    static T value(T a, T b) {
        if constexpr (std::is_signed_v<T>)
            if (b == T{-1}) return T{0};   // the quotient may be too large
        return Op::rest_of_integers(a, b);
    }
    template <element T>
    static void validate(std::span<const T> divisors) {
        if (std::ranges::find(divisors, T{0}) != divisors.end()) fail<value_error>(Op::name, "an integer divided by zero");
    }
    static constexpr auto left = pass_on{};
    static constexpr auto right = [](const auto& dy, const auto& b, const auto& a) {
        return -dy * round((a - binary<Op>{}(a, b)) / b);
    };
};

}  // namespace detail

/// y = a - q b, q = a / b without what is behind the point: of the sign of a (C's fmod)        da = dy,  db = -dy q
/// A zero divisor among integers throws `value_error`; among real numbers the result is NaN.
struct fmod_fn : detail::rest<fmod_fn> {
    static constexpr auto name = "fmod";
    static auto rest_of(const auto& a, const auto& b) { return simd::fmod(a, b); }
    template <std::integral T>
    static T rest_of_integers(T a, T b) {
        return static_cast<T>(a % b);
    }
};
inline constexpr fmod_fn fmod{};

/// y = a - q b, q = a / b rounded down: of the sign of b (Python's %)        da = dy,  db = -dy q
/// Zero divisors as of `fmod`.
struct remainder_fn : detail::rest<remainder_fn> {
    static constexpr auto name = "remainder";
    static auto rest_of(const auto& a, const auto& b) { return simd::remainder(a, b); }
    template <std::integral T>
    static T rest_of_integers(T a, T b) {
        const auto y = static_cast<T>(a % b);
        return y != T{0} && (y < T{0}) != (b < T{0}) ? static_cast<T>(y + b) : y;
    }
};
inline constexpr remainder_fn remainder{};

// Not `round` and `remainder`, which mean something else in std.
namespace standard_names {

template <std::derived_from<base> X>
auto ceil(const X& x) {
    return xgrad::ceil(x);
}
template <std::derived_from<base> X>
auto floor(const X& x) {
    return xgrad::floor(x);
}
template <std::derived_from<base> X>
auto trunc(const X& x) {
    return xgrad::trunc(x);
}
template <class A, class B>
    requires(std::derived_from<A, base> || std::derived_from<B, base>)
auto fmod(const A& a, const B& b) {
    return xgrad::fmod(a, b);
}

}  // namespace standard_names
}  // namespace xgrad

// Defined by xgrad::compiled.
#if defined(XGRAD_INSTANCE)
namespace xgrad::inline XGRAD_ABI::detail {
#define XGRAD_INSTANCES(T) \
    XGRAD_UNARY_INSTANCE(floor_fn, T) \
    XGRAD_UNARY_INSTANCE(ceil_fn, T) \
    XGRAD_UNARY_INSTANCE(round_fn, T) \
    XGRAD_UNARY_INSTANCE(trunc_fn, T) \
    XGRAD_UNARY_INSTANCE(sign_fn, T) \
    XGRAD_BINARY_INSTANCES(heaviside_fn, T) \
    XGRAD_BINARY_INSTANCES(fmod_fn, T) \
    XGRAD_BINARY_INSTANCES(remainder_fn, T)
XGRAD_FOR_REAL_TYPES(XGRAD_INSTANCES)
#undef XGRAD_INSTANCES
}
#endif
