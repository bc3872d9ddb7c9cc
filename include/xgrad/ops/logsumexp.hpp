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

#include <algorithm>
#include <cstddef>
#include <limits>
#include <utility>

namespace xgrad::inline XGRAD_ABI {

namespace detail {

/// y = ln sum e^x along an axis, of which one place stays        dx = dy softmax(x), where y is -inf 0, where it is inf e^(x - y)
template <real T>
tensor<T> log_sum_along(const basic_tensor<T>& x, std::size_t axis) {
    auto sizes = shape_of(x);
    const auto at = kernels::axis_view{sizes, axis};
    sizes[axis] = 1;
    auto y = make_result<T>(sizes);
    kernels::logsumexp(x.data(), at, access::elements(y));
    auto values = keep(x, result(y));
    return record("logsumexp", std::move(y), {x}, std::move(values), [axis](const auto& dy, gradients& d, const auto& x_kept, const auto& y_kept) {
        d(0, [&] {
            constexpr auto infinity = std::numeric_limits<T>::infinity();
            const auto sum = y_kept().detach();
            auto weight = softmax_along(x_kept(), axis);
            const auto ordinary = abs(sum) != infinity;
            if (!std::ranges::all_of(ordinary.span(), [](bool each) { return each; })) {
                const auto limit = exp(x_kept() - tensor<T>{where(sum == -infinity, 0, sum)});
                weight = tensor<T>{where(ordinary, weight, limit)};
            }
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
