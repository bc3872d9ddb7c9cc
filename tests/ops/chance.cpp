#include <doctest/doctest.h>

#include <xgrad/autograd/create.hpp>
#include <xgrad/autograd/functional.hpp>
#include <xgrad/ops/chance.hpp>
#include <xgrad/ops/compare.hpp>
#include <xgrad/ops/math.hpp>
#include <xgrad/ops/reduce.hpp>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <type_traits>
#include <vector>

namespace xg = xgrad;

TEST_CASE("uniform and normal: what they say, and the same for a seed") {
    xg::manual_seed(1);
    const auto u = xg::uniform<double>(-2, 3, {100'000});
    CHECK(std::ranges::all_of(u.span(), [](double each) { return each >= -2 && each < 3; }));
    CHECK(std::fabs(xg::mean(u).item() - 0.5) < 0.02);
    const auto n = xg::normal<double>(4, 0.5, {100'000});
    CHECK(std::fabs(xg::mean(n).item() - 4) < 0.01);
    CHECK(std::fabs(xg::mean(xg::square(n - 4)).item() - 0.25) < 0.01);
    xg::manual_seed(1);
    CHECK(xg::array_equal(xg::uniform<double>(-2, 3, std::vector{100'000}), u));
    static_assert(std::is_same_v<decltype(xg::uniform(0, 1, {2, 3})), xg::tensor<float, 2>>);
    static_assert(std::is_same_v<decltype(xg::normal(0, 1, {2, 3})), xg::tensor<float, 2>>);
    CHECK(xg::normal(0, 1, std::array{2, 0}).shape() == std::array<std::size_t, 2>{2, 0});
    CHECK_THROWS_WITH_AS(xg::uniform(1, 0, {2}), "[uniform] low is 1, high is 0; low must not be above high, and both must be finite", xg::value_error);
    CHECK_THROWS_AS(xg::normal(0, -1, {2}), xg::value_error);
}

TEST_CASE("normal of tensors: broadcasts, and has the derivatives of mean + deviation z") {
    const auto mean = xg::tensor<double, 2>{{1}, {100}};
    const auto deviation = xg::tensor<double, 1>{0, 1, 2};
    const auto draw = [](const auto& m, const auto& s) {
        xg::manual_seed(4);
        return xg::normal(m, s);
    };
    const auto y = draw(mean, deviation);
    static_assert(std::is_same_v<decltype(y), const xg::tensor<double, 2>>);
    CHECK(y(0, 0) == 1);
    CHECK(y(1, 0) == 100);
    const auto [dm, ds] = xg::grad([&](const auto& m, const auto& s) { return xg::sum(draw(m, s)); })(mean, deviation);
    CHECK(xg::array_equal(dm, xg::tensor<double, 2>{{3}, {3}}));
    CHECK(ds(1) == doctest::Approx(y(0, 1) - 1 + y(1, 1) - 100));
    CHECK(ds(2) == doctest::Approx((y(0, 2) - 1 + y(1, 2) - 100) / 2));
    CHECK(xg::array_equal(xg::normal(mean, 0), mean));
    CHECK(xg::array_equal(xg::normal(7, xg::zeros<float>({2})), xg::tensor<float, 1>{7, 7}));
    CHECK_THROWS_WITH_AS(xg::normal(mean, xg::tensor<double, 1>{-1}), "[normal] a standard deviation is at least 0, got -1", xg::value_error);
}

TEST_CASE("bernoulli") {
    xg::manual_seed(1);
    const auto y = xg::bernoulli(xg::tensor<float, 2>{{0, 1, 1}, {1, 0, 0}});
    CHECK(xg::array_equal(y, xg::tensor<float, 2>{{0, 1, 1}, {1, 0, 0}}));
    const auto often = xg::bernoulli(xg::full<double>({100'000}, 0.3));
    CHECK(std::fabs(xg::mean(often).item() - 0.3) < 0.01);
    CHECK(std::fabs(xg::mean(xg::bernoulli<bool>(0.3, {100'000})).item() - 0.3) < 0.01);
    CHECK(xg::array_equal(xg::bernoulli<int>(1, {3}), xg::tensor<int, 1>{1, 1, 1}));
    CHECK_FALSE(xg::bernoulli(xg::full<double>({3}, 0.3).requires_grad(true)).requires_grad());
    CHECK_THROWS_WITH_AS(xg::bernoulli(xg::tensor<float, 1>{0.5, 2}), "[bernoulli] a probability is between 0 and 1, got 2", xg::value_error);
    CHECK_THROWS_AS(xg::bernoulli(xg::tensor<float, 1>{NAN}), xg::value_error);
    CHECK_THROWS_AS(xg::bernoulli(-0.5, {3}), xg::value_error);
}
