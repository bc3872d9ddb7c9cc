// Pictures written in the binary formats of Netpbm: PGM (P5), and PPM (P6) for three channels.
//
// J. Poskanzer, B. Henderson: the manual pages pgm(5) and ppm(5) of Netpbm.
#pragma once

#include <xgrad/autograd/basic_tensor.hpp>
#include <xgrad/autograd/record.hpp>
#include <xgrad/core/config.hpp>
#include <xgrad/core/dtype.hpp>
#include <xgrad/core/error.hpp>
#include <xgrad/core/file.hpp>
#include <xgrad/core/shape.hpp>

#include <algorithm>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <string>

namespace xgrad::inline XGRAD_ABI::data {

namespace detail {

/// A value in [0, 1] to the nearest of 0 to 255; what is beyond is cut off, and NaN is 0.
template <real T>
char pixel_byte(T value) {
    return static_cast<char>(static_cast<std::uint8_t>(value > 0 ? std::min(value, T{1}) * 255 + T{0.5} : T{0}));
}
XGRAD_ON_DEMAND char pixel_byte(std::uint8_t value) { return static_cast<char>(value); }

/// What stands before the pixels. Throws `shape_error` for what is no picture.
XGRAD_ON_DEMAND XGRAD_COLD std::string pnm_header(const shape& sizes) {
    const auto rank = sizes.rank();
    if (rank < 2 || rank > 3 || (rank == 3 && sizes[0] != 1 && sizes[0] != 3) || sizes.elements() == 0)
        fail<shape_error>("write_pnm", "the picture is ", sizes,
                          "; it must be (height, width) or (1 or 3, height, width)");
    return (rank == 3 && sizes[0] == 3 ? "P6\n" : "P5\n") + std::to_string(sizes[rank - 1]) + ' ' +
           std::to_string(sizes[rank - 2]) + "\n255\n";
}

}  // namespace detail

/// Writes a picture, x: (height, width) or (channels, height, width), one channel (PGM) or three (PPM). Real elements
/// are in [0, 1], what is beyond is cut off; of `std::uint8_t` they are written as they are. The file appears under its
/// name when it is complete. Many pictures become one in two steps, here two rows of ten:
///
///     const auto rows = xg::permute(xg::reshape(x, {2, 10, 28, 28}), {0, 2, 1, 3});
///     data::write_pnm(xg::reshape(rows, {2 * 28, 10 * 28}), "x.pgm");
///
/// Throws `shape_error` for another shape, `io_error`.
template <class T>
    requires real<T> || std::same_as<T, std::uint8_t>
void write_pnm(const basic_tensor<T>& x, const std::string& path) {
    const auto& sizes = xgrad::detail::shape_of(x);
    auto bytes = detail::pnm_header(sizes);
    const auto* const from = x.data();
    const auto plane = sizes[sizes.rank() - 1] * sizes[sizes.rank() - 2];
    for (auto i = std::size_t{0}; i < plane; ++i)
        for (auto channel = std::size_t{0}; channel < x.size() / plane; ++channel)
            bytes += detail::pixel_byte(from[channel * plane + i]);
    auto file = xgrad::detail::output_file{"write_pnm", path};
    file.write(bytes.data(), bytes.size());
    file.commit();
}

}  // namespace xgrad::data
