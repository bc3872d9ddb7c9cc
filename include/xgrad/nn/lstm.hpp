// Long short-term memory.
#pragma once

#include <xgrad/autograd/tensor.hpp>
#include <xgrad/core/config.hpp>
#include <xgrad/core/dtype.hpp>
#include <xgrad/core/shape.hpp>
#include <xgrad/nn/recurrent.hpp>
#include <xgrad/ops/linalg.hpp>
#include <xgrad/ops/recurrence.hpp>

#include <cstdint>

namespace xgrad::inline XGRAD_ABI::nn {

template <real T>
struct lstm_input {
    tensor<std::int64_t> lengths{};   ///< (b): the steps behind are padding, which moves nothing, and whose outputs are 0
    tensor<bool> keep{};              ///< (b, length), the same as a mask: true where there is a step
    tensor<T> h_0{}, c_0{};           ///< the states at first, (layers * directions, b, hidden); 0 by default
};

template <real T>
struct lstm_result {
    tensor<T, 3> output;     ///< (b, length, directions * hidden), of the last layer; with a projection of proj_size, and so is h_n
    tensor<T, 3> h_n, c_n;   ///< (layers * directions, b, hidden), after the last step of each sequence
};

/// i, f, g, o = x_t W_ih + b_ih + h_{t-1} W_hh + b_hh, in four parts
/// c_t = sigmoid(f) c_{t-1} + sigmoid(i) tanh(g)        h_t = sigmoid(o) tanh(c_t),  with `proj_size`  sigmoid(o) tanh(c_t) W_hr
///     x: (b, length, in)  output: (b, length, directions * hidden)
///     weight_ih_l0: (in, 4 hidden)  weight_hh_l0: (hidden, 4 hidden)  bias_ih_l0, bias_hh_l0: (4 hidden); further layers _l1, ...;
///     the other direction _l0_reverse, ...; weight_hr_l0: (hidden, proj_size), and then h_t and weight_hh_l0 have proj_size for hidden
///
///     auto layer = nn::lstm<>{32, 64, {.layers = 2, .dropout = 0.1}};
///     const auto [output, h_n, c_n] = layer(x, {.lengths = lengths});
///
/// At first all are ~ U(-a, a), a = 1 / sqrt(hidden), as in PyTorch. Throws `value_error`, for dropout with one layer, too;
/// called, `shape_error`. S. Hochreiter, J. Schmidhuber, "Long short-term memory", 1997; with the forget gate of F. Gers,
/// J. Schmidhuber, F. Cummins, "Learning to forget", 2000; the projection is that of H. Sak, A. Senior, F. Beaufays, "Long
/// short-term memory based recurrent neural network architectures for large vocabulary speech recognition", 2014.
template <real T = float>
class lstm : public detail::recurrent<T, 4, 2> {
public:
    lstm(extent in, extent hidden, recurrent_options options = {}) : detail::recurrent<T, 4, 2>{"nn::lstm", in, hidden, options} {}

    lstm_result<T> operator()(const tensor<T, 3>& x, const lstm_input<T>& with = {}) const {
        auto all = typename lstm::states{with.h_0, with.c_0};
        const auto output = this->run(x, with.lengths, with.keep, all, [](const auto& weights, const tensor<T, 3>& gates, const auto& there,
                                                                          bool reverse, auto& own) {
            using steps = xgrad::detail::lstm_steps;
            if (!weights.weight_hr.defined()) return weights.template along_sequence<steps>(gates, there, reverse, own);
            return xgrad::detail::along_steps<T>(gates, there, reverse, own, [&](const auto& each, const auto& before) {
                const auto [h, c] = steps::next(each, weights.of_state(before[0]), before);
                return typename lstm::state{matmul(h, weights.weight_hr), c};
            });
        });
        return {output, all[0], all[1]};
    }
};

}  // namespace xgrad::nn
