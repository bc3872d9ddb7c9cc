// Parameters, as layers make them and most use them.
#pragma once

#include <xgrad/autograd/record.hpp>
#include <xgrad/autograd/tensor.hpp>
#include <xgrad/core/cmath.hpp>
#include <xgrad/core/config.hpp>
#include <xgrad/core/dtype.hpp>
#include <xgrad/core/error.hpp>
#include <xgrad/core/shape.hpp>
#include <xgrad/nn/init.hpp>
#include <xgrad/ops/linalg.hpp>

#include <cstddef>

namespace xgrad::inline XGRAD_ABI::nn::detail {

/// Throws `value_error` for a number of features, channels or heads that is not at least 1.
inline std::size_t at_least_one(const char* layer, const char* what, extent number) {
    if (number < 1) fail<value_error>(layer, what, " is ", number.value, "; it must be at least 1");
    return static_cast<std::size_t>(number.value);
}

/// A parameter of this shape, its elements as `fill` leaves them.
template <std::size_t N, real T, class Fill>
tensor<T, N> make_parameter(const shape& sizes, const Fill& fill) {
    auto parameter = xgrad::detail::with_rank<N>(xgrad::detail::make_result<T>(sizes));
    fill(parameter);
    parameter.requires_grad(true);
    return parameter;
}

/// ~ U(-bound, bound)
template <std::size_t N, real T>
tensor<T, N> uniform_parameter(const shape& sizes, double bound) {
    return make_parameter<N, T>(sizes, [=](auto& w) { init::uniform(w, -bound, bound); });
}

template <std::size_t N, real T>
tensor<T, N> constant_parameter(const shape& sizes, double value) {
    return make_parameter<N, T>(sizes, [=](auto& w) { init::constant(w, value); });
}

/// What PyTorch's layers begin with, 1 / sqrt(n) for n inputs of a unit: a uniform distribution between -this and this.
inline double bound_for(std::size_t inputs) { return 1 / std::sqrt(static_cast<double>(inputs)); }

/// x W + b, or x W where b has no value.
template <std::size_t N, real T>
tensor<T, N> affine(const tensor<T, N>& x, const tensor<T, 2>& weight, const tensor<T, 1>& bias) {
    return bias.defined() ? xgrad::linear(x, weight, bias) : matmul(x, weight);
}

}  // namespace xgrad::nn::detail
