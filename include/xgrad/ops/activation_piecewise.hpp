// Activation functions in pieces, element by element, some of them with numbers of one's choice.
#pragma once

#include <xgrad/autograd/backward.hpp>
#include <xgrad/autograd/operation.hpp>
#include <xgrad/core/config.hpp>
#include <xgrad/core/error.hpp>
#include <xgrad/ops/arithmetic.hpp>
#include <xgrad/ops/compare.hpp>
#include <xgrad/ops/elementwise.hpp>
#include <xgrad/ops/math.hpp>

#include <cstddef>
#include <type_traits>
#include <utility>

namespace xgrad::inline XGRAD_ABI {

namespace detail {

/// y = value(x)        dx = gradient(dy, x)
template <real T, class F, class G>
tensor<T> activate(const char* name, const basic_tensor<T>& x, const F& value, const G& gradient) {
    return record(name, compute<T>(name, value, x), {x}, keep(x), [gradient](auto& dy, gradients& d, const auto& v) {
        d(0, [&] { return evaluate(gradient, std::move(dy), v()); });
    });
}

template <real T>
tensor<T> elu_value(const basic_tensor<T>& x, T alpha) {
    const auto value = [=](const auto& v) { return where(v > 0, v, expm1(v) * alpha); };
    const auto gradient = [=](const auto& dy, const auto& v) { return where(v > 0, dy, dy * (exp(v) * alpha)); };
    return activate<T>("elu", x, value, gradient);
}
template <real T>
tensor<T> elu_of(const basic_tensor<T>& x, T alpha) {
    return call("elu", {"x", "alpha"}, [](const basic_tensor<T>& v, T a) { return elu_value<T>(v, a); }, x, alpha);
}

template <real T>
tensor<T> celu_value(const basic_tensor<T>& x, T alpha) {
    if (!(alpha > 0)) fail<value_error>("celu", "alpha must be above 0, not ", alpha);
    const auto value = [=](const auto& v) { return where(v > 0, v, expm1(v / alpha) * alpha); };
    const auto gradient = [=](const auto& dy, const auto& v) { return where(v > 0, dy, dy * exp(v / alpha)); };
    return activate<T>("celu", x, value, gradient);
}
template <real T>
tensor<T> celu_of(const basic_tensor<T>& x, T alpha) {
    return call("celu", {"x", "alpha"}, [](const basic_tensor<T>& v, T a) { return celu_value<T>(v, a); }, x, alpha);
}

template <real T>
tensor<T> hardtanh_value(const basic_tensor<T>& x, T low, T high) {
    if (!(low < high)) fail<value_error>("hardtanh", "the lower bound, ", low, ", must be below the upper bound, ", high);
    const auto value = [=](const auto& v) { return where(v < low, low, where(v > high, high, v)); };
    const auto gradient = [=](const auto& dy, const auto& v) { return where(v <= low, 0, where(v >= high, 0, dy)); };
    return activate<T>("hardtanh", x, value, gradient);
}
template <real T>
tensor<T> hardtanh_of(const basic_tensor<T>& x, T low, T high) {
    return call("hardtanh", {"x", "low", "high"},
                [](const basic_tensor<T>& v, T a, T b) { return hardtanh_value<T>(v, a, b); },
                x, low, high);
}

template <real T>
tensor<T> threshold_value(const basic_tensor<T>& x, T bound, T value) {
    const auto kept = [=](const auto& v) { return where(v <= bound, value, v); };
    const auto gradient = [=](const auto& dy, const auto& v) { return where(v <= bound, 0, dy); };
    return activate<T>("threshold", x, kept, gradient);
}
/// dy, but 0 where x was no further from 0 than the bound.
template <real T>
auto shrink_gradient(T bound) {
    return [=](const auto& dy, const auto& v) { return where(abs(v) <= bound, 0, dy); };
}

template <real T>
tensor<T> hardshrink_of(const basic_tensor<T>& x, T bound) {
    return call("hardshrink", {"x", "bound"}, [](const basic_tensor<T>& v, T b) {
        const auto value = [=](const auto& each) { return where(abs(each) <= b, 0, each); };
        return activate<T>("hardshrink", v, value, shrink_gradient(b));
    }, x, bound);
}
template <real T>
tensor<T> softshrink_of(const basic_tensor<T>& x, T bound) {
    return call("softshrink", {"x", "bound"}, [](const basic_tensor<T>& v, T b) {
        if (!(b >= 0)) fail<value_error>("softshrink", "the bound must not be below 0, got ", b);
        const auto value = [=](const auto& each) { return where(abs(each) <= b, 0, where(each > 0, each - b, each + b)); };
        return activate<T>("softshrink", v, value, shrink_gradient(b));
    }, x, bound);
}

template <real T>
tensor<T> threshold_of(const basic_tensor<T>& x, T bound, T value) {
    return call("threshold", {"x", "bound", "value"},
                [](const basic_tensor<T>& v, T a, T b) { return threshold_value<T>(v, a, b); },
                x, bound, value);
}

}  // namespace detail

/// y = x where x > 0, alpha (e^x - 1) elsewhere        dx = dy or dy alpha e^x
/// D. Clevert, T. Unterthiner, S. Hochreiter, "Fast and accurate deep network learning by exponential linear units (ELUs)",
/// ICLR (2016).
struct elu_fn {
    template <real T, std::size_t N>
    tensor<T, N> operator()(const tensor<T, N>& x, std::type_identity_t<T> alpha = T{1}) const {
        return detail::with_rank<N>(detail::elu_of<T>(x, alpha));
    }
};
inline constexpr elu_fn elu{};

/// y = x where x > 0, alpha (e^(x / alpha) - 1) elsewhere        dx = dy or dy e^(x / alpha)
/// Throws `value_error` unless alpha > 0. J. Barron, "Continuously differentiable exponential linear units",
/// arXiv:1704.07483 (2017).
struct celu_fn {
    template <real T, std::size_t N>
    tensor<T, N> operator()(const tensor<T, N>& x, std::type_identity_t<T> alpha = T{1}) const {
        return detail::with_rank<N>(detail::celu_of<T>(x, alpha));
    }
};
inline constexpr celu_fn celu{};

/// y = s x where x > 0, s a (e^x - 1) elsewhere        dx = dy s or dy s a e^x
/// With s and a such that numbers of mean 0 and variance 1 keep both. G. Klambauer, T. Unterthiner, A. Mayr, S. Hochreiter,
/// "Self-normalizing neural networks", NIPS (2017).
struct selu_fn : unary<selu_fn> {
    static constexpr auto name = "selu";
    static constexpr auto scale = 1.0507009873554804934, scaled_alpha = scale * 1.6732632423543772848;
    static auto value(const auto& x) { return where(x > 0, detail::times(x, scale), detail::times(expm1(x), scaled_alpha)); }
    static constexpr auto gradient = [](const auto& dy, const auto& x) {
        return where(x > 0, detail::times(dy, scale), dy * detail::times(exp(x), scaled_alpha));
    };
};
inline constexpr selu_fn selu{};

/// y = x kept between two bounds        dx = dy between them, 0 at them and beyond
/// Throws `value_error` unless low < high. `clamp` has a gradient at the bounds, too.
struct hardtanh_fn {
    template <real T, std::size_t N>
    tensor<T, N> operator()(const tensor<T, N>& x, std::type_identity_t<T> low = T{-1}, std::type_identity_t<T> high = T{1}) const {
        return detail::with_rank<N>(detail::hardtanh_of<T>(x, low, high));
    }
};
inline constexpr hardtanh_fn hardtanh{};

/// y = (x + 3) / 6 kept between 0 and 1        dx = dy / 6 between them, 0 at them and beyond
struct hardsigmoid_fn : unary<hardsigmoid_fn> {
    static constexpr auto name = "hardsigmoid";
    static auto value(const auto& x) { return where(x <= -3, 0, where(x >= 3, 1, (x + 3) / 6)); }
    static constexpr auto gradient = [](const auto& dy, const auto& x) { return where(x <= -3, 0, where(x >= 3, 0, dy / 6)); };
};
inline constexpr hardsigmoid_fn hardsigmoid{};

/// y = x hardsigmoid(x)        dx = dy (2 x + 3) / 6 from -3 to 3, 0 below, dy above
/// A. Howard et al., "Searching for MobileNetV3", ICCV (2019).
struct hardswish_fn : unary<hardswish_fn> {
    static constexpr auto name = "hardswish";
    static auto value(const auto& x) { return where(x <= -3, 0, where(x >= 3, x, x * ((x + 3) / 6))); }
    static constexpr auto gradient = [](const auto& dy, const auto& x) {
        return where(x < -3, 0, where(x > 3, dy, dy * ((x + x + 3) / 6)));
    };
};
inline constexpr hardswish_fn hardswish{};

/// y = x where x > bound, value elsewhere, NaN where x is        dx = dy where x > bound
struct threshold_fn {
    template <real T, std::size_t N>
    tensor<T, N> operator()(const tensor<T, N>& x, std::type_identity_t<T> bound, std::type_identity_t<T> value) const {
        return detail::with_rank<N>(detail::threshold_of<T>(x, bound, value));
    }
};
inline constexpr threshold_fn threshold{};

/// y = x where |x| > bound, 0 elsewhere        dx = dy where |x| > bound
struct hardshrink_fn {
    template <real T, std::size_t N>
    tensor<T, N> operator()(const tensor<T, N>& x, std::type_identity_t<T> bound = T(0.5)) const {
        return detail::with_rank<N>(detail::hardshrink_of<T>(x, bound));
    }
};
inline constexpr hardshrink_fn hardshrink{};

/// y = x brought nearer to 0 by the bound, 0 where |x| <= bound        dx = dy where |x| > bound
/// Throws `value_error` for a negative bound. D. Donoho, "De-noising by soft-thresholding", IEEE Transactions on Information
/// Theory 41 (1995).
struct softshrink_fn {
    template <real T, std::size_t N>
    tensor<T, N> operator()(const tensor<T, N>& x, std::type_identity_t<T> bound = T(0.5)) const {
        return detail::with_rank<N>(detail::softshrink_of<T>(x, bound));
    }
};
inline constexpr softshrink_fn softshrink{};

}  // namespace xgrad

// Defined by xgrad::compiled.
#if defined(XGRAD_INSTANCE)
namespace xgrad::inline XGRAD_ABI::detail {
#define XGRAD_INSTANCES(T) \
    XGRAD_UNARY_INSTANCE(selu_fn, T) \
    XGRAD_UNARY_INSTANCE(hardsigmoid_fn, T) \
    XGRAD_UNARY_INSTANCE(hardswish_fn, T) \
    XGRAD_INSTANCE tensor<T> elu_of(const basic_tensor<T>&, T); \
    XGRAD_INSTANCE tensor<T> celu_of(const basic_tensor<T>&, T); \
    XGRAD_INSTANCE tensor<T> hardtanh_of(const basic_tensor<T>&, T, T); \
    XGRAD_INSTANCE tensor<T> threshold_of(const basic_tensor<T>&, T, T); \
    XGRAD_INSTANCE tensor<T> hardshrink_of(const basic_tensor<T>&, T); \
    XGRAD_INSTANCE tensor<T> softshrink_of(const basic_tensor<T>&, T);
XGRAD_FOR_REAL_TYPES(XGRAD_INSTANCES)
#undef XGRAD_INSTANCES
}
#endif
