// To end when nothing gets better any more.
#pragma once

#include <xgrad/autograd/parameter.hpp>
#include <xgrad/autograd/tensor.hpp>
#include <xgrad/core/config.hpp>
#include <xgrad/core/error.hpp>
#include <xgrad/core/finite.hpp>

#include <algorithm>
#include <cstddef>
#include <limits>
#include <vector>

namespace xgrad::inline XGRAD_ABI::train {

/// Which metric is better: a lower one (a loss), or a higher one (an accuracy).
enum class better { lower, higher };

struct early_stopping_options {
    better mode = better::lower;
    std::size_t patience = 5;   ///< it stops after so many metrics in a row that are not better; after one at 0, too
    double min_delta = 0;       ///< by so much a metric must be better than the best
};

/// Remembers the best metric, and says when it is time to stop:
///
///     auto stop = train::early_stopping{{.patience = 3}};
///     ...
///     if (stop.step(validation_loss)) io::save(net, "best.safetensors");   // better than all before
///     if (stop.stopped()) break;
///
/// NaN is never better. Throws `value_error` for a `min_delta` that is negative or no number.
class early_stopping {
public:
    explicit early_stopping(early_stopping_options options = {}) : m_options{options} {
        if (!is_finite_number(options.min_delta) || options.min_delta < 0)
            fail<value_error>("early_stopping", "min_delta must be a number not below 0, got ", options.min_delta);
    }

    /// Takes the metric of another epoch, and says whether it is the best so far.
    XGRAD_ON_DEMAND bool step(double metric) {
        ++m_steps;
        const auto is_best =
            m_best_step == 0 ? metric == metric : sign() * metric < sign() * m_best - m_options.min_delta;
        if (is_best) {
            m_best = metric;
            m_best_step = m_steps;
        }
        return is_best;
    }

    bool stopped() const noexcept { return m_steps - m_best_step >= std::max<std::size_t>(m_options.patience, 1); }

    /// The best metric, and the number of its step, from 1 on; before there is one, infinity of the sign that is worse,
    /// and 0.
    double best() const noexcept { return m_best; }
    std::size_t best_step() const noexcept { return m_best_step; }
    std::size_t steps() const noexcept { return m_steps; }

    /// For `save_run`.
    XGRAD_ON_DEMAND parameter_list<double> state() const {
        const auto values = std::vector{m_best, static_cast<double>(m_steps), static_cast<double>(m_best_step)};
        return {{"early_stopping", tensor<double>{values, {values.size()}}}};
    }
    /// Throws `value_error` for another list.
    template <class Named>
    void load_state(const Named& named) {
        for (const auto& [name, value] : named) {
            const auto list = std::vector<double>{value.begin(), value.end()};
            if (name != "early_stopping" || list.size() != 3 || !(list[2] >= 0 && list[1] >= list[2] && list[1] < 1e15))
                fail<value_error>("load_state", name, " is no state of early_stopping");
            m_best = list[0];
            m_steps = static_cast<std::size_t>(list[1]);
            m_best_step = static_cast<std::size_t>(list[2]);
            return;
        }
        fail<value_error>("load_state", "early_stopping is missing");
    }

private:
    double sign() const { return m_options.mode == better::lower ? 1 : -1; }

    early_stopping_options m_options;
    double m_best = sign() * std::numeric_limits<double>::infinity();
    std::size_t m_steps = 0, m_best_step = 0;
};

}  // namespace xgrad::train
