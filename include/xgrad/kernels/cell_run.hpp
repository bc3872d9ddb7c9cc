// Recurrent layers: a cell that goes along the steps of sequences, and the gradient, which comes back along them.
//
// At each step a cell maps the gates, to which the input and the state before contribute, and the state itself to the next
// state. The input's contribution is one product for all steps and stands there when the run begins; the state's is a product
// at each step. On the way back the products with the transposed weight are at each step, too, but the weight's own gradient
// is the product of all states and all gradients of gates, once.
#pragma once

#include <xgrad/core/config.hpp>
#include <xgrad/core/memory.hpp>
#include <xgrad/core/parallel.hpp>
#include <xgrad/core/shape.hpp>
#include <xgrad/core/simd.hpp>
#include <xgrad/core/simd_math.hpp>
#include <xgrad/kernels/gemm.hpp>
#include <xgrad/kernels/matrix_ref.hpp>
#include <xgrad/kernels/strided.hpp>

#include <algorithm>
#include <array>
#include <cstddef>

namespace xgrad::inline XGRAD_ABI::kernels {

namespace detail {

/// d x, and 0 where d is, whatever x is.
template <class V>
V times_unless_zero(const V& d, const V& x) {
    return simd::select(d == V(0), d, d * x);
}

}  // namespace detail

/// i, f, o = sigmoid and g = tanh of the sums;  c = f c_before + i g,  h = o tanh(c)
struct lstm_cell {
    static constexpr std::size_t gates = 4, states = 2, kept = 4;   // kept: i, f, g, o
    static constexpr bool one_gradient = true;                      // input and state add to the gates alike

    template <class V>
    static std::array<V, 2> next(const std::array<V, 4>& in, const std::array<V, 4>& own, const std::array<V, 2>& before,
                                 std::array<V, 4>& keep) {
        keep = {simd::sigmoid(V(in[0] + own[0])), simd::sigmoid(V(in[1] + own[1])), simd::tanh(V(in[2] + own[2])),
                simd::sigmoid(V(in[3] + own[3]))};
        const auto& [i, f, g, o] = keep;
        const auto c = V(f * before[1] + i * g);
        return {V(o * simd::tanh(c)), c};
    }
    /// d: of the next state; then of the state before, as far as it does not go through the product.
    template <class V>
    static void back(const std::array<V, 4>& kept_values, const std::array<V, 2>& before, std::array<V, 2>& d,
                     std::array<V, 4>& d_in, std::array<V, 4>& /*d_own*/) {
        const auto& [i, f, g, o] = kept_values;
        const auto one = V(1), w = V(simd::tanh(V(f * before[1] + i * g)));
        const auto dc = V(d[1] + d[0] * o * (one - w * w));
        d_in = {V(dc * g * (i * (one - i))), V(detail::times_unless_zero(dc, before[1]) * (f * (one - f))),
                V(dc * i * (one - g * g)), V(d[0] * w * (o * (one - o)))};
        d = {V(0), V(dc * f)};
    }
};

/// r, z = sigmoid of the sums;  m = tanh(n + r n'),  h = m + z (h_before - m),  n of the input, n' of the state
struct gru_cell {
    static constexpr std::size_t gates = 3, states = 1, kept = 4;   // kept: r, z, m, n'
    static constexpr bool one_gradient = false;

    template <class V>
    static std::array<V, 1> next(const std::array<V, 3>& in, const std::array<V, 3>& own, const std::array<V, 1>& before,
                                 std::array<V, 4>& keep) {
        const auto r = V(simd::sigmoid(V(in[0] + own[0]))), z = V(simd::sigmoid(V(in[1] + own[1])));
        const auto m = V(simd::tanh(V(in[2] + r * own[2])));
        keep = {r, z, m, own[2]};
        return {V(m + z * (before[0] - m))};
    }
    template <class V>
    static void back(const std::array<V, 4>& kept_values, const std::array<V, 1>& before, std::array<V, 1>& d,
                     std::array<V, 3>& d_in, std::array<V, 3>& d_own) {
        const auto& [r, z, m, n] = kept_values;
        const auto one = V(1);
        const auto dn = V(d[0] * (one - z) * (one - m * m));
        const auto dr = V(detail::times_unless_zero(dn, n) * (r * (one - r)));
        const auto dz = V(detail::times_unless_zero(d[0], V(before[0] - m)) * (z * (one - z)));
        d_in = {dr, dz, dn};
        d_own = {dr, dz, V(dn * r)};
        d = {V(d[0] * z)};
    }
};

/// A batch of sequences and what a cell goes along them with. All arrays are row-major.
template <class Cell, class T>
struct cell_run {
    std::size_t batch, steps, hidden;
    bool reverse;        ///< from the last step to the first
    const bool* there;   ///< (batch, steps): false at a step that is padding, which moves nothing; null: all are there
    const T* gates;      ///< (batch, steps, gates, hidden): what the input contributes
    const T* weight;     ///< (hidden, gates * hidden)
    const T* bias;       ///< (gates, hidden), or null

    std::size_t gate_size() const { return Cell::gates * hidden; }
    std::size_t step(std::size_t number) const { return reverse ? steps - 1 - number : number; }
    bool is_padding(std::size_t row) const { return there != nullptr && !there[row]; }

    /// f(sequence, number of its step t among all), on several threads.
    template <class F>
    void for_each_sequence(std::size_t t, const F& f) const {
        parallel_for(batch, grain / (hidden + 1) + 1, [&](std::size_t begin, std::size_t end) {
            for (auto b = begin; b < end; ++b) f(b, b * steps + t);
        });
    }

private:
    static constexpr std::size_t grain = 4096;   // elements of a state, each through a handful of exponentials, that pay for a thread
};

/// What a run keeps for its gradient.
template <class T>
struct kept_by_run {
    T* before;   ///< (batch, steps, states, hidden): the states before each step
    T* values;   ///< (batch, steps, kept, hidden): Cell's; both are null where no gradient will be asked for
};

namespace detail {

/// N runs of elements, each `stride` behind the one before.
template <std::size_t N, class T>
std::array<simd::batch<T>, N> load_each(const T* from, std::size_t stride, std::size_t count) {
    auto parts = std::array<simd::batch<T>, N>{};
    for (auto i = std::size_t{0}; i < N; ++i) parts[i] = simd::load_up_to(from + i * stride, count);
    return parts;
}
template <std::size_t N, class T>
void store_each(T* to, std::size_t stride, std::size_t count, const std::array<simd::batch<T>, N>& parts) {
    for (auto i = std::size_t{0}; i < N; ++i) simd::store_up_to(to + i * stride, parts[i], count);
}

/// One step of one sequence. own: the product of the state and the weight. state: (states, hidden), `state_stride` apart.
template <class Cell, class T>
void step_of_sequence(const cell_run<Cell, T>& of, std::size_t row, const T* own, T* state, std::size_t state_stride, T* output,
                      const kept_by_run<T>& kept) {
    constexpr auto states = Cell::states;
    const auto hidden = of.hidden;
    if (kept.before != nullptr)
        for (auto s = std::size_t{0}; s < states; ++s)
            std::copy_n(state + s * state_stride, hidden, kept.before + (row * states + s) * hidden);
    if (of.is_padding(row)) return void(std::fill_n(output + row * hidden, hidden, T{0}));
    const auto* const in = of.gates + row * of.gate_size();
    for (auto j = std::size_t{0}; j < hidden; j += simd::width<T>) {
        const auto count = std::min(simd::width<T>, hidden - j);
        auto sums = load_each<Cell::gates>(own + j, hidden, count);
        if (of.bias != nullptr)
            for (auto g = std::size_t{0}; g < Cell::gates; ++g) sums[g] = sums[g] + simd::load_up_to(of.bias + g * hidden + j, count);
        auto values = std::array<simd::batch<T>, Cell::kept>{};
        const auto next = Cell::next(load_each<Cell::gates>(in + j, hidden, count), sums, load_each<states>(state + j, state_stride, count), values);
        store_each(state + j, state_stride, count, next);
        simd::store_up_to(output + row * hidden + j, next[0], count);
        if (kept.values != nullptr) store_each(kept.values + row * Cell::kept * hidden + j, hidden, count, values);
    }
}

/// Back over one step of one sequence. d_state: of the state after it, then of the one before, but for the product.
template <class Cell, class T>
void back_over_step(const cell_run<Cell, T>& of, std::size_t row, const kept_by_run<T>& kept, const T* d_output, T* d_state,
                    std::size_t state_stride, T* d_in, T* d_own) {
    constexpr auto states = Cell::states;
    const auto hidden = of.hidden, gates = row * of.gate_size();
    if (of.is_padding(row)) {
        std::fill_n(d_in + gates, of.gate_size(), T{0});
        std::fill_n(d_own + gates, of.gate_size(), T{0});
        return;
    }
    for (auto j = std::size_t{0}; j < hidden; j += simd::width<T>) {
        const auto count = std::min(simd::width<T>, hidden - j);
        auto d = load_each<states>(d_state + j, state_stride, count);
        d[0] = d[0] + simd::load_up_to(d_output + row * hidden + j, count);
        auto of_input = std::array<simd::batch<T>, Cell::gates>{}, of_state = of_input;
        Cell::back(load_each<Cell::kept>(kept.values + row * Cell::kept * hidden + j, hidden, count),
                   load_each<states>(kept.before + row * states * hidden + j, hidden, count), d, of_input, of_state);
        store_each(d_state + j, state_stride, count, d);
        store_each(d_in + gates + j, hidden, count, of_input);
        if constexpr (!Cell::one_gradient) store_each(d_own + gates + j, hidden, count, of_state);
    }
}

}  // namespace detail

/// Goes along the steps. state: (states, batch, hidden), at first, then after the last step. output: (batch, steps, hidden),
/// 0 at padding.
template <class Cell, class T>
void run_cell(const cell_run<Cell, T>& of, T* state, T* output, const kept_by_run<T>& kept) {
    const auto gates = of.gate_size(), state_size = of.batch * of.hidden;
    const auto products = memory::scratch<T>{of.batch * gates};
    for (auto number = std::size_t{0}; number < of.steps; ++number) {
        gemm<T>(row_major<const T>(state, of.batch, of.hidden), row_major(of.weight, of.hidden, gates),
                row_major(products.data(), of.batch, gates));
        of.for_each_sequence(of.step(number), [&](std::size_t b, std::size_t row) {
            detail::step_of_sequence(of, row, products.data() + b * gates, state + b * of.hidden, state_size, output, kept);
        });
    }
}

/// Comes back along them. d_state: (states, batch, hidden), of the state after the last step, then of the one at first.
/// d_in, d_own: (batch, steps, gates, hidden), of what the input and what the state contributed; one array, where Cell says so.
template <class Cell, class T>
void run_cell_back(const cell_run<Cell, T>& of, const kept_by_run<T>& kept, const T* d_output, T* d_state, T* d_in, T* d_own) {
    const auto gates = of.gate_size(), state_size = of.batch * of.hidden;
    const auto transposed = memory::scratch<T>{of.hidden * gates};
    auto turned = strides{};
    turned.along = {1, static_cast<std::ptrdiff_t>(gates)};
    gather_strided(of.weight, turned, {gates, of.hidden}, transposed.data());
    for (auto number = of.steps; number-- > 0;) {
        const auto t = of.step(number);
        of.for_each_sequence(t, [&](std::size_t b, std::size_t row) {
            detail::back_over_step(of, row, kept, d_output, d_state + b * of.hidden, state_size, d_in, d_own);
        });
        const auto rows = matrix_ref<const T>{d_own + t * gates, of.batch, gates, static_cast<std::ptrdiff_t>(of.steps * gates), 1};
        gemm<T>(rows, row_major<const T>(transposed.data(), gates, of.hidden), row_major(d_state, of.batch, of.hidden), true);
    }
}

/// The weight's gradient, (hidden, gates * hidden).
template <class Cell, class T>
void cell_weight_gradient(const cell_run<Cell, T>& of, const kept_by_run<T>& kept, const T* d_own, T* d_weight) {
    const auto rows = of.batch * of.steps;
    const auto before = matrix_ref<const T>{kept.before, rows, of.hidden, static_cast<std::ptrdiff_t>(Cell::states * of.hidden), 1};
    gemm<T>(before.transposed(), row_major(d_own, rows, of.gate_size()), row_major(d_weight, of.hidden, of.gate_size()));
}

}  // namespace xgrad::kernels
