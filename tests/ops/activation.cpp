#include <doctest/doctest.h>

#include <support/exactly.hpp>
#include <support/operation_table.hpp>

#include <xgrad/autograd/create.hpp>
#include <xgrad/autograd/functional.hpp>
#include <xgrad/ops/activation.hpp>
#include <xgrad/ops/activation_smooth.hpp>
#include <xgrad/ops/reduce.hpp>

#include <cmath>
#include <cstddef>
#include <limits>
#include <numbers>
#include <vector>

namespace xg = xgrad;
using namespace operation_tests;

namespace {

constexpr auto inf = std::numeric_limits<double>::infinity();
constexpr auto no_number = std::numeric_limits<double>::quiet_NaN();

namespace exactly = accuracy::exactly;

/// x (1 + tanh z) / 2 = x / (1 + e^-2z), which does not cancel.
double gelu_by_tanh(double at) {
    const auto x = static_cast<long double>(at), z = std::sqrt(2 / std::numbers::pi_v<long double>) * (x + 0.044715L * x * x * x);
    return static_cast<double>(exactly::times(x, exactly::sigmoid(2 * z)));
}

template <class T, class F>
T slope(const F& f, T x) {
    return xg::grad([&](const auto& v) { return xg::sum(f(v)); })(xg::full<T>({19}, x))(18);
}

}  // namespace

TEST_CASE("activation: values and derivatives") {
    // gelu_tanh: e^z has a unit or so for each unit of z, which goes down to -104, and for doubles to -745.
    // relu: not at its kink, 0. The derivatives of sigmoid and tanh, y (1 - y) and 1 - y^2, have the digits of y, as PyTorch's.
    check({
        elementwise("relu", xg::relu, [](double x) { return x < 0 ? 0 : x; }, {{-2, -0.1, 0.3, 4, -1}}),
        elementwise("sigmoid", xg::sigmoid, exactly::sigmoid<double>, {{-30, -2, -0.5, 0, 1, 5}}, 4, {.slope_term = 1}),
        elementwise("tanh", xg::tanh, [](double x) { return std::tanh(x); }, {{-3, -0.7, 0, 1e-3, 0.5, 2}}, 4, {.slope_term = 1}),
        elementwise("softplus", xg::softplus, exactly::softplus<double>, {{-20, -2, -0.5, 0.1, 1, 5}}),
        elementwise("silu", xg::silu, exactly::silu<double>, {{-5, -2, -0.5, 0.1, 1, 5}}),
        elementwise("gelu", xg::gelu, [](double x) { return static_cast<double>(exactly::gelu<long double>(x)); },
                    {{-1.5, -0.5, 0.1, 1, 5}}, 8, {.units = 4.8}),
        elementwise("log_sigmoid", xg::log_sigmoid, [](double x) { return -exactly::softplus(-x); }, {{-20, -2, -0.5, 0.1, 1, 5}}),
        // softsign: not at 0, where the third derivative jumps.
        elementwise("softsign", xg::softsign, [](double x) { return std::isinf(x) ? std::copysign(1, x) : x / (1 + std::fabs(x)); },
                    {{-20, -2, -0.5, 0.1, 1, 5}}),
        elementwise("mish", xg::mish, exactly::mish<double>, {{-5, -2, -0.5, 0.1, 1, 5}}, 8),
        elementwise("gelu_tanh", xg::gelu_tanh, gelu_by_tanh, {{-1.5, -0.5, 0.1, 1, 5}}, 16, {.units = 1536}),
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

TEST_CASE("activation: third derivatives") {
    const auto third = [](const auto& f, double x) {
        const auto total = [](const auto& g) { return xg::grad([g](const auto& v) { return xg::sum(g(v)); }); };
        return total(total(total(f)))(xg::full<double>({3}, x))(2);
    };
    // By mpmath 1.3, 40 digits.
    CHECK(third(xg::mish, 0.7) == doctest::Approx(-0.588160512440618317).epsilon(1e-12));
    CHECK(third(xg::mish, -1.3) == doctest::Approx(0.379979662940698221).epsilon(1e-12));
    CHECK(third(xg::gelu_tanh, 0.7) == doctest::Approx(-0.766262335508734097).epsilon(1e-12));
    CHECK(third(xg::gelu_tanh, -1.3) == doctest::Approx(0.511174474721767041).epsilon(1e-12));
    CHECK(third(xg::log_sigmoid, 0.7) == doctest::Approx(0.0745787884403418096).epsilon(1e-12));
    CHECK(third(xg::log_sigmoid, -1.3) == doctest::Approx(-0.0962111191648684276).epsilon(1e-12));
    CHECK(third(xg::softsign, 0.7) == doctest::Approx(0.718382203278217454).epsilon(1e-12));
    CHECK(third(xg::softsign, -1.3) == doctest::Approx(0.214407467097387445).epsilon(1e-12));
}

TEST_CASE("activation: second derivatives keep their digits in the tails") {
    const auto second = [](const auto& f, double x) {
        return slope([&](const auto& v) { return xg::grad([&](const auto& w) { return xg::sum(f(w)); })(v); }, x);
    };
    for (const auto x : {-40.0, 40.0}) {
        CHECK(second(xg::softplus, x) == doctest::Approx(std::exp(-40.0)).epsilon(1e-13).scale(0));
        CHECK(second(xg::log_sigmoid, x) == doctest::Approx(-std::exp(-40.0)).epsilon(1e-13).scale(0));
    }
    // -8 (x - 1) e^(-2x) up to terms with e^(-3x)
    CHECK(second(xg::mish, 40) == doctest::Approx(-8 * 39 * std::exp(-80.0)).epsilon(1e-13).scale(0));
}

TEST_CASE_TEMPLATE("activation: values and derivatives keep range and digits to both ends", T, float, double) {
    constexpr auto end = std::numeric_limits<T>::infinity();
    for (const auto large : {T{1000}, T(1e30f), end}) {
        CHECK(xg::mish(large) == large);
        CHECK(xg::mish(-large) == 0);
        CHECK(xg::gelu_tanh(large) == large);
        CHECK(xg::gelu_tanh(-large) == 0);
        CHECK(xg::log_sigmoid(large) == 0);
        CHECK(xg::log_sigmoid(-large) == -large);
        CHECK(xg::softsign(-large) == -xg::softsign(large));
        CHECK(slope(xg::mish, large) == 1);
        CHECK(slope(xg::mish, -large) == 0);
        CHECK(slope(xg::gelu_tanh, large) == 1);
        CHECK(slope(xg::gelu_tanh, -large) == 0);
        CHECK(slope(xg::log_sigmoid, large) == 0);
        CHECK(slope(xg::log_sigmoid, -large) == 1);
        for (const auto each : {large, -large}) {
            const auto second = [&](const auto& f) {
                return slope([&](const auto& v) { return xg::grad([&](const auto& w) { return xg::sum(f(w)); })(v); }, each);
            };
            CHECK(std::abs(second(xg::mish)) < 1e-18);
            CHECK(std::abs(second(xg::gelu_tanh)) < 1e-18);
            CHECK(std::abs(second(xg::log_sigmoid)) < 1e-18);
        }
    }
    CHECK(xg::softsign(end) == 1);
    CHECK(slope(xg::softsign, T(1e15f)) == doctest::Approx(1e-30).epsilon(1e-6).scale(0));
    CHECK(xg::log_sigmoid(T{80}) == doctest::Approx(-1.80485138785e-35).epsilon(1e-6).scale(0));
    CHECK(slope(xg::log_sigmoid, T{80}) == doctest::Approx(1.80485138785e-35).epsilon(1e-6).scale(0));
    CHECK(xg::mish(T{-80}) == doctest::Approx(-1.44388111028e-33).epsilon(1e-6).scale(0));
    CHECK(slope(xg::mish, T{-80}) == doctest::Approx(-1.4258325964e-33).epsilon(1e-6).scale(0));
    CHECK(xg::gelu_tanh(T{-8}) == doctest::Approx(-3.1077829375e-21).epsilon(1e-4).scale(0));
    CHECK(slope(xg::gelu_tanh, T{-8}) == doctest::Approx(-4.71478450411e-20).epsilon(1e-4).scale(0));
    CHECK(std::isnan(xg::mish(static_cast<T>(no_number))));
    CHECK(std::isnan(xg::gelu_tanh(static_cast<T>(no_number))));
    CHECK(std::isnan(xg::softsign(static_cast<T>(no_number))));
}
