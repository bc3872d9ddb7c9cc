#include <doctest/doctest.h>

#include <support/operation_table.hpp>

#include <xgrad/autograd/create.hpp>
#include <xgrad/ops/arithmetic.hpp>
#include <xgrad/ops/map.hpp>
#include <xgrad/ops/math.hpp>
#include <xgrad/ops/reduce.hpp>
#include <xgrad/ops/shape.hpp>
#include <xgrad/ops/view.hpp>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <type_traits>
#include <vector>

namespace xg = xgrad;
using namespace operation_tests;

namespace {
constexpr auto no_number = std::numeric_limits<double>::quiet_NaN();

double larger(double a, double b) { return std::isnan(a) || a > b ? a : b; }
double smaller(double a, double b) { return std::isnan(a) || a < b ? a : b; }
}

TEST_CASE("arithmetic: values and derivatives, broadcast every way") {
    const auto minus = [](const auto& x) { return -x; };
    check({
        elementwise("a + b", xg::add, [](double a, double b) { return a + b; }, {{0.5, -2, 3}, {1, 0.25, -4}}),
        elementwise("a - b", xg::subtract, [](double a, double b) { return a - b; }, {{0.5, -2, 3}, {1, 0.25, -4}}),
        elementwise("a b", xg::multiply, [](double a, double b) { return a * b; }, {{0.5, -2, 3}, {1, 0.25, -4}}),
        elementwise("a / b", xg::divide, [](double a, double b) { return a / b; }, {{0.5, -2, 3}, {1, 0.25, -4}}),
        // No two operands that meet are equal: there is the kink.
        elementwise("maximum", xg::maximum, larger, {{0.5, -2, 3}, {1, 0.25, -4}}),
        elementwise("minimum", xg::minimum, smaller, {{0.5, -2, 3}, {1, 0.25, -4}}),
        elementwise("-x", minus, minus, {{-2, 0, 3}}),
        elementwise("x + x", [](const auto& x) { return x + x; }, [](double x) { return 2 * x; }, {{-2, 0, 3}}),
        elementwise("x x x", [](const auto& x) { return x * x * x; }, [](double x) { return x * x * x; }, {{-2, 0.5, 3}}, 4, {.is_operation = false}),
    });
}

TEST_CASE("arithmetic: a number on either side") {
    check({
        elementwise("x + 2", [](const auto& x) { return x + 2; }, [](double x) { return x + 2; }, {{-2, 0, 3}}),
        elementwise("2 + x", [](const auto& x) { return 2 + x; }, [](double x) { return 2 + x; }, {{-2, 0, 3}}),
        elementwise("x - 2", [](const auto& x) { return x - 2; }, [](double x) { return x - 2; }, {{-2, 0, 3}}),
        elementwise("2 - x", [](const auto& x) { return 2 - x; }, [](double x) { return 2 - x; }, {{-2, 0, 3}}),
        elementwise("x 2.5", [](const auto& x) { return x * 2.5; }, [](double x) { return x * 2.5; }, {{-2, 0, 3}}),
        elementwise("2.5 x", [](const auto& x) { return 2.5 * x; }, [](double x) { return 2.5 * x; }, {{-2, 0, 3}}),
        elementwise("x / 4", [](const auto& x) { return x / 4; }, [](double x) { return x / 4; }, {{-2, 0, 3}}),
        elementwise("4 / x", [](const auto& x) { return 4 / x; }, [](double x) { return 4 / x; }, {{-2, 0.5, 3}}),
        elementwise("max(x, 1)", [](const auto& x) { return xg::maximum(x, 1); }, [](double x) { return larger(x, 1); }, {{-2, 0.5, 3}}),
        elementwise("max(1, x)", [](const auto& x) { return xg::maximum(1, x); }, [](double x) { return larger(x, 1); }, {{-2, 0.5, 3}}),
        elementwise("min(x, 1)", [](const auto& x) { return xg::minimum(x, 1); }, [](double x) { return smaller(x, 1); }, {{-2, 0.5, 3}}),
        elementwise("min(1, x)", [](const auto& x) { return xg::minimum(1, x); }, [](double x) { return smaller(x, 1); }, {{-2, 0.5, 3}}),
    });
}

TEST_CASE("arithmetic: the rank of the result") {
    using zero = xg::tensor<float, 0>;
    using two = xg::tensor<float, 2>;
    using three = xg::tensor<float, 3>;
    using any = xg::tensor<float>;
    static_assert(std::is_same_v<decltype(two{} + three{}), three>);
    static_assert(std::is_same_v<decltype(three{} * zero{}), three>);
    static_assert(std::is_same_v<decltype(two{} - two{}), two>);
    static_assert(std::is_same_v<decltype(two{} / any{}), any>);
    static_assert(std::is_same_v<decltype(any{} + zero{}), any>);
    static_assert(std::is_same_v<decltype(two{} + 1), two>);
    static_assert(std::is_same_v<decltype(1.0 - zero{}), zero>);
    static_assert(std::is_same_v<decltype(-three{}), three>);
    static_assert(std::is_same_v<decltype(xg::maximum(any{}, 0)), any>);
}

TEST_CASE("arithmetic: shapes that do not broadcast") {
    const auto a = xg::zeros<float>({2, 3}), b = xg::zeros<float>({2, 4});
    CHECK_THROWS_WITH_AS(a + b,
                         "[add] shapes do not broadcast: a is (2, 3), b is (2, 4); "
                         "sizes of an axis, counted from the last, must be equal or 1", xg::shape_error);
    CHECK_THROWS_WITH_AS(b * xg::zeros<float>({3}),
                         "[multiply] shapes do not broadcast: a is (2, 4), b is (3,); "
                         "sizes of an axis, counted from the last, must be equal or 1", xg::shape_error);
    CHECK_THROWS_AS(a - xg::zeros<float>({0}), xg::shape_error);
    CHECK_THROWS_AS(a / xg::zeros<float>({2}), xg::shape_error);
    CHECK_THROWS_WITH_AS((a + xg::tensor<float, 2>{}), "[tensor] used before it was given a value", xg::error);
}

TEST_CASE("maximum and minimum: NaN on either side, and equal operands") {
    for (const auto size : {1, 5, 16, 37}) {
        const auto n = xg::full<double>({size}, no_number), one = xg::ones<double>({size});
        for (const auto& y : {xg::maximum(n, one), xg::maximum(one, n), xg::minimum(n, one), xg::minimum(one, n),
                              xg::maximum(one, no_number), xg::minimum(no_number, one)})
            CHECK(std::ranges::all_of(y.span(), [](double x) { return std::isnan(x); }));
    }
    auto a = xg::tensor<double, 1>{1, 2}, b = xg::tensor<double, 1>{1, 3};
    a.requires_grad(true), b.requires_grad(true);
    xg::sum(xg::maximum(a, b)).backward();
    CHECK(a.grad()(0) == 0.5);
    CHECK(b.grad()(0) == 0.5);
    CHECK(a.grad()(1) == 0);
    CHECK(b.grad()(1) == 1);
}

TEST_CASE("divide: no overflow on the way to a gradient that is in range") {
    auto a = xg::tensor<float, 0>(1e25f), b = xg::tensor<float, 0>(1e25f);
    a.requires_grad(true), b.requires_grad(true);
    (a / b).backward();
    CHECK(b.grad().item() == doctest::Approx(-1e-25));
}

TEST_CASE("arithmetic: integers and truth values") {
    const auto x = xg::tensor<int, 1>{7, -7, 0};
    CHECK(xg::array_equal(x + 1, xg::tensor<int, 1>{8, -6, 1}));
    CHECK(xg::array_equal(x * x, xg::tensor<int, 1>{49, 49, 0}));
    CHECK(xg::array_equal(2 - x, xg::tensor<int, 1>{-5, 9, 2}));
    CHECK(xg::array_equal(-x, xg::tensor<int, 1>{-7, 7, 0}));
    CHECK(xg::array_equal(xg::maximum(x, 0), xg::tensor<int, 1>{7, 0, 0}));
    CHECK(xg::array_equal(xg::minimum(x, xg::tensor<int, 1>{1, 1, 1}), xg::tensor<int, 1>{1, -7, 0}));
    const auto bytes = xg::tensor<std::uint8_t, 1>{250, 3};
    CHECK(xg::array_equal(bytes + std::uint8_t{10}, xg::tensor<std::uint8_t, 1>{4, 13}));
    const auto truths = xg::tensor<bool, 1>{true, false};
    CHECK(xg::array_equal(truths + truths, truths));
    CHECK(xg::array_equal(truths - true, xg::tensor<bool, 1>{false, true}));
    CHECK(xg::array_equal(truths * true, truths));
}

TEST_CASE("arithmetic: a number that the integers cannot be is refused, wherever it stands") {
    CHECK_THROWS_WITH_AS((xg::tensor<std::uint8_t, 1>{200} + 300), "[add] 300 does not fit uint8, whose numbers are 0 to 255", xg::value_error);
    CHECK_THROWS_AS((xg::tensor<bool, 1>{true} + 2), xg::value_error);
    CHECK_THROWS_AS((xg::tensor<std::uint8_t, 0>(300)), xg::value_error);
    auto x = xg::tensor<std::int64_t, 1>{200};
    constexpr auto beyond = std::uint64_t{1} << 63;
    CHECK_THROWS_AS(beyond * x, xg::value_error);
    CHECK_THROWS_AS(xg::maximum(x, beyond), xg::value_error);
    CHECK_THROWS_WITH_AS(x += beyond,
                         "[+=] 9223372036854775808 does not fit int64, whose numbers are -9223372036854775808 to 9223372036854775807",
                         xg::value_error);
    CHECK(x(0) == 200);
    // Beside real numbers any number is rounded.
    CHECK((xg::tensor<float, 1>{1} + 16777217)(0) == 16777216.0f);
}

namespace {

/// Every operation of integers on every pair, against arithmetic that cannot overflow.
void check_wrapping() {
    using T = std::int64_t;
    __extension__ using wide = __int128;
    using limits = std::numeric_limits<T>;
    const auto values = std::vector<T>{limits::min(), static_cast<T>(limits::min() + 1), static_cast<T>(-7), 0, 1, 2, 7, static_cast<T>(limits::max() / 2 + 1),
                                       static_cast<T>(limits::max() - 1), limits::max()};
    const auto count = values.size();
    const auto column = xg::reshape(xg::tensor<T, 1>(values, {count}), {count, 1}), row = xg::reshape(column, {1, count});
    const auto all = std::vector{column + row, column - row, column * row};
    const auto negated = -column, size = xg::abs(column), squared = xg::square(column), cubed = xg::pow(column, 3);
    const auto divisors = xg::where(row == 0, 3, row);
    const auto quotients = xg::floor_divide(column, divisors);
    for (auto i = std::size_t{0}; i < count; ++i) {
        const auto a = wide{values[i]};
        CHECK(negated(i, 0) == static_cast<T>(-a));
        CHECK(size(i, 0) == static_cast<T>(a < 0 ? -a : a));
        CHECK(squared(i, 0) == static_cast<T>(a * a));
        CHECK(cubed(i, 0) == static_cast<T>(wide{static_cast<T>(a * a)} * a));
        for (auto j = std::size_t{0}; j < count; ++j) {
            const auto b = wide{values[j]}, divisor = wide{divisors(0, j)};
            CHECK(all[0](i, j) == static_cast<T>(a + b));
            CHECK(all[1](i, j) == static_cast<T>(a - b));
            CHECK(all[2](i, j) == static_cast<T>(a * b));
            const auto floored = a / divisor - (a % divisor != 0 && (a < 0) != (divisor < 0) ? 1 : 0);
            CHECK(quotients(i, j) == static_cast<T>(floored));
        }
    }
    auto x = column.clone();
    x += limits::max();
    CHECK(x(2, 0) == static_cast<T>(wide{values[2]} + limits::max()));
}

}  // namespace

TEST_CASE("arithmetic: integers wrap around") {   // tests/core/exact.cpp has every type
    check_wrapping();
    CHECK(xg::array_equal(xg::tensor<std::uint16_t, 1>{65535} * std::uint16_t{65535}, xg::tensor<std::uint16_t, 1>{1}));
}

TEST_CASE("floor_divide: towards minus infinity, without a gradient") {
    const auto x = xg::tensor<int, 1>{7, -7, 0};
    CHECK(xg::array_equal(xg::floor_divide(x, 2), xg::tensor<int, 1>{3, -4, 0}));
    CHECK(xg::array_equal(xg::floor_divide(x, -2), xg::tensor<int, 1>{-4, 3, 0}));
    CHECK(xg::array_equal(xg::floor_divide(20, xg::tensor<int, 1>{3, 7}), xg::tensor<int, 1>{6, 2}));
    CHECK_THROWS_WITH_AS(xg::floor_divide(x, 0), "[floor_divide] an integer divided by zero", xg::value_error);
    CHECK_THROWS_WITH_AS(xg::floor_divide(1, x), "[floor_divide] an integer divided by zero", xg::value_error);
    CHECK_THROWS_WITH_AS(xg::floor_divide(x, x), "[floor_divide] an integer divided by zero", xg::value_error);

    constexpr auto inf = std::numeric_limits<double>::infinity();
    const auto same = [](double a, double b, double wanted) {
        for (const auto size : {1, 9}) {
            const auto y = xg::floor_divide(xg::full<double>({size}, a), xg::full<double>({size}, b));
            for (auto i = 0; i < size; ++i)
                CHECK((std::isnan(wanted) ? std::isnan(y(i)) : y(i) == wanted && std::signbit(y(i)) == std::signbit(wanted)));
        }
        CHECK((std::isnan(wanted) || xg::floor_divide(a, b) == wanted));
    };
    same(7, 2, 3);
    same(-7, 2, -4);
    same(7, -2, -4);
    same(1, 0.1, 9);   // 0.1 is a little more than a tenth
    same(-0.0, 3, -0.0);
    same(1, 0, inf);
    same(-1, 0, -inf);
    same(0, 0, no_number);
    same(-1, inf, -1);
    same(inf, 2, no_number);
    same(no_number, 1, no_number);
    same(1e300, 1e-5, 1e305);

    auto w = xg::tensor<double, 1>{5, -5};
    w.requires_grad(true);
    CHECK_FALSE(xg::floor_divide(w, 2).requires_grad());
    xg::sum(w * xg::floor_divide(w, 2)).backward();
    CHECK(xg::array_equal(w.grad(), xg::tensor<double, 1>{2, -3}));
    w.zero_grad();
    xg::sum(xg::map([](const auto& v) { return v * xg::floor_divide(v, 2); }, w)).backward();
    CHECK(xg::array_equal(w.grad(), xg::tensor<double, 1>{2, -3}));
}

TEST_CASE("arithmetic in place") {
    auto x = xg::tensor<double, 2>{{1, 2, 3}, {4, 5, 6}};
    const auto same = x;
    x += 1;
    x -= xg::tensor<double, 1>{1, 1, 1};
    x *= xg::tensor<double, 2>{{2}, {3}};
    x /= 2.0;
    CHECK(xg::array_equal(x, xg::tensor<double, 2>{{1, 2, 3}, {6, 7.5, 9}}));
    CHECK(xg::array_equal(same, x));
    CHECK_THROWS_WITH_AS(x += xg::zeros<double>({2, 2, 3}),
                         "[+=] the result does not fit in place: x is (2, 3), y is (2, 2, 3)", xg::shape_error);
    auto row = xg::ones<double>({1, 3});
    CHECK_THROWS_AS(row += x, xg::shape_error);
    CHECK_THROWS_AS(x += xg::zeros<double>({4}), xg::shape_error);
}

TEST_CASE("arithmetic in place where the operand is a part of the same elements") {
    auto x = xg::arange<double>(1, 101);
    auto later = xg::view(x, xt::range(1, 100)), sooner = xg::view(x, xt::range(0, 99));
    later += sooner;   // each from the values before
    for (auto i = 1; i < 100; ++i) CHECK(x(i) == 2 * i + 1);
    auto square = xg::tensor<double, 2>{{1, 2}, {3, 4}};
    square += xg::view(square, 0);
    CHECK(xg::array_equal(square, xg::tensor<double, 2>{{2, 4}, {4, 6}}));
    square += square;
    CHECK(xg::array_equal(square, xg::tensor<double, 2>{{4, 8}, {8, 12}}));
}

TEST_CASE("arithmetic in place loses no gradient silently") {
    auto x = xg::tensor<double, 1>{1, 2};
    x.requires_grad(true);
    CHECK_THROWS_AS(x += 1, xg::autograd_error);
    auto y = xg::tensor<double, 1>{1, 2};
    CHECK_THROWS_AS(y += x, xg::autograd_error);
    {
        const auto guard = xg::no_grad{};
        x += 1;
    }
    CHECK(x(0) == 2);

    auto z = x * x;
    {
        const auto guard = xg::no_grad{};
        x += 1;
    }
    CHECK_THROWS_AS(xg::sum(z).backward(), xg::autograd_error);

    // A sum keeps neither operand: both may change.
    auto a = xg::tensor<double, 1>{1, 2};
    auto sum = x + a;
    a += 1;
    {
        const auto guard = xg::no_grad{};
        x += 1;
    }
    xg::sum(sum).backward();
    CHECK(x.grad()(0) == 1);

    // A product with what needs no gradient keeps that only.
    auto product = x * a;
    {
        const auto guard = xg::no_grad{};
        x += 1;
    }
    xg::sum(product).backward();
    CHECK(x.grad()(1) == 1 + a(1));
}

TEST_CASE("arithmetic by name is the operators") {
    const auto a = xg::tensor<float, 1>{1, 2, 3}, b = xg::tensor<float, 1>{3, 2, 4};
    CHECK(xg::array_equal(xg::add(a, b), a + b));
    CHECK(xg::array_equal(xg::subtract(a, b), a - b));
    CHECK(xg::array_equal(xg::multiply(a, b), a * b));
    CHECK(xg::array_equal(xg::divide(a, b), a / b));
    CHECK(xg::array_equal(xg::negative(a), -a));
}
