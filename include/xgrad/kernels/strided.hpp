// Copies between a row-major array and a strided view of another: what permutations, slices and stacking
// are made of.
#pragma once

#include <xgrad/core/config.hpp>
#include <xgrad/core/parallel.hpp>
#include <xgrad/core/shape.hpp>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstring>

namespace xgrad::inline XGRAD_ABI::kernels {

/// Where the elements of a strided view stand: element (i, j, ...) at offset + i strides[0] + j strides[1] ...
struct strides {
    std::ptrdiff_t offset = 0;
    std::array<std::ptrdiff_t, max_rank> along{};

    /// Those of a row-major array.
    static strides row_major(const shape& sizes) {
        auto result = strides{};
        auto step = std::ptrdiff_t{1};
        for (auto axis = sizes.rank(); axis-- > 0;) {
            result.along[axis] = step;
            step *= static_cast<std::ptrdiff_t>(sizes[axis]);
        }
        return result;
    }
};

namespace detail {

inline constexpr std::size_t transpose_tile = 16;   // a tile of both sides of a transposition stays in the first-level cache

/// f(strided offset, row-major offset, count, step) for each run along the last axis of a shape with elements.
template <class F>
void for_each_row(const shape& sizes, const strides& at, const F& f) {
    const auto last = sizes.rank() - 1;
    const auto count = sizes[last];
    const auto rows = sizes.elements() / count;
    parallel_for(rows, light_grain / count + 1, [&](std::size_t begin, std::size_t end) {
        for (auto row = begin; row < end; ++row) {
            auto rest = row;
            auto offset = at.offset;
            for (auto axis = last; axis-- > 0;) {
                offset += static_cast<std::ptrdiff_t>(rest % sizes[axis]) * at.along[axis];
                rest /= sizes[axis];
            }
            f(offset, row * count, count, at.along[last]);
        }
    });
}

/// y (rows, columns), row-major, = x with x[r, c] at x[r + c step]: a transposition, tile by tile.
template <class T>
void transpose_plane(const T* x, std::ptrdiff_t step, T* y, std::size_t rows, std::size_t columns) {
    parallel_for((rows + transpose_tile - 1) / transpose_tile, light_grain / (transpose_tile * columns) + 1, [&](std::size_t begin, std::size_t end) {
        for (auto r0 = begin * transpose_tile; r0 < std::min(end * transpose_tile, rows); r0 += transpose_tile)
            for (auto c0 = std::size_t{0}; c0 < columns; c0 += transpose_tile)
                for (auto r = r0; r < std::min(r0 + transpose_tile, rows); ++r)
                    for (auto c = c0; c < std::min(c0 + transpose_tile, columns); ++c)
                        y[r * columns + c] = x[static_cast<std::ptrdiff_t>(r) + static_cast<std::ptrdiff_t>(c) * step];
    });
}

}  // namespace detail

/// y = the view of x with these sizes and strides, in row-major order.
template <class T>
void gather_strided(const T* x, const strides& at, const shape& sizes, T* y) {
    if (sizes.elements() == 0) return;
    if (sizes.rank() == 0) {
        *y = x[at.offset];
        return;
    }
    const auto rank = sizes.rank();
    if (rank >= 2 && at.along[rank - 2] == 1 && at.along[rank - 1] != 1) {
        auto planes = sizes;
        planes.erase(rank - 1);
        planes.erase(rank - 2);
        const auto plane = sizes[rank - 2] * sizes[rank - 1];
        planes.push_back(1);
        detail::for_each_row(planes, at, [&](std::ptrdiff_t from, std::size_t to, std::size_t, std::ptrdiff_t) {
            detail::transpose_plane(x + from, at.along[rank - 1], y + to * plane, sizes[rank - 2], sizes[rank - 1]);
        });
        return;
    }
    detail::for_each_row(sizes, at, [&](std::ptrdiff_t from, std::size_t to, std::size_t count, std::ptrdiff_t step) {
        if (step == 1) std::memcpy(y + to, x + from, count * sizeof(T));
        else
            for (auto i = std::size_t{0}; i < count; ++i) y[to + i] = x[from + static_cast<std::ptrdiff_t>(i) * step];
    });
}

/// The view of y with these sizes and strides = x, which is in row-major order. No two elements of the view
/// are the same.
template <class T>
void scatter_strided(const T* x, const shape& sizes, T* y, const strides& at) {
    if (sizes.elements() == 0) return;
    if (sizes.rank() == 0) {
        y[at.offset] = *x;
        return;
    }
    detail::for_each_row(sizes, at, [&](std::ptrdiff_t to, std::size_t from, std::size_t count, std::ptrdiff_t step) {
        if (step == 1) std::memcpy(y + to, x + from, count * sizeof(T));
        else
            for (auto i = std::size_t{0}; i < count; ++i) y[to + static_cast<std::ptrdiff_t>(i) * step] = x[from + i];
    });
}

}  // namespace xgrad::kernels
