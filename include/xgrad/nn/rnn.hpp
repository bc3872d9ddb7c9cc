// The plain recurrent layer.
#pragma once

#include <xgrad/autograd/tensor.hpp>
#include <xgrad/core/config.hpp>
#include <xgrad/core/dtype.hpp>
#include <xgrad/core/shape.hpp>
#include <xgrad/nn/recurrent.hpp>
#include <xgrad/ops/activation.hpp>
#include <xgrad/ops/arithmetic.hpp>

namespace xgrad::inline XGRAD_ABI::nn {

/// h_t = f(x_t W_ih + b_ih + h_{t-1} W_hh + b_hh), f = tanh, or another: `nn::rnn<float, xg::relu_fn>`
///     x: (b, length, in)  output: (b, length, directions * hidden)
///     weight_ih_l0: (in, hidden)  weight_hh_l0: (hidden, hidden)  bias_ih_l0, bias_hh_l0: (hidden); further layers _l1, ...;
///     the other direction _l0_reverse, ...
///
///     auto layer = nn::rnn<>{32, 64, {.layers = 2, .bidirectional = true}};
///     const auto [output, h_n] = layer(x, {.lengths = lengths});
///
/// At first all are ~ U(-a, a), a = 1 / sqrt(hidden), as in PyTorch. Throws `value_error`, for dropout with one layer, too;
/// called, `shape_error`. J. Elman, "Finding structure in time", 1990.
template <real T = float, class Activation = tanh_fn>
class rnn : public detail::recurrent<T, 1, 1> {
public:
    rnn(extent in, extent hidden, recurrent_options options = {}) : detail::recurrent<T, 1, 1>{"nn::rnn", in, hidden, options} {}

    recurrent_result<T> operator()(const tensor<T, 3>& x, const recurrent_input<T>& with = {}) const {
        auto all = typename rnn::states{with.h_0};
        const auto output = this->run(x, with.lengths, with.keep, all, [](const auto& weights, const tensor<T, 3>& gates, const auto& there,
                                                                          bool reverse, auto& own) {
            return xgrad::detail::along_steps<T>(gates, there, reverse, own, [&](const auto& each, const auto& before) {
                return typename rnn::state{Activation{}(each + weights.of_state(before[0]))};
            });
        });
        return {output, all[0]};
    }
};

}  // namespace xgrad::nn
