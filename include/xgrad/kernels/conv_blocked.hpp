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
#include <array>
#include <cstddef>
#include <optional>
#include <utility>

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

/// A step for each of the elements that lie side by side at a place: how much further on that place is than at the beginning of a
/// window, and the first of what is asked for meanwhile, for what comes after the tile.
struct tile_run {
    std::ptrdiff_t a, later;
};

/// What a tile of such steps reads: the weight step after step, x by a table of runs.
template <class T>
struct blocked_factors {
    const tile_run* table;
    std::size_t runs;
    std::array<const T*, max_rows> a;
    const T *b, *later;
    std::ptrdiff_t apart;   ///< how much further on what is asked for is every other step
};

/// c(R, V vectors) = the sum over the steps of a times b; rows of b and c are max_width apart.
template <class T, std::size_t R, std::size_t V, std::size_t Lanes>
XGRAD_NOINLINE void blocked_tile(const blocked_factors<T>& from, T* c) {
    constexpr auto row = max_width<T>, unrolled = Lanes < 8 || in_twos ? Lanes : Lanes / 4;
    const T* a[R];
    XGRAD_UNROLL
    for (auto r = std::size_t{0}; r < R; ++r) a[r] = from.a[r];
    auto sums = tile_sums<T, R, V>{};
    const auto* b = from.b;
    const auto apart = from.apart;
    const auto* const end = from.table + from.runs;
    for (const auto* run = from.table; run != end; ++run) {
        auto at = run->a;
        const auto* later = from.later + run->later;
        for (auto left = Lanes; left != 0; left -= unrolled, at += unrolled, b += unrolled * row) {
            XGRAD_UNROLL
            for (auto lane = std::size_t{0}; lane < unrolled; ++lane) {
                if (lane % 2 == 0) {
                    simd::prefetch_for_later(later);
                    later += apart;
                }
                sums.add([&](std::size_t r) XGRAD_INLINED { return a[r] + at + lane; },
                         [&](std::size_t v) XGRAD_INLINED { return b + lane * row + v * simd::width<T>; });
            }
        }
    }
    sums.put(c, static_cast<std::ptrdiff_t>(row), false);
}

template <class T>
using blocked_tile_function = decltype(&blocked_tile<T, 2, 1, 1>);

template <class T, std::size_t R, std::size_t Lanes>
inline constexpr auto blocked_tiles_of_height = []<std::size_t... V>(std::index_sequence<V...>) {
    return std::array<blocked_tile_function<T>, sizeof...(V)>{&blocked_tile<T, R, V + 1, Lanes>...};
}(std::make_index_sequence<max_vectors>{});

/// The tiles of 2, 4 and 6 rows of x that lies in blocks, or in planes, one element at each place.
template <class T, std::size_t Lanes>
blocked_tile_function<T> select_blocked_tile(std::size_t rows, std::size_t vectors) {
    if (rows == 6) return blocked_tiles_of_height<T, 6, Lanes>[vectors - 1];
    return (rows == 2 ? blocked_tiles_of_height<T, 2, Lanes> : blocked_tiles_of_height<T, 4, Lanes>)[vectors - 1];
}

/// Computes some panels of the weight for all windows of a band of one image.
template <class T, class Epilogue>
class blocked_part {
public:
    /// The panels are those from `first` on; the windows of the band, those of the image from `first_window` on.
    blocked_part(const convolution& of, const window& band, std::size_t first_window, std::size_t lanes, const even_parts& along, const T* weight,
                 std::size_t first, std::size_t panels)
        : m_of{of}, m_first_window{first_window}, m_lanes{lanes}, m_along{along}, m_weight{weight}, m_first{first}, m_end{first + panels},
          m_count{band.out()}, m_between{static_cast<std::ptrdiff_t>(band.axes[2].stride * lanes)}, m_asks_for_x{of.over.is_pointwise()},
          m_seen{band, lanes, along.size(0) * lanes}, m_places{m_count}, m_taps{of.over.taps()},
          m_table{along.size(0) * of.over.taps()}, m_sums{max_tile_size<T>} {
        const auto& [a, b, c] = band.axes;
        for_each_of(a.out, b.out, c.out, m_places.data(), [&](auto... at) { return m_seen.window_at(at...); });
        for_each_of(a.kernel, b.kernel, c.kernel, m_taps.data(), [&](auto... at) { return m_seen.tap_at(at...); });
        auto* run = m_table.data();
        for (auto group = std::size_t{0}; group < along.size(0); ++group)
            for (auto k = std::size_t{0}; k < m_taps.size(); ++k, ++run) run->a = static_cast<std::ptrdiff_t>(group * m_seen.step() + m_taps.data()[k]);
        ask(false);
    }

    /// y is the image's part of an array in which its first element has the number `place`.
    void operator()(const T* x, T* y, std::size_t place, const Epilogue& after) {
        for (auto chunk = std::size_t{0}; chunk < m_along.count(); ++chunk) {
            const auto channel = m_along.begin(chunk) * m_lanes;
            const auto* const base = m_seen.read(x + channel * m_of.over.in(), m_along.size(chunk));
            const auto groups = m_along.size(chunk), steps = groups * m_lanes * m_taps.size();
            auto from = blocked_factors<T>{m_table.data(), groups * m_taps.size(), {}, nullptr, nullptr, 0};
            const auto is_last = chunk + 1 == m_along.count();
            auto asks_for_x = m_asks_for_x;   // while the first panel is computed with
            if (asks_for_x) ask(true);
            for_each_turned_panel<T>(m_of.out, [&](std::size_t first, std::size_t wide, std::size_t panel) {
                if (panel < m_first || panel >= m_end) return;
                from.b = panel_at(panel, channel);
                from.apart = asks_for_x ? 2 * m_between : share_of(2);
                const auto next_channel = is_last ? 0 : channel + groups * m_lanes;
                const auto* const next = panel + 1 < m_end ? panel_at(panel + 1, channel) : panel_at(m_first, next_channel);
                for (auto i = std::size_t{0}, height = std::size_t{0}; i < m_count; i += height) {
                    height = next_height(m_count - i, wide);
                    for (auto r = std::size_t{0}; r < height; ++r) from.a[r] = base + m_places.data()[std::min(i + r, m_count - 1)];
                    from.later = asks_for_x ? base + m_places.data()[std::min(i + height, m_count - 1)] : next + steps * max_width<T> / m_count * i;
                    const auto tile = m_lanes == 1 ? select_blocked_tile<T, 1>(height, wide) : select_blocked_tile<T, simd::width<T>>(height, wide);
                    tile(from, m_sums.data());
                    put(first, wide, i, std::min(height, m_count - i), chunk != 0, is_last, y, place, after);
                }
                if (asks_for_x) ask(asks_for_x = false);
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

    /// How much of the next panel a tile asks for in so many steps.
    std::ptrdiff_t share_of(std::size_t steps) const {
        return static_cast<std::ptrdiff_t>(steps * max_width<T> * std::min(m_count, max_rows) / m_count);
    }
    /// While a tile is computed, it asks for as large a share of the panel that comes next: weights are read from memory, once, and few
    /// windows are computed with them. Or for the elements of x that the next one reads: where they lie, a few lines for each of many
    /// channels, the processor does not see them coming.
    void ask(bool for_x) {
        for (auto i = std::size_t{0}; i < m_table.size(); ++i) {
            auto& run = m_table.data()[i];
            run.later = for_x ? run.a : share_of(i * m_lanes);
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
    std::size_t m_first, m_end, m_count;
    std::ptrdiff_t m_between;   // elements from a window to the next
    bool m_asks_for_x;
    seen_places<T> m_seen;
    memory::scratch<std::size_t> m_places, m_taps;
    memory::scratch<tile_run> m_table;
    memory::scratch<T> m_sums;
};

}  // namespace detail

// Fewer windows at a time would have the weight, which is often larger than what they see, come from memory more often.
inline constexpr std::size_t least_windows = 128;

/// Writes the weight (out, in, taps) of one group as `convolve_in_blocks` reads it for an x in that order: in panels, of whose rows those
/// of the channels that lie side by side follow each other, tap after tap. `panels` holds `detail::turned_size` elements.
template <class T>
void turn_for_blocks(const convolution& of, channel_order order, const T* weight, T* panels) {
    constexpr auto row = detail::max_width<T>;
    detail::turn_weight(of, detail::weight_in_order(of, weight, 0), panels);
    if (order == channel_order::planes) return;
    const auto taps = of.over.taps(), lanes = simd::width<T>;
    auto copy = memory::scratch<T>{lanes * taps * row};
    for (auto left = detail::turned_size<T>(of) / copy.size(); left != 0; --left, panels += copy.size()) {
        std::copy_n(panels, copy.size(), copy.data());
        for (auto lane = std::size_t{0}; lane < lanes; ++lane)
            for (auto k = std::size_t{0}; k < taps; ++k)
                std::copy_n(copy.data() + (lane * taps + k) * row, row, panels + (k * lanes + lane) * row);
    }
}

/// y = after(channel)(w patches(x), element), of one group: for a vector of sums, of the channels from `channel` on, of which the first is
/// element number `element` of y. y lies in blocks of channels, x as `order` says; `weight` is what `turn_for_blocks` has written. The channels
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
