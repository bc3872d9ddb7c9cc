// Local response normalisation: each element by those of the channels around it.
#pragma once

#include <xgrad/autograd/backward.hpp>
#include <xgrad/autograd/operation.hpp>
#include <xgrad/core/config.hpp>
#include <xgrad/core/error.hpp>
#include <xgrad/core/parallel.hpp>
#include <xgrad/kernels/reduce.hpp>
#include <xgrad/ops/arithmetic.hpp>
#include <xgrad/ops/math.hpp>

#include <algorithm>
#include <cstddef>
#include <utility>

namespace xgrad::inline XGRAD_ABI {

struct local_response_norm_options {
    double alpha = 1e-4;
    double beta = 0.75;
    double k = 1;
};

namespace detail {

void say_options(const local_response_norm_options& options, const auto& say) {
    say("alpha", options.alpha);
    say("beta", options.beta);
    say("k", options.k);
}

/// y_c = x_(c - before) + ... + x_(c + after) along the second axis, of those there are        dx: before and after exchanged
template <real T>
tensor<T> window_sum(const basic_tensor<T>& x, std::size_t before, std::size_t after) {
    const auto& sizes = shape_of(x);
    const auto channels = sizes[1];
    auto inner = std::size_t{1};
    for (auto axis = std::size_t{2}; axis < sizes.rank(); ++axis) inner *= sizes[axis];
    auto y = make_result<T>(sizes);
    auto* const to = access::elements(y);
    const auto* const from = x.data();
    const auto cost = std::max<std::size_t>(1, inner * (before + after + 1));
    parallel_for(sizes[0] * channels, light_grain / cost + 1, [=](std::size_t begin, std::size_t end) {
        for (auto row = begin; row < end; ++row) {
            const auto c = row % channels, image = row - c;
            std::fill_n(to + row * inner, inner, T{0});
            for (auto i = c < before ? 0 : c - before; i < std::min(channels, c + after + 1); ++i)
                kernels::detail::fold_into(kernels::sum_of{}, to + row * inner, from + (image + i) * inner, inner);
        }
    });
    return record("window_sum", std::move(y), {x}, keep(), [before, after](const auto& dy, gradients& d) {
        d(0, [&] { return window_sum(dy, after, before); });
    });
}

template <real T>
tensor<T> local_response_norm_of(const basic_tensor<T>& x, std::ptrdiff_t size, const local_response_norm_options& options) {
    return call("local_response_norm", {"x", "size", "options"},
                [](const basic_tensor<T>& v, std::ptrdiff_t window, const local_response_norm_options& by) {
        if (v.rank() < 3) fail<rank_error>("local_response_norm", "x is ", shape_of(v), "; it must be (n, c, ...) with another axis at least");
        if (window < 1) fail<value_error>("local_response_norm", "the size is ", window, "; it must be 1 at least");
        const auto count = static_cast<std::size_t>(window);
        const auto at = tensor<T>{v};
        const auto squares = window_sum(tensor<T>{at * at}, count / 2, (count - 1) / 2);
        return tensor<T>{at * pow(by.k + squares * (by.alpha / static_cast<double>(count)), -by.beta)};
    }, x, size, options);
}

}  // namespace detail

/// y = x / (k + alpha / size sum x^2)^beta, the sum over the `size` channels around each, of which the even one comes before; those
/// that there are not count as 0. x: (n, c, ...). Throws `rank_error`, and `value_error` for a size below 1.
/// A. Krizhevsky, I. Sutskever, G. E. Hinton, "ImageNet classification with deep convolutional neural networks", 2012.
struct local_response_norm_fn {
    template <element T, std::size_t N>
    tensor<T, N> operator()(const tensor<T, N>& x, extent size, local_response_norm_options options = {}) const {
        detail::check_types<T>();
        static_assert(N == dynamic_rank || N >= 3, "x is (n, c, ...) with another axis at least");
        return detail::with_rank<N>(detail::local_response_norm_of<T>(x, size, options));
    }
};
inline constexpr local_response_norm_fn local_response_norm{};

}  // namespace xgrad

// Defined by xgrad::compiled.
#if defined(XGRAD_INSTANCE)
namespace xgrad::inline XGRAD_ABI::detail {
#define XGRAD_INSTANCES(T) \
    XGRAD_INSTANCE tensor<T> window_sum(const basic_tensor<T>&, std::size_t, std::size_t); \
    XGRAD_INSTANCE tensor<T> local_response_norm_of(const basic_tensor<T>&, std::ptrdiff_t, const local_response_norm_options&);
XGRAD_FOR_REAL_TYPES(XGRAD_INSTANCES)
#undef XGRAD_INSTANCES
}
#endif
