#include <doctest/doctest.h>

#include <xgrad/autograd/anomaly.hpp>
#include <xgrad/autograd/capture.hpp>
#include <xgrad/autograd/checkpoint.hpp>
#include <xgrad/autograd/create.hpp>
#include <xgrad/autograd/functional.hpp>
#include <xgrad/ops/arithmetic.hpp>
#include <xgrad/ops/compare.hpp>
#include <xgrad/ops/linalg.hpp>
#include <xgrad/ops/loss.hpp>
#include <xgrad/ops/math.hpp>
#include <xgrad/ops/reduce.hpp>

#include <cmath>
#include <csignal>
#include <limits>

namespace xg = xgrad;

TEST_CASE("the first operation that makes an infinity or a NaN names itself") {
    const auto x = xg::tensor<float, 2>{{1, 0}, {2, -3}};
    CHECK(std::isinf(xg::log(x)(0, 1)));   // nobody looks
    const auto guard = xg::detect_anomaly{};
    CHECK_THROWS_WITH_AS(xg::log(x), "[log] made -inf at (0, 1) of its result (2, 2) out of finite numbers; its inputs are x (2, 2)",
                         xg::value_error);
    CHECK_THROWS_WITH_AS(xg::sqrt(x), doctest::Contains("nan at (1, 1)"), xg::value_error);
    CHECK(xg::exp(x)(0, 0) > 2.7f);
}

#if defined(SIGTRAP)
namespace {
volatile std::sig_atomic_t stops = 0;
}

TEST_CASE("it stops in the debugger first, if that is asked for") {
    const auto before = std::signal(SIGTRAP, [](int) { stops = stops + 1; });
    const auto x = xg::tensor<float, 1>{0};
    {
        const auto guard = xg::detect_anomaly{};
        CHECK_THROWS_AS(xg::log(x), xg::value_error);
        CHECK(stops == 0);
    }
    const auto guard = xg::detect_anomaly{{.debugger = true}};
    CHECK_THROWS_AS(xg::log(x), xg::value_error);
    CHECK(stops == 1);
    std::signal(SIGTRAP, before);
}
#endif

TEST_CASE("what comes of an infinity or a NaN is not to blame") {
    const auto x = xg::tensor<double, 1>{1, std::numeric_limits<double>::infinity()};
    const auto guard = xg::detect_anomaly{};
    CHECK(std::isnan(xg::sum(x - x).item()));
    CHECK(std::isinf((xg::tensor<double, 1>{1, 2} * std::numeric_limits<double>::infinity())(0)));
}

TEST_CASE("backward: the rule whose gradient is not finite, and the parameter") {
    const auto named = [] {
        auto list = xg::parameter_list<double>{};
        list.emplace_back("layer.scale", (xg::zeros<double>({2}) + 0.0).requires_grad(true));
        return list;
    }();
    const auto guard = xg::detect_anomaly{named};
    const auto& [name, scale] = named[0];
    CHECK_THROWS_WITH_AS(xg::sum(xg::sqrt(scale)).backward(),
                         "[sqrt] its backward made inf at (0,) of the gradient of input 0, layer.scale (2,), out of finite numbers; "
                         "its result is (2,)", xg::value_error);
    CHECK(!scale.has_grad());
    CHECK_THROWS_WITH_AS(xg::log(scale), doctest::Contains("x layer.scale (2,)"), xg::value_error);
    // Zero stays zero: nothing infinite comes of it.
    xg::sum(xg::where(scale > 0, xg::sqrt(scale), 0)).backward();
    CHECK(xg::array_equal(scale.grad(), xg::zeros<double>({2})));
}

TEST_CASE("an operation that is made of others") {
    const auto guard = xg::detect_anomaly{};
    const auto x = xg::tensor<double, 1>{1e200, 1}, y = xg::tensor<double, 1>{-1e200, 1};
    CHECK_THROWS_WITH_AS(xg::mse_loss(x, y), doctest::Contains("[mse_loss] made inf at ()"), xg::value_error);
    const auto f = [](const auto& v) { return xg::sum(xg::log(v)); };
    CHECK_THROWS_WITH_AS(xg::checkpoint(f, xg::tensor<double, 1>{0, 1}),
                         "[checkpoint] made -inf at () of its result () out of finite numbers, in log; its inputs are x0 (2,)", xg::value_error);
}

TEST_CASE("anomalies are found while a function is captured, which is captured all the same") {
    const auto x = xg::tensor<double, 1>{1, 2};
    const auto program = xg::capture([](const auto& v) {
        const auto guard = xg::detect_anomaly{};
        return xg::log(v) * 2;
    }, x);
    CHECK(program.operations.size() == 2);
    const auto guard = xg::detect_anomaly{};
    CHECK_THROWS_AS(program(x * 0), xg::value_error);
}
