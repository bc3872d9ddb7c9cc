// CIFAR-10 and CIFAR-100 in their binary version: records of one or two labels and 32 x 32 pixels in three planes.
// A. Krizhevsky, "Learning multiple layers of features from tiny images", 2009.
#pragma once

#include <xgrad/autograd/record.hpp>
#include <xgrad/autograd/tensor.hpp>
#include <xgrad/core/config.hpp>
#include <xgrad/core/file.hpp>
#include <xgrad/data/dataset.hpp>
#include <xgrad/data/pixel.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

namespace xgrad::inline XGRAD_ABI::data {

/// x: (n, 3, 32, 32), y: (n).
template <pixel T>
using cifar_images = tensor_dataset<tensor<T, 4>, tensor<std::int64_t, 1>>;

namespace detail {

/// The records of some files, the last of `labels` labels before each picture being the class.
template <pixel T>
cifar_images<T> read_cifar(const std::string& folder, const std::vector<std::string>& names, std::size_t labels,
                           unsigned classes) {
    constexpr auto pixels = std::size_t{3 * 32 * 32};
    const auto record = labels + pixels;
    auto bytes = std::vector<std::uint8_t>{};
    for (const auto& name : names) {
        auto file = xgrad::detail::input_file{"cifar", xgrad::detail::path_in(folder, name)};
        const auto size = static_cast<std::size_t>(file.size());
        if (size == 0 || size % record != 0) file.fail("has ", size, " bytes; they must be a multiple of ", record);
        bytes.resize(bytes.size() + size);
        file.read(bytes.data() + bytes.size() - size, size);
        for (auto at = bytes.size() - size + labels - 1; at < bytes.size(); at += record)
            if (bytes[at] >= classes) file.fail("a label is ", unsigned{bytes[at]}, "; labels are 0 to ", classes - 1);
    }
    const auto count = bytes.size() / record;
    auto x = xgrad::detail::make_result<T>({count, 3, 32, 32});
    auto y = xgrad::detail::make_result<std::int64_t>({count});
    for (auto i = std::size_t{0}; i < count; ++i) {
        const auto* const from = bytes.data() + i * record;
        xgrad::detail::access::elements(y)[i] = from[labels - 1];
        std::transform(from + labels, from + record, xgrad::detail::access::elements(x) + i * pixels,
                       [](std::uint8_t value) { return as_pixel<T>(value, 255); });
    }
    return cifar_images<T>{xgrad::detail::with_rank<4>(std::move(x)), xgrad::detail::with_rank<1>(std::move(y))};
}

}  // namespace detail

/// CIFAR-10 from data_batch_1.bin to data_batch_5.bin, or test_batch.bin, of `folder`. Real x are in [0, 1]. Throws
/// `io_error`, naming the file.
template <pixel T = float>
cifar_images<T> cifar10(const std::string& folder, split part) {
    if (part == split::test) return detail::read_cifar<T>(folder, {"test_batch.bin"}, 1, 10);
    return detail::read_cifar<T>(
        folder, {"data_batch_1.bin", "data_batch_2.bin", "data_batch_3.bin", "data_batch_4.bin", "data_batch_5.bin"}, 1,
        10);
}

/// CIFAR-100 with its 100 fine labels, from train.bin or test.bin.
template <pixel T = float>
cifar_images<T> cifar100(const std::string& folder, split part) {
    return detail::read_cifar<T>(folder, {part == split::train ? "train.bin" : "test.bin"}, 2, 100);
}

}  // namespace xgrad::data
