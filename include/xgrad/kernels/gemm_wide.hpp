// The matrix product by wider vectors than a file is compiled for. A program that is built without `-march` has the vectors of
// SSE2 everywhere; here the processor is asked when it runs, and XGRAD_MAX_ISA in the environment.
//
// The tiles are those of gemm_tile.hpp, in functions that are compiled for their own set; a and b are copied, so that
// these need nothing but whole vectors.
#pragma once

#include <xgrad/core/config.hpp>
#include <xgrad/core/simd_wide.hpp>
#include <xgrad/core/vector_sets.hpp>
#include <xgrad/kernels/gemm_blocks.hpp>
#include <xgrad/kernels/gemm_epilogue.hpp>
#include <xgrad/kernels/gemm_pack.hpp>
#include <xgrad/kernels/gemm_tile.hpp>
#include <xgrad/kernels/matrix_ref.hpp>

#include <algorithm>
#include <array>
#include <cstddef>

namespace xgrad::inline XGRAD_ABI::kernels::detail {

#if XGRAD_CHOOSES_PRODUCTS

/// c(R, V vectors) = a(R, k) @ b(k, V vectors), or += when `add`.
template <std::size_t Bytes, std::size_t R, std::size_t V, class T>
XGRAD_ALWAYS_INLINE void whole_tile(std::size_t k, const factors<T>& from, T* c, std::ptrdiff_t c_row, bool add) {
    using batch = simd::wide_batch<T, Bytes>;
    const auto put = [&](std::size_t r, std::size_t v, const batch& sum) XGRAD_INLINED {
        auto* const to = c + static_cast<std::ptrdiff_t>(r) * c_row + v * batch::size;
        if (add) (batch::load_unaligned(to) + sum).store_unaligned(to);
        else sum.store_unaligned(to);
    };
    multiply_tile<R, V, batch>(k, from, V * batch::size, put);
}

template <class T, std::size_t R>
__attribute__((target("avx2,fma"), noinline))
void tile_by_avx2(std::size_t k, const factors<T>& from, T* c, std::ptrdiff_t c_row, bool add) {
    whole_tile<32, R, 2>(k, from, c, c_row, add);
}
template <class T, std::size_t R>
__attribute__((target("avx512f"), noinline))
void tile_by_avx512(std::size_t k, const factors<T>& from, T* c, std::ptrdiff_t c_row, bool add) {
    whole_tile<64, R, 4>(k, from, c, c_row, add);
}

/// The tiles of a set: `width` columns wide, from `least_height` to `max_rows` rows high, which is enough for all numbers of rows
/// from `least_rows` on.
template <class T>
struct wide_tiles {
    static constexpr std::size_t least_height = 4, least_rows = 12;
    std::size_t width;
    std::array<void (*)(std::size_t, const factors<T>&, T*, std::ptrdiff_t, bool), 3> of_height;
};

template <class T>
inline constexpr auto avx2_tiles = wide_tiles<T>{
    64 / sizeof(T), {&tile_by_avx2<T, 4>, &tile_by_avx2<T, 5>, &tile_by_avx2<T, 6>}};
template <class T>
inline constexpr auto avx512_tiles = wide_tiles<T>{
    256 / sizeof(T), {&tile_by_avx512<T, 4>, &tile_by_avx512<T, 5>, &tile_by_avx512<T, 6>}};

/// Whether there are wider vectors, and they save more than copying a and b, once each, costs.
template <class T>
bool is_for_wider_vectors(const matrix_ref<const T>& a, const matrix_ref<const T>& b) {
    const auto m = a.rows, n = b.cols;
    if (m < wide_tiles<T>::least_rows || m * n <= 12 * (m + n)) return false;
    return xgrad::detail::chosen_vectors() != xgrad::detail::vector_set::sse2;
}

/// c = a @ b, or c += a @ b when `accumulate`, of at least `wide_tiles<T>::least_rows` rows. The rows of c have unit stride;
/// `room` holds `room_for(rows of c)` elements. Each part of c is finished after its last change.
template <class T>
class product_by_wide_tiles {
public:
    product_by_wide_tiles(const matrix_ref<const T>& a, const matrix_ref<const T>& b, const matrix_ref<T>& c, bool accumulate,
                          T* room, const finisher_of_part<T>& finish)
        : m_a{a}, m_b{b}, m_c{c}, m_accumulate{accumulate}, m_room_b{room}, m_room_a{room + depth() * widest().width},
          m_finish{finish} {}

    static const wide_tiles<T>& widest() {
        return xgrad::detail::chosen_vectors() == xgrad::detail::vector_set::avx512 ? avx512_tiles<T> : avx2_tiles<T>;
    }
    static std::size_t room_for(std::size_t rows) { return depth() * (widest().width + std::min(rows, block_rows)); }

    void operator()() const {
        const auto along_k = even_parts{m_a.cols, depth()};
        const auto along_m = even_parts{m_c.rows, block_rows};
        for (auto pk = std::size_t{0}; pk < along_k.count(); ++pk)
            for (auto pm = std::size_t{0}; pm < along_m.count(); ++pm)
                multiply_block(along_m.begin(pm), along_m.size(pm), along_k.begin(pk), along_k.size(pk));
    }

private:
    static std::size_t depth() { return block_depth<T>(widest().width); }

    void multiply_block(std::size_t row, std::size_t rows, std::size_t p, std::size_t steps) const {
        const auto along_rows = even_parts{rows, max_rows};
        pack_rows<T>(m_a.block(row, p, rows, steps), along_rows, m_room_a);
        for (auto j = std::size_t{0}; j < m_c.cols;) {
            const auto left = m_c.cols - j;
            const auto& tiles = 2 * left > widest().width ? widest() : avx2_tiles<T>;
            const auto cols = std::min(left, tiles.width);
            pack_panel(m_b.block(p, j, steps, cols), tiles.width);
            for (auto pr = std::size_t{0}; pr < along_rows.count(); ++pr)
                multiply_one(tiles, row, along_rows.begin(pr), along_rows.size(pr), p, steps, j, cols);
            j += cols;
        }
    }

    void pack_panel(const matrix_ref<const T>& b, std::size_t width) const {
        pack<T>(b, m_room_b, static_cast<std::ptrdiff_t>(width));
        if (b.cols == width) return;
        for (auto p = std::size_t{0}; p < b.rows; ++p) {
            auto* const row = m_room_b + p * width;
            std::fill(row + b.cols, row + width, T{0});
        }
    }

    /// c(height, cols) from row i and column j on, by the tile at row `at` of the block that begins at `row`.
    void multiply_one(const wide_tiles<T>& tiles, std::size_t row, std::size_t at, std::size_t height, std::size_t p,
                      std::size_t steps, std::size_t j, std::size_t cols) const {
        const auto i = row + at;
        const auto add = m_accumulate || p != 0;
        const auto width = static_cast<std::ptrdiff_t>(tiles.width);
        const auto tile = tiles.of_height[height - wide_tiles<T>::least_height];
        const auto from = factors<T>{m_room_a + at * steps, 1, static_cast<std::ptrdiff_t>(height), m_room_b, width};
        if (cols == tiles.width) {
            tile(steps, from, m_c.at(i, j), m_c.row_stride, add);
        } else {
            alignas(64) T whole[max_rows * 256 / sizeof(T)];
            tile(steps, from, whole, width, false);
            for (auto r = std::size_t{0}; r < height; ++r)
                for (auto l = std::size_t{0}; l < cols; ++l) {
                    auto& to = *m_c.at(i + r, j + l);
                    const auto sum = whole[r * tiles.width + l];
                    to = add ? to + sum : sum;
                }
        }
        if (p + steps == m_a.cols) m_finish(i, height, j, cols);
    }

    matrix_ref<const T> m_a, m_b;
    matrix_ref<T> m_c;
    bool m_accumulate;
    T *m_room_b, *m_room_a;
    const finisher_of_part<T>& m_finish;
};

#endif

}  // namespace xgrad::kernels::detail
