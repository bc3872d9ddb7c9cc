// Softmax and its relatives along one axis.
#pragma once

#include <xgrad/autograd/backward.hpp>
#include <xgrad/autograd/operation.hpp>
#include <xgrad/core/config.hpp>
#include <xgrad/kernels/softmax.hpp>
#include <xgrad/ops/arithmetic.hpp>
#include <xgrad/ops/math.hpp>
#include <xgrad/ops/reduce.hpp>

#include <cstddef>
#include <utility>

namespace xgrad::inline XGRAD_ABI {

namespace detail {

/// y = e^x / sum e^x        dx = y (dy - sum(dy y))
template <real T>
tensor<T> softmax_value(const basic_tensor<T>& x, std::size_t axis) {
    auto y = make_result<T>(shape_of(x));
    kernels::softmax<false>(x.data(), kernels::axis_view{shape_of(x), axis}, access::elements(y));
    auto values = keep(result(y));
    return record("softmax", std::move(y), {x}, std::move(values), [axis](const auto& dy, gradients& d, const auto& kept_y) {
        d(0, [&] {
            const auto value = kept_y();
            const auto weighted = upstream<T>{dy} * value;
            const auto total = upstream<T>{sum(weighted.value, static_cast<std::ptrdiff_t>(axis), keep_dims)};
            return (weighted + -total * value).value;
        });
    });
}

/// y = x - ln sum e^x        dx = dy - e^y sum(dy)
template <real T>
tensor<T> log_softmax_value(const basic_tensor<T>& x, std::size_t axis) {
    auto y = make_result<T>(shape_of(x));
    kernels::softmax<true>(x.data(), kernels::axis_view{shape_of(x), axis}, access::elements(y));
    auto values = keep(result(y));
    return record("log_softmax", std::move(y), {x}, std::move(values), [axis](const auto& dy, gradients& d, const auto& kept_y) {
        d(0, [&] {
            const auto total = upstream<T>{sum(dy, static_cast<std::ptrdiff_t>(axis), keep_dims)};
            return (upstream<T>{dy} + -total * exp(kept_y())).value;
        });
    });
}

template <real T>
tensor<T> softmax_along(const basic_tensor<T>& x, std::size_t axis) {
    return call("softmax", {"x", "axis"}, [](const basic_tensor<T>& v, std::size_t along) { return softmax_value(v, along); }, x, axis);
}
template <real T>
tensor<T> log_softmax_along(const basic_tensor<T>& x, std::size_t axis) {
    return call("log_softmax", {"x", "axis"}, [](const basic_tensor<T>& v, std::size_t along) { return log_softmax_value(v, along); }, x, axis);
}

}  // namespace detail

/// y = e^x / sum e^x along `axis`: positive numbers whose sum is 1. Nothing overflows.
struct softmax_fn {
    template <element T, std::size_t N>
    tensor<T, N> operator()(const tensor<T, N>& x, extent axis = -1) const {
        static_assert(real<T>, "an operation on real numbers: convert the operand with astype<float>(x)");
        static_assert(N != 0, "a tensor without axes has none to sum over");
        return detail::with_rank<N>(detail::softmax_along<T>(x, normalize_axis("softmax", axis, x.rank())));
    }
};
inline constexpr softmax_fn softmax{};

/// y = ln softmax(x) along `axis`, without the rounding of going through softmax.
struct log_softmax_fn {
    template <element T, std::size_t N>
    tensor<T, N> operator()(const tensor<T, N>& x, extent axis = -1) const {
        static_assert(real<T>, "an operation on real numbers: convert the operand with astype<float>(x)");
        static_assert(N != 0, "a tensor without axes has none to sum over");
        return detail::with_rank<N>(detail::log_softmax_along<T>(x, normalize_axis("log_softmax", axis, x.rank())));
    }
};
inline constexpr log_softmax_fn log_softmax{};

}  // namespace xgrad

// Defined by xgrad::compiled.
#if defined(XGRAD_INSTANCE)
namespace xgrad::inline XGRAD_ABI::detail {
#define XGRAD_INSTANCES(T) \
    XGRAD_INSTANCE tensor<T> softmax_along(const basic_tensor<T>&, std::size_t); \
    XGRAD_INSTANCE tensor<T> log_softmax_along(const basic_tensor<T>&, std::size_t);
XGRAD_FOR_REAL_TYPES(XGRAD_INSTANCES)
#undef XGRAD_INSTANCES
}
#endif
