// Rows chosen by number, and their sum put back.
#pragma once

#include <xgrad/core/config.hpp>
#include <xgrad/core/parallel.hpp>
#include <xgrad/core/shape.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>

namespace xgrad::inline XGRAD_ABI::kernels {

/// An array seen along one of its axes: (outer, length, inner).
struct axis_view {
    std::size_t outer = 1, length = 1, inner = 1;

    axis_view(const shape& sizes, std::size_t axis) : length{sizes[axis]} {
        for (auto i = std::size_t{0}; i < axis; ++i) outer *= sizes[i];
        for (auto i = axis + 1; i < sizes.rank(); ++i) inner *= sizes[i];
    }
};

/// y[o, k, :] = x[o, indices[k], :]        x: as `at`  y: (outer, count, inner)
template <class T>
void take(const T* x, const axis_view& at, const std::int64_t* indices, std::size_t count, T* y) {
    parallel_for(at.outer * count, light_grain / std::max<std::size_t>(1, at.inner) + 1, [&](std::size_t begin, std::size_t end) {
        for (auto row = begin; row < end; ++row) {
            const auto from = row / count * at.length + static_cast<std::size_t>(indices[row % count]);
            std::copy_n(x + from * at.inner, at.inner, y + row * at.inner);
        }
    });
}

/// y[o, indices[k], :] += x[o, k, :], in the order of k        x: (outer, count, inner)  y: as `at`
template <class T>
void add_at(const T* x, const axis_view& at, const std::int64_t* indices, std::size_t count, T* y) {
    parallel_for(at.outer, light_grain / std::max<std::size_t>(1, count * at.inner) + 1, [&](std::size_t begin, std::size_t end) {
        for (auto outer = begin; outer < end; ++outer)
            for (auto k = std::size_t{0}; k < count; ++k) {
                const auto* const from = x + (outer * count + k) * at.inner;
                auto* const to = y + (outer * at.length + static_cast<std::size_t>(indices[k])) * at.inner;
                for (auto i = std::size_t{0}; i < at.inner; ++i) to[i] += from[i];
            }
    });
}

}  // namespace xgrad::kernels
