// The derivatives of a convolution by its input and by its weight, as matrix products over the same panels of patches.
#pragma once

#include <xgrad/core/config.hpp>
#include <xgrad/core/memory.hpp>
#include <xgrad/core/parallel.hpp>
#include <xgrad/kernels/conv.hpp>
#include <xgrad/kernels/conv_depthwise.hpp>
#include <xgrad/kernels/gemm.hpp>
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

/// The rows of w^T of some chunks: those of the matrix of patches times y^T, over all places and images. y is transposed once
/// for all of them; and what is summed up over several blocks stays transposed until the end, as far as that is small.
template <class T>
class weight_of_chunks {
public:
    weight_of_chunks(const convolution& of, const even_parts& chunks, std::size_t group, std::size_t first, std::size_t last)
        : m_of{of}, m_chunks{chunks}, m_group{group}, m_first{first}, m_last{last}, m_begin{chunks.begin(first)}, m_end{chunks.begin(last)},
          m_bands{of.over, chunks.size(first) / of.over.taps() + 2, 1}, m_depth{std::min(block_depth<T>(), of.over.out())},
          m_row{panel_row<T>(m_depth)}, m_y_row{panel_row<T>(of.out)}, m_panel{chunks.size(first) * m_row + simd::width<T>},
          m_y{m_depth * m_y_row} {}

    void operator()(const T* x, const T* y, const matrix_ref<T>& w) {
        const auto size = (m_end - m_begin) * m_of.out;
        auto sums = std::optional<memory::scratch<T>>{};
        auto target = w.block(0, m_begin, m_of.out, m_end - m_begin).transposed();
        if (m_of.batch * m_of.over.out() > m_depth && size * sizeof(T) <= most_sums)
            target = row_major(sums.emplace(size).data(), m_end - m_begin, m_of.out);
        auto add = false;
        for (auto band = std::size_t{0}; band < m_bands.count(); ++band) {
            const auto layout = plane_layout{m_bands.band(band)};
            for (auto image = std::size_t{0}; image < m_of.batch; ++image, add = true) add_band(layout, band, image, x, y, target, add);
        }
        if (sums) transpose_into<T>(row_major<const T>(sums->data(), m_end - m_begin, m_of.out), w.at(0, m_begin), w.row_stride, false);
    }

private:
    static constexpr std::size_t most_sums = std::size_t{1} << 21;

    void add_band(const plane_layout& layout, std::size_t band, std::size_t image, const T* x, const T* y, const matrix_ref<T>& target, bool add) {
        const auto along = even_parts{layout.over().out(), m_depth};
        const auto places = row_major(m_of.y_of(y, image, m_group), m_of.out, m_of.over.out());
        for (auto part = std::size_t{0}; part < along.count(); ++part, add = true) {
            const auto depth = along.size(part);
            transpose_into<T>(places.block(0, m_bands.begin(band) + along.begin(part), m_of.out, depth), m_y.data(), static_cast<std::ptrdiff_t>(m_y_row), false);
            layout.find_runs(along.begin(part), depth, m_pieces);
            for (auto chunk = m_first; chunk < m_last; ++chunk) {
                const auto k = m_chunks.begin(chunk), rows = m_chunks.size(chunk);
                if (part == 0 || m_last - m_first > 1) read_planes(layout, x, image, k, rows);
                for (auto i = std::size_t{0}; i < rows; ++i)
                    copy_runs(m_pieces, m_planes->plane((k + i) / layout.over().taps() - m_channel) + layout.tap((k + i) % layout.over().taps()),
                              m_panel.data() + i * m_row);
                gemm<T>({m_panel.data(), rows, depth, static_cast<std::ptrdiff_t>(m_row), 1},
                        {m_y.data(), depth, m_of.out, static_cast<std::ptrdiff_t>(m_y_row), 1}, target.block(k - m_begin, 0, rows, m_of.out), add);
            }
        }
    }

    /// Those of the channels that rows [k, k + rows) are about.
    void read_planes(const plane_layout& layout, const T* x, std::size_t image, std::size_t k, std::size_t rows) {
        const auto taps = layout.over().taps();
        m_channel = k / taps;
        const auto channels = (k + rows - 1) / taps + 1 - m_channel;
        m_planes.emplace(layout, channels).read(m_of.x_of(x, image, m_group, m_channel), channels);
    }

    const convolution& m_of;
    const even_parts& m_chunks;
    std::size_t m_group, m_first, m_last, m_begin, m_end;
    window_bands<T> m_bands;
    std::size_t m_depth, m_row, m_y_row;
    memory::scratch<T> m_panel, m_y;
    std::optional<channel_planes<T>> m_planes;
    std::size_t m_channel = 0;
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

/// Whether that pays: not for so few channels that a patch is read by few rows, nor for a weight larger than what it is used for.
inline bool reverses(const convolution& of) {
    for (const auto& axis : of.over.axes)
        if (axis.stride != 1) return false;
    return of.groups > 1 && of.in == 1 && of.out == 1 ? true : of.in >= 16 && of.batch * of.over.out() >= 1024;
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

}  // namespace detail

/// x = the transposed convolution of y: what each element of y is multiplied with gets it back; plus the bias of the channel,
/// which may be null.
template <class T>
void convolve_input(const convolution& of, const T* w, const T* y, const T* bias, T* x) {
    using batch = simd::batch<T>;
    const auto pairs = of.batch * of.groups;
    if (of.over.out() != 0 && of.out != 0 && of.in != 0 && detail::reverses(of)) {
        const auto weight = memory::scratch<T>{of.groups * of.out * of.depth()};
        detail::reverse_weight(of, w, weight.data());
        return convolve(detail::reversed(of), y, weight.data(), x, [bias](const batch& sum, std::size_t channel) {
            return bias == nullptr ? sum : batch(sum + batch(bias[channel]));
        });
    }
    const auto length = of.over.in();
    for (auto i = std::size_t{0}; i < pairs * of.in; ++i) std::fill_n(x + i * length, length, bias == nullptr ? T{0} : bias[i % (of.groups * of.in)]);
    if (pairs == 0 || of.over.out() == 0 || of.in == 0) return;
    if (of.is_depthwise()) return add_depthwise_input(of, w, y, x);
    if (of.over.is_plain()) {
        const auto inside = pairs < 2 * static_cast<std::size_t>(num_threads());
        const auto some = [&](std::size_t begin, std::size_t end) {
            for (auto pair = begin; pair < end; ++pair)
                gemm<T>(of.weight_of(w, pair % of.groups).transposed(),
                        row_major(of.y_of(y, pair / of.groups, pair % of.groups), of.out, of.over.out()),
                        row_major(of.x_of(x, pair / of.groups, pair % of.groups), of.in, of.over.in()), true);
        };
        return inside ? some(0, pairs) : parallel_for(pairs, 1, some);
    }
    const auto layout = plane_layout{of.over};
    const auto by_cache = detail::planes_bytes / std::max<std::size_t>(1, sizeof(T) * layout.size());
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
    if (of.over.is_plain()) {
        for (auto group = std::size_t{0}; group < of.groups; ++group)
            for (auto image = std::size_t{0}; image < of.batch; ++image)
                gemm<T>(row_major(of.y_of(y, image, group), of.out, of.over.out()),
                        row_major(of.x_of(x, image, group), of.in, of.over.in()).transposed(), of.weight_of(w, group), image != 0);
        return;
    }
    const auto chunks = detail::even_parts{of.depth(), std::clamp<std::size_t>((of.depth() + 1) / 2, 12, detail::patch_rows)};
    const auto work = of.batch * of.out * of.over.out() * of.depth() / chunks.count();
    const auto grain = detail::work_per_thread / std::max<std::size_t>(1, work) + 1;
    parallel_for(of.groups * chunks.count(), grain, [&](std::size_t begin, std::size_t end) {
        while (begin < end) {
            const auto group = begin / chunks.count(), first = begin % chunks.count(), last = std::min(chunks.count(), first + end - begin);
            detail::weight_of_chunks<T>{of, chunks, group, first, last}(x, y, of.weight_of(w, group));
            begin += last - first;
        }
    });
}

}  // namespace xgrad::kernels
