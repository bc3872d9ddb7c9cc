// The bits of integers. No derivative.
//
// a and b broadcast; either may be a number.
#pragma once

#include <xgrad/autograd/operation.hpp>
#include <xgrad/autograd/tensor.hpp>
#include <xgrad/core/config.hpp>
#include <xgrad/ops/elementwise.hpp>

#include <cstddef>
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

}  // namespace xgrad
