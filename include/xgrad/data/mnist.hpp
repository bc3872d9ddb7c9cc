// MNIST, and the data sets that come in its files: Fashion-MNIST, KMNIST.
#pragma once

#include <xgrad/autograd/record.hpp>
#include <xgrad/autograd/tensor.hpp>
#include <xgrad/core/config.hpp>
#include <xgrad/core/dtype.hpp>
#include <xgrad/core/error.hpp>
#include <xgrad/core/file.hpp>
#include <xgrad/core/parallel.hpp>
#include <xgrad/core/shape.hpp>
#include <xgrad/data/dataset.hpp>
#include <xgrad/data/idx.hpp>
#include <xgrad/data/pixel.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <tuple>
#include <utility>

namespace xgrad::inline XGRAD_ABI::data {

/// Images as rows of pixels, x: (n, 784), and what they show, y: (n). A data set for `loader`;
/// `auto [x, y] = ...` takes it apart.
template <pixel T>
struct labelled_images {
    tensor<T, 2> x;
    tensor<std::int64_t, 1> y;

    std::size_t size() const { return y.size(); }
    auto tensors() const { return std::tuple{x, y}; }
    /// An image (784) and its label. Throws `index_error`.
    auto operator[](std::size_t i) const {
        detail::check_sample("labelled_images", i, size());
        return detail::rows_of(tensors(), i);
    }
};

namespace detail {

/// FOLDER/train-images-idx3-ubyte, or with a dot in place of the second hyphen, as some archives have it.
XGRAD_ON_DEMAND XGRAD_COLD std::string find_idx(const std::string& folder, const std::string& stem, const std::string& kind) {
    const auto start = xgrad::detail::path_in(folder, stem);
    const auto first = start + '-' + kind;
    if (input_file::exists(first)) return first;
    const auto second = start + '.' + kind;
    if (input_file::exists(second)) return second;
    if (input_file::exists(first + ".gz"))
        fail<io_error>("mnist", first, ".gz is compressed; unpack it first: gunzip ", first, ".gz");
    fail<io_error>("mnist", "there is no file ", first, ", nor ", second);
}

/// (n, height, width) as (n, height * width).
template <pixel T>
tensor<T, 2> rows_of_pixels(const tensor<std::uint8_t>& pixels) {
    const auto sizes = shape{pixels.shape(0), pixels.shape(1) * pixels.shape(2)};
    if constexpr (real<T>) {
        auto x = xgrad::detail::make_result<T>(sizes);
        const auto* const from = pixels.data();
        auto* const to = xgrad::detail::access::elements(x);
        parallel_for(pixels.size(), light_grain, [&](std::size_t begin, std::size_t end) {
            for (auto i = begin; i < end; ++i) to[i] = as_pixel<T>(from[i], 255);
        });
        return xgrad::detail::with_rank<2>(std::move(x));
    } else {
        return xgrad::detail::with_rank<2>(xgrad::detail::make_view(pixels, sizes));
    }
}

}  // namespace detail

/// The training or the test set out of the four files of MNIST in `folder`: train-images-idx3-ubyte,
/// train-labels-idx1-ubyte, t10k-images-idx3-ubyte, t10k-labels-idx1-ubyte. For real T, x = pixel / 255, in [0, 1].
/// For `std::uint8_t` x is what the file holds, in a quarter of a float's memory; `xg::astype<float>(x) / 255` gives a
/// batch of it the same values.
///
/// Throws `io_error`, naming the file, when one is missing, broken, or does not fit the other: images with
/// three axes, as many labels with one axis, each label below 10.
template <pixel T = float>
labelled_images<T> mnist(const std::string& folder, split part) {
    const auto stem = std::string{part == split::train ? "train" : "t10k"};
    const auto image_file = detail::find_idx(folder, stem + "-images", "idx3-ubyte");
    const auto label_file = detail::find_idx(folder, stem + "-labels", "idx1-ubyte");
    const auto pixels = read_idx<std::uint8_t>(image_file);
    const auto labels = read_idx<std::uint8_t>(label_file);
    if (pixels.rank() != 3)
        fail<io_error>("mnist", image_file, ": the shape is ", pixels.shape(), "; images have three axes");
    if (labels.rank() != 1)
        fail<io_error>("mnist", label_file, ": the shape is ", labels.shape(), "; labels have one axis");
    const auto count = labels.size();
    if (pixels.shape(0) != count)
        fail<io_error>("mnist", image_file, " has ", pixels.shape(0), " images, ", label_file, " ", count,
                       " labels");
    for (auto i = std::size_t{0}; i < count; ++i)
        if (labels.data()[i] > 9)
            fail<io_error>("mnist", label_file, ": label number ", i, " is ", labels.data()[i],
                           "; labels are 0 to 9");

    auto y = xgrad::detail::make_result<std::int64_t>({count});
    std::copy_n(labels.data(), count, xgrad::detail::access::elements(y));
    return {detail::rows_of_pixels<T>(pixels), xgrad::detail::with_rank<1>(std::move(y))};
}

}  // namespace xgrad::data

// Defined by xgrad::compiled.
#if defined(XGRAD_COMMON_INSTANCE)
namespace xgrad::inline XGRAD_ABI::data {
XGRAD_COMMON_INSTANCE labelled_images<float> mnist(const std::string&, split);
XGRAD_COMMON_INSTANCE labelled_images<double> mnist(const std::string&, split);
}
#endif
