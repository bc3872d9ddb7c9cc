// Convolutions whose vectors lie along the channels of the result: for rows of windows that would leave much of a vector of a
// plane's elements unused. The weight is copied beforehand, transposed; the planes are read where they are, an element for a
// row of the tile; and the result is transposed on its way to y.
#pragma once

#include <xgrad/core/config.hpp>
#include <xgrad/core/memory.hpp>
#include <xgrad/core/simd.hpp>
#include <xgrad/kernels/conv_direct.hpp>
#include <xgrad/kernels/conv_sizes.hpp>
#include <xgrad/kernels/conv_tile.hpp>
#include <xgrad/kernels/gemm_blocks.hpp>
#include <xgrad/kernels/gemm_pack.hpp>
#include <xgrad/kernels/planes.hpp>

#include <algorithm>
#include <cstddef>

namespace xgrad::inline XGRAD_ABI::kernels::detail {

/// How many vectors wide the tile for the next `left` of them is: no wider than the rows of a panel.
inline std::size_t turned_width(std::size_t left) { return std::min(next_width(left), max_vectors); }

/// Calls f(first vector, vectors, number of the panel) for each panel.
template <class T, class F>
void for_each_turned_panel(std::size_t channels, const F& f) {
    const auto vectors = (channels + simd::width<T> - 1) / simd::width<T>;
    for (auto first = std::size_t{0}, wide = std::size_t{0}, number = std::size_t{0}; first < vectors; first += wide, ++number) {
        wide = turned_width(vectors - first);
        f(first, wide, number);
    }
}

/// How many elements the weight of a group has, transposed: one panel (depth, max_width) for the channels of each tile.
template <class T>
std::size_t turned_size(const convolution& of) {
    auto panels = std::size_t{0};
    for_each_turned_panel<T>(of.out, [&](std::size_t, std::size_t, std::size_t) { ++panels; });
    return panels * of.depth() * max_width<T>;
}

/// Writes some rows of a weight, for so many channels from its first on, transposed: to a panel (channels * taps, max_width). The
/// taps of a row lie side by side, forwards or in reverse.
template <class T>
void turn_panel(const weight_ref<T>& w, std::size_t taps, std::size_t rows, std::size_t channels, T* panel) {
    constexpr auto row = static_cast<std::ptrdiff_t>(max_width<T>);
    if (w.tap == 1 && w.channel == static_cast<std::ptrdiff_t>(taps))
        return pack<T>(matrix_ref<const T>{w.data, rows, channels * taps, w.row, 1}.transposed(), panel, row);
    const auto last = static_cast<std::ptrdiff_t>(taps) - 1;
    for (auto i = std::size_t{0}; i < channels; ++i, panel += static_cast<std::ptrdiff_t>(taps) * row) {
        const auto* const from = w.data + static_cast<std::ptrdiff_t>(i) * w.channel + (w.tap < 0 ? last * w.tap : 0);
        pack<T>(matrix_ref<const T>{from, rows, taps, w.row, 1}.transposed(), panel + (w.tap < 0 ? last * row : 0), w.tap < 0 ? -row : row);
    }
}

/// Writes the weight of a group, transposed.
template <class T>
void turn_weight(const convolution& of, const weight_ref<T>& w, T* panels) {
    constexpr auto width = simd::width<T>;
    for_each_turned_panel<T>(of.out, [&](std::size_t first, std::size_t wide, std::size_t number) {
        turn_panel(rows_from(w, first * width), of.over.taps(), std::min(wide * width, of.out - first * width), of.in,
                   panels + number * of.depth() * max_width<T>);
    });
}

/// The weights of all groups, transposed.
template <class T>
class turned_weights {
public:
    template <class Weight>
    turned_weights(const convolution& of, const Weight& weight_ref_of) : m_size{turned_size<T>(of)}, m_memory{of.groups * m_size} {
        for (auto group = std::size_t{0}; group < of.groups; ++group) turn_weight(of, weight_ref_of(group), m_memory.data() + group * m_size);
    }
    const T* of_group(std::size_t group) const { return m_memory.data() + group * m_size; }

private:
    std::size_t m_size;
    memory::scratch<T> m_memory;
};

// So many windows at a time: whole tiles of them, and whole vectors once they are transposed.
inline constexpr std::size_t turned_windows = 48;

/// y = after(sums^T, channel, window, count) for some windows, from `column` on, and channels; room holds (width, turned_windows).
template <class T, class Epilogue>
void put_turned(const T* sums, std::ptrdiff_t sums_row, std::size_t windows, std::size_t first, std::size_t column, const matrix_ref<T>& y, T* room,
                const Epilogue& after) {
    constexpr auto width = simd::width<T>;
    for (auto channel = std::size_t{0}; channel < y.rows; channel += width) {
        const auto channels = std::min(width, y.rows - channel);
        transpose_into<T>({sums + channel, windows, channels, sums_row, 1}, room, turned_windows, false);
        for (auto i = std::size_t{0}; i < channels; ++i)
            for (auto j = std::size_t{0}; j < windows; j += width) {
                const auto sum = simd::load(room + i * turned_windows + j);
                simd::store_up_to(y.at(channel + i, j), simd::batch<T>(after(sum, first + channel + i, column + j, windows - j)), windows - j);
            }
    }
}

/// One band of one group of one image, of whose windows, for some channels, is y. `panels` is the weight of the group, transposed; or
/// null, and then w is that of y's channels, of which each panel is transposed when it is needed, and stays in the caches.
template <class T, class Epilogue>
void convolve_turned(const convolution& of, const window& band, const T* x, const T* panels, const weight_ref<T>& w, const matrix_ref<T>& y,
                     const Epilogue& after) {
    constexpr auto width = simd::width<T>;
    const auto layout = plane_layout{band};
    const auto taps = band.taps(), count = band.out();
    const auto along = even_parts{of.in, std::max<std::size_t>(1, block_depth<T>() / taps)};
    const auto many = along.count() > 1;
    const auto row = many ? panel_row<T>(y.rows) : max_width<T>;
    auto planes = channel_planes<T>{layout, along.size(0)};
    const auto sums = memory::scratch<T>{((many ? count : turned_windows) + max_rows) * row}, room = memory::scratch<T>{width * turned_windows};
    const auto one_panel = memory::scratch<T>{panels == nullptr ? along.size(0) * taps * max_width<T> : 0};
    const auto table = memory::scratch<tile_step>{along.size(0) * taps};
    const auto places = memory::scratch<std::size_t>{count};
    for (auto i = std::size_t{0}, length = band.axes[2].out; i < count; i += length)
        for (auto column = std::size_t{0}, place = layout.row(i / length); column < length; ++column) places.data()[i + column] = place + column;
    for (auto part = std::size_t{0}; part < along.count(); ++part) {
        const auto channel = along.begin(part), depth = along.size(part) * taps;
        planes.read(x + channel * band.in(), along.size(part));
        for (auto k = std::size_t{0}; k < depth; ++k)
            table.data()[k] = {static_cast<std::ptrdiff_t>(k / taps * layout.size() + layout.tap(k % taps)), static_cast<std::ptrdiff_t>(k * max_width<T>)};
        auto from = scattered_factors<T>{table.data(), depth, {}, {}};
        const auto add_windows = [&](std::size_t j, std::size_t first, std::size_t wide, const T* panel) {
            const auto some = std::min(turned_windows, count - j);
            for (auto v = std::size_t{0}; v < wide; ++v) from.b[v] = panel + v * width;
            auto* const c = many ? sums.data() + j * row + first * width : sums.data();
            for (auto i = std::size_t{0}, height = std::size_t{0}; i < some; i += height) {
                height = next_height(some - i, wide);
                for (auto r = std::size_t{0}; r < height; ++r) from.a[r] = planes.plane(0) + places.data()[j + std::min(i + r, some - 1)];
                select_scattered_tile<T>(height, wide)(from, c + i * row, static_cast<std::ptrdiff_t>(row), part != 0);
            }
            if (part + 1 == along.count())
                put_turned(c, static_cast<std::ptrdiff_t>(row), some, first * width, j,
                           y.block(first * width, j, std::min(wide * width, y.rows - first * width), some), room.data(), after);
        };
        if (panels != nullptr) {
            for (auto j = std::size_t{0}; j < count; j += turned_windows)
                for_each_turned_panel<T>(y.rows, [&](std::size_t first, std::size_t wide, std::size_t number) {
                    add_windows(j, first, wide, panels + (number * of.depth() + channel * taps) * max_width<T>);
                });
            continue;
        }
        for_each_turned_panel<T>(y.rows, [&](std::size_t first, std::size_t wide, std::size_t) {
            auto some = rows_from(w, first * width);
            some.data += static_cast<std::ptrdiff_t>(channel) * w.channel;
            turn_panel(some, taps, std::min(wide * width, y.rows - first * width), along.size(part), one_panel.data());
            for (auto j = std::size_t{0}; j < count; j += turned_windows) add_windows(j, first, wide, one_panel.data());
        });
    }
}

}  // namespace xgrad::kernels::detail
