// Values written, or added, at places named by an index for each of the first axes.
#pragma once

#include <xgrad/autograd/backward.hpp>
#include <xgrad/autograd/operation.hpp>
#include <xgrad/core/config.hpp>
#include <xgrad/ops/arithmetic.hpp>
#include <xgrad/ops/masked.hpp>
#include <xgrad/ops/math.hpp>
#include <xgrad/ops/scatter.hpp>
#include <xgrad/ops/take.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <span>
#include <type_traits>
#include <vector>

namespace xgrad::inline XGRAD_ABI {

struct index_put_options {
    bool accumulate = false;   ///< add the values to what is there, those with one place all together
};

namespace detail {

using index_list = std::vector<tensor<std::int64_t>, memory::allocator<tensor<std::int64_t>>>;

/// What names places along one axis, a tensor of integers; or along as many as it has, a mask.
struct axis_index : any_tensor {
    template <element Integer, std::size_t M>
    axis_index(const tensor<Integer, M>& given) : any_tensor{given} {
        static_assert(std::is_integral_v<Integer>, "indices are integers, or a mask of truth values");
    }
};

/// Integers as 64 bits: these themselves, or others converted.
template <element... Others>
tensor<std::int64_t> index_numbers(const any_tensor& x) {
    auto result = tensor<std::int64_t>{};
    if (x.type() == dtype_of<std::int64_t>()) result = x.as<std::int64_t>();
    ((x.type() == dtype_of<Others>() && (result = convert<std::int64_t>(x.as<Others>()), true)) || ...);
    return result;
}

/// The indices along each axis, a mask as those of its true elements.
template <element T>
index_list indices_by_axis(std::span<const any_tensor> given, const basic_tensor<T>& x) {
    const auto& sizes = shape_of(x);
    auto result = index_list{};
    const auto check_axis = [&](std::size_t axes) {
        if (result.size() + axes > sizes.rank())
            fail<rank_error>("index_put", "more indices than x has axes: it is ", sizes);
    };
    for (const auto& each : given) {
        if (each.type() != dtype_of<bool>()) {
            check_axis(1);
            result.push_back(index_numbers<std::int8_t, std::int16_t, std::int32_t, std::uint8_t, std::uint16_t, std::uint32_t, std::uint64_t>(each));
            continue;
        }
        const auto mask = each.as<bool>();
        const auto& own = shape_of(mask);
        check_axis(own.rank());
        if (!std::equal(own.begin(), own.end(), sizes.begin() + result.size()))
            fail<shape_error>("index_put", "the mask is ", own, ", x is ", sizes, "; they must agree from axis ", result.size(), " on");
        const auto rows = nonzero_any(mask);
        for (auto axis = std::size_t{0}; axis < own.rank(); ++axis)
            result.push_back(reshape_to(range_along(rows, 1, axis, 1), {shape_of(rows)[0]}));
    }
    return result;
}

/// Where the indices point among the sub-arrays along the first axes, under the shape to which they broadcast.
XGRAD_ON_DEMAND tensor<std::int64_t> leading_places(std::span<const tensor<std::int64_t>> indices, const shape& sizes) {
    auto together = shape{};
    for (const auto& each : indices) together = broadcast_shapes("index_put", together, shape_of(each));
    auto places = filled<dynamic_rank>(together, std::int64_t{0});
    for (auto axis = std::size_t{0}; axis < indices.size(); ++axis) {
        const auto length = static_cast<std::int64_t>(sizes[axis]);
        places = compute<std::int64_t>("index_put", [length](std::int64_t before, std::int64_t index) { return before * length + index; },
                                       places, normalized_indices("index_put", indices[axis], sizes[axis]));
    }
    return places;
}

template <element T>
tensor<T> index_put_value(const basic_tensor<T>& x, std::span<const tensor<std::int64_t>> indices, const basic_tensor<T>& values,
                          bool accumulate) {
    const auto& sizes = shape_of(x);
    const auto places = leading_places(indices, sizes);
    auto length = std::size_t{1}, inner = std::size_t{1};
    auto wanted = shape_of(places);
    for (auto axis = std::size_t{0}; axis < sizes.rank(); ++axis) {
        if (axis < indices.size()) length *= sizes[axis];
        else inner *= sizes[axis], wanted.push_back(sizes[axis]);
    }
    const auto rows = reshape_to(shape_of(values) == wanted ? tensor<T>{values} : broadcast_to(values, wanted), {places.size(), inner});
    const auto flat = reshape_to(places, {places.size()});
    if (accumulate) return apply_binary<add_fn>(x, reshape_to(add_at(rows, flat, 0, {length, inner}), sizes));
    return reshape_to(put_rows(reshape_to(x, {length, inner}), flat, rows), sizes);
}
template <element T>
tensor<T> index_put_any(const basic_tensor<T>& x, std::span<const any_tensor> indices, const basic_tensor<T>& values, bool accumulate) {
    return call("index_put", {"x", "indices", "values", "accumulate"},
                [](const basic_tensor<T>& v, std::span<const any_tensor> at, const basic_tensor<T>& w, bool adds) {
        const auto by_axis = indices_by_axis<T>(at, v);
        return index_put_value<T>(v, by_axis, w, adds);
    }, x, indices, values, accumulate);
}

}  // namespace detail

/// x, but for y[i_0[k], i_1[k], ...] = values[k]. An index is a tensor of integers for one axis, negative ones counting from the
/// end, or a mask for as many axes as it has; the indices broadcast to each other, and the values to them and to the axes that
/// have none. Of several values with one place the last stays; with `accumulate` all are added to what is there, in
/// blocks and these pairwise.
///     index_put(x, {rows, columns}, values)        index_put(x, rows, values, {.accumulate = true})
/// dx = dy, 0 where a value was written;  dvalues = dy where it stayed, else 0;  with `accumulate` all of dy, and dy at the places
/// Throws `index_error`, `rank_error`, `shape_error`.
struct index_put_fn {
    template <element T, std::size_t N, std::size_t V>
    tensor<T, N> operator()(const tensor<T, N>& x, std::initializer_list<detail::axis_index> indices, const tensor<T, V>& values,
                            index_put_options options = {}) const {
        const auto places = std::vector<any_tensor, memory::allocator<any_tensor>>(indices.begin(), indices.end());
        return detail::with_rank<N>(detail::index_put_any<T>(x, places, values, options.accumulate));
    }
    template <element T, std::size_t N, element Integer, std::size_t I, std::size_t V>
    tensor<T, N> operator()(const tensor<T, N>& x, const tensor<Integer, I>& indices, const tensor<T, V>& values,
                            index_put_options options = {}) const {
        return (*this)(x, {detail::axis_index{indices}}, values, options);
    }
    template <element T, std::size_t N, scalar S>
    tensor<T, N> operator()(const tensor<T, N>& x, std::initializer_list<detail::axis_index> indices, S value,
                            index_put_options options = {}) const {
        return (*this)(x, indices, tensor<T, 0>(detail::as_element<T>("index_put", value)), options);
    }
    template <element T, std::size_t N, element Integer, std::size_t I, scalar S>
    tensor<T, N> operator()(const tensor<T, N>& x, const tensor<Integer, I>& indices, S value, index_put_options options = {}) const {
        return (*this)(x, {detail::axis_index{indices}}, value, options);
    }
};
inline constexpr index_put_fn index_put{};

}  // namespace xgrad

// Defined by xgrad::compiled.
#if defined(XGRAD_INSTANCE)
namespace xgrad::inline XGRAD_ABI::detail {
#define XGRAD_INSTANCES(T) \
    XGRAD_INSTANCE tensor<T> index_put_any(const basic_tensor<T>&, std::span<const any_tensor>, const basic_tensor<T>&, bool);
XGRAD_FOR_REAL_TYPES(XGRAD_INSTANCES)
#undef XGRAD_INSTANCES
}
#endif
