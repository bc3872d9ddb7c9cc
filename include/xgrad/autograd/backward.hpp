// The backward pass.
//
// Reverse accumulation over the graph behind one value: each node, once its own gradient is complete, adds
// to the gradients of its inputs; a leaf stores what it gets. A first walk, in depth, puts the nodes into an
// order in which inputs stand before what came of them; the second goes through it from the end. Both are
// loops over explicit lists.
#pragma once

#include <xgrad/autograd/broadcast.hpp>
#include <xgrad/autograd/gradient.hpp>
#include <xgrad/autograd/no_grad.hpp>
#include <xgrad/autograd/node.hpp>
#include <xgrad/autograd/observe.hpp>
#include <xgrad/autograd/record.hpp>
#include <xgrad/autograd/tensor.hpp>
#include <xgrad/core/config.hpp>
#include <xgrad/core/lists.hpp>
#include <xgrad/core/memory.hpp>
#include <xgrad/kernels/elementwise.hpp>
#include <xgrad/kernels/reduce.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <span>
#include <type_traits>
#include <utility>
#include <vector>

namespace xgrad::inline XGRAD_SHARED_ABI {
namespace per_process XGRAD_VISIBLE {
inline constinit thread_local std::uint8_t passes = 0;   // how many this thread is in, one within the other
}
}  // namespace xgrad::inline XGRAD_SHARED_ABI

namespace xgrad::inline XGRAD_ABI {

namespace detail {

/// Whether `gradient` has more axes or larger ones than `target`, because this was broadcast.
template <real T>
bool is_broadcast(const node& target, const basic_tensor<T>& gradient) {
    if (target.element_bytes != sizeof(T))
        fail<dtype_error>("backward", "a rule gave a gradient of type ", dtype_name<T>(), " to an input of another type");
    if (shape_of(gradient) == target.sizes) return false;
    if (broadcast_shapes("backward", shape_of(gradient), target.sizes) != shape_of(gradient))
        fail<shape_error>("backward", "a rule gave a gradient of shape ", shape_of(gradient), " to an input of shape ",
                          target.sizes);
    return true;
}

/// Adds `gradient`, of the target's shape.
template <real T>
void accumulate_same(node& target, tensor<T> gradient) {
    if (target.gradient == nullptr) {
        target.gradient = access::take(std::move(gradient));
        return;
    }
    auto sum = access::adopt<T>(std::exchange(target.gradient, nullptr));
    if (!is_grad_enabled() && access::get(sum).unshared())
        kernels::elementwise(kernels::sum_of{}, access::elements(sum), target.sizes, operand_of(sum), operand_of(gradient));
    else sum = add_same(sum, gradient);
    target.gradient = access::take(std::move(sum));
}

template <class Gradient>
void accumulate(node& target, Gradient&& gradient) {
    using result = tensor<typename std::remove_cvref_t<Gradient>::value_type>;
    accumulate_same(target, is_broadcast(target, gradient) ? sum_to(gradient, target.sizes)
                                                           : result{std::forward<Gradient>(gradient)});
}

/// The node of a tensor that asked for a gradient.
template <real T>
class leaf final : public node {
public:
    explicit leaf(array& value) : node{"leaf", value, {}, true} {}

    void differentiate() override { stored.add(access::adopt<T>(std::exchange(gradient, nullptr))); }

    stored_gradient<T> stored;
};

using node_list = std::vector<node*, memory::allocator<node*>>;

/// Who runs the rules of this thread's passes, to look at what comes of them.
class rule_watcher {
public:
    rule_watcher() = default;
    rule_watcher(const rule_watcher&) = delete;
    rule_watcher& operator=(const rule_watcher&) = delete;
    virtual void run(node& at) = 0;

protected:
    ~rule_watcher() = default;
};

XGRAD_VISIBLE inline constinit thread_local rule_watcher* watching_rules = nullptr;   // see `dead` in node.hpp

/// Who takes the gradients of leaves, each as soon as it is complete, where they would be stored in the end.
class leaf_taker {
public:
    leaf_taker() = default;
    leaf_taker(const leaf_taker&) = delete;
    leaf_taker& operator=(const leaf_taker&) = delete;
    /// Tells whether it has taken it.
    virtual bool take(node& leaf) = 0;

protected:
    ~leaf_taker() = default;
};

/// A way through the part of the graph behind one value that leads to the wanted nodes: to every leaf, when
/// none are named. Whatever happens on it, no node is left in the middle of a pass.
///
/// Named nodes are made for the purpose (`variable` in functional.hpp). So what is older than all of them did not
/// come of them, and neither did a leaf; the walk stops there without leaving a trace. That spares the history
/// of whatever else the value came of, and lets several threads use the same leaves at once.
template <class = void>   // on demand
class pass {
public:
    /// Nodes at which the walk stops go onto the list `others`, each once, if there is one.
    explicit pass(node& root, std::span<node* const> wanted = {}, node_list* others = nullptr)
        : m_root{root}, m_wanted{wanted}, m_others{others}, m_level{static_cast<std::uint8_t>(per_process::passes + 1)} {
        if (per_process::between_operations)
            fail<autograd_error>("capture", "the function calls backward, which is no operation; use grad(f) or its like in it, "
                                            "or capture what is differentiated");
        per_process::latest = std::max(per_process::latest, root.born);
        m_order.reserve(64);
        m_path.reserve(64);
        for (auto* const each : wanted) m_oldest = std::min(m_oldest, each->born);
        per_process::passes = m_level;
    }
    ~pass() {
        --per_process::passes;
        const auto asked = m_wanted.first(m_asked);
        for (auto* const each : asked) each->wanted_by = nullptr;
        for (const auto& each : m_path) leave(*each.at);
        for (auto* const each : m_order) leave(*each);
        for (auto* const each : asked) each->give_up(&per_process::passes, m_level);
    }
    pass(const pass&) = delete;
    pass& operator=(const pass&) = delete;

    /// Finds the nodes, each after its inputs, and leaves as late as that allows, so that the other way round the gradient of
    /// one is complete early. Tells whether the value came of a wanted one at all.
    bool find() {
        for (auto* const each : m_wanted) {
            claim(*each);
            each->wanted_by = this;
            ++m_asked;
        }
        if (passes_by(m_root)) return false;
        claim(m_root);
        enter(m_root);
        while (!m_path.empty()) {
            auto& [at, next] = m_path.back();
            auto& current = *at;
            const auto inputs = current.wanted_by == this ? std::span<node* const>{} : current.inputs();
            if (next < 2 * inputs.size()) {
                const auto leaves = next >= inputs.size();
                auto* const input = inputs[leaves ? next - inputs.size() : next];
                ++next;
                if (input == nullptr || input->is_leaf() != leaves || passes_by(*input)) continue;
                claim(*input);
                if (input->standing == node::place::outside) enter(*input);
                continue;
            }
            if (is_wanted(current) || lists::any_of(inputs, [this](const node* input) {
                    return input != nullptr && input->is_within(&per_process::passes, m_level);
                }))
                current.standing = node::place::within;
            if (current.standing == node::place::within && current.released && !is_wanted(current))
                fail<autograd_error>("backward", "the graph behind ", current.name,
                                     " was used by an earlier backward and released; "
                                     "pass {.retain_graph = true} to the earlier one");
            m_order.push_back(&current);
            m_path.pop_back();
        }
        return m_root.standing == node::place::within;
    }

    /// Whether the value also came of nodes outside the way.
    bool met_others() const { return m_met_others; }

    /// Brings the root's gradient to the wanted nodes, where it stays, or to the leaves, which store it, unless it is taken.
    void run(backward_options options, leaf_taker* taker = nullptr) {
        const auto scope = set_grad_enabled{options.create_graph};
        const auto release = !options.retain_graph && !options.create_graph;
        auto leaves = node_list{};
        for (auto i = m_order.size(); i-- > 0;) {
            auto& current = *m_order[i];
            if (current.standing != node::place::within) continue;
            if (current.gradient != nullptr) current.show_gradient();
            if (is_wanted(current)) {
                const auto complete = current.is_leaf() && current.gradient != nullptr;
                if (complete && (taker == nullptr || !taker->take(current))) leaves.push_back(&current);
                continue;
            }
            if (current.gradient != nullptr) {
                if (watching_rules == nullptr) current.differentiate();
                else watching_rules->run(current);
            }
            if (current.was_changed())
                fail<autograd_error>("backward", "the result of ", current.name, ", of shape ", current.sizes,
                                     ", was written to after it was recorded; write to a clone()");
            if (release) current.release();
        }
        // Only now, so that a rule that throws leaves every stored gradient as it was.
        if (m_wanted.empty())
            for (auto* const each : leaves) each->differentiate();
    }

private:
    struct stop {
        node* at;
        std::size_t next;   ///< the input to look at next: first those that are no leaves, then those that are
    };

    bool is_wanted(const node& each) const {
        return m_wanted.empty() ? each.is_leaf() && !each.settled : each.wanted_by == this;
    }

    bool passes_by(node& each) {
        const auto by = !m_wanted.empty() && each.wanted_by != this && (each.born < m_oldest || each.is_leaf());
        m_met_others = m_met_others || (by && !each.settled);
        if (by && m_others != nullptr && !lists::contains(*m_others, &each)) m_others->push_back(&each);
        return by;
    }

    void enter(node& each) {
        m_path.push_back({&each, 0});
        each.standing = node::place::aside;
        each.level = m_level;
    }

    /// Makes sure that no other pass is at the node.
    void claim(node& each) const {
        if (!each.claim(&per_process::passes, m_level))
            fail<autograd_error>("backward", "another thread's backward is at ", each.name, " of shape ", each.sizes,
                                 " at this moment; differentiate a copy of the parameters on each thread, or use grad, "
                                 "which gives gradients back instead of adding them up");
        if (each.standing != node::place::outside && each.level != m_level)
            fail<autograd_error>("backward", "it was called by a backward rule and came to ", each.name,
                                 ", at which the outer pass is, too; let the rule work on detach()ed values");
    }

    void leave(node& each) const noexcept {
        each.standing = node::place::outside;
        if (each.gradient != nullptr) std::exchange(each.gradient, nullptr)->drop_handle();
        each.give_up(&per_process::passes, m_level);
    }

    node& m_root;
    std::span<node* const> m_wanted;
    std::size_t m_asked = 0;   ///< how many of the wanted nodes know that they are
    std::uint64_t m_oldest = std::numeric_limits<std::uint64_t>::max();
    node_list* m_others;
    bool m_met_others = false;
    const std::uint8_t m_level;
    std::vector<stop, memory::allocator<stop>> m_path;
    node_list m_order;
};

}  // namespace detail

template <element T>
void basic_tensor<T>::set_requires_grad(bool wanted) {
    auto& own = get();
    if (!is_leaf())
        fail<autograd_error>("requires_grad", "only a leaf can be asked; this tensor is the recorded result of ",
                             own.graph->name, "; detach() it first");
    if constexpr (real<T>) {
        if (wanted && own.graph == nullptr) own.graph = new detail::leaf<T>{own};
        else if (!wanted && own.graph != nullptr) detail::drop_node(std::exchange(own.graph, nullptr));
    }
}

namespace detail {

/// What is stored for a leaf, or for another tensor that was asked to `retain_grad`; null for others.
template <real T>
stored_gradient<T>* find_stored(const basic_tensor<T>& x) {
    auto* const graph = access::graph(x);
    if (graph == nullptr) return nullptr;
    return graph->is_leaf() ? &static_cast<leaf<T>*>(graph)->stored : static_cast<stored_gradient<T>*>(graph->retained());
}

template <real T>
stored_gradient<T>& stored_of(const char* where, const basic_tensor<T>& x) {
    if (auto* const found = find_stored(x)) return *found;
    if (!x.requires_grad())
        fail<autograd_error>(where, "the tensor does not require a gradient; call requires_grad(true) before using it");
    fail<autograd_error>(where, "the tensor is the result of ", access::graph(x)->name,
                         "; only leaves store a gradient, and what retain_grad was called for");
}

}  // namespace detail

template <element T>
bool basic_tensor<T>::has_grad() const {
    if constexpr (real<T>) {
        const auto* const stored = detail::find_stored(*this);
        return stored != nullptr && stored->total() != nullptr;
    } else {
        return false;
    }
}

template <element T>
void basic_tensor<T>::zero_grad() {
    if constexpr (real<T>)
        if (requires_grad()) detail::stored_of("zero_grad", *this).clear();
}

template <element T>
detail::array* basic_tensor<T>::gradient_array() const {
    return detail::stored_of("grad", *this).shown(get().sizes);
}

namespace detail {

/// The gradient of a scalar by itself.
template <element T>
tensor<T> gradient_of_scalar(const basic_tensor<T>& x) {
    if (x.size() != 1)
        fail<autograd_error>("backward", "only a scalar has a gradient without weights; the shape is ", shape_of(x));
    auto one = make_result<T>(shape_of(x));
    *access::elements(one) = T{1};
    return one;
}

template <element T>
void run_backward(const basic_tensor<T>& x, const basic_tensor<T>& gradient, backward_options options, leaf_taker* taker) {
    if (!x.requires_grad())
        fail<autograd_error>("backward", "the tensor has no graph: no input required a gradient, "
                                         "or recording was off");
    if (shape_of(gradient) != shape_of(x))
        fail<shape_error>("backward", "the gradient is ", shape_of(gradient), ", the tensor ", shape_of(x), "; both must be equal");
    if constexpr (real<T>) {
        auto& root = *access::graph(x);
        auto way = pass{root};
        way.find();
        accumulate(root, tensor<T>{gradient});
        way.run(options, taker);
    }
}

}  // namespace detail

template <element T>
void basic_tensor<T>::backward(backward_options options) const {
    backward(detail::gradient_of_scalar(*this), options);
}

template <element T>
void basic_tensor<T>::backward(const basic_tensor& gradient, backward_options options) const {
    detail::run_backward<T>(*this, gradient, options, nullptr);
}

}  // namespace xgrad

// Defined by xgrad::compiled.
#if defined(XGRAD_INSTANCE)
namespace xgrad::inline XGRAD_ABI {
#define XGRAD_INSTANCES(T) \
    XGRAD_INSTANCE void detail::accumulate_same(detail::node&, tensor<T>); \
    XGRAD_INSTANCE void basic_tensor<T>::set_requires_grad(bool); \
    XGRAD_INSTANCE bool basic_tensor<T>::has_grad() const; \
    XGRAD_INSTANCE void basic_tensor<T>::zero_grad(); \
    XGRAD_INSTANCE detail::array* basic_tensor<T>::gradient_array() const; \
    XGRAD_INSTANCE void detail::run_backward(const basic_tensor<T>&, const basic_tensor<T>&, backward_options, detail::leaf_taker*); \
    XGRAD_INSTANCE void basic_tensor<T>::backward(backward_options) const; \
    XGRAD_INSTANCE void basic_tensor<T>::backward(const basic_tensor<T>&, backward_options) const;
XGRAD_FOR_REAL_TYPES(XGRAD_INSTANCES)
#undef XGRAD_INSTANCES
}
#endif
