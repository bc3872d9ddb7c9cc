// Diagonals of matrices, and matrices of diagonals.
//
// A diagonal's number counts from the main one, 0: those above it are positive. The gradients are those of a view with other
// strides, and of what puts elements into one.
#pragma once

#include <xgrad/autograd/operation.hpp>
#include <xgrad/autograd/tensor.hpp>
#include <xgrad/core/config.hpp>
#include <xgrad/core/error.hpp>
#include <xgrad/core/shape.hpp>
#include <xgrad/kernels/strided.hpp>
#include <xgrad/ops/reduce.hpp>
#include <xgrad/ops/view.hpp>

#include <algorithm>
#include <array>
#include <cstddef>

namespace xgrad::inline XGRAD_ABI {

namespace detail {

/// Where a diagonal stands in a tensor, and its shape: the other axes, then it.
struct diagonal_view {
    kernels::strides at;
    shape part;

    diagonal_view(const shape& sizes, std::ptrdiff_t offset, std::size_t row_axis, std::size_t column_axis) {
        const auto own = kernels::strides::row_major(sizes);
        const auto rows = static_cast<std::ptrdiff_t>(sizes[row_axis]), columns = static_cast<std::ptrdiff_t>(sizes[column_axis]);
        const auto count = offset < 0 ? std::min(rows + offset, columns) : std::min(rows, columns - offset);
        for (auto axis = std::size_t{0}; axis < sizes.rank(); ++axis) {
            if (axis == row_axis || axis == column_axis) continue;
            at.along[part.rank()] = own.along[axis];
            part.push_back(sizes[axis]);
        }
        at.along[part.rank()] = own.along[row_axis] + own.along[column_axis];
        part.push_back(static_cast<std::size_t>(std::max(count, std::ptrdiff_t{0})));
        if (count > 0) at.offset = offset < 0 ? -offset * own.along[row_axis] : offset * own.along[column_axis];
    }
};

XGRAD_ON_DEMAND std::array<std::size_t, 2> two_axes(const char* name, std::ptrdiff_t rows, std::ptrdiff_t columns, std::size_t rank) {
    const auto first = normalize_axis(name, rows, rank), second = normalize_axis(name, columns, rank);
    if (first == second) fail<value_error>(name, "axis ", first, " is named twice");
    return {first, second};
}

/// y[..., i] = x[..., i, i + offset]        dx = dy there, 0 elsewhere
template <element T>
tensor<T> diagonal_of(const basic_tensor<T>& x, std::ptrdiff_t offset, std::size_t row_axis, std::size_t column_axis) {
    return call("diagonal", {"x", "offset", "rows", "columns"},
                [](const basic_tensor<T>& v, std::ptrdiff_t away, std::size_t rows, std::size_t columns) {
        const auto place_of_it = diagonal_view{shape_of(v), away, rows, columns};
        return strided_part(v, place_of_it.at, place_of_it.part);
    }, x, offset, row_axis, column_axis);
}

/// y[..., i, i + offset] = x[..., i], 0 elsewhere        dx = dy there
template <element T>
tensor<T> embedded_value(const basic_tensor<T>& x, std::ptrdiff_t offset, std::size_t row_axis, std::size_t column_axis) {
    const auto away = offset < 0 ? std::size_t{0} - static_cast<std::size_t>(offset) : static_cast<std::size_t>(offset);
    if (away > std::size_t{1} << 31) fail<shape_error>("diag_embed", "diagonal ", offset, " is of a matrix larger than memory");
    auto sizes = shape_of(x);
    const auto size = sizes.back() + away;
    sizes.erase(sizes.rank() - 1);
    sizes.insert(std::min(row_axis, column_axis), size);
    sizes.insert(std::max(row_axis, column_axis), size);
    return place(x, diagonal_view{sizes, offset, row_axis, column_axis}.at, sizes, T{0});
}
template <element T>
tensor<T> embed_diagonal(const basic_tensor<T>& x, std::ptrdiff_t offset, std::size_t row_axis, std::size_t column_axis) {
    return call("diag_embed", {"x", "offset", "rows", "columns"},
                [](const basic_tensor<T>& v, std::ptrdiff_t away, std::size_t rows, std::size_t columns) {
        return embedded_value<T>(v, away, rows, columns);
    }, x, offset, row_axis, column_axis);
}

template <element T>
tensor<T> diag_of(const basic_tensor<T>& x, std::ptrdiff_t offset) {
    if (x.rank() != 1 && x.rank() != 2) fail<rank_error>("diag", "x is ", shape_of(x), "; it must be a vector or a matrix");
    return call("diag", {"x", "offset"}, [](const basic_tensor<T>& v, std::ptrdiff_t away) {
        return v.rank() == 1 ? embed_diagonal(v, away, 0, 1) : diagonal_of(v, away, 0, 1);
    }, x, offset);
}

template <element T>
auto trace_of(const basic_tensor<T>& x) {
    return call("trace", {"x"}, [](const basic_tensor<T>& v) {
        if (v.rank() != 2) fail<rank_error>("trace", "x is ", shape_of(v), "; it must be a matrix");
        return sum(diagonal_of(v, 0, 0, 1));
    }, x);
}

}  // namespace detail

/// The elements at (i, i + offset) of the matrices that stand in two axes, along a new last axis; none, where the diagonal is
/// outside. dx = dy there, 0 elsewhere. Throws `index_error`, `value_error` for an axis named twice.
struct diagonal_fn {
    template <element T, std::size_t N>
    auto operator()(const tensor<T, N>& x, extent offset = 0, extent rows = 0, extent columns = 1) const {
        static_assert(N != 0 && N != 1, "a diagonal is of a matrix: two axes");
        const auto [first, second] = detail::two_axes("diagonal", rows, columns, x.rank());
        return detail::with_rank<N == dynamic_rank ? N : N - 1>(detail::diagonal_of<T>(x, offset, first, second));
    }
};
inline constexpr diagonal_fn diagonal{};

/// Matrices with the elements along the last axis of x at (i, i + offset), 0 elsewhere; they stand in two axes of the result.
/// dx = dy there. Throws `index_error`, `value_error` for an axis named twice.
struct diag_embed_fn {
    template <element T, std::size_t N>
    auto operator()(const tensor<T, N>& x, extent offset = 0, extent rows = -2, extent columns = -1) const {
        static_assert(N != 0, "a diagonal is a vector: one axis");
        if (x.rank() == 0) fail<rank_error>("diag_embed", "x is (); a diagonal is a vector");
        const auto [first, second] = detail::two_axes("diag_embed", rows, columns, x.rank() + 1);
        return detail::with_rank<N == dynamic_rank ? N : N + 1>(detail::embed_diagonal<T>(x, offset, first, second));
    }
};
inline constexpr diag_embed_fn diag_embed{};

/// Of a vector, the matrix with it as a diagonal; of a matrix, a diagonal. Throws `rank_error`.
struct diag_fn {
    template <element T, std::size_t N>
    auto operator()(const tensor<T, N>& x, extent offset = 0) const {
        static_assert(N == dynamic_rank || N == 1 || N == 2, "diag is of a vector or a matrix");
        return detail::with_rank<N == dynamic_rank ? N : 3 - N>(detail::diag_of<T>(x, offset));
    }
};
inline constexpr diag_fn diag{};

/// The sum of the main diagonal of a matrix; of integers and truth values in 64 bits.        dx = dy there, 0 elsewhere
/// Throws `rank_error`.
struct trace_fn {
    template <element T, std::size_t N>
    auto operator()(const tensor<T, N>& x) const {
        static_assert(N == dynamic_rank || N == 2, "a trace is of a matrix");
        return detail::trace_of<T>(x);
    }
};
inline constexpr trace_fn trace{};

}  // namespace xgrad

// Defined by xgrad::compiled.
#if defined(XGRAD_INSTANCE)
namespace xgrad::inline XGRAD_ABI::detail {
#define XGRAD_INSTANCES(T) \
    XGRAD_INSTANCE tensor<T> diagonal_of(const basic_tensor<T>&, std::ptrdiff_t, std::size_t, std::size_t); \
    XGRAD_INSTANCE tensor<T> embed_diagonal(const basic_tensor<T>&, std::ptrdiff_t, std::size_t, std::size_t);
XGRAD_FOR_REAL_TYPES(XGRAD_INSTANCES)
#undef XGRAD_INSTANCES
}
#endif
