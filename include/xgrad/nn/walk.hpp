// The walk over the tensors of a module, on which everything that treats a network as a whole stands.
#pragma once

#include <xgrad/autograd/tensor.hpp>
#include <xgrad/core/config.hpp>
#include <xgrad/nn/member_kind.hpp>
#include <xgrad/nn/members.hpp>
#include <xgrad/nn/reflect.hpp>

#include <algorithm>
#include <array>
#include <concepts>
#include <cstddef>
#include <functional>
#include <iterator>
#include <string>
#include <string_view>
#include <tuple>
#include <type_traits>
#include <vector>

namespace xgrad::inline XGRAD_ABI::nn {

namespace detail {

/// The set of the types of the tensors in M: 1 for float, 2 for double, 4 for others. `Outer` are the types
/// around it, by which a recursive one ends.
template <class M, class... Outer>
constexpr unsigned tensor_types() {
    if constexpr ((std::is_same_v<M, Outer> || ...) || kind_of<M>() == kind::nothing) return 0;
    else if constexpr (kind_of<M>() == kind::tensor) {
        using T = typename M::value_type;
        return std::is_same_v<T, float> ? 1 : std::is_same_v<T, double> ? 2 : 4;
    } else {
        return []<class... Inner>(type_list<Inner...>) {
            return (0u | ... | tensor_types<std::remove_cvref_t<Inner>, M, Outer...>());
        }(inner_types<M>());
    }
}

template <class M, std::size_t N>
constexpr auto names_of() {
    if constexpr (listed<M>) return split_names<N>(member_list::names<M>());
    else return member_names<M, N>;
}

/// Whether a module says itself how the tensors inside it are called: `std::string parameter_name(std::string_view path) const`,
/// of the path from that module on, as "cells.3.weight_hh". So layers whose number is known at run time alone have parameters
/// with names of their own, as "weight_hh_l1_reverse".
template <class M>
concept names_its_tensors = requires(const M& module, std::string_view path) {
    { module.parameter_name(path) } -> std::convertible_to<std::string>;
};

template <class M, class OnTensor, class OnModule>
void walk(M& member, std::string& path, const OnTensor& on_tensor, const OnModule& on_module);

inline std::string joined_path(std::string_view outer, std::string_view inner) {
    auto path = std::string{outer};
    if (!outer.empty() && !inner.empty()) path += '.';
    return path += inner;
}

/// The walk over members of these names.
template <class Names, class Members, class OnTensor, class OnModule>
void walk_each(const Names& names, Members members, std::string& path, const OnTensor& on_tensor, const OnModule& on_module) {
    const auto enter = [&]<class Inner>(std::string_view name, Inner& inner) {
        if constexpr (kind_of<std::remove_cv_t<Inner>>() != kind::nothing) {
            const auto length = path.size();
            if (length != 0 && !name.empty()) path += '.';
            path += name;
            walk(inner, path, on_tensor, on_module);
            path.resize(length);
        }
    };
    std::apply([&](auto&... inner) {
        [[maybe_unused]] auto name = names.begin();
        (enter(*name++, inner), ...);
    }, members);
}

template <class M, class OnTensor, class OnModule>
void walk_members(M& module, std::string& path, const OnTensor& on_tensor, const OnModule& on_module) {
    auto members = members_of(module);
    constexpr auto names = names_of<std::remove_const_t<M>, std::tuple_size_v<decltype(members)>>();
    if constexpr (names_its_tensors<M>) {
        auto inner_path = std::string{};
        walk_each(names, members, inner_path,
                  [&](std::string_view inner, auto& x) {
                      const auto full = joined_path(path, module.parameter_name(inner));
                      on_tensor(std::string_view{full}, x);
                  },
                  [&](std::string_view inner, auto& each) {
                      const auto full = joined_path(path, inner);
                      on_module(std::string_view{full}, each);
                  });
    } else {
        walk_each(names, members, path, on_tensor, on_module);
    }
}

/// Calls `on_tensor(path, tensor)` for each tensor in `member` that has a value, and `on_module(path, module)` for
/// each module, an outer one before those inside.
template <class M, class OnTensor, class OnModule>
void walk(M& member, std::string& path, const OnTensor& on_tensor, const OnModule& on_module) {
    constexpr auto kind = kind_of<std::remove_cv_t<M>>();
    if constexpr (kind == kind::tensor) {
        if (member.defined()) on_tensor(std::string_view{path}, member);
    } else if constexpr (kind == kind::sequence) {
        using element = std::remove_reference_t<decltype(*std::begin(member))>;
        if constexpr (kind_of<std::remove_cv_t<element>>() != kind::nothing) {
            auto position = std::size_t{0};
            for (auto& inner : member)
                walk_each(std::array{std::to_string(position++)}, std::tie(inner), path, on_tensor, on_module);
        }
    } else if constexpr (kind == kind::tuple) {
        auto names = std::array<std::string, std::tuple_size_v<M>>{};
        for (auto i = std::size_t{0}; i < names.size(); ++i) names[i] = std::to_string(i);
        walk_each(names, std::apply([](auto&... inner) { return std::tie(inner...); }, member), path, on_tensor, on_module);
    } else if constexpr (kind == kind::optional) {
        if (member.has_value()) walk(*member, path, on_tensor, on_module);
    } else if constexpr (kind == kind::module) {
        on_module(std::string_view{path}, member);
        walk_members(member, path, on_tensor, on_module);
    }
}

}  // namespace detail

/// Calls `f(name, tensor)` for every tensor of the modules that has a value, of whatever type, in order. With
/// more than one module each name begins with the module's number.
template <class F, class... Modules>
void for_each_tensor(const F& f, Modules&... modules) {
    auto path = std::string{};
    const auto nothing = [](std::string_view, const auto&) {};
    if constexpr (sizeof...(Modules) == 1) (detail::walk(modules, path, f, nothing), ...);
    else {
        auto roots = std::tie(modules...);
        std::apply([&, number = 0](auto&... each) mutable {
            ((path = std::to_string(number++), detail::walk(each, path, f, nothing)), ...);
        }, roots);
    }
}

/// Calls `f(module)` for the module and every one inside it, outer ones first.
template <class F, class Module>
void for_each_module(const F& f, Module& module) {
    auto path = std::string{};
    detail::walk(module, path, [](std::string_view, const auto&) {}, [&](std::string_view, auto& each) { f(each); });
}

namespace detail {

XGRAD_ON_DEMAND XGRAD_COLD void sort_addresses(std::vector<const void*>& list) {
    std::sort(list.begin(), list.end(), std::less<const void*>{});
}

/// The members that are tensors of which PyTorch keeps the transpose, in the order of their addresses. Members and not
/// names, for a module around may have named them otherwise; and not what they hold, for a shared tensor may be
/// transposed in one place and not in the other.
template <class Module>
std::vector<const void*> transposed_members(Module& module) {
    auto members = std::vector<const void*>{};
    auto path = std::string{};
    const auto nothing = [](std::string_view, const auto&) {};
    walk(module, path, nothing, [&]<class M>(std::string_view outer, M& layer) {
        if constexpr (requires { { M::is_transposed(outer) } -> std::same_as<bool>; }) {
            auto inner_path = std::string{};
            walk_members(layer, inner_path, [&](std::string_view inner, auto& x) {
                if (M::is_transposed(inner)) members.push_back(&x);
            }, nothing);
        }
    });
    sort_addresses(members);
    return members;
}

}  // namespace detail

/// Calls `f(name, tensor, transposed)` for every tensor of the module that has a value, in order: `transposed` where PyTorch
/// keeps its transpose. A layer says so by
///     static bool is_transposed(std::string_view name) { return name == "weight"; }
/// of its own tensors, by the names that they have in it; a tensor that it speaks of has two axes.
template <class F, class Module>
void for_each_tensor_with_layout(const F& f, Module& module) {
    const auto transposed = detail::transposed_members(module);
    for_each_tensor([&](std::string_view name, auto& x) {
        f(name, x, std::binary_search(transposed.begin(), transposed.end(), static_cast<const void*>(&x), std::less<const void*>{}));
    }, module);
}

/// Calls `f(name, tensor)` for those alone of which PyTorch keeps the transpose.
template <class F, class Module>
void for_each_transposed(const F& f, Module& module) {
    for_each_tensor_with_layout([&](std::string_view name, auto& x, bool transposed) {
        if (transposed) f(name, x);
    }, module);
}

}  // namespace xgrad::nn

// Defined by xgrad::compiled.
#if defined(XGRAD_COMMON_INSTANCE)
namespace xgrad::inline XGRAD_ABI::nn::detail {
XGRAD_COMMON_INSTANCE void sort_addresses<>(std::vector<const void*>&);
}
#endif
