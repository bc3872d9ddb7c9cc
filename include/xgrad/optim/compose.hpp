// Schedules made of schedules.
#pragma once

#include <xgrad/core/config.hpp>
#include <xgrad/core/error.hpp>
#include <xgrad/core/lists.hpp>
#include <xgrad/optim/schedule.hpp>

#include <algorithm>
#include <cstddef>
#include <optional>
#include <type_traits>
#include <utility>
#include <vector>

namespace xgrad::inline XGRAD_ABI::optim {

/// One schedule after another: the next begins, at its step 0, where its milestone is reached. A warm-up of five steps:
///
///     optim::sequential_lr{{optim::linear_lr{}, optim::cosine_annealing_lr{.t_max = 95}}, {5}}
///
/// A milestone of 0 leaves out what is before it. Throws `value_error` unless there is one milestone fewer than there are
/// schedules, none below the one before it.
class sequential_lr {
public:
    sequential_lr(std::vector<schedule> schedules, std::vector<std::size_t> milestones)
        : m_schedules{std::move(schedules)}, m_milestones{std::move(milestones)} {
        if (m_schedules.size() != m_milestones.size() + 1)
            fail<value_error>("sequential_lr", "there must be one milestone fewer than schedules, got ", m_milestones.size(), " and ",
                              m_schedules.size());
        for (auto i = std::size_t{1}; i < m_milestones.size(); ++i)
            if (m_milestones[i] < m_milestones[i - 1])
                fail<value_error>("sequential_lr", "no milestone may be below the one before it, got ", m_milestones);
    }

    double operator()(double base, std::size_t step) const {
        const auto at = reached(step);
        return m_schedules[at](base, step - begin_of(at));
    }
    /// What the schedule of this step says, or the last one before that had something to say.
    std::optional<double> momentum(std::size_t step) const {
        for (auto at = reached(step);; --at) {
            const auto begin = begin_of(at);
            if (step >= begin)
                if (const auto found = m_schedules[at].momentum(step - begin)) return found;
            if (begin == 0) return std::nullopt;   // what is before has no steps
            step = std::min(step, begin - 1);      // the last step of the one before
        }
    }

private:
    /// The last schedule that has begun, and the step at which one begins.
    std::size_t reached(std::size_t step) const {
        return lists::count_if(m_milestones, [=](std::size_t each) { return each <= step; });
    }
    std::size_t begin_of(std::size_t at) const { return at == 0 ? 0 : m_milestones[at - 1]; }

    std::vector<schedule> m_schedules;
    std::vector<std::size_t> m_milestones;
};

/// All schedules at once, each on what the one before it gives: the factors of those that multiply are multiplied.
/// Throws `value_error` when there is none.
class chained_lr {
public:
    explicit chained_lr(std::vector<schedule> schedules) : m_schedules{std::move(schedules)} {
        if (m_schedules.empty()) fail<value_error>("chained_lr", "there is no schedule");
    }

    double operator()(double base, std::size_t step) const {
        for (const auto& each : m_schedules) base = each(base, step);
        return base;
    }
    /// That of the last schedule that has one.
    std::optional<double> momentum(std::size_t step) const {
        auto last = std::optional<double>{};
        for (const auto& each : m_schedules)
            if (const auto found = each.momentum(step)) last = found;
        return last;
    }

private:
    std::vector<schedule> m_schedules;
};

}  // namespace xgrad::optim
