#include <doctest/doctest.h>

#include <xgrad/nn/linear.hpp>
#include <xgrad/nn/module.hpp>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>

namespace xg = xgrad;
namespace nn = xgrad::nn;

TEST_CASE("linear: y = x W + b") {
    auto layer = nn::linear<double>{3, 2};
    layer.weight = xg::tensor<double, 2>{{1, 2}, {3, 4}, {5, 6}};
    layer.bias = xg::tensor<double, 1>{{0.5, -0.5}};
    const auto y = layer(xg::tensor<double, 2>{{1, 0, -1}});
    CHECK(y.shape() == std::array<std::size_t, 2>{1, 2});
    CHECK(y(0, 0) == -3.5);
    CHECK(y(0, 1) == -4.5);
    CHECK(layer(xg::tensor<double, 1>{{1, 0, -1}})(1) == -4.5);
    CHECK(layer(xg::tensor<double, 3>{{{1, 0, -1}}, {{0, 1, 0}}})(1, 0, 0) == 3.5);
    CHECK_THROWS_AS(layer(xg::tensor<double, 2>{{1, 0}}), xg::shape_error);
}

TEST_CASE("linear without bias") {
    const auto layer = nn::linear<>{3, 2, {.bias = false}};
    CHECK_FALSE(layer.bias.defined());
    CHECK(nn::parameters(layer).size() == 1);
    const auto y = layer(xg::tensor<float, 2>{{1, 0, 0}});
    CHECK(y(0, 1) == layer.weight(0, 1));
}

TEST_CASE("linear: what it begins with") {
    xg::manual_seed(1);
    const auto layer = nn::linear<>{100, 50};
    const auto in_bound = [](float w) { return std::fabs(w) <= 0.1f; };
    CHECK(layer.weight.requires_grad());
    CHECK(layer.bias.requires_grad());
    CHECK(std::ranges::all_of(layer.weight.span(), in_bound));
    CHECK(std::ranges::all_of(layer.bias.span(), in_bound));
    auto squares = 0.0;
    for (const auto w : layer.weight.span()) squares += static_cast<double>(w) * static_cast<double>(w);
    CHECK(squares / 5000 == doctest::Approx(0.01 / 3).epsilon(0.05));

    xg::manual_seed(1);
    const auto again = nn::linear<>{100, 50};
    CHECK(std::ranges::equal(layer.weight.span(), again.weight.span()));

    const auto biased = nn::linear<>{3, 2, {.bias_init = 0.25}};
    CHECK(biased.bias(0) == 0.25f);
    CHECK(biased.bias(1) == 0.25f);
    CHECK_THROWS_AS((nn::linear<>{0, 2}), xg::value_error);
    const auto from_int = 3;
    CHECK_THROWS_WITH_AS((nn::linear<>{from_int, -2}), "[nn::linear] in is 3, out is -2; both must be at least 1",
                         xg::value_error);
}
