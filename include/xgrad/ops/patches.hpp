// Patches of images as columns, and columns put together to images: `unfold` and `fold`.
#pragma once

#include <xgrad/autograd/backward.hpp>
#include <xgrad/autograd/create.hpp>
#include <xgrad/autograd/operation.hpp>
#include <xgrad/core/config.hpp>
#include <xgrad/kernels/patches.hpp>
#include <xgrad/ops/pooling_sizes.hpp>

#include <algorithm>
#include <cstddef>

namespace xgrad::inline XGRAD_ABI {

struct unfold_options {
    per_axis stride = 1;
    window_padding padding = 0;
    per_axis dilation = 1;
};

namespace detail {

/// y[n, c taps + k, o] = x[n, c, tap k of window o]        dx += dy
template <real T>
tensor<T> fold_by(const basic_tensor<T>& y, const pool_sizes& sizes);
template <real T>
tensor<T> unfold_by(const basic_tensor<T>& x, const pool_sizes& sizes) {
    return call("unfold", {"x", "sizes"}, [](const basic_tensor<T>& v, const pool_sizes& s) {
        const auto images = shape_of(v)[0], channels = shape_of(v)[1];
        auto y = make_result<T>({images, channels * s.over.taps(), s.over.out()});
        kernels::unfold(s.over, images * channels, v.data(), access::elements(y));
        return record("unfold", std::move(y), {v}, keep(), [s](const auto& dy, gradients& d) { d(0, [&] { return fold_by<T>(dy, s); }); });
    }, x, sizes);
}
template <real T>
tensor<T> fold_by(const basic_tensor<T>& y, const pool_sizes& sizes) {
    return call("fold", {"x", "sizes"}, [](const basic_tensor<T>& v, const pool_sizes& s) {
        auto result = shape{shape_of(v)[0], shape_of(v)[1] / s.over.taps()};
        for (auto i = 3 - s.axes; i < 3; ++i) result.push_back(s.over.axes[i].in);
        auto x = filled<dynamic_rank>(result, T{0});
        kernels::add_folded(s.over, result[0] * result[1], v.data(), access::elements(x));
        return record("fold", std::move(x), {v}, keep(), [s](const auto& dx, gradients& d) { d(0, [&] { return unfold_by<T>(dx, s); }); });
    }, y, sizes);
}

/// Windows over images whose last axes have these sizes.
XGRAD_ON_DEMAND pool_sizes sizes_of_patches(const char* caller, std::size_t axes, const shape& x, const per_axis& kernel, const unfold_options& options) {
    const auto placed = place_window(caller, x, axes, kernel_of(caller, kernel, axes), options.stride, options.padding, options.dilation);
    auto result = pool_sizes{caller, placed.over, placed.after, axes, false};
    for (auto i = 3 - axes; i < 3; ++i) result.over.axes[i].out = count_windows(caller, result.over.axes[i], result.after[i]);
    return result;
}

template <real T>
tensor<T> unfold_any(const basic_tensor<T>& x, const per_axis& kernel, const unfold_options& options) {
    const auto& sizes = shape_of(x);
    if (sizes.rank() < 3 || sizes.rank() > 5) fail<rank_error>("unfold", "x is ", sizes, "; it has axes for images, channels, and one to three more");
    return unfold_by<T>(x, sizes_of_patches("unfold", sizes.rank() - 2, sizes, kernel, options));
}

template <real T>
tensor<T> fold_any(const basic_tensor<T>& y, const per_axis& size, const per_axis& kernel, const unfold_options& options) {
    const auto& from = shape_of(y);
    if (from.rank() != 3) fail<rank_error>("fold", "x is ", from, "; it is (images, channels taps, windows)");
    auto axes = std::max(size.count(), kernel.count());
    if (axes == 1) axes = 2;
    auto result = shape{from[0], from[1]};
    for (auto i = std::size_t{0}; i < axes; ++i) result.push_back(size.at("fold", "size", i, axes, 0));
    const auto sizes = sizes_of_patches("fold", axes, result, kernel, options);
    if (from[1] % sizes.over.taps() != 0 || from[2] != sizes.over.out())
        fail<shape_error>("fold", "x is ", from, "; with kernels of ", sizes.over.taps(), " elements, which must divide the second axis, there are ",
                          sizes.over.out(), " windows");
    return fold_by<T>(y, sizes);
}

}  // namespace detail

/// Patches as columns        x: (n, c, ...), one to three axes more  y: (n, c taps, windows)
/// Throws `shape_error` when no window fits.
struct unfold_fn {
    template <element T, std::size_t N>
    tensor<T, 3> operator()(const tensor<T, N>& x, const per_axis& kernel, const unfold_options& options = {}) const {
        static_assert(real<T>, "an operation on real numbers: convert the operand with astype<float>(x)");
        return detail::with_rank<3>(detail::unfold_any<T>(x, kernel, options));
    }
};
inline constexpr unfold_fn unfold{};

/// The sums of patches at their places, of which `unfold` is the derivative        x: (n, c taps, windows)  y: (n, c, size...)
/// A single number for both size and kernel stands for two axes. Throws `shape_error` when the sizes do not fit.
struct fold_fn {
    template <element T, std::size_t N>
    tensor<T> operator()(const tensor<T, N>& x, const per_axis& size, const per_axis& kernel, const unfold_options& options = {}) const {
        static_assert(real<T>, "an operation on real numbers: convert the operand with astype<float>(x)");
        return detail::fold_any<T>(x, size, kernel, options);
    }
};
inline constexpr fold_fn fold{};

}  // namespace xgrad

// Defined by xgrad::compiled.
#if defined(XGRAD_INSTANCE)
namespace xgrad::inline XGRAD_ABI::detail {
#define XGRAD_INSTANCES(T) \
    XGRAD_INSTANCE tensor<T> unfold_any(const basic_tensor<T>&, const per_axis&, const unfold_options&); \
    XGRAD_INSTANCE tensor<T> fold_any(const basic_tensor<T>&, const per_axis&, const per_axis&, const unfold_options&);
XGRAD_FOR_REAL_TYPES(XGRAD_INSTANCES)
#undef XGRAD_INSTANCES
}
#endif
