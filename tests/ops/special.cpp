#include <doctest/doctest.h>

#include <support/operation_table.hpp>

#include <xgrad/autograd/create.hpp>
#include <xgrad/ops/reduce.hpp>
#include <xgrad/ops/special.hpp>

#include <cmath>
#include <limits>

namespace xg = xgrad;
using namespace operation_tests;

namespace {

/// By Newton's method on std::erf, from a start that is near enough.
double inverse_erf(double x) {
    auto y = 0.0;
    for (auto step = 0; step < 60; ++step) y -= (std::erf(y) - x) / (2 / std::sqrt(std::acos(-1.0)) * std::exp(-y * y));
    return y;
}

}  // namespace

TEST_CASE("special functions: values and derivatives") {
    check({
        elementwise("log2", xg::log2, [](double x) { return std::log2(x); }, {{0.01, 0.5, 1.5, 7, 1000}}),
        elementwise("log10", xg::log10, [](double x) { return std::log10(x); }, {{0.01, 0.5, 1.5, 7, 1000}}),
        elementwise("exp2", xg::exp2, [](double x) { return std::exp2(x); }, {{-30, -2, -0.5, 0, 1e-3, 1, 4}}),
        elementwise("reciprocal", xg::reciprocal, [](double x) { return 1 / x; }, {{-3, -0.5, 0.1, 1.5, 7}}),
        elementwise("rsqrt", xg::rsqrt, [](double x) { return 1 / std::sqrt(x); }, {{0.1, 0.5, 1.5, 7, 1000}}),
        elementwise("erfc", xg::erfc, [](double x) { return std::erfc(x); }, {{-3, -0.5, 1e-3, 0.9, 1.1, 4}}, 16),
        elementwise("erfinv", xg::erfinv, inverse_erf, {{-0.7, -0.5, 1e-3, 0.3, 0.6}}, 16),
    });
}

TEST_CASE("special functions: where they end") {
    constexpr auto infinity = std::numeric_limits<float>::infinity();
    const auto x = xg::tensor<float, 1>{-1, 1, 2};
    const auto y = xg::erfinv(x);
    CHECK(y(0) == -infinity);
    CHECK(y(1) == infinity);
    CHECK(std::isnan(y(2)));
    CHECK(xg::reciprocal(xg::tensor<float, 1>{-0.f})(0) == -infinity);
    CHECK(xg::rsqrt(xg::tensor<float, 1>{0})(0) == infinity);
    CHECK(xg::rsqrt(xg::tensor<float, 1>{infinity})(0) == 0);
    CHECK(xg::log2(xg::tensor<float, 1>{8})(0) == 3);
    CHECK(xg::exp2(xg::tensor<float, 1>{-149})(0) == std::numeric_limits<float>::denorm_min());
}
