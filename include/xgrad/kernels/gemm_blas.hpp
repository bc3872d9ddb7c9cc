// The matrix product by a BLAS, for those who have one: with the CMake option XGRAD_BLAS, or by hand with
// -DXGRAD_USE_BLAS and the library. It brings its own threads, and its own order of summation: how many threads it
// takes, and whether its results depend on that, is then the BLAS's affair.
#pragma once

#include <xgrad/core/config.hpp>
#include <xgrad/kernels/matrix_ref.hpp>

#include <algorithm>
#include <concepts>
#include <cstddef>
#include <limits>

#if defined(XGRAD_USE_BLAS)
extern "C" {
void sgemm_(const char* transpose_a, const char* transpose_b, const int* m, const int* n, const int* k, const float* alpha,
            const float* a, const int* lda, const float* b, const int* ldb, const float* beta, float* c, const int* ldc);
void dgemm_(const char* transpose_a, const char* transpose_b, const int* m, const int* n, const int* k, const double* alpha,
            const double* a, const int* lda, const double* b, const int* ldb, const double* beta, double* c, const int* ldc);
}
#endif

namespace xgrad::inline XGRAD_ABI::kernels::detail {

#if defined(XGRAD_USE_BLAS)

/// A matrix as a BLAS takes it: column-major, or such a matrix transposed.
struct blas_operand {
    char transpose;
    std::ptrdiff_t leading;   ///< from one column to the next

    template <class T>
    explicit blas_operand(const matrix_ref<T>& x) : transpose{x.row_stride == 1 ? 'N' : 'T'} {
        const auto length = static_cast<std::ptrdiff_t>(transpose == 'N' ? x.rows : x.cols);
        const auto count = transpose == 'N' ? x.cols : x.rows;
        const auto other = transpose == 'N' ? x.row_stride : x.col_stride;
        leading = transpose == 'N' ? x.col_stride : x.row_stride;
        if (count <= 1) leading = std::max<std::ptrdiff_t>({1, leading, length});
        if (other != 1 || leading < length) leading = 0;
    }
    bool possible() const { return leading > 0 && leading <= std::numeric_limits<int>::max(); }
};

/// c = a @ b or c += a @ b, for a product large enough and matrices with unit stride in one of their axes; says whether
/// it was done.
template <std::floating_point T>
bool multiply_by_blas(const matrix_ref<const T>& a, const matrix_ref<const T>& b, const matrix_ref<T>& c,
                      bool accumulate) {
    constexpr auto worth_the_call = std::size_t{32} * 32 * 32;
    if (c.rows * c.cols * a.cols < worth_the_call) return false;
    // A BLAS writes column-major matrices: a row-major c is the transposed product, transposed.
    if (c.row_stride != 1)
        return c.col_stride == 1 && multiply_by_blas<T>(b.transposed(), a.transposed(), c.transposed(), accumulate);
    const auto left = blas_operand{a}, right = blas_operand{b}, result = blas_operand{c};
    const auto largest = static_cast<std::size_t>(std::numeric_limits<int>::max());
    if (!left.possible() || !right.possible() || !result.possible() || std::max({c.rows, c.cols, a.cols}) > largest)
        return false;
    const auto m = static_cast<int>(c.rows), n = static_cast<int>(c.cols), k = static_cast<int>(a.cols);
    const auto lda = static_cast<int>(left.leading), ldb = static_cast<int>(right.leading),
               ldc = static_cast<int>(result.leading);
    const auto alpha = T{1}, beta = static_cast<T>(accumulate ? 1 : 0);
    const auto call = [&](auto* gemm) {
        gemm(&left.transpose, &right.transpose, &m, &n, &k, &alpha, a.data, &lda, b.data, &ldb, &beta, c.data, &ldc);
    };
    if constexpr (std::same_as<T, float>) call(&sgemm_);
    else call(&dgemm_);
    return true;
}

#else

template <std::floating_point T>
bool multiply_by_blas(const matrix_ref<const T>&, const matrix_ref<const T>&, const matrix_ref<T>&, bool) {
    return false;
}

#endif

}  // namespace xgrad::kernels::detail
