#include <doctest/doctest.h>

#include <support/losses.hpp>
#include <support/operation_table.hpp>

#include <xgrad/autograd/create.hpp>
#include <xgrad/ops/arithmetic.hpp>
#include <xgrad/ops/compare.hpp>
#include <xgrad/ops/loss.hpp>
#include <xgrad/ops/math.hpp>
#include <xgrad/ops/reduce.hpp>
#include <xgrad/ops/softmax.hpp>

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <type_traits>
#include <vector>

namespace xg = xgrad;
using namespace operation_tests;

TEST_CASE("mse_loss: values and derivatives") {
    check_loss("mse_loss", xg::mse_loss, [](double a, double b) { return (a - b) * (a - b); }, {0.5, -1, 2, 0.1}, {1, 0.25, -1});
    const auto x = xg::tensor<float, 1>{1, 2, 4}, y = xg::tensor<float, 1>{1, 0, 1};
    CHECK(xg::mse_loss(x, y).item() == doctest::Approx(13.0 / 3));
    CHECK(std::isnan(xg::mse_loss(xg::zeros<float>({0}), xg::zeros<float>({0})).item()));
    CHECK(xg::mse_loss(xg::zeros<float>({0}), xg::zeros<float>({0}), xg::reduction::sum).item() == 0);
}

TEST_CASE("l1_loss and binary_cross_entropy_with_logits: values and derivatives") {
    // l1_loss: output and target differ, for there is the kink.
    check_loss("l1_loss", xg::l1_loss, [](double a, double b) { return std::fabs(a - b); }, {0.5, -1, 2, 0.1}, {1, 0.25, -2});
    const auto bce = [](double x, double t) {
        const auto p = 1 / (1 + std::exp(-x));
        return -t * std::log(p) - (1 - t) * std::log(1 - p);
    };
    check_loss("bce", xg::binary_cross_entropy_with_logits, bce, {0.5, -1, 2, 0.1}, {1, 0.25, 0});
    const auto far = xg::tensor<float, 1>{1000, -1000};
    CHECK(xg::array_equal(xg::binary_cross_entropy_with_logits(far, xg::tensor<float, 1>{0, 1}, xg::reduction::none),
                          xg::tensor<float>{xg::tensor<float, 1>{1000, 1000}}));
    static_assert(std::is_same_v<decltype(xg::l1_loss(far, far)), xg::tensor<float, 0>>);
    CHECK_THROWS_WITH_AS(xg::l1_loss(far, xg::zeros<float>({1})), "[l1_loss] the output is (2,), the target (1,); both must be equal", xg::shape_error);
}

TEST_CASE("cross_entropy: values and derivatives") {
    const auto labels = xg::tensor<std::int64_t, 1>{2, 0, 1};
    for (const auto how : all_reductions)
        for (const auto classes : {3, 21})
            check(operation{.name = "cross_entropy", .run = on_lists([=](const auto& x) { return xg::cross_entropy(x[0], labels, how); }),
                            .reference = [=](const list<double>& x) {
                                auto losses = xg::empty<double>({3});
                                for (auto i = 0; i < 3; ++i) {
                                    auto sum = 0.0;
                                    for (auto j = 0; j < classes; ++j) sum += std::exp(x[0](i, j));
                                    losses(i) = std::log(sum) - x[0](i, labels(i));
                                }
                                return reduced(losses, how);
                            },
                            .points = {{shaped({0.5, -1, 2, 0.1, -3, 1.5, 0.7}, {3, static_cast<std::size_t>(classes)})}}, .epsilons = 16, .scale = 1});
}

TEST_CASE("cross_entropy: the same as by way of log_softmax, and safe where that of softmax is not") {
    const auto logits = xg::tensor<double, 2>{{1, -2, 0.5}, {0, 3, 1}};
    const auto labels = xg::tensor<int, 1>{2, 1};
    const auto composed = -xg::sum(xg::log_softmax(logits) * xg::one_hot<double>(labels, 3)) / 2;
    CHECK(xg::cross_entropy(logits, labels).item() == doctest::Approx(composed.item()).epsilon(1e-14));

    auto far = xg::tensor<float, 2>{{1000, 0}, {-1000, 0}};
    far.requires_grad(true);
    const auto loss = xg::cross_entropy(far, xg::tensor<int, 1>{1, 0}, xg::reduction::none);
    CHECK(loss(0) == 1000);
    CHECK(loss(1) == 1000);
    xg::sum(loss).backward();
    CHECK(xg::array_equal(far.grad(), xg::tensor<float, 2>{{1, -1}, {-1, 1}}));
    // What is nearly certain still costs something: ln(1 + e^-10).
    CHECK(xg::cross_entropy(xg::tensor<float, 2>{{1010, 1000}}, xg::tensor<int, 1>{0}).item() == doctest::Approx(4.5398899e-5).epsilon(1e-3));
    CHECK(std::isnan(xg::cross_entropy(xg::tensor<float, 2>{{std::nanf(""), 0}}, xg::tensor<int, 1>{1}).item()));
    CHECK(xg::cross_entropy(xg::zeros<float>({0, 3}), xg::zeros<int>({0}), xg::reduction::none).size() == 0);
}

TEST_CASE("losses: ranks") {
    using two = xg::tensor<float, 2>;
    using labels = xg::tensor<std::uint8_t, 1>;
    static_assert(std::is_same_v<decltype(xg::mse_loss(two{}, two{})), xg::tensor<float, 0>>);
    static_assert(std::is_same_v<decltype(xg::mse_loss(two{}, xg::tensor<float>{})), xg::tensor<float, 0>>);
    static_assert(std::is_same_v<decltype(xg::mse_loss(two{}, two{}, xg::reduction::none)), xg::tensor<float>>);
    static_assert(std::is_same_v<decltype(xg::cross_entropy(two{}, labels{})), xg::tensor<float, 0>>);
    static_assert(std::is_same_v<decltype(xg::cross_entropy(two{}, labels{}, xg::reduction::none)), xg::tensor<float>>);
}

TEST_CASE("losses: what does not fit") {
    const auto x = xg::zeros<float>({2, 3});
    CHECK_THROWS_WITH_AS(xg::mse_loss(x, xg::zeros<float>({2, 1})), "[mse_loss] the output is (2, 3), the target (2, 1); both must be equal", xg::shape_error);
    CHECK_THROWS_WITH_AS(xg::cross_entropy(x, xg::tensor<int, 1>{1}),
                         "[cross_entropy] logits are (2, 3), labels are (1,); there must be one label for each row", xg::shape_error);
    CHECK_THROWS_WITH_AS(xg::cross_entropy(x, xg::tensor<int, 1>{1, 3}), "[cross_entropy] label 3 is not one of 3 classes", xg::index_error);
    CHECK_THROWS_AS(xg::cross_entropy(x, xg::tensor<std::uint64_t, 1>{1, ~std::uint64_t{0}}), xg::index_error);
    CHECK_THROWS_AS(xg::cross_entropy(x, xg::tensor<int, 1>{1, -1}), xg::index_error);
    CHECK_THROWS_WITH_AS(xg::cross_entropy(xg::tensor<float>{xg::zeros<float>({3})}, xg::tensor<int, 1>{1}),
                         "[cross_entropy] logits are (3,), labels are (1,); logits must be (rows, classes, ...), labels (rows, ...)", xg::rank_error);
}
