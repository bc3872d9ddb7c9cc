// Windows that go over the last axes of an array, up to three of them: where each lies.
#pragma once

#include <xgrad/core/config.hpp>

#include <array>
#include <cstddef>

namespace xgrad::inline XGRAD_ABI::kernels {

/// Along one axis: tap k of window o lies at element o stride + k dilation - before, which may be outside of [0, in).
struct window_axis {
    std::size_t in = 1, kernel = 1, stride = 1, dilation = 1, out = 1;
    std::ptrdiff_t before = 0;

    /// From the first tap of the first window to the last tap of the last one.
    std::size_t reach() const { return out == 0 ? 0 : (out - 1) * stride + (kernel - 1) * dilation + 1; }
    /// No window sees padding, and the first begins where the axis does.
    bool is_inside() const { return before == 0 && reach() <= in; }
    /// Each window is one element, and the windows are all of them in order.
    bool is_plain() const { return kernel == 1 && stride == 1 && before == 0 && out == in; }
};

/// Along the axes, of which those in front may be missing: they have one element and one window.
struct window {
    std::array<window_axis, 3> axes;

    std::size_t taps() const { return axes[0].kernel * axes[1].kernel * axes[2].kernel; }
    std::size_t in() const { return axes[0].in * axes[1].in * axes[2].in; }
    std::size_t out() const { return axes[0].out * axes[1].out * axes[2].out; }
    bool is_inside() const { return axes[0].is_inside() && axes[1].is_inside() && axes[2].is_inside(); }
    bool is_plain() const { return axes[0].is_plain() && axes[1].is_plain() && axes[2].is_plain(); }
    /// Each window is one element of the plane.
    bool is_pointwise() const { return taps() == 1 && is_inside(); }

    /// Where in the plane row (i, j) of windows, of all axes but the last, begins, if none sees padding.
    std::size_t begin(std::size_t i, std::size_t j) const { return (i * axes[0].stride * axes[1].in + j * axes[1].stride) * axes[2].in; }
    /// The outermost axis along which there is more than one window: in row-major order, what lies between two places of it
    /// lies side by side.
    std::size_t outermost() const { return axes[0].out > 1 ? 0 : axes[1].out > 1 ? 1 : 2; }
    /// The windows from `first` on along an axis, `count` of them.
    window part(std::size_t axis, std::size_t first, std::size_t count) const {
        auto result = *this;
        result.axes[axis].before -= static_cast<std::ptrdiff_t>(first * axes[axis].stride);
        result.axes[axis].out = count;
        return result;
    }
};

}  // namespace xgrad::kernels
