// What runs along an axis and has something to say at each place: sums so far, products so far, and the recurrence
// s_i = a_i s_(i-1) + b_i that is their derivative.
//
// Several lines are walked along side by side: columns, which are vectors, or rows, of which none waits for another. A line
// is never cut, so that nothing depends on the number of threads.
#pragma once

#include <xgrad/core/cmath.hpp>
#include <xgrad/core/config.hpp>
#include <xgrad/core/dtype.hpp>
#include <xgrad/core/parallel.hpp>
#include <xgrad/kernels/reduce.hpp>
#include <xgrad/kernels/take.hpp>

#include <algorithm>
#include <cstddef>
#include <limits>
#include <type_traits>
#include <utility>

namespace xgrad::inline XGRAD_ABI::kernels {

namespace detail {

inline constexpr std::size_t columns_at_once = 256, rows_at_once = 4;

/// Along columns that are next to each other, row by row.
template <class State, class Step>
void walk_columns(State start, std::size_t first, std::size_t length, std::size_t inner, std::size_t columns, bool reverse, Step step) {
    State states[columns_at_once];
    std::fill_n(states, columns, start);
    for (auto each = std::size_t{0}; each < length; ++each) {
        const auto k = reverse ? length - 1 - each : each, place = first + k * inner;
        for (auto j = std::size_t{0}; j < columns; ++j) step(states[j], place + j, k);
    }
}

/// Along `Rows` rows side by side, whose states are in registers.
template <std::size_t Rows, class State, class Step>
void walk_rows(State start, std::size_t first, std::size_t length, bool reverse, Step step) {
    [=]<std::size_t... J>(std::index_sequence<J...>) {
        State states[] = {(static_cast<void>(J), start)...};
        for (auto each = std::size_t{0}; each < length; ++each) {
            const auto k = reverse ? length - 1 - each : each, place = first + k;
            (step(states[J], place + J * length, k), ...);
        }
    }(std::make_index_sequence<Rows>{});
}

}  // namespace detail

/// step(state, place, k) at each place of every line along the middle axis, k the number of the place in its line, from the
/// first to the last, or in reverse; each line's state is `start` at first.
template <class State, class Step>
void scan(const axis_view& at, bool reverse, const State& start, const Step& step) {
    const auto rows = at.inner == 1;
    const auto lines = rows ? at.outer : at.inner, most = rows ? detail::rows_at_once : detail::columns_at_once;
    const auto groups = (lines + most - 1) / most;
    const auto grain = detail::reduce_grain / std::max<std::size_t>(1, 4 * at.length * std::min(lines, most)) + 1;
    parallel_for((rows ? 1 : at.outer) * groups, grain, [&](std::size_t begin, std::size_t end) {
        for (auto each = begin; each < end; ++each) {
            const auto line = each % groups * most, count = std::min(most, lines - line);
            if (!rows) detail::walk_columns(start, each / groups * at.length * at.inner + line, at.length, at.inner, count, reverse, step);
            else if (count == detail::rows_at_once) detail::walk_rows<detail::rows_at_once>(start, line * at.length, at.length, reverse, step);
            else
                for (auto row = line; row < line + count; ++row) detail::walk_rows<1>(start, row * at.length, at.length, reverse, step);
        }
    });
}

namespace detail {

/// A sum of many numbers: of floats in double precision, of doubles with what rounding lost (A. Neumaier, "Rundungsfehleranalyse
/// einiger Verfahren zur Summation endlicher Summen", 1974), of integers as they wrap.
template <class T>
struct running_sum {
    std::conditional_t<std::is_same_v<T, float>, double, T> sum = 0;
    T lost = 0;

    T add(T x) {
        if constexpr (!std::is_same_v<T, double>) {
            return static_cast<T>(sum = sum_of{}(sum, static_cast<decltype(sum)>(x)));
        } else {
            const auto next = sum + x;
            const auto error = std::abs(sum) >= std::abs(x) ? (sum - next) + x : (x - next) + sum;
            lost += error == error ? error : 0;   // beside infinities there is none
            sum = next;
            return sum + lost;
        }
    }
};

/// ln of a sum of exponentials: the largest exponent apart.
struct running_log_sum {
    double largest = -std::numeric_limits<double>::infinity(), sum = 0;

    double add(double x) {
        if (x > largest) {
            sum = sum * std::exp(largest - x) + 1;
            largest = x;
        } else if (x == largest || x != x) {
            sum += x == -std::numeric_limits<double>::infinity() ? 0 : x == x ? 1 : x;
        } else {
            sum += std::exp(x - largest);
        }
        return largest + std::log(sum);
    }
};

}  // namespace detail

/// y[k] = x[0] + ... + x[k] along the middle axis.        x, y: as `at`
template <class T>
void cumulative_sum(const T* x, const axis_view& at, bool reverse, T* y) {
    scan(at, reverse, detail::running_sum<T>{}, [x, y](auto& sum, std::size_t place, std::size_t) { y[place] = sum.add(x[place]); });
}

/// y[k] = x[0] ... x[k], or without x[k] itself; of floats in double precision.
template <bool Exclusive, class T>
void cumulative_product(const T* x, const axis_view& at, bool reverse, T* y) {
    using wide = std::conditional_t<std::is_same_v<T, float>, double, T>;
    scan(at, reverse, wide{1}, [x, y](wide& product, std::size_t place, std::size_t) {
        const auto before = product;
        product = product_of{}(product, static_cast<wide>(x[place]));
        y[place] = static_cast<T>(Exclusive ? before : product);
    });
}

/// y[k] = ln(e^x[0] + ... + e^x[k])
template <class T>
void cumulative_log_sum(const T* x, const axis_view& at, T* y) {
    scan(at, false, detail::running_log_sum{}, [x, y](auto& sum, std::size_t place, std::size_t) {
        y[place] = static_cast<T>(sum.add(static_cast<double>(x[place])));
    });
}

/// s[k] = a[k] s[k - 1] + b[k], s[0] = b[0]; `lagged` with a[k - 1] in the place of a[k]. Where s[k - 1] is zero it
/// contributes zero, whatever a is.        a, b, s: as `at`
template <class T>
void recurrence(const T* a, const T* b, const axis_view& at, bool reverse, bool lagged, T* s) {
    struct before {
        T value, coefficient;
    };
    scan(at, reverse, before{0, 0}, [a, b, s, lagged](before& last, std::size_t place, std::size_t) {
        const auto by = lagged ? last.coefficient : a[place];
        last.value = last.value == 0 ? b[place] : static_cast<T>(by * last.value + b[place]);
        last.coefficient = a[place];
        s[place] = last.value;
    });
}

/// y[k] = x[k - 1], y[0] = fill        x, y: as `at`
template <class T>
void shift(const T* x, const axis_view& at, bool reverse, T fill, T* y) {
    scan(at, reverse, fill, [x, y](T& last, std::size_t place, std::size_t) {
        y[place] = last;
        last = x[place];
    });
}

}  // namespace xgrad::kernels
