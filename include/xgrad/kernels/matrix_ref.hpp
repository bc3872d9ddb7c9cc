// A matrix somewhere in memory, as the kernels of linear algebra see it.
#pragma once

#include <xgrad/core/config.hpp>

#include <cstddef>
#include <type_traits>

namespace xgrad::inline XGRAD_ABI::kernels {

/// Elements (i, j) at data[i * row_stride + j * col_stride]. It owns nothing and may be strided in both
/// axes, so that a transposed matrix, or a part of one, costs no copy.
template <class T>
struct matrix_ref {
    T* data;
    std::size_t rows, cols;
    std::ptrdiff_t row_stride, col_stride;

    T* at(std::size_t row, std::size_t col) const {
        return data + static_cast<std::ptrdiff_t>(row) * row_stride +
               static_cast<std::ptrdiff_t>(col) * col_stride;
    }
    matrix_ref transposed() const { return {data, cols, rows, col_stride, row_stride}; }
    matrix_ref block(std::size_t row, std::size_t col, std::size_t row_count, std::size_t col_count) const {
        return {at(row, col), row_count, col_count, row_stride, col_stride};
    }

    operator matrix_ref<const T>() const
        requires(!std::is_const_v<T>)
    {
        return {data, rows, cols, row_stride, col_stride};
    }
};

/// A row-major matrix without gaps.
template <class T>
matrix_ref<T> row_major(T* data, std::size_t rows, std::size_t cols) {
    return {data, rows, cols, static_cast<std::ptrdiff_t>(cols), 1};
}

}  // namespace xgrad::kernels
