// Convolutions that read the planes of an image where they are: no patch is copied. A vector of a plane's elements, moved on
// by one tap after the other, holds what as many windows see; where a row of windows ends within it, the elements between that
// row and the next are computed with and left out.
#pragma once

#include <xgrad/core/caches.hpp>
#include <xgrad/core/config.hpp>
#include <xgrad/core/memory.hpp>
#include <xgrad/core/simd.hpp>
#include <xgrad/kernels/conv_sizes.hpp>
#include <xgrad/kernels/conv_tile.hpp>
#include <xgrad/kernels/gemm_blocks.hpp>
#include <xgrad/kernels/planes.hpp>

#include <algorithm>
#include <cstddef>
#include <vector>

namespace xgrad::inline XGRAD_ABI::kernels::detail {

/// The fewest vectors of a plane's elements that hold the first taps of all windows of a layout.
class covering {
public:
    XGRAD_ON_DEMAND covering(const plane_layout& layout, std::size_t width) {
        const auto& axes = layout.over().axes;
        const auto length = axes[2].out, rows = axes[0].out * axes[1].out;
        for (auto row = std::size_t{0}; row < rows; ++row)
            for (auto column = std::size_t{0}; column < length;) {
                const auto place = layout.row(row) + column;
                if (m_vectors.empty() || place >= m_vectors.back().place + width) m_vectors.push_back({place, m_pieces.size()});
                const auto lane = place - m_vectors.back().place, count = std::min(width - lane, length - column);
                m_pieces.push_back({row * length + column, (m_vectors.size() - 1) * width + lane, count});
                column += count;
            }
    }
    std::size_t count() const { return m_vectors.size(); }
    /// Where in the plane a vector begins.
    std::size_t place(std::size_t number) const { return m_vectors[number].place; }
    /// The windows in vectors [first, last): from their place among the elements of all vectors, to their number.
    const kernels::run* pieces(std::size_t number) const { return m_pieces.data() + (number == count() ? m_pieces.size() : m_vectors[number].piece); }

private:
    struct vector {
        std::size_t place, piece;
    };
    std::vector<vector, memory::allocator<vector>> m_vectors;
    runs m_pieces;
};

/// The weight of a group: of row r, channel c and tap k, data[r row + c channel + k tap].
template <class T>
struct weight_ref {
    const T* data;
    std::ptrdiff_t row, channel, tap;
};

/// The rows of a weight from number `first` on.
template <class T>
weight_ref<T> rows_from(weight_ref<T> w, std::size_t first) {
    w.data += static_cast<std::ptrdiff_t>(first) * w.row;
    return w;
}

template <class T>
weight_ref<T> weight_in_order(const convolution& of, const T* w, std::size_t group) {
    return {of.weight_of(w, group).data, static_cast<std::ptrdiff_t>(of.depth()), static_cast<std::ptrdiff_t>(of.over.taps()), 1};
}

/// The weight of a tile's rows, for some channels. In reverse its rows lie closer than its channels, each of which is in a page
/// of its own: where all of it is more than the second-level cache holds, a tile that jumped from channel to channel would wait
/// for each; copied side by side they are fetched many at a time.
template <class T>
class weight_of_rows {
public:
    weight_of_rows(const convolution& of, const weight_ref<T>& w, std::size_t channels)
        : m_of{w}, m_lowest{std::min(std::ptrdiff_t{0}, static_cast<std::ptrdiff_t>(of.over.taps() - 1) * w.tap)},
          m_span{static_cast<std::size_t>(max_rows - 1) * static_cast<std::size_t>(w.row) + of.over.taps()},
          m_copies{w.channel > w.row && static_cast<std::size_t>(w.channel) * of.in * sizeof(T) > xgrad::detail::cache_sizes().second.bytes()},
          m_memory{m_copies ? channels * m_span : 0} {}

    /// How much further on a channel, of those that were read, and a tap of it are.
    std::ptrdiff_t step(std::size_t channel, std::size_t tap) const {
        return static_cast<std::ptrdiff_t>(channel) * (m_copies ? static_cast<std::ptrdiff_t>(m_span) : m_of.channel) + static_cast<std::ptrdiff_t>(tap) * m_of.tap;
    }
    /// Rows [row, row + rows) of `channels` channels from `channel` on: the place of the first.
    const T* read(std::size_t row, std::size_t rows, std::size_t channel, std::size_t channels) const {
        const auto* const from = m_of.data + static_cast<std::ptrdiff_t>(row) * m_of.row + static_cast<std::ptrdiff_t>(channel) * m_of.channel;
        if (!m_copies) return from;
        const auto count = m_span - (max_rows - rows) * static_cast<std::size_t>(m_of.row);
        for (auto i = std::size_t{0}; i < channels; ++i)
            copy_row(from + m_lowest + static_cast<std::ptrdiff_t>(i) * m_of.channel, count, m_memory.data() + i * m_span);
        return m_memory.data() - m_lowest;
    }

private:
    weight_ref<T> m_of;
    std::ptrdiff_t m_lowest;
    std::size_t m_span;
    bool m_copies;
    memory::scratch<T> m_memory;
};

/// Of so many channels at a time: what a tile reads of their planes fills three quarters of the first-level cache, and the
/// weights, which every tile's worth of windows reads, half of the second. It depends on the whole of the convolution alone.
template <class T>
std::size_t direct_channels(const convolution& of) {
    const auto& [a, b, c] = of.over.axes;
    const auto& cache = xgrad::detail::cache_sizes();
    const auto line = max_width<T> + (c.kernel - 1) * c.dilation, lines = a.kernel * b.kernel + max_width<T> / std::max<std::size_t>(1, c.out);
    const auto in_first = cache.first.bytes() * 3 / 4 / (line * std::min(lines, line) * sizeof(T));
    const auto in_second = cache.second.bytes() / 2 / (std::max<std::size_t>(1, of.out) * of.over.taps() * sizeof(T));
    return std::max({std::size_t{1}, block_depth<T>() / of.over.taps(), std::min(in_first, in_second)});
}

/// y = after(sums, row, column, count) of the windows in the vectors [first, last) for some rows; sums: (rows, vectors), with room for one
/// more vector. What stands beside a piece is overwritten by the next, so that only the last of a row must not be whole.
template <class T, class Epilogue>
void put_windows(const covering& over, std::size_t first, std::size_t last, const T* sums, std::ptrdiff_t sums_row, std::size_t row, std::size_t rows,
                 const matrix_ref<T>& y, const Epilogue& after) {
    constexpr auto width = simd::width<T>;
    const auto* const begin = over.pieces(first);
    const auto* const end = over.pieces(last);
    const auto limit = (end - 1)->to + (end - 1)->count;
    for (auto i = std::size_t{0}; i < rows; ++i) {
        const auto* const from = sums + static_cast<std::ptrdiff_t>(i) * sums_row - first * width;
        auto* const to = y.at(row + i, 0);
        for (const auto* piece = begin; piece != end; ++piece)
            simd::store_up_to(to + piece->to, simd::batch<T>(after(simd::load(from + piece->from), row + i, piece->to, limit - piece->to)), limit - piece->to);
    }
}

/// Some channels of one band of one group of one image: of the band's windows y, of whose rows w is the weight.
template <class T, class Epilogue>
void convolve_directly(const convolution& of, const window& band, const T* x, const weight_ref<T>& w, const matrix_ref<T>& y, const Epilogue& after) {
    constexpr auto width = simd::width<T>;
    const auto layout = plane_layout{band};
    const auto over = covering{layout, width};
    const auto taps = band.taps();
    const auto along = even_parts{of.in, direct_channels<T>(of)};
    auto planes = channel_planes<T>{layout, along.size(0)};
    const auto weights = weight_of_rows<T>{of, w, along.size(0)};
    const auto many = along.count() > 1;
    const auto sums_row = static_cast<std::ptrdiff_t>((many ? over.count() : most_vectors) * width);
    const auto sums = memory::scratch<T>{(many ? y.rows + max_rows : max_rows) * static_cast<std::size_t>(sums_row) + width};
    const auto table = memory::scratch<tile_step>{along.size(0) * taps};
    for (auto part = std::size_t{0}; part < along.count(); ++part) {
        const auto channel = along.begin(part), channels = along.size(part);
        planes.read(x + channel * band.in(), channels);
        for (auto i = std::size_t{0}; i < channels; ++i)
            for (auto k = std::size_t{0}; k < taps; ++k)
                table.data()[i * taps + k] = {weights.step(i, k), static_cast<std::ptrdiff_t>(i * layout.size() + layout.tap(k))};
        auto from = scattered_factors<T>{table.data(), channels * taps, {}, {}};
        for (auto first = std::size_t{0}, vectors = std::size_t{0}; first < over.count(); first += vectors) {
            vectors = next_width(over.count() - first);
            for (auto v = std::size_t{0}; v < vectors; ++v) from.b[v] = planes.plane(0) + over.place(first + v);
            for (auto row = std::size_t{0}, height = std::size_t{0}; row < y.rows; row += height) {
                height = next_height(y.rows - row, vectors);
                const auto rows = std::min(height, y.rows - row);
                const auto* const weight = weights.read(row, rows, channel, channels);
                for (auto r = std::size_t{0}; r < height; ++r) from.a[r] = weight + static_cast<std::ptrdiff_t>(std::min(r, rows - 1)) * w.row;
                auto* const c = many ? sums.data() + static_cast<std::ptrdiff_t>(row) * sums_row + first * width : sums.data();
                select_scattered_tile<T>(height, vectors)(from, c, sums_row, part != 0);
                if (part + 1 == along.count())
                    put_windows(over, first, first + vectors, c, sums_row, row, rows, y, after);
            }
        }
    }
}

}  // namespace xgrad::kernels::detail
