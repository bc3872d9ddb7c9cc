// Derivatives of functions, rather than of values.
//
// A function here takes tensors and gives a tensor. Where an argument, a vector or anything else that it uses requires
// a gradient (and recording is on), value and derivative are recorded, so that these nest: the gradient of a
// function that contains a gradient is what it should be. Under `no_grad` nothing of it is recorded. Stored
// gradients, those that `grad()` shows, stay as they are.
#pragma once

#include <xgrad/autograd/any_tensor.hpp>
#include <xgrad/autograd/backward.hpp>
#include <xgrad/autograd/create.hpp>
#include <xgrad/autograd/no_grad.hpp>
#include <xgrad/autograd/operation.hpp>
#include <xgrad/autograd/record.hpp>
#include <xgrad/autograd/tensor.hpp>
#include <xgrad/autograd/variables.hpp>
#include <xgrad/core/config.hpp>
#include <xgrad/core/memory.hpp>

#include <algorithm>
#include <cstddef>
#include <functional>
#include <iterator>
#include <tuple>
#include <type_traits>
#include <utility>
#include <vector>

namespace xgrad::inline XGRAD_ABI {

namespace detail {

/// Elements first, first + step, ... of an array.
struct places {
    std::size_t first = 0, step = 1;
};

template <real T>
tensor<T> within_zeros(const basic_tensor<T>& part, const shape& sizes, places at);

/// The elements of x at these places.      dx = dy there, 0 elsewhere
template <real T>
tensor<T> part_of(const basic_tensor<T>& x, const shape& sizes, places at) {
    auto y = at.step == 1 ? make_view(x, sizes, at.first) : make_result<T>(sizes);
    for (auto i = std::size_t{0}; at.step != 1 && i < y.size(); ++i) access::elements(y)[i] = x.data()[at.first + i * at.step];
    return record("part", std::move(y), {x}, keep(), [from = shape_of(x), at](const auto& dy, gradients& d) {
        d(0, [&] { return within_zeros(dy, from, at); });
    });
}

/// Zeros, and `part` at these places.    dpart = dy there
template <real T>
tensor<T> within_zeros(const basic_tensor<T>& part, const shape& sizes, places at) {
    auto y = filled<dynamic_rank>(sizes, T{0});
    for (auto i = std::size_t{0}; i < part.size(); ++i) access::elements(y)[at.first + i * at.step] = part.data()[i];
    return record("within_zeros", std::move(y), {part}, keep(), [from = shape_of(part), at](const auto& dy, gradients& d) {
        d(0, [&] { return part_of(dy, from, at); });
    });
}

/// An array of shape `sizes` in which `parts` stand, each of the same shape: one after the other, or, `interleaved`, each
/// along the first axes, side by side.      dpart_i = dy in its places
template <real T, class Parts>
tensor<T> joined(const Parts& parts, const shape& sizes, bool interleaved) {
    auto y = make_result<T>(sizes);
    const auto count = parts.size(), length = parts.empty() ? std::size_t{0} : parts.front().size();
    const auto place = [=](std::size_t i) { return interleaved ? places{i, count} : places{i * length, 1}; };
    for (auto i = std::size_t{0}; i < count; ++i) {
        const auto [first, step] = place(i);
        for (auto k = std::size_t{0}; k < length; ++k) access::elements(y)[first + k * step] = parts[i].data()[k];
    }
    const auto inputs = std::vector<input, memory::allocator<input>>(parts.begin(), parts.end());
    const auto part_shape = parts.empty() ? shape{} : shape_of(parts.front());
    return record("jacobian", std::move(y), inputs, keep(), [part_shape, place](const auto& dy, gradients& d) {
        for (auto i = std::size_t{0}; i < d.size(); ++i) d(i, [&] { return part_of(dy, part_shape, place(i)); });
    });
}

/// pullback(e) for each unit vector e of the shape of `like`.
template <real T, class Pullback>
auto of_each_unit(const Pullback& pullback, const basic_tensor<T>& like) {
    auto results = std::vector<tensor<T>, memory::allocator<tensor<T>>>{};
    results.reserve(like.size());
    for (auto i = std::size_t{0}; i < like.size(); ++i) {
        auto unit = filled<dynamic_rank>(shape_of(like), T{0});
        access::elements(unit)[i] = T{1};
        results.push_back(pullback(unit));
    }
    return results;
}

template <class T>
decltype(auto) single_or_tuple(std::tuple<T>&& values) {
    return std::get<0>(std::move(values));
}
template <class... T>
    requires(sizeof...(T) > 1)
std::tuple<T...> single_or_tuple(std::tuple<T...>&& values) {
    return std::move(values);
}

template <std::size_t... Number>
inline constexpr bool all_different = [] {
    constexpr std::size_t numbers[] = {Number...};
    for (auto i = std::size_t{0}; i < sizeof...(Number); ++i)
        if (std::count(numbers, numbers + sizeof...(Number), numbers[i]) != 1) return false;
    return true;
}();

inline constexpr const char* argument_names[] = {"f", "x0", "x1", "x2", "x3", "x4", "x5", "x6", "x7", "x8", "x9", "x10", "x11"};

/// work(f, x...), an operation that has a function of the user's in it: the arguments that are no tensors are as opaque.
template <class Work, class F, class... X>
auto call_with_function(const char* name, const Work& work, const F& f, const X&... x) {
    static_assert(sizeof...(X) < std::size(argument_names), "derivatives are of functions of up to 12 arguments");
    if constexpr (std::is_copy_constructible_v<F> && (std::is_copy_constructible_v<X> && ...)) {
        const auto told = []<class V>(const V& v) {
            if constexpr (tensor_like<V>) return v;
            else return opaque<V>{v};
        };
        const auto untold = []<class V>(const V& v) -> const auto& {
            if constexpr (is_opaque<V>) return v.value;
            else return v;
        };
        if (reading != nullptr)
            return call_by(name, argument_names, [work, untold](const auto&... v) { return work(untold(v)...); }, opaque<F>{f}, told(x)...);
    }
    return work(f, x...);
}

/// The one of `chosen` that stands for argument I, by the list of their numbers; `x` when none does.
template <std::size_t I, std::size_t... Number, class Chosen, class X>
const auto& chosen_or(const Chosen& chosen, const X& x) {
    constexpr std::size_t numbers[] = {Number...};
    constexpr auto at = static_cast<std::size_t>(std::find(numbers, numbers + sizeof...(Number), I) - numbers);
    if constexpr (at < sizeof...(Number)) return std::get<at>(chosen);
    else return x;
}

}  // namespace detail

/// f(x...) and the function that maps a vector v, of the value's shape, to v^T J: for each argument the
/// gradient of sum(v f(x...)). It may be called more than once.
///
///     auto [y, pullback] = vjp(f, x);    auto dx = pullback(v);
///
/// With one argument the gradient is a tensor, with several a tuple of them. An argument may be a module (nn/module.hpp): its
/// gradient is an object of its type, in which each parameter's gradient stands in the parameter's place. (Parameters ask
/// for gradients, so that all of it is recorded, unless under `no_grad`.)
template <class F, class... X>
auto vjp(const F& f, const X&... x) {
    const auto recorded = is_grad_enabled();
    auto variables = std::tuple{detail::variable(x)...};
    const auto recording = enable_grad{};
    auto y = std::apply(f, variables);
    const auto nested = recorded && std::apply([&](const auto&... each) {
        return (detail::asks_for_gradient(x) || ...) || detail::came_of_others(y, each...);
    }, variables);
    std::apply([](const auto&... each) { detail::settle(each...); }, variables);
    auto pullback = [y, variables, nested](const auto& v) {
        const auto options = backward_options{.retain_graph = true, .create_graph = is_grad_enabled() && (nested || v.requires_grad())};
        return detail::single_or_tuple(std::apply(
            [&](const auto&... each) { return detail::gradients_of(y, v, options, each...); }, variables));
    };
    return std::pair{nested ? y : y.detach(), std::move(pullback)};
}

namespace detail {

template <class F, class... X>
auto value_and_gradient(const F& f, const X&... x) {
    auto [y, pullback] = vjp(f, x...);
    if (y.size() != 1)
        fail<shape_error>("grad", "the function must give one number, it gave the shape ", shape_of(y), "; use jacobian or vjp");
    return std::pair{y, pullback(ones_like(y))};
}

template <std::size_t First, std::size_t... More, class F, class... X>
auto value_and_chosen_gradient(const F& f, const X&... x) {
    static_assert(((First < sizeof...(x)) && ... && (More < sizeof...(x))),
                  "value_and_grad<...>: there is no argument with this number; they count from 0");
    const auto arguments = std::tie(x...);
    const auto of_chosen = [&](const auto&... chosen) {
        return [&]<std::size_t... I>(std::index_sequence<I...>) {
            return f(chosen_or<I, First, More...>(std::tie(chosen...), std::get<I>(arguments))...);
        }(std::index_sequence_for<X...>{});
    };
    return value_and_gradient(of_chosen, std::get<First>(arguments), std::get<More>(arguments)...);
}

}  // namespace detail

/// The function that maps x... to the value of f there and its gradient with respect to x (a tuple of
/// gradients for several arguments). f must give a scalar; throws `shape_error` otherwise.
template <class F>
auto value_and_grad(F f) {
    return [f = std::move(f)](const auto&... x) {
        return detail::call_with_function("value_and_grad", [](const auto&... v) { return detail::value_and_gradient(v...); }, f, x...);
    };
}

/// The same with respect to the arguments numbered so, from 0 on. The others are passed on as they are, whatever they are.
///
///     auto [loss, dw] = value_and_grad<0>(loss_of)(w, batch, labels);
template <std::size_t First, std::size_t... More, class F>
auto value_and_grad(F f) {
    static_assert(detail::all_different<First, More...>, "value_and_grad<...>: an argument is named twice");
    return [f = std::move(f)](const auto&... x) {
        return detail::call_with_function("value_and_grad", [](const auto&... v) {
            return detail::value_and_chosen_gradient<First, More...>(v...);
        }, f, x...);
    };
}

/// The gradient of a scalar function f, as a function: grad(f)(x...).
template <class F>
auto grad(F f) {
    return [both = value_and_grad(std::move(f))](const auto&... x) { return both(x...).second; };
}

/// The same with respect to the arguments numbered so, from 0 on: grad<0, 2>(f)(x, y, z) is the pair of df/dx and df/dz.
template <std::size_t First, std::size_t... More, class F>
auto grad(F f) {
    return [both = value_and_grad<First, More...>(std::move(f))](const auto&... x) { return both(x...).second; };
}

namespace detail {

/// y = f(x) and the function that maps v to J v, as often as it is called. By reverse mode twice: v^T J is linear in v, and
/// the transposed of that linear map is J.
template <class F, real T, std::size_t N>
auto forward(const F& f, const tensor<T, N>& x) {
    const auto recorded = is_grad_enabled();
    const auto variable_ = variable(x);
    const auto recording = enable_grad{};
    auto y = f(variable_);
    auto weights = zeros_like(y).requires_grad(true);
    const auto transposed = [&](const auto& u) {
        return std::get<0>(gradients_of(y, u, {.create_graph = true}, variable_));
    };
    auto pullback = vjp(transposed, weights).second;
    const auto nested = recorded && (x.requires_grad() || came_of_others(y, variable_));
    settle(variable_, weights);
    auto derivative = [pullback, recorded, nested](const auto& v) {
        const auto recording_ = enable_grad{};
        auto direction = pullback(v);
        return recorded && (nested || v.requires_grad()) ? direction : direction.detach();
    };
    return std::pair{nested ? y : y.detach(), std::move(derivative)};
}

}  // namespace detail

/// f(x) and the derivative of f at x in the direction v: J v.
template <class F, real T, std::size_t N>
auto jvp(const F& f, const tensor<T, N>& x, const std::type_identity_t<tensor<T, N>>& v) {
    return detail::call_with_function("jvp", [](const auto& of, const auto& at, const auto& along) {
        auto [y, derivative] = detail::forward(of, at);
        return std::pair{std::move(y), derivative(along)};
    }, f, x, v);
}

/// The product of the Hessian of a scalar function f at x and the vector v: the derivative of grad(f) in the
/// direction v.
template <class F, real T, std::size_t N>
tensor<T, N> hvp(const F& f, const tensor<T, N>& x, const std::type_identity_t<tensor<T, N>>& v) {
    return detail::call_with_function("hvp", [](const auto& of, const auto& at, const auto& along) {
        return vjp(grad(std::cref(of)), at).second(along);
    }, f, x, v);
}

namespace detail {

template <class F, real T, std::size_t N>
auto jacobian_at(const F& f, const tensor<T, N>& x) {
    const auto assemble = [&](const auto& y, const auto& parts, bool by_columns) {
        constexpr auto m = tensor_traits<std::remove_cvref_t<decltype(y)>>::rank;
        constexpr auto rank = N == dynamic_rank || m == dynamic_rank ? dynamic_rank : N + m;
        auto sizes = shape_of(y);
        for (const auto size : shape_of(x)) sizes.push_back(size);
        return with_rank<rank>(joined<T>(parts, sizes, by_columns));
    };
    const auto [y, pullback] = vjp(f, x);
    if (y.size() <= 2 * x.size()) return assemble(y, of_each_unit(pullback, y), false);
    return assemble(y, of_each_unit(forward(f, x).second, x), true);
}

template <class F, real T, std::size_t N>
tensor<T, 0> laplacian_at(const F& f, const tensor<T, N>& x) {
    const auto [gradient, pullback] = vjp(grad(std::cref(f)), x);
    auto total = filled<dynamic_rank>(shape{}, T{0});
    const auto rows = of_each_unit(pullback, gradient);
    for (auto i = std::size_t{0}; i < rows.size(); ++i) total = add_same(total, part_of(rows[i], shape{}, {i}));
    return with_rank<0>(std::move(total));
}

}  // namespace detail

/// All partial derivatives of f at x: J[i..., j...] = d f(x)[i...] / d x[j...], of shape f(x)'s followed by x's.
/// Row by row, a backward pass for each element of f(x); column by column where x has less than half as many elements, for
/// which the operations in f must be differentiable twice, as all of the library's are.
template <class F, real T, std::size_t N>
auto jacobian(const F& f, const tensor<T, N>& x) {
    return detail::call_with_function("jacobian", [](const auto& of, const auto& at) { return detail::jacobian_at(of, at); }, f, x);
}

/// All second derivatives of a scalar function f at x, of shape x's twice: the Jacobian of its gradient.
template <class F, real T, std::size_t N>
auto hessian(const F& f, const tensor<T, N>& x) {
    return detail::call_with_function("hessian", [](const auto& of, const auto& at) {
        return detail::jacobian_at(grad(std::cref(of)), at);
    }, f, x);
}

/// The sum of the second derivatives of a scalar function f at x: d2f / dx_0^2 + d2f / dx_1^2 + ...
template <class F, real T, std::size_t N>
tensor<T, 0> laplacian(const F& f, const tensor<T, N>& x) {
    return detail::call_with_function("laplacian", [](const auto& of, const auto& at) { return detail::laplacian_at(of, at); }, f, x);
}

}  // namespace xgrad
