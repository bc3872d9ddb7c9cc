#include <doctest/doctest.h>

#include <support/matrices.hpp>
#include <support/operation_table.hpp>

#include <xgrad/autograd/create.hpp>
#include <xgrad/autograd/gradcheck.hpp>
#include <xgrad/ops/decompose/cholesky.hpp>
#include <xgrad/ops/math.hpp>
#include <xgrad/ops/reduce.hpp>
#include <xgrad/ops/shape.hpp>

#include <cmath>
#include <cstddef>

namespace xg = xgrad;
using namespace operation_tests;
using namespace matrix_tests;

namespace {

operation cholesky_row(const xg::shape& sizes, bool upper = false) {
    return {.name = "cholesky",
            .run = on_lists([upper](const auto& x) { return xg::cholesky(symmetric(x[0]), {.upper = upper}); }),
            .reference = [upper](const list<double>& x) {
                return each_matrix(xg::tensor<double>{symmetric(x[0])}, x[0].shape(), [upper](const matrix& a) {
                    auto l = matrix(a.size(), std::vector<double>(a.size()));
                    for (auto i = std::size_t{0}; i < a.size(); ++i)
                        for (auto j = std::size_t{0}; j <= i; ++j) {
                            auto sum = a[i][j];
                            for (auto k = std::size_t{0}; k < j; ++k) sum -= upper ? l[k][i] * l[k][j] : l[i][k] * l[j][k];
                            (upper ? l[j][i] : l[i][j]) = i == j ? std::sqrt(sum) : sum / l[j][j];
                        }
                    return l;
                });
            },
            .points = {{regular(sizes)}}, .epsilons = 32, .scale = 1, .is_product = true};
}

operation triangular_row(const xg::shape& a, const xg::shape& b, xg::triangular_solve_options options) {
    return {.name = "triangular_solve",
            .run = on_lists([options](const auto& x) { return xg::triangular_solve(x[0], x[1], options); }),
            .reference = [options](const list<double>& x) {
                const auto right = options.left ? x[1] : xg::tensor<double>{xg::transpose(x[1], -1, -2)};
                auto sizes = x[0].shape();
                sizes[sizes.rank() - 1] = right.shape(-1);
                auto y = each_matrix(x[0], sizes, [&](matrix t) {
                    for (auto i = std::size_t{0}; i < t.size(); ++i)
                        for (auto j = std::size_t{0}; j < t.size(); ++j) {
                            if (options.upper ? j < i : j > i) t[i][j] = 0;
                            if (i == j && options.unitriangular) t[i][j] = 1;
                        }
                    auto flipped = t;
                    for (auto i = std::size_t{0}; i < t.size() && !options.left; ++i)
                        for (auto j = std::size_t{0}; j < t.size(); ++j) flipped[i][j] = t[j][i];
                    return eliminated(flipped, matrix_of(right)).first;
                });
                return options.left ? y : xg::tensor<double>{xg::transpose(y, -1, -2)};
            },
            .points = {{regular(a), numbers(b, 2)}}, .epsilons = 32, .scale = 2, .is_product = true};
}

}  // namespace

TEST_CASE("cholesky: values and derivatives") {
    check({cholesky_row({1, 1}), cholesky_row({2, 2}), cholesky_row({3, 3}), cholesky_row({2, 4, 4}), cholesky_row({0, 0}),
           cholesky_row({0, 2, 2}), cholesky_row({3, 3}, true), cholesky_row({2, 3, 3}, true)});
}

TEST_CASE("triangular_solve: values and derivatives") {
    for (const auto upper : {false, true})
        for (const auto unit : {false, true})
            check({triangular_row({3, 3}, {3, 2}, {.upper = upper, .unitriangular = unit}),
                   triangular_row({2, 3, 3}, {3, 2}, {.upper = upper, .unitriangular = unit}),
                   triangular_row({3, 3}, {2, 3}, {.upper = upper, .left = false, .unitriangular = unit}),
                   triangular_row({0, 3, 3}, {3, 2}, {.upper = upper, .unitriangular = unit}),
                   triangular_row({0, 0}, {0, 2}, {.upper = upper, .unitriangular = unit})});
}

TEST_CASE("cholesky and triangular_solve: matrices of more than one block") {
    for (const auto size : {31, 32, 33, 65, 130}) {
        CAPTURE(size);
        const auto x = numbers({size, size});
        const auto a = xg::matmul(x, x, {.transpose_b = true}) + xg::eye<double>(size);
        const auto l = xg::cholesky(a);
        CHECK(difference(xg::matmul(l, l, {.transpose_b = true}), a) < 1e-14 * size);
        CHECK(l(0, size - 1) == 0);
        const auto b = numbers({size, 40}, 2);
        CHECK(difference(xg::matmul(l, xg::triangular_solve(l, b)), b) < 1e-13 * size);
        const auto u = xg::cholesky(a, {.upper = true});
        CHECK(difference(xg::matmul(u, xg::triangular_solve(u, b, {.upper = true})), b) < 1e-13 * size);
        const auto f = xg::cholesky(xg::astype<float>(a));
        CHECK(difference(xg::matmul(f, f, {.transpose_b = true}), a) < 1e-5 * size);
    }
}

TEST_CASE("triangular_solve: a vector, stacks that broadcast, zeros on the diagonal") {
    const auto a = regular({2, 1, 3, 3}), b = numbers({4, 3, 2}, 2);
    const auto f = [](const auto& left, const auto& right) { return xg::triangular_solve(left, right); };
    CHECK(f(a, b).shape() == xg::shape{2, 4, 3, 2});
    CHECK(xg::gradcheck(f, std::tuple{a, b}));
    CHECK(xg::gradgradcheck(f, std::tuple{a, b}));
    CHECK(xg::triangular_solve(regular({3, 3}), numbers({3})).shape() == xg::shape{3});
    auto stack = regular({2, 3, 3});
    stack(1, 2, 2) = 0;
    CHECK_THROWS_WITH(xg::triangular_solve(stack, numbers({3, 1})),
                      "[triangular_solve] the matrix at (1,) of a, which is (2, 3, 3), is singular: element 2 of its diagonal is 0");
    CHECK_THROWS_AS(xg::triangular_solve(numbers({3, 3}), numbers({2, 3})), xg::shape_error);
    CHECK_THROWS_AS(xg::triangular_solve(numbers({3, 2}), numbers({3, 3})), xg::shape_error);
}

TEST_CASE("cholesky: what is not positive definite, NaN, no square") {
    auto stack = xg::tensor<double>{xg::zeros<double>({3, 2, 2}) + xg::eye<double>(2)};
    stack(1, 1, 1) = -1;
    CHECK_THROWS_WITH(xg::cholesky(stack), "[cholesky] the matrix at (1,) of a, which is (3, 2, 2), is not positive definite: "
                                           "pivot 1 is not positive");
    CHECK_THROWS_AS(xg::cholesky(xg::ones<float>({2, 2})), xg::value_error);   // semidefinite
    CHECK_THROWS_WITH(xg::cholesky(xg::zeros<float>({2, 3})), "[cholesky] a is (2, 3); its matrices must have as many rows as columns");
    CHECK(std::isnan(xg::cholesky(xg::full<double>({3, 3}, NAN))(2, 0)));
}
