// The logarithm of a sum of exponentials along an axis.
#pragma once

#include <xgrad/core/config.hpp>
#include <xgrad/core/memory.hpp>
#include <xgrad/core/parallel.hpp>
#include <xgrad/kernels/reduce.hpp>
#include <xgrad/kernels/softmax.hpp>
#include <xgrad/kernels/take.hpp>
#include <xgrad/kernels/term_sums.hpp>

#include <algorithm>
#include <cstddef>
#include <limits>

namespace xgrad::inline XGRAD_ABI::kernels {

/// y[o, i] = ln of the sum of e^x[o, k, i] over all k: -inf where all are, or none is there.        x: as `at`  y: (outer, inner)
template <class T>
void logsumexp(const T* x, const axis_view& at, T* y) {
    parallel_for(at.outer * at.inner, detail::softmax_grain / std::max<std::size_t>(1, at.length) + 1, [&](std::size_t begin, std::size_t end) {
        const auto room = memory::scratch<T>{at.inner == 1 ? 0 : at.length};
        for (auto row = begin; row < end; ++row) {
            const auto* const from = detail::as_row(x + row / at.inner * at.length * at.inner + row % at.inner, at, room.data());
            const auto largest = detail::fold_row(maximum_of{}, from, at.length);
            if (largest - largest != 0) {
                y[row] = largest;   // an infinity or NaN
            } else {
                const auto sum = detail::log_sum<T>{from, at.length};
                y[row] = sum.largest + sum.rest;
            }
        }
    });
}

}  // namespace xgrad::kernels
