// The base of the rules that update each parameter by itself: the step, what is remembered, options by group.
#pragma once

#include <xgrad/autograd/backward.hpp>
#include <xgrad/core/config.hpp>
#include <xgrad/core/dtype.hpp>
#include <xgrad/core/error.hpp>
#include <xgrad/core/parallel.hpp>
#include <xgrad/optim/memory.hpp>
#include <xgrad/optim/optimizer.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <iterator>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace xgrad::inline XGRAD_ABI::optim {

namespace detail {

/// Hands the gradients of an optimizer's parameters to it, each as soon as it is complete.
template <real T, class Optimizer>
class gradient_taker final : public xgrad::detail::leaf_taker {
public:
    explicit gradient_taker(Optimizer& to) : m_to{to}, m_next{to.parameters().size()} {}

    bool take(xgrad::detail::node& leaf) override {
        if (!find(leaf) || is_still_read()) return false;
        auto& stored = static_cast<xgrad::detail::leaf<T>&>(leaf).stored;
        if (stored.total() != nullptr) leaf.differentiate();   // adds to it
        m_to.move_by(m_next, stored, leaf.gradient);
        if (leaf.gradient != nullptr) std::exchange(leaf.gradient, nullptr)->drop_handle();
        return true;
    }

private:
    /// They come in about the order from the last to the first.
    bool find(const xgrad::detail::node& leaf) {
        const auto& parameters = m_to.parameters();
        for (auto tried = std::size_t{0}; tried < parameters.size(); ++tried) {
            m_next = (m_next == 0 ? parameters.size() : m_next) - 1;
            if (xgrad::detail::access::graph(parameters[m_next]) == &leaf) return true;
        }
        return false;
    }

    /// Whether a rule is yet to come that reads the parameter's elements, where its gradient does not go: it was used
    /// detached.
    bool is_still_read() const { return xgrad::detail::access::get(m_to.parameters()[m_next]).owner->keeps.get() != 0; }

    Optimizer& m_to;
    std::size_t m_next;
};

}  // namespace detail

/// An optimizer whose `step()` calls the rule's `update` for each parameter that has a gradient.
template <real T>
class stepwise : public optimizer<T> {
public:
    /// Updates every parameter that has a gradient, and passes over those that have none or require none any more (they
    /// are frozen): no decay, no momentum. Throws `autograd_error`, before anything has moved, for a parameter that
    /// nobody but this optimizer holds.
    void step() {
        this->begin_step();
        // Gradients that one thread alone has computed are in its core's cache: another would have to fetch them.
        const auto guard = single_thread{parallel_regions() == m_regions};
        for (auto i = std::size_t{0}; i < this->parameters().size(); ++i)
            if (this->has_gradient(i)) move(i);
        m_regions = parallel_regions();
    }

    /// `loss.backward()` and `step()` in one: each parameter makes its step as soon as its gradient is complete, while
    /// both are in a cache, and the gradient's memory goes back at once. The same numbers, to the bit, gradients of
    /// earlier `backward`s that are still stored included; afterwards no parameter of this optimizer has a gradient.
    /// One whose elements are still to be read, since it was used detached, too, waits for the end of the pass. Other
    /// leaves get their gradients as ever. Throws what `step` and `backward` throw; when a rule throws in the middle of
    /// the pass, the parameters that had moved by then have moved, and the others have not. So what needs all gradients
    /// at once does not go with it: `clip_grad_norm` of these parameters after it is a `value_error`.
    void step_in_backward(const basic_tensor<T>& loss) {
        const auto one = xgrad::detail::gradient_of_scalar(loss);
        this->begin_step_in_backward();
        auto taker = detail::gradient_taker<T, stepwise>{*this};
        xgrad::detail::run_backward<T>(loss, one, {}, &taker);
        for (auto i = std::size_t{0}; i < this->parameters().size(); ++i)
            if (const auto& each = this->parameters()[i]; !this->has_gradient(i) && each.has_grad())
                move_by(i, xgrad::detail::stored_of("step", each));
    }

    parameter_list<T> state() const override;

protected:
    /// `remembered` names the arrays that the rule remembers for each parameter; `counts`, whether the number of its
    /// updates is part of the state.
    stepwise(const char* rule, parameter_list<T> parameters, double lr, std::vector<const char*> remembered, bool counts);

    /// The elements of slot number `slot` of parameter `i`; all of them `initial` at first.
    T* remembered(std::size_t i, std::size_t slot, double initial = 0) {
        auto& value = m_memory[i].arrays[slot];
        if (!value.defined()) {
            value = detail::zeros_of<T>(xgrad::detail::shape_of(this->parameters()[i]));
            std::fill_n(xgrad::detail::access::elements(value), value.size(), static_cast<T>(initial));
        }
        return xgrad::detail::access::elements(value);
    }
    /// The number of the update that is under way, from 1 on.
    std::uint64_t step_number(std::size_t i) const { return m_memory[i].steps; }

private:
    virtual void update(std::size_t i, std::span<T> weight, std::span<const T> gradient) = 0;
    /// Whether the rule, with the options that hold for parameter `i`, remembers this slot.
    virtual bool uses(std::size_t, std::size_t) const { return true; }

    void move(std::size_t i) { move(i, detail::gradient_of<T>("step", this->at(i))); }
    void move(std::size_t i, const T* gradient) {
        auto& each = this->at(i);
        ++m_memory[i].steps;
        update(i, {xgrad::detail::access::elements(each), each.size()}, {gradient, each.size()});
        xgrad::detail::access::get(each).mark_changed();
    }

    friend detail::gradient_taker<T, stepwise>;
    /// By what is stored, or, where nothing is, by what has just come.
    void move_by(std::size_t i, xgrad::detail::stored_gradient<T>& stored, const xgrad::detail::array* come = nullptr) {
        const auto guard = single_thread{parallel_regions() == m_regions};
        this->note_gradient(i);
        const auto& gradient = stored.total() != nullptr ? *stored.total() : *come;
        move(i, reinterpret_cast<const T*>(gradient.elements));
        stored.clear_as_taken();
        m_regions = parallel_regions();
    }

    std::vector<std::string> load(const parameter_list<T>& list) override;

    /// All that the rule remembers of parameter `i`, or nothing.
    detail::memory_of<T> read(std::size_t i, detail::state_reader<T>& reader) const;

    static std::uint64_t whole_number(const std::string& key, T steps) {
        const auto number = static_cast<double>(steps);
        if (!(number >= 0 && number < 1e18) || number != static_cast<double>(static_cast<std::uint64_t>(number)))
            fail<value_error>("load_state", key, ".step must be a number of steps, got ", number);
        return static_cast<std::uint64_t>(number);
    }

    std::vector<const char*> m_slots;
    bool m_counts;
    std::vector<detail::memory_of<T>> m_memory;   // of each parameter
    std::size_t m_regions = 0;                    // how often work had been shared by the end of the last step
};

template <real T>
stepwise<T>::stepwise(const char* rule, parameter_list<T> parameters, double lr, std::vector<const char*> remembered, bool counts)
    : optimizer<T>{rule, std::move(parameters), lr}, m_slots{std::move(remembered)}, m_counts{counts},
      m_memory(this->parameters().size(), detail::memory_of<T>{std::vector<tensor<T>>(m_slots.size()), 0}) {}

template <real T>
parameter_list<T> stepwise<T>::state() const {
    auto list = parameter_list<T>{};
    for (auto i = std::size_t{0}; i < m_memory.size(); ++i) {
        for (auto slot = std::size_t{0}; slot < m_slots.size(); ++slot)
            if (const auto& value = m_memory[i].arrays[slot]; value.defined())
                list.push_back(parameter<T>{this->key(i) + '.' + m_slots[slot], value});
        if (m_counts && m_memory[i].steps != 0)
            list.push_back(parameter<T>{this->key(i) + ".step", detail::number_of_steps<T>(m_memory[i].steps)});
    }
    return list;
}

template <real T>
std::vector<std::string> stepwise<T>::load(const parameter_list<T>& list) {
    auto reader = detail::state_reader<T>{this->rule_name(), list};
    auto loaded = std::vector<detail::memory_of<T>>{};
    for (auto i = std::size_t{0}; i < m_memory.size(); ++i) loaded.push_back(read(i, reader));
    for (auto i = std::size_t{0}; i < m_memory.size(); ++i) reader.check_all_taken(this->key(i));
    auto rest = reader.not_taken();
    m_memory = std::move(loaded);
    return rest;
}

template <real T>
detail::memory_of<T> stepwise<T>::read(std::size_t i, detail::state_reader<T>& reader) const {
    auto found = detail::memory_of<T>{std::vector<tensor<T>>(m_slots.size()), 0};
    auto missing = std::string{};
    auto any = false;
    const auto take = [&](const char* slot, const shape& sizes) {
        const auto name = this->key(i) + '.' + slot;
        auto value = reader.take(name, sizes);
        if (value.defined()) any = true;
        else missing = name;
        return value;
    };
    for (auto slot = std::size_t{0}; slot < m_slots.size(); ++slot)
        if (uses(i, slot)) found.arrays[slot] = take(m_slots[slot], xgrad::detail::shape_of(this->parameters()[i]));
    if (m_counts) {
        if (const auto steps = take("step", {}); steps.defined())
            found.steps = whole_number(this->key(i), steps.item());
    } else if (any) {
        found.steps = 1;
    }
    if (any && !missing.empty()) fail<value_error>("load_state", missing, " is missing");
    return found;
}

/// A rule with options, of which each group has its own. `Rule` has
///     name, remembers, counts      its name, the names of what it remembers, whether it counts its steps
///     validate(options)       throws `value_error` for an option out of range
template <class Rule, real T, class Options>
class rule : public stepwise<T> {
public:
    /// The options of a group, with the learning rate of now.
    Options options(std::size_t group = 0) const {
        auto now = m_options[group];
        now.lr = this->group_lr(group);
        return now;
    }

    /// Gives those parameters options of their own whose name fits: without weight decay for the biases,
    ///
    ///     const auto is_bias = [](std::string_view name) { return name.ends_with("bias"); };
    ///     opt.add_group(is_bias, {.lr = 1e-3, .weight_decay = 0});
    ///
    /// Options that are not named have their defaults. A parameter that several groups name belongs to the last of
    /// them. Throws `value_error` when no name fits, or for an option out of range.
    template <class Predicate>
    void add_group(const Predicate& belongs, Options options) {
        auto members = std::vector<bool>{};
        for (const auto& each : this->parameters())
            members.push_back(static_cast<bool>(belongs(std::string_view{each.name()})));
        Rule::validate(options);
        this->make_group(members, options.lr);
        m_options.push_back(options);
    }

protected:
    rule(parameter_list<T>&& parameters, const Options& options)
        : stepwise<T>{Rule::name, std::move(parameters), options.lr,
                      {std::begin(Rule::remembers), std::end(Rule::remembers)}, Rule::counts},
          m_options{options} {
        Rule::validate(options);
    }

    Options options_of(std::size_t i) const { return options(this->group_of(i)); }

private:
    double* momentum_of(std::size_t group) override {
        auto& own = m_options[group];
        if constexpr (requires { own.betas; }) return own.betas.data();
        else if constexpr (requires { own.momentum; }) return &own.momentum;
        else return nullptr;
    }

    std::vector<Options> m_options;
};

}  // namespace xgrad::optim

// Defined by xgrad::compiled.
#if defined(XGRAD_COMMON_INSTANCE)
namespace xgrad::inline XGRAD_ABI::optim {
#define XGRAD_INSTANCES(T) \
    XGRAD_COMMON_INSTANCE stepwise<T>::stepwise(const char*, parameter_list<T>, double, std::vector<const char*>, bool); \
    XGRAD_COMMON_INSTANCE parameter_list<T> stepwise<T>::state() const; \
    XGRAD_COMMON_INSTANCE std::vector<std::string> stepwise<T>::load(const parameter_list<T>&);
XGRAD_FOR_REAL_TYPES(XGRAD_INSTANCES)
#undef XGRAD_INSTANCES
}
#endif
