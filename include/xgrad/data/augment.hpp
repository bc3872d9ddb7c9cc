// Pictures changed at random, for `data::transform`: the last two axes are height and width.
//
//     data::transform(train, [](auto x, auto y, xg::generator& numbers) {
//         x = data::random_crop(data::random_flip(x, numbers), {.padding = 4}, numbers);
//         return std::tuple{data::normalize(x, {0.5}, {0.25}), y};
//     });
#pragma once

#include <xgrad/autograd/record.hpp>
#include <xgrad/autograd/tensor.hpp>
#include <xgrad/core/cmath.hpp>
#include <xgrad/core/config.hpp>
#include <xgrad/core/dtype.hpp>
#include <xgrad/core/error.hpp>
#include <xgrad/core/random.hpp>
#include <xgrad/core/shape.hpp>

#include <algorithm>
#include <cstddef>
#include <numbers>
#include <vector>

namespace xgrad::inline XGRAD_ABI::data {

namespace detail {

struct planes_of {
    std::size_t count, height, width;
};

/// Throws `rank_error` for fewer than two axes.
XGRAD_ON_DEMAND planes_of planes_in(const char* where, const shape& sizes) {
    const auto rank = sizes.rank();
    if (rank < 2) fail<rank_error>(where, "the shape is ", sizes, "; the last two axes are height and width");
    auto count = std::size_t{1};
    for (auto axis = std::size_t{0}; axis + 2 < rank; ++axis) count *= sizes[axis];
    return {count, sizes[rank - 2], sizes[rank - 1]};
}

/// A picture of that height and width whose pixel (plane, row, column) is what `pixel` says.
template <element T, class Pixel>
tensor<T> picture_of(shape sizes, std::size_t height, std::size_t width, const Pixel& pixel) {
    const auto planes = planes_in("picture", sizes);
    sizes[sizes.rank() - 2] = height;
    sizes[sizes.rank() - 1] = width;
    auto y = xgrad::detail::make_result<T>(sizes);
    auto* to = xgrad::detail::access::elements(y);
    for (auto p = std::size_t{0}; p < planes.count; ++p)
        for (auto i = std::size_t{0}; i < height; ++i)
            for (auto j = std::size_t{0}; j < width; ++j) *to++ = pixel(p, i, j);
    return y;
}

template <element T, class Pixel>
tensor<T> picture_like(const basic_tensor<T>& x, const Pixel& pixel) {
    const auto& sizes = xgrad::detail::shape_of(x);
    const auto planes = planes_in("picture", sizes);
    return picture_of<T>(sizes, planes.height, planes.width, pixel);
}

/// The elements of x by plane, row and column; 0 outside.
template <element T>
class pixels_of {
public:
    explicit pixels_of(const basic_tensor<T>& x)
        : m_planes{planes_in("picture", xgrad::detail::shape_of(x))}, m_from{x.data()} {}

    std::size_t height() const { return m_planes.height; }
    std::size_t width() const { return m_planes.width; }
    T operator()(std::size_t plane, std::ptrdiff_t row, std::ptrdiff_t column) const {
        if (row < 0 || column < 0 || row >= static_cast<std::ptrdiff_t>(height()) ||
            column >= static_cast<std::ptrdiff_t>(width()))
            return T{};
        return m_from[(plane * height() + static_cast<std::size_t>(row)) * width() + static_cast<std::size_t>(column)];
    }

private:
    planes_of m_planes;
    const T* m_from;
};

}  // namespace detail

/// (x - mean[c]) / deviation[c] in channel c, the third axis from the end; one number of each serves all channels.
/// Throws `value_error` for other counts, and for a deviation of 0.
template <real T, std::size_t N>
tensor<T, N> normalize(const tensor<T, N>& x, const std::vector<double>& mean, const std::vector<double>& deviation) {
    const auto channels = x.rank() > 2 ? x.shape(-3) : 1;
    for (const auto* const each : {&mean, &deviation})
        if (each->size() != 1 && each->size() != channels)
            fail<value_error>("normalize", each->size(), " numbers for ", channels,
                              " channels; one for each, or one for all");
    if (std::find(deviation.begin(), deviation.end(), 0.0) != deviation.end())
        fail<value_error>("normalize", "a deviation is 0");
    const auto of = [&](const auto& list, std::size_t plane) {
        return static_cast<T>(list[list.size() == 1 ? 0 : plane % channels]);
    };
    const auto* from = x.data();
    return detail::picture_like<T>(
        x, [&](std::size_t p, std::size_t, std::size_t) { return (*from++ - of(mean, p)) / of(deviation, p); });
}

/// The picture, or with that probability its mirror image, left and right exchanged.
template <element T, std::size_t N>
tensor<T, N> random_flip(const tensor<T, N>& x, generator& numbers, double probability = 0.5) {
    if (!(numbers.uniform<double>() < probability)) return x;
    const auto from = detail::pixels_of<T>{x};
    const auto last = static_cast<std::ptrdiff_t>(from.width()) - 1;
    return detail::picture_like<T>(x, [&](std::size_t p, std::size_t i, std::size_t j) {
        return from(p, static_cast<std::ptrdiff_t>(i), last - static_cast<std::ptrdiff_t>(j));
    });
}

struct random_crop_options {
    std::size_t padding = 0;              ///< zeros around the picture
    std::size_t height = 0, width = 0;    ///< of the part; 0: of the picture
};

/// A part of the padded picture, at a place that is drawn. Throws `shape_error` for one larger than it.
template <element T, std::size_t N>
tensor<T, N> random_crop(const tensor<T, N>& x, random_crop_options options, generator& numbers) {
    const auto from = detail::pixels_of<T>{x};
    const auto height = options.height == 0 ? from.height() : options.height,
               width = options.width == 0 ? from.width() : options.width;
    const auto rows = from.height() + 2 * options.padding, columns = from.width() + 2 * options.padding;
    if (height > rows || width > columns)
        fail<shape_error>("random_crop", height, " x ", width, " of ", rows, " x ", columns, " pixels");
    const auto top =
        static_cast<std::ptrdiff_t>(numbers.below(rows - height + 1)) - static_cast<std::ptrdiff_t>(options.padding);
    const auto left =
        static_cast<std::ptrdiff_t>(numbers.below(columns - width + 1)) - static_cast<std::ptrdiff_t>(options.padding);
    return detail::picture_of<T>(
        xgrad::detail::shape_of(x), height, width, [&](std::size_t p, std::size_t i, std::size_t j) {
            return from(p, top + static_cast<std::ptrdiff_t>(i), left + static_cast<std::ptrdiff_t>(j));
        });
}

/// The picture turned about its middle by an angle in [-degrees, degrees], between pixels linearly; 0 comes in from
/// outside.
template <real T, std::size_t N>
tensor<T, N> random_rotate(const tensor<T, N>& x, double degrees, generator& numbers) {
    const auto angle = (2 * numbers.uniform<double>() - 1) * degrees * std::numbers::pi / 180;
    const auto c = std::cos(angle), s = std::sin(angle);
    const auto from = detail::pixels_of<T>{x};
    const auto middle_row = (static_cast<double>(from.height()) - 1) / 2,
               middle_column = (static_cast<double>(from.width()) - 1) / 2;
    return detail::picture_like<T>(x, [&](std::size_t p, std::size_t i, std::size_t j) {
        const auto v = static_cast<double>(i) - middle_row, u = static_cast<double>(j) - middle_column;
        const auto row = s * u + c * v + middle_row, column = c * u - s * v + middle_column;
        const auto top = static_cast<std::ptrdiff_t>(std::floor(row)),
                   left = static_cast<std::ptrdiff_t>(std::floor(column));
        const auto b = static_cast<T>(row - std::floor(row)), a = static_cast<T>(column - std::floor(column));
        return (1 - b) * ((1 - a) * from(p, top, left) + a * from(p, top, left + 1)) +
               b * ((1 - a) * from(p, top + 1, left) + a * from(p, top + 1, left + 1));
    });
}

/// The picture with a square of zeros, `size` pixels wide, about a pixel that is drawn, as far as it lies within.
/// T. DeVries and G. W. Taylor, "Improved regularization of convolutional neural networks with cutout", 2017.
template <element T, std::size_t N>
tensor<T, N> cutout(const tensor<T, N>& x, std::size_t size, generator& numbers) {
    const auto from = detail::pixels_of<T>{x};
    if (from.height() == 0 || from.width() == 0) return x;
    const auto top = static_cast<std::ptrdiff_t>(numbers.below(from.height())) - static_cast<std::ptrdiff_t>(size / 2);
    const auto left = static_cast<std::ptrdiff_t>(numbers.below(from.width())) - static_cast<std::ptrdiff_t>(size / 2);
    return detail::picture_like<T>(x, [&](std::size_t p, std::size_t i, std::size_t j) {
        const auto row = static_cast<std::ptrdiff_t>(i), column = static_cast<std::ptrdiff_t>(j),
                   wide = static_cast<std::ptrdiff_t>(size);
        const auto within = row >= top && row < top + wide && column >= left && column < left + wide;
        return within ? T{} : from(p, row, column);
    });
}

}  // namespace xgrad::data
