// Operations that move elements and change none: other shapes, other orders of axes, joining.
#pragma once

#include <xgrad/autograd/backward.hpp>
#include <xgrad/autograd/create.hpp>
#include <xgrad/autograd/operation.hpp>
#include <xgrad/core/config.hpp>
#include <xgrad/kernels/strided.hpp>

#include <algorithm>
#include <array>
#include <concepts>
#include <cstddef>
#include <limits>
#include <span>
#include <utility>

namespace xgrad::inline XGRAD_ABI {

namespace detail {

/// The sizes asked for, with -1 replaced by what makes the number of elements right.
template <class Sizes>
shape resolve_shape(const shape& from, const Sizes& wanted) {
    auto result = shape{};
    auto open = dynamic_rank;
    auto known = std::size_t{1};
    for (const auto size : wanted) {
        const auto number = extent{size}.value;
        if (number < -1 || (number == -1 && open != dynamic_rank))
            fail<shape_error>("reshape", "sizes must not be negative, except for one -1");
        if (number == -1) open = result.rank();
        const auto wanted_size = number == -1 ? std::size_t{1} : static_cast<std::size_t>(number);
        const auto most = std::numeric_limits<std::size_t>::max();
        known = wanted_size != 0 && known > most / wanted_size ? most : known * wanted_size;   // never wraps around
        result.push_back(wanted_size);
    }
    const auto elements = from.elements();
    if (open != dynamic_rank) {
        if (known == 0 || elements % known != 0)
            fail<shape_error>("reshape", "x is ", from, " with ", elements, " elements, which the known sizes, ", known,
                              " elements together, do not divide");
        result[open] = elements / known;
    } else if (known != elements) {
        fail<shape_error>("reshape", "x is ", from, " with ", elements, " elements, the new shape ", result, " has ",
                          known);
    }
    return result;
}

/// The sizes asked for, with -1 replaced by x's own, aligned at the last axis.
template <class Sizes>
shape expanded(const shape& from, const Sizes& wanted) {
    auto result = shape{};
    const auto rank = std::size(wanted);
    for (const auto size : wanted) {
        const auto number = extent{size}.value;
        const auto axis = result.rank() + from.rank();   // in x, plus `rank`
        if (number < -1 || (number == -1 && axis < rank))
            fail<shape_error>("expand", "sizes must not be negative, except for -1 where x has an axis");
        result.push_back(number == -1 ? from[axis - rank] : static_cast<std::size_t>(number));
    }
    return result;
}

/// The sizes in another order: result[i] = sizes[order[i]].
inline shape permuted(const shape& sizes, const std::array<std::size_t, max_rank>& order) {
    auto result = sizes;
    for (auto axis = std::size_t{0}; axis < sizes.rank(); ++axis) result[axis] = sizes[order[axis]];
    return result;
}

/// y[i_0, i_1, ...] = x with axis order[k] in place k        dx = dy in the inverse order
template <element T>
tensor<T> permute_axes(const basic_tensor<T>& x, const std::array<std::size_t, max_rank>& order, const char* name = "permute");
template <element T>
tensor<T> permute_value(const basic_tensor<T>& x, const std::array<std::size_t, max_rank>& order) {
    const auto& from = shape_of(x);
    const auto own = kernels::strides::row_major(from);
    auto at = kernels::strides{};
    auto inverse = order;
    for (auto axis = std::size_t{0}; axis < from.rank(); ++axis) {
        at.along[axis] = own.along[order[axis]];
        inverse[order[axis]] = axis;
    }
    auto y = make_result<T>(permuted(from, order));
    kernels::gather_strided(x.data(), at, shape_of(y), access::elements(y));
    if constexpr (!real<T>) return y;
    else
        return record("permute", std::move(y), {x}, keep(), [inverse](const auto& dy, gradients& d) {
            d(0, [&] { return permute_axes(dy, inverse); });
        });
}
template <element T>
tensor<T> permute_axes(const basic_tensor<T>& x, const std::array<std::size_t, max_rank>& order, const char* name) {
    const auto of_x = std::span{order.data(), x.rank()};
    return call(name, {"x", "axes"}, [](const basic_tensor<T>& v, std::span<const std::size_t> axes) {
        auto padded = std::array<std::size_t, max_rank>{};
        std::copy(axes.begin(), axes.end(), padded.begin());
        return permute_value(v, padded);
    }, x, of_x);
}

template <element T, class Order>
tensor<T> permute_checked(const basic_tensor<T>& x, const Order& wanted) {
    if (std::size(wanted) != x.rank())
        fail<rank_error>("permute", std::size(wanted), " axes named, x has ", x.rank());
    axis_set{"permute", wanted, x.rank()};
    auto order = std::array<std::size_t, max_rank>{};
    auto at = std::size_t{0};
    for (const auto axis : wanted) order[at++] = normalize_axis("permute", extent{axis}, x.rank());
    return permute_axes(x, order);
}

template <element T>
tensor<T> reverse_axes(const basic_tensor<T>& x) {
    auto order = std::array<std::size_t, max_rank>{};
    for (auto axis = std::size_t{0}; axis < x.rank(); ++axis) order[axis] = x.rank() - 1 - axis;
    return permute_axes(x, order, "transpose");
}

template <element T>
tensor<T> swap_axes(const basic_tensor<T>& x, std::ptrdiff_t a, std::ptrdiff_t b, const char* name = "transpose") {
    auto order = std::array<std::size_t, max_rank>{};
    for (auto axis = std::size_t{0}; axis < x.rank(); ++axis) order[axis] = axis;
    std::swap(order[normalize_axis(name, a, x.rank())], order[normalize_axis(name, b, x.rank())]);
    return permute_axes(x, order, name);
}

/// `reshape` by the name under which it was called, which says of which axes.
template <element T>
tensor<T> reshape_as(const char* name, const basic_tensor<T>& x, axis_set axes, const shape& sizes) {
    return call(name, {"x", "axes", "shape"}, [](const basic_tensor<T>& v, axis_set, const shape& to) { return reshape_to(v, to); }, x, axes, sizes);
}

template <element T>
tensor<T> flatten_axes(const basic_tensor<T>& x, std::size_t first, std::size_t last) {
    const auto& from = shape_of(x);
    auto sizes = shape{};
    auto axes = axis_set{};
    for (auto axis = std::size_t{0}; axis < x.rank(); ++axis) {
        if (axis <= first || axis > last) sizes.push_back(from[axis]);
        else sizes[first] *= from[axis];
        if (axis >= first && axis <= last) axes.insert(axis);
    }
    if (x.rank() == 0) sizes.push_back(1);
    return reshape_as("flatten", x, axes, sizes);
}

template <element T>
tensor<T> insert_axis(const char* name, const basic_tensor<T>& x, std::ptrdiff_t wanted) {
    auto sizes = shape_of(x);
    const auto axis = normalize_axis(name, wanted, x.rank() + 1);
    sizes.insert(axis, 1);
    auto axes = axis_set{};
    axes.insert(axis);
    return reshape_as(name, x, axes, sizes);
}

}  // namespace detail

/// The same elements, in row-major order, under another shape; one size may be -1, to be found from the
/// others. Shares the elements. Throws `shape_error` when their number differs.      dx = dy, reshaped back
struct reshape_fn {
    template <element T, std::size_t N, std::size_t K>
    tensor<T, K> operator()(const tensor<T, N>& x, const extent (&sizes)[K]) const {
        return detail::with_rank<K>(detail::reshape_to(x, detail::resolve_shape(detail::shape_of(x), sizes)));
    }
    template <element T, std::size_t N, integral_range Sizes>
    tensor<T, detail::rank_of<Sizes>> operator()(const tensor<T, N>& x, const Sizes& sizes) const {
        return detail::with_rank<detail::rank_of<Sizes>>(
            detail::reshape_to(x, detail::resolve_shape(detail::shape_of(x), sizes)));
    }
};
inline constexpr reshape_fn reshape{};

/// All elements along one axis; or the axes from `first` to `last`, both included, made one.
struct flatten_fn {
    template <element T, std::size_t N>
    tensor<T, 1> operator()(const tensor<T, N>& x) const {
        return detail::with_rank<1>(detail::flatten_axes<T>(x, 0, x.rank() == 0 ? 0 : x.rank() - 1));
    }
    template <element T, std::size_t N>
    tensor<T> operator()(const tensor<T, N>& x, extent first, extent last = -1) const {
        const auto begin = normalize_axis("flatten", first, x.rank()), end = normalize_axis("flatten", last, x.rank());
        if (begin > end) fail<index_error>("flatten", "axis ", begin, " comes after axis ", end);
        return detail::flatten_axes<T>(x, begin, end);
    }
};
inline constexpr flatten_fn flatten{};

/// The axes in reverse order; or two of them exchanged.
struct transpose_fn {
    template <element T, std::size_t N>
    tensor<T, N> operator()(const tensor<T, N>& x) const {
        return detail::with_rank<N>(detail::reverse_axes(x));
    }
    template <element T, std::size_t N>
    tensor<T, N> operator()(const tensor<T, N>& x, extent a, extent b) const {
        return detail::with_rank<N>(detail::swap_axes(x, a, b));
    }
};
inline constexpr transpose_fn transpose{};

/// Two axes exchanged: NumPy's name for it.
struct swapaxes_fn {
    template <element T, std::size_t N>
    tensor<T, N> operator()(const tensor<T, N>& x, extent a, extent b) const {
        return detail::with_rank<N>(detail::swap_axes(x, a, b, "swapaxes"));
    }
};
inline constexpr swapaxes_fn swapaxes{};

/// The axes in the order given: axis k of the result is axis order[k] of x.
struct permute_fn {
    template <element T, std::size_t N, std::size_t K>
    tensor<T, K> operator()(const tensor<T, N>& x, const extent (&order)[K]) const {
        static_assert(N == dynamic_rank || N == K, "permute names every axis once");
        return detail::with_rank<K>(detail::permute_checked(x, order));
    }
    template <element T, std::size_t N, integral_range Order>
    tensor<T, N> operator()(const tensor<T, N>& x, const Order& order) const {
        return detail::with_rank<N>(detail::permute_checked(x, order));
    }
};
inline constexpr permute_fn permute{};

/// x with a new axis of size 1 at `axis`, counted from the end of the result when negative.
struct expand_dims_fn {
    const char* name;
    template <element T, std::size_t N>
    tensor<T, N == dynamic_rank ? N : N + 1> operator()(const tensor<T, N>& x, extent axis) const {
        return detail::with_rank<N == dynamic_rank ? N : N + 1>(detail::insert_axis<T>(name, x, axis));
    }
};
inline constexpr expand_dims_fn expand_dims{"expand_dims"};
/// PyTorch's name for the same.
inline constexpr expand_dims_fn unsqueeze{"unsqueeze"};

namespace detail {

template <element T, class Axes>
tensor<T> drop_axes(const basic_tensor<T>& x, const Axes& axes) {
    const auto dropped = axis_set{"squeeze", axes, x.rank()};
    const auto& from = shape_of(x);
    auto sizes = shape{};
    for (auto axis = std::size_t{0}; axis < x.rank(); ++axis) {
        if (!dropped.contains(axis)) sizes.push_back(from[axis]);
        else if (from[axis] != 1) fail<shape_error>("squeeze", "axis ", axis, " of ", from, " must have size 1");
    }
    return reshape_as("squeeze", x, dropped, sizes);
}
template <element T>
tensor<T> drop_axes_of_one(const basic_tensor<T>& x) {
    auto axes = axis_set{};
    auto sizes = shape{};
    for (auto axis = std::size_t{0}; axis < x.rank(); ++axis) {
        if (const auto size = shape_of(x)[axis]; size != 1) sizes.push_back(size);
        else axes.insert(axis);
    }
    return reshape_as("squeeze", x, axes, sizes);
}

}  // namespace detail

/// x without the axis `axis`, or those in braces, whose size must be 1; or without every axis of size 1.
struct squeeze_fn {
    template <element T, std::size_t N>
    tensor<T> operator()(const tensor<T, N>& x) const {
        return detail::drop_axes_of_one<T>(x);
    }
    template <element T, std::size_t N, std::convertible_to<extent> Axis>
    tensor<T, N == dynamic_rank ? N : N - 1> operator()(const tensor<T, N>& x, Axis axis) const {
        static_assert(N != 0, "a tensor without axes has none to drop");
        return detail::with_rank<N == dynamic_rank ? N : N - 1>(detail::drop_axes<T>(x, std::array{extent{axis}}));
    }
    template <element T, std::size_t N, std::size_t K>
    auto operator()(const tensor<T, N>& x, const extent (&axes)[K]) const {
        static_assert(N == dynamic_rank || K <= N, "more axes to drop than the tensor has");
        return detail::with_rank<N == dynamic_rank ? N : N - K>(detail::drop_axes<T>(x, axes));
    }
    template <element T, std::size_t N, integral_range Axes>
    tensor<T> operator()(const tensor<T, N>& x, const Axes& axes) const {
        return detail::drop_axes<T>(x, axes);
    }
};
inline constexpr squeeze_fn squeeze{};

/// x repeated along the axes that it lacks or has with size 1. Throws `shape_error`.    dx = dy, summed over them
struct broadcast_to_fn {
    template <element T, std::size_t N, std::size_t K>
    tensor<T, K> operator()(const tensor<T, N>& x, const extent (&sizes)[K]) const {
        return detail::with_rank<K>(detail::broadcast_to(x, detail::shape_from(sizes)));
    }
    template <element T, std::size_t N, integral_range Sizes>
    tensor<T, detail::rank_of<Sizes>> operator()(const tensor<T, N>& x, const Sizes& sizes) const {
        return detail::with_rank<detail::rank_of<Sizes>>(detail::broadcast_to(x, shape(sizes)));
    }
};
inline constexpr broadcast_to_fn broadcast_to{};

namespace detail {

template <element T>
tensor<T> expand_to(const basic_tensor<T>& x, const shape& sizes) {
    return call("expand", {"x", "shape"}, [](const basic_tensor<T>& v, const shape& to) { return broadcast_to(v, to); }, x, sizes);
}

/// The axes of size 1 come in front, but for the last of three that a matrix gets, and a vector.
template <element T>
tensor<T> with_axes(const char* name, const basic_tensor<T>& x, std::size_t least) {
    auto sizes = shape_of(x);
    auto axes = axis_set{};
    if (least == 3 && (x.rank() == 1 || x.rank() == 2)) {
        sizes.push_back(1);
        axes.insert(2);
    }
    for (auto axis = std::size_t{0}; sizes.rank() < least; ++axis) {
        sizes.insert(0, 1);
        axes.insert(axis);
    }
    return reshape_as(name, x, axes, sizes);
}

}  // namespace detail

/// The same, where -1 stands for the size that x has there.
struct expand_fn {
    template <element T, std::size_t N, std::size_t K>
    tensor<T, K> operator()(const tensor<T, N>& x, const extent (&sizes)[K]) const {
        return detail::with_rank<K>(detail::expand_to<T>(x, detail::expanded(detail::shape_of(x), sizes)));
    }
    template <element T, std::size_t N, integral_range Sizes>
    tensor<T, detail::rank_of<Sizes>> operator()(const tensor<T, N>& x, const Sizes& sizes) const {
        return detail::with_rank<detail::rank_of<Sizes>>(detail::expand_to<T>(x, detail::expanded(detail::shape_of(x), sizes)));
    }
};
inline constexpr expand_fn expand{};

/// x with axes of size 1 until there are at least `Least`: (n) becomes (1, n), and for three axes (1, n, 1); (m, n)
/// becomes (m, n, 1).
template <std::size_t Least>
struct atleast_fn {
    const char* name;

    template <element T, std::size_t N>
    auto operator()(const tensor<T, N>& x) const {
        return detail::with_rank<N == dynamic_rank ? N : std::max(N, Least)>(detail::with_axes<T>(name, x, Least));
    }
};
inline constexpr atleast_fn<1> atleast_1d{"atleast_1d"};
inline constexpr atleast_fn<2> atleast_2d{"atleast_2d"};
inline constexpr atleast_fn<3> atleast_3d{"atleast_3d"};

}  // namespace xgrad

// Defined by xgrad::compiled.
#if defined(XGRAD_INSTANCE)
namespace xgrad::inline XGRAD_ABI::detail {
#define XGRAD_INSTANCES(T) \
    XGRAD_INSTANCE tensor<T> permute_axes(const basic_tensor<T>&, const std::array<std::size_t, max_rank>&, const char*); \
    XGRAD_INSTANCE tensor<T> reshape_as(const char*, const basic_tensor<T>&, axis_set, const shape&); \
    XGRAD_INSTANCE tensor<T> expand_to(const basic_tensor<T>&, const shape&);
XGRAD_FOR_REAL_TYPES(XGRAD_INSTANCES)
#undef XGRAD_INSTANCES
}
#endif
