// Reflections that make a symmetric matrix tridiagonal: q^T a q = t.
#pragma once

#include <xgrad/core/config.hpp>
#include <xgrad/core/memory.hpp>
#include <xgrad/kernels/decompose_qr.hpp>
#include <xgrad/kernels/decompose_triangle.hpp>
#include <xgrad/kernels/decompose_vectors.hpp>
#include <xgrad/kernels/gemm.hpp>
#include <xgrad/kernels/matrix_ref.hpp>

#include <algorithm>
#include <concepts>
#include <cstddef>

namespace xgrad::inline XGRAD_ABI::kernels {

namespace detail {

/// A block of steps of the reduction. Step i takes column c = begin + i: with its reflection 1 - tau v v^T,
///     p = tau a v,  w = p - tau (p^T v) v / 2,  a := a - v w^T - w v^T,
/// of which the products are put off until the block is done: meanwhile a is less by the v and w of the steps before.
template <std::floating_point T>
class tridiagonal_block {
public:
    tridiagonal_block(const matrix_ref<T>& a, std::size_t begin, std::size_t count, T* room)
        : m_a{a}, m_begin{begin}, m_count{count}, m_v{row_major(room, count, a.rows)},
          m_w{row_major(room + count * a.rows, count, a.rows)} {
        std::fill_n(room, 2 * count * a.rows, T{0});
    }

    void reduce(T* diagonal, T* beside, T* tau) {
        for (auto i = std::size_t{0}; i < m_count; ++i) {
            const auto c = m_begin + i, rest = m_a.rows - c - 1;
            auto* const v = m_v.at(i, c);   // row c of a, then the vector behind it
            std::copy_n(m_a.at(c, c), rest + 1, v);
            for (auto k = std::size_t{0}; k < i; ++k) {
                add_multiple(-*m_w.at(k, c), m_v.at(k, c), v, rest + 1);
                add_multiple(-*m_v.at(k, c), m_w.at(k, c), v, rest + 1);
            }
            diagonal[c] = *v;
            *v = T{0};
            tau[c] = make_reflection(v + 1, rest);
            beside[c] = v[1];
            v[1] = T{1};
            for (auto row = c + 2; row < m_a.rows; ++row) *m_a.at(row, c) = *m_v.at(i, row);
            find_w(i, tau[c]);
        }
        const auto from = m_begin + m_count, rest = m_a.rows - from;
        const auto v = m_v.block(0, from, m_count, rest), w = m_w.block(0, from, m_count, rest);
        const auto left = m_a.block(from, from, rest, rest);
        for (auto i = std::size_t{0}; i < m_count; ++i)
            for (auto j = std::size_t{0}; j < rest; ++j) *v.at(i, j) = -*v.at(i, j);
        gemm<T>(v.transposed(), w, left, true);
        gemm<T>(w.transposed(), v, left, true);
    }

private:
    void find_w(std::size_t i, T tau) {
        const auto first = m_begin + i + 1, rest = m_a.rows - first;
        const auto* const v = m_v.at(i, first);
        auto* const w = m_w.at(i, first);
        gemm<T>(m_a.block(first, first, rest, rest), row_major<const T>(v, rest, 1), row_major(w, rest, 1));
        for (auto k = std::size_t{0}; k < i; ++k) {
            const auto along_w = inner_product(m_w.at(k, first), v, rest), along_v = inner_product(m_v.at(k, first), v, rest);
            add_multiple(-along_w, m_v.at(k, first), w, rest);
            add_multiple(-along_v, m_w.at(k, first), w, rest);
        }
        for (auto k = std::size_t{0}; k < rest; ++k) w[k] *= tau;
        add_multiple(-tau * inner_product(w, v, rest) / 2, v, w, rest);
    }

    matrix_ref<T> m_a;
    std::size_t m_begin, m_count;
    matrix_ref<T> m_v, m_w;
};

}  // namespace detail

/// t with q^T a q = t: its diagonal, and what stands beside it; qt becomes q^T.
/// a: (n, n), row-major, symmetric; it is overwritten.  diagonal: (n)  beside: (n), of which n - 1 count  qt: (n, n), row-major
///
/// Golub and Van Loan, Matrix Computations, section 8.3.1; in blocks as Dongarra, Sorensen and Hammarling, Block reduction of
/// matrices to condensed forms for eigenvalue computations, 1989.
template <std::floating_point T>
void make_tridiagonal(matrix_ref<T> a, T* diagonal, T* beside, matrix_ref<T> qt) {
    const auto size = a.rows;
    if (size == 0) return;
    const auto steps = size - 1;
    const auto room = memory::scratch<T>{2 * decompose_block * size + size + steps * steps};
    auto* const tau = room.data() + 2 * decompose_block * size;
    for (auto begin = std::size_t{0}; begin < steps; begin += decompose_block)
        detail::tridiagonal_block<T>{a, begin, std::min(decompose_block, steps - begin), room.data()}.reduce(diagonal, beside, tau);
    diagonal[steps] = *a.at(steps, steps);
    const auto q = row_major(tau + size, steps, steps);
    form_q<T>(a.block(1, 0, steps, steps), tau, steps, q);
    for (auto i = std::size_t{0}; i < size; ++i)
        for (auto j = std::size_t{0}; j < size; ++j) *qt.at(i, j) = i == 0 || j == 0 ? static_cast<T>(i == j) : *q.at(j - 1, i - 1);
}

}  // namespace xgrad::kernels
