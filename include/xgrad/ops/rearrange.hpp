// Elements in another order: views with other strides, and rows chosen by number along one axis. The gradients are those of
// these two.
#pragma once

#include <xgrad/autograd/create.hpp>
#include <xgrad/autograd/operation.hpp>
#include <xgrad/core/config.hpp>
#include <xgrad/kernels/strided.hpp>
#include <xgrad/ops/index_map.hpp>
#include <xgrad/ops/shape.hpp>
#include <xgrad/ops/take.hpp>
#include <xgrad/ops/view.hpp>

#include <array>
#include <concepts>
#include <cstddef>
#include <span>
#include <vector>

namespace xgrad::inline XGRAD_ABI {

namespace detail {

template <element T>
tensor<T> flip_value(const basic_tensor<T>& x, axis_set axes) {
    const auto& sizes = shape_of(x);
    auto at = kernels::strides::row_major(sizes);
    for (auto axis = std::size_t{0}; axis < sizes.rank(); ++axis) {
        if (!axes.contains(axis) || sizes[axis] == 0) continue;
        at.offset += static_cast<std::ptrdiff_t>(sizes[axis] - 1) * at.along[axis];
        at.along[axis] = -at.along[axis];
    }
    return strided_part(x, at, sizes);
}
template <element T>
tensor<T> flip_axes(const basic_tensor<T>& x, axis_set axes) {
    return call("flip", {"x", "axes"},
                [](const basic_tensor<T>& v, axis_set along) { return flip_value<T>(v, along); },
                x, axes);
}

/// y[.., i, ..] = x[.., (i - by) mod size, ..]
template <element T>
tensor<T> roll_along(const basic_tensor<T>& x, std::ptrdiff_t by, std::size_t axis) {
    const auto size = shape_of(x)[axis];
    if (size == 0) return reshape_to(x, shape_of(x));
    const auto rest = by % static_cast<std::ptrdiff_t>(size);
    const auto shift = static_cast<std::size_t>(rest < 0 ? rest + static_cast<std::ptrdiff_t>(size) : rest);
    return take_along(x, index_map(size, [=](std::size_t i) { return (i + size - shift) % size; }), axis);
}

using extents = std::span<const std::ptrdiff_t>;

template <class List>
std::vector<std::ptrdiff_t> listed(const List& list) {
    auto values = std::vector<std::ptrdiff_t>{};
    for (const auto value : list) values.push_back(extent{value}.value);
    return values;
}

template <element T>
tensor<T> roll_axes(const basic_tensor<T>& x, extents shifts, extents axes) {
    return call("roll", {"x", "shifts", "axes"}, [](const basic_tensor<T>& v, extents by, extents along) {
        if (by.size() != along.size()) fail<value_error>("roll", by.size(), " shifts for ", along.size(), " axes");
        auto y = reshape_to(v, shape_of(v));
        for (auto i = std::size_t{0}; i < along.size(); ++i) y = roll_along(y, by[i], normalize_axis("roll", along[i], v.rank()));
        return y;
    }, x, shifts, axes);
}
/// In row-major order.
template <element T>
tensor<T> roll_all(const basic_tensor<T>& x, std::ptrdiff_t shift) {
    return call("roll", {"x", "shift"}, [](const basic_tensor<T>& v, std::ptrdiff_t by) {
        return reshape_to(roll_along(reshape_to(v, {v.size()}), by, 0), shape_of(v));
    }, x, shift);
}

/// From the axis `first` towards `second`.
template <element T>
tensor<T> rotate_plane(const basic_tensor<T>& x, std::ptrdiff_t turns, std::size_t first, std::size_t second) {
    return call("rot90", {"x", "turns", "from", "to"},
                [](const basic_tensor<T>& v, std::ptrdiff_t by, std::size_t from, std::size_t to) {
        const auto quarters = (by % 4 + 4) % 4;
        auto axes = axis_set{};
        if (quarters == 1 || quarters == 2) axes.insert(to);
        if (quarters == 3 || quarters == 2) axes.insert(from);
        auto y = flip_axes(v, axes);
        return quarters % 2 == 0 ? y : swap_axes(y, static_cast<std::ptrdiff_t>(from), static_cast<std::ptrdiff_t>(to));
    }, x, turns, first, second);
}

/// The axes `from` at the places `to`, the others in their order in the places left.
template <element T>
tensor<T> moved_value(const basic_tensor<T>& x, extents from, extents to) {
    if (from.size() != to.size()) fail<value_error>("moveaxis", from.size(), " axes for ", to.size(), " places");
    const auto moved = axis_set{"moveaxis", from, x.rank()}, taken = axis_set{"moveaxis", to, x.rank()};
    auto order = std::array<std::size_t, max_rank>{};
    for (auto i = std::size_t{0}; i < to.size(); ++i)
        order[normalize_axis("moveaxis", to[i], x.rank())] = normalize_axis("moveaxis", from[i], x.rank());
    auto next = std::size_t{0};
    for (auto axis = std::size_t{0}; axis < x.rank(); ++axis) {
        if (taken.contains(axis)) continue;
        while (moved.contains(next)) ++next;
        order[axis] = next++;
    }
    return permute_axes(x, order);
}
template <element T>
tensor<T> move_axes(const basic_tensor<T>& x, extents from, extents to) {
    return call("moveaxis", {"x", "from", "to"}, [](const basic_tensor<T>& v, extents axes, extents places) {
        return moved_value<T>(v, axes, places);
    }, x, from, to);
}

}  // namespace detail

/// The elements in the opposite order along one axis, several in braces, or all. Throws `index_error`.
struct flip_fn {
    template <element T, std::size_t N>
    tensor<T, N> operator()(const tensor<T, N>& x) const {
        return detail::with_rank<N>(detail::flip_axes<T>(x, axis_set::all(x.rank())));
    }
    template <element T, std::size_t N, std::convertible_to<extent> Axis>
    tensor<T, N> operator()(const tensor<T, N>& x, Axis axis) const {
        return detail::with_rank<N>(detail::flip_axes<T>(x, axis_set{"flip", std::array{extent{axis}}, x.rank()}));
    }
    template <element T, std::size_t N, std::size_t K>
    tensor<T, N> operator()(const tensor<T, N>& x, const extent (&axes)[K]) const {
        return detail::with_rank<N>(detail::flip_axes<T>(x, axis_set{"flip", axes, x.rank()}));
    }
    template <element T, std::size_t N, integral_range Axes>
    tensor<T, N> operator()(const tensor<T, N>& x, const Axes& axes) const {
        return detail::with_rank<N>(detail::flip_axes<T>(x, axis_set{"flip", axes, x.rank()}));
    }
};
inline constexpr flip_fn flip{};

/// The elements moved on by `shift`, those that leave the end coming in at the beginning: along one axis, along several,
/// each by its own, or in row-major order. Throws `index_error`; `value_error` when shifts and axes differ in number.
struct roll_fn {
    template <element T, std::size_t N>
    tensor<T, N> operator()(const tensor<T, N>& x, extent shift) const {
        return detail::with_rank<N>(detail::roll_all<T>(x, shift));
    }
    template <element T, std::size_t N, std::convertible_to<extent> Axis>
    tensor<T, N> operator()(const tensor<T, N>& x, extent shift, Axis axis) const {
        return detail::with_rank<N>(detail::roll_axes<T>(x, std::array{shift.value}, std::array{extent{axis}.value}));
    }
    template <element T, std::size_t N, std::size_t K>
    tensor<T, N> operator()(const tensor<T, N>& x, const extent (&shifts)[K], const extent (&axes)[K]) const {
        return detail::with_rank<N>(detail::roll_axes<T>(x, detail::listed(shifts), detail::listed(axes)));
    }
    template <element T, std::size_t N, integral_range Shifts, integral_range Axes>
    tensor<T, N> operator()(const tensor<T, N>& x, const Shifts& shifts, const Axes& axes) const {
        return detail::with_rank<N>(detail::roll_axes<T>(x, detail::listed(shifts), detail::listed(axes)));
    }
};
inline constexpr roll_fn roll{};

/// x turned by `turns` quarters, from the first axis towards the second.
struct rot90_fn {
    template <element T, std::size_t N>
    tensor<T, N> operator()(const tensor<T, N>& x, extent turns = 1, extent from = 0, extent to = 1) const {
        static_assert(N != 0 && N != 1, "rot90 turns a plane: two axes");
        const auto first = normalize_axis("rot90", from, x.rank()), second = normalize_axis("rot90", to, x.rank());
        if (first == second) fail<value_error>("rot90", "axis ", first, " is named twice");
        return detail::with_rank<N>(detail::rotate_plane<T>(x, turns, first, second));
    }
};
inline constexpr rot90_fn rot90{};

/// The axis `from` at the place `to`, several in braces; the others keep their order.
/// Throws `index_error`, `value_error` for an axis or a place named twice.
struct moveaxis_fn {
    template <element T, std::size_t N, std::convertible_to<extent> From, std::convertible_to<extent> To>
    tensor<T, N> operator()(const tensor<T, N>& x, From from, To to) const {
        return detail::with_rank<N>(detail::move_axes<T>(x, std::array{extent{from}.value}, std::array{extent{to}.value}));
    }
    template <element T, std::size_t N, std::size_t K>
    tensor<T, N> operator()(const tensor<T, N>& x, const extent (&from)[K], const extent (&to)[K]) const {
        return detail::with_rank<N>(detail::move_axes<T>(x, detail::listed(from), detail::listed(to)));
    }
    template <element T, std::size_t N, integral_range Axes>
    tensor<T, N> operator()(const tensor<T, N>& x, const Axes& from, const Axes& to) const {
        return detail::with_rank<N>(detail::move_axes<T>(x, detail::listed(from), detail::listed(to)));
    }
};
inline constexpr moveaxis_fn moveaxis{};

}  // namespace xgrad

// Defined by xgrad::compiled.
#if defined(XGRAD_INSTANCE)
namespace xgrad::inline XGRAD_ABI::detail {
#define XGRAD_INSTANCES(T) \
    XGRAD_INSTANCE tensor<T> flip_axes(const basic_tensor<T>&, axis_set); \
    XGRAD_INSTANCE tensor<T> roll_axes(const basic_tensor<T>&, extents, extents); \
    XGRAD_INSTANCE tensor<T> roll_all(const basic_tensor<T>&, std::ptrdiff_t); \
    XGRAD_INSTANCE tensor<T> rotate_plane(const basic_tensor<T>&, std::ptrdiff_t, std::size_t, std::size_t); \
    XGRAD_INSTANCE tensor<T> move_axes(const basic_tensor<T>&, extents, extents);
XGRAD_FOR_REAL_TYPES(XGRAD_INSTANCES)
#undef XGRAD_INSTANCES
}
#endif
