// The walk over the tensors of a module, on which everything that treats a network as a whole stands.
#pragma once

#include <xgrad/autograd/tensor.hpp>
#include <xgrad/core/config.hpp>
#include <xgrad/nn/member_kind.hpp>
#include <xgrad/nn/members.hpp>
#include <xgrad/nn/reflect.hpp>

#include <array>
#include <cstddef>
#include <iterator>
#include <string>
#include <string_view>
#include <tuple>
#include <type_traits>

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

/// Calls `on_tensor(path, tensor)` for each tensor in `member` that has a value, and `on_module(module)` for
/// each module, an outer one before those inside.
template <class M, class OnTensor, class OnModule>
void walk(M& member, std::string& path, const OnTensor& on_tensor, const OnModule& on_module) {
    constexpr auto kind = kind_of<std::remove_cv_t<M>>();
    [[maybe_unused]] const auto enter = [&]<class Inner>(std::string_view name, Inner& inner) {
        if constexpr (kind_of<std::remove_cv_t<Inner>>() != kind::nothing) {
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
        using element = std::remove_reference_t<decltype(*std::begin(member))>;
        if constexpr (kind_of<std::remove_cv_t<element>>() != kind::nothing) {
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
    detail::walk(module, path, [](std::string_view, const auto&) {}, f);
}

}  // namespace xgrad::nn
