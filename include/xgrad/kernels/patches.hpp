// Patches of images as columns, and their sums put back.
#pragma once

#include <xgrad/core/config.hpp>
#include <xgrad/core/memory.hpp>
#include <xgrad/core/parallel.hpp>
#include <xgrad/kernels/planes.hpp>
#include <xgrad/kernels/window.hpp>

#include <algorithm>
#include <cstddef>

namespace xgrad::inline XGRAD_ABI::kernels {

/// y[plane, k, o] = x[plane, tap k of window o], 0 in the padding        x: (planes, in)  y: (planes, taps, out)
template <class T>
void unfold(const window& over, std::size_t planes, const T* x, T* y) {
    const auto layout = plane_layout{over};
    const auto taps = over.taps(), out = over.out();
    auto pieces = runs{};
    layout.find_runs(0, out, pieces);
    parallel_for(planes, light_grain / std::max<std::size_t>(1, taps * out) + 1, [&](std::size_t begin, std::size_t end) {
        auto plane = detail::channel_planes<T>{layout};
        for (auto number = begin; number < end; ++number) {
            plane.read(x + number * over.in());
            for (auto k = std::size_t{0}; k < taps; ++k)
                for (const auto& each : pieces)
                    std::copy_n(plane.plane() + layout.tap(k) + each.from, each.count, y + (number * taps + k) * out + each.to);
        }
    });
}

/// x[plane, tap k of window o] += y[plane, k, o]
template <class T>
void add_folded(const window& over, std::size_t planes, const T* y, T* x) {
    const auto layout = plane_layout{over};
    const auto taps = over.taps(), out = over.out();
    auto pieces = runs{};
    layout.find_runs(0, out, pieces);
    parallel_for(planes, light_grain / std::max<std::size_t>(1, taps * out) + 1, [&](std::size_t begin, std::size_t end) {
        const auto plane = memory::scratch<T>{layout.size()};
        for (auto number = begin; number < end; ++number) {
            std::fill_n(plane.data(), layout.size(), T{0});
            for (auto k = std::size_t{0}; k < taps; ++k) add_runs(pieces, y + (number * taps + k) * out, plane.data() + layout.tap(k));
            add_plane(layout, plane.data(), x + number * over.in());
        }
    });
}

}  // namespace xgrad::kernels
