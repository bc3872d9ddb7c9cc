// What recurrent layers are made of: LSTM and GRU along the steps of sequences, one operation for all steps; and the same
// step by step, for any cell.
#pragma once

#include <xgrad/autograd/backward.hpp>
#include <xgrad/autograd/create.hpp>
#include <xgrad/autograd/functional.hpp>
#include <xgrad/autograd/operation.hpp>
#include <xgrad/core/config.hpp>
#include <xgrad/core/dtype.hpp>
#include <xgrad/core/shape.hpp>
#include <xgrad/kernels/cell_run.hpp>
#include <xgrad/kernels/strided.hpp>
#include <xgrad/ops/activation.hpp>
#include <xgrad/ops/arithmetic.hpp>
#include <xgrad/ops/compare.hpp>
#include <xgrad/ops/join.hpp>
#include <xgrad/ops/linalg.hpp>
#include <xgrad/ops/shape.hpp>
#include <xgrad/ops/split.hpp>
#include <xgrad/ops/view.hpp>

#include <algorithm>
#include <array>
#include <cstddef>
#include <tuple>
#include <utility>
#include <vector>

namespace xgrad::inline XGRAD_ABI::detail {

/// keep, (b, length), as a list of (b, 1), one for each step; none where it is undefined. (A template of the type, which
/// is bool, so that programs without recurrent layers do not have it compiled.)
template <element Truth>
std::vector<tensor<Truth, 2>> steps_of(const tensor<Truth>& keep) {
    if (!keep.defined()) return {};
    return unbind(tensor<Truth, 3>{expand_dims(keep, 2)}, 1);
}

/// Goes along the steps of gates, (b, length, gates), with states (b, features): step(gates of the step, states) is the next
/// states, of which the first is the output. Outputs (b, length, features); `own` goes from the states at first to the last.
/// A step of which `keep`, (b, length), says that it is not there leaves the state as it was, so that a run from the end
/// begins, in effect, where each sequence ends; its output is 0.
template <real T, std::size_t States, class Step>
tensor<T, 3> along_steps(const tensor<T, 3>& gates, const tensor<bool>& keep, bool reverse, std::array<tensor<T, 2>, States>& own,
                         const Step& step) {
    auto outputs = unbind(gates, 1);
    const auto there = steps_of(keep);
    for (auto i = std::size_t{0}; i < outputs.size(); ++i) {
        const auto t = reverse ? outputs.size() - 1 - i : i;
        const auto next = step(outputs[t], own);
        outputs[t] = keep.defined() ? tensor<T, 2>{where(there[t], next[0], 0)} : next[0];
        for (auto s = std::size_t{0}; s < States; ++s) own[s] = keep.defined() ? tensor<T, 2>{where(there[t], next[s], own[s])} : next[s];
    }
    return stack(outputs, 1);
}

/// c = sigmoid(f) c_before + sigmoid(i) tanh(g)        h = sigmoid(o) tanh(c)
struct lstm_steps {
    static constexpr auto name = "lstm";
    using cell = kernels::lstm_cell;

    template <real T>
    static std::array<tensor<T, 2>, 2> next(const tensor<T, 2>& in, const tensor<T, 2>& own, const std::array<tensor<T, 2>, 2>& before) {
        const auto parts = chunk(in + own, 4, 1);
        const tensor<T, 2> c = sigmoid(parts[1]) * before[1] + sigmoid(parts[0]) * tanh(parts[2]);
        return {sigmoid(parts[3]) * tanh(c), c};
    }
};

/// m = tanh(n + sigmoid(r + r') n')        h = m + sigmoid(z + z') (h_before - m)
struct gru_steps {
    static constexpr auto name = "gru";
    using cell = kernels::gru_cell;

    template <real T>
    static std::array<tensor<T, 2>, 1> next(const tensor<T, 2>& in, const tensor<T, 2>& own, const std::array<tensor<T, 2>, 1>& before) {
        const auto input = chunk(in, 3, 1), state = chunk(own, 3, 1);
        const tensor<T, 2> m = tanh(input[2] + sigmoid(input[0] + state[0]) * state[2]);
        return {m + sigmoid(input[1] + state[1]) * (before[0] - m)};
    }
};

template <class Steps, real T>
using recurrent_states = std::array<tensor<T, 2>, Steps::cell::states>;

template <class Steps, real T>
struct recurrence_result {
    tensor<T, 3> output;                ///< (b, length, hidden), 0 where there is no step
    recurrent_states<Steps, T> last;   ///< (b, hidden), after the last step of each sequence

    void for_each_tensor(const auto& f) {
        f(output);
        for (auto& each : last) f(each);
    }
    void for_each_tensor(const auto& f) const {
        f(output);
        for (const auto& each : last) f(each);
    }
};

/// Output and states as one array, in this order, which is the operation's result as the graph knows it.
template <class Steps, real T>
struct recurrence_plan {
    kernels::cell_run<typename Steps::cell, T> sizes;

    std::size_t state_size() const { return sizes.batch * sizes.hidden; }
    std::size_t output_size() const { return state_size() * sizes.steps; }
    std::size_t all() const { return output_size() + Steps::cell::states * state_size(); }

    recurrence_result<Steps, T> split(const tensor<T>& y) const {
        const auto part = [&](std::size_t first, const shape& under) {
            auto at = kernels::strides::row_major(under);
            at.offset = static_cast<std::ptrdiff_t>(first);
            return strided_part(y, at, under);
        };
        auto parts = recurrence_result<Steps, T>{with_rank<3>(part(0, {sizes.batch, sizes.steps, sizes.hidden})), {}};
        for (auto s = std::size_t{0}; s < parts.last.size(); ++s)
            parts.last[s] = with_rank<2>(part(output_size() + s * state_size(), {sizes.batch, sizes.hidden}));
        return parts;
    }
    tensor<T, 1> joined(const recurrence_result<Steps, T>& parts) const {
        auto list = std::vector<tensor<T, 1>>{reshape_as_one(parts.output)};
        for (const auto& each : parts.last) list.push_back(reshape_as_one(each));
        return concat(list, 0);
    }

private:
    static tensor<T, 1> reshape_as_one(const basic_tensor<T>& x) { return with_rank<1>(reshape_to(x, {x.size()})); }
};

/// The gradients of gates, weight, bias and the states at first, in this order, by the kernel.
template <class Steps, real T>
std::array<tensor<T>, 5> recurrence_slopes(const recurrence_plan<Steps, T>& plan, const tensor<T>& dy, const kernels::kept_by_run<T>& kept) {
    using cell = typename Steps::cell;
    const auto& of = plan.sizes;
    auto d_in = make_result<T>({of.batch, of.steps, of.gate_size()});
    auto d_own = cell::one_gradient ? d_in : make_result<T>({of.batch * of.steps, of.gate_size()});
    auto states = make_result<T>({cell::states, of.batch, of.hidden});
    std::copy_n(dy.data() + plan.output_size(), states.size(), access::elements(states));
    kernels::run_cell_back(of, kept, dy.data(), access::elements(states), access::elements(d_in), access::elements(d_own));
    auto d_weight = make_result<T>({of.hidden, of.gate_size()});
    kernels::cell_weight_gradient(of, kept, d_own.data(), access::elements(d_weight));
    const auto state = [&](std::size_t s) { return make_view(states, {of.batch, of.hidden}, s * plan.state_size()); };
    const auto rows = make_view(d_own, {of.batch * of.steps, of.gate_size()});
    return {d_in, d_weight, sum_to(rows, {of.gate_size()}), state(0), cell::states > 1 ? state(cell::states - 1) : tensor<T>{}};
}

template <class Steps, real T>
recurrence_result<Steps, T> recurrence_value(const basic_tensor<T>& gates, const basic_tensor<T>& weight, const basic_tensor<T>& bias,
                                             const basic_tensor<T>& h_0, const basic_tensor<T>& c_0, const basic_tensor<bool>& keep_, bool reverse) {
    using cell = typename Steps::cell;
    const auto& from = shape_of(gates);
    const auto plan = recurrence_plan<Steps, T>{{from[0], from[1], shape_of(weight)[0], reverse, keep_.defined() ? keep_.data() : nullptr,
                                                 gates.data(), weight.data(), bias.defined() ? bias.data() : nullptr}};
    const auto& of = plan.sizes;
    auto y = make_result<T>({plan.all()});
    auto* const state = access::elements(y) + plan.output_size();
    std::copy_n(h_0.data(), plan.state_size(), state);
    if constexpr (cell::states > 1) std::copy_n(c_0.data(), plan.state_size(), state + plan.state_size());
    auto before = tensor<T>{}, values = tensor<T>{};
    auto kept = kernels::kept_by_run<T>{nullptr, nullptr};
    if (needs_grad(gates, weight, bias, h_0, c_0)) {
        before = make_result<T>({of.batch, of.steps, cell::states, of.hidden});
        values = make_result<T>({of.batch, of.steps, cell::kept, of.hidden});
        kept = {access::elements(before), access::elements(values)};
    }
    kernels::run_cell(of, state, access::elements(y), kept);
    auto to_keep = keep(gates, weight, bias, h_0, c_0, keep_, before, values);
    return plan.split(record(Steps::name, std::move(y), {gates, weight, bias, h_0, c_0}, std::move(to_keep),
                             [plan](const auto& dy, gradients& d, const auto& gates_, const auto& weight_, const auto& bias_, const auto& h_,
                                    const auto& c_, const auto& keep_mask, const auto& before_, const auto& values_) {
        const auto deliver = [&](const auto& slopes) {
            [&]<std::size_t... I>(std::index_sequence<I...>) { (d(I, [&] { return std::get<I>(slopes); }), ...); }(std::make_index_sequence<5>{});
        };
        if (!needs_grad(dy, gates_(), weight_(), bias_(), h_(), c_()))
            return deliver(recurrence_slopes(plan, tensor<T>{dy}, {access::elements(before_()), access::elements(values_())}));
        const auto of_zeros = [&](const tensor<T>& x, const shape& sizes) { return x.defined() ? x : filled<dynamic_rank>(sizes, T{0}); };
        const auto by_steps = [&](const tensor<T>& in, const tensor<T>& w, const tensor<T>& b, const tensor<T>& h, const tensor<T>& c) {
            auto parts = recurrence_result<Steps, T>{};
            parts.last[0] = tensor<T, 2>{h};
            if constexpr (cell::states > 1) parts.last[1] = tensor<T, 2>{c};
            parts.output = along_steps<T>(tensor<T, 3>{in}, keep_mask(), plan.sizes.reverse, parts.last, [&](const auto& each, const auto& own) {
                return Steps::next(each, tensor<T, 2>{affine<no_activation>(own[0], w, b)}, own);
            });
            return plan.joined(parts);
        };
        deliver(vjp(by_steps, gates_(), weight_(), of_zeros(bias_(), {plan.sizes.gate_size()}), h_(),
                    of_zeros(c_(), {plan.sizes.batch, plan.sizes.hidden})).second(tensor<T, 1>{dy}));
    }));
}

/// gates: (b, length, gates * hidden), what the input contributes; weight: (hidden, gates * hidden), bias: (gates * hidden) or
/// undefined; states at first (b, hidden); keep: (b, length) or undefined. Keeps all of these, and the gates of each step.
template <class Steps, real T>
recurrence_result<Steps, T> along_sequence(const basic_tensor<T>& gates, const basic_tensor<T>& weight, const basic_tensor<T>& bias,
                                           const recurrent_states<Steps, T>& first, const basic_tensor<bool>& keep, bool reverse) {
    const auto c_0 = Steps::cell::states > 1 ? tensor<T>{first.back()} : tensor<T>{};
    return call(Steps::name, {"gates", "weight", "bias", "h_0", "c_0", "keep", "reverse"},
                [](const basic_tensor<T>& in, const basic_tensor<T>& w, const basic_tensor<T>& b, const basic_tensor<T>& h,
                   const basic_tensor<T>& c, const basic_tensor<bool>& mask, bool from_end) {
        return recurrence_value<Steps, T>(in, w, b, h, c, mask, from_end);
    }, gates, weight, bias, tensor<T>{first[0]}, c_0, keep, reverse);
}

}  // namespace xgrad::inline XGRAD_ABI::detail

// Defined by xgrad::compiled.
#if defined(XGRAD_INSTANCE)
namespace xgrad::inline XGRAD_ABI::detail {
#define XGRAD_INSTANCES(T)                                                                                                     \
    XGRAD_INSTANCE recurrence_result<lstm_steps, T> along_sequence<lstm_steps>(const basic_tensor<T>&, const basic_tensor<T>&, \
                                                                                const basic_tensor<T>&,                        \
                                                                                const recurrent_states<lstm_steps, T>&,        \
                                                                                const basic_tensor<bool>&, bool);              \
    XGRAD_INSTANCE recurrence_result<gru_steps, T> along_sequence<gru_steps>(const basic_tensor<T>&, const basic_tensor<T>&,   \
                                                                              const basic_tensor<T>&,                          \
                                                                              const recurrent_states<gru_steps, T>&,           \
                                                                              const basic_tensor<bool>&, bool);
XGRAD_FOR_REAL_TYPES(XGRAD_INSTANCES)
#undef XGRAD_INSTANCES
}
#endif
