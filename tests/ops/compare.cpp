#include <doctest/doctest.h>

#include <support/operation_table.hpp>

#include <xgrad/autograd/create.hpp>
#include <xgrad/ops/arithmetic.hpp>
#include <xgrad/ops/compare.hpp>
#include <xgrad/ops/math.hpp>
#include <xgrad/ops/reduce.hpp>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>
#include <type_traits>

namespace xg = xgrad;
using namespace operation_tests;

namespace {
using truths = xg::tensor<bool, 1>;
}

TEST_CASE("comparisons: element by element, broadcast") {
    const auto a = xg::tensor<float, 1>{1, 2, 3}, b = xg::tensor<float, 1>{3, 2, 1};
    CHECK(xg::array_equal(a == b, truths{false, true, false}));
    CHECK(xg::array_equal(a != b, truths{true, false, true}));
    CHECK(xg::array_equal(a < b, truths{true, false, false}));
    CHECK(xg::array_equal(a <= b, truths{true, true, false}));
    CHECK(xg::array_equal(a > b, truths{false, false, true}));
    CHECK(xg::array_equal(a >= b, truths{false, true, true}));
    CHECK(xg::array_equal(a > 2, truths{false, false, true}));
    CHECK(xg::array_equal(2 > a, truths{true, false, false}));
    CHECK(xg::array_equal(xg::tensor<float, 2>{{1}, {3}} < a, xg::tensor<bool, 2>{{false, true, true}, {false, false, false}}));
    CHECK((a < xg::zeros<float>({0, 1})).shape() == std::array<std::size_t, 2>{0, 3});
    static_assert(std::is_same_v<decltype(a == 1), truths>);
    static_assert(std::is_same_v<decltype(a < xg::tensor<float, 3>{}), xg::tensor<bool, 3>>);
    static_assert(std::is_same_v<decltype(a < xg::tensor<float>{}), xg::tensor<bool>>);
    CHECK_THROWS_WITH_AS(xg::less(a, xg::zeros<float>({2})),
                         "[less] shapes do not broadcast: a is (3,), b is (2,); "
                         "sizes of an axis, counted from the last, must be equal or 1", xg::shape_error);
}

TEST_CASE("comparisons: NaN is unequal to everything and in no order") {
    const auto x = xg::tensor<double, 1>{std::nan(""), 1};
    CHECK(xg::array_equal(x == x, truths{false, true}));
    CHECK(xg::array_equal(x != x, truths{true, false}));
    CHECK(xg::array_equal(x < 2, truths{false, true}));
    CHECK(xg::array_equal(x >= 1, truths{false, true}));
    CHECK_FALSE(xg::array_equal(x, x));
    CHECK_FALSE(xg::allclose(x, x));
}

TEST_CASE("comparisons: integers with numbers they cannot hold") {
    const auto x = xg::tensor<std::int64_t, 1>{0, 1, 2};
    CHECK(xg::array_equal(x < 0.5, truths{true, false, false}));
    CHECK(xg::array_equal(1.5 < x, truths{false, false, true}));
    CHECK(xg::array_equal(x == 1, truths{false, true, false}));
    const auto bytes = xg::tensor<std::uint8_t, 1>{0, 255, 44};
    CHECK(xg::array_equal(bytes > -1, truths{true, true, true}));
    CHECK(xg::array_equal(bytes < 300, truths{true, true, true}));
    CHECK(xg::array_equal(truths{true, false} == true, truths{true, false}));
    // As in NumPy, the number takes the type of the array: 0.1f == 0.1.
    CHECK(xg::array_equal(xg::tensor<float, 1>{0.1f, 0.2f} == 0.1, truths{true, false}));
}

TEST_CASE("truth values: not, and, or") {
    const auto a = truths{true, true, false, false}, b = truths{true, false, true, false};
    CHECK(xg::array_equal(!a, truths{false, false, true, true}));
    CHECK(xg::array_equal(a && b, truths{true, false, false, false}));
    CHECK(xg::array_equal(a || b, truths{true, true, true, false}));
    static_assert(std::is_same_v<decltype(a && xg::tensor<bool, 2>{}), xg::tensor<bool, 2>>);
}

TEST_CASE("where: values and derivatives") {
    // The condition comes from one operand's distance to 1, which no step of the check crosses.
    const auto choose = [](const auto& a, const auto& b) { return xg::where(a > 1, a * a, b); };
    const auto left_number = [](const auto& x) { return xg::where(x > 1, 3, x * x); };
    const auto right_number = [](const auto& x) { return xg::where(x > 1, x * x, 3); };
    check({
        elementwise("where(a > 1, a a, b)", choose, [](double a, double b) { return a > 1 ? a * a : b; }, {{0.5, -2, 3, 4}, {1, 0.25, -4, 7}}),
        elementwise("where(x > 1, 3, x x)", left_number, [](double x) { return x > 1 ? 3 : x * x; }, {{0.5, -2, 3}}),
        elementwise("where(x > 1, x x, 3)", right_number, [](double x) { return x > 1 ? x * x : 3; }, {{0.5, -2, 3}}),
    });
    const auto mask = xg::tensor<bool, 2>{{true}, {false}};
    CHECK(xg::array_equal(xg::where(mask, xg::tensor<int, 1>{1, 2}, 0), xg::tensor<int, 2>{{1, 2}, {0, 0}}));
    CHECK(xg::array_equal(xg::where(mask, 0.5, -1.0), xg::tensor<double, 2>{{0.5}, {-1}}));
    static_assert(std::is_same_v<decltype(xg::where(mask, xg::tensor<float, 1>{}, xg::tensor<float, 3>{})), xg::tensor<float, 3>>);
    static_assert(std::is_same_v<decltype(xg::where(mask, xg::tensor<float>{}, 0)), xg::tensor<float>>);
    CHECK_THROWS_AS(xg::where(mask, xg::zeros<float>({3}), xg::zeros<float>({2})), xg::shape_error);
}

TEST_CASE("where: what is not chosen, NaN included, has no part in the gradient") {
    auto x = xg::tensor<double, 1>{-1, 4};
    x.requires_grad(true);
    xg::sum(xg::where(x > 0, x, 0)).backward();
    CHECK(xg::array_equal(x.grad(), xg::tensor<double, 1>{0, 1}));
}

TEST_CASE("array_equal and allclose") {
    const auto x = xg::tensor<double, 1>{1, 2};
    CHECK(xg::array_equal(x, x.clone()));
    CHECK_FALSE(xg::array_equal(xg::tensor<double>{x}, xg::tensor<double>{xg::tensor<double, 2>{{1, 2}}}));
    CHECK(xg::allclose(x, x + 1e-9));
    CHECK_FALSE(xg::allclose(x, x + 1e-3));
    CHECK(xg::allclose(x, x + 1e-3, 1e-2));
    constexpr auto inf = std::numeric_limits<double>::infinity();
    CHECK(xg::allclose(xg::tensor<double, 1>{inf, -inf}, xg::tensor<double, 1>{inf, -inf}));
    CHECK_FALSE(xg::allclose(xg::tensor<double, 1>{inf}, xg::tensor<double, 1>{-inf}));
}
