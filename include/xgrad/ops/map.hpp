// Fused elementwise operations out of any formula.
#pragma once

#include <xgrad/autograd/backward.hpp>
#include <xgrad/autograd/dual.hpp>
#include <xgrad/autograd/functional.hpp>
#include <xgrad/autograd/operation.hpp>
#include <xgrad/core/config.hpp>
#include <xgrad/kernels/elementwise.hpp>
#include <xgrad/ops/elementwise.hpp>

#include <array>
#include <cstddef>
#include <tuple>
#include <type_traits>
#include <utility>

namespace xgrad::inline XGRAD_ABI {

namespace detail {

/// The value of what a formula gives: a dual number, a vector or a plain number, if it depends on no operand.
template <class V, class Y>
V value_in(const Y& y) {
    if constexpr (constant_beside<Y, V>) return constant<V>(y);
    else return y.value;
}

/// dy df/dx_Along on vectors, 0 where dy is: f evaluated with x_Along as a dual number whose derivative is dy.
template <std::size_t Along, class F, class V, class... X, std::size_t... J>
V slope_along(const F& f, const V& dy, const std::tuple<X...>& x, std::index_sequence<J...>) {
    const auto operand = [&]<std::size_t At>() {
        if constexpr (At == Along) return dual<V, 1>{std::get<At>(x), {dy}};
        else return dual<V, 0>{std::get<At>(x), {}};
    };
    const auto y = f(operand.template operator()<J>()...);
    if constexpr (std::is_same_v<std::decay_t<decltype(y)>, dual<V, 1>>) return simd::select(dy == V(0), dy, y.partial[0]);
    else return V(0);   // f does not depend on it
}

/// The gradients of all inputs at once, where dy and all inputs have one shape.
template <real T, class F, class... X>
std::array<tensor<T>, sizeof...(X)> slopes(const F& f, const tensor<T>& dy, const X&... x) {
    constexpr auto count = sizeof...(X);
    const auto formula = [&](const auto& g, const auto&... v) {
        return [&]<std::size_t... Along>(std::index_sequence<Along...> all) {
            return std::array{slope_along<Along>(f, g, std::tuple{v...}, all)...};
        }(std::make_index_sequence<count>{});
    };
    auto results = std::array<tensor<T>, count>{};
    auto pointers = std::array<T*, count>{};
    for (auto i = std::size_t{0}; i < count; ++i) {
        results[i] = make_result<T>(shape_of(dy));
        pointers[i] = access::elements(results[i]);
    }
    kernels::elementwise_all(formula, pointers, shape_of(dy), operand_of(dy), operand_of(x)...);
    return results;
}

/// What a formula gives on tensors, repeated where it depends on no operand of full shape.
template <real T, class Y>
tensor<T> of_shape(const Y& y, const shape& sizes) {
    if constexpr (std::is_arithmetic_v<Y>) return filled<dynamic_rank>(sizes, static_cast<T>(y));
    else return shape_of(y) == sizes ? tensor<T>{y} : broadcast_to(y, sizes);
}

/// y = f(x...)        dx_i = dy df/dx_i
template <class F, real T, class... X>
tensor<T> map_value(const F& f, const basic_tensor<T>& first, const X&... rest) {
    const auto value = [f]<class V, class... More>(const V& v, const More&... more) {
        return value_in<V>(f(dual<V, 0>{v, {}}, dual<V, 0>{more, {}}...));
    };
    auto y = compute<T>("map", value, first, rest...);
    const auto rule = [f](const auto& dy, gradients& d, const auto&... kept_x) {
        if (is_grad_enabled()) {
            // The derivative must have one itself: the formula again, on tensors.
            const auto on_tensors = [&](const auto&... v) { return of_shape<T>(f(v...), shape_of(dy)); };
            auto [again, pullback] = vjp(on_tensors, kept_x()...);
            auto all = pullback(dy);
            if constexpr (sizeof...(kept_x) == 1) d(0, [&] { return all; });
            else
                [&]<std::size_t... Along>(std::index_sequence<Along...>) {
                    (d(Along, [&] { return std::get<Along>(all); }), ...);
                }(std::make_index_sequence<sizeof...(kept_x)>{});
            return;
        }
        auto wanted_all = true;
        for (auto i = std::size_t{0}; i < d.size(); ++i) wanted_all = wanted_all && d.wants(i);
        const auto x = std::tuple{kept_x()...};
        const auto same_shape = std::apply([&](const auto&... v) { return ((shape_of(v) == shape_of(dy)) && ...); }, x);
        [&]<std::size_t... Along>(std::index_sequence<Along...> indices) {
            if (wanted_all && same_shape && sizeof...(Along) > 1) {
                auto all = slopes(f, dy, std::get<Along>(x)...);
                (d(Along, [&] { return std::move(all[Along]); }), ...);
            } else {
                const auto one = [&]<std::size_t At>(std::integral_constant<std::size_t, At>) {
                    const auto formula = [&](const auto& g, const auto&... v) {
                        return slope_along<At>(f, g, std::tuple{v...}, indices);
                    };
                    d(At, [&] { return compute<T>("map", formula, dy, std::get<Along>(x)...); });
                };
                (one(std::integral_constant<std::size_t, Along>{}), ...);
            }
        }(std::make_index_sequence<sizeof...(kept_x)>{});
    };
    return record("map", std::move(y), {first, rest...}, keep(first, rest...), rule);
}
template <class F, real T, class... X>
tensor<T> map_any(const F& f, const basic_tensor<T>& first, const X&... rest) {
    static constexpr const char* names[] = {"f", "a", "b", "c", "d", "e", "g", "h", "i"};
    static_assert(sizeof...(X) < 8, "map takes up to 8 operands");
    return call_by("map", names, [](const opaque<F>& formula, const basic_tensor<T>& x, const auto&... more) {
        return map_value<F, T>(formula.value, x, static_cast<const basic_tensor<T>&>(more)...);
    }, opaque<F>{f}, first, rest...);
}

}  // namespace detail

/// y = f(x...) for every element, the operands broadcast: one pass over memory forward, and one backward,
/// however long the formula.
///
///     auto gelu = [](const auto& x) { return 0.5f * x * (1 + xg::tanh(0.79788456f * (x + 0.044715f * x * x * x))); };
///     auto y = map(gelu, x);
///
/// `f` is any generic function out of + - * /, comparisons, `where` and the elementwise operations of this
/// library, which it may call by the names of std, too: `using std::exp; exp(x)`. It is called with dual numbers over
/// vectors of elements, and with tensors where a derivative of the derivative is asked for. An element whose gradient is
/// zero contributes zero; inside the formula numbers follow IEEE 754, and a branch that `where` does not choose is not
/// looked at.
///
/// It is compiled with the flags of the file that has the lambda, for the instruction set that these name, also where
/// xgrad::compiled computes everything else.
template <class F, element T, std::size_t N, element... U, std::size_t... M>
tensor<T, broadcast_rank<N, M...>> map(const F& f, const tensor<T, N>& first, const tensor<U, M>&... rest) {
    detail::check_types<T, U...>();
    return detail::with_rank<broadcast_rank<N, M...>>(detail::map_any<F, T>(f, first, rest...));
}

}  // namespace xgrad
