// Euclidean distances between the rows of two matrices, and what their derivatives are made of. All by differences of
// elements, which keep the digits that |a|^2 - 2 a b + |b|^2 would lose.
#pragma once

#include <xgrad/core/cmath.hpp>
#include <xgrad/core/config.hpp>
#include <xgrad/core/parallel.hpp>
#include <xgrad/core/simd.hpp>
#include <xgrad/kernels/reduce.hpp>

#include <algorithm>
#include <cstddef>
#include <limits>

namespace xgrad::inline XGRAD_ABI::kernels {

/// Stacks of pairs of matrices: a (stack, rows, size), b (stack, others, size).
struct row_pairs {
    std::size_t stack, rows, others, size;

    /// f(place in a, place in the others, place among the pairs) for every row of a; threads share the rows.
    template <class F>
    void for_each_row(const F& f) const {
        parallel_for(stack * rows, light_grain / (others * size + 1) + 1, [&](std::size_t begin, std::size_t end) {
            for (auto row = begin; row < end; ++row) f(row * size, row / rows * others * size, row * others);
        });
    }
};

namespace detail {

/// The sum over i of `term(i, count)`, a vector of what elements i, ..., i + count - 1 give, 0 in the lanes behind.
template <class T, class Term>
T sum_along(std::size_t size, const Term& term) {
    constexpr auto width = simd::width<T>;
    using batch = simd::batch<T>;
    const auto whole = size / width * width;
    auto sum = fold_terms<4, width>(sum_of{}, batch(T{0}), 0, whole, [&](std::size_t i) { return batch(term(i, width)); });
    if (whole != size) sum = sum + term(whole, size - whole);
    return simd::fold(sum, sum_of{});
}

/// y[k] = the sum over j of `term(j, k, count)`, a vector of what j gives for elements k, ..., k + count - 1.
template <class T, class Term>
void sum_down(std::size_t others, std::size_t size, T* y, const Term& term) {
    constexpr auto width = simd::width<T>;
    using batch = simd::batch<T>;
    for (auto k = std::size_t{0}; k < size; k += width) {
        const auto count = std::min(width, size - k);
        simd::store_up_to(y + k, fold_terms<1, 1>(sum_of{}, batch(T{0}), 0, others, [&](std::size_t j) { return batch(term(j, k, count)); }), count);
    }
}

template <class T>
simd::batch<T> difference(const T* a, const T* b, std::size_t at, std::size_t count) {
    return simd::load_up_to(a + at, count) - simd::load_up_to(b + at, count);
}

template <class T>
T squared_distance(const T* a, const T* b, std::size_t size, T scale) {
    return sum_along<T>(size, [=](std::size_t i, std::size_t count) {
        const auto scaled = difference(a, b, i, count) * simd::batch<T>(scale);
        return scaled * scaled;
    });
}

/// The square root of the sum of squares. Where that leaves the range, or comes near its lower end, the differences are brought
/// near to 1 before they are squared.
template <class T>
T row_distance(const T* a, const T* b, std::size_t size) {
    using limits = std::numeric_limits<T>;
    const auto sum = squared_distance(a, b, size, T{1});
    if (sum > limits::min() / limits::epsilon() && sum <= limits::max()) return std::sqrt(sum);
    auto largest = T{0};
    for (auto i = std::size_t{0}; i < size; ++i) {
        const auto size_of_one = std::fabs(a[i] - b[i]);
        if (size_of_one != size_of_one) return size_of_one;
        largest = std::max(largest, size_of_one);
    }
    if (largest == 0 || largest > limits::max()) return largest;
    // A power of two that is no infinity, where the largest is subnormal.
    const auto exponent = std::max(std::ilogb(largest), 1 - limits::max_exponent);
    return std::ldexp(std::sqrt(squared_distance(a, b, size, std::ldexp(T{1}, -exponent))), exponent);
}

}  // namespace detail

/// y[i, j] = |a_i - b_j|
template <class T>
void distances(const row_pairs& pairs, const T* a, const T* b, T* y) {
    pairs.for_each_row([&](std::size_t at_a, std::size_t at_b, std::size_t at) {
        for (auto j = std::size_t{0}; j < pairs.others; ++j)
            y[at + j] = detail::row_distance(a + at_a, b + at_b + j * pairs.size, pairs.size);
    });
}

/// y_i = sum_j w[i, j] (a_i - b_j)
template <class T>
void weighed_differences(const row_pairs& pairs, const T* w, const T* a, const T* b, T* y) {
    using batch = simd::batch<T>;
    pairs.for_each_row([&](std::size_t at_a, std::size_t at_b, std::size_t at) {
        detail::sum_down(pairs.others, pairs.size, y + at_a, [&](std::size_t j, std::size_t k, std::size_t count) {
            if (w[at + j] == 0) return batch(T{0});
            return batch(batch(w[at + j]) * detail::difference(a + at_a, b + at_b + j * pairs.size, k, count));
        });
    });
}

/// The same with w[i, j] = dy[i, j] / d[i, j], d the distances, 0 where either is; but as dy times unit vectors, of which none
/// leaves the range.
template <class T>
void distance_gradient(const row_pairs& pairs, const T* dy, const T* d, const T* a, const T* b, T* y) {
    using batch = simd::batch<T>;
    pairs.for_each_row([&](std::size_t at_a, std::size_t at_b, std::size_t at) {
        detail::sum_down(pairs.others, pairs.size, y + at_a, [&](std::size_t j, std::size_t k, std::size_t count) {
            if (dy[at + j] == 0 || d[at + j] == 0) return batch(T{0});
            return batch(batch(dy[at + j]) * (detail::difference(a + at_a, b + at_b + j * pairs.size, k, count) / batch(d[at + j])));
        });
    });
}

/// y[i, j] = sum_k g[i, k] (a[i, k] - b[j, k])
template <class T>
void dots_with_differences(const row_pairs& pairs, const T* g, const T* a, const T* b, T* y) {
    pairs.for_each_row([&](std::size_t at_a, std::size_t at_b, std::size_t at) {
        for (auto j = std::size_t{0}; j < pairs.others; ++j)
            y[at + j] = detail::sum_along<T>(pairs.size, [&](std::size_t k, std::size_t count) {
                return simd::load_up_to(g + at_a + k, count) * detail::difference(a + at_a, b + at_b + j * pairs.size, k, count);
            });
    });
}

}  // namespace xgrad::kernels
