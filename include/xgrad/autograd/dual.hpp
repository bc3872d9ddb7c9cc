// Dual numbers: a value together with its derivatives in K directions. A formula that is evaluated on dual
// numbers gives its own derivative with the value, exactly (forward accumulation; W. K. Clifford, 1873).
//
// Here value and derivatives are vectors of as many numbers as a register holds. The mathematical functions
// of ops/ take dual numbers too, by the same formula that is their backward rule.
#pragma once

#include <xgrad/core/config.hpp>
#include <xgrad/core/simd.hpp>
#include <xgrad/fwd.hpp>

#include <array>
#include <cstddef>
#include <functional>
#include <type_traits>
#include <utility>

namespace xgrad::inline XGRAD_ABI {

/// value + partial[0] e_0 + ... + partial[K - 1] e_(K-1), with e_i e_j = 0. Without directions, K = 0, it is a constant.
template <class V, std::size_t K>
struct dual : standard_names::base {
    V value;
    std::array<V, K> partial;

    dual(const V& value_, const std::array<V, K>& partial_) : value{value_}, partial{partial_} {}
};

namespace detail {

/// value + f(0) e_0 + f(1) e_1 + ...
template <std::size_t K, class V, class F>
dual<V, K> make_dual(const V& value, const F& f) {
    return [&]<std::size_t... At>(std::index_sequence<At...>) {
        return dual<V, K>{value, {V(f(At))...}};
    }(std::make_index_sequence<K>{});
}

/// What has derivative zero beside dual numbers over V: V itself, without directions or plain, and plain numbers.
template <class C, class V>
concept constant_beside = std::is_arithmetic_v<C> || std::is_same_v<C, V> || std::is_same_v<C, dual<V, 0>>;

template <class V, class C>
V constant(const C& number) {
    if constexpr (std::is_same_v<C, V>) return number;
    else if constexpr (std::is_same_v<C, dual<V, 0>>) return number.value;
    else if constexpr (simd::is_batch<V>) return V(static_cast<typename V::value_type>(number));
    else return static_cast<V>(number);
}

}  // namespace detail

template <class V, std::size_t K>
dual<V, K> operator-(const dual<V, K>& a) {
    return detail::make_dual<K>(V(-a.value), [&](std::size_t i) { return -a.partial[i]; });
}

// (a b)' = a' b + a b'        (a / b)' = (a' - (a / b) b') / b
template <class V, std::size_t K>
dual<V, K> operator+(const dual<V, K>& a, const dual<V, K>& b) {
    return detail::make_dual<K>(V(a.value + b.value), [&](std::size_t i) { return a.partial[i] + b.partial[i]; });
}
template <class V, std::size_t K>
dual<V, K> operator-(const dual<V, K>& a, const dual<V, K>& b) {
    return detail::make_dual<K>(V(a.value - b.value), [&](std::size_t i) { return a.partial[i] - b.partial[i]; });
}
template <class V, std::size_t K>
dual<V, K> operator*(const dual<V, K>& a, const dual<V, K>& b) {
    return detail::make_dual<K>(V(a.value * b.value),
                                [&](std::size_t i) { return a.partial[i] * b.value + a.value * b.partial[i]; });
}
template <class V, std::size_t K>
dual<V, K> operator/(const dual<V, K>& a, const dual<V, K>& b) {
    const auto quotient = V(a.value / b.value);
    return detail::make_dual<K>(quotient,
                                [&](std::size_t i) { return (a.partial[i] - quotient * b.partial[i]) / b.value; });
}

template <class V, std::size_t K, detail::constant_beside<V> C>
dual<V, K> operator+(const dual<V, K>& a, const C& b) {
    return {a.value + detail::constant<V>(b), a.partial};
}
template <class V, std::size_t K, detail::constant_beside<V> C>
dual<V, K> operator+(const C& a, const dual<V, K>& b) {
    return {detail::constant<V>(a) + b.value, b.partial};
}
template <class V, std::size_t K, detail::constant_beside<V> C>
dual<V, K> operator-(const dual<V, K>& a, const C& b) {
    return {a.value - detail::constant<V>(b), a.partial};
}
template <class V, std::size_t K, detail::constant_beside<V> C>
dual<V, K> operator-(const C& a, const dual<V, K>& b) {
    return detail::make_dual<K>(V(detail::constant<V>(a) - b.value), [&](std::size_t i) { return -b.partial[i]; });
}
template <class V, std::size_t K, detail::constant_beside<V> C>
dual<V, K> operator*(const dual<V, K>& a, const C& b) {
    const auto factor = detail::constant<V>(b);
    return detail::make_dual<K>(V(a.value * factor), [&](std::size_t i) { return a.partial[i] * factor; });
}
template <class V, std::size_t K, detail::constant_beside<V> C>
dual<V, K> operator*(const C& a, const dual<V, K>& b) {
    return b * a;
}
template <class V, std::size_t K, detail::constant_beside<V> C>
dual<V, K> operator/(const dual<V, K>& a, const C& b) {
    const auto divisor = detail::constant<V>(b);
    return detail::make_dual<K>(V(a.value / divisor), [&](std::size_t i) { return a.partial[i] / divisor; });
}
template <class V, std::size_t K, detail::constant_beside<V> C>
dual<V, K> operator/(const C& a, const dual<V, K>& b) {
    const auto quotient = V(detail::constant<V>(a) / b.value);
    return detail::make_dual<K>(quotient, [&](std::size_t i) { return -quotient * b.partial[i] / b.value; });
}

// Comparisons look at the values alone. (`!=` is not that of vectors: for AVX-512, xsimd 8.1 calls NaN not unequal to NaN.)
#define XGRAD_DUAL_COMPARISON(op, outcome)                                                   \
    template <class V, std::size_t K>                                                        \
    auto operator op(const dual<V, K>& a, const dual<V, K>& b) {                             \
        return outcome(a.value, b.value);                                                    \
    }                                                                                        \
    template <class V, std::size_t K, detail::constant_beside<V> C>                          \
    auto operator op(const dual<V, K>& a, const C& b) {                                      \
        return outcome(a.value, detail::constant<V>(b));                                     \
    }                                                                                        \
    template <class V, std::size_t K, detail::constant_beside<V> C>                          \
    auto operator op(const C& a, const dual<V, K>& b) {                                      \
        return outcome(detail::constant<V>(a), b.value);                                     \
    }
XGRAD_DUAL_COMPARISON(<, std::less{})
XGRAD_DUAL_COMPARISON(<=, std::less_equal{})
XGRAD_DUAL_COMPARISON(>, std::greater{})
XGRAD_DUAL_COMPARISON(>=, std::greater_equal{})
XGRAD_DUAL_COMPARISON(==, std::equal_to{})
XGRAD_DUAL_COMPARISON(!=, !std::equal_to{})
#undef XGRAD_DUAL_COMPARISON

}  // namespace xgrad
