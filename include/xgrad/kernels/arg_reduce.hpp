// Where along an axis the largest or the smallest element stands: of all, and of those so far.
//
// In numbers without an order of their own a new best one is rare (the k-th is with the probability 1/k), so that it is
// looked for by vectors, and what lies between is not touched one by one.
#pragma once

#include <xgrad/core/config.hpp>
#include <xgrad/core/dtype.hpp>
#include <xgrad/core/parallel.hpp>
#include <xgrad/core/simd.hpp>
#include <xgrad/kernels/take.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <type_traits>
#include <utility>

namespace xgrad::inline XGRAD_ABI::kernels {

namespace detail {

/// Whether v is larger (`Better` is std::greater<>) or smaller than `bound`, or one of both is NaN. Of vectors or numbers.
template <class Better, class V>
auto may_be_better(const V& v, const V& bound) {
    if constexpr (std::is_same_v<Better, std::greater<>>) return !(v <= bound);
    else return !(v >= bound);
}

/// The first place from k on whose element may be better than `bound`.
template <class Better, class T>
std::size_t next_candidate(const T* x, std::size_t step, std::size_t k, std::size_t count, T bound) {
    if constexpr (real<T>) {
        const auto none = [&] { return !simd::any(may_be_better<Better>(simd::load(x + k), simd::batch<T>(bound))); };
        while (step == 1 && k + simd::width<T> <= count && none()) k += simd::width<T>;
    }
    while (k < count && !may_be_better<Better>(x[k * step], bound)) ++k;
    return k;
}

/// The next better one than that at k in a row, or the first NaN; `count` when there is none, and behind a NaN.
template <class Better, class T>
std::size_t next_best(const T* row, std::size_t k, std::size_t count) {
    if (k + 1 < count && may_be_better<Better>(row[k + 1], row[k]) && row[k] == row[k]) return k + 1;   // as in a row that rises
    return row[k] == row[k] ? next_candidate<Better>(row, 1, k + 1, count, row[k]) : count;
}

/// found(j) for each column j whose element of the row may be better than the one before.
template <class Better, class T, class Found>
void for_each_candidate(const T* row, const T* before, std::size_t columns, const Found& found) {
    auto j = std::size_t{0};
    const auto one = [&] {
        if (may_be_better<Better>(row[j], before[j]) && before[j] == before[j]) found(j);
    };
    if constexpr (real<T>)
        while (j + simd::width<T> <= columns) {
            if (!simd::any(may_be_better<Better>(simd::load(row + j), simd::load(before + j)))) j += simd::width<T>;
            else
                for (const auto end = j + simd::width<T>; j < end; ++j) one();
        }
    for (; j < columns; ++j) one();
}

inline constexpr std::size_t best_columns = 256;   // at once: what they have found stays in the cache

/// body(o, column, columns) for runs of columns of x[o, :, :] that are next to each other, from `column` on.
template <class Body>
void for_runs_of_columns(const axis_view& at, std::size_t grain, const Body& body) {
    const auto runs = (at.inner + best_columns - 1) / best_columns;
    parallel_for(at.outer * runs, grain / (at.length * std::min(at.inner, best_columns) + 1) + 1, [&](std::size_t begin, std::size_t end) {
        for (auto each = begin; each < end; ++each) {
            const auto column = each % runs * best_columns;
            body(each / runs, column, std::min(best_columns, at.inner - column));
        }
    });
}

inline constexpr std::size_t best_grain = 32768;

}  // namespace detail

/// y[o, i] = the first k for which no x[o, j, i] is better than x[o, k, i]; the first NaN if there is one.
/// x: as `at`, y: (outer, inner), length >= 1
template <class Better, class T>
void arg_reduce(const T* x, const axis_view& at, std::int64_t* y) {
    if (at.inner == 1) {
        parallel_for(at.outer, detail::best_grain / (at.length + 1) + 1, [&](std::size_t begin, std::size_t end) {
            for (auto o = begin; o < end; ++o) {
                const auto* const row = x + o * at.length;
                auto best = std::size_t{0};
                for (auto k = best; k < at.length; k = detail::next_best<Better>(row, k, at.length)) best = k;
                y[o] = static_cast<std::int64_t>(best);
            }
        });
        return;
    }
    detail::for_runs_of_columns(at, detail::best_grain, [&](std::size_t o, std::size_t column, std::size_t columns) {
        const auto* row = x + o * at.length * at.inner + column;
        auto* const places = y + o * at.inner + column;
        T best[detail::best_columns];
        std::copy_n(row, columns, best);
        std::fill_n(places, columns, std::int64_t{0});
        for (auto k = std::size_t{1}; k < at.length; ++k) {
            row += at.inner;
            detail::for_each_candidate<Better>(row, best, columns, [&](std::size_t j) {
                best[j] = row[j];
                places[j] = static_cast<std::int64_t>(k);
            });
        }
    });
}

/// values[k] = the best of x[0], ..., x[k] along the middle axis, places[k] where it stands first; the first NaN from where there
/// is one.        x, values, places: as `at`
template <class Better, class T>
void cumulative_best(const T* x, const axis_view& at, T* values, std::int64_t* places) {
    if (at.length == 0) return;
    if (at.inner == 1) {
        parallel_for(at.outer, detail::best_grain / (2 * at.length + 1) + 1, [&](std::size_t begin, std::size_t end) {
            for (auto first = begin * at.length; first < end * at.length; first += at.length)
                for (auto k = std::size_t{0}; k < at.length;) {
                    const auto next = detail::next_best<Better>(x + first, k, at.length);
                    values[first + k] = x[first + k];
                    places[first + k] = static_cast<std::int64_t>(k);
                    std::fill(values + first + k + 1, values + first + next, x[first + k]);
                    std::fill(places + first + k + 1, places + first + next, static_cast<std::int64_t>(k));
                    k = next;
                }
        });
        return;
    }
    detail::for_runs_of_columns(at, detail::best_grain / 2, [&](std::size_t o, std::size_t column, std::size_t columns) {
        auto place = o * at.length * at.inner + column;
        std::copy_n(x + place, columns, values + place);
        std::fill_n(places + place, columns, std::int64_t{0});
        for (auto k = std::size_t{1}; k < at.length; ++k) {
            const auto before = std::exchange(place, place + at.inner);
            std::copy_n(values + before, columns, values + place);
            std::copy_n(places + before, columns, places + place);
            detail::for_each_candidate<Better>(x + place, values + before, columns, [&](std::size_t j) {
                values[place + j] = x[place + j];
                places[place + j] = static_cast<std::int64_t>(k);
            });
        }
    });
}

}  // namespace xgrad::kernels
