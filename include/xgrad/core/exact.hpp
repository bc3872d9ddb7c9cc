// Numbers of different types beside each other, by value: nothing passes through a type that cannot hold it on its way
// to a comparison, a bound, a count or an element.
#pragma once

#include <xgrad/core/cmath.hpp>
#include <xgrad/core/config.hpp>
#include <xgrad/core/dtype.hpp>
#include <xgrad/core/error.hpp>

#include <compare>
#include <concepts>
#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>

namespace xgrad::inline XGRAD_ABI {

/// An integer of any type, by value. What is no integer does not compile.
class whole {
public:
    template <class Number>
        requires std::is_arithmetic_v<Number>
    constexpr whole(Number number) : m_bits{static_cast<std::uint64_t>(number)} {
        static_assert(std::is_integral_v<Number>, "a fraction beside integers: convert the tensor with astype<float>(x)");
        if constexpr (std::is_signed_v<Number>) m_negative = number < 0;
    }

    /// Two's complement, in 64 bits: differences of these are right modulo 2^64.
    constexpr std::uint64_t bits() const { return m_bits; }

    friend constexpr bool operator==(whole a, whole b) = default;
    friend constexpr std::strong_ordering operator<=>(whole a, whole b) {
        return a.m_negative != b.m_negative ? b.m_negative <=> a.m_negative : a.m_bits <=> b.m_bits;
    }

    /// The same integer as a `T`. Throws `value_error` where there is none.
    template <element T>
        requires std::is_integral_v<T>
    constexpr T as(std::string_view where) const {
        constexpr auto least = whole{std::numeric_limits<T>::lowest()}, most = whole{std::numeric_limits<T>::max()};
        if (*this < least || *this > most)
            fail<value_error>(where, *this, " does not fit ", dtype_name<T>(), ", whose numbers are ", least, " to ", most);
        return static_cast<T>(m_bits);
    }

    friend void append_text(std::string& text, whole number) {
        if (number.m_negative) detail::append_text(text, static_cast<std::int64_t>(number.m_bits));
        else detail::append_text(text, number.m_bits);
    }

private:
    std::uint64_t m_bits;
    bool m_negative = false;
};

namespace detail {

/// How a function takes a number that becomes an element of type T: to a real type it is rounded, an integer stays
/// what it is.
template <element T>
using number_for = std::conditional_t<real<T>, T, whole>;

/// A number beside elements of type T. Throws `value_error` for an integer that is no T.
template <element T, class Number>
constexpr T as_element(std::string_view where, Number number) {
    if constexpr (real<T>) return static_cast<T>(number);
    else return whole{number}.template as<T>(where);
}

/// 2^n, n the number of binary digits of T: the least number above all of T. F holds it exactly, and T's lowest too.
template <std::integral T, std::floating_point F>
inline constexpr F beyond = static_cast<F>(std::numeric_limits<T>::max() / 2 + 1) * 2;

template <std::integral A, std::integral B>
constexpr bool is_less(A a, B b) {
    if constexpr (std::is_signed_v<A> == std::is_signed_v<B>) return a < b;
    else if constexpr (std::is_signed_v<A>) return a < 0 || static_cast<std::make_unsigned_t<A>>(a) < b;
    else return b > 0 && a < static_cast<std::make_unsigned_t<B>>(b);
}

/// The T nearest to x without its fraction; 0 for NaN. To `bool`: whether x is not 0.
template <element T, class Number>
constexpr T nearest_cast(Number x) {
    using limits = std::numeric_limits<T>;
    if constexpr (std::is_same_v<T, bool>) {
        return x != Number{0};
    } else if constexpr (real<T>) {
        return static_cast<T>(x);
    } else if constexpr (std::is_integral_v<Number>) {
        return is_less(x, limits::lowest()) ? limits::lowest() : is_less(limits::max(), x) ? limits::max() : static_cast<T>(x);
    } else {
        if (x >= beyond<T, Number>) return limits::max();
        if (x < static_cast<Number>(limits::lowest())) return limits::lowest();
        return x == x ? static_cast<T>(x) : T{0};
    }
}

/// Whether a, an integer rounded to a real type, is above (below) the integer b that it was.
template <real A, std::integral B>
constexpr bool rounded_up(A a, B b) {
    return a >= beyond<B, A> || static_cast<B>(a) > b;
}
template <real A, std::integral B>
constexpr bool rounded_down(A a, B b) {
    return a < beyond<B, A> && static_cast<B>(a) < b;
}

/// The largest T that is at most `bound`, which is not NaN; none where all are above. A fraction beside real numbers
/// counts as the T nearest to it: 0.1 is 0.1f beside floats.
template <element T, class Number>
std::optional<T> at_most(Number bound) {
    using limits = std::numeric_limits<T>;
    if constexpr (real<T>) {
        const auto nearby = static_cast<T>(bound);
        if constexpr (std::is_integral_v<Number>)
            if (rounded_up(nearby, bound)) return std::nextafter(nearby, -limits::infinity());
        return nearby;
    } else if constexpr (std::is_integral_v<Number>) {
        if (is_less(bound, limits::lowest())) return {};
        return is_less(limits::max(), bound) ? limits::max() : static_cast<T>(bound);
    } else {
        if (bound < static_cast<Number>(limits::lowest())) return {};
        return bound >= beyond<T, Number> ? limits::max() : static_cast<T>(std::floor(bound));
    }
}

/// The smallest T that is at least `bound`, which is not NaN; none where all are below. Fractions as above.
template <element T, class Number>
std::optional<T> at_least(Number bound) {
    using limits = std::numeric_limits<T>;
    if constexpr (real<T>) {
        const auto nearby = static_cast<T>(bound);
        if constexpr (std::is_integral_v<Number>)
            if (rounded_down(nearby, bound)) return std::nextafter(nearby, limits::infinity());
        return nearby;
    } else if constexpr (std::is_integral_v<Number>) {
        if (is_less(limits::max(), bound)) return {};
        return is_less(bound, limits::lowest()) ? limits::lowest() : static_cast<T>(bound);
    } else {
        const auto next = std::ceil(bound);
        if (next >= beyond<T, Number>) return {};
        return next < static_cast<Number>(limits::lowest()) ? limits::lowest() : static_cast<T>(next);
    }
}

/// op(a, b) modulo 2^n, n the number of bits of T, by unsigned arithmetic, which is defined to wrap around. In that of
/// `unsigned` at least: two 16-bit numbers would be multiplied as `int`.
template <class Op, std::integral T>
constexpr T wrapping(const Op& op, T a, T b) {
    using modular = std::conditional_t<(sizeof(T) > sizeof(unsigned)), std::uint64_t, unsigned>;
    return static_cast<T>(op(static_cast<modular>(a), static_cast<modular>(b)));
}

}  // namespace detail

}  // namespace xgrad
