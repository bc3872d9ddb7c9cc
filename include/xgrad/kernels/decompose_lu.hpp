// Elimination with exchanges of rows: p a = l u.
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
#include <cstdint>
#include <utility>

namespace xgrad::inline XGRAD_ABI::kernels {

namespace detail {

/// Eliminates the columns of a panel, each of which stands in a row of `columns`. Column j is from its place j on what is
/// left of the matrix; `pivots[j]` becomes the place whose row changed with row j.
template <class T>
void eliminate_panel(T* columns, std::size_t count, std::size_t rows, std::int64_t* pivots) {
    for (auto j = std::size_t{0}; j < count; ++j) {
        auto* const column = columns + j * rows;
        auto best = j;
        for (auto i = j + 1; i < rows; ++i)
            if (std::fabs(column[i]) > std::fabs(column[best])) best = i;
        pivots[j] = static_cast<std::int64_t>(best);
        if (best != j)
            for (auto k = std::size_t{0}; k < count; ++k) std::swap(columns[k * rows + j], columns[k * rows + best]);
        const auto pivot = column[j];
        if (pivot == T{0}) continue;
        for (auto i = j + 1; i < rows; ++i) column[i] /= pivot;
        for (auto k = j + 1; k < count; ++k) {
            auto* const other = columns + k * rows;
            add_multiple(-other[j], column + j + 1, other + j + 1, rows - j - 1);
        }
    }
}

template <class T>
void swap_rows(const matrix_ref<T>& a, std::size_t i, std::size_t j) {
    std::swap_ranges(a.at(i, 0), a.at(i, 0) + a.cols, a.at(j, 0));
}

}  // namespace detail

/// p a = l u, in the place of a: u on and above the diagonal, l, whose diagonal is one, below it.    a: (n, n), row-major
/// Row i of a changed places with row pivots[i], one after the other, i = 0, 1, ... A column without a pivot leaves u_ii = 0.
///
/// Golub and Van Loan, Matrix Computations, algorithm 3.4.1, with blocks of columns as in section 3.2.11.
template <std::floating_point T>
void factor_lu(matrix_ref<T> a, std::int64_t* pivots) {
    const auto size = a.rows;
    const auto columns = memory::scratch<T>{std::min(size, decompose_block) * size};
    for (auto begin = std::size_t{0}; begin < size; begin += decompose_block) {
        const auto count = std::min(decompose_block, size - begin), end = begin + count, rows = size - begin;
        const auto panel = matrix_ref<T>{columns.data(), rows, count, 1, static_cast<std::ptrdiff_t>(rows)};
        for (auto i = std::size_t{0}; i < rows; ++i)
            for (auto j = std::size_t{0}; j < count; ++j) *panel.at(i, j) = *a.at(begin + i, begin + j);
        detail::eliminate_panel(columns.data(), count, rows, pivots + begin);
        const auto left = a.block(begin, 0, rows, begin), right = a.block(begin, end, rows, size - end);
        for (auto j = std::size_t{0}; j < count; ++j) {
            const auto other = static_cast<std::size_t>(pivots[begin + j]);
            pivots[begin + j] = static_cast<std::int64_t>(begin + other);
            if (other == j) continue;
            detail::swap_rows(left, j, other);
            detail::swap_rows(right, j, other);
        }
        for (auto i = std::size_t{0}; i < rows; ++i)
            for (auto j = std::size_t{0}; j < count; ++j) {
                *a.at(begin + i, begin + j) = *panel.at(i, j);
                *panel.at(i, j) = -*panel.at(i, j);
            }
        if (end == size) break;
        const auto top = right.block(0, 0, count, right.cols), below = right.block(count, 0, rows - count, right.cols);
        solve_triangle<T>(a.block(begin, begin, count, count), {.upper = false, .unit = true}, top);
        gemm<T>(panel.block(count, 0, rows - count, count), top, below, true);
    }
}

/// x := a^-1 x, or (a^T)^-1 x, by what factor_lu has made of a.        x: (n, k), row-major
template <std::floating_point T>
void solve_lu(matrix_ref<const T> factors, const std::int64_t* pivots, bool transposed, matrix_ref<T> x) {
    const auto size = factors.rows;
    const auto exchange = [&](std::size_t i) {
        const auto other = static_cast<std::size_t>(pivots[i]);
        if (other != i) detail::swap_rows(x, i, other);
    };
    if (!transposed) {
        for (auto i = std::size_t{0}; i < size; ++i) exchange(i);
        solve_triangle<T>(factors, {.upper = false, .unit = true}, x);
        solve_triangle<T>(factors, {.upper = true}, x);
    } else {
        solve_triangle<T>(factors.transposed(), {.upper = false}, x);
        solve_triangle<T>(factors.transposed(), {.upper = true, .unit = true}, x);
        for (auto i = size; i-- > 0;) exchange(i);
    }
}

/// x := a^-1 = u^-1 l^-1 p        x: (n, n), row-major
template <std::floating_point T>
void invert_lu(matrix_ref<const T> factors, const std::int64_t* pivots, matrix_ref<T> x) {
    const auto size = factors.rows;
    for (auto i = std::size_t{0}; i < size; ++i) {
        std::fill_n(x.at(i, 0), size, T{0});
        *x.at(i, i) = T{1};
    }
    solve_triangle<T>(factors, {.upper = false, .unit = true}, x, true);
    solve_triangle<T>(factors, {.upper = true}, x);
    for (auto row = std::size_t{0}; row < size; ++row)
        for (auto i = size; i-- > 0;) std::swap(*x.at(row, i), *x.at(row, static_cast<std::size_t>(pivots[i])));
}

}  // namespace xgrad::kernels
