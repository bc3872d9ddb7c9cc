// Normalisation of groups of channels of each sample, and of single channels, as layers.
#pragma once

#include <xgrad/autograd/no_grad.hpp>
#include <xgrad/autograd/tensor.hpp>
#include <xgrad/core/config.hpp>
#include <xgrad/core/dtype.hpp>
#include <xgrad/core/error.hpp>
#include <xgrad/core/shape.hpp>
#include <xgrad/nn/make_parameter.hpp>
#include <xgrad/nn/walk.hpp>
#include <xgrad/ops/arithmetic.hpp>
#include <xgrad/ops/batch_norm.hpp>
#include <xgrad/ops/normalize.hpp>
#include <xgrad/ops/reduce.hpp>
#include <xgrad/ops/shape.hpp>
#include <xgrad/ops/statistics.hpp>

#include <cstddef>
#include <cstdint>

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
    double eps = 1e-5;                  ///< added to the variance
    double momentum = 0.1;              ///< the weight of a new batch in the running statistics
    bool affine = false;                ///< true: there are `weight` and `bias`
    bool track_running_stats = false;   ///< true: there are running statistics, and evaluation goes by them
};

/// Each channel of each sample by itself        x, y: (n, c, ...)  weight, bias: (c)
///
/// With `track_running_stats`, what mean and (unbiased) variance are on average over the samples goes in training into
/// `running_mean` and `running_var`, by which evaluation normalises all samples alike. At first weight = 1, bias = 0,
/// running_mean = 0, running_var = 1, where there are any. PyTorch writes `num_batches_tracked`, too, and leaves it 0.
/// Throws `value_error`; called, `rank_error`, `shape_error`, and what `xgrad::instance_norm` throws.
/// D. Ulyanov, A. Vedaldi, V. Lempitsky, "Instance normalization", 2016.
template <std::size_t Axes, real T = float>
struct instance_norm {
    tensor<T, 1> weight, bias;
    tensor<T, 1> running_mean, running_var;
    tensor<std::int64_t, 0> num_batches_tracked;
    bool training = true;
    std::size_t channels;
    double eps, momentum;

    XGRAD_MEMBERS(weight, bias, running_mean, running_var, num_batches_tracked)

    explicit instance_norm(extent number_of_channels, instance_norm_options by = {})
        : channels{detail::at_least_one("nn::instance_norm", "the number of channels", number_of_channels)}, eps{by.eps},
          momentum{by.momentum} {
        if (by.affine) {
            weight = detail::constant_parameter<1, T>({channels}, 1);
            bias = detail::constant_parameter<1, T>({channels}, 0);
        }
        if (!by.track_running_stats) return;
        running_mean = detail::constant_parameter<1, T>({channels}, 0).requires_grad(false);
        running_var = detail::constant_parameter<1, T>({channels}, 1).requires_grad(false);
        num_batches_tracked = tensor<std::int64_t, 0>{0};
    }

    template <std::size_t N>
    tensor<T, N> operator()(const tensor<T, N>& x) const {
        static_assert(N == dynamic_rank || N == Axes + 2,
                      "x has axes for samples and channels, and one for each dimension that the layer's name says");
        const auto sizes = shape(x.shape());
        if (sizes.rank() != Axes + 2)
            fail<rank_error>("nn::instance_norm", "x is ", sizes, "; it has axes for samples and channels, and ", Axes, " more");
        if (sizes[1] != channels) fail<shape_error>("nn::instance_norm", "x is ", sizes, "; the layer has ", channels, " channels");
        if (!training && running_mean.defined()) return xgrad::batch_norm(x, running_mean, running_var, weight, bias, {.eps = eps});
        auto y = xgrad::instance_norm(x, weight, bias, {.eps = eps});
        if (running_mean.defined() && x.size() != 0) track(x);
        return y;
    }

private:
    /// running = (1 - m) running + m (the average over the samples)
    void track(const tensor<T>& x) const {
        const auto guard = no_grad{};
        const auto [variance, mean] = var_mean(reshape(x, {x.shape(0), channels, -1}), 2);
        const auto follow = [&](tensor<T, 1> running, const tensor<T>& now) {
            running += (xgrad::mean(now, 0) - running) * static_cast<T>(momentum);
        };
        follow(running_mean, mean);
        follow(running_var, variance);
    }
};
template <real T = float>
using instance_norm1d = instance_norm<1, T>;
template <real T = float>
using instance_norm2d = instance_norm<2, T>;
template <real T = float>
using instance_norm3d = instance_norm<3, T>;

}  // namespace xgrad::nn
