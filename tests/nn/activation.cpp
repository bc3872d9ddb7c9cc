#include <doctest/doctest.h>

#include <support/last_row.hpp>

#include <xgrad/autograd/create.hpp>
#include <xgrad/autograd/gradcheck.hpp>
#include <xgrad/nn/activation.hpp>
#include <xgrad/nn/module.hpp>
#include <xgrad/nn/sequential.hpp>
#include <xgrad/nn/summary.hpp>

#include <algorithm>
#include <cmath>
#include <string>
#include <tuple>

namespace xg = xgrad;
namespace nn = xgrad::nn;

TEST_CASE("prelu: its slope is learnt") {
    const auto layer = nn::prelu<double>{2};
    CHECK(nn::parameters(layer)[0].name() == "weight");
    const auto y = layer(xg::tensor<double, 2>{{-2, 3}});
    CHECK(y(0, 0) == -0.5);
    CHECK(y(0, 1) == 3);
    CHECK(nn::prelu<double>{}(xg::tensor<double, 1>{-4})(0) == -1);
    const auto f = [&](const auto& x, const auto& weight) {
        auto own = layer;
        own.weight = weight;
        return own(x);
    };
    CHECK(xg::gradcheck(f, std::tuple{xg::randn<double>({3, 2, 4}), layer.weight}));
    CHECK_THROWS_AS(nn::prelu<>{0}, xg::value_error);
    CHECK(last_row(nn::summary(layer, {1, 2})).find("(1, 2)") != std::string::npos);
}

TEST_CASE("activations with numbers, and along an axis") {
    const auto x = xg::tensor<double, 2>{{-2, 7}};
    CHECK(nn::leaky_relu{0.5}(x)(0, 0) == -1);
    CHECK(nn::leaky_relu{}(x)(0, 0) == doctest::Approx(-0.02));
    CHECK(nn::elu{2}(x)(0, 0) == doctest::Approx(2 * std::expm1(-2)));
    CHECK(nn::celu{2}(x)(0, 0) == doctest::Approx(2 * std::expm1(-1)));
    CHECK(nn::hardtanh{0, 6}(x)(0, 1) == 6);
    CHECK(nn::hardtanh{}(x)(0, 0) == -1);
    CHECK(nn::threshold{8, 1}(x)(0, 1) == 1);
    CHECK(nn::hardshrink{3}(x)(0, 0) == 0);
    CHECK(nn::hardshrink{}(x)(0, 0) == -2);
    CHECK(nn::softshrink{}(x)(0, 0) == -1.5);
    CHECK(nn::softplus{2}(x)(0, 0) == doctest::Approx(std::log1p(std::exp(-4)) / 2));
    CHECK(nn::softplus{2, 13}(x)(0, 1) == 7);
    CHECK(nn::softplus{2, 14}(x)(0, 1) > 7);
    CHECK_THROWS_AS(nn::softplus{0}, xg::value_error);
    CHECK(nn::softmax{}(x)(0, 0) == doctest::Approx(1 / (1 + std::exp(9))));
    CHECK(nn::softmax{0}(x)(0, 0) == 1);
    CHECK(nn::log_softmax{1}(x)(0, 0) == doctest::Approx(-9 - std::log1p(std::exp(-9))));
    CHECK(nn::glu{}(x)(0, 0) == doctest::Approx(-2 / (1 + std::exp(-7))));
    CHECK(nn::parameter_count(nn::sequential{nn::leaky_relu{}, nn::softmax{}, nn::hardtanh{-1, 1}}) == 0);
}

TEST_CASE("rrelu: slopes by chance in training, their mean in evaluation") {
    auto layer = nn::rrelu{0.25, 0.75};
    const auto x = xg::full<double>({1000}, -1);
    const auto y = layer(x);
    const auto [low, high] = std::ranges::minmax(y.span());
    CHECK(low >= -0.75);
    CHECK(low < -0.7);
    CHECK(high <= -0.25);
    CHECK(high > -0.3);
    CHECK(layer(xg::tensor<double, 1>{0, 3})(1) == 3);
    nn::eval(layer);
    CHECK(layer(x)(999) == -0.5);
    CHECK_THROWS_AS((nn::rrelu{1, 0.5}), xg::value_error);
}
