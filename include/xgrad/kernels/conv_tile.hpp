// A tile of a product whose factors are read where they are: each row of a and each vector of b from a place of its own, and
// step after step further on by what a table says. What the patches of an image have in common is so read once into the
// first-level cache, and no patch is ever copied.
#pragma once

#include <xgrad/core/config.hpp>
#include <xgrad/core/simd.hpp>
#include <xgrad/kernels/gemm_tile.hpp>

#include <algorithm>
#include <array>
#include <cstddef>
#include <utility>

namespace xgrad::inline XGRAD_ABI::kernels::detail {

/// How much further on than at their beginnings, in elements, the rows of a and the vectors of b are in a step, and what is asked for
/// meanwhile, for what comes after the tile.
struct tile_step {
    std::ptrdiff_t a, b, later = 0;
};

/// The widest tile, in vectors. Where the usual one has two, a third that is left over goes with these, in tiles of four rows:
/// by itself its sums would be too few to hide the latency of an addition.
inline constexpr std::size_t most_vectors = max_vectors < 3 ? 3 : max_vectors;

/// What a tile reads: `steps` steps, the rows of a, and the vectors of b.
template <class T>
struct scattered_factors {
    const tile_step* table;
    std::size_t steps;
    std::array<const T*, max_rows> a;
    std::array<const T*, most_vectors> b;
    const T* later = nullptr;   ///< for a tile that asks
};

/// c(R, V vectors) = the sum over the steps of a times b, or += when `add`. Each element is one chain of multiply-adds in the
/// order of the steps, whatever R and V. Where it `Asks`, it does for what comes after it.
template <class T, std::size_t R, std::size_t V, bool Asks>
XGRAD_NOINLINE void scattered_tile(const scattered_factors<T>& from, T* c, std::ptrdiff_t c_row, bool add) {
    using batch = simd::batch<T>;
    constexpr auto width = simd::width<T>;
    const T* a[R];
    const T* b[V];
    batch sum[R][V];
    XGRAD_UNROLL
    for (auto v = std::size_t{0}; v < V; ++v) b[v] = from.b[v];
    XGRAD_UNROLL
    for (auto r = std::size_t{0}; r < R; ++r) {
        a[r] = from.a[r];
        XGRAD_UNROLL
        for (auto v = std::size_t{0}; v < V; ++v) sum[r][v] = batch(T{0});
    }
    const auto* const later = from.later;
    const auto step = [&](const tile_step& at) XGRAD_INLINED {
        if constexpr (Asks) simd::prefetch_for_later(later + at.later);
        batch row[V];
        XGRAD_UNROLL
        for (auto v = std::size_t{0}; v < V; ++v) {
            row[v] = simd::load(b[v] + at.b);
            hold_in_register(row[v]);
        }
        XGRAD_UNROLL
        for (auto r = std::size_t{0}; r < R; ++r) {
            const auto x = batch(a[r][at.a]);
            XGRAD_UNROLL
            for (auto v = std::size_t{0}; v < V; ++v) sum[r][v] = simd::fma(x, row[v], sum[r][v]);
        }
    };
    const auto* at = from.table;
    auto left = from.steps;
    if constexpr (in_twos)
        for (; left >= 2; left -= 2, at += 2) {
            step(at[0]);
            step(at[1]);
        }
    for (; left != 0; --left, ++at) step(*at);
    XGRAD_UNROLL
    for (auto r = std::size_t{0}; r < R; ++r) {
        XGRAD_UNROLL
        for (auto v = std::size_t{0}; v < V; ++v) {
            auto* const to = c + static_cast<std::ptrdiff_t>(r) * c_row + v * width;
            simd::store(to, add ? simd::load(to) + sum[r][v] : sum[r][v]);
        }
    }
}

template <class T>
using scattered_tile_function = decltype(&scattered_tile<T, 1, 1, false>);

template <class T, std::size_t R, bool Asks>
inline constexpr auto scattered_tiles_of_height = []<std::size_t... V>(std::index_sequence<V...>) {
    return std::array<scattered_tile_function<T>, sizeof...(V)>{&scattered_tile<T, R, V + 1, Asks>...};
}(std::make_index_sequence<R <= 4 ? most_vectors : max_vectors>{});

/// How many vectors wide the tile for the next `left` of them is: not one beside many, whose sums would wait for each other.
inline std::size_t next_width(std::size_t left) { return left == max_vectors + 1 ? std::size_t{3} : std::min(left, max_vectors); }
/// How high the tile for the next rows is when `left` are left: 2, 4 or 6, so that at most one row of it is nobody's.
inline std::size_t next_height(std::size_t left, std::size_t vectors) {
    if (left <= 2) return 2;
    return vectors > max_vectors || left <= 4 || left == 7 || left == 8 ? 4 : 6;
}

/// The tile of 2, 4 or 6 rows and so many vectors.
template <class T, bool Asks = false>
scattered_tile_function<T> select_scattered_tile(std::size_t rows, std::size_t vectors) {
    if (rows == 6) return scattered_tiles_of_height<T, 6, Asks>[vectors - 1];
    return (rows == 2 ? scattered_tiles_of_height<T, 2, Asks> : scattered_tiles_of_height<T, 4, Asks>)[vectors - 1];
}

}  // namespace xgrad::kernels::detail
