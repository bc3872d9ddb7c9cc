// Reductions that have options: the ways to name their axes, and axes that stand apart made one.
#pragma once

#include <xgrad/autograd/operation.hpp>
#include <xgrad/core/config.hpp>
#include <xgrad/kernels/take.hpp>
#include <xgrad/ops/reduce.hpp>
#include <xgrad/ops/shape.hpp>

#include <array>
#include <cstddef>
#include <utility>

namespace xgrad::inline XGRAD_ABI {

namespace detail {

/// The first member of every struct of options: nothing converts to it, so that {1} is an axis and no options.
struct options_begin {
    explicit constexpr options_begin() = default;
};

/// What a reduction gives: a tensor, or what it says itself.
template <class Op, class T>
struct reduced_result {
    using type = tensor<T>;
};
template <class Op, class T>
    requires requires { typename Op::template results<T>; }
struct reduced_result<Op, T> {
    using type = typename Op::template results<T>;
};

template <class Op, class Options, element T>
typename reduced_result<Op, T>::type reduce_with(const basic_tensor<T>& x, axis_set axes, bool keep, const Options& options) {
    return call(Op::name, {"x", "axes", "keep_dims", "options"}, [](const basic_tensor<T>& v, axis_set along, bool keeps, const Options& given) {
        return Op::apply(v, along, keeps, given);
    }, x, axes, keep, options);
}

/// The ways to name the axes of a reduction with options, which come last: `norm(x)`, `norm(x, 1, {.p = 1})`,
/// `norm(x, {0, 1}, keep_dims, {.p = 1})`. `reduce_with<Op, Options, T>(x, axes, keep, options)` does the work.
template <class Op, class Options>
struct reduction_with_options {
    template <element T, std::size_t N>
    auto operator()(const tensor<T, N>& x, const Options& options = {}) const {
        return finish<0>(reduce_with<Op, Options, T>(x, axis_set::all(x.rank()), false, options));
    }
    template <element T, std::size_t N>
    auto operator()(const tensor<T, N>& x, keep_dims_t, const Options& options = {}) const {
        return finish<N>(reduce_with<Op, Options, T>(x, axis_set::all(x.rank()), true, options));
    }
    template <element T, std::size_t N, axis_argument Axis>
    auto operator()(const tensor<T, N>& x, Axis axis, const Options& options = {}) const {
        static_assert(N != 0, "a tensor without axes has none to reduce");
        return finish<reduced_rank(N, 1)>(reduce_with<Op, Options, T>(x, axes_of(x, std::array{extent{axis}}), false, options));
    }
    template <element T, std::size_t N, axis_argument Axis>
    auto operator()(const tensor<T, N>& x, Axis axis, keep_dims_t, const Options& options = {}) const {
        return finish<N>(reduce_with<Op, Options, T>(x, axes_of(x, std::array{extent{axis}}), true, options));
    }
    template <element T, std::size_t N, axis_argument Axis>
    auto operator()(const tensor<T, N>& x, Axis axis, keep_flag keep, const Options& options = {}) const {
        return finish<dynamic_rank>(reduce_with<Op, Options, T>(x, axes_of(x, std::array{extent{axis}}), keep.value, options));
    }
    template <element T, std::size_t N, std::size_t K>
    auto operator()(const ranked<T, N>& x, const extent (&axes)[K], const Options& options = {}) const {
        static_assert(N == dynamic_rank || K <= N, "more axes to reduce than the tensor has");
        return finish<reduced_rank(N, K)>(reduce_with<Op, Options, T>(whole(x), axes_of(whole(x), axes), false, options));
    }
    template <element T, std::size_t N, std::size_t K>
    auto operator()(const ranked<T, N>& x, const extent (&axes)[K], keep_dims_t, const Options& options = {}) const {
        return finish<N>(reduce_with<Op, Options, T>(whole(x), axes_of(whole(x), axes), true, options));
    }
    template <element T, std::size_t N, integral_range Axes>
    auto operator()(const tensor<T, N>& x, const Axes& axes, keep_flag keep = false, const Options& options = {}) const {
        return finish<dynamic_rank>(reduce_with<Op, Options, T>(x, axes_of(x, axes), keep.value, options));
    }
    template <element T, std::size_t N, integral_range Axes>
    auto operator()(const tensor<T, N>& x, const Axes& axes, const Options& options) const {
        return finish<dynamic_rank>(reduce_with<Op, Options, T>(x, axes_of(x, axes), false, options));
    }
    template <element T, std::size_t N, axis_argument... Axes>
        requires(sizeof...(Axes) > 2)
    void operator()(const tensor<T, N>&, Axes...) const {
        static_assert(sizeof...(Axes) == 0, "several axes are in braces: var(x, {0, 1}); keep_dims keeps them");
    }

private:
    template <element T, std::size_t N>
    static const tensor<T, N>& whole(const ranked<T, N>& x) {
        return static_cast<const tensor<T, N>&>(x);
    }
    template <element T, class Axes>
    static axis_set axes_of(const basic_tensor<T>& x, const Axes& axes) {
        return axis_set{Op::name, axes, x.rank()};
    }
    template <std::size_t N, class Results>
    static auto finish(Results&& y) {
        if constexpr (tensor_like<Results>) return with_rank<N>(std::move(y));
        else return Op::template with_ranks<N>(std::move(y));
    }
};

/// Whether the axes of `axes` follow each other, but for axes of size 1.
inline bool are_adjacent(const shape& sizes, axis_set axes) {
    auto begun = false, ended = false;
    for (auto axis = std::size_t{0}; axis < sizes.rank(); ++axis) {
        if (sizes[axis] == 1) continue;
        if (axes.contains(axis) && ended) return false;
        begun = begun || axes.contains(axis);
        ended = begun && !axes.contains(axis);
    }
    return true;
}

/// The array with adjacent axes as one: (outer, length, inner).
XGRAD_ON_DEMAND kernels::axis_view as_one_axis(const shape& sizes, axis_set axes) {
    auto at = kernels::axis_view{shape{1}, 0};
    auto begun = false;
    for (auto axis = std::size_t{0}; axis < sizes.rank(); ++axis) {
        begun = begun || (axes.contains(axis) && sizes[axis] != 1);
        (axes.contains(axis) ? at.length : begun ? at.inner : at.outer) *= sizes[axis];
    }
    return at;
}

/// f(x, axes, keep), which reduces adjacent axes; others are brought together first, behind those that stay.
template <element T, class F>
auto over_adjacent(const basic_tensor<T>& x, axis_set axes, bool keep, const F& f) {
    const auto& sizes = shape_of(x);
    if (are_adjacent(sizes, axes)) return f(x, axes, keep);
    auto order = std::array<std::size_t, max_rank>{};
    auto last = axis_set{};
    auto count = std::size_t{0};
    for (auto axis = std::size_t{0}; axis < sizes.rank(); ++axis)
        if (!axes.contains(axis)) order[count++] = axis;
    for (auto axis = std::size_t{0}; axis < sizes.rank(); ++axis)
        if (axes.contains(axis)) last.insert(count), order[count++] = axis;
    return reshape_to(f(permute_axes(x, order), last, false), reduced_shape(sizes, axes, keep));
}

/// f of x as (outer, reduced, inner), which keeps the middle axis with size 1.
template <element T, class F>
tensor<T> over_middle(const basic_tensor<T>& x, axis_set axes, bool keep, const F& f) {
    return over_adjacent(x, axes, keep, [&](const auto& moved, axis_set together, bool stay) {
        const auto at = as_one_axis(shape_of(moved), together);
        return reshape_to(f(reshape_to(moved, {at.outer, at.length, at.inner})), reduced_shape(shape_of(moved), together, stay));
    });
}

}  // namespace detail

}  // namespace xgrad
