// Softmax and its logarithm along an axis, and the cross-entropy of rows against class labels.
#pragma once

#include <xgrad/core/cmath.hpp>
#include <xgrad/core/config.hpp>
#include <xgrad/core/memory.hpp>
#include <xgrad/core/parallel.hpp>
#include <xgrad/core/simd.hpp>
#include <xgrad/core/simd_math.hpp>
#include <xgrad/kernels/reduce.hpp>
#include <xgrad/kernels/take.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <limits>

namespace xgrad::inline XGRAD_ABI::kernels {

namespace detail {

inline constexpr std::size_t softmax_grain = 8192;

/// y[i] = f(x[i]), a row at a time.
template <class F, class T>
void map_row(const F& f, const T* x, T* y, std::size_t count) {
    constexpr auto width = simd::width<T>;
    auto i = std::size_t{0};
    for (; i + width <= count; i += width) simd::store(y + i, f(simd::load(x + i)));
    if (i < count) simd::store_partial(y + i, f(simd::load_partial(x + i, count - i)), count - i);
}

/// The larger of two, where a NaN need not be found: it makes the sum NaN by itself. A third of the work of `maximum_of`.
struct larger_of : maximum_of {
    template <class V>
    V operator()(const V& a, const V& b) const {
        return simd::at_least(b, a);
    }
};

/// The sum of e^(x[i] - the largest x), in two parts: the ones that come of the largest, and the others, among which a small
/// one would lose its digits beside a one.
template <class T>
struct exp_sum {
    T largest, ones, others;

    /// Each vector of terms goes through keep(terms, i) on its way.
    template <class Keep>
    exp_sum(const T* x, std::size_t count, const Keep& keep) : largest{fold_row(larger_of{}, x, count)} {
        using batch = simd::batch<T>;
        struct parts {
            batch ones, others;
            parts operator+(const parts& more) const { return {ones + more.ones, others + more.others}; }
        };
        constexpr auto width = simd::width<T>;
        const auto top = batch(largest), zero = batch(T{0}), one = batch(T{1});
        const auto term = [=](const batch& v, std::size_t i) {
            const auto e = batch(simd::exp(v - top));
            keep(e, i);
            const auto is_top = v == top;
            if (!simd::any(is_top)) return parts{zero, e};
            return parts{simd::select(is_top, one, zero), simd::select(is_top, zero, e)};
        };
        const auto whole = count / width * width;
        auto sum = fold_terms<1, width>(sum_of{}, parts{zero, zero}, 0, whole,
                                        [=](std::size_t i) { return term(simd::load(x + i), i); });
        if (whole != count)
            sum = sum + term(simd::load_partial(x + whole, count - whole, -std::numeric_limits<T>::infinity()), whole);
        ones = simd::fold(sum.ones, sum_of{});
        others = simd::fold(sum.others, sum_of{}) + (largest - largest);   // NaN where the largest is not finite
    }
};

/// ln of the sum of e^x[i], in two parts to be subtracted one after the other: their sum would lose the digits
/// by which the elements differ. The largest element comes out first, so that nothing overflows.
template <class T>
struct log_sum {
    T largest, rest;

    log_sum(const T* x, std::size_t count) : log_sum{exp_sum<T>{x, count, [](const auto&, std::size_t) {}}} {}

private:
    explicit log_sum(const exp_sum<T>& sum) : largest{sum.largest}, rest{std::log1p(sum.others + (sum.ones - T{1}))} {}
};

/// y[i] = factor e^x[i] / sum e^x. y may be x.
template <class T>
void softmax_row(const T* x, T* y, std::size_t count, T factor) {
    using batch = simd::batch<T>;
    const auto sum = exp_sum<T>{x, count, [=](const batch& e, std::size_t i) { simd::store_up_to(y + i, e, count - i); }};
    const auto scale = factor / (sum.ones + sum.others);
    map_row([scale](const batch& v) { return v * batch(scale); }, y, y, count);
}

}  // namespace detail

/// y = e^x / sum e^x along the middle axis, or the logarithm of that.     x, y: (outer, length, inner)
template <bool Log, class T>
void softmax(const T* x, const axis_view& at, T* y) {
    using batch = simd::batch<T>;
    parallel_for(at.outer * at.inner, detail::softmax_grain / std::max<std::size_t>(1, at.length) + 1,
                 [&](std::size_t begin, std::size_t end) {
        // Where the axis is not the last one its elements are gathered first, and spread again at the end.
        const auto gathered = memory::scratch<T>{at.inner == 1 ? 0 : at.length};
        for (auto row = begin; row < end; ++row) {
            const auto first = row / at.inner * at.length * at.inner + row % at.inner;
            const auto* from = x + first;
            auto* to = y + first;
            if (at.inner != 1) {
                for (auto k = std::size_t{0}; k < at.length; ++k) gathered.data()[k] = from[k * at.inner];
                from = to = gathered.data();
            }
            if constexpr (Log) {
                const auto shift = detail::log_sum<T>{from, at.length};
                detail::map_row([&](const batch& v) { return (v - batch(shift.largest)) - batch(shift.rest); }, from, to, at.length);
            } else {
                detail::softmax_row(from, to, at.length, T{1});
            }
            if (at.inner != 1)
                for (auto k = std::size_t{0}; k < at.length; ++k) y[first + k * at.inner] = gathered.data()[k];
        }
    });
}

/// losses[i] = ln sum_j e^x[i, j] - x[i, labels[i]]        x: (rows, classes)
template <class T>
void cross_entropy(const T* x, const std::int64_t* labels, std::size_t rows, std::size_t classes, T* losses) {
    parallel_for(rows, detail::softmax_grain / std::max<std::size_t>(1, classes) + 1, [&](std::size_t begin, std::size_t end) {
        for (auto i = begin; i < end; ++i) {
            const auto shift = detail::log_sum<T>{x + i * classes, classes};
            losses[i] = shift.rest - (x[i * classes + static_cast<std::size_t>(labels[i])] - shift.largest);
        }
    });
}

/// dx[i, j] = weights[i weight_step] (e^x[i, j] / sum_k e^x[i, k] - [j = labels[i]]), 0 where the weight is.
/// Where the label is more likely than not its derivative is computed as minus the sum of the others, not from 1.
template <class T>
void cross_entropy_gradient(const T* x, const std::int64_t* labels, const T* weights, std::size_t weight_step,
                            std::size_t rows, std::size_t classes, T* dx) {
    parallel_for(rows, detail::softmax_grain / std::max<std::size_t>(1, classes) + 1, [&](std::size_t begin, std::size_t end) {
        for (auto i = begin; i < end; ++i) {
            const auto weight = weights[i * weight_step];
            auto* const row = dx + i * classes;
            if (weight == T{0}) {
                std::fill_n(row, classes, T{0});
                continue;
            }
            auto& own = row[static_cast<std::size_t>(labels[i])];
            detail::softmax_row(x + i * classes, row, classes, weight);
            if (std::abs(own) > std::abs(weight) / 2) {
                own = T{0};
                own = -detail::fold_row(sum_of{}, row, classes);
            } else {
                own -= weight;
            }
        }
    });
}

}  // namespace xgrad::kernels
