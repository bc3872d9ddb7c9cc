// Reductions: over all axes, one, or several; the reduced axes vanish, or stay with size 1 (`keep_dims`).
//
//     sum(x)    sum(x, 1)    sum(x, {0, -1})    sum(x, 1, keep_dims)
//
// One axis is an integer, several are in braces; anything else in an axis's place does not compile.
#pragma once

#include <xgrad/autograd/create.hpp>
#include <xgrad/autograd/operation.hpp>
#include <xgrad/core/cmath.hpp>
#include <xgrad/core/config.hpp>
#include <xgrad/core/finite.hpp>
#include <xgrad/kernels/arg_reduce.hpp>
#include <xgrad/kernels/reduce.hpp>
#include <xgrad/ops/arithmetic.hpp>
#include <xgrad/ops/compare.hpp>
#include <xgrad/ops/math.hpp>
#include <xgrad/ops/reduction.hpp>

#include <array>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <type_traits>
#include <utility>

namespace xgrad::inline XGRAD_ABI {

struct keep_dims_t {};
/// Asks a reduction to leave the reduced axes in place, with size 1.
inline constexpr keep_dims_t keep_dims{};

namespace detail {

/// Whether the reduced axes stay, known at run time only. A number is another axis in the wrong place.
struct keep_flag {
    bool value;

    template <class Keep>
        requires std::is_arithmetic_v<Keep>
    constexpr keep_flag(Keep keep) : value{keep != Keep{0}} {
        static_assert(std::is_same_v<Keep, bool>, "several axes are in braces: sum(x, {0, 1}); keep_dims keeps them");
    }
};

template <class Axis>
concept axis_argument = std::convertible_to<Axis, extent>;

constexpr std::size_t reduced_rank(std::size_t rank, std::size_t axes) {
    return rank == dynamic_rank || axes > rank ? dynamic_rank : rank - axes;
}

template <class Op, element T>
using reduced = decltype(Op::apply(std::declval<const basic_tensor<T>&>(), axis_set{}, false));

template <class Op, element T>
reduced<Op, T> reduce_by(const basic_tensor<T>& x, axis_set axes, bool keep) {
    return call(Op::name, {"x", "axes", "keep_dims"},
                [](const basic_tensor<T>& v, axis_set along, bool keeps) { return Op::apply(v, along, keeps); }, x, axes, keep);
}

/// The ways to name the axes of a reduction. `Op::apply(x, axes, keep)` does the work.
template <class Op>
struct axis_reduction {
    template <element T, std::size_t N>
    auto operator()(const tensor<T, N>& x) const {
        return finish<0>(reduce_by<Op, T>(x, axis_set::all(x.rank()), false));
    }
    template <element T, std::size_t N>
    auto operator()(const tensor<T, N>& x, keep_dims_t) const {
        return finish<N>(reduce_by<Op, T>(x, axis_set::all(x.rank()), true));
    }
    template <element T, std::size_t N, axis_argument Axis>   // a parameter, so that braces are axes: {true} is none
    auto operator()(const tensor<T, N>& x, Axis axis) const {
        Op::template check_axis<Axis>();
        return finish<one_less<N>()>(reduce_by<Op, T>(x, axes_of(x, std::array{extent{axis}}), false));
    }
    template <element T, std::size_t N, axis_argument Axis>
    auto operator()(const tensor<T, N>& x, Axis axis, keep_dims_t) const {
        return finish<N>(reduce_by<Op, T>(x, axes_of(x, std::array{extent{axis}}), true));
    }
    template <element T, std::size_t N, std::size_t K>
    auto operator()(const tensor<T, N>& x, const extent (&axes)[K]) const {
        static_assert(N == dynamic_rank || K <= N, "more axes to reduce than the tensor has");
        return finish<reduced_rank(N, K)>(reduce_by<Op, T>(x, axes_of(x, axes), false));
    }
    template <element T, std::size_t N, std::size_t K>
    auto operator()(const tensor<T, N>& x, const extent (&axes)[K], keep_dims_t) const {
        return finish<N>(reduce_by<Op, T>(x, axes_of(x, axes), true));
    }
    template <element T, std::size_t N, integral_range Axes>
    auto operator()(const tensor<T, N>& x, const Axes& axes, keep_flag keep = false) const {
        return finish<dynamic_rank>(reduce_by<Op, T>(x, axes_of(x, axes), keep.value));
    }
    /// With `keep` known at run time only, the rank of the result is too.
    template <element T, std::size_t N, axis_argument Axis>
    auto operator()(const tensor<T, N>& x, Axis axis, keep_flag keep) const {
        return finish<dynamic_rank>(reduce_by<Op, T>(x, axes_of(x, std::array{extent{axis}}), keep.value));
    }
    template <element T, std::size_t N, axis_argument... Axes>
        requires(sizeof...(Axes) > 2)
    void operator()(const tensor<T, N>&, Axes...) const {
        static_assert(sizeof...(Axes) == 0, "several axes are in braces: sum(x, {0, 1}); keep_dims keeps them");
    }
    template <element T, std::size_t N, element U, std::size_t M>
    void operator()(const tensor<T, N>&, const tensor<U, M>&) const {
        Op::template check_axis<tensor<U, M>>();
        static_assert(!element<U>, "axes are integers, sum(x, 1), or in braces, sum(x, {0, 1})");
    }

    /// Where something else has the same name in short, for what is given in an axis's place.
    template <class>
    static constexpr void check_axis() {}

private:
    template <std::size_t N>
    static consteval std::size_t one_less() {
        static_assert(N != 0, "a tensor without axes has none to reduce");
        return reduced_rank(N, 1);
    }
    template <element T, class Axes>
    static axis_set axes_of(const basic_tensor<T>& x, const Axes& axes) {
        return axis_set{Op::name, axes, x.rank()};
    }
    template <std::size_t N, element R>
    static tensor<R, N> finish(tensor<R>&& y) {
        return with_rank<N>(std::move(y));
    }
};

/// dy under the shape it would have had with the reduced axes kept, repeated along them.
template <real T>
tensor<T> spread(const tensor<T>& dy, const shape& from, axis_set axes) {
    return broadcast_to(reshape_to(dy, reduced_shape(from, axes, true)), from);
}

inline std::size_t reduced_count(const shape& sizes, axis_set axes) {
    auto count = std::size_t{1};
    for (auto axis = std::size_t{0}; axis < sizes.rank(); ++axis)
        if (axes.contains(axis)) count *= sizes[axis];
    return count;
}

template <class Combine, element T>
tensor<T> fold(const Combine& combine, const basic_tensor<T>& x, axis_set axes, bool keep) {
    auto y = make_result<T>(reduced_shape(shape_of(x), axes, keep));
    kernels::reduce(combine, x.data(), shape_of(x), axes, access::elements(y));
    return y;
}

/// dx = dy, repeated
template <real T>
tensor<T> sum_over(const basic_tensor<T>& x, axis_set axes, bool keep) {
    return record("sum", fold(kernels::sum_of{}, x, axes, keep), {x}, xgrad::keep(),
                  [from = shape_of(x), axes](const auto& dy, gradients& d) {
                      d(0, [&] { return spread(dy, from, axes); });
                  });
}

template <real T>
bool are_finite(const T* elements, std::size_t count) {
    for (auto i = std::size_t{0}; i < count; ++i)
        if (!is_finite_number(static_cast<double>(elements[i]))) return false;
    return true;
}

/// dx = dy / n, repeated
template <real T>
tensor<T> mean_over(const basic_tensor<T>& x, axis_set axes, bool keep) {
    const auto count = static_cast<T>(reduced_count(shape_of(x), axes));
    const auto mean_of = [&](const basic_tensor<T>& terms, T divisor) {
        auto y = fold(kernels::sum_of{}, terms, axes, keep);
        kernels::elementwise([divisor](const auto& v) { return v / std::decay_t<decltype(v)>(divisor); }, access::elements(y),
                             shape_of(y), operand_of(y));
        return y;
    };
    auto y = mean_of(x, count);
    if (count > 0 && !are_finite(access::elements(y), y.size())) {   // the sum may leave the range where the mean does not: then of terms that are smaller
        const auto scale = std::ldexp(T{1}, -std::ilogb(count) - 1);
        y = mean_of(compute<T>("mean", [scale](const auto& v) { return v * std::decay_t<decltype(v)>(scale); }, x), count * scale);
    }
    return record("mean", std::move(y), {x}, xgrad::keep(), [from = shape_of(x), axes, count](const auto& dy, gradients& d) {
        d(0, [&] { return spread(tensor<T>{divide(dy, count)}, from, axes); });
    });
}

/// 1 where v is the extremum, which may be NaN.
struct is_extremum {
    template <class V>
    V operator()(const V& v, const V& extremum) const {
        return simd::select((v == extremum) | (simd::is_nan(v) & simd::is_nan(extremum)), V(1), V(0));
    }
};

/// The largest or smallest element: dx = dy where x equals it, shared evenly among equals.
template <class Combine, element T>
tensor<T> extremum(const char* name, const basic_tensor<T>& x, axis_set axes, bool keep) {
    const auto& from = shape_of(x);
    if (reduced_count(from, axes) == 0) fail<shape_error>(name, "no elements to choose from: the shape is ", from);
    auto y = fold(Combine{}, x, axes, keep);
    if constexpr (!real<T>) return y;
    else {
        auto values = xgrad::keep(x, result(y));
        return record(name, std::move(y), {x}, std::move(values),
                      [from, axes](const auto& dy, gradients& d, const auto& x_kept, const auto& y_kept) {
                          d(0, [&] {
                              const auto best = spread(y_kept(), from, axes);
                              const auto chosen = compute<T>("max", is_extremum{}, x_kept(), best);
                              const auto ties = spread(fold(kernels::sum_of{}, chosen, axes, false), from, axes);
                              return weighed(spread(dy, from, axes), tensor<T>{divide(chosen, ties)});
                          });
                      });
    }
}

}  // namespace detail

/// The sum of the elements; of integers and truth values as std::int64_t, of std::uint64_t as that, wrapping around.
/// dx = dy, repeated
struct sum_fn : detail::axis_reduction<sum_fn> {
    static constexpr auto name = "sum";
    template <element T>
    static auto apply(const basic_tensor<T>& x, axis_set axes, bool keep) {
        if constexpr (real<T>) return detail::sum_over(x, axes, keep);
        else {
            using wide = std::conditional_t<std::is_unsigned_v<T> && sizeof(T) == sizeof(std::uint64_t), std::uint64_t, std::int64_t>;
            return detail::fold(kernels::sum_of{}, detail::convert<wide>(x), axes, keep);
        }
    }
};
inline constexpr sum_fn sum{};

/// The sum divided by the number of elements; of integers and truth values as double.   dx = dy / n, repeated
struct mean_fn : detail::axis_reduction<mean_fn> {
    static constexpr auto name = "mean";
    template <element T>
    static auto apply(const basic_tensor<T>& x, axis_set axes, bool keep) {
        if constexpr (real<T>) return detail::mean_over(x, axes, keep);
        else return detail::mean_over(detail::convert<double>(x), axes, keep);
    }
};
inline constexpr mean_fn mean{};

/// The largest element; NaN if there is one. Throws `shape_error` when there is none.
/// dx = dy where x is the largest, shared evenly among equals.
struct max_fn : detail::axis_reduction<max_fn> {
    static constexpr auto name = "max";
    template <class Axis>
    static constexpr void check_axis() {
        static_assert(std::convertible_to<Axis, extent> && !std::is_floating_point_v<Axis>,
                      "max(x, axis) reduces x along an axis: maximum(a, b) is the larger of two");
    }
    template <element T>
    static auto apply(const basic_tensor<T>& x, axis_set axes, bool keep) {
        return detail::extremum<kernels::maximum_of>(name, x, axes, keep);
    }
};
inline constexpr max_fn max{};

/// The smallest element; NaN if there is one. Throws `shape_error` when there is none.
/// dx = dy where x is the smallest, shared evenly among equals.
struct min_fn : detail::axis_reduction<min_fn> {
    static constexpr auto name = "min";
    template <class Axis>
    static constexpr void check_axis() {
        static_assert(std::convertible_to<Axis, extent> && !std::is_floating_point_v<Axis>,
                      "min(x, axis) reduces x along an axis: minimum(a, b) is the smaller of two");
    }
    template <element T>
    static auto apply(const basic_tensor<T>& x, axis_set axes, bool keep) {
        return detail::extremum<kernels::minimum_of>(name, x, axes, keep);
    }
};
inline constexpr min_fn min{};

namespace detail {

template <class Better, element T>
tensor<std::int64_t> arg_extremum_value(const char* name, const basic_tensor<T>& x, std::size_t axis, bool keep) {
    const auto& sizes = shape_of(x);
    if (sizes[axis] == 0) fail<shape_error>(name, "no elements along axis ", axis, ": the shape is ", sizes);
    auto axes = axis_set{};
    axes.insert(axis);
    auto y = make_result<std::int64_t>(reduced_shape(sizes, axes, keep));
    kernels::arg_reduce<Better>(x.data(), kernels::axis_view{sizes, axis}, access::elements(y));
    return y;
}
template <class Better, element T>
tensor<std::int64_t> arg_extremum(const char* name, const basic_tensor<T>& x, std::size_t axis, bool keep) {
    return call(name, {"x", "axis", "keep_dims"}, [name](const basic_tensor<T>& v, std::size_t along, bool keeps) {
        return arg_extremum_value<Better>(name, v, along, keeps);
    }, x, axis, keep);
}
/// Among all elements, in row-major order.
template <class Better, element T>
tensor<std::int64_t> arg_extremum_of_all(const char* name, const basic_tensor<T>& x) {
    return call(name, {"x"}, [name](const basic_tensor<T>& v) {
        return arg_extremum_value<Better>(name, reshape_to(v, {v.size()}), 0, false);
    }, x);
}

}  // namespace detail

/// The position of the first largest (or smallest) element: along an axis, or among all, in row-major order.
/// Throws `shape_error` when there is none.
template <class Better>
struct arg_extremum_fn {
    const char* name;

    template <element T, std::size_t N>
    tensor<std::int64_t, 0> operator()(const tensor<T, N>& x) const {
        return detail::with_rank<0>(detail::arg_extremum_of_all<Better, T>(name, x));
    }
    template <element T, std::size_t N>
    tensor<std::int64_t, detail::reduced_rank(N, 1)> operator()(const tensor<T, N>& x, extent axis) const {
        static_assert(N != 0, "a tensor without axes has none to reduce");
        return detail::with_rank<detail::reduced_rank(N, 1)>(along(x, axis, false));
    }
    template <element T, std::size_t N>
    tensor<std::int64_t, N> operator()(const tensor<T, N>& x, extent axis, keep_dims_t) const {
        return detail::with_rank<N>(along(x, axis, true));
    }
    template <element T, std::size_t N>
    tensor<std::int64_t> operator()(const tensor<T, N>& x, extent axis, detail::keep_flag keep) const {
        return along(x, axis, keep.value);
    }

private:
    template <element T>
    tensor<std::int64_t> along(const basic_tensor<T>& x, extent axis, bool keep) const {
        return detail::arg_extremum<Better>(name, x, normalize_axis(name, axis, x.rank()), keep);
    }
};
inline constexpr arg_extremum_fn<std::greater<>> argmax{"argmax"};
inline constexpr arg_extremum_fn<std::less<>> argmin{"argmin"};

}  // namespace xgrad

// Defined by xgrad::compiled.
#if defined(XGRAD_INSTANCE)
namespace xgrad::inline XGRAD_ABI::detail {
#define XGRAD_INSTANCES(T) \
    XGRAD_INSTANCE tensor<T> reduce_by<sum_fn>(const basic_tensor<T>&, axis_set, bool); \
    XGRAD_INSTANCE tensor<T> reduce_by<mean_fn>(const basic_tensor<T>&, axis_set, bool); \
    XGRAD_INSTANCE tensor<T> reduce_by<max_fn>(const basic_tensor<T>&, axis_set, bool); \
    XGRAD_INSTANCE tensor<T> reduce_by<min_fn>(const basic_tensor<T>&, axis_set, bool); \
    XGRAD_INSTANCE tensor<std::int64_t> arg_extremum<std::greater<>>(const char*, const basic_tensor<T>&, std::size_t, bool); \
    XGRAD_INSTANCE tensor<std::int64_t> arg_extremum<std::less<>>(const char*, const basic_tensor<T>&, std::size_t, bool); \
    XGRAD_INSTANCE tensor<std::int64_t> arg_extremum_of_all<std::greater<>>(const char*, const basic_tensor<T>&); \
    XGRAD_INSTANCE tensor<std::int64_t> arg_extremum_of_all<std::less<>>(const char*, const basic_tensor<T>&);
XGRAD_FOR_REAL_TYPES(XGRAD_INSTANCES)
#undef XGRAD_INSTANCES
}
#endif
