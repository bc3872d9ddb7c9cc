// The logarithm of a sum of exponentials along an axis.
#pragma once

#include <xgrad/core/cmath.hpp>
#include <xgrad/core/config.hpp>
#include <xgrad/core/memory.hpp>
#include <xgrad/core/parallel.hpp>
#include <xgrad/core/simd.hpp>
#include <xgrad/core/simd_math.hpp>
#include <xgrad/kernels/reduce.hpp>
#include <xgrad/kernels/softmax.hpp>
#include <xgrad/kernels/take.hpp>
#include <xgrad/kernels/term_sums.hpp>

#include <algorithm>
#include <cstddef>

namespace xgrad::inline XGRAD_ABI::kernels {

/// Of one line: the largest number, and the sum of e^(x - largest): e^(x - largest) / total are the derivatives of
/// value = largest + ln total. Where the largest is -inf it is given as 0, so that these are 0.
template <class T>
struct log_sum_parts {
    T value, largest, total;

    /// `ones` come of the largest, `others` of the rest, among which a small one would lose its digits beside a one.
    static log_sum_parts of(T largest, T ones, T others) {
        if (largest - largest != 0) return {largest, largest < 0 ? T{0} : largest, T{1}};   // infinite, or NaN
        return {largest + std::log1p(others + (ones - T{1})), largest, ones + others};
    }
};

namespace detail {

/// Of the columns of a strip: put(column, its parts).
template <class T, class Put>
void log_sums_of_strip(const T* x, std::size_t length, std::size_t inner, std::size_t columns, const Put& put) {
    using batch = simd::batch<T>;
    constexpr auto width = simd::width<T>;
    alignas(64) T top[strip_columns], room[strip_columns], ones[strip_columns], others[strip_columns], part[strip_columns];
    fold_strip(maximum_of{}, [](const auto& v) { return v; }, x, length, inner, columns, top, room);
    std::fill_n(ones, strip_columns, T{0});
    std::fill_n(others, strip_columns, T{0});
    for (auto k = std::size_t{0}; k < length;) {
        const auto stop = std::min(length, k + step_block);
        std::fill_n(part, strip_columns, T{0});
        for (; k < stop; ++k)
            for (auto i = std::size_t{0}; i < columns; i += width) {
                const auto v = simd::load_up_to(x + k * inner + i, columns - i), largest = simd::load(top + i);
                const auto is_top = v == largest;
                simd::store(part + i, simd::load(part + i) + simd::select(is_top, batch(T{0}), batch(simd::exp(v - largest))));
                simd::store(ones + i, simd::load(ones + i) + simd::select(is_top, batch(T{1}), batch(T{0})));
            }
        for (auto i = std::size_t{0}; i < columns; ++i) others[i] += part[i];
    }
    for (auto i = std::size_t{0}; i < columns; ++i) put(i, log_sum_parts<T>::of(top[i], ones[i], others[i]));
}

template <class T>
log_sum_parts<T> log_sum_of_row(const T* x, std::size_t count) {
    const auto largest = fold_row(maximum_of{}, x, count);
    if (largest - largest != 0) return log_sum_parts<T>::of(largest, 0, 0);
    const auto sum = exp_sum<T>{x, count, [](const auto&, std::size_t) {}};
    return log_sum_parts<T>::of(largest, sum.ones, sum.others);
}

}  // namespace detail

/// put(number of the line in (outer, inner), its parts) for every line along the middle axis: ln of the sum of e^x, -inf where
/// all x are, or none is there.        x: as `at`
template <class T, class Put>
void log_sums(const T* x, const axis_view& at, const Put& put) {
    if (at.inner >= simd::width<T>) {
        detail::for_strips(at, detail::softmax_grain, [&](std::size_t o, std::size_t first, std::size_t columns) {
            detail::log_sums_of_strip(x + o * at.length * at.inner + first, at.length, at.inner, columns,
                                      [&](std::size_t i, const auto& parts) { put(o * at.inner + first + i, parts); });
        });
        return;
    }
    parallel_for(at.outer * at.inner, detail::softmax_grain / std::max<std::size_t>(1, at.length) + 1, [&](std::size_t begin, std::size_t end) {
        const auto room = memory::scratch<T>{at.inner == 1 ? 0 : at.length};
        for (auto row = begin; row < end; ++row)
            put(row, detail::log_sum_of_row(detail::as_row(x + row / at.inner * at.length * at.inner + row % at.inner, at, room.data()), at.length));
    });
}

}  // namespace xgrad::kernels
