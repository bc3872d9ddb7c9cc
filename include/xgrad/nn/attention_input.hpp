// What attention is given besides queries, keys and values: masks, and keys and values from before.
#pragma once

#include <xgrad/autograd/tensor.hpp>
#include <xgrad/core/config.hpp>
#include <xgrad/core/dtype.hpp>
#include <xgrad/core/error.hpp>
#include <xgrad/core/shape.hpp>
#include <xgrad/ops/join.hpp>
#include <xgrad/ops/logic.hpp>
#include <xgrad/ops/shape.hpp>

#include <cstddef>
#include <vector>

namespace xgrad::inline XGRAD_ABI::nn {

/// Keys and values of the steps so far, so that each new one costs one step alone. For inference: a `no_grad` belongs around it.
///
///     auto cache = nn::kv_cache<>{};
///     for (...) y = attention(next, {.causal = true, .cache = &cache});        next: (b, 1, width)
template <real T = float>
struct kv_cache {
    tensor<T, 4> keys, values;   ///< (b, heads, length, width / heads)

    std::size_t length() const { return keys.defined() ? keys.shape(2) : 0; }

    /// Puts k and v behind what there is, and gives back all. Throws `autograd_error` in a function that is captured.
    void append(tensor<T, 4>& k, tensor<T, 4>& v) {
        if (per_process::between_operations)
            fail<autograd_error>("nn::kv_cache", "the function is captured, and a program keeps nothing from one call to the next; capture it "
                                                 "without a cache");
        if (keys.defined()) {
            if (keys.shape(0) != k.shape(0) || keys.shape(1) != k.shape(1) || keys.shape(3) != k.shape(3))
                fail<shape_error>("nn::kv_cache", "there are keys ", shape(keys.shape()), ", the new ones are ", shape(k.shape()),
                                  "; they differ in length alone: each run through sequences has a cache of its own");
            k = concat({keys, k}, 2);
            v = concat({values, v}, 2);
        }
        keys = k;
        values = v;
    }
};

namespace detail {

/// One cache for each layer of a stack; an empty list is made as long as that.
template <real T>
void check_caches(const char* stack, std::vector<kv_cache<T>>& caches, std::size_t layers) {
    if (caches.empty()) caches.resize(layers);
    if (caches.size() != layers) fail<value_error>(stack, "there are ", caches.size(), " caches for ", layers, " layers");
}

/// A mask for single sequences, (b, l, s), as one for all heads, (b, 1, l, s). (l, s) and (b, heads, l, s) stay.
template <element T>
tensor<T> over_heads(const tensor<T>& mask) {
    return mask.defined() && mask.rank() == 3 ? tensor<T>{expand_dims(mask, 1)} : mask;
}

}  // namespace detail

template <real T>
struct attention_input {
    tensor<bool> keep{};            ///< (l, s), (b, l, s) or (b, heads, l, s): true where a query may see a key
    tensor<bool> keep_keys{};       ///< (b, s): true where there is a key, and no padding
    tensor<T> bias{};               ///< added to the scores, of the shapes that `keep` may have
    bool causal = false;            ///< query i sees the keys up to i + s - l: the last sees all
    kv_cache<T>* cache = nullptr;   ///< keys and values from before, to which the new ones are added; s counts both

    /// Both masks in one.
    tensor<bool> seen() const {
        if (!keep_keys.defined()) return detail::over_heads(keep);
        if (keep_keys.rank() != 2)
            fail<rank_error>("nn::multihead_attention", "keep_keys is ", shape(keep_keys.shape()), "; it must be (batch, keys)");
        const auto keys = tensor<bool>{reshape(keep_keys, {keep_keys.shape(0), 1, 1, keep_keys.shape(1)})};
        return keep.defined() ? tensor<bool>{logical_and(detail::over_heads(keep), keys)} : keys;
    }
};

}  // namespace xgrad::nn
