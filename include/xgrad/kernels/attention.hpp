// Attention, a block of scores at a time: softmax(q k^T scale + bias) v without the matrix of scores.
//
// A running maximum and a running sum for each query (M. Milakov, N. Gimelshein, "Online normalizer calculation for softmax",
// 2018) make the result from blocks of keys; both are kept, and from them the gradient computes each block once more (T. Dao,
// "FlashAttention-2", 2023). Blocks are of fixed size and follow each other in order, so that the results are the same bits on
// any number of threads.
#pragma once

#include <xgrad/core/cmath.hpp>
#include <xgrad/core/config.hpp>
#include <xgrad/core/memory.hpp>
#include <xgrad/core/parallel.hpp>
#include <xgrad/core/random.hpp>
#include <xgrad/core/simd.hpp>
#include <xgrad/core/simd_math.hpp>
#include <xgrad/kernels/gemm.hpp>
#include <xgrad/kernels/matrix_ref.hpp>
#include <xgrad/kernels/reduce.hpp>
#include <xgrad/kernels/softmax.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <vector>

namespace xgrad::inline XGRAD_ABI::kernels {

/// Chance that depends on nothing but a key and a place: a block of queries and keys is drawn again alike in any order.
struct attention_dropout {
    double p = 0;   ///< the probability that a weight is left out
    std::uint64_t key = 0;

    bool keeps(std::size_t place) const {
        const auto bits = xgrad::detail::scrambled(key + (static_cast<std::uint64_t>(place) + 1) * 0x9e3779b97f4a7c15u);
        return static_cast<double>(bits >> 11) * 0x1p-53 >= p;
    }
};

/// A matrix for each head, (queries, keys), of which any axis may be broadcast: its elements are stride 0 apart then.
template <class T>
struct head_matrices {
    const T* data = nullptr;
    std::vector<std::size_t, memory::allocator<std::size_t>> first{};   ///< of each head
    std::size_t query_step = 0, key_step = 0;

    const T* at(std::size_t head, std::size_t query, std::size_t key) const {
        return data + first[head] + query * query_step + key * key_step;
    }
};

/// q: (heads, queries, width)  k: (heads / group, keys, width)  v: (heads / group, keys, v_width)  y: (heads, queries, v_width)
template <class T>
struct attention {
    std::size_t heads, group, queries, keys, width, v_width;
    T scale;
    bool causal;   ///< query i sees the keys up to i + keys - queries
    attention_dropout dropout;
    const T *q, *k, *v;
    head_matrices<bool> keep;
    head_matrices<T> bias;

    static constexpr std::size_t query_block = 64, key_block = 128;

    std::size_t key_heads() const { return heads / group; }
    std::size_t query_blocks() const { return (queries + query_block - 1) / query_block; }
    std::size_t key_blocks() const { return (keys + key_block - 1) / key_block; }
    std::size_t rows_from(std::size_t query) const { return std::min(query_block, queries - query); }
    std::size_t columns_from(std::size_t key) const { return std::min(key_block, keys - key); }

    /// How many keys the queries below `query` see.
    std::size_t visible(std::size_t query) const {
        if (!causal) return keys;
        return query + keys < queries ? 0 : std::min(keys, query + keys - queries);
    }
    /// Whether no query of the block that begins at `query` sees a key from `key` on.
    bool is_hidden(std::size_t query, std::size_t key) const { return visible(query + rows_from(query)) <= key; }

    template <class U>
    static matrix_ref<U> part(U* x, std::size_t head, std::size_t length, std::size_t columns, std::size_t first, std::size_t rows) {
        return row_major(x + (head * length + first) * columns, rows, columns);
    }
    auto q_part(std::size_t head, std::size_t query) const { return part(q, head, queries, width, query, rows_from(query)); }
    auto k_part(std::size_t head, std::size_t key) const { return part(k, head / group, keys, width, key, columns_from(key)); }
    auto v_part(std::size_t head, std::size_t key) const { return part(v, head / group, keys, v_width, key, columns_from(key)); }

    /// The scores of a block, with -infinity for what is hidden.
    void scores(std::size_t head, std::size_t query, std::size_t key, T* s) const {
        const auto rows = rows_from(query), columns = columns_from(key);
        const auto factor = simd::batch<T>(scale);
        gemm<T>(q_part(head, query), k_part(head, key).transposed(), row_major(s, rows, columns), false,
                [factor](const auto& value, std::size_t, std::size_t, std::size_t) { return simd::batch<T>(value * factor); });
        for (auto row = std::size_t{0}; row < rows; ++row) {
            auto* const to = s + row * columns;
            if (bias.data != nullptr) {
                const auto* const from = bias.at(head, query + row, key);
                for (auto j = std::size_t{0}; j < columns; ++j) to[j] += from[j * bias.key_step];
            }
            if (keep.data != nullptr) {
                const auto* const from = keep.at(head, query + row, key);
                for (auto j = std::size_t{0}; j < columns; ++j) to[j] = from[j * keep.key_step] ? to[j] : nothing();
            }
            const auto seen = visible(query + row + 1);
            std::fill(to + std::min(columns, seen > key ? seen - key : 0), to + columns, nothing());
        }
    }
    /// Sets weights that chance leaves out to 0, and divides the others by their probability.
    void drop(std::size_t head, std::size_t query, std::size_t key, T* p) const {
        if (dropout.p == 0) return;
        const auto rows = rows_from(query), columns = columns_from(key);
        const auto rest = static_cast<T>(1 / (1 - dropout.p));
        for (auto row = std::size_t{0}; row < rows; ++row)
            for (auto j = std::size_t{0}; j < columns; ++j) {
                auto& weight = p[row * columns + j];
                weight = dropout.keeps((head * queries + query + row) * keys + key + j) ? weight * rest : T{0};
            }
    }
    static constexpr T nothing() { return -std::numeric_limits<T>::infinity(); }
};

namespace detail {

/// x[i] = f(x[i])
template <class T, class F>
XGRAD_ALWAYS_INLINE void change_row(T* x, std::size_t count, const F& f) {
    constexpr auto width = simd::width<T>;
    for (auto i = std::size_t{0}; i < count; i += width)
        simd::store_up_to(x + i, simd::batch<T>(f(simd::load_up_to(x + i, count - i))), count - i);
}

/// x[i] = e^(x[i] - top); gives back their sum.
template <class T>
T exp_row(T* x, std::size_t count, T top) {
    const auto shift = simd::batch<T>(top);
    change_row(x, count, [&](const auto& v) { return simd::exp(v - shift); });
    return fold_row(sum_of{}, x, count);
}

/// One block of queries of one head: y, and the maximum and 1 / the sum of e^(score - maximum) of each query. Of a query that
/// sees nothing y is 0, and so is 1 / sum.
template <class T>
void attend_block(const attention<T>& of, std::size_t head, std::size_t query, T* y, T* maxima, T* shares, T* room) {
    const auto rows = of.rows_from(query), columns = of.v_width;
    auto* const out = y + (head * of.queries + query) * columns;
    auto* const top = maxima + head * of.queries + query;
    auto* const sums = shares + head * of.queries + query;
    std::fill_n(out, rows * columns, T{0});
    std::fill_n(top, rows, of.nothing());
    std::fill_n(sums, rows, T{0});
    for (auto key = std::size_t{0}; key < of.keys && !of.is_hidden(query, key); key += of.key_block) {
        const auto count = of.columns_from(key);
        of.scores(head, query, key, room);
        for (auto row = std::size_t{0}; row < rows; ++row) {
            auto* const s = room + row * count;
            const auto largest = std::max(top[row], fold_row(larger_of{}, s, count));   // NaN makes the sum NaN by itself
            // Nothing seen so far: the block's weights become e^-infinity, 0.
            const auto shift = largest == of.nothing() ? T{0} : largest;
            const auto before = largest == top[row] ? T{1} : std::exp(top[row] - shift);
            sums[row] = sums[row] * before + exp_row(s, count, shift);
            if (before != T{1}) change_row(out + row * columns, columns, [&](const auto& v) { return v * simd::batch<T>(before); });
            top[row] = largest;
        }
        of.drop(head, query, key, room);
        gemm<T>(row_major(room, rows, count), of.v_part(head, key), row_major(out, rows, columns), true);
    }
    for (auto row = std::size_t{0}; row < rows; ++row) {
        if (top[row] == of.nothing() && sums[row] == T{0}) top[row] = T{0};
        else sums[row] = T{1} / sums[row];
        change_row(out + row * columns, columns, [&](const auto& v) { return v * simd::batch<T>(sums[row]); });
    }
}

/// The multiply-adds that pay for one more thread.
inline constexpr std::size_t attention_work = std::size_t{1} << 18;

}  // namespace detail

/// y = softmax(q k^T scale + bias) v, head by head; `maxima` and `shares`: (heads, queries), what the gradient needs.
template <class T>
void attend(const attention<T>& of, T* y, T* maxima, T* shares) {
    const auto blocks = of.query_blocks();
    const auto work = of.query_block * of.keys * (of.width + of.v_width);
    parallel_for(of.heads * blocks, detail::attention_work / std::max<std::size_t>(1, work) + 1, [&](std::size_t begin, std::size_t end) {
        const auto room = memory::scratch<T>{of.query_block * of.key_block};
        for (auto i = begin; i < end; ++i)
            detail::attend_block(of, i / blocks, i % blocks * of.query_block, y, maxima, shares, room.data());
    });
}

}  // namespace xgrad::kernels
