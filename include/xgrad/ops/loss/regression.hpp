// Losses of numbers: how far the output is from the target. e is output - target.
#pragma once

#include <xgrad/autograd/operation.hpp>
#include <xgrad/core/config.hpp>
#include <xgrad/core/error.hpp>
#include <xgrad/ops/arithmetic.hpp>
#include <xgrad/ops/compare.hpp>
#include <xgrad/ops/loss/elementwise.hpp>
#include <xgrad/ops/math.hpp>

#include <cstddef>
#include <utility>

namespace xgrad::inline XGRAD_ABI {

namespace detail {

/// y = (a - b)^2, reduced        da = 2 (a - b) dy,  db = -da;  divided by the number of elements for the mean
template <real T>
tensor<T> squared_error_value(const basic_tensor<T>& a, const basic_tensor<T>& b, reduction how) {
    check_same_shape("mse_loss", a, b);
    auto losses = compute<T>("mse_loss", [](const auto& v, const auto& w) { const auto e = v - w; return e * e; }, a, b);
    const auto factor = how == reduction::mean ? T{2} / static_cast<T>(a.size()) : T{2};
    return record("mse_loss", reduce_losses("mse_loss", std::move(losses), how), {a, b}, keep(a, b),
                  [factor](const auto& dy, gradients& d, const auto& a_kept, const auto& b_kept) {
                      const auto slope = [&](T sign) {
                          const auto formula = [sign](const auto& g, const auto& v, const auto& w) { return g * ((v - w) * sign); };
                          return evaluate(formula, dy, a_kept(), b_kept());
                      };
                      d(0, [&] { return slope(factor); });
                      d(1, [&] { return slope(-factor); });
                  });
}
template <real T>
tensor<T> squared_error(const basic_tensor<T>& a, const basic_tensor<T>& b, reduction how) {
    return call("mse_loss", {"output", "target", "reduction"}, [](const basic_tensor<T>& v, const basic_tensor<T>& w, reduction kind) {
        return squared_error_value(v, w, kind);
    }, a, b, how);
}

/// Throws unless the option is a number not below (or, `positive`, above) 0.
XGRAD_ON_DEMAND void check_loss_option(const char* loss, const char* option, double value, bool positive) {
    if (!(positive ? value > 0 : value >= 0))
        fail<value_error>(loss, option, positive ? " must be above 0, got " : " must not be below 0, got ", value);
}

}  // namespace detail

/// The squared error, by default its mean: y = mean((output - target)^2), of equal shapes.
/// Throws `shape_error`.
struct mse_loss_fn {
    template <element T, element U, std::size_t N, std::size_t M>
    tensor<T, 0> operator()(const tensor<T, N>& output, const tensor<U, M>& target) const {
        return detail::with_rank<0>((*this)(output, target, reduction::mean));
    }
    template <element T, element U, std::size_t N, std::size_t M>
    tensor<T> operator()(const tensor<T, N>& output, const tensor<U, M>& target, reduction how) const {
        detail::check_types<T, U>();
        static_assert(N == M || N == dynamic_rank || M == dynamic_rank, "output and target must have the same rank");
        return detail::squared_error<T>(output, target, how);
    }
    template <element T, element U, std::size_t N, std::size_t M>
    tensor<T> operator()(const tensor<T, N>& output, const tensor<U, M>& target, const loss_options& options) const {
        return (*this)(output, target, options.reduction);
    }
};
inline constexpr mse_loss_fn mse_loss{};

/// y = |e|
struct l1_loss_fn : elementwise_loss<l1_loss_fn> {
    static constexpr auto name = "l1_loss";
    template <real T>
    static tensor<T> losses(const basic_tensor<T>& output, const basic_tensor<T>& target, const loss_options&) {
        return detail::map_losses<T>([](const auto& x, const auto& t) { return abs(x - t); }, output, target);
    }
};
inline constexpr l1_loss_fn l1_loss{};

struct smooth_l1_options {
    [[no_unique_address]] detail::named_only tag{};
    double beta = 1;   ///< where the parabola ends; 0: l1_loss
    xgrad::reduction reduction = xgrad::reduction::mean;
};
void say_options(const smooth_l1_options& options, const auto& say) {
    say("beta", options.beta);
    say("reduction", options.reduction);
}

/// y = e^2 / (2 beta) where |e| < beta, |e| - beta / 2 elsewhere. R. Girshick, "Fast R-CNN", ICCV 2015.
/// Throws `value_error` for a negative beta.
struct smooth_l1_loss_fn : elementwise_loss<smooth_l1_loss_fn, smooth_l1_options> {
    static constexpr auto name = "smooth_l1_loss";
    template <real T>
    static tensor<T> losses(const basic_tensor<T>& output, const basic_tensor<T>& target, const smooth_l1_options& options) {
        detail::check_loss_option(name, "beta", options.beta, false);
        if (options.beta == 0) return l1_loss_fn::losses<T>(output, target, {});
        const auto formula = [beta = static_cast<T>(options.beta)](const auto& x, const auto& t) {
            const auto e = x - t, size = abs(e);
            return where(size < beta, e * e / (2 * beta), size - beta / 2);
        };
        return detail::map_losses<T>(formula, output, target);
    }
};
inline constexpr smooth_l1_loss_fn smooth_l1_loss{};

struct huber_options {
    [[no_unique_address]] detail::named_only tag{};
    double delta = 1;   ///< where the parabola ends
    xgrad::reduction reduction = xgrad::reduction::mean;
};
void say_options(const huber_options& options, const auto& say) {
    say("delta", options.delta);
    say("reduction", options.reduction);
}

/// y = e^2 / 2 where |e| < delta, delta (|e| - delta / 2) elsewhere. P. J. Huber, "Robust estimation of a location parameter",
/// Annals of Mathematical Statistics 35 (1964). Throws `value_error` unless delta is above 0.
struct huber_loss_fn : elementwise_loss<huber_loss_fn, huber_options> {
    static constexpr auto name = "huber_loss";
    template <real T>
    static tensor<T> losses(const basic_tensor<T>& output, const basic_tensor<T>& target, const huber_options& options) {
        detail::check_loss_option(name, "delta", options.delta, true);
        const auto formula = [delta = static_cast<T>(options.delta)](const auto& x, const auto& t) {
            const auto e = x - t, size = abs(e);
            return where(size < delta, e * e * T(0.5), delta * (size - delta / 2));
        };
        return detail::map_losses<T>(formula, output, target);
    }
};
inline constexpr huber_loss_fn huber_loss{};

}  // namespace xgrad

// Defined by xgrad::compiled.
#if defined(XGRAD_INSTANCE)
namespace xgrad::inline XGRAD_ABI::detail {
#define XGRAD_INSTANCES(T) \
    XGRAD_INSTANCE tensor<T> squared_error(const basic_tensor<T>&, const basic_tensor<T>&, reduction); \
    XGRAD_LOSS_INSTANCE(l1_loss_fn, loss_options, T) \
    XGRAD_LOSS_INSTANCE(smooth_l1_loss_fn, smooth_l1_options, T) \
    XGRAD_LOSS_INSTANCE(huber_loss_fn, huber_options, T)
XGRAD_FOR_REAL_TYPES(XGRAD_INSTANCES)
#undef XGRAD_INSTANCES
}
#endif
