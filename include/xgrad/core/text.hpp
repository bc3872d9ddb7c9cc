// Numbers and shapes as text, for people and for files: the same in every locale. The streams and the printf family of
// the standard library write the decimal comma where a program has asked for one; std::to_chars never does.
#pragma once

#include <xgrad/core/config.hpp>

#include <charconv>
#include <concepts>
#include <cstddef>
#include <ranges>
#include <string>
#include <string_view>
#include <type_traits>

namespace xgrad::inline XGRAD_ABI::detail {

inline void append_text(std::string& text, std::string_view piece) { text += piece; }

/// The fewest digits that tell the number from its neighbours.
template <class Number>
    requires(std::is_arithmetic_v<Number> && !std::is_same_v<Number, bool>)
void append_text(std::string& text, Number number) {
    char digits[64];
    const auto [end, status] = std::to_chars(digits, digits + sizeof digits, number);
    static_cast<void>(status);   // 64 characters are enough for any
    text.append(digits, end);
}

/// "(2, 3)", "(4,)", "()": as NumPy prints a shape.
template <class Range>
    requires(std::ranges::sized_range<Range> && std::integral<std::ranges::range_value_t<Range>> &&
             !std::convertible_to<const Range&, std::string_view>)
void append_text(std::string& text, const Range& sizes) {
    text += '(';
    auto count = std::size_t{0};
    for (const auto size : sizes) {
        if (count++ != 0) text += ", ";
        append_text(text, size);
    }
    text += count == 1 ? ",)" : ")";
}

/// The pieces, strings, numbers and shapes, one behind the other.
template <class... Pieces>
std::string joined_text(const Pieces&... pieces) {
    auto text = std::string{};
    (append_text(text, pieces), ...);
    return text;
}

/// "98.26", "9.826e+01": with that many decimals, 50 at most.
inline std::string decimal_text(double value, int decimals, std::chars_format format = std::chars_format::fixed) {
    char digits[400];   // the largest double has 309 before its point
    const auto [end, status] = std::to_chars(digits, digits + sizeof digits, value, format, decimals);
    static_cast<void>(status);
    return {digits, end};
}

}  // namespace xgrad::inline XGRAD_ABI::detail
