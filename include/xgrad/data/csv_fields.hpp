// The fields of a CSV file: where they begin and end, and what they mean.
//
// RFC 4180: fields stand between delimiters, rows end with a line; a field in quotes may hold both, and a quote twice.
// Y. Shafranovich, "Common format and MIME type for comma-separated values (CSV) files", 2005.
#pragma once

#include <xgrad/core/config.hpp>

#include <algorithm>
#include <array>
#include <bit>
#include <cfloat>
#include <charconv>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <limits>
#include <string>
#include <string_view>
#include <system_error>
#include <type_traits>

namespace xgrad::inline XGRAD_ABI::data::detail {

/// The first delimiter or end of a line in [at, end), eight bytes at a time: (x - 0x01...) & ~x & 0x80... marks the
/// lowest byte of x that is zero.
inline const char* find_stop(const char* at, const char* end, char delimiter) {
    constexpr auto ones = std::uint64_t{0x0101010101010101}, highs = ones << 7;
    const auto zeros = [](std::uint64_t x) { return (x - ones) & ~x & highs; };
    const auto d = ones * static_cast<unsigned char>(delimiter), n = ones * '\n', r = ones * '\r';
    for (; end - at >= 8; at += 8) {
        auto word = std::uint64_t{0};
        std::memcpy(&word, at, 8);
        if (const auto found = zeros(word ^ d) | zeros(word ^ n) | zeros(word ^ r); found != 0)
            return at + std::countr_zero(found) / 8;
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

inline constexpr std::uint64_t integer_powers_of_ten[] = {1,      10,      100,      1000,     10000,
                                                          100000, 1000000, 10000000, 100000000};

/// 1, 10, 100, ... as far as T has them exactly: 10^n is 5^n by a power of two.
template <std::floating_point T>
constexpr auto exact_powers_of_ten() {
    constexpr auto count = std::size_t{std::numeric_limits<T>::digits == 24 ? 11 : 23};
    static_assert(std::numeric_limits<T>::digits == 24 || std::numeric_limits<T>::digits == 53);
    auto powers = std::array<T, count>{1};
    for (auto i = std::size_t{1}; i < count; ++i) powers[i] = powers[i - 1] * 10;
    return powers;
}

/// The number that `count` digits spell, 1 to 8 of eight readable bytes: pairs of digits become numbers below 100,
/// pairs of these numbers below 10^4, and so on. False where one is no digit. D. Lemire, "Number parsing at a gigabyte
/// per second", 2021.
inline bool parse_digits(const char* at, std::size_t count, std::uint64_t& to) {
    auto word = std::uint64_t{0};
    std::memcpy(&word, at, 8);
    word = (word ^ 0x3030303030303030) << (64 - 8 * count);   // zeros in front; the digits are 0 to 9 now
    if (((word + 0x7676767676767676) | word) & 0x8080808080808080) return false;
    word = (10 * word + (word >> 8)) & 0x00ff00ff00ff00ff;
    word = (100 * word + (word >> 16)) & 0x0000ffff0000ffff;
    to = (10000 * word + (word >> 32)) & 0x00000000ffffffff;
    return true;
}

/// Whether the field is a plain decimal ("-12.375") of so few digits that it is read exactly, which gives the nearest
/// T: both the digits, below 2^53 for a double, and the power of ten are numbers of T, so that their quotient is
/// rounded once. W. D. Clinger, "How to read floating point numbers accurately", 1990. Eight bytes behind the field
/// must be readable.
template <std::floating_point T>
bool parse_plain(std::string_view field, T& to) {
    static constexpr auto powers = exact_powers_of_ten<T>();
    if (field.empty()) return false;
    const auto negative = static_cast<std::size_t>(field[0] == '-');   // a number, as no branch foresees it
    const auto* at = field.data() + negative;
    const auto* const end = field.data() + field.size();
    if (FLT_EVAL_METHOD != 0 || end - at > std::numeric_limits<std::uint64_t>::digits10) return false;
    auto digits = std::uint64_t{0};
    const auto* const first = at;
    for (; at != end && static_cast<unsigned char>(*at - '0') < 10; ++at)
        digits = 10 * digits + static_cast<std::uint64_t>(*at - '0');
    if (at == first) return false;
    auto behind = std::size_t{0};   // the point
    if (at != end) {
        if (*at++ != '.' || at == end) return false;
        for (behind = static_cast<std::size_t>(end - at); at != end;) {
            const auto count = std::min<std::size_t>(8, static_cast<std::size_t>(end - at));
            auto next = std::uint64_t{0};
            if (!parse_digits(at, count, next)) return false;
            digits = digits * integer_powers_of_ten[count] + next;
            at += count;
        }
    }
    if (behind >= powers.size() || digits >> std::numeric_limits<T>::digits != 0) return false;
    constexpr T signs[] = {1, -1};
    to = static_cast<T>(digits) / powers[behind] * signs[negative];
    return true;
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
            const auto tiny = again == std::errc{}
                                  ? wide < 1 && wide > -1
                                  : exponent != field.npos && field.substr(exponent + 1).starts_with('-');
            if (tiny) to = static_cast<T>(wide);
            return tiny;
        } else {
            return false;
        }
    }
}

}  // namespace xgrad::data::detail
