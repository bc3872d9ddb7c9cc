// Elements chosen by their order: extrema with their places, median, quantiles.
#include <doctest/doctest.h>

#include <support/operation_table.hpp>
#include <support/reductions.hpp>

#include <xgrad/autograd/capture.hpp>
#include <xgrad/autograd/create.hpp>
#include <xgrad/autograd/functional.hpp>
#include <xgrad/ops/max_with_indices.hpp>
#include <xgrad/ops/quantile.hpp>

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

using vector = xg::tensor<double, 1>;
using places = xg::tensor<std::int64_t, 1>;

double quantile_of(std::vector<double> x, double q) {
    std::sort(x.begin(), x.end());
    const auto at = q * static_cast<double>(x.size() - 1);
    const auto lower = static_cast<std::size_t>(at);
    return lower + 1 == x.size() ? x[lower] : x[lower] + (at - static_cast<double>(lower)) * (x[lower + 1] - x[lower]);
}

}  // namespace

TEST_CASE("median and quantile: values and derivatives over all sets of axes") {
    check_reduction("median", xg::median, [](std::vector<double> x) {
        std::sort(x.begin(), x.end());
        return x[(x.size() - 1) / 2];
    }, false);
    for (const auto q : {0.0, 0.3, 0.5, 0.9, 1.0})
        check_reduction("quantile " + std::to_string(q), [=](const auto& x, const auto& axes, bool keep) { return xg::quantile(x, q, axes, keep); },
                        [=](const auto& x) { return quantile_of(x, q); }, false);
}

TEST_CASE("quantile: the ways to name axes and fractions agree") {
    const auto x = xg::tensor<double, 2>{{4, 1, 3}, {10, 20, 0}};
    CHECK(xg::quantile(x, 0.5).item() == 3.5);
    CHECK(xg::array_equal(xg::quantile(x, 0.25, 1), vector{2, 5}));
    CHECK(xg::array_equal(xg::quantile(x, 0.25, {1}), vector{2, 5}));
    CHECK(xg::array_equal(xg::quantile(x, 1, -1, xg::keep_dims), xg::tensor<double, 2>{{4}, {20}}));
    CHECK(xg::quantile(x, 0.5, {0, 1}).item() == 3.5);
    CHECK(xg::array_equal(xg::quantile(x, vector{0, 0.25, 1}, 1), xg::tensor<double>{xg::tensor<double, 2>{{1, 0}, {2, 5}, {4, 20}}}));
    static_assert(std::is_same_v<decltype(xg::quantile(x, 0.5, 0)), vector>);
    static_assert(std::is_same_v<decltype(xg::median(xg::tensor<int, 2>{}, 0)), xg::tensor<int, 1>>);
    CHECK_THROWS_WITH_AS(xg::quantile(x, 1.5, 0), "[quantile] the fraction is 1.5; it must be in [0, 1]", xg::value_error);
    CHECK_THROWS_AS(xg::quantile(x, NAN, 0), xg::value_error);
    CHECK_THROWS_WITH_AS(xg::quantile(xg::zeros<double>({2, 0}), 0.5, 1), "[quantile] no elements to choose from: the shape is (2, 0)", xg::shape_error);
    CHECK_THROWS_WITH_AS(xg::median(xg::zeros<double>({2, 0}), 1), "[median] no elements to choose from: the shape is (2, 0)", xg::shape_error);
    CHECK(xg::median(xg::zeros<double>({2, 0}), 0).size() == 0);
}

TEST_CASE("quantile: several fractions, by all ways to name axes, are one operation") {
    const auto x = xg::tensor<double, 2>{{1, 2, 4}, {0, 10, 20}};
    const auto q = vector{0, 0.25, 1};
    const auto each = [&](const auto&... axes) {
        return xg::tensor<double>{xg::stack(std::vector{xg::quantile(x, 0, axes...), xg::quantile(x, 0.25, axes...), xg::quantile(x, 1, axes...)})};
    };
    const auto both = std::vector<int>{0, 1};
    CHECK(xg::array_equal(xg::quantile(x, q), each()));
    CHECK(xg::array_equal(xg::quantile(x, q, xg::keep_dims), each(xg::keep_dims)));
    CHECK(xg::array_equal(xg::quantile(x, q, -1), each(-1)));
    CHECK(xg::array_equal(xg::quantile(x, q, 0, true), each(0, true)));
    CHECK(xg::array_equal(xg::quantile(x, q, 0, xg::keep_dims), each(0, xg::keep_dims)));
    CHECK(xg::array_equal(xg::quantile(x, q, both, true), each(both, true)));
    CHECK(xg::array_equal(xg::quantile(x, q, {0, 1}), each(both)));
    CHECK(xg::array_equal(xg::quantile(x, q, {0, 1}, xg::keep_dims), each(both, true)));
    CHECK(xg::quantile(x, xg::zeros<double>({0}), 1).shape() == xg::shape{0, 2});
    CHECK_THROWS_AS(xg::quantile(x, xg::tensor<double>{x}, 1), xg::rank_error);

    const auto of_fractions = xg::capture([](const auto& v, const auto& fractions) { return xg::quantile(v, fractions * 0.5, 1); }, x, q);
    CHECK(of_fractions.operations.size() == 2);
    CHECK(of_fractions.operations.back().name == "quantile");
    CHECK(xg::array_equal(of_fractions(x, vector{1, 0, 0.5}), xg::quantile(x, vector{0.5, 0, 0.25}, 1)));
}

TEST_CASE("median and quantile: NaN runs through, infinities are numbers") {
    CHECK(xg::median(vector{1, 4, 2, 3}).item() == 2);
    CHECK(std::isnan(xg::median(vector{1, NAN, 2}).item()));
    CHECK(std::isnan(xg::quantile(vector{1, 2, 3, NAN}, 0.1).item()));
    CHECK(xg::median(vector{inf, -inf, 3}).item() == 3);
    CHECK(xg::quantile(vector{inf, inf, 1}, 0.75).item() == inf);
    CHECK(xg::quantile(vector{1, 2, inf}, 0.5).item() == 2);
    CHECK(xg::quantile(vector{1, 2, inf}, 0.75).item() == inf);
    CHECK(xg::quantile(vector{1, 2, inf}, 0.95).item() == inf);
    CHECK(xg::quantile(vector{-inf, 2, 3}, 0.25).item() == -inf);
    CHECK(std::isnan(xg::quantile(vector{-inf, inf}, 0.5).item()));
    CHECK(xg::quantile(xg::tensor<float, 1>{-3e38f, 3e38f}, 0.5).item() == 0);
    CHECK(xg::quantile(xg::full<float>({9}, 0.1f), 0.37).item() == 0.1f);
    const auto slope = xg::grad([](const auto& x) { return xg::quantile(x, 0.5); });
    CHECK(xg::array_equal(slope(vector{1, NAN, NAN, 2}), vector{0, 1, 0, 0}));
}

TEST_CASE("median: the first of equals gets the gradient") {
    const auto slope = xg::grad([](const auto& x) { return xg::median(x); });
    CHECK(xg::array_equal(slope(vector{5, 2, 2, 2, 0}), vector{0, 1, 0, 0, 0}));
    CHECK(xg::array_equal(slope(vector{1, 1}), vector{1, 0}));
    CHECK(xg::array_equal(slope(vector{0, 2, 5, 2, 2}), vector{0, 1, 0, 0, 0}));
    CHECK(xg::median(xg::tensor<int, 1>{3, 1, 2, 9}).item() == 2);
}

TEST_CASE("max_with_indices and min_with_indices") {
    const auto row = [](const char* name, auto run, auto best, std::size_t axis) {
        return operation{.name = name, .run = on_lists(run), .reference = [=](const list<double>& x) {
                             return reduce_reference(best, x[0], {static_cast<int>(axis)}, false);
                         }, .points = {{shaped(numbers, {3, 5, 2})}, {shaped(numbers, {2, 19})}}, .epsilons = 0};
    };
    const auto most = [](const std::vector<double>& x) { return *std::max_element(x.begin(), x.end()); };
    const auto least = [](const std::vector<double>& x) { return *std::min_element(x.begin(), x.end()); };
    check({row("max_with_indices", [](const auto& x) { return xg::max_with_indices(x[0], 1).values; }, most, 1),
           row("min_with_indices", [](const auto& x) { return xg::min_with_indices(x[0], 0).values; }, least, 0)});
    const auto x = xg::tensor<double, 2>{{1, 7, 7}, {NAN, 0, NAN}};
    const auto [values, indices] = xg::max_with_indices(x, 1);
    CHECK(values(0) == 7);
    CHECK(std::isnan(values(1)));
    CHECK(xg::array_equal(indices, places{1, 0}));
    CHECK(xg::array_equal(xg::min_with_indices(x, 1, xg::keep_dims).indices, xg::tensor<std::int64_t, 2>{{0}, {0}}));
    const auto slope = xg::grad([](const auto& v) { return xg::sum(xg::max_with_indices(v, 1).values); });
    CHECK(xg::array_equal(slope(x), xg::tensor<double, 2>{{0, 1, 0}, {1, 0, 0}}));
    CHECK(xg::array_equal(xg::max_with_indices(xg::tensor<int, 1>{3, 5, 5}, 0).indices, xg::tensor<std::int64_t, 0>(1)));
    static_assert(std::is_same_v<decltype(xg::max_with_indices(x, 1).values), vector>);
    static_assert(std::is_same_v<decltype(xg::max_with_indices(x, 1, xg::keep_dims).indices), xg::tensor<std::int64_t, 2>>);
    CHECK_THROWS_WITH_AS(xg::max_with_indices(xg::zeros<float>({2, 0}), 1), "[max_with_indices] no elements along axis 1: the shape is (2, 0)",
                         xg::shape_error);
}
