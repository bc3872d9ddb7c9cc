// Losses of probabilities, element by element.
#pragma once

#include <xgrad/autograd/operation.hpp>
#include <xgrad/core/config.hpp>
#include <xgrad/core/error.hpp>
#include <xgrad/core/simd_math.hpp>
#include <xgrad/ops/activation.hpp>
#include <xgrad/ops/arithmetic.hpp>
#include <xgrad/ops/compare.hpp>
#include <xgrad/ops/loss/elementwise.hpp>
#include <xgrad/ops/math.hpp>

#include <algorithm>
#include <cstddef>
#include <limits>
#include <type_traits>

namespace xgrad::inline XGRAD_ABI {

/// Weights that broadcast to the losses, or none.
template <class T>
struct bce_options {
    [[no_unique_address]] detail::named_only tag{};
    tensor<T> weight{};   ///< of each loss
    xgrad::reduction reduction = xgrad::reduction::mean;
};

template <class T>
struct bce_with_logits_options {
    [[no_unique_address]] detail::named_only tag{};
    tensor<T> weight{};       ///< of each loss
    tensor<T> pos_weight{};   ///< of what counts for t = 1; above 1 it raises the recall, below 1 the precision
    xgrad::reduction reduction = xgrad::reduction::mean;
};

namespace detail {

/// ln p, but not below -100.
template <class L>
auto bounded_log(const L& l) {
    return where(l < -100, -100, l);
}

/// y = -t ln p - (1 - t) ln(1 - p), no logarithm below -100
/// dp = dy (p - t) / max(p (1 - p), 1e-12),  dt = dy (ln(1 - p) - ln p)
struct bce_fn : binary<bce_fn> {
    static constexpr auto name = "binary_cross_entropy";
    static auto value(const auto& p, const auto& t) {
        return simd::negate(t * bounded_log(simd::log(p)) + (1 - t) * bounded_log(simd::log1p(simd::negate(p))));
    }
    static constexpr auto left = [](const auto& dy, const auto& p, const auto& t) {
        const auto variance = p * (1 - p);
        return dy * ((p - t) / where(variance < 1e-12f, times(variance * 0 + 1, 1e-12), variance));
    };
    static constexpr auto right = [](const auto& dy, const auto& p) { return dy * (bounded_log(log1p(-p)) - bounded_log(log(p))); };
};

/// With w = 1 - t for x > 0, else t: y = w |x| + ln(1 + e^-|x|), of which neither term is negative, so that none loses what
/// the other has. An infinite x of weight zero contributes nothing.
/// dx = dy (sigmoid(x) - t) = dy ((1 - t) sigmoid(x) - t sigmoid(-x)),  dt = -dy x
struct logit_loss_fn : binary<logit_loss_fn> {
    static constexpr auto name = "binary_cross_entropy_with_logits";
    static auto value(const auto& x, const auto& t) {
        const auto size = simd::abs(x);
        const auto weight = where(x > 0, 1 - t, t);
        return where(weight == 0, 0, weight * size) + simd::softplus(simd::negate(size));
    }
    static constexpr auto left = [](const auto& dy, const auto& x, const auto& t) {
        return dy * ((1 - t) * sigmoid(x) - t * sigmoid(-x));
    };
    static constexpr auto right = [](const auto& dy, const auto& x) { return dy * -x; };
};

/// Throws unless w, which is optional, broadcasts to the losses.
template <real T>
void check_weight(const char* name, const char* what, const basic_tensor<T>& w, const basic_tensor<T>& losses) {
    if (w.defined() && broadcast_shapes(name, shape_of(losses), shape_of(w)) != shape_of(losses))
        fail<shape_error>(name, what, " is ", shape_of(w), ", which does not broadcast to the output, ", shape_of(losses));
}

template <real T>
tensor<T> bce_of(const basic_tensor<T>& output, const basic_tensor<T>& target, const basic_tensor<T>& weight, reduction how) {
    return call(bce_fn::name, {"output", "target", "weight", "reduction"},
                [](const basic_tensor<T>& p, const basic_tensor<T>& t, const basic_tensor<T>& w, reduction kind) {
        check_same_shape(bce_fn::name, p, t);
        check_weight(bce_fn::name, "weight", w, p);
        const auto values = p.span();
        const auto wrong = std::find_if(values.begin(), values.end(), [](T value) { return !(value >= 0 && value <= 1); });
        if (wrong != values.end())
            fail<value_error>(bce_fn::name, "the output has ", *wrong, ", which is no probability from 0 to 1; for logits there is "
                              "binary_cross_entropy_with_logits");
        return reduce_recorded(bce_fn::name, weighted(binary_value<bce_fn>(p, t), w), kind);
    }, output, target, weight, how);
}

/// With weights q for t = 1:  y = q t ln(1 + e^-x) + (1 - t) ln(1 + e^x), either logarithm exact however small it is
template <real T>
tensor<T> logit_losses(const basic_tensor<T>& x, const basic_tensor<T>& t, const basic_tensor<T>& pos_weight) {
    if (!pos_weight.defined()) return binary_value<logit_loss_fn>(x, t);
    const auto formula = [](const auto& v, const auto& target, const auto& q) {
        const auto share = [](const auto& weight, const auto& loss) {   // 0 of something infinite is nothing
            const auto product = weight * loss;
            return where(weight == 0, where(loss == std::numeric_limits<T>::infinity(), 0, product), product);
        };
        return share(q * target, softplus(-v)) + share(1 - target, softplus(v));
    };
    return map_value<decltype(formula), T>(formula, x, t, pos_weight);
}

template <real T>
tensor<T> bce_with_logits_of(const basic_tensor<T>& logits, const basic_tensor<T>& target, const basic_tensor<T>& weight,
                             const basic_tensor<T>& pos_weight, reduction how) {
    return call(logit_loss_fn::name, {"output", "target", "weight", "pos_weight", "reduction"},
                [](const basic_tensor<T>& x, const basic_tensor<T>& t, const basic_tensor<T>& w, const basic_tensor<T>& q, reduction kind) {
        constexpr auto name = logit_loss_fn::name;
        check_same_shape(name, x, t);
        check_weight(name, "weight", w, x);
        check_weight(name, "pos_weight", q, x);
        return reduce_recorded(name, weighted(logit_losses(x, t, q), w), kind);
    }, logits, target, weight, pos_weight, how);
}

}  // namespace detail

/// The cross-entropy of a truth value t, or of a probability for it, under the probability p:
/// y = -t ln p - (1 - t) ln(1 - p), no logarithm below -100, as PyTorch has it; `weight` multiplies the losses, and the mean
/// divides by their number all the same. From a logit, `binary_cross_entropy_with_logits` is more exact.
/// Throws `shape_error`, and `value_error` for an output that is no probability.
struct binary_cross_entropy_fn {
    template <element T, element U, std::size_t N, std::size_t M>
    tensor<T, 0> operator()(const tensor<T, N>& output, const tensor<U, M>& target) const {
        return detail::with_rank<0>((*this)(output, target, bce_options<T>{}));
    }
    template <element T, element U, std::size_t N, std::size_t M>
    tensor<T> operator()(const tensor<T, N>& output, const tensor<U, M>& target, reduction how) const {
        return (*this)(output, target, bce_options<T>{.reduction = how});
    }
    template <element T, element U, std::size_t N, std::size_t M>
    tensor<T> operator()(const tensor<T, N>& output, const tensor<U, M>& target, const std::type_identity_t<bce_options<T>>& options) const {
        detail::check_types<T, U>();
        static_assert(N == M || N == dynamic_rank || M == dynamic_rank, "output and target must have the same rank");
        return detail::bce_of<T>(output, target, options.weight, options.reduction);
    }
};
inline constexpr binary_cross_entropy_fn binary_cross_entropy{};

/// The cross-entropy of a truth value t, or of a probability for it, under sigmoid(x), from the logit x:
/// y = -t ln sigmoid(x) - (1 - t) ln(1 - sigmoid(x)), exact however small it is; it does not overflow. `pos_weight` multiplies
/// the first term, `weight` the whole; both broadcast. Throws `shape_error`.
struct bce_with_logits_fn {
    template <element T, element U, std::size_t N, std::size_t M>
    tensor<T, 0> operator()(const tensor<T, N>& logits, const tensor<U, M>& target) const {
        return detail::with_rank<0>((*this)(logits, target, bce_with_logits_options<T>{}));
    }
    template <element T, element U, std::size_t N, std::size_t M>
    tensor<T> operator()(const tensor<T, N>& logits, const tensor<U, M>& target, reduction how) const {
        return (*this)(logits, target, bce_with_logits_options<T>{.reduction = how});
    }
    template <element T, element U, std::size_t N, std::size_t M>
    tensor<T> operator()(const tensor<T, N>& logits, const tensor<U, M>& target,
                         const std::type_identity_t<bce_with_logits_options<T>>& options) const {
        detail::check_types<T, U>();
        static_assert(N == M || N == dynamic_rank || M == dynamic_rank, "output and target must have the same rank");
        return detail::bce_with_logits_of<T>(logits, target, options.weight, options.pos_weight, options.reduction);
    }
};
inline constexpr bce_with_logits_fn binary_cross_entropy_with_logits{};

}  // namespace xgrad

// Defined by xgrad::compiled.
#if defined(XGRAD_INSTANCE)
namespace xgrad::inline XGRAD_ABI::detail {
#define XGRAD_INSTANCES(T) \
    XGRAD_INSTANCE tensor<T> bce_of(const basic_tensor<T>&, const basic_tensor<T>&, const basic_tensor<T>&, reduction); \
    XGRAD_INSTANCE tensor<T> bce_with_logits_of(const basic_tensor<T>&, const basic_tensor<T>&, const basic_tensor<T>&, \
                                                const basic_tensor<T>&, reduction);
XGRAD_FOR_REAL_TYPES(XGRAD_INSTANCES)
#undef XGRAD_INSTANCES
}
#endif
