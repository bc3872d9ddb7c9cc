// The bits of integers. No derivative.
//
// a and b broadcast; either may be a number.
#pragma once

#include <xgrad/autograd/operation.hpp>
#include <xgrad/autograd/tensor.hpp>
#include <xgrad/core/config.hpp>
#include <xgrad/core/error.hpp>
#include <xgrad/ops/elementwise.hpp>

#include <algorithm>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <span>
#include <type_traits>

namespace xgrad::inline XGRAD_ABI {

namespace detail {

/// An operation of two integers; `Op` has a name and of(a, b) for two of one type.
template <class Op>
struct integer_binary : binary<Op> {
    template <class V>
    static V value(const V& a, const V& b) {
        static_assert(std::is_integral_v<V>, "an operation on integers: convert the operand with astype<int>(x)");
        if constexpr (std::is_integral_v<V>) return static_cast<V>(Op::of(a, b));
        else return a;
    }
    static constexpr auto left = [](const auto& dy) { return dy * 0; };
    static constexpr auto right = left;
};

}  // namespace detail

/// y = the bits that a and b have both; of truth values: a and b
struct bitwise_and_fn : detail::integer_binary<bitwise_and_fn> {
    static constexpr auto name = "bitwise_and";
    static auto of(auto a, auto b) { return a & b; }
};
inline constexpr bitwise_and_fn bitwise_and{};

/// y = the bits that a or b has
struct bitwise_or_fn : detail::integer_binary<bitwise_or_fn> {
    static constexpr auto name = "bitwise_or";
    static auto of(auto a, auto b) { return a | b; }
};
inline constexpr bitwise_or_fn bitwise_or{};

/// y = the bits in which a and b differ
struct bitwise_xor_fn : detail::integer_binary<bitwise_xor_fn> {
    static constexpr auto name = "bitwise_xor";
    static auto of(auto a, auto b) { return a ^ b; }
};
inline constexpr bitwise_xor_fn bitwise_xor{};

/// y = the bits that x has not, -x - 1; of truth values: not x
struct bitwise_not_fn {
    template <element T, std::size_t N>
    tensor<T, N> operator()(const tensor<T, N>& x) const {
        static_assert(std::is_integral_v<T>, "an operation on integers: convert the operand with astype<int>(x)");
        const auto f = [](const basic_tensor<T>& a) {
            const auto other_bits = [](T v) {
                if constexpr (std::is_same_v<T, bool>) return !v;
                else return static_cast<T>(~v);
            };
            return detail::compute<T>("bitwise_not", other_bits, a);
        };
        const basic_tensor<T>& operand = x;
        return detail::with_rank<N>(detail::call("bitwise_not", {"x"}, f, operand));
    }
};
inline constexpr bitwise_not_fn bitwise_not{};

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
        if (std::ranges::any_of(counts, [](T count) { return count < T{0}; }))
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
