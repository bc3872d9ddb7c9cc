// Elements as files have them: in another order, of half precision, with the bytes the other way round.
#pragma once

#include <xgrad/core/config.hpp>
#include <xgrad/core/lists.hpp>
#include <xgrad/core/shape.hpp>
#include <xgrad/kernels/strided.hpp>

#include <algorithm>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <string_view>

namespace xgrad::inline XGRAD_ABI::io::detail {

/// The number that has these 16 bits, of IEEE 754's binary16: exactly, for a float has more of everything.
constexpr float half_to_float(std::uint16_t bits) {
    const auto sign = static_cast<std::uint32_t>(bits & 0x8000) << 16;
    const auto rest = static_cast<std::uint32_t>(bits & 0x7fff) << 13;
    if (rest >= 0x7c00u << 13) return std::bit_cast<float>(sign | 0x7f800000 | rest);   // infinity, NaN
    if (rest < 0x0400u << 13) {                                                         // zero, subnormal: n / 2^24
        const auto size = static_cast<float>(bits & 0x3ff) * 0x1p-24f;
        return sign != 0 ? -size : size;
    }
    return std::bit_cast<float>(sign | (rest + ((127u - 15u) << 23)));
}

/// The number whose upper half, as a float, these bits are.
constexpr float bfloat_to_float(std::uint16_t bits) { return std::bit_cast<float>(static_cast<std::uint32_t>(bits) << 16); }

/// Copies `count` numbers of half precision; `Real` is float or double.
template <class Real>
void copy_halves(const std::byte* from, std::size_t count, bool bfloat, Real* to) {
    for (auto i = std::size_t{0}; i < count; ++i) {
        auto bits = std::uint16_t{0};
        std::memcpy(&bits, from + 2 * i, 2);
        to[i] = bfloat ? bfloat_to_float(bits) : half_to_float(bits);
    }
}
XGRAD_ON_DEMAND void copy_halves(const std::byte* from, std::size_t count, bool bfloat, std::byte* to, std::size_t to_bytes) {
    if (to_bytes == sizeof(float)) copy_halves(from, count, bfloat, reinterpret_cast<float*>(to));
    else copy_halves(from, count, bfloat, reinterpret_cast<double*>(to));
}

/// Whether elements of one type can be read as those of another: the same, or float or double from half precision. The
/// names of types are those of safetensors.
constexpr bool readable_as(std::string_view dtype, std::string_view wanted) {
    return dtype == wanted || ((dtype == "F16" || dtype == "BF16") && (wanted == "F32" || wanted == "F64"));
}

/// Whether there are no bytes but 0 and 1, which alone a bool may have.
XGRAD_ON_DEMAND bool are_bools(std::span<const std::byte> bytes) {
    return lists::none_of(bytes, [](auto byte) { return byte > std::byte{1}; });
}

/// Turns each element's bytes round.
XGRAD_ON_DEMAND void swap_bytes(std::byte* elements, std::size_t count, std::size_t width) {
    if (width == 1) return;
    for (auto i = std::size_t{0}; i < count; ++i) std::reverse(elements + i * width, elements + (i + 1) * width);
}

/// An element of whatever type, anywhere in memory.
template <std::size_t Width>
struct raw {
    std::byte bytes[Width];
};

template <std::size_t Width>
void copy_from_column_major(const std::byte* from, const shape& sizes, std::byte* to) {
    auto at = kernels::strides{};
    auto step = std::ptrdiff_t{1};
    for (auto axis = std::size_t{0}; axis < sizes.rank(); ++axis) {
        at.along[axis] = step;
        step *= static_cast<std::ptrdiff_t>(sizes[axis]);
    }
    kernels::gather_strided(reinterpret_cast<const raw<Width>*>(from), at, sizes, reinterpret_cast<raw<Width>*>(to));
}

/// Copies elements that stand in column-major (Fortran's) order into row-major order, in which they have the shape
/// `sizes`. Of a matrix, this is its transpose: `sizes` is then the shape of the result.
XGRAD_ON_DEMAND XGRAD_COLD void copy_from_column_major(const std::byte* from, const shape& sizes, std::size_t width, std::byte* to) {
    if (width == 1) copy_from_column_major<1>(from, sizes, to);
    else if (width == 2) copy_from_column_major<2>(from, sizes, to);
    else if (width == 4) copy_from_column_major<4>(from, sizes, to);
    else copy_from_column_major<8>(from, sizes, to);
}

}  // namespace xgrad::inline XGRAD_ABI::io::detail
