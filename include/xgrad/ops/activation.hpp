// Activation functions, element by element. More of those in pieces are in ops/activation_piecewise.hpp.
#pragma once

#include <xgrad/core/config.hpp>
#include <xgrad/core/simd.hpp>
#include <xgrad/core/simd_activation.hpp>
#include <xgrad/core/simd_math.hpp>
#include <xgrad/core/simd_normal.hpp>
#include <xgrad/ops/arithmetic.hpp>
#include <xgrad/ops/compare.hpp>
#include <xgrad/ops/elementwise.hpp>
#include <xgrad/ops/math.hpp>

#include <concepts>
#include <cstddef>
#include <numbers>
#include <type_traits>
#include <utility>

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
    static constexpr auto gradient = [](const auto& dy, const auto& y) { return dy * (y * (1 - y)); };
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

namespace standard_names {
template <std::derived_from<base> X>
auto tanh(const X& x) {
    return xgrad::tanh(x);
}
}  // namespace standard_names

/// y = ln(1 + e^x)        dx = dy sigmoid(x)
struct softplus_fn : unary<softplus_fn> {
    static constexpr auto name = "softplus";
    static auto value(const auto& x) { return simd::softplus(x); }
    static constexpr auto gradient = [](const auto& dy, const auto& x) { return dy * sigmoid(x); };
};
inline constexpr softplus_fn softplus{};

/// y = ln sigmoid(x) = -ln(1 + e^-x)        dx = dy sigmoid(-x)
struct log_sigmoid_fn : unary<log_sigmoid_fn> {
    static constexpr auto name = "log_sigmoid";
    template <plain_value V>
    static V value(const V& x) {
        return simd::negate(simd::softplus(V(simd::negate(x))));
    }
    static constexpr auto gradient = [](const auto& dy, const auto& x) { return dy * sigmoid(-x); };
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

/// The derivative of silu, s (1 + x (1 - s)), s = sigmoid(x)        dx = dy s (1 - s) (2 + x (1 - 2 s))
struct silu_slope_fn : unary<silu_slope_fn> {
    static constexpr auto name = "silu_slope";
    static auto value(const auto& x) { return simd::silu_slope(x); }
    static constexpr auto gradient = [](const auto& dy, const auto& x) {
        const auto s = sigmoid(x);
        return dy * where(abs(x) > 800, 0, s * (1 - s) * (2 + x * (1 - 2 * s)));   // infinity times 0 is 0 here
    };
};

/// The derivative of gelu, Phi(x) + x phi(x), phi(x) = e^(-x^2/2) / sqrt(2 pi)        dx = dy (2 - x^2) phi(x)
struct gelu_slope_fn : unary<gelu_slope_fn> {
    static constexpr auto name = "gelu_slope";
    static auto value(const auto& x) { return simd::gelu_slope(x); }
    static constexpr auto gradient = [](const auto& dy, const auto& x) {
        const auto density = times(exp(x * x * -0.5f), 0.5 * std::numbers::inv_sqrtpi * std::numbers::sqrt2);
        return dy * where(abs(x) > 800, 0, (2 - x * x) * density);
    };
};

}  // namespace detail

/// y = x sigmoid(x), 0 at -infinity        dx = dy s (1 + x (1 - s)),  s = sigmoid(x)
/// S. Elfwing, E. Uchibe, K. Doya, "Sigmoid-weighted linear units", Neural Networks 107 (2018).
struct silu_fn : unary<silu_fn> {
    static constexpr auto name = "silu";
    static auto value(const auto& x) { return simd::silu(x); }
    static constexpr auto gradient = [](const auto& dy, const auto& x) { return dy * detail::silu_slope_fn{}(x); };
};
inline constexpr silu_fn silu{};

/// y = x Phi(x), Phi the normal distribution function, 0 at -infinity        dx = dy (Phi(x) + x e^(-x^2/2) / sqrt(2 pi))
/// D. Hendrycks, K. Gimpel, "Gaussian error linear units", arXiv:1606.08415 (2016); the exact form.
struct gelu_fn : unary<gelu_fn> {
    static constexpr auto name = "gelu";
    static auto value(const auto& x) { return simd::gelu(x); }
    static constexpr auto gradient = [](const auto& dy, const auto& x) { return dy * detail::gelu_slope_fn{}(x); };
};
inline constexpr gelu_fn gelu{};

namespace detail {

/// The derivative of gelu_tanh, s (1 + p (1 - s)), s = sigmoid(z), p = x z'
/// dx = dy s (1 - s) (z' + p' + p z' (1 - 2 s)),  z' = c (1 + 3 k x^2),  p' = c (1 + 9 k x^2),  c = 2 sqrt(2/pi), k = 0.044715
struct gelu_tanh_slope_fn : unary<gelu_tanh_slope_fn> {
    static constexpr auto name = "gelu_tanh_slope";
    static auto value(const auto& x) { return simd::gelu_tanh_slope(x); }
    static constexpr auto gradient = [](const auto& dy, const auto& x) {
        constexpr auto c = 2 * std::numbers::sqrt2 * std::numbers::inv_sqrtpi, k = 0.044715;
        const auto square = x * x, first = times(1 + times(square, 3 * k), c);
        const auto s = sigmoid(times(x * (1 + times(square, k)), c));
        const auto inner = first + times(1 + times(square, 9 * k), c) + x * first * first * (1 - 2 * s);
        return dy * where(abs(x) > 30, 0, s * (1 - s) * inner);
    };
};

/// The derivative of mish, w + x q s, w = tanh(ln(1 + e^x)), q = 1 - w^2, s = sigmoid(x)
/// dx = dy q s (2 + x (1 - s - 2 w s))
struct mish_slope_fn : unary<mish_slope_fn> {
    static constexpr auto name = "mish_slope";
    static auto value(const auto& x) { return simd::mish_slope(x); }
    static constexpr auto gradient = [](const auto& dy, const auto& x) {
        const auto s = sigmoid(x), w = tanh(softplus(x));
        return dy * where(abs(x) > 800, 0, (1 - w * w) * s * (2 + x * (1 - s - 2 * w * s)));
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

namespace detail {

/// y = value(x)        dx = gradient(dy, x)
template <real T, class F, class G>
tensor<T> activate(const char* name, const basic_tensor<T>& x, const F& value, const G& gradient) {
    return record(name, compute<T>(name, value, x), {x}, keep(x), [gradient](auto& dy, gradients& d, const auto& v) {
        d(0, [&] { return evaluate(gradient, std::move(dy), v()); });
    });
}

}  // namespace detail

/// y = x where x > 0, slope x elsewhere        dx = dy or slope dy
/// A. Maas, A. Hannun, A. Ng, "Rectifier nonlinearities improve neural network acoustic models", ICML (2013).
struct leaky_relu_fn {
    template <real T, std::size_t N>
    tensor<T, N> operator()(const tensor<T, N>& x, std::type_identity_t<T> slope = T(0.01)) const {
        const auto value = [=](const auto& v) { return where(v < 0, v * slope, v); };
        const auto gradient = [=](const auto& dy, const auto& v) { return where(v <= 0, dy * slope, dy); };
        return detail::with_rank<N>(detail::activate<T>("leaky_relu", x, value, gradient));
    }
};
inline constexpr leaky_relu_fn leaky_relu{};

}  // namespace xgrad
