// Elements chosen along an axis, each place of the result by a number of its own.
#pragma once

#include <xgrad/autograd/backward.hpp>
#include <xgrad/autograd/operation.hpp>
#include <xgrad/core/config.hpp>
#include <xgrad/kernels/gather.hpp>
#include <xgrad/ops/take.hpp>
#include <xgrad/ops/view.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <type_traits>

namespace xgrad::inline XGRAD_ABI {

namespace detail {

template <element T>
tensor<T> gather_along(const basic_tensor<T>& x, const tensor<std::int64_t>& indices, std::size_t axis, const char* where = "gather");
template <element T>
tensor<T> scatter_sum(const basic_tensor<T>& x, const tensor<std::int64_t>& indices, std::size_t axis, std::size_t length);

/// Indices for a kernel that takes negative ones, and looks at them itself: those given, if they are of its type.
template <element Integer>
tensor<std::int64_t> kernel_indices(const char* where, const basic_tensor<Integer>& indices, std::size_t size) {
    if constexpr (std::is_same_v<Integer, std::int64_t>) return tensor<std::int64_t>{indices};
    else return normalized_indices(where, indices, size);
}

/// y[a, k, b] = x[a, indices[a, k, b], b]        dx[a, j, b] = the sum of dy[a, k, b] over all k with indices[a, k, b] = j
template <element T>
tensor<T> gather_along(const basic_tensor<T>& x, const tensor<std::int64_t>& indices, std::size_t axis, const char* where) {
    const auto& from = shape_of(x);
    auto y = make_result<T>(shape_of(indices));
    if (!kernels::gather(x.data(), kernels::axis_view{from, axis}, indices.data(), shape_of(indices)[axis], access::elements(y)))
        normalized_indices(where, indices, from[axis]);   // which names it
    if constexpr (!real<T>) return y;
    else
        return record("gather", std::move(y), {x}, keep(indices),
                      [axis, length = from[axis]](const auto& dy, gradients& d, const auto& at) {
                          d(0, [&] { return scatter_sum(dy, at(), axis, length); });
                      });
}

/// The transposed operation: zeros, `length` along the axis, to which x is added where it would be gathered.
template <element T>
tensor<T> scatter_sum(const basic_tensor<T>& x, const tensor<std::int64_t>& indices, std::size_t axis, std::size_t length) {
    auto sizes = shape_of(indices);
    const auto count = sizes[axis];
    sizes[axis] = length;
    auto y = make_result<T>(sizes);
    kernels::scatter_sum<T>(x.data(), kernels::axis_view{sizes, axis}, indices.data(), count, nullptr, access::elements(y));
    if constexpr (!real<T>) return y;
    else
        return record("scatter_sum", std::move(y), {x}, keep(indices), [axis](const auto& g, gradients& d, const auto& at) {
            d(0, [&] { return gather_along(g, at(), axis); });
        });
}

/// The part of x, from its beginning on, that has these sizes.
template <element T>
tensor<T> leading_part(const basic_tensor<T>& x, const shape& sizes) {
    if (shape_of(x) == sizes) return tensor<T>{x};
    return strided_part(x, kernels::strides::row_major(shape_of(x)), sizes);
}

/// Throws unless x and the indices have as many axes, and x is as large as they are along all but one.
XGRAD_ON_DEMAND void check_covers(const char* name, const char* what, const shape& sizes, const shape& indices, std::size_t but) {
    if (sizes.rank() != indices.rank())
        fail<rank_error>(name, what, " is ", sizes, ", the indices are ", indices, "; they must have as many axes");
    for (auto i = std::size_t{0}; i < sizes.rank(); ++i)
        if (i != but && indices[i] > sizes[i])
            fail<shape_error>(name, what, " is ", sizes, ", the indices are ", indices, ", which are more along axis ", i);
}

template <element T, element Integer>
tensor<T> gather_value(const basic_tensor<T>& x, const basic_tensor<Integer>& given, std::size_t axis) {
    auto sizes = shape_of(given);
    check_covers("gather", "x", shape_of(x), sizes, axis);
    const auto indices = kernel_indices("gather", given, shape_of(x)[axis]);
    sizes[axis] = shape_of(x)[axis];
    return gather_along(leading_part(x, sizes), indices, axis);
}
template <element T, element Integer>
tensor<T> gather_any(const basic_tensor<T>& x, const basic_tensor<Integer>& indices, std::size_t axis) {
    return call("gather", {"x", "indices", "axis"}, [](const basic_tensor<T>& v, const basic_tensor<Integer>& at, std::size_t along) {
        return gather_value(v, at, along);
    }, x, indices, axis);
}

/// As gather, after x and the indices were broadcast to each other along all other axes.
template <element T, element Integer>
tensor<T> take_along_axis_value(const basic_tensor<T>& x, const basic_tensor<Integer>& given, std::size_t axis) {
    auto own = shape_of(x), sizes = shape_of(given);
    if (own.rank() != sizes.rank())
        fail<rank_error>("take_along_axis", "x is ", own, ", the indices are ", sizes, "; they must have as many axes");
    const auto indices = kernel_indices("take_along_axis", given, own[axis]);
    const auto length = own[axis], count = sizes[axis];
    own[axis] = sizes[axis] = 1;
    own = sizes = broadcast_shapes("take_along_axis", own, sizes);
    own[axis] = length, sizes[axis] = count;
    return gather_along(shape_of(x) == own ? tensor<T>{x} : broadcast_to(x, own),
                        shape_of(indices) == sizes ? indices : broadcast_to(indices, sizes), axis, "take_along_axis");
}
template <element T, element Integer>
tensor<T> take_along_axis_any(const char* name, const basic_tensor<T>& x, const basic_tensor<Integer>& indices, std::size_t axis) {
    return call(name, {"x", "indices", "axis"},
                [](const basic_tensor<T>& v, const basic_tensor<Integer>& at, std::size_t along) { return take_along_axis_value(v, at, along); },
                x, indices, axis);
}

template <std::size_t N, std::size_t M>
constexpr void check_same_rank() {
    static_assert(N == M || N == dynamic_rank || M == dynamic_rank, "the indices have as many axes as the tensor");
    static_assert(N != 0 && M != 0, "a tensor without axes has none to choose along");
}

}  // namespace detail

/// y[i, j, k] = x[i, indices[i, j, k], k], for axis 1; a result of the shape of `indices`, which have as many axes as x
/// and are at most as large along all but `axis`. Negative indices count from the end. PyTorch's `gather`.
/// dx = the sum of dy over all places that took it. 64-bit indices are kept as they are, not copied. Throws `index_error`, `rank_error`, `shape_error`.
struct gather_fn {
    template <element T, std::size_t N, element Integer, std::size_t M>
    tensor<T, N == dynamic_rank ? M : N> operator()(const tensor<T, N>& x, const tensor<Integer, M>& indices, extent axis) const {
        detail::check_same_rank<N, M>();
        const auto at = normalize_axis("gather", axis, x.rank());
        return detail::with_rank<N == dynamic_rank ? M : N>(detail::gather_any<T, Integer>(x, indices, at));
    }
};
inline constexpr gather_fn gather{};

/// The same, but x and the indices broadcast to each other along all other axes. NumPy's `take_along_axis`.
struct take_along_axis_fn {
    const char* name;

    template <element T, std::size_t N, element Integer, std::size_t M>
    tensor<T, N == dynamic_rank ? M : N> operator()(const tensor<T, N>& x, const tensor<Integer, M>& indices, extent axis) const {
        detail::check_same_rank<N, M>();
        const auto at = normalize_axis(name, axis, x.rank());
        return detail::with_rank<N == dynamic_rank ? M : N>(detail::take_along_axis_any<T, Integer>(name, x, indices, at));
    }
};
inline constexpr take_along_axis_fn take_along_axis{"take_along_axis"};
/// PyTorch's name for the same.
inline constexpr take_along_axis_fn take_along_dim{"take_along_dim"};

}  // namespace xgrad

// Defined by xgrad::compiled.
#if defined(XGRAD_INSTANCE)
namespace xgrad::inline XGRAD_ABI::detail {
#define XGRAD_INSTANCES(T) \
    XGRAD_INSTANCE tensor<T> gather_along(const basic_tensor<T>&, const tensor<std::int64_t>&, std::size_t, const char*); \
    XGRAD_INSTANCE tensor<T> scatter_sum(const basic_tensor<T>&, const tensor<std::int64_t>&, std::size_t, std::size_t);
XGRAD_FOR_REAL_TYPES(XGRAD_INSTANCES)
#undef XGRAD_INSTANCES
}
#endif
