// Rearranging for the matrix product: transposing in registers, and panels of b copied to where the tiles
// can read them a row at a time.
#pragma once

#include <xgrad/core/caches.hpp>
#include <xgrad/core/config.hpp>
#include <xgrad/core/simd.hpp>
#include <xgrad/kernels/matrix_ref.hpp>

#include <algorithm>
#include <bit>
#include <cstddef>
#include <cstring>
#include <utility>

namespace xgrad::inline XGRAD_ABI::kernels::detail {

// Shuffles are cheap within lanes of 128 bits, and of whole lanes.
template <class T>
inline constexpr std::size_t lane_size = 16 / sizeof(T);
template <class T>
inline constexpr std::size_t lane_count = simd::width<T> / lane_size<T>;

/// In each lane (x0 y0 x1 y1 ...): the first half of it in `x`, the second in `y`.
struct interleave_in_lanes {
    template <class T>
    static constexpr std::size_t source(std::size_t i, std::size_t half) {
        constexpr auto size = lane_size<T>;
        return i % 2 * simd::width<T> + i / size * size + (i % size + half * size) / 2;
    }
};

/// The lanes with even numbers, of x and then of y, in `x`; those with odd numbers in `y`.
struct part_lanes {
    template <class T>
    static constexpr std::size_t source(std::size_t i, std::size_t half) {
        constexpr auto size = lane_size<T>;
        return (2 * (i / size) + half) * size + i % size;
    }
};

template <class Shuffle, class T>
XGRAD_ALWAYS_INLINE void shuffle(simd::batch<T>& x, simd::batch<T>& y) {
#if defined(__GNUC__)
    [&]<std::size_t... At>(std::index_sequence<At...>) {
        using native = typename simd::batch<T>::register_type;
        const native u = x, v = y;
        x = simd::batch<T>(__builtin_shufflevector(u, v, (Shuffle::template source<T>(At, 0))...));
        y = simd::batch<T>(__builtin_shufflevector(u, v, (Shuffle::template source<T>(At, 1))...));
    }(std::make_index_sequence<simd::width<T>>{});
#else
    constexpr auto width = simd::width<T>;
    alignas(64) T from[2 * width], to[2 * width];
    x.store_aligned(from);
    y.store_aligned(from + width);
    for (auto i = std::size_t{0}; i < 2 * width; ++i)
        to[i] = from[Shuffle::template source<T>(i % width, i / width)];
    x = simd::batch<T>::load_aligned(to);
    y = simd::batch<T>::load_aligned(to + width);
#endif
}

/// Transposes a square of registers: lane_size x lane_size blocks in themselves, log2(lane_size) rounds of
/// interleaving; then the blocks as wholes, log2(lane_count) rounds of parting.
template <class T>
XGRAD_ALWAYS_INLINE void transpose(simd::batch<T> (&rows)[simd::width<T>]) {
    constexpr auto size = lane_size<T>, lanes = lane_count<T>, width = simd::width<T>;
    constexpr auto inner_rounds = std::countr_zero(size), outer_rounds = std::countr_zero(lanes);
    simd::batch<T> next[width];
    XGRAD_UNROLL
    for (auto turn = 0; turn < inner_rounds; ++turn) {
        XGRAD_UNROLL
        for (auto i = std::size_t{0}; i < width / 2; ++i) {
            const auto block = i / (size / 2) * size, row = i % (size / 2);
            auto& x = next[block + 2 * row] = rows[block + row];
            auto& y = next[block + 2 * row + 1] = rows[block + row + size / 2];
            shuffle<interleave_in_lanes, T>(x, y);
        }
        XGRAD_UNROLL
        for (auto i = std::size_t{0}; i < width; ++i) rows[i] = next[i];
    }
    XGRAD_UNROLL
    for (auto turn = 0; turn < outer_rounds; ++turn) {
        XGRAD_UNROLL
        for (auto i = std::size_t{0}; i < width / 2; ++i) {
            const auto block = i / size, row = i % size;
            auto& x = next[block * size + row] = rows[2 * block * size + row];
            auto& y = next[(block + lanes / 2) * size + row] = rows[(2 * block + 1) * size + row];
            shuffle<part_lanes, T>(x, y);
        }
        XGRAD_UNROLL
        for (auto i = std::size_t{0}; i < width; ++i) rows[i] = next[i];
    }
}

/// The sums over the elements of each of `rows`, in one vector: the rounds of a transposition, in which
/// the two results of a shuffle are added instead of kept.
template <class T>
XGRAD_ALWAYS_INLINE simd::batch<T> row_sums(simd::batch<T> (&rows)[simd::width<T>]) {
    constexpr auto size = lane_size<T>, lanes = lane_count<T>;
    XGRAD_UNROLL
    for (auto lane = std::size_t{0}; lane < lanes; ++lane) {
        XGRAD_UNROLL
        for (auto i = std::size_t{0}; i < size - 1; ++i) {
            // i counts the pairs of all rounds: size / 2 of the first, size / 4 of the second, ...
            const auto half = i < size / 2 ? size / 2 : 1, row = i < size / 2 ? i : 0;
            auto& x = rows[lane * size + row], &y = rows[lane * size + row + half];
            shuffle<interleave_in_lanes, T>(x, y);
            x = x + y;
        }
    }
    XGRAD_UNROLL
    for (auto i = std::size_t{0}; i < lanes - 1; ++i) {
        const auto row = i < lanes / 2 ? i : 0;
        rows[row * size] = rows[2 * row * size];
        auto& x = rows[row * size], &y = rows[(2 * row + 1) * size];
        shuffle<part_lanes, T>(x, y);
        x = x + y;
    }
    return rows[0];
}

/// to(j, i) = from(i, j), or += when `add`, for at most width x width elements; rows of both have unit
/// stride. Writes no element that is not asked for; `rows_to` > cols of `from` fills up with zeros.
template <class T>
XGRAD_NOINLINE void transpose_block(const T* from, std::ptrdiff_t from_row, std::size_t rows,
                                    std::size_t cols, T* to, std::ptrdiff_t to_row, std::size_t rows_to,
                                    bool add) {
    constexpr auto width = simd::width<T>;
    simd::batch<T> block[width];
    if (rows == width && cols == width) {
        XGRAD_UNROLL
        for (auto i = std::size_t{0}; i < width; ++i)
            block[i] = simd::load(from + static_cast<std::ptrdiff_t>(i) * from_row);
    } else {
        XGRAD_UNROLL
        for (auto i = std::size_t{0}; i < width; ++i)
            block[i] = i < rows ? simd::load_up_to(from + static_cast<std::ptrdiff_t>(i) * from_row, cols)
                                : simd::batch<T>(T{0});
    }
    transpose<T>(block);
    XGRAD_UNROLL
    for (auto i = std::size_t{0}; i < width; ++i) {
        if (i >= cols) break;
        auto* row = to + static_cast<std::ptrdiff_t>(i) * to_row;
        simd::store_up_to(row, add ? simd::load_up_to(row, rows_to) + block[i] : block[i], rows_to);
    }
}

/// to(j, i) = from(i, j), or += when `add`; both row-major in the sense of unit column strides.
template <class T>
void transpose_into(matrix_ref<const T> from, T* to, std::ptrdiff_t to_row, bool add) {
    constexpr auto width = simd::width<T>;
    for (auto i = std::size_t{0}; i < from.rows; i += width)
        for (auto j = std::size_t{0}; j < from.cols; j += width) {
            const auto rows = std::min(width, from.rows - i);
            transpose_block(from.at(i, j), from.row_stride, rows, std::min(width, from.cols - j),
                            to + static_cast<std::ptrdiff_t>(j) * to_row + i, to_row, rows, add);
        }
}

/// Copies b to row-major rows `to_row` elements apart, and fills the last vector of each with zeros.
template <class T>
void pack(matrix_ref<const T> b, T* to, std::ptrdiff_t to_row) {
    constexpr auto width = simd::width<T>;
    const auto packed = matrix_ref<T>{to, b.rows, b.cols, to_row, 1};
    if (b.col_stride != 1 && b.row_stride == 1) {
        for (auto j = std::size_t{0}; j < b.cols; j += width)
            for (auto p = std::size_t{0}; p < b.rows; p += width)
                transpose_block(b.at(p, j), b.col_stride, std::min(width, b.cols - j),
                                std::min(width, b.rows - p), packed.at(p, j), to_row, width, false);
        return;
    }
    for (auto p = std::size_t{0}; p < b.rows; ++p)
        for (auto j = std::size_t{0}; j < b.cols; j += width) {
            const auto count = std::min(width, b.cols - j);
            if (b.col_stride == 1) {
                simd::store(packed.at(p, j), simd::load_up_to(b.at(p, j), count));
            } else {
                for (auto l = std::size_t{0}; l < width; ++l)
                    *packed.at(p, j + l) = l < count ? *b.at(p, j + l) : T{0};
            }
        }
}

/// Copies up to a vector's worth of elements.
template <class T>
XGRAD_ALWAYS_INLINE void copy_few(const T* from, std::size_t count, T* to) {
    constexpr auto piece = 16 / sizeof(T);
    if constexpr (simd::cheap_partial) {
        simd::store_up_to(to, simd::load_up_to(from, count), count);
    } else if (count < piece) {
        for (auto i = std::size_t{0}; i < count; ++i) to[i] = from[i];
    } else {   // the last piece may cover a part of the one before it
        for (auto i = std::size_t{0}; i + piece < count; i += piece) std::memcpy(to + i, from + i, 16);
        std::memcpy(to + count - piece, from + count - piece, 16);
    }
}

/// Copies a so that what a step of a tile reads of it lies side by side: for one tile of `height` rows after the other, the
/// elements of each column.
template <class T>
void pack_tiles(const matrix_ref<const T>& a, std::size_t height, T* to) {
    const auto tiles = a.rows / height;
    if (a.row_stride != 1) {
        for (auto tile = std::size_t{0}; tile < tiles; ++tile)
            for (auto p = std::size_t{0}; p < a.cols; ++p)
                for (auto i = std::size_t{0}; i < height; ++i) *to++ = *a.at(tile * height + i, p);
        return;
    }
    // Along the columns, in which a is read in long runs; of as many tiles at a time as the first-level cache holds the lines
    // of that are written: they are far apart, and may share a place in it.
    const auto held = xgrad::detail::cache_sizes().first.holds_at(height * a.cols * sizeof(T));
    const auto turn = std::clamp<std::size_t>(held * 2 / 3, 1, 32);
    for (auto tile = std::size_t{0}; tile < tiles; tile += turn)
        for (auto p = std::size_t{0}; p < a.cols; ++p) {
            const auto* from = a.at(tile * height, p);
            auto* place = to + (tile * a.cols + p) * height;
            for (auto left = std::min(turn, tiles - tile); left != 0; --left, from += height, place += height * a.cols)
                copy_few(from, height, place);
        }
}

}  // namespace xgrad::kernels::detail
