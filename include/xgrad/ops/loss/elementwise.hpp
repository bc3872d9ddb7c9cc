// What losses of single elements have in common: equal shapes, a formula, a reduction.
#pragma once

#include <xgrad/autograd/backward.hpp>
#include <xgrad/autograd/operation.hpp>
#include <xgrad/core/config.hpp>
#include <xgrad/ops/arithmetic.hpp>
#include <xgrad/ops/compare.hpp>
#include <xgrad/ops/map.hpp>
#include <xgrad/ops/reduce.hpp>
#include <xgrad/ops/reduction.hpp>

#include <cstddef>
#include <utility>

namespace xgrad::inline XGRAD_ABI {

namespace detail {

/// Reduces what is not recorded yet.
template <real T>
tensor<T> reduce_losses(const char* name, tensor<T>&& losses, reduction how) {
    if (how == reduction::batchmean) fail<value_error>(name, "batchmean is a reduction of kl_div alone");
    if (how == reduction::none) return std::move(losses);
    auto y = fold(kernels::sum_of{}, losses, axis_set::all(losses.rank()), false);
    if (how == reduction::mean) *access::elements(y) /= static_cast<T>(losses.size());
    return y;
}

/// The losses of single elements, recorded, reduced.
template <real T>
tensor<T> reduce_recorded(const char* name, const tensor<T>& losses, reduction how) {
    if (how == reduction::batchmean) fail<value_error>(name, "batchmean is a reduction of kl_div alone");
    if (how == reduction::none) return losses;
    return how == reduction::mean ? tensor<T>{mean(losses)} : tensor<T>{sum(losses)};
}

template <real T>
void check_same_shape(const char* name, const basic_tensor<T>& output, const basic_tensor<T>& target) {
    if (shape_of(output) != shape_of(target))
        fail<shape_error>(name, "the output is ", shape_of(output), ", the target ", shape_of(target), "; both must be equal");
}

/// losses w, where weights are given; a weight of 0 lets nothing through, whatever the loss.
template <real T>
tensor<T> weighted(const tensor<T>& losses, const basic_tensor<T>& weight) {
    if (!weight.defined()) return losses;
    const auto w = tensor<T>{weight};
    return tensor<T>{where(w == 0, 0, losses * w)};
}

template <class Op, real T, class Options>
tensor<T> elementwise_loss_of(const basic_tensor<T>& output, const basic_tensor<T>& target, const Options& options) {
    return call(Op::name, {"output", "target", "options"}, [](const basic_tensor<T>& x, const basic_tensor<T>& t, const Options& given) {
        check_same_shape<T>(Op::name, x, t);
        return reduce_recorded<T>(Op::name, Op::template losses<T>(x, t, given), given.reduction);
    }, output, target, options);
}

/// y = f(output, target) for every element, as `map` has it.
template <real T, class F>
tensor<T> map_losses(const F& f, const basic_tensor<T>& output, const basic_tensor<T>& target) {
    return map_any<F, T>(f, output, target);
}

}  // namespace detail

/// A loss of single elements, of output and target of one shape: `Op::losses<T>(output, target, options)`, reduced, by
/// default to their mean. Throws `shape_error` when the shapes differ.
template <class Op, class Options = loss_options>
struct elementwise_loss {
    template <element T, element U, std::size_t N, std::size_t M>
    tensor<T, 0> operator()(const tensor<T, N>& output, const tensor<U, M>& target) const {
        return detail::with_rank<0>((*this)(output, target, Options{}));
    }
    template <element T, element U, std::size_t N, std::size_t M>
    tensor<T> operator()(const tensor<T, N>& output, const tensor<U, M>& target, reduction how) const {
        auto options = Options{};
        options.reduction = how;
        return (*this)(output, target, options);
    }
    template <element T, element U, std::size_t N, std::size_t M>
    tensor<T> operator()(const tensor<T, N>& output, const tensor<U, M>& target, const Options& options) const {
        detail::check_types<T, U>();
        static_assert(N == M || N == dynamic_rank || M == dynamic_rank, "output and target must have the same rank");
        return detail::elementwise_loss_of<Op, T>(output, target, options);
    }
};

}  // namespace xgrad

// What xgrad::compiled defines of such a loss.
#if defined(XGRAD_INSTANCE)
#define XGRAD_LOSS_INSTANCE(Op, Options, T) \
    XGRAD_INSTANCE tensor<T> elementwise_loss_of<Op>(const basic_tensor<T>&, const basic_tensor<T>&, const Options&);
#endif
