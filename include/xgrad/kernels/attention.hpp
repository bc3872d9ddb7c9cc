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
#include <xgrad/kernels/gemm_blocks.hpp>
#include <xgrad/kernels/gemm_pack.hpp>
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

    /// The scores of a block, of whose keys `k_turned` is the transpose, with -infinity for what is hidden.
    void scores(std::size_t head, std::size_t query, std::size_t key, const matrix_ref<const T>& k_turned, T* s) const {
        const auto rows = rows_from(query), columns = columns_from(key);
        const auto factor = simd::batch<T>(scale);
        gemm<T>(q_part(head, query), k_turned, row_major(s, rows, columns), false,
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

/// f(query, key, read(key)) for each block of a head that is not hidden, of the queries and keys between: of the same keys for
/// one block of queries after the other.
template <class T, class Read, class F>
void for_each_block(const attention<T>& of, std::size_t query, std::size_t query_end, std::size_t key, std::size_t key_end, const Read& read, const F& f) {
    for (; key < key_end; key += of.key_block) {
        while (query < query_end && of.is_hidden(query, key)) query += of.query_block;   // and so it is from the keys behind
        if (query >= query_end) return;
        const auto of_key = read(key);
        for (auto at = query; at < query_end; at += of.query_block) f(at, key, of_key);
    }
}

/// x[i] = f(x[i])
template <class T, class F>
XGRAD_ALWAYS_INLINE void change_row(T* x, std::size_t count, const F& f) {
    constexpr auto width = simd::width<T>;
    for (auto i = std::size_t{0}; i < count; i += width)
        simd::store_up_to(x + i, simd::batch<T>(f(simd::load_up_to(x + i, count - i))), count - i);
}

/// The transpose of the keys, or of the values, of a block: a copy, where there are more blocks of queries than one to read it.
/// Whether it is one changes the order of sums, and so depends on sizes alone.
template <class T>
class turned_part {
public:
    turned_part(const attention<T>& of, std::size_t width) : m_copies{of.query_blocks() > 1}, m_room{m_copies ? width * row : 0} {}

    matrix_ref<const T> operator()(const matrix_ref<const T>& part) const {
        if (!m_copies) return part.transposed();
        transpose_into<T>(part, m_room.data(), static_cast<std::ptrdiff_t>(row), false);
        return {m_room.data(), part.cols, part.rows, static_cast<std::ptrdiff_t>(row), 1};
    }

private:
    static constexpr std::size_t row = panel_row<T>(attention<T>::key_block);

    bool m_copies;
    memory::scratch<T> m_room;
};

/// x[i] = e^(x[i] - top); gives back their sum.
template <class T>
T exp_row(T* x, std::size_t count, T top) {
    const auto shift = simd::batch<T>(top);
    change_row(x, count, [&](const auto& v) { return simd::exp(v - shift); });
    return fold_row(sum_of{}, x, count);
}

/// Blocks of queries of one head, from `first` on and before `last`: y, and the maximum and 1 / the sum of
/// e^(score - maximum) of each query. Of a query that sees nothing y is 0, and so is 1 / sum.
template <class T>
class attend_blocks {
public:
    attend_blocks(const attention<T>& of, std::size_t head, T* y, T* maxima, T* shares)
        : m_of{of}, m_head{head}, m_out{y + head * of.queries * of.v_width}, m_top{maxima + head * of.queries}, m_sums{shares + head * of.queries},
          m_room{of.query_block * of.key_block}, m_turned{of, of.width} {}

    void operator()(std::size_t first, std::size_t last) const {
        const auto count = last - first;
        std::fill_n(m_out + first * m_of.v_width, count * m_of.v_width, T{0});
        std::fill_n(m_top + first, count, m_of.nothing());
        std::fill_n(m_sums + first, count, T{0});
        for_each_block(m_of, first, last, 0, m_of.keys, [&](std::size_t key) { return m_turned(m_of.k_part(m_head, key)); },
                       [&](std::size_t query, std::size_t key, const auto& k_turned) { add(query, key, k_turned); });
        for (auto query = first; query < last; ++query) {
            if (m_top[query] == m_of.nothing() && m_sums[query] == T{0}) m_top[query] = T{0};
            else m_sums[query] = T{1} / m_sums[query];
            scale(query, m_sums[query]);
        }
    }

private:
    void scale(std::size_t query, T factor) const {
        change_row(m_out + query * m_of.v_width, m_of.v_width, [&](const auto& v) { return v * simd::batch<T>(factor); });
    }
    /// What a block of queries gets of one of keys.
    void add(std::size_t query, std::size_t key, const matrix_ref<const T>& k_turned) const {
        const auto rows = m_of.rows_from(query), count = m_of.columns_from(key);
        m_of.scores(m_head, query, key, k_turned, m_room.data());
        for (auto row = std::size_t{0}; row < rows; ++row) {
            auto* const s = m_room.data() + row * count;
            auto &top = m_top[query + row], &sum = m_sums[query + row];
            const auto largest = std::max(top, fold_row(larger_of{}, s, count));   // NaN makes the sum NaN by itself
            // Nothing seen so far: the block's weights become e^-infinity, 0.
            const auto shift = largest == m_of.nothing() ? T{0} : largest;
            const auto before = largest == top ? T{1} : std::exp(top - shift);
            sum = sum * before + exp_row(s, count, shift);
            if (before != T{1}) scale(query + row, before);
            top = largest;
        }
        m_of.drop(m_head, query, key, m_room.data());
        gemm<T>(row_major(m_room.data(), rows, count), m_of.v_part(m_head, key), row_major(m_out + query * m_of.v_width, rows, m_of.v_width), true);
    }

    const attention<T>& m_of;
    std::size_t m_head;
    T *m_out, *m_top, *m_sums;
    memory::scratch<T> m_room;
    turned_part<T> m_turned;
};

/// The multiply-adds that pay for one more thread.
inline constexpr std::size_t attention_work = std::size_t{1} << 18;

}  // namespace detail

/// y = softmax(q k^T scale + bias) v, head by head; `maxima` and `shares`: (heads, queries), what the gradient needs.
template <class T>
void attend(const attention<T>& of, T* y, T* maxima, T* shares) {
    const auto blocks = of.query_blocks();
    const auto work = of.query_block * of.keys * (of.width + of.v_width);
    parallel_for(of.heads * blocks, detail::attention_work / std::max<std::size_t>(1, work) + 1, [&](std::size_t begin, std::size_t end) {
        for (auto i = begin; i < end;) {
            const auto head = i / blocks, first = i % blocks, last = std::min(blocks, first + end - i);
            detail::attend_blocks<T>{of, head, y, maxima, shares}(first * of.query_block, std::min(of.queries, last * of.query_block));
            i += last - first;
        }
    });
}

}  // namespace xgrad::kernels
