// The matrix product by inner products: for few rows of a, and a b whose columns are contiguous.
#pragma once

#include <xgrad/core/config.hpp>
#include <xgrad/core/simd.hpp>
#include <xgrad/kernels/gemm_pack.hpp>
#include <xgrad/kernels/matrix_ref.hpp>

#include <algorithm>
#include <cstddef>

namespace xgrad::inline XGRAD_ABI::kernels::detail {

/// The inner products of a(k) with columns [0, count) of b, count <= width; both contiguous along k.
/// Columns that are not there repeat the last one.
template <class T>
XGRAD_NOINLINE simd::batch<T> dot_products(std::size_t k, const T* a, const T* b, std::ptrdiff_t b_col,
                                           std::size_t count) {
    constexpr auto width = simd::width<T>;
    const T* column[width];
    for (auto i = std::size_t{0}; i < width; ++i)
        column[i] = b + static_cast<std::ptrdiff_t>(std::min(i, count - 1)) * b_col;

    simd::batch<T> sum[width];
    XGRAD_UNROLL
    for (auto i = std::size_t{0}; i < width; ++i) sum[i] = simd::batch<T>(T{0});
    auto p = std::size_t{0};
    for (; p + width <= k; p += width) {
        const auto x = simd::load(a + p);
        XGRAD_UNROLL
        for (auto i = std::size_t{0}; i < width; ++i)
            sum[i] = simd::fma(x, simd::load(column[i] + p), sum[i]);
    }
    if (p != k) {
        const auto x = simd::load_partial(a + p, k - p);
        XGRAD_UNROLL
        for (auto i = std::size_t{0}; i < width; ++i)
            sum[i] = simd::fma(x, simd::load_partial(column[i] + p, k - p), sum[i]);
    }
    return row_sums<T>(sum);
}

/// c = a @ b or c += a @ b, with unit column strides of a and c and unit row stride of b.
template <class T>
void multiply_by_dots(const matrix_ref<const T>& a, const matrix_ref<const T>& b, const matrix_ref<T>& c,
                      bool accumulate) {
    constexpr auto width = simd::width<T>;
    for (auto j = std::size_t{0}; j < c.cols; j += width) {
        const auto count = std::min(width, c.cols - j);
        for (auto i = std::size_t{0}; i < c.rows; ++i) {
            const auto sums = dot_products(a.cols, a.at(i, 0), b.at(0, j), b.col_stride, count);
            auto* to = c.at(i, j);
            simd::store_up_to(to, accumulate ? simd::load_up_to(to, count) + sums : sums, count);
        }
    }
}

}  // namespace xgrad::kernels::detail
