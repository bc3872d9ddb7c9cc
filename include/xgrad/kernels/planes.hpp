// Planes of an image as kernels over windows read them: with the padding around, and with the columns sorted by their
// remainder modulo the stride. So, whatever stride and dilation are, one tap of the windows along a row is a run of memory.
#pragma once

#include <xgrad/core/config.hpp>
#include <xgrad/core/memory.hpp>
#include <xgrad/core/simd.hpp>
#include <xgrad/kernels/gemm_pack.hpp>
#include <xgrad/kernels/window.hpp>

#include <algorithm>
#include <cstddef>
#include <vector>

namespace xgrad::inline XGRAD_ABI::kernels {

/// Elements side by side in both of two places.
struct run {
    std::size_t to, from, count;
};
using runs = std::vector<run, memory::allocator<run>>;

/// Where things are in a plane.
class plane_layout {
public:
    XGRAD_ON_DEMAND explicit plane_layout(const window& of)
        : m_over{of}, m_columns{(of.axes[2].reach() + of.axes[2].stride - 1) / of.axes[2].stride},
          m_pitch{m_columns * of.axes[2].stride} {
        const auto& [a, b, c] = of.axes;
        m_taps.reserve(of.taps());
        for (auto i = std::size_t{0}; i < a.kernel; ++i)
            for (auto j = std::size_t{0}; j < b.kernel; ++j)
                for (auto k = std::size_t{0}; k < c.kernel; ++k) {
                    const auto column = k * c.dilation;
                    m_taps.push_back((i * a.dilation * b.reach() + j * b.dilation) * m_pitch + column % c.stride * m_columns +
                                     column / c.stride);
                }
    }

    const window& over() const { return m_over; }
    std::size_t size() const { return m_over.axes[0].reach() * m_over.axes[1].reach() * m_pitch; }
    /// Of the first window.
    std::size_t tap(std::size_t k) const { return m_taps[k]; }
    /// By how much the taps of the windows in a row, a row of all axes but the last, are further on.
    std::size_t row(std::size_t number) const { return row(number / m_over.axes[1].out, number % m_over.axes[1].out); }
    std::size_t row(std::size_t i, std::size_t j) const {
        const auto& [a, b, c] = m_over.axes;
        return (i * a.stride * b.reach() + j * b.stride) * m_pitch;
    }
    std::size_t pitch() const { return m_pitch; }
    std::size_t columns() const { return m_columns; }

    /// The windows [first, first + count), in row-major order, as runs: to 0, 1, ...
    XGRAD_ON_DEMAND void find_runs(std::size_t first, std::size_t count, runs& found) const {
        found.clear();
        const auto length = m_over.axes[2].out;
        for (auto done = std::size_t{0}; done < count;) {
            const auto row_number = (first + done) / length, column = (first + done) % length;
            const auto from = row(row_number) + column, size = std::min(length - column, count - done);
            if (!found.empty() && found.back().from + found.back().count == from) found.back().count += size;
            else found.push_back({done, from, size});
            done += size;
        }
    }

private:
    window m_over;
    std::size_t m_columns, m_pitch;
    std::vector<std::size_t, memory::allocator<std::size_t>> m_taps;
};

namespace detail {

/// The elements of an axis that lie in the plane, [first, last), and at which place the first one does.
struct inside {
    std::size_t first, last, place;

    explicit inside(const window_axis& axis) {
        const auto reach = static_cast<std::ptrdiff_t>(axis.reach()), in = static_cast<std::ptrdiff_t>(axis.in);
        const auto begin = std::clamp<std::ptrdiff_t>(-axis.before, 0, in), end = std::clamp(reach - axis.before, begin, in);
        first = static_cast<std::size_t>(begin);
        last = static_cast<std::size_t>(end);
        place = begin == end ? 0 : static_cast<std::size_t>(begin + axis.before);
    }
};

/// Calls `f(row of the plane, row of x)` for each row of x, all axes but the last, that lies in the plane.
template <class F>
void for_each_row(const plane_layout& layout, const F& f) {
    const auto& [a, b, c] = layout.over().axes;
    const auto outer = inside{a}, middle = inside{b};
    const auto reach = b.reach(), pitch = layout.pitch(), rows = b.in, columns = c.in;
    for (auto i = outer.first; i < outer.last; ++i)
        for (auto j = middle.first; j < middle.last; ++j)
            f(((i - outer.first + outer.place) * reach + j - middle.first + middle.place) * pitch, (i * rows + j) * columns);
}

/// Of two vectors side by side: the elements with even numbers in `x`, those with odd ones in `y`; and back.
struct part_elements {
    template <class T>
    static constexpr std::size_t source(std::size_t i, std::size_t half) {
        return 2 * i + half;
    }
};
struct interleave_elements {
    template <class T>
    static constexpr std::size_t source(std::size_t i, std::size_t half) {
        return i % 2 * simd::width<T> + (half * simd::width<T> + i) / 2;
    }
};

/// to[i] = from[i]: rows are often shorter than what pays for a call.
template <class T>
XGRAD_ALWAYS_INLINE void copy_row(const T* from, std::size_t count, T* to) {
    constexpr auto width = simd::width<T>;
    if constexpr (!simd::masked_loads) {
        std::copy_n(from, count, to);
    } else {
        auto i = std::size_t{0};
        for (; i + width <= count; i += width) simd::store(to + i, simd::load(from + i));
        if (i != count) simd::store_partial(to + i, simd::load_partial(from + i, count - i), count - i);
    }
}

/// Up to two vectors' worth of elements, those with even numbers and those with odd ones.
template <class T>
struct parted {
    simd::batch<T> even, odd;

    parted(const T* from, std::size_t count)
        : even{simd::load_up_to(from, count)},
          odd{count > simd::width<T> ? simd::load_up_to(from + simd::width<T>, count - simd::width<T>) : simd::batch<T>(T{0})} {
        shuffle<part_elements, T>(even, odd);
    }
};

/// to[2 i] += even[i], to[2 i + 1] += odd[i], `count` of to, up to two vectors' worth.
template <class T>
void add_interleaved(simd::batch<T> even, simd::batch<T> odd, std::size_t count, T* to) {
    constexpr auto width = simd::width<T>;
    shuffle<interleave_elements, T>(even, odd);
    simd::store_up_to(to, simd::batch<T>(simd::load_up_to(to, count) + even), count);
    if (count > width) simd::store_up_to(to + width, simd::batch<T>(simd::load_up_to(to + width, count - width) + odd), count - width);
}

/// first[i] = from[2 i], second[i] = from[2 i + 1], `count` of from.
template <class T>
void part_row(const T* from, std::size_t count, T* first, T* second) {
    constexpr auto width = simd::width<T>;
    auto i = std::size_t{0};
    for (; i + 2 * width <= count; i += 2 * width) {
        auto x = simd::load(from + i), y = simd::load(from + i + width);
        shuffle<part_elements, T>(x, y);
        simd::store(first + i / 2, x);
        simd::store(second + i / 2, y);
    }
    if (const auto left = count - i; left != 0) {
        const auto both = parted<T>{from + i, left};
        simd::store_partial(first + i / 2, both.even, (left + 1) / 2);
        simd::store_partial(second + i / 2, both.odd, left / 2);
    }
}

/// to[2 i] += first[i], to[2 i + 1] += second[i], `count` of to.
template <class T>
void add_parts(const T* first, const T* second, std::size_t count, T* to) {
    constexpr auto width = simd::width<T>;
    auto i = std::size_t{0};
    for (; i + 2 * width <= count; i += 2 * width) {
        auto x = simd::load(first + i / 2), y = simd::load(second + i / 2);
        shuffle<interleave_elements, T>(x, y);
        simd::store(to + i, simd::load(to + i) + x);
        simd::store(to + i + width, simd::load(to + i + width) + y);
    }
    if (const auto left = count - i; left != 0)
        add_interleaved<T>(simd::load_partial(first + i / 2, (left + 1) / 2), simd::load_partial(second + i / 2, left / 2), left, to + i);
}

/// Of a row: how many elements lie in the plane, where in x's row these begin, and where in the plane's row are those of a phase.
struct elements_of_row {
    std::size_t count, first, place, stride, columns;

    explicit elements_of_row(const plane_layout& layout) : stride{layout.over().axes[2].stride}, columns{layout.columns()} {
        const auto in = inside{layout.over().axes[2]};
        count = in.last - in.first;
        first = in.first;
        place = in.place;
    }
    /// Of elements phase, phase + stride, ...
    std::size_t at(std::size_t phase) const { return (place + phase) % stride * columns + (place + phase) / stride; }
};

}  // namespace detail

/// The elements of one of x to where they are in a plane, whose other elements stay as they are.
template <class T>
void read_elements(const plane_layout& layout, const T* x, T* plane) {
    const auto row = detail::elements_of_row{layout};
    const auto count = row.count, stride = row.stride;
    const auto* const source = x + row.first;
    auto* const first = plane + row.at(0);
    if (stride == 1)
        return detail::for_each_row(layout, [=](std::size_t to, std::size_t from) { detail::copy_row(source + from, count, first + to); });
    if (stride == 2)
        return detail::for_each_row(layout, [=, second = plane + row.at(1)](std::size_t to, std::size_t from) {
            detail::part_row(source + from, count, first + to, second + to);
        });
    detail::for_each_row(layout, [&](std::size_t to, std::size_t from) {
        for (auto phase = std::size_t{0}; phase < stride; ++phase)
            for (auto i = phase, at = row.at(phase) + to; i < count; i += stride, ++at) plane[at] = source[from + i];
    });
}

/// x += the elements of the plane where x has some.
template <class T>
void add_plane(const plane_layout& layout, const T* plane, T* x) {
    const auto row = detail::elements_of_row{layout};
    const auto count = row.count, stride = row.stride;
    auto* const target = x + row.first;
    if (stride == 2)
        return detail::for_each_row(layout, [=, first = plane + row.at(0), second = plane + row.at(1)](std::size_t from, std::size_t to) {
            detail::add_parts(first + from, second + from, count, target + to);
        });
    detail::for_each_row(layout, [&](std::size_t from, std::size_t to) {
        for (auto phase = std::size_t{0}; phase < stride; ++phase)
            for (auto i = phase, at = row.at(phase) + from; i < count; i += stride, ++at) target[to + i] += plane[at];
    });
}

/// to[...] = the elements of one tap, whose place in the plane is `from`. Up to a vector more than there are may be read and
/// written.
template <class T>
XGRAD_ALWAYS_INLINE void copy_runs(const runs& pieces, const T* from, T* to) {
    for (const auto& each : pieces)
        for (auto i = std::size_t{0}; i < each.count; i += simd::width<T>)
            simd::store(to + each.to + i, simd::load(from + each.from + i));
}

/// The elements of one tap += from[...]
template <class T>
XGRAD_ALWAYS_INLINE void add_runs(const runs& pieces, const T* from, T* to) {
    for (const auto& each : pieces)
        for (auto i = std::size_t{0}; i < each.count; i += simd::width<T>) {
            const auto count = each.count - i;
            auto* const place = to + each.from + i;
            simd::store_up_to(place, simd::load_up_to(place, count) + simd::load_up_to(from + each.to + i, count), count);
        }
}

namespace detail {

/// Planes of several channels of a group, of one image or more. `fill` stands wherever x has no element, and in the `beyond`
/// elements that vectors may read after the last plane.
template <class T>
class channel_planes {
public:
    explicit channel_planes(const plane_layout& layout, std::size_t channels = 1, T fill = T{0}, std::size_t beyond = simd::width<T>)
        : m_layout{layout}, m_memory{channels * layout.size() + beyond} {
        std::fill_n(m_memory.data(), m_memory.size(), fill);
    }
    /// Reads so many channels into the planes from `first` on.
    void read(const T* x, std::size_t channels = 1, std::size_t first = 0) {
        for (auto i = std::size_t{0}; i < channels; ++i) read_elements(m_layout, x + i * m_layout.over().in(), plane(first + i));
    }
    T* plane(std::size_t channel = 0) const { return m_memory.data() + channel * m_layout.size(); }

private:
    const plane_layout& m_layout;
    memory::scratch<T> m_memory;
};

}  // namespace detail

}  // namespace xgrad::kernels
