// Decoders of the transformer.
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
#include <xgrad/nn/transformer_encoder.hpp>
#include <xgrad/nn/walk.hpp>
#include <xgrad/ops/activation.hpp>
#include <xgrad/ops/arithmetic.hpp>

#include <cstddef>
#include <optional>
#include <vector>

namespace xgrad::inline XGRAD_ABI::nn {

/// x = norm1(x + attention(x)),  x = norm2(x + attention(x, memory, memory)),  y = norm3(x + f(x W1 + b1) W2 + b2)
///     x, y: (b, length, width)  memory: (b, any length, width), what an encoder gave
///
///     const auto y = layer(x, memory, {.causal = true}, {.keep_keys = mask_of_the_memory});
///
/// With `norm_first` each part has its norm in front. f = relu, or another. Otherwise as `transformer_encoder_layer`.
template <real T = float, class Activation = relu_fn>
struct transformer_decoder_layer {
    multihead_attention<T> self_attn, multihead_attn;
    linear<T> linear1, linear2;
    layer_norm<T> norm1, norm2, norm3;
    nn::dropout dropout, dropout1, dropout2, dropout3;
    bool norm_first;

    XGRAD_MEMBERS(self_attn, multihead_attn, linear1, dropout, linear2, norm1, norm2, norm3, dropout1, dropout2, dropout3)

    transformer_decoder_layer(extent width, extent heads, const transformer_options& by = {})
        : self_attn{width, heads, {.dropout = by.dropout, .bias = by.bias, .rotary = by.rotary}},
          multihead_attn{width, heads, {.dropout = by.dropout, .bias = by.bias}}, linear1{width, by.feedforward, {.bias = by.bias}},
          linear2{by.feedforward, width, {.bias = by.bias}}, norm1{width, {.eps = by.eps, .bias = by.bias}},
          norm2{width, {.eps = by.eps, .bias = by.bias}}, norm3{width, {.eps = by.eps, .bias = by.bias}}, dropout{by.dropout},
          dropout1{by.dropout}, dropout2{by.dropout}, dropout3{by.dropout}, norm_first{by.norm_first} {}

    /// `with` is for x's attention to itself, `beside` for that to the memory.
    tensor<T, 3> operator()(const tensor<T, 3>& x, const tensor<T, 3>& memory, const attention_input<T>& with = {},
                            const attention_input<T>& beside = {}) const {
        if (beside.cache != nullptr)
            fail<value_error>("nn::transformer_decoder_layer", "a cache is of x's attention to itself; the memory is whole at each step");
        auto h = detail::add_and_norm(x, norm1, norm_first, [&](const auto& v) { return dropout1(self_attn(v, with)); });
        h = detail::add_and_norm(h, norm2, norm_first, [&](const auto& v) { return dropout2(multihead_attn(v, memory, memory, beside)); });
        return detail::add_and_norm(h, norm3, norm_first, [&](const auto& v) { return dropout3(linear2(dropout(linear1(v, Activation{})))); });
    }
};

/// So many of these layers, one after the other, and a norm behind them with `final_norm`. Masks are for each of them; of
/// caches, each has its own:
///
///     auto caches = std::vector<nn::kv_cache<>>{};
///     for (...) y = decoder(next, memory, caches);        next: (b, 1, width)
template <real T = float, class Activation = relu_fn>
struct transformer_decoder {
    std::vector<transformer_decoder_layer<T, Activation>> layers;
    std::optional<layer_norm<T>> norm;

    XGRAD_MEMBERS(layers, norm)

    transformer_decoder(extent number, extent width, extent heads, const transformer_options& by = {}) {
        const auto count = detail::at_least_one("nn::transformer_decoder", "the number of layers", number);
        for (auto i = std::size_t{0}; i < count; ++i) layers.emplace_back(width, heads, by);
        if (by.final_norm) norm.emplace(width, layer_norm_options{.eps = by.eps, .bias = by.bias});
    }

    tensor<T, 3> operator()(tensor<T, 3> x, const tensor<T, 3>& memory, const attention_input<T>& with = {},
                            const attention_input<T>& beside = {}) const {
        if (with.cache != nullptr)
            fail<value_error>("nn::transformer_decoder", "each layer needs a cache of its own: decoder(x, memory, caches, masks)");
        for (const auto& layer : layers) x = layer(x, memory, with, beside);
        return norm ? (*norm)(x) : x;
    }
    /// With keys and values of x from before; an empty list is made as long as there are layers. The memory is the same each time.
    tensor<T, 3> operator()(tensor<T, 3> x, const tensor<T, 3>& memory, std::vector<kv_cache<T>>& caches,
                            attention_input<T> with = {.causal = true}, const attention_input<T>& beside = {}) const {
        detail::check_caches("nn::transformer_decoder", caches, layers.size());
        for (auto i = std::size_t{0}; i < layers.size(); ++i) {
            with.cache = &caches[i];
            x = layers[i](x, memory, with, beside);
        }
        return norm ? (*norm)(x) : x;
    }
};

}  // namespace xgrad::nn
