// Vectors as decompositions use them: inner products, multiples, lengths that do not leave the range of numbers.
#pragma once

#include <xgrad/core/cmath.hpp>
#include <xgrad/core/config.hpp>
#include <xgrad/core/simd.hpp>

#include <algorithm>
#include <concepts>
#include <cstddef>
#include <functional>
#include <limits>

namespace xgrad::inline XGRAD_ABI::kernels {

/// y += factor x
template <std::floating_point T>
void add_multiple(T factor, const T* x, T* y, std::size_t count) {
    constexpr auto width = simd::width<T>;
    const auto f = simd::batch<T>(factor);
    auto i = std::size_t{0};
    for (; i + width <= count; i += width) simd::store(y + i, simd::fma(f, simd::load(x + i), simd::load(y + i)));
    if (i != count)
        simd::store_partial(y + i, simd::fma(f, simd::load_partial(x + i, count - i), simd::load_partial(y + i, count - i)),
                            count - i);
}

/// The sum of x_i y_i.
template <std::floating_point T>
T inner_product(const T* x, const T* y, std::size_t count) {
    using batch = simd::batch<T>;
    constexpr auto width = simd::width<T>;
    batch sums[2] = {batch(T{0}), batch(T{0})};
    auto i = std::size_t{0};
    for (; i + 2 * width <= count; i += 2 * width) {
        sums[0] = simd::fma(simd::load(x + i), simd::load(y + i), sums[0]);
        sums[1] = simd::fma(simd::load(x + i + width), simd::load(y + i + width), sums[1]);
    }
    for (; i < count; i += width)
        sums[0] = simd::fma(simd::load_up_to(x + i, count - i), simd::load_up_to(y + i, count - i), sums[0]);
    return simd::fold(batch(sums[0] + sums[1]), std::plus<>{});
}

/// The largest |x_i|; NaN if there is one.
template <std::floating_point T>
T largest_size(const T* x, std::size_t count) {
    auto largest = T{0};
    for (auto i = std::size_t{0}; i < count; ++i) {
        const auto size = std::fabs(x[i]);
        if (!(size <= largest)) largest = size;
        if (std::isnan(size)) return size;
    }
    return largest;
}

/// sqrt(sum x_i^2), whatever the squares are.
template <std::floating_point T>
T length_of(const T* x, std::size_t count) {
    const auto square = inner_product(x, x, count);
    constexpr auto least = std::numeric_limits<T>::min() / std::numeric_limits<T>::epsilon();
    if (square > least && square <= std::numeric_limits<T>::max()) return std::sqrt(square);
    const auto largest = largest_size(x, count);
    if (largest == T{0} || !(largest <= std::numeric_limits<T>::max())) return largest;
    auto sum = T{0};
    for (auto i = std::size_t{0}; i < count; ++i) sum += (x[i] / largest) * (x[i] / largest);
    return largest * std::sqrt(sum);
}

/// The power of two that brings numbers of this size into [1/2, 1); 1 for 0 and what is not finite.
template <std::floating_point T>
T scale_to_one(T largest) {
    if (largest == T{0} || !(largest <= std::numeric_limits<T>::max())) return T{1};
    auto power = 0;
    static_cast<void>(std::frexp(largest, &power));
    return std::ldexp(T{1}, std::clamp(-power, std::numeric_limits<T>::min_exponent, std::numeric_limits<T>::max_exponent - 1));
}

}  // namespace xgrad::kernels
