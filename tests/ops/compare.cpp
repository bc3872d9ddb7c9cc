#include <doctest/doctest.h>

#include <support/operation_table.hpp>

#include <xgrad/autograd/create.hpp>
#include <xgrad/ops/arithmetic.hpp>
#include <xgrad/ops/compare.hpp>
#include <xgrad/ops/math.hpp>
#include <xgrad/ops/reduce.hpp>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <limits>
#include <type_traits>
#include <vector>

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
    CHECK(xg::array_equal(xg::tensor<std::uint64_t, 1>{std::uint64_t{1} << 63} > -1, truths{true}));
    CHECK(xg::array_equal(xg::tensor<std::int64_t, 1>{9007199254740993} == 9007199254740992.0, truths{false}));
    CHECK(xg::array_equal(xg::tensor<float, 1>{16777216, 16777218} < 16777217, truths{true, false}));
    CHECK(xg::array_equal(xg::tensor<float, 1>{16777216, 16777218} == 16777217, truths{false, false}));
    CHECK(xg::array_equal(xg::tensor<float, 1>{16777216, static_cast<float>(std::nan(""))} != 16777217, truths{true, true}));
    CHECK(xg::array_equal(x < std::nan(""), truths{false, false, false}));
    CHECK(xg::array_equal(x != std::nan(""), truths{true, true, true}));
    CHECK(xg::array_equal(xg::tensor<float, 1>{1} != std::nan(""), truths{true}));
    CHECK(xg::array_equal(truths{true, false} < 0.5, truths{false, true}));
    CHECK(xg::array_equal(truths{true, false} == 2, truths{false, false}));
}

namespace {

__extension__ using wide = __int128;

/// Twice the largest integer that is at most x, and one more for a fraction.
template <class T>
wide place(T x) {
    if constexpr (std::is_integral_v<T>) return 2 * static_cast<wide>(x);
    else return 2 * static_cast<wide>(std::floor(x)) + (std::floor(x) == x ? 0 : 1);
}

template <class T, class S>
void check_comparisons(const std::vector<T>& elements, const std::vector<S>& numbers) {
    const auto x = xg::tensor<T, 1>(elements, {elements.size()});
    auto wrong = 0;
    for (const S number : numbers) {
        const auto right = [&](const auto& relation, const xg::tensor<bool, 1>& got, const xg::tensor<bool, 1>& swapped) {
            for (auto i = std::size_t{0}; i < elements.size(); ++i) {
                if (got(i) != relation(place(elements[i]), place(number))) ++wrong;
                if (swapped(i) != relation(place(number), place(elements[i]))) ++wrong;
            }
        };
        right(std::equal_to<>{}, x == number, number == x);
        right(std::not_equal_to<>{}, x != number, number != x);
        right(std::less<>{}, x < number, number < x);
        right(std::less_equal<>{}, x <= number, number <= x);
        right(std::greater<>{}, x > number, number > x);
        right(std::greater_equal<>{}, x >= number, number >= x);
    }
    CHECK_MESSAGE(wrong == 0, xg::dtype_name<T>(), " beside ", xg::dtype_name<S>(), ": ", wrong, " wrong");
}

}  // namespace

TEST_CASE("comparisons: elements with numbers of every other type, at the edges of both") {
    using signed_limits = std::numeric_limits<std::int64_t>;
    const auto whole_numbers = std::vector<std::int64_t>{signed_limits::min(), -129, -1, 0, 1, 127, 255, 256, 16777217, 9007199254740993, signed_limits::max()};
    const auto unsigned_numbers = std::vector<std::uint64_t>{0, 255, 256, 16777217, std::uint64_t{1} << 63, std::numeric_limits<std::uint64_t>::max()};
    const auto fractions = std::vector{-1e30, -0x1p63, -0.5, 0.0, 0.5, 1.0, 254.5, 255.0, 255.5, 9007199254740992.0, 0x1p63, 0x1p64, 1e30};
    const auto bytes = std::vector<std::uint8_t>{0, 1, 127, 128, 254, 255};
    const auto reals = std::vector{-0x1p63f, -129.0f, -0.5f, 0.0f, 0.5f, 255.0f, 16777216.0f, 16777218.0f, 0x1p53f, 0x1p63f, 0x1p64f, 1e30f};
    check_comparisons(bytes, whole_numbers);
    check_comparisons(bytes, fractions);
    check_comparisons(whole_numbers, unsigned_numbers);
    check_comparisons(whole_numbers, fractions);
    check_comparisons(unsigned_numbers, whole_numbers);
    check_comparisons(unsigned_numbers, fractions);
    check_comparisons(reals, whole_numbers);
    check_comparisons(reals, unsigned_numbers);
    check_comparisons(std::vector<double>(reals.begin(), reals.end()), whole_numbers);
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
        elementwise("where(a > 1, a a, b)", choose, [](double a, double b) { return a > 1 ? a * a : b; }, {{0.5, -2, 3, 4}, {1, 0.25, -4, 7}}, 4, {.is_operation = false}),
        elementwise("where(x > 1, 3, x x)", left_number, [](double x) { return x > 1 ? 3 : x * x; }, {{0.5, -2, 3}}, 4, {.is_operation = false}),
        elementwise("where(x > 1, x x, 3)", right_number, [](double x) { return x > 1 ? x * x : 3; }, {{0.5, -2, 3}}, 4, {.is_operation = false}),
    });
    const auto mask = xg::tensor<bool, 2>{{true}, {false}};
    CHECK(xg::array_equal(xg::where(mask, xg::tensor<int, 1>{1, 2}, 0), xg::tensor<int, 2>{{1, 2}, {0, 0}}));
    CHECK(xg::array_equal(xg::where(mask, 0.5, -1.0), xg::tensor<double, 2>{{0.5}, {-1}}));
    static_assert(std::is_same_v<decltype(xg::where(mask, xg::tensor<float, 1>{}, xg::tensor<float, 3>{})), xg::tensor<float, 3>>);
    static_assert(std::is_same_v<decltype(xg::where(mask, xg::tensor<float>{}, 0)), xg::tensor<float>>);
    CHECK_THROWS_AS(xg::where(mask, xg::zeros<float>({3}), xg::zeros<float>({2})), xg::shape_error);
    CHECK_THROWS_WITH_AS(xg::where(mask, xg::tensor<std::uint8_t, 1>{1, 2}, 300), "[where] 300 does not fit uint8, whose numbers are 0 to 255",
                         xg::value_error);
    CHECK_THROWS_AS(xg::where(mask, -1, xg::tensor<std::uint64_t, 1>{1, 2}), xg::value_error);
    CHECK_THROWS_AS(xg::where(mask, -1, 1u), xg::value_error);
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
    const auto odd = xg::tensor<double, 1>{1, NAN};
    CHECK_FALSE(xg::array_equal(odd, odd));
    CHECK(xg::array_equal(odd, odd, true));
    CHECK_FALSE(xg::array_equal(odd, xg::tensor<double, 1>{NAN, 1}, true));
    CHECK_FALSE(xg::allclose(odd, odd));
    CHECK(xg::allclose(odd, odd, 1e-5, 1e-8, true));
}

TEST_CASE_TEMPLATE("isclose: element by element, at the edges", T, float, double) {
    using vector = xg::tensor<T, 1>;
    constexpr auto inf = std::numeric_limits<T>::infinity(), most = std::numeric_limits<T>::max();
    const auto a = vector{1, 1, inf, -inf, inf, 1, NAN, NAN, 1, most, 0}, b = vector{1, T(1.1), inf, inf, 1, inf, NAN, 1, NAN, -most, T(1e-9)};
    CHECK(xg::array_equal(xg::isclose(a, b), truths{true, false, true, false, false, false, false, false, false, false, true}));
    CHECK(xg::array_equal(xg::isclose(a, b, 0.1, 0, true), truths{true, true, true, false, false, false, true, false, false, false, false}));
    // Of the second operand a share is allowed; a column and a row broadcast; a number stands on either side.
    CHECK(xg::array_equal(xg::isclose(vector{10, 9}, vector{9, 10}, 0.105, 0), truths{false, true}));
    CHECK(xg::isclose(xg::zeros<T>({3, 1}), xg::zeros<T>({2})).shape() == xg::shape{3, 2});
    CHECK(xg::array_equal(xg::isclose(vector{2, 3}, 2), truths{true, false}));
    CHECK(xg::array_equal(xg::isclose(2, vector{2, 3}), truths{true, false}));
}

TEST_CASE("isclose: integers by their exact distance") {
    using xg::isclose;
    constexpr auto most = std::numeric_limits<std::int64_t>::max(), least = std::numeric_limits<std::int64_t>::min();
    const auto a = xg::tensor<std::int64_t, 1>{most, most, least, 5}, b = xg::tensor<std::int64_t, 1>{most - 1, most - 2, most, -5};
    CHECK(xg::array_equal(isclose(a, b, 0, 1), truths{true, false, false, false}));
    CHECK(xg::array_equal(isclose(a, b, 0, 2e19), truths{true, true, true, true}));
    CHECK_FALSE(xg::allclose(a, b, 0, 1));
    CHECK(xg::array_equal(isclose(xg::tensor<std::uint8_t, 1>{0, 255}, xg::tensor<std::uint8_t, 1>{255, 254}, 0, 1), xg::tensor<bool, 1>{false, true}));
    CHECK(xg::array_equal(isclose(xg::tensor<bool, 1>{true, false}, xg::tensor<bool, 1>{true, true}, 0, 0.5), xg::tensor<bool, 1>{true, false}));
}

TEST_CASE("comparisons by name are the operators") {
    const auto a = xg::tensor<float, 1>{1, 2, 3}, b = xg::tensor<float, 1>{3, 2, 1};
    CHECK(xg::array_equal(xg::equal(a, b), a == b));
    CHECK(xg::array_equal(xg::not_equal(a, b), a != b));
    CHECK(xg::array_equal(xg::less(a, b), a < b));
    CHECK(xg::array_equal(xg::less_equal(a, b), a <= b));
    CHECK(xg::array_equal(xg::greater(a, b), a > b));
    CHECK(xg::array_equal(xg::greater_equal(a, b), a >= b));
    CHECK(xg::array_equal(xg::greater(2, a), xg::tensor<bool, 1>{true, false, false}));
}
