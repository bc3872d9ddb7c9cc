// A range of indices along one axis.
#pragma once

#include <xgrad/autograd/operation.hpp>
#include <xgrad/autograd/tensor.hpp>
#include <xgrad/core/config.hpp>
#include <xgrad/core/error.hpp>
#include <xgrad/core/shape.hpp>
#include <xgrad/ops/view.hpp>

#include <cstddef>

namespace xgrad::inline XGRAD_ABI {

namespace detail {

template <element T>
tensor<T> narrow_value(const basic_tensor<T>& x, std::ptrdiff_t start, std::ptrdiff_t length, std::size_t axis) {
    const auto size = static_cast<std::ptrdiff_t>(shape_of(x)[axis]);
    const auto first = start < 0 ? start + size : start;
    if (length < 0 || first < 0 || first > size || length > size - first)
        fail<index_error>("narrow", length, " elements from ", start, " leave axis ", axis, " of size ", size);
    return range_along(x, axis, static_cast<std::size_t>(first), static_cast<std::size_t>(length));
}
template <element T>
tensor<T> narrow_to(const basic_tensor<T>& x, std::ptrdiff_t start, std::ptrdiff_t length, std::size_t axis) {
    return call("narrow", {"x", "start", "length", "axis"},
                [](const basic_tensor<T>& v, std::ptrdiff_t first, std::ptrdiff_t count, std::size_t along) {
        return narrow_value<T>(v, first, count, along);
    }, x, start, length, axis);
}

}  // namespace detail

/// `length` elements along `axis`, from index `start` on, which counts from the end when it is negative.
/// dx = dy at those places, 0 elsewhere. Throws `index_error`.
struct narrow_fn {
    template <element T, std::size_t N>
    tensor<T, N> operator()(const tensor<T, N>& x, extent start, extent length, extent axis = 0) const {
        return detail::with_rank<N>(detail::narrow_to<T>(x, start, length, normalize_axis("narrow", axis, x.rank())));
    }
};
inline constexpr narrow_fn narrow{};

}  // namespace xgrad

// Defined by xgrad::compiled.
#if defined(XGRAD_INSTANCE)
namespace xgrad::inline XGRAD_ABI::detail {
#define XGRAD_INSTANCES(T) \
    XGRAD_INSTANCE tensor<T> narrow_to(const basic_tensor<T>&, std::ptrdiff_t, std::ptrdiff_t, std::size_t);
XGRAD_FOR_REAL_TYPES(XGRAD_INSTANCES)
#undef XGRAD_INSTANCES
}
#endif
