// Softmax and its logarithm along an axis, and the cross-entropy of rows against class labels.
#pragma once

#include <xgrad/core/config.hpp>
#include <xgrad/core/memory.hpp>
#include <xgrad/core/parallel.hpp>
#include <xgrad/core/simd.hpp>
#include <xgrad/kernels/reduce.hpp>
#include <xgrad/kernels/take.hpp>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>

namespace xgrad::inline XGRAD_ABI::kernels {

namespace detail {

inline constexpr std::size_t softmax_grain = 4096;

/// y[i] = f(x[i]), a row at a time.
template <class F, class T>
void map_row(const F& f, const T* x, T* y, std::size_t count) {
    constexpr auto width = simd::width<T>;
    auto i = std::size_t{0};
    for (; i + width <= count; i += width) simd::store(y + i, f(simd::load(x + i)));
    if (i < count) simd::store_partial(y + i, f(simd::load_partial(x + i, count - i)), count - i);
}

/// The sum of e^(x[i] - shift).
template <class T>
T sum_exp(const T* x, std::size_t count, T shift) {
    constexpr auto width = simd::width<T>;
    using batch = simd::batch<T>;
    auto sum = batch(T{0}), other = batch(T{0});
    auto i = std::size_t{0};
    for (; i + 2 * width <= count; i += 2 * width) {
        sum = sum + simd::exp(simd::load(x + i) - batch(shift));
        other = other + simd::exp(simd::load(x + i + width) - batch(shift));
    }
    auto total = simd::fold(sum + other, sum_of{});
    for (; i < count; i += width) {
        const auto rest = std::min(width, count - i);
        alignas(64) T lanes[width];
        simd::store(lanes, rest < width ? simd::load_partial(x + i, rest) : simd::load(x + i));
        simd::store(lanes, simd::exp(simd::load(lanes) - batch(shift)));
        for (auto lane = std::size_t{0}; lane < rest; ++lane) total += lanes[lane];
    }
    return total;
}

/// ln of the sum of e^x[i]: the largest element comes out first, so that nothing overflows.
template <class T>
T log_sum_exp(const T* x, std::size_t count) {
    const auto largest = fold_row(maximum_of{}, x, count);
    const auto shift = std::isfinite(largest) ? largest : T{0};
    return shift + std::log(sum_exp(x, count, shift));
}

}  // namespace detail

/// y = e^x / sum e^x along the middle axis, or the logarithm of that.     x, y: (outer, length, inner)
template <bool Log, class T>
void softmax(const T* x, const axis_view& at, T* y) {
    using batch = simd::batch<T>;
    parallel_for(at.outer * at.inner, detail::softmax_grain / std::max<std::size_t>(1, at.length) + 1,
                 [&](std::size_t begin, std::size_t end) {
        // Where the axis is not the last one its elements are gathered first, and spread again at the end.
        const auto gathered = memory::scratch<T>{at.inner == 1 ? 0 : at.length};
        for (auto row = begin; row < end; ++row) {
            const auto first = row / at.inner * at.length * at.inner + row % at.inner;
            const auto* from = x + first;
            auto* to = y + first;
            if (at.inner != 1) {
                for (auto k = std::size_t{0}; k < at.length; ++k) gathered.data()[k] = from[k * at.inner];
                from = to = gathered.data();
            }
            const auto shift = detail::log_sum_exp(from, at.length);
            if constexpr (Log) detail::map_row([&](const batch& v) { return v - batch(shift); }, from, to, at.length);
            else detail::map_row([&](const batch& v) { return simd::exp(v - batch(shift)); }, from, to, at.length);
            if (at.inner != 1)
                for (auto k = std::size_t{0}; k < at.length; ++k) y[first + k * at.inner] = gathered.data()[k];
        }
    });
}

/// losses[i] = ln sum_j e^x[i, j] - x[i, labels[i]]        x: (rows, classes)
template <class T>
void cross_entropy(const T* x, const std::int64_t* labels, std::size_t rows, std::size_t classes, T* losses) {
    parallel_for(rows, detail::softmax_grain / std::max<std::size_t>(1, classes) + 1, [&](std::size_t begin, std::size_t end) {
        for (auto i = begin; i < end; ++i)
            losses[i] = detail::log_sum_exp(x + i * classes, classes) - x[i * classes + static_cast<std::size_t>(labels[i])];
    });
}

/// dx[i, j] = weights[i weight_step] (e^x[i, j] / sum_k e^x[i, k] - [j = labels[i]])
template <class T>
void cross_entropy_gradient(const T* x, const std::int64_t* labels, const T* weights, std::size_t weight_step,
                            std::size_t rows, std::size_t classes, T* dx) {
    using batch = simd::batch<T>;
    parallel_for(rows, detail::softmax_grain / std::max<std::size_t>(1, classes) + 1, [&](std::size_t begin, std::size_t end) {
        for (auto i = begin; i < end; ++i) {
            const auto weight = weights[i * weight_step];
            const auto shift = detail::log_sum_exp(x + i * classes, classes);
            detail::map_row([&](const batch& v) { return batch(weight) * simd::exp(v - batch(shift)); }, x + i * classes,
                            dx + i * classes, classes);
            dx[i * classes + static_cast<std::size_t>(labels[i])] -= weight;
        }
    });
}

}  // namespace xgrad::kernels
