#include <doctest/doctest.h>

#include <support/last_row.hpp>

#include <xgrad/autograd/create.hpp>
#include <xgrad/autograd/gradcheck.hpp>
#include <xgrad/nn/bilinear.hpp>
#include <xgrad/nn/linear.hpp>
#include <xgrad/nn/module.hpp>
#include <xgrad/nn/residual.hpp>
#include <xgrad/nn/sequential.hpp>
#include <xgrad/nn/summary.hpp>
#include <xgrad/ops/activation.hpp>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <string>
#include <tuple>

namespace xg = xgrad;
namespace nn = xgrad::nn;

TEST_CASE("residual: y = shortcut(x) + inner(x)") {
    const auto x = xg::randn<double>({2, 3});
    const auto inner = nn::linear<double>{3, 3};
    const auto block = nn::residual{nn::sequential{inner, xg::tanh}};
    CHECK(block(x)(1, 2) == doctest::Approx(x(1, 2) + std::tanh(inner(x)(1, 2))));
    CHECK(nn::parameters(block)[0].name() == "inner.0.weight");
    CHECK(std::ranges::equal(nn::identity{}(x).span(), x.span()));

    const auto wider = nn::residual{nn::linear<double>{3, 4}, nn::linear<double>{3, 4, {.bias = false}}};
    CHECK(nn::parameters(wider)[2].name() == "shortcut.weight");
    CHECK(xg::gradcheck([&](const auto& v) { return wider(v); }, std::tuple{x}));
    CHECK(last_row(nn::summary(wider, {2, 3})).find("(2, 4)") != std::string::npos);
}

TEST_CASE("bilinear: y[o] = a^T W[o] b + bias[o]") {
    const auto layer = nn::bilinear<double>{2, 3, 4};
    const auto a = xg::randn<double>({5, 2}), b = xg::randn<double>({5, 3});
    const auto y = layer(a, b);
    REQUIRE(xg::shape(y.shape()) == xg::shape{5, 4});
    for (auto o = std::size_t{0}; o < 4; ++o) {
        auto sum = layer.bias(o);
        for (auto i = std::size_t{0}; i < 6; ++i) sum += a(2, i / 3) * layer.weight(o, i / 3, i % 3) * b(2, i % 3);
        CHECK(y(2, o) == doctest::Approx(sum));
    }
    CHECK(std::ranges::all_of(layer.weight.span(), [](double w) { return std::fabs(w) <= 1 / std::sqrt(2.0); }));
    CHECK(nn::parameter_count(nn::bilinear<>{2, 3, 4, {.bias = false}}) == 24);
    const auto f = [&](const auto& u, const auto& v, const auto& weight, const auto& bias) {
        auto own = layer;
        own.weight = weight;
        own.bias = bias;
        return own(u, v);
    };
    CHECK(xg::gradcheck(f, std::tuple{a, b, layer.weight, layer.bias}));
    CHECK(nn::summary(layer).find("(4, 2, 3)") != std::string::npos);
}
