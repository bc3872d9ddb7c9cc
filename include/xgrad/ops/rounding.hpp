// Rounding and steps, element by element.
//
// Between its steps a step has the derivative 0, and at them that is what it is said to be, as in PyTorch: the gradient is
// zero, and recorded.
#pragma once

#include <xgrad/core/config.hpp>
#include <xgrad/core/simd_rounding.hpp>
#include <xgrad/ops/arithmetic.hpp>
#include <xgrad/ops/compare.hpp>
#include <xgrad/ops/elementwise.hpp>

#include <concepts>

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

// Not `round`, which means something else in std.
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
    XGRAD_BINARY_INSTANCES(heaviside_fn, T)
XGRAD_FOR_REAL_TYPES(XGRAD_INSTANCES)
#undef XGRAD_INSTANCES
}
#endif
