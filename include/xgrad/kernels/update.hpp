// What an optimizer does to a parameter: a formula on its elements, their gradients and the optimizer's own
// arrays, each read once and written once.
#pragma once

#include <xgrad/core/config.hpp>
#include <xgrad/core/dtype.hpp>
#include <xgrad/core/parallel.hpp>
#include <xgrad/core/simd.hpp>

#include <algorithm>
#include <concepts>
#include <cstddef>

namespace xgrad::inline XGRAD_ABI::kernels {

namespace detail {

/// The elements from `first` to `last`, from the end to the beginning: backward has written the gradient's end
/// last, and that much of it is still in a cache. Everything by value: the compiler must take it that a store
/// changes whatever is read through a pointer, so that what is not a local variable would be read again for
/// every vector.
template <class F, class T, class... S>
void update_part(std::size_t first, std::size_t last, F f, T* w, const T* g, S*... s) {
    constexpr auto width = simd::width<T>;
    constexpr auto ahead = 1024 / sizeof(T);
    auto i = first + (last - first) / width * width;
    if (const auto rest = last - i; rest != 0) {
        auto weight = simd::load_partial(w + i, rest);
        [&](auto... state) {
            f(weight, simd::load_partial(g + i, rest), state...);
            (simd::store_partial(s + i, state, rest), ...);
        }(simd::load_partial(s + i, rest)...);
        simd::store_partial(w + i, weight, rest);
    }
    while (i != first) {
        i -= width;
        if (i >= ahead) {
            simd::prefetch(w + i - ahead);
            simd::prefetch(g + i - ahead);
            (simd::prefetch(s + i - ahead), ...);
        }
        auto weight = simd::load(w + i);
        [&](auto... state) {
            f(weight, simd::load(g + i), state...);
            (simd::store(s + i, state), ...);
        }(simd::load(s + i)...);
        simd::store(w + i, weight);
    }
}

}  // namespace detail

/// Calls f(w, g, s...) for every element, as vectors; f changes w and s... in place. All arrays have `count`
/// elements. What f captures it should capture by value.
template <class F, real T, std::same_as<T>... S>
void update(std::size_t count, const F& f, T* w, const T* g, S*... s) {
    // Parts begin at whole vectors, so that each element is computed as by one thread.
    constexpr auto block = std::size_t{64};
    parallel_for((count + block - 1) / block, light_grain / block, [&](std::size_t begin, std::size_t end) {
        detail::update_part(begin * block, std::min(end * block, count), f, w, g, s...);
    });
}

/// A moving average: y = decay y + (1 - decay) x.
template <real T>
struct moving_average {
    simd::batch<T> decay, rest;

    explicit moving_average(double by) : decay(static_cast<T>(by)), rest(static_cast<T>(1 - by)) {}

    simd::batch<T> operator()(const simd::batch<T>& average, const simd::batch<T>& x) const {
        return simd::fma(decay, average, rest * x);
    }
};

}  // namespace xgrad::kernels
