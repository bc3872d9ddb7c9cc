#include <doctest/doctest.h>

#include <support/operation_table.hpp>
#include <support/products.hpp>

#include <xgrad/autograd/create.hpp>
#include <xgrad/ops/addmm.hpp>
#include <xgrad/ops/compare.hpp>

#include <cstddef>

namespace xg = xgrad;
using namespace operation_tests;

TEST_CASE("bmm and addmm: values and derivatives") {
    const auto batched = [](const list<double>& x) {
        auto y = xg::zeros<double>({x[0].shape()[0], x[0].shape()[1], x[1].shape()[2]});
        for (auto n = std::size_t{0}; n < y.shape()[0]; ++n)
            for (auto i = std::size_t{0}; i < y.shape()[1]; ++i)
                for (auto j = std::size_t{0}; j < y.shape()[2]; ++j)
                    for (auto k = std::size_t{0}; k < x[0].shape()[2]; ++k) y(n, i, j) += x[0](n, i, k) * x[1](n, k, j);
        return xg::tensor<double>{y};
    };
    const auto bmm = on_lists([](const auto& x) { return xg::bmm(x[0], x[1]); });
    check({row("bmm", bmm, batched, {2, 3, 2}, {2, 2, 3}), row("bmm", bmm, batched, {0, 3, 2}, {0, 2, 3}), row("bmm", bmm, batched, {2, 3, 0}, {2, 0, 3})});
    CHECK_THROWS_WITH_AS(xg::bmm(xg::zeros<float>({2, 3, 2}), xg::zeros<float>({1, 2, 3})),
                         "[bmm] a is (2, 3, 2), b is (1, 2, 3); they must be (n, i, k) and (n, k, j)", xg::shape_error);

    const auto added = [](double beta, double alpha, const xg::shape& summand) {
        const auto reference = [=](const list<double>& x) {
            const auto y = product(x[1], x[2], 2, {3, 2});
            return apply_elementwise([=](const auto& v) { return beta * v[0] + alpha * v[1]; }, {x[0], y});
        };
        return operation{.name = "addmm", .run = on_lists([=](const auto& x) { return xg::addmm(x[0], x[1], x[2], {.beta = beta, .alpha = alpha}); }),
                         .reference = reference, .points = {{shaped(some, summand), shaped(others, {3, 2}), shaped(some, {2, 2})}},
                         .epsilons = 8, .scale = 20, .is_product = true};
    };
    check({added(1, 1, {3, 2}), added(1, 1, {2}), added(1, 1, {}), added(0.5, -2, {3, 1}), added(0.5, 1, {2})});
    const auto nothing = xg::addmm(xg::full<float>({2, 2}, NAN), xg::ones<float>({2, 3}), xg::ones<float>({3, 2}), {.beta = 0});
    CHECK(xg::array_equal(nothing, xg::full<float>({2, 2}, 3)));
    const auto alone = xg::addmm(xg::tensor<float>(4), xg::full<float>({2, 3}, NAN), xg::ones<float>({3, 2}), {.beta = 0.5, .alpha = 0});
    CHECK(xg::array_equal(alone, xg::full<float>({2, 2}, 2)));
    CHECK_THROWS_WITH_AS(xg::addmm(xg::zeros<float>({3}), xg::zeros<float>({2, 3}), xg::zeros<float>({3, 2})),
                         "[addmm] shapes do not broadcast: a is (3,), b is (2, 2); sizes of an axis, counted from the last, must be equal or 1",
                         xg::shape_error);
}
