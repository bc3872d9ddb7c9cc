// The divergence of probabilities.
#pragma once

#include <xgrad/autograd/operation.hpp>
#include <xgrad/core/config.hpp>
#include <xgrad/ops/arithmetic.hpp>
#include <xgrad/ops/compare.hpp>
#include <xgrad/ops/loss/elementwise.hpp>
#include <xgrad/ops/math.hpp>
#include <xgrad/ops/reduce.hpp>

#include <cstddef>
#include <limits>

namespace xgrad::inline XGRAD_ABI {

struct kl_div_options {
    [[no_unique_address]] detail::named_only tag{};
    xgrad::reduction reduction = xgrad::reduction::mean;
    bool log_target = false;   ///< the target, too, is given as logarithms
};

void say_options(const kl_div_options& options, const auto& say) {
    say("reduction", options.reduction);
    say("log_target", options.log_target);
}

namespace detail {

/// y = t (ln t - x), 0 where t is 0        or, from logarithms of t, e^t (t - x), 0 where t is -infinity
template <real T>
tensor<T> divergences(const basic_tensor<T>& x, const basic_tensor<T>& target, bool log_target) {
    constexpr auto nothing = -std::numeric_limits<T>::infinity();
    if (log_target)
        return map_losses<T>([=](const auto& v, const auto& t) { return where(t == nothing, 0, exp(t) * (t - v)); }, x, target);
    return map_losses<T>([](const auto& v, const auto& t) { return where(t == 0, 0, t * (log(t) - v)); }, x, target);
}

template <real T>
tensor<T> kl_div_of(const basic_tensor<T>& output, const basic_tensor<T>& target, const kl_div_options& options) {
    return call("kl_div", {"output", "target", "options"}, [](const basic_tensor<T>& x, const basic_tensor<T>& t, const kl_div_options& given) {
        check_same_shape<T>("kl_div", x, t);
        const auto losses = divergences<T>(x, t, given.log_target);
        if (given.reduction != reduction::batchmean) return reduce_recorded<T>("kl_div", losses, given.reduction);
        return tensor<T>{sum(losses) / static_cast<T>(x.rank() == 0 ? 1 : shape_of(x)[0])};
    }, output, target, options);
}

}  // namespace detail

/// The divergence of Kullback and Leibler, from logarithms x of probabilities and probabilities t (or their logarithms):
/// y = t (ln t - x), 0 where t is 0, whatever x is. By default the mean over all elements, as in PyTorch; the divergence of
/// distributions is `reduction::batchmean`, which divides by the size of the first axis. S. Kullback, R. A. Leibler, "On
/// information and sufficiency", 1951. Throws `shape_error`.
struct kl_div_fn {
    template <element T, element U, std::size_t N, std::size_t M>
    tensor<T, 0> operator()(const tensor<T, N>& output, const tensor<U, M>& target) const {
        return detail::with_rank<0>((*this)(output, target, kl_div_options{}));
    }
    template <element T, element U, std::size_t N, std::size_t M>
    tensor<T> operator()(const tensor<T, N>& output, const tensor<U, M>& target, reduction how) const {
        return (*this)(output, target, kl_div_options{.reduction = how});
    }
    template <element T, element U, std::size_t N, std::size_t M>
    tensor<T> operator()(const tensor<T, N>& output, const tensor<U, M>& target, const kl_div_options& options) const {
        detail::check_types<T, U>();
        static_assert(N == M || N == dynamic_rank || M == dynamic_rank, "output and target must have the same rank");
        return detail::kl_div_of<T>(output, target, options);
    }
};
inline constexpr kl_div_fn kl_div{};

}  // namespace xgrad

// Defined by xgrad::compiled.
#if defined(XGRAD_INSTANCE)
namespace xgrad::inline XGRAD_ABI::detail {
#define XGRAD_INSTANCES(T) \
    XGRAD_INSTANCE tensor<T> kl_div_of(const basic_tensor<T>&, const basic_tensor<T>&, const kl_div_options&);
XGRAD_FOR_REAL_TYPES(XGRAD_INSTANCES)
#undef XGRAD_INSTANCES
}
#endif
