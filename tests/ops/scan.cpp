#include <doctest/doctest.h>

#include <support/operation_table.hpp>

#include <xgrad/autograd/create.hpp>
#include <xgrad/autograd/functional.hpp>
#include <xgrad/core/parallel.hpp>
#include <xgrad/ops/diff.hpp>
#include <xgrad/ops/scan.hpp>
#include <xgrad/ops/shape.hpp>

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <limits>
#include <string>
#include <type_traits>
#include <vector>

namespace xg = xgrad;
using namespace operation_tests;

namespace {

constexpr auto inf = std::numeric_limits<double>::infinity();

using line_function = std::function<std::vector<double>(const std::vector<double>&)>;

/// f of every line along an axis, one by one.
xg::tensor<double> along(const line_function& f, const xg::tensor<double>& x, std::size_t axis) {
    auto sizes = x.shape();
    auto outer = std::size_t{1}, inner = std::size_t{1};
    for (auto i = std::size_t{0}; i < axis; ++i) outer *= sizes[i];
    for (auto i = axis + 1; i < sizes.rank(); ++i) inner *= sizes[i];
    const auto length = sizes[axis];
    sizes[axis] = f(std::vector<double>(length, 1.0)).size();
    auto y = xg::empty<double>(sizes);
    for (auto o = std::size_t{0}; o < outer; ++o)
        for (auto i = std::size_t{0}; i < inner; ++i) {
            auto line = std::vector<double>{};
            for (auto k = std::size_t{0}; k < length; ++k) line.push_back(x.data()[(o * length + k) * inner + i]);
            const auto result = f(line);
            for (auto k = std::size_t{0}; k < result.size(); ++k) y.data()[(o * result.size() + k) * inner + i] = result[k];
        }
    return y;
}

line_function folded(const std::function<double(double, double)>& f) {
    return [f](std::vector<double> x) {
        for (auto k = std::size_t{1}; k < x.size(); ++k) x[k] = f(x[k - 1], x[k]);
        return x;
    };
}

std::vector<double> differences(const std::vector<double>& x) {
    auto y = std::vector<double>{};
    for (auto k = std::size_t{1}; k < x.size(); ++k) y.push_back(x[k] - x[k - 1]);
    return y;
}

const auto sum_so_far = folded([](double a, double b) { return a + b; });
const auto product_so_far = folded([](double a, double b) { return a * b; });
const auto largest_so_far = folded([](double a, double b) { return std::max(a, b); });
const auto least_so_far = folded([](double a, double b) { return std::min(a, b); });
const auto log_sum_so_far = folded([](double a, double b) { return std::log(std::exp(a) + std::exp(b)); });

const auto points = std::vector<double>{0.5, -1, 2, 0, -0.25, 1.5, 0.75, 0, -2, 1.25, 0.3, 0.8, -1.75};   // with zeros
const auto apart = [] {   // among equals the largest changes hands
    auto all = std::vector<double>{};
    for (auto i = 0; i < 60; ++i) all.push_back(static_cast<double>((i * 37) % 61) / 16 - 2);
    return all;
}();

template <class Op>
void check_along(const std::string& name, const Op& op, const line_function& f, const std::vector<double>& numbers, double epsilons) {
    const auto row = [&](const xg::shape& sizes, std::size_t axis) {
        return operation{.name = name, .run = on_lists([=](const auto& x) { return op(x[0], static_cast<std::ptrdiff_t>(axis)); }),
                         .reference = [=](const list<double>& x) { return along(f, x[0], axis); },
                         .points = {{shaped(numbers, sizes)}}, .epsilons = epsilons, .scale = 8};
    };
    check({row({5}, 0), row({1}, 0), row({3, 4}, 0), row({3, 4}, 1), row({2, 3, 2}, 1), row({9, 3}, 1), row({2, 19}, 1), row({3, 2, 1}, 0),
           row({0, 2}, 0), row({2, 0}, 0), row({2, 0}, 1)});
}

using vector = xg::tensor<double, 1>;
const auto total = [](const auto& f) { return xg::grad([f](const auto& x) { return xg::sum(f(x)); }); };

}  // namespace

TEST_CASE("scans: values and derivatives along every axis") {
    check_along("cumsum", xg::cumsum, sum_so_far, points, 4);
    check_along("cumprod", xg::cumprod, product_so_far, points, 4);
    check_along("logcumsumexp", xg::logcumsumexp, log_sum_so_far, points, 4);
    check_along("cummax", [](const auto& x, std::ptrdiff_t axis) { return xg::cummax(x, axis).values; }, largest_so_far, apart, 0);
    check_along("cummin", [](const auto& x, std::ptrdiff_t axis) { return xg::cummin(x, axis).values; }, least_so_far, apart, 0);
    check_along("diff", [](const auto& x, std::ptrdiff_t axis) { return xg::diff(x, axis); }, differences, points, 4);
    check_along("diff, twice", [](const auto& x, std::ptrdiff_t axis) { return xg::diff(x, axis, {.n = 2}); },
                [](const auto& x) { return differences(differences(x)); }, points, 4);
}

TEST_CASE("cumprod: zeros among the factors, to the second order") {
    CHECK(xg::array_equal(total([](const auto& x) { return xg::cumprod(x, 0); })(vector{2, 0, 3, 4}), vector{1, 32, 0, 0}));
    const auto sum = [](const auto& x) { return xg::sum(xg::cumprod(x, 0)); };
    CHECK(xg::array_equal(xg::hessian(sum, vector{1, 0}), xg::tensor<double, 2>{{0, 1}, {1, 0}}));
    // x0 + x0 x1 + x0 x1 x2 at {0, 0, 5}
    CHECK(xg::array_equal(xg::hessian(sum, vector{0, 0, 5}), xg::tensor<double, 2>{{0, 6, 0}, {6, 0, 0}, {0, 0, 0}}));
    CHECK(xg::array_equal(xg::cumprod(xg::tensor<float, 1>{1e30f, 1e30f, 1e-30f}, 0), xg::tensor<float, 1>{1e30f, static_cast<float>(inf), 1e30f}));
}

TEST_CASE("scans: integers, truth values and ranks") {
    CHECK(xg::array_equal(xg::cumsum(xg::tensor<bool, 1>{true, false, true}, 0), xg::tensor<std::int64_t, 1>{1, 1, 2}));
    CHECK(xg::array_equal(xg::cumprod(xg::full<std::int8_t>({3}, 100), 0), xg::tensor<std::int64_t, 1>{100, 10000, 1000000}));
    CHECK(xg::array_equal(xg::cummax(xg::tensor<int, 2>{{1, 5}, {2, 4}}, 0).values, xg::tensor<int, 2>{{1, 5}, {2, 5}}));
    CHECK(xg::array_equal(xg::diff(xg::tensor<int, 1>{1, 4, 2}), xg::tensor<int, 1>{3, -2}));
    CHECK(xg::array_equal(xg::diff(xg::tensor<bool, 1>{true, true, false}), xg::tensor<bool, 1>{false, true}));
    CHECK(xg::array_equal(xg::diff(xg::tensor<int, 2>{{1, 4, 2}}, {.n = 2}), xg::tensor<int, 2>{{-5}}));
    CHECK(xg::diff(xg::tensor<int, 1>{1, 4, 2}, 0, {.n = 7}).size() == 0);
    static_assert(std::is_same_v<decltype(xg::cumsum(xg::tensor<std::uint64_t, 2>{}, 0)), xg::tensor<std::uint64_t, 2>>);
    static_assert(std::is_same_v<decltype(xg::cumsum(xg::tensor<float>{}, 0)), xg::tensor<float>>);
    CHECK_THROWS_AS(xg::diff(vector{1}, {.n = -1}), xg::value_error);
    CHECK_THROWS_WITH_AS(xg::cumsum(vector{1}, 1), "[cumsum] axis 1 is out of range for 1 axes", xg::index_error);
    CHECK_THROWS_WITH_AS(xg::cummin(vector{1}, -2), "[cummin] axis -2 is out of range for 1 axes", xg::index_error);
}

TEST_CASE("cummax and cummin: NaN from the first on, the first of equals, which gets the gradient") {
    const auto [values, indices] = xg::cummax(vector{1, 3, 3, NAN, 7, NAN}, 0);
    CHECK(xg::array_equal(indices, xg::tensor<std::int64_t, 1>{0, 1, 1, 3, 3, 3}));
    CHECK(values(2) == 3);
    CHECK(std::isnan(values(4)));
    CHECK(xg::array_equal(xg::cummin(vector{-inf, -inf, 0}, 0).indices, xg::tensor<std::int64_t, 1>{0, 0, 0}));
    CHECK(xg::array_equal(xg::cummax(vector{-inf, -inf}, 0).indices, xg::tensor<std::int64_t, 1>{0, 0}));
    CHECK(xg::array_equal(total([](const auto& x) { return xg::cummax(x, 0).values; })(vector{1, 3, 3, 2}), vector{1, 3, 0, 0}));
}

TEST_CASE("logcumsumexp: rows of -inf, infinities, large numbers") {
    const auto f = [](const auto& x) { return xg::logcumsumexp(x, 0); };
    const auto x = vector{-inf, -inf, 0, 0};
    CHECK(xg::allclose(f(x), vector{-inf, -inf, 0, std::log(2)}));
    CHECK(xg::allclose(total(f)(x), vector{0, 0, 1.5, 0.5}));
    CHECK(xg::array_equal(total(f)(vector{-inf, -inf}), vector{0, 0}));
    CHECK(xg::array_equal(f(vector{1, inf, 2, -inf}), vector{1, inf, inf, inf}));
    CHECK(std::isnan(f(vector{NAN, 1, inf})(2)));
    CHECK(xg::allclose(f(vector{1000, 1000, -1000}), vector{1000, 1000 + std::log(2), 1000 + std::log(2)}, 1e-15, 0));
    // The gradient has the digits of the differences, whatever all have in common.
    const auto large = xg::tensor<float, 1>{10000, 10001, 10002};
    const auto near_zero = xg::tensor<float, 1>{0, 1, 2};
    CHECK(xg::allclose(total(f)(large), total(f)(near_zero), 1e-6, 0));
}

TEST_CASE("cumsum: what rounding loses over many does not add up; the same on every number of threads") {
    const auto floats = xg::cumsum(xg::full<float>({1'000'000}, 0.1f), 0);
    CHECK(floats(999'999) == doctest::Approx(1e6 * static_cast<double>(0.1f)).epsilon(6e-8));
    const auto doubles = xg::cumsum(xg::full<double>({1'000'000}, 0.1), 0);
    CHECK(std::fabs(doubles(999'999) / 1e5 - 1) < 3e-16);
    CHECK(xg::cumsum(vector{1e16, 1, -1e16}, 0)(2) == 1);
    CHECK(xg::cumsum(vector{1, inf, 2}, 0)(2) == inf);
    CHECK(std::isnan(xg::cumsum(vector{inf, -inf, 1}, 0)(2)));
    const auto x = xg::randn<float>({300, 2000});
    const auto threads = xg::num_threads();
    for (const auto axis : {0, 1}) {
        xg::set_num_threads(1);
        const auto once = xg::cumsum(x, axis);
        xg::set_num_threads(3);
        CHECK(xg::array_equal(xg::cumsum(x, axis), once));
    }
    xg::set_num_threads(threads);
}
