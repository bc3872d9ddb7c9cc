// Elementwise functions of any number of operands that broadcast to one shape, in one pass over memory.
#pragma once

#include <xgrad/core/config.hpp>
#include <xgrad/core/dtype.hpp>
#include <xgrad/core/memory.hpp>
#include <xgrad/core/parallel.hpp>
#include <xgrad/core/shape.hpp>
#include <xgrad/core/simd.hpp>

#include <algorithm>
#include <array>
#include <concepts>
#include <cstddef>
#include <span>
#include <tuple>
#include <type_traits>
#include <utility>

namespace xgrad::inline XGRAD_ABI::kernels {

/// Elements in row-major order with their shape: what a kernel sees of a tensor.
template <class T>
struct operand {
    const T* data;
    const shape* sizes;
};

namespace detail {

/// Whether the loops over a broadcast are one, which every operand either walks through from end to end or has but one
/// element for; its strides, then.
inline bool is_one_loop(const shape& result, std::span<const shape* const> operands, std::size_t* stride) {
    for (auto k = std::size_t{0}; k < operands.size(); ++k) {
        const auto single = operands[k]->elements() == 1;
        if (!single && *operands[k] != result) return false;
        stride[k] = single ? 0 : 1;
    }
    return true;
}

/// The loops over a broadcast: sizes, and for each operand its stride along each loop, in elements. Loops
/// that every operand walks through without a jump are one loop.
struct loop_nest {
    std::size_t depth = 0, operands;
    std::size_t sizes[max_rank];
    std::size_t* strides;   ///< of loop after loop, with room for as many as there can be

    loop_nest(const shape& result, std::span<const shape* const> shapes, std::size_t* room)
        : operands{shapes.size()}, strides{room} {
        for (auto axis = std::size_t{0}; axis < result.rank(); ++axis) {
            if (result[axis] == 1) continue;
            auto* const stride = along(depth);
            for (auto k = std::size_t{0}; k < operands; ++k) stride[k] = stride_of(*shapes[k], result.rank() - axis);
            if (depth != 0 && goes_on(stride, result[axis])) {
                sizes[depth - 1] *= result[axis];
                std::copy_n(stride, operands, along(depth - 1));
            } else {
                sizes[depth++] = result[axis];
            }
        }
    }

    std::size_t* along(std::size_t loop) const { return strides + loop * operands; }

private:
    /// An operand's stride along its axis with this number from the last, 0 where it has one element or no axis.
    static std::size_t stride_of(const shape& own, std::size_t from_last) {
        if (from_last > own.rank() || own[own.rank() - from_last] == 1) return 0;
        auto stride = std::size_t{1};
        for (auto axis = own.rank() - from_last + 1; axis < own.rank(); ++axis) stride *= own[axis];
        return stride;
    }

    /// Whether a loop of `size` with these strides continues the one around it.
    bool goes_on(const std::size_t* stride, std::size_t size) const {
        for (auto k = std::size_t{0}; k < operands; ++k)
            if (along(depth - 1)[k] != stride[k] * size) return false;
        return true;
    }
};

/// The innermost loop on vectors. An operand that stays put is read from a vector full of it, so that all
/// operands are loaded alike. Function and pointers come by value: what is no local variable would be read again
/// after every store, since the compiler must take it that the store has changed it. f is called in one place, with all
/// that it calls inlined there: a call would pass vectors through memory and read its constants anew for each. So the last
/// vector, if it is no whole one, goes through the loop as a copy.
template <class F, class T, std::size_t R, std::size_t... K>
XGRAD_FLATTEN void inner_loop(F f, std::array<T*, R> y, std::size_t count, std::array<const T*, sizeof...(K)> at,
                              const std::array<std::size_t, sizeof...(K)>& stride, std::index_sequence<K...>) {
    constexpr auto width = simd::width<T>;
    alignas(64) T copies[sizeof...(K)][width], last[R][width];
    (
        [&] {
            if (stride[K] != 0) return;
            std::fill_n(copies[K], width, *at[K]);
            at[K] = copies[K];
        }(),
        ...);
    const auto step = std::array{stride[K] * width...};
    const auto rest = count % width;
    const auto to = y;
    for (auto left = (count + width - 1) / width; left != 0; --left) {
        if (left == 1 && rest != 0) [[unlikely]] {
            ((stride[K] != 0 ? simd::store(copies[K], simd::load_partial(at[K], rest)) : void(), at[K] = copies[K]), ...);
            for (auto r = std::size_t{0}; r < R; ++r) y[r] = last[r];
        }
        const std::array<simd::batch<T>, R> results = f(simd::load(at[K])...);
        for (auto r = std::size_t{0}; r < R; ++r) simd::store(y[r], results[r]), y[r] += width;
        ((at[K] += step[K]), ...);
    }
    for (auto r = std::size_t{0}; r < R && rest != 0; ++r) simd::store_partial(to[r] + (count - rest), simd::load(last[r]), rest);
}

/// The innermost loop on single elements: integers, truth values, operands of several types.
template <class F, class R, class... T, std::size_t... K>
void inner_loop_scalar(const F& f, R* y, std::size_t count, const std::tuple<const T*...>& from,
                       const std::array<std::size_t, sizeof...(T)>& stride, std::index_sequence<K...>) {
    if (((stride[K] == 1) && ...))
        for (auto i = std::size_t{0}; i < count; ++i) y[i] = static_cast<R>(f(std::get<K>(from)[i]...)[0]);
    else
        for (auto i = std::size_t{0}; i < count; ++i)
            y[i] = static_cast<R>(f(std::get<K>(from)[i * stride[K]]...)[0]);
}

// A concept, because it looks at the call only when the types before it fit.
template <class F, class R, class... T>
concept vectorizable = real<R> && (std::same_as<R, T> && ...) && std::is_invocable_v<const F&, const simd::batch<T>&...>;

/// An elementwise operation without its types: so that the loops around the innermost one are compiled but once.
struct any_elementwise {
    /// Computes `count` elements from number `y_first` of the results and `x_first[k]` of operand k on.
    void (*row)(const any_elementwise& self, std::size_t count, std::size_t y_first, const std::size_t* x_first,
                const std::size_t* stride);
    const void* formula;
    const void* results;    // a std::array of pointers
    const void* operands;   // a std::tuple of pointers
    std::span<const shape* const> shapes;
};

template <class F, class R, std::size_t Results, class... T>
void run_row(const any_elementwise& self, std::size_t count, std::size_t y_first, const std::size_t* x_first,
             const std::size_t* stride) {
    const auto& f = *static_cast<const F*>(self.formula);
    auto y = *static_cast<const std::array<R*, Results>*>(self.results);
    for (auto& result : y) result += y_first;
    const auto& x = *static_cast<const std::tuple<const T*...>*>(self.operands);
    [&]<std::size_t... K>(std::index_sequence<K...> all) {
        const auto strides = std::array<std::size_t, sizeof...(T)>{stride[K]...};
        if constexpr (vectorizable<F, R, T...>) inner_loop(f, y, count, {(std::get<K>(x) + x_first[K])...}, strides, all);
        else inner_loop_scalar(f, y[0], count, std::tuple<const T*...>{(std::get<K>(x) + x_first[K])...}, strides, all);
    }(std::index_sequence_for<T...>{});
}

/// One loop: all operands walk through it with these strides, and parts of it may be computed apart.
inline void run_one_loop(const any_elementwise& work, std::size_t count, const std::size_t* stride, std::size_t* first) {
    const auto operands = work.shapes.size();
    if (count < 2 * light_grain) {
        std::fill_n(first, operands, std::size_t{0});
        if (count != 0) work.row(work, count, 0, first, stride);
        return;
    }
    // Parts begin at whole vectors, so that each element is computed as by one thread.
    constexpr auto block = std::size_t{64};
    parallel_for((count + block - 1) / block, light_grain / block, [&](std::size_t begin, std::size_t end) {
        const auto from = memory::scratch<std::size_t>{operands};
        for (auto k = std::size_t{0}; k < operands; ++k) from.data()[k] = begin * block * stride[k];
        work.row(work, std::min(end * block, count) - begin * block, begin * block, from.data(), stride);
    });
}

/// Several loops, one within the other; the innermost runs through a row.
inline void run_rows(const any_elementwise& work, const loop_nest& nest) {
    const auto outer = nest.depth - 1, inner = nest.sizes[outer];
    auto rows = std::size_t{1};
    for (auto loop = std::size_t{0}; loop < outer; ++loop) rows *= nest.sizes[loop];
    parallel_for(rows, light_grain / std::max<std::size_t>(1, inner) + 1, [&](std::size_t begin, std::size_t end) {
        const auto from = memory::scratch<std::size_t>{nest.operands};
        for (auto row = begin; row < end; ++row) {
            std::fill_n(from.data(), nest.operands, std::size_t{0});
            auto rest = row;
            for (auto loop = outer; loop-- > 0; rest /= nest.sizes[loop])
                for (auto k = std::size_t{0}; k < nest.operands; ++k)
                    from.data()[k] += rest % nest.sizes[loop] * nest.along(loop)[k];
            work.row(work, inner, row * inner, from.data(), nest.along(outer));
        }
    });
}

/// `room` is for (max_rank + 1) numbers for each operand.
XGRAD_NOINLINE inline void run_elementwise(const any_elementwise& work, const shape& sizes, std::size_t* room) {
    auto* const first = room + max_rank * work.shapes.size();
    if (is_one_loop(sizes, work.shapes, room)) return run_one_loop(work, sizes.elements(), room, first);
    const auto nest = loop_nest{sizes, work.shapes, room};
    if (nest.depth == 0) std::fill_n(room, work.shapes.size(), std::size_t{0});
    if (nest.depth <= 1) return run_one_loop(work, nest.depth == 0 ? 1 : nest.sizes[0], room, first);
    run_rows(work, nest);
}

}  // namespace detail

/// y[0][i], y[1][i], ... = f(x[i]...) for every index i of `sizes`, to which each operand's shape broadcasts:
/// several results in one pass. `f` is called with vectors of elements and gives a `std::array` of them.
template <class F, class R, std::size_t Results, class... T>
void elementwise_all(const F& f, const std::array<R*, Results>& y, const shape& sizes, operand<T>... x) {
    const auto pointers = std::tuple<const T*...>{x.data...};
    const shape* const shapes[] = {x.sizes...};
    std::size_t room[(max_rank + 1) * sizeof...(T)];
    detail::run_elementwise({&detail::run_row<F, R, Results, T...>, &f, &y, &pointers, shapes}, sizes, room);
}

/// y[i] = f(x[i]...) for every index i of `sizes`, to which each operand's shape broadcasts.
///
/// When all are of one real type, `f` is called with vectors of elements; else with elements. `y` may be one
/// of the operands.
template <class F, class R, class... T>
void elementwise(const F& f, R* y, const shape& sizes, operand<T>... x) {
    const auto one_result = [f]<class... V>(const V&... v)
        requires std::is_invocable_v<const F&, const V&...>
    {
        return std::array{f(v...)};
    };
    elementwise_all(one_result, std::array{y}, sizes, x...);
}

}  // namespace xgrad::kernels
