// The checksum of zip archives.
#pragma once

#include <xgrad/core/config.hpp>

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>

namespace xgrad::inline XGRAD_ABI::io::detail {

/// What `k` bytes of zero behind a byte make of it, for eight k: so that eight bytes are taken at once.
template <class>
constexpr auto make_crc_tables() {
    auto tables = std::array<std::array<std::uint32_t, 256>, 8>{};
    for (auto byte = std::uint32_t{0}; byte < 256; ++byte) {
        auto crc = byte;
        for (auto bit = 0; bit < 8; ++bit) crc = crc >> 1 ^ (0xedb88320 & (0 - (crc & 1)));
        tables[0][byte] = crc;
    }
    for (auto k = std::size_t{1}; k < 8; ++k)
        for (auto byte = std::size_t{0}; byte < 256; ++byte)
            tables[k][byte] = tables[k - 1][byte] >> 8 ^ tables[0][tables[k - 1][byte] & 255];
    return tables;
}

/// A template, so that only a program that uses them has them made: a compiler takes as long for that as for a header of a
/// thousand lines.
template <class User>
inline constexpr auto crc_tables = make_crc_tables<User>();

/// The CRC-32 of ISO 3309, of what stood before, if anything, and these bytes.
template <class User = void>
XGRAD_COLD std::uint32_t crc32(std::span<const std::byte> bytes, std::uint32_t before = 0) {
    constexpr const auto& tables = crc_tables<User>;
    auto crc = ~before;
    auto at = std::size_t{0};
    for (; bytes.size() - at >= 8; at += 8) {
        auto word = std::uint64_t{0};
        std::memcpy(&word, bytes.data() + at, 8);
        word ^= crc;
        crc = 0;
        for (auto k = std::size_t{0}; k < 8; ++k) crc ^= tables[7 - k][word >> 8 * k & 255];
    }
    for (; at < bytes.size(); ++at) crc = crc >> 8 ^ tables[0][(crc ^ std::to_integer<std::uint32_t>(bytes[at])) & 255];
    return ~crc;
}

}  // namespace xgrad::inline XGRAD_ABI::io::detail
