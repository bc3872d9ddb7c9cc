#include <doctest/doctest.h>

#include <support/operation_table.hpp>

#include <xgrad/autograd/create.hpp>
#include <xgrad/autograd/functional.hpp>
#include <xgrad/ops/arithmetic.hpp>
#include <xgrad/ops/compare.hpp>
#include <xgrad/ops/embedding.hpp>
#include <xgrad/ops/reduce.hpp>

#include <cstddef>
#include <cstdint>
#include <type_traits>
#include <utility>
#include <vector>

namespace xg = xgrad;
using namespace operation_tests;

TEST_CASE("embedding: values and derivatives") {
    const auto row = [](const xg::shape& table, const std::vector<std::int64_t>& at, const xg::shape& under) {
        const auto numbers = xg::tensor<std::int64_t>(at, under);
        return operation{.name = "embedding", .run = on_lists([=](const auto& x) { return xg::embedding(x[0], numbers); }),
                         .reference = [=](const list<double>& x) {
                             const auto [rows, size] = std::pair{x[0].shape(0), x[0].shape(1)};
                             auto sizes = under;
                             sizes.push_back(size);
                             auto y = xg::empty<double>(sizes);
                             for (auto i = std::size_t{0}; i < y.size(); ++i)
                                 y.data()[i] = x[0](at[i / size] < 0 ? at[i / size] + static_cast<std::int64_t>(rows) : at[i / size], i % size);
                             return y;
                         },
                         .points = {{shaped({0.5, -1, 2, 0.1, -3, 1.5, 0.7}, table)}}, .epsilons = 0};
    };
    check({
        row({4, 3}, {2, 0, 2, -1}, {4}),
        row({4, 3}, {2, 0, 2, -1}, {2, 2}),
        row({4, 3}, {1}, {}),
        row({4, 0}, {1, 3}, {2}),
        row({4, 3}, {}, {0, 2}),
    });
}

TEST_CASE("embedding: the row that pads gets no gradient, of any order") {
    const auto at = xg::tensor<int, 2>{{0, 3}, {3, 1}};
    const auto weight = xg::tensor<double, 2>{{1, 2}, {3, 4}, {5, 6}, {7, 8}};
    for (const auto padding : {3, -1}) {
        const auto f = [&](const auto& w) { return xg::embedding(w, at, {.padding_idx = padding}); };
        CHECK(xg::array_equal(f(weight), xg::take(weight, at)));
        CHECK(xg::array_equal(xg::grad([&](const auto& w) { return xg::sum(f(w) * f(w)); })(weight),
                              xg::tensor<double, 2>{{2, 4}, {6, 8}, {0, 0}, {0, 0}}));
        const auto slope = [&](const auto& w) { return xg::sum(xg::grad([&](const auto& v) { return xg::sum(f(v) * f(v)); })(w)); };
        CHECK(xg::array_equal(xg::grad(slope)(weight), xg::tensor<double, 2>{{2, 2}, {2, 2}, {0, 0}, {0, 0}}));
    }
    static_assert(std::is_same_v<decltype(xg::embedding(weight, at)), xg::tensor<double, 3>>);
    CHECK(xg::array_equal(xg::embedding(at, weight), xg::embedding(weight, at)));
    CHECK_THROWS_WITH_AS(xg::embedding(weight, at + 1), "[embedding] index 4 is out of range for an axis of size 4", xg::index_error);
    CHECK_THROWS_WITH_AS(xg::embedding(weight, at, {.padding_idx = 4}), "[embedding] padding_idx 4 is out of range for 4 rows",
                         xg::index_error);
    CHECK_THROWS_AS(xg::embedding(xg::tensor<double>{1, 2}, at), xg::rank_error);
}
