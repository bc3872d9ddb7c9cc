#include <doctest/doctest.h>

#include <xgrad/core/simd.hpp>

#include <bit>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <limits>
#include <string>

namespace simd = xgrad::simd;

namespace {

constexpr auto width = simd::width<float>;

/// How far `value` is from the exact `expected`, in units of the last place of the float nearest to it.
double units_apart(float value, double expected) {
    const auto nearest = std::abs(static_cast<float>(expected));
    const auto unit = static_cast<double>(std::nextafter(nearest, std::numeric_limits<float>::infinity())) -
                      static_cast<double>(nearest);
    return std::abs(static_cast<double>(value) - expected) / unit;
}

/// The largest error of a vector function over floats from all binades in [low, high], both signs if low < 0.
template <class F>
double largest_error(const F& vector, double (*exact)(double), float low, float high) {
    auto worst = 0.0;
    alignas(64) float x[width], y[width];
    auto lane = std::size_t{0};
    for (auto bits = std::uint64_t{0}; bits < (std::uint64_t{1} << 32); bits += 9973) {
        const auto candidate = std::bit_cast<float>(static_cast<std::uint32_t>(bits));
        if (!(candidate >= low && candidate <= high)) continue;
        x[lane++] = candidate;
        if (lane != width) continue;
        lane = 0;
        simd::store(y, simd::batch<float>(vector(simd::load(x))));
        for (auto i = std::size_t{0}; i < width; ++i) {
            const auto apart = units_apart(y[i], exact(static_cast<double>(x[i])));
            if (!(apart <= worst)) worst = apart;
        }
    }
    return worst;
}

double logistic(double x) { return 1 / (1 + std::exp(-x)); }

}  // namespace

TEST_CASE("simd: the functions on vectors of floats are exact to a few units in the last place") {
    constexpr auto smallest = std::numeric_limits<float>::min();
    CHECK(largest_error([](const auto& x) { return simd::exp(x); }, std::exp, -87, 88) <= 2);
    CHECK(largest_error([](const auto& x) { return simd::log(x); }, std::log, smallest, 3e38f) <= 2);
    CHECK(largest_error([](const auto& x) { return simd::tanh(x); }, std::tanh, -1e30f, 1e30f) <= 4);
    CHECK(largest_error([](const auto& x) { return simd::sigmoid(x); }, logistic, -80, 80) <= 4);
    CHECK(largest_error([](const auto& x) { return simd::erf(x); }, std::erf, -10, 10) <= 4);
}

TEST_CASE("simd: tanh keeps the sign of zero, ends at one and lets NaN through") {
    const auto at = [](float x) {
        alignas(64) float y[width];
        simd::store(y, simd::batch<float>(simd::tanh(simd::batch<float>(x))));
        return y[0];
    };
    constexpr auto inf = std::numeric_limits<float>::infinity();
    CHECK(at(0.0f) == 0);
    CHECK_FALSE(std::signbit(at(0.0f)));
    CHECK(std::signbit(at(-0.0f)));
    CHECK(at(inf) == 1);
    CHECK(at(-inf) == -1);
    CHECK(at(9.1f) == 1);
    CHECK(at(8.0f) < 1);
    CHECK(at(1e-30f) == 1e-30f);
    CHECK(std::isnan(at(std::numeric_limits<float>::quiet_NaN())));
}

TEST_CASE("simd: partial loads and stores touch what was asked for and nothing else") {
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
