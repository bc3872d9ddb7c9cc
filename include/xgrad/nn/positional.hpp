// Positions in a sequence, as layers; nothing in them learns.
#pragma once

#include <xgrad/autograd/tensor.hpp>
#include <xgrad/core/config.hpp>
#include <xgrad/core/dtype.hpp>
#include <xgrad/core/shape.hpp>
#include <xgrad/nn/members.hpp>
#include <xgrad/ops/arithmetic.hpp>
#include <xgrad/ops/narrow.hpp>
#include <xgrad/ops/rotary.hpp>
#include <xgrad/ops/split.hpp>

#include <cstddef>

namespace xgrad::inline XGRAD_ABI::nn {

/// y = x + s, s[p, 2 i] = sin(p / base^(2 i / width)), s[p, 2 i + 1] = cos of it        x, y: (..., length, width)
/// `first` is the position of the first element: how many came before, where there is a cache. Throws `shape_error` for an odd
/// width. A. Vaswani et al., "Attention is all you need", 2017.
struct sinusoidal_encoding {
    double base;

    XGRAD_MEMBERS()

    explicit sinusoidal_encoding(double base_of_frequencies = 10000) : base{base_of_frequencies} {}

    template <real T, std::size_t N>
    tensor<T, N> operator()(const tensor<T, N>& x, extent first = 0) const {
        const auto length = x.shape(-2);
        const auto positions = sinusoidal_positions<T>(static_cast<std::size_t>(first.value) + length, x.shape(-1), base);
        return x + narrow(positions, first, length);
    }
};

/// The features in pairs, of which pair i turns by p / base^(2 i / width) at position p        x, y: (..., length, width)
/// For queries and keys, whose products then depend on distances; `multihead_attention` has it as an option. As
/// `xgrad::rotary_embedding`. J. Su et al., "RoFormer: enhanced transformer with rotary position embedding", 2021.
struct rotary_encoding {
    rotary_options options;

    XGRAD_MEMBERS()

    explicit rotary_encoding(rotary_options by = {}) : options{by} {}

    template <real T, std::size_t N>
    tensor<T, N> operator()(const tensor<T, N>& x, extent first = 0) const {
        auto by = options;
        by.first += first;
        return rotary_embedding(x, by);
    }
};

}  // namespace xgrad::nn
