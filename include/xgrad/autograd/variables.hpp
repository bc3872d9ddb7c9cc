// The arguments of a function as variables, and the gradients that come to them: what derivatives of functions stand on.
#pragma once

#include <xgrad/autograd/any_tensor.hpp>
#include <xgrad/autograd/backward.hpp>
#include <xgrad/autograd/create.hpp>
#include <xgrad/autograd/operation.hpp>
#include <xgrad/autograd/tensor.hpp>
#include <xgrad/core/config.hpp>
#include <xgrad/core/dtype.hpp>
#include <xgrad/core/lists.hpp>
#include <xgrad/core/memory.hpp>

#include <algorithm>
#include <cstddef>
#include <tuple>
#include <type_traits>
#include <utility>
#include <vector>

namespace xgrad::inline XGRAD_ABI::detail {

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

/// Calls f with each tensor by which a function of x is differentiated: with x, with each of a list, as if it were an argument
/// by itself, or with the parameters of a module.
template <class X, class F>
void for_each_part(X& x, const F& f) {
    if constexpr (tensor_like<std::remove_const_t<X>>) f(x);
    else if constexpr (list_of_tensors<std::remove_const_t<X>>) {
        if constexpr (real<typename sequence_value<X>::value_type>)
            for (auto& each : x) f(each);
    } else differentiable_parts<std::remove_const_t<X>>::for_each(x, f);
}

/// A module with variables in the places of its parameters; of one that it has in two places, one variable.
template <class X>
    requires(!tensor_like<X>)
X variable(const X& x) {
    auto copy = x;
    auto known = std::vector<std::pair<any_tensor, any_tensor>>{};
    for_each_part(copy, [&]<real T, std::size_t N>(tensor<T, N>& each) {
        const auto same = [&](const auto& pair) { return &pair.first.get() == &access::get(each); };
        auto found = lists::find_if(known, same);
        if (found == known.end()) found = known.insert(found, {any_tensor{each}, any_tensor{variable(each)}});
        each = found->second.template as<T>();
    });
    return copy;
}

/// Whether a derivative by x may be differentiated in its turn.
template <class X>
bool asks_for_gradient(const X& x) {
    auto asks = false;
    for_each_part(x, [&](const auto& each) { asks = asks || each.requires_grad(); });
    return asks;
}

/// Says of variables that from here on only who names them asks for their gradients.
template <class... X>
void settle(const X&... x) {
    (for_each_part(x, [](const auto& each) { access::graph(each)->settled = access::graph(each)->is_leaf(); }), ...);
}

/// The nodes of variables, each once.
template <class... X>
node_list nodes_of(const X&... x) {
    auto nodes = node_list{};
    const auto add = [&](const auto& each) {
        if (!lists::contains(nodes, access::graph(each))) nodes.push_back(access::graph(each));
    };
    (for_each_part(x, add), ...);
    return nodes;
}

/// The gradient of `y`, weighted by `weights`, with respect to each of `x`; zeros where y does not depend on it.
template <real T, class... X>
std::tuple<X...> gradients_of(const basic_tensor<T>& y, const basic_tensor<T>& weights, backward_options options,
                              const X&... x) {
    if (shape_of(weights) != shape_of(y))
        fail<shape_error>("vjp", "the vector is ", shape_of(weights), ", the value ", shape_of(y), "; both must be equal");
    const auto wanted = nodes_of(x...);
    auto brought = std::vector<any_tensor, memory::allocator<any_tensor>>(wanted.size());
    const auto take_all = [&]<class Way>(Way& way) {
        accumulate(*access::graph(y), tensor<T>{weights});
        way.run(options);
        const auto take = [&]<real U, std::size_t N>(const tensor<U, N>& each) {
            auto* const gradient = std::exchange(access::graph(each)->gradient, nullptr);
            if (gradient == nullptr) return;
            auto dx = access::adopt<U>(gradient);
            // Two arguments' gradients, or an argument's and the weights, may be one array: each gets its own.
            if (!options.create_graph && !access::get(dx).unshared()) dx = dx.clone();
            brought[static_cast<std::size_t>(lists::find(wanted, access::graph(each)) - wanted.begin())] = dx;
        };
        (for_each_part(x, take), ...);
    };
    if (y.requires_grad()) {
        auto way = pass{*access::graph(y), wanted};
        if (way.find()) take_all(way);
    }
    const auto gradient_at = [&]<class V>(const V& at) {
        if constexpr (tensor_like<V>) {
            const auto& dx = brought[static_cast<std::size_t>(lists::find(wanted, access::graph(at)) - wanted.begin())];
            return dx.defined() ? V(dx.template as<typename V::value_type>()) : zeros_like(at);
        } else {
            auto result = at;
            for_each_tensor(result, [&]<element U, std::size_t N>(tensor<U, N>& each) {
                if (!each.requires_grad()) return void(each = {});   // buffers have no gradient
                auto& dx = brought[static_cast<std::size_t>(lists::find(wanted, access::graph(each)) - wanted.begin())];
                if (!dx.defined()) dx = zeros_like(each);
                each = dx.template as<U>();
            });
            return result;
        }
    };
    return {gradient_at(x)...};
}

/// Whether `y` has something to differentiate beside what came of `x`: weights that f holds, say.
template <real T, class... X>
bool came_of_others(const basic_tensor<T>& y, const X&... x) {
    if (!y.requires_grad()) return false;
    const auto wanted = nodes_of(x...);
    auto way = pass{*access::graph(y), wanted};
    way.find();
    return way.met_others();
}

}  // namespace xgrad::inline XGRAD_ABI::detail
