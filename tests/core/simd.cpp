#include <doctest/doctest.h>

#include <xgrad/core/simd.hpp>

#include <cstddef>

namespace simd = xgrad::simd;

TEST_CASE("simd: partial loads and stores touch what was asked for and nothing else") {
    constexpr auto width = simd::width<float>;
    for (auto count = std::size_t{0}; count < width; ++count) {
        CAPTURE(count);
        float from[width + 1], to[width + 1];
        for (auto i = std::size_t{0}; i <= width; ++i) from[i] = static_cast<float>(i + 1), to[i] = -1;
        const auto part = simd::load_partial(from, count);
        alignas(64) float lanes[width];
        simd::store(lanes, part);
        for (auto i = std::size_t{0}; i < width; ++i) CHECK(lanes[i] == (i < count ? from[i] : 0));
        simd::store_partial(to, part, count);
        for (auto i = std::size_t{0}; i <= width; ++i) CHECK(to[i] == (i < count ? from[i] : -1));
    }
}

TEST_CASE_TEMPLATE("simd: fma rounds once where the target can", T, float, double) {
    // (1 + e)^2 - 1 - 2 e is e^2, of which a rounded product leaves nothing.
    constexpr auto e = std::numeric_limits<T>::epsilon();
    const auto x = xgrad::simd::batch<T>(1 + e);
    const auto y = xgrad::simd::fma(x, x, xgrad::simd::batch<T>(-1 - 2 * e)).get(0);
    CHECK(y == (xgrad::simd::fuses ? e * e : T{0}));
}
