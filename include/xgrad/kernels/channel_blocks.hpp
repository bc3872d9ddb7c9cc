// Images whose channels lie side by side, a vector of them at each place: (images, channels / width, elements, width). What is
// computed for a place, it computes for the whole vector; a stride, a rim or a short row costs nothing.
#pragma once

#include <xgrad/core/config.hpp>
#include <xgrad/core/memory.hpp>
#include <xgrad/core/parallel.hpp>
#include <xgrad/core/simd.hpp>
#include <xgrad/kernels/gemm_pack.hpp>
#include <xgrad/kernels/matrix_ref.hpp>
#include <xgrad/kernels/window.hpp>

#include <algorithm>
#include <cstddef>
#include <limits>
#include <vector>

namespace xgrad::inline XGRAD_ABI::kernels {

/// How an image's channels lie: one plane after the other, or a vector of them at each place.
enum class channel_order { planes, blocks };

namespace detail {

/// Calls f(block) for each of so many blocks of `elements` places, on several threads where that pays.
template <class T, class F>
void for_each_block(std::size_t blocks, std::size_t elements, const F& f) {
    parallel_for(blocks, light_grain / std::max<std::size_t>(1, elements * simd::width<T>) + 1, [&](std::size_t begin, std::size_t end) {
        for (auto block = begin; block < end; ++block) f(block);
    });
}

}  // namespace detail

/// to: blocks, from: planes; so many of both, of all images. `channels` is a multiple of a vector's elements.
template <class T>
void order_in_blocks(std::size_t channels, std::size_t elements, const T* from, T* to) {
    constexpr auto width = simd::width<T>;
    detail::for_each_block<T>(channels / width, elements, [&](std::size_t block) {
        const auto start = block * width * elements;
        detail::transpose_into<T>({from + start, width, elements, static_cast<std::ptrdiff_t>(elements), 1}, to + start, width, false);
    });
}
/// to: planes, from: blocks
template <class T>
void order_in_planes(std::size_t channels, std::size_t elements, const T* from, T* to) {
    constexpr auto width = simd::width<T>;
    detail::for_each_block<T>(channels / width, elements, [&](std::size_t block) {
        const auto start = block * width * elements;
        detail::transpose_into<T>({from + start, elements, width, width, 1}, to + start, static_cast<std::ptrdiff_t>(elements), false);
    });
}

namespace detail {

/// The taps [first, last) of a window along an axis that lie inside, and where the first of them is.
struct taps_inside {
    std::size_t first, last, place;

    taps_inside(const window_axis& axis, std::size_t o) {
        const auto begin = static_cast<std::ptrdiff_t>(o * axis.stride) - axis.before, end = static_cast<std::ptrdiff_t>(axis.in);
        const auto step = static_cast<std::ptrdiff_t>(axis.dilation), taps = static_cast<std::ptrdiff_t>(axis.kernel);
        const auto from = begin >= 0 ? 0 : std::min(taps, (-begin + step - 1) / step);
        const auto to = std::clamp((end - begin + step - 1) / step, from, taps);
        first = static_cast<std::size_t>(from);
        last = static_cast<std::size_t>(to);
        place = from == to ? 0 : static_cast<std::size_t>(begin + from * step);
    }
    std::size_t count() const { return last - first; }
};

}  // namespace detail

/// The largest elements of windows, NaN where there is one among them, minus infinity where a window sees padding alone; x and y
/// in blocks.
template <class T>
void max_pool_in_blocks(const window& over, std::size_t channels, const T* x, T* y) {
    using batch = simd::batch<T>;
    using detail::taps_inside;
    constexpr auto width = simd::width<T>;
    const auto &a = over.axes[0], &b = over.axes[1], &c = over.axes[2];
    auto columns = std::vector<taps_inside, memory::allocator<taps_inside>>{};
    for (auto k = std::size_t{0}; k < c.out; ++k) columns.emplace_back(c, k);
    detail::for_each_block<T>(channels / width, over.in(), [&](std::size_t block) {
        const auto* const from = x + block * width * over.in();
        auto* to = y + block * width * over.out();
        for (auto i = std::size_t{0}; i < a.out; ++i)
            for (auto j = std::size_t{0}; j < b.out; ++j) {
                const auto outer = taps_inside{a, i}, middle = taps_inside{b, j};
                for (const auto& inner : columns) {
                    auto best = batch(-std::numeric_limits<T>::infinity());
                    auto all_numbers = best == best;
                    const auto* slice = from + ((outer.place * b.in + middle.place) * c.in + inner.place) * width;
                    for (auto p = outer.count(); p != 0; --p, slice += a.dilation * b.in * c.in * width) {
                        const auto* row = slice;
                        for (auto q = middle.count(); q != 0; --q, row += b.dilation * c.in * width) {
                            const auto* at = row;
                            for (auto r = inner.count(); r != 0; --r, at += c.dilation * width) {
                                const auto value = simd::load(at);
                                best = simd::at_least(best, value);
                                all_numbers = all_numbers && value == value;
                            }
                        }
                    }
                    simd::store(to, simd::select(all_numbers, best, batch(std::numeric_limits<T>::quiet_NaN())));
                    to += width;
                }
            }
    });
}

}  // namespace xgrad::kernels
