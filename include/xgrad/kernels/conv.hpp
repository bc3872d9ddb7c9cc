// Convolutions as matrix products, in one, two and three dimensions. The matrix of patches never exists: the tiles read a few
// planes at a time, or a panel of patches is made from these, in the caches, when the product comes to it.
//
//     y = w patches(x)      dx = patches^T(w^T dy)      dw = dy patches(x)^T
//     x: (batch, groups, in, ...)  w: (groups, out, in, taps)  y: (batch, groups, out, ...)
//
// All parts are cut by sizes alone, and each element is summed up in one part: no result depends on the threads.
#pragma once

#include <xgrad/core/config.hpp>
#include <xgrad/core/memory.hpp>
#include <xgrad/core/parallel.hpp>
#include <xgrad/core/simd.hpp>
#include <xgrad/kernels/conv_bands.hpp>
#include <xgrad/kernels/conv_depthwise.hpp>
#include <xgrad/kernels/conv_direct.hpp>
#include <xgrad/kernels/conv_pointwise.hpp>
#include <xgrad/kernels/conv_sizes.hpp>
#include <xgrad/kernels/conv_turned.hpp>
#include <xgrad/kernels/gemm.hpp>
#include <xgrad/kernels/gemm_blocks.hpp>
#include <xgrad/kernels/matrix_ref.hpp>
#include <xgrad/kernels/planes.hpp>
#include <xgrad/kernels/window.hpp>

#include <algorithm>
#include <cstddef>
#include <optional>

namespace xgrad::inline XGRAD_ABI::kernels {

namespace detail {

// Of the patches made from planes, so many bytes at a time.
inline constexpr std::size_t panel_bytes = std::size_t{1} << 16;

template <class T>
std::size_t panel_columns(std::size_t depth) {
    return std::max<std::size_t>(1, panel_bytes / (sizeof(T) * std::max<std::size_t>(1, depth) * max_width<T>)) * max_width<T>;
}

/// The epilogue at some channels and windows of an image: row 0 is of channel `channel`, its column 0 is element number
/// `element` of y, and each channel has `windows` windows.
template <class Epilogue>
struct epilogue_at_place {
    const Epilogue& function;
    std::size_t channel, element, windows;

    template <class T>
    simd::batch<T> operator()(const simd::batch<T>& value, std::size_t row, std::size_t column, std::size_t count) const {
        return function(value, channel + row, element + row * windows + column, count);
    }
};

/// One band of one group of one image.
template <class T, class Epilogue>
void convolve_band(const convolution& of, const window& band, const T* x, const matrix_ref<const T>& weight, const matrix_ref<T>& y,
                   const Epilogue& after) {
    const auto layout = plane_layout{band};
    const auto taps = band.taps(), count = band.out();
    const auto along_k = even_parts{weight.cols, block_depth<T>()};
    const auto depth = along_k.size(0), most = std::min(panel_columns<T>(depth), count), row = panel_row<T>(most);
    auto planes = channel_planes<T>{layout, std::min(of.in, (depth + taps - 1) / taps + 1)};
    const auto panel = memory::scratch<T>{depth * row + simd::width<T>};
    auto pieces = runs{};
    for (auto part = std::size_t{0}; part < along_k.count(); ++part) {
        const auto k = along_k.begin(part), size = along_k.size(part), channel = k / taps;
        planes.read(x + channel * band.in(), size == 0 ? 0 : (k + size - 1) / taps + 1 - channel);
        for (auto j = std::size_t{0}; j < count; j += most) {
            const auto columns = std::min(most, count - j);
            layout.find_runs(j, columns, pieces);
            for (auto i = std::size_t{0}; i < size; ++i)
                copy_runs(pieces, planes.plane((k + i) / taps - channel) + layout.tap((k + i) % taps), panel.data() + i * row);
            const auto patches = matrix_ref<const T>{panel.data(), size, columns, static_cast<std::ptrdiff_t>(row), 1};
            const auto w = weight.block(0, k, weight.rows, size);
            const auto target = y.block(0, j, y.rows, columns);
            if (part + 1 == along_k.count()) gemm<T>(w, patches, target, part != 0, after);
            else gemm<T>(w, patches, target, part != 0);
        }
    }
}

/// Ways to convolve: through patches, a panel of them after the other; on planes, with vectors along a row of windows; or,
/// turned, with vectors along the channels of the result.
enum class conv_way { patches, direct, turned };

/// The cheapest way, in multiply-adds of vectors. Lanes between the rows of windows cost as much as others; putting a vector of
/// windows in its place, or copying one of patches, as much as twelve (by a profile of 32 channels of 14 x 14); and an element
/// of the weight, to transpose it, a half.
template <class T>
conv_way choose_way(const convolution& of) {
    constexpr auto width = simd::width<T>, extra = std::size_t{12};
    if (of.over.is_pointwise() || of.over.out() == 0 || of.batch == 0) return conv_way::patches;
    const auto vectors_of = [](std::size_t size) { return (size + width - 1) / width; };
    const auto out = of.over.out(), depth = of.depth();
    const auto patches = vectors_of(out) * depth * (of.out + extra);
    const auto direct = covering{plane_layout{of.over}, width}.count() * of.out * (depth + extra);
    const auto turned = out * vectors_of(of.out) * (depth + extra) + of.out * depth / (2 * of.batch);
    if (turned + turned / 32 < std::min(direct, patches)) return conv_way::turned;
    return direct <= patches ? conv_way::direct : conv_way::patches;
}

/// y = after(w patches(x), ...), see `convolve`, w by `weight_ref_of(group)`, in order for the way through patches. Where images, groups and
/// bands are too few for the threads, the channels of y are cut, too.
template <class T, class Epilogue, class Weight>
void convolve_by(const convolution& of, const T* x, T* y, const Epilogue& after, conv_way way, const Weight& weight_ref_of) {
    const auto direct = way == conv_way::direct;
    const auto pairs = of.batch * of.groups;
    const auto threads = static_cast<std::size_t>(num_threads());
    const auto wanted = threads == 1 || pairs >= 2 * threads ? 1 : 2 * threads;
    const auto channels = direct_channels<T>(of);
    const auto depth = direct ? std::min(of.in, channels) + (channels < of.in ? of.out : 0) : std::min(of.in, block_depth<T>() / of.over.taps() + 2);
    const auto pointwise = of.over.is_pointwise();
    // A weight that one image reads is transposed a panel at a time, by the thread that reads it.
    const auto alone = way == conv_way::turned && of.batch == 1 && of.out >= wanted * max_width<T>;
    const auto bands = window_bands<T>{of.over, depth, alone ? 1 : direct ? std::clamp<std::size_t>(of.over.out() / (4 * max_width<T>), 1, wanted) : wanted};
    const auto in_panels = alone && bands.count() == 1;
    const auto work = of.out * of.depth() * of.over.out();
    const auto cuts = even_parts{of.out, direct ? std::max(of.out * bands.count() / wanted, 4 * max_rows)
                                         : in_panels ? (of.out / wanted + max_width<T> - 1) / max_width<T> * max_width<T> : of.out};
    auto turned = std::optional<turned_weights<T>>{};
    if (way == conv_way::turned && !in_panels) turned.emplace(of, weight_ref_of);
    const auto one = [&](std::size_t pair, std::size_t number, std::size_t cut) {
        const auto image = pair / of.groups, group = pair % of.groups, first = cuts.begin(cut);
        const auto* const source = of.x_of(x, image, group);
        const auto windows = of.over.out(), column = pointwise ? 0 : bands.begin(number);
        const auto all = row_major(of.y_of(y, image, group), of.out, windows);
        const auto epilogue = epilogue_at_place<Epilogue>{after, group * of.out + first, (pair * of.out + first) * windows + column, windows};
        auto weight = weight_ref_of(group);
        if (pointwise) {
            const auto seen = seen_elements<T>{of.over, of.in, source};
            return gemm<T>(row_major(weight.data, of.out, of.in), row_major(seen.data(), of.in, windows), all, false, epilogue);
        }
        const auto band = bands.band(number);
        const auto target = all.block(first, column, cuts.size(cut), band.out());
        if (way == conv_way::patches) return convolve_band<T>(of, band, source, row_major(weight.data, of.out, of.depth()), target, epilogue);
        weight = rows_from(weight, first);
        if (direct) return convolve_directly<T>(of, band, source, weight, target, epilogue);
        convolve_turned<T>(of, band, source, turned ? turned->of_group(group) : nullptr, weight, target, epilogue);
    };
    const auto count = pointwise ? 1 : bands.count() * cuts.count();
    const auto grain = work_per_thread / std::max<std::size_t>(1, work / count) + 1;
    if (pointwise && pairs < 2 * threads) {   // the product itself has threads
        for (auto pair = std::size_t{0}; pair < pairs; ++pair) one(pair, 0, 0);
        return;
    }
    parallel_for(pairs * count, grain, [&](std::size_t begin, std::size_t end) {
        for (auto i = begin; i < end; ++i) one(i / count, i % count / cuts.count(), i % cuts.count());
    });
}

}  // namespace detail

/// y = after(w patches(x), channel, element, count): for a vector of sums, of which the first is element number `element` of y,
/// that the epilogue has to do with `count` of them, or all if there are more, and with their channel, of those of all groups.
template <class T, class Epilogue>
void convolve(const convolution& of, const T* x, const T* w, T* y, const Epilogue& after) {
    if (of.batch * of.groups == 0 || of.over.out() == 0 || of.out == 0) return;
    if (of.is_depthwise()) return convolve_depthwise(of, x, w, y, after);
    detail::convolve_by(of, x, y, after, detail::choose_way<T>(of), [&](std::size_t group) { return detail::weight_in_order(of, w, group); });
}

}  // namespace xgrad::kernels
