// The negative logarithm of a target's likelihood under a normal distribution.
#pragma once

#include <xgrad/autograd/operation.hpp>
#include <xgrad/core/cmath.hpp>
#include <xgrad/core/config.hpp>
#include <xgrad/core/error.hpp>
#include <xgrad/ops/arithmetic.hpp>
#include <xgrad/ops/compare.hpp>
#include <xgrad/ops/loss/elementwise.hpp>
#include <xgrad/ops/loss/regression.hpp>
#include <xgrad/ops/math.hpp>

#include <algorithm>
#include <cstddef>
#include <numbers>

namespace xgrad::inline XGRAD_ABI {

struct gaussian_nll_options {
    [[no_unique_address]] detail::named_only tag{};
    bool full = false;   ///< with the constant ln(2 pi) / 2
    double eps = 1e-6;   ///< a smaller variance counts as this
    xgrad::reduction reduction = xgrad::reduction::mean;
};
void say_options(const gaussian_nll_options& options, const auto& say) {
    say("full", options.full);
    say("eps", options.eps);
    say("reduction", options.reduction);
}

namespace detail {

/// The variances under a shape that broadcasts to the output's: the same; without the last axis, or with size 1 there, where
/// one holds for a whole row; or one for all.
template <real T>
tensor<T> variances_for(const basic_tensor<T>& var, const shape& sizes) {
    auto row = sizes;
    if (sizes.rank() != 0) row[sizes.rank() - 1] = 1;
    const auto& own = shape_of(var);
    if (own == sizes || own == row || own.rank() == 0) return tensor<T>{var};
    auto without = shape{};
    for (auto axis = std::size_t{0}; axis + 1 < sizes.rank(); ++axis) without.push_back(sizes[axis]);
    if (own == without && sizes.rank() != 0) return reshape_to(var, row);
    fail<shape_error>("gaussian_nll_loss", "the variance is ", own, ", the output ", sizes, "; it must be that, or ", row, ", ",
                      without, " or ()");
}

/// y = (ln v + (x - t)^2 / v) / 2, v = max(var, eps), whose gradient goes to var as it is
template <real T>
tensor<T> gaussian_nll_value(const basic_tensor<T>& x, const basic_tensor<T>& target, const basic_tensor<T>& given,
                       const gaussian_nll_options& options) {
    check_same_shape("gaussian_nll_loss", x, target);
    check_loss_option("gaussian_nll_loss", "eps", options.eps, true);
    const auto values = given.span();
    if (std::any_of(values.begin(), values.end(), [](T value) { return value < 0; }))
        fail<value_error>("gaussian_nll_loss", "a variance is below 0");
    const auto var = variances_for(given, shape_of(x));
    const auto least = static_cast<T>(options.eps), constant_part = static_cast<T>(options.full ? std::log(2 * std::numbers::pi) / 2 : 0);
    const auto raised = compute<T>("gaussian_nll_loss", [=](const auto& v) { return where(v < least, least - v, 0 * v); }, var);
    const auto formula = [=](const auto& v, const auto& t, const auto& w, const auto& more) {
        const auto e = v - t;
        const auto variance = w + more;
        return (log(variance) + e * e / variance) * T(0.5) + constant_part;
    };
    const auto losses = map_any<decltype(formula), T>(formula, x, target, var, raised);
    return reduce_recorded("gaussian_nll_loss", losses, options.reduction);
}
template <real T>
tensor<T> gaussian_nll(const basic_tensor<T>& output, const basic_tensor<T>& target, const basic_tensor<T>& var,
                       const gaussian_nll_options& options) {
    return call("gaussian_nll_loss", {"output", "target", "var", "options"},
                [](const basic_tensor<T>& x, const basic_tensor<T>& t, const basic_tensor<T>& v, const gaussian_nll_options& given) {
        return gaussian_nll_value<T>(x, t, v, given);
    }, output, target, var, options);
}

}  // namespace detail

/// The output x is the mean of a normal distribution, var its variance: y = (ln v + (x - t)^2 / v) / 2, v = max(var, eps).
/// var has the shape of x, or one variance for each row (without the last axis, or with size 1 there), or is one number.
/// D. A. Nix, A. S. Weigend, "Estimating the mean and variance of the target probability distribution", ICNN 1994.
/// Throws `shape_error`, and `value_error` for a negative variance.
struct gaussian_nll_loss_fn {
    template <element T, std::size_t N, std::size_t M, std::size_t K>
    tensor<T, 0> operator()(const tensor<T, N>& output, const tensor<T, M>& target, const tensor<T, K>& variance) const {
        return detail::with_rank<0>((*this)(output, target, variance, gaussian_nll_options{}));
    }
    template <element T, std::size_t N, std::size_t M, std::size_t K>
    tensor<T> operator()(const tensor<T, N>& output, const tensor<T, M>& target, const tensor<T, K>& variance, reduction how) const {
        auto options = gaussian_nll_options{};
        options.reduction = how;
        return (*this)(output, target, variance, options);
    }
    template <element T, std::size_t N, std::size_t M, std::size_t K>
    tensor<T> operator()(const tensor<T, N>& output, const tensor<T, M>& target, const tensor<T, K>& variance,
                         const gaussian_nll_options& options) const {
        detail::check_types<T>();
        return detail::gaussian_nll<T>(output, target, variance, options);
    }
};
inline constexpr gaussian_nll_loss_fn gaussian_nll_loss{};

}  // namespace xgrad

// Defined by xgrad::compiled.
#if defined(XGRAD_INSTANCE)
namespace xgrad::inline XGRAD_ABI::detail {
#define XGRAD_INSTANCES(T) \
    XGRAD_INSTANCE tensor<T> gaussian_nll(const basic_tensor<T>&, const basic_tensor<T>&, const basic_tensor<T>&, \
                                          const gaussian_nll_options&);
XGRAD_FOR_REAL_TYPES(XGRAD_INSTANCES)
#undef XGRAD_INSTANCES
}
#endif
