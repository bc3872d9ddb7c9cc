// Gated linear units.
#pragma once

#include <xgrad/autograd/operation.hpp>
#include <xgrad/core/config.hpp>
#include <xgrad/core/error.hpp>
#include <xgrad/core/shape.hpp>
#include <xgrad/ops/activation.hpp>
#include <xgrad/ops/arithmetic.hpp>
#include <xgrad/ops/view.hpp>

#include <cstddef>

namespace xgrad::inline XGRAD_ABI {

namespace detail {

template <real T>
tensor<T> glu_value(const basic_tensor<T>& x, std::size_t axis) {
    const auto& sizes = shape_of(x);
    const auto size = sizes[axis];
    if (size % 2 != 0) fail<shape_error>("glu", "x is ", sizes, ", of which axis ", axis, " has no two equal halves");
    return range_along(x, axis, 0, size / 2) * sigmoid(range_along(x, axis, size / 2, size / 2));
}
template <real T>
tensor<T> gated_half(const basic_tensor<T>& x, std::size_t axis) {
    return call("glu", {"x", "axis"},
                [](const basic_tensor<T>& v, std::size_t along) { return glu_value<T>(v, along); },
                x, axis);
}

}  // namespace detail

/// y = a sigmoid(b), a and b the two halves of x along `axis`        da = dy sigmoid(b),  db = dy a sigmoid'(b)
/// Throws `shape_error` when the axis has an odd number of elements. Y. Dauphin, A. Fan, M. Auli, D. Grangier, "Language
/// modeling with gated convolutional networks", ICML (2017).
struct glu_fn {
    template <real T, std::size_t N>
    tensor<T, N> operator()(const tensor<T, N>& x, extent axis = -1) const {
        static_assert(N != 0, "a tensor without axes has none to halve");
        return detail::with_rank<N>(detail::gated_half<T>(x, normalize_axis("glu", axis, x.rank())));
    }
};
inline constexpr glu_fn glu{};

}  // namespace xgrad

// Defined by xgrad::compiled.
#if defined(XGRAD_INSTANCE)
namespace xgrad::inline XGRAD_ABI::detail {
#define XGRAD_INSTANCES(T) \
    XGRAD_INSTANCE tensor<T> gated_half(const basic_tensor<T>&, std::size_t);
XGRAD_FOR_REAL_TYPES(XGRAD_INSTANCES)
#undef XGRAD_INSTANCES
}
#endif
