// Tensors as matrices of Eigen and the other way round. For programs that have Eigen: nothing else includes this
// header.
#pragma once

#include <xgrad/autograd/from_memory.hpp>
#include <xgrad/autograd/tensor.hpp>
#include <xgrad/core/config.hpp>
#include <xgrad/core/dtype.hpp>
#include <xgrad/core/error.hpp>
#include <xgrad/core/shape.hpp>

#include <Eigen/Core>

#include <cstddef>
#include <type_traits>
#include <utility>

namespace xgrad::inline XGRAD_ABI::io {

namespace detail {
template <class T>
using row_major_matrix = Eigen::Matrix<std::remove_const_t<T>, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;

/// Rows and columns: the last axis, and all others as one; a vector is a column.
inline std::pair<Eigen::Index, Eigen::Index> eigen_sizes(const shape& sizes) {
    const auto columns = sizes.rank() < 2 ? std::size_t{1} : sizes.back();
    auto rows = std::size_t{1};
    for (auto axis = std::size_t{0}; axis + (sizes.rank() < 2 ? 0 : 1) < sizes.rank(); ++axis) rows *= sizes[axis];
    return {static_cast<Eigen::Index>(rows), static_cast<Eigen::Index>(columns)};
}
}  // namespace detail

/// The elements as a row-major matrix of Eigen, shared: axes but the last are its rows, a vector is a column. The
/// tensor must outlive it. Writing through it is writing to `x.data()`.
template <element T, std::size_t N>
auto as_eigen(tensor<T, N>& x) {
    const auto [rows, columns] = detail::eigen_sizes(xgrad::detail::shape_of(x));
    return Eigen::Map<detail::row_major_matrix<T>>(x.data(), rows, columns);
}
template <element T, std::size_t N>
auto as_eigen(const tensor<T, N>& x) {
    const auto [rows, columns] = detail::eigen_sizes(xgrad::detail::shape_of(x));
    return Eigen::Map<const detail::row_major_matrix<T>>(x.data(), rows, columns);
}
template <element T, std::size_t N>
void as_eigen(tensor<T, N>&&) = delete;   // the map would dangle: name the tensor first

/// A copy of any expression of Eigen as a tensor with its rows and columns, whatever its order in memory.
template <class Derived>
tensor<typename Derived::Scalar, 2> from_eigen(const Eigen::DenseBase<Derived>& matrix) {
    auto x = tensor<typename Derived::Scalar, 2>{empty<typename Derived::Scalar>(
        {static_cast<std::size_t>(matrix.rows()), static_cast<std::size_t>(matrix.cols())})};
    as_eigen(x) = matrix;
    return x;
}

/// A tensor over the elements of a matrix of Eigen that outlives it, shared. Throws `value_error` where they are not in
/// row-major order without gaps: then take `from_eigen(matrix)`, a copy.
template <class Derived>
tensor<typename Derived::Scalar, 2> share_eigen(Eigen::PlainObjectBase<Derived>& matrix) {
    const auto rows = static_cast<std::size_t>(matrix.rows()), columns = static_cast<std::size_t>(matrix.cols());
    if (!Derived::IsRowMajor && rows != 1 && columns != 1)
        fail<value_error>("share_eigen", "the matrix of ", rows, " rows and ", columns,
                          " columns is column-major: make it Eigen::RowMajor, "
                          "or copy it, from_eigen(matrix)");
    return xgrad::from_memory(matrix.data(), {rows, columns});
}

}  // namespace xgrad::io
