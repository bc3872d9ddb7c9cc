// Recording: the one function that creates graph nodes, and what a backward rule is.
//
// An operation computes its value and hands it to `record` together with its inputs, what the backward rule
// will need, and the rule itself:
//
//     // y = a b        da = dy b,  db = dy a
//     return record("multiply", std::move(y), {a, b}, keep(a, b),
//                   [](const auto& dy, gradients& d, const auto& a, const auto& b) {
//                       d(0, [&] { return multiply(dy, b()); });
//                       d(1, [&] { return multiply(dy, a()); });
//                   });
//
// The rule is written in differentiable operations. `d(i, f)` evaluates f only if input i needs a gradient,
// and sums the result over the axes along which the input was broadcast. A kept value is read by calling it;
// if it was changed in place meanwhile, that throws. A rule that takes dy by `auto&` may move from it.
#pragma once

#include <xgrad/autograd/no_grad.hpp>
#include <xgrad/autograd/node.hpp>
#include <xgrad/autograd/tensor.hpp>
#include <xgrad/core/config.hpp>
#include <xgrad/core/dtype.hpp>
#include <xgrad/core/error.hpp>
#include <xgrad/core/lists.hpp>

#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <span>
#include <tuple>
#include <utility>

namespace xgrad::inline XGRAD_ABI {

namespace detail {

/// What a rule knows of the elements that it keeps: how they were when its operation was recorded.
class as_recorded {
public:
    as_recorded() = default;   // of nothing
    explicit as_recorded(array& elements) : m_version{elements.current_version()} {}

    void validate(array& elements) const {
        if (elements.current_version() != m_version)
            fail<autograd_error>("backward", "a value of shape ", elements.sizes, " that ", m_node->name,
                                 " kept for its gradient was changed in place; change a clone(), or call backward first");
    }

    void set_node(node& owner) { m_node = &owner; }
    node& owner() const { return *m_node; }

private:
    node* m_node = nullptr;
    std::uint32_t m_version = 0;
};

}  // namespace detail

/// A value that a backward rule reads: an input, or anything else computed before. Made by `keep`, read by the call
/// operator.
template <element T>
class kept {
public:
    explicit kept(const basic_tensor<T>& x) {
        if (!is_grad_enabled() || !x.defined()) return;
        auto& value = detail::access::get(x);
        m_recorded = detail::as_recorded{value};
        value.keep_handle();
        m_value = detail::access::adopt<T>(&value);
    }
    kept(kept&&) noexcept = default;
    kept& operator=(kept&&) = delete;
    ~kept() {
        if (m_value.defined()) detail::access::take(std::move(m_value))->drop_kept_handle();
    }

    /// The value; undefined for an optional input that was not given. Throws `autograd_error` when it was changed in
    /// place since it was kept.
    const tensor<T>& operator()() const {
        if (m_value.defined()) m_recorded.validate(detail::access::get(m_value));
        return m_value;
    }

    void set_node(detail::node& owner) { m_recorded.set_node(owner); }

private:
    tensor<T> m_value;
    detail::as_recorded m_recorded;
};

/// The operation's own result: its elements are held, but not the graph, which holds this.
template <element T>
class kept_result {
public:
    explicit kept_result(const basic_tensor<T>& y) {
        if (!is_grad_enabled()) return;
        m_array = &detail::access::get(y);
        m_recorded = detail::as_recorded{*m_array};
        m_array->keep_holder();
    }
    kept_result(kept_result&& other) noexcept
        : m_array{std::exchange(other.m_array, nullptr)}, m_recorded{other.m_recorded} {}
    kept_result& operator=(kept_result&&) = delete;
    ~kept_result() {
        if (m_array != nullptr) m_array->drop_kept_holder();
    }

    /// The same as for `kept`. The tensor that stood for the result may be gone, or going on another thread: a new one
    /// takes its place.
    tensor<T> operator()() const {
        m_recorded.validate(*m_array);
        auto* const again = detail::array::make_view(*m_array, m_array->sizes);
        if (is_grad_enabled()) {
            again->graph = &m_recorded.owner();
            again->graph->references.add();
        }
        return detail::access::adopt<T>(again);
    }

    void set_node(detail::node& owner) { m_recorded.set_node(owner); }

private:
    detail::array* m_array = nullptr;
    detail::as_recorded m_recorded;
};

/// Marks the operation's own result in a list of what to keep: `keep(result(y))`.
template <element T>
kept_result<T> result(const basic_tensor<T>& y) {
    return kept_result<T>{y};
}

namespace detail {
template <element T>
kept<T> keep_one(const basic_tensor<T>& x) {
    return kept<T>{x};
}
template <element T>
kept_result<T> keep_one(kept_result<T>&& y) {
    return std::move(y);
}
}  // namespace detail

/// What a rule keeps: tensors, and `result(y)`. Keeps nothing while recording is off.
template <class... Values>
std::tuple<decltype(detail::keep_one(std::declval<Values>()))...> keep(Values&&... values) {
    return {detail::keep_one(std::forward<Values>(values))...};
}

namespace detail {
/// Adds `gradient` to what has come in for `target` so far, summed to its shape. Defined in backward.hpp.
template <class Gradient>
void accumulate(node& target, Gradient&& gradient);
}  // namespace detail

/// Where a rule puts the gradients of its operation's inputs.
class gradients {
public:
    /// By the rule of `owner`, while a backward pass is at it.
    explicit gradients(const detail::node& owner)
        : m_inputs{owner.inputs()}, m_thread{owner.claimed_by()}, m_level{owner.level} {}

    std::size_t size() const { return m_inputs.size(); }
    /// Whether the gradient of input `i` is needed: in this pass, not in another thread's or one around this one.
    bool wants(std::size_t i) const {
        return m_inputs[i] != nullptr && m_inputs[i]->is_within(m_thread, m_level);
    }
    /// Evaluates `gradient`, a function without arguments, if input `i` needs it.
    template <class F>
    void operator()(std::size_t i, const F& gradient) const {
        if (wants(i)) detail::accumulate(*m_inputs[i], gradient());
    }

private:
    std::span<detail::node* const> m_inputs;
    const void* m_thread;
    std::uint8_t m_level;
};

namespace detail {

template <real T, class Rule, class... Kept>
class operation final : public node {
public:
    operation(const char* name_, array& value, std::span<node* const> inputs_, std::tuple<Kept...>&& kept_values,
              Rule&& rule)
        : node{name_, value, inputs_, false}, m_state{std::move(rule), std::move(kept_values)} {
        for_kept([this](auto&... values) { (values.set_node(*this), ...); });
    }
    ~operation() override {
        if (!released) m_state.~state();
    }

    void differentiate() override {
        auto dy = access::adopt<T>(std::exchange(gradient, nullptr));
        auto sink = gradients{*this};
        for_kept([&](const auto&... values) { m_state.rule(dy, sink, values...); });
    }

    void release() noexcept override {
        if (!std::exchange(released, true)) m_state.~state();
        unwatch();
    }

private:
    struct state {
        [[no_unique_address]] Rule rule;
        [[no_unique_address]] std::tuple<Kept...> values;
    };

    template <class F>
    void for_kept(const F& f) {
        [&]<std::size_t... I>(std::index_sequence<I...>) {
            f(std::get<I>(m_state.values)...);
        }(std::index_sequence_for<Kept...>{});
    }

    union {   // until it is released
        state m_state;
    };
};

/// An input of an operation as the graph sees it.
struct input {
    node* graph;
    template <element T>
    input(const basic_tensor<T>& x) : graph{access::graph(x)} {
        if constexpr (real<T>)
            if (x.defined()) access::get(x).note_read(true);
    }
    input(node* known) : graph{known} {}
};

}  // namespace detail

/// Whether an operation with these inputs has to be recorded.
template <element... T>
bool needs_grad(const basic_tensor<T>&... inputs) {
    return is_grad_enabled() && (inputs.requires_grad() || ...);
}

namespace detail {
/// Whether an operation with these inputs has to be recorded.
inline bool is_recorded(std::span<const input> inputs) {
    return is_grad_enabled() && lists::any_of(inputs, [](input x) { return x.graph != nullptr; });
}
}  // namespace detail

/// Gives `y`, the value of operation `name` on `inputs`, its place in the graph, unless recording is off or
/// no input needs a gradient. `rule` is called as rule(dy, gradients, kept values...).
template <real T, class Rule, class... Kept>
tensor<T> record(const char* name, tensor<T> y, std::span<const detail::input> inputs, std::tuple<Kept...> kept_values,
                 Rule rule) {
    static_assert(sizeof(detail::input) == sizeof(detail::node*));
    if (!detail::is_recorded(inputs)) return y;
    const auto nodes = std::span<detail::node* const>{&inputs.data()->graph, inputs.size()};
    auto& value = detail::access::get(y);
    value.graph = new detail::operation<T, Rule, Kept...>{name, value, nodes, std::move(kept_values), std::move(rule)};
    return y;
}

template <real T, class Rule, class... Kept>
tensor<T> record(const char* name, tensor<T> y, std::initializer_list<detail::input> inputs,
                 std::tuple<Kept...> kept_values, Rule rule) {
    return record(name, std::move(y), std::span<const detail::input>{inputs.begin(), inputs.size()},
                  std::move(kept_values), std::move(rule));
}

namespace detail {

/// The result of an operation, its elements yet to be written.
template <element T>
tensor<T> make_result(const shape& sizes) {
    return access::adopt<T>(array::make(sizes, sizeof(T)));
}

/// A tensor over the elements of `x` from the one numbered `first` on, to be the result of an operation on it.
template <element T>
tensor<T> make_view(const basic_tensor<T>& x, const shape& sizes, std::size_t first = 0) {
    auto& source = access::get(x);
    auto* const made = array::make_view(source, sizes, first);
    made->of_input = true;
    // Whoever writes through what is not recorded itself is seen by what is.
    if (!is_grad_enabled() && source.graph != nullptr) watch_result(*source.graph, source);
    return access::adopt<T>(made);
}

/// The same tensor with its rank in the type, once a shape rule has shown it.
template <std::size_t N, element T>
tensor<T, N> with_rank(basic_tensor<T>&& x) {
    return access::adopt<T, N>(access::take(std::move(x)));
}

}  // namespace detail
}  // namespace xgrad
