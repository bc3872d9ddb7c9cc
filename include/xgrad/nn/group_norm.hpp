// Normalisation of groups of channels of each sample, and of single channels, as layers.
#pragma once

#include <xgrad/autograd/tensor.hpp>
#include <xgrad/core/config.hpp>
#include <xgrad/core/dtype.hpp>
#include <xgrad/core/error.hpp>
#include <xgrad/core/shape.hpp>
#include <xgrad/nn/make_parameter.hpp>
#include <xgrad/nn/walk.hpp>
#include <xgrad/ops/normalize.hpp>

#include <cstddef>

namespace xgrad::inline XGRAD_ABI::nn {

struct group_norm_options {
    double eps = 1e-5;    ///< added to the variance
    bool affine = true;   ///< false: `weight` and `bias` have no value
};

/// y = (x - mean) / sqrt(variance + eps) weight + bias, mean and variance over a group of channels of a sample
///     x, y: (n, c, ...)  weight, bias: (c)
/// At first weight = 1, bias = 0. Throws `value_error` when `groups` does not divide the channels; called, what
/// `xgrad::group_norm` throws. Y. Wu, K. He, "Group normalization", 2018.
template <real T = float>
struct group_norm {
    tensor<T, 1> weight, bias;
    std::size_t groups;
    double eps;

    XGRAD_MEMBERS(weight, bias)

    group_norm(extent number_of_groups, extent channels, group_norm_options by = {})
        : groups{detail::at_least_one("nn::group_norm", "the number of groups", number_of_groups)}, eps{by.eps} {
        const auto count = detail::at_least_one("nn::group_norm", "the number of channels", channels);
        if (count % groups != 0) fail<value_error>("nn::group_norm", groups, " groups do not divide ", count, " channels");
        if (!by.affine) return;
        weight = detail::constant_parameter<1, T>({count}, 1);
        bias = detail::constant_parameter<1, T>({count}, 0);
    }

    template <std::size_t N>
    tensor<T, N> operator()(const tensor<T, N>& x) const {
        return xgrad::group_norm(x, groups, weight, bias, {.eps = eps});
    }
};

struct instance_norm_options {
    double eps = 1e-5;     ///< added to the variance
    bool affine = false;   ///< true: there are `weight` and `bias`
};

/// Each channel of each sample by itself        x, y: (n, c, ...)  weight, bias: (c)
/// No running statistics are kept. At first weight = 1, bias = 0, where there are any. Throws `value_error`; called,
/// `rank_error`, `shape_error`, and what `xgrad::instance_norm` throws.
/// D. Ulyanov, A. Vedaldi, V. Lempitsky, "Instance normalization", 2016.
template <std::size_t Axes, real T = float>
struct instance_norm {
    tensor<T, 1> weight, bias;
    std::size_t channels;
    double eps;

    XGRAD_MEMBERS(weight, bias)

    explicit instance_norm(extent number_of_channels, instance_norm_options by = {})
        : channels{detail::at_least_one("nn::instance_norm", "the number of channels", number_of_channels)}, eps{by.eps} {
        if (!by.affine) return;
        weight = detail::constant_parameter<1, T>({channels}, 1);
        bias = detail::constant_parameter<1, T>({channels}, 0);
    }

    template <std::size_t N>
    tensor<T, N> operator()(const tensor<T, N>& x) const {
        static_assert(N == dynamic_rank || N == Axes + 2,
                      "x has axes for samples and channels, and one for each dimension that the layer's name says");
        const auto sizes = shape(x.shape());
        if (sizes.rank() != Axes + 2)
            fail<rank_error>("nn::instance_norm", "x is ", sizes, "; it has axes for samples and channels, and ", Axes, " more");
        if (sizes[1] != channels) fail<shape_error>("nn::instance_norm", "x is ", sizes, "; the layer has ", channels, " channels");
        return xgrad::instance_norm(x, weight, bias, {.eps = eps});
    }
};
template <real T = float>
using instance_norm1d = instance_norm<1, T>;
template <real T = float>
using instance_norm2d = instance_norm<2, T>;
template <real T = float>
using instance_norm3d = instance_norm<3, T>;

}  // namespace xgrad::nn
