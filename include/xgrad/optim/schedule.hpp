// Learning rates that follow a plan.
//
// A schedule is a function of the learning rate that the optimizer began with and the number of the step, and of nothing
// else: so a run that goes on at step n goes on as one that never stopped. A `scheduler` applies it to an optimizer:
//
//     optim::scheduler plan{opt, optim::cosine_annealing_lr{.t_max = 100}};
//     for (...) {
//         ...
//         opt.step();
//         plan.step();
//     }
#pragma once

#include <xgrad/autograd/parameter.hpp>
#include <xgrad/autograd/tensor.hpp>
#include <xgrad/core/config.hpp>
#include <xgrad/core/dtype.hpp>
#include <xgrad/core/error.hpp>
#include <xgrad/optim/memory.hpp>
#include <xgrad/optim/optimizer.hpp>

#include <concepts>
#include <cstddef>
#include <functional>
#include <optional>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

namespace xgrad::inline XGRAD_ABI::optim {

/// Whatever gives the learning rate at a step from the one at the beginning: one of the library's schedules, or a lambda
/// `[](double base, std::size_t step) { return base / (1 + step); }`.
template <class F>
concept schedule_function = std::is_invocable_r_v<double, const F&, double, std::size_t>;

/// Any schedule, its type left behind, for lists of them. One with a `std::optional<double> momentum(std::size_t step) const`
/// moves the momentum, too, at the steps at which that has a value. Throws `value_error` where its options are out of range.
class schedule {
public:
    template <schedule_function F>
        requires(!std::same_as<F, schedule>)
    schedule(F f) {
        if constexpr (requires { f.validate(); }) f.validate();
        if constexpr (requires { f.momentum(std::size_t{}); }) m_momentum = [f](std::size_t step) { return f.momentum(step); };
        m_function = std::move(f);
    }

    double operator()(double base, std::size_t step) const { return m_function(base, step); }
    std::optional<double> momentum(std::size_t step) const { return m_momentum ? m_momentum(step) : std::nullopt; }

private:
    std::function<double(double, std::size_t)> m_function;
    std::function<std::optional<double>(std::size_t)> m_momentum;
};

namespace detail {

XGRAD_ON_DEMAND tensor<double> numbers(const std::vector<double>& values) {
    auto y = zeros_of<double>({values.size()});
    for (auto i = std::size_t{0}; i < values.size(); ++i) y.data()[i] = values[i];
    return y;
}

/// The numbers of an entry of a state. Throws `value_error` when it is missing, `shape_error` when there are others than
/// `count`.
template <class Named>
std::vector<double> numbers_in(const Named& state, const std::string& name, std::size_t count) {
    auto list = parameter_list<double>{};
    for (const auto& [key, value] : state) list.push_back(parameter<double>{key, tensor<double>{value}});
    auto reader = state_reader<double>{"a schedule", list};
    const auto found = reader.take(name, {count});
    if (!found.defined()) fail<value_error>("load_state", name, " is missing");
    return {found.data(), found.data() + count};
}

/// A step number that came as a double.
XGRAD_ON_DEMAND std::size_t counted(const char* what, double value) {
    if (!(value >= 0 && value < 1e15)) fail<value_error>("load_state", what, " is no number of steps: ", value);
    return static_cast<std::size_t>(value);
}

}  // namespace detail

/// Sets the learning rates of an optimizer by a schedule, each group's from its own: at once for step 0, then at each
/// `step()`, which comes after the optimizer's. The optimizer stays where it is while the scheduler lives.
template <real T>
class scheduler {
public:
    scheduler(optimizer<T>& opt, schedule plan) : m_optimizer{&opt}, m_plan{std::move(plan)} {
        for (auto group = std::size_t{0}; group < opt.group_count(); ++group) m_base.push_back(opt.group_lr(group));
        apply();
    }

    void step() { go_to(m_step + 1); }

    /// To any step, as if all before it had been taken.
    void go_to(std::size_t step) {
        m_step = step;
        apply();
    }

    std::size_t step_number() const noexcept { return m_step; }
    double lr() const { return m_optimizer->lr(); }

    /// The number of the step and the learning rates at the beginning: for `io`, and for `load_state`, which then sets the
    /// learning rates of that step.
    parameter_list<double> state() const {
        return {{"schedule.step", detail::numbers({static_cast<double>(m_step)})}, {"schedule.base_lrs", detail::numbers(m_base)}};
    }
    /// Takes such a list, or any other range of names and tensors. Throws `value_error` and `shape_error`, changing nothing.
    template <class Named>
    void load_state(const Named& named) {
        const auto step = detail::counted("schedule.step", detail::numbers_in(named, "schedule.step", 1)[0]);
        auto base = detail::numbers_in(named, "schedule.base_lrs", m_base.size());
        for (const auto lr : base) detail::check_not_negative("load_state", "schedule.base_lrs", lr);
        m_base = std::move(base);
        go_to(step);
    }

private:
    void apply() {
        const auto momentum = m_plan.momentum(m_step);
        for (auto group = std::size_t{0}; group < m_base.size(); ++group) {
            if (momentum) m_optimizer->group_momentum(group, *momentum);
            m_optimizer->group_lr(group, m_plan(m_base[group], m_step));
        }
    }

    optimizer<T>* m_optimizer;
    schedule m_plan;
    std::vector<double> m_base;   // of each group
    std::size_t m_step = 0;
};

}  // namespace xgrad::optim
