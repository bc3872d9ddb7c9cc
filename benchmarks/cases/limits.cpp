// What the machine can do at best: the floor under every time.
#include "../side.hpp"
#include "cases.hpp"

#include <xgrad/core/simd.hpp>

#include <benchmark/benchmark.h>

#include <cstddef>
#include <memory>
#include <vector>

namespace simd = xgrad::simd;

namespace bench {

namespace {

using batch = simd::batch<float>;

// Twelve sums hide the latency of a multiply-add on every processor that starts up to two a cycle, each of which
// takes up to six cycles; with the two operands they fit into sixteen registers.
constexpr auto sums = std::size_t{12}, repeats = std::size_t{10'000};

void multiply_add() {
    auto x = batch(0.5F), y = batch(0.25F);
    benchmark::DoNotOptimize(x);
    benchmark::DoNotOptimize(y);
    batch sum[sums];
    for (auto& s : sum) s = x;
    for (auto i = std::size_t{0}; i < repeats; ++i)
#pragma GCC unroll 12
        for (auto& s : sum) s = simd::fma(s, x, y);
    for (auto& s : sum) benchmark::DoNotOptimize(s);
}

// Far more than any cache holds.
constexpr auto far = std::size_t{32} << 20;

}  // namespace

void add_limits() {
    // The names say how many floating-point operations, or bytes read and written, one run makes.
    add("limit/flop/" + std::to_string(2 * sums * repeats * simd::width<float>), [] { return work{multiply_add, {}}; });
    add("limit/bytes/" + std::to_string(3 * far * sizeof(float)), [] {
        // STREAM's triad (J. D. McCalpin, 1995).
        auto a = std::make_shared<std::vector<float>>(far, 0.0F);
        auto b = std::make_shared<std::vector<float>>(far, 1.0F);
        auto c = std::make_shared<std::vector<float>>(far, 2.0F);
        return work{[=] {
                        auto* const to = a->data();
                        const auto *const x = b->data(), *const y = c->data();
                        for (auto i = std::size_t{0}; i < far; i += simd::width<float>)
                            simd::store(to + i, simd::fma(batch(0.5F), simd::load(y + i), simd::load(x + i)));
                        benchmark::ClobberMemory();
                    },
                    {}};
    });
}

}  // namespace bench
