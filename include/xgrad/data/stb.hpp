// PNG, JPEG, BMP, GIF and the like, through stb_image, for programs that have it (Debian: libstb-dev).
//
// One file of the program defines STB_IMAGE_IMPLEMENTATION and includes <stb/stb_image.h>, or the program is linked with a
// library that has done so (Debian's libstb); this header only declares.
#pragma once

#include <xgrad/autograd/record.hpp>
#include <xgrad/autograd/tensor.hpp>
#include <xgrad/core/config.hpp>
#include <xgrad/core/error.hpp>
#include <xgrad/data/image_folder.hpp>
#include <xgrad/data/pixel.hpp>

#include <stb/stb_image.h>

#include <cstddef>
#include <memory>
#include <string>
#include <utility>

namespace xgrad::inline XGRAD_ABI::data {

/// A picture in a format that stb_image reads: (channels, height, width), its pixels as those of `read_pnm`. `channels` asks
/// for 1 (grey), 3 (colours) or 4 (and opacity), whatever the file has; 0 takes what it has. Throws `io_error`.
template <picture_element T = float>
tensor<T, 3> read_picture(const std::string& path, int channels = 0) {
    auto width = 0, height = 0, in_file = 0;
    const auto free = [](stbi_us* pixels) { stbi_image_free(pixels); };
    const auto pixels = std::unique_ptr<stbi_us, decltype(free)>{stbi_load_16(path.c_str(), &width, &height, &in_file, channels), free};
    if (pixels == nullptr) fail<io_error>("read_picture", path, ": ", stbi_failure_reason());
    const auto planes = static_cast<std::size_t>(channels == 0 ? in_file : channels);
    const auto plane = static_cast<std::size_t>(width) * static_cast<std::size_t>(height);
    auto x = xgrad::detail::make_result<T>({planes, height, width});
    auto* const to = xgrad::detail::access::elements(x);
    // Eight bits were multiplied by 257, so that a division gives them back.
    for (auto i = std::size_t{0}; i < plane; ++i)
        for (auto c = std::size_t{0}; c < planes; ++c) to[c * plane + i] = detail::as_pixel<T>(pixels.get()[i * planes + c], 65535);
    return xgrad::detail::with_rank<3>(std::move(x));
}

/// For `image_folder`, with one number of channels for all.
template <picture_element T>
picture_format<T> stb_format(int channels = 3) {
    return {[channels](const std::string& path) { return read_picture<T>(path, channels); },
            {".png", ".jpg", ".jpeg", ".bmp", ".gif", ".tga", ".psd", ".pgm", ".ppm"}};
}

}  // namespace xgrad::data
