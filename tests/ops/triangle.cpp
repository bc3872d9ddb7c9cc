#include <doctest/doctest.h>

#include <support/moved_elements.hpp>

#include <xgrad/autograd/create.hpp>
#include <xgrad/autograd/functional.hpp>
#include <xgrad/ops/compare.hpp>
#include <xgrad/ops/math.hpp>
#include <xgrad/ops/reduce.hpp>
#include <xgrad/ops/triangle.hpp>

#include <cmath>
#include <cstddef>
#include <limits>
#include <type_traits>

namespace xg = xgrad;
using namespace operation_tests;

TEST_CASE("tril, triu: values and derivatives") {
    check({
        moves("tril", [](const auto& x) { return xg::tril(x); }, {2, 3}, {2, 3}, {0, -1, -1, 3, 4, -1}),
        moves("tril(1)", [](const auto& x) { return xg::tril(x, 1); }, {3, 3}, {3, 3}, {0, 1, -1, 3, 4, 5, 6, 7, 8}),
        moves("tril(-1)", [](const auto& x) { return xg::tril(x, -1); }, {3, 2}, {3, 2}, {-1, -1, 2, -1, 4, 5}),
        moves("tril(-9)", [](const auto& x) { return xg::tril(x, -9); }, {2, 2}, {2, 2}, {-1, -1, -1, -1}),
        moves("tril(9)", [](const auto& x) { return xg::tril(x, 9); }, {2, 2}, {2, 2}, {0, 1, 2, 3}),
        moves("triu", [](const auto& x) { return xg::triu(x); }, {3, 2}, {3, 2}, {0, 1, -1, 3, -1, -1}),
        moves("triu(1)", [](const auto& x) { return xg::triu(x, 1); }, {2, 3}, {2, 3}, {-1, 1, 2, -1, -1, 5}),
        moves("triu(-1)", [](const auto& x) { return xg::triu(x, -1); }, {3, 2}, {3, 2}, {0, 1, 2, 3, -1, 5}),
        moves("triu of several", [](const auto& x) { return xg::triu(x); }, {2, 2, 2}, {2, 2, 2}, {0, 1, -1, 3, 4, 5, -1, 7}),
        moves("tril of none", [](const auto& x) { return xg::tril(x); }, {2, 0, 3}, {2, 0, 3}, {}),
    });
}

TEST_CASE("tril, triu: what is outside does not leak") {
    const auto x = xg::tensor<double, 2>{{4, NAN}, {9, 0}};
    CHECK(xg::array_equal(xg::tril(x), xg::tensor<double, 2>{{4, 0}, {9, 0}}));
    const auto slope = xg::grad([](const auto& v) { return xg::sum(xg::tril(xg::sqrt(v), -1)); });
    CHECK(xg::array_equal(slope(xg::tensor<double, 2>{{-1, NAN}, {9, 0}}), xg::tensor<double, 2>{{0, 0}, {1.0 / 6, 0}}));
    const auto infinite = xg::tensor<double, 2>{{1, 2}, {-INFINITY, 3}};
    CHECK(xg::array_equal(xg::triu(infinite), xg::tensor<double, 2>{{1, 2}, {0, 3}}));
}

TEST_CASE("tril, triu: integers, truth values, ranks, and what does not fit") {
    CHECK(xg::array_equal(xg::tril(xg::tensor<int, 2>{{1, 2}, {3, 4}}), xg::tensor<int, 2>{{1, 0}, {3, 4}}));
    CHECK(xg::array_equal(xg::triu(xg::ones<bool>({2, 2}), 1), xg::tensor<bool, 2>{{false, true}, {false, false}}));
    constexpr auto least = std::numeric_limits<std::ptrdiff_t>::min(), most = std::numeric_limits<std::ptrdiff_t>::max();
    const auto x = xg::ones<float>({2, 2});
    CHECK(xg::array_equal(xg::tril(x, most), x));
    CHECK(xg::array_equal(xg::triu(x, least), x));
    CHECK(xg::array_equal(xg::tril(x, least), xg::zeros<float>({2, 2})));
    static_assert(std::is_same_v<decltype(xg::tril(xg::tensor<float, 3>{})), xg::tensor<float, 3>>);
    static_assert(std::is_same_v<decltype(xg::triu(xg::tensor<float>{})), xg::tensor<float>>);
    CHECK_THROWS_WITH_AS(xg::tril(xg::tensor<float>(xg::zeros<float>({3}))), "[tril] x is (3,); it must be a matrix or several", xg::rank_error);
}
