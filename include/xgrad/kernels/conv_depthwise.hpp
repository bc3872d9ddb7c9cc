// Convolutions in which each channel stands alone: no product of matrices, but sums along the rows of a plane.
#pragma once

#include <xgrad/core/config.hpp>
#include <xgrad/core/memory.hpp>
#include <xgrad/core/parallel.hpp>
#include <xgrad/core/simd.hpp>
#include <xgrad/kernels/conv_sizes.hpp>
#include <xgrad/kernels/gemm_tile.hpp>
#include <xgrad/kernels/planes.hpp>

#include <algorithm>
#include <cstddef>

namespace xgrad::inline XGRAD_ABI::kernels {

namespace detail {

/// How many channels pay for one more thread.
inline std::size_t depthwise_grain(const convolution& of) {
    return light_grain / std::max<std::size_t>(1, of.over.out() * of.over.taps() * of.out / 4) + 1;
}

/// Whether windows have three rows of taps, one line of the plane below the other, and rows of windows are as close: then what
/// is read of a line counts for three rows of windows.
inline bool has_three_lines(const window& over) {
    const auto& lines = over.axes[1];
    return lines.kernel == 3 && lines.stride == 1 && lines.dilation == 1;
}

/// sums(R, V vectors): of each of R rows of windows, V vectors of them. The taps are taken K rows of them at a time; where R
/// or K is not 1, these and the rows of windows are one line of the plane apart.
template <std::size_t K, std::size_t R, std::size_t V, class T>
XGRAD_NOINLINE void depthwise_sums(const plane_layout& layout, const T* from, const T* w, T* sums) {
    using batch = simd::batch<T>;
    constexpr auto width = simd::width<T>;
    const auto columns = layout.over().axes[2].kernel, pitch = layout.pitch();
    batch sum[R][V];
    XGRAD_UNROLL
    for (auto r = std::size_t{0}; r < R; ++r) {
        XGRAD_UNROLL
        for (auto v = std::size_t{0}; v < V; ++v) sum[r][v] = batch(T{0});
    }
    for (auto first = std::size_t{0}; first < layout.over().taps(); first += K * columns)
        for (auto column = std::size_t{0}; column < columns; ++column) {
            const auto* const place = from + layout.tap(first + column);
            batch weight[K];
            XGRAD_UNROLL
            for (auto k = std::size_t{0}; k < K; ++k) weight[k] = batch(w[first + k * columns + column]);
            XGRAD_UNROLL
            for (auto line = std::size_t{0}; line < R + K - 1; ++line) {
                XGRAD_UNROLL
                for (auto v = std::size_t{0}; v < V; ++v) {
                    const auto x = simd::load(place + line * pitch + v * width);
                    XGRAD_UNROLL
                    for (auto k = std::size_t{0}; k < K; ++k)
                        if (k <= line && line - k < R) sum[line - k][v] = simd::fma(weight[k], x, sum[line - k][v]);
                }
            }
        }
    XGRAD_UNROLL
    for (auto r = std::size_t{0}; r < R; ++r) {
        XGRAD_UNROLL
        for (auto v = std::size_t{0}; v < V; ++v) simd::store(sums + (r * V + v) * width, sum[r][v]);
    }
}

/// R rows of the result of one channel.
template <std::size_t K, std::size_t R, class T, class Epilogue>
void depthwise_rows(const plane_layout& layout, const T* from, const T* w, T* to, const Epilogue& after, std::size_t channel, std::size_t element) {
    constexpr auto width = simd::width<T>, widest = R == 1 ? std::size_t{4} : max_vectors;
    const auto columns = layout.over().axes[2].out;
    alignas(64) T sums[R * widest * width];
    for (auto j = std::size_t{0}, vectors = std::size_t{0}; j < columns; j += vectors * width) {
        const auto left = (columns - j + width - 1) / width;
        vectors = left >= widest ? widest : left >= 2 ? 2 : 1;
        if (vectors == widest) depthwise_sums<K, R, widest>(layout, from + j, w, sums);
        else if (vectors == 2) depthwise_sums<K, R, 2>(layout, from + j, w, sums);
        else depthwise_sums<K, R, 1>(layout, from + j, w, sums);
        for (auto r = std::size_t{0}; r < R; ++r)
            for (auto v = std::size_t{0}; v < vectors; ++v) {
                const auto at = r * columns + j + v * width, count = std::min(width, columns - j - v * width);
                const auto sum = simd::load(sums + (r * vectors + v) * width);
                simd::store_up_to(to + at, simd::batch<T>(after(sum, channel, element + at, count)), count);
            }
    }
}

}  // namespace detail

template <class T, class Epilogue>
void convolve_depthwise(const convolution& of, const T* x, const T* w, T* y, const Epilogue& after) {
    constexpr auto block = std::size_t{4};
    const auto layout = plane_layout{of.over};
    const auto &lines = of.over.axes[1], &columns = of.over.axes[2];
    const auto taps = of.over.taps(), blocks = detail::has_three_lines(of.over) ? lines.out / block * block : 0;
    parallel_for(of.batch * of.groups, detail::depthwise_grain(of), [&](std::size_t begin, std::size_t end) {
        auto plane = detail::channel_planes<T>{layout, 1, T{0}, 4 * simd::width<T>};
        for (auto pair = begin; pair < end; ++pair) {
            const auto image = pair / of.groups, group = pair % of.groups;
            plane.read(of.x_of(x, image, group));
            for (auto channel = group * of.out; channel < (group + 1) * of.out; ++channel) {
                auto* const target = of.y_of(y, image, group, channel - group * of.out);
                for (auto row = std::size_t{0}; row < of.over.out() / columns.out;) {
                    const auto* const from = plane.plane() + layout.row(row);
                    auto* const to = target + row * columns.out;
                    const auto element = static_cast<std::size_t>(to - y);
                    if (row % lines.out < blocks) {
                        detail::depthwise_rows<3, block>(layout, from, w + channel * taps, to, after, channel, element);
                        row += block;
                    } else {
                        detail::depthwise_rows<1, 1>(layout, from, w + channel * taps, to, after, channel, element);
                        row += 1;
                    }
                }
            }
        }
    });
}

/// x += the transposed convolution of y.
template <class T>
void add_depthwise_input(const convolution& of, const T* w, const T* y, T* x) {
    constexpr auto width = simd::width<T>;
    const auto layout = plane_layout{of.over};
    const auto taps = of.over.taps(), columns = of.over.axes[2].out, rows = of.over.axes[0].out * of.over.axes[1].out;
    parallel_for(of.batch * of.groups, detail::depthwise_grain(of), [&](std::size_t begin, std::size_t end) {
        const auto plane = memory::scratch<T>{layout.size()};
        for (auto pair = begin; pair < end; ++pair) {
            const auto image = pair / of.groups, group = pair % of.groups;
            std::fill_n(plane.data(), layout.size(), T{0});
            for (auto channel = std::size_t{0}; channel < of.out; ++channel)
                for (auto row = std::size_t{0}; row < rows; ++row) {
                    const auto* const from = of.y_of(y, image, group, channel) + row * columns;
                    auto* const first = plane.data() + layout.row(row);
                    for (auto k = std::size_t{0}; k < taps; ++k) {
                        const auto weight = simd::batch<T>(w[(group * of.out + channel) * taps + k]);
                        auto* const to = first + layout.tap(k);
                        for (auto j = std::size_t{0}; j < columns; j += width) {
                            const auto count = columns - j;
                            simd::store_up_to(to + j, simd::fma(weight, simd::load_up_to(from + j, count), simd::load_up_to(to + j, count)), count);
                        }
                    }
                }
            add_plane(layout, plane.data(), of.x_of(x, image, group));
        }
    });
}

namespace detail {

/// sums[k] += y of a row times what tap k sees.
template <class T>
void add_row_products(const plane_layout& layout, const T* plane, const T* y, simd::batch<T>* sums) {
    constexpr auto width = simd::width<T>;
    const auto taps = layout.over().taps(), columns = layout.over().axes[2].out;
    for (auto j = std::size_t{0}; j < columns; j += width) {
        const auto count = columns - j;
        const auto value = simd::load_up_to(y + j, count);
        for (auto k = std::size_t{0}; k < taps; ++k)
            sums[k] = simd::fma(value, simd::load_up_to(plane + layout.tap(k) + j, count), sums[k]);
    }
}

/// sums[k] += y of all rows times what tap k, of the nine from `plane` on, sees; `read(from)` reads the elements of some
/// columns. Nine sums stay in registers, and so do three rows of y, for which a line of the plane counts.
template <class T, class Read>
XGRAD_ALWAYS_INLINE void add_products_by_lines(const plane_layout& layout, const T* plane, const T* y, simd::batch<T>* sums, const Read& read) {
    using batch = simd::batch<T>;
    const auto& [outer, lines, columns] = layout.over().axes;
    batch sum[9], rows[3] = {batch(T{0}), batch(T{0}), batch(T{0})};
    XGRAD_UNROLL
    for (auto k = std::size_t{0}; k < 9; ++k) sum[k] = sums[k];
    const std::size_t taps[3] = {layout.tap(0), layout.tap(1), layout.tap(2)};
    for (auto line = std::size_t{0}; line < lines.out + 2; ++line, plane += layout.pitch(), y += columns.out) {
        rows[2] = rows[1];
        rows[1] = rows[0];
        rows[0] = line < lines.out ? read(y) : batch(T{0});
        XGRAD_UNROLL
        for (auto column = std::size_t{0}; column < 3; ++column) {
            const auto x = read(plane + taps[column]);
            XGRAD_UNROLL
            for (auto k = std::size_t{0}; k < 3; ++k) sum[k * 3 + column] = simd::fma(rows[k], x, sum[k * 3 + column]);
        }
    }
    XGRAD_UNROLL
    for (auto k = std::size_t{0}; k < 9; ++k) sums[k] = sum[k];
}

/// The same for all places of one plane, whose windows have three lines of three taps.
template <class T>
XGRAD_NOINLINE void add_plane_products(const plane_layout& layout, const T* plane, const T* y, simd::batch<T>* sums) {
    constexpr auto width = simd::width<T>;
    const auto& [outer, lines, columns] = layout.over().axes;
    for (auto slice = std::size_t{0}; slice < outer.out; ++slice)
        for (auto tap = std::size_t{0}; tap < outer.kernel; ++tap) {
            const auto* const from = plane + layout.row(slice * lines.out) + layout.tap(tap * 9);
            const auto* const factor = y + slice * lines.out * columns.out;
            for (auto j = std::size_t{0}; j < columns.out; j += width) {
                const auto count = columns.out - j;
                if (count >= width) add_products_by_lines(layout, from + j, factor + j, sums + tap * 9, [](const T* place) XGRAD_INLINED { return simd::load(place); });
                else add_products_by_lines(layout, from + j, factor + j, sums + tap * 9, [count](const T* place) XGRAD_INLINED { return simd::load_partial(place, count); });
            }
        }
}

}  // namespace detail

/// w = the sums over images and places of y times x.
template <class T>
void convolve_depthwise_weight(const convolution& of, const T* x, const T* y, T* w) {
    using batch = simd::batch<T>;
    const auto layout = plane_layout{of.over};
    const auto taps = of.over.taps(), columns = of.over.axes[2].out, rows = of.over.out() / columns;
    const auto by_lines = detail::has_three_lines(of.over) && of.over.axes[2].kernel == 3;
    parallel_for(of.groups, detail::depthwise_grain(of), [&](std::size_t begin, std::size_t end) {
        auto plane = detail::channel_planes<T>{layout};
        const auto sums = memory::scratch<batch>{taps};
        std::fill_n(w + begin * of.out * taps, (end - begin) * of.out * taps, T{0});
        for (auto group = begin; group < end; ++group)
            for (auto image = std::size_t{0}; image < of.batch; ++image) {
                plane.read(of.x_of(x, image, group));
                for (auto channel = std::size_t{0}; channel < of.out; ++channel) {
                    const auto* const factor = of.y_of(y, image, group, channel);
                    std::fill_n(sums.data(), taps, batch(T{0}));
                    if (by_lines) detail::add_plane_products(layout, plane.plane(), factor, sums.data());
                    else
                        for (auto row = std::size_t{0}; row < rows; ++row)
                            detail::add_row_products(layout, plane.plane() + layout.row(row), factor + row * columns, sums.data());
                    auto* const target = w + (group * of.out + channel) * taps;
                    for (auto k = std::size_t{0}; k < taps; ++k)
                        target[k] += simd::fold(sums.data()[k], [](const auto& a, const auto& b) { return batch(a + b); });
                }
            }
    });
}

}  // namespace xgrad::kernels
