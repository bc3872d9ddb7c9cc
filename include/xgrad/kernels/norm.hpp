// Norms of vectors along an axis, whose powers do not leave the range when the norm does not.
#pragma once

#include <xgrad/core/cmath.hpp>
#include <xgrad/core/config.hpp>
#include <xgrad/core/memory.hpp>
#include <xgrad/core/simd.hpp>
#include <xgrad/kernels/moments.hpp>
#include <xgrad/kernels/reduce.hpp>
#include <xgrad/kernels/take.hpp>
#include <xgrad/kernels/term_sums.hpp>

#include <cstddef>
#include <limits>

namespace xgrad::inline XGRAD_ABI::kernels {

namespace detail {

/// The norm of numbers whose squares leave the range: of them divided by a power of two.
template <class T>
XGRAD_COLD T scaled_norm(const T* x, std::size_t count, std::size_t step) {
    auto largest = T{0};
    for (auto k = std::size_t{0}; k < count; ++k) largest = maximum_of{}(largest, std::abs(x[k * step]));
    if (largest == 0 || !(largest < std::numeric_limits<T>::infinity())) return largest;
    const auto by = scale_for(largest / 2);   // so that the scale itself is in range
    auto squares = 0.0L;
    for (auto k = std::size_t{0}; k < count; ++k) {
        const auto v = static_cast<long double>(x[k * step] / by);
        squares += v * v;
    }
    return static_cast<T>(std::sqrt(squares)) * by;
}

/// (sum |x|^p)^(1/p) of powers of |x| / s, where s is the |x| with the largest power: none is larger than 1.
template <class T>
T power_norm_of(const T* x, std::size_t count, T p) {
    if (p == 0) {
        auto others = std::size_t{0};
        for (auto k = std::size_t{0}; k < count; ++k) others += x[k] != 0 ? 1 : 0;
        return static_cast<T>(others);
    }
    if (count == 0) return p > 0 ? T{0} : std::numeric_limits<T>::infinity();
    const auto extreme = p > 0 ? fold_mapped(maximum_of{}, magnitude_of{}, x, count) : fold_mapped(minimum_of{}, magnitude_of{}, x, count);
    if (extreme == 0 || !(extreme < std::numeric_limits<T>::infinity())) return extreme;
    const auto powers = memory::scratch<T>{count};
    for (auto k = std::size_t{0}; k < count; ++k)
        powers.data()[k] = static_cast<T>(std::pow(static_cast<double>(std::abs(x[k])) / static_cast<double>(extreme), static_cast<double>(p)));
    const auto sum = fold_row(sum_of{}, powers.data(), count);
    return extreme * static_cast<T>(std::pow(static_cast<double>(sum), 1 / static_cast<double>(p)));
}

}  // namespace detail

/// y[o, i] = the root of the sum of squares of x[o, :, i]        x: as `at`  y: (outer, inner)
template <class T>
void euclidean_norm(const T* x, const axis_view& at, T* y) {
    fold_along(sum_of{}, square_of{}, x, at, y);
    for (auto row = std::size_t{0}; row < at.outer * at.inner; ++row)
        y[row] = detail::is_safe_square(y[row])
                     ? std::sqrt(y[row])
                     : detail::scaled_norm(x + row / at.inner * at.length * at.inner + row % at.inner, at.length, at.inner);
}

/// y[o, i] = (sum_k |x[o, k, i]|^p)^(1/p); how many are not zero for p = 0.        x: as `at`  y: (outer, inner)
template <class T>
void power_norm(const T* x, const axis_view& at, T p, T* y) {
    parallel_for(at.outer * at.inner, detail::reduce_grain / (8 * at.length + 1) + 1, [&](std::size_t begin, std::size_t end) {
        const auto room = memory::scratch<T>{at.inner == 1 ? 0 : at.length};
        for (auto row = begin; row < end; ++row) {
            const auto* const from = x + row / at.inner * at.length * at.inner + row % at.inner;
            y[row] = detail::power_norm_of(detail::as_row(from, at, room.data()), at.length, p);
        }
    });
}

}  // namespace xgrad::kernels
