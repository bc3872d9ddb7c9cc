// The few algorithms over whole lists that the library uses, for its own code.
//
// They do what those of std::ranges do, and ask nothing of their arguments that they do not need: every use of one in
// std::ranges has the compiler prove some dozens of concepts, in each program that includes the header, whether it calls the
// function that holds it or not. Qualified names alone, so that no argument brings std's own.
#pragma once

#include <xgrad/core/config.hpp>

#include <algorithm>
#include <cstddef>
#include <iterator>
#include <type_traits>

namespace xgrad::inline XGRAD_ABI::lists {

struct itself {
    template <class X>
    constexpr const X& operator()(const X& x) const {
        return x;
    }
};

/// of(x), or the member x.*of.
template <class Of, class X>
constexpr decltype(auto) part(const Of& of, X&& x) {
    if constexpr (std::is_member_object_pointer_v<Of>) return (x.*of);
    else return of(x);
}

/// Where the first x of the list stands for which f(x); the end, if there is none.
template <class List, class F>
constexpr auto find_if(List&& list, const F& f) {
    auto at = std::begin(list);
    while (at != std::end(list) && !f(*at)) ++at;
    return at;
}
/// Where the first x stands of which a part is `value`.
template <class List, class Value, class Of = itself>
constexpr auto find(List&& list, const Value& value, const Of& of = {}) {
    return find_if(list, [&](const auto& x) { return part(of, x) == value; });
}
template <class List, class Value, class Of = itself>
constexpr bool contains(const List& list, const Value& value, const Of& of = {}) {
    return find(list, value, of) != std::end(list);
}

template <class List, class F>
constexpr bool any_of(const List& list, const F& f) {
    return find_if(list, f) != std::end(list);
}
template <class List, class F>
constexpr bool none_of(const List& list, const F& f) {
    return !any_of(list, f);
}
template <class List, class F>
constexpr bool all_of(const List& list, const F& f) {
    return !any_of(list, [&](const auto& x) { return !f(x); });
}
template <class List, class F>
constexpr std::size_t count_if(const List& list, const F& f) {
    auto count = std::size_t{0};
    for (const auto& x : list) count += f(x) ? 1 : 0;
    return count;
}

/// Puts different numbers in order, of which the equal ones rise: a stable sort of what began in rising order.
/// std::stable_sort takes memory that no allocator gives, and clang 19 warns of how libstdc++ does.
template <class Numbers, class Before>
constexpr void sort_numbers(Numbers& numbers, const Before& before) {
    std::sort(std::begin(numbers), std::end(numbers), [&](const auto& x, const auto& y) {
        return before(x, y) || (!before(y, x) && x < y);
    });
}

struct equal_to {
    constexpr bool operator()(const auto& x, const auto& y) const { return x == y; }
};
/// Whether both are equally long, and same(x, y) for each pair.
template <class List, class Other, class Same = equal_to>
constexpr bool equal(const List& list, const Other& other, const Same& same = {}) {
    return std::equal(std::begin(list), std::end(list), std::begin(other), std::end(other), same);
}

}  // namespace xgrad::lists
