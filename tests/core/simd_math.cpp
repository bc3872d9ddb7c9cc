#include <doctest/doctest.h>

#include <support/accuracy.hpp>

#include <bit>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <random>
#include <set>
#include <string>
#include <utility>
#include <vector>

using namespace accuracy;

namespace {

template <class T>
constexpr auto inf = std::numeric_limits<T>::infinity();

/// Zeros, infinities, NaN, the ends of the normal and of the subnormal numbers, and for each function of the table where
/// it begins to overflow, to underflow, or to be computed in another way.
template <class T>
std::vector<T> corners() {
    using limits = std::numeric_limits<T>;
    auto result = std::vector<T>{0, inf<T>, limits::quiet_NaN(), limits::min(), limits::max(), limits::denorm_min(), 1e5f, 1e22f, 6000, 1e6};
    for (const auto x : {0.25, 0.5, 1.0, 2.0, 4.0, 6.0, 10.0, 11.0, 14.0, 15.0, 20.0, 28.0, 37.5, 38.5, 39.0, 40.0, 87.33654, 87.9,
                         88.5, 88.72283, 89.0, 103.27893, 103.97208, 104.0, 120.0, 708.39641853226408, 709.5, 709.78271289338397, 710.0,
                         744.44007192138122, 745.13321910194122, 746.0, 760.0, 1.4142135623730951, 0.70710678118654757,
                         // tan, sinc, the inverse functions, the hyperbolic ones, and logarithms and powers to other bases
                         1.5707963267948966, 3.1415926535897931, 0.41421356237309503, 2.4142135623730949, 0.547, 1.598, 89.41598,
                         90.0, 126.0, 128.0, 129.0, 149.0, 150.0, 151.0, 710.4758600739439, 711.0, 1000.0, 1022.0, 1024.0, 1025.0,
                         1074.0, 1075.0, 1076.0, 8192.0, 8388608.0, 16777216.0, 268435456.0, 0x1p30, 0x1p31, 0x1p52, 0x1p53,
                         // erfc, erfinv, the gamma functions, which have poles and zeros at whole numbers and halves, too
                         0.475, 0.4769362762044699, 0.99662, 0.999036, 0.999999944, 10.054, 10.1, 26.543, 27.226, 27.5, 1.5,
                         1.4616321449683622, 2.4570247382208006, 2.25, 2.5, 3.0, 3.25, 4.25, 5.0, 1e36, 4.0850e36, 2.55e305})
        for (auto [step, at] = std::pair{0, std::nextafter(static_cast<T>(x), T{0})}; step < 3; ++step, at = std::nextafter(at, inf<T>))
            result.push_back(at);
    const auto positive = result.size();
    for (auto i = std::size_t{0}; i < positive; ++i) result.push_back(-result[i]);
    return result;
}

/// All corners and, of every binade with either sign, subnormal ones included, `each` numbers.
template <class T>
std::vector<T> everywhere(std::size_t each) {
    using W = simd::word<T>;
    auto result = corners<T>();
    auto numbers = std::mt19937_64{1};
    constexpr auto digits = std::numeric_limits<T>::digits - 1;
    constexpr auto mantissa = static_cast<W>((W{1} << digits) - 1);
    const auto exponents = W{1} << (8 * sizeof(T) - 1 - digits);
    for (auto exponent = W{0}; exponent + 1 < exponents; ++exponent)
        for (auto i = std::size_t{0}; i < each; ++i)
            for (const auto sign : {W{0}, simd::sign_bit<T>})
                result.push_back(std::bit_cast<T>(static_cast<W>(sign | exponent << digits | (static_cast<W>(numbers()) & mantissa))));
    // Subnormal numbers of every size.
    for (auto bit = 0; bit < digits; ++bit)
        for (const auto sign : {W{0}, simd::sign_bit<T>}) result.push_back(std::bit_cast<T>(static_cast<W>(sign | W{1} << bit)));
    // Next to the numbers where a function is zero or where its domain ends, from near to far.
    for (const auto at : {0.5, 1.0, 1.4616321449683622, 2.0, 1.5707963267948966, 3.1415926535897931})
        for (auto bit = 1; bit <= digits; ++bit)
            for (const auto distance : {std::ldexp(1.0, -bit), -std::ldexp(1.3, -bit)})
                for (const auto sign : {1, -1}) result.push_back(static_cast<T>(sign * at * (1 + distance)));
    // Where the functions are computed, not only where they are zero, one or infinite.
    for (const auto reach : {2.0, 10.0, 120.0, 800.0, 5000.0})
        for (auto i = std::size_t{0}; i < 40 * each; ++i)
            result.push_back(static_cast<T>(reach * (static_cast<double>(numbers() >> 11) * 0x1p-52 - 1)));
    while (result.size() % simd::width<T> != 0) result.push_back(1);
    return result;
}

template <class T>
void check_errors(std::size_t each) {
    const auto x = everywhere<T>(each);
    for (const auto& f : functions<T>()) {
        auto found = worst<T>{};
        for (auto i = std::size_t{0}; i < x.size(); i += simd::width<T>) look(f, x.data() + i, found);
        CAPTURE(std::string{f.name});
        CAPTURE(found.at);
        CAPTURE(found.number_at);
        CHECK(found.error <= f.bound);
        CHECK(found.number_error <= f.bound);
    }
}

}  // namespace

TEST_CASE("simd_math: exact to a few units in the last place, everywhere, as vectors and as numbers") {
    check_errors<float>(2000);
    check_errors<double>(60);
}

TEST_CASE_TEMPLATE("simd_math: each lane of a whole and of a part of a vector is computed alike", T, float, double) {
    // A part is loaded with zeros behind it, and whoever computes lanes singly must leave the others alone.
    constexpr auto width = simd::width<T>;
    const auto x = corners<T>();
    for (const auto& f : functions<T>())
        for (auto i = std::size_t{0}; i + width <= x.size(); ++i) {
            alignas(64) T whole[width], part[width], lone[width];
            simd::store(whole, f.vector(simd::load(x.data() + i)));
            simd::store(part, f.vector(simd::load_partial(x.data() + i, width - 1)));
            simd::store(lone, f.vector(simd::batch<T>(x[i])));
            CAPTURE(std::string{f.name});
            CAPTURE(x[i]);
            using W = simd::word<T>;
            CHECK((std::bit_cast<W>(whole[0]) == std::bit_cast<W>(lone[0]) || std::isnan(whole[0])));
            for (auto lane = std::size_t{0}; lane + 1 < width; ++lane)
                CHECK((std::bit_cast<W>(whole[lane]) == std::bit_cast<W>(part[lane]) || (std::isnan(whole[lane]) && std::isnan(part[lane]))));
        }
}

TEST_CASE_TEMPLATE("simd_math: odd functions are exactly odd, even ones exactly even", T, float, double) {
    using W = simd::word<T>;
    const auto odd = std::set<std::string>{"sin", "tan", "tanh", "erf", "asin", "atan", "sinh", "asinh", "atanh", "erfinv"};
    const auto even = std::set<std::string>{"cos", "cosh", "sinc", "gaussian", "abs"};
    auto seen = std::size_t{0};
    const auto x = everywhere<T>(3);
    for (const auto& f : functions<T>()) {
        if (!odd.contains(f.name) && !even.contains(f.name)) continue;
        ++seen;
        const auto sign = odd.contains(f.name) ? simd::sign_bit<T> : W{0};
        for (auto i = std::size_t{0}; i < x.size(); i += simd::width<T>) {
            alignas(64) T there[simd::width<T>], here[simd::width<T>];
            const auto at = simd::load(x.data() + i);
            simd::store(here, f.vector(at));
            simd::store(there, f.vector(simd::negate(at)));
            for (auto lane = std::size_t{0}; lane < simd::width<T>; ++lane) {
                if (std::bit_cast<W>(there[lane]) == (std::bit_cast<W>(here[lane]) ^ sign)) continue;
                CAPTURE(std::string{f.name});
                CAPTURE(x[i + lane]);
                CHECK((std::isnan(here[lane]) && std::isnan(there[lane])));
            }
        }
    }
    CHECK(seen == odd.size() + even.size());
}

TEST_CASE_TEMPLATE("simd_math: logarithms and powers to the bases 2 and 10 are exact where the result is whole", T, float, double) {
    using limits = std::numeric_limits<T>;
    for (auto power = limits::min_exponent - limits::digits; power < limits::max_exponent; ++power) {
        const auto x = std::ldexp(T{1}, power);
        CHECK(simd::log2(simd::batch<T>(x)).get(0) == static_cast<T>(power));
        CHECK(simd::exp2(simd::batch<T>(static_cast<T>(power))).get(0) == x);
    }
    // As far as powers of ten are floats or doubles themselves.
    for (auto [x, power] = std::pair{1.0, 0}; power <= (limits::digits == 24 ? 10 : 22); ++power, x *= 10)
        CHECK(simd::log10(simd::batch<T>(static_cast<T>(x))).get(0) == static_cast<T>(power));
}

TEST_CASE_TEMPLATE("simd: scale rounds once, down to zero and up to infinity", T, float, double) {
    using limits = std::numeric_limits<T>;
    for (const auto x : {T{1}, T(1.3), T(-1.7), T(0.75)})
        for (auto power = 2 * limits::min_exponent; power <= 2 * limits::max_exponent - 4; ++power) {
            const auto y = simd::scale(simd::batch<T>(x), simd::batch<T>(static_cast<T>(power)));
            CHECK(y.get(0) == std::ldexp(x, power));
        }
}

TEST_CASE_TEMPLATE("simd: negate gives the other sign to whatever it is", T, float, double) {
    for (const auto x : corners<T>()) {
        const auto y = simd::negate(simd::batch<T>(x)).get(0);
        CHECK(std::signbit(y) != std::signbit(x));
        CHECK((y == -x || std::isnan(x)));
    }
}

TEST_CASE("simd: negate of integers wraps") {
    CHECK(simd::negate(5) == -5);
    CHECK(simd::negate(std::numeric_limits<int>::min()) == std::numeric_limits<int>::min());
    CHECK(simd::negate(std::uint8_t{1}) == 255);
    CHECK(simd::negate(std::int64_t{-7}) == 7);
}

TEST_CASE("pow: what std::pow gives, in every lane") {
    const auto bases = std::vector<double>{0.0, -0.0, 1, -1, 2, 3, inf<double>, -inf<double>, 1e-310, 1e308, std::nan("")};
    for (const auto base : bases)
        for (const auto exponent : {0.0, -0.0, 0.5, 1.0, -1.0, 2.0, 100.0, -1074.0, inf<double>, -inf<double>, std::nan("")}) {
            const auto y = simd::pow(simd::batch<double>(base), simd::batch<double>(exponent)).get(simd::width<double> - 1);
            const auto wanted = std::pow(base, exponent);
            CHECK(std::bit_cast<std::uint64_t>(y) == std::bit_cast<std::uint64_t>(wanted));
        }
}
