// The layer that is linear in each of two inputs.
#pragma once

#include <xgrad/autograd/tensor.hpp>
#include <xgrad/core/config.hpp>
#include <xgrad/core/dtype.hpp>
#include <xgrad/core/shape.hpp>
#include <xgrad/nn/make_parameter.hpp>
#include <xgrad/nn/walk.hpp>
#include <xgrad/ops/arithmetic.hpp>
#include <xgrad/ops/einsum.hpp>

#include <cstddef>

namespace xgrad::inline XGRAD_ABI::nn {

struct bilinear_options {
    bool bias = true;   ///< false: the layer's `bias` has no value
};

/// y[o] = a^T W[o] b + bias[o]        a: (..., in1)  b: (..., in2)  W: (out, in1, in2)  bias: (out)  y: (..., out)
///
/// At first W, bias ~ U(-c, c), c = 1 / sqrt(in1), as in PyTorch. Throws `value_error`; called, `shape_error`.
/// J. Tenenbaum, W. Freeman, "Separating style and content with bilinear models", 2000.
template <real T = float>
struct bilinear {
    tensor<T, 3> weight;
    tensor<T, 1> bias;

    XGRAD_MEMBERS(weight, bias)

    bilinear(extent in1, extent in2, extent out, bilinear_options by = {}) {
        const auto first = detail::at_least_one("nn::bilinear", "in1", in1), second = detail::at_least_one("nn::bilinear", "in2", in2);
        const auto outputs = detail::at_least_one("nn::bilinear", "out", out);
        weight = detail::uniform_parameter<3, T>({outputs, first, second}, detail::bound_for(first));
        if (by.bias) bias = detail::uniform_parameter<1, T>({outputs}, detail::bound_for(first));
    }

    template <std::size_t N>
    tensor<T, N> operator()(const tensor<T, N>& a, const tensor<T, N>& b) const {
        const auto y = tensor<T, N>{einsum("...i,oij,...j->...o", a, weight, b)};
        return bias.defined() ? tensor<T, N>{y + bias} : y;
    }
};

}  // namespace xgrad::nn
