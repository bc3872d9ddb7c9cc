// Numbers as text, for lines that people read.
#pragma once

#include <xgrad/core/cmath.hpp>
#include <xgrad/core/config.hpp>
#include <xgrad/core/text.hpp>

#include <algorithm>
#include <charconv>
#include <cstddef>
#include <string>

namespace xgrad::inline XGRAD_ABI::train {

/// "98.26": `value` with that many decimals.
inline std::string fixed(double value, int decimals) {
    return xgrad::detail::decimal_text(value, std::clamp(decimals, 0, 50));
}

/// "98.26 %" for 0.9826.
inline std::string percent(double part, int decimals = 2) { return fixed(100 * part, decimals) + " %"; }

/// "0.01234", "123.456", "1.2e-07": five decimals or so, whatever the size; "nan", "inf".
inline std::string number_text(double value) {
    const auto size = std::fabs(value);
    if (size != 0 && (size < 1e-4 || !(size < 1e6)))
        return xgrad::detail::decimal_text(value, 2, std::chars_format::general);
    return fixed(value, size < 10 ? 5 : size < 1000 ? 3 : 1);
}

/// "0:07", "12:34", "1:02:03".
inline std::string duration(double seconds) {
    if (!(seconds >= 0 && seconds < 1e9)) return "?";
    const auto whole = std::lround(seconds);
    const auto two_digits = [](long number) { return (number < 10 ? "0" : "") + std::to_string(number); };
    return whole < 3600
               ? std::to_string(whole / 60) + ':' + two_digits(whole % 60)
               : std::to_string(whole / 3600) + ':' + two_digits(whole / 60 % 60) + ':' + two_digits(whole % 60);
}

/// `text` with blanks in front of it, or behind it, to that width.
inline std::string align_right(const std::string& text, std::size_t width) {
    return std::string(width - std::min(width, text.size()), ' ').append(text);
}
inline std::string align_left(const std::string& text, std::size_t width) {
    return text + std::string(width - std::min(width, text.size()), ' ');
}

}  // namespace xgrad::train
