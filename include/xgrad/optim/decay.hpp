// Schedules by which the learning rate falls, or rises, to an end: PyTorch's, in closed form. b is the learning rate at the
// beginning, t the step. One of 0 steps is at its end at once.
#pragma once

#include <xgrad/core/cmath.hpp>
#include <xgrad/core/config.hpp>
#include <xgrad/core/error.hpp>
#include <xgrad/core/finite.hpp>

#include <algorithm>
#include <cstddef>
#include <vector>

namespace xgrad::inline XGRAD_ABI::optim {

namespace detail {

/// How much of `total` steps is over, from 0 to 1.
inline double progress(std::size_t step, std::size_t total) {
    return step >= total ? 1 : static_cast<double>(step) / static_cast<double>(total);
}

inline void check_factor(const char* schedule, const char* option, double value) {
    if (!is_finite_number(value) || value < 0) fail<value_error>(schedule, option, " must be a number not below 0, got ", value);
}
inline void check_steps(const char* schedule, const char* option, std::size_t value) {
    if (value == 0) fail<value_error>(schedule, option, " must be at least 1");
}

}  // namespace detail

/// b gamma^(t / step_size), the quotient rounded down.
struct step_lr {
    std::size_t step_size = 1;
    double gamma = 0.1;

    double operator()(double base, std::size_t step) const {
        return base * std::pow(gamma, static_cast<double>(step / std::max<std::size_t>(1, step_size)));
    }
    void validate() const {
        detail::check_steps("step_lr", "step_size", step_size);
        detail::check_factor("step_lr", "gamma", gamma);
    }
};

/// b gamma^k, k the number of milestones that t has reached: one at 0 counts from the beginning, one that is there twice
/// counts twice, and their order does not matter.
struct multistep_lr {
    std::vector<std::size_t> milestones{};
    double gamma = 0.1;

    double operator()(double base, std::size_t step) const {
        const auto reached = std::count_if(milestones.begin(), milestones.end(), [=](std::size_t each) { return each <= step; });
        return base * std::pow(gamma, static_cast<double>(reached));
    }
    void validate() const { detail::check_factor("multistep_lr", "gamma", gamma); }
};

/// b gamma^t
struct exponential_lr {
    double gamma = 0.9;

    double operator()(double base, std::size_t step) const { return base * std::pow(gamma, static_cast<double>(step)); }
    void validate() const { detail::check_factor("exponential_lr", "gamma", gamma); }
};

/// b (1 - t / total_iters)^power, 0 from there on.
struct polynomial_lr {
    std::size_t total_iters = 5;
    double power = 1;

    double operator()(double base, std::size_t step) const { return base * std::pow(1 - detail::progress(step, total_iters), power); }
    void validate() const {
        if (!is_finite_number(power) || power <= 0) fail<value_error>("polynomial_lr", "power must be above 0, got ", power);
    }
};

/// A straight line from b start_factor to b end_factor in total_iters steps, and b end_factor from there on: the usual
/// warm-up.
struct linear_lr {
    double start_factor = 1.0 / 3;
    double end_factor = 1;
    std::size_t total_iters = 5;

    double operator()(double base, std::size_t step) const {
        return base * (start_factor + (end_factor - start_factor) * detail::progress(step, total_iters));
    }
    void validate() const {
        detail::check_factor("linear_lr", "start_factor", start_factor);
        detail::check_factor("linear_lr", "end_factor", end_factor);
    }
};

/// b factor for total_iters steps, then b.
struct constant_lr {
    double factor = 1.0 / 3;
    std::size_t total_iters = 5;

    double operator()(double base, std::size_t step) const { return step < total_iters ? base * factor : base; }
    void validate() const { detail::check_factor("constant_lr", "factor", factor); }
};

}  // namespace xgrad::optim
