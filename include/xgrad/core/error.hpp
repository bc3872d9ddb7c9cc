// The exceptions of the library, and the one way to throw them. They are the same types for all parts of a program,
// whatever these were built for: what a plugin throws can be caught by its type.
#pragma once

#include <xgrad/core/config.hpp>
#include <xgrad/core/text.hpp>

#include <initializer_list>
#include <stdexcept>
#include <string_view>

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

template <class Error>
[[noreturn]] XGRAD_COLD void fail_with(std::string_view where, std::initializer_list<text_piece> pieces) {
    throw Error{joined({"[", where, "] "}) + joined(pieces)};
}

}  // namespace detail

/// Throws `Error` with the text `[where] pieces...`. The pieces are strings, numbers and shapes.
template <class Error, class... Pieces>
[[noreturn]] XGRAD_COLD void fail(std::string_view where, const Pieces&... pieces) {
    detail::fail_with<Error>(where, {detail::text_piece(pieces)...});
}

}  // namespace xgrad

// Defined by xgrad::compiled.
#if defined(XGRAD_COMMON_INSTANCE)
namespace xgrad::inline XGRAD_ABI::detail {
XGRAD_COMMON_INSTANCE void fail_with<error>(std::string_view, std::initializer_list<text_piece>);
XGRAD_COMMON_INSTANCE void fail_with<shape_error>(std::string_view, std::initializer_list<text_piece>);
XGRAD_COMMON_INSTANCE void fail_with<rank_error>(std::string_view, std::initializer_list<text_piece>);
XGRAD_COMMON_INSTANCE void fail_with<index_error>(std::string_view, std::initializer_list<text_piece>);
XGRAD_COMMON_INSTANCE void fail_with<dtype_error>(std::string_view, std::initializer_list<text_piece>);
XGRAD_COMMON_INSTANCE void fail_with<autograd_error>(std::string_view, std::initializer_list<text_piece>);
XGRAD_COMMON_INSTANCE void fail_with<io_error>(std::string_view, std::initializer_list<text_piece>);
XGRAD_COMMON_INSTANCE void fail_with<value_error>(std::string_view, std::initializer_list<text_piece>);
}
#endif
