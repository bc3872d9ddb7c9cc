#include <doctest/doctest.h>

#include <support/matrices.hpp>
#include <support/operation_table.hpp>

#include <xgrad/autograd/create.hpp>
#include <xgrad/autograd/gradcheck.hpp>
#include <xgrad/ops/compare.hpp>
#include <xgrad/ops/decompose/matrix_norm.hpp>
#include <xgrad/ops/decompose/matrix_power.hpp>
#include <xgrad/ops/math.hpp>
#include <xgrad/ops/reduce.hpp>
#include <xgrad/ops/shape.hpp>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <limits>
#include <string>
#include <type_traits>

namespace xg = xgrad;
using namespace operation_tests;
using namespace matrix_tests;

namespace {

constexpr auto infinity = std::numeric_limits<double>::infinity();

operation norm_row(const xg::shape& sizes) {
    return {.name = "matrix_norm", .run = on_lists([](const auto& x) { return xg::matrix_norm(x[0]); }),
            .reference = [](const list<double>& x) {
                auto to = x[0].shape();
                to.erase(to.rank() - 1);
                to.erase(to.rank() - 1);
                if (x[0].size() == 0) return xg::tensor<double>{xg::zeros<double>(to)};
                return each_matrix(x[0], to, [](const matrix& a) {
                    auto sum = 0.0;
                    for (const auto& row : a)
                        for (const auto value : row) sum += value * value;
                    return matrix{{std::sqrt(sum)}};
                });
            },
            .points = {{numbers(sizes)}}, .epsilons = 8};
}

/// A norm by sums of sizes, over columns or rows.
operation sums_row(const xg::shape& sizes, double order) {
    return {.name = "matrix_norm of order " + std::to_string(order),
            .run = on_lists([order](const auto& x) { return xg::matrix_norm(x[0], order); }),
            .reference = [order](const list<double>& x) {
                auto to = x[0].shape();
                to.erase(to.rank() - 1);
                to.erase(to.rank() - 1);
                return each_matrix(x[0], to, [order](const matrix& a) {
                    const auto by_columns = std::fabs(order) == 1;
                    auto sums = std::vector<double>(by_columns ? a[0].size() : a.size());
                    for (auto i = std::size_t{0}; i < a.size(); ++i)
                        for (auto j = std::size_t{0}; j < a[i].size(); ++j) sums[by_columns ? j : i] += std::fabs(a[i][j]);
                    return matrix{{order > 0 ? *std::ranges::max_element(sums) : *std::ranges::min_element(sums)}};
                });
            },
            .points = {{numbers(sizes)}}, .epsilons = 8};
}

operation power_row(const xg::shape& sizes, int exponent) {
    return {.name = "matrix_power", .run = on_lists([exponent](const auto& x) { return xg::matrix_power(x[0], exponent); }),
            .reference = [exponent](const list<double>& x) {
                return each_matrix(x[0], x[0].shape(), [exponent](const matrix& a) {
                    auto y = matrix(a.size(), std::vector<double>(a.size()));
                    for (auto i = std::size_t{0}; i < a.size(); ++i) y[i][i] = 1;
                    const auto one = y;
                    const auto factor = exponent < 0 ? eliminated(a, one).first : a;
                    for (auto turn = 0; turn < std::abs(exponent); ++turn) {
                        auto next = matrix(a.size(), std::vector<double>(a.size()));
                        for (auto i = std::size_t{0}; i < a.size(); ++i)
                            for (auto j = std::size_t{0}; j < a.size(); ++j)
                                for (auto k = std::size_t{0}; k < a.size(); ++k) next[i][j] += y[i][k] * factor[k][j];
                        y = next;
                    }
                    return y;
                });
            },
            .points = {{regular(sizes)}}, .epsilons = 128, .scale = 4, .is_product = true};
}

const auto slope_of = [](auto order, const auto& x) {
    return xg::grad([order](const auto& v) { return xg::sum(xg::matrix_norm(v, order)); })(x);
};

}  // namespace

TEST_CASE("matrix_norm: values and derivatives") {
    check({norm_row({1, 1}), norm_row({3, 4}), norm_row({2, 3, 3}), norm_row({0, 0}), norm_row({2, 0, 3}), norm_row({0, 2, 2}), norm_row({3, 40})});
    for (const auto order : {1.0, -1.0, infinity, -infinity})
        check({sums_row({1, 1}, order), sums_row({3, 4}, order), sums_row({2, 3, 3}, order)});
}

TEST_CASE("matrix_norm: by singular values") {
    const auto a = xg::tensor<double, 2>{{3, 0, 0}, {0, 0, -4}};
    CHECK(xg::matrix_norm(a, "nuc").item() == doctest::Approx(7));
    CHECK(xg::matrix_norm(a, 2).item() == doctest::Approx(4));
    CHECK(xg::matrix_norm(a, -2).item() == doctest::Approx(3));
    CHECK(xg::matrix_norm(a).item() == doctest::Approx(5));
    CHECK(xg::matrix_norm(a, "fro").item() == doctest::Approx(5));
    const auto nuclear = [](const auto& x) { return xg::matrix_norm(x, "nuc"); };
    const auto spectral = [](const auto& x) { return xg::matrix_norm(x, 2); };
    const auto least = [](const auto& x) { return xg::matrix_norm(x, -2); };
    for (const auto& x : {numbers({3, 3}), numbers({2, 3, 2}), numbers({2, 4})}) {
        CHECK(xg::gradcheck(nuclear, x));
        CHECK(xg::gradgradcheck(nuclear, x));
        CHECK(xg::gradcheck(spectral, x));
        CHECK(xg::gradgradcheck(spectral, x));
        CHECK(xg::gradcheck(least, x));
    }
}

TEST_CASE("matrix_norm: at zero, and among equal values") {
    const auto zero = xg::zeros<double>({3, 2});
    CHECK(xg::array_equal(slope_of("fro", zero), zero));
    CHECK(xg::array_equal(slope_of("nuc", zero), zero));
    const auto one = xg::eye<double>(3);
    CHECK(difference(slope_of("nuc", one), one) < 1e-15);
    CHECK(difference(slope_of(2, one), one / 3) < 1e-15);
    CHECK(xg::array_equal(slope_of(1, xg::tensor<double, 2>{{1, -2}, {1, 0}}), xg::tensor<double, 2>{{0.5, -0.5}, {0.5, 0}}));
}

TEST_CASE("matrix_norm: any two axes, kept or not") {
    const auto x = numbers({2, 3, 4});
    const auto moved = xg::permute(x, {1, 2, 0});   // rows of axis 2, columns of axis 0
    CHECK(difference(xg::matrix_norm(x, 1, {2, 0}), xg::matrix_norm(moved, 1)) == 0);
    CHECK(difference(xg::matrix_norm(x, infinity, {-1, 0}), xg::matrix_norm(moved, infinity)) == 0);
    CHECK(xg::matrix_norm(x, "fro", {2, 0}, xg::keep_dims).shape() == xg::shape{1, 3, 1});
    CHECK(xg::matrix_norm(x, "nuc", xg::keep_dims).shape() == xg::shape{2, 1, 1});
    CHECK(xg::gradcheck([](const auto& v) { return xg::matrix_norm(v, 2, {2, 0}, xg::keep_dims); }, x));
    CHECK(std::is_same_v<decltype(xg::matrix_norm(xg::tensor<float, 3>{})), xg::tensor<float, 1>>);
    CHECK_THROWS_AS(xg::matrix_norm(x, 1, {0, 0}), xg::value_error);
    CHECK_THROWS_AS(xg::matrix_norm(x, 1, {0, 3}), xg::index_error);
    CHECK_THROWS_AS(xg::matrix_norm(x, 3), xg::value_error);
    CHECK_THROWS_AS(xg::matrix_norm(x, "max"), xg::value_error);
    CHECK_THROWS_AS(xg::matrix_norm(xg::tensor<float>{1, 2}), xg::rank_error);
}

TEST_CASE("matrix_norm: numbers whose squares leave the range, many numbers, NaN") {
    for (const auto size : {1e30f, 1e-30f, 1e-42f}) {
        const auto x = xg::full<float>({3, 3}, size);
        CHECK(xg::matrix_norm(x).item() == doctest::Approx(3 * size).epsilon(1e-3));
        CHECK(slope_of("fro", x)(0, 0) == doctest::Approx(1 / 3.0).epsilon(1e-3));
    }
    CHECK(xg::matrix_norm(xg::full<float>({1000, 1000}, 0.1f)).item() == doctest::Approx(100).epsilon(1e-6));
    CHECK(std::isnan(xg::matrix_norm(xg::full<double>({2, 2}, NAN)).item()));
    CHECK(std::isnan(xg::matrix_norm(xg::full<double>({2, 2}, NAN), "nuc").item()));
    CHECK(xg::matrix_norm(xg::full<double>({2, 2}, infinity)).item() == infinity);
}

TEST_CASE("matrix_power: values and derivatives") {
    check({power_row({2, 2}, 1), power_row({3, 3}, 2), power_row({2, 3, 3}, 5), power_row({3, 3}, -1), power_row({2, 2}, -3),
           power_row({2, 2}, 0), power_row({0, 0}, 3)});
    CHECK(xg::array_equal(xg::matrix_power(xg::full<double>({2, 2}, NAN), 0), xg::eye<double>(2)));
    CHECK_THROWS_AS(xg::matrix_power(xg::ones<double>({2, 2}), -1), xg::value_error);
    CHECK_THROWS_AS(xg::matrix_power(xg::ones<double>({2, 3}), 2), xg::shape_error);
}
