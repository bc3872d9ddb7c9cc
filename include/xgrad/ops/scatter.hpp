// Elements written, or added, where numbers along an axis say: the other way round of gather.
#pragma once

#include <xgrad/autograd/backward.hpp>
#include <xgrad/autograd/create.hpp>
#include <xgrad/autograd/operation.hpp>
#include <xgrad/core/config.hpp>
#include <xgrad/kernels/put.hpp>
#include <xgrad/ops/arithmetic.hpp>
#include <xgrad/ops/compare.hpp>
#include <xgrad/ops/gather.hpp>
#include <xgrad/ops/take.hpp>
#include <xgrad/ops/view.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>

namespace xgrad::inline XGRAD_ABI {

namespace detail {

/// The rows of dy (length, inner) at `places`; zeros for one that is named again later.
template <real T>
tensor<T> take_last(const basic_tensor<T>& dy, const tensor<std::int64_t>& places) {
    const auto stays = make_result<bool>({places.size(), 1});
    const auto all = kernels::last_of_each(places.data(), places.size(), shape_of(dy)[0], access::elements(stays));
    auto taken = take_along(dy, places, 0);
    return all ? std::move(taken) : choose(stays, taken, tensor<T>(T{0}));
}

/// y = x, but for y[places[k], :] = rows[k, :], of which the last stays where several have one place.
/// x, y: (length, inner)  places: (count)  rows: (count, inner)        dx = dy, 0 at the places;  drows[k, :] = dy[places[k], :], or 0
template <element T>
tensor<T> put_rows(const basic_tensor<T>& x, const tensor<std::int64_t>& places, const basic_tensor<T>& rows) {
    auto y = make_result<T>(shape_of(x));
    std::copy_n(x.data(), x.size(), access::elements(y));
    kernels::put(rows.data(), shape_of(x)[1], places.data(), places.size(), access::elements(y));
    if constexpr (!real<T>) return y;
    else
        return record("put", std::move(y), {x, rows}, keep(places),
                      [sizes = shape_of(rows)](const auto& dy, gradients& d, const auto& at) {
                          d(0, [&] { return put_rows(dy, at(), filled<dynamic_rank>(sizes, T{0})); });
                          d(1, [&] { return take_last(dy, at()); });
                      });
}

/// For each index its place among all elements of an array of these sizes, in row-major order.
XGRAD_ON_DEMAND tensor<std::int64_t> flat_places(const tensor<std::int64_t>& indices, const shape& sizes, std::size_t axis) {
    const auto& own = shape_of(indices);
    const auto steps = kernels::strides::row_major(sizes);
    auto result = make_result<std::int64_t>({indices.size()});
    for (auto i = std::size_t{0}; i < indices.size(); ++i) {
        auto rest = i;
        auto at = indices.data()[i] * steps.along[axis];
        for (auto k = own.rank(); k-- > 0; rest /= own[k])
            if (k != axis) at += static_cast<std::ptrdiff_t>(rest % own[k]) * steps.along[k];
        access::elements(result)[i] = at;
    }
    return result;
}

/// The values that have an index, one below the other.
template <element T>
tensor<T> scattered_values(const char* name, const basic_tensor<T>& values, const shape& indices) {
    check_covers(name, "the tensor of values", shape_of(values), indices, dynamic_rank);
    return reshape_to(leading_part(values, indices), {indices.elements(), 1});
}

template <element T, element Integer>
tensor<T> scatter_value(const basic_tensor<T>& x, const basic_tensor<Integer>& given, const basic_tensor<T>& values, std::size_t axis) {
    check_covers("scatter", "x", shape_of(x), shape_of(given), axis);
    const auto places = flat_places(normalized_indices("scatter", given, shape_of(x)[axis]), shape_of(x), axis);
    const auto number = values.rank() == 0 && given.rank() != 0;
    const auto column = number ? broadcast_to(values, {given.size(), 1}) : scattered_values("scatter", values, shape_of(given));
    return reshape_to(put_rows(reshape_to(x, {x.size(), 1}), places, column), shape_of(x));
}
template <element T, element Integer>
tensor<T> scatter_any(const basic_tensor<T>& x, const basic_tensor<Integer>& indices, const basic_tensor<T>& values, std::size_t axis) {
    return call("scatter", {"x", "indices", "values", "axis"},
                [](const basic_tensor<T>& v, const basic_tensor<Integer>& at, const basic_tensor<T>& w, std::size_t along) {
        return scatter_value(v, at, w, along);
    }, x, indices, values, axis);
}

/// y = x, with y[a, indices[a, k, b], b] += values[a, k, b]        dx = dy,  dvalues[a, k, b] = dy[a, indices[a, k, b], b]
template <element T>
tensor<T> scatter_add_along(const basic_tensor<T>& x, const tensor<std::int64_t>& indices, const basic_tensor<T>& values, std::size_t axis) {
    auto y = make_result<T>(shape_of(x));
    const auto all_there = kernels::scatter_sum(values.data(), kernels::axis_view{shape_of(x), axis}, indices.data(),
                                                shape_of(indices)[axis], x.data(), access::elements(y));
    if (!all_there) normalized_indices("scatter_add", indices, shape_of(x)[axis]);   // which names it
    if constexpr (!real<T>) return y;
    else
        return record("scatter_add", std::move(y), {x, values}, keep(indices), [axis](const auto& dy, gradients& d, const auto& at) {
            d(0, [&] { return tensor<T>{dy}; });
            d(1, [&] { return gather_along(dy, at(), axis); });
        });
}

template <element T, element Integer>
tensor<T> scatter_add_value(const basic_tensor<T>& x, const basic_tensor<Integer>& given, const basic_tensor<T>& values, std::size_t axis) {
    auto covered = shape_of(given);
    check_covers("scatter_add", "x", shape_of(x), covered, axis);
    const auto column = scattered_values("scatter_add", values, covered);
    covered[axis] = shape_of(x)[axis];
    if (covered == shape_of(x)) {
        const auto indices = kernel_indices("scatter_add", given, covered[axis]);
        return scatter_add_along(x, indices, reshape_to(column, shape_of(given)), axis);
    }
    const auto places = flat_places(normalized_indices("scatter_add", given, covered[axis]), shape_of(x), axis);
    return apply_binary<add_fn>(x, reshape_to(add_at(column, places, 0, {x.size(), 1}), shape_of(x)));
}
template <element T, element Integer>
tensor<T> scatter_add_any(const basic_tensor<T>& x, const basic_tensor<Integer>& indices, const basic_tensor<T>& values, std::size_t axis) {
    return call("scatter_add", {"x", "indices", "values", "axis"},
                [](const basic_tensor<T>& v, const basic_tensor<Integer>& at, const basic_tensor<T>& w, std::size_t along) {
        return scatter_add_value(v, at, w, along);
    }, x, indices, values, axis);
}

template <std::size_t N, std::size_t I, std::size_t V>
constexpr void check_ranks() {
    check_same_rank<N, I>();
    check_same_rank<N, V>();
}

}  // namespace detail

/// x, but for y[i, indices[i, j, k], k] = values[i, j, k], for axis 1. x, the indices and the values have as many axes; the
/// indices are at most as many as the values along every axis, and as x along all but `axis`. Negative indices count from the
/// end. The value may be one number. Of several values with one place the last stays, in row-major order.
/// dx = dy, 0 where a value was written;  dvalues = dy where it stayed, else 0
/// Throws `index_error`, `rank_error`, `shape_error`.
struct scatter_fn {
    template <element T, std::size_t N, element Integer, std::size_t I, std::size_t V>
    tensor<T, N> operator()(const tensor<T, N>& x, const tensor<Integer, I>& indices, const tensor<T, V>& values, extent axis) const {
        detail::check_ranks<N, I, V>();
        return detail::with_rank<N>(detail::scatter_any<T, Integer>(x, indices, values, normalize_axis("scatter", axis, x.rank())));
    }
    template <element T, std::size_t N, element Integer, std::size_t I, scalar S>
    tensor<T, N> operator()(const tensor<T, N>& x, const tensor<Integer, I>& indices, S value, extent axis) const {
        detail::check_same_rank<N, I>();
        return (*this)(x, indices, tensor<T>(detail::as_element<T>("scatter", value)), axis);
    }
};
inline constexpr scatter_fn scatter{};

/// x, with y[i, indices[i, j, k], k] += values[i, j, k], for axis 1: several values with one place are all added, in blocks
/// and these pairwise. Sizes and indices as for `scatter`.        dx = dy;  dvalues[i, j, k] = dy[i, indices[i, j, k], k]
/// Throws `index_error`, `rank_error`, `shape_error`.
struct scatter_add_fn {
    template <element T, std::size_t N, element Integer, std::size_t I, std::size_t V>
    tensor<T, N> operator()(const tensor<T, N>& x, const tensor<Integer, I>& indices, const tensor<T, V>& values, extent axis) const {
        detail::check_ranks<N, I, V>();
        return detail::with_rank<N>(detail::scatter_add_any<T, Integer>(x, indices, values, normalize_axis("scatter_add", axis, x.rank())));
    }
};
inline constexpr scatter_add_fn scatter_add{};

}  // namespace xgrad

// Defined by xgrad::compiled.
#if defined(XGRAD_INSTANCE)
namespace xgrad::inline XGRAD_ABI::detail {
#define XGRAD_INSTANCES(T) \
    XGRAD_INSTANCE tensor<T> put_rows(const basic_tensor<T>&, const tensor<std::int64_t>&, const basic_tensor<T>&); \
    XGRAD_INSTANCE tensor<T> scatter_any(const basic_tensor<T>&, const basic_tensor<std::int64_t>&, const basic_tensor<T>&, std::size_t); \
    XGRAD_INSTANCE tensor<T> scatter_add_any(const basic_tensor<T>&, const basic_tensor<std::int64_t>&, const basic_tensor<T>&, std::size_t);
XGRAD_FOR_REAL_TYPES(XGRAD_INSTANCES)
#undef XGRAD_INSTANCES
}
#endif
