// The derivatives of a function for which there is a formula of every order.
#pragma once

#include <xgrad/autograd/operation.hpp>
#include <xgrad/core/config.hpp>
#include <xgrad/core/simd.hpp>
#include <xgrad/ops/elementwise.hpp>

#include <cstddef>
#include <utility>

namespace xgrad::inline XGRAD_ABI::detail {

template <class F>
struct derivatives_fn;

/// y = f_n(x), the n-th derivative of f        dx = dy f_(n+1)(x)
template <class F, real T>
tensor<T> derivative_value(const basic_tensor<T>& x, int n) {
    auto y = compute<T>(F::name, [n](const auto& v) { return derivatives_fn<F>{}(n, v); }, x);
    const auto gradient = [n](const auto& dy, const auto& v) { return dy * derivatives_fn<F>{}(n + 1, v); };
    return record(F::name, std::move(y), {x}, keep(x), [gradient](auto& dy, gradients& d, const auto& v) {
        d(0, [&] { return evaluate(gradient, std::move(dy), v()); });
    });
}
template <class F, real T>
tensor<T> derivative(const basic_tensor<T>& x, int n) {
    return call(F::name, {"x", "n"}, [](const basic_tensor<T>& v, int order) { return derivative_value<F>(v, order); }, x, n);
}

/// The same of vectors, numbers and tensors. `F` has a name and at(n, x) for numbers; vector(n, x) too where that of vectors
/// is faster than number by number.
template <class F>
struct derivatives_fn {
    template <plain_value V>
    V operator()(int n, const V& x) const {
        const auto of_number = [n](auto number) { return static_cast<decltype(number)>(F::at(n, number)); };
        if constexpr (requires { F::vector(n, x); }) return F::vector(n, x);
        else if constexpr (simd::is_batch<V>) return simd::corrected(x, x, x == x, of_number);
        else return of_number(x);
    }
    template <real T, std::size_t N>
    tensor<T, N> operator()(int n, const tensor<T, N>& x) const {
        return with_rank<N>(derivative<F, T>(x, n));
    }
};

}  // namespace xgrad::inline XGRAD_ABI::detail
