// Normalisation of channels, (samples, channels, inner), of so few elements each that a vector holds several channels: sums over
// the samples for every column, (channels, inner), and then of the columns of a channel.
#pragma once

#include <xgrad/core/config.hpp>
#include <xgrad/core/memory.hpp>
#include <xgrad/core/parallel.hpp>
#include <xgrad/core/simd.hpp>
#include <xgrad/kernels/normalize.hpp>
#include <xgrad/kernels/normalize_gradient.hpp>
#include <xgrad/kernels/reduce.hpp>

#include <algorithm>
#include <cstddef>

namespace xgrad::inline XGRAD_ABI::kernels {

namespace detail {

/// A part of the channels, with room for as many numbers of each column as `Rooms`.
template <class T, std::size_t Rooms>
class column_part {
    using batch = simd::batch<T>;
    using two = pair_of_sums<batch>;

public:
    column_part(const norm_layout& at, std::size_t channel, std::size_t end)
        : m_at{at}, m_channel{channel}, m_channels{end - channel}, m_columns{m_channels * at.length}, m_room{Rooms * m_columns} {}

    T* room(std::size_t number) const { return m_room.data() + number * m_columns; }

    /// room(number)[column] = value(channel) for each column of the channel.
    template <class F>
    void spread(std::size_t number, const F& value) const {
        for (auto c = std::size_t{0}; c < m_channels; ++c) std::fill_n(room(number) + c * m_at.length, m_at.length, value(m_channel + c));
    }
    /// f(channel, the sums of term(place, column, count) over the channel), where a term is two vectors. Uses the first two rooms.
    template <class Term, class F>
    void sums(const Term& term, const F& f) const {
        for_each_vector<T>(m_columns, [&](std::size_t j, auto count) {
            const auto first = m_channel * m_at.length + j;
            const auto sum = fold_terms<4, 1>(sum_of{}, two{batch(T{0}), batch(T{0})}, 0, m_at.segments, [&](std::size_t sample) {
                return term(first + sample * m_at.segment_step, j, count);
            });
            store_part(room(0) + j, sum.first, count);
            store_part(room(1) + j, sum.second, count);
        });
        for (auto c = std::size_t{0}; c < m_channels; ++c) {
            auto sum = pair_of_sums<T>{T{0}, T{0}};
            for (auto j = c * m_at.length; j < (c + 1) * m_at.length; ++j) sum = sum + pair_of_sums<T>{room(0)[j], room(1)[j]};
            f(m_channel + c, sum);
        }
    }
    /// f(place, column, count) for all.
    template <class F>
    void for_each(const F& f) const {
        for (auto sample = std::size_t{0}; sample < m_at.segments; ++sample) {
            const auto first = m_channel * m_at.length + sample * m_at.segment_step;
            for_each_vector<T>(m_columns, [&](std::size_t j, auto count) { f(first + j, j, count); });
        }
    }

private:
    const norm_layout& m_at;
    std::size_t m_channel, m_channels, m_columns;
    memory::scratch<T> m_room;
};

}  // namespace detail

/// The same as `normalize_rows`.
template <class T>
void normalize_columns(const norm_layout& at, const T* x, const T* factor, const T* summand, T eps, bool fixed,
                       const norm_statistics<T>& of, T* y) {
    using batch = simd::batch<T>;
    using two = detail::pair_of_sums<batch>;
    const auto n = static_cast<T>(at.count());
    parallel_for(at.rows, at.grain(), [&](std::size_t begin, std::size_t end) {
        const auto part = detail::column_part<T, 7>{at, begin, end};
        auto *const mean = part.room(2), *const rest = part.room(3), *const scale = part.room(4), *const by = part.room(5), *const plus = part.room(6);
        if (!fixed) {
            part.sums([&](std::size_t i, std::size_t, auto count) { return two{detail::load_or(x + i, count, T{0}), batch(T{0})}; },
                      [&](std::size_t c, const detail::pair_of_sums<T>& sum) { of.mean(c) = sum.first / n; });
            part.spread(2, [&](std::size_t c) { return of.mean(c); });
            part.sums([&](std::size_t i, std::size_t j, auto count) {
                const auto distance = batch(detail::load_or(x + i, count, T{0}) - detail::load_or(mean + j, count, T{0}));
                return two{distance, distance * distance};
            }, [&](std::size_t c, const detail::pair_of_sums<T>& sum) { of.set(c, of.mean(c), sum.first / n, sum.second / n, eps); });
        } else {
            part.spread(2, [&](std::size_t c) { return of.mean(c); });
        }
        part.spread(3, [&](std::size_t c) { return of.rest(c); });
        part.spread(4, [&](std::size_t c) { return of.scale(c); });
        part.spread(5, [&](std::size_t c) { return factor == nullptr ? T{1} : factor[c]; });
        part.spread(6, [&](std::size_t c) { return summand == nullptr ? T{0} : summand[c]; });
        part.for_each([&](std::size_t i, std::size_t j, auto count) {
            const auto of_column = [&](const T* values) { return detail::load_or(values + j, count, T{0}); };
            const auto normal = batch(((detail::load_or(x + i, count, T{0}) - of_column(mean)) - of_column(rest)) * of_column(scale));
            detail::store_part(y + i, batch(simd::fma(normal, of_column(by), of_column(plus))), count);
        });
    });
}

/// The same as `normalize_rows_gradient`.
template <class T>
void normalize_columns_gradient(const norm_layout& at, const norm_gradient<T>& with) {
    using batch = simd::batch<T>;
    using two = detail::pair_of_sums<batch>;
    const auto n = static_cast<T>(at.count());
    parallel_for(at.rows, at.grain(), [&](std::size_t begin, std::size_t end) {
        const auto part = detail::column_part<T, 8>{at, begin, end};
        const auto of_column = [&](std::size_t number, std::size_t j, auto count) { return detail::load_or(part.room(number) + j, count, T{0}); };
        const auto factor_of = [&](std::size_t c) { return with.factor == nullptr ? T{1} : with.factor[c]; };
        part.spread(2, [&](std::size_t c) { return with.statistics.mean(c); });
        part.spread(3, [&](std::size_t c) { return with.statistics.rest(c); });
        part.spread(4, [&](std::size_t c) { return with.statistics.scale(c); });
        part.spread(5, factor_of);
        const auto normal = [&](std::size_t i, std::size_t j, auto count) {
            return batch(((detail::load_or(with.x + i, count, T{0}) - of_column(2, j, count)) - of_column(3, j, count)) * of_column(4, j, count));
        };
        part.sums([&](std::size_t i, std::size_t j, auto count) {
            const auto dy = detail::load_or(with.dy + i, count, T{0});
            return two{dy, detail::weighed_by(dy, normal(i, j, count))};
        }, [&](std::size_t c, const detail::pair_of_sums<T>& sum) {
            if (with.dsummand != nullptr) with.dsummand[c] = sum.first;
            if (with.dfactor != nullptr) with.dfactor[c] = sum.second;
            const auto share = [&](T value) { return with.fixed ? T{0} : detail::weighed_by(value, factor_of(c)) / n; };
            std::fill_n(part.room(6) + (c - begin) * at.length, at.length, share(sum.first));
            std::fill_n(part.room(7) + (c - begin) * at.length, at.length, share(sum.second));
        });
        if (with.dx == nullptr) return;
        part.for_each([&](std::size_t i, std::size_t j, auto count) {
            const auto g = detail::weighed_by(detail::load_or(with.dy + i, count, T{0}), of_column(5, j, count));
            const auto change = batch((g - of_column(6, j, count)) - detail::weighed_by(of_column(7, j, count), normal(i, j, count)));
            detail::store_part(with.dx + i, detail::weighed_by(change, of_column(4, j, count)), count);
        });
    });
}

/// y = (x - mean) scale factor + summand: see `normalize_rows`.
template <class T>
void normalize(const norm_layout& at, const T* x, const T* factor, const T* summand, T eps, bool centred, bool fixed,
               const norm_statistics<T>& statistics, T* y) {
    if (at.by_columns) normalize_columns(at, x, factor, summand, eps, fixed, statistics, y);
    else normalize_rows(at, x, factor, summand, eps, centred, fixed, statistics, y);
}
template <class T>
void normalize_gradient(const norm_layout& at, const norm_gradient<T>& with) {
    if (at.by_columns) normalize_columns_gradient(at, with);
    else normalize_rows_gradient(at, with);
}

}  // namespace xgrad::kernels
