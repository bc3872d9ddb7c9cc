#include <doctest/doctest.h>

#include <xgrad/autograd/create.hpp>
#include <xgrad/autograd/gradcheck.hpp>
#include <xgrad/nn/activation.hpp>
#include <xgrad/nn/module.hpp>
#include <xgrad/nn/sequential.hpp>
#include <xgrad/nn/summary.hpp>

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
    CHECK(nn::summary(layer, {1, 2}).find("(1, 2)") != std::string::npos);
}

TEST_CASE("activations with numbers, and along an axis") {
    const auto x = xg::tensor<double, 2>{{-2, 7}};
    CHECK(nn::leaky_relu{0.5}(x)(0, 0) == -1);
    CHECK(nn::leaky_relu{}(x)(0, 0) == doctest::Approx(-0.02));
    CHECK(nn::elu{2}(x)(0, 0) == doctest::Approx(2 * std::expm1(-2)));
    CHECK(nn::celu{2}(x)(0, 0) == doctest::Approx(2 * std::expm1(-1)));
    CHECK(nn::hardtanh{0, 6}(x)(0, 1) == 6);
    CHECK(nn::threshold{8, 1}(x)(0, 1) == 1);
    CHECK(nn::softmax{}(x)(0, 0) == doctest::Approx(1 / (1 + std::exp(9))));
    CHECK(nn::softmax{0}(x)(0, 0) == 1);
    CHECK(nn::log_softmax{1}(x)(0, 0) == doctest::Approx(-9 - std::log1p(std::exp(-9))));
    CHECK(nn::glu{}(x)(0, 0) == doctest::Approx(-2 / (1 + std::exp(-7))));
    CHECK(nn::parameter_count(nn::sequential{nn::leaky_relu{}, nn::softmax{}, nn::hardtanh{-1, 1}}) == 0);
}
