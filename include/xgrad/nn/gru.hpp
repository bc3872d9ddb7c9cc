// Gated recurrent units.
#pragma once

#include <xgrad/autograd/tensor.hpp>
#include <xgrad/core/config.hpp>
#include <xgrad/core/dtype.hpp>
#include <xgrad/core/shape.hpp>
#include <xgrad/nn/recurrent.hpp>
#include <xgrad/ops/recurrence.hpp>

namespace xgrad::inline XGRAD_ABI::nn {

/// r, z, n = x_t W_ih + b_ih and r', z', n' = h_{t-1} W_hh + b_hh, each in three parts
/// m = tanh(n + sigmoid(r + r') n')        h_t = m + sigmoid(z + z') (h_{t-1} - m)
///     x: (b, length, in)  output: (b, length, directions * hidden)
///     weight_ih_l0: (in, 3 hidden)  weight_hh_l0: (hidden, 3 hidden)  bias_ih_l0, bias_hh_l0: (3 hidden); further layers _l1, ...;
///     the other direction _l0_reverse, ...
///
///     auto layer = nn::gru<>{32, 64, {.bidirectional = true}};
///     const auto [output, h_n] = layer(x, {.lengths = lengths});
///
/// At first all are ~ U(-a, a), a = 1 / sqrt(hidden), as in PyTorch. Throws `value_error`, for dropout with one layer, too;
/// called, `shape_error`. K. Cho et al., "Learning phrase representations using RNN encoder-decoder", 2014; the reset gate works
/// behind the product, as in PyTorch.
template <real T = float>
class gru : public detail::recurrent<T, 3, 1> {
public:
    gru(extent in, extent hidden, recurrent_options options = {}) : detail::recurrent<T, 3, 1>{"nn::gru", in, hidden, options} {}

    recurrent_result<T> operator()(const tensor<T, 3>& x, const recurrent_input<T>& with = {}) const {
        auto all = typename gru::states{with.h_0};
        const auto output = this->run(x, with.lengths, with.keep, all, [](const auto& weights, const tensor<T, 3>& gates, const auto& there,
                                                                          bool reverse, auto& own) {
            return weights.template along_sequence<xgrad::detail::gru_steps>(gates, there, reverse, own);
        });
        return {output, all[0]};
    }
};

}  // namespace xgrad::nn
