// Windows of a single element, without padding: what a convolution of 1 x 1, with any stride, multiplies its weight with. No
// planes are made of the image, for all that matters of it are those elements; where the stride is 1, they are all of it.
#pragma once

#include <xgrad/core/config.hpp>
#include <xgrad/core/memory.hpp>
#include <xgrad/core/simd.hpp>
#include <xgrad/kernels/planes.hpp>
#include <xgrad/kernels/window.hpp>

#include <algorithm>
#include <cstddef>

namespace xgrad::inline XGRAD_ABI::kernels::detail {

/// f(where in a plane, number of the first window) for each row of windows, all axes but the last.
template <class F>
void for_each_row_of_elements(const window& over, const F& f) {
    const auto& [a, b, c] = over.axes;
    for (auto i = std::size_t{0}, number = std::size_t{0}; i < a.out; ++i)
        for (auto j = std::size_t{0}; j < b.out; ++j, number += c.out) f(over.begin(i, j), number);
}

/// to[i] = from[i stride]
template <class T>
void gather_row(const T* from, std::size_t stride, std::size_t count, T* to) {
    constexpr auto width = simd::width<T>;
    if (stride == 1) return copy_row(from, count, to);
    if (stride != 2) {
        for (auto i = std::size_t{0}; i < count; ++i) to[i] = from[i * stride];
        return;
    }
    for (auto i = std::size_t{0}; i < count; i += width) simd::store_up_to(to + i, parted<T>{from + 2 * i, 2 * (count - i) - 1}.even, count - i);
}

/// to[i stride] += from[i]
template <class T>
void scatter_row(const T* from, std::size_t stride, std::size_t count, T* to) {
    constexpr auto width = simd::width<T>;
    if (stride != 2) {
        for (auto i = std::size_t{0}; i < count; ++i) to[i * stride] += from[i];
        return;
    }
    for (auto i = std::size_t{0}; i < count; i += width)
        add_interleaved<T>(simd::load_up_to(from + i, count - i), simd::batch<T>(T{0}), 2 * (count - i) - 1, to + 2 * i);
}

/// The elements of an image that the windows see, as a matrix (channels, windows).
template <class T>
class seen_elements {
public:
    seen_elements(const window& over, std::size_t channels, const T* x)
        : m_copy{over.is_plain() ? 0 : channels * over.out()}, m_data{over.is_plain() ? x : m_copy.data()} {
        if (over.is_plain()) return;
        const auto& columns = over.axes[2];
        for (auto channel = std::size_t{0}; channel < channels; ++channel)
            for_each_row_of_elements(over, [&](std::size_t at, std::size_t number) {
                gather_row(x + channel * over.in() + at, columns.stride, columns.out, m_copy.data() + channel * over.out() + number);
            });
    }
    const T* data() const { return m_data; }

private:
    memory::scratch<T> m_copy;
    const T* m_data;
};

/// x += those elements, each in its place. seen: (channels, windows)
template <class T>
void add_seen_elements(const window& over, std::size_t channels, const T* seen, T* x) {
    const auto& columns = over.axes[2];
    for (auto channel = std::size_t{0}; channel < channels; ++channel)
        for_each_row_of_elements(over, [&](std::size_t at, std::size_t number) {
            scatter_row(seen + channel * over.out() + number, columns.stride, columns.out, x + channel * over.in() + at);
        });
}

}  // namespace xgrad::kernels::detail
