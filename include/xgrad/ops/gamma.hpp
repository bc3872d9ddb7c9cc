// The logarithm of the gamma function and its derivatives, element by element.
#pragma once

#include <xgrad/core/config.hpp>
#include <xgrad/core/error.hpp>
#include <xgrad/core/polygamma.hpp>
#include <xgrad/core/simd.hpp>
#include <xgrad/core/simd_gamma.hpp>
#include <xgrad/ops/arithmetic.hpp>
#include <xgrad/ops/derivatives.hpp>
#include <xgrad/ops/elementwise.hpp>

#include <concepts>
#include <cstddef>

namespace xgrad::inline XGRAD_ABI {

namespace detail {

struct polygammas {
    static constexpr auto name = "polygamma";
    template <std::floating_point T>
    static T at(int n, T x) {
        return polygamma(n, x);
    }
    template <simd::real_vector V>
    static V vector(int n, const V& x) {
        if (n == 0) return simd::digamma(x);
        if (n == 1) return simd::trigamma(x);
        return simd::corrected(x, x, x == x, [n](auto number) { return polygamma(n, number); });
    }
};

}  // namespace detail

/// y = the n-th derivative of digamma, n >= 0        dx = dy polygamma(n + 1, x)
/// polygamma(1, x) is computed by vectors, those beyond number by number. Throws `value_error` for n < 0.
template <real T, std::size_t N>
tensor<T, N> polygamma(int n, const tensor<T, N>& x) {
    if (n < 0) fail<value_error>("polygamma", "there are derivatives of order 0, 1, 2, ..., not ", n);
    return detail::derivatives_fn<detail::polygammas>{}(n, x);
}

/// y = the derivative of ln|Gamma(x)|        dx = dy polygamma(1, x)
struct digamma_fn : unary<digamma_fn> {
    static constexpr auto name = "digamma";
    static auto value(const auto& x) { return simd::digamma(x); }
    static constexpr auto gradient = [](const auto& dy, const auto& x) {
        return dy * detail::derivatives_fn<detail::polygammas>{}(1, x);
    };
};
inline constexpr digamma_fn digamma{};

/// y = ln|Gamma(x)|        dx = dy digamma(x)
struct lgamma_fn : unary<lgamma_fn> {
    static constexpr auto name = "lgamma";
    static auto value(const auto& x) { return simd::lgamma(x); }
    static constexpr auto gradient = [](const auto& dy, const auto& x) { return dy * digamma(x); };
};
inline constexpr lgamma_fn lgamma{};

namespace standard_names {

template <std::derived_from<base> X>
auto lgamma(const X& x) {
    return xgrad::lgamma(x);
}

}  // namespace standard_names
}  // namespace xgrad

// Defined by xgrad::compiled.
#if defined(XGRAD_INSTANCE)
namespace xgrad::inline XGRAD_ABI::detail {
#define XGRAD_INSTANCES(T) \
    XGRAD_UNARY_INSTANCE(digamma_fn, T) \
    XGRAD_UNARY_INSTANCE(lgamma_fn, T) \
    XGRAD_INSTANCE tensor<T> derivative<polygammas>(const basic_tensor<T>&, int);
XGRAD_FOR_REAL_TYPES(XGRAD_INSTANCES)
#undef XGRAD_INSTANCES
}
#endif
