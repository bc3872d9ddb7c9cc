// What `grad()` shows, of leaves and of other tensors that keep their gradients.
#pragma once

#include <xgrad/autograd/array.hpp>
#include <xgrad/autograd/broadcast.hpp>
#include <xgrad/autograd/no_grad.hpp>
#include <xgrad/autograd/record.hpp>
#include <xgrad/autograd/tensor.hpp>
#include <xgrad/core/config.hpp>
#include <xgrad/core/dtype.hpp>
#include <xgrad/core/shape.hpp>
#include <xgrad/kernels/elementwise.hpp>
#include <xgrad/kernels/reduce.hpp>

#include <algorithm>
#include <atomic>
#include <utility>

namespace xgrad::inline XGRAD_ABI::detail {

/// What the `grad()` of a tensor shows: the sum of what backward passes have brought.
template <real T>
class stored_gradient {
public:
    stored_gradient() = default;
    stored_gradient(const stored_gradient&) = delete;
    stored_gradient& operator=(const stored_gradient&) = delete;
    ~stored_gradient() { clear(); }

    void clear() noexcept {
        m_taken = false;
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
            const auto own = kernels::operand<T>{sum, &before.sizes};
            kernels::elementwise(kernels::sum_of{}, sum, before.sizes, own, operand_of(now));
            before.mark_changed();
        } else {
            const auto guard = enable_grad{};
            before.handles.add();
            store(add_same(access::adopt<T>(&before), now));
        }
    }

    /// Sets it back to none, since it was used as it came: an optimizer has made its step in the pass.
    void clear_as_taken() noexcept {
        clear();
        m_taken = true;
    }
    bool was_taken() const noexcept { return m_taken; }

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

    bool m_taken = false;   ///< and nothing was brought, nor set back, since
    array* m_total = nullptr;
    std::atomic<array*> m_zeros{nullptr};
};

}  // namespace xgrad::inline XGRAD_ABI::detail
