// What there is to know about the place that text goes to.
#pragma once

#include <xgrad/core/config.hpp>

#include <cstddef>
#include <cstdio>
#include <cstdlib>
#include <string_view>

#if defined(__unix__) || defined(__APPLE__)
#include <sys/ioctl.h>
#include <unistd.h>
#define XGRAD_HAS_TERMINAL 1
#else
#define XGRAD_HAS_TERMINAL 0
#endif

namespace xgrad::inline XGRAD_ABI::train {

/// Whether somebody looks on, at a screen where a line can be written over: not for files and pipes, nor for
/// terminals that say they are dumb.
inline bool is_terminal([[maybe_unused]] std::FILE* out) {
#if XGRAD_HAS_TERMINAL
    const auto* const kind = std::getenv("TERM");
    return ::isatty(::fileno(out)) == 1 && kind != nullptr && std::string_view{kind} != "dumb";
#else
    return false;
#endif
}

/// The number of columns of the terminal; 80 for what is none, and where it cannot be told.
inline std::size_t terminal_width([[maybe_unused]] std::FILE* out) {
#if XGRAD_HAS_TERMINAL
    auto size = winsize{};
    if (::ioctl(::fileno(out), TIOCGWINSZ, &size) == 0 && size.ws_col > 0) return size.ws_col;
#endif
    return 80;
}

}  // namespace xgrad::train
