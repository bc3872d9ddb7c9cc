#include <doctest/doctest.h>

#include <support/matrices.hpp>
#include <support/operation_table.hpp>

#include <xgrad/autograd/create.hpp>
#include <xgrad/autograd/gradcheck.hpp>
#include <xgrad/ops/compare.hpp>
#include <xgrad/ops/decompose/solve.hpp>
#include <xgrad/ops/math.hpp>
#include <xgrad/ops/reduce.hpp>
#include <xgrad/ops/shape.hpp>

#include <cmath>
#include <cstddef>
#include <string>
#include <type_traits>

namespace xg = xgrad;
using namespace operation_tests;
using namespace matrix_tests;

namespace {

operation inverse_row(const xg::shape& sizes) {
    return {.name = "inverse", .run = on_lists([](const auto& x) { return xg::inverse(x[0]); }),
            .reference = [](const list<double>& x) {
                return each_matrix(x[0], x[0].shape(), [](const matrix& a) {
                    auto one = matrix(a.size(), std::vector<double>(a.size()));
                    for (auto i = std::size_t{0}; i < a.size(); ++i) one[i][i] = 1;
                    return eliminated(a, one).first;
                });
            },
            .points = {{regular(sizes)}}, .epsilons = 32, .scale = 1, .is_product = true};
}

/// Stacks of a in front of one b, whose solution is of shape `sizes`.
operation solve_row(const xg::shape& a, const xg::shape& b, const xg::shape& result) {
    return {.name = "solve", .run = on_lists([](const auto& x) { return xg::solve(x[0], x[1]); }),
            .reference = [result](const list<double>& x) {
                const auto right = x[1].rank() == 1 ? matrix_of(xg::reshape(x[1], {x[1].size(), std::size_t{1}})) : matrix_of(x[1]);
                return each_matrix(x[0], result, [&](const matrix& each) { return eliminated(each, right).first; });
            },
            .points = {{regular(a), numbers(b, 2)}}, .epsilons = 32, .scale = 1, .is_product = true};
}

std::string complaint_of(const auto& f) {
    try {
        f();
    } catch (const xg::error& e) {
        return e.what();
    }
    return "";
}

}  // namespace

TEST_CASE("inverse: values and derivatives") {
    check({inverse_row({1, 1}), inverse_row({2, 2}), inverse_row({3, 3}), inverse_row({2, 4, 4}), inverse_row({2, 1, 2, 2}),
           inverse_row({0, 0}), inverse_row({0, 2, 2}), inverse_row({2, 0, 0})});
}

TEST_CASE("solve: values and derivatives") {
    check({solve_row({1, 1}, {1, 1}, {1, 1}), solve_row({3, 3}, {3, 2}, {3, 2}), solve_row({3, 3}, {3}, {3}),
           solve_row({2, 3, 3}, {3, 2}, {2, 3, 2}), solve_row({2, 3, 3}, {3}, {2, 3}), solve_row({0, 3, 3}, {3, 2}, {0, 3, 2}),
           solve_row({0, 0}, {0, 2}, {0, 2}), solve_row({3, 3}, {3, 0}, {3, 0})});
}

TEST_CASE("solve: stacks broadcast both ways, and vectors stand beside matrices") {
    const auto a = regular({2, 1, 3, 3}), b = numbers({4, 3, 2}, 2);
    const auto x = xg::solve(a, b);
    CHECK(x.shape() == xg::shape{2, 4, 3, 2});
    CHECK(difference(xg::matmul(a, x), xg::tensor<double>{b + xg::zeros<double>({2, 4, 3, 2})}) < 1e-14);
    const auto f = [](const auto& left, const auto& right) { return xg::solve(left, right); };
    CHECK(xg::gradcheck(f, std::tuple{a, b}));
    CHECK(xg::gradgradcheck(f, std::tuple{a, b}));
    // (2, 3) beside (2, 3, 3) are two vectors, (3, 3) one matrix.
    const auto stack = regular({2, 3, 3}), vectors = numbers({2, 3}, 3);
    CHECK(xg::solve(stack, vectors).shape() == xg::shape{2, 3});
    CHECK(xg::solve(stack, numbers({3, 3})).shape() == xg::shape{2, 3, 3});
    CHECK(xg::gradcheck(f, std::tuple{stack, vectors}));
}

TEST_CASE("solve: from the right") {
    const auto a = regular({2, 3, 3}), b = numbers({2, 2, 3}, 2);
    const auto f = [](const auto& left, const auto& right) { return xg::solve(left, right, {.left = false}); };
    CHECK(difference(xg::matmul(f(a, b), a), b) < 1e-14);
    CHECK(xg::gradcheck(f, std::tuple{a, b}));
    CHECK(xg::gradgradcheck(f, std::tuple{a, b}));
}

TEST_CASE("solve and inverse: matrices of more than one block") {
    for (const auto size : {31, 32, 33, 64, 65, 130}) {
        CAPTURE(size);
        const auto a = numbers({size, size}), b = numbers({size, 5}, 2);
        const auto x = xg::solve(a, b);
        const auto largest = xg::max(xg::abs(x)).item();
        CHECK(difference(xg::matmul(a, x), b) < 1e-14 * size * largest);
        const auto y = xg::inverse(a);
        CHECK(difference(xg::matmul(y, a), xg::eye<double>(size)) < 1e-14 * size * xg::max(xg::abs(y)).item());
        const auto in_float = xg::solve(xg::astype<float>(a), xg::astype<float>(b));
        CHECK(difference(xg::matmul(a, xg::astype<double>(in_float)), b) < 1e-5 * size * largest);
        const auto transposed = xg::grad([&](const auto& right) { return xg::sum(xg::solve(a, right)); })(b);
        CHECK(difference(xg::matmul(a, transposed, {.transpose_a = true}), xg::ones<double>({size, 5})) <
              1e-14 * size * xg::max(xg::abs(transposed)).item());
    }
}

TEST_CASE("solve and inverse: ranks of the results") {
    using two = xg::tensor<float, 2>;
    using three = xg::tensor<float, 3>;
    CHECK(std::is_same_v<decltype(xg::solve(two{}, two{})), two>);
    CHECK(std::is_same_v<decltype(xg::solve(two{}, xg::tensor<float, 1>{})), xg::tensor<float, 1>>);
    CHECK(std::is_same_v<decltype(xg::solve(three{}, xg::tensor<float, 1>{})), two>);
    CHECK(std::is_same_v<decltype(xg::solve(three{}, two{})), xg::tensor<float>>);
    CHECK(std::is_same_v<decltype(xg::solve(two{}, three{})), three>);
    CHECK(std::is_same_v<decltype(xg::inv(three{})), three>);
}

TEST_CASE("solve and inverse: what has no solution is an error that names the matrix") {
    auto stack = regular({2, 3, 2, 2});
    stack(1, 2, 1, 0) = stack(1, 2, 1, 1) = 0;
    CHECK(complaint_of([&] { xg::inverse(stack); }) ==
          "[inverse] the matrix at (1, 2) of a, which is (2, 3, 2, 2), is singular: pivot 1 is 0");
    CHECK_THROWS_AS(xg::inverse(stack), xg::value_error);
    CHECK(complaint_of([] { xg::solve(xg::zeros<float>({2, 2}), xg::zeros<float>({2})); }) ==
          "[solve] the matrix of a, which is (2, 2), is singular: pivot 0 is 0");
    CHECK(complaint_of([] { xg::inverse(xg::zeros<float>({2, 3, 4})); }) ==
          "[inverse] a is (2, 3, 4); its matrices must have as many rows as columns");
    CHECK(complaint_of([] { xg::solve(xg::zeros<float>({3, 3}), xg::zeros<float>({2, 3})); }) ==
          "[solve] a is (3, 3), b is (2, 3); b's rows must be as many as a's");
    CHECK_THROWS_AS(xg::inverse(xg::tensor<float>{1, 2}), xg::rank_error);
    CHECK_THROWS_AS(xg::solve(regular({2, 3, 3}), numbers({3, 3, 1})), xg::shape_error);
}

TEST_CASE("solve and inverse: NaN runs through") {
    const auto nan = xg::full<double>({3, 3}, NAN);
    CHECK(std::isnan(xg::inverse(nan)(0, 0)));
    CHECK(std::isnan(xg::solve(nan, xg::ones<double>({3}))(1)));
    auto one = regular({2, 3, 3});
    one(0, 1, 1) = NAN;
    CHECK(std::isfinite(xg::inverse(one)(1, 0, 0)));
}
