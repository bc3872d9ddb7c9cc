// Windows that move along an axis.
#pragma once

#include <xgrad/autograd/operation.hpp>
#include <xgrad/autograd/tensor.hpp>
#include <xgrad/core/config.hpp>
#include <xgrad/core/error.hpp>
#include <xgrad/core/shape.hpp>
#include <xgrad/ops/index_map.hpp>
#include <xgrad/ops/shape.hpp>
#include <xgrad/ops/take.hpp>

#include <array>
#include <cstddef>

namespace xgrad::inline XGRAD_ABI {

struct sliding_window_options {
    struct {} named{};      ///< nothing: options are given by their names
    extent step = 1;        ///< how far apart windows begin
};

namespace detail {

/// y[.., k, .., j] = x[.., k step + j, ..]        dx[.., i, ..] = the sum of dy[.., k, .., j] over all k step + j = i
template <element T>
tensor<T> windows_value(const basic_tensor<T>& x, std::ptrdiff_t size, std::size_t axis, std::ptrdiff_t step) {
    const auto& sizes = shape_of(x);
    if (step < 1) fail<value_error>("sliding_window", "a step of ", step, "; it must be at least 1");
    if (size < 0 || size > static_cast<std::ptrdiff_t>(sizes[axis]))
        fail<shape_error>("sliding_window", "a window of ", size, " along axis ", axis, " of ", sizes, "; it must not be longer");
    const auto length = static_cast<std::size_t>(size), stride = static_cast<std::size_t>(step);
    const auto count = (sizes[axis] - length) / stride + 1;
    const auto indices = index_map(count * length, [=](std::size_t i) { return i / length * stride + i % length; });
    const auto windows = take_along(x, reshape_to(indices, {count, length}), axis);
    auto order = std::array<std::size_t, max_rank>{};   // the axis behind `axis` becomes the last
    const auto last = windows.rank() - 1;
    for (auto to = std::size_t{0}; to <= last; ++to) order[to] = to <= axis ? to : to < last ? to + 1 : axis + 1;
    return axis + 1 == last ? windows : permute_axes(windows, order);
}
template <element T>
tensor<T> windows_along(const basic_tensor<T>& x, std::ptrdiff_t size, std::size_t axis, std::ptrdiff_t step) {
    return call("sliding_window", {"x", "size", "axis", "step"},
                [](const basic_tensor<T>& v, std::ptrdiff_t length, std::size_t along, std::ptrdiff_t apart) {
        return windows_value<T>(v, length, along, apart);
    }, x, size, axis, step);
}

}  // namespace detail

/// The windows of `size` elements along `axis`, one after the other in the axis's place, each along a new last axis:
/// sliding_window(x, 3, 0, {.step = 2}). What does not fill a window at the end is left out. PyTorch's x.unfold(axis, size,
/// step). Throws `shape_error` for a window longer than the axis, `value_error`, `index_error`.
struct sliding_window_fn {
    template <element T, std::size_t N>
    auto operator()(const tensor<T, N>& x, extent size, extent axis = 0, const sliding_window_options& options = {}) const {
        static_assert(N != 0, "a tensor without axes has none to move along");
        const auto along = normalize_axis("sliding_window", axis, x.rank());
        return detail::with_rank<N == dynamic_rank ? N : N + 1>(detail::windows_along<T>(x, size, along, options.step));
    }
};
inline constexpr sliding_window_fn sliding_window{};

}  // namespace xgrad

// Defined by xgrad::compiled.
#if defined(XGRAD_INSTANCE)
namespace xgrad::inline XGRAD_ABI::detail {
#define XGRAD_INSTANCES(T) \
    XGRAD_INSTANCE tensor<T> windows_along(const basic_tensor<T>&, std::ptrdiff_t, std::size_t, std::ptrdiff_t);
XGRAD_FOR_REAL_TYPES(XGRAD_INSTANCES)
#undef XGRAD_INSTANCES
}
#endif
