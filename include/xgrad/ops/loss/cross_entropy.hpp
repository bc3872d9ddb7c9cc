// The cross-entropy of classes.
#pragma once

#include <xgrad/autograd/backward.hpp>
#include <xgrad/autograd/operation.hpp>
#include <xgrad/core/config.hpp>
#include <xgrad/core/exact.hpp>
#include <xgrad/kernels/softmax.hpp>
#include <xgrad/ops/arithmetic.hpp>
#include <xgrad/ops/compare.hpp>
#include <xgrad/ops/loss/elementwise.hpp>
#include <xgrad/ops/loss/labels.hpp>
#include <xgrad/ops/reduce.hpp>
#include <xgrad/ops/reduction.hpp>
#include <xgrad/ops/softmax.hpp>
#include <xgrad/ops/take.hpp>

#include <cstddef>
#include <cstdint>
#include <limits>
#include <type_traits>
#include <utility>

namespace xgrad::inline XGRAD_ABI {

template <class T>
struct cross_entropy_options {
    [[no_unique_address]] detail::named_only tag{};
    tensor<T> weight{};                ///< of each class
    std::int64_t ignore_index = -100;  ///< a label that does not count
    double label_smoothing = 0;        ///< the share of the target that goes to all classes alike
    xgrad::reduction reduction = xgrad::reduction::mean;
};

namespace detail {

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
    return record("cross_entropy", reduce_losses("cross_entropy", std::move(losses), how), {x}, keep(x, labels),
                  [factor](const auto& dy, gradients& d, const auto& x_kept, const auto& labels_kept) {
                      d(0, [&] { return cross_entropy_slope(tensor<T>{dy * factor}, x_kept(), labels_kept()); });
                  });
}

/// With the share s of smoothing, n classes, and weights w:
/// y_i = (1 - s) w_label(i) (-ln p_i,label(i)) + s / n sum_j w_j (-ln p_ij),  p = softmax(x)
template <real T>
tensor<T> smoothed_losses(const tensor<T>& rows, const class_labels<T>& labels, const basic_tensor<T>& weight, double smoothing) {
    auto losses = labels.only_counting(cross_entropy_of(rows, labels.index, reduction::none));
    losses = weighted(losses, labels.weight);
    if (smoothing == 0) return losses;
    const auto all = tensor<T>{-log_softmax_along(rows, 1)};
    const auto shared = labels.only_counting(tensor<T>{sum(weighted(all, weight), 1)});
    const auto share = static_cast<T>(smoothing / static_cast<double>(shape_of(rows)[1]));
    return tensor<T>{losses * static_cast<T>(1 - smoothing) + shared * share};
}

template <real T, element Integer>
tensor<T> cross_entropy_with_labels(const basic_tensor<T>& x, const basic_tensor<Integer>& given, const basic_tensor<T>& weight,
                                    const class_options& options) {
    const auto labels = read_labels<T>("cross_entropy", x, given, weight, options.ignore_index);
    if (x.rank() == 2 && !labels.is_weighted && labels.all_count && options.smoothing == 0)
        return cross_entropy_of(x, labels.index, options.how);
    const auto losses = smoothed_losses(class_rows(x), labels, weight, options.smoothing);
    return labels.reduce("cross_entropy", losses, options.how);
}

/// y_i = -sum_j w_j q_ij ln p_ij, of probabilities q, smoothed: (1 - s) q + s / n. 0 ln 0 is 0.
template <real T>
tensor<T> cross_entropy_with_probabilities(const basic_tensor<T>& x, const basic_tensor<T>& target, const basic_tensor<T>& weight,
                                           const class_options& options) {
    if (shape_of(x) != shape_of(target))
        fail<shape_error>("cross_entropy", "logits are ", shape_of(x), ", the target ", shape_of(target), "; a target of real numbers "
                          "is taken for probabilities, of the logits' shape; labels are integers: astype<int>(labels)");
    check_class_weight("cross_entropy", x, weight);
    const auto rows = class_rows(x), chances = class_rows(target);
    const auto classes = shape_of(rows)[1];
    auto q = chances;
    if (options.smoothing != 0)
        q = tensor<T>{q * static_cast<T>(1 - options.smoothing) + static_cast<T>(options.smoothing / static_cast<double>(classes))};
    const auto losses = tensor<T>{-log_softmax_along(rows, 1)};
    const auto nothing = tensor<bool>{q == 0 && losses == std::numeric_limits<T>::infinity()};
    const auto terms = weighted(tensor<T>{where(nothing, 0, q * losses)}, weight);
    return reduce_recorded("cross_entropy", reshape_to(tensor<T>{sum(terms, 1)}, label_shape(x)), options.how);
}

template <real T, element U>
tensor<T> cross_entropy_any(const basic_tensor<T>& logits, const basic_tensor<U>& target, const basic_tensor<T>& weight,
                            const class_options& options) {
    return call("cross_entropy", {"logits", "target", "weight", "options"},
                [](const basic_tensor<T>& x, const basic_tensor<U>& t, const basic_tensor<T>& w, const class_options& given) {
        if (!(given.smoothing >= 0 && given.smoothing <= 1))
            fail<value_error>("cross_entropy", "label_smoothing must be from 0 to 1, got ", given.smoothing);
        if constexpr (real<U>) return cross_entropy_with_probabilities<T>(x, t, w, given);
        else return cross_entropy_with_labels<T, U>(x, t, w, given);
    }, logits, target, weight, options);
}

}  // namespace detail

/// The cross-entropy of classes under softmax(logits), along the axis of classes, the second (or, of a vector, the only
/// one):  y = -ln softmax(x)_label, by default the mean        logits x: (rows, classes, ...)
///
/// - labels: (rows, ...), integers. One that is `ignore_index` does not count. `weight` is one for each class, and the mean
///   divides by the sum of the weights of the labels that count; where none does it is NaN (0 / 0), its gradient 0.
/// - or probabilities q of the logits' shape, and  y = -sum w q ln softmax(x), 0 ln 0 being 0; the mean divides by their number.
/// - `label_smoothing` s replaces the target by (1 - s) of it and s in equal parts for all classes (C. Szegedy and others,
///   "Rethinking the Inception architecture for computer vision", CVPR 2016).
///
/// Exact however certain and right the prediction is. Throws `rank_error`, `shape_error`, `value_error`, and `index_error` for
/// a label that is no class.
struct cross_entropy_fn {
    template <element T, std::size_t N, element U, std::size_t M>
    tensor<T, 0> operator()(const tensor<T, N>& logits, const tensor<U, M>& target) const {
        return detail::with_rank<0>((*this)(logits, target, cross_entropy_options<T>{}));
    }
    template <element T, std::size_t N, element U, std::size_t M>
    tensor<T> operator()(const tensor<T, N>& logits, const tensor<U, M>& target, reduction how) const {
        return (*this)(logits, target, cross_entropy_options<T>{.reduction = how});
    }
    template <element T, std::size_t N, element U, std::size_t M>
    tensor<T> operator()(const tensor<T, N>& logits, const tensor<U, M>& target,
                         const std::type_identity_t<cross_entropy_options<T>>& options) const {
        check_types<T, N, U, M>();
        return detail::cross_entropy_any<T, U>(logits, target, options.weight,
                                               {options.ignore_index, options.label_smoothing, options.reduction});
    }

private:
    template <class T, std::size_t N, class U, std::size_t M>
    static void check_types() {
        static_assert(real<T>, "an operation on real numbers: convert the operand with astype<float>(x)");
        static_assert(!std::is_same_v<U, bool>, "labels are integers");
        static_assert(std::is_same_v<T, U> || !real<U>, "the element types differ: convert one operand with astype<T>(x)");
        static_assert(N != 0, "logits have an axis of classes");
        static_assert(N == dynamic_rank || M == dynamic_rank || !real<U> || N == M,
                      "labels are integers: astype<int>(labels); real numbers are probabilities, of the logits' shape");
        static_assert(N == dynamic_rank || M == dynamic_rank || real<U> || N == M + 1,
                      "logits are (rows, classes, ...), labels (rows, ...)");
    }
};
inline constexpr cross_entropy_fn cross_entropy{};

}  // namespace xgrad

// Defined by xgrad::compiled.
#if defined(XGRAD_INSTANCE)
namespace xgrad::inline XGRAD_ABI::detail {
#define XGRAD_INSTANCES(T) \
    XGRAD_INSTANCE tensor<T> cross_entropy_of(const basic_tensor<T>&, const tensor<std::int64_t>&, reduction); \
    XGRAD_INSTANCE tensor<T> smoothed_losses(const tensor<T>&, const class_labels<T>&, const basic_tensor<T>&, double); \
    XGRAD_INSTANCE tensor<T> cross_entropy_with_probabilities(const basic_tensor<T>&, const basic_tensor<T>&, const basic_tensor<T>&, \
                                                              const class_options&); \
    XGRAD_INSTANCE tensor<T> cross_entropy_any(const basic_tensor<T>&, const basic_tensor<std::int64_t>&, const basic_tensor<T>&, \
                                               const class_options&);
XGRAD_FOR_REAL_TYPES(XGRAD_INSTANCES)
#undef XGRAD_INSTANCES
}
#endif
