// Differences of neighbours along an axis.
#pragma once

#include <xgrad/autograd/backward.hpp>
#include <xgrad/autograd/operation.hpp>
#include <xgrad/core/config.hpp>
#include <xgrad/core/exact.hpp>
#include <xgrad/kernels/diff.hpp>
#include <xgrad/ops/reduction_options.hpp>

#include <cstddef>
#include <utility>

namespace xgrad::inline XGRAD_ABI {

/// How many times the difference is taken.
struct diff_options {
    detail::options_begin begin{};
    extent n = 1;
};

namespace detail {

template <real T>
tensor<T> diff_transposed(const basic_tensor<T>& x, std::size_t axis);

/// y_i = x_(i+1) - x_i        dx_i = dy_(i-1) - dy_i
template <element T>
tensor<T> diff_once(const basic_tensor<T>& x, std::size_t axis) {
    auto sizes = shape_of(x);
    const auto at = kernels::axis_view{sizes, axis};
    sizes[axis] -= sizes[axis] == 0 ? 0 : 1;
    auto y = make_result<T>(sizes);
    kernels::diff(x.data(), at, access::elements(y));
    if constexpr (!real<T>) return y;
    else
        return record("diff", std::move(y), {x}, keep(), [axis](const auto& dy, gradients& d) {
            d(0, [&] { return diff_transposed(dy, axis); });
        });
}

/// The transposed operation: y_i = x_(i-1) - x_i, with nothing before the first and after the last        dx_i = dy_(i+1) - dy_i
template <real T>
tensor<T> diff_transposed(const basic_tensor<T>& x, std::size_t axis) {
    auto sizes = shape_of(x);
    const auto at = kernels::axis_view{sizes, axis};
    ++sizes[axis];
    auto y = make_result<T>(sizes);
    kernels::diff_transposed(x.data(), at, access::elements(y));
    return record("diff_transposed", std::move(y), {x}, keep(), [axis](const auto& dy, gradients& d) {
        d(0, [&] { return diff_once(dy, axis); });
    });
}

template <element T>
tensor<T> diff_along(const basic_tensor<T>& x, std::size_t axis, std::size_t n) {
    return call("diff", {"x", "axis", "n"}, [](const basic_tensor<T>& v, std::size_t along, std::size_t times) {
        auto y = reshape_to(v, shape_of(v));   // a tensor of its own, where there is nothing to do
        for (auto i = std::size_t{0}; i < times && shape_of(y)[along] != 0; ++i) y = diff_once(y, along);
        return y;
    }, x, axis, n);
}

}  // namespace detail

/// y_i = x_(i+1) - x_i along `axis`, n times: one element less each time, down to none. Integers wrap; of truth values,
/// whether they differ. Throws `value_error` for a negative n.        dx_i = dy_(i-1) - dy_i
struct diff_fn {
    template <element T, std::size_t N>
    tensor<T, N> operator()(const tensor<T, N>& x, extent axis = -1, const diff_options& options = {}) const {
        static_assert(N != 0, "a tensor without axes has no neighbours");
        if (options.n < 0) fail<value_error>("diff", "n is ", options.n.value, "; it must not be negative");
        return detail::with_rank<N>(detail::diff_along<T>(x, normalize_axis("diff", axis, x.rank()), static_cast<std::size_t>(options.n.value)));
    }
    template <element T, std::size_t N>
    tensor<T, N> operator()(const tensor<T, N>& x, const diff_options& options) const {
        return (*this)(x, -1, options);
    }
};
inline constexpr diff_fn diff{};

}  // namespace xgrad

// Defined by xgrad::compiled.
#if defined(XGRAD_INSTANCE)
namespace xgrad::inline XGRAD_ABI::detail {
#define XGRAD_INSTANCES(T) XGRAD_INSTANCE tensor<T> diff_along(const basic_tensor<T>&, std::size_t, std::size_t);
XGRAD_FOR_REAL_TYPES(XGRAD_INSTANCES)
#undef XGRAD_INSTANCES
}
#endif
