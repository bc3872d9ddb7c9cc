// Strings in JSON.
#pragma once

#include <xgrad/core/config.hpp>

#include <string>
#include <string_view>

namespace xgrad::inline XGRAD_ABI::detail {

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
