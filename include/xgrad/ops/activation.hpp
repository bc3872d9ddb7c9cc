// Activation functions, element by element.
#pragma once

#include <xgrad/core/config.hpp>
#include <xgrad/ops/arithmetic.hpp>
#include <xgrad/ops/compare.hpp>
#include <xgrad/ops/elementwise.hpp>
#include <xgrad/ops/math.hpp>

namespace xgrad::inline XGRAD_ABI {

/// y = max(x, 0), NaN where x is        dx = dy where y > 0
struct relu_fn : unary<relu_fn> {
    static constexpr auto name = "relu";
    static constexpr auto keeps_result = true;
    static auto value(const auto& x) { return where(x < 0, 0, x); }
    static constexpr auto gradient = [](const auto& dy, const auto& y) { return where(y <= 0, 0, dy); };
};
inline constexpr relu_fn relu{};

/// y = 1 / (1 + e^-x)        dx = dy y (1 - y)
struct sigmoid_fn : unary<sigmoid_fn> {
    static constexpr auto name = "sigmoid";
    static constexpr auto keeps_result = true;
    static auto value(const auto& x) { return simd::sigmoid(x); }
    static constexpr auto gradient = [](const auto& dy, const auto& y) { return dy * y * (1 - y); };
};
inline constexpr sigmoid_fn sigmoid{};

/// y = tanh x        dx = dy (1 - y^2)
struct tanh_fn : unary<tanh_fn> {
    static constexpr auto name = "tanh";
    static constexpr auto keeps_result = true;
    static auto value(const auto& x) { return simd::tanh(x); }
    static constexpr auto gradient = [](const auto& dy, const auto& y) { return dy * (1 - y * y); };
};
inline constexpr tanh_fn tanh{};

/// y = ln(1 + e^x)        dx = dy sigmoid(x)
struct softplus_fn : unary<softplus_fn> {
    static constexpr auto name = "softplus";
    static auto value(const auto& x) { return where(x < 0, 0, x) + simd::log1p(simd::exp(-simd::abs(x))); }
    static constexpr auto gradient = [](const auto& dy, const auto& x) { return dy * sigmoid(x); };
};
inline constexpr softplus_fn softplus{};

/// y = x sigmoid(x)        dx = dy s (1 + x (1 - s)),  s = sigmoid(x)
/// S. Elfwing, E. Uchibe, K. Doya, "Sigmoid-weighted linear units", Neural Networks 107 (2018).
struct silu_fn : unary<silu_fn> {
    static constexpr auto name = "silu";
    static auto value(const auto& x) { return x * simd::sigmoid(x); }
    static constexpr auto gradient = [](const auto& dy, const auto& x) {
        const auto s = sigmoid(x);
        return dy * s * (1 + x * (1 - s));
    };
};
inline constexpr silu_fn silu{};

}  // namespace xgrad
