// PNG, JPEG, BMP, GIF and the like, through stb_image, for programs that have it (Debian: libstb-dev).
//
// One file of the program defines STB_IMAGE_IMPLEMENTATION and includes <stb/stb_image.h>, or the program is linked
// with a library that has done so (Debian's libstb); this header only declares.
#pragma once

#include <xgrad/autograd/record.hpp>
#include <xgrad/autograd/tensor.hpp>
#include <xgrad/core/config.hpp>
#include <xgrad/core/file.hpp>
#include <xgrad/data/image_folder.hpp>
#include <xgrad/data/pixel.hpp>

#include <stb/stb_image.h>

#include <algorithm>
#include <cstddef>
#include <cstring>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace xgrad::inline XGRAD_ABI::data {

namespace detail {

/// The bytes of a file, as stb_image asks for them. Where they end, it goes on with zeros in BMP, GIF and PNM and calls
/// that a picture; so it is noted whether it wanted more than there is. Only of the blocks that it reads ahead, the
/// first being one, may a part be missing.
class picture_bytes {
public:
    explicit picture_bytes(xgrad::detail::input_file& file) : m_bytes(static_cast<std::size_t>(file.size())) {
        if (!m_bytes.empty()) file.read(m_bytes.data(), m_bytes.size());
    }

    bool are_too_few() const noexcept { return m_too_few; }

    static stbi_io_callbacks callbacks() {
        static constexpr auto of = [](void* user) -> picture_bytes& { return *static_cast<picture_bytes*>(user); };
        return {.read = [](void* user, char* to, int size) { return of(user).read(to, size); },
                .skip = [](void* user, int count) { of(user).skip(count); },
                .eof = [](void* user) { return of(user).left() == 0 ? 1 : 0; }};
    }

private:
    std::size_t left() const noexcept { return m_bytes.size() - m_at; }

    int read(char* to, int wanted) {
        const auto size = static_cast<std::size_t>(wanted);
        if (m_block == 0) m_block = size;
        const auto count = std::min(size, left());
        m_too_few = m_too_few || count == 0 || (count < size && size != m_block);
        if (count != 0) std::memcpy(to, m_bytes.data() + m_at, count);
        m_at += count;
        return static_cast<int>(count);
    }
    void skip(int count) {
        if (count < 0) {   // back
            m_at -= std::min(m_at, static_cast<std::size_t>(-static_cast<long long>(count)));
            return;
        }
        m_too_few = m_too_few || static_cast<std::size_t>(count) > left();
        m_at += std::min(static_cast<std::size_t>(count), left());
    }

    std::vector<unsigned char> m_bytes;
    std::size_t m_at = 0, m_block = 0;
    bool m_too_few = false;
};

}  // namespace detail

/// A picture in a format that stb_image reads: (channels, height, width), its pixels as those of `read_pnm`. `channels`
/// asks for 1 (grey), 3 (colours) or 4 (and opacity), whatever the file has; 0 takes what it has. Throws `io_error`,
/// for what is cut short, too.
template <picture_element T = float>
tensor<T, 3> read_picture(const std::string& path, int channels = 0) {
    auto file = xgrad::detail::input_file{"read_picture", path};
    auto bytes = detail::picture_bytes{file};
    const auto callbacks = detail::picture_bytes::callbacks();
    auto width = 0, height = 0, in_file = 0;
    const auto free = [](stbi_us* pixels) { stbi_image_free(pixels); };
    const auto pixels = std::unique_ptr<stbi_us, decltype(free)>{
        stbi_load_16_from_callbacks(&callbacks, &bytes, &width, &height, &in_file, channels), free};
    const auto is_empty = pixels != nullptr && (width == 0 || height == 0);
    if (bytes.are_too_few() || is_empty) file.fail("is cut short, or no picture");
    if (pixels == nullptr) file.fail(stbi_failure_reason());
    const auto planes = static_cast<std::size_t>(channels == 0 ? in_file : channels);
    const auto plane = static_cast<std::size_t>(width) * static_cast<std::size_t>(height);
    auto x = xgrad::detail::make_result<T>({planes, height, width});
    auto* const to = xgrad::detail::access::elements(x);
    // Eight bits were multiplied by 257, so that a division gives them back.
    const auto* from = pixels.get();
    for (auto i = std::size_t{0}; i < plane; ++i)
        for (auto c = std::size_t{0}; c < planes; ++c) to[c * plane + i] = detail::as_pixel<T>(*from++, 65535);
    return xgrad::detail::with_rank<3>(std::move(x));
}

/// For `image_folder`, with one number of channels for all.
template <picture_element T>
picture_format<T> stb_format(int channels = 3) {
    return {[channels](const std::string& path) { return read_picture<T>(path, channels); },
            {".png", ".jpg", ".jpeg", ".bmp", ".gif", ".tga", ".psd", ".pgm", ".ppm"}};
}

}  // namespace xgrad::data
