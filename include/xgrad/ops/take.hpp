// Elements chosen by number: rows of a table, classes as vectors.
#pragma once

#include <xgrad/autograd/backward.hpp>
#include <xgrad/autograd/create.hpp>
#include <xgrad/autograd/operation.hpp>
#include <xgrad/core/config.hpp>
#include <xgrad/kernels/take.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <type_traits>
#include <utility>

namespace xgrad::inline XGRAD_ABI {

namespace detail {

/// Indices as they count from the start. Throws `index_error` for one outside [-size, size).
template <element Integer>
tensor<std::int64_t> normalized_indices(const char* where, const basic_tensor<Integer>& indices, std::size_t size) {
    static_assert(std::is_integral_v<Integer> && !std::is_same_v<Integer, bool>, "indices and labels are integers");
    auto result = make_result<std::int64_t>(shape_of(indices));
    const auto limit = static_cast<std::int64_t>(size);
    auto* to = access::elements(result);
    for (const auto given : indices.span()) {
        const auto index = nearest_cast<std::int64_t>(given);   // one beyond these is beyond any axis
        if (index < -limit || index >= limit)
            fail<index_error>(where, "index ", whole{given}, " is out of range for an axis of size ", size);
        *to++ = index < 0 ? index + limit : index;
    }
    return result;
}

template <element T>
tensor<T> add_at(const basic_tensor<T>& dy, const tensor<std::int64_t>& indices, std::size_t axis, const shape& sizes);

/// y[a, k, b] = x[a, indices[k], b]        dx[a, j, b] = the sum of dy[a, k, b] over all k with indices[k] = j
template <element T>
tensor<T> take_along(const basic_tensor<T>& x, const tensor<std::int64_t>& indices, std::size_t axis);
template <element T>
tensor<T> take_value(const basic_tensor<T>& x, const tensor<std::int64_t>& indices, std::size_t axis) {
    const auto& from = shape_of(x);
    auto sizes = shape{};
    for (auto i = std::size_t{0}; i < axis; ++i) sizes.push_back(from[i]);
    for (const auto size : shape_of(indices)) sizes.push_back(size);
    for (auto i = axis + 1; i < from.rank(); ++i) sizes.push_back(from[i]);
    auto y = make_result<T>(sizes);
    kernels::take(x.data(), kernels::axis_view{from, axis}, indices.data(), indices.size(), access::elements(y));
    if constexpr (!real<T>) return y;
    else
        return record("take", std::move(y), {x}, keep(indices), [axis, from](const auto& dy, gradients& d, const auto& at) {
            d(0, [&] { return add_at(dy, at(), axis, from); });
        });
}
template <element T>
tensor<T> take_along(const basic_tensor<T>& x, const tensor<std::int64_t>& indices, std::size_t axis) {
    return call("take", {"x", "indices", "axis"}, [](const basic_tensor<T>& v, const tensor<std::int64_t>& at, std::size_t along) {
        return take_value(v, at, along);
    }, x, indices, axis);
}

/// The transposed operation of `take_along`: zeros of shape `sizes`, to which dy is added where it was taken.
template <element T>
tensor<T> add_at(const basic_tensor<T>& dy, const tensor<std::int64_t>& indices, std::size_t axis, const shape& sizes) {
    return call("add_at", {"x", "indices", "axis", "shape"},
                [](const basic_tensor<T>& x, const tensor<std::int64_t>& places, std::size_t along, const shape& from) {
        auto y = make_result<T>(from);
        kernels::add_at(x.data(), kernels::axis_view{from, along}, places.data(), places.size(), access::elements(y));
        if constexpr (!real<T>) return y;
        else
            return record("add_at", std::move(y), {x}, keep(places), [along](const auto& g, gradients& d, const auto& at) {
                d(0, [&] { return take_along(g, at(), along); });
            });
    }, dy, indices, axis, sizes);
}

/// `take_along` with indices as they were given.
template <element T, element Integer>
tensor<T> take_any(const basic_tensor<T>& x, const basic_tensor<Integer>& indices, std::size_t axis) {
    return call("take", {"x", "indices", "axis"}, [](const basic_tensor<T>& v, const basic_tensor<Integer>& given, std::size_t along) {
        return take_value(v, normalized_indices("take", given, shape_of(v)[along]), along);
    }, x, indices, axis);
}

}  // namespace detail

/// The elements along `axis` at `indices`, an integer tensor of any shape, which takes the axis's place.
/// Negative indices count from the end. Throws `index_error`.
struct take_fn {
    template <element T, std::size_t N, element Integer, std::size_t M>
    auto operator()(const tensor<T, N>& x, const tensor<Integer, M>& indices, extent axis = 0) const {
        static_assert(N != 0, "a tensor without axes has none to take from");
        constexpr auto rank = N == dynamic_rank || M == dynamic_rank ? dynamic_rank : N + M - 1;
        const auto position = normalize_axis("take", axis, x.rank());
        return detail::with_rank<rank>(detail::take_any<T, Integer>(x, indices, position));
    }
};
inline constexpr take_fn take{};

namespace detail {

template <element T, element Integer>
tensor<T> index_select_any(const basic_tensor<T>& x, const basic_tensor<Integer>& indices, std::size_t axis) {
    return call("index_select", {"x", "indices", "axis"}, [](const basic_tensor<T>& v, const basic_tensor<Integer>& given, std::size_t along) {
        if (given.rank() > 1) fail<rank_error>("index_select", "the indices are ", shape_of(given), "; they must stand along one axis");
        const auto from_start = normalized_indices("index_select", given, shape_of(v)[along]);
        return take_value(v, make_view(from_start, {given.size()}), along);
    }, x, indices, axis);
}

}  // namespace detail

/// The elements along `axis` at `indices`, an integer tensor with one axis (or none, for one index): PyTorch's name for what
/// `take` does.
struct index_select_fn {
    template <element T, std::size_t N, element Integer, std::size_t M>
    tensor<T, N> operator()(const tensor<T, N>& x, const tensor<Integer, M>& indices, extent axis = 0) const {
        static_assert(M <= 1 || M == dynamic_rank, "the indices stand along one axis: take(x, indices, axis) is for any shape");
        const auto position = normalize_axis("index_select", axis, x.rank());
        return detail::with_rank<N>(detail::index_select_any<T, Integer>(x, indices, position));
    }
};
inline constexpr index_select_fn index_select{};

namespace detail {

template <element T, element Integer>
tensor<T> one_hot_value(const basic_tensor<Integer>& labels, std::size_t classes) {
    auto sizes = shape_of(labels);
    sizes.push_back(classes);
    auto y = filled<dynamic_rank>(sizes, T{0});
    auto* row = access::elements(y);
    for (const auto each : labels.span()) {
        const auto label = whole{each};
        if (label < 0 || label >= classes)
            fail<index_error>("one_hot", "label ", label, " is not one of ", classes, " classes");
        row[label.bits()] = T{1};
        row += classes;
    }
    return y;
}
template <element T, element Integer>
tensor<T> one_hot_of(const basic_tensor<Integer>& all, std::size_t classes) {
    return call("one_hot", {"labels", "classes", "to"}, [](const basic_tensor<Integer>& labels, std::size_t count, dtype) {
        return one_hot_value<T>(labels, count);
    }, all, classes, dtype_of<T>());
}
template <element T, element Integer>
tensor<T> one_hot_up_to_largest(const basic_tensor<Integer>& all) {
    return call("one_hot", {"labels", "to"}, [](const basic_tensor<Integer>& labels, dtype) {
        if (labels.empty()) fail<value_error>("one_hot", "no labels to count the classes by; name their number");
        const auto most = whole{*std::max_element(labels.data(), labels.data() + labels.size())};
        return one_hot_value<T>(labels, most < 0 ? std::size_t{0} : static_cast<std::size_t>(most.bits()) + 1);
    }, all, dtype_of<T>());
}

}  // namespace detail

/// Each label as a vector with a one at the label's place: labels (...)  y (..., classes)
/// Throws `index_error` for a label outside [0, classes).
template <element T = float, element Integer, std::size_t N>
tensor<T, N == dynamic_rank ? N : N + 1> one_hot(const tensor<Integer, N>& labels, std::size_t classes) {
    static_assert(std::is_integral_v<Integer> && !std::is_same_v<Integer, bool>, "labels are integers");
    return detail::with_rank<N == dynamic_rank ? N : N + 1>(detail::one_hot_of<T, Integer>(labels, classes));
}
/// With as many classes as the largest label asks for. Throws `value_error` where there is no label.
template <element T = float, element Integer, std::size_t N>
tensor<T, N == dynamic_rank ? N : N + 1> one_hot(const tensor<Integer, N>& labels) {
    static_assert(std::is_integral_v<Integer> && !std::is_same_v<Integer, bool>, "labels are integers");
    return detail::with_rank<N == dynamic_rank ? N : N + 1>(detail::one_hot_up_to_largest<T, Integer>(labels));
}

}  // namespace xgrad

// Defined by xgrad::compiled.
#if defined(XGRAD_INSTANCE)
namespace xgrad::inline XGRAD_ABI::detail {
#define XGRAD_INSTANCES(T) \
    XGRAD_INSTANCE tensor<T> take_along(const basic_tensor<T>&, const tensor<std::int64_t>&, std::size_t); \
    XGRAD_INSTANCE tensor<T> take_any(const basic_tensor<T>&, const basic_tensor<std::int64_t>&, std::size_t); \
    XGRAD_INSTANCE tensor<T> add_at(const basic_tensor<T>&, const tensor<std::int64_t>&, std::size_t, const shape&);
XGRAD_FOR_REAL_TYPES(XGRAD_INSTANCES)
#undef XGRAD_INSTANCES
}
#endif
