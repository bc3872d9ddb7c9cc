// The loops around the tiles of the matrix product: which part of a, b and c is in which cache.
#pragma once

#include <xgrad/core/config.hpp>
#include <xgrad/core/simd.hpp>
#include <xgrad/kernels/gemm_epilogue.hpp>
#include <xgrad/kernels/gemm_pack.hpp>
#include <xgrad/kernels/gemm_tile.hpp>
#include <xgrad/kernels/matrix_ref.hpp>

#include <algorithm>
#include <cstddef>

namespace xgrad::inline XGRAD_ABI::kernels::detail {

// block_k rows of b, one panel wide, stay in the second-level cache while tile after tile reads them; of a, which
// every panel reads once from end to end, block_rows x block_k elements stay in the third. With fewer rows, for the
// second level too, b was packed more often: 1024 x 1024 x 1024 took 5 % longer.
template <class T>
inline constexpr std::size_t block_k = 2048 / sizeof(T);
inline constexpr std::size_t block_rows = 4096;

/// The parts of [0, size) of at most `largest` items each, as equal as can be.
class even_parts {
public:
    even_parts(std::size_t size, std::size_t largest) : m_count{1}, m_size{size}, m_longer{0} {
        if (size <= largest) return;
        m_count = (size + largest - 1) / largest;
        m_size = size / m_count;
        m_longer = size % m_count;  // so many of the parts are one item longer
    }
    std::size_t count() const { return m_count; }
    std::size_t begin(std::size_t part) const { return part * m_size + std::min(part, m_longer); }
    std::size_t size(std::size_t part) const { return m_size + (part < m_longer ? 1 : 0); }

private:
    std::size_t m_count, m_size, m_longer;
};

/// How many vectors the tiles for the next columns are wide, when `cols` are left.
template <class T>
std::size_t next_vectors(std::size_t cols, bool single_rows) {
    constexpr auto width = simd::width<T>;
    if (single_rows && cols >= row_vectors * width) return row_vectors;
    if (cols <= width) return 1;
    if (max_vectors == 2 || cols <= 2 * width) return 2;
    return cols > 3 * width ? max_vectors : 2;
}

/// Whether rows this far apart fall on top of each other in a cache, which takes its place for a line from
/// the lower bits of the address.
template <class T>
bool collides(std::ptrdiff_t stride) {
    return stride * static_cast<std::ptrdiff_t>(sizeof(T)) % 4096 == 0;
}

/// Which of the operands of `multiply_by_tiles` are copied, a block at a time, and the room that takes.
template <class T>
struct packing {
    bool a, b;
    std::size_t depth, a_row;

    // a is best read where it is, even with a large stride. b is, too: on the products of a (200, 784)
    // with a (784, 512) matrix, copying it cost 5 %.
    packing(const matrix_ref<const T>& left, const matrix_ref<const T>& right, const matrix_ref<T>& c)
        : a{left.row_stride == 1 && collides<T>(left.col_stride) && c.cols > 2 * max_width<T>},
          b{right.col_stride != 1 || (!simd::cheap_partial && c.cols % simd::width<T> != 0) ||
            (collides<T>(right.row_stride) && c.rows > 8 * max_rows)},
          depth{std::min(left.cols, block_k<T>)},
          a_row{((std::min(c.rows, block_rows) * sizeof(T) + 63) / 64 | 1) * 64 / sizeof(T)} {}

    std::size_t a_size() const { return a ? depth * a_row : 0; }
    std::size_t size() const { return a_size() + (b ? depth * max_width<T> : 0); }
};

/// c = a @ b, or c += a @ b when `accumulate`. One of c's strides is 1; `room` holds `packs.size()` elements.
/// After the last change to a part of c it is finished: in registers, or while it is in the first-level cache.
template <class T>
void multiply_by_tiles(const matrix_ref<const T>& a, const matrix_ref<const T>& b, const matrix_ref<T>& c,
                       bool accumulate, const packing<T>& packs, T* room, const finisher_of_part<T>& finish) {
    constexpr auto width = simd::width<T>;
    const auto along_k = even_parts{a.cols, block_k<T>};
    const auto along_m = even_parts{c.rows, block_rows};
    for (auto pk = std::size_t{0}; pk < along_k.count(); ++pk) {
        const auto p = along_k.begin(pk), depth = along_k.size(pk);
        const auto add = accumulate || pk != 0, complete = pk + 1 == along_k.count();
        const auto single_rows = c.rows == 1 && !packs.b;
        for (auto pm = std::size_t{0}; pm < along_m.count(); ++pm) {
            const auto row = along_m.begin(pm), rows = along_m.size(pm);
            auto block = a.block(row, p, rows, depth);
            if (packs.a) {
                const auto stride = static_cast<std::ptrdiff_t>(packs.a_row);
                pack<T>(block.transposed(), room, stride);
                block = {room, rows, depth, 1, stride};
            }
            auto vectors = std::size_t{0};
            for (auto j = std::size_t{0}; j < c.cols; j += vectors * width) {
                vectors = next_vectors<T>(c.cols - j, single_rows);
                const auto cols = std::min(vectors * width, c.cols - j);
                const auto panel_row = static_cast<std::ptrdiff_t>(vectors * width);
                auto panel = b.block(p, j, depth, cols);
                if (packs.b) {
                    pack<T>(panel, room + packs.a_size(), panel_row);
                    panel = {room + packs.a_size(), depth, cols, panel_row, 1};
                }
                const auto along_rows = even_parts{rows, tile_rows(vectors)};
                for (auto pr = std::size_t{0}; pr < along_rows.count(); ++pr) {
                    const auto first = along_rows.begin(pr), height = along_rows.size(pr), i = row + first;
                    if (const auto tile = complete && c.col_stride == 1 ? finish.tile(height, vectors) : nullptr) {
                        tile(depth, block.at(first, 0), block.row_stride, block.col_stride, panel.data, panel.row_stride,
                             c.at(i, j), c.row_stride, cols, add, finish.at(i, j));
                        continue;
                    }
                    const auto compute_tile = [&](T* to, std::ptrdiff_t to_row, bool add_to) {
                        select_tile<T>(height, vectors)(depth, block.at(first, 0), block.row_stride,
                                                        block.col_stride, panel.data, panel.row_stride, to,
                                                        to_row, cols, add_to);
                    };
                    if (c.col_stride == 1) {
                        compute_tile(c.at(i, j), c.row_stride, add);
                    } else {
                        alignas(64) T tile_of_c[max_tile_size<T>];
                        compute_tile(tile_of_c, panel_row, false);
                        transpose_into<T>({tile_of_c, height, cols, panel_row, 1}, c.at(i, j), c.col_stride,
                                          add);
                    }
                    if (complete) finish(i, height, j, cols);
                }
            }
        }
    }
}

/// The outer product c = a @ b of a column and a row, or c += a @ b when `accumulate`; b and c have unit column
/// strides. Row after row of c, so that memory is written in its own order.
template <class T>
void multiply_outer(const matrix_ref<const T>& a, const matrix_ref<const T>& b, const matrix_ref<T>& c,
                    bool accumulate) {
    constexpr auto width = simd::width<T>;
    const auto* const row = b.data;
    for (auto i = std::size_t{0}; i < c.rows; ++i) {
        const auto x = simd::batch<T>(*a.at(i, 0)), zero = simd::batch<T>(T{0});
        auto* const to = c.at(i, 0);
        for (auto j = std::size_t{0}; j < c.cols; j += width) {
            const auto count = c.cols - j;
            const auto product = simd::fma(x, simd::load_up_to(row + j, count), zero);
            simd::store_up_to(to + j, accumulate ? simd::load_up_to(to + j, count) + product : product, count);
        }
    }
}

/// Computes c if that takes but a few tiles, one above the other, and no copy; says whether it did. Planning
/// would take longer than the work.
template <class T>
bool multiply_small(const matrix_ref<const T>& a, const matrix_ref<const T>& b, const matrix_ref<T>& c,
                    bool accumulate) {
    constexpr auto width = simd::width<T>;
    const auto vectors = next_vectors<T>(c.cols, false);
    if (b.col_stride != 1 || c.col_stride != 1 || c.cols > vectors * width) return false;
    if (c.rows * a.cols > 512 || (!simd::cheap_partial && c.cols % width != 0)) return false;
    const auto along_m = even_parts{c.rows, tile_rows(vectors)};
    for (auto part = std::size_t{0}; part < along_m.count(); ++part) {
        const auto i = along_m.begin(part), height = along_m.size(part);
        select_tile<T>(height, vectors)(a.cols, a.at(i, 0), a.row_stride, a.col_stride, b.data, b.row_stride,
                                        c.at(i, 0), c.row_stride, c.cols, accumulate);
    }
    return true;
}

}  // namespace xgrad::kernels::detail
