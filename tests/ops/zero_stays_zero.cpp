// What was not chosen contributes nothing. The table of operations tries every operation; here are the cases in which
// people meet it.
#include <doctest/doctest.h>

#include <xgrad/autograd/functional.hpp>
#include <xgrad/ops/arithmetic.hpp>
#include <xgrad/ops/compare.hpp>
#include <xgrad/ops/loss.hpp>
#include <xgrad/ops/map.hpp>
#include <xgrad/ops/math.hpp>
#include <xgrad/ops/reduce.hpp>
#include <xgrad/ops/softmax.hpp>

#include <cmath>
#include <limits>

namespace xg = xgrad;

namespace {

constexpr auto inf = std::numeric_limits<double>::infinity();
const auto total = [](const auto& f) { return xg::grad([f](const auto&... x) { return xg::sum(f(x...)); }); };

using vector = xg::tensor<double, 1>;

}  // namespace

TEST_CASE("zero stays zero: a branch that is not chosen") {
    const auto at_zero = total([](const auto& x) { return xg::where(x == 0, 0, x * xg::sqrt(x)); });
    CHECK(xg::array_equal(at_zero(vector{0, 4}), vector{0, 3}));
    const auto of_negative = total([](const auto& x) { return xg::where(x >= 0, x, xg::sqrt(-x)); });
    CHECK(xg::array_equal(of_negative(vector{1, -4}), vector{1, -0.25}));
    const auto norm = total([](const auto& a, const auto& b) { return xg::maximum(xg::sqrt(a * a + b * b), vector{1e-10}); });
    const auto [da, db] = norm(vector{0}, vector{0});
    CHECK(xg::array_equal(da, vector{0}));
    CHECK(xg::array_equal(db, vector{0}));
    const auto logarithm = total([](const auto& x) { return xg::where(x > 0, xg::log(x), 0); });
    CHECK(xg::array_equal(logarithm(vector{-1, 0, 2, NAN}), vector{0, 0, 0.5, 0}));
}

TEST_CASE("zero stays zero: in derivatives of the second and third order") {
    const auto f = [](const auto& x) { return xg::sum(xg::where(x > 0, x * xg::sqrt(x), 0)); };
    const auto second = total(xg::grad(f));
    const auto third = total(second);
    CHECK(xg::allclose(second(vector{0, 4}), vector{0, 0.375}));
    CHECK(xg::allclose(third(vector{0, 4}), vector{0, -0.046875}));

    const auto powers = vector{0, 1, 2, 3};
    const auto sum_of_powers = [&](const auto& x) { return xg::sum(xg::pow(x, powers)); };
    CHECK(xg::hessian(sum_of_powers, vector{0}).item() == 2);
}

TEST_CASE("zero stays zero: a row of the Jacobian is the derivative of its own element") {
    const auto x = vector{0, 4};
    CHECK(xg::array_equal(xg::jacobian(xg::sqrt, x), xg::tensor<double, 2>{{inf, 0}, {0, 0.25}}));
    CHECK(xg::array_equal(xg::jvp(xg::sqrt, x, vector{0, 1}).second, vector{0, 0.25}));
    CHECK(xg::array_equal(xg::jvp(xg::sqrt, x, vector{1, 1}).second, vector{inf, 0.25}));
}

TEST_CASE("zero stays zero: rows that are not chosen leave softmax and its losses alone") {
    const auto x = xg::tensor<double, 2>{{-inf, -inf}, {0, 0}};
    const auto chosen = xg::tensor<bool, 2>{{false}, {true}};
    const auto slope_of = [&](const auto& f) {
        return total([&](const auto& v) { return xg::where(chosen, f(v) * xg::tensor<double, 1>{1, 0}, 0); })(x);
    };
    CHECK(xg::allclose(slope_of(xg::softmax), xg::tensor<double, 2>{{0, 0}, {0.25, -0.25}}));
    CHECK(xg::allclose(slope_of(xg::log_softmax), xg::tensor<double, 2>{{0, 0}, {0.5, -0.5}}));
    const auto losses = total([&](const auto& v) {
        const auto each = xg::tensor<double, 1>{xg::cross_entropy(v, xg::tensor<int, 1>{0, 0}, xg::reduction::none)};
        return xg::where(xg::tensor<bool, 1>{false, true}, each, 0);
    });
    CHECK(xg::allclose(losses(x), xg::tensor<double, 2>{{0, 0}, {-0.5, 0.5}}));
}

TEST_CASE("zero stays zero: but a NaN that counts is not hidden") {
    CHECK(std::isnan(total(xg::abs)(vector{NAN})(0)));
    CHECK(std::isnan(total([](const auto& x) { return x * vector{NAN}; })(vector{1})(0)));
    CHECK(total(xg::sqrt)(vector{0})(0) == inf);
}
