// What recurrent layers have in common: weights of several layers and directions, and the run over a sequence.
#pragma once

#include <xgrad/autograd/create.hpp>
#include <xgrad/autograd/tensor.hpp>
#include <xgrad/core/config.hpp>
#include <xgrad/core/distributions.hpp>
#include <xgrad/core/dtype.hpp>
#include <xgrad/core/error.hpp>
#include <xgrad/core/shape.hpp>
#include <xgrad/nn/make_parameter.hpp>
#include <xgrad/nn/steps.hpp>
#include <xgrad/nn/walk.hpp>
#include <xgrad/ops/compare.hpp>
#include <xgrad/ops/dropout.hpp>
#include <xgrad/ops/join.hpp>
#include <xgrad/ops/recurrence.hpp>
#include <xgrad/ops/shape.hpp>
#include <xgrad/ops/split.hpp>

#include <array>
#include <charconv>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace xgrad::inline XGRAD_ABI::nn {

struct recurrent_options {
    extent layers = 1;
    bool bidirectional = false;   ///< each layer runs from the end of a sequence, too, and gives both outputs side by side
    bool bias = true;
    double dropout = 0;           ///< of the outputs of each layer but the last, in training
    extent proj_size = 0;         ///< of `lstm`: if not 0, what goes out of a step has so many features
};

template <real T>
struct recurrent_input {
    tensor<std::int64_t> lengths{};   ///< (b): the steps behind are padding, which moves nothing, and whose outputs are 0
    tensor<bool> keep{};              ///< (b, length), the same as a mask: true where there is a step
    tensor<T> h_0{};                  ///< the states at first, (layers * directions, b, hidden); 0 by default
};

template <real T>
struct recurrent_result {
    tensor<T, 3> output;   ///< (b, length, directions * hidden), of the last layer
    tensor<T, 3> h_n;      ///< (layers * directions, b, hidden), after the last step of each sequence
};

/// The weights of one layer in one direction.
template <real T>
struct recurrent_weights {
    tensor<T, 2> weight_ih, weight_hh;
    tensor<T, 1> bias_ih, bias_hh;
    tensor<T, 2> weight_hr;   ///< of `lstm` with a projection

    tensor<T, 3> of_input(const tensor<T, 3>& x) const { return detail::affine(x, weight_ih, bias_ih); }
    tensor<T, 2> of_state(const tensor<T, 2>& h) const { return detail::affine(h, weight_hh, bias_hh); }

    /// All steps as one operation; `own` goes from the states at first to the last.
    template <class Steps>
    tensor<T, 3> along_sequence(const tensor<T, 3>& gates, const tensor<bool>& there, bool reverse,
                                xgrad::detail::recurrent_states<Steps, T>& own) const {
        auto result = xgrad::detail::along_sequence<Steps, T>(gates, weight_hh, bias_hh, own, there, reverse);
        own = std::move(result.last);
        return std::move(result.output);
    }
};

namespace detail {

/// `Gates` products of input and state at each step, `States` tensors that go from step to step.
template <real T, std::size_t Gates, std::size_t States>
class recurrent {
public:
    std::vector<recurrent_weights<T>> cells;   ///< layer by layer; of two directions, forward first
    bool training = true;

    XGRAD_MEMBERS_OF(cells)

    recurrent(const char* name, extent in, extent hidden, recurrent_options options)
        : m_name{name}, m_in{at_least_one(name, "in", in)}, m_hidden{at_least_one(name, "hidden", hidden)},
          m_out{out_features(name, m_hidden, options.proj_size)}, m_layers{at_least_one(name, "layers", options.layers)},
          m_directions{options.bidirectional ? 2u : 1u}, m_dropout{options.dropout} {
        xgrad::detail::check_probability(name, m_dropout);
        if (m_dropout != 0 && m_layers == 1)
            fail<value_error>(name, "dropout is between layers, and there is one layer alone: leave it out, or ask for more layers");
        const auto bound = bound_for(m_hidden);
        const auto gates = Gates * m_hidden;
        for (auto i = std::size_t{0}; i < m_layers * m_directions; ++i) {
            auto& cell = cells.emplace_back();
            cell.weight_ih = uniform_parameter<2, T>({i < m_directions ? m_in : m_directions * m_out, gates}, bound);
            cell.weight_hh = uniform_parameter<2, T>({m_out, gates}, bound);
            if (options.bias) {
                cell.bias_ih = uniform_parameter<1, T>({gates}, bound);
                cell.bias_hh = uniform_parameter<1, T>({gates}, bound);
            }
            if (options.proj_size != 0) cell.weight_hr = uniform_parameter<2, T>({m_hidden, m_out}, bound);
        }
    }

    /// "3.weight_hh" is weight_hh_l1_reverse, of the backward direction of layer 1.
    std::string parameter_name(std::string_view path) const {
        auto position = std::size_t{0};
        const auto dot = path.find('.');
        std::from_chars(path.data(), path.data() + dot, position);
        return std::string{path.substr(dot + 1)} + "_l" + std::to_string(position / m_directions) +
               (position % m_directions == 1 ? "_reverse" : "");
    }
    static bool is_transposed(std::string_view name) { return name.starts_with("weight_"); }

protected:
    using state = std::array<tensor<T, 2>, States>;
    using states = std::array<tensor<T, 3>, States>;   ///< (layers * directions, b, hidden)

    /// Outputs (b, l, directions * hidden); `all` goes from the states at first to those in the end.
    /// run_layer(weights, gates of the input (b, l, gates), which steps there are, reverse, state) is one layer in one direction:
    /// its outputs, while state goes from the first to the last.
    template <class Layer>
    tensor<T, 3> run(const tensor<T, 3>& x, const tensor<std::int64_t>& lengths, const tensor<bool>& keep, states& all,
                     const Layer& run_layer) const {
        const auto sizes = shape(x.shape());
        if (sizes[2] != m_in || sizes[1] == 0)
            fail<shape_error>(m_name, "x is ", sizes, "; it must be (batch, length, features), of at least one step, with ", m_in, " features");
        const auto now = steps_there(m_name, lengths, keep, sizes[0], sizes[1]);
        auto parts = std::array<std::vector<tensor<T, 2>>, States>{};
        for (auto s = std::size_t{0}; s < States; ++s) parts[s] = at_first(all[s], sizes[0], s == 0 ? m_out : m_hidden);
        auto h = without_padding(x, now);
        for (auto layer = std::size_t{0}; layer < m_layers; ++layer) {
            if (layer != 0) h = xgrad::dropout(h, {.p = m_dropout, .training = training});
            auto outputs = std::vector<tensor<T, 3>>{};
            for (auto i = layer * m_directions; i < (layer + 1) * m_directions; ++i) {
                auto own = state{};
                for (auto s = std::size_t{0}; s < States; ++s) own[s] = parts[s][i];
                outputs.push_back(run_layer(cells[i], cells[i].of_input(h), now, i % m_directions == 1, own));
                for (auto s = std::size_t{0}; s < States; ++s) parts[s][i] = own[s];
            }
            h = outputs.size() == 1 ? outputs[0] : concat(outputs, 2);
        }
        for (auto s = std::size_t{0}; s < States; ++s) all[s] = stack(parts[s]);
        return h;
    }

private:
    static std::size_t out_features(const char* name, std::size_t hidden, extent proj_size) {
        if (proj_size == 0) return hidden;
        if (States != 2) fail<value_error>(name, "proj_size is of nn::lstm alone");
        const auto features = at_least_one(name, "proj_size", proj_size);
        if (features >= hidden) fail<value_error>(name, "proj_size is ", features, "; it must be below hidden, ", hidden);
        return features;
    }

    std::vector<tensor<T, 2>> at_first(const tensor<T, 3>& given, std::size_t batch, std::size_t features) const {
        const auto sizes = shape{cells.size(), batch, features};
        if (!given.defined()) return std::vector<tensor<T, 2>>(cells.size(), zeros<T>({batch, features}));
        if (shape(given.shape()) != sizes)
            fail<shape_error>(m_name, "a state at first is ", shape(given.shape()), "; it must be (layers * directions, batch, features), ", sizes);
        return unbind(given, 0);
    }

    const char* m_name;
    std::size_t m_in, m_hidden, m_out, m_layers, m_directions;   // features of what goes out: hidden ones, or their projection
    double m_dropout;
};

}  // namespace detail

}  // namespace xgrad::nn
