#include <doctest/doctest.h>

#include <support/losses.hpp>

#include <xgrad/autograd/create.hpp>
#include <xgrad/autograd/functional.hpp>
#include <xgrad/ops/compare.hpp>
#include <xgrad/ops/loss/gaussian_nll.hpp>
#include <xgrad/ops/loss/poisson_nll.hpp>
#include <xgrad/ops/loss/regression.hpp>

#include <cmath>
#include <cstddef>
#include <limits>
#include <numbers>
#include <type_traits>
#include <vector>

namespace xg = xgrad;
using namespace operation_tests;

namespace {

// Kinks, where |e| is 0, beta or delta, are kept away from.
const auto outputs = std::vector<double>{0.5, -1, 2, 0.1, 0.3}, targets = std::vector<double>{1.1, 0.25, -1, 0.4, 0.35};

}  // namespace

TEST_CASE("smooth_l1_loss, huber_loss: values and derivatives") {
    for (const auto beta : {0.5, 2.0}) {
        const auto smooth = [=](const auto& x, const auto& t, xg::reduction how) { return xg::smooth_l1_loss(x, t, {.beta = beta, .reduction = how}); };
        check_loss("smooth_l1_loss", smooth, [=](double x, double t) {
            const auto e = std::fabs(x - t);
            return e < beta ? e * e / (2 * beta) : e - beta / 2;
        }, outputs, targets);
        const auto huber = [=](const auto& x, const auto& t, xg::reduction how) { return xg::huber_loss(x, t, {.delta = beta, .reduction = how}); };
        check_loss("huber_loss", huber, [=](double x, double t) {
            const auto e = std::fabs(x - t);
            return e < beta ? e * e / 2 : beta * (e - beta / 2);
        }, outputs, targets);
    }
}

TEST_CASE("smooth_l1_loss: beta 0 is l1_loss, finite at equal points, to the second order") {
    const auto x = xg::tensor<double, 1>{1, 2, -3}, t = xg::tensor<double, 1>{1, 2.5, -1};
    const auto f = [&](const auto& v) { return xg::tensor<double, 0>{xg::smooth_l1_loss(v, t, {.beta = 0})}; };
    CHECK(f(x).item() == xg::l1_loss(x, t).item());
    const auto slope = xg::grad(f)(x);
    CHECK(slope(0) == 0);
    CHECK(slope(1) == doctest::Approx(-1.0 / 3));
    const auto curved = [&](const auto& v) { return xg::tensor<double, 0>{xg::sum(xg::grad(f)(v))}; };
    CHECK(xg::array_equal(xg::grad(curved)(x), xg::zeros<double>({3})));
    // At equal points the parabola's curvature is there: 1 / beta.
    const auto smooth = [&](const auto& v) { return xg::tensor<double, 0>{xg::smooth_l1_loss(v, t, {.beta = 0.25, .reduction = xg::reduction::sum})}; };
    const auto bend = [&](const auto& v) { return xg::tensor<double, 0>{xg::sum(xg::grad(smooth)(v))}; };
    CHECK(xg::grad(bend)(x)(0) == 4);
    CHECK_THROWS_WITH_AS(xg::smooth_l1_loss(x, t, {.beta = -1}), "[smooth_l1_loss] beta must not be below 0, got -1", xg::value_error);
    CHECK_THROWS_WITH_AS(xg::huber_loss(x, t, {.delta = 0}), "[huber_loss] delta must be above 0, got 0", xg::value_error);
}

TEST_CASE("poisson_nll_loss: values and derivatives") {
    const auto run = [](bool by_log, bool full) {
        return [=](const auto& x, const auto& t, xg::reduction how) { return xg::poisson_nll_loss(x, t, {.log_input = by_log, .full = full, .reduction = how}); };
    };
    const auto stirling = [](double t) { return t > 1 ? t * std::log(t) - t + std::log(2 * std::numbers::pi * t) / 2 : 0; };
    const auto counts = std::vector<double>{0, 0.5, 2, 3, 7};
    check_loss("poisson_nll_loss", run(true, false), [](double x, double t) { return std::exp(x) - t * x; }, outputs, counts);
    check_loss("poisson_nll_loss", run(true, true), [=](double x, double t) { return std::exp(x) - t * x + stirling(t); }, outputs, counts);
    check_loss("poisson_nll_loss", run(false, true), [=](double x, double t) { return x - t * std::log(x + 1e-8) + stirling(t); },
               {0.5, 1.5, 2, 0.1, 3}, counts);
}

TEST_CASE("gaussian_nll_loss: values and derivatives") {
    const auto reference = [](bool full, bool by_row) {
        return [=](const list<double>& x) {
            auto y = x[0].clone();
            for (auto i = std::size_t{0}; i < y.size(); ++i) {
                const auto v = std::fmax(x[2].data()[by_row ? i / 3 : i], 1e-6), e = x[0].data()[i] - x[1].data()[i];
                y.data()[i] = (std::log(v) + e * e / v) / 2 + (full ? std::log(2 * std::numbers::pi) / 2 : 0);
            }
            return y;
        };
    };
    const auto row = [&](bool full, bool by_row, const xg::tensor<double>& var) {
        return operation{.name = "gaussian_nll_loss", .run = on_lists([=](const auto& x) {
                             return xg::gaussian_nll_loss(x[0], x[1], x[2], {.full = full, .reduction = xg::reduction::none});
                         }),
                         .reference = reference(full, by_row), .points = {{shaped(outputs, {2, 3}), shaped(targets, {2, 3}), var}},
                         .epsilons = 16, .scale = 1};
    };
    check(row(false, false, shaped({0.5, 2, 1, 0.25}, {2, 3})));
    check(row(true, true, shaped({0.5, 2}, {2, 1})));
    check(row(true, true, shaped({0.5, 2}, {2})));
    const auto x = xg::tensor<double, 1>{1, 2}, t = xg::tensor<double, 1>{1, 4};
    CHECK(xg::gaussian_nll_loss(x, t, xg::tensor<double>(2.0)).item() == doctest::Approx((std::log(2.0) + 1) / 2));
}

TEST_CASE("gaussian_nll_loss: a variance of 0 counts as eps, with the gradient that it has there") {
    const auto x = xg::tensor<double, 1>{1, 2}, t = xg::tensor<double, 1>{1, 2.5};
    const auto f = [&](const auto& var) { return xg::tensor<double, 0>{xg::gaussian_nll_loss(x, t, var, {.eps = 0.5, .reduction = xg::reduction::sum})}; };
    const auto slope = xg::grad(f)(xg::tensor<double, 1>{0, 0.25});
    CHECK(slope(0) == doctest::Approx(0.5 / 0.5));
    CHECK(slope(1) == doctest::Approx(0.5 * (1 / 0.5 - 0.25 / 0.25)));
    CHECK_THROWS_WITH_AS(xg::gaussian_nll_loss(x, t, xg::tensor<double, 1>{1, -1}), "[gaussian_nll_loss] a variance is below 0", xg::value_error);
    CHECK_THROWS_WITH_AS(xg::gaussian_nll_loss(x, t, xg::tensor<double, 1>{1, 1, 1}),
                         "[gaussian_nll_loss] the variance is (3,), the output (2,); it must be that, or (1,), () or ()", xg::shape_error);
    CHECK_THROWS_AS(xg::gaussian_nll_loss(x, xg::tensor<double, 1>{1}, x), xg::shape_error);
}

TEST_CASE("losses: options and ranks") {
    using two = xg::tensor<float, 2>;
    static_assert(std::is_same_v<decltype(xg::huber_loss(two{}, two{})), xg::tensor<float, 0>>);
    static_assert(std::is_same_v<decltype(xg::huber_loss(two{}, two{}, {.delta = 2})), xg::tensor<float>>);
    const auto x = xg::zeros<float>({2, 3});
    CHECK(xg::l1_loss(x, x, {.reduction = xg::reduction::none}).shape() == xg::shape{2, 3});
    CHECK(xg::mse_loss(x, x, {.reduction = xg::reduction::sum}).item() == 0);
    CHECK_THROWS_WITH_AS(xg::l1_loss(x, x, xg::reduction::batchmean), "[l1_loss] batchmean is a reduction of kl_div alone", xg::value_error);
    CHECK_THROWS_WITH_AS(xg::mse_loss(x, x, xg::reduction::batchmean), "[mse_loss] batchmean is a reduction of kl_div alone", xg::value_error);
    CHECK_THROWS_AS(xg::huber_loss(x, xg::zeros<float>({2, 1})), xg::shape_error);
}
