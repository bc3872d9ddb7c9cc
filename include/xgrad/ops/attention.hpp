// Attention.
#pragma once

#include <xgrad/autograd/operation.hpp>
#include <xgrad/core/cmath.hpp>
#include <xgrad/core/config.hpp>
#include <xgrad/core/error.hpp>
#include <xgrad/ops/attention_rule.hpp>

#include <cstddef>
#include <optional>
#include <type_traits>

namespace xgrad::inline XGRAD_ABI {

template <element T>
struct attention_options {
    tensor<bool> keep{};             ///< true where a query may see a key; broadcasts to (..., queries, keys)
    tensor<T> bias{};                ///< added to the scores; broadcasts likewise, and gets a gradient
    bool causal = false;             ///< query i sees the keys up to i + keys - queries: the last sees all
    std::optional<double> scale{};   ///< of the products; 1 / sqrt(width) by default
    double dropout = 0;              ///< the probability that a weight is left out; 0 outside training
};

namespace detail {

template <real T>
void check_attention(const basic_tensor<T>& q, const basic_tensor<T>& k, const basic_tensor<T>& v, double dropout) {
    constexpr auto name = "scaled_dot_product_attention";
    const auto &queries = shape_of(q), &keys = shape_of(k), &values = shape_of(v);
    const auto rank = queries.rank();
    if (rank < 2 || keys.rank() != rank || values.rank() != rank)
        fail<rank_error>(name, "q is ", queries, ", k is ", keys, ", v is ", values,
                         "; they must be (..., queries, width), (..., keys, width), (..., keys, any), of equal rank");
    if (queries.back() != keys.back() || keys[rank - 2] != values[rank - 2])
        fail<shape_error>(name, "q is ", queries, ", k is ", keys, ", v is ", values,
                          "; q and k must have one width, k and v as many keys");
    for (auto axis = std::size_t{0}; axis + 2 < rank; ++axis) {
        const auto heads = axis + 3 == rank;
        const auto fits = queries[axis] == keys[axis] || (heads && keys[axis] != 0 && queries[axis] % keys[axis] == 0);
        if (!fits || keys[axis] != values[axis])
            fail<shape_error>(name, "q is ", queries, ", k is ", keys, ", v is ", values,
                              "; the axes in front must be equal, but for fewer heads of keys, which divide those of queries");
    }
    if (!(dropout >= 0 && dropout <= 1)) fail<value_error>(name, "dropout is ", dropout, "; it must be between 0 and 1");
}

template <real T>
tensor<T> attention_value(const basic_tensor<T>& q, const basic_tensor<T>& k, const basic_tensor<T>& v, const basic_tensor<bool>& keep,
                          const basic_tensor<T>& bias, const attention_attributes& by) {
    check_attention(q, k, v, by.dropout);
    const auto plan = attention_plan{shape_of(q), shape_of(k), shape_of(v), by};
    plan.check_mask("keep", keep);
    plan.check_mask("bias", bias);
    return attend(q, k, v, keep, bias, plan);
}
template <real T>
tensor<T> attention_of(const basic_tensor<T>& q, const basic_tensor<T>& k, const basic_tensor<T>& v, const basic_tensor<bool>& keep,
                       const basic_tensor<T>& bias, const attention_attributes& by) {
    return call("scaled_dot_product_attention", {"q", "k", "v", "keep", "bias", "options"},
                [](const basic_tensor<T>& a, const basic_tensor<T>& b, const basic_tensor<T>& c, const basic_tensor<bool>& mask,
                   const basic_tensor<T>& added, const attention_attributes& how) { return attention_value(a, b, c, mask, added, how); },
                q, k, v, keep, bias, by);
}

}  // namespace detail

/// y = softmax(q k^T scale + bias) v        q: (..., heads, l, d)  k: (..., heads, s, d)  v: (..., heads, s, e)  y: (..., heads, l, e)
///
/// The matrix of scores, (l, s), is never held, forward or backward: a query keeps the maximum and the sum of its row, from
/// which the gradient computes the scores again. (A derivative of the derivative holds it.) k and v may have fewer heads than q, a
/// divisor: each serves a group of q's. A query that sees no key gives 0, and gets the gradient 0.
/// Keeps q, k, v, mask, bias and y. Throws `rank_error`, `shape_error`, and `value_error` for a dropout that is no probability.
/// A. Vaswani et al., "Attention is all you need", 2017; T. Dao, "FlashAttention-2", 2023.
struct scaled_dot_product_attention_fn {
    template <element T, element U, element V, std::size_t N, std::size_t M, std::size_t K>
    tensor<T, N> operator()(const tensor<T, N>& q, const tensor<U, M>& k, const tensor<V, K>& v,
                            const std::type_identity_t<attention_options<T>>& options = {}) const {
        detail::check_types<T, U, V>();
        static_assert((N == M || N == dynamic_rank || M == dynamic_rank) && (N == K || N == dynamic_rank || K == dynamic_rank),
                      "q, k and v have the same rank");
        static_assert(N == dynamic_rank || N >= 2, "q is (..., queries, width)");
        const auto width = static_cast<double>(q.rank() == 0 ? 1 : detail::shape_of(q).back());
        const auto by = detail::attention_attributes{options.causal, options.scale.value_or(1 / std::sqrt(width)), options.dropout};
        return detail::with_rank<N>(detail::attention_of<T>(q, k, v, options.keep, options.bias, by));
    }
};
inline constexpr scaled_dot_product_attention_fn scaled_dot_product_attention{};

}  // namespace xgrad

// Defined by xgrad::compiled.
#if defined(XGRAD_INSTANCE)
namespace xgrad::inline XGRAD_ABI::detail {
#define XGRAD_INSTANCES(T) \
    XGRAD_INSTANCE tensor<T> attention_of(const basic_tensor<T>&, const basic_tensor<T>&, const basic_tensor<T>&, \
                                          const basic_tensor<bool>&, const basic_tensor<T>&, const attention_attributes&);
XGRAD_FOR_REAL_TYPES(XGRAD_INSTANCES)
#undef XGRAD_INSTANCES
}
#endif
