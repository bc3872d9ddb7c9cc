// Dropout as layers, by element and by channel; nothing in them learns.
#pragma once

#include <xgrad/autograd/tensor.hpp>
#include <xgrad/core/config.hpp>
#include <xgrad/core/distributions.hpp>
#include <xgrad/core/dtype.hpp>
#include <xgrad/nn/members.hpp>
#include <xgrad/ops/dropout.hpp>

#include <cstddef>

namespace xgrad::inline XGRAD_ABI::nn {

namespace detail {

/// `Operation` while training, x itself in evaluation.
template <const auto& Operation>
struct dropout_layer {
    double p;
    bool training = true;

    XGRAD_MEMBERS()

    explicit dropout_layer(double probability = 0.5) : p{probability} { xgrad::detail::check_probability("nn::dropout", p); }

    template <element T, std::size_t N>
    tensor<T, N> operator()(const tensor<T, N>& x) const {
        return Operation(x, {.p = p, .training = training});
    }
};

}  // namespace detail

/// y = x / (1 - p), but 0 for elements that chance leaves out, each with probability p        x, y: (...)
/// In evaluation x itself. Throws `value_error` for a p that is no probability. N. Srivastava et al., "Dropout: a simple way to
/// prevent neural networks from overfitting", 2014.
using dropout = detail::dropout_layer<xgrad::dropout>;

/// The same for whole channels of x: (n, c, l), (n, c, h, w), (n, c, d, h, w). J. Tompson et al., "Efficient object localization
/// using convolutional networks", 2015.
using dropout1d = detail::dropout_layer<xgrad::dropout1d>;
using dropout2d = detail::dropout_layer<xgrad::dropout2d>;
using dropout3d = detail::dropout_layer<xgrad::dropout3d>;

/// What keeps mean and variance where selu is the activation, by element and by channel. G. Klambauer, T. Unterthiner, A. Mayr,
/// S. Hochreiter, "Self-normalizing neural networks", 2017.
using alpha_dropout = detail::dropout_layer<xgrad::alpha_dropout>;
using feature_alpha_dropout = detail::dropout_layer<xgrad::feature_alpha_dropout>;

}  // namespace xgrad::nn
