#include <doctest/doctest.h>

#include <support/matrices.hpp>
#include <support/operation_table.hpp>

#include <xgrad/autograd/create.hpp>
#include <xgrad/autograd/gradcheck.hpp>
#include <xgrad/ops/compare.hpp>
#include <xgrad/ops/decompose/det.hpp>
#include <xgrad/ops/math.hpp>
#include <xgrad/ops/reduce.hpp>

#include <cmath>
#include <cstddef>
#include <limits>
#include <type_traits>

namespace xg = xgrad;
using namespace operation_tests;
using namespace matrix_tests;

namespace {

double determinant(const matrix& a) { return eliminated(a, matrix(a.size())).second; }

xg::shape stack_of(xg::shape sizes) {
    sizes.erase(sizes.rank() - 1);
    sizes.erase(sizes.rank() - 1);
    return sizes;
}

xg::tensor<double> of_each(const xg::tensor<double>& x, double (*f)(double)) {
    const auto sizes = stack_of(x.shape());
    if (x.size() == 0) return xg::full<double>(sizes, f(1));
    return each_matrix(x, sizes, [f](const matrix& a) { return matrix{{f(determinant(a))}}; });
}

operation det_row(const xg::shape& sizes) {
    return {.name = "det", .run = on_lists([](const auto& x) { return xg::det(x[0]); }),
            .reference = [](const list<double>& x) { return of_each(x[0], [](double y) { return y; }); },
            .points = {{numbers(sizes)}}, .epsilons = 32, .scale = 1, .is_product = true};
}

operation logarithm_row(const xg::shape& sizes) {
    return {.name = "slogdet", .run = on_lists([](const auto& x) { return xg::slogdet(x[0]).logabsdet; }),
            .reference = [](const list<double>& x) { return of_each(x[0], [](double y) { return std::log(std::fabs(y)); }); },
            .points = {{regular(sizes)}}, .epsilons = 32, .scale = 1, .is_product = true};
}

using square = xg::tensor<double, 2>;

}  // namespace

TEST_CASE("det: values and derivatives") {
    check({det_row({1, 1}), det_row({2, 2}), det_row({3, 3}), det_row({2, 4, 4}), det_row({2, 1, 3, 3}), det_row({0, 0}),
           det_row({2, 0, 0}), det_row({0, 2, 2})});
}

TEST_CASE("slogdet: values and derivatives") {
    check({logarithm_row({1, 1}), logarithm_row({3, 3}), logarithm_row({2, 4, 4}), logarithm_row({0, 0})});
    const auto [sign, logarithm] = xg::slogdet(numbers({5, 3, 3}));
    CHECK(difference(xg::tensor<double>{sign * xg::exp(logarithm)}, xg::det(numbers({5, 3, 3}))) < 1e-14);
}

TEST_CASE("det: the gradient of a singular matrix are its cofactors") {
    const auto slope = xg::grad([](const auto& a) { return xg::det(a); });
    CHECK(difference(slope(square{{1, 2, 3}, {4, 5, 6}, {7, 8, 9}}), square{{-3, 6, -3}, {6, -12, 6}, {-3, 6, -3}}) < 1e-13);
    CHECK(difference(slope(square{{1, 2}, {2, 4}}), square{{4, -2}, {-2, 1}}) < 1e-14);
    CHECK(difference(slope(square{{1, 2, 3}, {2, 4, 6}, {3, 6, 9}}), xg::zeros<double>({3, 3})) < 1e-13);
    CHECK(xg::array_equal(slope(xg::zeros<double>({3, 3})), xg::zeros<double>({3, 3})));
}

TEST_CASE("det: singular matrices have second derivatives") {
    const auto f = [](const auto& a) { return xg::det(a); };
    for (const auto& a : {square{{1, 2, 3}, {4, 5, 6}, {7, 8, 9}}, square{{1, 2, 3}, {2, 4, 6}, {3, 6, 9}}, square{{0, 0}, {0, 0}},
                          square{{0, 0, 0}, {0, 0, 0}, {0, 0, 0}}, square{{1, 2}, {2, 4}}, square{{0, 0, 0}, {0, 2, 0}, {0, 0, 0}}, square{{0}}}) {
        CHECK(xg::gradcheck(f, a));
        CHECK(xg::gradgradcheck(f, a));
    }
    const auto at_zero = xg::hessian(f, xg::zeros<double>({2, 2}));
    CHECK(at_zero(0, 0, 1, 1) == 1);
    CHECK(at_zero(0, 1, 1, 0) == -1);
    CHECK(at_zero(0, 0, 0, 0) == 0);
    // Beside regular ones in a stack.
    auto stack = numbers({3, 3, 3});
    for (auto i = 0; i < 3; ++i) stack(1, 2, i) = 2 * stack(1, 0, i);
    CHECK(xg::gradcheck(f, stack));
    CHECK(xg::gradgradcheck(f, stack));
}

TEST_CASE("det: third derivatives of regular matrices, and an error for singular ones") {
    const auto slope = xg::grad([](const auto& a) { return xg::det(a); });
    const auto second = xg::grad([&](const auto& a) { return xg::sum(slope(a) * square{{1, 2, 3}, {4, 5, 7}, {8, 8, 9}}); });
    CHECK(xg::gradcheck(second, numbers({3, 3})));
   
    const auto third = xg::grad([&](const auto& a) { return xg::sum(second(a) * a); });
    CHECK_THROWS_AS(third(xg::ones<double>({3, 3})), xg::autograd_error);
}

TEST_CASE("det: leaves the range of numbers only if it must") {
    auto a = xg::zeros<float>({4, 4});
    for (auto i = 0; i < 4; ++i) a(i, i) = i < 2 ? 1e30f : 1e-30f;
    CHECK(xg::det(a).item() == doctest::Approx(1));
    const auto large = xg::eye<float>(40) * 1e30f;
    CHECK(xg::det(large).item() == std::numeric_limits<float>::infinity());
    CHECK(xg::slogdet(large).logabsdet.item() == doctest::Approx(40 * std::log(1e30)));
}

TEST_CASE("det: second derivatives where the square of the inverse leaves the range") {
    const auto det = [](const auto& x) { return xg::det(x); };
    CHECK(xg::hessian(det, xg::tensor<double, 2>{{1e-160}}).item() == 0);
    const auto of_four = xg::tensor<float, 2>{{0, 0, 0, 1}, {0, 0, -1, 0}, {0, -1, 0, 0}, {1, 0, 0, 0}};
    for (const auto unit : {1e-18f, 1.f, 1e18f}) {
        const auto second = xg::reshape(xg::hessian(det, xg::tensor<float, 2>{{3 * unit, unit}, {2 * unit, 4 * unit}}), {4, 4});
        CHECK(xg::allclose(second, of_four, 1e-5, 1e-5));
    }
}

TEST_CASE("det and slogdet: singular, NaN, and what is no square") {
    const auto [sign, logarithm] = xg::slogdet(xg::ones<double>({2, 2}));
    CHECK(sign.item() == 0);
    CHECK(logarithm.item() == -std::numeric_limits<double>::infinity());
    const auto nan = xg::full<double>({3, 3}, NAN);
    CHECK(std::isnan(xg::det(nan).item()));
    CHECK(std::isnan(xg::slogdet(nan).sign.item()));
    CHECK(std::isnan(xg::grad([](const auto& a) { return xg::det(a); })(nan)(0, 0)));
    CHECK_THROWS_WITH(xg::det(xg::zeros<float>({2, 3})), "[det] a is (2, 3); its matrices must have as many rows as columns");
    CHECK(std::is_same_v<decltype(xg::det(xg::tensor<float, 3>{})), xg::tensor<float, 1>>);
}

TEST_CASE("slogdet: a singular matrix that is not chosen contributes nothing") {
    auto stack = regular({2, 2, 2});
    for (auto i = 0; i < 4; ++i) stack.data()[i] = 1;
    const auto chosen = xg::tensor<bool, 1>{false, true};
    const auto slope = xg::grad([&](const auto& a) { return xg::sum(xg::where(chosen, xg::slogdet(a).logabsdet, 0)); })(stack);
    CHECK(slope(0, 0, 1) == 0);
    CHECK(slope(1, 0, 0) == doctest::Approx(stack(1, 1, 1) / (stack(1, 0, 0) * stack(1, 1, 1) - stack(1, 0, 1) * stack(1, 1, 0))));
}
