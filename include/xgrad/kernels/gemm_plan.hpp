// How a matrix product is computed: which way is cheapest for its shape, and on how many threads.
#pragma once

#include <xgrad/core/config.hpp>
#include <xgrad/core/memory.hpp>
#include <xgrad/core/parallel.hpp>
#include <xgrad/core/simd.hpp>
#include <xgrad/kernels/gemm_blocks.hpp>
#include <xgrad/kernels/gemm_dot.hpp>
#include <xgrad/kernels/gemm_epilogue.hpp>
#include <xgrad/kernels/gemm_wide.hpp>
#include <xgrad/kernels/matrix_ref.hpp>

#include <algorithm>
#include <cstddef>
#include <limits>
#include <optional>

namespace xgrad::inline XGRAD_ABI::kernels::detail {

enum class method { tiles, dots, outer };

/// One way to compute a product: as it stands, or transposed (c' = b' @ a').
struct strategy {
    method how = method::tiles;
    bool transposed = false;
    std::size_t cost = std::numeric_limits<std::size_t>::max();
};

/// The cheaper one of `best` and the ways to compute c = a @ b. The unit of cost is half a vector's
/// multiply-add; what other work costs beside it was measured with AVX-512 on products between 1 and 1024.
template <class T>
strategy cheaper(const strategy& before, bool transposed, const matrix_ref<const T>& a,
                 const matrix_ref<const T>& b, const matrix_ref<T>& c) {
    constexpr auto width = simd::width<T>;
    const auto m = c.rows, n = c.cols, k = a.cols;
    const auto vectors = (n + width - 1) / width;
    auto best = before;
    const auto consider = [&](method how, std::size_t cost) {
        if (cost < best.cost) best = {how, transposed, cost};
    };
    // An element transposed on its way into a panel, or out of a tile, costs one unit.
    const auto transposing = (b.col_stride == 1 ? 0 : k * n) + (c.col_stride == 1 ? 0 : m * n);
    consider(method::tiles, 2 * m * vectors * k + transposing);
    if (b.row_stride == 1 && a.col_stride == 1 && c.col_stride == 1)
        consider(method::dots, m * n * (3 * ((k + width - 1) / width) + 6));
    if (k == 1 && b.col_stride == 1 && c.col_stride == 1) consider(method::outer, m * vectors);
    return best;
}

template <class T>
strategy choose(const matrix_ref<const T>& a, const matrix_ref<const T>& b, const matrix_ref<T>& c) {
    const auto best = cheaper<T>({}, false, a, b, c);
    const auto plain = b.col_stride == 1 && c.col_stride == 1 && c.cols % simd::width<T> == 0;
    return plain ? best : cheaper<T>(best, true, b.transposed(), a.transposed(), c.transposed());
}

/// The work, in multiply-adds, that pays for one more thread.
inline constexpr std::size_t work_per_thread = std::size_t{1} << 19;

/// The parts of c that threads compute, on a grid: whole strips of `strip` columns, and no more than `bands` rows of parts.
class product_grid {
public:
    product_grid(std::size_t rows, std::size_t cols, std::size_t depth, std::size_t strip, std::size_t bands)
        : m_rows{rows}, m_cols{cols}, m_strip{strip}, m_strips{(cols + strip - 1) / strip} {
        const auto affordable = rows * cols * depth / work_per_thread;
        const auto threads = affordable < 2 ? 1 : std::min(affordable, static_cast<std::size_t>(num_threads()));
        m_across = std::min(m_strips, cols >= rows ? threads : (threads + bands - 1) / bands);
        m_down = std::min(bands, threads / m_across);
    }
    std::size_t count() const { return m_across * m_down; }

    /// Calls `part(i, row, rows, col, cols)` for each part i.
    template <class Part>
    void for_each(const Part& part) const {
        const auto run = [&](std::size_t begin, std::size_t end) {
            for (auto i = begin; i < end; ++i) {
                const auto x = i % m_across, y = i / m_across;
                const auto row = m_rows * y / m_down, row_end = m_rows * (y + 1) / m_down;
                const auto col = m_strips * x / m_across * m_strip;
                const auto col_end = std::min(m_strips * (x + 1) / m_across * m_strip, m_cols);
                part(i, row, row_end - row, col, col_end - col);
            }
        };
        if (count() == 1) return part(0, 0, m_rows, 0, m_cols);
        parallel_for(count(), 1, run);
    }

private:
    std::size_t m_rows, m_cols, m_strip, m_strips, m_across = 1, m_down = 1;
};

#if XGRAD_CHOOSES_PRODUCTS
template <class T>
void run_wider(const matrix_ref<const T>& a, const matrix_ref<const T>& b, const matrix_ref<T>& c, bool transposed,
               bool accumulate, const finisher<T>& finish) {
    using product = product_by_wide_tiles<T>;
    const auto grid = product_grid{c.rows, c.cols, a.cols, product::widest().width, c.rows / wide_tiles<T>::least_rows};
    const auto room = product::room_for(c.rows);
    const auto rooms = memory::scratch<T>{grid.count() * room};
    grid.for_each([&](std::size_t i, std::size_t row, std::size_t rows, std::size_t col, std::size_t cols) {
        const auto done = finisher_of_part<T>{finish, c, row, col, transposed};
        product{a.block(row, 0, rows, a.cols), b.block(0, col, b.rows, cols), c.block(row, col, rows, cols), accumulate,
                rooms.data() + i * room, done}();
    });
}
#endif

/// Computes c, on a grid of parts of it, one for each thread. An element's sum is the same in any of them.
template <class T>
void run(const strategy& plan, const matrix_ref<const T>& first, const matrix_ref<const T>& second,
         const matrix_ref<T>& result, bool accumulate, const finisher<T>& finish) {
#if XGRAD_CHOOSES_PRODUCTS
    if (is_for_wider_vectors<T>(first, second) && is_for_wider_vectors<T>(second.transposed(), first.transposed())) {
        if (result.col_stride == 1) return run_wider<T>(first, second, result, false, accumulate, finish);
        return run_wider<T>(second.transposed(), first.transposed(), result.transposed(), true, accumulate, finish);
    }
#endif
    const auto a = plan.transposed ? second.transposed() : first;
    const auto b = plan.transposed ? first.transposed() : second;
    const auto c = plan.transposed ? result.transposed() : result;
    const auto packs = packing<T>{a, b, c};
    const auto grid = product_grid{c.rows, c.cols, a.cols, max_width<T>, (c.rows + max_rows_narrow - 1) / max_rows_narrow};
    auto rooms = std::optional<memory::scratch<T>>{};
    if (plan.how == method::tiles && packs.size() != 0) rooms.emplace(grid.count() * packs.size());
    grid.for_each([&](std::size_t i, std::size_t row, std::size_t rows, std::size_t col, std::size_t cols) {
        const auto done = finisher_of_part<T>{finish, c, row, col, plan.transposed};
        const auto left = a.block(row, 0, rows, a.cols), right = b.block(0, col, b.rows, cols);
        const auto target = c.block(row, col, rows, cols);
        auto* const room = rooms ? rooms->data() + i * packs.size() : nullptr;
        if (plan.how == method::tiles) return product_by_tiles<T>{left, right, target, accumulate, packs, room, done}();
        if (plan.how == method::outer) multiply_outer(left, right, target, accumulate);
        else multiply_by_dots(left, right, target, accumulate);
        done(0, rows, 0, cols);
    });
}

}  // namespace xgrad::kernels::detail
