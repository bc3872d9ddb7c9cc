#include <doctest/doctest.h>

#include <support/exactly.hpp>
#include <support/operation_table.hpp>

#include <xgrad/autograd/create.hpp>
#include <xgrad/autograd/functional.hpp>
#include <xgrad/ops/hyperbolic.hpp>
#include <xgrad/ops/map.hpp>
#include <xgrad/ops/reduce.hpp>
#include <xgrad/ops/sinc.hpp>
#include <xgrad/ops/trigonometric.hpp>

#include <cmath>
#include <limits>
#include <numbers>
#include <utility>

namespace xg = xgrad;
using namespace operation_tests;

namespace {

template <class T, class F>
T slope(const F& f, T x) {
    return xg::grad([&](const auto& v) { return xg::sum(f(v)); })(xg::full<T>({19}, x))(18);
}

template <class T, class F>
std::pair<T, T> slopes(const F& f, T a, T b) {
    const auto total = [&](const auto& v, const auto& w) { return xg::sum(f(v, w)); };
    const auto [da, db] = xg::grad(total)(xg::full<T>({19}, a), xg::full<T>({19}, b));
    return {da(18), db(18)};
}

template <class T>
bool near(T y, double wanted, double tolerance = 1e-6) {
    return std::fabs(static_cast<double>(y) - wanted) <= tolerance * std::fabs(wanted);
}

}  // namespace

TEST_CASE("trigonometric: values and derivatives") {
    check({
        elementwise("tan", xg::tan, [](double x) { return std::tan(x); }, {{-1.2, -0.5, 0, 1e-3, 1, 4}}, 8),
        elementwise("asin", xg::asin, [](double x) { return std::asin(x); }, {{-0.9, -0.5, 0, 1e-3, 0.3, 0.8}}, 8),
        elementwise("acos", xg::acos, [](double x) { return std::acos(x); }, {{-0.9, -0.5, 0, 1e-3, 0.3, 0.8}}, 8),
        elementwise("atan", xg::atan, [](double x) { return std::atan(x); }, {{-20, -0.5, 0, 1e-3, 1, 4}}, 8),
        elementwise("atan2", xg::atan2, [](double a, double b) { return std::atan2(a, b); }, {{0.3, -1.5, 2, -7}, {-1.5, 0.5, 2, 3}}, 8),
        elementwise("hypot", xg::hypot, [](double a, double b) { return std::hypot(a, b); }, {{0.3, -1.5, 2, -7}, {-1.5, 0.5, 2, 3}}, 8),
        elementwise("sinc", xg::sinc, accuracy::exactly::sinc<double>, {{-2.3, -0.5, 0, 1e-3, 0.6, 1.4}}, 16),
    });
}

TEST_CASE("hyperbolic: values and derivatives") {
    check({
        elementwise("sinh", xg::sinh, [](double x) { return std::sinh(x); }, {{-4, -0.5, 0, 1e-3, 1, 3}}, 8),
        elementwise("cosh", xg::cosh, [](double x) { return std::cosh(x); }, {{-4, -0.5, 0, 1e-3, 1, 3}}, 8),
        elementwise("asinh", xg::asinh, [](double x) { return std::asinh(x); }, {{-40, -0.5, 0, 1e-3, 1, 3}}, 8),
        elementwise("acosh", xg::acosh, [](double x) { return std::acosh(x); }, {{1.1, 1.5, 2, 7, 40}}, 8),
        elementwise("atanh", xg::atanh, [](double x) { return std::atanh(x); }, {{-0.9, -0.5, 0, 1e-3, 0.3, 0.8}}, 8),
    });
}

TEST_CASE("trigonometric: the derivatives of operations with one operand a number") {
    check({
        elementwise("atan2(x, 2)", [](const auto& x) { return xg::atan2(x, 2); }, [](double x) { return std::atan2(x, 2); }, {{-1.5, 0.5, 3}}, 8),
        elementwise("atan2(2, x)", [](const auto& x) { return xg::atan2(2, x); }, [](double x) { return std::atan2(2, x); }, {{-1.5, 0.5, 3}}, 8),
        elementwise("hypot(x, 1)", [](const auto& x) { return xg::hypot(x, 1); }, [](double x) { return std::hypot(x, 1); }, {{-1.5, 0, 3}}, 8),
    });
}

TEST_CASE("trigonometric: third derivatives") {
    const auto third = [](const auto& f, double x) {
        const auto total = [](const auto& g) { return xg::grad([g](const auto& v) { return xg::sum(g(v)); }); };
        return total(total(total(f)))(xg::full<double>({3}, x))(2);
    };
    CHECK(near(third(xg::tan, 0.5), (2 + 4 * std::pow(std::sin(0.5), 2)) / std::pow(std::cos(0.5), 4), 1e-12));
    CHECK(near(third(xg::asin, 0.5), (1 + 2 * 0.25) / std::pow(0.75, 2.5), 1e-12));
    CHECK(near(third(xg::acos, 0.5), -(1 + 2 * 0.25) / std::pow(0.75, 2.5), 1e-12));
    CHECK(near(third(xg::atan, 0.5), (6 * 0.25 - 2) / std::pow(1.25, 3), 1e-12));
    CHECK(near(third(xg::asinh, 0.5), (2 * 0.25 - 1) / std::pow(1.25, 2.5), 1e-12));
    CHECK(near(third(xg::acosh, 1.5), (2 * 2.25 + 1) / std::pow(1.25, 2.5), 1e-12));
    CHECK(near(third(xg::atanh, 0.5), (2 + 6 * 0.25) / std::pow(0.75, 3), 1e-12));
    CHECK(near(third(xg::sinh, 0.5), std::cosh(0.5), 1e-12));
    CHECK(near(third([](const auto& x) { return xg::hypot(x, 1); }, 0.5), -3 * 0.5 / std::pow(1.25, 2.5), 1e-12));
    CHECK(near(third([](const auto& x) { return xg::atan2(x, 2.0); }, 1), (6 * 1 * 2 - 2 * 8) / std::pow(5.0, 3), 1e-12));
    // By mpmath 1.3, 30 digits.
    CHECK(near(third(xg::sinc, 0.25), 4.5212722885507904525, 1e-12));
    CHECK(near(third(xg::sinc, 1.75), -5.2284079649916755315, 1e-12));
    CHECK(third(xg::sinc, 0.0) == 0);
}

TEST_CASE_TEMPLATE("trigonometric: derivatives do not leave the range before they must", T, float, double) {
    constexpr auto huge = std::numeric_limits<T>::max(), large = static_cast<T>(1e30f);
    CHECK(near(slope(xg::asinh, large), 1e-30));
    CHECK(near(slope(xg::asinh, -large), 1e-30));
    CHECK(near(slope(xg::acosh, large), 1e-30));
    CHECK(near(slope(xg::atan, static_cast<T>(1e15f)), 1e-30));
    CHECK(near(slopes(xg::hypot, huge, huge).first, std::numbers::sqrt2 / 2));
    CHECK(near(slopes(xg::hypot, -huge, huge).second, std::numbers::sqrt2 / 2));
    CHECK(near(slopes(xg::hypot, -large, large).first, -std::numbers::sqrt2 / 2));
    CHECK(near(slopes(xg::hypot, T(3e-30f), T(4e-30f)).first, 0.6));
    CHECK(slopes(xg::hypot, T{0}, T{0}) == std::pair{T{0}, T{0}});
    CHECK(near(slopes(xg::atan2, large, large).first, 0.5e-30));
    CHECK(near(slopes(xg::atan2, large, large).second, -0.5e-30));
    CHECK(near(slopes(xg::atan2, T{1}, large).first, 1e-30));
    CHECK(near(slopes(xg::atan2, T(1e-25f), T(1e-25f)).first, 0.5e25));
    CHECK(near(slope(xg::asin, 1 - std::numeric_limits<T>::epsilon()), 1 / std::sqrt(2 * static_cast<double>(std::numeric_limits<T>::epsilon()))));
    CHECK(slope(xg::asin, T{1}) == std::numeric_limits<T>::infinity());
    CHECK(slope(xg::acosh, T{1}) == std::numeric_limits<T>::infinity());
}

TEST_CASE("trigonometric: the slope of tan has a few units of error, not twice those of a careless quotient") {
    for (const auto x : {1.9498769f, 3.91598463f, 1578.71387f, 2803.88721f})
        CHECK(near(slope(xg::tan, x), 1 / std::pow(std::cos(static_cast<double>(x)), 2), 4 * std::numeric_limits<float>::epsilon()));
}

TEST_CASE("trigonometric: second derivatives keep their digits next to zero, and are infinite at the ends") {
    constexpr auto infinity = std::numeric_limits<double>::infinity();
    const auto second = [](const auto& f, double x) {
        return slope([&](const auto& v) { return xg::grad([&](const auto& w) { return xg::sum(f(w)); })(v); }, x);
    };
    CHECK(near(second(xg::asin, 1e-8), 1e-8, 1e-14));
    CHECK(near(second(xg::acos, 1e-8), -1e-8, 1e-14));
    CHECK(near(second(xg::atanh, 1e-8), 2e-8, 1e-14));
    CHECK(second(xg::asin, 1) == infinity);
    CHECK(second(xg::atanh, 1) == infinity);
    CHECK(second(xg::acosh, 1) == -infinity);
    CHECK(near(second(xg::acosh, 1e100), -1e-200, 1e-14));
    CHECK(second(xg::acosh, infinity) == 0);
}

TEST_CASE_TEMPLATE("sinc: its derivative to the last digits, next to zero and far away", T, float, double) {
    for (const auto x : {1e-30f, 1e-8f, 0.01f, 0.125f}) {   // -pi^2 x / 3 (1 - pi^2 x^2 / 10 + pi^4 x^4 / 280 - ...)
        const auto z = std::numbers::pi * static_cast<double>(x), s = z * z;
        const auto wanted = -std::numbers::pi * z / 3 * (1 - s / 10 * (1 - s / 28 * (1 - s / 54 * (1 - s / 88 * (1 - s / 130)))));
        CHECK(near(slope(xg::sinc, static_cast<T>(x)), wanted, 4 * static_cast<double>(std::numeric_limits<T>::epsilon())));
        CHECK(slope(xg::sinc, static_cast<T>(-x)) == -slope(xg::sinc, static_cast<T>(x)));
    }
    CHECK(slope(xg::sinc, T{0}) == 0);
    CHECK(slope(xg::sinc, T{3}) == -1 / T{3});
    CHECK(slope(xg::sinc, T{1 << 20}) == 1 / T{1 << 20});
    CHECK(slope(xg::sinc, std::numeric_limits<T>::infinity()) == 0);
    CHECK(std::isnan(slope(xg::sinc, std::numeric_limits<T>::quiet_NaN())));
}

TEST_CASE("trigonometric: in formulas, on single numbers and by the names of std") {
    const auto x = xg::tensor<double, 1>{0.1, 0.5, 0.9};
    const auto y = xg::map([](const auto& v) { return xg::hypot(xg::atan2(v, 2), xg::asinh(v) * xg::sinc(v)) + xg::tan(v); }, x);
    CHECK(xg::allclose(y, xg::hypot(xg::atan2(x, 2), xg::asinh(x) * xg::sinc(x)) + xg::tan(x), 1e-14));
    CHECK(xg::atan2(1.0, -1.0) == std::atan2(1.0, -1.0));
    CHECK(xg::sinc(0.5f) == doctest::Approx(2 / std::numbers::pi));
    using std::asin, std::atan2, std::sinh;
    CHECK(xg::array_equal(asin(x), xg::asin(x)));
    CHECK(xg::array_equal(sinh(x), xg::sinh(x)));
    CHECK(xg::array_equal(atan2(x, 2), xg::atan2(x, 2)));
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
    CHECK(slopes(xg::hypot, -infinity, T{3}) == std::pair{T{-1}, T{0}});
    CHECK(slopes(xg::hypot, large, infinity) == std::pair{T{0}, T{1}});
    CHECK(slopes(xg::hypot, infinity, infinity).first == near(std::sqrt(T{0.5})));
    CHECK(slopes(xg::atan2, large, large).first == near(T{0.5} / large));
    CHECK(slopes(xg::atan2, small, small).second == near(T{-0.5} / small));
    CHECK(slopes(xg::atan2, T{1}, infinity) == std::pair{T{0}, T{0}});
}
