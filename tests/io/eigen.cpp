#include <doctest/doctest.h>

#include <xgrad/io/eigen.hpp>
#include <xgrad/ops/compare.hpp>
#include <xgrad/ops/linalg.hpp>

namespace xg = xgrad;

TEST_CASE("a tensor as a matrix, and a matrix as a tensor") {
    auto x = xg::tensor<double, 2>{{1, 2, 3}, {4, 5, 6}};
    auto map = xg::io::as_eigen(x);
    CHECK(map(1, 0) == 4);
    map(0, 2) = 30;
    CHECK(x(0, 2) == 30);
    const auto product = xg::io::from_eigen(map * map.transpose());
    CHECK(xg::allclose(product, xg::matmul(x, x, {.transpose_b = true})));

    const auto vector = xg::tensor<double, 1>{1, 2, 3};
    CHECK(xg::io::as_eigen(vector).rows() == 3);
    CHECK(xg::io::as_eigen(vector).cols() == 1);
    const auto batch = xg::ones<double>({2, 3, 4});
    CHECK(xg::io::as_eigen(batch).rows() == 6);
}

TEST_CASE("sharing a matrix of Eigen") {
    auto rows = Eigen::Matrix<float, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>(2, 2);
    rows << 1, 2, 3, 4;
    auto x = xg::io::share_eigen(rows);
    x(1, 0) = 9;
    CHECK(rows(1, 0) == 9);
    auto columns = Eigen::MatrixXf(2, 2);
    columns << 1, 2, 3, 4;
    CHECK_THROWS_WITH_AS(xg::io::share_eigen(columns), doctest::Contains("column-major"), xg::value_error);
    CHECK(xg::array_equal(xg::io::from_eigen(columns), xg::tensor<float, 2>{{1, 2}, {3, 4}}));
    auto single = Eigen::VectorXf(3);
    single << 1, 2, 3;
    CHECK(xg::io::share_eigen(single).size() == 3);
}
