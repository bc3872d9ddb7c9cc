#include <doctest/doctest.h>

#include <xgrad/autograd/create.hpp>
#include <xgrad/autograd/gradcheck.hpp>
#include <xgrad/nn/conv.hpp>
#include <xgrad/nn/conv_transpose.hpp>
#include <xgrad/nn/module.hpp>
#include <xgrad/nn/sequential.hpp>
#include <xgrad/nn/summary.hpp>
#include <xgrad/ops/activation.hpp>
#include <xgrad/ops/arithmetic.hpp>
#include <xgrad/ops/reduce.hpp>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <string>
#include <tuple>

namespace xg = xgrad;
namespace nn = xgrad::nn;

namespace {

bool is_within(const auto& w, double bound) {
    const auto [low, high] = std::ranges::minmax(w.span());
    return low >= -bound && high <= bound && low < -0.5 * bound && high > 0.5 * bound;
}

}  // namespace

TEST_CASE("conv: shapes, names and what the layer begins with") {
    xg::manual_seed(1);
    const auto layer = nn::conv2d<>{4, 6, {3, 5}, {.groups = 2}};
    CHECK(xg::shape(layer.weight.shape()) == xg::shape{6, 2, 3, 5});
    CHECK(xg::shape(layer.bias.shape()) == xg::shape{6});
    CHECK(is_within(layer.weight, 1 / std::sqrt(30.0)));
    const auto names = nn::parameters(layer);
    REQUIRE(names.size() == 2);
    CHECK(names[0].name() == "weight");
    CHECK(names[1].name() == "bias");

    const auto without = nn::conv1d<>{2, 3, 3, {.stride = 2, .bias = false}};
    CHECK_FALSE(without.bias.defined());
    CHECK(xg::shape(without(xg::ones<float>({1, 2, 9})).shape()) == xg::shape{1, 3, 4});
    CHECK(xg::shape(nn::conv3d<>{1, 2, 3, {.padding = xg::same}}(xg::ones<float>({1, 1, 4, 5, 6})).shape()) == xg::shape{1, 2, 4, 5, 6});
}

TEST_CASE("conv: y = w * x + b, element by element") {
    const auto layer = nn::conv2d<double>{2, 3, 2, {.stride = 2, .padding = 1}};
    const auto x = xg::randn<double>({2, 2, 4, 5});
    const auto y = layer(x);
    REQUIRE(xg::shape(y.shape()) == xg::shape{2, 3, 3, 3});
    const auto at = [&](std::size_t n, std::size_t c, std::size_t i, std::size_t j) {   // one in front of each axis is padding
        return i < 1 || i > 4 || j < 1 || j > 5 ? 0.0 : x(n, c, i - 1, j - 1);
    };
    for (auto o = std::size_t{0}; o < 3; ++o)
        for (auto i = std::size_t{0}; i < 3; ++i)
            for (auto j = std::size_t{0}; j < 3; ++j) {
                auto sum = layer.bias(o);
                for (auto c = std::size_t{0}; c < 2; ++c)
                    for (auto k = std::size_t{0}; k < 4; ++k) sum += layer.weight(o, c, k / 2, k % 2) * at(1, c, 2 * i + k / 2, 2 * j + k % 2);
                CHECK(y(1, o, i, j) == doctest::Approx(sum));
            }
}

TEST_CASE("conv: gradients, and an activation along with it") {
    const auto layer = nn::conv2d<double>{2, 3, 3, {.padding = 1}};
    const auto f = [&](const auto& x, const auto& weight, const auto& bias) {
        auto own = layer;
        own.weight = weight;
        own.bias = bias;
        return own(x, xg::tanh);
    };
    CHECK(xg::gradcheck(f, std::tuple{xg::randn<double>({2, 2, 3, 4}), layer.weight, layer.bias}));
    const auto x = xg::randn<double>({1, 2, 3, 3});
    const auto net = nn::sequential{layer, xg::relu};
    const auto direct = xg::relu(layer(x));
    CHECK(std::ranges::equal(net(x).span(), direct.span()));
}

TEST_CASE("conv: sizes that do not go together") {
    CHECK_THROWS_AS((nn::conv2d<>{0, 2, 3}), xg::value_error);
    CHECK_THROWS_WITH_AS((nn::conv2d<>{4, 6, 3, {.groups = 4}}), "[nn::conv] in is 4, out is 6; groups, 4, must divide both", xg::value_error);
    CHECK_THROWS_AS((nn::conv2d<>{1, 2, {1, 2, 3}}), xg::value_error);
    CHECK_THROWS_AS((nn::conv2d<>{3, 2, 3}(xg::ones<float>({1, 2, 5, 5}))), xg::shape_error);
}

TEST_CASE("conv_transpose: what a convolution does to gradients") {
    const auto layer = nn::conv_transpose2d<double>{3, 4, 3, {.stride = 2, .padding = 1, .output_padding = 1, .groups = 1}};
    CHECK(xg::shape(layer.weight.shape()) == xg::shape{3, 4, 3, 3});
    CHECK(is_within(layer.weight, 1 / std::sqrt(36.0)));
    const auto y = xg::randn<double>({2, 3, 3, 4});
    const auto x = layer(y);
    CHECK(xg::shape(x.shape()) == xg::shape{2, 4, 6, 8});

    auto forward = nn::conv2d<double>{4, 3, 3, {.stride = 2, .padding = 1, .bias = false}};
    forward.weight = layer.weight;
    auto z = xg::zeros<double>({2, 4, 6, 8}).requires_grad(true);
    xg::sum(forward(z) * y).backward();
    const auto without = nn::conv_transpose2d<double>{3, 4, 3};
    for (auto i = std::size_t{0}; i < x.size(); ++i)
        CHECK(x.data()[i] == doctest::Approx(z.grad().data()[i] + layer.bias(i / 48 % 4)));
    CHECK(xg::gradcheck([&](const auto& v) { return layer(v); }, std::tuple{y}));
    CHECK(xg::shape(nn::conv_transpose1d<>{2, 6, 3, {.groups = 2, .bias = false}}.weight.shape()) == xg::shape{2, 3, 3});
}

TEST_CASE("conv: summary") {
    const auto table = nn::summary(nn::sequential{nn::conv2d<>{1, 2, 3}, xg::relu, nn::conv_transpose2d<>{2, 1, 3}}, {1, 1, 8, 8});
    CHECK(table.find("2.weight") != std::string::npos);
    CHECK(table.find("(1, 1, 8, 8)") != std::string::npos);
}
