// The largest element and the average of windows, and what their derivatives need.
#pragma once

#include <xgrad/core/config.hpp>
#include <xgrad/core/memory.hpp>
#include <xgrad/core/parallel.hpp>
#include <xgrad/core/simd.hpp>
#include <xgrad/kernels/planes.hpp>
#include <xgrad/kernels/window.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <limits>

namespace xgrad::inline XGRAD_ABI::kernels {

namespace detail {

/// The first element of window o along an axis that is none of the padding; the last of all if there is none.
inline std::size_t first_inside(const window_axis& axis, std::size_t o) {
    const auto begin = static_cast<std::ptrdiff_t>(o * axis.stride) - axis.before, step = static_cast<std::ptrdiff_t>(axis.dilation);
    return std::min(axis.in - 1, static_cast<std::size_t>(begin >= 0 ? begin : begin + (-begin + step - 1) / step * step));
}

/// How many planes pay for one more thread.
inline std::size_t plane_grain(std::size_t elements) { return light_grain / std::max<std::size_t>(1, elements) + 1; }

/// For each window of a row: the first element that it can have, and where it begins; as words, for vectors of T.
template <class T>
struct window_columns {
    memory::scratch<simd::word<T>> first, begin;

    explicit window_columns(const window_axis& axis) : first{axis.out + simd::width<T>}, begin{axis.out + simd::width<T>} {
        for (auto o = std::size_t{0}; o < axis.out + simd::width<T>; ++o) {
            const auto inside = std::min(o, axis.out - 1);
            first.data()[o] = static_cast<simd::word<T>>(first_inside(axis, inside));
            begin.data()[o] = static_cast<simd::word<T>>(inside * axis.stride - static_cast<std::size_t>(axis.before));
        }
    }
};

/// The largest elements of rows of windows. Windows of pairs of columns, side by side and without padding, are read where they
/// are in x; others from a plane.
template <class T>
class max_of_rows {
public:
    explicit max_of_rows(const window& over) : m_over{over}, m_layout{over}, m_columns{over.axes[2]}, m_taps{over.taps()} {
        const auto& [a, b, c] = m_over.axes;
        for (auto k = std::size_t{0}; k < m_over.taps(); ++k) {
            const auto row = k / (b.kernel * c.kernel) * a.dilation * b.in + k / c.kernel % b.kernel * b.dilation;
            m_taps.data()[k] = static_cast<simd::word<T>>(row * c.in + k % c.kernel * c.dilation);
        }
        m_in_place = c.kernel == 2 && c.stride == 2 && c.dilation == 1 && m_over.is_inside();
    }
    const plane_layout& layout() const { return m_layout; }
    bool in_place() const { return m_in_place; }

    /// The windows of row (i, j): values. x: where `in_place`, the elements as they are, else a plane with them.
    void operator()(const T* x, std::size_t i, std::size_t j, T* y) const {
        const auto* const from = x + begin(i, j);
        for_each_vector([&](std::size_t o, std::size_t count) {
            auto best = batch(-std::numeric_limits<T>::infinity());
            auto all_numbers = best == best;
            for_each_tap(from, o, count, [&](std::size_t, const batch& value) {
                best = simd::at_least(best, value);   // of equals the first; as if NaN were not there
                all_numbers = all_numbers && value == value;
            });
            simd::store_up_to(y + o, simd::select(all_numbers, best, batch(std::numeric_limits<T>::quiet_NaN())), count);
        });
    }

    /// Values, and the numbers of the elements within the plane of x.
    void operator()(const T* x, std::size_t i, std::size_t j, T* y, std::int64_t* indices) const {
        const auto& [a, b, c] = m_over.axes;
        const auto first_row = static_cast<word>((first_inside(a, i) * b.in + first_inside(b, j)) * c.in);
        const auto corner = static_cast<word>(((i * a.stride - static_cast<std::size_t>(a.before)) * b.in + j * b.stride - static_cast<std::size_t>(b.before)) * c.in);
        const auto* const from = x + begin(i, j);
        for_each_vector([&](std::size_t o, std::size_t count) {
            const auto start = simd::load(m_columns.begin.data() + o) + simd::batch<word>(corner);
            auto best = batch(-std::numeric_limits<T>::infinity());
            auto chosen = simd::from_bits<batch>(simd::load(m_columns.first.data() + o) + simd::batch<word>(first_row));
            for_each_tap(from, o, count, [&](std::size_t k, const batch& value) {
                const auto at = start + simd::batch<word>(m_taps.data()[k]);   // of an element outside, which is never chosen, anything
                const auto better = ((value > best) || simd::is_nan(value)) && (best == best);
                best = simd::select(better, value, best);
                chosen = simd::select(better, simd::from_bits<batch>(at), chosen);
            });
            simd::store_up_to(y + o, best, count);
            alignas(64) word numbers[simd::width<T>];
            simd::store(numbers, simd::to_bits(chosen));
            for (auto l = std::size_t{0}; l < count; ++l) indices[o + l] = static_cast<std::int64_t>(numbers[l]);
        });
    }

private:
    using batch = simd::batch<T>;
    using word = simd::word<T>;

    /// Where row (i, j) of windows begins.
    std::size_t begin(std::size_t i, std::size_t j) const { return m_in_place ? m_over.begin(i, j) : m_layout.row(i, j); }
    /// f(first window, how many) for the windows of a row.
    template <class F>
    void for_each_vector(const F& f) const {
        const auto columns = m_over.axes[2].out;
        for (auto o = std::size_t{0}; o < columns; o += simd::width<T>) f(o, std::min(simd::width<T>, columns - o));
    }
    /// f(number, elements) for the taps, in order, of `count` windows from o on.
    template <class F>
    XGRAD_ALWAYS_INLINE void for_each_tap(const T* from, std::size_t o, std::size_t count, const F& f) const {
        const auto taps = m_over.taps();
        if (m_in_place) {
            for (auto k = std::size_t{0}; k < taps; k += 2) {
                const auto both = parted<T>{from + static_cast<std::size_t>(m_taps.data()[k]) + 2 * o, 2 * count};
                f(k, both.even);
                f(k + 1, both.odd);
            }
            return;
        }
        for (auto k = std::size_t{0}; k < taps; ++k) f(k, simd::load(from + m_layout.tap(k) + o));
    }

    window m_over;
    plane_layout m_layout;
    window_columns<T> m_columns;
    memory::scratch<word> m_taps;   ///< of each tap: by how much its number is above that of a window's corner, if the corner had one
    bool m_in_place;
};

}  // namespace detail

/// The largest element of each window, the first NaN if there is one, and its number within its plane, the lowest among
/// equals, unless `indices` is null. Padding is minus infinity. x: (planes, in, ...)  y: (planes, out, ...)
template <class T>
void max_pool(const window& over, std::size_t planes, const T* x, T* y, std::int64_t* indices) {
    if (over.out() == 0) return;
    const auto rows = detail::max_of_rows<T>{over};
    parallel_for(planes, detail::plane_grain(over.out() * over.taps()), [&](std::size_t begin, std::size_t end) {
        auto plane = detail::channel_planes<T>{rows.layout(), rows.in_place() ? std::size_t{0} : 1, -std::numeric_limits<T>::infinity()};
        auto at = begin * over.out();
        for (auto number = begin; number < end; ++number) {
            const auto* from = x + number * over.in();
            if (!rows.in_place()) {
                plane.read(from);
                from = plane.plane();
            }
            for (auto i = std::size_t{0}; i < over.axes[0].out; ++i)
                for (auto j = std::size_t{0}; j < over.axes[1].out; ++j, at += over.axes[2].out) {
                    if (indices == nullptr) rows(from, i, j, y + at);
                    else rows(from, i, j, y + at, indices + at);
                }
        }
    });
}

/// y[plane, indices[plane, i]] += x[plane, i]        x: (planes, count)  y: (planes, length)
template <class T>
void add_at_places(const T* x, const std::int64_t* indices, std::size_t planes, std::size_t count, std::size_t length, T* y) {
    parallel_for(planes, detail::plane_grain(count), [&](std::size_t begin, std::size_t end) {
        for (auto plane = begin; plane < end; ++plane)
            for (auto i = plane * count; i < (plane + 1) * count; ++i) y[plane * length + static_cast<std::size_t>(indices[i])] += x[i];
    });
}

/// y[plane, i] = x[plane, indices[plane, i]]
template <class T>
void take_at_places(const T* x, const std::int64_t* indices, std::size_t planes, std::size_t count, std::size_t length, T* y) {
    parallel_for(planes, detail::plane_grain(count), [&](std::size_t begin, std::size_t end) {
        for (auto plane = begin; plane < end; ++plane)
            for (auto i = plane * count; i < (plane + 1) * count; ++i) y[i] = x[plane * length + static_cast<std::size_t>(indices[i])];
    });
}

/// What the sum of a window is divided by: a number of elements along each axis, times each other.
template <class T>
struct divisors {
    memory::scratch<T> along[3];

    template <class F>
    divisors(const window& over, const F& of_axis)
        : along{memory::scratch<T>{over.axes[0].out}, memory::scratch<T>{over.axes[1].out}, memory::scratch<T>{over.axes[2].out}} {
        for (auto a = std::size_t{0}; a < 3; ++a)
            for (auto o = std::size_t{0}; o < over.axes[a].out; ++o) along[a].data()[o] = static_cast<T>(of_axis(a, o));
    }
    T of_row(const window& over, std::size_t row) const {
        return along[0].data()[row / over.axes[1].out] * along[1].data()[row % over.axes[1].out];
    }
};

/// y = the sum of each window, without padding, by its divisor.
template <class T>
void average_pool(const window& over, const divisors<T>& by, std::size_t planes, const T* x, T* y) {
    using batch = simd::batch<T>;
    constexpr auto width = simd::width<T>;
    if (over.out() == 0) return;
    const auto layout = plane_layout{over};
    const auto columns = over.axes[2].out, rows = over.out() / columns, taps = over.taps();
    parallel_for(planes, detail::plane_grain(over.out() * taps), [&](std::size_t begin, std::size_t end) {
        auto plane = detail::channel_planes<T>{layout};
        for (auto number = begin; number < end; ++number) {
            plane.read(x + number * over.in());
            for (auto row = std::size_t{0}; row < rows; ++row) {
                const auto* const from = plane.plane() + layout.row(row);
                const auto of_row = batch(by.of_row(over, row));
                for (auto o = std::size_t{0}; o < columns; o += width) {
                    auto sum = batch(T{0});
                    for (auto k = std::size_t{0}; k < taps; ++k) sum = sum + simd::load(from + layout.tap(k) + o);
                    const auto count = columns - o;
                    simd::store_up_to(y + number * over.out() + row * columns + o,
                                      batch(sum / (of_row * simd::load_up_to(by.along[2].data() + o, count))), count);
                }
            }
        }
    });
}

namespace detail {

/// Whether no element is in two windows, and those of a row follow each other without gaps.
inline bool stands_apart(const window& over) {
    const auto& [a, b, c] = over.axes;
    const auto apart = [](const window_axis& axis) { return axis.stride >= (axis.kernel - 1) * axis.dilation + 1; };
    return apart(a) && apart(b) && c.stride == c.kernel && c.dilation == 1 && c.before == 0;
}

/// Calls `f(row of x)` for each row, all axes but the last, that a row of windows sees.
template <class F>
void for_each_row_of(const window& over, std::size_t row, const F& f) {
    const auto& [a, b, c] = over.axes;
    const auto place = [](const window_axis& axis, std::size_t o, std::size_t k) {   // beyond the end where it is before the beginning
        return o * axis.stride + k * axis.dilation - static_cast<std::size_t>(axis.before);
    };
    for (auto k = std::size_t{0}; k < a.kernel * b.kernel; ++k) {
        const auto i = place(a, row / b.out, k / b.kernel), j = place(b, row % b.out, k % b.kernel);
        if (i < a.in && j < b.in) f(i * b.in + j);
    }
}

/// Each of the elements i kernel, ..., (i + 1) kernel - 1 of x, as far as x has them, += shares[i].
template <class T>
void add_repeated(const T* shares, std::size_t kernel, std::size_t count, T* x) {
    if (kernel == 2) return add_parts(shares, shares, count, x);
    for (auto k = std::size_t{0}; k < kernel; ++k)
        for (auto i = k, at = std::size_t{0}; i < count; i += kernel, ++at) x[i] += shares[at];
}

}  // namespace detail

/// x = what each element gets of y, by the divisor of each window.
template <class T>
void average_input(const window& over, const divisors<T>& by, std::size_t planes, const T* y, T* x) {
    constexpr auto width = simd::width<T>;
    const auto layout = plane_layout{over};
    const auto apart = detail::stands_apart(over);
    const auto columns = over.axes[2].out, rows = columns == 0 ? 0 : over.out() / columns, taps = over.taps();
    const auto in_place = runs{{0, 0, columns}};
    parallel_for(planes, detail::plane_grain(over.out() * taps), [&](std::size_t begin, std::size_t end) {
        const auto plane = memory::scratch<T>{apart ? 0 : layout.size()}, shares = memory::scratch<T>{columns + width};
        for (auto number = begin; number < end; ++number) {
            auto* const to = x + number * over.in();
            std::fill_n(to, over.in(), T{0});
            if (!apart) std::fill_n(plane.data(), layout.size(), T{0});
            for (auto row = std::size_t{0}; row < rows; ++row) {
                const auto of_row = simd::batch<T>(by.of_row(over, row));
                for (auto o = std::size_t{0}; o < columns; o += width) {
                    const auto count = columns - o;
                    const auto share = simd::load_up_to(y + number * over.out() + row * columns + o, count) /
                                       (of_row * simd::load_up_to(by.along[2].data() + o, count));
                    simd::store(shares.data() + o, simd::batch<T>(share));
                }
                if (apart) {
                    detail::for_each_row_of(over, row, [&](std::size_t at) {
                        detail::add_repeated(shares.data(), over.axes[2].kernel, std::min(columns * over.axes[2].kernel, over.axes[2].in),
                                             to + at * over.axes[2].in);
                    });
                    continue;
                }
                for (auto k = std::size_t{0}; k < taps; ++k) add_runs(in_place, shares.data(), plane.data() + layout.row(row) + layout.tap(k));
            }
            if (!apart && rows != 0) add_plane(layout, plane.data(), to);
        }
    });
}

}  // namespace xgrad::kernels
