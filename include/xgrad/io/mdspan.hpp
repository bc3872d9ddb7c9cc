// Tensors as std::mdspan and the other way round, where the standard library has it (C++23).
#pragma once

#include <xgrad/autograd/from_memory.hpp>
#include <xgrad/autograd/tensor.hpp>
#include <xgrad/core/config.hpp>
#include <xgrad/core/dtype.hpp>
#include <xgrad/core/error.hpp>
#include <xgrad/core/shape.hpp>

#include <version>

#if defined(__cpp_lib_mdspan)
#include <mdspan>

#include <array>
#include <cstddef>
#include <type_traits>

namespace xgrad::inline XGRAD_ABI::io {

/// The elements with the axes of the tensor, shared. The tensor must outlive it.
template <element T, std::size_t N>
auto as_mdspan(tensor<T, N>& x) {
    static_assert(N != dynamic_rank, "the rank of an mdspan is in its type: say it, tensor<float, 2>{x}");
    return std::mdspan<T, std::dextents<std::size_t, N>>(x.data(), std::array<std::size_t, N>(x.shape()));
}
template <element T, std::size_t N>
auto as_mdspan(const tensor<T, N>& x) {
    static_assert(N != dynamic_rank, "the rank of an mdspan is in its type: say it, tensor<float, 2>{x}");
    return std::mdspan<const T, std::dextents<std::size_t, N>>(x.data(), std::array<std::size_t, N>(x.shape()));
}
template <element T, std::size_t N>
void as_mdspan(tensor<T, N>&&) = delete;   // it would dangle: name the tensor first

/// A tensor over the elements of an mdspan, whose memory outlives it, shared. Throws `value_error` where they are not
/// in row-major order without gaps.
template <class T, class Extents, class Layout>
tensor<T, Extents::rank()> from_mdspan(const std::mdspan<T, Extents, Layout>& x) {
    auto sizes = std::array<std::size_t, Extents::rank()>{};
    auto step = std::size_t{1};
    for (auto axis = Extents::rank(); axis-- > 0;) {
        sizes[axis] = static_cast<std::size_t>(x.extent(axis));
        if (sizes[axis] != 1 && static_cast<std::size_t>(x.stride(axis)) != step)
            fail<value_error>("from_mdspan", "axis ", axis, " has the stride ", x.stride(axis),
                              ", where row-major order without gaps has ", step, ": copy the elements");
        step *= sizes[axis];
    }
    return xgrad::from_memory(x.data_handle(), sizes);
}

}  // namespace xgrad::io
#endif
