// Infinities and NaN: where they are, and what stands in their place.
#pragma once

#include <xgrad/autograd/backward.hpp>
#include <xgrad/autograd/operation.hpp>
#include <xgrad/autograd/tensor.hpp>
#include <xgrad/core/config.hpp>
#include <xgrad/core/finite.hpp>
#include <xgrad/core/simd.hpp>
#include <xgrad/ops/compare.hpp>
#include <xgrad/ops/elementwise.hpp>

#include <cstddef>
#include <limits>
#include <optional>
#include <type_traits>
#include <utility>

namespace xgrad::inline XGRAD_ABI {

namespace detail {

/// A question about each element, which integers answer with `of_integers`.
template <class F, bool of_integers>
struct question {
    const char* name;

    template <element T, std::size_t N>
    tensor<bool, N> operator()(const tensor<T, N>& x) const {
        const auto f = [](T v) {
            if constexpr (real<T>) return F{}(v);
            else return of_integers;
        };
        const auto answer = [f, where = name](const basic_tensor<T>& v) { return compute<bool>(where, f, v); };
        return with_rank<N>(call(name, {"x"}, answer, static_cast<const basic_tensor<T>&>(x)));
    }
    bool operator()(real auto x) const { return F{}(x); }
};

// By the bits of the number, with whatever flags this is compiled; a float as a double is what it was.
struct finite_number {
    bool operator()(double x) const { return is_finite_number(x); }
};
struct no_number {
    bool operator()(double x) const { return !is_finite_number(x) && !is_infinite_number(x); }
};
struct infinite_number {
    bool operator()(double x) const { return is_infinite_number(x); }
};

}  // namespace detail

/// Whether each element is NaN, infinite, neither.
inline constexpr detail::question<detail::no_number, false> isnan{"isnan"};
inline constexpr detail::question<detail::infinite_number, false> isinf{"isinf"};
inline constexpr detail::question<detail::finite_number, true> isfinite{"isfinite"};

/// What `nan_to_num` puts in the place of NaN and the infinities.
struct nan_to_num_options {
    double nan = 0;
    std::optional<double> posinf{};   ///< else the largest number that there is
    std::optional<double> neginf{};   ///< else the lowest
};

namespace detail {

template <real T>
tensor<T> replaced_value(const basic_tensor<T>& x, T nan, T above, T below) {
    using limits = std::numeric_limits<T>;
    auto y = compute<T>(
        "nan_to_num",
        [=](const auto& v) {
            const auto upper = where(v > limits::max(), above, v);
            return where(v == v, where(v < limits::lowest(), below, upper), std::decay_t<decltype(v)>(nan));
        },
        x);
    const auto gradient = [](const auto& dy, const auto& v) {
        return where(v > limits::max(), 0, where(v < limits::lowest(), 0, where(v == v, dy, dy * 0)));
    };
    return record("nan_to_num", std::move(y), {x}, keep(x), [gradient](auto& dy, gradients& d, const auto& v) {
        d(0, [&] { return evaluate(gradient, std::move(dy), v()); });
    });
}
template <real T>
tensor<T> replace_infinite(const basic_tensor<T>& x, T nan, T above, T below) {
    return call("nan_to_num", {"x", "nan", "posinf", "neginf"}, [](const basic_tensor<T>& v, T no_number, T upper, T lower) {
        return replaced_value<T>(v, no_number, upper, lower);
    }, x, nan, above, below);
}

}  // namespace detail

/// y = x where it is finite, and numbers of one's choice elsewhere: `nan_to_num(x, {.nan = 1, .posinf = 1e6})`
/// dx = dy where x is finite, 0 elsewhere. Integers are what they are.
struct nan_to_num_fn {
    template <element T, std::size_t N>
    tensor<T, N> operator()(const tensor<T, N>& x, const nan_to_num_options& options = {}) const {
        using limits = std::numeric_limits<T>;
        if constexpr (!real<T>) return x;
        else {
            const auto above = static_cast<T>(options.posinf.value_or(limits::max()));
            const auto below = static_cast<T>(options.neginf.value_or(limits::lowest()));
            return detail::with_rank<N>(detail::replace_infinite<T>(x, static_cast<T>(options.nan), above, below));
        }
    }
};
inline constexpr nan_to_num_fn nan_to_num{};

}  // namespace xgrad

// Defined by xgrad::compiled.
#if defined(XGRAD_INSTANCE)
namespace xgrad::inline XGRAD_ABI::detail {
#define XGRAD_INSTANCES(T) \
    XGRAD_INSTANCE tensor<T> replace_infinite(const basic_tensor<T>&, T, T, T);
XGRAD_FOR_REAL_TYPES(XGRAD_INSTANCES)
#undef XGRAD_INSTANCES
}
#endif
