// What runs along an axis and gives as many elements as it took: sums, products and extrema so far; and differences.
//
// Sums and products so far, and their derivatives of every order, are one recurrence, s_i = a_i s_(i-1) + b_i, whose own
// derivative is the same one from the other end:
//
//     db_i = l_i,  da_i = l_i s_(i-1)        where  l_i = ds_i + a_(i+1) l_(i+1)
//
// So nothing is ever divided, and zeros among the factors are like any other number.
#pragma once

#include <xgrad/autograd/backward.hpp>
#include <xgrad/autograd/operation.hpp>
#include <xgrad/autograd/upstream.hpp>
#include <xgrad/core/config.hpp>
#include <xgrad/kernels/arg_reduce.hpp>
#include <xgrad/kernels/scan.hpp>
#include <xgrad/ops/arithmetic.hpp>
#include <xgrad/ops/compare.hpp>
#include <xgrad/ops/math.hpp>
#include <xgrad/ops/reduce.hpp>
#include <xgrad/ops/values_and_indices.hpp>

#include <cstddef>
#include <cstdint>
#include <functional>
#include <limits>
#include <type_traits>
#include <utility>

namespace xgrad::inline XGRAD_ABI {

namespace detail {

/// y_i = x_(i-1), y_0 = fill; in reverse y_i = x_(i+1)        dx_i = dy_(i+1), 0 at the end
template <real T>
tensor<T> shifted(const basic_tensor<T>& x, std::size_t axis, bool reverse, T fill) {
    auto y = make_result<T>(shape_of(x));
    kernels::shift(x.data(), kernels::axis_view{shape_of(x), axis}, reverse, fill, access::elements(y));
    return record("shifted", std::move(y), {x}, keep(), [axis, reverse](const auto& dy, gradients& d) {
        d(0, [&] { return shifted(dy, axis, !reverse, T{0}); });
    });
}

/// s_i = a_i s_(i-1) + b_i; `lagged` s_i = a_(i-1) s_(i-1) + b_i; in reverse from the last to the first.
///     db = l,  da_i = l_i s_(i-1)              l the same of a and ds, in the other direction, and lagged
///     lagged:  da_i = l_(i+1) s_i              l ..., and not lagged
template <real T>
tensor<T> recurrence(const basic_tensor<T>& a, const basic_tensor<T>& b, std::size_t axis, bool reverse, bool lagged) {
    auto s = make_result<T>(shape_of(b));
    kernels::recurrence(a.data(), b.data(), kernels::axis_view{shape_of(b), axis}, reverse, lagged, access::elements(s));
    auto values = keep(a, result(s));
    return record("recurrence", std::move(s), {a, b}, std::move(values),
                  [axis, reverse, lagged](const auto& ds, gradients& d, const auto& a_kept, const auto& s_kept) {
                      const auto l = recurrence(a_kept(), ds, axis, !reverse, !lagged);
                      d(0, [&] {
                          return lagged ? weighed(shifted(l, axis, !reverse, T{0}), s_kept())
                                        : weighed(l, shifted(s_kept(), axis, reverse, T{0}));
                      });
                      d(1, [&] { return l; });
                  });
}

/// y_i = x_0 + ... + x_i        dx_i = dy_i + dy_(i+1) + ...
template <element T>
tensor<T> cumulative_sum(const basic_tensor<T>& x, std::size_t axis, bool reverse) {
    auto y = make_result<T>(shape_of(x));
    kernels::cumulative_sum(x.data(), kernels::axis_view{shape_of(x), axis}, reverse, access::elements(y));
    if constexpr (!real<T>) return y;
    else
        return record("cumsum", std::move(y), {x}, keep(), [axis, reverse](const auto& dy, gradients& d) {
            d(0, [&] { return cumulative_sum(dy, axis, !reverse); });
        });
}

/// y_i = x_0 ... x_i        dx_i = y_(i-1) l_i,  l_i = dy_i + x_(i+1) l_(i+1)
template <element T>
tensor<T> cumulative_product(const basic_tensor<T>& x, std::size_t axis, bool reverse) {
    auto y = make_result<T>(shape_of(x));
    kernels::cumulative_product<false>(x.data(), kernels::axis_view{shape_of(x), axis}, reverse, access::elements(y));
    if constexpr (!real<T>) return y;
    else {
        auto values = keep(x, result(y));
        return record("cumprod", std::move(y), {x}, std::move(values),
                      [axis, reverse](const auto& dy, gradients& d, const auto& x_kept, const auto& y_kept) {
                          d(0, [&] {
                              const auto l = upstream<T>{recurrence(x_kept(), dy, axis, !reverse, true)};
                              return (l * shifted(y_kept(), axis, reverse, T{1})).value;
                          });
                      });
    }
}

/// The largest finite element along the axis, a number: what may be taken off all of them.
template <real T>
tensor<T> finite_top(const basic_tensor<T>& x, std::size_t axis) {
    const auto guard = no_grad{};
    auto axes = axis_set{};
    axes.insert(axis);
    const auto finite = compute<T>("logcumsumexp", []<class V>(const V& v) { return simd::select(v - v == V(0), v, V(std::numeric_limits<T>::lowest())); }, x);
    return fold(kernels::maximum_of{}, finite, axes, true);
}

/// y_i = ln(e^x_0 + ... + e^x_i)        dx_i = l_i e^(x_i - y_i),  l_i = dy_i + e^(y_i - y_(i+1)) l_(i+1), 0 where y is -inf
/// The rule takes off what all elements along the axis have in common, so that no digits of the differences are lost.
template <real T>
tensor<T> cumulative_log_sum(const basic_tensor<T>& x, std::size_t axis) {
    auto y = make_result<T>(shape_of(x));
    kernels::cumulative_log_sum(x.data(), kernels::axis_view{shape_of(x), axis}, access::elements(y));
    return record("logcumsumexp", std::move(y), {x}, keep(x), [axis](const auto& dy, gradients& d, const auto& x_kept) {
        d(0, [&] {
            constexpr auto infinity = std::numeric_limits<T>::infinity();
            const auto v = tensor<T>{x_kept() - finite_top(x_kept(), axis)};
            const auto sum = cumulative_log_sum(v, axis);
            const auto none = sum == -infinity;
            const auto finite_sum = tensor<T>{where(none, 0, sum)};   // instead of -inf - -inf
            const auto decay = tensor<T>{where(none, 0, exp(finite_sum - shifted(finite_sum, axis, true, T{0})))};
            const auto weight = tensor<T>{where(none, 0, exp(v - finite_sum))};
            return (upstream<T>{recurrence(decay, dy, axis, true, false)} * weight).value;
        });
    });
}

/// y_i = x at the place of the best so far        dx_j = the sum of dy_i over all i whose place is j
template <class Better, element T>
values_and_indices<T> cumulative_extremum(const char* name, const basic_tensor<T>& x, std::size_t axis) {
    return call(name, {"x", "axis"}, [name](const basic_tensor<T>& v, std::size_t along) {
        auto values = make_result<T>(shape_of(v));
        auto places = make_result<std::int64_t>(shape_of(v));
        kernels::cumulative_best<Better>(v.data(), kernels::axis_view{shape_of(v), along}, access::elements(values), access::elements(places));
        if constexpr (real<T>)
            values = record(name, std::move(values), {v}, keep(places),
                            [along, length = shape_of(v)[along]](const auto& dy, gradients& d, const auto& at) {
                                d(0, [&] { return scatter_sum(dy, at(), along, length); });
                            });
        return values_and_indices<T>{std::move(values), std::move(places)};
    }, x, axis);
}

/// What sums and products of T are: themselves, or integers of 64 bits.
template <element T>
using accumulated = std::conditional_t<real<T>, T, std::conditional_t<std::is_unsigned_v<T> && sizeof(T) == sizeof(std::uint64_t), std::uint64_t, std::int64_t>>;

template <element T>
tensor<accumulated<T>> widened(const basic_tensor<T>& x) {
    if constexpr (std::is_same_v<T, accumulated<T>>) return tensor<T>{x};
    else return convert<accumulated<T>>(x);
}

template <element T>
tensor<accumulated<T>> cumsum_along(const basic_tensor<T>& x, std::size_t axis) {
    return call("cumsum", {"x", "axis"}, [](const basic_tensor<T>& v, std::size_t along) { return cumulative_sum(widened(v), along, false); }, x, axis);
}
template <element T>
tensor<accumulated<T>> cumprod_along(const basic_tensor<T>& x, std::size_t axis) {
    return call("cumprod", {"x", "axis"}, [](const basic_tensor<T>& v, std::size_t along) { return cumulative_product(widened(v), along, false); }, x, axis);
}
template <real T>
tensor<T> logcumsumexp_along(const basic_tensor<T>& x, std::size_t axis) {
    return call("logcumsumexp", {"x", "axis"}, [](const basic_tensor<T>& v, std::size_t along) { return cumulative_log_sum(v, along); }, x, axis);
}

}  // namespace detail

/// y_i = x_0 + ... + x_i along `axis`; of integers and truth values as for `sum`. Floats are added in double precision, doubles
/// with what rounding lost.        dx_i = dy_i + dy_(i+1) + ...
struct cumsum_fn {
    template <element T, std::size_t N>
    tensor<detail::accumulated<T>, N> operator()(const tensor<T, N>& x, extent axis) const {
        static_assert(N != 0, "a tensor without axes has none to run along");
        return detail::with_rank<N>(detail::cumsum_along<T>(x, normalize_axis("cumsum", axis, x.rank())));
    }
};
inline constexpr cumsum_fn cumsum{};

/// y_i = x_0 ... x_i along `axis`; of integers and truth values as for `prod`.
/// dx_i = y_(i-1) l_i,  l_i = dy_i + x_(i+1) l_(i+1): right where there are zeros, to every order
struct cumprod_fn {
    template <element T, std::size_t N>
    tensor<detail::accumulated<T>, N> operator()(const tensor<T, N>& x, extent axis) const {
        static_assert(N != 0, "a tensor without axes has none to run along");
        return detail::with_rank<N>(detail::cumprod_along<T>(x, normalize_axis("cumprod", axis, x.rank())));
    }
};
inline constexpr cumprod_fn cumprod{};

/// y_i = ln(e^x_0 + ... + e^x_i) along `axis`. Nothing overflows; -inf as long as all are, with the gradient 0 there.
struct logcumsumexp_fn {
    template <element T, std::size_t N>
    tensor<T, N> operator()(const tensor<T, N>& x, extent axis) const {
        detail::check_types<T>();
        static_assert(N != 0, "a tensor without axes has none to run along");
        return detail::with_rank<N>(detail::logcumsumexp_along<T>(x, normalize_axis("logcumsumexp", axis, x.rank())));
    }
};
inline constexpr logcumsumexp_fn logcumsumexp{};

/// The largest (or smallest) of x_0, ..., x_i along `axis`, and where it stands first; NaN from the first one on. The gradient
/// goes to that place alone.
template <class Better>
struct cumulative_extremum_fn {
    const char* name;

    template <element T, std::size_t N>
    values_and_indices<T, N> operator()(const tensor<T, N>& x, extent axis) const {
        static_assert(N != 0, "a tensor without axes has none to run along");
        return detail::with_ranks<N>(detail::cumulative_extremum<Better, T>(name, x, normalize_axis(name, axis, x.rank())));
    }
};
inline constexpr cumulative_extremum_fn<std::greater<>> cummax{"cummax"};
inline constexpr cumulative_extremum_fn<std::less<>> cummin{"cummin"};

}  // namespace xgrad

// Defined by xgrad::compiled.
#if defined(XGRAD_INSTANCE)
namespace xgrad::inline XGRAD_ABI::detail {
#define XGRAD_INSTANCES(T) \
    XGRAD_INSTANCE tensor<T> cumsum_along(const basic_tensor<T>&, std::size_t); \
    XGRAD_INSTANCE tensor<T> cumprod_along(const basic_tensor<T>&, std::size_t); \
    XGRAD_INSTANCE tensor<T> logcumsumexp_along(const basic_tensor<T>&, std::size_t); \
    XGRAD_INSTANCE values_and_indices<T> cumulative_extremum<std::greater<>>(const char*, const basic_tensor<T>&, std::size_t); \
    XGRAD_INSTANCE values_and_indices<T> cumulative_extremum<std::less<>>(const char*, const basic_tensor<T>&, std::size_t);
XGRAD_FOR_REAL_TYPES(XGRAD_INSTANCES)
#undef XGRAD_INSTANCES
}
#endif
