// Convolutions whose result lies in blocks of channels, and whose weight was transposed beforehand: for networks in evaluation, whose
// weights do not change. The tiles are those of kernels/conv_turned.hpp, an element of x for each of their rows and channels of y along
// their vectors; but nothing is transposed on its way to y.
//
// Source: E. Georganas et al., Anatomy of High-Performance Deep Learning Convolutions on SIMD Architectures, SC 2018.
#pragma once

#include <xgrad/core/config.hpp>
#include <xgrad/core/memory.hpp>
#include <xgrad/core/parallel.hpp>
#include <xgrad/core/simd.hpp>
#include <xgrad/kernels/channel_blocks.hpp>
#include <xgrad/kernels/conv_bands.hpp>
#include <xgrad/kernels/conv_sizes.hpp>
#include <xgrad/kernels/conv_tile.hpp>
#include <xgrad/kernels/conv_turned.hpp>
#include <xgrad/kernels/gemm_blocks.hpp>
#include <xgrad/kernels/gemm_plan.hpp>
#include <xgrad/kernels/planes.hpp>
#include <xgrad/kernels/window.hpp>

#include <algorithm>
#include <cstddef>
#include <optional>

namespace xgrad::inline XGRAD_ABI::kernels {

namespace detail {

/// Where the windows of a band see what: some channels of x where they are, or, where windows see padding, of a copy with zeros
/// around. `lanes` elements lie side by side at each place, one of each of so many channels.
template <class T>
class seen_places {
public:
    seen_places(const window& band, std::size_t lanes, std::size_t channels)
        : m_band{band}, m_lanes{lanes}, m_in_place{sees_no_padding(band)}, m_copy{m_in_place ? 0 : channels * size(0) * size(1) * size(2)} {
        if (!m_in_place) std::fill_n(m_copy.data(), m_copy.size(), T{0});
    }

    /// The first of so many channels, or of groups of `lanes` of them, of x, all of whose places lie side by side.
    const T* read(const T* x, std::size_t groups) {
        const auto a = inside{m_band.axes[0]}, b = inside{m_band.axes[1]}, c = inside{m_band.axes[2]};
        if (m_in_place) return x + (place(a.first, b.first) + c.first) * m_lanes;
        for (auto group = std::size_t{0}; group < groups; ++group)
            for (auto i = a.first; i < a.last; ++i)
                for (auto j = b.first; j < b.last; ++j) {
                    const auto from = (i * m_band.axes[1].in + j) * m_band.axes[2].in + c.first;
                    const auto to = place(i - a.first + a.place, j - b.first + b.place) + c.place;
                    copy_row(x + (group * m_band.in() + from) * m_lanes, (c.last - c.first) * m_lanes, m_copy.data() + group * step() + to * m_lanes);
                }
        return m_copy.data();
    }
    /// By how much the next group of channels is further on.
    std::size_t step() const { return size(0) * size(1) * size(2) * m_lanes; }
    /// Where the first tap of window (i, j, k) is, and how much further on than that tap (i, j, k) is.
    std::size_t window_at(std::size_t i, std::size_t j, std::size_t k) const {
        const auto& [a, b, c] = m_band.axes;
        return (place(i * a.stride, j * b.stride) + k * c.stride) * m_lanes;
    }
    std::size_t tap_at(std::size_t i, std::size_t j, std::size_t k) const {
        const auto& [a, b, c] = m_band.axes;
        return (place(i * a.dilation, j * b.dilation) + k * c.dilation) * m_lanes;
    }

private:
    static bool sees_no_padding(const window& band) {
        return std::all_of(band.axes.begin(), band.axes.end(), [](const window_axis& axis) {
            return axis.before <= 0 && static_cast<std::ptrdiff_t>(axis.reach()) - axis.before <= static_cast<std::ptrdiff_t>(axis.in);
        });
    }
    std::size_t size(std::size_t axis) const { return m_in_place ? m_band.axes[axis].in : m_band.axes[axis].reach(); }
    std::size_t place(std::size_t i, std::size_t j) const { return (i * size(1) + j) * size(2); }

    window m_band;
    std::size_t m_lanes;
    bool m_in_place;
    memory::scratch<T> m_copy;
};

/// Computes some panels of the weight for all windows of a band of one image.
template <class T, class Epilogue>
class blocked_part {
public:
    /// The panels are those from `first` on; the windows of the band, those of the image from `first_window` on.
    blocked_part(const convolution& of, const window& band, std::size_t first_window, std::size_t lanes, const even_parts& along, const T* weight,
                 std::size_t first, std::size_t panels)
        : m_of{of}, m_first_window{first_window}, m_lanes{lanes}, m_along{along}, m_weight{weight}, m_first{first}, m_end{first + panels},
          m_count{band.out()}, m_between{band.axes[2].stride * lanes}, m_asks_for_x{of.over.is_pointwise()},
          m_seen{band, lanes, along.size(0) * lanes}, m_places{m_count}, m_taps{of.over.taps()},
          m_table{along.size(0) * lanes * of.over.taps()}, m_sums{max_tile_size<T>} {
        const auto& [a, b, c] = band.axes;
        for_each_of(a.out, b.out, c.out, m_places.data(), [&](auto... at) { return m_seen.window_at(at...); });
        for_each_of(a.kernel, b.kernel, c.kernel, m_taps.data(), [&](auto... at) { return m_seen.tap_at(at...); });
    }

    /// y is the image's part of an array in which its first element has the number `place`.
    void operator()(const T* x, T* y, std::size_t place, const Epilogue& after) {
        for (auto chunk = std::size_t{0}; chunk < m_along.count(); ++chunk) {
            const auto channel = m_along.begin(chunk) * m_lanes;
            const auto* const base = m_seen.read(x + channel * m_of.over.in(), m_along.size(chunk));
            if (m_steps == 0 || m_along.count() > 1) {
                m_steps = fill_table(channel, m_along.size(chunk));
                ask_for_weight(m_steps);
            }
            if (m_asks_for_x) ask_for_x(m_steps);
            auto from = scattered_factors<T>{m_table.data(), m_steps, {}, {}};
            const auto is_last = chunk + 1 == m_along.count();
            for_each_turned_panel<T>(m_of.out, [&](std::size_t first, std::size_t wide, std::size_t panel) {
                if (panel < m_first || panel >= m_end) return;
                for (auto v = std::size_t{0}; v < wide; ++v) from.b[v] = panel_at(panel, 0) + v * simd::width<T>;
                const auto next_channel = is_last ? 0 : channel + from.steps / m_taps.size();
                const auto* const next = panel + 1 < m_end ? panel_at(panel + 1, channel) : panel_at(m_first, next_channel);
                for (auto i = std::size_t{0}, height = std::size_t{0}; i < m_count; i += height) {
                    height = next_height(m_count - i, wide);
                    for (auto r = std::size_t{0}; r < height; ++r) from.a[r] = base + m_places.data()[std::min(i + r, m_count - 1)];
                    from.later = m_asks_for_x && panel == m_first ? base + m_places.data()[std::min(i + height, m_count - 1)]
                                                                  : next + from.steps * max_width<T> / m_count * i;
                    select_scattered_tile<T, true>(height, wide)(from, m_sums.data(), static_cast<std::ptrdiff_t>(max_width<T>), false);
                    put(first, wide, i, std::min(height, m_count - i), chunk != 0, is_last, y, place, after);
                }
                if (m_asks_for_x && panel == m_first) ask_for_weight(from.steps);
            });
        }
    }

private:
    template <class F>
    static void for_each_of(std::size_t a, std::size_t b, std::size_t c, std::size_t* to, const F& f) {
        for (auto i = std::size_t{0}; i < a; ++i)
            for (auto j = std::size_t{0}; j < b; ++j)
                for (auto k = std::size_t{0}; k < c; ++k) *to++ = f(i, j, k);
    }

    const T* panel_at(std::size_t panel, std::size_t channel) const {
        return m_weight + (panel * m_of.in + channel) * m_taps.size() * max_width<T>;
    }

    /// The steps of some channels, of which the first is number `channel`: how many there are.
    std::size_t fill_table(std::size_t channel, std::size_t groups) {
        auto* to = m_table.data();
        auto at_b = static_cast<std::ptrdiff_t>(channel * m_taps.size() * max_width<T>);
        for (auto group = std::size_t{0}; group < groups; ++group)
            for (auto lane = std::size_t{0}; lane < m_lanes; ++lane)
                for (auto k = std::size_t{0}; k < m_taps.size(); ++k, at_b += max_width<T>)
                    *to++ = {static_cast<std::ptrdiff_t>(group * m_seen.step() + lane + m_taps.data()[k]), at_b};
        return static_cast<std::size_t>(to - m_table.data());
    }

    /// While a tile is computed, it asks for as large a share of the panel that comes next: weights are read from memory, once, and few
    /// windows are computed with them.
    void ask_for_weight(std::size_t steps) {
        const auto share = static_cast<double>(max_width<T>) * std::min(1.0, static_cast<double>(max_rows) / static_cast<double>(m_count));
        for (auto i = std::size_t{0}; i < steps; ++i) m_table.data()[i].later = static_cast<std::ptrdiff_t>(share * static_cast<double>(i));
    }
    /// Or for the elements of x that the next one reads: where they lie, a few lines for each of many channels, the processor does not
    /// see them coming.
    void ask_for_x(std::size_t steps) {
        for (auto i = std::size_t{0}; i < steps; ++i) {
            const auto lane = i % m_lanes;
            m_table.data()[i].later = m_table.data()[i].a + static_cast<std::ptrdiff_t>(lane < max_rows ? lane * (m_between - 1) : 0);
        }
    }

    /// The sums of a tile to y, added to what is there or not, with all that comes after the last of them.
    void put(std::size_t first, std::size_t wide, std::size_t window, std::size_t rows, bool add, bool is_last, T* y, std::size_t place_of_y,
             const Epilogue& after) const {
        constexpr auto width = simd::width<T>;
        for (auto v = std::size_t{0}; v < wide; ++v) {
            const auto channel = (first + v) * width, place = channel * m_of.over.out() + (m_first_window + window) * width;
            const auto finish = after(channel);
            for (auto r = std::size_t{0}; r < rows; ++r) {
                auto sum = simd::load(m_sums.data() + r * max_width<T> + v * width);
                if (add) sum = simd::load(y + place + r * width) + sum;
                if (is_last) sum = finish(sum, place_of_y + place + r * width);
                simd::store(y + place + r * width, sum);
            }
        }
    }

    const convolution& m_of;
    std::size_t m_first_window, m_lanes;
    const even_parts& m_along;
    const T* m_weight;
    std::size_t m_first, m_end, m_count, m_between;   // the latter: elements between a window and the next
    std::size_t m_steps = 0;                          // in the table
    bool m_asks_for_x;
    seen_places<T> m_seen;
    memory::scratch<std::size_t> m_places, m_taps;
    memory::scratch<tile_step> m_table;
    memory::scratch<T> m_sums;
};

}  // namespace detail

// Fewer windows at a time would have the weight, which is often larger than what they see, come from memory more often.
inline constexpr std::size_t least_windows = 128;

/// y = after(channel)(w patches(x), element), of one group: for a vector of sums, of the channels from `channel` on, of which the first is
/// element number `element` of y. y lies in blocks of channels, x as `order` says; `weight` is what `turn_weight` has written. The channels
/// of y, and those of x if it lies in blocks, are a multiple of a vector's elements.
template <class T, class Epilogue>
void convolve_in_blocks(const convolution& of, channel_order order, const T* x, const T* weight, T* y, const Epilogue& after) {
    constexpr auto width = simd::width<T>;
    const auto lanes = order == channel_order::blocks ? width : 1, windows = of.over.out();
    const auto along = detail::even_parts{of.in / lanes, std::max<std::size_t>(1, detail::block_depth<T>() / (of.over.taps() * lanes))};
    const auto threads = static_cast<std::size_t>(num_threads());
    const auto wanted = threads == 1 || of.batch >= 2 * threads ? 1 : 2 * threads;
    const auto panels = detail::turned_size<T>(of) / (of.depth() * detail::max_width<T>);
    const auto cuts = detail::even_parts{panels, panels < wanted ? panels : (panels + wanted - 1) / wanted};   // so that no panel is read by two
    const auto bands = detail::window_bands<T>{of.over, along.size(0) * lanes + of.out, cuts.count() > 1 ? 1 : wanted, least_windows};
    const auto count = bands.count() * cuts.count(), work = of.out * of.depth() * windows;
    parallel_for(of.batch * count, detail::work_per_thread / std::max<std::size_t>(1, work / count) + 1, [&](std::size_t begin, std::size_t end) {
        auto part = std::optional<detail::blocked_part<T, Epilogue>>{};
        for (auto i = begin; i < end; ++i) {
            const auto image = i / count, band = i % count / cuts.count(), cut = i % cuts.count();
            if (!part || count > 1)
                part.emplace(of, bands.band(band), bands.begin(band), lanes, along, weight, cuts.begin(cut), cuts.size(cut));
            (*part)(of.x_of(x, image, 0), of.y_of(y, image, 0), image * of.out * windows, after);
        }
    });
}

}  // namespace xgrad::kernels
