// The fields of a CSV file: where they begin and end, and what they mean.
//
// RFC 4180: fields stand between delimiters, rows end with a line; a field in quotes may hold both, and a quote twice.
// Y. Shafranovich, "Common format and MIME type for comma-separated values (CSV) files", 2005.
#pragma once

#include <xgrad/core/config.hpp>

#include <bit>
#include <charconv>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>
#include <system_error>
#include <type_traits>

namespace xgrad::inline XGRAD_ABI::data::detail {

/// The first delimiter or end of a line in [at, end), eight bytes at a time: (x - 0x01...) & ~x & 0x80... marks the lowest
/// byte of x that is zero.
inline const char* find_stop(const char* at, const char* end, char delimiter) {
    constexpr auto ones = std::uint64_t{0x0101010101010101}, highs = ones << 7;
    const auto zeros = [](std::uint64_t x) { return (x - ones) & ~x & highs; };
    const auto d = ones * static_cast<unsigned char>(delimiter), n = ones * '\n', r = ones * '\r';
    for (; end - at >= 8; at += 8) {
        auto word = std::uint64_t{0};
        std::memcpy(&word, at, 8);
        if (const auto found = zeros(word ^ d) | zeros(word ^ n) | zeros(word ^ r); found != 0) return at + std::countr_zero(found) / 8;
    }
    while (at != end && *at != delimiter && *at != '\n' && *at != '\r') ++at;
    return at;
}

/// The end of the field that begins at `at`; null where a quote is not closed, or something follows it.
inline const char* end_of_field(const char* at, const char* end, char delimiter, char quote) {
    if (at == end || *at != quote) return find_stop(at, end, delimiter);
    for (++at; at != end; ++at) {
        if (*at != quote) continue;
        if (++at == end || *at == delimiter || *at == '\n' || *at == '\r') return at;
        if (*at != quote) return nullptr;
    }
    return nullptr;
}

/// One behind the end of the line that ends at `at`.
inline const char* next_line(const char* at, const char* end) {
    if (at == end) return at;
    return *at == '\r' && at + 1 != end && at[1] == '\n' ? at + 2 : at + 1;
}

/// The number of the line that place is in, from 1.
inline std::size_t line_of(std::string_view text, std::size_t place) {
    auto line = std::size_t{1};
    for (const auto* at = text.data(); at < text.data() + place; at = next_line(at, text.data() + text.size()))
        if (*at == '\n' || *at == '\r') ++line;
    return line;
}

inline std::string_view trimmed(std::string_view field) {
    while (!field.empty() && (field.front() == ' ' || field.front() == '\t')) field.remove_prefix(1);
    while (!field.empty() && (field.back() == ' ' || field.back() == '\t')) field.remove_suffix(1);
    return field;
}

/// What a field says, its quotes taken off.
inline std::string unquoted(std::string_view field, char quote) {
    if (field.empty() || field.front() != quote) return std::string{field};
    auto text = std::string{};
    for (auto i = std::size_t{1}; i + 1 < field.size(); ++i) {
        text += field[i];
        if (field[i] == quote) ++i;
    }
    return text;
}

/// The number that all of the field spells, in the fashion of C but decimal, rounded to the nearest T.
template <class T>
bool parse_number(std::string_view field, T& to) {
    if (field.size() > 1 && field[0] == '+' && field[1] != '-' && field[1] != '+') field.remove_prefix(1);
    if constexpr (std::is_same_v<T, bool>) {
        to = field == "1" || field == "true" || field == "True" || field == "TRUE";
        return to || field == "0" || field == "false" || field == "False" || field == "FALSE";
    } else {
        const auto* const end = field.data() + field.size();
        const auto [at, status] = std::from_chars(field.data(), end, to);
        if (status == std::errc{}) return at == end;
        if constexpr (std::is_floating_point_v<T>) {
            // Too small for a T is nearest to 0; too large is none.
            auto wide = static_cast<long double>(0);
            if (status != std::errc::result_out_of_range || at != end) return false;
            const auto again = std::from_chars(field.data(), end, wide).ec;
            const auto exponent = field.find_first_of("eE");
            const auto tiny = again == std::errc{} ? wide < 1 && wide > -1 : exponent != field.npos && field.substr(exponent + 1).starts_with('-');
            if (tiny) to = static_cast<T>(wide);
            return tiny;
        } else {
            return false;
        }
    }
}

}  // namespace xgrad::data::detail
