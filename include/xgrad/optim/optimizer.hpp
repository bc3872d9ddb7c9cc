// What the optimizers have in common: the list of parameters, the walk over them, and named state.
#pragma once

#include <xgrad/autograd/backward.hpp>
#include <xgrad/autograd/parameter.hpp>
#include <xgrad/autograd/record.hpp>
#include <xgrad/autograd/tensor.hpp>
#include <xgrad/core/config.hpp>
#include <xgrad/core/dtype.hpp>
#include <xgrad/core/error.hpp>
#include <xgrad/core/finite.hpp>
#include <xgrad/core/parallel.hpp>

#include <algorithm>
#include <cstddef>
#include <initializer_list>
#include <span>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

namespace xgrad::inline XGRAD_ABI::optim {

namespace detail {

template <class Given>
inline constexpr bool is_parameter_list = false;
template <class T>
inline constexpr bool is_parameter_list<std::vector<parameter<T>>> = true;

/// Where something else is given, a module or a tensor: one sentence, instead of all that does not fit. Each rule has
/// a constructor that takes anything for this.
template <class T, class Given>
parameter_list<T> list_wanted(const Given&) {
    static_assert(is_parameter_list<Given>,
                  "an optimizer is given a list of parameters: optim::sgd opt{xgrad::nn::parameters(net), {.lr = 0.1}}");
    return {};
}

}  // namespace detail

/// The base of every rule: `step()` calls the rule's `update` for each parameter that has a gradient.
///
/// The update is no operation of the graph. It changes parameters in place, which a graph that has kept them
/// finds out: a `step` between forward and backward ends in an `autograd_error`. Gradients are only read.
template <real T>
class optimizer {
public:
    virtual ~optimizer() = default;
    optimizer(optimizer&&) = default;   // not copied: two optimizers would share their state
    optimizer& operator=(optimizer&&) = default;

    /// Updates every parameter that has a gradient, and passes over those that require none any more: they are
    /// frozen. Throws `autograd_error`, before anything has moved, for a parameter that nobody but this optimizer
    /// holds: another tensor was assigned to the module's member, so that the network does not learn.
    void step() {
        for (const auto& each : m_parameters) validate(each);
        // Gradients that one thread alone has computed are in its core's cache: another would have to fetch them.
        const auto guard = single_thread{parallel_regions() == m_regions};
        for (auto i = std::size_t{0}; i < m_parameters.size(); ++i) {
            auto& each = m_parameters[i];
            m_updated[i] = each.has_grad();
            if (!m_updated[i]) continue;
            const auto* const gradient = xgrad::detail::stored_of("step", each).total();
            update(i, {xgrad::detail::access::elements(each), each.size()},
                   {reinterpret_cast<const T*>(gradient->elements), each.size()});
            xgrad::detail::access::get(each).mark_changed();
        }
        m_regions = parallel_regions();
    }

    /// Sets every gradient back to none.
    void zero_grad() {
        for (auto& each : m_parameters) each.zero_grad();
    }

    /// The learning rate, and a new one. Throws `value_error` when it is negative or no number.
    double lr() const noexcept { return m_lr; }
    void lr(double lr) {
        check_not_negative("lr", lr);
        m_lr = lr;
    }

    const parameter_list<T>& parameters() const noexcept { return m_parameters; }

    /// The names of the parameters that had no gradient in the last `step`, and so stayed as they were: a
    /// layer that the loss does not depend on or that is frozen, or a `backward` left out.
    std::vector<std::string> without_gradient() const {
        auto names = std::vector<std::string>{};
        for (auto i = std::size_t{0}; i < m_parameters.size(); ++i)
            if (!m_updated[i]) names.push_back(m_parameters[i].name());
        return names;
    }

    /// What the rule remembers, under the parameters' names: "fc1.weight.momentum". Handles, as always. What
    /// a parameter has not needed yet is missing.
    parameter_list<T> state() const {
        auto list = parameter_list<T>{};
        for (auto i = std::size_t{0}; i < m_parameters.size(); ++i)
            for (auto slot = std::size_t{0}; slot < m_slots.size(); ++slot)
                if (const auto& value = m_state[i * m_slots.size() + slot]; value.defined())
                    list.push_back(parameter<T>{m_parameters[i].name() + '.' + m_slots[slot], value});
        return list;
    }

protected:
    /// `remembered` names the arrays that the rule remembers for each parameter. Throws `autograd_error` for a
    /// parameter that is no leaf requiring a gradient, `value_error` for one listed twice and for none at all.
    optimizer(const char* rule, parameter_list<T> parameters, double lr, std::initializer_list<const char*> remembered)
        : m_rule{rule}, m_parameters{std::move(parameters)}, m_slots{remembered}, m_updated(m_parameters.size()),
          m_state(m_parameters.size() * remembered.size()) {
        this->lr(lr);
        if (m_parameters.empty()) fail<value_error>(m_rule, "there is no parameter to learn");
        for (auto each = m_parameters.begin(); each != m_parameters.end(); ++each) {
            if (!each->requires_grad() || !each->is_leaf())
                fail<autograd_error>(m_rule, "parameter ", each->name(), " is no leaf that requires a gradient");
            const auto same = [&](const auto& other) {
                return &xgrad::detail::access::get(other) == &xgrad::detail::access::get(*each);
            };
            if (const auto first = std::find_if(m_parameters.begin(), each, same); first != each)
                fail<value_error>(m_rule, "parameter ", each->name(), " is the same tensor as ", first->name());
        }
    }

    void check_not_negative(const char* option, double value) const {
        if (!is_finite_number(value) || value < 0)
            fail<value_error>(m_rule, option, " must be a number not below 0, got ", value);
    }

    /// The elements of slot number `slot` of parameter `i`; zeros at first.
    T* state(std::size_t i, std::size_t slot = 0) {
        auto& value = m_state[i * m_slots.size() + slot];
        if (!value.defined()) {
            value = xgrad::detail::make_result<T>(xgrad::detail::shape_of(m_parameters[i]));
            std::fill_n(xgrad::detail::access::elements(value), value.size(), T{0});
        }
        return xgrad::detail::access::elements(value);
    }
    /// Whether parameter `i` was never updated before.
    bool first_time(std::size_t i) const { return !m_state[i * m_slots.size()].defined(); }

private:
    void validate(const parameter<T>& each) const {
        if (xgrad::detail::access::get(each).handles.is_one())
            fail<autograd_error>("step", "parameter ", each.name(), " is held by this optimizer alone: its module is "
                                 "gone, or another tensor was assigned to the member. Change a parameter in place, "
                                 "under no_grad (net.bias *= 0.5f, nn::init::zeros(net.bias)), or make a new optimizer");
        if (each.requires_grad()) xgrad::detail::stored_of("step", each);
    }

    virtual void update(std::size_t i, std::span<T> weight, std::span<const T> gradient) = 0;

    const char* m_rule;
    double m_lr = 0;
    parameter_list<T> m_parameters;
    std::vector<const char*> m_slots;
    std::vector<bool> m_updated;
    std::size_t m_regions = 0;   // how often work had been shared by the end of the last step
    std::vector<tensor<T>> m_state;   // slot after slot of one parameter, then the next
};

}  // namespace xgrad::optim
