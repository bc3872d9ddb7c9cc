// What the elementwise operations have in common.
//
// An operation is a struct with its name, its formula and its derivative; the formulas are generic, so that
// one text serves three purposes: on vectors it is the kernel, on tensors it is the recorded derivative for
// derivatives of derivatives, and on single numbers it is an ordinary function.
#pragma once

#include <xgrad/autograd/backward.hpp>
#include <xgrad/autograd/dual.hpp>
#include <xgrad/autograd/operation.hpp>
#include <xgrad/autograd/tensor.hpp>
#include <xgrad/autograd/upstream.hpp>
#include <xgrad/core/config.hpp>
#include <xgrad/core/dtype.hpp>
#include <xgrad/core/exact.hpp>
#include <xgrad/core/simd.hpp>

#include <algorithm>
#include <concepts>
#include <cstddef>
#include <span>
#include <tuple>
#include <type_traits>
#include <utility>

namespace xgrad::inline XGRAD_ABI {

/// The rank to which tensors of these ranks broadcast.
template <std::size_t... N>
inline constexpr std::size_t broadcast_rank = ((N == dynamic_rank) || ...) ? dynamic_rank : std::max({N...});

/// What a formula is evaluated on, other than tensors: a vector of elements or a number.
template <class V>
concept plain_value = simd::is_batch<V> || std::is_floating_point_v<V>;

namespace detail {

/// What an operation on real numbers asks of its operands' types.
template <class T, class... U>
constexpr void check_types() {
    static_assert((std::is_same_v<T, U> && ...), "the element types differ: convert one operand with astype<T>(x)");
    static_assert(real<T> || !(std::is_same_v<T, U> && ...), "an operation on real numbers: convert the operand with astype<float>(x)");
}

/// The type of one element of a plain value.
template <class V>
struct number_of {
    using type = V;
};
template <class V>
    requires simd::is_batch<V>
struct number_of<V> {
    using type = typename V::value_type;
};

/// A rule's formula on tensors: as one kernel, or, when it must be differentiable itself, operation by operation. In
/// either form the gradient is zero where dy is.
template <real T, class F, class... X>
tensor<T> evaluate(const F& formula, const basic_tensor<T>& dy, const X&... x) {
    if (needs_grad(dy, x...)) return formula(upstream<T>{tensor<T>{dy}}, tensor<T>{x}...).value;
    return compute<T>("backward", zero_stays_zero(formula), dy, x...);
}

/// The same for a rule that needs dy no more: if nobody else can see dy, the result takes its place in memory.
template <real T, class F, class... X>
tensor<T> evaluate(const F& formula, tensor<T>&& dy, const X&... x) {
    if (is_grad_enabled() || !access::get(dy).unshared() || ((shape_of(x) != shape_of(dy)) || ...))
        return evaluate(formula, std::as_const(dy), x...);
    kernels::elementwise(zero_stays_zero(formula), access::elements(dy), shape_of(dy), operand_of(dy), operand_of(x)...);
    return std::move(dy);
}

/// The derivative that passes the gradient on as it is, without a copy.
struct pass_on {
    const auto& operator()(const auto& dy) const { return dy; }
};

/// What a derivative's formula asks for: (dy), (dy, the other operand) or (dy, this operand, the other).
template <class F, real T>
inline constexpr std::size_t arity = std::is_invocable_v<F, simd::batch<T>>                    ? 1
                                     : std::is_invocable_v<F, simd::batch<T>, simd::batch<T>> ? 2
                                                                                               : 3;

template <class Op, element T>
tensor<T> unary_value(const basic_tensor<T>& x) {
    auto y = compute<T>(Op::name, [](const auto& v) { return Op::value(v); }, x);
    if constexpr (!real<T>) {
        return y;
    } else if constexpr (arity<decltype(Op::gradient), T> == 1) {
        return record(Op::name, std::move(y), {x}, keep(), [](auto& dy, gradients& d) {
            d(0, [&] { return evaluate(Op::gradient, std::move(dy)); });
        });
    } else {
        const auto rule = [](auto& dy, gradients& d, const auto& v) {
            d(0, [&] { return evaluate(Op::gradient, std::move(dy), v()); });
        };
        if constexpr (Op::keeps_result) {
            auto kept_result = keep(result(y));
            return record(Op::name, std::move(y), {x}, std::move(kept_result), rule);
        } else {
            return record(Op::name, std::move(y), {x}, keep(x), rule);
        }
    }
}
template <class Op, element T>
tensor<T> apply_unary(const basic_tensor<T>& x) {
    return call(Op::name, {"x"}, [](const basic_tensor<T>& v) { return unary_value<Op>(v); }, x);
}

}  // namespace detail

/// An operation of one operand. `Op` has
///     name                its name, for error texts
///     value(x)            the formula
///     gradient(dy, v)     dy times the derivative; v is the result y where `keeps_result`, else the operand x;
///                         or gradient(dy), which keeps neither
///     takes_integers      true where it is for integers too
template <class Op>
struct unary {
    static constexpr auto keeps_result = false;
    static constexpr auto takes_integers = false;

    template <element T, std::size_t N>
    tensor<T, N> operator()(const tensor<T, N>& x) const {
        static_assert(real<T> || Op::takes_integers, "an operation on real numbers: convert the operand with astype<float>(x)");
        return detail::with_rank<N>(detail::apply_unary<Op>(x));
    }
    template <plain_value V>
    V operator()(const V& x) const {
        return Op::value(x);
    }
    template <class V, std::size_t K>
    dual<V, K> operator()(const dual<V, K>& x) const {
        const auto y = V(Op::value(x.value));
        const auto& kept_value = Op::keeps_result ? y : x.value;
        return detail::make_dual<K>(y, [&](std::size_t i) {
            if constexpr (std::is_invocable_v<decltype(Op::gradient), V>) return Op::gradient(x.partial[i]);
            else return Op::gradient(x.partial[i], kept_value);
        });
    }
};

namespace detail {

/// A number as a formula's operand: a vector full of it beside vectors, itself beside tensors.
template <class V, real T>
auto number_beside(const V&, T number) {
    if constexpr (plain_value<V>) return V(number);
    else return number;
}

template <class F, real T, class Self, class Other>
tensor<T> partial(const F& formula, const tensor<T>& dy, const Self& self, const Other& other) {
    if constexpr (std::is_same_v<F, pass_on>) return dy;
    else if constexpr (arity<F, T> == 1) return evaluate(formula, dy);
    else if constexpr (arity<F, T> == 2) return evaluate(formula, dy, other());
    else return evaluate(formula, dy, self(), other());
}

template <class F, real T, class Self>
tensor<T> partial_with_number(const F& formula, const tensor<T>& dy, const Self& self, T other) {
    if constexpr (std::is_same_v<F, pass_on>) return dy;
    else if constexpr (arity<F, T> == 1) return evaluate(formula, dy);
    else if constexpr (arity<F, T> == 2)
        return evaluate([=](const auto& g) { return formula(g, number_beside(g, other)); }, dy);
    else
        return evaluate([=](const auto& g, const auto& x) { return formula(g, x, number_beside(g, other)); }, dy, self());
}

/// `keep` of those operands that the rule will read.
template <real T>
auto keep_read(bool read, const basic_tensor<T>& x) {
    const auto nothing = tensor<T>{};
    return keep(read ? x : nothing);
}
template <real T>
auto keep_read(bool read_a, const basic_tensor<T>& a, bool read_b, const basic_tensor<T>& b) {
    return std::tuple_cat(keep_read(read_a, a), keep_read(read_b, b));
}

/// Lets an operation that is not defined for all integers look at its right operand.
template <class Op, element T>
void check_operands(std::span<const T> right) {
    if constexpr (!real<T> && requires { Op::validate(right); }) Op::validate(right);
}

template <class Op, element T>
tensor<T> binary_value(const basic_tensor<T>& a, const basic_tensor<T>& b) {
    check_operands<Op>(b.span());
    auto y = compute<T>(Op::name, [](const auto& v, const auto& w) { return Op::value(v, w); }, a, b);
    if constexpr (!real<T>) {
        return y;
    } else {
        constexpr auto left_asks = arity<decltype(Op::left), T>, right_asks = arity<decltype(Op::right), T>;
        const auto read_a = (left_asks == 3 && a.requires_grad()) || (right_asks >= 2 && b.requires_grad());
        const auto read_b = (right_asks == 3 && b.requires_grad()) || (left_asks >= 2 && a.requires_grad());
        return record(Op::name, std::move(y), {a, b}, keep_read(read_a, a, read_b, b),
                      [](const auto& dy, gradients& d, const auto& left, const auto& right) {
                          d(0, [&] { return partial(Op::left, dy, left, right); });
                          d(1, [&] { return partial(Op::right, dy, right, left); });
                      });
    }
}

template <class Op, element T>
tensor<T> left_value(const basic_tensor<T>& a, T number) {
    check_operands<Op>(std::span<const T>{&number, 1});
    auto y = compute<T>(Op::name, [=](const auto& v) { return Op::value(v, std::decay_t<decltype(v)>(number)); }, a);
    if constexpr (!real<T>) return y;
    else
        return record(Op::name, std::move(y), {a}, keep_read(arity<decltype(Op::left), T> == 3, a),
                      [number](const auto& dy, gradients& d, const auto& left) {
                          d(0, [&] { return partial_with_number(Op::left, dy, left, number); });
                      });
}

template <class Op, element T>
tensor<T> right_value(T number, const basic_tensor<T>& b) {
    check_operands<Op>(b.span());
    auto y = compute<T>(Op::name, [=](const auto& v) { return Op::value(std::decay_t<decltype(v)>(number), v); }, b);
    if constexpr (!real<T>) return y;
    else
        return record(Op::name, std::move(y), {b}, keep_read(arity<decltype(Op::right), T> == 3, b),
                      [number](const auto& dy, gradients& d, const auto& right) {
                          d(0, [&] { return partial_with_number(Op::right, dy, right, number); });
                      });
}

template <class Op, element T>
tensor<T> apply_binary(const basic_tensor<T>& a, const basic_tensor<T>& b) {
    return call(Op::name, {"a", "b"},
                [](const basic_tensor<T>& v, const basic_tensor<T>& w) { return binary_value<Op>(v, w); }, a, b);
}
template <class Op, element T>
tensor<T> apply_left(const basic_tensor<T>& a, T number) {
    return call(Op::name, {"a", "b"}, [](const basic_tensor<T>& v, T w) { return left_value<Op>(v, w); }, a, number);
}
template <class Op, element T>
tensor<T> apply_right(T number, const basic_tensor<T>& b) {
    return call(Op::name, {"a", "b"}, [](T v, const basic_tensor<T>& w) { return right_value<Op>(v, w); }, number, b);
}

/// One operand's share in the derivative of an operation on dual numbers.
template <class F, class V>
V share(const F& formula, const V& direction, const V& self, const V& other) {
    if constexpr (std::is_same_v<F, pass_on>) return direction;
    else if constexpr (arity<F, typename number_of<V>::type> == 1) return formula(direction);
    else if constexpr (arity<F, typename number_of<V>::type> == 2) return formula(direction, other);
    else return formula(direction, self, other);
}

/// x times a number that no float holds exactly, in a formula.
template <class X>
auto times(const X& x, double factor) {
    if constexpr (plain_value<X>) return X(x * constant<X>(factor));
    else return x * factor;
}

}  // namespace detail

template <class S>
concept scalar = std::is_arithmetic_v<S>;

/// An operation of two operands that broadcast, either of which may be a number. `Op` has
///     name                 its name, for error texts
///     value(a, b)          the formula
///     left, right          the derivatives with respect to a and b, functions of (dy), (dy, the other
///                          operand) or (dy, this operand, the other operand)
template <class Op>
struct binary {
    template <element T, std::size_t N, std::size_t M>
    tensor<T, broadcast_rank<N, M>> operator()(const tensor<T, N>& a, const tensor<T, M>& b) const {
        return detail::with_rank<broadcast_rank<N, M>>(detail::apply_binary<Op, T>(a, b));
    }
    template <element T, std::size_t N, scalar S>
    tensor<T, N> operator()(const tensor<T, N>& a, S b) const {
        return detail::with_rank<N>(detail::apply_left<Op, T>(a, detail::as_element<T>(Op::name, b)));
    }
    template <element T, std::size_t N, scalar S>
    tensor<T, N> operator()(S a, const tensor<T, N>& b) const {
        return detail::with_rank<N>(detail::apply_right<Op, T>(detail::as_element<T>(Op::name, a), b));
    }
    template <plain_value V>
    V operator()(const V& a, const std::type_identity_t<V>& b) const {
        return Op::value(a, b);
    }
    template <class V, std::size_t K>
    dual<V, K> operator()(const dual<V, K>& a, const dual<V, K>& b) const {
        return detail::make_dual<K>(V(Op::value(a.value, b.value)), [&](std::size_t i) {
            return detail::share(Op::left, a.partial[i], a.value, b.value) +
                   detail::share(Op::right, b.partial[i], b.value, a.value);
        });
    }
    template <class V, std::size_t K, detail::constant_beside<V> C>
    dual<V, K> operator()(const dual<V, K>& a, const C& number) const {
        const auto b = detail::constant<V>(number);
        return detail::make_dual<K>(V(Op::value(a.value, b)), [&](std::size_t i) {
            return detail::share(Op::left, a.partial[i], a.value, b);
        });
    }
    template <class V, std::size_t K, detail::constant_beside<V> C>
    dual<V, K> operator()(const C& number, const dual<V, K>& b) const {
        const auto a = detail::constant<V>(number);
        return detail::make_dual<K>(V(Op::value(a, b.value)), [&](std::size_t i) {
            return detail::share(Op::right, b.partial[i], b.value, a);
        });
    }
    template <element T, element U, std::size_t N, std::size_t M>
        requires(!std::is_same_v<T, U>)
    tensor<T> operator()(const tensor<T, N>& a, const tensor<U, M>&) const {
        static_assert(std::is_same_v<T, U>, "the element types differ: convert one operand with astype<T>(x)");
        return a;
    }
};

}  // namespace xgrad

// The operation `name` of one operand among `standard_names`: for generic code that says `using std::exp; exp(x)`.
#define XGRAD_STANDARD_NAME(name)        \
    template <std::derived_from<base> X> \
    auto name(const X& x) {              \
        return xgrad::name(x);           \
    }

// What xgrad::compiled defines of an operation of one operand, and of two.
#if defined(XGRAD_INSTANCE)
#define XGRAD_UNARY_INSTANCE(Op, T) XGRAD_INSTANCE tensor<T> apply_unary<Op>(const basic_tensor<T>&);
#define XGRAD_BINARY_INSTANCES(Op, T)                                                             \
    XGRAD_INSTANCE tensor<T> apply_binary<Op>(const basic_tensor<T>&, const basic_tensor<T>&);    \
    XGRAD_INSTANCE tensor<T> apply_left<Op>(const basic_tensor<T>&, T);                           \
    XGRAD_INSTANCE tensor<T> apply_right<Op>(T, const basic_tensor<T>&);
#endif
