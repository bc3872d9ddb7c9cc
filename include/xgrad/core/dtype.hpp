// The element types.
#pragma once

#include <xgrad/core/config.hpp>

#include <string_view>
#include <type_traits>

namespace xgrad::inline XGRAD_ABI {

/// The types that differentiate.
template <class T>
concept real = std::is_same_v<T, float> || std::is_same_v<T, double>;

/// The types of which there are tensors: real numbers, integers and truth values.
template <class T>
concept element = real<T> || (std::is_integral_v<T> && std::is_same_v<T, std::remove_cv_t<T>>);

/// The name that NumPy gives an element type: "float32", "int64", "bool".
template <element T>
constexpr std::string_view dtype_name() {
    if constexpr (std::is_same_v<T, bool>) return "bool";
    else if constexpr (std::is_same_v<T, float>) return "float32";
    else if constexpr (std::is_same_v<T, double>) return "float64";
    else if constexpr (std::is_signed_v<T>)
        return sizeof(T) == 1 ? "int8" : sizeof(T) == 2 ? "int16" : sizeof(T) == 4 ? "int32" : "int64";
    else return sizeof(T) == 1 ? "uint8" : sizeof(T) == 2 ? "uint16" : sizeof(T) == 4 ? "uint32" : "uint64";
}

}  // namespace xgrad
