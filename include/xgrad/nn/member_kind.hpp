// What the walk over a module makes of a member, by its type.
//
// It looks into modules and into what holds them: C arrays, std::vector, std::array, std::tuple, std::pair and
// std::optional. It passes over what cannot hold a tensor: numbers, enumerations, text, times, random engines,
// lambdas (whose captures nobody can see), function pointers, function objects without members, and what the
// standard library makes of such. The rest is refused: its parameters would silently not be learnt.
#pragma once

#include <xgrad/autograd/tensor.hpp>
#include <xgrad/core/config.hpp>
#include <xgrad/core/lists.hpp>
#include <xgrad/core/shape.hpp>
#include <xgrad/nn/members.hpp>
#include <xgrad/nn/reflect.hpp>

#include <algorithm>
#include <array>
#include <concepts>
#include <cstddef>
#include <exception>
#include <optional>
#include <string_view>
#include <tuple>
#include <type_traits>
#include <utility>
#include <vector>

namespace xgrad::inline XGRAD_ABI {
template <class Forward, class Backward>
class custom;   // autograd/custom.hpp: two functions
}

namespace xgrad::inline XGRAD_ABI::nn {

/// Says of somebody else's class, into which the walk cannot see, that there is no parameter in it. At global scope:
///
///     template <> inline constexpr bool xgrad::nn::has_no_parameters<logger> = true;
template <class M>
inline constexpr bool has_no_parameters = false;
template <>
inline constexpr bool has_no_parameters<shape> = true;
template <>
inline constexpr bool has_no_parameters<extent> = true;
template <class Forward, class Backward>
inline constexpr bool has_no_parameters<custom<Forward, Backward>> = true;

namespace detail {

template <class M>
inline constexpr bool is_tensor = false;
template <class T, std::size_t N>
inline constexpr bool is_tensor<tensor<T, N>> = true;

template <class M>
inline constexpr bool is_sequence = std::is_array_v<M>;
template <class M, class Allocator>
inline constexpr bool is_sequence<std::vector<M, Allocator>> = true;
template <class M, std::size_t N>
inline constexpr bool is_sequence<std::array<M, N>> = true;

template <class M>
inline constexpr bool is_tuple = false;
template <class... M>
inline constexpr bool is_tuple<std::tuple<M...>> = true;
template <class First, class Second>
inline constexpr bool is_tuple<std::pair<First, Second>> = true;

template <class M>
inline constexpr bool is_optional = false;
template <class M>
inline constexpr bool is_optional<std::optional<M>> = true;

/// The printed name of M, and what the compiler prints behind it.
template <class M>
constexpr std::string_view printed_type() {
    constexpr auto text = std::string_view{__PRETTY_FUNCTION__};
    return text.substr(text.find("M = ") + 4);
}

/// Whether M is the type of a lambda, by its printed name: "f()::<lambda(int)>" or "(lambda at a.cpp:1:2)". A class
/// template whose argument is a lambda prints one, too, and is none.
template <class M>
constexpr bool is_closure() {
    constexpr auto text = std::string_view{__PRETTY_FUNCTION__};   // "... [with M = name]"
    constexpr auto start = text.find("M = ") + 4;
    constexpr auto name = text.substr(start, text.size() - start - 1);
    if (!name.ends_with('>')) return name.starts_with("(lambda at ");
    auto at = name.size(), open = std::size_t{0};   // back to where the last bracket was opened
    do {
        --at;
        open += name[at] == '>';
        open -= name[at] == '<';
    } while (open != 0 && at != 0);
    return name.substr(at).starts_with("<lambda(");
}

/// Whether M comes from the standard library, or one of those that this one stands on: then it holds no tensor
/// but by its template arguments. std::any does.
template <class M>
constexpr bool is_foundation() {
    constexpr auto name = printed_type<M>();
    return (name.starts_with("std::") || name.starts_with("__gnu_cxx::") || name.starts_with("xt::") ||
            name.starts_with("xtl::") || name.starts_with("xsimd::")) &&
           !name.substr(0, name.find_first_of("<;]")).ends_with("::any");
}

template <class M>
concept random_engine = requires(M& numbers) {
    M::min();
    M::max();
    { numbers() } -> std::same_as<typename M::result_type>;
};
template <class M>
concept random_distribution = requires {
    typename M::result_type;
    typename M::param_type;
};

enum class kind { nothing, tensor, sequence, tuple, optional, module, holder, unseen };

/// How a member of type M looks. A holder is a pointer or a template around other types, which the walk does not
/// look into.
template <class M>
constexpr kind look_of() {
    if constexpr (has_no_parameters<M>) return kind::nothing;
    else if constexpr (is_tensor<M>) return kind::tensor;
    else if constexpr (is_sequence<M>) return kind::sequence;
    else if constexpr (is_tuple<M>) return kind::tuple;
    else if constexpr (is_optional<M>) return kind::optional;
    else if constexpr (std::is_pointer_v<M>)
        return std::is_function_v<std::remove_pointer_t<M>> ? kind::nothing : kind::holder;
    else if constexpr (std::is_union_v<M>) return kind::unseen;
    else if constexpr (!std::is_class_v<M>) return kind::nothing;
    else if constexpr (listed<M>) return kind::module;
    else if constexpr (std::is_empty_v<M> || is_closure<M>()) return kind::nothing;
    else if constexpr (random_engine<M> || random_distribution<M>) return kind::nothing;
    else if constexpr (is_foundation<M>()) return kind::holder;
    else if constexpr (!std::is_aggregate_v<M>) return kind::unseen;
    else return members_found<M>() ? kind::module : kind::unseen;
}

/// References to the members of a module.
template <class M>
auto members_of(M& module) {
    if constexpr (listed<M>) return member_list::of(module);
    else return bind_members<member_count<std::remove_const_t<M>>()>(module);
}

template <class... M>
struct type_list {};

template <class M>
inline constexpr auto arguments_of = type_list<>{};
template <class M>
inline constexpr auto arguments_of<M*> = type_list<M>{};
template <template <class...> class Template, class... M>
inline constexpr auto arguments_of<Template<M...>> = type_list<M...>{};
template <template <class, std::size_t> class Template, class M, std::size_t N>
inline constexpr auto arguments_of<Template<M, N>> = type_list<M>{};

/// The types of what stands in M: its elements, its members, its arguments.
template <class M>
constexpr auto inner_types() {
    constexpr auto look = look_of<M>();
    if constexpr (std::is_array_v<M>) return type_list<std::remove_extent_t<M>>{};
    else if constexpr (look == kind::sequence || look == kind::optional) return type_list<typename M::value_type>{};
    else if constexpr (look == kind::tuple || look == kind::holder) return arguments_of<M>;
    else if constexpr (look == kind::module)
        return []<class... Inner>(std::type_identity<std::tuple<Inner...>>) {
            return type_list<Inner...>{};
        }(std::type_identity<decltype(members_of(std::declval<M&>()))>{});
    else return type_list<>{};
}

/// Whether there is no tensor in M, as far as can be seen, nor room for one. `Outer` are the types around it, by
/// which a recursive one ends.
template <class M, class... Outer>
constexpr bool holds_none() {
    if constexpr ((std::is_same_v<M, Outer> || ...)) return true;
    else if constexpr (std::is_unbounded_array_v<M>) return holds_none<std::remove_extent_t<M>, Outer...>();
    else if constexpr (!requires { sizeof(M); } || std::is_void_v<M> || std::is_function_v<M>) return false;
    else if constexpr (look_of<M>() == kind::tensor || look_of<M>() == kind::unseen) return false;
    else
        return []<class... Inner>(type_list<Inner...>) {
            return (holds_none<std::remove_cvref_t<Inner>, M, Outer...>() && ...);
        }(inner_types<M>());
}

/// Whether M, a derived class with a list, names no member of its base class B, though there is one to name.
template <class B, class M>
constexpr bool leaves_out() {
    if constexpr (listed<B> || holds_none<B>()) return false;
    else if constexpr (look_of<B>() != kind::module) return true;
    else
        return lists::none_of(member_names<B, member_count<B>()>, [](std::string_view name) {
            return (marks_of(name) & ~member_list::marks<M>()) == 0;
        });
}
template <class M>
struct base_left_out {
    template <class B>
        requires(std::is_base_of_v<B, M> && !std::is_same_v<B, M> && leaves_out<B, M>())
    operator B() const {
        std::terminate();
    }
};

/// Whether a list has everything that base classes bring along: those with a list of their own, and, where M is an
/// aggregate, so that its first base class can be found, one without.
template <class M>
constexpr bool lists_bases() {
    if constexpr (!member_list::is_whole<M>()) return false;
    else if constexpr (!std::is_aggregate_v<M> || std::is_empty_v<M>) return true;
    else {
        constexpr auto count = initialiser_count<M>();
        return count == 0 || count == unknown_count || !fits<M, base_left_out<M>, 0, count - 1>();
    }
}

#define XGRAD_TWO_WAYS_OUT                                                                                    \
    "list the members in it that learn, XGRAD_MEMBERS(weight, bias), or XGRAD_MEMBERS() when none does; or, " \
    "for a class of others without parameters, say so at global scope: "                                      \
    "template <> inline constexpr bool xgrad::nn::has_no_parameters<the_class> = true;"

/// What the walk does with a member of type M: holders without tensors are nothing to it, the others an error.
template <class M>
constexpr kind kind_of() {
    constexpr auto look = look_of<M>();
    if constexpr (look == kind::module && listed<M>) {
        static_assert(member_list::is_own<M>(),
                      "a class derived from a module with XGRAD_MEMBERS, with members of its own, lists them all");
        static_assert(lists_bases<M>(),
                      "the XGRAD_MEMBERS of a derived class lists the members of its base class, too");
        return look;
    } else if constexpr (look == kind::holder) {
        static_assert(holds_none<M>(),
                      "modules and tensors are held by value, or in a std::vector, std::array, std::tuple, std::pair "
                      "or std::optional: the walk cannot look into this pointer, map, function or other holder. Of "
                      "the class around it, " XGRAD_TWO_WAYS_OUT);
        return kind::nothing;
    } else if constexpr (look == kind::unseen && std::is_aggregate_v<M> && !std::is_union_v<M>) {
        static_assert(look != kind::unseen,
                      "the members of this struct cannot be found: there are more than 32 (or, with elements of "
                      "arrays, 64), or a base class, a reference, a bit-field or an anonymous union; " XGRAD_TWO_WAYS_OUT);
        return kind::nothing;
    } else if constexpr (look == kind::unseen) {
        static_assert(look != kind::unseen,
                      "the walk over a module's parameters cannot see into this class, for it has a constructor, "
                      "private members, a base class or a virtual function, or is a union: " XGRAD_TWO_WAYS_OUT);
        return kind::nothing;
    } else {
        return look;
    }
}

#undef XGRAD_TWO_WAYS_OUT

}  // namespace detail
}  // namespace xgrad::nn
