// sin(pi x) / (pi x), element by element.
#pragma once

#include <xgrad/core/config.hpp>
#include <xgrad/core/simd_trigonometric.hpp>
#include <xgrad/core/sinc_derivative.hpp>
#include <xgrad/ops/arithmetic.hpp>
#include <xgrad/ops/derivatives.hpp>
#include <xgrad/ops/elementwise.hpp>

namespace xgrad::inline XGRAD_ABI {

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

}  // namespace xgrad

// Defined by xgrad::compiled.
#if defined(XGRAD_INSTANCE)
namespace xgrad::inline XGRAD_ABI::detail {
#define XGRAD_INSTANCES(T) \
    XGRAD_UNARY_INSTANCE(sinc_fn, T) \
    XGRAD_INSTANCE tensor<T> derivative<sinc_derivatives>(const basic_tensor<T>&, int);
XGRAD_FOR_REAL_TYPES(XGRAD_INSTANCES)
#undef XGRAD_INSTANCES
}
#endif
