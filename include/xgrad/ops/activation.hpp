// Activation functions, element by element. Others are in ops/activation_smooth.hpp, activation_piecewise.hpp and glu.hpp.
#pragma once

#include <xgrad/autograd/operation.hpp>
#include <xgrad/core/config.hpp>
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

namespace detail {

/// y = sigmoid(x)        dx = dy sigmoid(x) sigmoid(-x), of which y (1 - y) has lost the digits where x is large
struct logistic_fn : unary<logistic_fn> {
    static constexpr auto name = "logistic";
    static auto value(const auto& x) { return simd::sigmoid(x); }
    static constexpr auto gradient = [](const auto& dy, const auto& x) {
        return dy * (unary<logistic_fn>{}(x) * unary<logistic_fn>{}(-x));
    };
};

}  // namespace detail

/// y = ln(1 + e^x)        dx = dy sigmoid(x)
struct softplus_fn : unary<softplus_fn> {
    static constexpr auto name = "softplus";
    static auto value(const auto& x) { return simd::softplus(x); }
    static constexpr auto gradient = [](const auto& dy, const auto& x) { return dy * detail::logistic_fn{}(x); };
};
inline constexpr softplus_fn softplus{};

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

template <real T>
tensor<T> leaky_value(const basic_tensor<T>& x, T slope) {
    auto y = compute<T>("leaky_relu", [=](const auto& v) { return where(v < 0, v * slope, v); }, x);
    const auto gradient = [=](const auto& dy, const auto& v) { return where(v <= 0, dy * slope, dy); };
    return record("leaky_relu", std::move(y), {x}, keep(x), [gradient](auto& dy, gradients& d, const auto& v) {
        d(0, [&] { return evaluate(gradient, std::move(dy), v()); });
    });
}
template <real T>
tensor<T> leaky(const basic_tensor<T>& x, T slope) {
    return call("leaky_relu", {"x", "slope"}, [](const basic_tensor<T>& v, T s) { return leaky_value(v, s); }, x, slope);
}

}  // namespace detail

/// y = x where x > 0, slope x elsewhere        dx = dy or slope dy
/// A. Maas, A. Hannun, A. Ng, "Rectifier nonlinearities improve neural network acoustic models", ICML (2013).
struct leaky_relu_fn {
    template <real T, std::size_t N>
    tensor<T, N> operator()(const tensor<T, N>& x, std::type_identity_t<T> slope = T(0.01)) const {
        return detail::with_rank<N>(detail::leaky<T>(x, slope));
    }
};
inline constexpr leaky_relu_fn leaky_relu{};

}  // namespace xgrad

// Defined by xgrad::compiled.
#if defined(XGRAD_INSTANCE)
namespace xgrad::inline XGRAD_ABI::detail {
#define XGRAD_INSTANCES(T) \
    XGRAD_UNARY_INSTANCE(relu_fn, T) \
    XGRAD_UNARY_INSTANCE(sigmoid_fn, T) \
    XGRAD_UNARY_INSTANCE(tanh_fn, T) \
    XGRAD_UNARY_INSTANCE(logistic_fn, T) \
    XGRAD_UNARY_INSTANCE(softplus_fn, T) \
    XGRAD_UNARY_INSTANCE(silu_slope_fn, T) \
    XGRAD_UNARY_INSTANCE(gelu_slope_fn, T) \
    XGRAD_UNARY_INSTANCE(silu_fn, T) \
    XGRAD_UNARY_INSTANCE(gelu_fn, T) \
    XGRAD_INSTANCE tensor<T> leaky(const basic_tensor<T>&, T);
XGRAD_FOR_REAL_TYPES(XGRAD_INSTANCES)
#undef XGRAD_INSTANCES
}
#endif
