#include <doctest/doctest.h>

#include <support/last_row.hpp>

#include <xgrad/autograd/create.hpp>
#include <xgrad/autograd/gradcheck.hpp>
#include <xgrad/nn/batch_norm.hpp>
#include <xgrad/nn/module.hpp>
#include <xgrad/nn/summary.hpp>
#include <xgrad/ops/arithmetic.hpp>

#include <cmath>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <tuple>
#include <vector>

namespace xg = xgrad;
namespace nn = xgrad::nn;

TEST_CASE("batch_norm: what it begins with, under PyTorch's names") {
    const auto layer = nn::batch_norm2d<>{3};
    auto names = std::vector<std::string>{};
    nn::for_each_tensor([&](std::string_view name, const auto&) { names.emplace_back(name); }, layer);
    CHECK(names == std::vector<std::string>{"weight", "bias", "running_mean", "running_var", "num_batches_tracked"});
    CHECK(nn::parameters(layer).size() == 2);
    CHECK(nn::buffers(layer).size() == 2);
    CHECK(layer.weight(2) == 1);
    CHECK(layer.running_var(2) == 1);
    CHECK(layer.num_batches_tracked.item() == 0);
    CHECK_THROWS_AS(nn::batch_norm2d<>{0}, xg::value_error);
}

TEST_CASE("batch_norm: by the batch in training, by what was seen in evaluation") {
    auto layer = nn::batch_norm1d<double>{2};
    const auto x = xg::randn<double>({6, 2}) * 3 + 1;
    const auto y = layer(x);
    for (auto c = std::size_t{0}; c < 2; ++c) {
        auto mean = 0.0, squares = 0.0;
        for (auto n = std::size_t{0}; n < 6; ++n) mean += x(n, c) / 6;
        for (auto n = std::size_t{0}; n < 6; ++n) squares += (x(n, c) - mean) * (x(n, c) - mean);
        for (auto n = std::size_t{0}; n < 6; ++n) CHECK(y(n, c) == doctest::Approx((x(n, c) - mean) / std::sqrt(squares / 6 + 1e-5)));
        CHECK(layer.running_mean(c) == doctest::Approx(0.1 * mean));
        CHECK(layer.running_var(c) == doctest::Approx(0.9 + 0.1 * squares / 5));
    }
    CHECK(layer.num_batches_tracked.item() == 1);
    nn::eval(layer);
    const auto z = layer(x);
    CHECK(z(3, 1) == doctest::Approx((x(3, 1) - layer.running_mean(1)) / std::sqrt(layer.running_var(1) + 1e-5)));
    CHECK(layer.num_batches_tracked.item() == 1);
    CHECK(xg::shape(layer(xg::ones<double>({2, 2, 5})).shape()) == xg::shape{2, 2, 5});
}

TEST_CASE("batch_norm: without a momentum all batches count alike") {
    auto layer = nn::batch_norm1d<double>{1, {.momentum = std::nullopt}};
    layer(xg::tensor<double, 2>{{1}, {3}});
    layer(xg::tensor<double, 2>{{5}, {7}});
    CHECK(layer.running_mean(0) == 4);
    CHECK(layer.running_var(0) == 2);
}

TEST_CASE("batch_norm: without running statistics, without weights") {
    auto layer = nn::batch_norm1d<double>{1, {.affine = false, .track_running_stats = false}};
    CHECK(nn::parameter_count(layer) == 0);
    nn::eval(layer);
    CHECK(layer(xg::tensor<double, 2>{{1}, {3}})(1, 0) == doctest::Approx(1).epsilon(1e-4));
}

TEST_CASE("batch_norm: gradients, ranks, summary") {
    const auto layer = nn::batch_norm2d<double>{2};
    const auto f = [&](const auto& x, const auto& weight, const auto& bias) {
        auto own = layer;
        own.weight = weight;
        own.bias = bias;
        return own(x);
    };
    CHECK(xg::gradcheck(f, std::tuple{xg::randn<double>({3, 2, 2, 2}), layer.weight, layer.bias}));
    CHECK_THROWS_AS(layer(xg::tensor<double>{xg::ones<double>({3, 2})}), xg::rank_error);
    CHECK_THROWS_WITH_AS(layer(xg::ones<double>({3, 4, 2, 2})), "[nn::batch_norm] x is (3, 4, 2, 2); the layer has 2 channels", xg::shape_error);
    const auto before = layer.num_batches_tracked.item();
    CHECK(last_row(nn::summary(layer, {3, 2, 4, 4})).find("(3, 2, 4, 4)") != std::string::npos);
    CHECK(layer.num_batches_tracked.item() == before);
}
