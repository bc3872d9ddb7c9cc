// Tensors over memory of somebody else, without a copy.
#pragma once

#include <xgrad/autograd/create.hpp>
#include <xgrad/autograd/tensor.hpp>
#include <xgrad/core/config.hpp>
#include <xgrad/core/dtype.hpp>
#include <xgrad/core/error.hpp>
#include <xgrad/core/shape.hpp>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <utility>

namespace xgrad::inline XGRAD_ABI {

namespace detail {

template <class Deleter, class T>
class memory_of final : public foreign_memory {
public:
    memory_of(Deleter deleter, T* pointer) : m_deleter{std::move(deleter)}, m_pointer{pointer} {}
    ~memory_of() override { m_deleter(m_pointer); }

private:
    Deleter m_deleter;
    T* m_pointer;
};

template <std::size_t N, element T, class Deleter>
tensor<T, N> over_memory(T* pointer, const shape& sizes, Deleter deleter) {
    auto owned = std::make_unique<memory_of<Deleter, T>>(std::move(deleter), pointer);   // first: it gives back when this throws
    if (pointer == nullptr && sizes.elements() != 0)
        fail<value_error>("from_memory", "the pointer is null, the shape ", sizes, " has elements");
    if (reinterpret_cast<std::uintptr_t>(pointer) % alignof(T) != 0)
        fail<value_error>("from_memory", "the pointer is not aligned to ", alignof(T), " bytes, as ", dtype_name<T>(), " must be: copy the elements");
    return with_rank<N>(access::adopt<T>(array::make_over(reinterpret_cast<std::byte*>(pointer), sizes, sizeof(T), std::move(owned))));
}

struct leave_memory {
    void operator()(const void*) const {}
};

}  // namespace detail

/// A tensor over the elements at `pointer`, in row-major order without gaps, shared: what is written on one side is seen on
/// the other. `deleter(pointer)` is called when the last tensor, view or backward rule that uses them is gone, on whatever
/// thread that is; without one the memory must outlive them all. Throws `value_error` for a null pointer with a shape that
/// has elements and for one that is not aligned as a T must be; the deleter is called then, too.
///
///     auto x = xg::from_memory(numbers.data(), {2, 3});
///     auto y = xg::from_memory(new float[6]{}, {2, 3}, [](float* p) { delete[] p; });
template <element T, std::size_t N, class Deleter = detail::leave_memory>
tensor<T, N> from_memory(T* pointer, const extent (&sizes)[N], Deleter deleter = {}) {
    return detail::over_memory<N>(pointer, detail::shape_from(sizes), std::move(deleter));
}
template <element T, integral_range Sizes, class Deleter = detail::leave_memory>
tensor<T, detail::rank_of<Sizes>> from_memory(T* pointer, const Sizes& sizes, Deleter deleter = {}) {
    return detail::over_memory<detail::rank_of<Sizes>>(pointer, shape(sizes), std::move(deleter));
}

}  // namespace xgrad
