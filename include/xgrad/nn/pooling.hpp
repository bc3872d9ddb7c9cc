// Pooling as layers, over one, two and three axes; nothing in them learns.
//
//     x: (n, c, ...) or (c, ...)  y: the same with the number of windows along each axis
#pragma once

#include <xgrad/autograd/tensor.hpp>
#include <xgrad/core/config.hpp>
#include <xgrad/core/dtype.hpp>
#include <xgrad/nn/members.hpp>
#include <xgrad/ops/adaptive_pooling.hpp>
#include <xgrad/ops/pooling.hpp>
#include <xgrad/ops/pooling_sizes.hpp>
#include <xgrad/ops/window_options.hpp>

#include <cstddef>

namespace xgrad::inline XGRAD_ABI::nn {

namespace detail {

/// `Operation` over windows of the size of `kernel`.
template <class Operation, class Options>
struct pool {
    per_axis kernel;
    Options options;

    XGRAD_MEMBERS()

    explicit pool(const per_axis& kernel_size, const Options& by = {}) : kernel{kernel_size}, options{by} {}

    template <element T, std::size_t N>
    tensor<T, N> operator()(const tensor<T, N>& x) const {
        return Operation{}(x, kernel, options);
    }
};

/// `Operation` over as many windows as `size` says.
template <class Operation>
struct adaptive_pool {
    per_axis size;

    XGRAD_MEMBERS()

    explicit adaptive_pool(const per_axis& output_size) : size{output_size} {}

    template <element T, std::size_t N>
    tensor<T, N> operator()(const tensor<T, N>& x) const {
        return Operation{}(x, size);
    }
};

}  // namespace detail

/// The largest element of each window: `nn::max_pool2d{2}`, `nn::max_pool2d{3, {.stride = 2, .padding = 1}}`.
template <std::size_t Axes>
using max_pool = detail::pool<max_pool_fn<Axes>, max_pool_options>;
using max_pool1d = max_pool<1>;
using max_pool2d = max_pool<2>;
using max_pool3d = max_pool<3>;

/// The average of each window. Padding counts as zeros, unless `count_include_pad` is false.
template <std::size_t Axes>
using avg_pool = detail::pool<avg_pool_fn<Axes>, avg_pool_options>;
using avg_pool1d = avg_pool<1>;
using avg_pool2d = avg_pool<2>;
using avg_pool3d = avg_pool<3>;

/// The average, or the largest element, of each of so many windows: `nn::adaptive_avg_pool2d{1}` is the average of a channel.
template <std::size_t Axes>
using adaptive_avg_pool = detail::adaptive_pool<adaptive_avg_pool_fn<Axes>>;
using adaptive_avg_pool1d = adaptive_avg_pool<1>;
using adaptive_avg_pool2d = adaptive_avg_pool<2>;
using adaptive_avg_pool3d = adaptive_avg_pool<3>;

template <std::size_t Axes>
using adaptive_max_pool = detail::adaptive_pool<adaptive_max_pool_fn<Axes>>;
using adaptive_max_pool1d = adaptive_max_pool<1>;
using adaptive_max_pool2d = adaptive_max_pool<2>;
using adaptive_max_pool3d = adaptive_max_pool<3>;

/// (sum of x^p)^(1/p) over each window, as `xgrad::lp_pool2d`: `nn::lp_pool2d{2, 3}` for p = 2, a kernel of 3.
template <std::size_t Axes>
struct lp_pool {
    double p;
    per_axis kernel;
    lp_pool_options options;

    XGRAD_MEMBERS()

    lp_pool(double power, const per_axis& kernel_size, const lp_pool_options& by = {}) : p{power}, kernel{kernel_size}, options{by} {}

    template <element T, std::size_t N>
    tensor<T, N> operator()(const tensor<T, N>& x) const {
        return lp_pool_fn<Axes>{}(x, static_cast<T>(p), kernel, options);
    }
};
using lp_pool1d = lp_pool<1>;
using lp_pool2d = lp_pool<2>;
using lp_pool3d = lp_pool<3>;

}  // namespace xgrad::nn
