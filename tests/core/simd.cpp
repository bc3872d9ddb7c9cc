#include <doctest/doctest.h>

#include <xgrad/core/simd.hpp>

#include <bit>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <random>

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

/// The largest error of a vector function over doubles: half of them evenly spread over [low, high], the other half
/// evenly over the binades from 1e-12 to high. `exact` computes in long double.
template <class F, class G>
double largest_error_of_doubles(const F& vector, const G& exact, double low, double high) {
    constexpr auto lanes = simd::width<double>;
    auto numbers = std::mt19937_64{1};
    const auto unit = [&] { return static_cast<double>(numbers() >> 11) * 0x1p-53; };
    auto worst = 0.0;
    for (auto step = 0; step < 20000; ++step) {
        alignas(64) double x[lanes], y[lanes];
        for (auto& each : x)
            each = step % 2 == 0 ? low + (high - low) * unit() : high * std::pow(1e-12 / high, unit());
        simd::store(y, simd::batch<double>(vector(simd::load(x))));
        for (auto i = std::size_t{0}; i < lanes; ++i) {
            const auto expected = exact(static_cast<long double>(x[i]));
            const auto nearest = std::abs(static_cast<double>(expected));
            const auto place = std::nextafter(nearest, std::numeric_limits<double>::infinity()) - nearest;
            const auto apart = static_cast<double>(std::abs(static_cast<long double>(y[i]) - expected)) / place;
            if (!(apart <= worst)) worst = apart;
        }
    }
    return worst;
}

}  // namespace

TEST_CASE("simd: the functions on vectors of floats are exact to a few units in the last place") {
    constexpr auto smallest = std::numeric_limits<float>::min();
    CHECK(largest_error([](const auto& x) { return simd::exp(x); }, std::exp, -87, 88) <= 2);
    CHECK(largest_error([](const auto& x) { return simd::log(x); }, std::log, smallest, 3e38f) <= 2);
    CHECK(largest_error([](const auto& x) { return simd::tanh(x); }, std::tanh, -1e30f, 1e30f) <= 4);
    CHECK(largest_error([](const auto& x) { return simd::sigmoid(x); }, logistic, -80, 80) <= 4);
    CHECK(largest_error([](const auto& x) { return simd::erf(x); }, std::erf, -10, 10) <= 4);
}

TEST_CASE("simd: and so are those on vectors of doubles") {
    using real = long double;
    const auto error = [](const auto& vector, const auto& exact, double low, double high) {
        return largest_error_of_doubles(vector, exact, low, high);
    };
    CHECK(error([](const auto& x) { return simd::exp(x); }, [](real x) { return std::exp(x); }, -700, 700) <= 2);
    CHECK(error([](const auto& x) { return simd::log(x); }, [](real x) { return std::log(x); }, 1e-9, 1e9) <= 2);
    CHECK(error([](const auto& x) { return simd::tanh(x); }, [](real x) { return std::tanh(x); }, -20, 20) <= 3);
    CHECK(error([](const auto& x) { return simd::sigmoid(x); }, [](real x) { return 1 / (1 + std::exp(-x)); }, -700, 700) <= 4);
    CHECK(error([](const auto& x) { return simd::erf(x); }, [](real x) { return std::erf(x); }, -7, 7) <= 3);
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

TEST_CASE("simd: erf keeps the sign of zero, ends at one and lets NaN through") {
    const auto at = [](auto x) {
        using T = decltype(x);
        alignas(64) T y[simd::width<T>];
        simd::store(y, simd::batch<T>(simd::erf(simd::batch<T>(x))));
        return y[0];
    };
    constexpr auto inf = std::numeric_limits<double>::infinity();
    CHECK(at(0.0) == 0);
    CHECK(std::signbit(at(-0.0)));
    CHECK(at(inf) == 1);
    CHECK(at(-inf) == -1);
    CHECK(at(6.5) == 1);
    CHECK(std::isnan(at(std::numeric_limits<double>::quiet_NaN())));
    CHECK(at(1e-300) == doctest::Approx(1.1283791670955126e-300).epsilon(1e-15));
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
