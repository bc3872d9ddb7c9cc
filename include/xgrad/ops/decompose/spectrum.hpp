// What the gradients of eigenvectors and singular vectors have in common: quotients by differences of values.
#pragma once

#include <xgrad/autograd/upstream.hpp>
#include <xgrad/core/cmath.hpp>
#include <xgrad/core/config.hpp>
#include <xgrad/ops/arithmetic.hpp>
#include <xgrad/ops/compare.hpp>
#include <xgrad/ops/decompose/matrices.hpp>

#include <algorithm>
#include <cstddef>
#include <limits>

namespace xgrad::inline XGRAD_ABI::detail {

/// The largest size of `count` elements.
template <real T>
T largest_of(const T* from, std::size_t count) {
    auto result = T{0};
    for (auto i = std::size_t{0}; i < count; ++i) result = std::max(result, std::fabs(from[i]));
    return result;
}

/// Where x_ij is to be divided by gaps_ij, and both are nothing but rounding errors beside the largest value and the largest
/// element of what x is a difference of, a and b: the values are equal, and what does not depend on the choice of their vectors asks
/// nothing. On the diagonal, always.
template <real T>
tensor<bool> asks_nothing(const basic_tensor<T>& x, const basic_tensor<T>& a, const basic_tensor<T>& b, const basic_tensor<T>& gaps,
                          const basic_tensor<T>& values) {
    const auto size = columns_of(shape_of(x));
    auto nothing = make_result<bool>(shape_of(x));
    const auto limit = 10 * std::numeric_limits<T>::epsilon() * std::sqrt(static_cast<T>(size));
    for (auto stack = std::size_t{0}; stack < values.size(); stack += size) {
        const auto* const from = x.data() + stack * size;
        const auto* const gap = gaps.data() + stack * size;
        auto* const to = access::elements(nothing) + stack * size;
        const auto limit_of_gaps = limit * largest_of(values.data() + stack, size);
        const auto limit_of_x = limit * std::max(largest_of(a.data() + stack * size, size * size),
                                               largest_of(b.data() + stack * size, size * size));
        for (auto at = std::size_t{0}; at < size * size; ++at)
            to[at] = at / size == at % size || (std::fabs(gap[at]) <= limit_of_gaps && std::fabs(from[at]) <= limit_of_x);
    }
    return nothing;
}

/// y_ij = x_ij / gaps_ij; 0 on the diagonal and where nothing is asked.     x, a, b, gaps: (..., n, n)  values: (..., n)
template <real T>
tensor<T> over_gaps(const tensor<T>& x, const basic_tensor<T>& a, const basic_tensor<T>& b, const tensor<T>& gaps,
                    const basic_tensor<T>& values) {
    return divided(choose(asks_nothing(x, a, b, gaps, values), tensor<T>(T{0}), x), gaps);
}

}  // namespace xgrad::inline XGRAD_ABI::detail
