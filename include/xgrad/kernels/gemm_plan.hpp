// How a matrix product is computed: which way is cheapest for its shape, and on how many threads.
#pragma once

#include <xgrad/core/config.hpp>
#include <xgrad/core/memory.hpp>
#include <xgrad/core/parallel.hpp>
#include <xgrad/core/simd.hpp>
#include <xgrad/kernels/gemm_blocks.hpp>
#include <xgrad/kernels/gemm_dot.hpp>
#include <xgrad/kernels/gemm_epilogue.hpp>
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

/// Computes c, on a grid of parts of it, one for each thread. An element's sum is the same in any of them.
template <class T>
void run(const strategy& plan, const matrix_ref<const T>& first, const matrix_ref<const T>& second,
         const matrix_ref<T>& result, bool accumulate, const finisher<T>& finish) {
    const auto a = plan.transposed ? second.transposed() : first;
    const auto b = plan.transposed ? first.transposed() : second;
    const auto c = plan.transposed ? result.transposed() : result;
    const auto packs = packing<T>{a, b, c};
    const auto part = [&](std::size_t row, std::size_t rows, std::size_t col, std::size_t cols, T* room) {
        const auto done = finisher_of_part<T>{finish, c, row, col, plan.transposed};
        const auto left = a.block(row, 0, rows, a.cols), right = b.block(0, col, b.rows, cols);
        const auto target = c.block(row, col, rows, cols);
        if (plan.how == method::tiles)
            return product_by_tiles<T>{left, right, target, accumulate, packs, room, done}();
        if (plan.how == method::outer) multiply_outer(left, right, target, accumulate);
        else multiply_by_dots(left, right, target, accumulate);
        done(0, rows, 0, cols);
    };
    auto rooms = std::optional<memory::scratch<T>>{};
    const auto make_rooms = [&](std::size_t count) -> T* {
        if (plan.how != method::tiles || packs.size() == 0) return nullptr;
        return rooms.emplace(count * packs.size()).data();
    };
    const auto affordable = c.rows * c.cols * a.cols / work_per_thread;
    const auto threads = affordable < 2 ? 1 : std::min(affordable, static_cast<std::size_t>(num_threads()));
    if (threads == 1) return part(0, c.rows, 0, c.cols, make_rooms(1));

    constexpr auto unit = max_width<T>;
    const auto strips = (c.cols + unit - 1) / unit, bands = (c.rows + max_rows_narrow - 1) / max_rows_narrow;
    const auto across = std::min(strips, c.cols >= c.rows ? threads : (threads + bands - 1) / bands);
    const auto down = std::min(bands, threads / across);
    auto* const room = make_rooms(across * down);
    parallel_for(across * down, 1, [&](std::size_t begin, std::size_t end) {
        for (auto i = begin; i < end; ++i) {
            const auto x = i % across, y = i / across;
            const auto row = c.rows * y / down, row_end = c.rows * (y + 1) / down;
            const auto col = strips * x / across * unit, col_end = strips * (x + 1) / across * unit;
            part(row, row_end - row, col, std::min(col_end, c.cols) - col,
                 room == nullptr ? nullptr : room + i * packs.size());
        }
    });
}

}  // namespace xgrad::kernels::detail
