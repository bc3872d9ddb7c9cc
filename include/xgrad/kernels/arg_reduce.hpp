// Where along an axis the largest or the smallest element stands.
#pragma once

#include <xgrad/core/config.hpp>
#include <xgrad/core/dtype.hpp>
#include <xgrad/core/parallel.hpp>

#include <cstddef>
#include <cstdint>

namespace xgrad::inline XGRAD_ABI::kernels {

/// y[o, i] = the first k for which no x[o, j, i] is `better` than x[o, k, i]; the first NaN if there is one.
/// x: (outer, count, inner)  y: (outer, inner), count >= 1
template <class Better, class T>
void arg_reduce(const Better& better, const T* x, std::size_t outer, std::size_t count, std::size_t inner,
                std::int64_t* y) {
    constexpr auto grain = std::size_t{32768};
    parallel_for(outer, grain / (count * inner + 1) + 1, [&](std::size_t begin, std::size_t end) {
        for (auto o = begin; o < end; ++o)
            for (auto i = std::size_t{0}; i < inner; ++i) {
                const auto* const column = x + o * count * inner + i;
                auto best = column[0];
                auto at = std::size_t{0};
                for (auto k = std::size_t{1}; k < count && best == best; ++k)
                    if (const auto candidate = column[k * inner]; better(candidate, best) || candidate != candidate) {
                        best = candidate;
                        at = k;
                    }
                y[o * inner + i] = static_cast<std::int64_t>(at);
            }
    });
}

}  // namespace xgrad::kernels
