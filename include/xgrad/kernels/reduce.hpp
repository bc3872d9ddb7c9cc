// Reductions over any set of axes of a row-major array.
//
// The order in which elements are combined depends on the shape alone, never on the number of threads.
// Sums are combined pairwise above a block size, so that their rounding error grows with the logarithm of
// the number of elements (N. J. Higham, "The accuracy of floating point summation", SIAM J. Sci. Comput. 14,
// 1993).
#pragma once

#include <xgrad/core/config.hpp>
#include <xgrad/core/dtype.hpp>
#include <xgrad/core/exact.hpp>
#include <xgrad/core/memory.hpp>
#include <xgrad/core/parallel.hpp>
#include <xgrad/core/shape.hpp>
#include <xgrad/core/simd.hpp>

#include <algorithm>
#include <array>
#include <concepts>
#include <cstddef>
#include <functional>
#include <limits>
#include <utility>

namespace xgrad::inline XGRAD_ABI::kernels {

struct sum_of {
    template <class T>
    static constexpr T identity = T{0};
    auto operator()(const auto& a, const auto& b) const { return a + b; }
    template <std::integral T>
    T operator()(T a, T b) const {
        return xgrad::detail::wrapping(std::plus<>{}, a, b);
    }
};

struct product_of {
    template <class T>
    static constexpr T identity = T{1};
    auto operator()(const auto& a, const auto& b) const { return a * b; }
    template <std::integral T>
    T operator()(T a, T b) const {
        return xgrad::detail::wrapping(std::multiplies<>{}, a, b);
    }
};

/// The larger of two; NaN when either is, as in NumPy.
struct maximum_of {
    template <class T>
    static constexpr T identity = std::numeric_limits<T>::has_infinity ? -std::numeric_limits<T>::infinity()
                                                                       : std::numeric_limits<T>::lowest();
    template <class V>
    V operator()(const V& a, const V& b) const {
        return simd::select((a > b) | simd::is_nan(a), a, b);
    }
};

/// The smaller of two; NaN when either is.
struct minimum_of {
    template <class T>
    static constexpr T identity = std::numeric_limits<T>::has_infinity ? std::numeric_limits<T>::infinity()
                                                                       : std::numeric_limits<T>::max();
    template <class V>
    V operator()(const V& a, const V& b) const {
        return simd::select((a < b) | simd::is_nan(a), a, b);
    }
};

namespace detail {

inline constexpr std::size_t chain_steps = 16;    // terms that one accumulator takes, and accumulators that one of those above takes
inline constexpr std::size_t step_block = 64;     // rows that are added up one after the other
inline constexpr std::size_t reduce_grain = 32768;   // elements of rows that pay for one more thread
inline constexpr std::size_t sum_grain = 8 * reduce_grain;   // the same for one long row, which is read as fast as memory gives it

/// op over term(i) for i = begin, begin + Step, ... below `end`. `Chains` accumulators take turns, so that none waits for
/// another's result; after a few steps they go into a second row of accumulators, and long ranges are split in halves, so
/// that the error grows with the logarithm of the number of terms.
template <std::size_t Chains, std::size_t Step, class Op, class V, class Term>
V fold_terms(Op op, V identity, std::size_t begin, std::size_t end, Term term) {
    constexpr auto turn = Chains * Step, block = chain_steps * turn, whole = chain_steps * block;
    if (end - begin > whole) {
        const auto middle = begin + ((end - begin) / 2 + block - 1) / block * block;
        const auto first = fold_terms<Chains, Step>(op, identity, begin, middle, term);
        return op(first, fold_terms<Chains, Step>(op, identity, middle, end, term));
    }
    return [=]<std::size_t... C>(std::index_sequence<C...>) {
        V sums[] = {(static_cast<void>(C), identity)...};
        for (auto i = begin; i < end;) {
            const auto stop = std::min(end, i + block);
            V parts[] = {(static_cast<void>(C), identity)...};
            for (; i + turn <= stop; i += turn) ((parts[C] = op(parts[C], term(i + C * Step))), ...);
            for (; i < stop; i += Step) parts[0] = op(parts[0], term(i));
            ((sums[C] = op(sums[C], parts[C])), ...);
        }
        static_assert(Chains == 1 || Chains == 4);
        if constexpr (Chains == 4) return op(op(sums[0], sums[1]), op(sums[2], sums[3]));
        else return sums[0];
    }(std::make_index_sequence<Chains>{});
}

/// op over x[0], ..., x[count - 1].
template <class Op, class T>
T fold_row(const Op& op, const T* x, std::size_t count) {
    constexpr auto identity = Op::template identity<T>;
    auto i = std::size_t{0};
    auto result = identity;
    if constexpr (real<T>) {
        using batch = simd::batch<T>;
        constexpr auto width = simd::width<T>;
        if (count >= width) {
            i = count / width * width;
            auto lanes = fold_terms<4, width>(op, batch(identity), 0, i, [x](std::size_t k) { return simd::load(x + k); });
            if (simd::masked_loads && i != count) {
                lanes = op(lanes, simd::load_partial(x + i, count - i, identity));
                i = count;
            }
            result = simd::fold(lanes, op);
        }
    }
    auto rest = identity;
    for (; i < count; ++i) rest = static_cast<T>(op(rest, x[i]));
    return static_cast<T>(op(result, rest));
}

/// y[i] = op(y[i], x[i]).
template <class Op, class T>
void fold_into(const Op& op, T* y, const T* x, std::size_t count) {
    auto i = std::size_t{0};
    if constexpr (real<T>) {
        constexpr auto width = simd::width<T>;
        for (; i + width <= count; i += width) simd::store(y + i, op(simd::load(y + i), simd::load(x + i)));
    }
    for (; i < count; ++i) y[i] = static_cast<T>(op(y[i], x[i]));
}

/// The axes as alternating groups, kept or reduced, each as one loop.
struct reduce_nest {
    std::size_t depth = 0;
    std::array<std::size_t, max_rank + 1> sizes{};
    std::array<bool, max_rank + 1> reduced{};
    std::array<std::size_t, max_rank + 1> x_step{};   ///< elements of x in one step of the loop
    std::array<std::size_t, max_rank + 1> y_step{};

    reduce_nest(const shape& shape_, axis_set axes) {
        for (auto axis = std::size_t{0}; axis < shape_.rank(); ++axis) {
            if (shape_[axis] == 1) continue;
            const auto is_reduced = axes.contains(axis);
            if (depth != 0 && reduced[depth - 1] == is_reduced) sizes[depth - 1] *= shape_[axis];
            else {
                sizes[depth] = shape_[axis];
                reduced[depth++] = is_reduced;
            }
        }
        if (depth == 0) sizes[depth++] = 1;
        auto x_elements = std::size_t{1}, y_elements = std::size_t{1};
        for (auto loop = depth; loop-- > 0;) {
            x_step[loop] = x_elements;
            y_step[loop] = y_elements;
            x_elements *= sizes[loop];
            if (!reduced[loop]) y_elements *= sizes[loop];
        }
    }
};

/// Whether a reduced loop below `loop` combines whole rows of y, one after the other.
inline bool reduces_rows_below(const reduce_nest& nest, std::size_t loop) {
    for (auto below = loop + 1; below + 1 < nest.depth; ++below)
        if (nest.reduced[below]) return true;
    return false;
}

/// Combines x's part below loop `loop` into y's, which holds what was combined so far.
template <class Op, class T>
void fold_nest(const Op& op, const reduce_nest& nest, std::size_t loop, const T* x, T* y, std::size_t count) {
    const auto last = loop + 1 == nest.depth;
    if (last && nest.reduced[loop]) {
        *y = static_cast<T>(op(*y, fold_row(op, x, count)));
    } else if (last) {
        fold_into(op, y, x, count);
    } else if (!nest.reduced[loop]) {
        for (auto i = std::size_t{0}; i < count; ++i)
            fold_nest(op, nest, loop + 1, x + i * nest.x_step[loop], y + i * nest.y_step[loop],
                      nest.sizes[loop + 1]);
    } else if (count == 1) {
        fold_nest(op, nest, loop + 1, x, y, nest.sizes[loop + 1]);
    } else if (count > step_block || reduces_rows_below(nest, loop)) {
        // Halves, so that no element of y takes more than a block; where each step is a reduction itself, down to one.
        const auto block = reduces_rows_below(nest, loop) ? std::size_t{1} : step_block;
        const auto half = (count / 2 + block - 1) / block * block;
        const auto elements = nest.y_step[loop];
        const auto rest = memory::scratch<T>{elements};
        std::fill_n(rest.data(), elements, Op::template identity<T>);
        fold_nest(op, nest, loop, x, y, half);
        fold_nest(op, nest, loop, x + half * nest.x_step[loop], rest.data(), count - half);
        fold_into(op, y, rest.data(), elements);
    } else {
        for (auto i = std::size_t{0}; i < count; ++i)
            fold_nest(op, nest, loop + 1, x + i * nest.x_step[loop], y, nest.sizes[loop + 1]);
    }
}

}  // namespace detail

/// y = op over `axes` of x, an array of shape `sizes`. y has the kept axes, in row-major order; where
/// nothing is reduced into it, it is the operation's identity.
template <class Op, class T>
void reduce(const Op& op, const T* x, const shape& sizes, axis_set axes, T* y) {
    const auto nest = detail::reduce_nest{sizes, axes};
    const auto y_elements = nest.y_step[0] * (nest.reduced[0] ? 1 : nest.sizes[0]);
    std::fill_n(y, y_elements, Op::template identity<T>);
    if (sizes.elements() == 0) return;
    if (nest.depth == 1 && nest.reduced[0] && sizes.elements() > 2 * detail::reduce_grain) {
        // Whole blocks of fixed size, each by one thread; then their results, in order.
        const auto count = nest.sizes[0], blocks = (count + detail::reduce_grain - 1) / detail::reduce_grain;
        const auto parts = memory::scratch<T>{blocks};
        parallel_for(blocks, detail::sum_grain / detail::reduce_grain, [&](std::size_t begin, std::size_t end) {
            for (auto block = begin; block < end; ++block) {
                const auto first = block * detail::reduce_grain;
                parts.data()[block] = detail::fold_row(op, x + first, std::min(detail::reduce_grain, count - first));
            }
        });
        *y = detail::fold_row(op, parts.data(), blocks);
    } else if (!nest.reduced[0]) {
        parallel_for(nest.sizes[0], detail::reduce_grain / nest.x_step[0] + 1, [&](std::size_t begin, std::size_t end) {
            detail::fold_nest(op, nest, 0, x + begin * nest.x_step[0], y + begin * nest.y_step[0], end - begin);
        });
    } else {
        detail::fold_nest(op, nest, 0, x, y, nest.sizes[0]);
    }
}

}  // namespace xgrad::kernels
