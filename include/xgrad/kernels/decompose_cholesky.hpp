// The square root of a positive definite matrix: a = l l^T.
#pragma once

#include <xgrad/core/cmath.hpp>
#include <xgrad/core/config.hpp>
#include <xgrad/core/memory.hpp>
#include <xgrad/kernels/decompose_triangle.hpp>
#include <xgrad/kernels/decompose_vectors.hpp>
#include <xgrad/kernels/gemm.hpp>
#include <xgrad/kernels/matrix_ref.hpp>

#include <algorithm>
#include <concepts>
#include <cstddef>

namespace xgrad::inline XGRAD_ABI::kernels {

namespace detail {

/// u^T u = w in the place of w, whose rows are those of the upper triangle of a matrix, as many as the block has. Gives back
/// the first row whose pivot is not positive, or their number.
template <class T>
std::size_t factor_rows(const matrix_ref<T>& w) {
    for (auto i = std::size_t{0}; i < w.rows; ++i) {
        auto* const row = w.at(i, i);
        const auto count = w.cols - i;
        for (auto k = std::size_t{0}; k < i; ++k) add_multiple(-*w.at(k, i), w.at(k, i), row, count);
        if (row[0] <= T{0}) return i;
        const auto root = std::sqrt(row[0]);
        row[0] = root;
        for (auto j = std::size_t{1}; j < count; ++j) row[j] /= root;
    }
    return w.rows;
}

}  // namespace detail

/// a = l l^T, in the place of a, of which the lower triangle is read; above it are zeros then.     a: (n, n), row-major
/// Gives back n, or the first pivot that is not positive: then a is not positive definite. NaN runs through.
///
/// Golub and Van Loan, Matrix Computations, section 4.2.9: a block of columns after the other. Each is worked on as rows.
template <std::floating_point T>
std::size_t factor_cholesky(matrix_ref<T> a) {
    const auto size = a.rows;
    const auto room = memory::scratch<T>{2 * std::min(size, decompose_block) * size};
    for (auto begin = std::size_t{0}; begin < size; begin += decompose_block) {
        const auto count = std::min(decompose_block, size - begin), rows = size - begin;
        const auto w = row_major(room.data(), count, rows);
        for (auto i = std::size_t{0}; i < rows; ++i)
            for (auto j = std::size_t{0}; j < count; ++j) *w.at(j, i) = j <= i ? *a.at(begin + i, begin + j) : T{0};
        if (begin != 0) {
            const auto minus = row_major(room.data() + count * size, count, begin);
            detail::copy_negated<T>(a.block(begin, 0, count, begin), minus.data);
            gemm<T>(minus, a.block(begin, 0, rows, begin).transposed(), w, true);
        }
        const auto done = detail::factor_rows(w);
        if (done != count) return begin + done;
        for (auto i = std::size_t{0}; i < rows; ++i)
            for (auto j = std::size_t{0}; j < std::min(i + 1, count); ++j) *a.at(begin + i, begin + j) = *w.at(j, i);
    }
    for (auto i = std::size_t{0}; i < size; ++i) std::fill(a.at(i, i) + 1, a.at(i, 0) + size, T{0});
    return size;
}

}  // namespace xgrad::kernels
