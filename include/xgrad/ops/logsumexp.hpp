// The logarithm of a sum of exponentials along axes.
#pragma once

#include <xgrad/autograd/backward.hpp>
#include <xgrad/autograd/upstream.hpp>
#include <xgrad/core/config.hpp>
#include <xgrad/kernels/logsumexp.hpp>
#include <xgrad/ops/arithmetic.hpp>
#include <xgrad/ops/compare.hpp>
#include <xgrad/ops/math.hpp>
#include <xgrad/ops/reduction_options.hpp>
#include <xgrad/ops/softmax.hpp>

#include <cstddef>
#include <utility>

namespace xgrad::inline XGRAD_ABI {

namespace detail {

/// y = ln sum e^x along an axis, of which one place stays        dx = dy e^(x - m) / t,  y = m + ln t, m the largest x
/// The parts of y keep the digits of x - y; recorded, the derivative is softmax(x), and where y is infinite e^(x - y).
template <real T>
tensor<T> log_sum_along(const basic_tensor<T>& x, std::size_t axis) {
    auto sizes = shape_of(x);
    const auto at = kernels::axis_view{sizes, axis};
    sizes[axis] = 1;
    auto y = make_result<T>(sizes);
    const auto largest = make_result<T>(sizes), total = make_result<T>(sizes);
    kernels::log_sums(x.data(), at, [&](std::size_t line, const auto& parts) {
        access::elements(y)[line] = parts.value;
        access::elements(largest)[line] = parts.largest;
        access::elements(total)[line] = parts.total;
    });
    auto values = keep(x, result(y), largest, total);
    return record("logsumexp", std::move(y), {x}, std::move(values),
                  [axis](const auto& dy, gradients& d, const auto& x_kept, const auto& y_kept, const auto& m, const auto& t) {
        d(0, [&] {
            const auto formula = [](const auto& g, const auto& v, const auto& top, const auto& sum) { return g * (simd::exp(v - top) / sum); };
            if (!needs_grad(dy, x_kept())) return compute<T>("logsumexp", zero_stays_zero(formula), dy, x_kept(), m(), t());
            const auto limit = exp(x_kept() - m()) / t();
            const auto value = y_kept().detach();
            const auto ordinary = value - value == 0;   // not infinite
            const auto weight = tensor<T>{where(ordinary, softmax_along(x_kept(), axis), limit)};
            return (upstream<T>{broadcast_to(dy, shape_of(weight))} * weight).value;
        });
    });
}

}  // namespace detail

/// y = ln sum e^x. Nothing overflows; of -inf alone, and of none, it is -inf, with the gradient 0.        dx = dy softmax(x)
struct logsumexp_fn : detail::axis_reduction<logsumexp_fn> {
    static constexpr auto name = "logsumexp";
    template <element T>
    static tensor<T> apply(const basic_tensor<T>& x, axis_set axes, bool keep) {
        detail::check_types<T>();
        return detail::over_middle(x, axes, keep, [](const auto& v) { return detail::log_sum_along(v, 1); });
    }
};
inline constexpr logsumexp_fn logsumexp{};

}  // namespace xgrad

// Defined by xgrad::compiled.
#if defined(XGRAD_INSTANCE)
namespace xgrad::inline XGRAD_ABI::detail {
#define XGRAD_INSTANCES(T) XGRAD_INSTANCE tensor<T> reduce_by<logsumexp_fn>(const basic_tensor<T>&, axis_set, bool);
XGRAD_FOR_REAL_TYPES(XGRAD_INSTANCES)
#undef XGRAD_INSTANCES
}
#endif
