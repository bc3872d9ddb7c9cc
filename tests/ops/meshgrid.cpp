#include <doctest/doctest.h>

#include <support/moved_elements.hpp>

#include <xgrad/autograd/create.hpp>
#include <xgrad/ops/compare.hpp>
#include <xgrad/ops/meshgrid.hpp>

#include <array>
#include <type_traits>
#include <vector>

namespace xg = xgrad;
using namespace operation_tests;

TEST_CASE("meshgrid: values and derivatives") {
    check({
        moves("meshgrid[0]", [](const auto& x) { return xg::meshgrid(x, xg::ones_like(x))[0]; }, {2}, {2, 2}, {0, 0, 1, 1}),
        moves("meshgrid[1]", [](const auto& x) { return xg::meshgrid(xg::ones_like(x), x)[1]; }, {2}, {2, 2}, {0, 1, 0, 1}),
        moves("meshgrid of one", [](const auto& x) { return xg::meshgrid(x)[0]; }, {3}, {3}, {0, 1, 2}),
    });
}

TEST_CASE("meshgrid: arrays and lists of vectors, of any type and of nothing") {
    const auto a = xg::tensor<int, 1>{1, 2}, b = xg::tensor<int, 1>{3, 4, 5};
    const auto [rows, columns] = xg::meshgrid(a, b);
    static_assert(std::is_same_v<decltype(xg::meshgrid(a, b)), std::array<xg::tensor<int, 2>, 2>>);
    static_assert(std::is_same_v<decltype(xg::meshgrid(a, xg::tensor<int>{}, b)), std::array<xg::tensor<int, 3>, 3>>);
    static_assert(std::is_same_v<decltype(xg::meshgrid({a, b})), std::array<xg::tensor<int, 2>, 2>>);
    static_assert(std::is_same_v<decltype(xg::meshgrid(std::vector{a, b})), std::vector<xg::tensor<int>>>);
    CHECK(xg::array_equal(rows, xg::tensor<int, 2>{{1, 1, 1}, {2, 2, 2}}));
    CHECK(xg::array_equal(columns, xg::tensor<int, 2>{{3, 4, 5}, {3, 4, 5}}));
    CHECK(xg::array_equal(xg::meshgrid({a, b})[1], columns));
    CHECK(xg::array_equal(xg::meshgrid(std::vector{a, b})[0], rows));
    CHECK(xg::meshgrid(std::vector<xg::tensor<int, 1>>{}).empty());
    CHECK(xg::meshgrid(a, xg::zeros<int>({0}))[0].shape() == xg::shape{2, 0});
    CHECK(xg::meshgrid(a, xg::tensor<int, 0>(7))[1].shape() == xg::shape{2, 1});
    CHECK(xg::array_equal(xg::meshgrid(xg::tensor<bool, 1>{true, false})[0], xg::tensor<bool, 1>{true, false}));
    CHECK_THROWS_WITH_AS(xg::meshgrid(xg::tensor<int>(rows)), "[meshgrid] one of the vectors is (2, 3)", xg::rank_error);
    CHECK_THROWS_AS(xg::meshgrid(std::vector(9, a)), xg::rank_error);
}
