// The loss that turns vectors together or apart.
#pragma once

#include <xgrad/autograd/operation.hpp>
#include <xgrad/core/config.hpp>
#include <xgrad/core/error.hpp>
#include <xgrad/ops/activation.hpp>
#include <xgrad/ops/arithmetic.hpp>
#include <xgrad/ops/compare.hpp>
#include <xgrad/ops/loss/cosine_similarity.hpp>
#include <xgrad/ops/loss/elementwise.hpp>
#include <xgrad/ops/math.hpp>
#include <xgrad/ops/reduce.hpp>

#include <cstddef>
#include <type_traits>

namespace xgrad::inline XGRAD_ABI {

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

template <real T, element U>
tensor<T> cosine_embedding_of(const basic_tensor<T>& left, const basic_tensor<T>& right, const basic_tensor<U>& target,
                              const cosine_embedding_options& options) {
    return call("cosine_embedding_loss", {"a", "b", "target", "options"},
                [](const basic_tensor<T>& a, const basic_tensor<T>& b, const basic_tensor<U>& t, const cosine_embedding_options& given) {
        if constexpr (std::is_same_v<T, U>) return cosine_embedding_value<T>(a, b, t, given);
        else return cosine_embedding_value<T>(a, b, convert<T>(t), given);
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
        return detail::cosine_embedding_of<T, U>(a, b, target, options);
    }
};
inline constexpr cosine_embedding_loss_fn cosine_embedding_loss{};

}  // namespace xgrad

// Defined by xgrad::compiled.
#if defined(XGRAD_INSTANCE)
namespace xgrad::inline XGRAD_ABI::detail {
#define XGRAD_INSTANCES(T) \
    XGRAD_INSTANCE tensor<T> cosine_embedding_of(const basic_tensor<T>&, const basic_tensor<T>&, const basic_tensor<T>&, \
                                                 const cosine_embedding_options&);
XGRAD_FOR_REAL_TYPES(XGRAD_INSTANCES)
#undef XGRAD_INSTANCES
}
#endif
