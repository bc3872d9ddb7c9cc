// A learning rate that falls when nothing gets better any more.
#pragma once

#include <xgrad/autograd/parameter.hpp>
#include <xgrad/core/cmath.hpp>
#include <xgrad/core/config.hpp>
#include <xgrad/core/dtype.hpp>
#include <xgrad/core/error.hpp>
#include <xgrad/core/finite.hpp>
#include <xgrad/optim/optimizer.hpp>
#include <xgrad/optim/schedule.hpp>

#include <algorithm>
#include <cstddef>
#include <limits>
#include <vector>

namespace xgrad::inline XGRAD_ABI::optim {

/// What is better, a lower metric (a loss) or a higher one (an accuracy).
enum class plateau_mode { min, max };
/// Whether the threshold is a share of the best metric so far, or a difference.
enum class plateau_threshold { rel, abs };

struct plateau_options {
    plateau_mode mode = plateau_mode::min;
    double factor = 0.1;         ///< by which the learning rates are multiplied
    std::size_t patience = 10;   ///< so many bad metrics in a row are borne
    double threshold = 1e-4;     ///< by so much a metric must be better than the best
    plateau_threshold threshold_mode = plateau_threshold::rel;
    std::size_t cooldown = 0;    ///< so many metrics after a fall are not counted as bad
    double min_lr = 0;
    double eps = 1e-8;           ///< a smaller fall is none
};

/// Multiplies the learning rates of all groups by `factor` when the metric has not become better more than `patience` times in
/// a row, as PyTorch's ReduceLROnPlateau. A metric is better when it is below best - threshold |best| (above best + ..., or
/// with the absolute threshold itself); PyTorch's best (1 - threshold) would call a negative metric better that has grown
/// worse. NaN is a bad metric. The optimizer stays where it is while this lives.
/// Throws `value_error` for an option out of range.
template <real T>
class reduce_lr_on_plateau {
public:
    explicit reduce_lr_on_plateau(optimizer<T>& opt, plateau_options options = {}) : m_optimizer{&opt}, m_options{options} {
        if (!(options.factor >= 0 && options.factor < 1))
            fail<value_error>(name, "factor must be at least 0 and below 1, got ", options.factor);
        detail::check_not_negative(name, "threshold", options.threshold);
        detail::check_not_negative(name, "min_lr", options.min_lr);
        detail::check_not_negative(name, "eps", options.eps);
    }

    /// Takes the metric of another epoch.
    void step(double metric) {
        if (is_better(metric)) {
            m_best = metric;
            m_bad = 0;
        } else {
            ++m_bad;
        }
        if (m_cooldown > 0) {
            --m_cooldown;
            m_bad = 0;
        }
        if (m_bad <= m_options.patience) return;
        reduce();
        m_cooldown = m_options.cooldown;
        m_bad = 0;
    }

    double lr() const { return m_optimizer->lr(); }
    /// The best metric so far; infinity, of the sign that is worse, before the first.
    double best() const noexcept { return m_best; }

    /// What it remembers, and the learning rates, which `load_state` sets again.
    parameter_list<double> state() const {
        auto rates = std::vector<double>{};
        for (auto group = std::size_t{0}; group < m_optimizer->group_count(); ++group) rates.push_back(m_optimizer->group_lr(group));
        return {{"plateau", detail::numbers({m_best, static_cast<double>(m_bad), static_cast<double>(m_cooldown)})},
                {"plateau.lrs", detail::numbers(rates)}};
    }
    /// Throws `value_error` and `shape_error`, changing nothing.
    template <class Named>
    void load_state(const Named& named) {
        const auto own = detail::numbers_in(named, "plateau", 3);
        const auto rates = detail::numbers_in(named, "plateau.lrs", m_optimizer->group_count());
        const auto bad = detail::counted("plateau", own[1]), cooldown = detail::counted("plateau", own[2]);
        for (const auto rate : rates) detail::check_not_negative("load_state", "plateau.lrs", rate);
        for (auto group = std::size_t{0}; group < rates.size(); ++group) m_optimizer->group_lr(group, rates[group]);
        m_best = own[0];
        m_bad = bad;
        m_cooldown = cooldown;
    }

private:
    static constexpr auto name = "reduce_lr_on_plateau";

    double sign() const { return m_options.mode == plateau_mode::min ? 1 : -1; }

    bool is_better(double metric) const {
        const auto size = std::fabs(m_best);
        const auto margin = m_options.threshold_mode == plateau_threshold::abs ? m_options.threshold
                            : is_finite_number(size)                           ? m_options.threshold * size
                                                                               : 0;
        return sign() * metric < sign() * m_best - margin;
    }

    void reduce() {
        for (auto group = std::size_t{0}; group < m_optimizer->group_count(); ++group) {
            const auto before = m_optimizer->group_lr(group), after = std::max(before * m_options.factor, m_options.min_lr);
            if (before - after > m_options.eps) m_optimizer->group_lr(group, after);
        }
    }

    optimizer<T>* m_optimizer;
    plateau_options m_options;
    double m_best = sign() * std::numeric_limits<double>::infinity();
    std::size_t m_bad = 0, m_cooldown = 0;
};

}  // namespace xgrad::optim
