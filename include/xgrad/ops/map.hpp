// Fused elementwise operations out of any formula.
#pragma once

#include <xgrad/autograd/backward.hpp>
#include <xgrad/autograd/dual.hpp>
#include <xgrad/autograd/functional.hpp>
#include <xgrad/autograd/operation.hpp>
#include <xgrad/core/config.hpp>
#include <xgrad/kernels/elementwise.hpp>
#include <xgrad/kernels/map_reduce.hpp>
#include <xgrad/ops/arithmetic.hpp>
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

/// The gradients of all inputs at once, where all have the shape `sizes`, to which dy broadcasts.
template <real T, class F, class... X>
std::array<tensor<T>, sizeof...(X)> slopes(const F& f, const tensor<T>& dy, const shape& sizes, const X&... x) {
    constexpr auto count = sizeof...(X);
    const auto formula = [&](const auto& g, const auto&... v) {
        return [&]<std::size_t... Along>(std::index_sequence<Along...> indices) {
            return std::array{slope_along<Along>(f, g, std::tuple{v...}, indices)...};
        }(std::make_index_sequence<count>{});
    };
    auto results = std::array<tensor<T>, count>{};
    auto pointers = std::array<T*, count>{};
    for (auto i = std::size_t{0}; i < count; ++i) {
        results[i] = make_result<T>(sizes);
        pointers[i] = access::elements(results[i]);
    }
    kernels::elementwise_all(formula, pointers, sizes, operand_of(dy), operand_of(x)...);
    return results;
}

/// What a formula gives on tensors, repeated where it depends on no operand of full shape.
template <real T, class Y>
tensor<T> of_shape(const Y& y, const shape& sizes) {
    if constexpr (std::is_arithmetic_v<Y>) return filled<dynamic_rank>(sizes, static_cast<T>(y));
    else return shape_of(y) == sizes ? tensor<T>{y} : broadcast_to(y, sizes);
}

/// dx_i = dy df/dx_i, for the values of f under the shape `sizes`, to which dy broadcasts.
template <class F, real T, class... X>
void map_gradients(const F& f, const tensor<T>& dy, const shape& sizes, gradients& d, const X&... x) {
    if (is_grad_enabled()) {
        // The derivative must have one itself: the formula again, on tensors.
        const auto on_tensors = [&](const auto&... v) { return of_shape<T>(f(v...), sizes); };
        auto [again, pullback] = vjp(on_tensors, x...);
        auto parts = pullback(shape_of(dy) == sizes ? dy : broadcast_to(dy, sizes));
        if constexpr (sizeof...(x) == 1) d(0, [&] { return parts; });
        else
            [&]<std::size_t... Along>(std::index_sequence<Along...>) {
                (d(Along, [&] { return std::get<Along>(parts); }), ...);
            }(std::make_index_sequence<sizeof...(x)>{});
        return;
    }
    auto wanted_all = true;
    for (auto i = std::size_t{0}; i < d.size(); ++i) wanted_all = wanted_all && d.wants(i);
    const auto same_shape = ((shape_of(x) == sizes) && ...);
    const auto operands = std::tie(x...);
    [&]<std::size_t... Along>(std::index_sequence<Along...> indices) {
        if (wanted_all && same_shape && sizeof...(Along) > 1) {
            auto parts = slopes(f, dy, sizes, x...);
            (d(Along, [&] { return std::move(parts[Along]); }), ...);
        } else {
            const auto one = [&]<std::size_t At>(std::integral_constant<std::size_t, At>) {
                const auto formula = [&](const auto& g, const auto&... v) {
                    return slope_along<At>(f, g, std::tuple{v...}, indices);
                };
                d(At, [&] { return compute<T>("map", formula, dy, std::get<Along>(operands)...); });
            };
            (one(std::integral_constant<std::size_t, Along>{}), ...);
        }
    }(std::make_index_sequence<sizeof...(x)>{});
}

/// The formula on vectors of elements.
template <class F>
auto on_vectors(const F& f) {
    return [f]<class V, class... More>(const V& v, const More&... more) {
        return value_in<V>(f(dual<V, 0>{v, {}}, dual<V, 0>{more, {}}...));
    };
}

/// y = f(x...)        dx_i = dy df/dx_i
template <class F, real T, class... X>
tensor<T> map_value(const F& f, const basic_tensor<T>& first, const X&... rest) {
    auto y = compute<T>("map", on_vectors(f), first, rest...);
    return record("map", std::move(y), {first, rest...}, keep(first, rest...), [f](const auto& dy, gradients& d, const auto&... kept_x) {
        map_gradients(f, dy, shape_of(dy), d, kept_x()...);
    });
}
inline constexpr const char* map_names[] = {"f", "a", "b", "c", "d", "e", "g", "h", "i"};

template <class F, real T, class... X>
tensor<T> map_any(const F& f, const basic_tensor<T>& first, const X&... rest) {
    static_assert(sizeof...(X) < 8, "map takes up to 8 operands");
    return call_by("map", map_names, [](const opaque<F>& formula, const basic_tensor<T>& x, const auto&... more) {
        return map_value<F, T>(formula.value, x, static_cast<const basic_tensor<T>&>(more)...);
    }, opaque<F>{f}, first, rest...);
}

/// y = scale sum f(x...)        dx_i = dy scale df/dx_i
template <class F, real T, class... X>
tensor<T> map_sum_value(const char* name, bool mean, const F& f, const basic_tensor<T>& first, const X&... rest) {
    auto sizes = shape_of(first);
    ((sizes = broadcast_shapes(name, sizes, shape_of(rest))), ...);
    const auto divisor = mean ? static_cast<T>(sizes.elements()) : T{1};
    auto y = make_result<T>({});
    *access::elements(y) = kernels::map_sum<decltype(on_vectors(f)), T>(on_vectors(f), sizes, operand_of(first), operand_of(rest)...) / divisor;
    return record(name, std::move(y), {first, rest...}, keep(first, rest...),
                  [f, sizes, divisor](const auto& dy, gradients& d, const auto&... kept_x) {
                      map_gradients(f, tensor<T>{divide(dy, divisor)}, sizes, d, kept_x()...);
                  });
}
template <class F, real T, class... X>
tensor<T> map_sum_any(const char* name, bool mean, const F& f, const basic_tensor<T>& first, const X&... rest) {
    static_assert(sizeof...(X) < 8, "map takes up to 8 operands");
    return call_by(name, map_names, [name, mean](const opaque<F>& formula, const basic_tensor<T>& x, const auto&... more) {
        return map_sum_value<F, T>(name, mean, formula.value, x, static_cast<const basic_tensor<T>&>(more)...);
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

/// The sum of f(x...) over every element, and its mean: as `sum(map(f, x...))`, but in one pass, in which the values of the
/// formula are added as they are computed.
///
///     auto energy = map_sum([](const auto& u, const auto& v) { return (u - v) * (u - v); }, a, b);
template <class F, element T, std::size_t N, element... U, std::size_t... M>
tensor<T, 0> map_sum(const F& f, const tensor<T, N>& first, const tensor<U, M>&... rest) {
    detail::check_types<T, U...>();
    return detail::with_rank<0>(detail::map_sum_any<F, T>("map_sum", false, f, first, rest...));
}
template <class F, element T, std::size_t N, element... U, std::size_t... M>
tensor<T, 0> map_mean(const F& f, const tensor<T, N>& first, const tensor<U, M>&... rest) {
    detail::check_types<T, U...>();
    return detail::with_rank<0>(detail::map_sum_any<F, T>("map_mean", true, f, first, rest...));
}

}  // namespace xgrad
