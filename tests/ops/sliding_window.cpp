#include <doctest/doctest.h>

#include <support/moved_elements.hpp>

#include <xgrad/autograd/create.hpp>
#include <xgrad/autograd/functional.hpp>
#include <xgrad/ops/compare.hpp>
#include <xgrad/ops/reduce.hpp>
#include <xgrad/ops/sliding_window.hpp>

#include <limits>
#include <type_traits>

namespace xg = xgrad;
using namespace operation_tests;

TEST_CASE("sliding_window: values and derivatives") {
    check({
        moves("sliding_window(2)", [](const auto& x) { return xg::sliding_window(x, 2); }, {4}, {3, 2}, {0, 1, 1, 2, 2, 3}),
        moves("sliding_window(2, 0, {.step = 2})", [](const auto& x) { return xg::sliding_window(x, 2, 0, {.step = 2}); }, {5}, {2, 2}, {0, 1, 2, 3}),
        moves("sliding_window(1, 0, {.step = 3})", [](const auto& x) { return xg::sliding_window(x, 1, 0, {.step = 3}); }, {5}, {2, 1}, {0, 3}),
        moves("sliding_window(2, 0) of rows", [](const auto& x) { return xg::sliding_window(x, 2, 0); }, {3, 2}, {2, 2, 2}, {0, 2, 1, 3, 2, 4, 3, 5}),
        moves("sliding_window(2, -1)", [](const auto& x) { return xg::sliding_window(x, 2, -1); }, {2, 3}, {2, 2, 2}, {0, 1, 1, 2, 3, 4, 4, 5}),
        moves("sliding_window(2, 1)", [](const auto& x) { return xg::sliding_window(x, 2, 1); }, {1, 3, 2}, {1, 2, 2, 2}, {0, 2, 1, 3, 2, 4, 3, 5}),
        moves("sliding_window(0)", [](const auto& x) { return xg::sliding_window(x, 0); }, {2}, {3, 0}, {}),
        moves("sliding_window of none", [](const auto& x) { return xg::sliding_window(x, 2, 1); }, {0, 3}, {0, 2, 2}, {}),
    });
}

TEST_CASE("sliding_window: each element has the gradients of all windows that it is in") {
    const auto slope = xg::grad([](const auto& v) { return xg::sum(xg::sliding_window(v, 3)); })(xg::zeros<double>({5}));
    CHECK(xg::array_equal(slope, xg::tensor<double, 1>{1, 2, 3, 2, 1}));
}

TEST_CASE("sliding_window: integers, ranks, and what does not fit") {
    const auto x = xg::tensor<int, 1>{1, 2, 3};
    CHECK(xg::array_equal(xg::sliding_window(x, 2), xg::tensor<int, 2>{{1, 2}, {2, 3}}));
    CHECK(xg::array_equal(xg::sliding_window(x, 2, 0, {.step = std::numeric_limits<std::ptrdiff_t>::max()}), xg::tensor<int, 2>{{1, 2}}));
    static_assert(std::is_same_v<decltype(xg::sliding_window(x, 2)), xg::tensor<int, 2>>);
    static_assert(std::is_same_v<decltype(xg::sliding_window(xg::tensor<float>{}, 2, 1)), xg::tensor<float>>);
    CHECK_THROWS_WITH_AS(xg::sliding_window(x, 4), "[sliding_window] a window of 4 along axis 0 of (3,); it must not be longer", xg::shape_error);
    CHECK_THROWS_AS(xg::sliding_window(x, -1), xg::shape_error);
    CHECK_THROWS_WITH_AS(xg::sliding_window(x, 1, 0, {.step = 0}), "[sliding_window] a step of 0; it must be at least 1", xg::value_error);
    CHECK_THROWS_WITH_AS(xg::sliding_window(x, 1, 1), "[sliding_window] axis 1 is out of range for 1 axes", xg::index_error);
}
