// What all optimizers have in common: the list of parameters, their groups and learning rates.
#pragma once

#include <xgrad/autograd/backward.hpp>
#include <xgrad/autograd/parameter.hpp>
#include <xgrad/autograd/tensor.hpp>
#include <xgrad/core/config.hpp>
#include <xgrad/core/dtype.hpp>
#include <xgrad/core/error.hpp>
#include <xgrad/core/finite.hpp>

#include <algorithm>
#include <cstddef>
#include <string>
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
template <class Given>
concept no_parameter_list = !is_parameter_list<Given>;
template <class T, no_parameter_list Given>
parameter_list<T> list_wanted(const Given&) {
    static_assert(is_parameter_list<Given>,
                  "an optimizer is given a list of parameters: optim::sgd opt{xgrad::nn::parameters(net), {.lr = 0.1}}");
    return {};
}

inline void check_not_negative(const char* rule, const char* option, double value) {
    if (!is_finite_number(value) || value < 0) fail<value_error>(rule, option, " must be a number not below 0, got ", value);
}
inline void check_positive(const char* rule, const char* option, double value) {
    if (!is_finite_number(value) || value <= 0) fail<value_error>(rule, option, " must be a number above 0, got ", value);
}
/// Of a decay: below 1, or nothing new would ever come in.
inline void check_fraction(const char* rule, const char* option, double value) {
    if (!(value >= 0 && value < 1)) fail<value_error>(rule, option, " must be at least 0 and below 1, got ", value);
}

/// The elements of a parameter's gradient; null where it has none, or is frozen.
template <real T>
T* gradient_of(const char* where, const basic_tensor<T>& each) {
    return each.has_grad() ? reinterpret_cast<T*>(xgrad::detail::stored_of(where, each).total()->elements) : nullptr;
}

template <real T>
bool is_same(const basic_tensor<T>& a, const basic_tensor<T>& b) {
    return &xgrad::detail::access::get(a) == &xgrad::detail::access::get(b);
}

}  // namespace detail

/// The base of every optimizer. A parameter belongs to a group; there is one, until a rule's `add_group` makes others.
/// Gradients are only read. What an optimizer does is no operation of the graph. It changes parameters in place, which a
/// graph that has kept them finds out: a `step` between forward and backward ends in an `autograd_error`.
template <real T>
class optimizer {
public:
    virtual ~optimizer() = default;
    optimizer(optimizer&&) = default;   // not copied: two optimizers would share their state
    optimizer& operator=(optimizer&&) = default;

    /// Sets every gradient back to none.
    void zero_grad() {
        for (auto& each : m_parameters) each.zero_grad();
    }

    /// The learning rate, of the first group where there are several; and a new one for all groups. Throws `value_error`
    /// when it is negative or no number.
    double lr() const noexcept { return m_lrs[0]; }
    void lr(double lr) {
        detail::check_not_negative(m_rule, "lr", lr);
        for (auto& each : m_lrs) each = lr;
    }

    /// The learning rate of each group by itself: 0 is the group of what no `add_group` has named.
    std::size_t group_count() const noexcept { return m_lrs.size(); }
    double group_lr(std::size_t group) const { return m_lrs[checked(group)]; }
    void group_lr(std::size_t group, double lr) {
        detail::check_not_negative(m_rule, "lr", lr);
        m_lrs[checked(group)] = lr;
    }

    /// A new momentum for a group, `momentum` or the first of `betas`, whichever the rule has; for schedules that move it.
    /// Throws `value_error` when it has neither, and for a number that is not from 0 to below 1.
    void group_momentum(std::size_t group, double momentum) {
        auto* const own = momentum_of(checked(group));
        if (own == nullptr)
            fail<value_error>(m_rule, "there is no momentum to be moved: give the schedule .cycle_momentum = false, or take sgd or adam");
        detail::check_fraction(m_rule, "momentum", momentum);
        *own = momentum;
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

    /// What the optimizer remembers, under the parameters' names: "fc1.weight.momentum". Handles, as always. What
    /// a parameter has not needed yet is missing. Of parameters that have one name, the second is called "name#1".
    virtual parameter_list<T> state() const = 0;

    /// Takes such a list, or any other range of pairs of names and tensors, and copies what it holds: the optimizer then goes
    /// on as the one would have that it came from. A parameter finds its state by its name; one that the list says nothing
    /// of begins anew. Gives back the names of those entries that belong to no parameter: of one that is frozen now, or gone.
    /// Throws `shape_error` where a shape differs, and `value_error` when an entry is there twice, is nothing that this rule
    /// remembers with its options, or is missing beside others of its parameter, or when no entry at all finds its
    /// parameter; the optimizer is as it was, then.
    template <class Named>
    std::vector<std::string> load_state(const Named& named) {
        auto list = parameter_list<T>{};
        for (const auto& [name, value] : named) list.push_back(parameter<T>{name, tensor<T>{value}});
        return load(list);
    }

protected:
    /// Throws `autograd_error` for a parameter that is no leaf requiring a gradient, `value_error` for one listed twice
    /// and for none at all.
    optimizer(const char* rule, parameter_list<T> parameters, double lr);

    const char* rule_name() const noexcept { return m_rule; }
    /// The name of parameter `i` in the state.
    const std::string& key(std::size_t i) const { return m_keys[i]; }
    std::size_t group_of(std::size_t i) const { return m_groups[i]; }
    parameter<T>& at(std::size_t i) { return m_parameters[i]; }

    /// A new group out of those parameters. Throws `value_error` when there are none.
    void make_group(const std::vector<bool>& members, double lr) {
        if (std::find(members.begin(), members.end(), true) == members.end())
            fail<value_error>(m_rule, "there is no parameter in the group: its predicate holds for no name");
        detail::check_not_negative(m_rule, "lr", lr);
        for (auto i = std::size_t{0}; i < members.size(); ++i)
            if (members[i]) m_groups[i] = m_lrs.size();
        m_lrs.push_back(lr);
    }

    /// Notes which parameters have a gradient. Throws `autograd_error`, before anything has moved, for a parameter that
    /// nobody but this optimizer holds: another tensor was assigned to the module's member, so that the network does not
    /// learn.
    void begin_step() {
        validate_all();
        for (auto i = std::size_t{0}; i < m_parameters.size(); ++i) m_updated[i] = m_parameters[i].has_grad();
    }
    bool has_gradient(std::size_t i) const { return m_updated[i]; }

    /// The same for a step in which gradients arrive one by one.
    void begin_step_in_backward() {
        validate_all();
        m_updated.assign(m_parameters.size(), false);
    }
    void note_gradient(std::size_t i) { m_updated[i] = true; }

private:
    virtual std::vector<std::string> load(const parameter_list<T>& list) = 0;
    virtual double* momentum_of(std::size_t) { return nullptr; }

    void validate_all() const {
        for (const auto& each : m_parameters) validate(each);
    }
    void validate(const parameter<T>& each) const {
        if (xgrad::detail::access::get(each).handles.is_one())
            fail<autograd_error>("step", "parameter ", each.name(), " is held by this optimizer alone: its module is "
                                 "gone, or another tensor was assigned to the member. Change a parameter in place, "
                                 "under no_grad (net.bias *= 0.5f, nn::init::zeros(net.bias)), or make a new optimizer");
        if (each.requires_grad()) xgrad::detail::stored_of("step", each);
    }

    std::size_t checked(std::size_t group) const {
        if (group >= m_lrs.size()) fail<index_error>(m_rule, "group ", group, " is not one of ", m_lrs.size());
        return group;
    }

    const char* m_rule;
    parameter_list<T> m_parameters;
    std::vector<std::string> m_keys;
    std::vector<std::size_t> m_groups;   // of each parameter
    std::vector<bool> m_updated;
    std::vector<double> m_lrs;           // of each group
};

template <real T>
optimizer<T>::optimizer(const char* rule, parameter_list<T> parameters, double lr)
    : m_rule{rule}, m_parameters{std::move(parameters)}, m_groups(m_parameters.size()), m_updated(m_parameters.size()), m_lrs{lr} {
    detail::check_not_negative(rule, "lr", lr);
    if (m_parameters.empty()) fail<value_error>(m_rule, "there is no parameter to learn: the list is empty; nn::parameters leaves out what is frozen");
    for (auto each = m_parameters.begin(); each != m_parameters.end(); ++each) {
        if (!each->requires_grad() || !each->is_leaf())
            fail<autograd_error>(m_rule, "parameter ", each->name(), " is no leaf that requires a gradient");
        const auto same = [&](const auto& other) { return detail::is_same<T>(other, *each); };
        if (const auto first = std::find_if(m_parameters.begin(), each, same); first != each)
            fail<value_error>(m_rule, "parameter ", each->name(), " is the same tensor as ", first->name());
        const auto named = [&](const auto& other) { return other.name() == each->name(); };
        const auto before = std::count_if(m_parameters.begin(), each, named);
        m_keys.push_back(before == 0 ? each->name() : each->name() + '#' + std::to_string(before));
    }
}

}  // namespace xgrad::optim

// Defined by xgrad::compiled.
#if defined(XGRAD_COMMON_INSTANCE)
namespace xgrad::inline XGRAD_ABI::optim {
#define XGRAD_INSTANCES(T) \
    XGRAD_COMMON_INSTANCE optimizer<T>::optimizer(const char*, parameter_list<T>, double);
XGRAD_FOR_REAL_TYPES(XGRAD_INSTANCES)
#undef XGRAD_INSTANCES
}
#endif
