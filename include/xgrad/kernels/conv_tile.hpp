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

/// How much further on than at their beginnings, in elements, the rows of a and the vectors of b are in a step.
struct tile_step {
    std::ptrdiff_t a, b;
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
};

/// The sums of a tile of R rows and V vectors. Each element is one chain of multiply-adds in the order of the steps, whatever R and V.
template <class T, std::size_t R, std::size_t V>
class tile_sums {
    using batch = simd::batch<T>;

public:
    XGRAD_ALWAYS_INLINE tile_sums() {
        XGRAD_UNROLL
        for (auto r = std::size_t{0}; r < R; ++r) {
            XGRAD_UNROLL
            for (auto v = std::size_t{0}; v < V; ++v) m_sum[r][v] = batch(T{0});
        }
    }
    /// A step: element r of a column of a is *a(r), vector v of a row of b begins at b(v).
    template <class A, class B>
    XGRAD_ALWAYS_INLINE void add(const A& a, const B& b) {
        batch row[V];
        XGRAD_UNROLL
        for (auto v = std::size_t{0}; v < V; ++v) {
            row[v] = simd::load(b(v));
            hold_in_register(row[v]);
        }
        XGRAD_UNROLL
        for (auto r = std::size_t{0}; r < R; ++r) {
            const auto x = batch(*a(r));
            XGRAD_UNROLL
            for (auto v = std::size_t{0}; v < V; ++v) m_sum[r][v] = simd::fma(x, row[v], m_sum[r][v]);
        }
    }
    /// Into c, or on top of it when `add`.
    XGRAD_ALWAYS_INLINE void put(T* c, std::ptrdiff_t c_row, bool add) const {
        XGRAD_UNROLL
        for (auto r = std::size_t{0}; r < R; ++r) {
            XGRAD_UNROLL
            for (auto v = std::size_t{0}; v < V; ++v) {
                auto* const to = c + static_cast<std::ptrdiff_t>(r) * c_row + v * simd::width<T>;
                simd::store(to, add ? simd::load(to) + m_sum[r][v] : m_sum[r][v]);
            }
        }
    }

private:
    batch m_sum[R][V];
};

/// c(R, V vectors) = the sum over the steps of a times b, or += when `add`.
template <class T, std::size_t R, std::size_t V>
XGRAD_NOINLINE void scattered_tile(const scattered_factors<T>& from, T* c, std::ptrdiff_t c_row, bool add) {
    const T* a[R];
    const T* b[V];
    XGRAD_UNROLL
    for (auto r = std::size_t{0}; r < R; ++r) a[r] = from.a[r];
    XGRAD_UNROLL
    for (auto v = std::size_t{0}; v < V; ++v) b[v] = from.b[v];
    auto sums = tile_sums<T, R, V>{};
    const auto step = [&](const tile_step& at) XGRAD_INLINED {
        sums.add([&](std::size_t r) XGRAD_INLINED { return a[r] + at.a; }, [&](std::size_t v) XGRAD_INLINED { return b[v] + at.b; });
    };
    const auto* at = from.table;
    auto left = from.steps;
    if constexpr (in_twos)
        for (; left >= 2; left -= 2, at += 2) {
            step(at[0]);
            step(at[1]);
        }
    for (; left != 0; --left, ++at) step(*at);
    sums.put(c, c_row, add);
}

template <class T>
using scattered_tile_function = decltype(&scattered_tile<T, 1, 1>);

template <class T, std::size_t R>
inline constexpr auto scattered_tiles_of_height = []<std::size_t... V>(std::index_sequence<V...>) {
    return std::array<scattered_tile_function<T>, sizeof...(V)>{&scattered_tile<T, R, V + 1>...};
}(std::make_index_sequence<R <= 4 ? most_vectors : max_vectors>{});

/// How many vectors wide the tile for the next `left` of them is: not one beside many, whose sums would wait for each other.
inline std::size_t next_width(std::size_t left) { return left == max_vectors + 1 ? std::size_t{3} : std::min(left, max_vectors); }
/// How high the tile for the next rows is when `left` are left: 2, 4 or 6, so that at most one row of it is nobody's.
inline std::size_t next_height(std::size_t left, std::size_t vectors) {
    if (left <= 2) return 2;
    return vectors > max_vectors || left <= 4 || left == 7 || left == 8 ? 4 : 6;
}

/// The tile of 2, 4 or 6 rows and so many vectors.
template <class T>
scattered_tile_function<T> select_scattered_tile(std::size_t rows, std::size_t vectors) {
    if (rows == 6) return scattered_tiles_of_height<T, 6>[vectors - 1];
    return (rows == 2 ? scattered_tiles_of_height<T, 2> : scattered_tiles_of_height<T, 4>)[vectors - 1];
}

}  // namespace xgrad::kernels::detail
