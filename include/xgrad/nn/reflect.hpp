// The data members of an aggregate and their names, found at compile time.
//
// How many there are: as many as there may be initialisers in `T{...}`. Which: a structured binding. Their
// names: the compiler prints them when it prints a pointer to a member of an object that it knows by name.
#pragma once

#include <xgrad/core/config.hpp>

#include <algorithm>
#include <array>
#include <cstddef>
#include <exception>
#include <string_view>
#include <tuple>
#include <type_traits>
#include <utility>

namespace xgrad::inline XGRAD_ABI::nn::detail {

/// An aggregate may have this many members; one with more lists them with XGRAD_MEMBERS.
inline constexpr std::size_t max_members = 32;
inline constexpr std::size_t unknown_count = static_cast<std::size_t>(-1);

// Initialisers that convert to a member of any type, to a base class of T; and one that fits only what takes
// everything, like std::any. They are never called, but clang wants them defined where a constructor that could
// be constant would call them.
struct any_member {
    template <class M>
    operator M() const {
        std::terminate();
    }
};
template <class T>
struct base_class {
    template <class B>
        requires(std::is_base_of_v<B, T> && !std::is_same_v<B, T>)
    operator B() const {
        std::terminate();
    }
};
struct no_member {};

template <class T, class... Initialisers>
concept initialised_by = requires { T{std::declval<Initialisers>()...}; };

template <std::size_t, class Initialiser>
using nth = Initialiser;

/// Whether T can be initialised by `Before` members, then `First`, then `After` members more.
template <class T, class First, std::size_t Before, std::size_t After>
constexpr bool fits() {
    return []<std::size_t... B, std::size_t... A>(std::index_sequence<B...>, std::index_sequence<A...>) {
        return initialised_by<T, nth<B, any_member>..., First, nth<A, any_member>...>;
    }(std::make_index_sequence<Before>{}, std::make_index_sequence<After>{});
}

/// The same with braces around `Inside` members in the place of `First`.
template <class T, std::size_t Before, std::size_t Inside, std::size_t After>
constexpr bool fits_braces() {
    return []<std::size_t... B, std::size_t... I, std::size_t... A>(
               std::index_sequence<B...>, std::index_sequence<I...>, std::index_sequence<A...>) {
        return requires {
            T{std::declval<nth<B, any_member>>()..., {std::declval<nth<I, any_member>>()...},
              std::declval<nth<A, any_member>>()...};
        };
    }(std::make_index_sequence<Before>{}, std::make_index_sequence<Inside>{}, std::make_index_sequence<After>{});
}

template <class T, class Initialiser, std::size_t Count>
constexpr bool fits_all() {
    return []<std::size_t... At>(std::index_sequence<At...>) {
        return initialised_by<T, nth<At, Initialiser>...>;
    }(std::make_index_sequence<Count>{});
}

/// The largest number of initialisers. Fewer may do, from those on that reach the last member without a default;
/// but not those that end inside an array whose elements have none. So the search goes on for the length of an
/// array that T may hold.
template <class T, std::size_t Count = 0, std::size_t Largest = unknown_count>
constexpr std::size_t initialiser_count() {
    constexpr auto found = Largest != unknown_count;
    if constexpr (found && Count - Largest > std::min(max_members, sizeof(T))) return Largest;
    else if constexpr (Count > 2 * max_members) return found && Count - Largest > 1 ? Largest : unknown_count;
    else return initialiser_count<T, Count + 1, fits_all<T, any_member, Count>() ? Count : Largest>();
}

/// How many of the `Count` initialisers, from the one at `At` on, belong to the member that it begins: one,
/// unless the member is an array like `int sizes[3]` or `linear<> layers[2]`. Whatever fits in braces in the
/// place of one initialiser shows one; an array's own number in braces leaves just the others behind it.
template <class T, std::size_t Count, std::size_t At, std::size_t Size = 1>
constexpr std::size_t initialisers_of_member() {
    constexpr auto after = Count - At - 1;
    if constexpr (Size == 1 && fits_braces<T, At, 0, after>()) return 1;
    else if constexpr (fits_braces<T, At, Size, after>()) return 1;
    else if constexpr (Size > 1 && fits_braces<T, At, Size, after + 1 - Size>()) return Size;
    else if constexpr (At + Size == Count) return 1;
    else return initialisers_of_member<T, Count, At, Size + 1>();
}

template <class T, std::size_t Count, std::size_t At = 0>
constexpr std::size_t count_members() {
    if constexpr (At == Count) return 0;
    else return 1 + count_members<T, Count, At + initialisers_of_member<T, Count, At>()>();
}

template <class T>
constexpr std::size_t member_count() {
    constexpr auto count = initialiser_count<T>();
    if constexpr (count == unknown_count || count == 0) return count;
    else if constexpr (fits<T, base_class<T>, 0, count - 1>() && !fits<T, no_member, 0, count - 1>())
        return unknown_count;
    else return count_members<T, count>();
}

#define XGRAD_BIND_8(p) p##0, p##1, p##2, p##3, p##4, p##5, p##6, p##7
#define XGRAD_BIND(count, ...)                    \
    else if constexpr (N == (count)) {            \
        auto& [__VA_ARGS__] = object;             \
        return std::tie(__VA_ARGS__);             \
    }

/// References to the N data members of an aggregate.
template <std::size_t N, class T>
constexpr auto bind_members([[maybe_unused]] T& object) {
    if constexpr (N == 0) return std::tuple<>{};
    XGRAD_BIND(1, a)
    XGRAD_BIND(2, a, b)
    XGRAD_BIND(3, a, b, c)
    XGRAD_BIND(4, a, b, c, d)
    XGRAD_BIND(5, a, b, c, d, e)
    XGRAD_BIND(6, a, b, c, d, e, f)
    XGRAD_BIND(7, a, b, c, d, e, f, g)
    XGRAD_BIND(8, XGRAD_BIND_8(a))
    XGRAD_BIND(9, XGRAD_BIND_8(a), b)
    XGRAD_BIND(10, XGRAD_BIND_8(a), b, c)
    XGRAD_BIND(11, XGRAD_BIND_8(a), b, c, d)
    XGRAD_BIND(12, XGRAD_BIND_8(a), b, c, d, e)
    XGRAD_BIND(13, XGRAD_BIND_8(a), b, c, d, e, f)
    XGRAD_BIND(14, XGRAD_BIND_8(a), b, c, d, e, f, g)
    XGRAD_BIND(15, XGRAD_BIND_8(a), b, c, d, e, f, g, h)
    XGRAD_BIND(16, XGRAD_BIND_8(a), XGRAD_BIND_8(b))
    XGRAD_BIND(17, XGRAD_BIND_8(a), XGRAD_BIND_8(b), c)
    XGRAD_BIND(18, XGRAD_BIND_8(a), XGRAD_BIND_8(b), c, d)
    XGRAD_BIND(19, XGRAD_BIND_8(a), XGRAD_BIND_8(b), c, d, e)
    XGRAD_BIND(20, XGRAD_BIND_8(a), XGRAD_BIND_8(b), c, d, e, f)
    XGRAD_BIND(21, XGRAD_BIND_8(a), XGRAD_BIND_8(b), c, d, e, f, g)
    XGRAD_BIND(22, XGRAD_BIND_8(a), XGRAD_BIND_8(b), c, d, e, f, g, h)
    XGRAD_BIND(23, XGRAD_BIND_8(a), XGRAD_BIND_8(b), c, d, e, f, g, h, i)
    XGRAD_BIND(24, XGRAD_BIND_8(a), XGRAD_BIND_8(b), XGRAD_BIND_8(c))
    XGRAD_BIND(25, XGRAD_BIND_8(a), XGRAD_BIND_8(b), XGRAD_BIND_8(c), d)
    XGRAD_BIND(26, XGRAD_BIND_8(a), XGRAD_BIND_8(b), XGRAD_BIND_8(c), d, e)
    XGRAD_BIND(27, XGRAD_BIND_8(a), XGRAD_BIND_8(b), XGRAD_BIND_8(c), d, e, f)
    XGRAD_BIND(28, XGRAD_BIND_8(a), XGRAD_BIND_8(b), XGRAD_BIND_8(c), d, e, f, g)
    XGRAD_BIND(29, XGRAD_BIND_8(a), XGRAD_BIND_8(b), XGRAD_BIND_8(c), d, e, f, g, h)
    XGRAD_BIND(30, XGRAD_BIND_8(a), XGRAD_BIND_8(b), XGRAD_BIND_8(c), d, e, f, g, h, i)
    XGRAD_BIND(31, XGRAD_BIND_8(a), XGRAD_BIND_8(b), XGRAD_BIND_8(c), d, e, f, g, h, i, j)
    XGRAD_BIND(32, XGRAD_BIND_8(a), XGRAD_BIND_8(b), XGRAD_BIND_8(c), XGRAD_BIND_8(d))
}

#undef XGRAD_BIND
#undef XGRAD_BIND_8

// An object of every aggregate, never constructed: there is only its name and the addresses of its members.
template <class T>
union unborn {
    char nothing;
    T object;
    constexpr unborn() : nothing{} {}
    ~unborn() {}
};
template <class T>
inline unborn<T> example{};

// A class around the pointer, since clang before 18 takes no bare pointer to a member of an object.
template <class Pointer>
struct place {
    Pointer pointer;
};
template <class Pointer>
place(Pointer) -> place<Pointer>;

// Printed as "... {&example.object.fc1}]" by clang, "... {(& example<net>....::object.net::fc1)}; ...]" by
// g++: the name is the last identifier before the first brace that closes.
template <place Where>
consteval std::string_view printed_name() {
    constexpr auto text = std::string_view{__PRETTY_FUNCTION__};
    constexpr auto last = text.find_last_not_of(")}", text.rfind('}'));
    constexpr auto before = text.find_last_of(".:", last);
    return text.substr(before + 1, last - before);
}

template <class T, std::size_t N, std::size_t At>
constexpr auto place_of_member() {
    return place{&std::get<At>(bind_members<N>(std::as_const(example<T>.object)))};
}

template <class T, std::size_t N>
inline constexpr auto member_names = []<std::size_t... At>(std::index_sequence<At...>) {
    return std::array<std::string_view, N>{printed_name<place_of_member<T, N, At>()>()...};
}(std::make_index_sequence<N>{});

/// Whether the members of an aggregate are found: none is a reference or a bit-field, which have no address that
/// is known at compile time (to a constant bit-field there is a reference, if only to a copy).
template <class T>
constexpr bool members_found() {
    constexpr auto count = member_count<T>();
    if constexpr (count > max_members) return false;
    else
        return []<std::size_t... At>(std::index_sequence<At...>) {
            return requires { (printed_name<place_of_member<T, count, At>()>(), ...); };
        }(std::make_index_sequence<count>{});
}

}  // namespace xgrad::inline XGRAD_ABI::nn::detail
