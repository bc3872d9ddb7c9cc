// Axes made one, and one axis made several, as layers.
#pragma once

#include <xgrad/autograd/tensor.hpp>
#include <xgrad/core/config.hpp>
#include <xgrad/core/dtype.hpp>
#include <xgrad/core/shape.hpp>
#include <xgrad/nn/members.hpp>
#include <xgrad/ops/shape.hpp>

#include <cstddef>

namespace xgrad::inline XGRAD_ABI::nn {

/// The axes from `First` to `Last`, both included, made one; they count from the end when they are negative. As it stands,
/// x: (n, ...)  y: (n, product of the others), for what comes out of convolutions: `nn::flatten<>{}`. Throws `index_error`.
template <std::ptrdiff_t First = 1, std::ptrdiff_t Last = -1>
struct flatten {
    template <element T, std::size_t N>
    auto operator()(const tensor<T, N>& x) const {
        if constexpr (N == dynamic_rank) {
            return xgrad::flatten(x, First, Last);
        } else {
            constexpr auto rank = static_cast<std::ptrdiff_t>(N);
            constexpr auto first = First < 0 ? First + rank : First, last = Last < 0 ? Last + rank : Last;
            static_assert(0 <= first && first <= last && last < rank, "nn::flatten: x has not so many axes, or the last comes before the first");
            return tensor<T, N - static_cast<std::size_t>(last - first)>{xgrad::flatten(x, First, Last)};
        }
    }
};

/// The axis `axis` made several, of these sizes, of which one may be -1, to be found from the others.
///     auto layer = nn::unflatten{1, {16, 7, 7}};        x: (n, 784)  y: (n, 16, 7, 7)
/// Throws `index_error`, and `shape_error` when the sizes do not fit.
template <std::size_t K>
class unflatten {
public:
    unflatten(extent axis, const extent (&sizes)[K]) : m_axis{axis} {
        for (auto i = std::size_t{0}; i < K; ++i) m_sizes[i] = sizes[i];
    }

    XGRAD_MEMBERS()

    template <element T, std::size_t N>
    auto operator()(const tensor<T, N>& x) const {
        const auto& from = xgrad::detail::shape_of(x);
        const auto axis = normalize_axis("nn::unflatten", m_axis, x.rank());
        const auto parts = xgrad::detail::resolve_shape(shape{from[axis]}, m_sizes);
        auto sizes = shape{};
        for (auto i = std::size_t{0}; i < x.rank(); ++i) {
            if (i != axis) sizes.push_back(from[i]);
            else
                for (const auto part : parts) sizes.push_back(part);
        }
        constexpr auto rank = N == dynamic_rank ? N : N + K - 1;
        return xgrad::detail::with_rank<rank>(xgrad::detail::reshape_to(x, sizes));
    }

private:
    std::ptrdiff_t m_axis;
    std::ptrdiff_t m_sizes[K];
};

}  // namespace xgrad::nn
