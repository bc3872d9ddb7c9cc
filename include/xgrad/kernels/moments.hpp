// Means and sums of squared deviations along an axis, without cancellation.
//
// Deviations are taken from the first number of each row, and then from their mean: of numbers whose mean is large beside
// their spread the first difference is exact, and of equal numbers everything is exactly zero. Blocks of rows, each of
// which has its own mean, are joined as in T. F. Chan, G. H. Golub, R. J. LeVeque, "Updating formulae and a pairwise
// algorithm for computing sample variances", 1979, so that memory is read once.
#pragma once

#include <xgrad/core/cmath.hpp>
#include <xgrad/core/config.hpp>
#include <xgrad/core/memory.hpp>
#include <xgrad/core/parallel.hpp>
#include <xgrad/core/simd.hpp>
#include <xgrad/kernels/reduce.hpp>
#include <xgrad/kernels/take.hpp>
#include <xgrad/kernels/term_sums.hpp>

#include <algorithm>
#include <cstddef>
#include <limits>

namespace xgrad::inline XGRAD_ABI::kernels {

/// Of one row: its mean in two parts, so that x - high - low has the digits of the deviation, and the sum of the squared
/// deviations, divided by scale^2.
template <class T>
struct moments_of {
    T high = 0, low = 0, squares = 0, scale = 1;
};

namespace detail {

/// Whether squares add up to a number to which all that count have come without overflow, and none lost digits.
template <class T>
bool is_safe_square(T sum) {
    constexpr auto epsilon = std::numeric_limits<T>::epsilon();
    return sum > std::numeric_limits<T>::min() / (epsilon * epsilon) && sum < std::numeric_limits<T>::infinity();
}

/// A power of two that brings the largest of the magnitudes, `largest`, below 1 and not far.
template <class T>
T scale_for(T largest) {
    return std::ldexp(T{1}, std::max(std::ilogb(largest) + 1, std::numeric_limits<T>::min_exponent));
}

/// The same for rows whose squares leave the range: of numbers divided by a power of two.
template <class T>
XGRAD_COLD moments_of<T> scaled_moments(const T* x, std::size_t count, std::size_t step) {
    auto largest = T{0};
    for (auto k = std::size_t{0}; k < count; ++k) {
        const auto size = std::abs(x[k * step]);
        if (!(size < std::numeric_limits<T>::infinity())) return {x[k * step], 0, std::numeric_limits<T>::quiet_NaN(), 1};
        largest = std::max(largest, size);
    }
    auto result = moments_of<T>{};
    if (largest == 0) return result;
    const auto by = scale_for(largest / 4);   // a quarter, so that differences and the scale itself are in range
    const auto first = x[0] / by;
    auto sum = 0.0L;
    for (auto k = std::size_t{0}; k < count; ++k) sum += static_cast<long double>(x[k * step] / by - first);
    const auto mean = static_cast<long double>(first) + sum / static_cast<long double>(count);
    const auto high = static_cast<T>(mean);
    auto spread = T{0};
    for (auto k = std::size_t{0}; k < count; ++k)
        spread = std::max(spread, std::abs((x[k * step] / by - high) - static_cast<T>(mean - high)));
    result.high = high * by;
    result.low = static_cast<T>(mean - high) * by;
    if (spread == 0) return result;
    const auto unit = std::min(scale_for(spread), T{1});
    auto squares = 0.0L;
    for (auto k = std::size_t{0}; k < count; ++k) {
        const auto d = static_cast<long double>((x[k * step] / by - high) - static_cast<T>(mean - high)) / static_cast<long double>(unit);
        squares += d * d;
    }
    result.squares = static_cast<T>(squares);
    result.scale = unit * by;
    return result;
}

template <class T>
moments_of<T> row_moments(const T* x, std::size_t count) {
    if (count == 0) return {};
    const auto first = x[0];
    const auto shifted = [first]<class V>(const V& v) { return v - V(first); };
    const auto mean = fold_mapped(sum_of{}, shifted, x, count) / static_cast<T>(count);
    const auto squared = [first, mean]<class V>(const V& v) {
        const auto d = (v - V(first)) - V(mean);
        return d * d;
    };
    const auto squares = fold_mapped(sum_of{}, squared, x, count);
    if (!is_safe_square(squares)) return scaled_moments(x, count, 1);
    return {first, mean, squares, 1};
}

/// Of the columns of a strip, block of rows by block of rows.
template <class T>
struct strip_moments {
    alignas(64) T first[strip_columns], mean[strip_columns], squares[strip_columns], sum[strip_columns], block_squares[strip_columns];

    strip_moments(const T* x, std::size_t length, std::size_t inner, std::size_t columns) {
        std::fill_n(first, strip_columns, T{0});
        std::fill_n(mean, strip_columns, T{0});
        std::fill_n(squares, strip_columns, T{0});
        if (length != 0) std::copy_n(x, columns, first);
        for (auto k = std::size_t{0}; k < length; k += step_block)
            add_block(x + k * inner, k, std::min(step_block, length - k), inner, columns);
    }

private:
    void add_block(const T* x, std::size_t before, std::size_t rows, std::size_t inner, std::size_t columns) {
        using batch = simd::batch<T>;
        std::fill_n(sum, strip_columns, T{0});
        std::fill_n(block_squares, strip_columns, T{0});
        const auto* const start = first;
        for (auto k = std::size_t{0}; k < rows; ++k)
            fold_mapped_into(sum_of{}, [start](const batch& v, std::size_t i) { return v - simd::load(start + i); }, sum, x + k * inner, columns);
        for (auto i = std::size_t{0}; i < columns; ++i) sum[i] /= static_cast<T>(rows);
        const auto* const centre = sum;
        for (auto k = std::size_t{0}; k < rows; ++k)
            fold_mapped_into(sum_of{}, [start, centre](const batch& v, std::size_t i) {
                const auto d = (v - simd::load(start + i)) - simd::load(centre + i);
                return batch(d * d);
            }, block_squares, x + k * inner, columns);
        // m += d n / (n + m),  s += s' + d^2 n m / (n + m)   with d the difference of the means of m and n rows
        const auto total = static_cast<T>(before + rows), share = static_cast<T>(rows) / total, weight = static_cast<T>(before) * share;
        for (auto i = std::size_t{0}; i < columns; ++i) {
            const auto d = sum[i] - mean[i];
            mean[i] += d * share;
            squares[i] += block_squares[i] + d * d * weight;
        }
    }
};

}  // namespace detail

/// put(number of the row in (outer, inner), its moments) for every row along the middle axis.        x: as `at`
template <class T, class Put>
void moments(const T* x, const axis_view& at, const Put& put) {
    if (at.inner >= simd::width<T>) {
        detail::for_strips(at, detail::reduce_grain, [&](std::size_t o, std::size_t first, std::size_t columns) {
            const auto* const from = x + o * at.length * at.inner + first;
            const auto found = detail::strip_moments<T>{from, at.length, at.inner, columns};
            for (auto i = std::size_t{0}; i < columns; ++i) {
                const auto safe = detail::is_safe_square(found.squares[i]);
                put(o * at.inner + first + i, safe ? moments_of<T>{found.first[i], found.mean[i], found.squares[i], 1}
                                                   : detail::scaled_moments(from + i, at.length, at.inner));
            }
        });
        return;
    }
    parallel_for(at.outer * at.inner, detail::reduce_grain / std::max<std::size_t>(1, at.length) + 1, [&](std::size_t begin, std::size_t end) {
        const auto room = memory::scratch<T>{at.inner == 1 ? 0 : at.length};
        for (auto row = begin; row < end; ++row) {
            const auto* const from = x + row / at.inner * at.length * at.inner + row % at.inner;
            put(row, detail::row_moments(detail::as_row(from, at, room.data()), at.length));
        }
    });
}

}  // namespace xgrad::kernels
