// What pixels of pictures may be read as.
#pragma once

#include <xgrad/core/config.hpp>
#include <xgrad/core/dtype.hpp>

#include <concepts>
#include <cstdint>
#include <limits>

namespace xgrad::inline XGRAD_ABI::data {

/// Of pictures whose pixels are bytes.
template <class T>
concept pixel = real<T> || std::same_as<T, std::uint8_t>;

/// Of pictures whose pixels may have two bytes.
template <class T>
concept picture_element = pixel<T> || std::same_as<T, std::uint16_t>;

namespace detail {

/// `value` of `most` as a T: in [0, 1], or in the whole range of an unsigned type, to the nearest.
template <picture_element T>
T as_pixel(std::uint32_t value, std::uint32_t most) {
    if constexpr (real<T>) return static_cast<T>(value) / static_cast<T>(most);
    else return static_cast<T>((std::uint64_t{value} * std::numeric_limits<T>::max() + most / 2) / most);
}

}  // namespace detail

}  // namespace xgrad::data
