#include <doctest/doctest.h>

#include <support/operation_table.hpp>

#include <xgrad/autograd/create.hpp>
#include <xgrad/autograd/functional.hpp>
#include <xgrad/ops/finite.hpp>
#include <xgrad/ops/lerp.hpp>
#include <xgrad/ops/map.hpp>
#include <xgrad/ops/reduce.hpp>
#include <xgrad/ops/remainder.hpp>
#include <xgrad/ops/rounding.hpp>

#include <cmath>
#include <cstdint>
#include <limits>
#include <vector>

namespace xg = xgrad;
using namespace operation_tests;

namespace {

constexpr auto inf = std::numeric_limits<double>::infinity();
constexpr auto no_number = std::numeric_limits<double>::quiet_NaN();

template <class T>
bool same(T a, T b) {
    return std::isnan(a) ? std::isnan(b) : a == b && std::signbit(a) == std::signbit(b);
}

/// As C's, but with the sign of b.
double python_remainder(double a, double b) {
    const auto y = std::fmod(a, b);
    return y == 0 ? std::copysign(y, b) : (y < 0) != (b < 0) ? y + b : y;
}

/// Numbers of every size, beside whole numbers and in the middle between them.
template <class T>
std::vector<T> everywhere() {
    using limits = std::numeric_limits<T>;
    auto x = std::vector<T>{0, limits::infinity(), limits::quiet_NaN(), limits::max(), limits::min(), limits::denorm_min()};
    for (const auto base : {T{0.5}, T{1}, T{1.5}, T{2}, T{2.5}, T{3}, T{0x1p22}, T{0x1p23}, T{0x1p30}, T{0x1p31}, T{0x1p32}, T{0x1p51}, T{0x1p52}, T{0x1p53}})
        for (const auto at : {base, base + T{0.5}, base + T{1}})
            for (const auto next : {std::nextafter(at, T{0}), at, std::nextafter(at, limits::max())}) x.push_back(next);
    for (auto i = x.size(); i-- > 0;) x.push_back(-x[i]);
    return x;
}

template <class T, class F, class Reference>
void check_everywhere(const F& f, const Reference& reference) {
    for (const auto x : everywhere<T>()) {
        CAPTURE(x);
        const auto y = f(xg::full<T>({19}, x));
        CHECK(same(y(0), reference(x)));
        CHECK(same(y(18), reference(x)));
        CHECK(same(f(x), reference(x)));
    }
}

}  // namespace

TEST_CASE("rounding: values and derivatives") {
    const auto points = std::vector<double>{-2.6, -0.3, 0.4, 1.7, 2.3};   // not at the steps
    check({
        elementwise("floor", xg::floor, [](double x) { return std::floor(x); }, {points}),
        elementwise("ceil", xg::ceil, [](double x) { return std::ceil(x); }, {points}),
        elementwise("round", xg::round, [](double x) { return std::nearbyint(x); }, {points}),
        elementwise("trunc", xg::trunc, [](double x) { return std::trunc(x); }, {points}),
        elementwise("sign", xg::sign, [](double x) { return x > 0 ? 1 : x < 0 ? -1 : x; }, {points}),
        elementwise("heaviside", xg::heaviside, [](double x, double at_zero) { return x > 0 ? 1 : x < 0 ? 0 : x == 0 ? at_zero : x; }, {points, {0.5, 2, -1, 3, 4}}),
        elementwise("fmod", xg::fmod, [](double a, double b) { return std::fmod(a, b); }, {{0.3, -1.7, 2.2, -7.1}, {-1.5, 0.8, 2, 3}}),
        elementwise("remainder", xg::remainder, python_remainder, {{0.3, -1.7, 2.2, -7.1}, {-1.5, 0.8, 2, 3}}, 64),
        elementwise("fmod(x, 2)", [](const auto& x) { return xg::fmod(x, 2); }, [](double x) { return std::fmod(x, 2); }, {{-7.1, 0.3, 5}}),
        elementwise("remainder(5, x)", [](const auto& x) { return xg::remainder(5, x); }, [](double x) { return python_remainder(5, x); },
                    {{-1.9, 0.7, 3}}, 64),
    });
}

TEST_CASE("lerp and nan_to_num: values and derivatives") {
    const auto lerp = [](double a, double b, double w) { return (1 - w) * a + w * b; };
    check({
        elementwise("lerp", xg::lerp, lerp, {{1, -2, 0.5}, {3, 0.5, -1}, {0.25, 0.75, 1.5}}, 16),
        elementwise("lerp(a, b, 0.25)", [](const auto& a, const auto& b) { return xg::lerp(a, b, 0.25); },
                    [=](double a, double b) { return lerp(a, b, 0.25); }, {{1, -2, 0.5}, {3, 0.5, -1}}, 16, {.is_operation = false}),
        elementwise("nan_to_num", xg::nan_to_num, [](double x) { return x; }, {{-2, 0, 3}}, 4, {.is_operation = false}),
    });
}

TEST_CASE_TEMPLATE("rounding: to the last digit, at every size, with the signs of zeros", T, float, double) {
    check_everywhere<T>(xg::floor, [](T x) { return std::floor(x); });
    check_everywhere<T>(xg::ceil, [](T x) { return std::ceil(x); });
    check_everywhere<T>(xg::round, [](T x) { return std::nearbyint(x); });
    check_everywhere<T>(xg::trunc, [](T x) { return std::trunc(x); });
    check_everywhere<T>(xg::sign, [](T x) { return x > 0 ? T{1} : x < 0 ? T{-1} : x; });
}

TEST_CASE("rounding: at the steps the gradient is zero") {
    const auto x = xg::tensor<double, 1>{-1, 0, 0.5, 2};
    const auto slopes = [&](const auto& f) { return xg::grad([&](const auto& v) { return xg::sum(f(v)); })(x); };
    CHECK(xg::array_equal(slopes(xg::floor), xg::zeros_like(x)));
    CHECK(xg::array_equal(slopes(xg::ceil), xg::zeros_like(x)));
    CHECK(xg::array_equal(slopes(xg::round), xg::zeros_like(x)));
    CHECK(xg::array_equal(slopes(xg::trunc), xg::zeros_like(x)));
    CHECK(xg::array_equal(slopes(xg::sign), xg::zeros_like(x)));
    CHECK(xg::array_equal(slopes([](const auto& v) { return v - xg::floor(v); }), xg::ones_like(x)));
    const auto values = xg::grad([&](const auto& h) { return xg::sum(xg::heaviside(x, h)); })(xg::full_like(x, 3));
    CHECK(xg::array_equal(values, xg::tensor<double, 1>{0, 1, 0, 0}));
    CHECK(xg::array_equal(xg::heaviside(x, 0.5), xg::tensor<double, 1>{0, 0.5, 1, 1}));
    CHECK(std::isnan(xg::heaviside(no_number, 0.5)));
}

TEST_CASE("fmod and remainder: of whose sign they are, and what the divisor's gradient counts") {
    const auto a = xg::tensor<double, 1>{7, -7, 7, -7, 6, -6}, b = xg::tensor<double, 1>{3, 3, -3, -3, 3, 3};
    CHECK(xg::array_equal(xg::fmod(a, b), xg::tensor<double, 1>{1, -1, 1, -1, 0, 0}));
    CHECK(xg::array_equal(xg::remainder(a, b), xg::tensor<double, 1>{1, 2, -2, -1, 0, 0}));
    const auto by_divisor = [&](const auto& f) { return xg::grad([&](const auto& v) { return xg::sum(f(a, v)); })(b); };
    CHECK(xg::array_equal(by_divisor(xg::fmod), xg::tensor<double, 1>{-2, 2, 2, -2, -2, 2}));
    CHECK(xg::array_equal(by_divisor(xg::remainder), xg::tensor<double, 1>{-2, 3, 3, -2, -2, 2}));
    // 1 by 0.1, which is a little more than a tenth, is 9.
    CHECK(xg::grad([](const auto& v) { return xg::sum(xg::fmod(1, v)); })(xg::tensor<double, 1>{0.1})(0) == -9);
    CHECK(std::isnan(xg::fmod(1.0, 0.0)));
    CHECK(xg::fmod(5.0, inf) == 5);
    // By an infinite divisor a number stays what it is, or, on the other side of 0, becomes the divisor: -1 times it is taken away.
    const auto c = xg::tensor<double, 1>{2, -2, 2, -2, 0}, infinite = xg::tensor<double, 1>{inf, inf, -inf, -inf, inf};
    const auto at_infinity = [&](const auto& f) { return xg::grad([&](const auto& v) { return xg::sum(f(c, v)); })(infinite); };
    CHECK(xg::array_equal(at_infinity(xg::fmod), xg::zeros<double>({5})));
    CHECK(xg::array_equal(at_infinity(xg::remainder), xg::tensor<double, 1>{0, 1, 1, 0, 0}));
}

TEST_CASE("rounding and remainders of integers") {
    const auto x = xg::tensor<int, 1>{-7, 0, 7};
    CHECK(xg::array_equal(xg::floor(x), x));
    CHECK(xg::array_equal(xg::round(x), x));
    CHECK(xg::array_equal(xg::sign(x), xg::tensor<int, 1>{-1, 0, 1}));
    CHECK(xg::array_equal(xg::sign(xg::tensor<std::uint8_t, 1>{0, 200}), xg::tensor<std::uint8_t, 1>{0, 1}));
    CHECK(xg::array_equal(xg::heaviside(x, 5), xg::tensor<int, 1>{0, 5, 1}));
    CHECK(xg::array_equal(xg::fmod(x, 3), xg::tensor<int, 1>{-1, 0, 1}));
    CHECK(xg::array_equal(xg::remainder(x, 3), xg::tensor<int, 1>{2, 0, 1}));
    CHECK(xg::array_equal(xg::remainder(x, -3), xg::tensor<int, 1>{-1, 0, -2}));
    constexpr auto least = std::numeric_limits<int>::min();
    CHECK(xg::array_equal(xg::fmod(xg::tensor<int, 1>{least}, -1), xg::tensor<int, 1>{0}));
    CHECK(xg::array_equal(xg::remainder(xg::tensor<int, 1>{least}, -1), xg::tensor<int, 1>{0}));
    CHECK_THROWS_WITH_AS(xg::fmod(x, 0), "[fmod] an integer divided by zero", xg::value_error);
    CHECK_THROWS_WITH_AS(xg::remainder(1, x), "[remainder] an integer divided by zero", xg::value_error);
}

TEST_CASE_TEMPLATE("lerp: meets both ends, and the largest numbers", T, float, double) {
    constexpr auto huge = std::numeric_limits<T>::max();
    for (const auto size : {1, 19}) {
        const auto a = xg::full<T>({size}, T(0.1f)), b = xg::full<T>({size}, T(123.4f));
        CHECK(xg::array_equal(xg::lerp(a, b, 0), a));
        CHECK(xg::array_equal(xg::lerp(a, b, 1), b));
        CHECK(xg::lerp(xg::full<T>({size}, -huge), xg::full<T>({size}, huge), 0.5)(0) == 0);
        CHECK(xg::lerp(xg::full<T>({size}, huge), xg::full<T>({size}, huge), 0.3)(0) == huge);
    }
}

TEST_CASE_TEMPLATE("isnan, isinf, isfinite, nan_to_num", T, float, double) {
    using limits = std::numeric_limits<T>;
    const auto x = xg::tensor<T, 1>{T(no_number), T(inf), T(-inf), limits::max(), 0, limits::denorm_min(), -T(no_number)};
    CHECK(xg::array_equal(xg::isnan(x), xg::tensor<bool, 1>{true, false, false, false, false, false, true}));
    CHECK(xg::array_equal(xg::isinf(x), xg::tensor<bool, 1>{false, true, true, false, false, false, false}));
    CHECK(xg::array_equal(xg::isfinite(x), xg::tensor<bool, 1>{false, false, false, true, true, true, false}));
    CHECK(xg::array_equal(xg::isfinite(xg::tensor<int, 1>{1, 2}), xg::tensor<bool, 1>{true, true}));
    CHECK(xg::array_equal(xg::isnan(xg::tensor<int, 1>{1, 2}), xg::tensor<bool, 1>{false, false}));
    CHECK(xg::isnan(T(no_number)));
    CHECK(xg::array_equal(xg::nan_to_num(x), xg::tensor<T, 1>{0, limits::max(), limits::lowest(), limits::max(), 0, limits::denorm_min(), 0}));
    CHECK(xg::array_equal(xg::nan_to_num(x, {.nan = 1, .posinf = 2, .neginf = -3}),
                          xg::tensor<T, 1>{1, 2, -3, limits::max(), 0, limits::denorm_min(), 1}));
    CHECK(xg::array_equal(xg::nan_to_num(xg::tensor<int, 1>{1, 2}), xg::tensor<int, 1>{1, 2}));
    const auto slopes = xg::grad([](const auto& v) { return xg::sum(xg::nan_to_num(v)); })(x);
    CHECK(xg::array_equal(slopes, xg::tensor<T, 1>{0, 0, 0, 1, 1, 1, 0}));
}

TEST_CASE("rounding: in formulas, on single numbers and by the names of std") {
    const auto x = xg::tensor<double, 1>{-1.3, 0.5, 2.7};
    CHECK(xg::array_equal(xg::map([](const auto& v) { return xg::floor(v) + xg::remainder(v, 2); }, x), xg::floor(x) + xg::remainder(x, 2)));
    CHECK(xg::round(2.5f) == 2);
    using std::ceil, std::fmod;
    CHECK(xg::array_equal(ceil(x), xg::ceil(x)));
    CHECK(xg::array_equal(fmod(x, 2), xg::fmod(x, 2)));
}
