// Modules: what a network is made of, and the walk over its tensors.
//
// A module is any struct whose data members are tensors, modules, or C arrays, `std::vector`, `std::array`,
// `std::tuple`, `std::pair`, `std::optional` of these. An aggregate needs nothing more. A class that is no
// aggregate (it has a constructor, private members, a base class or a virtual function) lists its members once:
//
//     class block {
//     public:
//         explicit block(std::size_t width) : m_inner{width, width} {}
//         XGRAD_MEMBERS(m_inner, m_scale)
//         ...
//
// Other members are passed over where they cannot hold a tensor (numbers, options, text, random engines, lambdas,
// function objects such as xg::relu), and a compile error where they can and the walk does not see into them
// (pointers to modules, std::map, std::function). A class of somebody else's is let through by
// `xgrad::nn::has_no_parameters`. A tensor that requires a gradient is a parameter, one that does not (running
// statistics) is a buffer; a tensor without a value is neither. Names are those of the members, joined by dots:
// "fc1.weight", "layers.0.bias".
#pragma once

#include <xgrad/autograd/backward.hpp>
#include <xgrad/autograd/parameter.hpp>
#include <xgrad/autograd/tensor.hpp>
#include <xgrad/core/config.hpp>
#include <xgrad/core/lists.hpp>
#include <xgrad/nn/walk.hpp>

#include <algorithm>
#include <cstddef>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

namespace xgrad::inline XGRAD_ABI::nn {

namespace detail {

/// The real type of the tensors in the modules, or T where one is asked for.
template <class T, class... M>
constexpr auto real_type_of() {
    if constexpr (!std::is_void_v<T>) return T{};
    else {
        constexpr auto types = (0u | ... | tensor_types<M>()) & 3u;
        static_assert(types != 3,
                      "the module has float and double tensors: ask for one kind: parameters<float>(net)");
        return std::conditional_t<types == 2, double, float>{};
    }
}
template <class T, class... M>
using real_type = decltype(real_type_of<T, M...>());

template <class T, class... Modules>
parameter_list<T> collect(bool wants_grad, const Modules&... modules) {
    auto list = parameter_list<T>{};
    for_each_tensor(
        [&]<class U>(std::string_view name, const basic_tensor<U>& x) {
            if constexpr (std::is_same_v<T, U>) {
                const auto same = [&](const auto& other) {
                    return &xgrad::detail::access::get(other) == &xgrad::detail::access::get(x);
                };
                if (x.requires_grad() == wants_grad && lists::none_of(list, same))
                    list.push_back(parameter<T>{std::string{name}, tensor<T>{x}});
            }
        },
        modules...);
    return list;
}

}  // namespace detail

/// The tensors of the modules that require a gradient, with their names, in order. They are handles: what
/// happens to them in place, happens to the modules. One that several members share appears once, under its
/// first name. The tensors must be of one type, float or double; of modules that have both, parameters<float>
/// gives the ones and parameters<double> the others.
template <class T = void, class... Modules>
auto parameters(const Modules&... modules) {
    return detail::collect<detail::real_type<T, Modules...>>(true, modules...);
}

/// The same list, for those who look for it by PyTorch's name: `for (auto& [name, weight] : ...)`.
template <class T = void, class... Modules>
auto named_parameters(const Modules&... modules) {
    return parameters<T>(modules...);
}

/// The float (or double) tensors of the modules that require no gradient, as `parameters` gives the others.
template <class T = void, class... Modules>
auto buffers(const Modules&... modules) {
    return detail::collect<detail::real_type<T, Modules...>>(false, modules...);
}

/// The same list, by PyTorch's name.
template <class T = void, class... Modules>
auto named_buffers(const Modules&... modules) {
    return buffers<T>(modules...);
}

}  // namespace xgrad::nn

namespace xgrad::inline XGRAD_ABI {

/// A module, as an argument by which a derivative is taken: `grad(f)(net)` is an object of its type with the gradients.
template <class Module>
    requires(std::is_class_v<Module> && !xgrad::detail::tensor_like<Module>)
struct differentiable_parts<Module> {
    template <class M, class F>
    static void for_each(M& module, const F& f) {
        for_each_member(module, [&](auto& x) {
            if constexpr (real<typename std::remove_reference_t<decltype(x)>::value_type>)
                if (x.requires_grad()) f(x);
        });
    }
    template <class M, class F>
    static void for_each_member(M& module, const F& f) {
        nn::for_each_tensor([&](std::string_view, auto& x) { f(x); }, module);
    }
};

}  // namespace xgrad

namespace xgrad::inline XGRAD_ABI::nn {

/// The number of elements of all parameters.
template <class... Modules>
std::size_t parameter_count(const Modules&... modules) {
    auto count = std::size_t{0};
    for (const auto& each : parameters<float>(modules...)) count += each.size();
    for (const auto& each : parameters<double>(modules...)) count += each.size();
    return count;
}

/// Tells the module and those inside it that they are to train, or no more: sets each member
/// `bool training`, a private one, too, of a class with XGRAD_MEMBERS.
template <class Module>
    requires(!std::is_const_v<Module>)
void train(Module& module, bool training = true) {
    for_each_module([=](auto& each) {
        if (auto* const own = detail::member_list::training(each)) *own = training;
    }, module);
}

/// Tells the module and those inside it that they are not to train: `train(module, false)`.
template <class Module>
void eval(Module& module) {
    train(module, false);
}

/// A module with tensors of its own, where copying it as C++ does would share them. What required a gradient
/// does, with none yet; what was shared inside the module, is.
template <class Module>
Module clone(const Module& module) {
    auto copy = module;
    auto copied = std::vector<std::pair<const xgrad::detail::array*, xgrad::detail::array*>>{};
    for_each_tensor(
        [&]<class T, std::size_t N>(std::string_view, tensor<T, N>& x) {
            const auto* const original = &xgrad::detail::access::get(x);
            const auto earlier = lists::find(copied, original, [](const auto& pair) { return pair.first; });
            if (earlier != copied.end()) {
                earlier->second->handles.add();
                x = xgrad::detail::access::adopt<T, N>(earlier->second);
                return;
            }
            auto own = x.clone();
            if constexpr (real<T>) own.requires_grad(x.requires_grad());
            xgrad::detail::access::get(own).frozen = original->frozen;
            x = own;
            copied.emplace_back(original, &xgrad::detail::access::get(x));
        },
        copy);
    return copy;
}

}  // namespace xgrad::nn
