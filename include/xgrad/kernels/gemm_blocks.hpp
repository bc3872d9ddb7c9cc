// The loops around the tiles of the matrix product: which part of a, b and c is in which cache.
#pragma once

#include <xgrad/core/config.hpp>
#include <xgrad/core/simd.hpp>
#include <xgrad/kernels/gemm_pack.hpp>
#include <xgrad/kernels/gemm_tile.hpp>
#include <xgrad/kernels/matrix_ref.hpp>

#include <algorithm>
#include <cstddef>

namespace xgrad::inline XGRAD_ABI::kernels::detail {

// A panel of b, block_k x max_width elements, is read from the first-level cache by one tile after the
// other; block_rows x block_k elements of a stay in the second-level cache from panel to panel.
template <class T>
inline constexpr std::size_t block_k = 1024 / sizeof(T);
inline constexpr std::size_t block_rows = 384;

// From this number of rows on, copying a panel of b costs less than reading it with a large stride again
// and again.
inline constexpr std::size_t pack_rows = 48;

/// The parts of [0, size) of at most `largest` items each, as equal as can be.
class even_parts {
public:
    even_parts(std::size_t size, std::size_t largest) : m_size{size}, m_count{(size + largest - 1) / largest} {}
    std::size_t count() const { return m_count; }
    std::size_t begin(std::size_t part) const { return m_size * part / m_count; }
    std::size_t size(std::size_t part) const { return begin(part + 1) - begin(part); }

private:
    std::size_t m_size, m_count;
};

/// How many vectors the tiles for the next columns are wide, when `cols` are left.
template <class T>
std::size_t next_vectors(std::size_t cols) {
    constexpr auto width = simd::width<T>;
    if (cols <= width) return 1;
    if (max_vectors == 2 || cols <= 2 * width) return 2;
    return cols > 3 * width ? 4 : 2;
}

template <class T>
bool must_pack(matrix_ref<const T> b) {
    return b.col_stride != 1 || (!simd::cheap_partial && b.cols % simd::width<T> != 0);
}

/// The number of elements of scratch memory that `multiply_by_tiles` may ask for.
template <class T>
std::size_t panel_size(std::size_t k) {
    return std::min(k, block_k<T>) * max_width<T>;
}

/// c = a @ b, or c += a @ b when `accumulate`. One of c's strides is 1. After the last change to a part of
/// c, `finish(row, rows, col, cols)` is called for it, while it is in the first-level cache.
template <class T, class Finish>
void multiply_by_tiles(matrix_ref<const T> a, matrix_ref<const T> b, matrix_ref<T> c, bool accumulate, T* panel,
                       const Finish& finish) {
    constexpr auto width = simd::width<T>;
    const auto along_k = even_parts{a.cols, block_k<T>};
    const auto along_m = even_parts{c.rows, block_rows};
    for (auto pk = std::size_t{0}; pk < along_k.count(); ++pk) {
        const auto p = along_k.begin(pk), depth = along_k.size(pk);
        const auto add = accumulate || pk != 0;
        for (auto pm = std::size_t{0}; pm < along_m.count(); ++pm) {
            const auto row = along_m.begin(pm), rows = along_m.size(pm);
            auto vectors = std::size_t{0};
            for (auto j = std::size_t{0}; j < c.cols; j += vectors * width) {
                vectors = next_vectors<T>(c.cols - j);
                const auto cols = std::min(vectors * width, c.cols - j);
                const auto strip = b.block(p, j, depth, cols);
                auto* b_data = strip.data;
                auto b_row = strip.row_stride;
                if (must_pack(strip) || rows >= pack_rows) {
                    pack_panel(strip, panel, vectors * width);
                    b_data = panel;
                    b_row = static_cast<std::ptrdiff_t>(vectors * width);
                }
                const auto along_rows = even_parts{rows, tile_rows(vectors)};
                for (auto pr = std::size_t{0}; pr < along_rows.count(); ++pr) {
                    const auto i = row + along_rows.begin(pr), height = along_rows.size(pr);
                    const auto run = select_tile<T>(height, vectors);
                    if (c.col_stride == 1) {
                        run(depth, a.at(i, p), a.row_stride, a.col_stride, b_data, b_row, c.at(i, j), c.row_stride,
                            cols, add);
                    } else {
                        alignas(64) T buffer[std::max(max_rows * max_width<T>, max_rows_narrow * width)];
                        const auto stride = static_cast<std::ptrdiff_t>(vectors * width);
                        run(depth, a.at(i, p), a.row_stride, a.col_stride, b_data, b_row, buffer, stride, cols,
                            false);
                        transpose_into<T>({buffer, height, cols, stride, 1}, c.at(i, j), c.col_stride, add);
                    }
                    if (pk + 1 == along_k.count()) finish(i, height, j, cols);
                }
            }
        }
    }
}

}  // namespace xgrad::kernels::detail
