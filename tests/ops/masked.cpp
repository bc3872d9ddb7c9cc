#include <doctest/doctest.h>

#include <support/operation_table.hpp>
#include <support/some_numbers.hpp>

#include <xgrad/autograd/create.hpp>
#include <xgrad/ops/compare.hpp>
#include <xgrad/ops/masked.hpp>
#include <xgrad/ops/math.hpp>

#include <cmath>
#include <cstdint>
#include <limits>
#include <type_traits>
#include <vector>

namespace xg = xgrad;
using namespace operation_tests;

namespace {

/// The elements of x, repeated up to the shape of the mask where it is shorter, where the mask holds.
operation selects(const xg::shape& from, const xg::tensor<bool>& mask, const xg::shape& all) {
    return {.name = "masked_select", .run = on_lists([=](const auto& x) { return xg::masked_select(x[0], mask); }),
            .reference = [=](const list<double>& x) {
                const auto both = apply_elementwise([](const auto& v) { return v[1] != 0 ? v[0] : NAN; },
                                                    {x[0], xg::astype<double>(mask)});
                REQUIRE(both.shape() == all);
                auto chosen = std::vector<double>{};
                for (const auto value : both)
                    if (!std::isnan(value)) chosen.push_back(value);
                return xg::tensor<double>(chosen, {chosen.size()});
            },
            .points = {{shaped(some, from)}}, .epsilons = 0};
}

}  // namespace

TEST_CASE("masked_select: values and derivatives") {
    const auto mask = xg::tensor<bool, 2>{{true, false, true}, {false, false, true}};
    check({
        selects({2, 3}, mask, {2, 3}),
        selects({3}, mask, {2, 3}),   // an element chosen twice
        selects({2, 1}, mask, {2, 3}),
        selects({2, 3}, xg::tensor<bool, 1>{true, false, true}, {2, 3}),
        selects({2, 3}, xg::tensor<bool>(true), {2, 3}),
        selects({2, 3}, xg::zeros<bool>({2, 3}), {2, 3}),
        selects({0, 3}, xg::zeros<bool>({0, 3}), {0, 3}),
    });
    static_assert(std::is_same_v<decltype(xg::masked_select(xg::tensor<int, 2>{}, mask)), xg::tensor<int, 1>>);
    CHECK_THROWS_AS(xg::masked_select(xg::zeros<int>({2}), mask), xg::shape_error);
}

TEST_CASE("masked_fill: values and derivatives") {
    const auto mask = xg::tensor<bool, 2>{{true, false, true}, {false, false, true}};
    const auto reference = [=](const list<double>& x, double value) {
        return apply_elementwise([=](const auto& v) { return v[1] != 0 ? value : v[0]; }, {x[0], xg::astype<double>(mask)});
    };
    check({
        operation{.name = "masked_fill", .run = on_lists([=](const auto& x) { return xg::masked_fill(x[0], mask, -2); }),
                  .reference = [=](const list<double>& x) { return reference(x, -2); }, .points = {{shaped(some, {2, 3})}, {shaped(some, {3})}},
                  .epsilons = 0},
        operation{.name = "masked_fill by a tensor", .run = on_lists([=](const auto& x) { return xg::masked_fill(x[0], mask, x[1]); }),
                  .reference = [=](const list<double>& x) { return reference(x, x[1].item()); },
                  .points = {{shaped(some, {2, 3}), shaped({0.25}, {})}}, .epsilons = 0},
    });
    const auto x = xg::tensor<std::uint8_t, 1>{1, 2, 3};
    CHECK(xg::array_equal(xg::masked_fill(x, xg::tensor<bool, 1>{false, true, true}, 255), xg::tensor<std::uint8_t, 1>{1, 255, 255}));
    CHECK_THROWS_AS(xg::masked_fill(x, xg::tensor<bool, 1>{false, true, true}, 256), xg::value_error);
    CHECK_THROWS_AS(xg::masked_fill(x, xg::tensor<bool, 1>{false, true, true}, xg::tensor<std::uint8_t>{1}), xg::rank_error);
}

TEST_CASE("nonzero") {
    const auto rows = xg::nonzero(xg::tensor<float, 2>{{0, NAN, -0.0f}, {1, 0, std::numeric_limits<float>::denorm_min()}});
    static_assert(std::is_same_v<decltype(rows), const xg::tensor<std::int64_t, 2>>);
    CHECK(xg::array_equal(rows, xg::tensor<std::int64_t, 2>{{0, 1}, {1, 0}, {1, 2}}));
    CHECK(xg::array_equal(xg::nonzero(xg::tensor<bool, 1>{false, true}), xg::tensor<std::int64_t, 2>{{1}}));
    CHECK(xg::nonzero(xg::tensor<int, 0>(3)).shape() == xg::shape{1, 0});
    CHECK(xg::nonzero(xg::tensor<int, 0>(0)).shape() == xg::shape{0, 0});
    CHECK(xg::nonzero(xg::zeros<int>({2, 0, 3})).shape() == xg::shape{0, 3});
}
