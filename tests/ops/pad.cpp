#include <doctest/doctest.h>

#include <support/moved_elements.hpp>

#include <xgrad/autograd/create.hpp>
#include <xgrad/autograd/functional.hpp>
#include <xgrad/ops/compare.hpp>
#include <xgrad/ops/pad.hpp>
#include <xgrad/ops/reduce.hpp>

#include <array>
#include <cmath>
#include <cstdint>
#include <limits>
#include <type_traits>
#include <utility>
#include <vector>

namespace xg = xgrad;
using namespace operation_tests;
using enum xg::pad_mode;

TEST_CASE("pad: values and derivatives") {
    check({
        moves("pad", [](const auto& x) { return xg::pad(x, {{1, 0}, {0, 2}}); }, {2, 2}, {3, 4}, {-1, -1, -1, -1, 0, 1, -1, -1, 2, 3, -1, -1}),
        moves("pad by a number", [](const auto& x) { return xg::pad(x, {{2, 1}}, constant, -7); }, {2}, {5}, {-1, -1, 0, 1, -1}, -7),
        moves("pad and cut", [](const auto& x) { return xg::pad(x, {{-1, 1}, {1, -2}}, constant, 3); }, {2, 3}, {2, 2}, {-1, 3, -1, -1}, 3),
        moves("pad of none", [](const auto& x) { return xg::pad(x, {{1, 1}, {0, 1}}); }, {0, 2}, {2, 3}, {-1, -1, -1, -1, -1, -1}),
        moves("pad by nothing", [](const auto& x) { return xg::pad(x, {{0, 0}, {0, 0}}); }, {2, 2}, {2, 2}, {0, 1, 2, 3}),
        moves("cut to nothing", [](const auto& x) { return xg::pad(x, {{-1, -1}}); }, {2}, {0}, {}),
        moves("reflect", [](const auto& x) { return xg::pad(x, {{2, 2}}, reflect); }, {3}, {7}, {2, 1, 0, 1, 2, 1, 0}),
        moves("reflect two axes", [](const auto& x) { return xg::pad(x, {{1, 0}, {0, 2}}, reflect); }, {2, 3}, {3, 5},
              {3, 4, 5, 4, 3, 0, 1, 2, 1, 0, 3, 4, 5, 4, 3}),
        moves("reflect what was cut", [](const auto& x) { return xg::pad(x, {{-3, 3}}, reflect); }, {4}, {4}, {3, 2, 1, 0}),
        moves("replicate", [](const auto& x) { return xg::pad(x, {{0, 0}, {3, 1}}, replicate); }, {2, 2}, {2, 6}, {0, 0, 0, 0, 1, 1, 2, 2, 2, 2, 3, 3}),
        moves("replicate and cut", [](const auto& x) { return xg::pad(x, {{-1, 2}}, replicate); }, {3}, {4}, {1, 2, 2, 2}),
        moves("circular", [](const auto& x) { return xg::pad(x, {{2, 3}}, circular); }, {3}, {8}, {1, 2, 0, 1, 2, 0, 1, 2}),
        moves("circular and cut", [](const auto& x) { return xg::pad(x, {{2, -1}}, circular); }, {5}, {6}, {2, 3, 0, 1, 2, 3}),
        moves("circular and cut in front", [](const auto& x) { return xg::pad(x, {{-2, 2}}, circular); }, {5}, {5}, {2, 3, 4, 2, 3}),
        moves("reflect of none", [](const auto& x) { return xg::pad(x, {{0, 0}, {1, 1}}, reflect); }, {0, 2}, {0, 4}, {}),
        moves("circular of none", [](const auto& x) { return xg::pad(x, {{0, 0}, {0, 1}}, circular); }, {0, 2}, {0, 3}, {}),
    });
}

TEST_CASE("pad: pairs as ranges, integers and truth values") {
    const auto x = xg::tensor<int, 2>{{1, 2}, {3, 4}};
    const auto wanted = xg::tensor<int, 2>{{9, 1, 2}, {9, 3, 4}};
    CHECK(xg::array_equal(xg::pad(x, {{0, 0}, {1, 0}}, constant, 9), wanted));
    CHECK(xg::array_equal(xg::pad(x, std::vector<std::pair<int, int>>{{0, 0}, {1, 0}}, constant, 9), wanted));
    CHECK(xg::array_equal(xg::pad(x, std::vector<std::array<std::size_t, 2>>{{0, 0}, {1, 0}}, constant, 9), wanted));
    CHECK(xg::array_equal(xg::pad(x, std::array<xg::pad_width, 2>{{{0, 0}, {1, 0}}}, constant, 9), wanted));
    CHECK(xg::array_equal(xg::pad(xg::tensor<bool, 1>{false, true}, {{1, 2}}, replicate), xg::tensor<bool, 1>{false, false, true, true, true}));
    CHECK(xg::array_equal(xg::pad(xg::tensor<bool, 1>{false}, {{0, 1}}, constant, true), xg::tensor<bool, 1>{false, true}));
    CHECK_THROWS_AS(xg::pad(xg::tensor<std::uint8_t, 1>{1}, {{1, 1}}, constant, 256), xg::value_error);
    CHECK(xg::array_equal(xg::pad(xg::tensor<float>(2.f), std::vector<xg::pad_width>{}), xg::tensor<float, 0>(2.f)));
}

TEST_CASE("pad: what stands around has no gradient, and none of its NaN gets in") {
    constexpr auto no_number = std::numeric_limits<double>::quiet_NaN();
    const auto x = xg::tensor<double, 1>{1, 2};
    const auto y = xg::pad(x, {{1, 1}}, constant, no_number);
    CHECK(std::isnan(y(0)));
    const auto slope = xg::grad([=](const auto& v) { return xg::sum(xg::pad(v, {{1, 1}}, constant, no_number)); })(x);
    CHECK(xg::array_equal(slope, xg::tensor<double, 1>{1, 1}));
    const auto counts = xg::grad([](const auto& v) { return xg::sum(xg::pad(v, {{1, 3}}, replicate)); })(x);
    CHECK(xg::array_equal(counts, xg::tensor<double, 1>{2, 4}));
}

TEST_CASE("pad: the ranks of the results") {
    using two = xg::tensor<float, 2>;
    using any = xg::tensor<float>;
    static_assert(std::is_same_v<decltype(xg::pad(two{}, {{0, 1}, {1, 2}})), two>);
    static_assert(std::is_same_v<decltype(xg::pad(any{}, {{0, 1}, {1, 2}}, reflect)), two>);
    static_assert(std::is_same_v<decltype(xg::pad(two{}, std::vector<xg::pad_width>{})), two>);
    static_assert(std::is_same_v<decltype(xg::pad(any{}, std::vector<xg::pad_width>{})), any>);
}

TEST_CASE("pad: what does not fit") {
    const auto x = xg::zeros<float>({2, 3});
    const auto any = xg::tensor<float>{x};
    CHECK_THROWS_WITH_AS(xg::pad(any, {{1, 1}}), "[pad] 1 pairs for 2 axes; there is one for each", xg::rank_error);
    CHECK_THROWS_WITH_AS(xg::pad(x, {{0, 0}, {3, 0}}, reflect),
                         "[pad] axis 1 of (2, 3) has not the elements to be padded with: 3 before, 0 after", xg::shape_error);
    CHECK_THROWS_WITH_AS(xg::pad(x, {{0, 0}, {0, 4}}, circular),
                         "[pad] axis 1 of (2, 3) has not the elements to be padded with: 0 before, 4 after", xg::shape_error);
    CHECK_THROWS_AS(xg::pad(x, {{0, 0}, {-1, 3}}, circular), xg::shape_error);
    CHECK_THROWS_AS(xg::pad(xg::zeros<float>({0}), {{1, 0}}, replicate), xg::shape_error);
    CHECK_THROWS_AS(xg::pad(xg::zeros<float>({0}), {{1, 0}}, circular), xg::shape_error);
    CHECK_THROWS_AS(xg::pad(xg::zeros<float>({0}), {{1, 0}}, reflect), xg::shape_error);
    for (const auto mode : {constant, reflect, replicate, circular})
        CHECK_THROWS_WITH_AS(xg::pad(x, {{-1, -2}, {0, 0}}, mode),
                             "[pad] axis 0 of (2, 3) has not as many elements as are cut off: -1 before, -2 after", xg::shape_error);
    CHECK_THROWS_AS(xg::pad(x, {{-3, 5}, {0, 0}}), xg::shape_error);
    CHECK_THROWS_AS(xg::pad(x, {{std::numeric_limits<std::ptrdiff_t>::max(), 1}, {0, 0}}), xg::shape_error);
    CHECK_THROWS_AS(xg::pad(x, {{0, std::numeric_limits<std::ptrdiff_t>::min()}, {0, 0}}), xg::shape_error);
    CHECK_THROWS_WITH_AS(xg::pad(x, {{1, 1}, {0, 0}}, reflect, 1), "[pad] only pad_mode::constant has a number around x", xg::value_error);
}
