// Normalisation of rows, forward: every row becomes a multiple of its distance from its mean.
//
// A mean is kept in two parts: the first as near to it as a T can be, the second what is left, so that 40000 to 40003 in float
// are as good as 0 to 3. The variance is a mean of squared distances from the first part, mended by the second (T. F. Chan,
// G. H. Golub, R. J. LeVeque, "Algorithms for computing the sample variance", The American Statistician 37, 1983).
#pragma once

#include <xgrad/core/cmath.hpp>
#include <xgrad/core/config.hpp>
#include <xgrad/core/parallel.hpp>
#include <xgrad/core/simd.hpp>
#include <xgrad/kernels/reduce.hpp>

#include <algorithm>
#include <cstddef>
#include <type_traits>

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
    bool by_columns = false;                ///< the rows stand side by side in each segment, and are short there

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

    /// From the mean of the squared distances from the first part of the mean.
    void set(std::size_t row, T first, T second, T square, T eps) const {
        mean(row) = first;
        rest(row) = second;
        const auto spread = square - second * second;
        variance(row) = spread < T{0} ? T{0} : spread;   // NaN stays
        scale(row) = T{1} / std::sqrt(variance(row) + eps);
    }
};

namespace detail {

/// Two sums at once.
template <class V>
struct pair_of_sums {
    V first, second;
    pair_of_sums operator+(const pair_of_sums& more) const { return {first + more.first, second + more.second}; }
};

/// How many elements of a vector count: all, which is known when compiling, or the number at hand.
template <class T>
using all_of = std::integral_constant<std::size_t, simd::width<T>>;

/// The elements from x on; those beyond `count` are `fill`.
template <class T>
XGRAD_ALWAYS_INLINE simd::batch<T> load_or(const T* x, all_of<T>, T) {
    return simd::load(x);
}
template <class T>
XGRAD_ALWAYS_INLINE simd::batch<T> load_or(const T* x, std::size_t count, T fill) {
    return simd::load_partial(x, count, fill);
}
template <class T>
XGRAD_ALWAYS_INLINE void store_part(T* to, const simd::batch<T>& value, all_of<T>) {
    simd::store(to, value);
}
template <class T>
XGRAD_ALWAYS_INLINE void store_part(T* to, const simd::batch<T>& value, std::size_t count) {
    simd::store_partial(to, value, count);
}

/// f(j, count) for each vector of `length` elements.
template <class T, class F>
XGRAD_ALWAYS_INLINE void for_each_vector(std::size_t length, const F& f) {
    constexpr auto width = simd::width<T>;
    auto j = std::size_t{0};
    for (; j + width <= length; j += width) f(j, all_of<T>{});
    if (j < length) f(j, length - j);
}

/// The sum of term(j, count) over the vectors of a segment.
template <class T, class V, class Term>
XGRAD_ALWAYS_INLINE V sum_segment(std::size_t length, const V& zero, const Term& term) {
    constexpr auto width = simd::width<T>;
    const auto whole = length / width * width;
    const auto sum = fold_terms<4, width>(sum_of{}, zero, 0, whole, [=](std::size_t j) { return term(j, all_of<T>{}); });
    return whole == length ? sum : sum + term(whole, length - whole);
}

/// The sum of term(place, count) over the vectors of a row.
template <class T, class V, class Term>
V sum_row(const norm_layout& at, std::size_t row, const V& zero, const Term& term) {
    return fold_terms<1, 1>(sum_of{}, zero, 0, at.segments, [&](std::size_t segment) {
        const auto first = at.place(row, segment);
        return sum_segment<T>(at.length, zero, [=](std::size_t j, auto count) { return term(first + j, count); });
    });
}

/// The parameters of a segment, from number i on: a vector of them, or one for all; `otherwise` where there are none.
template <bool ByElement, class T>
class parameter_reader {
public:
    parameter_reader(const T* parameters, std::size_t i, T otherwise)
        : m_from{parameters == nullptr ? nullptr : parameters + i}, m_all(parameters == nullptr || ByElement ? otherwise : parameters[i]) {}

    template <class Count>
    XGRAD_ALWAYS_INLINE simd::batch<T> operator()(std::size_t j, Count count) const {
        if constexpr (ByElement)
            if (m_from != nullptr) return load_or(m_from + j, count, T{0});
        return m_all;
    }

private:
    const T* m_from;
    simd::batch<T> m_all;
};

template <class T>
void find_statistics(const norm_layout& at, const T* x, std::size_t row, T eps, bool centred, const norm_statistics<T>& of) {
    using batch = simd::batch<T>;
    const auto n = static_cast<T>(at.count());
    const auto add = [](const auto& v) { return simd::fold(v, sum_of{}); };
    const auto mean = centred ? add(sum_row<T>(at, row, batch(T{0}), [=](std::size_t i, auto count) {
        return load_or(x + i, count, T{0});
    })) / n : T{0};
    const auto sums = sum_row<T>(at, row, pair_of_sums<batch>{batch(T{0}), batch(T{0})}, [=](std::size_t i, auto count) {
        const auto distance = batch(load_or(x + i, count, mean) - batch(mean));
        return pair_of_sums<batch>{distance, distance * distance};
    });
    of.set(row, mean, centred ? add(sums.first) / n : T{0}, add(sums.second) / n, eps);
}

/// One row, by its statistics.
template <bool ByElement, class T>
void write_row(const norm_layout& at, const T* x, const T* factor, const T* summand, const norm_statistics<T>& by, std::size_t row, T* y) {
    using batch = simd::batch<T>;
    const auto mean = batch(by.mean(row)), rest = batch(by.rest(row)), scale = batch(by.scale(row));
    for (auto segment = std::size_t{0}; segment < at.segments; ++segment) {
        const auto first = at.place(row, segment), parameter = at.parameter(row, segment);
        const auto factors = parameter_reader<ByElement, T>{factor, parameter, T{1}};
        const auto summands = parameter_reader<ByElement, T>{summand, parameter, T{0}};
        for_each_vector<T>(at.length, [&](std::size_t j, auto count) {
            const auto normal = batch(((load_or(x + first + j, count, T{0}) - mean) - rest) * scale);
            store_part(y + first + j, batch(simd::fma(normal, factors(j, count), summands(j, count))), count);
        });
    }
}

}  // namespace detail

/// y = (x - mean) scale, times the factor, plus the summand, either of which may be null; by the statistics of each row,
/// which are found first unless `fixed`. Without `centred`, mean is 0.
template <class T>
void normalize_rows(const norm_layout& at, const T* x, const T* factor, const T* summand, T eps, bool centred, bool fixed,
                    const norm_statistics<T>& statistics, T* y) {
    parallel_for(at.rows, at.grain(), [&](std::size_t begin, std::size_t end) {
        for (auto row = begin; row < end; ++row) {
            if (!fixed) detail::find_statistics(at, x, row, eps, centred, statistics);
            if (at.by_element) detail::write_row<true>(at, x, factor, summand, statistics, row, y);
            else detail::write_row<false>(at, x, factor, summand, statistics, row, y);
        }
    });
}

}  // namespace xgrad::kernels
