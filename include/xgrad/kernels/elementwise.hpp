// Elementwise functions of any number of operands that broadcast to one shape, in one pass over memory.
#pragma once

#include <xgrad/core/config.hpp>
#include <xgrad/core/dtype.hpp>
#include <xgrad/core/parallel.hpp>
#include <xgrad/core/shape.hpp>
#include <xgrad/core/simd.hpp>

#include <algorithm>
#include <array>
#include <concepts>
#include <cstddef>
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

/// The loops over a broadcast: sizes, and for each operand its stride along each loop, in elements. Loops
/// that every operand walks through without a jump are one loop.
template <std::size_t K>
struct loop_nest {
    std::size_t depth = 1;
    std::array<std::size_t, max_rank> sizes{};
    std::array<std::array<std::size_t, K>, max_rank> strides{};

    loop_nest(const shape& result, const std::array<const shape*, K>& operands) {
        sizes[0] = result.elements();
        if (same_or_single(result, operands)) return;
        depth = 0;
        auto step = std::array<std::size_t, K>{};   // the operand's elements in one step of the next loop outwards
        step.fill(1);
        for (auto axis = result.rank(); axis-- > 0;) {
            const auto from_last = result.rank() - axis;
            const auto size = result[axis];
            if (size == 1) continue;
            auto stride = std::array<std::size_t, K>{};
            for (auto k = std::size_t{0}; k < K; ++k) {
                const auto& own = *operands[k];
                const auto own_size = from_last <= own.rank() ? own[own.rank() - from_last] : 1;
                stride[k] = own_size == 1 ? 0 : step[k];
                step[k] *= own_size;
            }
            if (depth != 0 && continues(stride)) sizes[depth - 1] *= size;
            else {
                sizes[depth] = size;
                strides[depth++] = stride;
            }
        }
        std::reverse(sizes.begin(), sizes.begin() + depth);
        std::reverse(strides.begin(), strides.begin() + depth);
    }

private:
    bool same_or_single(const shape& result, const std::array<const shape*, K>& operands) {
        for (auto k = std::size_t{0}; k < K; ++k) {
            const auto single = operands[k]->elements() == 1;
            if (!single && *operands[k] != result) return false;
            strides[0][k] = single ? 0 : 1;
        }
        return true;
    }

    bool continues(const std::array<std::size_t, K>& stride) const {
        for (auto k = std::size_t{0}; k < K; ++k)
            if (stride[k] != strides[depth - 1][k] * sizes[depth - 1]) return false;
        return true;
    }
};

/// The innermost loop on vectors. An operand that stays put is read from a vector full of it, so that all
/// operands are loaded alike. Function and pointers come by value: what is no local variable would be read again
/// after every store, since the compiler must take it that the store has changed it.
template <class F, class T, std::size_t R, std::size_t... K>
void inner_loop(F f, std::array<T*, R> y, std::size_t count, std::array<const T*, sizeof...(K)> at,
                const std::array<std::size_t, sizeof...(K)>& stride, std::index_sequence<K...>) {
    constexpr auto width = simd::width<T>;
    alignas(64) T repeated[sizeof...(K)][width];
    (
        [&] {
            if (stride[K] != 0) return;
            std::fill_n(repeated[K], width, *at[K]);
            at[K] = repeated[K];
        }(),
        ...);
    const auto step = std::array{stride[K] * width...};
    for (; count >= width; count -= width) {
        const std::array<simd::batch<T>, R> results = f(simd::load(at[K])...);
        for (auto r = std::size_t{0}; r < R; ++r) simd::store(y[r], results[r]), y[r] += width;
        ((at[K] += step[K]), ...);
    }
    if (count != 0) {
        const std::array<simd::batch<T>, R> results = f(simd::load_partial(at[K], count)...);
        for (auto r = std::size_t{0}; r < R; ++r) simd::store_partial(y[r], results[r], count);
    }
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

template <class F, class R, class... T>
void run_row(const F& f, const R& y, std::size_t count, const std::tuple<const T*...>& from,
             const std::array<std::size_t, sizeof...(T)>& stride) {
    constexpr auto all = std::index_sequence_for<T...>{};
    using result = std::remove_pointer_t<typename R::value_type>;
    if constexpr (vectorizable<F, result, T...>)
        inner_loop(f, y, count,
                   std::apply([](auto... p) { return std::array<const result*, sizeof...(T)>{p...}; }, from), stride, all);
    else inner_loop_scalar(f, y[0], count, from, stride, all);
}

template <class R, std::size_t N>
std::array<R*, N> advanced(std::array<R*, N> pointers, std::size_t count) {
    for (auto& pointer : pointers) pointer += count;
    return pointers;
}

}  // namespace detail

/// y[0][i], y[1][i], ... = f(x[i]...) for every index i of `sizes`, to which each operand's shape broadcasts:
/// several results in one pass. `f` is called with vectors of elements and gives a `std::array` of them.
template <class F, class R, std::size_t Results, class... T>
void elementwise_all(const F& f, const std::array<R*, Results>& y, const shape& sizes, operand<T>... x) {
    constexpr auto count = sizeof...(T);
    constexpr auto all = std::index_sequence_for<T...>{};
    const auto nest = detail::loop_nest<count>{sizes, {x.sizes...}};
    const auto inner = nest.depth == 0 ? 1 : nest.sizes[nest.depth - 1];
    const auto inner_stride = nest.depth == 0 ? std::array<std::size_t, count>{} : nest.strides[nest.depth - 1];
    const auto pointers = std::tuple<const T*...>{x.data...};
    if (nest.depth <= 1) {
        if (inner < 2 * light_grain) {
            if (inner != 0) detail::run_row(f, y, inner, pointers, inner_stride);
            return;
        }
        // Parts begin at whole vectors, so that each element is computed as by one thread.
        constexpr auto block = std::size_t{64};
        parallel_for((inner + block - 1) / block, light_grain / block, [&](std::size_t begin, std::size_t end) {
            const auto first = begin * block, last = std::min(end * block, inner);
            const auto advance = [&]<std::size_t... K>(std::index_sequence<K...>) {
                return std::tuple<const T*...>{std::get<K>(pointers) + first * inner_stride[K]...};
            };
            detail::run_row(f, detail::advanced(y, first), last - first, advance(all), inner_stride);
        });
        return;
    }
    const auto outer = nest.depth - 1;
    auto rows = std::size_t{1};
    for (auto loop = std::size_t{0}; loop < outer; ++loop) rows *= nest.sizes[loop];
    parallel_for(rows, light_grain / std::max<std::size_t>(1, inner) + 1, [&](std::size_t begin, std::size_t end) {
        for (auto row = begin; row < end; ++row) {
            auto offsets = std::array<std::size_t, count>{};
            auto rest = row;
            for (auto loop = outer; loop-- > 0;) {
                const auto index = rest % nest.sizes[loop];
                rest /= nest.sizes[loop];
                for (auto k = std::size_t{0}; k < count; ++k) offsets[k] += index * nest.strides[loop][k];
            }
            const auto advance = [&]<std::size_t... K>(std::index_sequence<K...>) {
                return std::tuple<const T*...>{std::get<K>(pointers) + offsets[K]...};
            };
            detail::run_row(f, detail::advanced(y, row * inner), inner, advance(all), inner_stride);
        }
    });
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
