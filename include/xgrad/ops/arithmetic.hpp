// + - * / and their like. Both operands broadcast by NumPy's rule; either may be a number: beside integers one that
// their type holds, which else throws `value_error`. Integers wrap around, as NumPy's do.
#pragma once

#include <xgrad/core/cmath.hpp>
#include <xgrad/core/config.hpp>
#include <xgrad/core/lists.hpp>
#include <xgrad/ops/compare.hpp>
#include <xgrad/ops/elementwise.hpp>

#include <algorithm>
#include <concepts>
#include <cstddef>
#include <functional>
#include <span>
#include <type_traits>
#include <utility>

namespace xgrad::inline XGRAD_ABI {

/// y = a + b        da = dy,  db = dy
struct add_fn : binary<add_fn> {
    static constexpr auto name = "add";
    static auto value(const auto& a, const auto& b) { return a + b; }
    template <std::integral T>
    static T value(T a, T b) {
        return detail::wrapping(std::plus<>{}, a, b);
    }
    static constexpr auto left = detail::pass_on{};
    static constexpr auto right = detail::pass_on{};
};
inline constexpr add_fn add{};

/// y = a - b        da = dy,  db = -dy
struct subtract_fn : binary<subtract_fn> {
    static constexpr auto name = "subtract";
    static auto value(const auto& a, const auto& b) { return a - b; }
    template <std::integral T>
    static T value(T a, T b) {
        return detail::wrapping(std::minus<>{}, a, b);
    }
    static constexpr auto left = detail::pass_on{};
    static constexpr auto right = [](const auto& dy) { return -dy; };
};
inline constexpr subtract_fn subtract{};

/// y = a b          da = dy b,  db = dy a
struct multiply_fn : binary<multiply_fn> {
    static constexpr auto name = "multiply";
    static auto value(const auto& a, const auto& b) { return a * b; }
    template <std::integral T>
    static T value(T a, T b) {
        return detail::wrapping(std::multiplies<>{}, a, b);
    }
    static constexpr auto left = [](const auto& dy, const auto& b) { return dy * b; };
    static constexpr auto right = left;
};
inline constexpr multiply_fn multiply{};

/// y = a / b        da = dy / b,  db = -dy (a / b) / b
/// Not of integers, whose quotient is none: `floor_divide`, or `astype<float>` first.
struct divide_fn : binary<divide_fn> {
    static constexpr auto name = "divide";
    static auto value(const auto& a, const auto& b) { return a / b; }
    template <std::integral T>
    static T value(T a, T) {
        static_assert(real<T>, "integers do not divide by /: floor_divide(a, b), or astype<float>(a) / astype<float>(b)");
        return a;
    }
    static constexpr auto left = [](const auto& dy, const auto& b) { return dy / b; };
    static constexpr auto right = [](const auto& dy, const auto& b, const auto& a) { return -dy * (a / b) / b; };
};
inline constexpr divide_fn divide{};

/// y = the largest whole number that is at most a / b; exactly, as in PyTorch: 1 by 0.1, which is a little more than a
/// tenth, is 9. Steps have no slope: nothing is recorded, and the result needs no gradient.
/// A zero divisor among integers throws `value_error`; among real numbers the result is that of a / b.
struct floor_divide_fn : binary<floor_divide_fn> {
    static constexpr auto name = "floor_divide";
    template <plain_value V>
    static V value(const V& a, const V& b) {
        if constexpr (simd::is_batch<V>) {
            using number = typename V::value_type;
            alignas(64) number x[V::size], y[V::size];
            a.store_aligned(x);
            b.store_aligned(y);
            for (auto i = std::size_t{0}; i < V::size; ++i) x[i] = value(x[i], y[i]);
            return V::load_aligned(x);
        } else {
            const auto rest = std::fmod(a, b);
            const auto whole_part = (a - rest) / b;   // but for rounding
            const auto below = whole_part - (rest != 0 && (rest < 0) != (b < 0) ? 1 : 0);
            return b == 0 ? a / b : below == 0 ? std::copysign(V{0}, a / b) : std::round(below);
        }
    }
    template <std::integral T>
    static T value(T a, T b) {
        if constexpr (std::is_signed_v<T>) {
            if (b == T{-1}) return detail::wrapping(std::minus<>{}, T{0}, a);   // the one quotient that may be too large
            return static_cast<T>(a / b - (a % b != 0 && (a < 0) != (b < 0) ? 1 : 0));
        } else {
            return static_cast<T>(a / b);
        }
    }
    static constexpr auto left = [](const auto& dy) { return dy * 0; };
    static constexpr auto right = left;
    template <element T>
    static void validate(std::span<const T> divisors) {
        if (lists::contains(divisors, T{0})) fail<value_error>(name, "an integer divided by zero");
    }

    template <class A, class B>
    auto operator()(const A& a, const B& b) const {
        if constexpr (tensor_operands<A, B>) {
            const auto guard = no_grad{};
            return binary<floor_divide_fn>::operator()(a, b);
        } else {
            return binary<floor_divide_fn>::operator()(a, b);
        }
    }
};
inline constexpr floor_divide_fn floor_divide{};

/// y = max(a, b), NaN where either is        da = dy where a > b, half of it where they are equal
struct maximum_fn : binary<maximum_fn> {
    static constexpr auto name = "maximum";
    static auto value(const auto& a, const auto& b) { return kernels::maximum_of{}(a, b); }
    static constexpr auto left = [](const auto& dy, const auto& self, const auto& other) {
        return where(self > other, dy, where(self < other, 0, dy * 0.5));
    };
    static constexpr auto right = left;
};
inline constexpr maximum_fn maximum{};

/// y = min(a, b), NaN where either is        da = dy where a < b, half of it where they are equal
struct minimum_fn : binary<minimum_fn> {
    static constexpr auto name = "minimum";
    static auto value(const auto& a, const auto& b) { return kernels::minimum_of{}(a, b); }
    static constexpr auto left = [](const auto& dy, const auto& self, const auto& other) {
        return where(self < other, dy, where(self > other, 0, dy * 0.5));
    };
    static constexpr auto right = left;
};
inline constexpr minimum_fn minimum{};

/// y = -x           dx = -dy
struct negative_fn : unary<negative_fn> {
    static constexpr auto name = "negative";
    static constexpr auto takes_integers = true;
    static auto value(const auto& x) { return simd::negate(x); }
    static constexpr auto gradient = [](const auto& dy) { return -dy; };
};
inline constexpr negative_fn negative{};

template <class A, class B>
    requires tensor_operands<A, B>
auto operator+(const A& a, const B& b) {
    return add(a, b);
}
template <class A, class B>
    requires tensor_operands<A, B>
auto operator-(const A& a, const B& b) {
    return subtract(a, b);
}
template <class A, class B>
    requires tensor_operands<A, B>
auto operator*(const A& a, const B& b) {
    return multiply(a, b);
}
template <class A, class B>
    requires tensor_operands<A, B>
auto operator/(const A& a, const B& b) {
    return divide(a, b);
}
template <element T, std::size_t N>
auto operator-(const tensor<T, N>& x) {
    return negative(x);
}
template <element T, std::size_t N>
tensor<T, N> operator+(const tensor<T, N>& x) {
    return x;
}

namespace detail {

/// x = f(x, y...) in place, where no derivative can be asked for.
template <class F, element T, class... Y>
void update(const char* name, const F& f, const basic_tensor<T>& x, const Y&... y) {
    if (needs_grad(x, y...))
        fail<autograd_error>(name, "in place on a tensor whose operations are recorded; "
                                   "write x = x + y, or put it under xgrad::no_grad");
    if (((broadcast_shapes(name, shape_of(x), shape_of(y)) != shape_of(x)) || ...))
        fail<shape_error>(name, "the result does not fit in place: x is ", shape_of(x), ", y is ", shape_of(y)...);
    kernels::elementwise(f, access::elements(x), shape_of(x), operand_of(x), operand_of(y)...);
    access::get(x).mark_changed();
}

template <class Op, element T, std::size_t N, class B>
void assign(const char* name, const tensor<T, N>& x, const B& y) {
    const auto f = [](const auto& v, const auto& w) { return Op::value(v, w); };
    if constexpr (is_tensor<B>) {
        static_assert(std::is_same_v<T, typename B::value_type>, "the element types differ: convert one operand with astype<T>(x)");
        check_operands<Op>(y.span());
        // An operand that shares elements with x, unless each is read where it is written, is read first.
        const auto overlaps = access::get(x).owner == access::get(y).owner &&
                              (access::elements(x) != access::elements(y) || x.size() != y.size());
        if (overlaps) update(name, f, x, y.clone());
        else update(name, f, x, y);
    } else {
        assign<Op>(name, x, tensor<T, 0>(as_element<T>(name, y)));
    }
}

template <class X>
inline constexpr bool is_gradient = false;
template <element T, std::size_t N>
inline constexpr bool is_gradient<gradient<T, N>> = true;

template <class Op, class X, class B>
X&& in_place(const char* name, X&& x, const B& y) {
    static_assert(!std::is_const_v<std::remove_reference_t<X>>, "a const tensor is not changed in place");
    static_assert(std::is_lvalue_reference_v<X> || is_gradient<X>,
                  "a temporary tensor is not changed in place, which would be lost where it is a copy: give it a name first, "
                  "or write to elements of what it came from, x(i, j) += ... or xt::view(x.value(), ...) += ...");
    assign<Op>(name, x, y);
    return std::forward<X>(x);
}

}  // namespace detail

// In place. The operand broadcasts to x, never the other way round. Throws `autograd_error` where a
// gradient would be lost: while recording, if x or y requires one.
template <class X, class B>
    requires(detail::is_tensor<std::remove_cvref_t<X>> && tensor_operands<std::remove_cvref_t<X>, B>)
X&& operator+=(X&& x, const B& y) {
    return detail::in_place<add_fn>("+=", std::forward<X>(x), y);
}
template <class X, class B>
    requires(detail::is_tensor<std::remove_cvref_t<X>> && tensor_operands<std::remove_cvref_t<X>, B>)
X&& operator-=(X&& x, const B& y) {
    return detail::in_place<subtract_fn>("-=", std::forward<X>(x), y);
}
template <class X, class B>
    requires(detail::is_tensor<std::remove_cvref_t<X>> && tensor_operands<std::remove_cvref_t<X>, B>)
X&& operator*=(X&& x, const B& y) {
    return detail::in_place<multiply_fn>("*=", std::forward<X>(x), y);
}
template <class X, class B>
    requires(detail::is_tensor<std::remove_cvref_t<X>> && tensor_operands<std::remove_cvref_t<X>, B>)
X&& operator/=(X&& x, const B& y) {
    return detail::in_place<divide_fn>("/=", std::forward<X>(x), y);
}

}  // namespace xgrad

// Defined by xgrad::compiled.
#if defined(XGRAD_INSTANCE)
namespace xgrad::inline XGRAD_ABI::detail {
#define XGRAD_INSTANCES(T) \
    XGRAD_BINARY_INSTANCES(add_fn, T) \
    XGRAD_BINARY_INSTANCES(subtract_fn, T) \
    XGRAD_BINARY_INSTANCES(multiply_fn, T) \
    XGRAD_BINARY_INSTANCES(divide_fn, T) \
    XGRAD_BINARY_INSTANCES(floor_divide_fn, T) \
    XGRAD_BINARY_INSTANCES(maximum_fn, T) \
    XGRAD_BINARY_INSTANCES(minimum_fn, T) \
    XGRAD_UNARY_INSTANCE(negative_fn, T)
XGRAD_FOR_REAL_TYPES(XGRAD_INSTANCES)
#undef XGRAD_INSTANCES
}
#endif
