#include <doctest/doctest.h>

#include <support/operation_table.hpp>

#include <xgrad/ops/activation.hpp>
#include <xgrad/ops/reduce.hpp>

#include <cmath>
#include <cstddef>
#include <limits>
#include <vector>

namespace xg = xgrad;
using namespace operation_tests;

namespace {

constexpr auto inf = std::numeric_limits<double>::infinity();
constexpr auto no_number = std::numeric_limits<double>::quiet_NaN();

double logistic(double x) { return 1 / (1 + std::exp(-x)); }

}  // namespace

TEST_CASE("activation: values and derivatives") {
    // relu: not at its kink, 0.
    check({
        elementwise("relu", xg::relu, [](double x) { return x > 0 ? x : 0; }, {{-2, -0.1, 0.3, 4, -1}}),
        elementwise("sigmoid", xg::sigmoid, logistic, {{-30, -2, -0.5, 0, 1, 5}}),
        elementwise("tanh", xg::tanh, [](double x) { return std::tanh(x); }, {{-3, -0.7, 0, 1e-3, 0.5, 2}}),
        elementwise("softplus", xg::softplus, [](double x) { return std::log1p(std::exp(x)); }, {{-20, -2, -0.5, 0.1, 1, 5}}),
        elementwise("silu", xg::silu, [](double x) { return x * logistic(x); }, {{-5, -2, -0.5, 0.1, 1, 5}}),
        elementwise("gelu", xg::gelu, [](double x) { return x * std::erfc(-x / std::sqrt(2.0)) / 2; }, {{-1.5, -0.5, 0.1, 1, 5}}, 8),
        // leaky_relu: not at its kink, 0.
        elementwise("leaky_relu", xg::leaky_relu, [](double x) { return x > 0 ? x : 0.01 * x; }, {{-2, -0.1, 0.3, 4, -1}}),
        elementwise("leaky_relu(x, 0.5)", [](const auto& x) { return xg::leaky_relu(x, 0.5f); },
                    [](double x) { return x > 0 ? x : 0.5 * x; }, {{-2, -0.1, 0.3, 4, -1}}),
    });
}

TEST_CASE("activation: the ends of the number line, in whole vectors and in what is left over") {
    for (const auto size : {1, 3, 16, 37}) {
        CAPTURE(size);
        const auto everywhere = [&](const auto& f, double x) {
            const auto y = f(xg::full<double>(std::vector{size}, x));
            const auto z = f(xg::full<float>(std::vector{size}, static_cast<float>(x)));
            for (auto i = 0; i < size; ++i) {
                CHECK((y(i) == y(0) || std::isnan(y(0))));
                CHECK(std::isnan(y(i)) == std::isnan(y(0)));
                CHECK((static_cast<double>(z(i)) == y(0) || std::isnan(y(0))));
            }
            return y(0);
        };
        CHECK(std::isnan(everywhere(xg::relu, no_number)));
        CHECK(everywhere(xg::relu, inf) == inf);
        CHECK(everywhere(xg::relu, -inf) == 0);
        CHECK(std::isnan(everywhere(xg::sigmoid, no_number)));
        CHECK(everywhere(xg::sigmoid, inf) == 1);
        CHECK(everywhere(xg::sigmoid, -inf) == 0);
        CHECK(everywhere(xg::sigmoid, 1e4) == 1);
        CHECK(everywhere(xg::sigmoid, -1e4) == 0);
        CHECK(std::isnan(everywhere(xg::tanh, no_number)));
        CHECK(everywhere(xg::tanh, inf) == 1);
        CHECK(everywhere(xg::tanh, -inf) == -1);
        CHECK(everywhere(xg::tanh, -1e4) == -1);
        CHECK(std::isnan(everywhere(xg::softplus, no_number)));
        CHECK(everywhere(xg::softplus, 1e4) == 1e4);
        CHECK(everywhere(xg::softplus, inf) == inf);
        CHECK(everywhere(xg::softplus, -inf) == 0);
        CHECK(everywhere(xg::silu, 1e4) == 1e4);
    }
}

TEST_CASE("relu: no gradient at 0 and below") {
    auto x = xg::tensor<double, 1>{-1, 0, 2};
    x.requires_grad(true);
    xg::sum(xg::relu(x)).backward();
    CHECK(x.grad()(0) == 0);
    CHECK(x.grad()(1) == 0);
    CHECK(x.grad()(2) == 1);
}

TEST_CASE("activation: the rank stays") {
    static_assert(std::is_same_v<decltype(xg::relu(xg::tensor<float, 3>{})), xg::tensor<float, 3>>);
    static_assert(std::is_same_v<decltype(xg::sigmoid(xg::tensor<double>{})), xg::tensor<double>>);
    static_assert(std::is_same_v<decltype(xg::silu(1.5f)), float>);
}
