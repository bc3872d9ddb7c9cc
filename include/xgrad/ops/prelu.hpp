// The rectifier whose slope below zero is learnt.
#pragma once

#include <xgrad/autograd/operation.hpp>
#include <xgrad/core/config.hpp>
#include <xgrad/core/error.hpp>
#include <xgrad/core/shape.hpp>
#include <xgrad/ops/arithmetic.hpp>
#include <xgrad/ops/compare.hpp>
#include <xgrad/ops/elementwise.hpp>

#include <cstddef>

namespace xgrad::inline XGRAD_ABI {

namespace detail {

/// y = x where x > 0, w x elsewhere        dx = dy or dy w,  dw = dy x where x <= 0
struct weighted_relu_fn : binary<weighted_relu_fn> {
    static constexpr auto name = "weighted_relu";
    template <plain_value V>
    static V value(const V& x, const V& w) {
        return simd::select(x > V(0), x, V(w * x));
    }
    static constexpr auto left = [](const auto& dy, const auto& x, const auto& w) { return where(x > 0, dy, dy * w); };
    static constexpr auto right = [](const auto& dy, const auto& x) { return where(x > 0, 0, dy * x); };
};

template <real T>
tensor<T> prelu_value(const basic_tensor<T>& x, const basic_tensor<T>& w) {
    const auto sizes = shape_of(x), own = shape_of(w);
    const auto by_channel = own.rank() == 1 && sizes.rank() >= 2 && own[0] == sizes[1];
    if (own.elements() != 1 && !by_channel)
        fail<shape_error>("prelu", "x is ", sizes, ", the weight ", own, "; it has one element, or one for each channel, axis 1");
    auto aligned = shape{};   // (c, 1, ..., 1), or a scalar
    for (auto axis = std::size_t{1}; by_channel && axis < sizes.rank(); ++axis) aligned.push_back(axis == 1 ? own[0] : 1);
    return apply_binary<weighted_relu_fn, T>(x, reshape_to(w, aligned));
}
template <real T>
tensor<T> prelu_of(const basic_tensor<T>& x, const basic_tensor<T>& w) {
    return call("prelu", {"x", "weight"},
                [](const basic_tensor<T>& v, const basic_tensor<T>& u) { return prelu_value<T>(v, u); },
                x, w);
}

}  // namespace detail

/// y = x where x > 0, w x elsewhere        dx = dy or dy w,  dw = the sum of dy x where x <= 0
/// w: one number for all, or (c) for the channels of x: (n, c, ...). K. He, X. Zhang, S. Ren and J. Sun, "Delving deep into
/// rectifiers", ICCV (2015).
struct prelu_fn {
    template <real T, std::size_t N, std::size_t M>
    tensor<T, N> operator()(const tensor<T, N>& x, const tensor<T, M>& w) const {
        return detail::with_rank<N>(detail::prelu_of<T>(x, w));
    }
};
inline constexpr prelu_fn prelu{};

}  // namespace xgrad

// Defined by xgrad::compiled.
#if defined(XGRAD_INSTANCE)
namespace xgrad::inline XGRAD_ABI::detail {
#define XGRAD_INSTANCES(T) \
    XGRAD_INSTANCE tensor<T> prelu_of(const basic_tensor<T>&, const basic_tensor<T>&);
XGRAD_FOR_REAL_TYPES(XGRAD_INSTANCES)
#undef XGRAD_INSTANCES
}
#endif
