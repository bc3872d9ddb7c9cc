// Nested braces, and ranges of numbers, as the elements of an array.
#pragma once

#include <xgrad/core/config.hpp>
#include <xgrad/core/dtype.hpp>
#include <xgrad/core/error.hpp>
#include <xgrad/core/sequence.hpp>
#include <xgrad/core/shape.hpp>
#include <xgrad/core/xtensor.hpp>

#include <concepts>
#include <cstddef>
#include <initializer_list>
#include <iterator>
#include <string_view>
#include <type_traits>

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

/// The number that the ranges in a range of ranges ... hold in the end, and how many ranges are in one another.
template <class Range>
struct nested_range {
    using number = Range;
    static constexpr std::size_t depth = 0;
};
template <sequence Range>
    requires(!xt::is_xexpression<Range>::value && !requires(const Range& x) { x.requires_grad(); })
struct nested_range<Range> {
    using number = typename nested_range<sequence_value<Range>>::number;
    static constexpr std::size_t depth = 1 + nested_range<sequence_value<Range>>::depth;
};
template <class Range>
inline constexpr std::size_t range_depth = nested_range<Range>::depth;
template <class Range>
using range_number = typename nested_range<Range>::number;

/// A range of numbers, or of such ranges: a `std::vector<float>`, a `std::array` of them.
template <class Range>
concept number_range = range_depth<Range> != 0 && std::is_arithmetic_v<range_number<Range>> &&
                       !std::convertible_to<const Range&, std::string_view>;

/// A number as an element. Throws `value_error` for an integer that does not fit.
template <element T, class S>
T element_from(S number) {
    if constexpr (real<T> || std::is_same_v<T, S>) return static_cast<T>(number);
    else {
        static_assert(std::is_integral_v<S>, "real numbers do not become integers here: astype<T>(tensor(values)) rounds towards 0");
        static_assert(!std::is_same_v<T, bool>, "numbers do not become truth values here: tensor(values) != 0");
        const auto result = static_cast<T>(number);
        if (static_cast<S>(result) != number || (result < T{}) != (number < S{}))
            fail<value_error>("tensor", number, " does not fit into ", dtype_name<T>());
        return result;
    }
}

template <std::size_t Depth, class List>
void measure_nested(const List& list, shape& sizes, const char* what, std::size_t axis = 0) {
    if constexpr (Depth > 0) {
        const auto count = static_cast<std::size_t>(std::size(list));
        if (axis == sizes.rank()) sizes.push_back(count);
        if (sizes[axis] != count)
            fail<shape_error>("tensor", what, " of unequal length: ", count, " where the first has ", sizes[axis]);
        for (const auto& inner : list) measure_nested<Depth - 1>(inner, sizes, what, axis + 1);
    }
}

template <std::size_t Depth, class List, class T>
void copy_nested(const List& list, T*& to) {
    if constexpr (Depth == 0) *to++ = element_from<T>(list);
    else
        for (const auto& inner : list) copy_nested<Depth - 1>(inner, to);
}

}  // namespace xgrad::inline XGRAD_ABI::detail
