#include <doctest/doctest.h>

#include <support/accuracy.hpp>

#include <xgrad/core/simd_inverse.hpp>
#include <xgrad/core/simd_pairs.hpp>

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstddef>
#include <limits>
#include <random>
#include <string>
#include <vector>

using namespace accuracy;

namespace {

template <class T>
using numbers = std::vector<T>;

/// A function of two numbers: on vectors, on single numbers, exactly, and the errors that it may have.
template <class T>
struct function_of_two {
    const char* name;
    simd::batch<T> (*vector)(const simd::batch<T>&, const simd::batch<T>&);
    T (*number)(T, T);
    wide<T> (*exact)(wide<T>, wide<T>);
    double bound;
};

#define XGRAD_ROW(name, exact, bound)                                                                               \
    function_of_two<T> {                                                                                            \
        #name, [](const simd::batch<T>& a, const simd::batch<T>& b) { return simd::batch<T>(simd::name(a, b)); },   \
            [](T a, T b) { return T(simd::name(a, b)); }, [](wide<T> a, wide<T> b) { return wide<T>(exact); }, bound \
    }

template <class T>
std::vector<function_of_two<T>> functions_of_two() {
    return {XGRAD_ROW(atan2, std::atan2(a, b), 2.4), XGRAD_ROW(hypot, std::hypot(a, b), 1.3), XGRAD_ROW(fmod, std::fmod(a, b), 0)};
}
#undef XGRAD_ROW

template <class T>
numbers<T> corners() {
    using limits = std::numeric_limits<T>;
    auto result = numbers<T>{0, limits::infinity(), limits::quiet_NaN(), limits::min(), limits::max(), limits::denorm_min(), limits::max() / 3,
                             3 * limits::denorm_min(), limits::min() * T(1.7), T(0x1p-50), T(0x1p62), T(0x1p23), T(0x1p24)};
    for (const auto x : {0.1, 0.41421356237309503, 0.5, 1.0, 2.4142135623730949, 3.0, 7.0, 1e10}) result.push_back(static_cast<T>(x));
    const auto positive = result.size();
    for (auto i = std::size_t{0}; i < positive; ++i) result.push_back(-result[i]);
    return result;
}

/// Pairs of all corners, of any two numbers, and of numbers whose ratio is anything up to 2^60 or near 1.
template <class T>
void pairs(std::size_t count, numbers<T>& first, numbers<T>& second) {
    using W = simd::word<T>;
    for (const auto a : corners<T>())
        for (const auto b : corners<T>()) first.push_back(a), second.push_back(b);
    auto random = std::mt19937_64{1};
    for (auto i = std::size_t{0}; i < count; ++i) {
        const auto a = std::bit_cast<T>(static_cast<W>(random()));
        const auto ratio = std::ldexp(static_cast<T>(1 + static_cast<double>(random() >> 11) * 0x1p-53), static_cast<int>(random() % 60));
        first.push_back(a);
        second.push_back(i % 4 == 0 ? std::bit_cast<T>(static_cast<W>(random())) : i % 4 == 1 ? a / ratio : i % 4 == 2 ? a * ratio
                         : a * static_cast<T>(2 * static_cast<double>(random() >> 11) * 0x1p-53));
    }
    while (first.size() % simd::width<T> != 0) first.push_back(1), second.push_back(1);
}

/// The same number with the same sign, or both NaN.
template <class T>
bool same(T a, T b) {
    return std::isnan(a) ? std::isnan(b) : a == b && std::signbit(a) == std::signbit(b);
}

}  // namespace

TEST_CASE_TEMPLATE("simd: atan2, hypot and fmod are exact to a few units in the last place, everywhere", T, float, double) {
    constexpr auto width = simd::width<T>;
    auto a = numbers<T>{}, b = numbers<T>{};
    pairs(100'000, a, b);
    for (const auto& f : functions_of_two<T>()) {
        auto worst_error = 0.0, worst_number = 0.0;
        auto at = std::size_t{0};
        auto wrong_signs = 0;
        for (auto i = std::size_t{0}; i < a.size(); i += width) {
            alignas(64) T y[width];
            simd::store(y, f.vector(simd::load(a.data() + i), simd::load(b.data() + i)));
            for (auto lane = std::size_t{0}; lane < width; ++lane) {
                const auto exact = f.exact(static_cast<wide<T>>(a[i + lane]), static_cast<wide<T>>(b[i + lane]));
                if (const auto error = units_apart<T>(y[lane], exact); !(error <= worst_error)) worst_error = error, at = i + lane;
                if (!std::isnan(exact) && std::signbit(y[lane]) != std::signbit(exact)) ++wrong_signs;
                worst_number = std::max(worst_number, units_apart<T>(f.number(a[i + lane], b[i + lane]), exact));
            }
        }
        CAPTURE(std::string{f.name});
        CAPTURE(a[at]);
        CAPTURE(b[at]);
        CHECK(worst_error <= f.bound);
        CHECK(worst_number <= f.bound);
        CHECK(wrong_signs == 0);
    }
}

TEST_CASE_TEMPLATE("simd: functions of two numbers are alike in a whole and in a part of a vector", T, float, double) {
    constexpr auto width = simd::width<T>;
    auto a = numbers<T>{}, b = numbers<T>{};
    pairs(1000, a, b);
    for (const auto& f : functions_of_two<T>())
        for (auto i = std::size_t{0}; i < a.size(); i += width) {
            alignas(64) T whole[width], part[width];
            simd::store(whole, f.vector(simd::load(a.data() + i), simd::load(b.data() + i)));
            simd::store(part, f.vector(simd::load_partial(a.data() + i, width - 1), simd::load_partial(b.data() + i, width - 1)));
            for (auto lane = std::size_t{0}; lane + 1 < width; ++lane) {
                CAPTURE(std::string{f.name});
                CAPTURE(a[i + lane]);
                CAPTURE(b[i + lane]);
                CHECK(same(whole[lane], part[lane]));
            }
        }
}

TEST_CASE_TEMPLATE("simd: remainder has the sign of the divisor, in vectors as in numbers", T, float, double) {
    constexpr auto inf = std::numeric_limits<T>::infinity();
    struct row {
        T a, b, wanted;
    };
    // What Python's % gives.
    for (const auto& [a, b, wanted] : {row{7, 3, 1}, row{-7, 3, 2}, row{7, -3, -2}, row{-7, -3, -1}, row{-6, 3, T(0.0)}, row{6, -3, T(-0.0)},
                                       row{T(5.5), 2, T(1.5)}, row{T(-0.0), 1, T(0.0)}, row{T(0.0), -1, T(-0.0)}, row{1, inf, 1},
                                       row{-1, inf, inf}, row{1, -inf, -inf}, row{1, 0, T(NAN)}, row{inf, 1, T(NAN)}, row{T(NAN), 1, T(NAN)},
                                       row{1, T(NAN), T(NAN)}}) {
        CAPTURE(a);
        CAPTURE(b);
        CHECK(same(simd::remainder(a, b), wanted));
        CHECK(same(simd::remainder(simd::batch<T>(a), simd::batch<T>(b)).get(simd::width<T> - 1), wanted));
    }
    auto x = numbers<T>{}, y = numbers<T>{};
    pairs(5000, x, y);
    for (auto i = std::size_t{0}; i < x.size(); ++i) {
        CAPTURE(x[i]);
        CAPTURE(y[i]);
        CHECK(same(simd::remainder(simd::batch<T>(x[i]), simd::batch<T>(y[i])).get(0), simd::remainder(x[i], y[i])));
    }
}

TEST_CASE_TEMPLATE("simd: hypot is infinite where one of both is, even beside NaN", T, float, double) {
    constexpr auto inf = std::numeric_limits<T>::infinity(), nan = std::numeric_limits<T>::quiet_NaN();
    CHECK(simd::hypot(simd::batch<T>(-inf), simd::batch<T>(nan)).get(0) == inf);
    CHECK(simd::hypot(simd::batch<T>(nan), simd::batch<T>(inf)).get(0) == inf);
    CHECK(std::isnan(simd::hypot(simd::batch<T>(nan), simd::batch<T>(1)).get(0)));
    CHECK(std::isnan(simd::hypot(simd::batch<T>(0), simd::batch<T>(nan)).get(0)));
}
