// Numbers as text, for lines that people read.
#pragma once

#include <xgrad/core/config.hpp>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <cstdio>
#include <string>

namespace xgrad::inline XGRAD_ABI::train {

/// "98.26": `value` with that many decimals.
inline std::string fixed(double value, int decimals) {
    auto text = std::array<char, 400>{};   // the largest double has 309 digits before its point
    const auto length = std::snprintf(text.data(), text.size(), "%.*f", std::clamp(decimals, 0, 50), value);
    return {text.data(), static_cast<std::size_t>(std::max(length, 0))};
}

/// "98.26 %" for 0.9826.
inline std::string percent(double part, int decimals = 2) { return fixed(100 * part, decimals) + " %"; }

/// "0:07", "12:34", "1:02:03".
inline std::string duration(double seconds) {
    if (!(seconds >= 0 && seconds < 1e9)) return "?";
    const auto whole = std::lround(seconds);
    auto text = std::array<char, 32>{};
    const auto length = whole < 3600 ? std::snprintf(text.data(), text.size(), "%ld:%02ld", whole / 60, whole % 60)
                                     : std::snprintf(text.data(), text.size(), "%ld:%02ld:%02ld", whole / 3600,
                                                     whole / 60 % 60, whole % 60);
    return {text.data(), static_cast<std::size_t>(std::max(length, 0))};
}

/// `text` with blanks in front of it, or behind it, to that width.
inline std::string align_right(const std::string& text, std::size_t width) {
    return std::string(width - std::min(width, text.size()), ' ').append(text);
}
inline std::string align_left(const std::string& text, std::size_t width) {
    return text + std::string(width - std::min(width, text.size()), ' ');
}

}  // namespace xgrad::train
