// Numbers of 16 bits on the way between ranks: the upper half of a float, so its range with 8 bits of precision.
#pragma once

#include <xgrad/core/cmath.hpp>
#include <xgrad/core/config.hpp>
#include <xgrad/core/dtype.hpp>
#include <xgrad/io/elements.hpp>

#include <bit>
#include <cstddef>
#include <cstdint>

namespace xgrad::inline XGRAD_ABI::distributed::detail {

/// To the nearest, of two equally near ones to that whose last bit is 0; NaN stays one. What is beyond the largest becomes
/// infinite.
constexpr std::uint16_t bfloat_of(float value) {
    const auto bits = std::bit_cast<std::uint32_t>(value);
    if (value != value) return static_cast<std::uint16_t>(bits >> 16 | 0x40);
    return static_cast<std::uint16_t>((bits + 0x7fff + (bits >> 16 & 1)) >> 16);
}

template <real T>
void to_bfloats(const T* from, std::size_t count, std::uint16_t* to) {
    for (auto i = std::size_t{0}; i < count; ++i) to[i] = bfloat_of(static_cast<float>(from[i]));
}

template <real T>
void from_bfloats(const std::uint16_t* from, std::size_t count, T* to) {
    for (auto i = std::size_t{0}; i < count; ++i) to[i] = io::detail::bfloat_to_float(from[i]);
}

}  // namespace xgrad::distributed::detail
