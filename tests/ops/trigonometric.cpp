#include <doctest/doctest.h>

#include <support/operation_table.hpp>

#include <xgrad/autograd/create.hpp>
#include <xgrad/ops/hyperbolic.hpp>
#include <xgrad/ops/reduce.hpp>
#include <xgrad/ops/trigonometric.hpp>

#include <cmath>
#include <limits>
#include <utility>

namespace xg = xgrad;
using namespace operation_tests;

TEST_CASE("trigonometric and hyperbolic functions: values and derivatives") {
    check({
        elementwise("tan", xg::tan, [](double x) { return std::tan(x); }, {{-3, -0.5, 0, 1.2, 4}}),
        elementwise("asin", xg::asin, [](double x) { return std::asin(x); }, {{-0.9, -0.5, 0, 0.3, 0.95}}),
        elementwise("acos", xg::acos, [](double x) { return std::acos(x); }, {{-0.9, -0.5, 0, 0.3, 0.95}}),
        elementwise("atan", xg::atan, [](double x) { return std::atan(x); }, {{-7, -0.5, 0, 0.9, 1.1, 30}}),
        elementwise("sinh", xg::sinh, [](double x) { return std::sinh(x); }, {{-7, -0.5, 0, 0.9, 4}}),
        elementwise("cosh", xg::cosh, [](double x) { return std::cosh(x); }, {{-7, -0.5, 0, 0.9, 4}}),
        elementwise("asinh", xg::asinh, [](double x) { return std::asinh(x); }, {{-70, -0.5, 0, 0.9, 4}}),
        elementwise("acosh", xg::acosh, [](double x) { return std::acosh(x); }, {{1.1, 1.5, 2, 40}}),
        elementwise("atanh", xg::atanh, [](double x) { return std::atanh(x); }, {{-0.9, -0.5, 0, 0.3, 0.95}}),
        elementwise("atan2", xg::atan2, [](double y, double x) { return std::atan2(y, x); }, {{1, -2, 0.5, -3, 2}, {2, 1, -3, -0.5, 0.1}}),
        elementwise("hypot", xg::hypot, [](double a, double b) { return std::hypot(a, b); }, {{1, -2, 0.5, -3, 4}, {2, 1, -3, -0.5, 0.1}}),
    });
}

TEST_CASE_TEMPLATE("trigonometric: derivatives at the ends of the range", T, float, double) {
    using limits = std::numeric_limits<T>;
    constexpr auto infinity = limits::infinity(), large = limits::max() / 4, small = 4 * limits::min();
    const auto slope = [](const auto& f, T at) {
        auto x = xg::tensor<T, 1>{at}.requires_grad(true);
        xg::sum(f(x)).backward();
        return x.grad()(0);
    };
    const auto slopes = [](const auto& f, T first, T second) {
        auto a = xg::tensor<T, 1>{first}.requires_grad(true), b = xg::tensor<T, 1>{second}.requires_grad(true);
        xg::sum(f(a, b)).backward();
        return std::pair{a.grad()(0), b.grad()(0)};
    };
    const auto near = [](T x) { return doctest::Approx(static_cast<double>(x)).epsilon(8 * limits::epsilon()).scale(0); };
    CHECK(slope(xg::asinh, large) == near(1 / large));
    CHECK(slope(xg::asinh, -large) == near(1 / large));
    CHECK(slope(xg::acosh, large) == near(1 / large));
    CHECK(std::abs(slope(xg::atan, std::sqrt(limits::max()) * 4) - 1 / limits::max() / 16) <= 2 * limits::denorm_min());
    CHECK(slope(xg::atan, infinity) == 0);
    CHECK(slope(xg::asinh, infinity) == 0);
    CHECK(slope(xg::asin, T{1}) == infinity);
    CHECK(slope(xg::acos, T{1}) == -infinity);
    CHECK(slope(xg::atanh, T{1}) == infinity);
    CHECK(slopes(xg::hypot, large, large).first == near(std::sqrt(T{0.5})));
    CHECK(slopes(xg::hypot, small, small).second == near(std::sqrt(T{0.5})));
    CHECK(slopes(xg::hypot, 0, 0) == std::pair{T{0}, T{0}});
    CHECK(slopes(xg::atan2, large, large).first == near(T{0.5} / large));
    CHECK(slopes(xg::atan2, small, small).second == near(T{-0.5} / small));
    CHECK(slopes(xg::atan2, T{1}, infinity) == std::pair{T{0}, T{0}});
}
