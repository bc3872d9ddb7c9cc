// Elements as files have them: in another order, of half precision, with the bytes the other way round.
#pragma once

#include <xgrad/core/config.hpp>
#include <xgrad/core/error.hpp>
#include <xgrad/core/shape.hpp>

#include <algorithm>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>

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
inline void copy_halves(const std::byte* from, std::size_t count, bool bfloat, std::byte* to, std::size_t to_bytes) {
    if (to_bytes == sizeof(float)) copy_halves(from, count, bfloat, reinterpret_cast<float*>(to));
    else copy_halves(from, count, bfloat, reinterpret_cast<double*>(to));
}

/// Turns each element's bytes round.
inline void swap_bytes(std::byte* elements, std::size_t count, std::size_t width) {
    if (width == 1) return;
    for (auto i = std::size_t{0}; i < count; ++i) std::reverse(elements + i * width, elements + (i + 1) * width);
}

template <std::size_t Width>
void copy_from_column_major(const std::byte* from, const shape& sizes, std::byte* to) {
    // Axis 0 runs along `from`, the last along `to`; the copy goes by blocks of both, so that neither falls out of the cache.
    constexpr auto block = std::size_t{32};
    const auto rows = sizes[0], columns = sizes[sizes.rank() - 1];
    const auto from_step = sizes.elements() / columns, to_step = sizes.elements() / rows;
    for (auto middle = std::size_t{0}; middle < to_step / columns; ++middle) {
        auto from_at = std::size_t{0};
        auto step = from_step;
        for (auto axis = sizes.rank() - 2, rest = middle; axis > 0; --axis) {
            step /= sizes[axis];
            from_at += rest % sizes[axis] * step;
            rest /= sizes[axis];
        }
        for (auto i0 = std::size_t{0}; i0 < rows; i0 += block)
            for (auto j0 = std::size_t{0}; j0 < columns; j0 += block)
                for (auto i = i0; i < std::min(i0 + block, rows); ++i)
                    for (auto j = j0; j < std::min(j0 + block, columns); ++j)
                        std::memcpy(to + (i * to_step + middle * columns + j) * Width, from + (from_at + j * from_step + i) * Width, Width);
    }
}

/// Copies elements that stand in column-major (Fortran's) order into row-major order, in which they have the shape `sizes`.
/// Of a matrix, this is its transpose: `sizes` is then the shape of the result.
XGRAD_COLD inline void copy_from_column_major(const std::byte* from, const shape& sizes, std::size_t width, std::byte* to) {
    const auto count = sizes.elements();
    if (count == 0) return;
    if (sizes.rank() < 2) std::memcpy(to, from, count * width);
    else if (width == 1) copy_from_column_major<1>(from, sizes, to);
    else if (width == 2) copy_from_column_major<2>(from, sizes, to);
    else if (width == 4) copy_from_column_major<4>(from, sizes, to);
    else copy_from_column_major<8>(from, sizes, to);
}

}  // namespace xgrad::inline XGRAD_ABI::io::detail
