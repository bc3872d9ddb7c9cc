// Elements in another order or several times: views with other strides, and rows chosen by number along one axis. The
// gradients are those of these two.
#pragma once

#include <xgrad/autograd/create.hpp>
#include <xgrad/autograd/operation.hpp>
#include <xgrad/core/config.hpp>
#include <xgrad/kernels/strided.hpp>
#include <xgrad/ops/index_map.hpp>
#include <xgrad/ops/shape.hpp>
#include <xgrad/ops/take.hpp>
#include <xgrad/ops/view.hpp>

#include <algorithm>
#include <array>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <span>
#include <utility>
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
    return call("flip", {"x", "axes"}, [](const basic_tensor<T>& v, axis_set along) { return flip_value<T>(v, along); }, x, axes);
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
    return call("rot90", {"x", "turns", "from", "to"}, [](const basic_tensor<T>& v, std::ptrdiff_t by, std::size_t from, std::size_t to) {
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

inline constexpr auto most_indices = static_cast<std::size_t>(std::numeric_limits<std::ptrdiff_t>::max()) / 64;

/// x as often along each axis as `times` says; the shorter of shape and `times` gets ones in front.
template <element T>
tensor<T> tile_value(const basic_tensor<T>& x, const shape& times) {
    auto sizes = shape_of(x);
    while (sizes.rank() < times.rank()) sizes.insert(0, 1);
    auto y = reshape_to(x, sizes);
    const auto ahead = sizes.rank() - times.rank();
    for (auto axis = ahead; axis < sizes.rank(); ++axis) {
        const auto size = sizes[axis], count = times[axis - ahead];
        if (size != 0 && count > most_indices / size) fail<shape_error>("tile", sizes, " times ", times, " has more elements than memory can hold");
        if (count != 1) y = take_along(y, index_map(size * count, [=](std::size_t i) { return i % size; }), axis);
    }
    return y;
}
template <element T>
tensor<T> tile_axes(const basic_tensor<T>& x, const shape& times) {
    return call("tile", {"x", "counts"}, [](const basic_tensor<T>& v, const shape& counts) { return tile_value<T>(v, counts); }, x, times);
}

/// The index of what element k of the axis becomes: 0 repeats[0] times, 1 repeats[1] times, ...; a single number is for all.
template <element Integer>
tensor<std::int64_t> repeated_indices(const basic_tensor<Integer>& repeats, std::size_t size) {
    static_assert(std::integral<Integer> && !std::same_as<Integer, bool>, "repetitions are integers");
    const auto counts = repeats.span();
    if (counts.size() != 1 && counts.size() != size)
        fail<shape_error>("repeat_interleave", counts.size(), " repetitions for an axis of size ", size);
    auto chosen = std::vector<std::int64_t>{};
    for (auto i = std::size_t{0}; i < size; ++i) {
        const auto count = extent{counts[counts.size() == 1 ? 0 : i]}.value;
        if (count < 0) fail<value_error>("repeat_interleave", "a number of repetitions must not be negative, got ", count);
        if (static_cast<std::size_t>(count) > most_indices - chosen.size())
            fail<shape_error>("repeat_interleave", "by ", count, ", more than memory can hold");
        chosen.insert(chosen.end(), static_cast<std::size_t>(count), static_cast<std::int64_t>(i));
    }
    return {chosen, {chosen.size()}};
}

template <element T, element Integer>
tensor<T> repeat_along(const basic_tensor<T>& x, const basic_tensor<Integer>& repeats, std::size_t axis) {
    return call("repeat_interleave", {"x", "repeats", "axis"}, [](const basic_tensor<T>& v, const basic_tensor<Integer>& counts, std::size_t along) {
        return take_along(v, repeated_indices(counts, shape_of(v)[along]), along);
    }, x, repeats, axis);
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

/// x repeated as a whole, `counts[k]` times along axis k, counted from the last; new axes come in front.
struct tile_fn {
    template <element T, std::size_t N, std::size_t K>
    auto operator()(const tensor<T, N>& x, const extent (&counts)[K]) const {
        return detail::with_rank<N == dynamic_rank ? N : std::max(N, K)>(detail::tile_axes<T>(x, detail::shape_from(counts)));
    }
    template <element T, std::size_t N, integral_range Counts>
    tensor<T> operator()(const tensor<T, N>& x, const Counts& counts) const {
        return detail::tile_axes<T>(x, shape(counts));
    }
    template <element T, std::size_t N, std::convertible_to<extent> Count>
    auto operator()(const tensor<T, N>& x, Count count) const {
        return (*this)(x, {extent{count}});
    }
};
inline constexpr tile_fn tile{};

/// Each element along `axis` several times, one after the other: the same number for all, or a tensor with one for each.
/// Without an axis, of the elements in row-major order. Throws `shape_error`, `value_error`, `index_error`.
struct repeat_interleave_fn {
    template <element T, std::size_t N, element Integer, std::size_t M>
    tensor<T, 1> operator()(const tensor<T, N>& x, const tensor<Integer, M>& repeats) const {
        return (*this)(tensor<T, 1>{detail::reshape_to(x, {x.size()})}, repeats, 0);
    }
    template <element T, std::size_t N, element Integer, std::size_t M>
    tensor<T, N> operator()(const tensor<T, N>& x, const tensor<Integer, M>& repeats, extent axis) const {
        static_assert(N != 0, "a tensor without axes has none to repeat along");
        const auto along = normalize_axis("repeat_interleave", axis, x.rank());
        return detail::with_rank<N>(detail::repeat_along<T, Integer>(x, repeats, along));
    }
    template <element T, std::size_t N, std::convertible_to<extent> Count>
    tensor<T, 1> operator()(const tensor<T, N>& x, Count repeats) const {
        return (*this)(x, tensor<std::int64_t, 0>(extent{repeats}.value));
    }
    template <element T, std::size_t N, std::convertible_to<extent> Count>
    tensor<T, N> operator()(const tensor<T, N>& x, Count repeats, extent axis) const {
        return (*this)(x, tensor<std::int64_t, 0>(extent{repeats}.value), axis);
    }
};
inline constexpr repeat_interleave_fn repeat_interleave{};

}  // namespace xgrad

// Defined by xgrad::compiled.
#if defined(XGRAD_INSTANCE)
namespace xgrad::inline XGRAD_ABI::detail {
#define XGRAD_INSTANCES(T) \
    XGRAD_INSTANCE tensor<T> flip_axes(const basic_tensor<T>&, axis_set); \
    XGRAD_INSTANCE tensor<T> roll_axes(const basic_tensor<T>&, extents, extents); \
    XGRAD_INSTANCE tensor<T> roll_all(const basic_tensor<T>&, std::ptrdiff_t); \
    XGRAD_INSTANCE tensor<T> rotate_plane(const basic_tensor<T>&, std::ptrdiff_t, std::size_t, std::size_t); \
    XGRAD_INSTANCE tensor<T> move_axes(const basic_tensor<T>&, extents, extents); \
    XGRAD_INSTANCE tensor<T> tile_axes(const basic_tensor<T>&, const shape&);
XGRAD_FOR_REAL_TYPES(XGRAD_INSTANCES)
#undef XGRAD_INSTANCES
}
#endif
