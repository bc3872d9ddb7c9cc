// Numbers as bytes, least significant first: what files of other programs have.
#pragma once

#include <xgrad/core/config.hpp>

#include <cstddef>
#include <cstdint>
#include <string>

namespace xgrad::inline XGRAD_ABI::detail {

/// The lowest `bytes` bytes of a number, zeros where it has no more.
inline void append_little_endian(std::string& to, std::uint64_t number, std::size_t bytes) {
    for (; bytes > 0; --bytes, number >>= 8) to += static_cast<char>(number & 255);
}

}  // namespace xgrad::inline XGRAD_ABI::detail
