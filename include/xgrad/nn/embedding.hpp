// A table of vectors, looked up by number, as a layer.
#pragma once

#include <xgrad/autograd/tensor.hpp>
#include <xgrad/core/config.hpp>
#include <xgrad/core/dtype.hpp>
#include <xgrad/core/error.hpp>
#include <xgrad/core/shape.hpp>
#include <xgrad/nn/init.hpp>
#include <xgrad/nn/make_parameter.hpp>
#include <xgrad/nn/walk.hpp>
#include <xgrad/ops/embedding.hpp>

#include <algorithm>
#include <concepts>
#include <cstddef>

namespace xgrad::inline XGRAD_ABI::nn {

/// Rows of a table        weight: (count, width)  indices: (...), integers  y: (..., width)
///
/// At first weight ~ N(0, 1), but 0 in row `padding_idx`, which stays: no gradient comes to it. Throws `value_error`, and
/// `index_error` for a padding_idx or an index that is no row.
template <real T = float>
struct embedding {
    tensor<T, 2> weight;
    embedding_options options;

    XGRAD_MEMBERS(weight)

    embedding(extent count, extent width, embedding_options by = {}) : options{by} {
        const auto rows = detail::at_least_one("nn::embedding", "the number of rows", count);
        const auto columns = detail::at_least_one("nn::embedding", "the width", width);
        if (by.padding_idx && (*by.padding_idx < -count.value || *by.padding_idx >= count.value))
            fail<index_error>("nn::embedding", "padding_idx ", *by.padding_idx, " is out of range for ", rows, " rows");
        weight = detail::make_parameter<2, T>({rows, columns}, [&](auto& w) {
            init::normal(w);
            if (!by.padding_idx) return;
            const auto row = static_cast<std::size_t>(*by.padding_idx + (*by.padding_idx < 0 ? count.value : 0));
            std::fill_n(w.data() + row * columns, columns, T{0});
        });
    }

    template <std::integral Integer, std::size_t N>
    auto operator()(const tensor<Integer, N>& indices) const {
        return xgrad::embedding(weight, indices, options);
    }
};

}  // namespace xgrad::nn
