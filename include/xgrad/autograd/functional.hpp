// Derivatives of functions, rather than of values.
//
// A function here takes tensors and gives a tensor. Where an argument, a vector or anything else that it uses requires
// a gradient (and recording is on), value and derivative are recorded, so that these nest: the gradient of a
// function that contains a gradient is what it should be. Under `no_grad` nothing of it is recorded. Stored
// gradients, those that `grad()` shows, stay as they are.
#pragma once

#include <xgrad/autograd/backward.hpp>
#include <xgrad/autograd/create.hpp>
#include <xgrad/autograd/no_grad.hpp>
#include <xgrad/autograd/record.hpp>
#include <xgrad/autograd/tensor.hpp>
#include <xgrad/core/config.hpp>
#include <xgrad/core/memory.hpp>

#include <algorithm>
#include <array>
#include <cstddef>
#include <tuple>
#include <type_traits>
#include <utility>
#include <vector>

namespace xgrad::inline XGRAD_ABI {

namespace detail {

template <class X>
struct tensor_traits;
template <element T, std::size_t N>
struct tensor_traits<tensor<T, N>> {
    using value_type = T;
    static constexpr std::size_t rank = N;
};

/// An argument as a variable of its own: one more node on its way when it has a graph, else a new leaf.
template <real T, std::size_t N>
tensor<T, N> variable(const tensor<T, N>& x) {
    if (needs_grad(x)) return with_rank<N>(reshape_to(x, shape_of(x)));
    return x.detach().requires_grad(true);
}

/// Says of variables that from here on only who names them asks for their gradients.
template <class... X>
void settle(const X&... x) {
    ((access::graph(x)->settled = access::graph(x)->is_leaf()), ...);
}

/// The gradient of `y`, weighted by `weights`, with respect to each of `x`; zeros where y does not depend on it.
template <real T, class... X>
std::tuple<X...> gradients_of(const basic_tensor<T>& y, const basic_tensor<T>& weights, backward_options options,
                              const X&... x) {
    if (shape_of(weights) != shape_of(y))
        fail<shape_error>("vjp", "the vector is ", shape_of(weights), ", the value ", shape_of(y), "; both must be equal");
    if (!y.requires_grad()) return {zeros_like(x)...};
    const auto wanted = std::array<node*, sizeof...(X)>{access::graph(x)...};
    auto& root = *access::graph(y);
    auto way = pass{root, wanted};
    if (!way.find()) return {zeros_like(x)...};
    accumulate(root, tensor<T>{weights});
    way.run(options);
    const auto take = [&]<class V>(const V& variable_) {
        auto* const brought = std::exchange(access::graph(variable_)->gradient, nullptr);
        if (brought == nullptr) return zeros_like(variable_);
        using traits = tensor_traits<V>;
        auto dx = access::adopt<typename traits::value_type, traits::rank>(brought);
        // Two arguments' gradients, or an argument's and the weights, may be one array: each gets its own.
        return options.create_graph || access::get(dx).unshared() ? dx : dx.clone();
    };
    return {take(x)...};
}

/// Whether `y` has something to differentiate beside what came of `x`: weights that f holds, say.
template <real T, class... X>
bool came_of_others(const basic_tensor<T>& y, const X&... x) {
    if (!y.requires_grad()) return false;
    const auto wanted = std::array<node*, sizeof...(X)>{access::graph(x)...};
    auto way = pass{*access::graph(y), wanted};
    way.find();
    return way.met_others();
}

template <real T>
tensor<T> within_zeros(const basic_tensor<T>& part, const shape& sizes, std::size_t first);

/// The elements of x from the one numbered `first` on.      dx = dy in their place, 0 elsewhere
template <real T>
tensor<T> part_of(const basic_tensor<T>& x, const shape& sizes, std::size_t first) {
    return record("part", make_view(x, sizes, first), {x}, keep(), [from = shape_of(x), first](const auto& dy, gradients& d) {
        d(0, [&] { return within_zeros(dy, from, first); });
    });
}

/// Zeros, and `part` from the element numbered `first` on.    dpart = dy there
template <real T>
tensor<T> within_zeros(const basic_tensor<T>& part, const shape& sizes, std::size_t first) {
    auto y = filled<dynamic_rank>(sizes, T{0});
    std::copy_n(part.data(), part.size(), access::elements(y) + first);
    return record("within_zeros", std::move(y), {part}, keep(), [from = shape_of(part), first](const auto& dy, gradients& d) {
        d(0, [&] { return part_of(dy, from, first); });
    });
}

/// `y` holds `rows` one after the other.      drow_i = dy there
template <real T, class Rows>
tensor<T> record_rows(tensor<T>&& y, const Rows& rows) {
    const auto inputs = std::vector<input, memory::allocator<input>>(rows.begin(), rows.end());
    const auto row_shape = rows.empty() ? shape{} : shape_of(rows.front());
    return record("jacobian", std::move(y), inputs, keep(), [row_shape](const auto& dy, gradients& d) {
        for (auto i = std::size_t{0}; i < d.size(); ++i)
            d(i, [&] { return part_of(dy, row_shape, i * row_shape.elements()); });
    });
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

}  // namespace detail

/// f(x...) and the function that maps a vector v, of the value's shape, to v^T J: for each argument the
/// gradient of sum(v f(x...)). It may be called more than once.
///
///     auto [y, pullback] = vjp(f, x);    auto dx = pullback(v);
///
/// With one argument the gradient is a tensor, with several a tuple of them.
template <class F, class... X>
auto vjp(const F& f, const X&... x) {
    const auto recorded = is_grad_enabled();
    auto variables = std::tuple{detail::variable(x)...};
    const auto recording = enable_grad{};
    auto y = std::apply(f, variables);
    const auto nested = recorded && std::apply([&](const auto&... each) {
        return (x.requires_grad() || ...) || detail::came_of_others(y, each...);
    }, variables);
    std::apply([](const auto&... each) { detail::settle(each...); }, variables);
    auto pullback = [y, variables, nested](const auto& v) {
        const auto options = backward_options{.retain_graph = true, .create_graph = is_grad_enabled() && (nested || v.requires_grad())};
        return detail::single_or_tuple(std::apply(
            [&](const auto&... each) { return detail::gradients_of(y, v, options, each...); }, variables));
    };
    return std::pair{nested ? y : y.detach(), std::move(pullback)};
}

/// The function that maps x... to the value of f there and its gradient with respect to x (a tuple of
/// gradients for several arguments). f must give a scalar; throws `shape_error` otherwise.
template <class F>
auto value_and_grad(F f) {
    return [f = std::move(f)](const auto&... x) {
        auto [y, pullback] = vjp(f, x...);
        if (y.size() != 1)
            fail<shape_error>("grad", "the function must give one number, it gave the shape ", detail::shape_of(y),
                              "; use jacobian or vjp");
        return std::pair{y, pullback(ones_like(y))};
    };
}

/// The gradient of a scalar function f, as a function: grad(f)(x...).
template <class F>
auto grad(F f) {
    return [both = value_and_grad(std::move(f))](const auto&... x) { return both(x...).second; };
}

/// f(x) and the derivative of f at x in the direction v: J v. By reverse mode twice: v^T J is linear in v,
/// and the transposed of that linear map is J.
template <class F, real T, std::size_t N>
auto jvp(const F& f, const tensor<T, N>& x, const std::type_identity_t<tensor<T, N>>& v) {
    const auto recorded = is_grad_enabled();
    const auto variable = detail::variable(x);
    const auto recording = enable_grad{};
    auto y = f(variable);
    auto weights = zeros_like(y).requires_grad(true);
    const auto transposed = [&](const auto& u) {
        return std::get<0>(detail::gradients_of(y, u, {.create_graph = true}, variable));
    };
    auto direction = vjp(transposed, weights).second(v);
    const auto nested = recorded && (x.requires_grad() || v.requires_grad() || detail::came_of_others(y, variable));
    detail::settle(variable, weights);
    if (nested) return std::pair{std::move(y), std::move(direction)};
    return std::pair{y.detach(), direction.detach()};
}

/// The product of the Hessian of a scalar function f at x and the vector v: the derivative of grad(f) in the
/// direction v.
template <class F, real T, std::size_t N>
tensor<T, N> hvp(const F& f, const tensor<T, N>& x, const std::type_identity_t<tensor<T, N>>& v) {
    return vjp(grad(f), x).second(v);
}

/// All partial derivatives of f at x: J[i..., j...] = d f(x)[i...] / d x[j...], of shape f(x)'s followed by x's.
/// One backward pass for each element of f(x).
template <class F, real T, std::size_t N>
auto jacobian(const F& f, const tensor<T, N>& x) {
    const auto [y, pullback] = vjp(f, x);
    constexpr auto m = detail::tensor_traits<std::remove_cvref_t<decltype(y)>>::rank;
    constexpr auto rank = N == dynamic_rank || m == dynamic_rank ? dynamic_rank : N + m;
    auto sizes = detail::shape_of(y);
    for (const auto size : detail::shape_of(x)) sizes.push_back(size);
    auto result = detail::make_result<T>(sizes);
    auto rows = std::vector<tensor<T>, memory::allocator<tensor<T>>>{};
    for (auto i = std::size_t{0}; i < y.size(); ++i) {
        auto unit = zeros_like(y);
        detail::access::elements(unit)[i] = T{1};
        rows.push_back(pullback(unit));
        std::ranges::copy(rows.back().span(), detail::access::elements(result) + i * x.size());
    }
    return detail::with_rank<rank>(detail::record_rows(std::move(result), rows));
}

/// All second derivatives of a scalar function f at x, of shape x's twice: the Jacobian of its gradient.
template <class F, real T, std::size_t N>
auto hessian(const F& f, const tensor<T, N>& x) {
    return jacobian(grad(f), x);
}

}  // namespace xgrad
