// What the normalisations have in common: the operation itself, and its rule.
#pragma once

#include <xgrad/autograd/backward.hpp>
#include <xgrad/autograd/broadcast.hpp>
#include <xgrad/autograd/upstream.hpp>
#include <xgrad/core/config.hpp>
#include <xgrad/core/error.hpp>
#include <xgrad/core/shape.hpp>
#include <xgrad/kernels/normalize.hpp>
#include <xgrad/kernels/normalize_columns.hpp>
#include <xgrad/kernels/normalize_gradient.hpp>
#include <xgrad/ops/arithmetic.hpp>
#include <xgrad/ops/reduce.hpp>
#include <xgrad/ops/special.hpp>

#include <algorithm>
#include <array>
#include <cstddef>
#include <utility>

namespace xgrad::inline XGRAD_ABI::detail {

/// How x is normalised: for the kernel as rows, for the recorded rule as a tensor of four axes.
struct normalization {
    kernels::norm_layout layout;
    shape sizes;              ///< x's
    axis_set axes;            ///< over which mean and variance are taken
    shape parameters;         ///< those of weight and bias, as they broadcast to `sizes`
    double eps;
    bool centred = true;      ///< whether the mean is taken away
    bool fixed = false;       ///< mean and variance are given, and no function of x
};

template <real T>
const T* data_or_null(const basic_tensor<T>& x) {
    return x.defined() ? x.data() : nullptr;
}

template <real T>
kernels::norm_statistics<T> statistics_in(const basic_tensor<T>& statistics) {
    return {access::elements(statistics), shape_of(statistics)[1]};
}

/// The gradients of x, weight and bias, as far as they are wanted.
template <real T>
struct normalization_slopes {
    tensor<T> x, weight, bias;
};

/// By one call of the kernel.
template <real T>
normalization_slopes<T> fused_slopes(const tensor<T>& dy, const tensor<T>& x, const tensor<T>& weight, const tensor<T>& statistics,
                                     const shape& parameters, const std::array<bool, 3>& wanted, const normalization& by) {
    auto slopes = normalization_slopes<T>{};
    const auto room = [](tensor<T>& to, bool wants, const shape& sizes) -> T* {
        if (!wants) return nullptr;
        to = make_result<T>(sizes);
        return access::elements(to);
    };
    auto* const dx = room(slopes.x, wanted[0], shape_of(x));
    auto* const dweight = room(slopes.weight, wanted[1], parameters);
    auto* const dbias = room(slopes.bias, wanted[2], parameters);
    kernels::normalize_gradient<T>(by.layout, {x.data(), dy.data(), data_or_null(weight), statistics_in(statistics), by.centred,
                                               by.fixed, dx, dweight, dbias});
    return slopes;
}

/// n = (x - mean) scale and scale = 1 / sqrt(variance + eps), recorded.
template <real T>
std::pair<tensor<T>, tensor<T>> recorded_normal(const tensor<T>& x, const tensor<T>& statistics, const normalization& by) {
    const auto with_eps = [&](const tensor<T>& variance) { return tensor<T>{rsqrt(tensor<T>{variance + by.eps})}; };
    if (by.fixed) {
        const auto of = statistics_in(statistics);
        auto row_shape = shape{1, of.rows, 1, 1};
        auto mean = make_result<T>(row_shape), variance = make_result<T>(row_shape);
        std::copy_n(&of.mean(0), of.rows, access::elements(mean));
        std::copy_n(&of.variance(0), of.rows, access::elements(variance));
        const auto scale = with_eps(variance);
        return {tensor<T>{(x - mean) * scale}, scale};
    }
    auto distance = x;
    for (auto part = 0; part < (by.centred ? 2 : 0); ++part)   // the second time what rounding has left
        distance = tensor<T>{distance - mean_over(distance, by.axes, true)};
    const auto scale = with_eps(mean_over(tensor<T>{distance * distance}, by.axes, true));
    return {tensor<T>{distance * scale}, scale};
}

/// By operations, to be differentiated in turn: the formula at the top of kernels/normalize_gradient.hpp.
template <real T>
normalization_slopes<T> recorded_slopes(const tensor<T>& dy, const tensor<T>& x, const tensor<T>& weight, const tensor<T>& statistics,
                                        const shape& parameters, const std::array<bool, 3>& wanted, const normalization& by) {
    const auto upper = upstream<T>{reshape_to(dy, by.sizes)};
    const auto [normal, scale] = recorded_normal(reshape_to(x, by.sizes), statistics, by);
    const auto parameter_slope = [&](const tensor<T>& each) { return reshape_to(sum_to(each, by.parameters), parameters); };
    auto slopes = normalization_slopes<T>{};
    if (wanted[0]) {
        const auto g = weight.defined() ? upper * reshape_to(weight, by.parameters) : upper;
        const auto spread_mean = [&](const tensor<T>& each) {
            return upstream<T>{broadcast_to(mean_over(each, by.axes, true), by.sizes)};
        };
        auto change = g;
        if (by.centred && !by.fixed) change = change + -spread_mean(g.value);
        if (!by.fixed) change = change + -(spread_mean((g * normal).value) * normal);
        slopes.x = reshape_to((change * scale).value, shape_of(x));
    }
    if (wanted[1]) slopes.weight = parameter_slope((upper * normal).value);
    if (wanted[2]) slopes.bias = parameter_slope(upper.value);
    return slopes;
}

/// y = (x - mean) / sqrt(variance + eps) weight + bias, of which weight and bias may be undefined. What the kernel finds of
/// each row goes to `statistics`, (4, rows). Throws `value_error` for a negative eps.
template <real T>
tensor<T> normalize(const char* name, const basic_tensor<T>& x, const basic_tensor<T>& weight, const basic_tensor<T>& bias,
                    const tensor<T>& statistics, const normalization& by) {
    if (!(by.eps >= 0)) fail<value_error>(name, "eps is added to a variance and must not be negative, got ", by.eps);
    auto y = make_result<T>(shape_of(x));
    kernels::normalize(by.layout, x.data(), data_or_null(weight), data_or_null(bias), static_cast<T>(by.eps), by.centred, by.fixed,
                       statistics_in(statistics), access::elements(y));
    const auto parameters = weight.defined() ? shape_of(weight) : bias.defined() ? shape_of(bias) : shape{};
    return record(name, std::move(y), {x, weight, bias}, keep(x, weight, statistics),
                  [by, parameters](const auto& dy, gradients& d, const auto& x_kept, const auto& weight_kept, const auto& statistics_kept) {
                      const auto& at = x_kept();
                      const auto& factor = weight_kept();
                      const auto wanted = std::array{d.wants(0), d.wants(1), d.wants(2)};
                      const auto by_operations = needs_grad(dy, at, factor);
                      const auto slopes = by_operations ? recorded_slopes(dy, at, factor, statistics_kept(), parameters, wanted, by)
                                                        : fused_slopes(dy, at, factor, statistics_kept(), parameters, wanted, by);
                      d(0, [&] { return slopes.x; });
                      d(1, [&] { return slopes.weight; });
                      d(2, [&] { return slopes.bias; });
                  });
}

/// Room for the statistics of so many rows.
template <real T>
tensor<T> room_for_statistics(std::size_t rows) {
    return make_result<T>({4, rows});
}

/// That weight and bias, where they are given, have one shape.
template <real T>
void check_parameters(const char* name, const basic_tensor<T>& weight, const basic_tensor<T>& bias, const shape& wanted) {
    for (const auto* each : {&weight, &bias})
        if (each->defined() && shape_of(*each) != wanted)
            fail<shape_error>(name, each == &weight ? "weight" : "bias", " is ", shape_of(*each), "; it must be ", wanted);
}

}  // namespace xgrad::inline XGRAD_ABI::detail
