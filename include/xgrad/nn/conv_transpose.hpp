// Transposed convolutions as layers, over one, two and three axes.
#pragma once

#include <xgrad/autograd/tensor.hpp>
#include <xgrad/core/config.hpp>
#include <xgrad/core/dtype.hpp>
#include <xgrad/core/shape.hpp>
#include <xgrad/nn/conv.hpp>
#include <xgrad/nn/make_parameter.hpp>
#include <xgrad/nn/walk.hpp>
#include <xgrad/ops/convolution.hpp>
#include <xgrad/ops/window_options.hpp>

#include <cstddef>

namespace xgrad::inline XGRAD_ABI::nn {

struct conv_transpose_layer_options {
    per_axis stride = 1;
    window_padding padding = 0;    ///< that of the convolution of which this is the transpose: so much is left out
    per_axis output_padding = 0;   ///< behind, less than stride or dilation
    extent groups = 1;
    per_axis dilation = 1;
    bool bias = true;              ///< false: the layer's `bias` has no value
};

/// What a convolution does to gradients, plus b: along each axis y has
/// (size - 1) stride - 2 padding + dilation (kernel - 1) + output_padding + 1 elements.
///     x: (n, in, ...)  weight: (in, out / groups, kernel...)  bias: (out)  y: (n, out, ...)
///
/// At first weight, bias ~ U(-a, a), a = 1 / sqrt(out / groups times the kernel's elements), as in PyTorch. Throws
/// `value_error`; called, what `xgrad::conv_transpose2d` throws.
/// M. Zeiler, D. Krishnan, G. Taylor, R. Fergus, "Deconvolutional networks", 2010.
template <std::size_t Axes, real T = float>
struct conv_transpose {
    tensor<T, Axes + 2> weight;
    tensor<T, 1> bias;
    conv_transpose_options options;   ///< of `xgrad::conv_transpose2d`

    XGRAD_MEMBERS(weight, bias)

    conv_transpose(extent in, extent out, const per_axis& kernel, conv_transpose_layer_options by = {})
        : options{.stride = by.stride, .padding = by.padding, .output_padding = by.output_padding, .groups = by.groups,
                  .dilation = by.dilation} {
        const auto sizes = detail::conv_weight_shape("nn::conv_transpose", Axes, in, out, by.groups, true, kernel);
        const auto bound = detail::bound_for(sizes.elements() / sizes[0]);
        weight = detail::uniform_parameter<Axes + 2, T>(sizes, bound);
        if (by.bias) bias = detail::uniform_parameter<1, T>({static_cast<std::size_t>(out.value)}, bound);
    }

    template <element U, std::size_t N>
    tensor<U, N> operator()(const tensor<U, N>& x) const {
        return conv_transpose_fn<Axes>{}(x, weight, bias, options);
    }
};
template <real T = float>
using conv_transpose1d = conv_transpose<1, T>;
template <real T = float>
using conv_transpose2d = conv_transpose<2, T>;
template <real T = float>
using conv_transpose3d = conv_transpose<3, T>;

}  // namespace xgrad::nn
