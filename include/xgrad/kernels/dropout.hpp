// What is left to chance, and what is done with the rest.
#pragma once

#include <xgrad/core/config.hpp>
#include <xgrad/core/parallel.hpp>
#include <xgrad/core/random.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>

namespace xgrad::inline XGRAD_ABI::kernels {

/// Which rows are dropped: each with probability `threshold` / 2^32, by numbers that follow from the key and the row alone.
struct lots {
    static constexpr std::size_t block = 64;   // rows whose numbers come from one generator

    std::uint64_t key;
    std::uint64_t threshold;

    static lots with_probability(double p, std::uint64_t key) { return {key, static_cast<std::uint64_t>(p * 0x1p32)}; }

    /// dropped[i] for the rows of block `number`.
    void draw(std::size_t number, bool* dropped) const {
        auto numbers = generator{key + number};
        for (auto i = std::size_t{0}; i < block; i += 2) {
            const auto bits = numbers();
            dropped[i] = (bits & 0xffffffffu) < threshold;
            dropped[i + 1] = bits >> 32 < threshold;
        }
    }
};

/// y[i, :] = `otherwise` for a row that is dropped, f(x[i, k]) else        x, y: (rows, inner)
template <class T, class F>
void drop_rows(const lots& chance, const T* x, std::size_t rows, std::size_t inner, T otherwise, const F& f, T* y) {
    constexpr auto block = lots::block;
    parallel_for((rows + block - 1) / block, light_grain / (block * (inner + 4)) + 1, [&](std::size_t begin, std::size_t end) {
        bool dropped[block];
        for (auto number = begin; number < end; ++number) {
            chance.draw(number, dropped);
            const auto first = number * block, count = std::min(block, rows - first);
            if (inner == 1) {
                for (auto i = std::size_t{0}; i < count; ++i) y[first + i] = dropped[i] ? otherwise : f(x[first + i]);
                continue;
            }
            for (auto i = std::size_t{0}; i < count; ++i) {
                const auto* const from = x + (first + i) * inner;
                auto* const to = y + (first + i) * inner;
                if (dropped[i]) std::fill_n(to, inner, otherwise);
                else std::transform(from, from + inner, to, f);
            }
        }
    });
}

}  // namespace xgrad::kernels
