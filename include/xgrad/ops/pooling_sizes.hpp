// What pooling is like: its options, and the windows that follow from them.
#pragma once

#include <xgrad/core/config.hpp>
#include <xgrad/core/error.hpp>
#include <xgrad/core/shape.hpp>
#include <xgrad/kernels/window.hpp>
#include <xgrad/ops/window_options.hpp>

#include <array>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace xgrad::inline XGRAD_ABI {

struct max_pool_options {
    per_axis stride = 0;          ///< 0: as the kernel
    window_padding padding = 0;   ///< counts as minus infinity; at most half a kernel
    per_axis dilation = 1;
    bool ceil_mode = false;       ///< a window more where elements are left over
};

struct avg_pool_options {
    per_axis stride = 0;             ///< 0: as the kernel
    window_padding padding = 0;      ///< zeros; at most half a kernel
    bool ceil_mode = false;          ///< a window more where elements are left over; what hangs over never counts
    bool count_include_pad = true;   ///< whether padding counts among what the sum is divided by
    extent divisor = 0;              ///< what it is divided by instead, if not 0
};

struct lp_pool_options {
    per_axis stride = 0;   ///< 0: as the kernel
    bool ceil_mode = false;
};

struct max_unpool_options {
    per_axis stride = 0;        ///< 0: as the kernel
    window_padding padding = 0;
    per_axis size = 0;          ///< of the result, along each axis; 0: what stride and padding say
};

namespace detail {

/// Windows over the last axes, and what is behind the elements of each.
struct pool_sizes {
    const char* name;   ///< of the operation as it was called: "max_pool2d"
    kernels::window over;
    std::array<std::size_t, 3> after;
    std::size_t axes;
    bool ceil_mode;

    shape out(shape sizes) const {
        for (auto i = std::size_t{0}; i < axes; ++i) sizes[sizes.rank() - axes + i] = over.axes[3 - axes + i].out;
        return sizes;
    }
};

void say_options(const pool_sizes& sizes, const auto& say) {
    const auto each = [&](const auto& f) { return each_axis(sizes.over, sizes.axes, f); };
    say("kernel", each([](const auto& axis) { return axis.kernel; }));
    say("stride", each([](const auto& axis) { return axis.stride; }));
    say("padding", each([](const auto& axis) { return axis.before; }));
    auto behind = std::vector<std::int64_t>{};
    for (auto i = 3 - sizes.axes; i < 3; ++i) behind.push_back(static_cast<std::int64_t>(sizes.after[i]));
    say("padding_after", behind);
    say("dilation", each([](const auto& axis) { return axis.dilation; }));
    say("ceil_mode", sizes.ceil_mode);
    say("in", each([](const auto& axis) { return axis.in; }));
    say("out", each([](const auto& axis) { return axis.out; }));
}

/// x has one or two axes in front of those that windows go over.
XGRAD_ON_DEMAND void check_pool_operand(const char* caller, std::size_t axes, const shape& x) {
    if (x.rank() != axes + 1 && x.rank() != axes + 2)
        fail<rank_error>(caller, "x is ", x, "; it has axes for images (it may lack that), channels, and ", axes, " more");
    for (auto axis = x.rank() - axes; axis < x.rank(); ++axis)
        if (x[axis] == 0) fail<shape_error>(caller, "x is ", x, "; there is nothing along axis ", axis);
}

XGRAD_ON_DEMAND std::array<std::size_t, 3> kernel_of(const char* caller, const per_axis& kernel, std::size_t axes) {
    auto result = std::array<std::size_t, 3>{};
    for (auto i = std::size_t{0}; i < axes; ++i) result[i] = kernel.at(caller, "kernel", i, axes, 1);
    return result;
}

/// Whether each window has an element in it. One that is dilated may have them all between two of its taps.
inline bool windows_meet_elements(const kernels::window_axis& axis) {
    const auto before = static_cast<std::size_t>(axis.before);
    for (auto first = std::size_t{0}; axis.dilation > 1 && first < axis.out * axis.stride && first < before; first += axis.stride) {
        const auto outside = before - first, tap = (outside + axis.dilation - 1) / axis.dilation;
        if (tap >= axis.kernel || tap * axis.dilation - outside >= axis.in) return false;
    }
    return axis.out == 0 || (axis.out - 1) * axis.stride < axis.in + before;
}

XGRAD_ON_DEMAND pool_sizes sizes_of_pool(const char* caller, std::size_t axes, const shape& x, const per_axis& kernel, const per_axis& stride,
                                const window_padding& padding, const per_axis& dilation, bool ceil_mode) {
    check_pool_operand(caller, axes, x);
    const auto placed = place_window(caller, x, axes, kernel_of(caller, kernel, axes), stride == per_axis{0} ? kernel : stride, padding, dilation);
    auto result = pool_sizes{caller, placed.over, placed.after, axes, ceil_mode};
    for (auto i = 3 - axes; i < 3; ++i) {
        auto& axis = result.over.axes[i];
        const auto before = static_cast<std::size_t>(axis.before), reach = (axis.kernel - 1) * axis.dilation + 1;
        if (2 * before > reach || 2 * result.after[i] > reach + 1)
            fail<value_error>(caller, "padding ", before, " and ", result.after[i], " is more than half of the kernel, ", reach,
                              "; windows of padding alone have no value");
        axis.out = count_windows(caller, axis, result.after[i], ceil_mode);
        if (!windows_meet_elements(axis))
            fail<value_error>(caller, "padding ", before, " and ", result.after[i], " makes a window of padding alone, which has no value: of ",
                              axis.in, " elements a kernel of ", axis.kernel, " with dilation ", axis.dilation, " meets none");
    }
    return result;
}

}  // namespace detail

}  // namespace xgrad
