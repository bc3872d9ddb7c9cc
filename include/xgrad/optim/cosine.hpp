// Schedules along the cosine. b is the learning rate at the beginning, t the step.
#pragma once

#include <xgrad/core/cmath.hpp>
#include <xgrad/core/config.hpp>
#include <xgrad/optim/decay.hpp>

#include <algorithm>
#include <cstddef>
#include <limits>
#include <numbers>

namespace xgrad::inline XGRAD_ABI::optim {

namespace detail {

inline constexpr auto most_steps = std::numeric_limits<std::size_t>::max();

/// From `from` at 0 to `to` at 1.
inline double along_cosine(double from, double to, double part) {
    return to + (from - to) * (1 + std::cos(std::numbers::pi * part)) / 2;
}

}  // namespace detail

/// eta_min + (b - eta_min) (1 + cos(pi t / t_max)) / 2; after t_max steps it rises again, as PyTorch's does.
struct cosine_annealing_lr {
    std::size_t t_max = 1;
    double eta_min = 0;

    double operator()(double base, std::size_t step) const {
        const auto length = std::max<std::size_t>(1, t_max);
        if (length <= detail::most_steps / 2) step %= 2 * length;
        return detail::along_cosine(base, eta_min, static_cast<double>(step) / static_cast<double>(length));
    }
    void validate() const {
        detail::check_steps("cosine_annealing_lr", "t_max", t_max);
        detail::check_factor("cosine_annealing_lr", "eta_min", eta_min);
    }
};

/// SGDR (I. Loshchilov, F. Hutter, "SGDR: stochastic gradient descent with warm restarts", ICLR 2017): the cosine from b to
/// eta_min in t_0 steps, then again from b in t_0 t_mult steps, in t_0 t_mult^2, and so on:
/// eta_min + (b - eta_min) (1 + cos(pi t' / t_i)) / 2, t' the steps since the last restart, t_i the length of this run.
struct cosine_annealing_warm_restarts {
    std::size_t t_0 = 1;
    std::size_t t_mult = 1;
    double eta_min = 0;

    double operator()(double base, std::size_t step) const {
        // In whole numbers: a logarithm would miss restarts at exact powers. A run too long for them has no end.
        auto length = std::max<std::size_t>(1, t_0);
        if (t_mult <= 1) step %= length;
        for (; step >= length; length = length <= detail::most_steps / t_mult ? length * t_mult : detail::most_steps) step -= length;
        return detail::along_cosine(base, eta_min, static_cast<double>(step) / static_cast<double>(length));
    }
    void validate() const {
        detail::check_steps("cosine_annealing_warm_restarts", "t_0", t_0);
        detail::check_steps("cosine_annealing_warm_restarts", "t_mult", t_mult);
        detail::check_factor("cosine_annealing_warm_restarts", "eta_min", eta_min);
    }
};

}  // namespace xgrad::optim
