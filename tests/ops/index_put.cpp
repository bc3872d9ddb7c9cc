#include <doctest/doctest.h>

#include <support/operation_table.hpp>
#include <support/some_numbers.hpp>

#include <xgrad/autograd/create.hpp>
#include <xgrad/ops/compare.hpp>
#include <xgrad/ops/index_put.hpp>

#include <cstddef>
#include <cstdint>
#include <type_traits>
#include <vector>

namespace xg = xgrad;
using namespace operation_tests;

namespace {

/// Row k of the values, which `rows` says to broadcast or not, put at place k of `places`, each `inner` elements long.
operation puts(const char* name, auto f, const xg::shape& to, const xg::shape& from, const std::vector<std::size_t>& places,
               std::size_t inner, bool accumulate) {
    return {.name = name, .run = on_lists(f),
            .reference = [=](const list<double>& x) {
                auto y = x[0].clone();
                const auto values = x[1].span();
                for (auto k = std::size_t{0}; k < places.size(); ++k)
                    for (auto i = std::size_t{0}; i < inner; ++i) {
                        auto& element = y.data()[places[k] * inner + i];
                        const auto value = values[values.size() == 1 ? 0 : (k * inner + i) % values.size()];
                        element = accumulate ? element + value : value;
                    }
                return y;
            },
            .points = {{shaped(some, to), shaped(others, from)}}, .scale = 10};
}

}  // namespace

TEST_CASE("index_put: values and derivatives") {
    const auto rows = xg::tensor<int, 1>{2, 0, -1};
    const auto columns = xg::tensor<std::int64_t, 1>{1, 0, 1};
    const auto down = xg::tensor<int, 2>{{0}, {2}};
    const auto mask = xg::tensor<bool, 2>{{true, false}, {false, false}, {true, true}};
    for (const auto accumulate : {false, true}) {
        const auto at_pairs = [=](const auto& x) { return xg::index_put(x[0], {rows, columns}, x[1], {.accumulate = accumulate}); };
        const auto at_rows = [=](const auto& x) { return xg::index_put(x[0], rows, x[1], {.accumulate = accumulate}); };
        const auto at_grid = [=](const auto& x) { return xg::index_put(x[0], {down, columns}, x[1], {.accumulate = accumulate}); };
        const auto at_mask = [=](const auto& x) { return xg::index_put(x[0], {mask}, x[1], {.accumulate = accumulate}); };
        const auto at_row_of_mask = [=](const auto& x) {
            return xg::index_put(x[0], {xg::tensor<int, 0>(1), mask}, x[1], {.accumulate = accumulate});
        };
        check({
            puts("pairs", at_pairs, {3, 2}, {3}, {5, 0, 5}, 1, accumulate),   // one place named twice
            puts("pairs, one value", at_pairs, {3, 2}, {}, {5, 0, 5}, 1, accumulate),
            puts("pairs of the first axes", at_pairs, {3, 2, 2}, {3, 2}, {5, 0, 5}, 2, accumulate),
            puts("rows", at_rows, {3, 2}, {3, 2}, {2, 0, 2}, 2, accumulate),
            puts("rows, one for all", at_rows, {3, 2}, {2}, {2, 0, 2}, 2, accumulate),
            puts("a grid", at_grid, {3, 2}, {2, 3}, {1, 0, 1, 5, 4, 5}, 1, accumulate),
            puts("a mask", at_mask, {3, 2}, {3}, {0, 4, 5}, 1, accumulate),
            puts("a mask of the first axes", at_mask, {3, 2, 3}, {3, 3}, {0, 4, 5}, 3, accumulate),
            puts("a number and a mask", at_row_of_mask, {2, 3, 2}, {3}, {6, 10, 11}, 1, accumulate),
        });
    }
}

TEST_CASE("index_put: numbers, types, and what is out of range") {
    const auto x = xg::tensor<int, 2>{{1, 2}, {3, 4}, {5, 6}};
    const auto rows = xg::tensor<std::uint8_t, 1>{2, 2};
    CHECK(xg::array_equal(xg::index_put(x, rows, 9), xg::tensor<int, 2>{{1, 2}, {3, 4}, {9, 9}}));
    CHECK(xg::array_equal(xg::index_put(x, {rows, rows - std::uint8_t{1}}, 9, {.accumulate = true}), xg::tensor<int, 2>{{1, 2}, {3, 4}, {5, 24}}));
    CHECK(xg::array_equal(xg::index_put(x, {x > 4}, 0), xg::tensor<int, 2>{{1, 2}, {3, 4}, {0, 0}}));
    static_assert(std::is_same_v<decltype(xg::index_put(x, rows, 9)), xg::tensor<int, 2>>);
    CHECK_THROWS_WITH_AS(xg::index_put(x, {rows, rows}, 9), "[index_put] index 2 is out of range for an axis of size 2", xg::index_error);
    CHECK_THROWS_WITH_AS(xg::index_put(x, {rows, rows - std::uint8_t{1}, rows}, 9), "[index_put] more indices than x has axes: it is (3, 2)", xg::rank_error);
    CHECK_THROWS_WITH_AS(xg::index_put(x, {xg::tensor<bool, 1>{true, false}}, 9),
                         "[index_put] the mask is (2,), x is (3, 2); they must agree from axis 0 on", xg::shape_error);
    CHECK_THROWS_AS(xg::index_put(x, rows, xg::tensor<int, 1>{1, 2, 3}), xg::shape_error);
    CHECK(xg::array_equal(x, xg::tensor<int, 2>{{1, 2}, {3, 4}, {5, 6}}));
}
