#include <doctest/doctest.h>

#include <support/operation_table.hpp>

#include <xgrad/autograd/create.hpp>
#include <xgrad/ops/arithmetic.hpp>
#include <xgrad/ops/math.hpp>
#include <xgrad/ops/reduce.hpp>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <string>
#include <type_traits>
#include <vector>

namespace xg = xgrad;
using namespace operation_tests;

namespace {

constexpr auto inf = std::numeric_limits<double>::infinity();
constexpr auto no_number = std::numeric_limits<double>::quiet_NaN();

operation power_by(double exponent, const std::vector<double>& at) {
    return elementwise("x^" + std::to_string(exponent), [=](const auto& x) { return xg::pow(x, exponent); },
                       [=](double x) { return std::pow(x, exponent); }, {at});
}

}  // namespace

TEST_CASE("math: values and derivatives") {
    check({
        elementwise("exp", xg::exp, [](double x) { return std::exp(x); }, {{-30, -2, -0.5, 0, 1e-3, 1, 4}}),
        elementwise("log", xg::log, [](double x) { return std::log(x); }, {{0.01, 0.5, 1.5, 7, 1000}}),
        elementwise("log1p", xg::log1p, [](double x) { return std::log1p(x); }, {{-0.9, -0.5, 1e-10, 1.5, 7, 1000}}),
        elementwise("expm1", xg::expm1, [](double x) { return std::expm1(x); }, {{-10, -0.5, 1e-10, 1.5, 4}}),
        elementwise("sqrt", xg::sqrt, [](double x) { return std::sqrt(x); }, {{0.01, 0.5, 1.5, 7, 1000}}),
        elementwise("square", xg::square, [](double x) { return x * x; }, {{-3, -0.5, 0, 1.5, 7}}),
        elementwise("erf", xg::erf, [](double x) { return std::erf(x); }, {{-3, -0.5, 1e-3, 0.9, 1.1, 4}}, 16),
        // abs: not at its kink, 0.
        elementwise("abs", xg::abs, [](double x) { return std::fabs(x); }, {{-3, -0.5, 0.1, 1.5, 7}}),
        elementwise("sin", xg::sin, [](double x) { return std::sin(x); }, {{-3, -0.5, 0, 1.5, 7}}),
        elementwise("cos", xg::cos, [](double x) { return std::cos(x); }, {{-3, -0.5, 0, 1.2, 7}}),
        // clamp: not at the bounds, -1 and 2.
        elementwise("clamp", [](const auto& x) { return xg::clamp(x, -1, 2); },
                    [](double x) { return x < -1 ? -1 : x > 2 ? 2 : x; }, {{-3, -0.5, 0, 1.9, 2.1, 7}}),
        elementwise("astype", [](const auto& x) { return xg::astype<typename std::decay_t<decltype(x)>::value_type>(x); },
                    [](double x) { return x; }, {{-3, 0.5}}),
        // pow by a tensor: the derivative by the base is b a^(b-1), as PyTorch's; b - 1 is rounded, and the power may overflow where b
        // times it would not.
        elementwise("a^b", xg::pow, [](double a, double b) { return std::pow(a, b); }, {{0.3, 1.5, 2, 7}, {-1.5, 0.5, 2, 3}}, 4,
                    {.has_slope = false}),
    });
}

TEST_CASE("pow: by a number, to the last digits") {
    for (const auto exponent : {-3.0, -2.0, -1.0, -0.5, 0.0, 0.5, 1.0, 2.0, 2.5, 3.0, 4.0, 10.0})
        check(power_by(exponent, {0.7, 1.2, 1.5}));
    for (const auto exponent : {-3.0, -2.0, -1.0, 0.0, 1.0, 2.0, 3.0, 4.0}) check(power_by(exponent, {-0.3, -1.5, -1.9, 2.5}));
    for (const auto base : {0.5, 1.0, 2.0, 10.0})
        check(elementwise(std::to_string(base) + "^x", [=](const auto& x) { return xg::pow(base, x); },
                          [=](double x) { return std::pow(base, x); }, {{-2, -0.5, 0, 1.5, 3}}));
}

TEST_CASE("pow: what std::pow says of zeros, infinities and NaN") {
    for (const auto base : {0.0, -0.0, 1.0, -1.0, 2.0, -2.0, 0.5, inf, -inf, no_number})
        for (const auto exponent : {0.0, -0.0, 1.0, -1.0, 2.0, -2.0, 3.0, -3.0, 0.5, -0.5, inf, -inf, no_number}) {
            CAPTURE(base);
            CAPTURE(exponent);
            const auto wanted = std::pow(base, exponent);
            const auto same = [&](double y) {
                return std::isnan(wanted) ? std::isnan(y) : y == wanted && std::signbit(y) == std::signbit(wanted);
            };
            for (const auto size : {1, 8}) {
                const auto a = xg::full<double>({size}, base), b = xg::full<double>({size}, exponent);
                CHECK(same(xg::pow(a, b)(0)));
                CHECK(same(xg::pow(base, b)(0)));
                // x^0.5 is sqrt x, as in PyTorch: the two differ at -0 and -inf.
                if (exponent != 0.5 || base > 0) CHECK(same(xg::pow(a, exponent)(0)));
            }
        }
}

TEST_CASE("pow: gradients at zero") {
    const auto slope = [](double base, double exponent) {
        auto a = xg::tensor<double, 0>(base), b = xg::tensor<double, 0>(exponent);
        a.requires_grad(true), b.requires_grad(true);
        xg::pow(a, b).backward();
        auto c = xg::tensor<double, 0>(base);
        c.requires_grad(true);
        xg::pow(c, exponent).backward();
        CHECK(c.grad().item() == a.grad().item());
        return std::pair{a.grad().item(), b.grad().item()};
    };
    CHECK(slope(0, 0) == std::pair{0.0, 0.0});
    CHECK(slope(0, 1) == std::pair{1.0, 0.0});
    CHECK(slope(0, 2) == std::pair{0.0, 0.0});
    CHECK(slope(2, 0) == std::pair{0.0, std::log(2.0)});
}

TEST_CASE("math: the ends of the number line, in whole vectors and in what is left over") {
    const auto at = [](const auto& f, double x) {
        const auto y = f(xg::full<double>({37}, x));
        for (auto i = 1; i < 37; ++i) CHECK((y(i) == y(0) || (std::isnan(y(i)) && std::isnan(y(0)))));
        const auto z = f(xg::full<float>({19}, static_cast<float>(x)));
        for (auto i = 0; i < 19; ++i)
            CHECK((static_cast<double>(z(i)) == y(0) || (std::isnan(z(i)) && std::isnan(y(0)))));
        return y(0);
    };
    CHECK(at(xg::exp, inf) == inf);
    CHECK(at(xg::exp, -inf) == 0);
    CHECK(at(xg::exp, 1e4) == inf);
    CHECK(at(xg::exp, -1e4) == 0);
    CHECK(std::isnan(at(xg::exp, no_number)));
    CHECK(at(xg::log, 0) == -inf);
    CHECK(at(xg::log, inf) == inf);
    CHECK(std::isnan(at(xg::log, -1)));
    CHECK(std::isnan(at(xg::log, no_number)));
    CHECK(at(xg::log1p, -1) == -inf);
    CHECK(std::isnan(at(xg::log1p, -2)));
    CHECK(at(xg::expm1, -inf) == -1);
    CHECK(at(xg::expm1, inf) == inf);
    CHECK(std::isnan(at(xg::sqrt, -1)));
    CHECK(at(xg::sqrt, inf) == inf);
    CHECK(at(xg::abs, -inf) == inf);
    CHECK(std::isnan(at(xg::abs, no_number)));
    CHECK(std::isnan(at(xg::sin, inf)));
    CHECK(std::isnan(at(xg::cos, no_number)));
    CHECK(std::isnan(at([](const auto& x) { return xg::clamp(x, 0, 1); }, no_number)));
    CHECK(at([](const auto& x) { return xg::clamp(x, 0, 1); }, inf) == 1);
}

TEST_CASE("math: what undoes each other") {
    const auto x = xg::tensor<double, 1>{-3, -0.5, 0, 0.1, 1.5, 7, 1e-200, -1e200};
    const auto positive = xg::tensor<double, 1>{1e-300, 0.1, 1, 1.5, 7, 1e300};
    CHECK(xg::allclose(xg::sqrt(xg::square(xg::tensor<double, 1>{-3, 0, 7, -1e100})), xg::tensor<double, 1>{3, 0, 7, 1e100}, 1e-15));
    CHECK(xg::array_equal(xg::abs(-x), xg::abs(x)));
    CHECK(xg::allclose(xg::exp(xg::log(positive)), positive, 1e-13));
    CHECK(xg::allclose(xg::expm1(xg::log1p(positive)), positive, 1e-13));
    CHECK(xg::allclose(xg::square(xg::sin(x)) + xg::square(xg::cos(x)), xg::ones_like(x), 1e-14));
}

TEST_CASE("abs and clamp: at the kinks") {
    auto x = xg::tensor<double, 1>{-1, 0, 2};
    x.requires_grad(true);
    xg::sum(xg::abs(x) + xg::clamp(x, -1, 2)).backward();
    CHECK(x.grad()(0) == 0);
    CHECK(x.grad()(1) == 1);
    CHECK(x.grad()(2) == 2);
    CHECK_THROWS_WITH_AS(xg::clamp(x, 2, -1), "[clamp] no float64 is at least 2 and at most -1; the lower bound must not be above the upper bound", xg::value_error);
}

TEST_CASE("math: integers") {
    const auto x = xg::tensor<int, 1>{-3, 0, 5};
    CHECK(xg::array_equal(xg::abs(x), xg::tensor<int, 1>{3, 0, 5}));
    CHECK(xg::array_equal(xg::square(x), xg::tensor<int, 1>{9, 0, 25}));
    CHECK(xg::array_equal(xg::clamp(x, -1, 2), xg::tensor<int, 1>{-1, 0, 2}));
}

TEST_CASE("astype: between all types, differentiable between the real ones") {
    CHECK(xg::array_equal(xg::astype<int>(xg::tensor<double, 1>{-1.7, 0.2, 3}), xg::tensor<int, 1>{-1, 0, 3}));
    CHECK(xg::array_equal(xg::astype<bool>(xg::tensor<int, 1>{0, 2, -1}), xg::tensor<bool, 1>{false, true, true}));
    CHECK(xg::array_equal(xg::astype<float>(xg::tensor<bool, 1>{true, false}), xg::tensor<float, 1>{1, 0}));
    auto x = xg::tensor<float, 1>{1, 2};
    x.requires_grad(true);
    const auto y = xg::astype<double>(x);
    static_assert(std::is_same_v<decltype(y), const xg::tensor<double, 1>>);
    xg::sum(y * y).backward();
    CHECK(xg::array_equal(x.grad(), xg::tensor<float, 1>{2, 4}));
}

TEST_CASE("pow of integers: by squaring, wrapping around") {
    const auto x = xg::tensor<std::int64_t, 1>{-3, 0, 2, 10};
    CHECK(xg::array_equal(xg::pow(x, 3), xg::tensor<std::int64_t, 1>{-27, 0, 8, 1000}));
    CHECK(xg::array_equal(xg::pow(x, 0), xg::tensor<std::int64_t, 1>{1, 1, 1, 1}));
    CHECK(xg::array_equal(xg::pow(2, xg::tensor<int, 1>{0, 10, 30, 31, 32}), xg::tensor<int, 1>{1, 1024, 1 << 30, std::numeric_limits<int>::min(), 0}));
    CHECK(xg::array_equal(xg::pow(xg::tensor<std::uint8_t, 1>{3}, xg::tensor<std::uint8_t, 1>{255}), xg::tensor<std::uint8_t, 1>{171}));
    CHECK_THROWS_WITH_AS(xg::pow(x, -1), "[pow] an integer to a negative power is a fraction: convert the tensor with astype<float>(x)", xg::value_error);
    CHECK_THROWS_AS(xg::pow(2, x), xg::value_error);
    CHECK_THROWS_AS(xg::pow(xg::tensor<std::uint8_t, 1>{3}, 300), xg::value_error);
}

TEST_CASE("clamp: bounds are what they are, whatever the elements hold") {
    const auto bytes = xg::tensor<std::uint8_t, 1>{0, 3, 200, 255};
    const auto same = [](const auto& x, const auto& wanted) { CHECK(xg::array_equal(x, wanted)); };
    same(xg::clamp(xg::tensor<std::uint8_t, 1>{3}, -129, 200), xg::tensor<std::uint8_t, 1>{3});
    same(xg::clamp(bytes, 1, 1000), xg::tensor<std::uint8_t, 1>{1, 3, 200, 255});
    same(xg::clamp(bytes, -inf, inf), bytes);
    same(xg::clamp(bytes, 0.5, 199.5), xg::tensor<std::uint8_t, 1>{1, 3, 199, 199});
    same(xg::clamp(xg::tensor<std::int64_t, 1>{9007199254740993}, 0, 9007199254740992.0), xg::tensor<std::int64_t, 1>{9007199254740992});
    same(xg::clamp(xg::tensor<std::uint64_t, 1>{std::uint64_t{1} << 63}, -1, std::numeric_limits<std::int64_t>::max()),
         xg::tensor<std::uint64_t, 1>{(std::uint64_t{1} << 63) - 1});
    same(xg::clamp(xg::tensor<float, 1>{0, 2e9f}, 16777217, inf), xg::tensor<float, 1>{16777218, 2e9f});
    same(xg::clamp(xg::tensor<float, 1>{0, 1}, 0.1, 0.7), xg::tensor<float, 1>{0.1f, 0.7f});
    CHECK_THROWS_WITH_AS(xg::clamp(bytes, 300, 400),
                         "[clamp] no uint8 is at least 300 and at most 400; the lower bound must not be above the upper bound", xg::value_error);
    CHECK_THROWS_AS(xg::clamp(bytes, 0.2, 0.8), xg::value_error);
    CHECK_THROWS_AS(xg::clamp(bytes, -5, -1), xg::value_error);
    CHECK_THROWS_AS(xg::clamp(bytes, no_number, 1), xg::value_error);
    CHECK_THROWS_AS(xg::clamp(xg::tensor<float, 1>{1}, 0, no_number), xg::value_error);
}

TEST_CASE("astype: to the nearest that there is, in whole vectors and in what is left over") {
    for (const auto size : {1, 67}) {
        const auto at = [size](auto x) { return xg::full<decltype(x)>({size}, x); };
        const auto is = [](const auto& x, auto wanted) { CHECK(std::ranges::all_of(x.span(), [=](auto y) { return y == wanted; })); };
        is(xg::astype<std::uint8_t>(at(-1.0f)), std::uint8_t{0});
        is(xg::astype<std::uint8_t>(at(static_cast<float>(no_number))), std::uint8_t{0});
        is(xg::astype<std::uint8_t>(at(300.0f)), std::uint8_t{255});
        is(xg::astype<std::uint8_t>(at(-0.9f)), std::uint8_t{0});
        is(xg::astype<std::int32_t>(at(2147483648.0f)), std::numeric_limits<std::int32_t>::max());
        is(xg::astype<std::int64_t>(at(-inf)), std::numeric_limits<std::int64_t>::min());
        is(xg::astype<std::uint64_t>(at(1e30)), std::numeric_limits<std::uint64_t>::max());
        is(xg::astype<int>(at(-2.7)), -2);
        is(xg::astype<std::int8_t>(at(200)), std::int8_t{127});
        is(xg::astype<std::uint8_t>(at(std::int64_t{-300})), std::uint8_t{0});
        is(xg::astype<std::int64_t>(at(~std::uint64_t{0})), std::numeric_limits<std::int64_t>::max());
        is(xg::astype<bool>(at(0.1)), true);
        is(xg::astype<bool>(at(-0.0)), false);
        is(xg::astype<bool>(at(no_number)), true);
        is(xg::astype<float>(at(1e300)), std::numeric_limits<float>::infinity());
    }
    const auto from_xtensor = xg::tensor<std::uint8_t>(xt::xarray<double>{-1, 300, no_number, 7.9});
    CHECK(xg::array_equal(from_xtensor, xg::tensor<std::uint8_t, 1>{0, 255, 0, 7}));
}

TEST_CASE("sums of integers: wide, and wrapping around") {
    CHECK(xg::sum(xg::full<std::uint8_t>({1000}, 255)).item() == 255000);
    constexpr auto most = std::numeric_limits<std::int64_t>::max();
    CHECK(xg::sum(xg::tensor<std::int64_t, 1>{most, 1}).item() == std::numeric_limits<std::int64_t>::min());
    CHECK(xg::sum(xg::full<std::int64_t>({3, 5000}, most), 0)(0) == most - 2);
    CHECK(xg::sum(xg::tensor<std::uint64_t, 1>{std::uint64_t{1} << 63, 7}).item() == (std::uint64_t{1} << 63) + 7);
    static_assert(std::is_same_v<decltype(xg::sum(xg::tensor<std::uint64_t, 1>{})), xg::tensor<std::uint64_t, 0>>);
    static_assert(std::is_same_v<decltype(xg::sum(xg::tensor<std::uint32_t, 1>{})), xg::tensor<std::int64_t, 0>>);
    CHECK(xg::mean(xg::tensor<bool, 1>{true, false}).item() == 0.5);
}
