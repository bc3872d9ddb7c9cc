// Loss functions.
#pragma once

#include <xgrad/autograd/backward.hpp>
#include <xgrad/autograd/operation.hpp>
#include <xgrad/core/config.hpp>
#include <xgrad/kernels/softmax.hpp>
#include <xgrad/ops/activation.hpp>
#include <xgrad/ops/arithmetic.hpp>
#include <xgrad/ops/reduce.hpp>
#include <xgrad/ops/reduction.hpp>
#include <xgrad/ops/softmax.hpp>
#include <xgrad/ops/take.hpp>

#include <cstddef>
#include <cstdint>
#include <utility>

namespace xgrad::inline XGRAD_ABI {

namespace detail {

template <real T>
tensor<T> reduce_losses(tensor<T>&& losses, reduction how) {
    if (how == reduction::none) return std::move(losses);
    auto y = fold(kernels::sum_of{}, losses, axis_set::all(losses.rank()), false);
    if (how == reduction::mean) *access::elements(y) /= static_cast<T>(losses.size());
    return y;
}

template <real T>
void check_same_shape(const char* name, const basic_tensor<T>& output, const basic_tensor<T>& target) {
    if (shape_of(output) != shape_of(target))
        fail<shape_error>(name, "the output is ", shape_of(output), ", the target ", shape_of(target), "; both must be equal");
}

/// y = (a - b)^2, reduced        da = 2 (a - b) dy,  db = -da;  divided by the number of elements for the mean
template <real T>
tensor<T> squared_error_value(const basic_tensor<T>& a, const basic_tensor<T>& b, reduction how) {
    check_same_shape("mse_loss", a, b);
    auto losses = compute<T>("mse_loss", [](const auto& v, const auto& w) { const auto e = v - w; return e * e; }, a, b);
    const auto factor = how == reduction::mean ? T{2} / static_cast<T>(a.size()) : T{2};
    return record("mse_loss", reduce_losses(std::move(losses), how), {a, b}, keep(a, b),
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

/// dx = weights (softmax(x) - one_hot(labels)); differentiable when it must be, in one pass else.
template <real T>
tensor<T> cross_entropy_slope(const tensor<T>& weights, const tensor<T>& x, const tensor<std::int64_t>& labels) {
    const auto rows = shape_of(x)[0], classes = shape_of(x)[1];
    if (needs_grad(weights, x)) {
        // softmax(x) - 1 is minus the sum of the others, which has the digits that the difference has lost.
        const auto chosen = tensor<T>{one_hot<T>(labels, classes)};
        const auto others = softmax_along(x, 1) * (1 - chosen);
        const auto slope = tensor<T>{others - chosen * sum(others, 1, keep_dims)};
        return (upstream<T>{weights.size() == 1 ? weights : reshape_to(weights, {rows, 1})} * slope).value;
    }
    auto dx = make_result<T>(shape_of(x));
    kernels::cross_entropy_gradient(x.data(), labels.data(), weights.data(), weights.size() == 1 ? 0 : 1, rows, classes,
                                    access::elements(dx));
    return dx;
}

/// y_i = ln sum_j e^x_ij - x_i,label(i), reduced        dx_ij = dy_i (softmax(x)_ij - [j = label(i)])
template <real T>
tensor<T> cross_entropy_of(const basic_tensor<T>& x, const tensor<std::int64_t>& labels, reduction how) {
    const auto rows = shape_of(x)[0], classes = shape_of(x)[1];
    auto losses = make_result<T>({rows});
    kernels::cross_entropy(x.data(), labels.data(), rows, classes, access::elements(losses));
    const auto factor = how == reduction::mean ? T{1} / static_cast<T>(rows) : T{1};
    return record("cross_entropy", reduce_losses(std::move(losses), how), {x}, keep(x, labels),
                  [factor](const auto& dy, gradients& d, const auto& x_kept, const auto& labels_kept) {
                      d(0, [&] { return cross_entropy_slope(tensor<T>{dy * factor}, x_kept(), labels_kept()); });
                  });
}

template <real T, element Integer>
tensor<T> cross_entropy_value(const basic_tensor<T>& x, const basic_tensor<Integer>& labels, reduction how) {
    if (x.rank() != 2 || labels.rank() != 1)
        fail<rank_error>("cross_entropy", "logits are ", shape_of(x), ", labels are ", shape_of(labels),
                         "; logits must be (rows, classes), labels (rows)");
    if (shape_of(x)[0] != labels.size())
        fail<shape_error>("cross_entropy", "logits are ", shape_of(x), ", labels are ", shape_of(labels),
                          "; there must be one label for each row");
    const auto classes = shape_of(x)[1];
    for (const auto label : labels.span())
        if (const auto number = whole{label}; number < 0 || number >= classes)
            fail<index_error>("cross_entropy", "label ", number, " is not one of ", classes, " classes");
    return cross_entropy_of(x, convert<std::int64_t>(labels), how);
}
template <real T, element Integer>
tensor<T> cross_entropy_checked(const basic_tensor<T>& x, const basic_tensor<Integer>& labels, reduction how) {
    return call("cross_entropy", {"logits", "labels", "reduction"},
                [](const basic_tensor<T>& v, const basic_tensor<Integer>& of, reduction kind) { return cross_entropy_value(v, of, kind); },
                x, labels, how);
}

/// The losses of single elements, recorded, reduced.
template <real T>
tensor<T> reduce_recorded(const tensor<T>& losses, reduction how) {
    if (how == reduction::none) return losses;
    return how == reduction::mean ? tensor<T>{mean(losses)} : tensor<T>{sum(losses)};
}

}  // namespace detail

/// The squared error, by default its mean: y = mean((output - target)^2), of equal shapes.
/// Throws `shape_error`.
struct mse_loss_fn {
    template <element T, element U, std::size_t N, std::size_t M>
    tensor<T, 0> operator()(const tensor<T, N>& output, const tensor<U, M>& target) const {
        detail::check_types<T, U>();
        static_assert(N == M || N == dynamic_rank || M == dynamic_rank, "output and target must have the same rank");
        return detail::with_rank<0>(detail::squared_error<T>(output, target, reduction::mean));
    }
    template <element T, element U, std::size_t N, std::size_t M>
    tensor<T> operator()(const tensor<T, N>& output, const tensor<U, M>& target, reduction how) const {
        detail::check_types<T, U>();
        return detail::squared_error<T>(output, target, how);
    }
};
inline constexpr mse_loss_fn mse_loss{};

namespace detail {
template <class Op, real T>
tensor<T> elementwise_loss_of(const basic_tensor<T>& output, const basic_tensor<T>& target, reduction how) {
    return call(Op::name, {"output", "target", "reduction"}, [](const basic_tensor<T>& x, const basic_tensor<T>& t, reduction kind) {
        check_same_shape<T>(Op::name, x, t);
        return reduce_recorded(Op::losses(tensor<T>{x}, tensor<T>{t}), kind);
    }, output, target, how);
}
}  // namespace detail

/// A loss of single elements, composed of recorded operations: `Op::losses(output, target)`, reduced, by default to
/// their mean. Throws `shape_error` when the shapes differ.
template <class Op>
struct elementwise_loss {
    template <element T, element U, std::size_t N, std::size_t M>
    tensor<T, 0> operator()(const tensor<T, N>& output, const tensor<U, M>& target) const {
        return (*this)(output, target, reduction::mean);
    }
    template <element T, element U, std::size_t N, std::size_t M>
    tensor<T> operator()(const tensor<T, N>& output, const tensor<U, M>& target, reduction how) const {
        detail::check_types<T, U>();
        static_assert(N == M || N == dynamic_rank || M == dynamic_rank, "output and target must have the same rank");
        return detail::elementwise_loss_of<Op, T>(output, target, how);
    }
};

/// y = |output - target|
struct l1_loss_fn : elementwise_loss<l1_loss_fn> {
    static constexpr auto name = "l1_loss";
    static auto losses(const auto& output, const auto& target) { return abs(output - target); }
};
inline constexpr l1_loss_fn l1_loss{};

namespace detail {

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

}  // namespace detail

/// The cross-entropy of a truth value t, or of a probability for it, under sigmoid(x), from the logit x:
/// y = -t ln sigmoid(x) - (1 - t) ln(1 - sigmoid(x)), exact however small it is; it does not overflow.
struct bce_with_logits_fn : elementwise_loss<bce_with_logits_fn> {
    static constexpr auto name = detail::logit_loss_fn::name;
    static auto losses(const auto& logits, const auto& target) { return detail::logit_loss_fn{}(logits, target); }
};
inline constexpr bce_with_logits_fn binary_cross_entropy_with_logits{};

/// The cross-entropy of class labels under softmax(logits), by default its mean over the rows:
/// y = mean_i (ln sum_j e^x_ij - x_i,label(i))        logits x: (rows, classes)  labels: (rows), integers
/// Throws `rank_error`, `shape_error`, and `index_error` for a label that is no class.
struct cross_entropy_fn {
    template <element T, std::size_t N, element Integer, std::size_t M>
    tensor<T, 0> operator()(const tensor<T, N>& logits, const tensor<Integer, M>& labels) const {
        check_types<T, N, Integer, M>();
        return detail::with_rank<0>(detail::cross_entropy_checked<T, Integer>(logits, labels, reduction::mean));
    }
    template <element T, std::size_t N, element Integer, std::size_t M>
    tensor<T> operator()(const tensor<T, N>& logits, const tensor<Integer, M>& labels, reduction how) const {
        check_types<T, N, Integer, M>();
        return detail::cross_entropy_checked<T, Integer>(logits, labels, how);
    }

private:
    template <class T, std::size_t N, class Integer, std::size_t M>
    static void check_types() {
        detail::check_types<T>();
        static_assert(std::is_integral_v<Integer> && !std::is_same_v<Integer, bool>, "labels are integers");
        static_assert((N == 2 || N == dynamic_rank) && (M == 1 || M == dynamic_rank), "logits are (rows, classes), labels (rows)");
    }
};
inline constexpr cross_entropy_fn cross_entropy{};

}  // namespace xgrad

// Defined by xgrad::compiled.
#if defined(XGRAD_INSTANCE)
namespace xgrad::inline XGRAD_ABI::detail {
#define XGRAD_INSTANCES(T) \
    XGRAD_INSTANCE tensor<T> squared_error(const basic_tensor<T>&, const basic_tensor<T>&, reduction); \
    XGRAD_INSTANCE tensor<T> cross_entropy_of(const basic_tensor<T>&, const tensor<std::int64_t>&, reduction); \
    XGRAD_BINARY_INSTANCES(logit_loss_fn, T)
XGRAD_FOR_REAL_TYPES(XGRAD_INSTANCES)
#undef XGRAD_INSTANCES
}
#endif
