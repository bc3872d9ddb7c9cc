// Rows chosen by number, and their sum put back.
#pragma once

#include <xgrad/core/config.hpp>
#include <xgrad/core/memory.hpp>
#include <xgrad/core/parallel.hpp>
#include <xgrad/core/shape.hpp>
#include <xgrad/kernels/reduce.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <utility>

namespace xgrad::inline XGRAD_ABI::kernels {

/// An array seen along one of its axes: (outer, length, inner).
struct axis_view {
    std::size_t outer = 1, length = 1, inner = 1;

    axis_view(const shape& sizes, std::size_t axis) : length{sizes[axis]} {
        for (auto i = std::size_t{0}; i < axis; ++i) outer *= sizes[i];
        for (auto i = axis + 1; i < sizes.rank(); ++i) inner *= sizes[i];
    }
};

/// y[o, k, :] = x[o, indices[k], :]        x: as `at`  y: (outer, count, inner)
template <class T>
void take(const T* x, const axis_view& at, const std::int64_t* indices, std::size_t count, T* y) {
    parallel_for(at.outer * count, light_grain / std::max<std::size_t>(1, at.inner) + 1, [&](std::size_t begin, std::size_t end) {
        auto outer = begin / count, k = begin % count;
        for (auto row = begin; row < end; ++row) {
            const auto from = outer * at.length + static_cast<std::size_t>(indices[k]);
            std::copy_n(x + from * at.inner, at.inner, y + row * at.inner);
            if (++k == count) k = 0, ++outer;
        }
    });
}

namespace detail {

inline constexpr std::size_t add_block = 64;   // rows that are added up one after the other

/// For each row r below `length`, the positions k with indices[k] = r, in order: order[first[r]], ..., order[first[r + 1] - 1].
struct occurrences {
    memory::scratch<std::size_t> first, order;

    occurrences(const std::int64_t* indices, std::size_t count, std::size_t length) : first{length + 1}, order{count} {
        auto* const begin = first.data();
        const auto end_of = [&](std::size_t k) -> std::size_t& { return begin[static_cast<std::size_t>(indices[k]) + 1]; };
        std::fill_n(begin, length + 1, std::size_t{0});
        for (auto k = std::size_t{0}; k < count; ++k) ++end_of(k);
        // Where each row begins, at the place of its end, to which it grows as its positions are written.
        auto before = std::size_t{0};
        for (auto r = std::size_t{1}; r <= length; ++r) before += std::exchange(begin[r], before);
        for (auto k = std::size_t{0}; k < count; ++k) order.data()[end_of(k)++] = k;
    }
};

/// y[i] += the sum of x[order[k], i] over all k, pairwise above a block.
template <class T>
void add_rows(const T* x, std::size_t inner, const std::size_t* order, std::size_t count, T* y) {
    if (count > add_block) {
        const auto half = (count / 2 + add_block - 1) / add_block * add_block;
        const auto rest = memory::scratch<T>{inner};
        std::fill_n(rest.data(), inner, T{0});
        add_rows(x, inner, order, half, y);
        add_rows(x, inner, order + half, count - half, rest.data());
        for (auto i = std::size_t{0}; i < inner; ++i) y[i] = sum_of{}(y[i], rest.data()[i]);
        return;
    }
    for (auto k = std::size_t{0}; k < count; ++k) {
        const auto* const from = x + order[k] * inner;
        for (auto i = std::size_t{0}; i < inner; ++i) y[i] = sum_of{}(y[i], from[i]);
    }
}

}  // namespace detail

/// y[o, j, :] = the sum of x[o, k, :] over all k with indices[k] = j        x: (outer, count, inner)  y: as `at`
/// What comes to one row is added pairwise, so that its rounding error grows with the logarithm of the number.
template <class T>
void add_at(const T* x, const axis_view& at, const std::int64_t* indices, std::size_t count, T* y) {
    if (at.length == 0) return;
    const auto places = detail::occurrences{indices, count, at.length};
    const auto rows = at.outer * at.length;
    parallel_for(rows, light_grain / (at.inner + count * at.inner / at.length + 1) + 1, [&](std::size_t begin, std::size_t end) {
        auto outer = begin / at.length, row = begin % at.length;
        for (auto each = begin; each < end; ++each) {
            const auto first = places.first.data()[row], last = places.first.data()[row + 1];
            std::fill_n(y + each * at.inner, at.inner, T{0});
            detail::add_rows(x + outer * count * at.inner, at.inner, places.order.data() + first, last - first, y + each * at.inner);
            if (++row == at.length) row = 0, ++outer;
        }
    });
}

}  // namespace xgrad::kernels
