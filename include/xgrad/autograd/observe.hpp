// Seeing gradients on their way: hooks, and gradients that tensors beside the leaves keep.
#pragma once

#include <xgrad/autograd/broadcast.hpp>
#include <xgrad/autograd/node.hpp>
#include <xgrad/autograd/record.hpp>
#include <xgrad/autograd/tensor.hpp>
#include <xgrad/core/config.hpp>
#include <xgrad/core/dtype.hpp>
#include <xgrad/core/error.hpp>
#include <xgrad/kernels/elementwise.hpp>
#include <xgrad/kernels/reduce.hpp>

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <memory>
#include <type_traits>
#include <utility>

namespace xgrad::inline XGRAD_ABI {

namespace detail {

/// What the `grad()` of a tensor shows: the sum of what backward passes have brought.
template <real T>
class stored_gradient {
public:
    stored_gradient() = default;
    stored_gradient(const stored_gradient&) = delete;
    stored_gradient& operator=(const stored_gradient&) = delete;
    ~stored_gradient() { clear(); }

    void clear() noexcept {
        if (m_total != nullptr) std::exchange(m_total, nullptr)->drop_handle();
        if (auto* const none = m_zeros.exchange(nullptr)) none->drop_handle();
    }

    /// What is stored is nobody else's: a tensor that was got from `grad()` earlier, the gradient that the user
    /// gave and others' gradients stay as they are.
    void add(tensor<T>&& now) {
        if (m_total == nullptr) {
            if (access::get(now).unshared()) store(std::move(now));
            else store(broadcast_to(now, shape_of(now)));
            return;
        }
        auto& before = *m_total;
        if (before.unshared() && before.graph == nullptr && !needs_grad(now)) {
            auto* const sum = reinterpret_cast<T*>(before.elements);
            kernels::elementwise(kernels::sum_of{}, sum, before.sizes, kernels::operand<T>{sum, &before.sizes}, operand_of(now));
            before.mark_changed();
        } else {
            const auto guard = enable_grad{};
            before.handles.add();
            store(add_same(access::adopt<T>(&before), now));
        }
    }

    /// Null while nothing was brought.
    array* total() const noexcept { return m_total; }

    /// The total, or zeros; with a handle for the caller. Several threads may ask for the zeros.
    array* shown(const shape& sizes) {
        auto* held = m_total;
        if (held == nullptr) {
            held = m_zeros.load(std::memory_order_acquire);
            if (held == nullptr) {
                auto* const made = array::make(sizes, sizeof(T));
                std::fill_n(reinterpret_cast<T*>(made->elements), made->size, T{0});
                if (m_zeros.compare_exchange_strong(held, made)) held = made;
                else made->drop_handle();
            }
        }
        held->handles.add();
        return held;
    }

private:
    void store(tensor<T>&& sum) {
        clear();
        m_total = access::take(std::move(sum));
    }

    array* m_total = nullptr;
    std::atomic<array*> m_zeros{nullptr};
};

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
