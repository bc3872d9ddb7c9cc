// Differences of neighbours along an axis, and the transposed operation.
#pragma once

#include <xgrad/core/config.hpp>
#include <xgrad/core/exact.hpp>
#include <xgrad/core/parallel.hpp>
#include <xgrad/kernels/take.hpp>

#include <algorithm>
#include <concepts>
#include <cstddef>
#include <functional>

namespace xgrad::inline XGRAD_ABI::kernels {

/// y[k] = x[k + 1] - x[k] along the middle axis        x: as `at`  y: (outer, length - 1, inner)
template <class T>
void diff(const T* x, const axis_view& at, T* y) {
    if (at.length < 2) return;
    const auto count = (at.length - 1) * at.inner;
    parallel_for(at.outer, light_grain / std::max<std::size_t>(1, count) + 1, [&](std::size_t begin, std::size_t end) {
        for (auto o = begin; o < end; ++o) {
            const auto* const from = x + o * at.length * at.inner;
            const auto* const next = from + at.inner;
            auto* const to = y + o * count;
            for (auto i = std::size_t{0}; i < count; ++i) {
                if constexpr (std::same_as<T, bool>) to[i] = next[i] != from[i];
                else if constexpr (std::integral<T>) to[i] = xgrad::detail::wrapping(std::minus<>{}, next[i], from[i]);
                else to[i] = next[i] - from[i];
            }
        }
    });
}

/// y[k] = x[k - 1] - x[k], without the terms that there are not        x: as `at`  y: (outer, length + 1, inner)
template <class T>
void diff_transposed(const T* x, const axis_view& at, T* y) {
    const auto count = at.length * at.inner;
    parallel_for(at.outer, light_grain / std::max<std::size_t>(1, count) + 1, [&](std::size_t begin, std::size_t end) {
        for (auto o = begin; o < end; ++o) {
            const auto* const from = x + o * count;
            auto* const to = y + o * (count + at.inner);
            std::fill_n(to + count, at.inner, T{0});
            for (auto i = std::size_t{0}; i < count; ++i) to[i] = -from[i];
            for (auto i = std::size_t{0}; i < count; ++i) to[at.inner + i] += from[i];
        }
    });
}

}  // namespace xgrad::kernels
