// What lies between two tensors.
#pragma once

#include <xgrad/autograd/backward.hpp>
#include <xgrad/autograd/operation.hpp>
#include <xgrad/autograd/tensor.hpp>
#include <xgrad/core/config.hpp>
#include <xgrad/core/exact.hpp>
#include <xgrad/ops/arithmetic.hpp>
#include <xgrad/ops/compare.hpp>
#include <xgrad/ops/elementwise.hpp>

#include <cstddef>

namespace xgrad::inline XGRAD_ABI {

namespace detail {

/// a + w (b - a) from the nearer end, which is then met exactly. Where a and b have different signs, their difference may be
/// beyond all numbers, and the sum of w b and (1 - w) a cancels nothing that counts.
inline constexpr auto from_nearer_end = []<plain_value V>(const V& a, const V& b, const V& w) -> V {
    const auto one_ended = simd::select(w < V(0.5f), V(a + w * (b - a)), V(b - (b - a) * (V(1) - w)));
    const auto opposite = ((a < V(0)) & (b > V(0))) | ((a > V(0)) & (b < V(0)));
    return simd::select(opposite, V(w * b + (V(1) - w) * a), one_ended);
};

template <real T>
tensor<T> lerp_value(const basic_tensor<T>& a, const basic_tensor<T>& b, const basic_tensor<T>& w) {
    return record("lerp", compute<T>("lerp", from_nearer_end, a, b, w), {a, b, w}, keep(a, b, w),
                  [](const auto& dy, gradients& d, const auto& first, const auto& last, const auto& weight) {
                      d(0, [&] { return evaluate([](const auto& g, const auto& v) { return g * (1 - v); }, dy, weight()); });
                      d(1, [&] { return evaluate([](const auto& g, const auto& v) { return g * v; }, dy, weight()); });
                      const auto span = [](const auto& g, const auto& v, const auto& u) { return g * (u - v); };
                      d(2, [&] { return evaluate(span, dy, first(), last()); });
                  });
}
template <real T>
tensor<T> interpolate(const basic_tensor<T>& a, const basic_tensor<T>& b, const basic_tensor<T>& w) {
    return call("lerp", {"a", "b", "weight"},
                [](const basic_tensor<T>& u, const basic_tensor<T>& v, const basic_tensor<T>& weight) {
        return lerp_value<T>(u, v, weight);
    }, a, b, w);
}

}  // namespace detail

/// y = a + w (b - a), a for w = 0 and b for w = 1        da = dy (1 - w),  db = dy w,  dw = dy (b - a)
/// All three broadcast; w may be a number.
struct lerp_fn {
    template <real T, std::size_t N, std::size_t M, std::size_t K>
    tensor<T, broadcast_rank<N, M, K>> operator()(const tensor<T, N>& a, const tensor<T, M>& b, const tensor<T, K>& w) const {
        return detail::with_rank<broadcast_rank<N, M, K>>(detail::interpolate<T>(a, b, w));
    }
    template <real T, std::size_t N, std::size_t M, scalar S>
    tensor<T, broadcast_rank<N, M>> operator()(const tensor<T, N>& a, const tensor<T, M>& b, S w) const {
        return (*this)(a, b, tensor<T, 0>(static_cast<T>(w)));
    }
};
inline constexpr lerp_fn lerp{};

}  // namespace xgrad

// Defined by xgrad::compiled.
#if defined(XGRAD_INSTANCE)
namespace xgrad::inline XGRAD_ABI::detail {
#define XGRAD_INSTANCES(T) \
    XGRAD_INSTANCE tensor<T> interpolate(const basic_tensor<T>&, const basic_tensor<T>&, const basic_tensor<T>&);
XGRAD_FOR_REAL_TYPES(XGRAD_INSTANCES)
#undef XGRAD_INSTANCES
}
#endif
