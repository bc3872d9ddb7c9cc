#include <doctest/doctest.h>

#include <support/last_row.hpp>

#include <xgrad/autograd/create.hpp>
#include <xgrad/autograd/gradcheck.hpp>
#include <xgrad/nn/conv.hpp>
#include <xgrad/nn/conv_transpose.hpp>
#include <xgrad/nn/module.hpp>
#include <xgrad/nn/sequential.hpp>
#include <xgrad/nn/summary.hpp>
#include <xgrad/ops/activation.hpp>
#include <xgrad/ops/arithmetic.hpp>
#include <xgrad/ops/convolution.hpp>
#include <xgrad/ops/pad.hpp>
#include <xgrad/ops/reduce.hpp>
#include <xgrad/ops/shape.hpp>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <limits>
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

TEST_CASE("conv: its own elements around x, as pad puts them there") {
    const auto x = xg::randn<double>({2, 2, 5, 6});
    for (const auto mode : {xg::pad_mode::reflect, xg::pad_mode::replicate, xg::pad_mode::circular}) {
        const auto layer = nn::conv2d<double>{2, 3, {3, 2}, {.stride = 2, .padding = {{1, 2}, {0, 1}}, .padding_mode = mode}};
        const auto wanted = xg::conv2d(xg::pad(x, {{0, 0}, {0, 0}, {1, 2}, {0, 1}}, mode), layer.weight, layer.bias, {.stride = 2});
        const auto y = layer(x);
        REQUIRE(xg::shape(y.shape()) == xg::shape(wanted.shape()));
        CHECK(std::ranges::equal(y.span(), wanted.span()));
        CHECK(std::ranges::equal(layer(x, xg::relu).span(), xg::relu(wanted).span()));
        CHECK(xg::gradcheck([&](const auto& v) { return layer(v); }, x));

        const auto same = nn::conv1d<double>{2, 1, 4, {.padding = xg::same, .dilation = 2, .padding_mode = mode}};
        const auto sequence = xg::randn<double>({1, 2, 9});
        const auto z = xg::conv1d(xg::pad(sequence, {{0, 0}, {0, 0}, {3, 3}}, mode), same.weight, same.bias, {.dilation = 2});
        CHECK(std::ranges::equal(same(sequence).span(), z.span()));
    }
    const auto zeros = nn::conv2d<double>{2, 3, 3, {.padding = 1, .padding_mode = xg::pad_mode::zeros}};
    CHECK(std::ranges::equal(zeros(x).span(), xg::conv2d(x, zeros.weight, zeros.bias, {.padding = 1}).span()));
    const auto wide = nn::conv1d<double>{1, 1, 3, {.padding = 3, .padding_mode = xg::pad_mode::reflect}};
    CHECK_THROWS_AS(wide(xg::ones<double>({1, 1, 3})), xg::shape_error);
    const auto alone = xg::randn<double>({1, 4});   // a sample, without an axis for the batch
    CHECK(std::ranges::equal(wide(alone).span(), wide(xg::reshape(alone, {1, 1, 4})).span()));
    CHECK_THROWS_AS(wide(xg::tensor<double>{xg::ones<double>({3})}), xg::rank_error);
    CHECK_THROWS_AS(wide(xg::tensor<double>(1.0)), xg::rank_error);
    const auto strided = nn::conv1d<double>{1, 1, 3, {.stride = 2, .padding = xg::same, .padding_mode = xg::pad_mode::circular}};
    CHECK_THROWS_WITH_AS(strided(xg::ones<double>({1, 1, 3})),
                         "[nn::conv] padding `same` goes with stride 1, the stride is 2", xg::value_error);
    const auto most = std::numeric_limits<std::ptrdiff_t>::max();
    const auto far_apart = nn::conv1d<double>{
        1, 1, 3, {.padding = xg::same, .dilation = most, .padding_mode = xg::pad_mode::circular}};
    CHECK_THROWS_WITH_AS(far_apart(xg::ones<double>({1, 1, 3})), doctest::Contains("[nn::conv] dilation"), xg::value_error);
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
    const auto net = nn::sequential{nn::conv2d<>{1, 2, 3}, xg::relu, nn::conv_transpose2d<>{2, 1, 3}};
    const auto table = nn::summary(net, {1, 1, 8, 8});
    CHECK(table.find("conv_transpose2d") != std::string::npos);
    CHECK(last_row(table).find("(1, 1, 8, 8)") != std::string::npos);
}
