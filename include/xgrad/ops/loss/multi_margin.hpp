// The margin of a class before all others.
#pragma once

#include <xgrad/autograd/operation.hpp>
#include <xgrad/core/config.hpp>
#include <xgrad/core/error.hpp>
#include <xgrad/ops/activation.hpp>
#include <xgrad/ops/arithmetic.hpp>
#include <xgrad/ops/compare.hpp>
#include <xgrad/ops/loss/labels.hpp>
#include <xgrad/ops/math.hpp>
#include <xgrad/ops/reduce.hpp>
#include <xgrad/ops/take.hpp>

#include <cstddef>
#include <type_traits>

namespace xgrad::inline XGRAD_ABI {

template <class T>
struct multi_margin_options {
    [[no_unique_address]] detail::named_only tag{};
    int p = 1;             ///< 1 or 2
    double margin = 1;
    tensor<T> weight{};    ///< of each class
    xgrad::reduction reduction = xgrad::reduction::mean;
};

namespace detail {

struct multi_margin_attributes {
    int p;
    double margin;
    reduction how;
};
void say_options(const multi_margin_attributes& options, const auto& say) {
    say("p", options.p);
    say("margin", options.margin);
    say("reduction", options.how);
}

/// Of rows (rows, classes): y_i = w_label / n sum over j other than label(i) of max(0, margin - x_label + x_j)^p
template <real T>
tensor<T> margin_losses(const tensor<T>& rows, const class_labels<T>& labels, const multi_margin_attributes& options) {
    const auto count = shape_of(rows)[0], classes = shape_of(rows)[1];
    const auto own = reshape_to(pick(rows, labels.index), {count, 1});
    const auto chosen = tensor<T>{one_hot<T>(labels.index, classes)};
    const auto excess = tensor<T>{where(chosen == 1, 0, relu(static_cast<T>(options.margin) - own + rows))};
    const auto total = tensor<T>{sum(options.p == 2 ? tensor<T>{square(excess)} : excess, 1)};
    return weighted(tensor<T>{total / static_cast<T>(classes)}, labels.weight);
}

template <real T, element Integer>
tensor<T> multi_margin_any(const basic_tensor<T>& output, const basic_tensor<Integer>& target, const basic_tensor<T>& weight,
                           const multi_margin_attributes& options) {
    return call("multi_margin_loss", {"output", "labels", "weight", "options"},
                [](const basic_tensor<T>& x, const basic_tensor<Integer>& t, const basic_tensor<T>& w, const multi_margin_attributes& given) {
        constexpr auto name = "multi_margin_loss";
        if (x.rank() != 1 && x.rank() != 2) fail<rank_error>(name, "the output is ", shape_of(x), "; it must be (rows, classes) or (classes)");
        if (given.p != 1 && given.p != 2) fail<value_error>(name, "p must be 1 or 2, got ", given.p);
        const auto labels = read_labels<T>(name, x, t, w, {});
        return reduce_recorded(name, reshape_to(margin_losses(class_rows(x), labels, given), labels.sizes), given.how);
    }, output, target, weight, options);
}

}  // namespace detail

/// y = w_label / n sum over j other than the label of max(0, margin - x_label + x_j)^p, of n classes; the mean divides by the
/// number of rows, whatever the weights are        x: (rows, classes)  labels: (rows), or x: (classes) and one label
/// K. Crammer, Y. Singer, "On the algorithmic implementation of multiclass kernel-based vector machines", JMLR 2 (2001), with
/// the sum in the largest one's place, as PyTorch has it.
/// Throws `rank_error`, `shape_error`, `value_error`, and `index_error` for a label that is no class.
struct multi_margin_loss_fn {
    template <element T, std::size_t N, element Integer, std::size_t M>
    tensor<T, 0> operator()(const tensor<T, N>& output, const tensor<Integer, M>& labels) const {
        return detail::with_rank<0>((*this)(output, labels, multi_margin_options<T>{}));
    }
    template <element T, std::size_t N, element Integer, std::size_t M>
    tensor<T> operator()(const tensor<T, N>& output, const tensor<Integer, M>& labels, reduction how) const {
        return (*this)(output, labels, multi_margin_options<T>{.reduction = how});
    }
    template <element T, std::size_t N, element Integer, std::size_t M>
    tensor<T> operator()(const tensor<T, N>& output, const tensor<Integer, M>& labels,
                         const std::type_identity_t<multi_margin_options<T>>& options) const {
        static_assert(real<T>, "an operation on real numbers: convert the operand with astype<float>(x)");
        static_assert(std::is_integral_v<Integer> && !std::is_same_v<Integer, bool>, "labels are integers");
        return detail::multi_margin_any<T, Integer>(output, labels, options.weight, {options.p, options.margin, options.reduction});
    }
};
inline constexpr multi_margin_loss_fn multi_margin_loss{};

}  // namespace xgrad

// Defined by xgrad::compiled.
#if defined(XGRAD_INSTANCE)
namespace xgrad::inline XGRAD_ABI::detail {
#define XGRAD_INSTANCES(T) \
    XGRAD_INSTANCE tensor<T> margin_losses(const tensor<T>&, const class_labels<T>&, const multi_margin_attributes&);
XGRAD_FOR_REAL_TYPES(XGRAD_INSTANCES)
#undef XGRAD_INSTANCES
}
#endif
