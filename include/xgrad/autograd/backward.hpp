// The backward pass.
//
// Reverse accumulation over the graph behind one value: each node, once its own gradient is complete, adds
// to the gradients of its inputs; a leaf stores what it gets. "Complete" is counted: a first walk counts the
// edges into each node. Both walks are loops over explicit lists.
#pragma once

#include <xgrad/autograd/broadcast.hpp>
#include <xgrad/autograd/no_grad.hpp>
#include <xgrad/autograd/node.hpp>
#include <xgrad/autograd/record.hpp>
#include <xgrad/autograd/tensor.hpp>
#include <xgrad/core/config.hpp>
#include <xgrad/core/memory.hpp>

#include <algorithm>
#include <cstddef>
#include <span>
#include <utility>
#include <vector>

namespace xgrad::inline XGRAD_ABI {

namespace detail {

template <real T>
void accumulate(node& target, tensor<T> gradient) {
    if (target.element_bytes != sizeof(T))
        fail<dtype_error>("backward", "a rule gave a gradient of type ", dtype_name<T>(), " to an input of another type");
    if (shape_of(gradient) != target.sizes) {
        if (broadcast_shapes("backward", shape_of(gradient), target.sizes) != shape_of(gradient))
            fail<shape_error>("backward", "a rule gave a gradient of shape ", shape_of(gradient),
                              " to an input of shape ", target.sizes);
        gradient = sum_to(gradient, target.sizes);
    }
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

/// The node of a tensor that asked for a gradient. `total` is what its `grad()` shows.
template <real T>
class leaf final : public node {
public:
    explicit leaf(const array& value) : node{"leaf", value, {}} {}
    ~leaf() override { clear(); }

    void differentiate() override {
        auto* const brought = std::exchange(gradient, nullptr);
        if (brought == nullptr) return;
        auto now = access::adopt<T>(brought);
        if (total != nullptr) {
            accumulate_total(now);
        } else if (is_grad_enabled() || access::get(now).unshared()) {
            total = access::take(std::move(now));
        } else {
            total = access::take(now.clone());   // somebody else holds it; `total` will be added to in place
        }
    }
    bool is_leaf() const noexcept override { return true; }

    void clear() noexcept {
        if (total != nullptr) std::exchange(total, nullptr)->drop_handle();
    }

    array* total = nullptr;

private:
    void accumulate_total(const tensor<T>& now) {
        auto before = access::adopt<T>(std::exchange(total, nullptr));
        if (is_grad_enabled()) before = add_same(before, now);
        else {
            kernels::elementwise(kernels::sum_of{}, access::elements(before), sizes, operand_of(before), operand_of(now));
            access::get(before).mark_changed();
        }
        total = access::take(std::move(before));
    }
};

using node_list = std::vector<node*, memory::allocator<node*>>;

/// The nodes behind one value, inputs after their consumers' first sight; whatever happens in a pass over
/// them, none of them is left in the middle of one.
class pass {
public:
    pass(node& root, std::span<node* const> wanted) : m_found{&root}, m_wanted{wanted} {
        for (auto* const each : wanted) each->captured = true;
        for (auto i = std::size_t{0}; i < m_found.size(); ++i) {
            auto& current = *m_found[i];
            if (current.captured) continue;
            if (current.released) {
                clean_up();
                fail<autograd_error>("backward", "the graph behind ", current.name,
                                     " was used by an earlier backward and released; "
                                     "pass {.retain_graph = true} to the earlier one");
            }
            for (auto* const input : current.inputs())
                if (input != nullptr && input->awaited++ == 0) m_found.push_back(input);
        }
    }
    ~pass() { clean_up(); }
    pass(const pass&) = delete;
    pass& operator=(const pass&) = delete;

    void run(node& root, backward_options options) {
        const auto scope = set_grad_enabled{options.create_graph};
        auto ready = node_list{&root};
        auto leaves = node_list{};
        while (!ready.empty()) {
            auto& current = *ready.back();
            ready.pop_back();
            if (current.captured) continue;
            if (current.is_leaf()) {
                leaves.push_back(&current);
                continue;
            }
            if (current.gradient != nullptr) current.differentiate();
            if (!options.retain_graph && !options.create_graph) current.release();
            for (auto* const input : current.inputs())
                if (input != nullptr && --input->awaited == 0) ready.push_back(input);
        }
        // Only now, so that a rule that throws leaves every stored gradient as it was.
        if (m_wanted.empty())
            for (auto* const each : leaves) each->differentiate();
    }

private:
    void clean_up() noexcept {
        for (auto* const each : m_wanted) each->captured = false;
        for (auto* const each : m_found) {
            each->awaited = 0;
            if (each->gradient != nullptr) std::exchange(each->gradient, nullptr)->drop_handle();
        }
    }

    node_list m_found;
    std::span<node* const> m_wanted;
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

template <real T>
leaf<T>& leaf_of(const char* where, const basic_tensor<T>& x) {
    auto* const graph = access::graph(x);
    if (graph == nullptr)
        fail<autograd_error>(where, "the tensor does not require a gradient; call requires_grad(true) before using it");
    if (!graph->is_leaf())
        fail<autograd_error>(where, "the tensor is the result of ", graph->name, "; only leaves store a gradient");
    return static_cast<leaf<T>&>(*graph);
}

}  // namespace detail

template <element T>
bool basic_tensor<T>::has_grad() const {
    if constexpr (real<T>)
        return requires_grad() && is_leaf() && detail::leaf_of("has_grad", *this).total != nullptr;
    else return false;
}

template <element T>
void basic_tensor<T>::zero_grad() {
    if constexpr (real<T>)
        if (requires_grad()) detail::leaf_of("zero_grad", *this).clear();
}

template <element T>
detail::array* basic_tensor<T>::gradient_array() const {
    auto& own = detail::leaf_of("grad", *this);
    if (own.total != nullptr) {
        own.total->handles.add();
        return own.total;
    }
    auto* const zeros = detail::array::make(own.sizes, sizeof(T));
    std::fill_n(reinterpret_cast<T*>(zeros->elements), zeros->size, T{0});
    return zeros;
}

template <element T>
void basic_tensor<T>::backward(backward_options options) const {
    if (size() != 1)
        fail<autograd_error>("backward", "only a scalar has a gradient without weights; the shape is ", get().sizes);
    auto one = detail::make_result<T>(get().sizes);
    *detail::access::elements(one) = T{1};
    backward(one, options);
}

template <element T>
void basic_tensor<T>::backward(const basic_tensor& gradient, backward_options options) const {
    if (!requires_grad())
        fail<autograd_error>("backward", "the tensor has no graph: no input required a gradient, "
                                         "or recording was off");
    if (detail::shape_of(gradient) != get().sizes)
        fail<shape_error>("backward", "the gradient is ", detail::shape_of(gradient), ", the tensor ", get().sizes,
                          "; both must be equal");
    if constexpr (real<T>) {
        auto& root = *get().graph;
        detail::accumulate(root, tensor<T>{gradient});
        detail::pass{root, {}}.run(root, options);
    }
}

}  // namespace xgrad
