#include <doctest/doctest.h>

#include <support/matrices.hpp>
#include <support/operation_table.hpp>

#include <xgrad/autograd/create.hpp>
#include <xgrad/autograd/gradcheck.hpp>
#include <xgrad/ops/decompose/eigh.hpp>
#include <xgrad/ops/join.hpp>
#include <xgrad/ops/math.hpp>
#include <xgrad/ops/reduce.hpp>
#include <xgrad/ops/shape.hpp>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <type_traits>

namespace xg = xgrad;
using namespace operation_tests;
using namespace matrix_tests;

namespace {

/// Eigenvalues in rising order, and, column by column, eigenvectors: Jacobi's rotations, one after the other.
std::pair<matrix, matrix> rotated(matrix a) {
    const auto size = a.size();
    auto v = matrix(size, std::vector<double>(size));
    for (auto i = std::size_t{0}; i < size; ++i) v[i][i] = 1;
    for (auto sweep = 0; sweep < 30; ++sweep)
        for (auto p = std::size_t{0}; p < size; ++p)
            for (auto q = p + 1; q < size; ++q) {
                const auto angle = std::atan2(2 * a[p][q], a[q][q] - a[p][p]) / 2, c = std::cos(angle), s = std::sin(angle);
                const auto turn = [c, s](double& x, double& y) {
                    const auto before = x;
                    x = c * before - s * y;
                    y = s * before + c * y;
                };
                for (auto& row : a) turn(row[p], row[q]);
                for (auto& row : v) turn(row[p], row[q]);
                for (auto k = std::size_t{0}; k < size; ++k) turn(a[p][k], a[q][k]);
            }
    auto order = std::vector<std::size_t>(size);
    for (auto i = std::size_t{0}; i < size; ++i) order[i] = i;
    std::ranges::sort(order, [&](auto i, auto j) { return a[i][i] < a[j][j]; });
    auto values = matrix(1, std::vector<double>(size)), vectors = v;
    for (auto j = std::size_t{0}; j < size; ++j) {
        values[0][j] = a[order[j]][order[j]];
        for (auto i = std::size_t{0}; i < size; ++i) vectors[i][j] = v[i][order[j]];
    }
    return {values, vectors};
}

operation values_row(const xg::shape& sizes) {
    return {.name = "eigh: values", .run = on_lists([](const auto& x) { return xg::eigh(symmetric(x[0])).values; }),
            .reference = [](const list<double>& x) {
                auto to = x[0].shape();
                to.erase(to.rank() - 1);
                return each_matrix(xg::tensor<double>{symmetric(x[0])}, to, [](const matrix& a) { return rotated(a).first; });
            },
            .points = {{numbers(sizes)}}, .epsilons = 64, .scale = 2, .is_product = true};
}

/// v_ij^2, in which no sign is left.
operation vectors_row(const xg::shape& sizes) {
    return {.name = "eigh: vectors", .run = on_lists([](const auto& x) { return xg::square(xg::eigh(symmetric(x[0])).vectors); }),
            .reference = [](const list<double>& x) {
                return each_matrix(xg::tensor<double>{symmetric(x[0])}, x[0].shape(), [](const matrix& a) {
                    auto v = rotated(a).second;
                    for (auto& row : v)
                        for (auto& value : row) value *= value;
                    return v;
                });
            },
            .points = {{numbers(sizes)}}, .epsilons = 64, .scale = 4, .is_product = true};
}

using square_matrix = xg::tensor<double, 2>;

}  // namespace

TEST_CASE("eigh: values and derivatives") {
    check({values_row({1, 1}), values_row({2, 2}), values_row({3, 3}), values_row({2, 4, 4}), values_row({0, 0}), values_row({0, 3, 3})});
    check({vectors_row({1, 1}), vectors_row({2, 2}), vectors_row({3, 3}), vectors_row({2, 4, 4}), vectors_row({0, 0}), vectors_row({0, 3, 3})});
}

TEST_CASE("eigh: both results in one function") {
    const auto f = [](const auto& x) {
        const auto [w, v] = xg::eigh(symmetric(x));
        return xg::matmul(v * xg::exp(w), v, {.transpose_b = true});
    };
    CHECK(xg::gradcheck(f, numbers({4, 4})));
    CHECK(xg::gradgradcheck(f, numbers({4, 4})));
}

TEST_CASE("eigh: sizes, triangles, ranks") {
    for (const auto size : {1, 2, 31, 33, 34, 35, 64, 66, 100}) {
        CAPTURE(size);
        const auto a = xg::tensor<double, 2>{symmetric(numbers({size, size}))};
        const auto [w, v] = xg::eigh(a);
        CHECK(difference(xg::matmul(v * w, v, {.transpose_b = true}), a) < 1e-14 * size);
        CHECK(difference(xg::matmul(v, v, {.transpose_a = true}), xg::eye<double>(size)) < 1e-14 * size);
        CHECK(std::is_sorted(w.begin(), w.end()));
        const auto in_float = xg::eigh(xg::astype<float>(a));
        CHECK(difference(in_float.values, w) < 2e-6 * size);
    }
    const auto a = square_matrix{{1, 9}, {2, 1}};
    CHECK(difference(xg::eigh(a).values, xg::tensor<double, 1>{-1, 3}) < 1e-14);
    CHECK(difference(xg::eigh(a, {.upper = true}).values, xg::tensor<double, 1>{-8, 10}) < 1e-14);
    CHECK(std::is_same_v<decltype(xg::eigh(xg::tensor<float, 3>{}).values), xg::tensor<float, 2>>);
}

TEST_CASE("eigh: functions that are symmetric in equal eigenvalues have finite gradients") {
    const auto sum_of_squares = xg::grad([](const auto& a) { return xg::sum(xg::square(xg::eigh(a).values)); });
    CHECK(difference(sum_of_squares(xg::eye<double>(3)), xg::eye<double>(3) * 2) < 1e-15);
    const auto twice = square_matrix{{2, 1, 1}, {1, 2, 1}, {1, 1, 2}};   // 1, 1 and 4, up to rounding
    CHECK(difference(sum_of_squares(twice), twice * 2) < 1e-14);
    CHECK(difference(sum_of_squares(xg::zeros<double>({3, 3})), xg::zeros<double>({3, 3})) == 0);
    // The projection onto the eigenvectors of the smaller value does not depend on their choice.
    const auto projection = [](const auto& a) {
        const auto v = xg::eigh(symmetric(a)).vectors;
        return xg::matmul(v * xg::tensor<double, 1>{1, 1, 0}, v, {.transpose_b = true});
    };
    CHECK(xg::gradcheck(projection, square_matrix{twice * 0.5}));
    for (const auto value : xg::grad([](const auto& a) { return xg::sum(xg::abs(xg::eigh(a).vectors)); })(xg::eye<double>(3)))
        CHECK(!std::isnan(value));
}

TEST_CASE("eigh: the gradient of a sum over equal eigenvalues is the function of the matrix") {
    const auto q = xg::eigh(symmetric(numbers({5, 5}))).vectors;   // some basis
    const auto of_matrix = [&](const xg::tensor<double, 1>& values) { return square_matrix{xg::matmul(q * values, q, {.transpose_b = true})}; };
    const auto sum = [](const auto& f) { return [f](const auto& a) { return xg::sum(f(xg::eigh(a).values)); }; };
    const auto exponential = sum(xg::exp);
    const auto cube = sum([](const auto& w) { return w * w * w; });
    for (const auto& w : {xg::tensor<double, 1>{1, 1, 3, 3, 3}, xg::tensor<double, 1>{2, 2, 2, 2, 2}, xg::tensor<double, 1>{0, 0, 0, -1, -1}}) {
        const auto a = of_matrix(w);
        CHECK(difference(xg::grad(exponential)(a), of_matrix(xg::exp(w))) < 1e-13);
        CHECK(difference(xg::grad(cube)(a), of_matrix(xg::tensor<double, 1>{3 * w * w})) < 1e-13);
        const auto second = xg::grad([&](const auto& x) { return xg::sum(xg::square(xg::grad(exponential)(x))); })(a);
        for (const auto value : second) CHECK(std::fabs(value) < 1e4);   // finite, if not all of it
    }
    const auto stack = xg::concat({xg::expand_dims(of_matrix({1, 1, 3, 3, 3}), 0), xg::expand_dims(of_matrix({1, 2, 3, 4, 5}), 0)});
    const auto of_symmetric = [&](const auto& x) { return exponential(symmetric(x)); };
    CHECK(xg::gradcheck(of_symmetric, xg::tensor<double, 3>{stack * 0.5}));
}

TEST_CASE("eigh: what converges slowly elsewhere, large and minute numbers, NaN, no square") {
    for (const auto& a : {xg::tensor<double>{xg::ones<double>({40, 40})}, xg::tensor<double>{xg::zeros<double>({40, 40})}, xg::tensor<double>{xg::eye<double>(40)}}) {
        const auto [w, v] = xg::eigh(a);
        CHECK(difference(xg::matmul(v * w, v, {.transpose_b = true}), a) < 1e-13);
    }
    auto graded = xg::zeros<double>({30, 30});
    for (auto i = 0; i < 30; ++i)
        for (auto j = 0; j < 30; ++j) graded(i, j) = std::pow(0.1, i + j);
    const auto [w, v] = xg::eigh(graded);
    CHECK(difference(xg::matmul(v * w, v, {.transpose_b = true}), graded) < 1e-15);
    for (const auto size : {1e300, 1e-300})
        CHECK(difference(xg::eigh(square_matrix{{1, 2}, {2, 1}} * size).values / size, xg::tensor<double, 1>{-1, 3}) < 1e-14);
    const auto of_nan = xg::eigh(xg::full<double>({3, 3}, NAN));
    CHECK(std::isnan(of_nan.values(0)));
    CHECK(std::isnan(of_nan.vectors(1, 1)));
    CHECK(std::isnan(xg::eigh(xg::full<float>({3, 3}, INFINITY)).values(0)));
    CHECK_THROWS_WITH(xg::eigh(xg::zeros<float>({2, 3})), "[eigh] a is (2, 3); its matrices must have as many rows as columns");
}
