// Gated linear units.
#pragma once

#include <xgrad/core/config.hpp>
#include <xgrad/core/error.hpp>
#include <xgrad/core/shape.hpp>
#include <xgrad/ops/activation.hpp>
#include <xgrad/ops/arithmetic.hpp>
#include <xgrad/ops/view.hpp>

#include <cstddef>

namespace xgrad::inline XGRAD_ABI {

/// y = a sigmoid(b), a and b the two halves of x along `axis`        da = dy sigmoid(b),  db = dy a sigmoid'(b)
/// Throws `shape_error` when the axis has an odd number of elements. Y. Dauphin, A. Fan, M. Auli, D. Grangier, "Language
/// modeling with gated convolutional networks", ICML (2017).
struct glu_fn {
    template <real T, std::size_t N>
    tensor<T, N> operator()(const tensor<T, N>& x, extent axis = -1) const {
        static_assert(N != 0, "a tensor without axes has none to halve");
        const auto along = normalize_axis("glu", axis, x.rank());
        const auto size = detail::shape_of(x)[along];
        if (size % 2 != 0) fail<shape_error>("glu", "x is ", detail::shape_of(x), ", of which axis ", along, " has no two equal halves");
        const auto half = [&](std::size_t first) { return detail::range_along<T>(x, along, first, size / 2); };
        return detail::with_rank<N>(half(0) * sigmoid(half(size / 2)));
    }
};
inline constexpr glu_fn glu{};

}  // namespace xgrad
