// The exceptions of the library, and the one way to throw them. They are the same types for all parts of a program,
// whatever these were built for: what a plugin throws can be caught by its type.
#pragma once

#include <xgrad/core/config.hpp>

#include <charconv>
#include <concepts>
#include <cstddef>
#include <ranges>
#include <stdexcept>
#include <string>
#include <string_view>
#include <type_traits>

namespace xgrad::inline XGRAD_SHARED_ABI {

/// What every exception of the library derives from.
class XGRAD_VISIBLE error : public std::runtime_error {
public:
    using std::runtime_error::runtime_error;
};

/// Sizes that do not fit each other.
class XGRAD_VISIBLE shape_error : public error {
public:
    using error::error;
};

/// A number of dimensions that an operation cannot take.
class XGRAD_VISIBLE rank_error : public error {
public:
    using error::error;
};

/// An index, an axis or a class label out of range.
class XGRAD_VISIBLE index_error : public error {
public:
    using error::error;
};

/// An element type that does not fit: a file's, or another tensor's.
class XGRAD_VISIBLE dtype_error : public error {
public:
    using error::error;
};

/// A derivative that cannot be had: no graph, a graph already used, a kept value changed in place.
class XGRAD_VISIBLE autograd_error : public error {
public:
    using error::error;
};

/// A file that cannot be read or written, or that is not what it should be.
class XGRAD_VISIBLE io_error : public error {
public:
    using error::error;
};

/// An option or argument outside its range: a negative learning rate, a batch size of zero.
class XGRAD_VISIBLE value_error : public error {
public:
    using error::error;
};

}  // namespace xgrad::inline XGRAD_SHARED_ABI

namespace xgrad::inline XGRAD_ABI {

namespace detail {

inline void append_text(std::string& text, std::string_view piece) { text += piece; }

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

}  // namespace detail

/// Throws `Error` with the text `[where] pieces...`. The pieces are strings, numbers and shapes.
template <class Error, class... Pieces>
[[noreturn]] XGRAD_NOINLINE void fail(std::string_view where, const Pieces&... pieces) {
    using detail::append_text;
    auto text = std::string{"["};
    text += where;
    text += "] ";
    (append_text(text, pieces), ...);
    throw Error{text};
}

}  // namespace xgrad
