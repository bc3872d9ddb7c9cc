// Rows of a table, looked up by number.
#pragma once

#include <xgrad/autograd/backward.hpp>
#include <xgrad/autograd/operation.hpp>
#include <xgrad/core/config.hpp>
#include <xgrad/ops/compare.hpp>
#include <xgrad/ops/take.hpp>

#include <algorithm>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <utility>

namespace xgrad::inline XGRAD_ABI {

namespace detail {

/// y[k, :] = weight[indices[k], :]        dweight[j, :] = the sum of dy[k, :] over all k with indices[k] = j, 0 for j = padding
template <real T>
tensor<T> embed(const basic_tensor<T>& weight, const tensor<std::int64_t>& indices, std::int64_t padding) {
    if (padding < 0) return take_along(weight, indices, 0);
    auto y = [&] {
        const auto guard = no_grad{};
        return take_along(weight, indices, 0);
    }();
    return record("embedding", std::move(y), {weight}, keep(indices),
                  [padding, from = shape_of(weight)](const auto& dy, gradients& d, const auto& at) {
                      d(0, [&] {
                          auto column = shape_of(at());
                          column.push_back(1);
                          const auto pads = compute<bool>("embedding", [=](std::int64_t i) { return i == padding; }, at());
                          return add_at(choose(reshape_to(pads, column), tensor<T>(T{0}), dy), at(), 0, from);
                      });
                  });
}

template <real T, std::integral Integer>
tensor<T> embedding_any(const basic_tensor<T>& weight, const basic_tensor<Integer>& indices, std::int64_t padding) {
    return call("embedding", {"weight", "indices", "padding_idx"},
                [](const basic_tensor<T>& table, const basic_tensor<Integer>& given, std::int64_t pads) {
        return embed(table, normalized_indices("embedding", given, shape_of(table)[0]), pads);
    }, weight, indices, padding);
}

}  // namespace detail

struct embedding_options {
    std::optional<std::int64_t> padding_idx{};   ///< a row that gets no gradient; counts from the end when negative
};

/// Rows of a table: weight (n, d)  indices (...), integers  y (..., d)        dweight[j] = the sum of dy where row j was taken
/// Negative indices count from the end. Throws `index_error`, and `rank_error` for a weight that is no matrix.
struct embedding_fn {
    template <real T, std::size_t N, std::integral Integer, std::size_t M>
    tensor<T, M == dynamic_rank ? M : M + 1> operator()(const tensor<T, N>& weight, const tensor<Integer, M>& indices,
                                                        embedding_options options = {}) const {
        static_assert(N == 2 || N == dynamic_rank, "weight is (n, d)");
        if (weight.rank() != 2) fail<rank_error>("embedding", "weight is ", detail::shape_of(weight), "; it must be (n, d)");
        const auto rows = static_cast<std::int64_t>(detail::shape_of(weight)[0]);
        auto padding = options.padding_idx.value_or(-rows - 1);
        if (options.padding_idx && (padding < -rows || padding >= rows))
            fail<index_error>("embedding", "padding_idx ", padding, " is out of range for ", rows, " rows");
        if (padding < 0) padding = std::max<std::int64_t>(padding + rows, -1);   // -1: none
        return detail::with_rank<M == dynamic_rank ? M : M + 1>(detail::embedding_any<T, Integer>(weight, indices, padding));
    }
    /// In PyTorch's order.
    template <std::integral Integer, std::size_t M, real T, std::size_t N>
    tensor<T, M == dynamic_rank ? M : M + 1> operator()(const tensor<Integer, M>& indices, const tensor<T, N>& weight,
                                                        embedding_options options = {}) const {
        return (*this)(weight, indices, options);
    }
};
inline constexpr embedding_fn embedding{};

}  // namespace xgrad

// Defined by xgrad::compiled.
#if defined(XGRAD_INSTANCE)
namespace xgrad::inline XGRAD_ABI::detail {
#define XGRAD_INSTANCES(T) \
    XGRAD_INSTANCE tensor<T> embedding_any(const basic_tensor<T>&, const basic_tensor<std::int64_t>&, std::int64_t);
XGRAD_FOR_REAL_TYPES(XGRAD_INSTANCES)
#undef XGRAD_INSTANCES
}
#endif
