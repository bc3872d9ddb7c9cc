#include <doctest/doctest.h>

#include <support/operation_table.hpp>
#include <support/products.hpp>

#include <xgrad/autograd/create.hpp>
#include <xgrad/ops/compare.hpp>
#include <xgrad/ops/dot.hpp>

#include <type_traits>

namespace xg = xgrad;
using namespace operation_tests;

TEST_CASE("dot, vdot, outer: values and derivatives") {
    const auto dot = on_lists([](const auto& x) { return xg::dot(x[0], x[1]); });
    const auto of_vectors = [](const list<double>& x) { return product(x[0], x[1], x[0].size(), {}); };
    const auto outer = on_lists([](const auto& x) { return xg::outer(x[0], x[1]); });
    const auto table = [](const list<double>& x) { return product(x[0], x[1], 1, {x[0].size(), x[1].size()}); };
    check({
        row("dot", dot, of_vectors, {5}, {5}),
        row("dot", dot, of_vectors, {1}, {1}),
        row("dot of nothing", dot, [](const list<double>&) { return xg::tensor<double>(0.0); }, {0}, {0}),
        row("vdot", on_lists([](const auto& x) { return xg::vdot(x[0], x[1]); }), of_vectors, {3}, {3}),
        row("outer", outer, table, {3}, {2}),
        row("outer", outer, table, {3}, {0}),
    });
    const auto x = xg::tensor<float, 1>{1, 2, 3};
    static_assert(std::is_same_v<decltype(xg::dot(x, x)), xg::tensor<float, 0>>);
    static_assert(std::is_same_v<decltype(xg::outer(x, xg::tensor<float>{})), xg::tensor<float, 2>>);
    CHECK_THROWS_WITH_AS(xg::dot(x, xg::tensor<float, 1>{1}), "[dot] a is (3,), b is (1,); they must be equally long", xg::shape_error);
    CHECK_THROWS_WITH_AS(xg::vdot(x, xg::tensor<float>{{1, 2}, {3, 4}}), "[vdot] b must be a vector, got (2, 2)", xg::rank_error);
    CHECK_THROWS_WITH_AS(xg::outer(x, xg::tensor<float>(1.0f)), "[outer] b must be a vector, got ()", xg::rank_error);
}
