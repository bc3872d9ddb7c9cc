// Normalisation by the statistics of each sample, as layers.
#pragma once

#include <xgrad/autograd/tensor.hpp>
#include <xgrad/core/config.hpp>
#include <xgrad/core/dtype.hpp>
#include <xgrad/core/shape.hpp>
#include <xgrad/nn/make_parameter.hpp>
#include <xgrad/nn/walk.hpp>
#include <xgrad/ops/normalize.hpp>

#include <concepts>
#include <cstddef>
#include <optional>
#include <utility>

namespace xgrad::inline XGRAD_ABI::nn {

struct layer_norm_options {
    double eps = 1e-5;                ///< added to the variance
    bool elementwise_affine = true;   ///< false: `weight` and `bias` have no value
    bool bias = true;                 ///< false: `bias` has none
};

/// y = (x - mean) / sqrt(variance + eps) weight + bias, mean and variance over x's last axes, whose sizes are given:
///     nn::layer_norm<>{512}        x, y: (..., 512)  weight, bias: (512)
/// or, for several, `nn::layer_norm<>{xg::shape{10, 512}}`. At first weight = 1, bias = 0. Throws what `xgrad::layer_norm` throws.
/// J. L. Ba, J. R. Kiros, G. E. Hinton, "Layer normalization", 2016.
template <real T = float>
struct layer_norm {
    tensor<T> weight, bias;
    shape normalized_shape;
    double eps;

    XGRAD_MEMBERS(weight, bias)

    explicit layer_norm(shape sizes, layer_norm_options by = {}) : normalized_shape{std::move(sizes)}, eps{by.eps} {
        if (!by.elementwise_affine) return;
        weight = detail::constant_parameter<dynamic_rank, T>(normalized_shape, 1);
        if (by.bias) bias = detail::constant_parameter<dynamic_rank, T>(normalized_shape, 0);
    }
    template <std::convertible_to<extent> Size>
    explicit layer_norm(Size width, layer_norm_options by = {})
        : layer_norm(shape{detail::at_least_one("nn::layer_norm", "the width", width)}, by) {}

    template <std::size_t N>
    tensor<T, N> operator()(const tensor<T, N>& x) const {
        return xgrad::layer_norm(x, normalized_shape, weight, bias, {.eps = eps});
    }
};

struct rms_norm_layer_options {
    std::optional<double> eps{};      ///< added to the mean square; by default the epsilon of the element type
    bool elementwise_affine = true;   ///< false: `weight` has no value
};

/// y = x / sqrt(mean(x^2) + eps) weight, the mean over x's last axes; otherwise as `layer_norm`. At first weight = 1.
/// B. Zhang, R. Sennrich, "Root mean square layer normalization", 2019.
template <real T = float>
struct rms_norm {
    tensor<T> weight;
    shape normalized_shape;
    std::optional<double> eps;

    XGRAD_MEMBERS(weight)

    explicit rms_norm(shape sizes, rms_norm_layer_options by = {}) : normalized_shape{std::move(sizes)}, eps{by.eps} {
        if (by.elementwise_affine) weight = detail::constant_parameter<dynamic_rank, T>(normalized_shape, 1);
    }
    template <std::convertible_to<extent> Size>
    explicit rms_norm(Size width, rms_norm_layer_options by = {})
        : rms_norm(shape{detail::at_least_one("nn::rms_norm", "the width", width)}, by) {}

    template <std::size_t N>
    tensor<T, N> operator()(const tensor<T, N>& x) const {
        return xgrad::rms_norm(x, normalized_shape, weight, {.eps = eps});
    }
};

}  // namespace xgrad::nn
