// Coordinates of a grid.
#pragma once

#include <xgrad/autograd/broadcast.hpp>
#include <xgrad/autograd/operation.hpp>
#include <xgrad/autograd/tensor.hpp>
#include <xgrad/core/config.hpp>
#include <xgrad/core/error.hpp>
#include <xgrad/core/shape.hpp>

#include <array>
#include <cstddef>
#include <span>
#include <type_traits>
#include <utility>
#include <vector>

namespace xgrad::inline XGRAD_ABI {

namespace detail {

/// y_k[i_0, ..., i_(n-1)] = x_k[i_k]        dx_k = dy_k, summed over the other axes
template <element T>
std::vector<tensor<T>> grid_value(std::span<const tensor<T>> vectors) {
    auto sizes = shape{};
    for (const auto& x : vectors) {
        if (x.rank() > 1) fail<rank_error>("meshgrid", "one of the vectors is ", shape_of(x));
        sizes.push_back(x.size());
    }
    auto grids = std::vector<tensor<T>>{};
    for (auto axis = std::size_t{0}; axis < vectors.size(); ++axis) {
        auto column = shape{sizes[axis]};
        while (column.rank() < sizes.rank() - axis) column.push_back(1);
        grids.push_back(broadcast_to(reshape_to(vectors[axis], column), sizes));
    }
    return grids;
}
template <element T>
std::vector<tensor<T>> grid_of(std::span<const tensor<T>> vectors) {
    return call("meshgrid", {"vectors"}, [](std::span<const tensor<T>> given) { return grid_value<T>(given); }, vectors);
}

}  // namespace detail

/// The coordinates of the points of a grid, of which the vectors are the axes: result k has at (i_0, i_1, ...) the element i_k of
/// vector k ("ij" of NumPy and PyTorch). A tensor without axes is a vector of one. An array, for structured bindings; of a
/// `std::vector` of tensors, one. Throws `rank_error`.
struct meshgrid_fn {
    template <element T, std::size_t N, element... U, std::size_t... M>
    auto operator()(const tensor<T, N>& x, const tensor<U, M>&... others) const {
        static_assert((std::is_same_v<T, U> && ...), "the element types differ: convert one operand with astype<T>(x)");
        static_assert((N == dynamic_rank || N <= 1) && ((M == dynamic_rank || M <= 1) && ...), "a grid is made of vectors");
        const tensor<T> given[] = {x, others...};
        return of<1 + sizeof...(U)>(std::span<const tensor<T>>{given});
    }
    template <element T, std::size_t N, std::size_t K>
    auto operator()(const tensor<T, N> (&vectors)[K]) const {
        const auto given = std::vector<tensor<T>>(vectors, vectors + K);
        return of<K>(std::span<const tensor<T>>{given});
    }
    template <element T, std::size_t N>
    std::vector<tensor<T>> operator()(const std::vector<tensor<T, N>>& vectors) const {
        const auto given = std::vector<tensor<T>>(vectors.begin(), vectors.end());
        return detail::grid_of(std::span<const tensor<T>>{given});
    }

private:
    template <std::size_t K, element T>
    static std::array<tensor<T, K>, K> of(std::span<const tensor<T>> vectors) {
        auto grids = detail::grid_of(vectors);
        return [&]<std::size_t... At>(std::index_sequence<At...>) {
            return std::array<tensor<T, K>, K>{detail::with_rank<K>(std::move(grids[At]))...};
        }(std::make_index_sequence<K>{});
    }
};
inline constexpr meshgrid_fn meshgrid{};

}  // namespace xgrad

// Defined by xgrad::compiled.
#if defined(XGRAD_INSTANCE)
namespace xgrad::inline XGRAD_ABI::detail {
#define XGRAD_INSTANCES(T) \
    XGRAD_INSTANCE std::vector<tensor<T>> grid_of(std::span<const tensor<T>>);
XGRAD_FOR_REAL_TYPES(XGRAD_INSTANCES)
#undef XGRAD_INSTANCES
}
#endif
