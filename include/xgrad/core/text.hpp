// Numbers and shapes as text, for people and for files: the same in every locale. The streams and the printf family of
// the standard library write the decimal comma where a program has asked for one; std::to_chars never does.
#pragma once

#include <xgrad/core/config.hpp>
#include <xgrad/core/sequence.hpp>

#include <charconv>
#include <concepts>
#include <cstddef>
#include <initializer_list>
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
template <sequence Range>
    requires(std::integral<sequence_value<Range>> && !std::convertible_to<const Range&, std::string_view>)
void append_text(std::string& text, const Range& sizes) {
    text += '(';
    auto count = std::size_t{0};
    for (const auto size : sizes) {
        if (count++ != 0) text += ", ";
        append_text(text, size);
    }
    text += count == 1 ? ",)" : ")";
}

/// A string, a number or a shape, of which a text is to be made: so that this need not be compiled for each combination.
class text_piece {
public:
    text_piece(std::string_view text) : m_text{text} {}
    text_piece(const std::string& text) : m_text{text} {}
    text_piece(const char* text) : m_text{text} {}
    template <class Value>
    text_piece(const Value& value) : m_value{&value}, m_append{&append<Value>} {}

    void append_to(std::string& text) const {
        if (m_append != nullptr) m_append(text, m_value);
        else text += m_text;
    }

private:
    template <class Value>
    static void append(std::string& text, const void* value) {
        append_text(text, *static_cast<const Value*>(value));
    }

    std::string_view m_text{};
    const void* m_value = nullptr;
    void (*m_append)(std::string&, const void*) = nullptr;
};

XGRAD_ON_DEMAND XGRAD_COLD std::string joined(std::initializer_list<text_piece> pieces) {
    auto text = std::string{};
    for (const auto& piece : pieces) piece.append_to(text);
    return text;
}

/// The pieces, strings, numbers and shapes, one behind the other.
template <class... Pieces>
std::string joined_text(const Pieces&... pieces) {
    return joined({text_piece(pieces)...});
}

/// "98.26", "9.826e+01": with that many decimals, 50 at most.
inline std::string decimal_text(double value, int decimals, std::chars_format format = std::chars_format::fixed) {
    char digits[400];   // the largest double has 309 before its point
    const auto [end, status] = std::to_chars(digits, digits + sizeof digits, value, format, decimals);
    static_cast<void>(status);
    return {digits, end};
}

}  // namespace xgrad::inline XGRAD_ABI::detail

// Defined by xgrad::compiled.
#if defined(XGRAD_COMMON_INSTANCE)
namespace xgrad::inline XGRAD_ABI::detail {
XGRAD_COMMON_INSTANCE std::string joined<>(std::initializer_list<text_piece>);
XGRAD_COMMON_INSTANCE void append_text(std::string&, int);
XGRAD_COMMON_INSTANCE void append_text(std::string&, long);
XGRAD_COMMON_INSTANCE void append_text(std::string&, unsigned long);
XGRAD_COMMON_INSTANCE void append_text(std::string&, float);
XGRAD_COMMON_INSTANCE void append_text(std::string&, double);
}
#endif
