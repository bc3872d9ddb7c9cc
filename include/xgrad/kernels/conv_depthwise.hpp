// Convolutions in which each channel stands alone: no product of matrices, but sums along the rows of a plane.
#pragma once

#include <xgrad/core/config.hpp>
#include <xgrad/core/memory.hpp>
#include <xgrad/core/parallel.hpp>
#include <xgrad/core/simd.hpp>
#include <xgrad/kernels/conv_sizes.hpp>
#include <xgrad/kernels/planes.hpp>

#include <algorithm>
#include <cstddef>

namespace xgrad::inline XGRAD_ABI::kernels {

namespace detail {

/// How many channels pay for one more thread.
inline std::size_t depthwise_grain(const convolution& of) {
    return light_grain / std::max<std::size_t>(1, of.over.out() * of.over.taps() * of.out / 4) + 1;
}

/// So many vectors of a row of the result, of which the last has `last` elements.
template <std::size_t V, class T, class Epilogue>
XGRAD_ALWAYS_INLINE void depthwise_vectors(const plane_layout& layout, const T* from, const T* w, T* to, std::size_t last,
                                           const Epilogue& after, std::size_t channel, std::size_t element) {
    constexpr auto width = simd::width<T>;
    simd::batch<T> sum[V];
    XGRAD_UNROLL
    for (auto v = std::size_t{0}; v < V; ++v) sum[v] = simd::batch<T>(T{0});
    const auto taps = layout.over().taps();
    for (auto k = std::size_t{0}; k < taps; ++k) {
        const auto weight = simd::batch<T>(w[k]);
        const auto* const place = from + layout.tap(k);
        XGRAD_UNROLL
        for (auto v = std::size_t{0}; v < V; ++v) sum[v] = simd::fma(weight, simd::load(place + v * width), sum[v]);
    }
    XGRAD_UNROLL
    for (auto v = std::size_t{0}; v < V; ++v) {
        const auto count = v < V - 1 ? width : last;
        simd::store_up_to(to + v * width, simd::batch<T>(after(sum[v], channel, element + v * width, count)), count);
    }
}

}  // namespace detail

template <class T, class Epilogue>
void convolve_depthwise(const convolution& of, const T* x, const T* w, T* y, const Epilogue& after) {
    constexpr auto width = simd::width<T>;
    const auto layout = plane_layout{of.over};
    const auto taps = of.over.taps(), columns = of.over.axes[2].out, rows = of.over.axes[0].out * of.over.axes[1].out;
    parallel_for(of.batch * of.groups, detail::depthwise_grain(of), [&](std::size_t begin, std::size_t end) {
        const auto plane = memory::scratch<T>{layout.size() + 4 * width};
        std::fill_n(plane.data() + layout.size(), 4 * width, T{0});
        for (auto pair = begin; pair < end; ++pair) {
            const auto image = pair / of.groups, group = pair % of.groups;
            read_plane(layout, of.x_of(x, image, group), plane.data(), T{0});
            for (auto channel = group * of.out; channel < (group + 1) * of.out; ++channel) {
                const auto* const weight = w + channel * taps;
                auto* const target = of.y_of(y, image, group, channel - group * of.out);
                for (auto row = std::size_t{0}; row < rows; ++row)
                    for (auto j = std::size_t{0}; j < columns;) {
                        const auto* const from = plane.data() + layout.row(row) + j;
                        auto* const to = target + row * columns + j;
                        const auto left = columns - j, element = static_cast<std::size_t>(to - y);
                        if (left > 3 * width) {
                            detail::depthwise_vectors<4>(layout, from, weight, to, std::min(left - 3 * width, width), after, channel, element);
                            j += 4 * width;
                        } else if (left > width) {
                            detail::depthwise_vectors<2>(layout, from, weight, to, std::min(left - width, width), after, channel, element);
                            j += 2 * width;
                        } else {
                            detail::depthwise_vectors<1>(layout, from, weight, to, left, after, channel, element);
                            j += width;
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
                for (auto row = std::size_t{0}; row < rows; ++row)
                    for (auto k = std::size_t{0}; k < taps; ++k) {
                        const auto weight = simd::batch<T>(w[(group * of.out + channel) * taps + k]);
                        const auto* const from = of.y_of(y, image, group, channel) + row * columns;
                        auto* const to = plane.data() + layout.row(row) + layout.tap(k);
                        for (auto j = std::size_t{0}; j < columns; j += width) {
                            const auto count = columns - j;
                            simd::store_up_to(to + j, simd::fma(weight, simd::load_up_to(from + j, count), simd::load_up_to(to + j, count)), count);
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

}  // namespace detail

/// w = the sums over images and places of y times x.
template <class T>
void convolve_depthwise_weight(const convolution& of, const T* x, const T* y, T* w) {
    using batch = simd::batch<T>;
    const auto layout = plane_layout{of.over};
    const auto taps = of.over.taps(), columns = of.over.axes[2].out, rows = of.over.axes[0].out * of.over.axes[1].out;
    parallel_for(of.groups, detail::depthwise_grain(of), [&](std::size_t begin, std::size_t end) {
        const auto plane = memory::scratch<T>{layout.size()};
        const auto sums = memory::scratch<batch>{taps};
        std::fill_n(w + begin * of.out * taps, (end - begin) * of.out * taps, T{0});
        for (auto group = begin; group < end; ++group)
            for (auto image = std::size_t{0}; image < of.batch; ++image) {
                read_plane(layout, of.x_of(x, image, group), plane.data(), T{0});
                for (auto channel = std::size_t{0}; channel < of.out; ++channel) {
                    std::fill_n(sums.data(), taps, batch(T{0}));
                    for (auto row = std::size_t{0}; row < rows; ++row)
                        detail::add_row_products(layout, plane.data() + layout.row(row), of.y_of(y, image, group, channel) + row * columns,
                                                 sums.data());
                    auto* const target = w + (group * of.out + channel) * taps;
                    for (auto k = std::size_t{0}; k < taps; ++k)
                        target[k] += simd::fold(sums.data()[k], [](const auto& a, const auto& b) { return batch(a + b); });
                }
            }
    });
}

}  // namespace xgrad::kernels
