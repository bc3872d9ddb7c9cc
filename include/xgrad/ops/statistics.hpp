// Variance and standard deviation.
//
// Nothing is lost where the mean is large beside the spread (kernels/moments.hpp), and standard deviations have the range of
// the numbers themselves.
#pragma once

#include <xgrad/autograd/backward.hpp>
#include <xgrad/autograd/upstream.hpp>
#include <xgrad/core/cmath.hpp>
#include <xgrad/core/config.hpp>
#include <xgrad/kernels/moments.hpp>
#include <xgrad/ops/arithmetic.hpp>
#include <xgrad/ops/math.hpp>
#include <xgrad/ops/reduce.hpp>
#include <xgrad/ops/reduction_options.hpp>

#include <algorithm>
#include <cstddef>
#include <type_traits>
#include <utility>

namespace xgrad::inline XGRAD_ABI {

/// The sum of squares is divided by n - correction, n the number of elements; by 0 where that is negative.
struct variance_options {
    detail::options_begin begin{};
    double correction = 1;
};

/// What `var_mean` gives.
template <class Tensor>
struct var_and_mean {
    Tensor var, mean;

    void for_each_tensor(const auto& f) { f(var), f(mean); }
    void for_each_tensor(const auto& f) const { f(var), f(mean); }
};

/// What `std_mean` gives.
template <class Tensor>
struct std_and_mean {
    Tensor std, mean;

    void for_each_tensor(const auto& f) { f(std), f(mean); }
    void for_each_tensor(const auto& f) const { f(std), f(mean); }
};

namespace detail {

void say_options(const variance_options& options, const auto& say) { say("correction", options.correction); }

template <real T>
T degrees_of_freedom(std::size_t count, double correction) {
    return static_cast<T>(std::max(0.0, static_cast<double>(count) - correction));
}

/// y = x - mean(x) over adjacent axes, to the last digits of the difference        dx = dy - mean(dy)
template <real T>
tensor<T> centred(const basic_tensor<T>& x, axis_set axes) {
    const auto& sizes = shape_of(x);
    const auto high = make_result<T>(reduced_shape(sizes, axes, true)), low = make_result<T>(shape_of(high));
    kernels::moments(x.data(), as_one_axis(sizes, axes), [&](std::size_t row, const auto& found) {
        access::elements(high)[row] = found.high;
        access::elements(low)[row] = found.low;
    });
    auto y = compute<T>("centred", [](const auto& v, const auto& h, const auto& l) { return (v - h) - l; }, x, high, low);
    return record("centred", std::move(y), {x}, keep(), [axes](const auto& dy, gradients& d) {
        d(0, [&] { return centred(dy, axes); });
    });
}

/// y = sum((x - mean)^2) / f, f = n - correction        dx = dy 2 (x - mean) / f
/// or its root                                          dx = dy (x - mean) / (y f), 0 where y is
template <bool Root, real T>
tensor<T> variance(const basic_tensor<T>& x, axis_set axes, bool keep, double correction) {
    const auto& sizes = shape_of(x);
    const auto freedom = degrees_of_freedom<T>(reduced_count(sizes, axes), correction);
    const auto high = make_result<T>(reduced_shape(sizes, axes, true)), low = make_result<T>(shape_of(high));
    auto y = make_result<T>(reduced_shape(sizes, axes, keep));
    kernels::moments(x.data(), as_one_axis(sizes, axes), [&](std::size_t row, const auto& found) {
        access::elements(high)[row] = found.high;
        access::elements(low)[row] = found.low;
        const auto square = found.squares / freedom;
        access::elements(y)[row] = Root ? std::sqrt(square) * found.scale : square * found.scale * found.scale;
    });
    auto values = xgrad::keep(x, result(y), high, low);
    return record(Root ? "std" : "var", std::move(y), {x}, std::move(values),
                  [axes, freedom](const auto& dy, gradients& d, const auto& x_kept, const auto& y_kept, const auto& h, const auto& l) {
        d(0, [&] {
            const auto with_axes = [&](const tensor<T>& v) { return reshape_to(v, shape_of(h())); };
            const auto infinity = std::numeric_limits<T>::infinity();
            auto divisor = tensor<T>(freedom / 2);
            if constexpr (Root) divisor = with_axes(tensor<T>{where(y_kept() == 0, infinity, y_kept())}) * freedom;
            if (needs_grad(dy, x_kept()))
                return (upstream<T>{spread(dy, shape_of(x_kept()), axes)} * (centred(x_kept(), axes) / divisor)).value;
            const auto slope = zero_stays_zero([](const auto& g, const auto& v, const auto& hi, const auto& lo, const auto& by) {
                return g * (((v - hi) - lo) / by);
            });
            return compute<T>("var", slope, with_axes(dy), x_kept(), h(), l(), divisor);
        });
    });
}

template <bool Root>
struct variance_fn : reduction_with_options<variance_fn<Root>, variance_options> {
    static constexpr auto name = Root ? "std" : "var";
    template <element T>
    static tensor<T> apply(const basic_tensor<T>& x, axis_set axes, bool keep, const variance_options& options) {
        check_types<T>();
        return over_adjacent(x, axes, keep, [&](const auto& moved, axis_set together, bool stay) {
            return variance<Root>(moved, together, stay, options.correction);
        });
    }
};

}  // namespace detail

/// y = sum((x - mean)^2) / (n - correction), correction 1 if nothing else is said: `var(x, axis, {.correction = 0})`.
/// Infinite where n is not more than the correction, or NaN, if all elements are equal.        dx = dy 2 (x - mean) / (n - correction)
inline constexpr detail::variance_fn<false> var{};

/// y = sqrt var(x)        dx = dy (x - mean) / ((n - correction) y), 0 where y is
inline constexpr detail::variance_fn<true> std{};

namespace detail {

template <bool Root>
struct variance_and_mean_fn : reduction_with_options<variance_and_mean_fn<Root>, variance_options> {
    static constexpr auto name = Root ? "std_mean" : "var_mean";
    template <class T, std::size_t N = dynamic_rank>
    using results = std::conditional_t<Root, std_and_mean<tensor<T, N>>, var_and_mean<tensor<T, N>>>;

    template <element T>
    static results<T> apply(const basic_tensor<T>& x, axis_set axes, bool keep, const variance_options& options) {
        return {reduce_with<variance_fn<Root>, variance_options, T>(x, axes, keep, options), reduce_by<mean_fn>(x, axes, keep)};
    }
    template <std::size_t N, template <class> class Pair, element T>
    static Pair<tensor<T, N>> with_ranks(Pair<tensor<T>>&& y) {
        auto& [deviation, mean] = y;
        return {with_rank<N>(std::move(deviation)), with_rank<N>(std::move(mean))};
    }
};

}  // namespace detail

/// {var, mean} of the same axes, which are named as for `var`; with the same options.
inline constexpr detail::variance_and_mean_fn<false> var_mean{};

/// {std, mean} of the same axes, which are named as for `std`; with the same options.
inline constexpr detail::variance_and_mean_fn<true> std_mean{};

}  // namespace xgrad

// Defined by xgrad::compiled.
#if defined(XGRAD_INSTANCE)
namespace xgrad::inline XGRAD_ABI::detail {
#define XGRAD_INSTANCES(T) \
    XGRAD_INSTANCE tensor<T> reduce_with<variance_fn<false>, variance_options>(const basic_tensor<T>&, axis_set, bool, const variance_options&); \
    XGRAD_INSTANCE tensor<T> reduce_with<variance_fn<true>, variance_options>(const basic_tensor<T>&, axis_set, bool, const variance_options&);
XGRAD_FOR_REAL_TYPES(XGRAD_INSTANCES)
#undef XGRAD_INSTANCES
}
#endif
