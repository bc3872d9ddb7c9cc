#include <doctest/doctest.h>

#include <support/matrices.hpp>
#include <support/operation_table.hpp>

#include <xgrad/autograd/create.hpp>
#include <xgrad/autograd/gradcheck.hpp>
#include <xgrad/ops/decompose/lstsq.hpp>
#include <xgrad/ops/math.hpp>
#include <xgrad/ops/reduce.hpp>
#include <xgrad/ops/shape.hpp>

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <type_traits>

namespace xg = xgrad;
using namespace operation_tests;
using namespace matrix_tests;

namespace {

matrix product_of(const matrix& a, const matrix& b) {
    auto y = matrix(a.size(), std::vector<double>(b.empty() ? 0 : b[0].size()));
    for (auto i = std::size_t{0}; i < a.size(); ++i)
        for (auto k = std::size_t{0}; k < b.size(); ++k)
            for (auto j = std::size_t{0}; j < b[k].size(); ++j) y[i][j] += a[i][k] * b[k][j];
    return y;
}

matrix flipped(const matrix& a) {
    auto y = matrix(a[0].size(), std::vector<double>(a.size()));
    for (auto i = std::size_t{0}; i < a.size(); ++i)
        for (auto j = std::size_t{0}; j < a[i].size(); ++j) y[j][i] = a[i][j];
    return y;
}

/// Of matrices of full rank: (a^T a)^-1 a^T, or a^T (a a^T)^-1.
matrix pseudo_inverse(const matrix& a) {
    const auto t = flipped(a);
    if (a.size() >= t.size()) return eliminated(product_of(t, a), t).first;
    return flipped(eliminated(product_of(a, t), a).first);
}

operation pinv_row(const xg::shape& sizes) {
    return {.name = "pinv", .run = on_lists([](const auto& x) { return xg::pinv(x[0]); }),
            .reference = [](const list<double>& x) {
                auto to = x[0].shape();
                std::swap(to[to.rank() - 1], to[to.rank() - 2]);
                return each_matrix(x[0], to, pseudo_inverse);
            },
            .points = {{regular(sizes)}}, .epsilons = 64, .scale = 2, .is_product = true};
}

operation lstsq_row(const xg::shape& a, const xg::shape& b) {
    return {.name = "lstsq", .run = on_lists([](const auto& x) { return xg::lstsq(x[0], x[1]).solution; }),
            .reference = [](const list<double>& x) {
                auto to = x[0].shape();
                to[to.rank() - 2] = to[to.rank() - 1];
                to[to.rank() - 1] = x[1].shape(-1);
                return each_matrix(x[0], to, [&](const matrix& each) { return product_of(pseudo_inverse(each), matrix_of(x[1])); });
            },
            .points = {{regular(a), numbers(b, 2)}}, .epsilons = 64, .scale = 2, .is_product = true};
}

/// x of rank 2, whatever x is.
const auto of_rank_two = [](const auto& x, const auto& y) { return xg::matmul(x, y); };

}  // namespace

TEST_CASE("pinv: values and derivatives") {
    check({pinv_row({1, 1}), pinv_row({3, 3}), pinv_row({4, 2}), pinv_row({2, 4}), pinv_row({2, 3, 2}), pinv_row({2, 2, 3}),
           pinv_row({0, 3, 2})});
    CHECK(xg::pinv(xg::zeros<double>({0, 3})).shape() == xg::static_shape<2>{3, 0});
    CHECK(xg::pinv(xg::zeros<double>({2, 3, 0})).shape() == xg::static_shape<3>{2, 0, 3});
}

TEST_CASE("lstsq: values and derivatives") {
    check({lstsq_row({3, 3}, {3, 2}), lstsq_row({4, 2}, {4, 3}), lstsq_row({2, 4}, {2, 1}), lstsq_row({2, 3, 2}, {3, 2}),
           lstsq_row({0, 3, 2}, {3, 2})});
}

TEST_CASE("pinv and lstsq: matrices of a lower rank, tall, wide and square") {
    const auto p = [](const auto& left, const auto& right) { return xg::pinv(of_rank_two(left, right)); };
    const auto solution = [](const auto& left, const auto& right, const auto& values) {
        return xg::lstsq(of_rank_two(left, right), values).solution;
    };
    for (const auto& [rows, columns] : {std::pair{4, 3}, std::pair{3, 5}, std::pair{4, 4}}) {
        const auto x = numbers({rows, 2}), y = numbers({2, columns}, 2), b = numbers({rows, 2}, 3);
        const auto a = of_rank_two(x, y), inverse = p(x, y);
        CHECK(difference(xg::matmul(xg::matmul(a, inverse), a), a) < 1e-13);
        CHECK(difference(xg::matmul(xg::matmul(inverse, a), inverse), inverse) < 1e-12);
        CHECK(xg::gradcheck(p, std::tuple{x, y}));
        CHECK(xg::gradgradcheck(p, std::tuple{x, y}));
        CHECK(difference(solution(x, y, b), xg::matmul(inverse, b)) < 1e-12);
        CHECK(xg::gradcheck(solution, std::tuple{x, y, b}));
    }
    const auto a = of_rank_two(numbers({4, 2}), numbers({2, 3}, 2)), b = numbers({4, 2}, 3);
    const auto result = xg::lstsq(a, b);
    CHECK(result.rank.item() == 2);
    CHECK(result.residuals.shape() == xg::shape{0});
    CHECK(xg::array_equal(xg::pinv(xg::zeros<double>({2, 3})), xg::zeros<double>({3, 2})));
}

TEST_CASE("pinv: what is taken for zero") {
    const auto a = xg::tensor<double, 2>{{2, 0}, {0, 1e-3}};
    CHECK(xg::pinv(a)(1, 1) == doctest::Approx(1000));
    CHECK(xg::pinv(a, {.rtol = 1e-2})(1, 1) == 0);
    CHECK(xg::pinv(a, {.atol = 1e-2})(1, 1) == 0);
    CHECK(xg::pinv(a, {.rtol = 1e-4})(1, 1) == doctest::Approx(1000));
    CHECK(xg::lstsq(a, xg::ones<double>({2}), {.rcond = 1e-2}).rank.item() == 1);
}

TEST_CASE("lstsq: residuals, rank, singular values, vectors") {
    const auto a = regular({2, 4, 2}), b = numbers({2, 4}, 2);
    const auto result = xg::lstsq(a, b);   // two vectors
    CHECK(result.solution.shape() == xg::shape{2, 2});
    CHECK(result.residuals.shape() == xg::shape{2, 1});
    CHECK(result.singular_values.shape() == xg::static_shape<2>{2, 2});
    const auto missing = xg::matmul(a, xg::expand_dims(result.solution, -1)) - xg::expand_dims(b, -1);
    CHECK(difference(result.residuals, xg::sum(xg::square(missing), 1)) < 1e-15);
    CHECK(xg::array_equal(result.rank, xg::tensor<std::int64_t, 1>{2, 2}));
    const auto residuals = [](const auto& left, const auto& right) { return xg::lstsq(left, right).residuals; };
    CHECK(xg::gradcheck(residuals, std::tuple{a, b}));
    CHECK(xg::lstsq(xg::tensor<double, 2>{a(0, 0, 0) * numbers({4, 2})}, xg::ones<double>({4})).solution.shape() == xg::static_shape<1>{2});
    CHECK_THROWS_WITH(xg::lstsq(xg::zeros<float>({3, 2}), xg::zeros<float>({2, 2})),
                      "[lstsq] a is (3, 2), b is (2, 2); b's rows must be as many as a's");
    CHECK(std::isnan(xg::lstsq(xg::full<double>({3, 2}, NAN), xg::ones<double>({3})).solution(0)));
}
