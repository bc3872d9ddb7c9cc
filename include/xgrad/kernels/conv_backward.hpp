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

namespace xgrad::inline XGRAD_ABI::kernels {

namespace detail {

// Of the matrix of patches, so many rows at a time: enough of them that what they are multiplied with is read seldom.
inline constexpr std::size_t patch_rows = 96;

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

/// Rows [k, k + rows) of the matrix of patches times y^T, over all places and images.
template <class T>
void convolve_weight_rows(const convolution& of, const T* x, const T* y, const matrix_ref<T>& w, std::size_t group, std::size_t k,
                          std::size_t rows) {
    const auto taps = of.over.taps(), channel = k / taps, channels = (k + rows - 1) / taps + 1 - channel;
    const auto bands = window_bands<T>{of.over, channels, 1};
    const auto row = panel_row<T>(std::min(block_depth<T>(), of.over.out()));
    const auto panel = memory::scratch<T>{rows * row + simd::width<T>};
    auto pieces = runs{};
    auto add = false;
    for (auto number = std::size_t{0}; number < bands.count(); ++number) {
        const auto band = bands.band(number);
        const auto layout = plane_layout{band};
        const auto along = even_parts{band.out(), block_depth<T>()};
        auto planes = channel_planes<T>{layout, channels};
        for (auto image = std::size_t{0}; image < of.batch; ++image) {
            planes.read(of.x_of(x, image, group, channel), channels);
            const auto places = row_major(of.y_of(y, image, group), of.out, of.over.out());
            for (auto part = std::size_t{0}; part < along.count(); ++part, add = true) {
                const auto columns = along.size(part);
                layout.find_runs(along.begin(part), columns, pieces);
                for (auto i = std::size_t{0}; i < rows; ++i)
                    copy_runs(pieces, planes.plane((k + i) / taps - channel) + layout.tap((k + i) % taps), panel.data() + i * row);
                const auto patches = matrix_ref<const T>{panel.data(), rows, columns, static_cast<std::ptrdiff_t>(row), 1};
                gemm<T>(patches, places.block(0, bands.begin(number) + along.begin(part), of.out, columns).transposed(),
                        w.block(0, k, of.out, rows).transposed(), add);
            }
        }
    }
}

}  // namespace detail

/// x += the transposed convolution of y: what each element of y is multiplied with gets it back.
template <class T>
void add_convolved_input(const convolution& of, const T* w, const T* y, T* x) {
    const auto pairs = of.batch * of.groups;
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
        for (auto i = begin; i < end; ++i) {
            const auto chunk = i % chunks.count(), group = i / chunks.count();
            detail::convolve_weight_rows<T>(of, x, y, of.weight_of(w, group), group, chunks.begin(chunk), chunks.size(chunk));
        }
    });
}

}  // namespace xgrad::kernels
