// The loss of classes from logarithms of probabilities.
#pragma once

#include <xgrad/autograd/operation.hpp>
#include <xgrad/core/config.hpp>
#include <xgrad/ops/arithmetic.hpp>
#include <xgrad/ops/loss/labels.hpp>
#include <xgrad/ops/reduction.hpp>

#include <cstddef>
#include <cstdint>
#include <type_traits>

namespace xgrad::inline XGRAD_ABI {

template <class T>
struct nll_loss_options {
    [[no_unique_address]] detail::named_only tag{};
    tensor<T> weight{};                ///< of each class
    std::int64_t ignore_index = -100;  ///< a label that does not count
    xgrad::reduction reduction = xgrad::reduction::mean;
};

namespace detail {

template <real T, element Integer>
tensor<T> nll_any(const basic_tensor<T>& logarithms, const basic_tensor<Integer>& target, const basic_tensor<T>& weight,
                  const class_options& options) {
    return call("nll_loss", {"output", "labels", "weight", "options"},
                [](const basic_tensor<T>& x, const basic_tensor<Integer>& t, const basic_tensor<T>& w, const class_options& given) {
        const auto labels = read_labels<T>("nll_loss", x, t, w, given.ignore_index);
        const auto losses = labels.only_counting(tensor<T>{-pick(class_rows(x), labels.index)});
        return labels.reduce("nll_loss", weighted(losses, labels.weight), given.how);
    }, logarithms, target, weight, options);
}

}  // namespace detail

/// y = -w_label x_label, of logarithms x of probabilities, as `log_softmax` gives them; labels, weights, ignored labels, means
/// and errors as those of `cross_entropy`, which does both at once.
struct nll_loss_fn {
    template <element T, std::size_t N, element Integer, std::size_t M>
    tensor<T, 0> operator()(const tensor<T, N>& output, const tensor<Integer, M>& labels) const {
        return detail::with_rank<0>((*this)(output, labels, nll_loss_options<T>{}));
    }
    template <element T, std::size_t N, element Integer, std::size_t M>
    tensor<T> operator()(const tensor<T, N>& output, const tensor<Integer, M>& labels, reduction how) const {
        return (*this)(output, labels, nll_loss_options<T>{.reduction = how});
    }
    template <element T, std::size_t N, element Integer, std::size_t M>
    tensor<T> operator()(const tensor<T, N>& output, const tensor<Integer, M>& labels,
                         const std::type_identity_t<nll_loss_options<T>>& options) const {
        static_assert(real<T>, "an operation on real numbers: convert the operand with astype<float>(x)");
        static_assert(std::is_integral_v<Integer> && !std::is_same_v<Integer, bool>, "labels are integers");
        static_assert(N == dynamic_rank || M == dynamic_rank || N == M + 1, "the output is (rows, classes, ...), labels (rows, ...)");
        return detail::nll_any<T, Integer>(output, labels, options.weight, {options.ignore_index, 0, options.reduction});
    }
};
inline constexpr nll_loss_fn nll_loss{};

}  // namespace xgrad

// Defined by xgrad::compiled.
#if defined(XGRAD_INSTANCE)
namespace xgrad::inline XGRAD_ABI::detail {
#define XGRAD_INSTANCES(T) \
    XGRAD_INSTANCE tensor<T> nll_any(const basic_tensor<T>&, const basic_tensor<std::int64_t>&, const basic_tensor<T>&, \
                                     const class_options&);
XGRAD_FOR_REAL_TYPES(XGRAD_INSTANCES)
#undef XGRAD_INSTANCES
}
#endif
