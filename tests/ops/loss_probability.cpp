#include <doctest/doctest.h>

#include <support/losses.hpp>

#include <xgrad/autograd/create.hpp>
#include <xgrad/autograd/functional.hpp>
#include <xgrad/ops/compare.hpp>
#include <xgrad/ops/loss/kl_div.hpp>
#include <xgrad/ops/loss/probability.hpp>

#include <cmath>
#include <cstddef>
#include <limits>
#include <vector>

namespace xg = xgrad;
using namespace operation_tests;

namespace {

constexpr auto infinity = std::numeric_limits<double>::infinity();
const auto chances = std::vector<double>{0.5, 0.1, 0.9, 0.3}, truths = std::vector<double>{1, 0.25, 0, 0.5, 1};
const auto logits = std::vector<double>{0.5, -1, 2, 0.1};

}  // namespace

TEST_CASE("binary_cross_entropy: values and derivatives") {
    const auto f = [](double p, double t) { return -t * std::log(p) - (1 - t) * std::log(1 - p); };
    check_loss("binary_cross_entropy", xg::binary_cross_entropy, f, chances, truths);   // of probabilities alone
    const auto weighted = [](const auto& x, const auto& t, xg::reduction how) {
        using T = typename std::decay_t<decltype(x)>::value_type;
        return xg::binary_cross_entropy(x, t, {.weight = xg::tensor<T, 0>(T(0.5)), .reduction = how});
    };
    check_loss("binary_cross_entropy", weighted, [=](double p, double t) { return f(p, t) / 2; }, chances, truths);
}

TEST_CASE("binary_cross_entropy: at 0 and 1 as PyTorch has it") {
    // torch.nn.functional.binary_cross_entropy of PyTorch 1.13: 0 ln 0 is 0, and no logarithm is below -100.
    const auto t = xg::tensor<double, 1>{0, 1, 0, 1};
    auto p = xg::tensor<double, 1>{{0, 0, 1, 1}}.requires_grad(true);
    const auto y = xg::binary_cross_entropy(p, t, xg::reduction::none);
    CHECK(xg::array_equal(y, xg::tensor<double>{xg::tensor<double, 1>{0, 100, 100, 0}}));
    xg::sum(y).backward();
    CHECK(xg::array_equal(p.grad(), xg::tensor<double, 1>{0, -1e12, 1e12, 0}));
    CHECK_THROWS_WITH_AS(xg::binary_cross_entropy(xg::tensor<double, 1>{0.5, 1.5}, xg::tensor<double, 1>{0, 1}),
                         "[binary_cross_entropy] the output has 1.5, which is no probability from 0 to 1; for logits there is "
                         "binary_cross_entropy_with_logits", xg::value_error);
    CHECK_THROWS_AS(xg::binary_cross_entropy(p, xg::tensor<double, 1>{1}), xg::shape_error);
    CHECK_THROWS_AS(xg::binary_cross_entropy(p, t, {.weight = xg::zeros<double>({3})}), xg::shape_error);
}

TEST_CASE("binary_cross_entropy_with_logits: weights") {
    const auto f = [](double x, double t, double q) { return q * t * std::log1p(std::exp(-x)) + (1 - t) * std::log1p(std::exp(x)); };
    const auto weighted = [](const auto& x, const auto& t, xg::reduction how) {
        using T = typename std::decay_t<decltype(x)>::value_type;
        return xg::binary_cross_entropy_with_logits(x, t, {.weight = xg::tensor<T, 0>(T(0.5)), .pos_weight = xg::tensor<T, 0>(T(3)), .reduction = how});
    };
    check_loss("binary_cross_entropy_with_logits", weighted, [=](double x, double t) { return f(x, t, 3) / 2; }, logits, truths);
    // pos_weight of each class, and a weight of each element.
    const auto x = xg::tensor<double, 2>{{0.5, -1}, {2, 0.25}}, t = xg::tensor<double, 2>{{1, 0}, {0.25, 1}};
    const auto y = xg::binary_cross_entropy_with_logits(x, t, {.pos_weight = xg::tensor<double, 1>{2, 3}, .reduction = xg::reduction::none});
    CHECK(y(1, 0) == doctest::Approx(f(2, 0.25, 2)));
    CHECK(y(1, 1) == doctest::Approx(f(0.25, 1, 3)));
    // Nothing overflows, and what is nearly certain keeps its digits.
    const auto far = xg::tensor<float, 1>{1000, -1000, 50}, truth = xg::tensor<float, 1>{0, 1, 1};
    const auto losses = xg::binary_cross_entropy_with_logits(far, truth, {.pos_weight = xg::tensor<float, 1>{2, 2, 2}, .reduction = xg::reduction::none});
    CHECK(losses(0) == 1000);
    CHECK(losses(1) == 2000);
    CHECK(losses(2) == doctest::Approx(2 * std::exp(-50.0)).epsilon(1e-5));
    CHECK_THROWS_AS(xg::binary_cross_entropy_with_logits(x, t, {.pos_weight = xg::zeros<double>({3})}), xg::shape_error);
    CHECK_THROWS_WITH_AS(xg::binary_cross_entropy_with_logits(x, t, {.pos_weight = xg::zeros<double>({2, 2, 2})}),
                         "[binary_cross_entropy_with_logits] pos_weight is (2, 2, 2), which does not broadcast to the output, (2, 2)",
                         xg::shape_error);
    const auto infinite = xg::tensor<double, 1>{infinity, -infinity};
    CHECK(xg::binary_cross_entropy_with_logits(infinite, xg::tensor<double, 1>{1, 0}, {.pos_weight = xg::ones<double>({2})}).item() == 0);
}

TEST_CASE("kl_div: values and derivatives") {
    check_loss("kl_div", xg::kl_div, [](double x, double t) { return t * (std::log(t) - x); }, logits, {0.25, 0.5, 1, 0.1});
    const auto by_log = [](const auto& x, const auto& t, xg::reduction how) { return xg::kl_div(x, t, {.reduction = how, .log_target = true}); };
    check_loss("kl_div", by_log, [](double x, double t) { return std::exp(t) * (t - x); }, logits, {-0.25, -0.5, 0, -2});
    const auto x = xg::tensor<double, 2>{{-1, -2, -0.5}, {-1, -1, -3}}, t = xg::tensor<double, 2>{{0.2, 0.5, 0.3}, {0.1, 0.6, 0.3}};
    CHECK(xg::kl_div(x, t, xg::reduction::batchmean).item() == doctest::Approx(xg::kl_div(x, t, xg::reduction::sum).item() / 2));
}

TEST_CASE("kl_div: 0 ln 0 is 0, whatever the output is") {
    auto x = xg::tensor<double, 1>{{-infinity, -1, -infinity}}.requires_grad(true);
    auto t = xg::tensor<double, 1>{{0, 1, 0}}.requires_grad(true);
    const auto y = xg::kl_div(x, t, xg::reduction::sum);
    CHECK(y.item() == 1);
    y.backward();
    CHECK(xg::array_equal(x.grad(), xg::tensor<double, 1>{0, -1, 0}));
    CHECK(t.grad()(0) == 0);
    const auto by_log = xg::kl_div(x.detach(), xg::tensor<double, 1>{-infinity, 0, -infinity}, {.reduction = xg::reduction::sum, .log_target = true});
    CHECK(by_log.item() == 1);
    CHECK(xg::kl_div(xg::tensor<double, 1>{-infinity}, xg::tensor<double, 1>{0.5}).item() == infinity);
}
