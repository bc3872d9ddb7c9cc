// The element types.
#pragma once

#include <xgrad/core/config.hpp>

#include <cstddef>
#include <string_view>
#include <type_traits>

namespace xgrad::inline XGRAD_ABI {

/// The types that differentiate.
template <class T>
concept real = std::is_same_v<T, float> || std::is_same_v<T, double>;

/// The types of which there are tensors: real numbers, integers and truth values.
template <class T>
concept element = real<T> || (std::is_integral_v<T> && std::is_same_v<T, std::remove_cv_t<T>>);

/// An element type where it is known at run time only.
enum class dtype : unsigned char { boolean, int8, int16, int32, int64, uint8, uint16, uint32, uint64, float32, float64 };

template <element T>
constexpr dtype dtype_of() {
    if constexpr (std::is_same_v<T, bool>) return dtype::boolean;
    else if constexpr (std::is_same_v<T, float>) return dtype::float32;
    else if constexpr (std::is_same_v<T, double>) return dtype::float64;
    else if constexpr (std::is_signed_v<T>)
        return sizeof(T) == 1 ? dtype::int8 : sizeof(T) == 2 ? dtype::int16 : sizeof(T) == 4 ? dtype::int32 : dtype::int64;
    else return sizeof(T) == 1 ? dtype::uint8 : sizeof(T) == 2 ? dtype::uint16 : sizeof(T) == 4 ? dtype::uint32 : dtype::uint64;
}

/// The name that NumPy gives an element type: "float32", "int64", "bool".
constexpr std::string_view dtype_name(dtype type) {
    constexpr std::string_view names[] = {"bool",   "int8",   "int16",  "int32",   "int64",  "uint8",
                                          "uint16", "uint32", "uint64", "float32", "float64"};
    return names[static_cast<std::size_t>(type)];
}
template <element T>
constexpr std::string_view dtype_name() {
    return dtype_name(dtype_of<T>());
}

}  // namespace xgrad
