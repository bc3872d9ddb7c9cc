// Convolutions as layers, over one, two and three axes.
#pragma once

#include <xgrad/autograd/tensor.hpp>
#include <xgrad/core/config.hpp>
#include <xgrad/core/dtype.hpp>
#include <xgrad/core/error.hpp>
#include <xgrad/core/shape.hpp>
#include <xgrad/nn/make_parameter.hpp>
#include <xgrad/nn/walk.hpp>
#include <xgrad/ops/conv_sizes.hpp>
#include <xgrad/ops/convolution.hpp>
#include <xgrad/ops/pad.hpp>
#include <xgrad/ops/window_options.hpp>

#include <cstddef>
#include <utility>
#include <vector>

namespace xgrad::inline XGRAD_ABI::nn {

struct conv_layer_options {
    per_axis stride = 1;
    window_padding padding = 0;   ///< a number, one for each axis, {before, after} for each, or `same`
    per_axis dilation = 1;
    extent groups = 1;            ///< channels in so many parts that do not meet
    bool bias = true;             ///< false: the layer's `bias` has no value
    pad_mode padding_mode = pad_mode::zeros;
};

namespace detail {

/// (first, second / groups, kernel...). Throws `value_error` for no channels, and for groups that do not divide both
/// numbers.
inline shape conv_weight_shape(const char* layer, std::size_t axes, extent in, extent out, extent groups, bool transposed,
                               const per_axis& kernel) {
    const auto inputs = at_least_one(layer, "in", in), outputs = at_least_one(layer, "out", out);
    const auto parts = at_least_one(layer, "groups", groups);
    if (inputs % parts != 0 || outputs % parts != 0)
        fail<value_error>(layer, "in is ", inputs, ", out is ", outputs, "; groups, ", parts, ", must divide both");
    auto sizes = transposed ? shape{inputs, outputs / parts} : shape{outputs, inputs / parts};
    for (auto axis = std::size_t{0}; axis < axes; ++axis) sizes.push_back(kernel.at(layer, "kernel", axis, axes, 1));
    return sizes;
}

/// x with its own elements around it, as far as the padding of windows of `weight` goes.
template <element T>
tensor<T> padded_by_itself(const tensor<T>& x, const shape& weight, const conv_options& options, pad_mode mode) {
    const auto axes = weight.rank() - 2;
    if (x.rank() <= axes) return x;   // which the convolution finds wrong
    const auto placed = xgrad::detail::place_window("nn::conv", shape(x.shape()), axes, xgrad::detail::kernel_of(weight, axes),
                                                    options.stride, options.padding, options.dilation);
    auto widths = std::vector<pad_width>(x.rank(), pad_width{0, 0});
    for (auto i = 3 - axes; i < 3; ++i) widths[x.rank() - 3 + i] = pad_width{placed.over.axes[i].before, placed.after[i]};
    return pad(x, widths, mode);
}

}  // namespace detail

/// y = w * x + b        x: (n, in, ...)  weight: (out, in / groups, kernel...)  bias: (out)  y: (n, out, ...)
///
///     auto layer = nn::conv2d<>{3, 64, 7, {.stride = 2, .padding = 3}};
///
/// Around x there are zeros, or x's own elements: `.padding_mode = pad_mode::reflect`, `replicate`, `circular`. At
/// first weight, bias ~ U(-a, a), a = 1 / sqrt(in / groups times the kernel's elements), as in PyTorch. Throws
/// `value_error`; called, what `xgrad::conv2d` and `xgrad::pad` throw. Y. LeCun et al., "Gradient-based learning
/// applied to document recognition", 1998.
template <std::size_t Axes, real T = float>
struct conv {
    tensor<T, Axes + 2> weight;
    tensor<T, 1> bias;
    conv_options options;   ///< of `xgrad::conv2d`
    pad_mode padding_mode;

    XGRAD_MEMBERS(weight, bias)

    conv(extent in, extent out, const per_axis& kernel, conv_layer_options by = {})
        : options{.stride = by.stride, .padding = by.padding, .dilation = by.dilation, .groups = by.groups},
          padding_mode{by.padding_mode} {
        const auto sizes = detail::conv_weight_shape("nn::conv", Axes, in, out, by.groups, false, kernel);
        const auto bound = detail::bound_for(sizes.elements() / sizes[0]);
        weight = detail::uniform_parameter<Axes + 2, T>(sizes, bound);
        if (by.bias) bias = detail::uniform_parameter<1, T>({sizes[0]}, bound);
    }

    template <element U, std::size_t N>
    tensor<U, N> operator()(const tensor<U, N>& x) const {
        return convolve(x);
    }
    /// f(w * x + b): relu, sigmoid and tanh are computed along with the convolution.
    template <element U, std::size_t N, class Activation>
    auto operator()(const tensor<U, N>& x, const Activation& f) const {
        return convolve(x, f);
    }

    /// Whether there is anything to gain from it; `sequential` asks.
    template <class Activation>
    static constexpr auto fuses = xgrad::detail::fusible<Activation>;

private:
    template <element U, std::size_t N, class... Activation>
    auto convolve(const tensor<U, N>& x, const Activation&... f) const {
        if (padding_mode == pad_mode::zeros) return conv_fn<Axes>{}(x, weight, bias, options, f...);
        auto bare = options;
        bare.padding = 0;
        auto padded = detail::padded_by_itself<U>(x, shape(weight.shape()), options, padding_mode);
        return conv_fn<Axes>{}(xgrad::detail::with_rank<N>(std::move(padded)), weight, bias, bare, f...);
    }
};
template <real T = float>
using conv1d = conv<1, T>;
template <real T = float>
using conv2d = conv<2, T>;
template <real T = float>
using conv3d = conv<3, T>;

}  // namespace xgrad::nn
