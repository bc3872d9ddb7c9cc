// The derivatives of a convolution. By its input: where the strides are 1, mostly another convolution; else a panel of products
// after the other, whose elements are added to planes. By its weight: products that read planes where they are.
#pragma once

#include <xgrad/core/config.hpp>
#include <xgrad/core/lists.hpp>
#include <xgrad/core/memory.hpp>
#include <xgrad/core/parallel.hpp>
#include <xgrad/core/simd.hpp>
#include <xgrad/kernels/conv.hpp>
#include <xgrad/kernels/conv_depthwise.hpp>
#include <xgrad/kernels/conv_direct.hpp>
#include <xgrad/kernels/conv_pointwise.hpp>
#include <xgrad/kernels/conv_sizes.hpp>
#include <xgrad/kernels/conv_tile.hpp>
#include <xgrad/kernels/gemm.hpp>
#include <xgrad/kernels/gemm_blocks.hpp>
#include <xgrad/kernels/gemm_pack.hpp>
#include <xgrad/kernels/matrix_ref.hpp>
#include <xgrad/kernels/planes.hpp>

#include <algorithm>
#include <cstddef>
#include <optional>
#include <utility>

namespace xgrad::inline XGRAD_ABI::kernels {

namespace detail {

// Of the matrix of patches, so many rows at a time: enough of them that what they are multiplied with is read seldom.
inline constexpr std::size_t patch_rows = 192;

/// Channels of a group of x from `first` on, `count` of them, for one image after the other.
template <class T>
class input_of_channels {
public:
    input_of_channels(const convolution& of, const plane_layout& layout, const T* w, std::size_t group, std::size_t first, std::size_t count)
        : m_of{of}, m_layout{layout}, m_group{group}, m_first{first}, m_count{count}, m_rows{count * of.over.taps()},
          m_columns{std::min(panel_columns<T>(m_rows), of.over.out())}, m_row{panel_row<T>(m_columns)},
          m_weight{std::max<std::size_t>(1, m_rows * of.out)}, m_planes{count * layout.size()}, m_panel{m_rows * m_row} {
        const auto all = of.weight_of(w, group);
        transpose_into<T>(all.block(0, first * of.over.taps(), of.out, m_rows), m_weight.data(), static_cast<std::ptrdiff_t>(of.out), false);
    }

    void operator()(const T* y, T* x, std::size_t image) {
        const auto taps = m_of.over.taps();
        std::fill_n(m_planes.data(), m_planes.size(), T{0});
        const auto places = row_major(m_of.y_of(y, image, m_group), m_of.out, m_of.over.out());
        for (auto j = std::size_t{0}; j < m_of.over.out(); j += m_columns) {
            const auto columns = std::min(m_columns, m_of.over.out() - j);
            const auto panel = matrix_ref<T>{m_panel.data(), m_rows, columns, static_cast<std::ptrdiff_t>(m_row), 1};
            gemm<T>(row_major(m_weight.data(), m_rows, m_of.out), places.block(0, j, m_of.out, columns), panel);
            m_layout.find_runs(j, columns, m_pieces);
            for (auto i = std::size_t{0}; i < m_rows; ++i)
                add_runs(m_pieces, panel.at(i, 0), m_planes.data() + i / taps * m_layout.size() + m_layout.tap(i % taps));
        }
        for (auto i = std::size_t{0}; i < m_count; ++i)
            add_plane(m_layout, m_planes.data() + i * m_layout.size(), m_of.x_of(x, image, m_group, m_first + i));
    }

private:
    const convolution& m_of;
    const plane_layout& m_layout;
    std::size_t m_group, m_first, m_count, m_rows, m_columns, m_row;
    memory::scratch<T> m_weight, m_planes, m_panel;
    runs m_pieces;
};

/// The rows of w^T of some chunks: those of the matrix of patches, which are runs of planes, times y^T, over all places and
/// images. y is transposed once for all of the chunks; so is the result, which until then stands there with spare rows.
template <class T>
class weight_of_chunks {
public:
    weight_of_chunks(const convolution& of, const even_parts& chunks, std::size_t group, std::size_t first, std::size_t last)
        : m_of{of}, m_chunks{chunks}, m_group{group}, m_first{first}, m_last{last}, m_channels{chunks.size(0) / of.over.taps() + 2},
          m_bands{of.over, m_channels, 1}, m_depth{block_depth<T>()},
          m_images{m_bands.count() > 1 ? 1 : std::clamp<std::size_t>(m_depth / of.over.out(), 1, of.batch)},
          m_y_row{panel_row<T>(of.out)}, m_chunk_size{(chunks.size(0) + max_rows) * m_y_row}, m_y{most_places() * m_y_row},
          m_sums{(last - first) * m_chunk_size}, m_table{most_places()} {}

    void operator()(const T* x, const T* y, const matrix_ref<T>& w) {
        auto add = false;
        for (auto band = std::size_t{0}; band < m_bands.count(); ++band) {
            const auto layout = plane_layout{m_bands.band(band)};
            m_planes.emplace(layout, m_images * m_channels);
            for (auto image = std::size_t{0}; image < m_of.batch; image += m_images, add = true)
                add_images(layout, m_bands.begin(band), image, std::min(m_images, m_of.batch - image), x, y, add);
        }
        for (auto chunk = m_first; chunk < m_last; ++chunk) write(chunk, w);
    }

    /// Of so many chunks at once the sums stay in the second-level cache.
    static std::size_t most_chunks(const convolution& of, const even_parts& chunks) {
        constexpr auto most_sums = std::size_t{1} << 20;
        return std::max<std::size_t>(1, most_sums / (chunks.size(0) * panel_row<T>(of.out) * sizeof(T)));
    }

private:
    std::size_t most_places() const { return std::min(m_depth, m_images * m_of.over.out()); }
    T* sums_of(std::size_t chunk) const { return m_sums.data() + (chunk - m_first) * m_chunk_size; }

    /// The sums of a chunk to their place, a few rows of w at a time: in long runs.
    void write(std::size_t chunk, const matrix_ref<T>& w) const {
        const auto sums = matrix_ref<const T>{sums_of(chunk), m_chunks.size(chunk), m_of.out, static_cast<std::ptrdiff_t>(m_y_row), 1};
        for (auto row = std::size_t{0}; row < m_of.out; row += simd::width<T>)
            transpose_into<T>(sums.block(0, row, sums.rows, std::min(simd::width<T>, m_of.out - row)), w.at(row, m_chunks.begin(chunk)), w.row_stride, false);
    }

    void add_images(const plane_layout& layout, std::size_t begin, std::size_t image, std::size_t images, const T* x, const T* y, bool add) {
        const auto along = even_parts{layout.over().out(), m_depth};
        for (auto part = std::size_t{0}; part < along.count(); ++part, add = true) {
            const auto places = along.size(part);
            layout.find_runs(along.begin(part), places, m_pieces);
            for (auto i = std::size_t{0}; i < images; ++i) {
                const auto from = row_major(m_of.y_of(y, image + i, m_group), m_of.out, m_of.over.out()).block(0, begin + along.begin(part), m_of.out, places);
                pack<T>(from.transposed(), m_y.data() + i * places * m_y_row, static_cast<std::ptrdiff_t>(m_y_row));
                for (const auto& piece : m_pieces)
                    for (auto at = std::size_t{0}; at < piece.count; ++at) {
                        const auto place = i * places + piece.to + at;
                        m_table.data()[place] = {static_cast<std::ptrdiff_t>(i * m_channels * layout.size() + piece.from + at),
                                                 static_cast<std::ptrdiff_t>(place * m_y_row)};
                    }
            }
            for (auto chunk = m_first; chunk < m_last; ++chunk) {
                if (part == 0 || m_last - m_first > 1) read_planes(layout, x, image, images, chunk);
                add_products(layout, chunk, images * places, add);
            }
        }
    }

    void add_products(const plane_layout& layout, std::size_t chunk, std::size_t places, bool add) {
        const auto taps = layout.over().taps(), k = m_chunks.begin(chunk), rows = m_chunks.size(chunk), all = (m_of.out + simd::width<T> - 1) / simd::width<T>;
        auto from = scattered_factors<T>{m_table.data(), places, {}, {}};
        for (auto first = std::size_t{0}, vectors = std::size_t{0}; first < all; first += vectors) {
            vectors = next_width(all - first);
            for (auto v = std::size_t{0}; v < vectors; ++v) from.b[v] = m_y.data() + (first + v) * simd::width<T>;
            for (auto row = std::size_t{0}, height = std::size_t{0}; row < rows; row += height) {
                height = next_height(rows - row, vectors);
                for (auto r = std::size_t{0}; r < height; ++r) {
                    const auto at = k + std::min(row + r, rows - 1);
                    from.a[r] = m_planes->plane(at / taps - k / taps) + layout.tap(at % taps);
                }
                select_scattered_tile<T>(height, vectors)(from, sums_of(chunk) + row * m_y_row + first * simd::width<T>,
                                                          static_cast<std::ptrdiff_t>(m_y_row), add);
            }
        }
    }

    /// The planes of the channels that a chunk is about, of one image after the other.
    void read_planes(const plane_layout& layout, const T* x, std::size_t image, std::size_t images, std::size_t chunk) {
        const auto taps = layout.over().taps(), k = m_chunks.begin(chunk), channel = k / taps;
        const auto channels = (k + m_chunks.size(chunk) - 1) / taps + 1 - channel;
        for (auto i = std::size_t{0}; i < images; ++i) m_planes->read(m_of.x_of(x, image + i, m_group, channel), channels, i * m_channels);
    }

    const convolution& m_of;
    const even_parts& m_chunks;
    std::size_t m_group, m_first, m_last, m_channels;
    window_bands<T> m_bands;
    std::size_t m_depth, m_images, m_y_row, m_chunk_size;
    memory::scratch<T> m_y, m_sums;
    memory::scratch<tile_step> m_table;
    std::optional<channel_planes<T>> m_planes;
    runs m_pieces;
};

/// The convolution of y that gives x, where the stride is 1: with the taps in reverse order.
inline convolution reversed(const convolution& of) {
    auto result = of;
    std::swap(result.in, result.out);
    for (auto& axis : result.over.axes) {
        std::swap(axis.in, axis.out);
        axis.before = static_cast<std::ptrdiff_t>((axis.kernel - 1) * axis.dilation) - axis.before;
    }
    return result;
}

inline bool has_unit_strides(const convolution& of) {
    return lists::all_of(of.over.axes, [](const window_axis& axis) { return axis.stride == 1; });
}

/// Whether that pays, `way` being the cheapest for it. It does
/// - where each channel stands alone: each element of x is then summed up in a register, and the weight is small;
/// - with so many channels that what is read of y is multiplied with many rows, and so much to multiply with the weight that it
///   may be copied for it;
/// - with as many as a tile has rows, nearly, where y is read as it is: then the weight need not be copied.
inline bool reverses(const convolution& of, conv_way way) {
    if (of.groups > 1 && of.in == 1 && of.out == 1) return true;
    if (of.in >= 16 && of.batch * of.over.out() >= 1024) return true;
    return of.in >= 4 && way != conv_way::patches;
}

/// The weight of that convolution, where it is.
template <class T>
weight_ref<T> weight_reversed(const convolution& of, const T* w, std::size_t group) {
    const auto taps = static_cast<std::ptrdiff_t>(of.over.taps());
    return {of.weight_of(w, group).data + taps - 1, taps, static_cast<std::ptrdiff_t>(of.in) * taps, -1};
}

template <class T>
void reverse_weight(const convolution& of, const T* w, T* to) {
    const auto taps = of.over.taps();
    for (auto group = std::size_t{0}; group < of.groups; ++group)
        for (auto i = std::size_t{0}; i < of.in; ++i)
            for (auto o = std::size_t{0}; o < of.out; ++o) {
                const auto* const from = w + ((group * of.out + o) * of.in + i) * taps;
                for (auto k = taps; k-- > 0;) *to++ = from[k];
            }
}

/// x = that convolution, `back`, of y, plus the bias of the channel.
template <class T>
void convolve_reversed(const convolution& of, const convolution& back, conv_way way, const T* w, const T* y, const T* bias, T* x) {
    using batch = simd::batch<T>;
    const auto plus_bias = [bias](const batch& sum, std::size_t channel, std::size_t, std::size_t) { return bias == nullptr ? sum : batch(sum + batch(bias[channel])); };
    if (!back.is_depthwise() && way != conv_way::patches)
        return convolve_by(back, y, x, plus_bias, way, [&](std::size_t group) { return weight_reversed(of, w, group); });
    const auto weight = memory::scratch<T>{of.groups * of.out * of.depth()};
    reverse_weight(of, w, weight.data());
    if (back.is_depthwise()) return convolve_depthwise<T>(back, y, weight.data(), x, plus_bias);
    convolve_by(back, y, x, plus_bias, way, [&](std::size_t group) { return weight_in_order<T>(back, weight.data(), group); });
}

}  // namespace detail

/// x = the transposed convolution of y: what each element of y is multiplied with gets it back; plus the bias of the channel,
/// which may be null.
template <class T>
void convolve_input(const convolution& of, const T* w, const T* y, const T* bias, T* x) {
    const auto pairs = of.batch * of.groups, length = of.over.in();
    if (pairs * of.in * length == 0) return;
    const auto y_is_empty = of.out * of.over.out() == 0;
    if (!y_is_empty && detail::has_unit_strides(of)) {
        const auto back = detail::reversed(of);
        const auto way = detail::choose_way<T>(back);
        if (detail::reverses(of, way)) return detail::convolve_reversed(of, back, way, w, y, bias, x);
    }
    for (auto i = std::size_t{0}; i < pairs * of.in; ++i) std::fill_n(x + i * length, length, bias == nullptr ? T{0} : bias[i % (of.groups * of.in)]);
    if (y_is_empty) return;
    if (of.is_depthwise()) return add_depthwise_input(of, w, y, x);
    if (of.over.is_pointwise()) {
        const auto inside = pairs < 2 * static_cast<std::size_t>(num_threads()), plain = of.over.is_plain();
        const auto some = [&](std::size_t begin, std::size_t end) {
            const auto room = memory::scratch<T>{plain ? 0 : of.in * of.over.out()};
            for (auto pair = begin; pair < end; ++pair) {
                auto* const to = of.x_of(x, pair / of.groups, pair % of.groups);
                gemm<T>(of.weight_of(w, pair % of.groups).transposed(),
                        row_major(of.y_of(y, pair / of.groups, pair % of.groups), of.out, of.over.out()),
                        row_major(plain ? to : room.data(), of.in, of.over.out()), plain);
                if (!plain) detail::add_seen_elements(of.over, of.in, room.data(), to);
            }
        };
        return inside ? some(0, pairs) : parallel_for(pairs, 1, some);
    }
    const auto layout = plane_layout{of.over};
    const auto by_cache = detail::planes_bytes() / std::max<std::size_t>(1, sizeof(T) * layout.size());
    const auto by_rows = std::max<std::size_t>(1, detail::patch_rows / of.over.taps());
    const auto chunks = detail::even_parts{of.in, std::clamp<std::size_t>(by_cache, std::min<std::size_t>(4, by_rows), by_rows)};
    const auto work = of.out * of.depth() * of.over.out() / chunks.count();
    const auto grain = detail::work_per_thread / std::max<std::size_t>(1, work) + 1;
    parallel_for(of.groups * chunks.count() * of.batch, grain, [&](std::size_t begin, std::size_t end) {
        auto input = std::optional<detail::input_of_channels<T>>{};
        for (auto i = begin; i < end; ++i) {
            const auto chunk = i / of.batch % chunks.count(), group = i / of.batch / chunks.count();
            if (i == begin || i % of.batch == 0) input.emplace(of, layout, w, group, chunks.begin(chunk), chunks.size(chunk));
            (*input)(y, x, i % of.batch);
        }
    });
}

/// w = the sums over images and places of y times the patches of x.
template <class T>
void convolve_weight(const convolution& of, const T* x, const T* y, T* w) {
    const auto size = of.groups * of.out * of.depth();
    if (size == 0) return;
    if (of.batch == 0 || of.over.out() == 0) return static_cast<void>(std::fill_n(w, size, T{0}));
    if (of.is_depthwise()) return convolve_depthwise_weight(of, x, y, w);
    if (of.over.is_pointwise()) {
        for (auto group = std::size_t{0}; group < of.groups; ++group)
            for (auto image = std::size_t{0}; image < of.batch; ++image) {
                const auto seen = detail::seen_elements<T>{of.over, of.in, of.x_of(x, image, group)};
                gemm<T>(row_major(of.y_of(y, image, group), of.out, of.over.out()),
                        row_major(seen.data(), of.in, of.over.out()).transposed(), of.weight_of(w, group), image != 0);
            }
        return;
    }
    const auto chunks = detail::even_parts{of.depth(), std::clamp<std::size_t>((of.depth() + 1) / 2, 12, detail::patch_rows)};
    const auto work = of.batch * of.out * of.over.out() * of.depth() / chunks.count();
    const auto grain = detail::work_per_thread / std::max<std::size_t>(1, work) + 1;
    parallel_for(of.groups * chunks.count(), grain, [&](std::size_t begin, std::size_t end) {
        while (begin < end) {
            const auto group = begin / chunks.count(), first = begin % chunks.count();
            const auto last = std::min({chunks.count(), first + end - begin, first + detail::weight_of_chunks<T>::most_chunks(of, chunks)});
            detail::weight_of_chunks<T>{of, chunks, group, first, last}(x, y, of.weight_of(w, group));
            begin += last - first;
        }
    });
}

}  // namespace xgrad::kernels
