// The remainders of division, element by element.
#pragma once

#include <xgrad/core/config.hpp>
#include <xgrad/core/error.hpp>
#include <xgrad/core/lists.hpp>
#include <xgrad/core/simd_pairs.hpp>
#include <xgrad/ops/arithmetic.hpp>
#include <xgrad/ops/compare.hpp>
#include <xgrad/ops/elementwise.hpp>
#include <xgrad/ops/math.hpp>
#include <xgrad/ops/rounding.hpp>

#include <concepts>
#include <span>
#include <type_traits>

namespace xgrad::inline XGRAD_ABI {

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
        if (lists::contains(divisors, T{0})) fail<value_error>(Op::name, "an integer divided by zero");
    }
    static constexpr auto left = pass_on{};
    static constexpr auto right = [](const auto& dy, const auto& b, const auto& a) {
        // By an infinite divisor the rest is a or, on the other side of 0, the divisor. Of large numbers by halves: a - rest
        // may overflow.
        const auto rest = binary<Op>{}(a, b);
        const auto times = where(abs(a) > 1, round((a * 0.5 - rest * 0.5) / b * 2), round((a - rest) / b));
        return -dy * where(rest == a, 0, where(rest == b, -1, times));
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

// Not `remainder`, which means something else in std.
namespace standard_names {

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
    XGRAD_BINARY_INSTANCES(fmod_fn, T) \
    XGRAD_BINARY_INSTANCES(remainder_fn, T)
XGRAD_FOR_REAL_TYPES(XGRAD_INSTANCES)
#undef XGRAD_INSTANCES
}
#endif
