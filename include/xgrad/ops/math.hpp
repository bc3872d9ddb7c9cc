// Powers, exponentials and their like, element by element.
#pragma once

#include <xgrad/autograd/operation.hpp>
#include <xgrad/core/config.hpp>
#include <xgrad/core/exact.hpp>
#include <xgrad/core/lists.hpp>
#include <xgrad/core/simd_math.hpp>
#include <xgrad/core/simd_normal.hpp>
#include <xgrad/core/simd_trigonometric.hpp>
#include <xgrad/ops/arithmetic.hpp>
#include <xgrad/ops/compare.hpp>
#include <xgrad/ops/elementwise.hpp>

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <numbers>
#include <optional>
#include <span>

namespace xgrad::inline XGRAD_ABI {

/// y = e^x          dx = dy y
struct exp_fn : unary<exp_fn> {
    static constexpr auto name = "exp";
    static constexpr auto keeps_result = true;
    static auto value(const auto& x) { return simd::exp(x); }
    static constexpr auto gradient = [](const auto& dy, const auto& y) { return dy * y; };
};
inline constexpr exp_fn exp{};

/// y = ln x         dx = dy / x
struct log_fn : unary<log_fn> {
    static constexpr auto name = "log";
    static auto value(const auto& x) { return simd::log(x); }
    static constexpr auto gradient = [](const auto& dy, const auto& x) { return dy / x; };
};
inline constexpr log_fn log{};

/// y = ln(1 + x), exact for small x        dx = dy / (1 + x)
struct log1p_fn : unary<log1p_fn> {
    static constexpr auto name = "log1p";
    static auto value(const auto& x) { return simd::log1p(x); }
    static constexpr auto gradient = [](const auto& dy, const auto& x) { return dy / (1 + x); };
};
inline constexpr log1p_fn log1p{};

/// y = e^x - 1, exact for small x          dx = dy e^x, of which y + 1 has lost the digits where x is far below zero
struct expm1_fn : unary<expm1_fn> {
    static constexpr auto name = "expm1";
    static auto value(const auto& x) { return simd::expm1(x); }
    static constexpr auto gradient = [](const auto& dy, const auto& x) { return dy * exp(x); };
};
inline constexpr expm1_fn expm1{};

/// y = sqrt x       dx = dy / (2 y)
struct sqrt_fn : unary<sqrt_fn> {
    static constexpr auto name = "sqrt";
    static constexpr auto keeps_result = true;
    static auto value(const auto& x) { return simd::sqrt(x); }
    static constexpr auto gradient = [](const auto& dy, const auto& y) { return dy / (y + y); };
};
inline constexpr sqrt_fn sqrt{};

/// y = x^2          dx = 2 dy x
struct square_fn : unary<square_fn> {
    static constexpr auto name = "square";
    static constexpr auto takes_integers = true;
    static auto value(const auto& x) { return x * x; }
    template <std::integral T>
    static T value(const T& x) {
        return multiply_fn::value(x, x);
    }
    static constexpr auto gradient = [](const auto& dy, const auto& x) { return dy * (x + x); };
};
inline constexpr square_fn square{};

/// y = |x|          dx = dy sign(x), 0 at 0, NaN at NaN
struct abs_fn : unary<abs_fn> {
    static constexpr auto name = "abs";
    static constexpr auto takes_integers = true;
    static auto value(const auto& x) { return simd::abs(x); }
    template <std::integral T>
    static T value(const T& x) {
        return x < T{0} ? negative_fn::value(x) : x;
    }
    static constexpr auto gradient = [](const auto& dy, const auto& x) {
        return where(x > 0, dy, where(x < 0, -dy, where(x == 0, 0, dy * x)));
    };
};
inline constexpr abs_fn abs{};

struct sin_fn;

/// y = cos x        dx = -dy sin x
struct cos_fn : unary<cos_fn> {
    static constexpr auto name = "cos";
    static auto value(const auto& x) { return simd::cos(x); }
    static constexpr auto gradient = [](const auto& dy, const auto& x) { return dy * -unary<sin_fn>{}(x); };
};
inline constexpr cos_fn cos{};

/// y = sin x        dx = dy cos x
struct sin_fn : unary<sin_fn> {
    static constexpr auto name = "sin";
    static auto value(const auto& x) { return simd::sin(x); }
    static constexpr auto gradient = [](const auto& dy, const auto& x) { return dy * cos(x); };
};
inline constexpr sin_fn sin{};

namespace detail {

/// y = e^(-x^2), exact where x^2 has not digits enough        dx = -2 dy x y
struct gaussian_fn : unary<gaussian_fn> {
    static constexpr auto name = "gaussian";
    static auto value(const auto& x) { return simd::gaussian(x); }
    static constexpr auto gradient = [](const auto& dy, const auto& x) {
        return dy * where(abs(x) > 800, 0, -2 * x * unary<gaussian_fn>{}(x));   // infinity times 0 is 0 here
    };
};

}  // namespace detail

/// y = 2/sqrt(pi) times the integral of e^(-t^2) from 0 to x        dx = dy 2/sqrt(pi) e^(-x^2)
struct erf_fn : unary<erf_fn> {
    static constexpr auto name = "erf";
    static auto value(const auto& x) { return simd::erf(x); }
    static constexpr auto gradient = [](const auto& dy, const auto& x) {
        return dy * detail::times(detail::gaussian_fn{}(x), 2 * std::numbers::inv_sqrtpi);
    };
};
inline constexpr erf_fn erf{};

/// y = a^b          da = dy b a^(b-1), 0 where b = 0;   db = dy y ln a, 0 where a = 0 and b >= 0
/// By a number, a small whole power or a root is what it says: x^2 = x x. Of integers it wraps around, and a negative
/// exponent throws `value_error`.
struct pow_fn : binary<pow_fn> {
    static constexpr auto name = "pow";
    static auto value(const auto& a, const auto& b) { return simd::pow(a, b); }
    template <std::integral T>
    static T value(T base, T exponent) {
        auto y = T{1};
        for (; exponent > T{0}; exponent = static_cast<T>(exponent / 2)) {
            if (exponent % 2 != 0) y = multiply_fn::value(y, base);
            base = multiply_fn::value(base, base);
        }
        return y;
    }
    template <element T>
    static void validate(std::span<const T> exponents) {
        if (lists::any_of(exponents, [](T exponent) { return exponent < T{0}; }))
            fail<value_error>(name, "an integer to a negative power is a fraction: convert the tensor with astype<float>(x)");
    }
    static constexpr auto left = [](const auto& dy, const auto& a, const auto& b) {
        return where(b == 0, 0, dy * (b * binary<pow_fn>{}(a, b - 1)));
    };
    static constexpr auto right = [](const auto& dy, const auto& b, const auto& a) {
        const auto inside = dy * (binary<pow_fn>{}(a, b) * log(a));
        return where(b >= 0, where(a == 0, 0, inside), inside);
    };

    using binary<pow_fn>::operator();
    template <element T, std::size_t N, scalar S>   // hides the one of `binary`, to the letter of its head
    tensor<T, N> operator()(const tensor<T, N>& a, S exponent) const;
};
inline constexpr pow_fn pow{};

namespace detail {

/// v^exponent for the exponents that are worth a formula of their own.
template <plain_value V, real T>
V power(const V& v, T exponent) {
    if (exponent == T{2}) return v * v;
    if (exponent == T{1}) return v;
    if (exponent == T{3}) return v * v * v;
    if (exponent == T{4}) return (v * v) * (v * v);
    if (exponent == T{-1}) return V(T{1}) / v;
    if (exponent == T{-2}) {
        const auto inverse = V(T{1}) / v;   // v^2 may overflow where its inverse does not underflow
        return inverse * inverse;
    }
    if (exponent == T{0.5}) {   // which, of -0 and of minus infinity, is no square root
        constexpr auto infinity = std::numeric_limits<T>::infinity();
        return simd::select(v == V(-infinity), V(infinity), V(simd::sqrt(v) + V(T{0})));
    }
    return simd::pow(v, V(exponent));
}

template <real T>
tensor<T> power(const basic_tensor<T>& x, T exponent);

/// y = x^b        dx = dy b x^(b-1), 0 where b = 0; by halves of the power where b < 1 makes of it a number that has room
template <real T>
tensor<T> power_value(const basic_tensor<T>& x, T exponent) {
    auto y = compute<T>("pow", [=](const auto& v) { return power(v, exponent); }, x);
    const auto slope = [=](const auto& dy, const auto& v) {
        const auto is_small = exponent > T{-1} && exponent < T{1};
        const auto factor = power(v, is_small ? (exponent - 1) / 2 : exponent - 1);
        return exponent == 0 ? dy * 0 : dy * (is_small ? exponent * factor * factor : exponent * factor);
    };
    return record("pow", std::move(y), {x}, keep(x), [slope](auto& dy, gradients& d, const auto& v) {
        d(0, [&] { return evaluate(slope, std::move(dy), v()); });
    });
}
template <real T>
tensor<T> power(const basic_tensor<T>& x, T exponent) {
    return call("pow", {"a", "b"}, [](const basic_tensor<T>& v, T w) { return power_value(v, w); }, x, exponent);
}

}  // namespace detail

template <element T, std::size_t N, scalar S>
tensor<T, N> pow_fn::operator()(const tensor<T, N>& a, S exponent) const {
    if constexpr (real<T>) return detail::with_rank<N>(detail::power<T>(a, static_cast<T>(exponent)));
    else return detail::with_rank<N>(detail::apply_left<pow_fn, T>(a, detail::as_element<T>("pow", exponent)));
}

namespace detail {

template <element T>
tensor<T> clamp_value(const basic_tensor<T>& x, T low, T high) {
    auto y = compute<T>(
        "clamp",
        [=](const auto& v) {
            using V = std::decay_t<decltype(v)>;
            return simd::select(v < V(low), V(low), simd::select(v > V(high), V(high), v));
        },
        x);
    if constexpr (!real<T>) {
        return y;
    } else {
        const auto gradient = [=](const auto& dy, const auto& v) { return where(v < low, 0, where(v > high, 0, dy)); };
        return record("clamp", std::move(y), {x}, keep(x), [gradient](auto& dy, gradients& d, const auto& v) {
            d(0, [&] { return evaluate(gradient, std::move(dy), v()); });
        });
    }
}
template <element T>
tensor<T> clamp_between(const basic_tensor<T>& x, T low, T high) {
    return call("clamp", {"x", "low", "high"},
                [](const basic_tensor<T>& v, T first, T last) { return clamp_value(v, first, last); }, x, low, high);
}

}  // namespace detail

/// y = x kept between two bounds, NaN where x is        dx = dy between them (and at them), 0 beyond.
/// The bounds are numbers of any type and mean what they are, whatever T holds: bytes between -129 and 200 are at most
/// 200, integers between 0.5 and 3.5 go from 1 to 3. Throws `value_error` when no T is between them, and for NaN.
struct clamp_fn {
    template <element T, std::size_t N, scalar Low, scalar High>
    tensor<T, N> operator()(const tensor<T, N>& x, Low low, High high) const {
        const auto is_number = low == low && high == high;
        const auto first = is_number ? detail::at_least<T>(low) : std::nullopt, last = is_number ? detail::at_most<T>(high) : std::nullopt;
        if (!first || !last || *first > *last)
            fail<value_error>("clamp", "no ", dtype_name<T>(), " is at least ", +low, " and at most ", +high,
                              "; the lower bound must not be above the upper bound");
        return detail::with_rank<N>(detail::clamp_between<T>(x, *first, *last));
    }
};
inline constexpr clamp_fn clamp{};

namespace detail {

template <element U, element T>
tensor<U> convert(const basic_tensor<T>& x);

/// y = x, each element converted to `U`        dx = dy, converted back
template <element U, element T>
tensor<U> convert_value(const basic_tensor<T>& x) {
    auto y = compute<U>("astype", [](T v) { return nearest_cast<U>(v); }, x);
    if constexpr (real<T> && real<U>)
        return record("astype", std::move(y), {x}, keep(), [](const auto& dy, gradients& d) {
            d(0, [&] { return convert<T>(dy); });
        });
    else return y;
}
template <element U, element T>
tensor<U> convert(const basic_tensor<T>& x) {
    return call("astype", {"x", "to"}, [](const basic_tensor<T>& v, dtype) { return convert_value<U>(v); }, x, dtype_of<U>());
}

}  // namespace detail

/// The elements converted to another type: to integers, to the nearest there is once the fraction is gone (300 to 255
/// as a byte), and NaN to 0; to bool, to whether they are not 0. Differentiable between real types.
template <element U, element T, std::size_t N>
tensor<U, N> astype(const tensor<T, N>& x) {
    return detail::with_rank<N>(detail::convert<U>(x));
}

// For generic code that says `using std::exp; exp(x)`. The objects above are not found by the types of arguments;
// functions are, and these in no other way.
namespace standard_names {

XGRAD_STANDARD_NAME(abs)
XGRAD_STANDARD_NAME(cos)
XGRAD_STANDARD_NAME(erf)
XGRAD_STANDARD_NAME(exp)
XGRAD_STANDARD_NAME(expm1)
XGRAD_STANDARD_NAME(log)
XGRAD_STANDARD_NAME(log1p)
XGRAD_STANDARD_NAME(sin)
XGRAD_STANDARD_NAME(sqrt)

template <class A, class B>
    requires(std::derived_from<A, base> || std::derived_from<B, base>)
auto pow(const A& a, const B& b) {
    return xgrad::pow(a, b);
}

}  // namespace standard_names
}  // namespace xgrad

// Defined by xgrad::compiled.
#if defined(XGRAD_INSTANCE)
namespace xgrad::inline XGRAD_ABI::detail {
#define XGRAD_INSTANCES(T) \
    XGRAD_UNARY_INSTANCE(exp_fn, T) \
    XGRAD_UNARY_INSTANCE(log_fn, T) \
    XGRAD_UNARY_INSTANCE(log1p_fn, T) \
    XGRAD_UNARY_INSTANCE(expm1_fn, T) \
    XGRAD_UNARY_INSTANCE(sqrt_fn, T) \
    XGRAD_UNARY_INSTANCE(square_fn, T) \
    XGRAD_UNARY_INSTANCE(abs_fn, T) \
    XGRAD_UNARY_INSTANCE(cos_fn, T) \
    XGRAD_UNARY_INSTANCE(sin_fn, T) \
    XGRAD_UNARY_INSTANCE(gaussian_fn, T) \
    XGRAD_UNARY_INSTANCE(erf_fn, T) \
    XGRAD_BINARY_INSTANCES(pow_fn, T) \
    XGRAD_INSTANCE tensor<T> power(const basic_tensor<T>&, T); \
    XGRAD_INSTANCE tensor<T> clamp_between(const basic_tensor<T>&, T, T); \
    XGRAD_INSTANCE tensor<float> convert<float>(const basic_tensor<T>&); \
    XGRAD_INSTANCE tensor<double> convert<double>(const basic_tensor<T>&); \
    XGRAD_INSTANCE tensor<T> convert<T>(const basic_tensor<std::int64_t>&); \
    XGRAD_INSTANCE tensor<T> convert<T>(const basic_tensor<std::uint8_t>&); \
    XGRAD_INSTANCE tensor<T> convert<T>(const basic_tensor<bool>&);
XGRAD_FOR_REAL_TYPES(XGRAD_INSTANCES)
#undef XGRAD_INSTANCES
XGRAD_INSTANCE tensor<std::int64_t> convert<std::int64_t>(const basic_tensor<std::int64_t>&);
XGRAD_INSTANCE tensor<std::int64_t> convert<std::int64_t>(const basic_tensor<std::uint8_t>&);
XGRAD_INSTANCE tensor<std::int64_t> convert<std::int64_t>(const basic_tensor<bool>&);
}
#endif
