// Reflections that make a matrix triangular: a = q r.
#pragma once

#include <xgrad/core/cmath.hpp>
#include <xgrad/core/config.hpp>
#include <xgrad/core/memory.hpp>
#include <xgrad/kernels/decompose_triangle.hpp>
#include <xgrad/kernels/decompose_vectors.hpp>
#include <xgrad/kernels/gemm.hpp>
#include <xgrad/kernels/matrix_ref.hpp>

#include <algorithm>
#include <array>
#include <concepts>
#include <cstddef>

namespace xgrad::inline XGRAD_ABI::kernels {

/// Makes (beta, v_1, v_2, ...) of x, and gives tau: 1 - tau v v^T with v_0 = 1 takes x to (beta, 0, 0, ...). As in LAPACK, beta
/// has the other sign than x_0, and where x is (x_0, 0, 0, ...) already, tau is 0.
template <std::floating_point T>
T make_reflection(T* x, std::size_t count) {
    const auto rest = length_of(x + 1, count - 1);
    if (rest == T{0}) return T{0};
    const auto alpha = x[0], beta = -std::copysign(std::hypot(alpha, rest), alpha), divisor = alpha - beta;
    x[0] = beta;
    for (auto i = std::size_t{1}; i < count; ++i) x[i] /= divisor;
    return (beta - alpha) / beta;
}

/// Up to `decompose_block` reflections, one after the other: q = 1 - v t v^T, where v has a vector in each row of `vectors`.
/// (Schreiber and Van Loan, A storage-efficient WY representation for products of Householder transformations, 1989)
template <std::floating_point T>
class reflections {
public:
    /// `vectors`: (count, rows), row-major, with the ones and zeros in place.
    reflections(matrix_ref<const T> vectors, const T* tau) : m_vectors{vectors} {
        const auto count = vectors.rows;
        for (auto j = std::size_t{0}; j < count; ++j) {
            T overlap[decompose_block];   // v_i^T v_j
            for (auto i = std::size_t{0}; i < j; ++i)
                overlap[i] = inner_product(vectors.at(i, j), vectors.at(j, j), vectors.cols - j);
            for (auto i = std::size_t{0}; i < j; ++i) {
                auto sum = T{0};
                for (auto k = i; k < j; ++k) sum += m_factors[i * count + k] * overlap[k];
                m_factors[i * count + j] = -tau[j] * sum;
            }
            m_factors[j * count + j] = tau[j];
        }
    }

    /// x := q x, or q^T x.
    void apply(const matrix_ref<T>& x, bool transposed) const {
        const auto count = m_vectors.rows;
        if (x.cols == 0) return;
        const auto room = memory::scratch<T>{2 * count * x.cols};
        const auto first = row_major(room.data(), count, x.cols), second = row_major(first.data + count * x.cols, count, x.cols);
        gemm<T>(m_vectors, x, first);
        const auto factors = row_major(m_factors.data(), count, count);
        gemm<T>(transposed ? factors.transposed() : factors, first, second);
        for (auto i = std::size_t{0}; i < count * x.cols; ++i) second.data[i] = -second.data[i];
        gemm<T>(m_vectors.transposed(), second, x, true);
    }

private:
    matrix_ref<const T> m_vectors;
    std::array<T, decompose_block * decompose_block> m_factors{};
};

namespace detail {

/// Makes a panel triangular, each of whose columns stands in a row of `columns`; the vectors of the reflections remain,
/// and what becomes of the columns goes into the upper triangle `r`.
template <class T>
void reflect_panel(const matrix_ref<T>& columns, T* tau, const matrix_ref<T>& r) {
    const auto rows = columns.cols;
    for (auto j = std::size_t{0}; j < columns.rows; ++j) {
        auto* const v = columns.at(j, j);
        tau[j] = make_reflection(v, rows - j);
        for (auto i = std::size_t{0}; i <= j; ++i) *r.at(i, j) = *columns.at(j, i);
        std::fill_n(columns.at(j, 0), j, T{0});
        *v = T{1};
        for (auto k = j + 1; k < columns.rows; ++k) {
            auto* const other = columns.at(k, j);
            add_multiple(-tau[j] * inner_product(v, other, rows - j), v, other, rows - j);
        }
    }
}

}  // namespace detail

/// a = q r: r on and above the diagonal, below it the vectors of the reflections without their ones, of which `tau` has the
/// factors, min(m, n) of them.        a: (m, n), row-major
/// Golub and Van Loan, Matrix Computations, section 5.2.2, with blocks as in 5.2.3.
template <std::floating_point T>
void factor_qr(matrix_ref<T> a, T* tau) {
    const auto steps = std::min(a.rows, a.cols);
    const auto room = memory::scratch<T>{std::min(steps, decompose_block) * a.rows};
    for (auto begin = std::size_t{0}; begin < steps; begin += decompose_block) {
        const auto count = std::min(decompose_block, steps - begin), end = begin + count, rows = a.rows - begin;
        const auto columns = row_major(room.data(), count, rows);
        for (auto i = std::size_t{0}; i < rows; ++i)
            for (auto j = std::size_t{0}; j < count; ++j) *columns.at(j, i) = *a.at(begin + i, begin + j);
        detail::reflect_panel<T>(columns, tau + begin, a.block(begin, begin, count, count));
        for (auto i = std::size_t{1}; i < rows; ++i)
            for (auto j = std::size_t{0}; j < std::min(i, count); ++j) *a.at(begin + i, begin + j) = *columns.at(j, i);
        if (end != a.cols) reflections<T>{columns, tau + begin}.apply(a.block(begin, end, rows, a.cols - end), true);
    }
}

/// q := the first columns of the product of the reflections that stand below the diagonal of `factors`.
/// factors: (m, n), as factor_qr leaves it, or a part of it that begins `below` the diagonal  q: (m, c), row-major
template <std::floating_point T>
void form_q(matrix_ref<const T> factors, const T* tau, std::size_t steps, matrix_ref<T> q) {
    for (auto i = std::size_t{0}; i < q.rows; ++i)
        for (auto j = std::size_t{0}; j < q.cols; ++j) *q.at(i, j) = i == j ? T{1} : T{0};
    const auto room = memory::scratch<T>{std::min(steps, decompose_block) * q.rows};
    for (auto block = (steps + decompose_block - 1) / decompose_block; block-- > 0;) {
        const auto begin = block * decompose_block, count = std::min(decompose_block, steps - begin), rows = q.rows - begin;
        const auto vectors = row_major(room.data(), count, rows);
        for (auto i = std::size_t{0}; i < rows; ++i)
            for (auto j = std::size_t{0}; j < count; ++j)
                *vectors.at(j, i) = i > j ? *factors.at(begin + i, begin + j) : i == j ? T{1} : T{0};
        reflections<T>{vectors, tau + begin}.apply(q.block(begin, begin, rows, q.cols - begin), false);
    }
}

}  // namespace xgrad::kernels
