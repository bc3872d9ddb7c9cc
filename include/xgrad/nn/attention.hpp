// Attention by several heads.
#pragma once

#include <xgrad/autograd/tensor.hpp>
#include <xgrad/core/config.hpp>
#include <xgrad/core/dtype.hpp>
#include <xgrad/core/error.hpp>
#include <xgrad/core/shape.hpp>
#include <xgrad/nn/attention_input.hpp>
#include <xgrad/nn/init.hpp>
#include <xgrad/nn/linear.hpp>
#include <xgrad/nn/make_parameter.hpp>
#include <xgrad/nn/walk.hpp>
#include <xgrad/ops/attention.hpp>
#include <xgrad/ops/linalg.hpp>
#include <xgrad/ops/narrow.hpp>
#include <xgrad/ops/rotary.hpp>
#include <xgrad/ops/shape.hpp>
#include <xgrad/ops/split.hpp>

#include <cstddef>
#include <optional>
#include <string_view>

namespace xgrad::inline XGRAD_ABI::nn {

struct multihead_attention_options {
    double dropout = 0;                       ///< the probability that a weight is left out in training
    bool bias = true;                         ///< false: `in_proj_bias` and `out_proj.bias` have no value
    extent kdim = 0, vdim = 0;                ///< features of keys and values, if others than those of queries
    std::optional<rotary_options> rotary{};   ///< turns queries and keys by their positions
};

/// y = concat(head_1, ..., head_h) W_o + b_o,  head_i = softmax(q_i k_i^T / sqrt(width / h)) v_i
/// with q, k, v = query W_q + b_q, key W_k + b_k, value W_v + b_v, of which head i has the i-th part
///     query: (b, l, width)  key: (b, s, kdim)  value: (b, s, vdim)  y: (b, l, width)
///     in_proj_weight: (width, 3 width), W_q, W_k and W_v side by side  in_proj_bias: (3 width)  out_proj: linear(width, width)
/// Where kdim or vdim differ from the width, there are q_proj_weight, k_proj_weight and v_proj_weight instead.
///
/// A query that sees no key gives out_proj.bias. At first W_q, W_k, W_v are xavier_uniform, together where they stand together,
/// out_proj.weight as `linear` has it, and the biases 0, as in PyTorch. Throws `value_error` when `heads` does not divide the
/// width; called, what `scaled_dot_product_attention` throws. A. Vaswani et al., "Attention is all you need", 2017.
template <real T = float>
class multihead_attention {
public:
    tensor<T, 2> in_proj_weight, q_proj_weight, k_proj_weight, v_proj_weight;
    tensor<T, 1> in_proj_bias;
    linear<T> out_proj;
    bool training = true;

    XGRAD_MEMBERS(in_proj_weight, q_proj_weight, k_proj_weight, v_proj_weight, in_proj_bias, out_proj)

    multihead_attention(extent width, extent heads, multihead_attention_options by = {})
        : out_proj{width, width, {.bias = by.bias, .bias_init = 0}}, m_heads{detail::at_least_one("nn::multihead_attention", "heads", heads)},
          m_width{static_cast<std::size_t>(width.value)}, m_dropout{by.dropout}, m_rotary{by.rotary} {
        if (m_width % m_heads != 0) fail<value_error>("nn::multihead_attention", m_heads, " heads do not divide a width of ", m_width);
        const auto matrix = [&](std::size_t in, std::size_t out) {
            return detail::make_parameter<2, T>({in, out}, [](auto& w) { init::xavier_uniform(w); });
        };
        const auto features = [&](extent own) { return own == 0 ? m_width : detail::at_least_one("nn::multihead_attention", "kdim or vdim", own); };
        if (features(by.kdim) == m_width && features(by.vdim) == m_width) in_proj_weight = matrix(m_width, 3 * m_width);
        else {
            q_proj_weight = matrix(m_width, m_width);
            k_proj_weight = matrix(features(by.kdim), m_width);
            v_proj_weight = matrix(features(by.vdim), m_width);
        }
        if (by.bias) in_proj_bias = detail::constant_parameter<1, T>({3 * m_width}, 0);
    }

    /// Of x to itself.
    tensor<T, 3> operator()(const tensor<T, 3>& x, const attention_input<T>& with = {}) const {
        if (!in_proj_weight.defined()) return (*this)(x, x, x, with);
        const auto all = chunk(detail::affine(x, in_proj_weight, in_proj_bias), 3, 2);
        return attend(all[0], all[1], all[2], with);
    }
    tensor<T, 3> operator()(const tensor<T, 3>& query, const tensor<T, 3>& key, const tensor<T, 3>& value,
                            const attention_input<T>& with = {}) const {
        return attend(project(query, 0, q_proj_weight), project(key, 1, k_proj_weight), project(value, 2, v_proj_weight), with);
    }

    static bool is_transposed(std::string_view name) { return name.ends_with("_proj_weight"); }

private:
    tensor<T, 3> project(const tensor<T, 3>& x, std::size_t part, const tensor<T, 2>& own) const {
        const auto from = part * m_width;
        const auto weight = own.defined() ? own : narrow(in_proj_weight, from, m_width, 1);
        return detail::affine(x, weight, in_proj_bias.defined() ? narrow(in_proj_bias, from, m_width) : in_proj_bias);
    }

    /// (b, length, width) as (b, heads, length, width / heads)
    tensor<T, 4> by_heads(const tensor<T, 3>& x) const {
        return permute(reshape(x, {x.shape(0), x.shape(1), m_heads, m_width / m_heads}), {0, 2, 1, 3});
    }
    tensor<T, 4> turned(const tensor<T, 4>& x, std::size_t first) const {
        if (!m_rotary) return x;
        auto by = *m_rotary;
        by.first += static_cast<std::ptrdiff_t>(first);
        return rotary_embedding(x, by);
    }

    tensor<T, 3> attend(const tensor<T, 3>& q, const tensor<T, 3>& k, const tensor<T, 3>& v, const attention_input<T>& with) const {
        const auto before = with.cache != nullptr ? with.cache->length() : 0;
        auto keys = turned(by_heads(k), before), values = by_heads(v);
        if (with.cache != nullptr) with.cache->append(keys, values);
        const auto y = scaled_dot_product_attention(
            turned(by_heads(q), before), keys, values,
            {.keep = with.seen(), .bias = detail::over_heads(with.bias), .causal = with.causal, .dropout = training ? m_dropout : 0});
        return out_proj(reshape(permute(y, {0, 2, 1, 3}), {q.shape(0), q.shape(1), m_width}));
    }

    std::size_t m_heads, m_width;
    double m_dropout;
    std::optional<rotary_options> m_rotary;
};

}  // namespace xgrad::nn
