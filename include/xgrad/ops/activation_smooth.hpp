// Activation functions without kinks, element by element, beside those in ops/activation.hpp.
#pragma once

#include <xgrad/core/config.hpp>
#include <xgrad/core/simd.hpp>
#include <xgrad/core/simd_activation.hpp>
#include <xgrad/core/simd_math.hpp>
#include <xgrad/ops/activation.hpp>
#include <xgrad/ops/arithmetic.hpp>
#include <xgrad/ops/compare.hpp>
#include <xgrad/ops/elementwise.hpp>
#include <xgrad/ops/math.hpp>

#include <numbers>

namespace xgrad::inline XGRAD_ABI {

/// y = ln sigmoid(x) = -ln(1 + e^-x)        dx = dy sigmoid(-x)
struct log_sigmoid_fn : unary<log_sigmoid_fn> {
    static constexpr auto name = "log_sigmoid";
    template <plain_value V>
    static V value(const V& x) {
        return simd::negate(simd::softplus(V(simd::negate(x))));
    }
    static constexpr auto gradient = [](const auto& dy, const auto& x) { return dy * detail::logistic_fn{}(-x); };
};
inline constexpr log_sigmoid_fn log_sigmoid{};

/// y = x / (1 + |x|), -1 and 1 at the infinities        dx = dy / (1 + |x|)^2
struct softsign_fn : unary<softsign_fn> {
    static constexpr auto name = "softsign";
    template <plain_value V>
    static V value(const V& x) {
        const auto v = simd::at_least(simd::at_most(x, V(1e30f)), V(-1e30f));   // where y is -1 or 1
        return v / (V(1) + simd::abs(v));
    }
    static constexpr auto gradient = [](const auto& dy, const auto& x) {
        const auto size = 1 + abs(x);   // its square may be beyond all numbers
        return dy / size / size;
    };
};
inline constexpr softsign_fn softsign{};

namespace detail {

/// The derivative of gelu_tanh, s (1 + p (1 - s)), s = sigmoid(z), p = x z'
/// dx = dy s (1 - s) (z' + p' + p z' (1 - 2 s)),  z' = c (1 + 3 k x^2),  p' = c (1 + 9 k x^2),  c = 2 sqrt(2/pi), k = 0.044715
struct gelu_tanh_slope_fn : unary<gelu_tanh_slope_fn> {
    static constexpr auto name = "gelu_tanh_slope";
    static auto value(const auto& x) { return simd::gelu_tanh_slope(x); }
    static constexpr auto gradient = [](const auto& dy, const auto& x) {
        constexpr auto c = 2 * std::numbers::sqrt2 * std::numbers::inv_sqrtpi, k = 0.044715;
        const auto square = x * x, first = times(1 + times(square, 3 * k), c);
        const auto z = times(x * (1 + times(square, k)), c), s = logistic_fn{}(z);
        const auto inner = first + times(1 + times(square, 9 * k), c) + x * first * first * (1 - 2 * s);
        return dy * where(abs(x) > 30, 0, s * logistic_fn{}(-z) * inner);
    };
};

/// The derivative of mish, w + x q s, w = tanh(ln(1 + e^x)), q = 1 - w^2, s = sigmoid(x)
/// dx = dy q s (2 + x (1 - s - 2 w s))
struct mish_slope_fn : unary<mish_slope_fn> {
    static constexpr auto name = "mish_slope";
    static auto value(const auto& x) { return simd::mish_slope(x); }
    static constexpr auto gradient = [](const auto& dy, const auto& x) {
        const auto s = logistic_fn{}(x), exponent = 2 * softplus(x), w = tanh(softplus(x));
        const auto q = 4 * logistic_fn{}(exponent) * logistic_fn{}(-exponent);
        return dy * where(abs(x) > 800, 0, q * s * (2 + x * (1 - s - 2 * w * s)));
    };
};

}  // namespace detail

/// y = x (1 + tanh(sqrt(2/pi) (x + 0.044715 x^3))) / 2, nearly gelu        dx = dy s (1 + x z' (1 - s)),  s = sigmoid(z),
/// z = 2 sqrt(2/pi) (x + 0.044715 x^3). PyTorch's gelu(x, approximate="tanh").
struct gelu_tanh_fn : unary<gelu_tanh_fn> {
    static constexpr auto name = "gelu_tanh";
    static auto value(const auto& x) { return simd::gelu_tanh(x); }
    static constexpr auto gradient = [](const auto& dy, const auto& x) { return dy * detail::gelu_tanh_slope_fn{}(x); };
};
inline constexpr gelu_tanh_fn gelu_tanh{};

/// y = x tanh(ln(1 + e^x)), 0 at -infinity        dx = dy (w + x (1 - w^2) sigmoid(x)),  w = tanh(ln(1 + e^x))
/// D. Misra, "Mish: a self regularized non-monotonic activation function", arXiv:1908.08681 (2019).
struct mish_fn : unary<mish_fn> {
    static constexpr auto name = "mish";
    static auto value(const auto& x) { return simd::mish(x); }
    static constexpr auto gradient = [](const auto& dy, const auto& x) { return dy * detail::mish_slope_fn{}(x); };
};
inline constexpr mish_fn mish{};

}  // namespace xgrad

// Defined by xgrad::compiled.
#if defined(XGRAD_INSTANCE)
namespace xgrad::inline XGRAD_ABI::detail {
#define XGRAD_INSTANCES(T) \
    XGRAD_UNARY_INSTANCE(log_sigmoid_fn, T) \
    XGRAD_UNARY_INSTANCE(softsign_fn, T) \
    XGRAD_UNARY_INSTANCE(gelu_tanh_slope_fn, T) \
    XGRAD_UNARY_INSTANCE(mish_slope_fn, T) \
    XGRAD_UNARY_INSTANCE(gelu_tanh_fn, T) \
    XGRAD_UNARY_INSTANCE(mish_fn, T)
XGRAD_FOR_REAL_TYPES(XGRAD_INSTANCES)
#undef XGRAD_INSTANCES
}
#endif
