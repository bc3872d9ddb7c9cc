// The heart of the matrix product: a tile of c that stays in registers while k runs.
#pragma once

#include <xgrad/core/config.hpp>
#include <xgrad/core/simd.hpp>
#include <xgrad/core/simd_wide.hpp>

#include <array>
#include <concepts>
#include <cstddef>
#include <utility>

namespace xgrad::inline XGRAD_ABI::kernels::detail {

// The widest tile, in vectors: 6 x 4 of 32 registers or 6 x 2 of 16 hold sums, which leaves room for a row
// of b and an element of a, and loads less than half as often as it multiplies. A tile one vector wide is
// taller, for it takes eight independent sums or more to hide the latency of an addition.
inline constexpr std::size_t max_vectors = simd::registers == 32 ? 4 : 2;
inline constexpr std::size_t max_rows = 6, max_rows_narrow = 12;

// Whether two steps are taken at a time: what a loop needs besides its multiply-adds counts where these are few, and most of all
// where two threads share a core.
inline constexpr bool in_twos = simd::registers == 16;

// A single row of c is as wide as the registers allow, so that b is read from memory in long runs.
inline constexpr std::size_t row_vectors = simd::registers / 2;

template <class T>
inline constexpr std::size_t max_width = max_vectors * simd::width<T>;

template <class T>
inline constexpr std::size_t max_tile_size = max_rows * max_width<T>;

constexpr std::size_t tile_rows(std::size_t vectors) {
    return vectors == 1 ? max_rows_narrow : vectors == row_vectors ? 1 : max_rows;
}

template <class Batch, class T>
XGRAD_ALWAYS_INLINE Batch load_row_of_b(const T* b, [[maybe_unused]] bool last, [[maybe_unused]] std::size_t count) {
    if constexpr (simd::cheap_partial && std::same_as<Batch, simd::batch<T>>) {
        if (last) return simd::load_partial(b, count);
    }
    return Batch::load_unaligned(b);
}

template <class T>
XGRAD_ALWAYS_INLINE void hold_in_register(simd::batch<T>& x) {
    simd::hold(x.data);
}
template <class T, std::size_t Bytes>
XGRAD_ALWAYS_INLINE void hold_in_register(simd::wide_batch<T, Bytes>& x) {
    simd::hold(x.value);
}

/// What a tile multiplies: a is strided in both axes, the rows of b have unit stride. The row of b that is read `ahead`
/// steps later is asked for, unless that is 0.
template <class T>
struct factors {
    const T* a;
    std::ptrdiff_t a_row, a_k;
    const T* b;
    std::ptrdiff_t b_k;
    std::ptrdiff_t ahead = 0;
};

/// What is done besides with the vectors of b that a tile reads: nothing.
struct keep_nothing {
    template <class Batch>
    XGRAD_ALWAYS_INLINE void operator()(std::size_t, const Batch&) const {}
};

/// The product a(R, k) @ b(k, cols), of which `put(r, v, sums)` gets every vector; V vectors are just enough for `cols`
/// columns. `keep(v, vector)` sees each row of b, one after the other. Without cheap partial loads, and in vectors of another
/// size than this file's, b must be readable up to V whole vectors.
///
/// Each element is one chain of multiply-adds in the order of k, whatever R and V: so no result depends
/// on how c is cut into tiles.
template <std::size_t R, std::size_t V, class Batch, class T, class Put, class Keep = keep_nothing>
XGRAD_ALWAYS_INLINE void multiply_tile(std::size_t k, const factors<T>& from, std::size_t cols, const Put& put,
                                       Keep keep = {}) {
    constexpr auto width = Batch::size;
    [[maybe_unused]] constexpr auto line = 64 / sizeof(T);
    const auto last = cols - (V - 1) * width;
    const auto* b = from.b;
    const auto a_row = from.a_row, a_k = from.a_k, b_k = from.b_k, ahead = from.ahead;
    // Four rows from each pointer on: more would take more registers than there are for their distances.
    const T* a[(R + 3) / 4];
    XGRAD_UNROLL
    for (auto r = std::size_t{0}; r < R; r += 4) a[r / 4] = from.a + static_cast<std::ptrdiff_t>(r) * a_row;

    Batch sum[R][V];
    XGRAD_UNROLL
    for (auto r = std::size_t{0}; r < R; ++r) {
        XGRAD_UNROLL
        for (auto v = std::size_t{0}; v < V; ++v) sum[r][v] = Batch(T{0});
    }
    const auto step = [&]() XGRAD_INLINED {
        Batch row[V];
        XGRAD_UNROLL
        for (auto v = std::size_t{0}; v < V; ++v) {
            row[v] = load_row_of_b<Batch>(b + v * width, v == V - 1, last);
            hold_in_register(row[v]);
            keep(v, row[v]);
        }
        XGRAD_UNROLL
        for (auto r = std::size_t{0}; r < R; ++r) {
            const auto x = Batch(a[r / 4][static_cast<std::ptrdiff_t>(r % 4) * a_row]);
            XGRAD_UNROLL
            for (auto v = std::size_t{0}; v < V; ++v) sum[r][v] = simd::fma(x, row[v], sum[r][v]);
        }
        XGRAD_UNROLL
        for (auto& rows : a) rows += a_k;
        b += b_k;
    };
    // The tiles of usual size do nearly all of the work of a large product.
    constexpr auto is_usual = V == max_vectors && R + 1 >= max_rows;
    // Where the rows do not begin with a line, the panel before this one has brought the first.
    if constexpr (is_usual) {
        for (auto asked = ahead != 0 ? k : 0; asked != 0; --asked, --k) {
            XGRAD_UNROLL
            for (auto v = std::size_t{0}; v < V; ++v)
                if (v * width % line == 0) simd::prefetch(b + ahead * b_k + v * width + line - 1);
            step();
        }
    }
    if constexpr (is_usual && in_twos)
        for (; k >= 2; k -= 2) {
            step();
            step();
        }
    for (; k != 0; --k) step();
    XGRAD_UNROLL
    for (auto r = std::size_t{0}; r < R; ++r) {
        XGRAD_UNROLL
        for (auto v = std::size_t{0}; v < V; ++v) put(r, v, sum[r][v]);
    }
}

/// Where the sums of a tile go: into c, whose rows have unit stride, or, when `add`, on top of it.
template <class T, std::size_t V>
struct put_into {
    T* c;
    std::ptrdiff_t c_row;
    std::size_t cols;
    bool add;

    XGRAD_ALWAYS_INLINE void operator()(std::size_t r, std::size_t v, const simd::batch<T>& sum) const {
        constexpr auto width = simd::width<T>;
        auto* to = c + static_cast<std::ptrdiff_t>(r) * c_row + v * width;
        const auto count = v < V - 1 ? width : cols - v * width;
        simd::store_up_to(to, add ? simd::load_up_to(to, count) + sum : sum, count);
    }
};

/// c(R, cols) = a(R, k) @ b(k, cols), or += when `add`. The rows of c have unit stride.
template <class T, std::size_t R, std::size_t V>
XGRAD_NOINLINE void tile(std::size_t k, const factors<T>& from, T* c, std::ptrdiff_t c_row, std::size_t cols, bool add) {
    multiply_tile<R, V, simd::batch<T>>(k, from, cols, put_into<T, V>{c, c_row, cols, add});
}

/// The same for a whole tile of usual size, which leaves a copy of its panel of b behind, row after row: what others that
/// read the panel after it find there costs a few stores here.
template <class T>
XGRAD_NOINLINE void tile_that_copies(std::size_t k, const factors<T>& from, T* c, std::ptrdiff_t c_row, bool add, T* copy) {
    constexpr auto width = simd::width<T>;
    multiply_tile<max_rows, max_vectors, simd::batch<T>>(
        k, from, max_width<T>, put_into<T, max_vectors>{c, c_row, max_width<T>, add},
        [copy](std::size_t, const simd::batch<T>& row) mutable {
            simd::store(copy, row);
            copy += width;
        });
}

template <class T>
using tile_function = decltype(&tile<T, 1, 1>);

template <class T, std::size_t V>
inline constexpr auto tiles_of_width = []<std::size_t... R>(std::index_sequence<R...>) {
    return std::array<tile_function<T>, sizeof...(R)>{&tile<T, R + 1, V>...};
}(std::make_index_sequence<tile_rows(V)>{});

/// The tile of `rows` rows and `vectors` = 1, 2, max_vectors or row_vectors vectors.
template <class T>
tile_function<T> select_tile(std::size_t rows, std::size_t vectors) {
    if (vectors == 1) return tiles_of_width<T, 1>[rows - 1];
    if (vectors == row_vectors) return &tile<T, 1, row_vectors>;
    if constexpr (max_vectors > 2)
        if (vectors != 2) return tiles_of_width<T, max_vectors>[rows - 1];
    return tiles_of_width<T, 2>[rows - 1];
}

}  // namespace xgrad::kernels::detail
