// Rearranging for the matrix product: transposing in registers, and panels of b copied to where the tiles
// can read them a row at a time.
#pragma once

#include <xgrad/core/config.hpp>
#include <xgrad/core/simd.hpp>
#include <xgrad/kernels/matrix_ref.hpp>

#include <algorithm>
#include <bit>
#include <cstddef>
#include <utility>

namespace xgrad::inline XGRAD_ABI::kernels::detail {

/// (x0 y0 x1 y1 ...): the first half of the interleaved elements in `x`, the second in `y`.
template <class T>
XGRAD_ALWAYS_INLINE void interleave(simd::batch<T>& x, simd::batch<T>& y) {
#if defined(__GNUC__)
    using native = typename simd::batch<T>::register_type;
    const auto zip = []<std::size_t... I>(native u, native v, std::index_sequence<I...>) {
        constexpr auto width = sizeof...(I);
        return std::pair{
            simd::batch<T>(__builtin_shufflevector(u, v, (I % 2 * width + I / 2)...)),
            simd::batch<T>(__builtin_shufflevector(u, v, (I % 2 * width + (I + width) / 2)...))};
    };
    const auto [low, high] = zip(x, y, std::make_index_sequence<simd::width<T>>{});
    x = low;
    y = high;
#else
    constexpr auto width = simd::width<T>;
    alignas(64) T from[2 * width], to[2 * width];
    x.store_aligned(from);
    y.store_aligned(from + width);
    for (auto i = std::size_t{0}; i < 2 * width; ++i) to[i] = from[i % 2 * width + i / 2];
    x = simd::batch<T>::load_aligned(to);
    y = simd::batch<T>::load_aligned(to + width);
#endif
}

/// Transposes a square of registers: log2(width) rounds, each interleaving row i with row i + width / 2.
template <class T>
XGRAD_ALWAYS_INLINE void transpose(simd::batch<T> (&rows)[simd::width<T>]) {
    constexpr auto width = simd::width<T>, rounds = static_cast<std::size_t>(std::bit_width(width)) - 1;
    XGRAD_UNROLL
    for (auto round = std::size_t{0}; round < rounds; ++round) {
        simd::batch<T> next[width];
        XGRAD_UNROLL
        for (auto i = std::size_t{0}; i < width / 2; ++i) {
            next[2 * i] = rows[i];
            next[2 * i + 1] = rows[i + width / 2];
            interleave<T>(next[2 * i], next[2 * i + 1]);
        }
        XGRAD_UNROLL
        for (auto i = std::size_t{0}; i < width; ++i) rows[i] = next[i];
    }
}

template <class T>
XGRAD_ALWAYS_INLINE simd::batch<T> load_up_to(const T* from, std::size_t count) {
    return count >= simd::width<T> ? simd::load(from) : simd::load_partial(from, count);
}

template <class T>
XGRAD_ALWAYS_INLINE void store_up_to(T* to, const simd::batch<T>& value, std::size_t count) {
    if (count >= simd::width<T>) simd::store(to, value);
    else simd::store_partial(to, value, count);
}

/// to(j, i) = from(i, j), or += when `add`, for at most width x width elements; rows of both have unit
/// stride. Writes no element that is not asked for; `rows_to` > cols of `from` fills up with zeros.
template <class T>
XGRAD_NOINLINE void transpose_block(const T* from, std::ptrdiff_t from_row, std::size_t rows, std::size_t cols,
                                    T* to, std::ptrdiff_t to_row, std::size_t rows_to, bool add) {
    constexpr auto width = simd::width<T>;
    simd::batch<T> block[width];
    if (rows == width && cols == width) {
        XGRAD_UNROLL
        for (auto i = std::size_t{0}; i < width; ++i)
            block[i] = simd::load(from + static_cast<std::ptrdiff_t>(i) * from_row);
    } else {
        XGRAD_UNROLL
        for (auto i = std::size_t{0}; i < width; ++i)
            block[i] = i < rows ? load_up_to(from + static_cast<std::ptrdiff_t>(i) * from_row, cols)
                                : simd::batch<T>(T{0});
    }
    transpose<T>(block);
    XGRAD_UNROLL
    for (auto i = std::size_t{0}; i < width; ++i) {
        if (i >= cols) break;
        auto* row = to + static_cast<std::ptrdiff_t>(i) * to_row;
        store_up_to(row, add ? load_up_to(row, rows_to) + block[i] : block[i], rows_to);
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

/// Copies b, at most `panel_width` columns, to a row-major panel of that width, its last columns zeros.
template <class T>
void pack_panel(matrix_ref<const T> b, T* panel, std::size_t panel_width) {
    constexpr auto width = simd::width<T>;
    const auto stride = static_cast<std::ptrdiff_t>(panel_width);
    for (auto j = std::size_t{0}; j < panel_width; j += width) {
        const auto cols = j < b.cols ? std::min(width, b.cols - j) : 0;
        if (b.row_stride == 1 && b.col_stride != 1 && cols != 0) {
            for (auto p = std::size_t{0}; p < b.rows; p += width)
                transpose_block(b.at(p, j), b.col_stride, cols, std::min(width, b.rows - p),
                                panel + p * panel_width + j, stride, width, false);
        } else if (b.col_stride == 1) {
            for (auto p = std::size_t{0}; p < b.rows; ++p)
                simd::store(panel + p * panel_width + j,
                            cols == 0 ? simd::batch<T>(T{0}) : load_up_to(b.at(p, j), cols));
        } else {
            for (auto p = std::size_t{0}; p < b.rows; ++p)
                for (auto i = std::size_t{0}; i < width; ++i)
                    panel[p * panel_width + j + i] = i < cols ? *b.at(p, j + i) : T{0};
        }
    }
}

}  // namespace xgrad::kernels::detail
