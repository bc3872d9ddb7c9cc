// Strings in JSON.
#pragma once

#include <xgrad/core/config.hpp>

#include <cstddef>
#include <string>
#include <string_view>

namespace xgrad::inline XGRAD_ABI::detail {

/// Whether a text is UTF-8 (F. Yergeau, RFC 3629), which JSON must be: of the bytes behind the first, the second says whether
/// fewer would do, whether it is half a surrogate pair, and whether it is beyond the last character.
inline bool is_utf8(std::string_view text) {
    const auto byte = [&](std::size_t at) { return static_cast<unsigned char>(text[at]); };
    for (auto at = std::size_t{0}; at < text.size();) {
        const auto lead = byte(at);
        const auto length = std::size_t{lead < 0x80 ? 1u : lead < 0xc2 ? 0u : lead < 0xe0 ? 2u : lead < 0xf0 ? 3u : lead < 0xf5 ? 4u : 0u};
        if (length == 0 || length > text.size() - at) return false;
        for (auto i = std::size_t{1}; i < length; ++i)
            if ((byte(at + i) & 0xc0) != 0x80) return false;
        const auto second = length > 2 ? byte(at + 1) : 0;
        if ((lead == 0xe0 && second < 0xa0) || (lead == 0xed && second > 0x9f) || (lead == 0xf0 && second < 0x90) || (lead == 0xf4 && second > 0x8f))
            return false;
        at += length;
    }
    return true;
}

/// The string in quotes, as T. Bray, "The JavaScript Object Notation (JSON) data interchange format", RFC 8259, has it.
/// Written by their numbers are control characters and, being ASCII, those `also_escaped`.
inline void append_json_string(std::string& text, std::string_view value, std::string_view also_escaped = "") {
    static constexpr auto digits = std::string_view{"0123456789abcdef"};
    text += '"';
    for (const auto c : value) {
        const auto code = static_cast<unsigned char>(c);
        if (code < 0x20 || also_escaped.find(c) != also_escaped.npos) (text += "\\u00") += {digits[code / 16], digits[code % 16]};
        else {
            if (c == '"' || c == '\\') text += '\\';
            text += c;
        }
    }
    text += '"';
}

}  // namespace xgrad::inline XGRAD_ABI::detail
