// What operations give that choose elements along an axis: the values, and where they stood.
#pragma once

#include <xgrad/core/config.hpp>
#include <xgrad/ops/gather.hpp>

#include <cstddef>
#include <cstdint>
#include <utility>

namespace xgrad::inline XGRAD_ABI {

/// `const auto [values, indices] = sort(x);` The indices count along the axis.
template <element T, std::size_t N = dynamic_rank>
struct values_and_indices {
    tensor<T, N> values;
    tensor<std::int64_t, N> indices;

    void for_each_tensor(const auto& f) { f(values), f(indices); }
    void for_each_tensor(const auto& f) const { f(values), f(indices); }
};

namespace detail {

/// The elements of x at `indices` along the axis: the gradient goes there alone.
template <element T>
values_and_indices<T> chosen_along(const basic_tensor<T>& x, tensor<std::int64_t>&& indices, std::size_t axis) {
    auto values = gather_along(x, indices, axis);
    return {std::move(values), std::move(indices)};
}

/// The same with the axis dropped, along which there is one index.
template <element T>
values_and_indices<T> without_axis(const values_and_indices<T>& found, std::size_t axis) {
    auto sizes = shape_of(found.values);
    sizes.erase(axis);
    return {reshape_to(found.values, sizes), reshape_to(found.indices, sizes)};
}

template <std::size_t N, element T>
values_and_indices<T, N> with_ranks(values_and_indices<T>&& found) {
    return {with_rank<N>(std::move(found.values)), with_rank<N>(std::move(found.indices))};
}

}  // namespace detail

}  // namespace xgrad
