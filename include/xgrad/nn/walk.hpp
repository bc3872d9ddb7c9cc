// The walk over the tensors of a module, on which everything that treats a network as a whole stands.
#pragma once

#include <xgrad/autograd/tensor.hpp>
#include <xgrad/core/config.hpp>
#include <xgrad/nn/reflect.hpp>

#include <algorithm>
#include <array>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <tuple>
#include <type_traits>
#include <utility>
#include <vector>

/// Lists the members of a module class that is no aggregate, in its public or private part. A class without
/// anything to learn lists none: `XGRAD_MEMBERS()`.
#define XGRAD_MEMBERS(...) XGRAD_LIST_MEMBERS(#__VA_ARGS__, __VA_ARGS__)

/// The same for a class that is a mere shell around one member: its members are this one's, so that the
/// shell's name is not in theirs.
#define XGRAD_MEMBERS_OF(member) XGRAD_LIST_MEMBERS("", member)

#define XGRAD_LIST_MEMBERS(names, ...)                                              \
    friend struct ::xgrad::nn::detail::member_list;                                 \
    auto xgrad_members() { return ::std::tie(__VA_ARGS__); }                        \
    auto xgrad_members() const { return ::std::tie(__VA_ARGS__); }                  \
    static constexpr ::std::string_view xgrad_member_names() { return names; }      \
    void xgrad_lists_members() const {}

namespace xgrad::inline XGRAD_ABI::nn {

namespace detail {

template <class M>
inline constexpr bool is_tensor = false;
template <class T, std::size_t N>
inline constexpr bool is_tensor<tensor<T, N>> = true;

template <class M>
inline constexpr bool is_sequence = false;
template <class M, class Allocator>
inline constexpr bool is_sequence<std::vector<M, Allocator>> = true;
template <class M, std::size_t N>
inline constexpr bool is_sequence<std::array<M, N>> = true;

template <class M>
inline constexpr bool is_tuple = false;
template <class... M>
inline constexpr bool is_tuple<std::tuple<M...>> = true;

template <class M>
inline constexpr bool is_optional = false;
template <class M>
inline constexpr bool is_optional<std::optional<M>> = true;

/// What XGRAD_MEMBERS put into a class, private or not.
struct member_list {
    template <class M>
    static auto of(M& module) -> decltype(module.xgrad_members()) {
        return module.xgrad_members();
    }
    template <class M>
    static constexpr auto names() -> decltype(M::xgrad_member_names()) {
        return M::xgrad_member_names();
    }
    /// Whether M itself has the list: a derived class with members of its own must not get by on its base's.
    template <class M>
    static constexpr bool complete() {
        return []<class B>(void (B::*)() const) { return sizeof(B) == sizeof(M); }(&M::xgrad_lists_members);
    }
};

template <class M>
concept listed = requires { member_list::names<M>(); };

struct callable_probe {
    void operator()();
};
template <class M>
struct with_probe : M, callable_probe {};

/// Whether M has a call operator, template or not: then it hides the probe's.
template <class M>
concept callable = !std::is_final_v<M> && !requires { &with_probe<M>::operator(); };

/// Whether M is the type of a lambda, by its printed name: "...<lambda(int)>]" or "(lambda at a.cpp:1:2)]".
template <class M>
constexpr bool is_closure() {
    constexpr auto text = std::string_view{__PRETTY_FUNCTION__};
    return (text.ends_with(")>]") || text.ends_with(")]")) && text.find("lambda") != std::string_view::npos;
}

/// Random engines, distributions and std::function are called too, but are no modules.
template <class M>
concept has_result_type = requires { typename M::result_type; };

enum class kind { other, tensor, sequence, tuple, optional, module };

/// How the walk treats a member of type M. A module that it could not look into is an error: its parameters
/// would silently not be learnt.
template <class M>
constexpr kind kind_of() {
    if constexpr (is_tensor<M>) return kind::tensor;
    else if constexpr (is_sequence<M>) return kind::sequence;
    else if constexpr (is_tuple<M>) return kind::tuple;
    else if constexpr (is_optional<M>) return kind::optional;
    else if constexpr (!std::is_class_v<M>) return kind::other;
    else if constexpr (listed<M>) {
        static_assert(
            member_list::complete<M>(),
            "a class derived from a module with XGRAD_MEMBERS, with members of its own, lists them all");
        return kind::module;
    } else if constexpr (std::is_empty_v<M>) return kind::other;
    else if constexpr (std::is_aggregate_v<M>) {
        static_assert(member_count<M>() <= max_members,
                      "the members of this struct cannot be found: there are more than 32, or a reference, or a "
                      "base class; list those to learn: XGRAD_MEMBERS(weight, bias)");
        return kind::module;
    } else if constexpr (is_closure<M>() || has_result_type<M>) return kind::other;
    else {
        static_assert(!callable<M>,
                      "a module that is no aggregate lists its members: XGRAD_MEMBERS(weight, bias); "
                      "or XGRAD_MEMBERS() when there is nothing to learn");
        return kind::other;
    }
}

/// References to the members of a module.
template <class M>
auto members_of(M& module) {
    if constexpr (listed<M>) return member_list::of(module);
    else return bind_members<member_count<std::remove_const_t<M>>()>(module);
}

/// The set of the types of the tensors in M: 1 for float, 2 for double, 4 for others. `Outer` are the types
/// around it, by which a recursive one ends.
template <class M, class... Outer>
constexpr unsigned tensor_types() {
    constexpr auto kind = kind_of<M>();
    [[maybe_unused]] constexpr auto each = []<class... Inner>(std::type_identity<std::tuple<Inner...>>) {
        return (0u | ... | tensor_types<std::remove_cvref_t<Inner>, M, Outer...>());
    };
    if constexpr ((std::is_same_v<M, Outer> || ...)) return 0;
    else if constexpr (kind == kind::tensor) {
        using T = typename M::value_type;
        return std::is_same_v<T, float> ? 1 : std::is_same_v<T, double> ? 2 : 4;
    } else if constexpr (kind == kind::sequence || kind == kind::optional)
        return tensor_types<typename M::value_type, M, Outer...>();
    else if constexpr (kind == kind::tuple) return each(std::type_identity<M>{});
    else if constexpr (kind == kind::module)
        return each(std::type_identity<decltype(members_of(std::declval<M&>()))>{});
    else return 0;
}

/// Whether M is a template around tensors or modules that the walk does not look into: a map, a pointer.
template <class M>
inline constexpr bool hides_tensors = false;
template <class M>
constexpr bool has_tensors() {
    if constexpr (!requires { sizeof(M); } || (!is_tensor<M> && !listed<M> && !std::is_aggregate_v<M>)) return false;
    else return tensor_types<M>() != 0;
}
template <template <class...> class Template, class... M>
inline constexpr bool hides_tensors<Template<M...>> =
    kind_of<Template<M...>>() == kind::other && (has_tensors<M>() || ...);

/// The names in "weight, bias"; a single empty one for an empty text.
template <std::size_t N>
constexpr std::array<std::string_view, N> split_names(std::string_view text) {
    auto names = std::array<std::string_view, N>{};
    for (auto& name : names) {
        const auto comma = std::min(text.find(','), text.size());
        name = text.substr(0, comma);
        text.remove_prefix(std::min(comma + 1, text.size()));
        text.remove_prefix(std::min(text.find_first_not_of(' '), text.size()));
    }
    return names;
}

template <class M, std::size_t N>
constexpr auto names_of() {
    if constexpr (listed<M>) return split_names<N>(member_list::names<M>());
    else return member_names<M, N>;
}

/// Calls `on_tensor(path, tensor)` for each tensor in `member` that has a value, and `on_module(module)` for
/// each module, an outer one before those inside.
template <class M, class OnTensor, class OnModule>
void walk(M& member, std::string& path, const OnTensor& on_tensor, const OnModule& on_module) {
    static_assert(!hides_tensors<std::remove_const_t<M>>,
                  "modules stand in a std::vector, std::array, std::tuple or std::optional; the walk does not "
                  "look into this template around them");
    constexpr auto kind = kind_of<std::remove_const_t<M>>();
    [[maybe_unused]] const auto enter = [&](std::string_view name, auto& inner) {
        if constexpr (std::is_class_v<std::remove_cvref_t<decltype(inner)>>) {
            const auto length = path.size();
            if (length != 0 && !name.empty()) path += '.';
            path += name;
            walk(inner, path, on_tensor, on_module);
            path.resize(length);
        }
    };
    [[maybe_unused]] const auto enter_each = [&](const auto& names, auto members) {
        std::apply([&](auto&... inner) {
            [[maybe_unused]] auto name = names.begin();
            (enter(*name++, inner), ...);
        }, members);
    };
    if constexpr (kind == kind::tensor) {
        if (member.defined()) on_tensor(std::string_view{path}, member);
    } else if constexpr (kind == kind::sequence) {
        if constexpr (std::is_class_v<typename M::value_type>) {
            auto position = std::size_t{0};
            for (auto& inner : member) enter(std::to_string(position++), inner);
        }
    } else if constexpr (kind == kind::tuple) {
        auto names = std::array<std::string, std::tuple_size_v<M>>{};
        for (auto i = std::size_t{0}; i < names.size(); ++i) names[i] = std::to_string(i);
        enter_each(names, std::apply([](auto&... inner) { return std::tie(inner...); }, member));
    } else if constexpr (kind == kind::optional) {
        if (member.has_value()) enter("", *member);
    } else if constexpr (kind == kind::module) {
        on_module(member);
        const auto members = members_of(member);
        enter_each(names_of<std::remove_const_t<M>, std::tuple_size_v<decltype(members_of(member))>>(), members);
    }
}

}  // namespace detail

/// Calls `f(name, tensor)` for every tensor of the modules that has a value, of whatever type, in order. With
/// more than one module each name begins with the module's number.
template <class F, class... Modules>
void for_each_tensor(const F& f, Modules&... modules) {
    auto path = std::string{};
    const auto nothing = [](const auto&) {};
    if constexpr (sizeof...(Modules) == 1) (detail::walk(modules, path, f, nothing), ...);
    else {
        auto all = std::tie(modules...);
        std::apply([&, number = 0](auto&... each) mutable {
            ((path = std::to_string(number++), detail::walk(each, path, f, nothing)), ...);
        }, all);
    }
}

/// Calls `f(module)` for the module and every one inside it, outer ones first.
template <class F, class Module>
void for_each_module(const F& f, Module& module) {
    auto path = std::string{};
    detail::walk(module, path, [](std::string_view, const auto&) {}, f);
}

}  // namespace xgrad::nn
