// Connectionist temporal classification: the likelihood of a sequence of labels, whatever their places, and its derivative.
#pragma once

#include <xgrad/core/cmath.hpp>
#include <xgrad/core/config.hpp>
#include <xgrad/core/dtype.hpp>
#include <xgrad/core/memory.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <utility>

namespace xgrad::inline XGRAD_ABI::kernels {

/// The labels with a blank before, between and after them: states 0 to 2 count. A path stays in a state, goes to the next,
/// or passes over a blank between different labels.
struct ctc_states {
    const std::int64_t* labels;
    std::size_t count;
    std::int64_t blank;

    std::size_t size() const { return 2 * count + 1; }
    std::int64_t label(std::size_t state) const { return state % 2 == 0 ? blank : labels[state / 2]; }
    bool reached_over_blank(std::size_t state) const { return state % 2 == 1 && state >= 3 && label(state) != label(state - 2); }
};

namespace detail {

/// ln(e^a + e^b)
inline double log_add(double a, double b) {
    const auto more = std::max(a, b), less = std::min(a, b);
    return less == -std::numeric_limits<double>::infinity() ? more : more + std::log1p(std::exp(less - more));
}

}  // namespace detail

/// The logarithm of the likelihood, from logarithms x of probabilities: (steps, classes), in rows. `alpha`, (steps, states),
/// gets that of all paths which are at a state at a step (A. Graves, S. Fernandez, F. Gomez, J. Schmidhuber, "Connectionist
/// temporal classification", ICML 2006, equations 5 to 8, in logarithms).
template <real T>
double ctc_forward(const T* x, std::size_t steps, std::size_t classes, const ctc_states& states, double* alpha) {
    constexpr auto never = -std::numeric_limits<double>::infinity();
    const auto size = states.size();
    if (steps == 0) return states.count == 0 ? 0 : never;
    const auto at = [&](std::size_t step, std::size_t state) {
        return static_cast<double>(x[step * classes + static_cast<std::size_t>(states.label(state))]);
    };
    for (auto s = std::size_t{0}; s < size; ++s) alpha[s] = s < 2 ? at(0, s) : never;
    for (auto t = std::size_t{1}; t < steps; ++t) {
        const auto* const before = alpha + (t - 1) * size;
        for (auto s = std::size_t{0}; s < size; ++s) {
            auto sum = before[s];
            if (s >= 1) sum = detail::log_add(sum, before[s - 1]);
            if (states.reached_over_blank(s)) sum = detail::log_add(sum, before[s - 2]);
            alpha[t * size + s] = sum + at(t, s);
        }
    }
    const auto* const last = alpha + (steps - 1) * size;
    return size == 1 ? last[0] : detail::log_add(last[size - 1], last[size - 2]);
}

/// dx += factor times the derivative of the likelihood's logarithm, the probability to be at a label at a step (equation 15).
template <real T>
void ctc_backward(const T* x, std::size_t steps, std::size_t classes, const ctc_states& states, const double* alpha,
                  double likelihood, double factor, T* dx) {
    constexpr auto never = -std::numeric_limits<double>::infinity();
    const auto size = states.size();
    const auto room = memory::scratch<double>{2 * size};
    auto *beta = room.data(), *next = room.data() + size;   // of the rest of the path, after this step
    for (auto s = std::size_t{0}; s < size; ++s) beta[s] = s + 2 >= size ? 0 : never;
    for (auto t = steps; t-- > 0;) {
        for (auto s = std::size_t{0}; s < size; ++s) {
            auto& to = dx[t * classes + static_cast<std::size_t>(states.label(s))];
            to += static_cast<T>(factor * std::exp(alpha[t * size + s] + beta[s] - likelihood));
        }
        for (auto s = std::size_t{0}; s < size; ++s)
            beta[s] += static_cast<double>(x[t * classes + static_cast<std::size_t>(states.label(s))]);
        for (auto s = std::size_t{0}; s < size; ++s) {
            auto sum = beta[s];
            if (s + 1 < size) sum = detail::log_add(sum, beta[s + 1]);
            if (s + 2 < size && states.reached_over_blank(s + 2)) sum = detail::log_add(sum, beta[s + 2]);
            next[s] = sum;
        }
        std::swap(beta, next);
    }
}

}  // namespace xgrad::kernels
