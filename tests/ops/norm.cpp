#include <doctest/doctest.h>

#include <support/operation_table.hpp>
#include <support/reductions.hpp>

#include <xgrad/autograd/create.hpp>
#include <xgrad/autograd/functional.hpp>
#include <xgrad/core/parallel.hpp>
#include <xgrad/ops/norm.hpp>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <limits>
#include <string>
#include <type_traits>
#include <vector>

namespace xg = xgrad;
using namespace operation_tests;

namespace {

constexpr auto inf = std::numeric_limits<double>::infinity();
constexpr auto shift = 1.0 / 32;   // no number is 0, where a norm has its kink

double norm_of(const std::vector<double>& x, double p) {
    auto sum = 0.0, largest = 0.0, least = inf;
    for (const auto each : x) {
        const auto size = std::fabs(each + shift);
        sum += std::pow(size, p);
        largest = std::max(largest, size);
        least = std::min(least, size);
    }
    return p == inf ? largest : p == -inf ? least : std::pow(sum, 1 / p);
}

template <class T>
xg::tensor<T, 1> slope(const xg::tensor<T, 1>& x, double p) {
    return xg::grad([=](const auto& v) { return xg::norm(v, {.p = p}); })(x);
}

}  // namespace

TEST_CASE("norm: values and derivatives over all sets of axes") {
    for (const auto p : {2.0, 1.0, 3.0, 2.5, 0.5, -1.0, inf, -inf})
        check_reduction("norm, p = " + std::to_string(p),
                        [=](const auto& x, const auto& axes, bool keep) { return xg::norm(x + shift, axes, keep, {.p = p}); },
                        [=](const auto& x) { return norm_of(x, p); }, false);
    check_reduction("norm of nothing", [](const auto& x, const auto& axes, bool keep) { return xg::norm(x + shift, axes, keep); },
                    [](const auto& x) { return norm_of(x, 2); }, true);
}

TEST_CASE("norm: the ways to name axes and options agree") {
    const auto x = xg::tensor<double, 2>{{3, 4}, {5, -12}};
    CHECK(xg::norm(x, {.p = 1}).item() == 24);
    CHECK(xg::norm(x, {.p = inf}).item() == 12);
    CHECK(xg::norm(x, {.p = 0}).item() == 4);
    CHECK(xg::array_equal(xg::norm(x, 1), xg::tensor<double, 1>{5, 13}));
    CHECK(xg::array_equal(xg::norm(x, {1}), xg::tensor<double, 1>{5, 13}));
    CHECK(xg::array_equal(xg::norm(x, 1, xg::keep_dims, {.p = -inf}), xg::tensor<double, 2>{{3}, {5}}));
    CHECK(xg::norm(x, {0, 1}, {.p = 1}).item() == 24);
    CHECK(xg::norm(x, std::vector{0, 1}, {.p = 1}).item() == 24);
    CHECK(xg::norm(x, std::vector{0, 1}, true, {.p = 1}).shape() == xg::shape{1, 1});
    static_assert(std::is_same_v<decltype(xg::norm(x, {0, 1}, {.p = 1})), xg::tensor<double, 0>>);
    static_assert(std::is_same_v<decltype(xg::norm(x, {.p = 1})), xg::tensor<double, 0>>);
    CHECK_THROWS_WITH_AS(xg::norm(x, {.p = NAN}), "[norm] p must be a number", xg::value_error);
}

TEST_CASE("norm: at zero the gradient is 0, and so is the second derivative") {
    for (const auto p : {2.0, 1.0, 3.0, 1.5, 0.5}) {
        CHECK(xg::norm(xg::zeros<double>({3}), {.p = p}).item() == 0);
        CHECK(xg::array_equal(slope(xg::zeros<double>({3}), p), xg::zeros<double>({3})));
        const auto f = [=](const auto& v) { return xg::norm(v, {.p = p}); };
        CHECK(xg::array_equal(xg::hessian(f, xg::zeros<double>({2})), xg::zeros<double>({2, 2})));
        CHECK(slope(xg::tensor<double, 1>{0, 2}, p)(0) == 0);
    }
    for (const auto p : {-1.0, -2.5}) {   // one zero makes the norm 0, which no other element moves
        const auto x = xg::tensor<double, 1>{0, 2, -3};
        CHECK(xg::norm(x, {.p = p}).item() == 0);
        CHECK(xg::array_equal(slope(x, p), xg::zeros<double>({3})));
        CHECK(xg::array_equal(xg::hessian([=](const auto& v) { return xg::norm(v, {.p = p}); }, x), xg::zeros<double>({3, 3})));
    }
}

TEST_CASE("norm: no power leaves the range when the norm does not") {
    for (const auto unit : {1e-44f, 1e-38f, 1e-25f, 1e-20f, 1e18f, 1e25f, 6e37f}) {
        const auto x = xg::tensor<float, 1>{3 * unit, -4 * unit};
        const auto length = std::hypot(static_cast<double>(x(0)), static_cast<double>(x(1)));
        CHECK(xg::norm(x).item() == doctest::Approx(length).epsilon(unit < 1e-40f ? 0.1 : 1e-6));
        if (unit > 1e-40f) CHECK(xg::allclose(slope(x, 2), xg::tensor<float, 1>{0.6f, -0.8f}, 1e-6));
        for (const auto p : {3.0, 0.5, -2.0}) {
            const auto exact = std::pow(std::pow(3, p) + std::pow(4, p), 1 / p);
            if (unit > 1e-37f && p != 0.5) CHECK(xg::norm(x, {.p = p}).item() / unit == doctest::Approx(exact).epsilon(1e-5));
        }
    }
    const auto columns = xg::full<float>({50, 40}, 1e30f);
    CHECK(xg::norm(columns, 0)(39) == doctest::Approx(std::sqrt(50.0) * 1e30).epsilon(1e-6));
}

TEST_CASE("norm: NaN and infinities") {
    for (const auto p : {2.0, 1.0, 3.0, inf}) {
        CHECK(xg::norm(xg::tensor<double, 1>{1, -inf}, {.p = p}).item() == inf);
        CHECK(std::isnan(xg::norm(xg::tensor<double, 1>{1, NAN, inf}, {.p = p}).item()));
    }
    CHECK(xg::norm(xg::tensor<double, 1>{1, 0}, {.p = -1}).item() == 0);
    CHECK_THROWS_AS(xg::norm(xg::zeros<double>({0}), {.p = inf}), xg::shape_error);
}

TEST_CASE("norm: the same on every number of threads") {
    const auto x = xg::randn<float>({300, 2000});
    const auto threads = xg::num_threads();
    for (const auto axis : {0, 1}) {
        xg::set_num_threads(1);
        const auto once = xg::norm(x, axis);
        xg::set_num_threads(3);
        CHECK(xg::array_equal(xg::norm(x, axis), once));
    }
    xg::set_num_threads(threads);
}
