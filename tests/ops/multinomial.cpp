#include <doctest/doctest.h>

#include <xgrad/autograd/create.hpp>
#include <xgrad/ops/compare.hpp>
#include <xgrad/ops/multinomial.hpp>

#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <set>
#include <type_traits>
#include <vector>

namespace xg = xgrad;

TEST_CASE("multinomial: with replacement") {
    xg::manual_seed(1);
    const auto weights = xg::tensor<float, 1>{0, 2, 0, 6, 2, 0};
    const auto drawn = xg::multinomial(weights, 100'000, {.replacement = true});
    static_assert(std::is_same_v<decltype(drawn), const xg::tensor<std::int64_t, 1>>);
    auto times = std::array<double, 6>{};
    for (const auto each : drawn) times[static_cast<std::size_t>(each)] += 1e-5;
    CHECK(times[0] + times[2] + times[5] == 0);
    CHECK(std::fabs(times[1] - 0.2) < 0.01);
    CHECK(std::fabs(times[3] - 0.6) < 0.01);
    const auto rows = xg::multinomial(xg::tensor<double, 2>{{0, 1, 0}, {1e300, 0, 0}}, 4, {.replacement = true});
    CHECK(xg::array_equal(rows, xg::tensor<std::int64_t, 2>{{1, 1, 1, 1}, {0, 0, 0, 0}}));
}

TEST_CASE("multinomial: without replacement") {
    xg::manual_seed(1);
    const auto weights = xg::tensor<double, 1>{1, 0, 3, 6};
    auto first = std::array<double, 4>{};
    auto second_after_last = std::array<double, 4>{};
    for (auto i = 0; i < 20'000; ++i) {
        const auto drawn = xg::multinomial(weights, 3);
        CHECK(std::set<std::int64_t>(drawn.begin(), drawn.end()) == std::set<std::int64_t>{0, 2, 3});
        first[static_cast<std::size_t>(drawn(0))] += 1;
        if (drawn(0) == 3) second_after_last[static_cast<std::size_t>(drawn(1))] += 1;
    }
    CHECK(std::fabs(first[3] / 20'000 - 0.6) < 0.02);
    CHECK(std::fabs(first[2] / 20'000 - 0.3) < 0.02);
    CHECK(std::fabs(second_after_last[2] / first[3] - 0.75) < 0.02);   // 3 of 1 + 3
}

TEST_CASE("multinomial: what cannot be drawn") {
    const auto draw = [](std::vector<double> weights, std::size_t count, bool replacement = false) {
        return xg::multinomial(xg::tensor<double, 1>(weights), count, {.replacement = replacement});
    };
    CHECK_THROWS_WITH_AS(draw({1, 0, 1}, 3), "[multinomial] 3 different classes wanted of row 0, where 2 have a weight", xg::value_error);
    CHECK_THROWS_WITH_AS(draw({1, -1}, 1), "[multinomial] a weight is finite and at least 0, got -1 in row 0", xg::value_error);
    CHECK_THROWS_WITH_AS(draw({0, 0}, 1, true), "[multinomial] all weights of row 0 are 0", xg::value_error);
    CHECK_THROWS_AS(draw({1, NAN}, 1), xg::value_error);
    CHECK_THROWS_AS(draw({1, std::numeric_limits<double>::infinity()}, 1), xg::value_error);
    CHECK_THROWS_AS(draw({1}, 0), xg::value_error);
    CHECK_THROWS_AS(xg::multinomial(xg::tensor<double>(1.0), 1), xg::rank_error);
    CHECK(xg::multinomial(xg::zeros<double>({0, 3}), 2).shape() == std::array<std::size_t, 2>{0, 2});
}
