// Norms of vectors along axes.
#pragma once

#include <xgrad/autograd/backward.hpp>
#include <xgrad/autograd/no_grad.hpp>
#include <xgrad/autograd/upstream.hpp>
#include <xgrad/core/cmath.hpp>
#include <xgrad/core/config.hpp>
#include <xgrad/kernels/norm.hpp>
#include <xgrad/kernels/term_sums.hpp>
#include <xgrad/ops/arithmetic.hpp>
#include <xgrad/ops/compare.hpp>
#include <xgrad/ops/math.hpp>
#include <xgrad/ops/reduce.hpp>
#include <xgrad/ops/reduction_options.hpp>

#include <limits>
#include <utility>

namespace xgrad::inline XGRAD_ABI {

struct norm_options {
    detail::options_begin begin{};
    double p = 2;
};

namespace detail {

void say_options(const norm_options& options, const auto& say) { say("p", options.p); }

/// y = sqrt(sum x^2)        dx = dy x / y, 0 where y is
template <real T>
tensor<T> euclidean_norm(const basic_tensor<T>& x, axis_set axes, bool keep) {
    const auto& sizes = shape_of(x);
    auto y = make_result<T>(reduced_shape(sizes, axes, keep));
    kernels::euclidean_norm(x.data(), as_one_axis(sizes, axes), access::elements(y));
    auto values = xgrad::keep(x, result(y));
    return record("norm", std::move(y), {x}, std::move(values), [axes](const auto& dy, gradients& d, const auto& x_kept, const auto& y_kept) {
        d(0, [&] {
            const auto with_axes = reduced_shape(shape_of(x_kept()), axes, true);
            const auto length = reshape_to(y_kept(), with_axes);
            const auto divisor = tensor<T>{where(length == 0, std::numeric_limits<T>::infinity(), length)};
            return evaluate([](const auto& g, const auto& v, const auto& by) { return g * (v / by); }, reshape_to(dy, with_axes),
                            x_kept(), divisor);
        });
    });
}

/// y = sum |x|        dx = dy sign(x)
template <real T>
tensor<T> absolute_norm(const basic_tensor<T>& x, axis_set axes, bool keep) {
    const auto& sizes = shape_of(x);
    auto y = make_result<T>(reduced_shape(sizes, axes, keep));
    kernels::fold_along(kernels::sum_of{}, kernels::magnitude_of{}, x.data(), as_one_axis(sizes, axes), access::elements(y));
    return record("norm", std::move(y), {x}, xgrad::keep(x), [axes](const auto& dy, gradients& d, const auto& x_kept) {
        d(0, [&] { return evaluate(abs_fn::gradient, reshape_to(dy, reduced_shape(shape_of(x_kept()), axes, true)), x_kept()); });
    });
}

/// y = (sum |x|^p)^(1/p)        dx = dy sign(x) (|x| / y)^(p - 1), 0 where x is
template <real T>
tensor<T> power_norm(const basic_tensor<T>& x, axis_set axes, bool keep, double p) {
    const auto& sizes = shape_of(x);
    auto y = make_result<T>(reduced_shape(sizes, axes, keep));
    kernels::power_norm(x.data(), as_one_axis(sizes, axes), static_cast<T>(p), access::elements(y));
    auto values = xgrad::keep(x, result(y));
    return record("norm", std::move(y), {x}, std::move(values), [axes, p](const auto& dy, gradients& d, const auto& x_kept, const auto& y_kept) {
        d(0, [&] {
            const auto with_axes = reduced_shape(shape_of(x_kept()), axes, true);
            const auto v = x_kept();
            const auto length = reshape_to(y_kept(), with_axes);
            const auto flat = tensor<bool>{v == 0 || length == 0};   // for p < 0, a single zero makes y 0
            const auto size = tensor<T>{where(flat, 1, abs(v))}, divisor = tensor<T>{where(length == 0, 1, length)};
            const auto slope = tensor<T>{where(flat, 0, where(v < 0, -1, tensor<T>(T{1})) * pow(size / divisor, static_cast<T>(p - 1)))};
            return (upstream<T>{spread(dy, shape_of(v), axes)} * slope).value;
        });
    });
}

/// The norm for the exponents whose formula is another one.
template <real T>
tensor<T> norm_over(const basic_tensor<T>& x, axis_set axes, bool keep, double p) {
    if (p == 2) return euclidean_norm(x, axes, keep);
    if (p == 1) return absolute_norm(x, axes, keep);
    if (p == 0) {
        const auto guard = no_grad{};
        return power_norm(x, axes, keep, p);
    }
    if (std::isinf(p)) {
        const auto sizes = tensor<T>{abs(tensor<T>{x})};
        return p > 0 ? extremum<kernels::maximum_of>("norm", sizes, axes, keep) : extremum<kernels::minimum_of>("norm", sizes, axes, keep);
    }
    return power_norm(x, axes, keep, p);
}

}  // namespace detail

/// y = (sum |x|^p)^(1/p), p = 2 if nothing else is said: `norm(x, axis, {.p = 1})`. For p = inf and -inf the largest and the
/// smallest |x|; for p = 0 how many x are not 0, without a gradient. No power leaves the range when the norm does not.
/// dx = dy sign(x) (|x| / y)^(p - 1), 0 where y or x is; for infinite p shared evenly among equals
struct norm_fn : detail::reduction_with_options<norm_fn, norm_options> {
    static constexpr auto name = "norm";
    template <element T>
    static tensor<T> apply(const basic_tensor<T>& x, axis_set axes, bool keep, const norm_options& options) {
        detail::check_types<T>();
        if (options.p != options.p) fail<value_error>(name, "p must be a number");
        return detail::over_adjacent(x, axes, keep, [&](const auto& moved, axis_set together, bool stay) {
            return detail::norm_over(moved, together, stay, options.p);
        });
    }
};
inline constexpr norm_fn norm{};

}  // namespace xgrad

// Defined by xgrad::compiled.
#if defined(XGRAD_INSTANCE)
namespace xgrad::inline XGRAD_ABI::detail {
#define XGRAD_INSTANCES(T) \
    XGRAD_INSTANCE tensor<T> reduce_with<norm_fn, norm_options>(const basic_tensor<T>&, axis_set, bool, const norm_options&);
XGRAD_FOR_REAL_TYPES(XGRAD_INSTANCES)
#undef XGRAD_INSTANCES
}
#endif
