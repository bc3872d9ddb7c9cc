#include <doctest/doctest.h>

#include <support/operation_table.hpp>
#include <support/reductions.hpp>

#include <xgrad/autograd/create.hpp>
#include <xgrad/autograd/functional.hpp>
#include <xgrad/ops/arithmetic.hpp>
#include <xgrad/ops/compare.hpp>
#include <xgrad/ops/math.hpp>
#include <xgrad/ops/reduce.hpp>
#include <xgrad/ops/shape.hpp>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <limits>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

namespace xg = xgrad;
using namespace operation_tests;

namespace {

constexpr auto inf = std::numeric_limits<double>::infinity();

double sum_of(const std::vector<double>& x) {
    auto sum = 0.0;
    for (const auto each : x) sum += each;
    return sum;
}
double mean_of(const std::vector<double>& x) { return sum_of(x) / static_cast<double>(x.size()); }
double max_of(const std::vector<double>& x) { return *std::max_element(x.begin(), x.end()); }
double min_of(const std::vector<double>& x) { return *std::min_element(x.begin(), x.end()); }

}  // namespace

TEST_CASE("reductions: values and derivatives over all sets of axes") {
    check_reduction("sum", xg::sum, sum_of, true);
    check_reduction("mean", xg::mean, mean_of, false);
    check_reduction("max", xg::max, max_of, false);
    check_reduction("min", xg::min, min_of, false);
}

TEST_CASE("reductions: the ways to name the axes agree") {
    const auto x = xg::tensor<double, 3>{{{1, 2, 3}, {4, 5, 6}}, {{7, 8, 9}, {10, 11, 12}}};
    CHECK(xg::sum(x).item() == 78);
    CHECK(xg::sum(x, xg::keep_dims)(0, 0, 0) == 78);
    CHECK(xg::array_equal(xg::sum(x, 1), xg::tensor<double, 2>{{5, 7, 9}, {17, 19, 21}}));
    CHECK(xg::array_equal(xg::sum(x, {0, -1}), xg::tensor<double, 1>{30, 48}));
    CHECK(xg::array_equal(xg::sum(x, {0, -1}, xg::keep_dims), xg::tensor<double, 3>{{{30}, {48}}}));
    CHECK(xg::array_equal(xg::sum(x, std::vector{0, 2}), xg::tensor<double>{xg::tensor<double, 1>{30, 48}}));
    CHECK(xg::array_equal(xg::sum(xg::sum(x, 2), 0), xg::sum(x, {0, 2})));
    CHECK(xg::sum(xg::sum(xg::sum(x, 0), 0), 0).item() == xg::sum(x).item());
    CHECK(xg::mean(xg::mean(x, 1)).item() == xg::mean(x).item());
    CHECK(xg::max(xg::max(x, 0)).item() == xg::max(x).item());
    CHECK(xg::array_equal(-xg::max(-x, 1), xg::min(x, 1)));
}

TEST_CASE("reductions: ranks and types of the results") {
    using three = xg::tensor<float, 3>;
    static_assert(std::is_same_v<decltype(xg::sum(three{})), xg::tensor<float, 0>>);
    static_assert(std::is_same_v<decltype(xg::sum(three{}, xg::keep_dims)), three>);
    static_assert(std::is_same_v<decltype(xg::sum(three{}, 0)), xg::tensor<float, 2>>);
    static_assert(std::is_same_v<decltype(xg::mean(three{}, -1, xg::keep_dims)), three>);
    static_assert(std::is_same_v<decltype(xg::max(three{}, {0, 1})), xg::tensor<float, 1>>);
    static_assert(std::is_same_v<decltype(xg::min(three{}, {0, 1}, xg::keep_dims)), three>);
    static_assert(std::is_same_v<decltype(xg::sum(three{}, std::vector{0})), xg::tensor<float>>);
    static_assert(std::is_same_v<decltype(xg::sum(xg::tensor<float>{})), xg::tensor<float, 0>>);
    static_assert(std::is_same_v<decltype(xg::sum(xg::tensor<float>{}, 0)), xg::tensor<float>>);
    static_assert(std::is_same_v<decltype(xg::sum(xg::tensor<int, 2>{}, 0)), xg::tensor<std::int64_t, 1>>);
    static_assert(std::is_same_v<decltype(xg::sum(xg::tensor<bool, 2>{})), xg::tensor<std::int64_t, 0>>);
    static_assert(std::is_same_v<decltype(xg::mean(xg::tensor<std::uint8_t, 1>{})), xg::tensor<double, 0>>);
    static_assert(std::is_same_v<decltype(xg::max(xg::tensor<int, 2>{}, 0)), xg::tensor<int, 1>>);
    static_assert(std::is_same_v<decltype(xg::argmax(three{})), xg::tensor<std::int64_t, 0>>);
    static_assert(std::is_same_v<decltype(xg::argmax(three{}, 1)), xg::tensor<std::int64_t, 2>>);
    static_assert(std::is_same_v<decltype(xg::argmin(three{}, 1, xg::keep_dims)), xg::tensor<std::int64_t, 3>>);
    static_assert(std::is_same_v<decltype(xg::argmin(xg::tensor<float>{}, 1)), xg::tensor<std::int64_t>>);
}

TEST_CASE("reductions: integers and truth values") {
    CHECK(xg::sum(xg::full<std::uint8_t>({1000}, std::uint8_t{255})).item() == 255000);
    CHECK(xg::sum(xg::tensor<bool, 1>{true, false, true}).item() == 2);
    CHECK(xg::mean(xg::tensor<bool, 1>{true, false, true, true}).item() == 0.75);
    CHECK(xg::mean(xg::tensor<int, 1>{1, 2}).item() == 1.5);
    CHECK(xg::max(xg::tensor<int, 1>{-5, -2, -9}).item() == -2);
    CHECK(xg::min(xg::tensor<std::uint8_t, 1>{200, 7}).item() == 7);
    CHECK(xg::max(xg::tensor<bool, 1>{false, true}).item());
    CHECK(xg::array_equal(xg::sum(xg::tensor<int, 2>{{1, 2}, {3, 4}}, 0), xg::tensor<std::int64_t, 1>{4, 6}));
}

TEST_CASE("reductions: nothing to reduce") {
    CHECK(xg::sum(xg::zeros<float>({0})).item() == 0);
    CHECK(std::isnan(xg::mean(xg::zeros<float>({0})).item()));
    CHECK(xg::array_equal(xg::sum(xg::zeros<float>({0, 2}), 0), xg::zeros<float>({2})));
    CHECK(xg::sum(xg::zeros<float>({0, 2}), 1).size() == 0);
    CHECK_THROWS_WITH_AS(xg::max(xg::zeros<float>({2, 0})), "[max] no elements to choose from: the shape is (2, 0)", xg::shape_error);
    CHECK_THROWS_WITH_AS(xg::min(xg::zeros<float>({2, 0}), 1), "[min] no elements to choose from: the shape is (2, 0)", xg::shape_error);
    CHECK(xg::max(xg::zeros<float>({2, 0}), 0).size() == 0);
    CHECK_THROWS_WITH_AS(xg::argmax(xg::zeros<float>({2, 0}), 1), "[argmax] no elements along axis 1: the shape is (2, 0)", xg::shape_error);
    CHECK_THROWS_AS(xg::argmin(xg::zeros<float>({0})), xg::shape_error);
}

TEST_CASE("reductions: wrong axes") {
    const auto x = xg::zeros<float>({2, 3});
    CHECK_THROWS_WITH_AS(xg::sum(x, 2), "[sum] axis 2 is out of range for 2 axes", xg::index_error);
    CHECK_THROWS_WITH_AS(xg::mean(x, -3), "[mean] axis -3 is out of range for 2 axes", xg::index_error);
    CHECK_THROWS_WITH_AS(xg::max(x, {0, -2}), "[max] axis 0 is named twice", xg::value_error);
    CHECK_THROWS_WITH_AS(xg::argmax(x, 2), "[argmax] axis 2 is out of range for 2 axes", xg::index_error);
    CHECK_THROWS_AS(xg::sum(xg::tensor<float>{x}, {0, 1, 2}), xg::index_error);
}

TEST_CASE("max and min: NaN wins wherever it stands, and takes the gradient") {
    for (const auto size : {1, 2, 16, 100})
        for (auto at = 0; at < size; at += 1 + size / 7) {
            auto x = xg::zeros<double>({size});
            x(at) = std::nan("");
            CHECK(std::isnan(xg::max(x).item()));
            CHECK(std::isnan(xg::min(x).item()));
            CHECK(xg::argmax(x).item() == at);
            CHECK(xg::argmin(x).item() == at);
            x.requires_grad(true);
            xg::max(x).backward();
            CHECK(x.grad()(at) == 1);
            CHECK(xg::sum(x.grad()).item() == 1);
        }
    CHECK(xg::max(xg::tensor<double, 1>{-inf, -inf}).item() == -inf);
    CHECK(xg::min(xg::tensor<double, 1>{inf, inf}).item() == inf);
}

TEST_CASE("max and min: equals share the gradient") {
    auto x = xg::tensor<double, 2>{{1, 3, 3}, {2, 2, 2}};
    x.requires_grad(true);
    xg::sum(xg::max(x, 1)).backward();
    CHECK(xg::allclose(x.grad(), xg::tensor<double, 2>{{0, 0.5, 0.5}, {1.0 / 3, 1.0 / 3, 1.0 / 3}}, 1e-15));
}

TEST_CASE("argmax and argmin: the first of equals, along any axis") {
    const auto x = xg::tensor<float, 2>{{1, 5, 5}, {7, 0, 0}};
    CHECK(xg::argmax(x).item() == 3);
    CHECK(xg::argmin(x).item() == 4);
    CHECK(xg::array_equal(xg::argmax(x, 0), xg::tensor<std::int64_t, 1>{1, 0, 0}));
    CHECK(xg::array_equal(xg::argmax(x, 1), xg::tensor<std::int64_t, 1>{1, 0}));
    CHECK(xg::array_equal(xg::argmin(x, -1, xg::keep_dims), xg::tensor<std::int64_t, 2>{{0}, {1}}));
    CHECK(xg::argmax(xg::tensor<bool, 1>{false, true, true}).item() == 1);
    CHECK(xg::argmax(xg::tensor<int, 0>(3)).item() == 0);
}

TEST_CASE("mean: of numbers whose sum leaves the range") {
    constexpr auto largest = std::numeric_limits<float>::max();
    const auto x = xg::full<float>({3, 67}, largest);
    CHECK(xg::mean(x).item() == doctest::Approx(largest).epsilon(1e-6));
    CHECK(xg::mean(x, 1)(2) == doctest::Approx(largest).epsilon(1e-6));
    CHECK(xg::mean(xg::tensor<float, 1>{largest, largest, -largest}).item() == doctest::Approx(largest / 3).epsilon(1e-6));
    CHECK(xg::mean(xg::tensor<float, 1>{largest, largest, -largest, -largest}).item() == 0);
    constexpr auto infinite = std::numeric_limits<float>::infinity();
    CHECK(xg::mean(xg::tensor<float, 1>{infinite, 1}).item() == infinite);
    CHECK(xg::grad([](const auto& v) { return xg::mean(v); })(x)(1, 1) == 1.0f / 201);
}

TEST_CASE("sum: few digits lost over a million elements, and the same on every number of threads") {
    const auto ones = xg::full<float>({1000000}, 0.1f);
    const auto once = xg::sum(ones).item();
    CHECK(once == doctest::Approx(100000.0015).epsilon(1e-6));
    CHECK(xg::sum(xg::reshape(ones, {1000, 1000}), 0)(7) == doctest::Approx(100.0000015).epsilon(2e-6));
    const auto threads = xg::num_threads();
    for (const auto count : {1, 2, 3}) {
        xg::set_num_threads(count);
        CHECK(xg::sum(ones).item() == once);
    }
    xg::set_num_threads(threads);
}
