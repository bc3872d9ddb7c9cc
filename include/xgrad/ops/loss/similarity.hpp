// How alike vectors are, and the losses that bring them together or apart.
#pragma once

#include <xgrad/autograd/operation.hpp>
#include <xgrad/core/config.hpp>
#include <xgrad/core/error.hpp>
#include <xgrad/ops/activation.hpp>
#include <xgrad/ops/arithmetic.hpp>
#include <xgrad/ops/compare.hpp>
#include <xgrad/ops/loss/elementwise.hpp>
#include <xgrad/ops/math.hpp>
#include <xgrad/ops/reduce.hpp>

#include <cstddef>
#include <limits>
#include <type_traits>

namespace xgrad::inline XGRAD_ABI {

namespace detail {

/// sqrt x, of x >= 0, with the derivative 0 at 0.
template <real T>
tensor<T> root_of(const tensor<T>& x) {
    return tensor<T>{where(x == 0, 0, sqrt(x))};
}

/// A vector along `axis` in two factors: its largest element m, a constant (1 where that is 0), and the rest, whose squares
/// neither overflow nor vanish. What does not change with the length has the right derivatives by the rest alone.
template <real T>
struct scaled_vectors {
    tensor<T> size, rest;

    scaled_vectors(const tensor<T>& x, std::ptrdiff_t axis) {
        const auto largest = tensor<T>{max(abs(x.detach()), axis, keep_dims)};
        size = tensor<T>{where(largest > 0 && largest < std::numeric_limits<T>::infinity(), largest, 1)};
        rest = tensor<T>{x / size};
    }
    tensor<T> squares(std::ptrdiff_t axis) const { return tensor<T>{sum(square(rest), axis, keep_dims)}; }
};

/// The lengths of vectors as (size) (length of the rest), at least as long as eps.
template <real T>
tensor<T> bounded_length(const scaled_vectors<T>& x, std::ptrdiff_t axis, T eps) {
    return tensor<T>{maximum(root_of(x.squares(axis)), eps / x.size)};
}

/// y = a.b / (max(|a|, eps) max(|b|, eps)) along `axis`, of equal shapes
template <real T>
tensor<T> cosines(const basic_tensor<T>& left, const basic_tensor<T>& right, std::ptrdiff_t axis, double eps) {
    const auto a = scaled_vectors<T>{tensor<T>{left}, axis}, b = scaled_vectors<T>{tensor<T>{right}, axis};
    const auto product = tensor<T>{sum(a.rest * b.rest, axis, keep_dims)};
    const auto by = static_cast<T>(eps);
    auto sizes = shape_of(left);
    sizes.erase(static_cast<std::size_t>(axis));
    return reshape_to(tensor<T>{product / bounded_length(a, axis, by) / bounded_length(b, axis, by)}, sizes);
}

template <real T>
tensor<T> cosine_similarity_of(const basic_tensor<T>& left, const basic_tensor<T>& right, std::ptrdiff_t axis, double eps) {
    return call("cosine_similarity", {"a", "b", "axis", "eps"},
                [](const basic_tensor<T>& a, const basic_tensor<T>& b, std::ptrdiff_t along, double least) {
        const auto sizes = broadcast_shapes("cosine_similarity", shape_of(a), shape_of(b));
        const auto at = static_cast<std::ptrdiff_t>(normalize_axis("cosine_similarity", along, sizes.rank()));
        return cosines<T>(shape_of(a) == sizes ? tensor<T>{a} : broadcast_to(a, sizes),
                          shape_of(b) == sizes ? tensor<T>{b} : broadcast_to(b, sizes), at, least);
    }, left, right, axis, eps);
}

}  // namespace detail

/// The cosine of the angle between vectors along `axis`: y = a.b / (max(|a|, eps) max(|b|, eps)), as PyTorch has it. That of
/// zero vectors is 0, with finite gradients; large ones do not overflow. a and b broadcast. Throws `shape_error`.
struct cosine_similarity_fn {
    template <element T, element U, std::size_t N, std::size_t M>
    auto operator()(const tensor<T, N>& a, const tensor<U, M>& b, extent axis = 1, double eps = 1e-8) const {
        detail::check_types<T, U>();
        constexpr auto rank = broadcast_rank<N, M>;
        static_assert(rank != 0, "numbers are no vectors");
        return detail::with_rank<rank == dynamic_rank ? dynamic_rank : rank - 1>(
            detail::cosine_similarity_of<T>(a, b, axis.value, eps));
    }
};
inline constexpr cosine_similarity_fn cosine_similarity{};

struct cosine_embedding_options {
    [[no_unique_address]] detail::named_only tag{};
    double margin = 0;
    xgrad::reduction reduction = xgrad::reduction::mean;
};
void say_options(const cosine_embedding_options& options, const auto& say) {
    say("margin", options.margin);
    say("reduction", options.reduction);
}

namespace detail {

/// y = 1 - c where t = 1, max(0, c - margin) where t = -1, c = a.b / sqrt((|a|^2 + eps) (|b|^2 + eps)), eps = 1e-12
template <real T>
tensor<T> cosine_embedding_value(const basic_tensor<T>& left, const basic_tensor<T>& right, const basic_tensor<T>& target,
                                 const cosine_embedding_options& options) {
    constexpr auto name = "cosine_embedding_loss";
    check_same_shape(name, left, right);
    auto sizes = shape_of(left);
    if (sizes.rank() != 1 && sizes.rank() != 2) fail<rank_error>(name, "vectors are ", sizes, "; they must be (rows, features) or (features)");
    sizes.erase(sizes.rank() - 1);
    if (shape_of(target) != sizes)
        fail<shape_error>(name, "vectors are ", shape_of(left), ", the target ", shape_of(target), "; there must be one for each row");
    const auto a = scaled_vectors<T>{tensor<T>{left}, -1}, b = scaled_vectors<T>{tensor<T>{right}, -1};
    const auto length = [](const scaled_vectors<T>& x) {
        return tensor<T>{sqrt(x.squares(-1) + T(1e-12) / x.size / x.size)};
    };
    const auto c = reshape_to(tensor<T>{sum(a.rest * b.rest, -1, keep_dims) / length(a) / length(b)}, sizes);
    const auto formula = [margin = static_cast<T>(options.margin)](const auto& cosine, const auto& t) {
        return where(t == 1, 1 - cosine, 0 * t) + where(t == -1, relu(cosine - margin), 0 * t);
    };
    return reduce_recorded(name, map_losses<T>(formula, c, target), options.reduction);
}

template <real T>
tensor<T> cosine_embedding_of(const basic_tensor<T>& left, const basic_tensor<T>& right, const basic_tensor<T>& target,
                              const cosine_embedding_options& options) {
    return call("cosine_embedding_loss", {"a", "b", "target", "options"},
                [](const basic_tensor<T>& a, const basic_tensor<T>& b, const basic_tensor<T>& t, const cosine_embedding_options& given) {
        return cosine_embedding_value<T>(a, b, t, given);
    }, left, right, target, options);
}

}  // namespace detail

/// With the cosine c of each pair of rows: y = 1 - c where t = 1, max(0, c - margin) where t = -1        a, b: (rows, features)
/// or (features)  t: (rows) or (), real numbers or integers. Zero vectors and large ones as in `cosine_similarity`.
/// Throws `rank_error` and `shape_error`.
struct cosine_embedding_loss_fn {
    template <element T, std::size_t N, std::size_t M, element U, std::size_t K>
    tensor<T, 0> operator()(const tensor<T, N>& a, const tensor<T, M>& b, const tensor<U, K>& target) const {
        return detail::with_rank<0>((*this)(a, b, target, cosine_embedding_options{}));
    }
    template <element T, std::size_t N, std::size_t M, element U, std::size_t K>
    tensor<T> operator()(const tensor<T, N>& a, const tensor<T, M>& b, const tensor<U, K>& target, reduction how) const {
        return (*this)(a, b, target, cosine_embedding_options{.reduction = how});
    }
    template <element T, std::size_t N, std::size_t M, element U, std::size_t K>
    tensor<T> operator()(const tensor<T, N>& a, const tensor<T, M>& b, const tensor<U, K>& target,
                         const cosine_embedding_options& options) const {
        detail::check_types<T>();
        return detail::cosine_embedding_of<T>(a, b, astype<T>(target), options);
    }
};
inline constexpr cosine_embedding_loss_fn cosine_embedding_loss{};

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
    const auto e = tensor<T>{tensor<T>{a} - tensor<T>{b} + static_cast<T>(eps)};
    if (p == 2) return root_of(tensor<T>{sum(square(e), -1)});
    if (p == 1) return tensor<T>{sum(abs(e), -1)};
    if (p == std::numeric_limits<double>::infinity()) return tensor<T>{max(abs(e), -1)};
    const auto power = tensor<T>{sum(pow(abs(e), static_cast<T>(p)), -1)};
    return tensor<T>{where(power == 0, 0, pow(power, static_cast<T>(1 / p)))};
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
    XGRAD_INSTANCE tensor<T> cosine_similarity_of(const basic_tensor<T>&, const basic_tensor<T>&, std::ptrdiff_t, double); \
    XGRAD_INSTANCE tensor<T> cosine_embedding_of(const basic_tensor<T>&, const basic_tensor<T>&, const basic_tensor<T>&, \
                                                 const cosine_embedding_options&); \
    XGRAD_INSTANCE tensor<T> triplet_margin_of(const basic_tensor<T>&, const basic_tensor<T>&, const basic_tensor<T>&, \
                                               const triplet_margin_options&);
XGRAD_FOR_REAL_TYPES(XGRAD_INSTANCES)
#undef XGRAD_INSTANCES
}
#endif
