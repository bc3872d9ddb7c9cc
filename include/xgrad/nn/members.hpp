// The list of its members that a class gives, where they cannot be found: it has a constructor, or private
// members, or more of them than can be counted.
#pragma once

#include <xgrad/core/config.hpp>

#include <algorithm>
#include <array>
#include <bit>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <string_view>
#include <tuple>
#include <type_traits>
#include <utility>

/// Lists the members of a module class that is no aggregate, in its public or private part. A class without
/// anything to learn lists none: `XGRAD_MEMBERS()`. A derived class lists those of its base class, too.
#define XGRAD_MEMBERS(...) XGRAD_LIST_MEMBERS(#__VA_ARGS__, __VA_ARGS__)

/// The same for a class that is a mere shell around one member: its members are this one's, so that the
/// shell's name is not in theirs.
#define XGRAD_MEMBERS_OF(member) XGRAD_LIST_MEMBERS("", member)

#define XGRAD_LIST_MEMBERS(names, ...)                                              \
    friend struct ::xgrad::nn::detail::member_list;                                 \
    auto xgrad_members() { return ::std::tie(__VA_ARGS__); }                        \
    auto xgrad_members() const { return ::std::tie(__VA_ARGS__); }                  \
    static constexpr ::std::string_view xgrad_member_names() { return names; }      \
    ::xgrad::nn::detail::listed_as<#__VA_ARGS__> xgrad_lists_members() const;       \
    operator ::xgrad::nn::detail::listed_as<#__VA_ARGS__>() const;

namespace xgrad::inline XGRAD_ABI::nn::detail {

/// Takes the first name out of "weight, this->bias, base::scale": "weight", then "bias", then "scale".
constexpr std::string_view take_name(std::string_view& text) {
    const auto comma = std::min(text.find(','), text.size());
    auto name = text.substr(0, comma);
    text.remove_prefix(std::min(comma + 1, text.size()));
    for (const auto before : {std::string_view{"::"}, std::string_view{"->"}})
        if (const auto at = name.rfind(before); at != name.npos) name.remove_prefix(at + before.size());
    name.remove_prefix(std::min(name.find_first_not_of(" \t\n"), name.size()));
    return name.substr(0, name.find_last_not_of(" \t\n") + 1);
}

template <std::size_t N>
constexpr std::array<std::string_view, N> split_names(std::string_view text) {
    auto names = std::array<std::string_view, N>{};
    for (auto& name : names) name = take_name(text);
    return names;
}

// The list of a derived class hides its base's. What it does not hide are conversion functions, but for those to
// the same type; so a list makes its class convertible to a type that is made of the listed names. A name stands
// there as three of 64 marks, by its hash. A mark that a class converts to, and that none of its own names has, is
// of a name that its base lists.

constexpr std::uint64_t marks_of(std::string_view text) {
    auto marks = std::uint64_t{0};
    while (!text.empty()) {
        auto hash = std::uint64_t{0xcbf29ce484222325};   // FNV-1a
        for (const auto c : take_name(text)) hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001b3;
        hash = (hash ^ hash >> 32) * 0x9e3779b97f4a7c15;
        for (const auto shift : {58, 52, 46}) marks |= std::uint64_t{1} << (hash >> shift & 63);
    }
    return marks;
}

struct any_list {};
template <int>
struct mark {};
template <std::uint64_t Marks>
struct marked : mark<std::countr_zero(Marks)>, marked<(Marks & (Marks - 1))> {};
template <>
struct marked<0> {};

template <std::size_t Size>
struct literal {
    char text[Size];
    consteval literal(const char (&source)[Size]) { std::copy_n(source, Size, text); }
};
// Of a copy: under -fsanitize=undefined, g++ does not take it for granted that a template's argument has an address.
template <std::size_t Size>
constexpr std::uint64_t marks_of(literal<Size> names) {
    return marks_of(std::string_view{names.text});
}
template <literal Names>
struct listed_as : any_list, marked<marks_of(Names)> {
    static constexpr auto marks = marks_of(Names);
};

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
    static constexpr bool is_own() {
        return sizeof(typename decltype(class_of(&M::xgrad_lists_members))::type) == sizeof(M);
    }
    /// The marks of the names that M lists itself.
    template <class M>
    static constexpr std::uint64_t marks() {
        return decltype(std::declval<const M&>().xgrad_lists_members())::marks;
    }
    /// Whether M lists all that its base classes list.
    template <class M>
    static constexpr bool is_whole() {
        if constexpr (requires(const M& module, void (*take)(any_list)) { take(module); }) return true;   // one list
        else {
            constexpr auto own = marks<M>();
            return []<int... Bit>(std::integer_sequence<int, Bit...>) {
                return (((own >> Bit & 1) != 0 || lacks<M, Bit>()) && ...);
            }(std::make_integer_sequence<int, 64>{});
        }
    }
    /// `module.training`, where there is such a switch; else null.
    template <class M, class Switch = std::conditional_t<std::is_const_v<M>, const bool, bool>>
    static Switch* training(M& module) {
        if constexpr (requires { { (module.training) } -> std::same_as<Switch&>; }) return &module.training;
        else return nullptr;
    }

private:
    template <class List, class Class>
    static std::type_identity<Class> class_of(List (Class::*)() const);

    // Two base classes with the mark make the call ambiguous, which says as much as one.
    template <int Bit>
    static std::true_type find(mark<Bit>);
    template <int Bit>
    static std::false_type find(...);
    template <class M, int Bit>
    static constexpr bool lacks() {
        return requires(const M& module) { { find<Bit>(module) } -> std::same_as<std::false_type>; };
    }
};

template <class M>
concept listed = requires { member_list::names<M>(); };

}  // namespace xgrad::inline XGRAD_ABI::nn::detail
