// What a convolution is like: its options, and the sizes that follow from them.
#pragma once

#include <xgrad/core/config.hpp>
#include <xgrad/core/error.hpp>
#include <xgrad/core/shape.hpp>
#include <xgrad/kernels/conv_sizes.hpp>
#include <xgrad/ops/window_options.hpp>

#include <algorithm>
#include <array>
#include <cstddef>

namespace xgrad::inline XGRAD_ABI {

struct conv_options {
    per_axis stride = 1;
    window_padding padding = 0;   ///< a number, one for each axis, {before, after} for each, or `same`
    per_axis dilation = 1;
    extent groups = 1;            ///< channels of x and of y in so many parts that do not meet
};

struct conv_transpose_options {
    per_axis stride = 1;
    window_padding padding = 0;   ///< that of the convolution of which this is the transpose: so much is left out
    per_axis output_padding = 0;  ///< behind, less than stride or dilation
    extent groups = 1;
    per_axis dilation = 1;
};

namespace detail {

/// The sizes of a convolution of so many axes.
struct conv_sizes {
    kernels::convolution of;
    std::size_t axes;

    shape x() const { return extended({of.batch, of.groups * of.in}, &kernels::window_axis::in); }
    shape y() const { return extended({of.batch, of.groups * of.out}, &kernels::window_axis::out); }
    shape weight() const { return extended({of.groups * of.out, of.in}, &kernels::window_axis::kernel); }

    const char* name() const { return axes == 1 ? "conv1d" : axes == 2 ? "conv2d" : "conv3d"; }
    const char* transposed_name() const { return axes == 1 ? "conv_transpose1d" : axes == 2 ? "conv_transpose2d" : "conv_transpose3d"; }

private:
    shape extended(shape sizes, std::size_t kernels::window_axis::*size) const {
        for (auto i = 3 - axes; i < 3; ++i) sizes.push_back(of.over.axes[i].*size);
        return sizes;
    }
};

void say_options(const conv_sizes& sizes, const auto& say) {
    const auto each = [&](const auto& f) { return each_axis(sizes.of.over, sizes.axes, f); };
    say("stride", each([](const auto& axis) { return axis.stride; }));
    say("padding", each([](const auto& axis) { return axis.before; }));
    say("dilation", each([](const auto& axis) { return axis.dilation; }));
    say("groups", sizes.of.groups);
    say("in", each([](const auto& axis) { return axis.in; }));
    say("out", each([](const auto& axis) { return axis.out; }));
}

/// `channels` are those of x, of which weight has `of_weight`.
XGRAD_ON_DEMAND void check_conv_operands(const char* caller, std::size_t axes, const shape& x, const shape& weight, const shape* bias,
                                std::size_t bias_size) {
    if (x.rank() != axes + 2 || weight.rank() != axes + 2)
        fail<rank_error>(caller, "x is ", x, ", weight is ", weight, "; x has axes for images (it may lack that), channels, and ", axes,
                         " more, weight as many");
    if (bias != nullptr && (bias->rank() != 1 || (*bias)[0] != bias_size))
        fail<shape_error>(caller, "weight is ", weight, ", bias is ", *bias, "; bias has one element for each of ", bias_size, " channels");
}

XGRAD_ON_DEMAND std::size_t checked_groups(const char* caller, extent groups) {
    if (groups.value < 1) fail<value_error>(caller, "groups must be at least 1, got ", groups.value);
    return static_cast<std::size_t>(groups.value);
}

XGRAD_ON_DEMAND std::array<std::size_t, 3> kernel_of(const shape& weight, std::size_t axes) {
    auto kernel = std::array<std::size_t, 3>{};
    for (auto i = std::size_t{0}; i < axes && i + 2 < weight.rank(); ++i) kernel[i] = weight[i + 2];
    return kernel;
}

XGRAD_ON_DEMAND conv_sizes sizes_of_conv(std::size_t axes, const shape& x, const shape& weight, const shape* bias, const conv_options& options) {
    auto result = conv_sizes{.of = {}, .axes = axes};
    const auto* const caller = result.name();
    const auto groups = checked_groups(caller, options.groups);
    check_conv_operands(caller, axes, x, weight, bias, weight.rank() == 0 ? 0 : weight[0]);
    if (weight[1] * groups != x[1] || weight[0] % groups != 0)
        fail<shape_error>(caller, "channels differ: x is ", x, ", weight is ", weight, ", groups are ", groups,
                          "; weight is (out, channels / groups, ...), and groups divide out");
    const auto placed = place_window(caller, x, axes, kernel_of(weight, axes), options.stride, options.padding, options.dilation);
    result.of = {.over = placed.over, .batch = x[0], .groups = groups, .in = weight[1], .out = weight[0] / groups};
    for (auto i = 3 - axes; i < 3; ++i) result.of.over.axes[i].out = count_windows(caller, placed.over.axes[i], placed.after[i]);
    return result;
}

/// Those of the convolution of which it is the transpose: its y is the x of that, and the other way round.
XGRAD_ON_DEMAND conv_sizes sizes_of_conv_transpose(std::size_t axes, const shape& x, const shape& weight, const shape* bias,
                                          const conv_transpose_options& options) {
    auto result = conv_sizes{.of = {}, .axes = axes};
    const auto* const caller = result.transposed_name();
    const auto groups = checked_groups(caller, options.groups);
    check_conv_operands(caller, axes, x, weight, bias, weight.rank() < 2 ? 0 : weight[1] * groups);
    if (weight[0] != x[1] || x[1] % groups != 0)
        fail<shape_error>(caller, "channels differ: x is ", x, ", weight is ", weight, ", groups are ", groups,
                          "; weight is (channels, out / groups, ...), and groups divide channels");
    if (options.padding.is_same()) fail<value_error>(caller, "padding `same` is for convolutions; give numbers");
    auto placed = place_window(caller, x, axes, kernel_of(weight, axes), options.stride, options.padding, options.dilation);
    for (auto i = std::size_t{0}; i < axes; ++i) {
        auto& axis = placed.over.axes[3 - axes + i];
        axis.out = axis.in;
        check_distance(caller, "stride", axis.out, axis.stride);
        const auto more = options.output_padding.at(caller, "output_padding", i, axes, 0);
        if (more >= std::max(axis.stride, axis.dilation))
            fail<value_error>(caller, "output_padding, ", more, ", must be less than the stride, ", axis.stride, ", or the dilation, ", axis.dilation);
        const auto cut = static_cast<std::size_t>(axis.before) + placed.after[3 - axes + i];
        const auto full = axis.reach() + more;
        if (axis.out == 0 || full <= cut)
            fail<shape_error>(caller, "nothing is left along axis ", i + 2, ": x has ", axis.out, " elements, the result would have ", full,
                              ", of which the padding takes ", cut);
        axis.in = full - cut;
    }
    result.of = {.over = placed.over, .batch = x[0], .groups = groups, .in = weight[1], .out = x[1] / groups};
    return result;
}

}  // namespace detail

}  // namespace xgrad
