// Scalar products and norms of whole arrays, in double precision.
#pragma once

#include <xgrad/core/cmath.hpp>
#include <xgrad/core/config.hpp>
#include <xgrad/core/dtype.hpp>
#include <xgrad/core/finite.hpp>
#include <xgrad/core/memory.hpp>
#include <xgrad/core/parallel.hpp>

#include <algorithm>
#include <cstddef>

namespace xgrad::inline XGRAD_ABI::kernels {

namespace detail {

inline constexpr std::size_t dot_block = 4096;

/// The sum of term(i) from `first` to `last`, in eight sums side by side, which the compiler may make vectors of.
template <class Term>
double sum_block(std::size_t first, std::size_t last, const Term& term) {
    double sums[8] = {};
    auto i = first;
    for (; i + 8 <= last; i += 8)
        for (auto k = std::size_t{0}; k < 8; ++k) sums[k] += term(i + k);
    for (auto k = std::size_t{0}; i < last; ++i, ++k) sums[k] += term(i);
    return ((sums[0] + sums[1]) + (sums[2] + sums[3])) + ((sums[4] + sums[5]) + (sums[6] + sums[7]));
}

inline double sum_pairwise(const double* x, std::size_t count) {
    if (count <= 2) return count == 0 ? 0 : count == 1 ? x[0] : x[0] + x[1];
    const auto half = count / 2;
    return sum_pairwise(x, half) + sum_pairwise(x + half, count - half);
}

/// The sum of term(i) over all i below `count`: blocks of fixed size, added pairwise, whatever the number of threads.
template <class Term>
double sum_terms(std::size_t count, const Term& term) {
    const auto blocks = (count + dot_block - 1) / dot_block;
    const auto sums = memory::scratch<double>{blocks};
    parallel_for(blocks, 2 * light_grain / dot_block, [&](std::size_t begin, std::size_t end) {
        for (auto b = begin; b < end; ++b) sums.data()[b] = sum_block(b * dot_block, std::min((b + 1) * dot_block, count), term);
    });
    return sum_pairwise(sums.data(), blocks);
}

}  // namespace detail

/// The sum of x_i y_i.
template <real T>
double dot(std::size_t count, const T* x, const T* y) {
    return detail::sum_terms(count, [=](std::size_t i) { return static_cast<double>(x[i]) * static_cast<double>(y[i]); });
}

/// The sum of |x_i|.
template <real T>
double sum_of_sizes(std::size_t count, const T* x) {
    return detail::sum_terms(count, [=](std::size_t i) { return std::fabs(static_cast<double>(x[i])); });
}

/// The largest |x_i|, 0 of none; NaN if any is.
template <real T>
double largest_size(std::size_t count, const T* x) {
    auto largest = 0.0;
    for (auto i = std::size_t{0}; i < count; ++i) {
        const auto size = std::fabs(static_cast<double>(x[i]));
        if (!(size <= largest)) largest = size;
        if (size != size) return size;
    }
    return largest;
}

/// (sum |x_i|^p)^(1/p), for an infinite p the largest |x_i|. It is infinite, or 0, only where an element is infinite, or all
/// are 0: where powers leave the range of double, they are those of x / max |x|.
template <real T>
double norm(std::size_t count, const T* x, double p = 2) {
    if (!is_finite_number(p)) return largest_size(count, x);
    const auto sum = [=](double scale) {
        if (p == 2) return detail::sum_terms(count, [=](std::size_t i) {
            const auto size = static_cast<double>(x[i]) / scale;
            return size * size;
        });
        return detail::sum_terms(count, [=](std::size_t i) { return std::pow(std::fabs(static_cast<double>(x[i])) / scale, p); });
    };
    const auto plain = p == 2 ? dot(count, x, x) : sum(1);
    if (plain > 1e-250 && is_finite_number(plain)) return p == 2 ? std::sqrt(plain) : std::pow(plain, 1 / p);
    const auto scale = largest_size(count, x);
    if (scale == 0 || !is_finite_number(scale)) return scale;
    return scale * std::pow(sum(scale), 1 / p);
}

}  // namespace xgrad::kernels
