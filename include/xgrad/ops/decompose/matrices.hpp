// What the decompositions of matrices have in common: their last two axes are matrices, those in front of them stacks.
#pragma once

#include <xgrad/autograd/operation.hpp>
#include <xgrad/autograd/record.hpp>
#include <xgrad/autograd/tensor.hpp>
#include <xgrad/core/config.hpp>
#include <xgrad/core/error.hpp>
#include <xgrad/core/parallel.hpp>
#include <xgrad/core/shape.hpp>
#include <xgrad/kernels/matrix_ref.hpp>
#include <xgrad/ops/linalg.hpp>
#include <xgrad/ops/shape.hpp>
#include <xgrad/ops/view.hpp>

#include <algorithm>
#include <cstddef>
#include <string>

namespace xgrad::inline XGRAD_ABI::detail {

inline std::size_t rows_of(const shape& sizes) { return sizes[sizes.rank() - 2]; }
inline std::size_t columns_of(const shape& sizes) { return sizes[sizes.rank() - 1]; }

/// The rank of a number, or of a vector, for each matrix.
constexpr std::size_t stack_rank(std::size_t n) { return n == dynamic_rank ? n : n - 2; }
constexpr std::size_t vectors_rank(std::size_t n) { return n == dynamic_rank ? n : n - 1; }

/// The shape of a stack of matrices.
XGRAD_ON_DEMAND shape stacked(shape batch, std::size_t rows, std::size_t columns) {
    batch.push_back(rows);
    batch.push_back(columns);
    return batch;
}

template <real T>
void check_matrices(const char* name, const basic_tensor<T>& a) {
    if (a.rank() < 2) fail<rank_error>(name, "a is ", shape_of(a), "; matrices have two axes, stacks of them more");
}

template <real T>
void check_square(const char* name, const basic_tensor<T>& a) {
    check_matrices(name, a);
    if (rows_of(shape_of(a)) != columns_of(shape_of(a)))
        fail<shape_error>(name, "a is ", shape_of(a), "; its matrices must have as many rows as columns");
}

/// Which matrix of a stack an error is about: "the matrix", "the matrix at (1, 2)".
XGRAD_ON_DEMAND std::string named_matrix(const shape& batch, std::size_t index) {
    if (batch.rank() == 0) return "the matrix";
    auto place = batch;
    for (auto axis = batch.rank(); axis-- > 0;) {
        place[axis] = index % batch[axis];
        index /= batch[axis];
    }
    return joined_text("the matrix at ", place);
}

/// Calls f(i) for each of `count` matrices, several at once if the work on each, in multiply-adds, is worth it.
template <class F>
void for_each_matrix(std::size_t count, std::size_t work, const F& f) {
    const auto grain = kernels::detail::work_per_thread / std::max<std::size_t>(work, 1) + 1;
    parallel_for(count, grain, [&](std::size_t begin, std::size_t end) {
        for (auto i = begin; i < end; ++i) f(i);
    });
}

/// Matrix number `index` of a tensor that is being made, or of one that is read.
template <real T>
kernels::matrix_ref<T> made_matrix(const basic_tensor<T>& y, std::size_t index) {
    return matrix_at(access::elements(y), shape_of(y), index, false);
}

/// x repeated to a shape, in memory of its own; not recorded.
template <real T>
tensor<T> broadcast_copy(const basic_tensor<T>& x, const shape& sizes) {
    auto y = make_result<T>(sizes);
    kernels::elementwise([](const auto& v) { return v; }, access::elements(y), shape_of(y), operand_of(x));
    return y;
}

/// The product of matrices, or of stacks of them.
template <real T>
tensor<T> product(const basic_tensor<T>& a, const basic_tensor<T>& b, matmul_options options = {}) {
    return multiply_matrices(a, b, options);
}

template <element T>
tensor<T> transposed(const basic_tensor<T>& x) {
    return swap_axes(x, -2, -1);
}

/// What the elements below, on and above the diagonal are multiplied by. A weight of 0 makes a 0 of anything.
struct band_weights {
    double below, diagonal, above;
};

/// y_ij = w x_ij        dx_ij = w dy_ij
template <real T>
tensor<T> weigh_bands(const basic_tensor<T>& x, band_weights weights) {
    const auto& sizes = shape_of(x);
    const auto rows = rows_of(sizes), columns = columns_of(sizes);
    auto y = make_result<T>(sizes);
    const auto* const from = x.data();
    auto* const to = access::elements(y);
    for (auto at = std::size_t{0}; at < x.size(); ++at) {
        const auto row = at / columns % rows, column = at % columns;
        const auto weight = column < row ? weights.below : column == row ? weights.diagonal : weights.above;
        to[at] = weight == 0 ? T{0} : static_cast<T>(weight) * from[at];
    }
    return record("weigh_bands", std::move(y), {x}, keep(), [weights](const auto& dy, gradients& d) {
        d(0, [&] { return weigh_bands(dy, weights); });
    });
}

/// Where the diagonals of matrices stand in a stack of them.
inline kernels::strides diagonal_strides(const shape& sizes) {
    auto at = kernels::strides::row_major(sizes);
    at.along[sizes.rank() - 2] += at.along[sizes.rank() - 1];
    return at;
}

/// y_i = x_ii        x: (..., m, n)  y: (..., min(m, n))
template <real T>
tensor<T> diagonal_of(const basic_tensor<T>& x) {
    auto sizes = batch_of(shape_of(x));
    sizes.push_back(std::min(rows_of(shape_of(x)), columns_of(shape_of(x))));
    return strided_part(x, diagonal_strides(shape_of(x)), sizes);
}

/// Zeros, with x on the diagonal.        x: (..., n)  y: (..., n, n)
template <real T>
tensor<T> diagonal_matrix(const basic_tensor<T>& x) {
    auto sizes = shape_of(x);
    sizes.push_back(sizes.back());
    return place(x, diagonal_strides(sizes), sizes);
}

/// Elements [first, first + number) of x, which has one axis, under the shape `sizes`. The several results of an operation
/// are such parts of one.
template <real T>
tensor<T> flat_part(const basic_tensor<T>& x, std::size_t first, const shape& sizes) {
    auto at = kernels::strides::row_major(sizes);
    at.offset = static_cast<std::ptrdiff_t>(first);
    return strided_part(x, at, sizes);
}

/// A number for each matrix, beside matrices: (...) as (..., 1, 1).
template <real T>
tensor<T> beside_matrices(const basic_tensor<T>& x) {
    return reshape_to(x, stacked(shape_of(x), 1, 1));
}

/// (..., n) as (..., 1, n), or (..., n, 1).
template <real T>
tensor<T> as_row(const basic_tensor<T>& x) {
    auto sizes = shape_of(x);
    sizes.insert(sizes.rank() - 1, 1);
    return reshape_to(x, sizes);
}
template <real T>
tensor<T> as_column(const basic_tensor<T>& x) {
    auto sizes = shape_of(x);
    sizes.push_back(1);
    return reshape_to(x, sizes);
}

}  // namespace xgrad::inline XGRAD_ABI::detail

// Defined by xgrad::compiled.
#if defined(XGRAD_INSTANCE)
namespace xgrad::inline XGRAD_ABI::detail {
#define XGRAD_INSTANCES(T) XGRAD_INSTANCE tensor<T> weigh_bands(const basic_tensor<T>&, band_weights);
XGRAD_FOR_REAL_TYPES(XGRAD_INSTANCES)
#undef XGRAD_INSTANCES
}
#endif
