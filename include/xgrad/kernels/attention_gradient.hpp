// The gradient of attention. With P the weights, P' what dropout leaves of them, and dP' = dy v^T:
//
//     dS = P (dP - r),  r = sum_j dP_j P_j = sum dy y        dq = scale dS k,  dk = scale dS^T q,  dv = P'^T dy,  dbias = dS
#pragma once

#include <xgrad/core/config.hpp>
#include <xgrad/core/memory.hpp>
#include <xgrad/core/parallel.hpp>
#include <xgrad/core/simd.hpp>
#include <xgrad/kernels/attention.hpp>
#include <xgrad/kernels/gemm.hpp>
#include <xgrad/kernels/matrix_ref.hpp>

#include <algorithm>
#include <cstddef>

namespace xgrad::inline XGRAD_ABI::kernels {

/// What the gradient is computed from, and where it goes: any of the four may be null. dbias has the bias's
/// shape, and is added to.
template <class T>
struct attention_gradient {
    const T *dy, *y, *maxima, *shares;
    T *dq, *dk, *dv;
    T* dbias;
};

namespace detail {

/// The blocks of the gradient.
template <class T>
class gradient_blocks {
    static constexpr auto block = attention<T>::query_block * attention<T>::key_block;

public:
    gradient_blocks(const attention<T>& of, const attention_gradient<T>& with, const T* products)
        : m_of{of}, m_with{with}, m_products{products}, m_room{2 * block}, m_turned_k{of, of.width}, m_turned_v{of, of.v_width} {}

    struct turned {
        matrix_ref<const T> k, v;
    };
    turned read(std::size_t head, std::size_t key) const {
        return {m_turned_k(m_of.k_part(head, key)), wants_slopes() ? m_turned_v(m_of.v_part(head, key)) : matrix_ref<const T>{}};
    }

    /// Finds P' and scale dS of a block; dS itself where a bias wants it.
    void find(std::size_t head, std::size_t query, std::size_t key, const turned& of_key) {
        const auto rows = m_of.rows_from(query), columns = m_of.columns_from(key);
        const auto first = head * m_of.queries + query;
        auto *const p = weights(), *const ds = slopes();
        m_of.scores(head, query, key, of_key.k, p);
        for (auto row = std::size_t{0}; row < rows; ++row) {
            const auto shift = simd::batch<T>(m_with.maxima[first + row]), share = simd::batch<T>(m_with.shares[first + row]);
            change_row(p + row * columns, columns, [&](const auto& s) { return simd::exp(s - shift) * share; });
        }
        if (wants_slopes()) {
            gemm<T>(dy_part(head, query), of_key.v, row_major(ds, rows, columns));
            m_of.drop(head, query, key, ds);
            for (auto row = std::size_t{0}; row < rows; ++row) {
                const auto product = simd::batch<T>(m_products[first + row]);
                const auto factor = simd::batch<T>(m_with.dbias == nullptr ? m_of.scale : T{1});
                auto* const own = p + row * columns;
                auto* const to = ds + row * columns;
                for (auto j = std::size_t{0}; j < columns; j += simd::width<T>) {
                    const auto count = columns - j;
                    const auto weight = simd::load_up_to(own + j, count);
                    const auto slope = simd::batch<T>(weight * (simd::load_up_to(to + j, count) - product) * factor);
                    simd::store_up_to(to + j, simd::batch<T>(simd::select(weight == simd::batch<T>(T{0}), weight, slope)), count);
                }
            }
        }
        m_of.drop(head, query, key, p);
    }
    void add_to_dq(std::size_t head, std::size_t query, std::size_t key) const {
        if (m_with.dq == nullptr) return;
        const auto rows = m_of.rows_from(query), columns = m_of.columns_from(key);
        gemm<T>(row_major(slopes(), rows, columns), m_of.k_part(head, key),
                m_of.part(m_with.dq, head, m_of.queries, m_of.width, query, rows), true);
    }
    void add_to_dk_dv(std::size_t head, std::size_t query, std::size_t key) const {
        const auto rows = m_of.rows_from(query), columns = m_of.columns_from(key), own = head / m_of.group;
        if (m_with.dk != nullptr)
            gemm<T>(row_major(slopes(), rows, columns).transposed(), m_of.q_part(head, query),
                    m_of.part(m_with.dk, own, m_of.keys, m_of.width, key, columns), true);
        if (m_with.dv != nullptr)
            gemm<T>(row_major(weights(), rows, columns).transposed(), dy_part(head, query),
                    m_of.part(m_with.dv, own, m_of.keys, m_of.v_width, key, columns), true);
    }
    void add_to_dbias(std::size_t head, std::size_t query, std::size_t key) const {
        const auto rows = m_of.rows_from(query), columns = m_of.columns_from(key);
        for (auto row = std::size_t{0}; row < rows; ++row) {
            auto* const to = m_with.dbias + (m_of.bias.at(head, query + row, key) - m_of.bias.data);
            for (auto j = std::size_t{0}; j < columns; ++j) to[j * m_of.bias.key_step] += slopes()[row * columns + j];
        }
    }

private:
    bool wants_slopes() const { return m_with.dq != nullptr || m_with.dk != nullptr || m_with.dbias != nullptr; }
    T* weights() const { return m_room.data(); }
    T* slopes() const { return m_room.data() + block; }
    auto dy_part(std::size_t head, std::size_t query) const {
        return m_of.part(m_with.dy, head, m_of.queries, m_of.v_width, query, m_of.rows_from(query));
    }

    const attention<T>& m_of;
    const attention_gradient<T>& m_with;
    const T* m_products;
    memory::scratch<T> m_room;
    turned_part<T> m_turned_k, m_turned_v;
};

/// sum dy y of each query.
template <class T>
void row_products(const attention<T>& of, const attention_gradient<T>& with, T* products) {
    for (auto i = std::size_t{0}; i < of.heads * of.queries; ++i) {
        const auto *const dy = with.dy + i * of.v_width, *const y = with.y + i * of.v_width;
        products[i] = simd::fold(fold_terms<1, simd::width<T>>(sum_of{}, simd::batch<T>(T{0}), 0, of.v_width, [=, &of](std::size_t j) {
            return simd::batch<T>(simd::load_up_to(dy + j, of.v_width - j) * simd::load_up_to(y + j, of.v_width - j));
        }), sum_of{});
    }
}

/// The ways through all blocks. Each adds to an element in the same order: heads, then keys, then queries.
template <class T>
class gradient_ways {
public:
    gradient_ways(const attention<T>& of, const attention_gradient<T>& with, const T* products)
        : m_of{of}, m_with{with}, m_products{products} {}

    /// Everything but dbias, each block computed once: by heads of keys.
    void by_heads() const {
        run(m_of.key_heads(), m_of.group * m_of.queries * m_of.keys, [this](auto& blocks, std::size_t own) {
            for (auto head = own * m_of.group; head < (own + 1) * m_of.group; ++head)
                find_each(blocks, head, 0, m_of.queries, 0, m_of.keys, [&](std::size_t query, std::size_t key) {
                    blocks.add_to_dq(head, query, key);
                    blocks.add_to_dk_dv(head, query, key);
                });
        });
    }
    /// dq, by blocks of queries.
    void by_queries() const {
        const auto count = m_of.query_blocks();
        run(m_of.heads * count, m_of.query_block * m_of.keys, [this, count](auto& blocks, std::size_t i) {
            const auto head = i / count, first = i % count * m_of.query_block;
            find_each(blocks, head, first, first + m_of.rows_from(first), 0, m_of.keys,
                      [&](std::size_t query, std::size_t key) { blocks.add_to_dq(head, query, key); });
        });
    }
    /// dk and dv, by blocks of keys.
    void by_keys() const {
        const auto count = m_of.key_blocks();
        run(m_of.key_heads() * count, m_of.group * m_of.queries * m_of.key_block, [this, count](auto& blocks, std::size_t i) {
            const auto own = i / count, first = i % count * m_of.key_block;
            for (auto head = own * m_of.group; head < (own + 1) * m_of.group; ++head)
                find_each(blocks, head, 0, m_of.queries, first, first + m_of.columns_from(first),
                          [&](std::size_t query, std::size_t key) { blocks.add_to_dk_dv(head, query, key); });
        });
    }
    /// dbias, which heads may share, and queries too: by blocks of queries, or by none.
    void by_bias() const {
        const auto rows = m_of.bias.query_step == 0 ? std::max<std::size_t>(1, m_of.queries) : m_of.query_block;
        run((m_of.queries + rows - 1) / rows, m_of.heads * rows * m_of.keys, [this, rows](auto& blocks, std::size_t i) {
            const auto first = i * rows;
            for (auto head = std::size_t{0}; head < m_of.heads; ++head)
                find_each(blocks, head, first, std::min(first + rows, m_of.queries), 0, m_of.keys,
                          [&](std::size_t query, std::size_t key) { blocks.add_to_dbias(head, query, key); });
        });
    }

private:
    /// f(query, key) once a block is found.
    template <class F>
    void find_each(gradient_blocks<T>& blocks, std::size_t head, std::size_t query, std::size_t query_end, std::size_t key, std::size_t key_end,
                   const F& f) const {
        for_each_block(m_of, query, query_end, key, key_end, [&](std::size_t at) { return blocks.read(head, at); },
                       [&](std::size_t q, std::size_t k, const auto& of_key) {
                           blocks.find(head, q, k, of_key);
                           f(q, k);
                       });
    }
    template <class F>
    void run(std::size_t items, std::size_t scores, const F& f) const {
        const auto work = std::max<std::size_t>(1, scores * (m_of.width + m_of.v_width));
        parallel_for(items, attention_work / work + 1, [&](std::size_t begin, std::size_t end) {
            auto blocks = gradient_blocks<T>{m_of, m_with, m_products};
            for (auto i = begin; i < end; ++i) f(blocks, i);
        });
    }

    const attention<T>& m_of;
    const attention_gradient<T>& m_with;
    const T* m_products;
};

}  // namespace detail

/// The gradients. Each block of P is computed again: once, where every thread has heads of its own; else once for dq and once
/// for dk and dv, which gives the same bits; and once more for dbias.
template <class T>
void attend_gradient(const attention<T>& of, const attention_gradient<T>& with) {
    const auto clear = [](T* x, std::size_t count) {
        if (x != nullptr) std::fill_n(x, count, T{0});
    };
    clear(with.dq, of.heads * of.queries * of.width);
    clear(with.dk, of.key_heads() * of.keys * of.width);
    clear(with.dv, of.key_heads() * of.keys * of.v_width);
    const auto products = memory::scratch<T>{of.heads * of.queries};
    detail::row_products(of, with, products.data());

    auto all = with, of_q = with, of_keys = with, of_bias = with;
    all.dbias = nullptr;
    of_q.dk = of_q.dv = of_q.dbias = nullptr;
    of_keys.dq = of_keys.dbias = nullptr;
    of_bias.dq = of_bias.dk = of_bias.dv = nullptr;
    const auto any_keys = with.dk != nullptr || with.dv != nullptr;
    const auto threads = static_cast<std::size_t>(num_threads());
    if (with.dq != nullptr && any_keys && (threads == 1 || of.key_heads() >= 2 * threads)) {
        detail::gradient_ways{of, all, products.data()}.by_heads();
    } else {
        if (with.dq != nullptr) detail::gradient_ways{of, of_q, products.data()}.by_queries();
        if (any_keys) detail::gradient_ways{of, of_keys, products.data()}.by_keys();
    }
    if (with.dbias != nullptr) detail::gradient_ways{of, of_bias, products.data()}.by_bias();
}

}  // namespace xgrad::kernels
