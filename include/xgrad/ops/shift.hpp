// The bits of integers moved up or down. No derivative.
#pragma once

#include <xgrad/autograd/tensor.hpp>
#include <xgrad/core/config.hpp>
#include <xgrad/core/error.hpp>
#include <xgrad/core/lists.hpp>
#include <xgrad/ops/bitwise.hpp>

#include <concepts>
#include <cstdint>
#include <limits>
#include <span>
#include <type_traits>

namespace xgrad::inline XGRAD_ABI {

namespace detail {

/// What the shifts have in common. A count of all bits or more leaves nothing, or the sign; a negative one throws
/// `value_error`.
template <class Op>
struct shift_by : integer_binary<Op> {
    template <std::integral T>
    static T of(T a, T count) {
        static_assert(!std::is_same_v<T, bool>, "an operation on integers: convert the operand with astype<int>(x)");
        constexpr auto bits = std::numeric_limits<std::make_unsigned_t<std::conditional_t<std::is_same_v<T, bool>, int, T>>>::digits;
        return Op::shifted(a, static_cast<std::uint64_t>(count) < bits ? static_cast<int>(count) : bits);
    }
    template <element T>
    static void validate(std::span<const T> counts) {
        if (lists::any_of(counts, [](T count) { return count < T{0}; }))
            fail<value_error>(Op::name, "by a negative number of bits: shift the other way");
    }
};

}  // namespace detail

/// y = a 2^b, without the bits that leave at the top
struct left_shift_fn : detail::shift_by<left_shift_fn> {
    static constexpr auto name = "left_shift";
    template <std::integral T>
    static T shifted(T a, int count) {
        return count > 63 ? T{0} : static_cast<T>(static_cast<std::uint64_t>(a) << count);
    }
};
inline constexpr left_shift_fn left_shift{};

/// y = a / 2^b, rounded down
struct right_shift_fn : detail::shift_by<right_shift_fn> {
    static constexpr auto name = "right_shift";
    template <std::integral T>
    static T shifted(T a, int count) {
        constexpr auto last = std::numeric_limits<T>::digits - (std::is_signed_v<T> ? 0 : 1);
        if (count > last) return std::is_signed_v<T> && a < T{0} ? static_cast<T>(-1) : T{0};
        return static_cast<T>(a >> count);
    }
};
inline constexpr right_shift_fn right_shift{};

}  // namespace xgrad
