// Nested braces as the elements of an array.
#pragma once

#include <xgrad/core/config.hpp>
#include <xgrad/core/error.hpp>
#include <xgrad/core/shape.hpp>

#include <cstddef>
#include <initializer_list>

namespace xgrad::inline XGRAD_ABI::detail {

template <class T, std::size_t Depth>
struct nested_braces {
    using type = std::initializer_list<typename nested_braces<T, Depth - 1>::type>;
};
template <class T>
struct nested_braces<T, 0> {
    using type = T;
};
template <class T, std::size_t Depth>
using nested = typename nested_braces<T, Depth>::type;

template <std::size_t Depth, class List>
void measure_braces(const List& list, shape& sizes, std::size_t axis = 0) {
    if constexpr (Depth > 0) {
        if (axis == sizes.rank()) sizes.push_back(list.size());
        if (sizes[axis] != list.size())
            fail<shape_error>("tensor", "braces of unequal length: ", list.size(), " where the first has ",
                              sizes[axis]);
        for (const auto& inner : list) measure_braces<Depth - 1>(inner, sizes, axis + 1);
    }
}

template <std::size_t Depth, class List, class T>
void copy_braces(const List& list, T*& to) {
    if constexpr (Depth == 0) *to++ = list;
    else
        for (const auto& inner : list) copy_braces<Depth - 1>(inner, to);
}

}  // namespace xgrad::inline XGRAD_ABI::detail
