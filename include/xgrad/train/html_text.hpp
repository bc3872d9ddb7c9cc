// Pieces of a page: text, numbers, pictures, each written so that it can be nothing else.
#pragma once

#include <xgrad/autograd/tensor.hpp>
#include <xgrad/core/config.hpp>
#include <xgrad/core/error.hpp>
#include <xgrad/core/finite.hpp>
#include <xgrad/core/json_text.hpp>
#include <xgrad/core/little_endian.hpp>
#include <xgrad/core/text.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace xgrad::inline XGRAD_ABI::train::detail {

/// Text for HTML, between tags and in attributes.
inline std::string html_text(std::string_view text) {
    auto safe = std::string{};
    for (const auto c : text) {
        switch (c) {
            case '&': safe += "&amp;"; break;
            case '<': safe += "&lt;"; break;
            case '>': safe += "&gt;"; break;
            case '"': safe += "&quot;"; break;
            case '\'': safe += "&#39;"; break;
            default: safe += static_cast<unsigned char>(c) < ' ' && c != '\n' && c != '\t' ? '?' : c;
        }
    }
    return safe;
}

/// A string in JSON, which may stand in a script: no < is left of which a tag could be made.
inline std::string json_text(std::string_view text) {
    auto safe = std::string{};
    xgrad::detail::append_json_string(safe, text, "<>&");
    return safe;
}

/// A number in JSON, which has no NaN and no infinity: null stands for these.
inline std::string json_number(double value) {
    return is_finite_number(value) ? xgrad::detail::joined_text(value) : "null";
}

/// S. Josefsson, "The Base16, Base32, and Base64 data encodings", RFC 4648.
inline std::string base64(std::string_view bytes) {
    static constexpr auto digits = std::string_view{"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"};
    auto text = std::string{};
    for (auto i = std::size_t{0}; i < bytes.size(); i += 3) {
        const auto byte = [&](std::size_t at) {
            return at < bytes.size() ? static_cast<std::uint32_t>(static_cast<unsigned char>(bytes[at])) : 0u;
        };
        const auto group = byte(i) << 16 | byte(i + 1) << 8 | byte(i + 2);
        for (auto d = std::size_t{0}; d < 4; ++d)
            text += i + d > bytes.size() ? '=' : digits[group >> (18 - 6 * d) & 63];
    }
    return text;
}

/// A picture as the address of an image in the page: a bitmap of 24 bits, rows from the bottom up, blue before green
/// before red. pixels: (height, width) or (1 or 3, height, width), in [0, 1]; what is beyond is cut off. Throws
/// `shape_error`.
inline std::string picture_address(const tensor<float>& pixels) {
    const auto& sizes = xgrad::detail::shape_of(pixels);
    const auto rank = sizes.rank();
    if (rank < 2 || rank > 3 || (rank == 3 && sizes[0] != 1 && sizes[0] != 3) || pixels.empty())
        fail<shape_error>("html_report", "a picture is ", sizes,
                          "; it must be (height, width) or (1 or 3, height, width)");
    const auto height = sizes[rank - 2], width = sizes[rank - 1], channels = rank == 3 ? sizes[0] : std::size_t{1};
    const auto row_bytes = (3 * width + 3) / 4 * 4;
    auto bytes = std::string{"BM"};
    const auto append = [&](std::uint64_t number, std::size_t count) {
        xgrad::detail::append_little_endian(bytes, number, count);
    };
    constexpr auto header = std::size_t{54};
    append(header + row_bytes * height, 4), append(0, 4), append(header, 4);
    append(40, 4), append(width, 4), append(height, 4), append(1, 2), append(24, 2), append(0, 24);
    const auto* const from = pixels.data();
    for (auto row = height; row-- > 0;) {
        for (auto i = std::size_t{0}; i < width; ++i)
            for (auto c = std::size_t{3}; c-- > 0;) {
                const auto value = from[(channels == 3 ? c * height * width : 0) + row * width + i];
                bytes +=
                    static_cast<char>(static_cast<unsigned char>(value > 0 ? std::min(value, 1.0f) * 255 + 0.5f : 0));
            }
        bytes.append(row_bytes - 3 * width, '\0');
    }
    return "data:image/bmp;base64," + base64(bytes);
}

}  // namespace xgrad::train::detail
