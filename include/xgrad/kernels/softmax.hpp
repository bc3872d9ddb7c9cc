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

inline constexpr std::size_t softmax_grain = 8192;

/// y[i] = f(x[i]), a row at a time.
template <class F, class T>
void map_row(const F& f, const T* x, T* y, std::size_t count) {
    constexpr auto width = simd::width<T>;
    auto i = std::size_t{0};
    for (; i + width <= count; i += width) simd::store(y + i, f(simd::load(x + i)));
    if (i < count) simd::store_partial(y + i, f(simd::load_partial(x + i, count - i)), count - i);
}

/// The sum of e^(x[i] - shift), whose terms go through `each(i, vector, count)`.
template <class T, class Each>
T sum_exp(const T* x, std::size_t count, T shift, const Each& each) {
    constexpr auto width = simd::width<T>;
    using batch = simd::batch<T>;
    auto sum = batch(T{0});
    auto i = std::size_t{0};
    for (; i + width <= count; i += width) {
        const auto terms = batch(simd::exp(simd::load(x + i) - batch(shift)));
        each(i, terms, width);
        sum = sum + terms;
    }
    auto total = simd::fold(sum, sum_of{});
    if (const auto rest = count - i; rest != 0) {
        alignas(64) T lanes[width];
        const auto terms = batch(simd::exp(simd::load_partial(x + i, rest) - batch(shift)));
        each(i, terms, rest);
        simd::store(lanes, terms);
        for (auto lane = std::size_t{0}; lane < rest; ++lane) total += lanes[lane];
    }
    return total;
}

/// The larger of two, where a NaN need not be found: it makes the sum NaN by itself. Half the work of `maximum_of`.
struct larger_of : maximum_of {
    template <class V>
    V operator()(const V& a, const V& b) const {
        return simd::select(a > b, a, b);
    }
};

/// ln of the sum of e^x[i], in two parts to be subtracted one after the other: their sum would lose the digits
/// by which the elements differ. The largest element comes out first, so that nothing overflows.
template <class T>
struct log_sum {
    T largest, rest;

    log_sum(const T* x, std::size_t count)
        : largest{fold_row(larger_of{}, x, count)},
          rest{std::log(sum_exp(x, count, largest, [](std::size_t, const auto&, std::size_t) {}))} {}
};

/// y[i] = factor e^x[i] / sum e^x. y may be x.
template <class T>
void softmax_row(const T* x, T* y, std::size_t count, T factor) {
    using batch = simd::batch<T>;
    const auto largest = fold_row(larger_of{}, x, count);
    const auto sum = sum_exp(x, count, largest, [y](std::size_t i, const batch& terms, std::size_t width) {
        if (width == simd::width<T>) simd::store(y + i, terms);
        else simd::store_partial(y + i, terms, width);
    });
    const auto scale = factor / sum;
    map_row([scale](const batch& v) { return v * batch(scale); }, y, y, count);
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
            if constexpr (Log) {
                const auto shift = detail::log_sum<T>{from, at.length};
                detail::map_row([&](const batch& v) { return (v - batch(shift.largest)) - batch(shift.rest); }, from, to, at.length);
            } else {
                detail::softmax_row(from, to, at.length, T{1});
            }
            if (at.inner != 1)
                for (auto k = std::size_t{0}; k < at.length; ++k) y[first + k * at.inner] = gathered.data()[k];
        }
    });
}

/// losses[i] = ln sum_j e^x[i, j] - x[i, labels[i]]        x: (rows, classes)
template <class T>
void cross_entropy(const T* x, const std::int64_t* labels, std::size_t rows, std::size_t classes, T* losses) {
    parallel_for(rows, detail::softmax_grain / std::max<std::size_t>(1, classes) + 1, [&](std::size_t begin, std::size_t end) {
        for (auto i = begin; i < end; ++i) {
            const auto shift = detail::log_sum<T>{x + i * classes, classes};
            losses[i] = shift.rest - (x[i * classes + static_cast<std::size_t>(labels[i])] - shift.largest);
        }
    });
}

/// dx[i, j] = weights[i weight_step] (e^x[i, j] / sum_k e^x[i, k] - [j = labels[i]]), 0 where the weight is
template <class T>
void cross_entropy_gradient(const T* x, const std::int64_t* labels, const T* weights, std::size_t weight_step,
                            std::size_t rows, std::size_t classes, T* dx) {
    parallel_for(rows, detail::softmax_grain / std::max<std::size_t>(1, classes) + 1, [&](std::size_t begin, std::size_t end) {
        for (auto i = begin; i < end; ++i) {
            const auto weight = weights[i * weight_step];
            if (weight == T{0}) {
                std::fill_n(dx + i * classes, classes, T{0});
                continue;
            }
            detail::softmax_row(x + i * classes, dx + i * classes, classes, weight);
            dx[i * classes + static_cast<std::size_t>(labels[i])] -= weight;
        }
    });
}

}  // namespace xgrad::kernels
