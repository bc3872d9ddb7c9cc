// Encoders of the transformer.
#pragma once

#include <xgrad/autograd/tensor.hpp>
#include <xgrad/core/config.hpp>
#include <xgrad/core/dtype.hpp>
#include <xgrad/core/error.hpp>
#include <xgrad/core/shape.hpp>
#include <xgrad/nn/attention.hpp>
#include <xgrad/nn/attention_input.hpp>
#include <xgrad/nn/dropout.hpp>
#include <xgrad/nn/linear.hpp>
#include <xgrad/nn/make_parameter.hpp>
#include <xgrad/nn/normalize.hpp>
#include <xgrad/nn/walk.hpp>
#include <xgrad/ops/activation.hpp>
#include <xgrad/ops/arithmetic.hpp>

#include <cstddef>
#include <optional>
#include <vector>

namespace xgrad::inline XGRAD_ABI::nn {

struct transformer_options {
    extent feedforward = 2048;                ///< features between the two linear layers
    double dropout = 0.1;                     ///< of attention's weights, and of what each part adds
    double eps = 1e-5;                        ///< of the norms
    bool norm_first = false;                  ///< each part has its norm in front, instead of behind the sum
    bool bias = true;
    bool final_norm = false;                  ///< of a stack of layers: a norm behind the last
    std::optional<rotary_options> rotary{};   ///< of attention to the sequence itself
};

namespace detail {

/// x + part(norm(x)), or norm(x + part(x)).
template <real T, class Part>
tensor<T, 3> add_and_norm(const tensor<T, 3>& x, const layer_norm<T>& norm, bool norm_first, const Part& part) {
    if (norm_first) return x + part(norm(x));
    return norm(tensor<T, 3>{x + part(x)});
}

}  // namespace detail

/// x = norm1(x + attention(x)),  y = norm2(x + f(x W1 + b1) W2 + b2)        x, y: (b, length, width)
/// f = relu, or another: `nn::transformer_encoder_layer<float, xg::gelu_fn>`. With `norm_first`, x = x + attention(norm1(x)),
/// y = x + f(norm2(x) W1 + b1) W2 + b2. At first as the layers are that it is made of. Throws as they do.
/// A. Vaswani et al., "Attention is all you need", 2017; R. Xiong et al., "On layer normalization in the transformer architecture", 2020.
template <real T = float, class Activation = relu_fn>
struct transformer_encoder_layer {
    multihead_attention<T> self_attn;
    linear<T> linear1, linear2;
    layer_norm<T> norm1, norm2;
    nn::dropout dropout, dropout1, dropout2;
    bool norm_first;

    XGRAD_MEMBERS(self_attn, linear1, dropout, linear2, norm1, norm2, dropout1, dropout2)

    transformer_encoder_layer(extent width, extent heads, const transformer_options& by = {})
        : self_attn{width, heads, {.dropout = by.dropout, .bias = by.bias, .rotary = by.rotary}},
          linear1{width, by.feedforward, {.bias = by.bias}}, linear2{by.feedforward, width, {.bias = by.bias}},
          norm1{width, {.eps = by.eps, .bias = by.bias}}, norm2{width, {.eps = by.eps, .bias = by.bias}}, dropout{by.dropout},
          dropout1{by.dropout}, dropout2{by.dropout}, norm_first{by.norm_first} {}

    tensor<T, 3> operator()(const tensor<T, 3>& x, const attention_input<T>& with = {}) const {
        const auto h = detail::add_and_norm(x, norm1, norm_first, [&](const auto& v) { return dropout1(self_attn(v, with)); });
        return detail::add_and_norm(h, norm2, norm_first, [&](const auto& v) { return dropout2(linear2(dropout(linear1(v, Activation{})))); });
    }
};

/// So many of these layers, one after the other, and a norm behind them with `final_norm`. Masks are for each of them; of
/// caches, each has its own. Parameters are named "layers.0.self_attn.in_proj_weight", "norm.weight".
template <real T = float, class Activation = relu_fn>
struct transformer_encoder {
    std::vector<transformer_encoder_layer<T, Activation>> layers;
    std::optional<layer_norm<T>> norm;

    XGRAD_MEMBERS(layers, norm)

    transformer_encoder(extent number, extent width, extent heads, const transformer_options& by = {}) {
        const auto count = detail::at_least_one("nn::transformer_encoder", "the number of layers", number);
        for (auto i = std::size_t{0}; i < count; ++i) layers.emplace_back(width, heads, by);
        if (by.final_norm) norm.emplace(width, layer_norm_options{.eps = by.eps, .bias = by.bias});
    }

    tensor<T, 3> operator()(tensor<T, 3> x, const attention_input<T>& with = {}) const {
        if (with.cache != nullptr)
            fail<value_error>("nn::transformer_encoder", "each layer needs a cache of its own: encoder(x, caches, masks)");
        for (const auto& layer : layers) x = layer(x, with);
        return norm ? (*norm)(x) : x;
    }
    /// With keys and values from before; an empty list is made as long as there are layers.
    tensor<T, 3> operator()(tensor<T, 3> x, std::vector<kv_cache<T>>& caches, attention_input<T> with = {.causal = true}) const {
        detail::check_caches("nn::transformer_encoder", caches, layers.size());
        for (auto i = std::size_t{0}; i < layers.size(); ++i) {
            with.cache = &caches[i];
            x = layers[i](x, with);
        }
        return norm ? (*norm)(x) : x;
    }
};

}  // namespace xgrad::nn
