// Normalisation of rows, forward: every row becomes a multiple of its distance from its mean.
//
// A mean is kept in two parts: the first as near to it as a T can be, the second what is left, so that 40000 to 40003 in float
// are as good as 0 to 3. The variance is a mean of squared distances from the first part, mended by the second (T. F. Chan,
// G. H. Golub, R. J. LeVeque, "Algorithms for computing the sample variance", The American Statistician 37, 1983).
#pragma once

#include <xgrad/core/config.hpp>
#include <xgrad/core/parallel.hpp>
#include <xgrad/core/simd.hpp>
#include <xgrad/kernels/reduce.hpp>

#include <algorithm>
#include <cmath>
#include <cstddef>

namespace xgrad::inline XGRAD_ABI::kernels {

/// Where the elements of a row stand, and which parameters (factor and summand) belong to them. Segment s of row r is `length`
/// elements from r row_step + s segment_step on. Its parameters are one for each of its elements, or one for all of them;
/// rows whose numbers are congruent modulo `groups` share theirs.
struct norm_layout {
    std::size_t rows = 0, segments = 1, length = 0;
    std::size_t row_step = 0, segment_step = 0;
    std::size_t groups = 1;
    std::size_t row_parameters = 1;         ///< of one row
    std::size_t segment_parameters = 0;     ///< how many parameters one segment's are behind those of the segment before
    bool by_element = false;

    std::size_t count() const { return segments * length; }
    std::size_t parameters() const { return groups * row_parameters; }
    std::size_t parameter(std::size_t row, std::size_t segment) const {
        return row % groups * row_parameters + segment * segment_parameters;
    }
    std::size_t place(std::size_t row, std::size_t segment) const { return row * row_step + segment * segment_step; }
    std::size_t grain() const { return 8192 / std::max<std::size_t>(1, count()) + 1; }   // rows that pay for one more thread
};

/// Of each row: the mean in two parts, 1 / sqrt(variance + eps), and the variance. The arrays stand one behind the other.
template <class T>
struct norm_statistics {
    T* data;
    std::size_t rows;

    T& mean(std::size_t row) const { return data[row]; }
    T& rest(std::size_t row) const { return data[rows + row]; }
    T& scale(std::size_t row) const { return data[2 * rows + row]; }
    T& variance(std::size_t row) const { return data[3 * rows + row]; }
};

namespace detail {

/// Two sums at once.
template <class V>
struct pair_of_sums {
    V first, second;
    pair_of_sums operator+(const pair_of_sums& more) const { return {first + more.first, second + more.second}; }
};

/// The sum of term(j, count) over the vectors of a segment, of which the last has `count` elements.
template <class T, class V, class Term>
V sum_segment(std::size_t length, const V& zero, const Term& term) {
    constexpr auto width = simd::width<T>;
    const auto whole = length / width * width;
    auto sum = fold_terms<4, width>(sum_of{}, zero, 0, whole, [&](std::size_t j) { return term(j, width); });
    return whole == length ? sum : sum + term(whole, length - whole);
}

/// The sum of term(place, count) over the vectors of a row.
template <class T, class V, class Term>
V sum_row(const norm_layout& at, std::size_t row, const V& zero, const Term& term) {
    return fold_terms<1, 1>(sum_of{}, zero, 0, at.segments, [&](std::size_t segment) {
        const auto first = at.place(row, segment);
        return sum_segment<T>(at.length, zero, [&](std::size_t j, std::size_t count) { return term(first + j, count); });
    });
}

/// f(place, parameter, count) for each vector of a row.
template <class T, class F>
void for_each_vector(const norm_layout& at, std::size_t row, const F& f) {
    constexpr auto width = simd::width<T>;
    for (auto segment = std::size_t{0}; segment < at.segments; ++segment) {
        const auto first = at.place(row, segment), parameter = at.parameter(row, segment);
        for (auto j = std::size_t{0}; j < at.length; j += width)
            f(first + j, parameter + (at.by_element ? j : 0), std::min(width, at.length - j));
    }
}

/// The elements from x on; those beyond `count` are `fill`.
template <class T>
XGRAD_ALWAYS_INLINE simd::batch<T> load_or(const T* x, std::size_t count, T fill) {
    return count == simd::width<T> ? simd::load(x) : simd::load_partial(x, count, fill);
}

/// A vector of parameters, or one parameter in all lanes; `otherwise` where there are none.
template <class T>
XGRAD_ALWAYS_INLINE simd::batch<T> parameter_at(const norm_layout& at, const T* parameters, std::size_t i, std::size_t count, T otherwise) {
    if (parameters == nullptr) return simd::batch<T>(otherwise);
    return at.by_element ? load_or(parameters + i, count, T{0}) : simd::batch<T>(parameters[i]);
}

template <class T>
void find_statistics(const norm_layout& at, const T* x, std::size_t row, T eps, bool centred, const norm_statistics<T>& of) {
    using batch = simd::batch<T>;
    const auto n = static_cast<T>(at.count());
    const auto add = [](const auto& v) { return simd::fold(v, sum_of{}); };
    const auto mean = centred ? add(sum_row<T>(at, row, batch(T{0}), [=](std::size_t i, std::size_t count) {
        return load_or(x + i, count, T{0});
    })) / n : T{0};
    const auto sums = sum_row<T>(at, row, pair_of_sums<batch>{batch(T{0}), batch(T{0})}, [=](std::size_t i, std::size_t count) {
        const auto distance = batch(load_or(x + i, count, mean) - batch(mean));
        return pair_of_sums<batch>{distance, distance * distance};
    });
    const auto rest = centred ? add(sums.first) / n : T{0};
    const auto variance = add(sums.second) / n - rest * rest;
    of.mean(row) = mean;
    of.rest(row) = rest;
    of.variance(row) = variance < T{0} ? T{0} : variance;   // NaN stays
    of.scale(row) = T{1} / std::sqrt(of.variance(row) + eps);
}

}  // namespace detail

/// y = (x - mean) scale, times the factor, plus the summand, either of which may be null; by the statistics of each row,
/// which are found first unless `fixed`. Without `centred`, mean is 0.
template <class T>
void normalize(const norm_layout& at, const T* x, const T* factor, const T* summand, T eps, bool centred, bool fixed,
               const norm_statistics<T>& statistics, T* y) {
    using batch = simd::batch<T>;
    parallel_for(at.rows, at.grain(), [&](std::size_t begin, std::size_t end) {
        for (auto row = begin; row < end; ++row) {
            if (!fixed) detail::find_statistics(at, x, row, eps, centred, statistics);
            const auto mean = batch(statistics.mean(row)), rest = batch(statistics.rest(row)), scale = batch(statistics.scale(row));
            detail::for_each_vector<T>(at, row, [&](std::size_t i, std::size_t parameter, std::size_t count) {
                const auto normal = batch(((detail::load_or(x + i, count, T{0}) - mean) - rest) * scale);
                const auto value = simd::fma(normal, detail::parameter_at(at, factor, parameter, count, T{1}),
                                             detail::parameter_at(at, summand, parameter, count, T{0}));
                simd::store_up_to(y + i, value, count);
            });
        }
    });
}

}  // namespace xgrad::kernels
