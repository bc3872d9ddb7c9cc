// Elements several times: rows chosen by number along one axis, whose gradients add up.
#pragma once

#include <xgrad/autograd/create.hpp>
#include <xgrad/autograd/operation.hpp>
#include <xgrad/core/config.hpp>
#include <xgrad/core/spans.hpp>
#include <xgrad/ops/index_map.hpp>
#include <xgrad/ops/shape.hpp>
#include <xgrad/ops/take.hpp>

#include <algorithm>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <vector>

namespace xgrad::inline XGRAD_ABI {

namespace detail {

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
        if (size != 0 && count > most_indices / size) 
            fail<shape_error>("tile", sizes, " times ", times, " has more elements than memory can hold");
        if (count != 1) y = take_along(y, index_map(size * count, [=](std::size_t i) { return i % size; }), axis);
    }
    return y;
}
template <element T>
tensor<T> tile_axes(const basic_tensor<T>& x, const shape& times) {
    return call("tile", {"x", "counts"},
                [](const basic_tensor<T>& v, const shape& counts) { return tile_value<T>(v, counts); },
                x, times);
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
    return {span_of(chosen), {chosen.size()}};
}

template <element T, element Integer>
tensor<T> repeat_along(const basic_tensor<T>& x, const basic_tensor<Integer>& repeats, std::size_t axis) {
    return call("repeat_interleave", {"x", "repeats", "axis"},
                [](const basic_tensor<T>& v, const basic_tensor<Integer>& counts, std::size_t along) {
        return take_along(v, repeated_indices(counts, shape_of(v)[along]), along);
    }, x, repeats, axis);
}
/// Of the elements in row-major order.
template <element T, element Integer>
tensor<T> repeat_all(const basic_tensor<T>& x, const basic_tensor<Integer>& repeats) {
    return call("repeat_interleave", {"x", "repeats"}, [](const basic_tensor<T>& v, const basic_tensor<Integer>& counts) {
        return take_along(reshape_to(v, {v.size()}), repeated_indices(counts, v.size()), 0);
    }, x, repeats);
}

}  // namespace detail

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
        return detail::with_rank<1>(detail::repeat_all<T, Integer>(x, repeats));
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
    XGRAD_INSTANCE tensor<T> tile_axes(const basic_tensor<T>&, const shape&);
XGRAD_FOR_REAL_TYPES(XGRAD_INSTANCES)
#undef XGRAD_INSTANCES
}
#endif
