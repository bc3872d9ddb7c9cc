// Reductions beside the sum and its like: products, logarithms of sums of exponentials, truth values.
#include <doctest/doctest.h>

#include <support/operation_table.hpp>
#include <support/reductions.hpp>

#include <xgrad/autograd/create.hpp>
#include <xgrad/autograd/functional.hpp>
#include <xgrad/ops/any.hpp>
#include <xgrad/ops/logsumexp.hpp>
#include <xgrad/ops/prod.hpp>

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

constexpr auto inf = std::numeric_limits<double>::infinity();

using vector = xg::tensor<double, 1>;
const auto of = [](const auto& f) { return [f](const auto& x) { return xg::sum(f(x)); }; };

}  // namespace

TEST_CASE("prod and logsumexp: values and derivatives over all sets of axes") {
    // Divided, so that products of 24 are not large.
    check_reduction("prod", [](const auto& x, const auto& axes, bool keep) { return xg::prod(x / 4, axes, keep); },
                    [](const auto& x) {
                        auto product = 1.0;
                        for (const auto each : x) product *= each / 4;
                        return product;
                    }, true);
    check_reduction("logsumexp", xg::logsumexp, [](const auto& x) {
        auto sum = 0.0;
        for (const auto each : x) sum += std::exp(each);
        return std::log(sum);
    }, false);
}

TEST_CASE("prod: zeros among the factors, to the second order") {
    const auto slope = xg::grad([](const auto& x) { return xg::prod(x); });
    CHECK(xg::array_equal(slope(vector{2, 0, 3, 4}), vector{0, 24, 0, 0}));
    CHECK(xg::array_equal(slope(vector{2, 0, 0, 4}), vector{0, 0, 0, 0}));
    CHECK(xg::array_equal(slope(vector{-1.5}), vector{1}));
    const auto second = xg::hessian([](const auto& x) { return xg::prod(x); }, vector{2, 3, 0, 0});
    auto wanted = xg::zeros<double>({4, 4});
    wanted(2, 3) = wanted(3, 2) = 6;
    CHECK(xg::array_equal(second, wanted));
    const auto columns = xg::grad(of([](const auto& x) { return xg::prod(x, 0); }))(xg::tensor<double, 2>{{0, 1}, {5, 2}, {3, 0}});
    CHECK(xg::array_equal(columns, xg::tensor<double, 2>{{15, 0}, {0, 0}, {0, 2}}));
}

TEST_CASE("prod: integers, none, and products that leave the range on the way") {
    CHECK(xg::prod(xg::full<std::uint8_t>({3}, 200)).item() == 8'000'000);
    CHECK(xg::prod(xg::tensor<bool, 1>{true, false}).item() == 0);
    CHECK(xg::prod(xg::zeros<float>({0})).item() == 1);
    CHECK(xg::array_equal(xg::prod(xg::zeros<float>({0, 2}), 0), xg::ones<float>({2})));
    CHECK(xg::prod(xg::tensor<float, 1>{1e30f, 1e30f, 1e-30f, 1e-30f}).item() == doctest::Approx(1));
    CHECK(xg::grad([](const auto& x) { return xg::prod(x); })(xg::tensor<float, 1>{1e30f, 1e30f, 1e-30f, 1e-30f})(2) == doctest::Approx(1e30));
    CHECK(std::isnan(xg::prod(vector{1, NAN}).item()));
    static_assert(std::is_same_v<decltype(xg::prod(xg::tensor<int, 2>{}, 0)), xg::tensor<std::int64_t, 1>>);
    static_assert(std::is_same_v<decltype(xg::prod(xg::tensor<float, 3>{}, {0, 2})), xg::tensor<float, 1>>);
}

TEST_CASE("logsumexp: large numbers, infinities, rows of -inf") {
    const auto rows = xg::tensor<double, 2>{{1000, 1000}, {-inf, -inf}, {-inf, 2}, {3, inf}, {-1000, -1000}};
    const auto y = xg::logsumexp(rows, 1);
    CHECK(xg::allclose(y, vector{1000 + std::log(2), -inf, 2, inf, -1000 + std::log(2)}));
    const auto slope = xg::grad(of([](const auto& x) { return xg::logsumexp(x, 1); }))(rows);
    CHECK(xg::allclose(xg::take(slope, xg::tensor<int, 1>{0, 1, 2, 4}), xg::tensor<double, 2>{{0.5, 0.5}, {0, 0}, {0, 1}, {0.5, 0.5}}));
    CHECK(slope(3, 0) == 0);   // and NaN beside it, as in PyTorch: which of them tends to infinity how fast is not known
    CHECK(std::isnan(slope(3, 1)));
    CHECK(xg::array_equal(xg::hessian([](const auto& x) { return xg::logsumexp(x); }, vector{-inf, -inf}), xg::zeros<double>({2, 2})));
    CHECK(std::isnan(xg::logsumexp(vector{NAN, inf}).item()));
    CHECK(xg::logsumexp(xg::zeros<double>({0})).item() == -inf);
    // The gradient has the digits of the differences, whatever all have in common.
    const auto f = xg::grad([](const auto& x) { return xg::logsumexp(x); });
    CHECK(xg::allclose(f(xg::tensor<float, 1>{10000, 10001, 10002}), f(xg::tensor<float, 1>{0, 1, 2}), 1e-6, 0));
}

TEST_CASE("any, all, count_nonzero") {
    const auto x = xg::tensor<float, 2>{{0, 0, 1}, {-0.0f, 0, 0}, {2, NAN, -3}};
    CHECK(xg::any(x).item());
    CHECK(!xg::all(x).item());
    CHECK(xg::count_nonzero(x).item() == 4);
    CHECK(xg::array_equal(xg::any(x, 1), xg::tensor<bool, 1>{true, false, true}));
    CHECK(xg::array_equal(xg::all(x, 1, xg::keep_dims), xg::tensor<bool, 2>{{false}, {false}, {true}}));
    CHECK(xg::array_equal(xg::count_nonzero(x, 0), xg::tensor<std::int64_t, 1>{1, 1, 2}));
    CHECK(xg::any(x == 2, {0, 1}).item());
    CHECK(!xg::any(xg::zeros<int>({0})).item());
    CHECK(xg::all(xg::zeros<int>({0})).item());
    CHECK(xg::array_equal(xg::all(xg::zeros<bool>({0, 2}), 0), xg::tensor<bool, 1>{true, true}));
    CHECK(xg::count_nonzero(xg::ones<bool>({100'000})).item() == 100'000);
    CHECK(xg::count_nonzero(xg::tensor<int, 1>{256, 0, 65536}).item() == 2);
    static_assert(std::is_same_v<decltype(xg::any(x, 0)), xg::tensor<bool, 1>>);
    static_assert(std::is_same_v<decltype(xg::count_nonzero(x)), xg::tensor<std::int64_t, 0>>);
}
