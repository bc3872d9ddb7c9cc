// What `grad()` gives.
#pragma once

#include <xgrad/autograd/elements.hpp>
#include <xgrad/autograd/tensor.hpp>
#include <xgrad/core/config.hpp>
#include <xgrad/core/dtype.hpp>

#include <cstddef>
#include <span>
#include <utility>

namespace xgrad::inline XGRAD_ABI {

/// The gradient of a leaf: a tensor like any other, but that the leaf holds its elements, until `zero_grad` or the next
/// `backward`. So a pointer to them, `w.grad().data()`, outlives this handle, and what is done in place, `w.grad() *= 2`,
/// is done to what the leaf holds.
template <element T, std::size_t N>
class gradient : public tensor<T, N> {
public:
    explicit gradient(tensor<T, N>&& held) noexcept : tensor<T, N>{std::move(held)} {}
    gradient(const gradient&) noexcept = default;
    gradient(gradient&&) noexcept = default;

    // A handle that has a name may come to stand for another tensor.
    gradient& operator=(const gradient&) & noexcept = default;
    gradient& operator=(gradient&&) & noexcept = default;
    gradient& operator=(tensor<T, N> other) & noexcept {
        tensor<T, N>::operator=(std::move(other));
        return *this;
    }
    void operator=(const tensor<T, N>&) && { assigned<T>(); }
    template <class Value>
    void operator=(const Value&) && {
        assigned<Value>();
    }

    const T* data() const { return tensor<T, N>::data(); }
    T* data() { return tensor<T, N>::data(); }
    std::span<const T> span() const { return tensor<T, N>::span(); }
    std::span<T> span() { return tensor<T, N>::span(); }
    element_iterator<const T> begin() const { return tensor<T, N>::begin(); }
    element_iterator<T> begin() { return tensor<T, N>::begin(); }
    element_iterator<const T> end() const { return tensor<T, N>::end(); }
    element_iterator<T> end() { return tensor<T, N>::end(); }

private:
    template <class Value>
    static void assigned() {
        static_assert(detail::never<Value>, "a gradient is not assigned to, which would change nothing: w.zero_grad() takes it "
                                            "away, w.backward(g) adds g to it");
    }
};

}  // namespace xgrad
