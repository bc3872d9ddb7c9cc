// The loss that brings a vector nearer to its like than to others.
#pragma once

#include <xgrad/autograd/operation.hpp>
#include <xgrad/core/config.hpp>
#include <xgrad/core/error.hpp>
#include <xgrad/ops/activation.hpp>
#include <xgrad/ops/arithmetic.hpp>
#include <xgrad/ops/loss/elementwise.hpp>
#include <xgrad/ops/norm.hpp>

#include <cstddef>

namespace xgrad::inline XGRAD_ABI {

struct triplet_margin_options {
    [[no_unique_address]] detail::named_only tag{};
    double margin = 1;
    double p = 2;        ///< of the norm
    double eps = 1e-6;   ///< added to each difference
    bool swap = false;   ///< take the distance of positive and negative where it is the smaller one
    xgrad::reduction reduction = xgrad::reduction::mean;
};
void say_options(const triplet_margin_options& options, const auto& say) {
    say("margin", options.margin);
    say("p", options.p);
    say("eps", options.eps);
    say("swap", options.swap);
    say("reduction", options.reduction);
}

namespace detail {

/// (sum |a - b + eps|^p)^(1/p) along the last axis, with the derivative 0 where it is 0.
template <real T>
tensor<T> distances(const basic_tensor<T>& a, const basic_tensor<T>& b, double p, double eps) {
    return tensor<T>{norm(tensor<T>{a} - tensor<T>{b} + static_cast<T>(eps), -1, {.p = p})};
}

template <real T>
tensor<T> triplet_margin_value(const basic_tensor<T>& anchor, const basic_tensor<T>& positive, const basic_tensor<T>& opposite,
                               const triplet_margin_options& options) {
    constexpr auto name = "triplet_margin_loss";
    if (shape_of(anchor) != shape_of(positive) || shape_of(anchor) != shape_of(opposite) || anchor.rank() == 0)
        fail<shape_error>(name, "the anchors are ", shape_of(anchor), ", the positives ", shape_of(positive), ", the negatives ",
                          shape_of(opposite), "; all must be (..., features), and equal");
    if (!(options.p >= 1)) fail<value_error>(name, "p must be at least 1, got ", options.p);
    const auto own = distances<T>(anchor, positive, options.p, options.eps);
    auto other = distances<T>(anchor, opposite, options.p, options.eps);
    if (options.swap) other = tensor<T>{minimum(other, distances<T>(positive, opposite, options.p, options.eps))};
    return reduce_recorded(name, tensor<T>{relu(own - other + static_cast<T>(options.margin))}, options.reduction);
}

template <real T>
tensor<T> triplet_margin_of(const basic_tensor<T>& anchor, const basic_tensor<T>& positive, const basic_tensor<T>& opposite,
                            const triplet_margin_options& options) {
    return call("triplet_margin_loss", {"anchor", "positive", "negative", "options"},
                [](const basic_tensor<T>& a, const basic_tensor<T>& p, const basic_tensor<T>& n, const triplet_margin_options& given) {
        return triplet_margin_value<T>(a, p, n, given);
    }, anchor, positive, opposite, options);
}

}  // namespace detail

/// y = max(0, |anchor - positive| - |anchor - negative| + margin), of vectors along the last axis. At equal points the gradient
/// is finite. V. Balntas, E. Riba, D. Ponsa, K. Mikolajczyk, "Learning local feature descriptors with triplets and shallow
/// convolutional neural networks", BMVC 2016. Throws `shape_error`, and `value_error` for a p below 1.
struct triplet_margin_loss_fn {
    template <element T, std::size_t N, std::size_t M, std::size_t K>
    tensor<T, 0> operator()(const tensor<T, N>& anchor, const tensor<T, M>& positive, const tensor<T, K>& opposite) const {
        return detail::with_rank<0>((*this)(anchor, positive, opposite, triplet_margin_options{}));
    }
    template <element T, std::size_t N, std::size_t M, std::size_t K>
    tensor<T> operator()(const tensor<T, N>& anchor, const tensor<T, M>& positive, const tensor<T, K>& opposite, reduction how) const {
        return (*this)(anchor, positive, opposite, triplet_margin_options{.reduction = how});
    }
    template <element T, std::size_t N, std::size_t M, std::size_t K>
    tensor<T> operator()(const tensor<T, N>& anchor, const tensor<T, M>& positive, const tensor<T, K>& opposite,
                         const triplet_margin_options& options) const {
        detail::check_types<T>();
        return detail::triplet_margin_of<T>(anchor, positive, opposite, options);
    }
};
inline constexpr triplet_margin_loss_fn triplet_margin_loss{};

}  // namespace xgrad

// Defined by xgrad::compiled.
#if defined(XGRAD_INSTANCE)
namespace xgrad::inline XGRAD_ABI::detail {
#define XGRAD_INSTANCES(T) \
    XGRAD_INSTANCE tensor<T> triplet_margin_of(const basic_tensor<T>&, const basic_tensor<T>&, const basic_tensor<T>&, \
                                               const triplet_margin_options&);
XGRAD_FOR_REAL_TYPES(XGRAD_INSTANCES)
#undef XGRAD_INSTANCES
}
#endif
