// The one-cycle schedule.
#pragma once

#include <xgrad/core/config.hpp>
#include <xgrad/core/error.hpp>
#include <xgrad/optim/cosine.hpp>
#include <xgrad/optim/decay.hpp>

#include <cstddef>
#include <optional>

namespace xgrad::inline XGRAD_ABI::optim {

enum class anneal { cos, linear };

/// L. N. Smith, N. Topin, "Super-convergence: very fast training of neural networks using large learning rates",
/// arXiv:1708.07120 (2017), as PyTorch computes it: from max_lr / div_factor up to max_lr in the first pct_start of all steps, and
/// down to max_lr / (div_factor final_div_factor) in the rest; with three_phase down to where it began in as many steps, and then
/// to the end. The momentum, or the first of betas, goes the other way, from max_momentum down to base_momentum and up again,
/// unless `cycle_momentum` is false; an optimizer that has none is a `value_error`.
/// Phases end at steps, as PyTorch has it, p the share pct_start, n total_steps:  p n - 1,  three_phase: 2 p n - 2,  n - 1. A phase
/// without length is at its end at once: with a share of 0 or 1 / n it begins with max_lr. What comes after the last step has its
/// learning rate.
struct one_cycle_lr {
    double max_lr = 0;   ///< 0: the learning rate that the group began with
    std::size_t total_steps = 1;
    double pct_start = 0.3;
    anneal strategy = anneal::cos;
    double div_factor = 25;
    double final_div_factor = 1e4;
    bool three_phase = false;
    bool cycle_momentum = true;
    double base_momentum = 0.85, max_momentum = 0.95;

    double operator()(double base, std::size_t step) const {
        const auto most = max_lr != 0 ? max_lr : base, first = most / div_factor;
        return in_phases(first, most, first / final_div_factor, step);
    }
    std::optional<double> momentum(std::size_t step) const {
        if (!cycle_momentum) return std::nullopt;
        return in_phases(max_momentum, base_momentum, max_momentum, step);
    }
    void validate() const {
        detail::check_steps("one_cycle_lr", "total_steps", total_steps);
        detail::check_factor("one_cycle_lr", "max_lr", max_lr);
        if (!(pct_start >= 0 && pct_start <= 1)) fail<value_error>("one_cycle_lr", "pct_start must be from 0 to 1, got ", pct_start);
        if (!(div_factor > 0 && final_div_factor > 0))
            fail<value_error>("one_cycle_lr", "div_factor and final_div_factor must be above 0, got ", div_factor, " and ",
                              final_div_factor);
        for (const auto each : {base_momentum, max_momentum})
            if (cycle_momentum && !(each >= 0 && each < 1))
                fail<value_error>("one_cycle_lr", "base_momentum and max_momentum must be at least 0 and below 1, got ", base_momentum, " and ",
                                  max_momentum);
    }

private:
    /// From `first` to `most`, and to `last`, with three phases by way of `first`.
    double in_phases(double first, double most, double last, std::size_t step) const {
        const auto total = static_cast<double>(total_steps), t = static_cast<double>(step);
        const auto up = pct_start == 0 ? 0 : pct_start * total - 1, down = 2 * pct_start * total - 2, end = total - 1;
        if (t <= up) return along(first, most, 0, up, t);
        if (three_phase && t <= down) return along(most, first, up, down, t);
        return three_phase ? along(first, last, down, end, t) : along(most, last, up, end, t);
    }

    double along(double from, double to, double begin, double end, double t) const {
        if (!(end > begin) || t >= end) return to;
        const auto part = (t - begin) / (end - begin);
        return strategy == anneal::cos ? detail::along_cosine(from, to, part) : from + (to - from) * part;
    }
};

}  // namespace xgrad::optim
