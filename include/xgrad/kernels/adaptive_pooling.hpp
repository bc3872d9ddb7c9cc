// The largest elements of windows that divide an array evenly: window j of `out` goes from floor(j in / out) to
// ceil((j + 1) in / out) along each axis.
#pragma once

#include <xgrad/core/config.hpp>
#include <xgrad/core/parallel.hpp>
#include <xgrad/kernels/window.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>

namespace xgrad::inline XGRAD_ABI::kernels {

namespace detail {

struct adaptive_range {
    std::size_t begin, end;
    adaptive_range(const window_axis& axis, std::size_t o) : begin{o * axis.in / axis.out}, end{((o + 1) * axis.in + axis.out - 1) / axis.out} {}
};

/// The number of the first NaN, or else of the first of the largest elements.
template <class T>
std::size_t largest_in(const window& over, std::size_t o, const T* x) {
    const auto& [a, b, c] = over.axes;
    const auto outer = adaptive_range{a, o / c.out / b.out}, middle = adaptive_range{b, o / c.out % b.out}, inner = adaptive_range{c, o % c.out};
    auto best = (outer.begin * b.in + middle.begin) * c.in + inner.begin;
    for (auto i = outer.begin; i < outer.end; ++i)
        for (auto j = middle.begin; j < middle.end; ++j)
            for (auto k = inner.begin; k < inner.end; ++k) {
                const auto at = (i * b.in + j) * c.in + k;
                if (x[best] == x[best] && !(x[at] <= x[best])) best = at;
            }
    return best;
}

}  // namespace detail

/// Only `in` and `out` of the windows count. `indices` may be null.
template <class T>
void adaptive_max_pool(const window& over, std::size_t planes, const T* x, T* y, std::int64_t* indices) {
    const auto out = over.out();
    parallel_for(planes, light_grain / std::max<std::size_t>(1, over.in()) + 1, [&](std::size_t begin, std::size_t end) {
        for (auto plane = begin; plane < end; ++plane)
            for (auto o = std::size_t{0}; o < out; ++o) {
                const auto best = detail::largest_in(over, o, x + plane * over.in());
                y[plane * out + o] = x[plane * over.in() + best];
                if (indices != nullptr) indices[plane * out + o] = static_cast<std::int64_t>(best);
            }
    });
}

}  // namespace xgrad::kernels
