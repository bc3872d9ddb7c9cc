// Comparisons, which give truth values and no gradient, and the choice by them, which has one.
//
// The operators compare element by element, == and != included, as in NumPy; `array_equal` and `allclose`
// compare whole tensors.
#pragma once

#include <xgrad/autograd/create.hpp>
#include <xgrad/autograd/operation.hpp>
#include <xgrad/core/cmath.hpp>
#include <xgrad/core/config.hpp>
#include <xgrad/core/exact.hpp>
#include <xgrad/core/lists.hpp>
#include <xgrad/ops/elementwise.hpp>

#include <concepts>
#include <cstddef>
#include <functional>
#include <limits>
#include <optional>
#include <type_traits>

namespace xgrad::inline XGRAD_ABI {

namespace detail {

/// a R b is b R' a.
template <class Relation>
struct mirror {
    using type = Relation;
};
template <>
struct mirror<std::less<>> {
    using type = std::greater<>;
};
template <>
struct mirror<std::less_equal<>> {
    using type = std::greater_equal<>;
};
template <>
struct mirror<std::greater<>> {
    using type = std::less<>;
};
template <>
struct mirror<std::greater_equal<>> {
    using type = std::less_equal<>;
};

template <class Relation, element T>
tensor<bool> compare_with(const char* name, const basic_tensor<T>& x, T value) {
    return compute<bool>(name, [=](T element) { return Relation{}(element, value); }, x);
}

template <class Relation, element T>
tensor<bool> compare_tensors(const char* name, const basic_tensor<T>& a, const basic_tensor<T>& b) {
    return call(name, {"a", "b"}, [name](const basic_tensor<T>& v, const basic_tensor<T>& w) {
        return compute<bool>(name, Relation{}, v, w);
    }, a, b);
}

/// Whether `x R number`, exactly, whatever the types: as x R v with the v of type T that divides all T as the number
/// does, or as the one answer for all where there is none. (x < 2.5 is x < 3, x <= 2.5 is x <= 2, and bytes are < 300.)
/// To a float, 0.1 is the float nearest to it.
template <class Relation, element T, class S>
tensor<bool> compare_value(const char* name, const basic_tensor<T>& x, S number) {
    constexpr auto by_next = std::is_same_v<Relation, std::less<>> || std::is_same_v<Relation, std::greater_equal<>>;
    constexpr auto by_last = std::is_same_v<Relation, std::greater<>> || std::is_same_v<Relation, std::less_equal<>>;
    auto value = std::optional<T>{};
    auto otherwise = Relation{}(std::numeric_limits<double>::quiet_NaN(), 0.0);   // beside NaN
    if (real<T> || number == number) {
        const auto next = at_least<T>(number), last = at_most<T>(number);
        if (by_next || next == last) value = next;
        else if (by_last) value = last;
        otherwise = by_last ? Relation{}(1, 0) : Relation{}(0, 1);   // all are above, or below, or at least unequal
    }
    return value ? compare_with<Relation>(name, x, *value) : filled<dynamic_rank>(shape_of(x), otherwise);
}
template <class Relation, element T, class S>
tensor<bool> compare(const char* name, const basic_tensor<T>& x, S number) {
    return call(name, {"a", "b"}, [name](const basic_tensor<T>& v, S w) { return compare_value<Relation>(name, v, w); }, x, number);
}

}  // namespace detail

/// An operation of two operands, tensors that broadcast or numbers, with a truth value for each element.
template <class Relation>
struct comparison {
    const char* name;

    template <element T, std::size_t N, std::size_t M>
    tensor<bool, broadcast_rank<N, M>> operator()(const tensor<T, N>& a, const tensor<T, M>& b) const {
        return detail::with_rank<broadcast_rank<N, M>>(detail::compare_tensors<Relation, T>(name, a, b));
    }
    template <element T, std::size_t N, scalar S>
    tensor<bool, N> operator()(const tensor<T, N>& a, S b) const {
        return detail::with_rank<N>(detail::compare<Relation, T>(name, a, b));
    }
    template <element T, std::size_t N, scalar S>
    tensor<bool, N> operator()(S a, const tensor<T, N>& b) const {
        return detail::with_rank<N>(detail::compare<typename detail::mirror<Relation>::type, T>(mirrored_name(), b, a));
    }
    template <element T, element U, std::size_t N, std::size_t M>
        requires(!std::is_same_v<T, U>)
    tensor<bool> operator()(const tensor<T, N>&, const tensor<U, M>&) const {
        static_assert(std::is_same_v<T, U>, "the element types differ: convert one operand with astype<T>(x)");
        return {};
    }

private:
    static constexpr const char* mirrored_name() {
        if (std::is_same_v<Relation, std::less<>>) return "greater";
        if (std::is_same_v<Relation, std::less_equal<>>) return "greater_equal";
        if (std::is_same_v<Relation, std::greater<>>) return "less";
        if (std::is_same_v<Relation, std::greater_equal<>>) return "less_equal";
        return std::is_same_v<Relation, std::equal_to<>> ? "equal" : "not_equal";
    }
};

inline constexpr comparison<std::equal_to<>> equal{"equal"};
inline constexpr comparison<std::not_equal_to<>> not_equal{"not_equal"};
inline constexpr comparison<std::less<>> less{"less"};
inline constexpr comparison<std::less_equal<>> less_equal{"less_equal"};
inline constexpr comparison<std::greater<>> greater{"greater"};
inline constexpr comparison<std::greater_equal<>> greater_equal{"greater_equal"};

namespace detail {
template <element T, std::size_t N>
std::true_type looks_like_tensor(const tensor<T, N>*);
std::false_type looks_like_tensor(const void*);
/// Whether X is a tensor, or something derived from one: a gradient, a parameter.
template <class X>
inline constexpr bool is_tensor = decltype(looks_like_tensor(static_cast<X*>(nullptr)))::value;
}  // namespace detail

/// Operands of an operator: at least one tensor, the other a tensor or a number.
template <class A, class B>
concept tensor_operands = (detail::is_tensor<A> && (detail::is_tensor<B> || scalar<B>)) ||
                          (scalar<A> && detail::is_tensor<B>);

template <class A, class B>
    requires tensor_operands<A, B>
auto operator==(const A& a, const B& b) {
    return equal(a, b);
}
template <class A, class B>
    requires tensor_operands<A, B>
auto operator!=(const A& a, const B& b) {
    return not_equal(a, b);
}
template <class A, class B>
    requires tensor_operands<A, B>
auto operator<(const A& a, const B& b) {
    return less(a, b);
}
template <class A, class B>
    requires tensor_operands<A, B>
auto operator<=(const A& a, const B& b) {
    return less_equal(a, b);
}
template <class A, class B>
    requires tensor_operands<A, B>
auto operator>(const A& a, const B& b) {
    return greater(a, b);
}
template <class A, class B>
    requires tensor_operands<A, B>
auto operator>=(const A& a, const B& b) {
    return greater_equal(a, b);
}

namespace detail {
template <class Op, std::same_as<bool>... T>
tensor<bool> logical_value(const char* name, const basic_tensor<T>&... x) {
    constexpr const char* names[] = {"a", "b"};
    return call_by(name, names, [name](const basic_tensor<T>&... v) { return compute<bool>(name, Op{}, v...); }, x...);
}
}  // namespace detail

/// y = not x, and, or: of truth values.
template <std::size_t N>
tensor<bool, N> operator!(const tensor<bool, N>& x) {
    return detail::with_rank<N>(detail::logical_value<std::logical_not<>>("logical_not", x));
}
template <std::size_t N, std::size_t M>
tensor<bool, broadcast_rank<N, M>> operator&&(const tensor<bool, N>& a, const tensor<bool, M>& b) {
    return detail::with_rank<broadcast_rank<N, M>>(detail::logical_value<std::logical_and<>>("logical_and", a, b));
}
template <std::size_t N, std::size_t M>
tensor<bool, broadcast_rank<N, M>> operator||(const tensor<bool, N>& a, const tensor<bool, M>& b) {
    return detail::with_rank<broadcast_rank<N, M>>(detail::logical_value<std::logical_or<>>("logical_or", a, b));
}

namespace detail {
/// Whether |v - w| <= atol + rtol |w|. Equal numbers are close, infinities to themselves alone, NaN to NaN on request.
struct closeness {
    double rtol, atol;
    bool equal_nan;

    template <element T>
    bool operator()(T v, T w) const {
        if (v == w) return true;
        auto distance = 0.0;
        if constexpr (real<T>) {
            if (!std::isfinite(w)) return equal_nan && v != v && w != w;
            distance = std::fabs(static_cast<double>(v) - static_cast<double>(w));
        } else
            distance = static_cast<double>(whole(v > w ? v : w).bits() - whole(v > w ? w : v).bits());   // without a rounding before
        return distance <= atol + rtol * std::fabs(static_cast<double>(w));
    }
};
void say_options(const closeness& by, const auto& say) {
    say("rtol", by.rtol);
    say("atol", by.atol);
    say("equal_nan", by.equal_nan);
}

template <element T>
tensor<bool> compare_closely(const basic_tensor<T>& a, const basic_tensor<T>& b, closeness by) {
    return call("isclose", {"a", "b", "by"}, [](const basic_tensor<T>& v, const basic_tensor<T>& w, closeness each) {
        return compute<bool>("isclose", each, v, w);
    }, a, b, by);
}
}  // namespace detail

/// Whether |a - b| <= atol + rtol |b|, element by element, as in NumPy. Equal numbers are close, infinities to themselves
/// alone, and NaN to NaN if equal_nan says so. The operands broadcast; one may be a number.
struct isclose_fn {
    template <element T, std::size_t N, std::size_t M>
    tensor<bool, broadcast_rank<N, M>> operator()(const tensor<T, N>& a, const tensor<T, M>& b, double rtol = 1e-5,
                                                  double atol = 1e-8, bool equal_nan = false) const {
        return detail::with_rank<broadcast_rank<N, M>>(detail::compare_closely<T>(a, b, {rtol, atol, equal_nan}));
    }
    template <element T, std::size_t N, scalar S>
    tensor<bool, N> operator()(const tensor<T, N>& a, S b, double rtol = 1e-5, double atol = 1e-8, bool equal_nan = false) const {
        return (*this)(a, tensor<T, 0>(detail::as_element<T>("isclose", b)), rtol, atol, equal_nan);
    }
    template <element T, std::size_t N, scalar S>
    tensor<bool, N> operator()(S a, const tensor<T, N>& b, double rtol = 1e-5, double atol = 1e-8, bool equal_nan = false) const {
        return (*this)(tensor<T, 0>(detail::as_element<T>("isclose", a)), b, rtol, atol, equal_nan);
    }
};
inline constexpr isclose_fn isclose{};

/// Whether two tensors have the same shape and equal elements; NaN equals NaN if equal_nan says so.
template <element T, element U>
bool array_equal(const basic_tensor<T>& a, const basic_tensor<U>& b, bool equal_nan = false) {
    static_assert(std::is_same_v<T, U>, "the element types differ: convert one operand with astype<T>(x)");
    return detail::shape_of(a) == detail::shape_of(b) && lists::equal(a.span(), b.span(), [=](T v, U w) {
               return v == w || (equal_nan && v != v && w != w);
           });
}

/// Whether |a - b| <= atol + rtol |b| for every element of two tensors of one shape: `isclose`, and NumPy's allclose
/// without broadcasting.
template <element T, element U>
bool allclose(const basic_tensor<T>& a, const basic_tensor<U>& b, double rtol = 1e-5, double atol = 1e-8, bool equal_nan = false) {
    static_assert(std::is_same_v<T, U>, "the element types differ: convert one operand with astype<T>(x)");
    return detail::shape_of(a) == detail::shape_of(b) && lists::equal(a.span(), b.span(), detail::closeness{rtol, atol, equal_nan});
}

namespace detail {

/// y = a where the condition holds, b elsewhere        da = dy there, 0 elsewhere;  db the other way round
template <element T>
tensor<T> choose(const basic_tensor<bool>& condition, const basic_tensor<T>& a, const basic_tensor<T>& b);
template <element T>
tensor<T> choose_value(const basic_tensor<bool>& condition, const basic_tensor<T>& a, const basic_tensor<T>& b) {
    auto y = compute<T>("where", [](bool c, T v, T w) { return c ? v : w; }, condition, a, b);
    if constexpr (!real<T>) return y;
    else
        return record("where", std::move(y), {a, b}, keep(condition),
                      [](const auto& dy, gradients& d, const auto& chosen) {
                          d(0, [&] { return choose(chosen(), dy, tensor<T>(T{0})); });
                          d(1, [&] { return choose(chosen(), tensor<T>(T{0}), dy); });
                      });
}
template <element T>
tensor<T> choose(const basic_tensor<bool>& condition, const basic_tensor<T>& a, const basic_tensor<T>& b) {
    return call("where", {"condition", "a", "b"},
                [](const basic_tensor<bool>& c, const basic_tensor<T>& v, const basic_tensor<T>& w) { return choose_value(c, v, w); },
                condition, a, b);
}
template <element T>
tensor<T> choose_number(const basic_tensor<bool>& condition, T a, T b) {
    return call("where", {"condition", "a", "b"}, [](const basic_tensor<bool>& c, T chosen, T other) {
        return compute<T>("where", [=](bool each) { return each ? chosen : other; }, c);
    }, condition, a, b);
}

}  // namespace detail

/// y = a where the condition holds, b elsewhere. All three broadcast; a or b may be a number.
struct where_fn {
    template <element T, std::size_t K, std::size_t N, std::size_t M>
    tensor<T, broadcast_rank<K, N, M>> operator()(const tensor<bool, K>& condition, const tensor<T, N>& a,
                                                  const tensor<T, M>& b) const {
        return detail::with_rank<broadcast_rank<K, N, M>>(detail::choose<T>(condition, a, b));
    }
    template <element T, std::size_t K, std::size_t N, scalar S>
    tensor<T, broadcast_rank<K, N>> operator()(const tensor<bool, K>& condition, const tensor<T, N>& a, S b) const {
        return (*this)(condition, a, tensor<T, 0>(detail::as_element<T>("where", b)));
    }
    template <element T, std::size_t K, std::size_t N, scalar S>
    tensor<T, broadcast_rank<K, N>> operator()(const tensor<bool, K>& condition, S a, const tensor<T, N>& b) const {
        return (*this)(condition, tensor<T, 0>(detail::as_element<T>("where", a)), b);
    }

    template <std::size_t K, scalar A, scalar B>
    tensor<std::common_type_t<A, B>, K> operator()(const tensor<bool, K>& condition, A a, B b) const {
        using T = std::common_type_t<A, B>;
        return detail::with_rank<K>(detail::choose_number<T>(condition, detail::as_element<T>("where", a), detail::as_element<T>("where", b)));
    }
    template <element T, element U, std::size_t K, std::size_t N, std::size_t M>
        requires(!std::is_same_v<T, U>)
    tensor<T> operator()(const tensor<bool, K>&, const tensor<T, N>& a, const tensor<U, M>&) const {
        static_assert(std::is_same_v<T, U>, "the element types differ: convert one operand with astype<T>(x)");
        return a;
    }

    // In formulas whose condition is about a number.
    template <element T, std::size_t N>
    tensor<T, N> operator()(bool condition, const tensor<T, N>& a, const tensor<T, N>& b) const {
        return condition ? a : b;
    }
    template <element T, std::size_t N, scalar S>
    tensor<T, N> operator()(bool condition, S a, const tensor<T, N>& b) const {
        return condition ? detail::choose<T>(tensor<bool>(true), tensor<T>(detail::as_element<T>("where", a)), b) : b;
    }
    template <real T>
    detail::upstream<T> operator()(bool condition, const detail::upstream<T>& a, const detail::upstream<T>& b) const {
        return condition ? a : b;
    }
    template <real T, scalar S>
    detail::upstream<T> operator()(bool condition, S a, const detail::upstream<T>& b) const {
        return condition ? (*this)(tensor<bool>(true), a, b) : b;
    }

    // In rules, of gradients on their way.
    template <real T>
    detail::upstream<T> operator()(const tensor<bool>& condition, const detail::upstream<T>& a, const detail::upstream<T>& b) const {
        return {detail::choose<T>(condition, a.value, b.value)};
    }
    template <real T, scalar S>
    detail::upstream<T> operator()(const tensor<bool>& condition, S a, const detail::upstream<T>& b) const {
        return {detail::choose<T>(condition, tensor<T>(static_cast<T>(a)), b.value)};
    }
    template <real T, scalar S>
    detail::upstream<T> operator()(const tensor<bool>& condition, const detail::upstream<T>& a, S b) const {
        return {detail::choose<T>(condition, a.value, tensor<T>(static_cast<T>(b)))};
    }

    // In formulas on vectors, numbers and dual numbers.
    template <class Mask, plain_value V>
        requires(!detail::is_tensor<Mask>)
    V operator()(const Mask& condition, const V& a, const std::type_identity_t<V>& b) const {
        return simd::select(condition, a, b);
    }
    template <class Mask, scalar S, plain_value V>
        requires(!detail::is_tensor<Mask> && !std::is_same_v<S, V>)
    V operator()(const Mask& condition, S a, const V& b) const {
        return simd::select(condition, detail::constant<V>(a), b);
    }
    template <class Mask, class V, std::size_t K>
    dual<V, K> operator()(const Mask& condition, const dual<V, K>& a, const dual<V, K>& b) const {
        return detail::make_dual<K>(V(simd::select(condition, a.value, b.value)), [&](std::size_t i) {
            return simd::select(condition, a.partial[i], b.partial[i]);
        });
    }
    template <class Mask, class V, std::size_t K, detail::constant_beside<V> C>
    dual<V, K> operator()(const Mask& condition, const C& a, const dual<V, K>& b) const {
        return (*this)(condition, detail::make_dual<K>(detail::constant<V>(a), [](auto) { return V(0); }), b);
    }
    template <class Mask, class V, std::size_t K, detail::constant_beside<V> C>
    dual<V, K> operator()(const Mask& condition, const dual<V, K>& a, const C& b) const {
        return (*this)(condition, a, detail::make_dual<K>(detail::constant<V>(b), [](auto) { return V(0); }));
    }
};
inline constexpr where_fn where{};

}  // namespace xgrad

// Defined by xgrad::compiled.
#if defined(XGRAD_INSTANCE)
namespace xgrad::inline XGRAD_ABI::detail {
#define XGRAD_RELATION(Relation, T)                                                                                     \
    XGRAD_INSTANCE tensor<bool> compare_tensors<Relation>(const char*, const basic_tensor<T>&, const basic_tensor<T>&); \
    XGRAD_INSTANCE tensor<bool> compare_with<Relation>(const char*, const basic_tensor<T>&, T);
#define XGRAD_INSTANCES(T) \
    XGRAD_RELATION(std::equal_to<>, T) \
    XGRAD_RELATION(std::not_equal_to<>, T) \
    XGRAD_RELATION(std::less<>, T) \
    XGRAD_RELATION(std::less_equal<>, T) \
    XGRAD_RELATION(std::greater<>, T) \
    XGRAD_RELATION(std::greater_equal<>, T) \
    XGRAD_INSTANCE tensor<T> choose(const basic_tensor<bool>&, const basic_tensor<T>&, const basic_tensor<T>&);
XGRAD_FOR_REAL_TYPES(XGRAD_INSTANCES)
XGRAD_RELATION(std::equal_to<>, std::int64_t)
#undef XGRAD_INSTANCES
#undef XGRAD_RELATION
}
#endif
