// Whether a number is one, told by its bits: -ffinite-math-only and -ffast-math let the compiler take it for granted
// that nothing is infinite or NaN, and leave out `std::isnan`, `std::isinf` and comparisons that only NaN would fail.
#pragma once

#include <xgrad/core/config.hpp>

#include <bit>
#include <cstdint>

namespace xgrad::inline XGRAD_ABI {

/// Whether `value` is neither infinite nor NaN, with whatever flags this is compiled.
constexpr bool is_finite_number(double value) noexcept {
    constexpr auto exponent = std::uint64_t{0x7ff} << 52;
    return (std::bit_cast<std::uint64_t>(value) & exponent) != exponent;
}

/// Whether `value` is one of the infinities, likewise.
constexpr bool is_infinite_number(double value) noexcept {
    return (std::bit_cast<std::uint64_t>(value) & ~std::uint64_t{0} >> 1) == std::uint64_t{0x7ff} << 52;
}

}  // namespace xgrad
