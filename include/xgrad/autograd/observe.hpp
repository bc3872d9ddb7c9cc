// Seeing gradients on their way: hooks, and gradients that tensors beside the leaves keep.
#pragma once

#include <xgrad/autograd/node.hpp>
#include <xgrad/autograd/stored_gradient.hpp>
#include <xgrad/autograd/tensor.hpp>
#include <xgrad/core/config.hpp>
#include <xgrad/core/dtype.hpp>
#include <xgrad/core/error.hpp>

#include <cstddef>
#include <memory>
#include <type_traits>
#include <utility>

namespace xgrad::inline XGRAD_ABI {

namespace detail {

/// Adds every gradient of a node to what its tensor shows.
template <real T>
class retaining final : public observer {
public:
    void see(node& at) override {
        at.gradient->handles.add();
        stored.add(access::adopt<T>(at.gradient));
    }
    void* retained() noexcept override { return &stored; }

    stored_gradient<T> stored;
};

template <real T, std::size_t N, class F>
class hooked final : public observer {
public:
    hooked(F f, std::shared_ptr<const bool> wanted) : m_f{std::move(f)}, m_wanted{std::move(wanted)} {}

    void see(node& at) override {
        if (!*m_wanted) return;
        at.gradient->handles.add();
        const auto dy = access::adopt<T, N>(at.gradient);
        if constexpr (std::is_void_v<std::invoke_result_t<F&, const tensor<T, N>&>>) m_f(dy);
        else {
            auto instead = tensor<T>{m_f(dy)};
            if (shape_of(instead) != at.sizes)
                fail<shape_error>("register_hook", "a hook of ", at.name, " gave a gradient of shape ", shape_of(instead),
                                  " in the place of one of shape ", at.sizes);
            std::exchange(at.gradient, access::take(std::move(instead)))->drop_handle();
        }
    }

private:
    F m_f;
    std::shared_ptr<const bool> m_wanted;
};

template <real T>
node& observed(const char* where, const basic_tensor<T>& x) {
    if (auto* const graph = access::graph(x)) return *graph;
    fail<autograd_error>(where, "the tensor does not require a gradient, so none will come to it");
}

}  // namespace detail

/// Stands for a hook. It may be dropped; the hook lives as long as the graph of its tensor.
class hook {
public:
    explicit hook(std::shared_ptr<bool> wanted) : m_wanted{std::move(wanted)} {}
    /// From here on the hook is not called any more.
    void remove() { *m_wanted = false; }

private:
    std::shared_ptr<bool> m_wanted;
};

template <element T>
void basic_tensor<T>::retain_grad() const {
    static_assert(real<T>, "only tensors of float and double have gradients");
    auto& graph = detail::observed("retain_grad", *this);
    if (!graph.is_leaf() && graph.retained() == nullptr) graph.observe(std::make_unique<detail::retaining<T>>());
}

template <element T, std::size_t N>
template <class F>
    requires real<T>
hook tensor<T, N>::register_hook(F f) const {
    static_assert(std::is_invocable_v<F&, const tensor&>, "register_hook: the hook must take the gradient: f(const tensor<T, N>&)");
    auto wanted = std::make_shared<bool>(true);
    detail::observed("register_hook", *this).observe(std::make_unique<detail::hooked<T, N, F>>(std::move(f), wanted));
    return hook{std::move(wanted)};
}

}  // namespace xgrad
