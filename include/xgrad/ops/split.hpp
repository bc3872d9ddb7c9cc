// A tensor in parts along one axis. Parts along the first axis share the elements.
#pragma once

#include <xgrad/autograd/operation.hpp>
#include <xgrad/autograd/tensor.hpp>
#include <xgrad/core/config.hpp>
#include <xgrad/core/error.hpp>
#include <xgrad/core/shape.hpp>
#include <xgrad/kernels/strided.hpp>
#include <xgrad/ops/view.hpp>

#include <algorithm>
#include <concepts>
#include <cstddef>
#include <span>
#include <utility>
#include <vector>

namespace xgrad::inline XGRAD_ABI {

namespace detail {

template <element T>
std::vector<tensor<T>> parts_value(const basic_tensor<T>& x, std::span<const std::size_t> sizes, std::size_t axis) {
    auto parts = std::vector<tensor<T>>{};
    for (auto first = std::size_t{0}; const auto size : sizes) {
        parts.push_back(range_along(x, axis, first, size));
        first += size;
    }
    return parts;
}
template <element T>
std::vector<tensor<T>> parts_of_sizes(const basic_tensor<T>& x, std::span<const std::size_t> sizes, std::size_t axis) {
    return call("split", {"x", "sizes", "axis"},
                [](const basic_tensor<T>& v, std::span<const std::size_t> each, std::size_t along) {
        return parts_value<T>(v, each, along);
    }, x, sizes, axis);
}

/// Parts of one size, the last may be smaller; of nothing there is one.
template <element T>
std::vector<tensor<T>> parts_of_size(const basic_tensor<T>& x, std::size_t part, std::size_t axis) {
    const auto size = shape_of(x)[axis];
    auto sizes = std::vector<std::size_t>{};
    for (auto rest = size; rest != 0; rest -= sizes.back()) sizes.push_back(std::min(part, rest));
    if (sizes.empty()) sizes.push_back(0);
    return parts_of_sizes<T>(x, sizes, axis);
}

template <element T, class Sizes>
std::vector<tensor<T>> split_into(const basic_tensor<T>& x, const Sizes& wanted, std::size_t axis) {
    const auto size = shape_of(x)[axis];
    auto sizes = std::vector<std::size_t>{};
    auto rest = size;
    for (const auto each : wanted) {
        const auto number = extent{each}.value;
        if (number < 0) fail<value_error>("split", "a size must not be negative, got ", number);
        if (static_cast<std::size_t>(number) > rest) break;
        sizes.push_back(static_cast<std::size_t>(number));
        rest -= sizes.back();
    }
    if (rest != 0 || sizes.size() != std::size(wanted))
        fail<shape_error>("split", "the sizes do not add up to that of axis ", axis, " of ", shape_of(x));
    return parts_of_sizes<T>(x, sizes, axis);
}

template <element T>
std::vector<tensor<T>> split_evenly(const basic_tensor<T>& x, std::ptrdiff_t size, std::size_t axis) {
    if (size < 0 || (size == 0 && shape_of(x)[axis] != 0)) fail<value_error>("split", "parts of size ", size, "; it must be at least 1");
    return parts_of_size(x, static_cast<std::size_t>(size), axis);
}

template <element T>
std::vector<tensor<T>> chunk_value(const basic_tensor<T>& x, std::ptrdiff_t parts, std::size_t axis) {
    if (parts < 1) fail<value_error>("chunk", "into ", parts, " parts; there must be at least 1");
    const auto size = shape_of(x)[axis], count = static_cast<std::size_t>(parts);
    if (size == 0) return parts_of_sizes<T>(x, std::vector<std::size_t>(count, 0), axis);
    return parts_of_size(x, size / count + (size % count != 0 ? 1 : 0), axis);
}
template <element T>
std::vector<tensor<T>> chunk_along(const basic_tensor<T>& x, std::ptrdiff_t parts, std::size_t axis) {
    return call("chunk", {"x", "parts", "axis"}, [](const basic_tensor<T>& v, std::ptrdiff_t count, std::size_t along) {
        return chunk_value<T>(v, count, along);
    }, x, parts, axis);
}

template <element T>
std::vector<tensor<T>> unbind_value(const basic_tensor<T>& x, std::size_t axis) {
    auto at = kernels::strides::row_major(shape_of(x));
    const auto step = at.along[axis];
    auto sizes = shape_of(x);
    sizes.erase(axis);
    const auto dropped = at.along.begin() + static_cast<std::ptrdiff_t>(axis);
    std::copy(dropped + 1, at.along.end(), dropped);
    auto parts = std::vector<tensor<T>>{};
    for (auto i = std::size_t{0}; i < shape_of(x)[axis]; ++i, at.offset += step) parts.push_back(strided_part(x, at, sizes));
    return parts;
}
template <element T>
std::vector<tensor<T>> unbind_along(const basic_tensor<T>& x, std::size_t axis) {
    return call("unbind", {"x", "axis"},
                [](const basic_tensor<T>& v, std::size_t along) { return unbind_value<T>(v, along); },
                x, axis);
}

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

template <std::size_t N, element T>
std::vector<tensor<T, N>> with_ranks(std::vector<tensor<T>> parts) {
    if constexpr (N == dynamic_rank) return parts;
    else {
        auto result = std::vector<tensor<T, N>>{};
        for (auto& part : parts) result.push_back(with_rank<N>(std::move(part)));
        return result;
    }
}

}  // namespace detail

/// x in parts along `axis`: of one size, of which the last may be smaller, or of the sizes in braces or in a range, which add
/// up to that of the axis. Throws `shape_error`, `value_error`, `index_error`.
struct split_fn {
    template <element T, std::size_t N, std::convertible_to<extent> Size>
    std::vector<tensor<T, N>> operator()(const tensor<T, N>& x, Size size, extent axis = 0) const {
        return detail::with_ranks<N>(detail::split_evenly<T>(x, extent{size}, normalize_axis("split", axis, x.rank())));
    }
    template <element T, std::size_t N, std::size_t K>
    std::vector<tensor<T, N>> operator()(const tensor<T, N>& x, const extent (&sizes)[K], extent axis = 0) const {
        return detail::with_ranks<N>(detail::split_into<T>(x, sizes, normalize_axis("split", axis, x.rank())));
    }
    template <element T, std::size_t N, integral_range Sizes>
    std::vector<tensor<T, N>> operator()(const tensor<T, N>& x, const Sizes& sizes, extent axis = 0) const {
        return detail::with_ranks<N>(detail::split_into<T>(x, sizes, normalize_axis("split", axis, x.rank())));
    }
};
inline constexpr split_fn split{};

/// x in at most so many parts along `axis`, all of one size but the last, which may be smaller; fewer, where the size, rounded
/// up, does not leave enough for all, as in PyTorch. Throws `value_error`, `index_error`.
struct chunk_fn {
    template <element T, std::size_t N>
    std::vector<tensor<T, N>> operator()(const tensor<T, N>& x, extent parts, extent axis = 0) const {
        return detail::with_ranks<N>(detail::chunk_along<T>(x, parts, normalize_axis("chunk", axis, x.rank())));
    }
};
inline constexpr chunk_fn chunk{};

/// The parts of x at each index along `axis`, without that axis. Throws `index_error`.
struct unbind_fn {
    template <element T, std::size_t N>
    auto operator()(const tensor<T, N>& x, extent axis = 0) const {
        static_assert(N != 0, "a tensor without axes has none to drop");
        constexpr auto rank = N == dynamic_rank ? N : N - 1;
        return detail::with_ranks<rank>(detail::unbind_along<T>(x, normalize_axis("unbind", axis, x.rank())));
    }
};
inline constexpr unbind_fn unbind{};

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
    XGRAD_INSTANCE std::vector<tensor<T>> parts_of_sizes(const basic_tensor<T>&, std::span<const std::size_t>, std::size_t); \
    XGRAD_INSTANCE std::vector<tensor<T>> split_evenly(const basic_tensor<T>&, std::ptrdiff_t, std::size_t); \
    XGRAD_INSTANCE std::vector<tensor<T>> chunk_along(const basic_tensor<T>&, std::ptrdiff_t, std::size_t); \
    XGRAD_INSTANCE std::vector<tensor<T>> unbind_along(const basic_tensor<T>&, std::size_t); \
    XGRAD_INSTANCE tensor<T> narrow_to(const basic_tensor<T>&, std::ptrdiff_t, std::ptrdiff_t, std::size_t);
XGRAD_FOR_REAL_TYPES(XGRAD_INSTANCES)
#undef XGRAD_INSTANCES
}
#endif
