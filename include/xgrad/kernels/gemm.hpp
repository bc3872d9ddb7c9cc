// The general matrix product: c = epilogue(a @ b), with any of the three transposed, in any strides.
//
// The work is done by `detail::multiply`, which knows nothing of the epilogue but pointers: to the two tiles of usual size
// that apply it in registers, and to a loop for every other part of c, called when that is finished.
#pragma once

#include <xgrad/core/config.hpp>
#include <xgrad/core/memory.hpp>
#include <xgrad/core/simd.hpp>
#include <xgrad/kernels/gemm_blas.hpp>
#include <xgrad/kernels/gemm_epilogue.hpp>
#include <xgrad/kernels/gemm_plan.hpp>
#include <xgrad/kernels/matrix_ref.hpp>

#include <concepts>
#include <cstddef>
#include <type_traits>

namespace xgrad::inline XGRAD_ABI::kernels {

/// The epilogue that changes nothing. An epilogue maps `value`, which is elements
/// c(row, col), c(row, col + 1), ..., c(row, col + count - 1) and, in the lanes from `count` on, anything,
/// to what c shall hold there. It must read nothing that belongs to columns from col + count on.
struct identity {
    template <class T>
    simd::batch<T> operator()(const simd::batch<T>& value, std::size_t /*row*/, std::size_t /*col*/,
                              std::size_t /*count*/) const {
        return value;
    }
};

namespace detail {

/// A stride along an axis of one element is never used: any value will do, and 1 fits every kernel.
template <class T>
matrix_ref<T> normalized(const matrix_ref<T>& matrix) {
    return {matrix.data, matrix.rows, matrix.cols, matrix.rows == 1 ? 1 : matrix.row_stride,
            matrix.cols == 1 ? 1 : matrix.col_stride};
}

template <class T>
void multiply_through_copy(const matrix_ref<const T>& a, const matrix_ref<const T>& b, const matrix_ref<T>& c,
                           bool accumulate) {
    const auto dense = memory::scratch<T>{c.rows * c.cols};
    const auto copy = row_major(dense.data(), c.rows, c.cols);
    run<T>(choose<T>(a, b, copy), a, b, copy, false, {});
    for (auto i = std::size_t{0}; i < c.rows; ++i)
        for (auto j = std::size_t{0}; j < c.cols; ++j)
            *c.at(i, j) = accumulate ? *c.at(i, j) + *copy.at(i, j) : *copy.at(i, j);
}

template <class T>
XGRAD_NOINLINE void multiply(const matrix_ref<const T>& left, const matrix_ref<const T>& right,
                             const matrix_ref<T>& result, bool accumulate, const finisher<T>& finish) {
    if (result.rows == 0 || result.cols == 0) return;
    if (left.cols == 0) {
        for (auto i = std::size_t{0}; i < result.rows && !accumulate; ++i)
            for (auto j = std::size_t{0}; j < result.cols; ++j) *result.at(i, j) = T{0};
        return finish(result, 0, result.rows, 0, result.cols);
    }
    if (multiply_small(left, right, result, accumulate))
        return finish(result, 0, result.rows, 0, result.cols);
    const auto a = normalized(left), b = normalized(right);
    const auto c = normalized(result);
    if (multiply_by_blas<T>(a, b, c, accumulate)) return finish(c, 0, c.rows, 0, c.cols);
    if (c.row_stride == 1 || c.col_stride == 1)
        return run<T>(choose<T>(a, b, c), a, b, c, accumulate, finish);
    multiply_through_copy<T>(a, b, c, accumulate);
    finish(c, 0, c.rows, 0, c.cols);
}

}  // namespace detail

/// c = epilogue(a @ b), or c = epilogue(c + a @ b) when `accumulate`; a: (m, k)  b: (k, n)  c: (m, n).
///
/// c must not overlap a or b. Every element of c is the same to the bit for every number of threads.
/// NaN and infinity count as in a plain sum of products. With k = 0 the sum is zero.
template <std::floating_point T, class Epilogue = identity>
void gemm(std::type_identity_t<matrix_ref<const T>> a, std::type_identity_t<matrix_ref<const T>> b,
          matrix_ref<T> c, bool accumulate = false, const Epilogue& epilogue = {}) {
    auto finish = detail::finisher<T>{};
    if constexpr (!std::same_as<Epilogue, identity>) 
        finish = {&detail::finish_part<T, Epilogue>, detail::usual_tiles<T, Epilogue>, &epilogue};
    detail::multiply<T>(a, b, c, accumulate, finish);
}

}  // namespace xgrad::kernels
