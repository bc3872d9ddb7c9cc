// Median and quantiles along axes.
#pragma once

#include <xgrad/autograd/backward.hpp>
#include <xgrad/core/cmath.hpp>
#include <xgrad/core/config.hpp>
#include <xgrad/kernels/quantile.hpp>
#include <xgrad/ops/arithmetic.hpp>
#include <xgrad/ops/join.hpp>
#include <xgrad/ops/reduction_options.hpp>
#include <xgrad/ops/values_and_indices.hpp>

#include <algorithm>
#include <array>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <vector>

namespace xgrad::inline XGRAD_ABI {

namespace detail {

/// Throws `shape_error` where there is nothing to choose from.
template <element T>
void check_some(const char* name, const basic_tensor<T>& x, axis_set axes) {
    if (reduced_count(shape_of(x), axes) == 0) fail<shape_error>(name, "no elements to choose from: the shape is ", shape_of(x));
}

/// Where the elements of these ranks, or the first of their equals, stand along the middle axis: (outer, ranks, inner).
template <element T, std::size_t K>
tensor<std::int64_t> places_of(const basic_tensor<T>& x, const std::array<std::size_t, K>& ranks, bool first_of_equals) {
    const auto& sizes = shape_of(x);
    auto places = make_result<std::int64_t>({sizes[0], K, sizes[2]});
    kernels::places_of_ranks(x.data(), kernels::axis_view{sizes, 1}, ranks.data(), K, first_of_equals, access::elements(places));
    return places;
}

/// y = a + w (b - a), a where w is 0 or b is a, for w < 1        da = dy (1 - w),  db = dy w
template <real T>
tensor<T> between(const basic_tensor<T>& a, const basic_tensor<T>& b, T w) {
    const auto formula = [w]<class V>(const V& low, const V& high) {
        const auto step = high - low;
        const auto whole = simd::select(V(w) < V(T(0.5)), low + V(w) * step, high - V(T{1} - w) * step);
        const auto parts = low * V(T{1} - w) + high * V(w);   // an infinity at one end, or a step that overflows
        return simd::select(low == high, low, simd::select(step - step == V(0), whole, parts));
    };
    return record("quantile", w == 0 ? tensor<T>{a}.clone() : compute<T>("quantile", formula, a, b), {a, b}, keep(), [w](const auto& dy, gradients& d) {
        d(0, [&] { return tensor<T>{multiply(dy, T{1} - w)}; });
        d(1, [&] { return tensor<T>{multiply(dy, w)}; });
    });
}

/// y_i = x[:, i, :], one place along the middle axis.
template <element T>
tensor<std::int64_t> nth_place(const basic_tensor<std::int64_t>& places, std::size_t n, const basic_tensor<T>& x) {
    auto y = make_result<std::int64_t>({shape_of(x)[0], 1, shape_of(x)[2]});
    const auto at = kernels::axis_view{shape_of(places), 1};
    const auto index = static_cast<std::int64_t>(n);
    kernels::take(places.data(), at, &index, 1, access::elements(y));
    return y;
}

template <real T>
tensor<T> quantile_along(const basic_tensor<T>& x, double q) {
    const auto count = shape_of(x)[1];
    const auto at = q * static_cast<double>(count - 1);
    const auto lower = static_cast<std::size_t>(at), upper = static_cast<std::size_t>(std::ceil(at));
    const auto places = places_of(x, std::array{lower, upper}, false);
    const auto low = gather_along(x, nth_place(places, 0, x), 1), high = gather_along(x, nth_place(places, 1, x), 1);
    constexpr auto most = T{1} - std::numeric_limits<T>::epsilon() / 2;   // not rounded to 1
    return between(low, high, std::min(most, static_cast<T>(at - static_cast<double>(lower))));
}

}  // namespace detail

/// The middle element in order, the lower of two; NaN if there is one. The gradient goes to the first element that is it.
/// Throws `shape_error` when there is none.
struct median_fn : detail::axis_reduction<median_fn> {
    static constexpr auto name = "median";
    template <element T>
    static tensor<T> apply(const basic_tensor<T>& x, axis_set axes, bool keep) {
        detail::check_some(name, x, axes);
        return detail::over_middle(x, axes, keep, [](const auto& v) {
            return detail::gather_along(v, detail::places_of(v, std::array{(detail::shape_of(v)[1] - 1) / 2}, true), 1);
        });
    }
};
inline constexpr median_fn median{};

namespace detail {

struct quantile_fraction {
    double value;
};

void say_options(const quantile_fraction& q, const auto& say) { say("q", q.value); }

struct quantile_of : reduction_with_options<quantile_of, quantile_fraction> {
    static constexpr auto name = "quantile";
    template <element T>
    static tensor<T> apply(const basic_tensor<T>& x, axis_set axes, bool keep, const quantile_fraction& q) {
        check_types<T>();
        if (!(q.value >= 0 && q.value <= 1)) fail<value_error>(name, "the fraction is ", q.value, "; it must be in [0, 1]");
        check_some<T>(name, x, axes);
        return over_middle(x, axes, keep, [q](const auto& v) { return quantile_along(v, q.value); });
    }
};

struct reduced_axes {
    axis_set axes;
    bool keep;
};

/// The axes that are named in the ways of a reduction.
template <element T>
reduced_axes named_axes(const basic_tensor<T>& x, std::same_as<keep_dims_t> auto... keep) {
    return {axis_set::all(x.rank()), sizeof...(keep) != 0};
}
template <element T, axis_argument Axis>
reduced_axes named_axes(const basic_tensor<T>& x, Axis axis, keep_flag keep = false) {
    return {axis_set{"quantile", std::array{extent{axis}}, x.rank()}, keep.value};
}
template <element T, class Axes>
    requires(!axis_argument<Axes> && !std::same_as<Axes, keep_dims_t>)
reduced_axes named_axes(const basic_tensor<T>& x, const Axes& axes, keep_flag keep = false) {
    return {axis_set{"quantile", axes, x.rank()}, keep.value};
}
template <element T, class Axes>
reduced_axes named_axes(const basic_tensor<T>& x, const Axes& axes, keep_dims_t) {
    return named_axes(x, axes, true);
}

/// Of several fractions, one behind the other along a new first axis.
template <real T, real Q>
tensor<T> quantiles_over(const basic_tensor<T>& x, const basic_tensor<Q>& q, reduced_axes over) {
    return call("quantile", {"x", "q", "axes", "keep_dims"}, [](const basic_tensor<T>& v, const basic_tensor<Q>& fractions, axis_set axes, bool keep) {
        if (fractions.rank() != 1) fail<rank_error>("quantile", "the fractions are ", shape_of(fractions), "; they must be a vector");
        auto parts = std::vector<tensor<T>>{};
        for (auto i = std::size_t{0}; i < fractions.size(); ++i)
            parts.push_back(quantile_of::apply(v, axes, keep, quantile_fraction{static_cast<double>(fractions.data()[i])}));
        if (!parts.empty()) return stack(parts);
        auto sizes = shape{0};
        for (const auto size : reduced_shape(shape_of(v), axes, keep)) sizes.push_back(size);
        return make_result<T>(sizes);
    }, x, q, over.axes, over.keep);
}

}  // namespace detail

/// The number below which the fraction q of the elements lies: y = x_l + (p - l)(x_(l+1) - x_l) of sorted x, with p = q (n - 1)
/// and l its whole part; `quantile(x, 0.5, axis)`. NaN if there is one. The gradient goes to the two elements by their weights.
/// Of several fractions, a vector, there are as many results along a new first axis.
/// Throws `value_error` for a fraction outside [0, 1], `shape_error` when there are no elements.
struct quantile_fn {
    template <element T, std::size_t N, class... Axes>
    auto operator()(const tensor<T, N>& x, double q, const Axes&... axes) const {
        return detail::quantile_of{}(x, axes..., detail::quantile_fraction{q});
    }
    template <element T, std::size_t N, std::size_t K, class... Keep>
    auto operator()(const tensor<T, N>& x, double q, const extent (&axes)[K], Keep... keep) const {
        return detail::quantile_of{}(x, axes, keep..., detail::quantile_fraction{q});
    }
    template <element T, std::size_t N, real Q, std::size_t M, class... Axes>
    tensor<T> operator()(const tensor<T, N>& x, const tensor<Q, M>& q, const Axes&... axes) const {
        static_assert(M == 1 || M == dynamic_rank, "the fractions are a vector");
        return detail::quantiles_over<T, Q>(x, q, detail::named_axes<T>(x, axes...));
    }
    template <element T, std::size_t N, real Q, std::size_t M, std::size_t K, class... Keep>
    tensor<T> operator()(const tensor<T, N>& x, const tensor<Q, M>& q, const extent (&axes)[K], Keep... keep) const {
        return detail::quantiles_over<T, Q>(x, q, detail::named_axes<T>(x, axes, keep...));
    }
};
inline constexpr quantile_fn quantile{};

}  // namespace xgrad

// Defined by xgrad::compiled.
#if defined(XGRAD_INSTANCE)
namespace xgrad::inline XGRAD_ABI::detail {
#define XGRAD_INSTANCES(T) \
    XGRAD_INSTANCE tensor<T> reduce_by<median_fn>(const basic_tensor<T>&, axis_set, bool); \
    XGRAD_INSTANCE tensor<T> reduce_with<quantile_of, quantile_fraction>(const basic_tensor<T>&, axis_set, bool, const quantile_fraction&);
XGRAD_FOR_REAL_TYPES(XGRAD_INSTANCES)
#undef XGRAD_INSTANCES
}
#endif
