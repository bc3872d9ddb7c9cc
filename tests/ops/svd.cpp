#include <doctest/doctest.h>

#include <support/matrices.hpp>
#include <support/operation_table.hpp>

#include <xgrad/autograd/create.hpp>
#include <xgrad/autograd/gradcheck.hpp>
#include <xgrad/ops/compare.hpp>
#include <xgrad/ops/decompose/svd.hpp>
#include <xgrad/ops/math.hpp>
#include <xgrad/ops/reduce.hpp>
#include <xgrad/ops/shape.hpp>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <functional>
#include <type_traits>

namespace xg = xgrad;
using namespace operation_tests;
using namespace matrix_tests;

namespace {

/// Singular values in falling order, by rotations of columns, one pair after the other.
matrix singular_values(matrix a) {
    const auto columns = a[0].size();
    const auto product = [&](std::size_t p, std::size_t q) {
        auto sum = 0.0;
        for (const auto& row : a) sum += row[p] * row[q];
        return sum;
    };
    for (auto sweep = 0; sweep < 40; ++sweep)
        for (auto p = std::size_t{0}; p < columns; ++p)
            for (auto q = p + 1; q < columns; ++q) {
                const auto angle = std::atan2(2 * product(p, q), product(q, q) - product(p, p)) / 2;
                for (auto& row : a) {
                    const auto x = row[p], y = row[q];
                    row[p] = std::cos(angle) * x - std::sin(angle) * y;
                    row[q] = std::sin(angle) * x + std::cos(angle) * y;
                }
            }
    auto values = matrix(1);
    for (auto j = std::size_t{0}; j < columns; ++j) values[0].push_back(std::sqrt(product(j, j)));
    std::ranges::sort(values[0], std::greater<>{});
    values[0].resize(std::min(a.size(), columns));
    return values;
}

operation values_row(const xg::shape& sizes) {
    return {.name = "svd: s", .run = on_lists([](const auto& x) { return xg::svd(x[0]).s; }),
            .reference = [](const list<double>& x) {
                auto to = x[0].shape();
                const auto k = std::min(to[to.rank() - 2], to[to.rank() - 1]);
                to.erase(to.rank() - 1);
                to[to.rank() - 1] = k;
                return each_matrix(x[0], to, singular_values);
            },
            .points = {{numbers(sizes)}}, .epsilons = 64, .scale = 2, .is_product = true};
}

template <class A>
void check_product(const A& a, bool full, double tolerance) {
    const auto [u, s, vh] = xg::svd(a, {.full_matrices = full});
    const auto k = s.shape(-1);
    const auto left = xg::detail::range_along(u, u.rank() - 1, 0, k), right = xg::detail::range_along(vh, vh.rank() - 2, 0, k);
    CHECK(difference(xg::matmul(left * s, right), a) < tolerance);
    const auto one = [](const auto& x) { return xg::eye<double>(static_cast<int>(x.shape(-1))); };
    const auto of_u = xg::matmul(u, u, {.transpose_a = true}), of_v = xg::matmul(vh, vh, {.transpose_b = true});
    CHECK(difference(of_u, one(of_u)) < tolerance);
    CHECK(difference(of_v, one(of_v)) < tolerance);
    CHECK(std::is_sorted(s.begin(), s.end(), std::greater<>{}));
    CHECK(std::ranges::all_of(s, [](auto value) { return value >= 0; }));
}

using square_matrix = xg::tensor<double, 2>;

}  // namespace

TEST_CASE("svd: singular values and their derivatives") {
    check({values_row({1, 1}), values_row({2, 2}), values_row({3, 3}), values_row({5, 3}), values_row({3, 5}), values_row({2, 3, 2}),
           values_row({0, 0}), values_row({0, 3}), values_row({0, 3, 2})});
}

TEST_CASE("svd: all results in one function, tall, wide and square") {
    // No sign is left, for u and vh change theirs together.
    const auto f = [](const auto& a) {
        const auto [u, s, vh] = xg::svd(a, {.full_matrices = false});
        const auto row = xg::expand_dims(s, -2);
        return xg::matmul(u * u * xg::exp(row), vh * vh) + xg::matmul(u * row * row, vh);
    };
    for (const auto& a : {numbers({3, 3}), numbers({4, 2}), numbers({2, 4}), numbers({2, 3, 2}), numbers({1, 3}), numbers({3, 1})}) {
        CAPTURE(a.shape());
        CHECK(xg::gradcheck(f, a));
        CHECK(xg::gradgradcheck(f, a));
    }
}

TEST_CASE("svd: square u and vh, of which the last columns and rows are any basis") {
    const auto rest_of_u = [](const auto& a) {
        const auto u = xg::svd(a).u;
        return xg::matmul(u * xg::tensor<double, 1>{0, 0, 1, 1}, u, {.transpose_b = true});
    };
    CHECK(xg::gradcheck(rest_of_u, numbers({4, 2})));
    CHECK(xg::gradgradcheck(rest_of_u, numbers({4, 2})));
    CHECK(xg::gradcheck(rest_of_u, numbers({2, 4, 2})));
    const auto rest_of_v = [](const auto& a) {
        const auto vh = xg::svd(a).vh;
        return xg::matmul(vh, xg::tensor<double, 2>{{0}, {0}, {1}, {1}} * vh, {.transpose_a = true});
    };
    CHECK(xg::gradcheck(rest_of_v, numbers({2, 4})));
    CHECK(xg::gradgradcheck(rest_of_v, numbers({2, 4})));
}

TEST_CASE("svd: sizes and shapes") {
    for (const auto full : {false, true})
        for (const auto& sizes : {xg::shape{1, 1}, xg::shape{5, 3}, xg::shape{3, 5}, xg::shape{33, 33}, xg::shape{64, 64}, xg::shape{65, 33},
                                  xg::shape{33, 65}, xg::shape{1, 4}, xg::shape{4, 1}, xg::shape{3, 0}, xg::shape{0, 3}, xg::shape{100, 2}}) {
            CAPTURE(sizes);
            check_product(numbers(sizes), full, 1e-13);
            check_product(xg::astype<float>(numbers(sizes)), full, 3e-5);
        }
    const auto tall = xg::svd(numbers({2, 5, 3})), wide = xg::svd(numbers({2, 3, 5}), {.full_matrices = false});
    CHECK(tall.u.shape() == xg::shape{2, 5, 5});
    CHECK(tall.vh.shape() == xg::shape{2, 3, 3});
    CHECK(wide.u.shape() == xg::shape{2, 3, 3});
    CHECK(wide.vh.shape() == xg::shape{2, 3, 5});
    CHECK(std::is_same_v<decltype(xg::svd(xg::tensor<float, 3>{}).s), xg::tensor<float, 2>>);
}

TEST_CASE("svd: functions that are symmetric in equal singular values have finite gradients") {
    const auto sum_of_squares = xg::grad([](const auto& a) { return xg::sum(xg::square(xg::svd(a).s)); });
    for (const auto& a : {square_matrix{{2, 0}, {0, 2}}, square_matrix{{0, 3}, {-3, 0}}, square_matrix{{0, 0}, {0, 0}}, square_matrix{{1, 1}, {1, 1}}})
        CHECK(difference(sum_of_squares(a), a * 2) < 1e-14);
    for (const auto& sizes : {xg::shape{4, 2}, xg::shape{2, 4}, xg::shape{3, 3}})
        CHECK(difference(sum_of_squares(xg::ones<double>(sizes)), xg::full<double>(sizes, 2)) < 1e-14);
    // Of the sum of the values u vh, of that of their cubes 3 u s^2 vh; square, tall and wide, all values equal.
    const auto sum_of_values = xg::grad([](const auto& a) { return xg::sum(xg::svd(a).s); });
    const auto sum_of_cubes = xg::grad([](const auto& a) { return xg::sum(xg::pow(xg::svd(a).s, 3)); });
    const auto q = xg::svd(square_matrix{numbers({4, 4})}).u;
    for (const auto& a : list<double>{q * 2, xg::detail::range_along(q, 1, 0, 2) * 2, xg::detail::range_along(q, 0, 0, 3) * 2}) {
        CHECK(difference(sum_of_values(a), a / 2) < 1e-14);
        CHECK(difference(sum_of_cubes(a), a * 6) < 1e-13);
        const auto second = xg::grad([&](const auto& x) { return xg::sum(xg::square(sum_of_cubes(x))); })(a);
        for (const auto value : second) CHECK(std::fabs(value) < 1e5);   // finite, if not all of it
    }
    // The product of both, which is a again, has the gradient of a, where no singular value is zero.
    const auto again = [](const auto& a) {
        const auto [u, s, vh] = xg::svd(a, {.full_matrices = false});
        return xg::sum(xg::matmul(u * s, vh) * square_matrix{{1, 2}, {3, 4}});
    };
    for (const auto value : xg::grad(again)(xg::eye<double>(2))) CHECK(std::isfinite(value));
    CHECK(difference(xg::grad(again)(square_matrix{{1, 2}, {0, 3}}), square_matrix{{1, 2}, {3, 4}}) < 1e-13);
}

TEST_CASE("svd: deficient matrices, large and minute numbers, NaN") {
    for (const auto full : {false, true}) {
        check_product(xg::ones<double>({40, 40}), full, 1e-13);
        check_product(xg::ones<double>({7, 3}), full, 1e-14);
        check_product(xg::zeros<double>({5, 5}), full, 1e-14);
        check_product(xg::zeros<double>({3, 6}), full, 1e-14);
        check_product(xg::eye<double>(20), full, 1e-14);
        check_product(xg::matmul(numbers({30, 4}), numbers({4, 30}, 2)), full, 1e-13);
    }
    for (const auto size : {1e300, 1e-300})
        for (const auto& sizes : {xg::shape{3, 3}, xg::shape{4, 3}})
            CHECK(difference(xg::tensor<double>{xg::svd(numbers(sizes) * size).s / size}, xg::svd(numbers(sizes)).s) < 1e-14);
    for (const auto& sizes : {xg::shape{3, 3}, xg::shape{4, 2}, xg::shape{2, 4}}) {
        const auto [u, s, vh] = xg::svd(xg::full<double>(sizes, NAN));
        CHECK(std::isnan(s.data()[0]));
        CHECK(std::isnan(u.data()[0]));
        CHECK(std::isnan(vh.data()[0]));
        CHECK(std::isnan(xg::svd(xg::full<float>(sizes, INFINITY)).s.span()[1]));
    }
    CHECK_THROWS_AS(xg::svd(xg::tensor<float>{1, 2}), xg::rank_error);
}
