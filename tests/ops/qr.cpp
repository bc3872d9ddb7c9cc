#include <doctest/doctest.h>

#include <support/matrices.hpp>
#include <support/operation_table.hpp>

#include <xgrad/autograd/create.hpp>
#include <xgrad/autograd/gradcheck.hpp>
#include <xgrad/ops/decompose/qr.hpp>
#include <xgrad/ops/math.hpp>
#include <xgrad/ops/reduce.hpp>
#include <xgrad/ops/shape.hpp>

#include <cmath>
#include <cstddef>
#include <type_traits>

namespace xg = xgrad;
using namespace operation_tests;
using namespace matrix_tests;

namespace {

/// The r whose diagonal has LAPACK's signs, or q = a r^-1, of a tall matrix: Gram and Schmidt, twice, in long double.
matrix gram_schmidt(const matrix& a, bool want_q) {
    const auto rows = a.size(), columns = a[0].size();
    auto q = std::vector<std::vector<long double>>(columns, std::vector<long double>(rows));
    auto r = matrix(columns, std::vector<double>(columns));
    for (auto j = std::size_t{0}; j < columns; ++j) {
        for (auto i = std::size_t{0}; i < rows; ++i) q[j][i] = a[i][j];
        for (auto turn = 0; turn < 2; ++turn)
            for (auto k = std::size_t{0}; k < j; ++k) {
                auto along = 0.0L;
                for (auto i = std::size_t{0}; i < rows; ++i) along += q[k][i] * q[j][i];
                for (auto i = std::size_t{0}; i < rows; ++i) q[j][i] -= along * q[k][i];
                r[k][j] += static_cast<double>(along);
            }
        auto length = 0.0L;
        for (const auto value : q[j]) length += value * value;
        r[j][j] = static_cast<double>(std::sqrt(length));
        for (auto& value : q[j]) value /= std::sqrt(length);
    }
    if (!want_q) return r;
    auto result = matrix(rows, std::vector<double>(columns));
    for (auto i = std::size_t{0}; i < rows; ++i)
        for (auto j = std::size_t{0}; j < columns; ++j) result[i][j] = static_cast<double>(q[j][i]);
    return result;
}

/// The signs are a reflection's; these rows take them away.
operation q_row(const xg::shape& sizes) {
    return {.name = "qr: q", .run = on_lists([](const auto& x) {
                const auto y = xg::qr(x[0]).q;
                return y * y;
            }),
            .reference = [](const list<double>& x) {
                return each_matrix(x[0], x[0].shape(), [](const matrix& a) {
                    auto q = gram_schmidt(a, true);
                    for (auto& row : q)
                        for (auto& value : row) value *= value;
                    return q;
                });
            },
            .points = {{regular(sizes)}}, .epsilons = 32, .scale = 1, .is_product = true};
}

operation r_row(const xg::shape& sizes) {
    return {.name = "qr: r", .run = on_lists([](const auto& x) { return xg::abs(xg::qr(x[0]).r); }),
            .reference = [](const list<double>& x) {
                auto to = x[0].shape();
                to[to.rank() - 2] = to[to.rank() - 1];
                return each_matrix(x[0], to, [](const matrix& a) {
                    auto r = gram_schmidt(a, false);
                    for (auto& row : r)
                        for (auto& value : row) value = std::fabs(value);
                    return r;
                });
            },
            .points = {{regular(sizes)}}, .epsilons = 32, .scale = 1, .is_product = true};
}

void check_product(const xg::tensor<double>& a, xg::qr_mode mode, double tolerance) {
    const auto [q, r] = xg::qr(a, mode);
    CHECK(difference(xg::matmul(q, r), a) < tolerance);
    const auto one = xg::matmul(q, q, {.transpose_a = true});
    CHECK(difference(one, xg::tensor<double>{xg::zeros_like(one) + xg::eye<double>(static_cast<int>(q.shape(-1)))}) < tolerance);
    for (auto i = std::size_t{1}; i < r.shape(-2); ++i)
        for (auto j = std::size_t{0}; j < std::min<std::size_t>(i, r.shape(-1)); ++j)
            CHECK(r.data()[i * r.shape(-1) + j] == 0);
}

}  // namespace

TEST_CASE("qr: values and derivatives") {
    check({q_row({1, 1}), q_row({3, 3}), q_row({4, 2}), q_row({2, 3, 3}), q_row({2, 5, 3}), q_row({0, 0}), q_row({0, 3, 2}), q_row({3, 0})});
    check({r_row({1, 1}), r_row({3, 3}), r_row({4, 2}), r_row({2, 3, 3}), r_row({2, 5, 3}), r_row({0, 3, 2})});
}

TEST_CASE("qr: both results in one function, wide and complete, too") {
    const auto f = [](const auto& a) {
        const auto [q, r] = xg::qr(a);
        return xg::matmul(q * q, r * r * r);
    };
    for (const auto& a : {regular({3, 3}), regular({2, 4, 2}), regular({2, 4}), regular({2, 3, 5}), regular({1, 3})}) {
        CAPTURE(a.shape());
        CHECK(xg::gradcheck(f, a));
        CHECK(xg::gradgradcheck(f, a));
    }
    // What does not depend on the choice of the last columns.
    const auto g = [](const auto& a) {
        const auto [q, r] = xg::qr(a, xg::qr_mode::complete);
        const auto rest = xg::matmul(q * xg::tensor<double, 1>{0, 0, 1, 1}, q, {.transpose_b = true});
        return xg::matmul(rest * rest * q, r);
    };
    CHECK(xg::gradcheck(g, regular({4, 2})));
    CHECK(xg::gradgradcheck(g, regular({4, 2})));
    CHECK(xg::gradcheck(g, regular({3, 4, 2})));
}

TEST_CASE("qr: shapes, signs, more than one block") {
    for (const auto mode : {xg::qr_mode::reduced, xg::qr_mode::complete})
        for (const auto& sizes : {xg::shape{1, 1}, xg::shape{5, 3}, xg::shape{3, 5}, xg::shape{64, 64}, xg::shape{65, 33}, xg::shape{33, 65},
                                  xg::shape{100, 70}, xg::shape{70, 100}, xg::shape{3, 0}, xg::shape{0, 3}, xg::shape{1, 4}, xg::shape{4, 1}}) {
            CAPTURE(sizes);
            check_product(numbers(sizes), mode, 3e-14);
        }
    const auto tall = xg::qr(numbers({2, 5, 3}), xg::qr_mode::complete);
    CHECK(tall.q.shape() == xg::shape{2, 5, 5});
    CHECK(tall.r.shape() == xg::shape{2, 5, 3});
    CHECK(xg::qr(numbers({2, 3, 5})).r.shape() == xg::shape{2, 3, 5});
    // As LAPACK: a reflection changes the sign, and the last column of a square matrix needs none.
    const auto r = xg::qr(xg::tensor<double, 2>{{3, 1}, {4, 2}}).r;
    CHECK(r(0, 0) == doctest::Approx(-5));
    CHECK(r(0, 1) == doctest::Approx(-2.2));
    CHECK(r(1, 1) == doctest::Approx(0.4));
    const auto in_float = xg::qr(xg::astype<float>(numbers({70, 50})));
    CHECK(difference(xg::matmul(in_float.q, in_float.r), numbers({70, 50})) < 1e-5);
    CHECK(std::is_same_v<decltype(xg::qr(xg::tensor<float, 3>{}).q), xg::tensor<float, 3>>);
}

TEST_CASE("qr: deficient matrices, large and minute numbers, NaN") {
    check_product(xg::ones<double>({4, 3}), xg::qr_mode::reduced, 1e-14);
    check_product(xg::zeros<double>({4, 3}), xg::qr_mode::complete, 1e-14);
    for (const auto size : {1e300, 1e-300}) {
        const auto a = numbers({4, 3}) * size;
        const auto [q, r] = xg::qr(a);
        CHECK(difference(xg::tensor<double>{xg::matmul(q, r) / size}, numbers({4, 3})) < 1e-14);
    }
    // A matrix of which nothing is asked contributes nothing.
    const auto slope = xg::grad([](const auto& a) { return xg::sum(xg::qr(a).r * xg::tensor<double, 2>{{1, 1}, {0, 0}}); });
    CHECK(std::isfinite(slope(xg::tensor<double, 2>{{1, 2}, {0, 0}})(0, 0)));
    const auto nan = xg::qr(xg::full<double>({3, 3}, NAN));
    CHECK(std::isnan(nan.q(0, 0)));
    CHECK(std::isnan(nan.r(0, 0)));
}
