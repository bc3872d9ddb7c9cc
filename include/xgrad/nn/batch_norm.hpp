// Batch normalisation as a layer.
#pragma once

#include <xgrad/autograd/tensor.hpp>
#include <xgrad/core/config.hpp>
#include <xgrad/core/dtype.hpp>
#include <xgrad/core/error.hpp>
#include <xgrad/core/shape.hpp>
#include <xgrad/nn/make_parameter.hpp>
#include <xgrad/nn/walk.hpp>
#include <xgrad/ops/batch_norm.hpp>

#include <cstddef>
#include <cstdint>
#include <optional>

namespace xgrad::inline XGRAD_ABI::nn {

struct batch_norm_layer_options {
    double eps = 1e-5;                       ///< added to the variance
    std::optional<double> momentum{0.1};     ///< the weight of a new batch in the running statistics; none: all batches count alike
    bool affine = true;                      ///< false: `weight` and `bias` have no value
    bool track_running_stats = true;         ///< false: by the batch's own statistics in evaluation, too
};

/// y = (x - mean) / sqrt(variance + eps) weight + bias, for each channel        x, y: (n, c, ...)  weight, bias: (c)
///
/// In training by mean and variance of the batch, which go into `running_mean` and `running_var`; in evaluation by those. At
/// first weight = 1, bias = 0, running_mean = 0, running_var = 1. batch_norm1d takes (n, c) and (n, c, l), batch_norm2d
/// (n, c, h, w), batch_norm3d (n, c, d, h, w). Throws `rank_error`; and what `xgrad::batch_norm` throws.
/// S. Ioffe, C. Szegedy, "Batch normalization", 2015.
template <std::size_t Axes, real T = float>
struct batch_norm {
    tensor<T, 1> weight, bias;
    tensor<T, 1> running_mean, running_var;
    tensor<std::int64_t, 0> num_batches_tracked;   ///< how many batches were seen in training
    bool training = true;
    batch_norm_layer_options options;

    XGRAD_MEMBERS(weight, bias, running_mean, running_var, num_batches_tracked)

    explicit batch_norm(extent channels, batch_norm_layer_options by = {}) : options{by} {
        const auto sizes = shape{detail::at_least_one("nn::batch_norm", "the number of channels", channels)};
        if (by.affine) {
            weight = detail::constant_parameter<1, T>(sizes, 1);
            bias = detail::constant_parameter<1, T>(sizes, 0);
        }
        if (!by.track_running_stats) return;
        running_mean = detail::constant_parameter<1, T>(sizes, 0).requires_grad(false);
        running_var = detail::constant_parameter<1, T>(sizes, 1).requires_grad(false);
        num_batches_tracked = tensor<std::int64_t, 0>{0};
    }

    template <std::size_t N>
    tensor<T, N> operator()(const tensor<T, N>& x) const {
        static_assert(N == dynamic_rank || N == Axes + 2 || (Axes == 1 && N == 2),
                      "x has axes for samples and channels, and one for each dimension that the layer's name says");
        validate(x);
        const auto seen = num_batches_tracked.defined() ? num_batches_tracked.item() : 0;
        const auto y = xgrad::batch_norm(
            x, running_mean, running_var, weight, bias,
            {.training = training, .momentum = options.momentum, .batches = seen, .eps = options.eps});
        if (training && num_batches_tracked.defined() && x.size() != 0) {
            auto counter = num_batches_tracked;   // another handle on the same number
            *counter.data() = seen + 1;
        }
        return y;
    }

    /// Throws `rank_error` and `shape_error` for what the layer does not take.
    void validate(const basic_tensor<T>& x) const {
        const auto& sizes = xgrad::detail::shape_of(x);
        if (x.rank() != Axes + 2 && !(Axes == 1 && x.rank() == 2))
            fail<rank_error>("nn::batch_norm", "x is ", sizes, "; it has axes for samples and channels, and ", Axes, " more");
        for (const auto* const own : {&weight, &running_mean})
            if (own->defined() && sizes[1] != own->size())
                fail<shape_error>("nn::batch_norm", "x is ", sizes, "; the layer has ", own->size(), " channels");
    }
};
template <real T = float>
using batch_norm1d = batch_norm<1, T>;
template <real T = float>
using batch_norm2d = batch_norm<2, T>;
template <real T = float>
using batch_norm3d = batch_norm<3, T>;

}  // namespace xgrad::nn
