// The loops around the tiles of the matrix product: which part of a, b and c is in which cache.
#pragma once

#include <xgrad/core/caches.hpp>
#include <xgrad/core/config.hpp>
#include <xgrad/core/simd.hpp>
#include <xgrad/kernels/gemm_epilogue.hpp>
#include <xgrad/kernels/gemm_pack.hpp>
#include <xgrad/kernels/gemm_tile.hpp>
#include <xgrad/kernels/matrix_ref.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>

namespace xgrad::inline XGRAD_ABI::kernels::detail {

// Of a, which every panel of b reads once from end to end, so many rows at a time stay in the third-level cache. With
// fewer, for the second level, b would be packed more often.
inline constexpr std::size_t block_rows = 4096;

// A tile of so many steps takes as long as a line from memory.
inline constexpr std::size_t steps_of_a_wait = 128;

/// How many rows of b, one panel of `width` columns, a block has, which tile after tile reads: the first-level cache, where that
/// is enough to make little of reading and writing c; else an eighth of the second.
template <class T>
std::size_t block_depth(std::size_t width = max_width<T>) {
    constexpr auto elements = sizeof(T) / sizeof(float), least = std::size_t{256}, most = std::size_t{512};
    const auto row = width * sizeof(T);
    const auto& cache = xgrad::detail::cache_sizes();
    const auto in_first = cache.first.bytes() / row;
    return std::min(most / elements, in_first >= least / elements ? in_first : std::max(cache.second.bytes() / 8 / row, least / elements));
}

/// The parts of [0, size) of at most `largest` items each, as equal as can be.
class even_parts {
public:
    even_parts(std::size_t size, std::size_t largest) : m_count{1}, m_size{size}, m_longer{0} {
        if (size <= largest) return;
        m_count = (size + largest - 1) / largest;
        m_size = size / m_count;
        m_longer = size % m_count;
    }
    std::size_t count() const { return m_count; }
    /// So many of them, the first ones, are one item longer than the others.
    std::size_t longer() const { return m_longer; }
    std::size_t begin(std::size_t part) const { return part * m_size + std::min(part, m_longer); }
    std::size_t size(std::size_t part) const { return m_size + (part < m_longer ? 1 : 0); }

private:
    std::size_t m_count, m_size, m_longer;
};

/// Copies a, whose rows make `tiles`, so that each tile reads what it needs from end to end.
template <class T>
void pack_rows(const matrix_ref<const T>& a, const even_parts& tiles, T* to) {
    const auto higher = tiles.longer() * tiles.size(0);
    pack_tiles<T>(a.block(0, 0, higher, a.cols), tiles.size(0), to);
    pack_tiles<T>(a.block(higher, 0, a.rows - higher, a.cols), tiles.size(tiles.count() - 1), to + higher * a.cols);
}

/// How far apart the rows of a panel of `columns` are: not where the lines of many of them share a place in the cache.
template <class T>
constexpr std::size_t panel_row(std::size_t columns) {
    constexpr auto width = simd::width<T>;
    const auto row = (columns + width - 1) / width * width;
    return row > max_width<T> ? (row / width | 1) * width : row;
}

/// How many vectors the tiles for the next columns are wide, when `cols` are left.
template <class T>
std::size_t next_vectors(std::size_t cols, bool single_rows) {
    constexpr auto width = simd::width<T>;
    if (single_rows && cols >= row_vectors * width) return row_vectors;
    if (cols <= width) return 1;
    if (max_vectors == 2 || cols <= 2 * width) return 2;
    return cols > 3 * width ? max_vectors : 2;
}

/// Which of the operands of `product_by_tiles` are copied, a block at a time, and the room that takes. A copy costs about
/// as much as reading the operand once more, or, where the first tile to read a panel of b leaves it behind, next to nothing;
/// it is worth that where the operand is read often, and where each reading costs more than it needs to: lines that fall on
/// top of each other, vectors that cross two lines, a page for each row.
template <class T>
struct packing {
    bool a, b;
    std::size_t depth, rows;   ///< of a block of a
    std::size_t together;      ///< so many panels of b are copied at a time; if it is one, by the first tile that reads it

    packing(const matrix_ref<const T>& left, const matrix_ref<const T>& right, const matrix_ref<T>& c)
        : a{copies_a(left, c)}, b{copies_b(right, c)}, depth{std::min(left.cols, block_depth<T>())},
          rows{std::min(c.rows, block_rows)}, together{b ? copied_together(right, c) : 1} {}

    std::size_t a_size() const { return a ? (depth * rows * sizeof(T) + 63) / 64 * 64 / sizeof(T) : 0; }
    std::size_t size() const { return a_size() + (b ? together * panel_size() : 0); }
    std::size_t panel_size() const { return depth * max_width<T>; }

    /// How many steps ahead a tile asks for a row of b: where the rows are so far apart that the processor does not see what
    /// comes next, and the panel is too large to be in the first-level cache when the next tile wants it.
    std::ptrdiff_t ahead(std::size_t steps) const {
        return !b && steps * panel_bytes > xgrad::detail::cache_sizes().first.bytes() / 2 ? far_ahead : 0;
    }
    static constexpr std::ptrdiff_t far_ahead = 8;

    /// Whether the first tile to read a whole panel of b, of a part of c with so many rows, copies it.
    static bool first_tile_copies(const matrix_ref<const T>& right, const matrix_ref<T>& c, std::size_t rows) {
        return right.col_stride == 1 && c.col_stride == 1 && even_parts{rows, max_rows}.size(0) == max_rows;
    }

private:
    static constexpr std::size_t panel_bytes = max_width<T> * sizeof(T);   // of a row

    // Where b comes from beyond the second-level cache, a line or two of each of its rows come slowly, and eight as fast as the
    // processor reads ahead.
    static std::size_t copied_together(const matrix_ref<const T>& right, const matrix_ref<T>& c) {
        constexpr auto run = std::size_t{512}, few = run / 4;
        if (right.col_stride != 1 || panel_bytes > few || c.rows < 8 * max_rows) return 1;
        const auto row_bytes = static_cast<std::size_t>(right.row_stride) * sizeof(T);
        if (std::min(right.rows, block_depth<T>()) * row_bytes <= xgrad::detail::cache_sizes().second.bytes()) return 1;
        return std::clamp<std::size_t>(c.cols / max_width<T>, 1, run / panel_bytes);
    }
    static bool copies_a(const matrix_ref<const T>& left, const matrix_ref<T>& c) {
        // So many lines, one in each of as many pages, stay where they are for the next tile.
        if (left.cols <= 64 || c.rows <= 8 * max_rows) return false;
        // Rows that all begin at the same place of the first-level cache have no more lines in it than it has ways.
        const auto& first = xgrad::detail::cache_sizes().first;
        const auto on_each_other = first.holds_at(static_cast<std::size_t>(left.row_stride) * sizeof(T)) == first.ways;
        return (left.row_stride == 1 || on_each_other) && c.cols > 8 * max_width<T>;
    }
    static bool copies_b(const matrix_ref<const T>& right, const matrix_ref<T>& c) {
        constexpr auto vector_bytes = simd::width<T> * sizeof(T);
        if (right.col_stride != 1 || (!simd::cheap_partial && c.cols % simd::width<T> != 0)) return true;
        const auto often = (c.cols >= max_width<T> && first_tile_copies(right, c, c.rows) ? 2 : 8) * max_rows;
        const auto row_bytes = static_cast<std::size_t>(right.row_stride) * sizeof(T);
        const auto crosses_lines = (reinterpret_cast<std::uintptr_t>(right.data) | row_bytes) % vector_bytes != 0;
        const auto depth = std::min(right.rows, block_depth<T>());
        const auto falls_out_of = [&](const xgrad::detail::cache& cache) { return cache.holds_at(row_bytes) < depth * 5 / 4; };
        const auto& [first, second] = xgrad::detail::cache_sizes();
        return c.rows > often &&
               (crosses_lines || falls_out_of(second) || (depth * panel_bytes <= first.bytes() && falls_out_of(first)));
    }
};

/// c = a @ b, or c += a @ b when `accumulate`. One of c's strides is 1; `room` holds `packs.size()` elements.
/// After the last change to a part of c it is finished: in registers, or while it is in the first-level cache.
template <class T>
class product_by_tiles {
public:
    product_by_tiles(const matrix_ref<const T>& a, const matrix_ref<const T>& b, const matrix_ref<T>& c, bool accumulate,
                     const packing<T>& packs, T* room, const finisher_of_part<T>& finish)
        : m_a{a}, m_b{b}, m_c{c}, m_accumulate{accumulate}, m_packs{packs}, m_room_a{room}, m_room_b{room + packs.a_size()},
          m_finish{finish} {}

    void operator()() const {
        const auto along_k = even_parts{m_a.cols, block_depth<T>()};
        const auto along_m = even_parts{m_c.rows, block_rows};
        for (auto pk = std::size_t{0}; pk < along_k.count(); ++pk)
            for (auto pm = std::size_t{0}; pm < along_m.count(); ++pm)
                multiply_block({along_m.begin(pm), along_k.begin(pk), along_m.size(pm), along_k.size(pk),
                                m_accumulate || pk != 0, pk + 1 == along_k.count()});
    }

private:
    static constexpr auto line = 64 / sizeof(T);

    struct part {
        std::size_t row, p, rows, depth;   ///< of a
        bool add, complete;
    };

    void multiply_block(const part& of) const {
        constexpr auto width = simd::width<T>;
        const auto a = m_a.block(of.row, of.p, of.rows, of.depth);
        if (m_packs.a) pack_rows<T>(a, even_parts{of.rows, max_rows}, m_room_a);
        const auto single_rows = m_c.rows == 1 && !m_packs.b;
        for (auto j = std::size_t{0}, vectors = std::size_t{0}; j < m_c.cols; j += vectors * width) {
            vectors = next_vectors<T>(m_c.cols - j, single_rows);
            const auto cols = std::min(vectors * width, m_c.cols - j);
            auto panel = m_b.block(of.p, j, of.depth, cols);
            const auto row = static_cast<std::ptrdiff_t>(vectors * width);
            const auto number = j / max_width<T> % m_packs.together;
            auto* const room = m_room_b + number * m_packs.panel_size();
            const auto packed = matrix_ref<const T>{room, of.depth, cols, row, 1};
            const auto whole = cols == max_width<T>, by_tile = whole && packing<T>::first_tile_copies(m_b, m_c, of.rows);
            if (m_packs.b && (m_packs.together > 1 || !by_tile)) {
                if (m_packs.together == 1 || !whole) pack<T>(panel, room, row);
                else if (number == 0) copy_panels(of, j);
                panel = packed;
            }
            multiply_panel(of, a, panel, m_packs.b ? packed : panel, j, vectors);
        }
    }

    /// Copies whole panels of b, from column j on, row by row.
    void copy_panels(const part& of, std::size_t j) const {
        constexpr auto width = simd::width<T>;
        const auto panels = std::min(m_packs.together, (m_c.cols - j) / max_width<T>), apart = m_packs.panel_size();
        for (auto p = std::size_t{0}; p < of.depth; ++p) {
            const auto* from = m_b.at(of.p + p, j);
            auto* to = m_room_b + p * max_width<T>;
            for (auto left = panels; left != 0; --left, from += max_width<T>, to += apart) {
                XGRAD_UNROLL
                for (auto v = std::size_t{0}; v < max_width<T>; v += width) simd::store(to + v, simd::load(from + v));
            }
        }
    }

    /// The first tile reads `first_b`: b, or what shall be copied there.
    void multiply_panel(const part& of, const matrix_ref<const T>& a, const matrix_ref<const T>& first_b,
                        const matrix_ref<const T>& b, std::size_t j, std::size_t vectors) const {
        const auto along_rows = even_parts{of.rows, m_packs.a ? max_rows : tile_rows(vectors)};
        const auto ahead = m_packs.ahead(of.depth);
        for (auto pr = std::size_t{0}; pr < along_rows.count(); ++pr) {
            const auto first = along_rows.begin(pr), height = along_rows.size(pr);
            if (m_b.col_stride == 1 && m_packs.together == 1 && along_rows.count() > 1) prefetch_next(of, j + b.cols, pr, along_rows.count());
            if (of.depth >= steps_of_a_wait) prefetch_tile(of.row + first, height, j);
            auto from = factors<T>{a.at(first, 0), a.row_stride, a.col_stride, b.data, b.row_stride, ahead};
            if (m_packs.a) {
                from.a = m_room_a + first * of.depth;
                from.a_row = 1;
                from.a_k = static_cast<std::ptrdiff_t>(height);
            }
            if (pr != 0 || first_b.data == b.data) {
                multiply_one(of, from, of.row + first, height, j, b.cols, vectors);
                continue;
            }
            from.b = first_b.data;
            from.b_k = first_b.row_stride;
            from.ahead = packing<T>::far_ahead;
            tile_that_copies<T>(of.depth, from, m_c.at(of.row, j), m_c.row_stride, of.add, m_room_b);
            if (of.complete) m_finish(of.row, height, j, b.cols);
        }
    }

    /// Asks for one of `shares` of the panel of b that comes next, from column j on or at the beginning of the next block,
    /// while this one is computed with.
    void prefetch_next(const part& of, std::size_t j, std::size_t share, std::size_t shares) const {
        const auto in_block = j < m_c.cols;
        const auto row = in_block ? of.p : of.p + of.depth, col = in_block ? j : 0;
        const auto depth = std::min(of.depth, m_b.rows - row), cols = std::min(max_width<T>, m_c.cols - col);
        for (auto p = depth * share / shares; p < depth * (share + 1) / shares; ++p)
            for (auto at = std::size_t{0}; at < cols; at += line) simd::prefetch_for_later(m_b.at(row + p, col + at) + line - 1);
    }

    /// Asks for a tile of c, which is read or written when its sums are complete: each of its rows may be in a page of its own.
    void prefetch_tile(std::size_t i, std::size_t height, std::size_t j) const {
        if (m_c.col_stride != 1) return;
        for (auto r = std::size_t{0}; r < height; ++r)
            for (auto at = std::size_t{0}; at < max_width<T>; at += line) simd::prefetch(m_c.at(i + r, j) + at + line - 1);
    }

    void multiply_one(const part& of, const factors<T>& from, std::size_t i, std::size_t height, std::size_t j, std::size_t cols,
                      std::size_t vectors) const {
        if (m_c.col_stride == 1) {
            if (const auto tile = of.complete ? m_finish.tile(height, vectors) : nullptr)
                return tile(of.depth, from, m_c.at(i, j), m_c.row_stride, cols, of.add, m_finish.at(i, j));
            select_tile<T>(height, vectors)(of.depth, from, m_c.at(i, j), m_c.row_stride, cols, of.add);
        } else {
            alignas(64) T tile_of_c[max_tile_size<T>];
            const auto row = static_cast<std::ptrdiff_t>(vectors * simd::width<T>);
            select_tile<T>(height, vectors)(of.depth, from, tile_of_c, row, cols, false);
            transpose_into<T>({tile_of_c, height, cols, row, 1}, m_c.at(i, j), m_c.col_stride, of.add);
        }
        if (of.complete) m_finish(i, height, j, cols);
    }

    matrix_ref<const T> m_a, m_b;
    matrix_ref<T> m_c;
    bool m_accumulate;
    const packing<T>& m_packs;
    T *m_room_a, *m_room_b;
    const finisher_of_part<T>& m_finish;
};

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
        select_tile<T>(height, vectors)(a.cols, {a.at(i, 0), a.row_stride, a.col_stride, b.data, b.row_stride}, c.at(i, 0),
                                        c.row_stride, c.cols, accumulate);
    }
    return true;
}

}  // namespace xgrad::kernels::detail
