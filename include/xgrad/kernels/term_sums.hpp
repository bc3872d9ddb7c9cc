// Sums of squares, magnitudes and the like along an axis, in one pass over memory.
#pragma once

#include <xgrad/core/cmath.hpp>
#include <xgrad/core/config.hpp>
#include <xgrad/core/memory.hpp>
#include <xgrad/core/parallel.hpp>
#include <xgrad/core/simd.hpp>
#include <xgrad/kernels/reduce.hpp>
#include <xgrad/kernels/take.hpp>

#include <algorithm>
#include <cstddef>

namespace xgrad::inline XGRAD_ABI::kernels {

struct square_of {
    auto operator()(const auto& v) const { return v * v; }
};
struct magnitude_of {
    template <class V>
    V operator()(const V& v) const {
        if constexpr (simd::is_batch<V>) return simd::abs(v);
        else return std::abs(v);
    }
};

namespace detail {

inline constexpr std::size_t strip_columns = 512;   // columns at a time: a block of rows of them stays in the second-level cache

/// op over term(x[i]), i < count.
template <class Op, class Term, class T>
T fold_mapped(const Op& op, const Term& term, const T* x, std::size_t count) {
    constexpr auto width = simd::width<T>;
    constexpr auto identity = Op::template identity<T>;
    const auto whole = count / width * width;
    auto lanes = fold_terms<4, width>(op, simd::batch<T>(identity), 0, whole, [x, term](std::size_t i) { return term(simd::load(x + i)); });
    auto rest = simd::fold(lanes, op);
    for (auto i = whole; i < count; ++i) rest = op(rest, T(term(x[i])));
    return rest;
}

/// y[i] = op(y[i], term(x[i], i)), i < count: y is as long as whole vectors are.
template <class Op, class Term, class T>
void fold_mapped_into(const Op& op, const Term& term, T* y, const T* x, std::size_t count) {
    constexpr auto width = simd::width<T>;
    for (auto i = std::size_t{0}; i < count; i += width)
        simd::store(y + i, op(simd::load(y + i), term(simd::load_up_to(x + i, count - i), i)));
}

/// Calls f(slab, first column, columns) for all strips of columns.
template <class Strip>
void for_strips(const axis_view& at, std::size_t grain, const Strip& f) {
    const auto strips = (at.inner + strip_columns - 1) / strip_columns;
    const auto work = at.length * std::min(at.inner, strip_columns);
    parallel_for(at.outer * strips, grain / std::max<std::size_t>(1, work) + 1, [&](std::size_t begin, std::size_t end) {
        for (auto each = begin; each < end; ++each) {
            const auto first = each % strips * strip_columns;
            f(each / strips, first, std::min(strip_columns, at.inner - first));
        }
    });
}

/// A column as a row: itself where it is one, else gathered into `room`.
template <class T>
const T* as_row(const T* x, const axis_view& at, T* room) {
    if (at.inner == 1) return x;
    for (auto k = std::size_t{0}; k < at.length; ++k) room[k] = x[k * at.inner];
    return room;
}

/// y[i] = op over term(x[k, i]), of a strip. y and part have room for one.
template <class Op, class Term, class T>
void fold_strip(const Op& op, const Term& term, const T* x, std::size_t length, std::size_t inner, std::size_t columns, T* y, T* part) {
    const auto padded = (columns + simd::width<T> - 1) / simd::width<T> * simd::width<T>;
    const auto of_vector = [term](const auto& v, std::size_t) { return term(v); };
    const auto itself = [](const auto& v, std::size_t) { return v; };
    std::fill_n(y, padded, Op::template identity<T>);
    for (auto k = std::size_t{0}; k < length;) {
        const auto stop = std::min(length, k + step_block);
        std::fill_n(part, padded, Op::template identity<T>);
        for (; k < stop; ++k) fold_mapped_into(op, of_vector, part, x + k * inner, columns);
        fold_mapped_into(op, itself, y, part, columns);
    }
}

}  // namespace detail

/// y[o, i] = op over term(x[o, k, i]) for all k: the identity of op where there are none.        x: as `at`  y: (outer, inner)
template <class Op, class Term, class T>
void fold_along(const Op& op, const Term& term, const T* x, const axis_view& at, T* y) {
    if (at.inner >= simd::width<T>) {
        detail::for_strips(at, detail::reduce_grain, [&](std::size_t o, std::size_t first, std::size_t columns) {
            alignas(64) T sums[detail::strip_columns], part[detail::strip_columns];
            detail::fold_strip(op, term, x + o * at.length * at.inner + first, at.length, at.inner, columns, sums, part);
            std::copy_n(sums, columns, y + o * at.inner + first);
        });
        return;
    }
    parallel_for(at.outer * at.inner, detail::reduce_grain / std::max<std::size_t>(1, at.length) + 1, [&](std::size_t begin, std::size_t end) {
        const auto room = memory::scratch<T>{at.inner == 1 ? 0 : at.length};
        for (auto row = begin; row < end; ++row) {
            const auto* const from = x + row / at.inner * at.length * at.inner + row % at.inner;
            y[row] = detail::fold_mapped(op, term, detail::as_row(from, at, room.data()), at.length);
        }
    });
}

}  // namespace xgrad::kernels
