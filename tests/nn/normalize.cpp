#include <doctest/doctest.h>

#include <support/last_row.hpp>

#include <xgrad/autograd/create.hpp>
#include <xgrad/autograd/gradcheck.hpp>
#include <xgrad/nn/group_norm.hpp>
#include <xgrad/nn/module.hpp>
#include <xgrad/nn/normalize.hpp>
#include <xgrad/nn/summary.hpp>

#include <cmath>
#include <cstddef>
#include <string>
#include <string_view>
#include <tuple>
#include <vector>

namespace xg = xgrad;
namespace nn = xgrad::nn;

TEST_CASE("layer_norm: over the last axes") {
    const auto layer = nn::layer_norm<double>{4};
    const auto x = xg::randn<double>({2, 3, 4});
    const auto y = layer(x);
    auto mean = 0.0, squares = 0.0;
    for (auto i = std::size_t{0}; i < 4; ++i) mean += x(1, 2, i) / 4;
    for (auto i = std::size_t{0}; i < 4; ++i) squares += (x(1, 2, i) - mean) * (x(1, 2, i) - mean);
    for (auto i = std::size_t{0}; i < 4; ++i) CHECK(y(1, 2, i) == doctest::Approx((x(1, 2, i) - mean) / std::sqrt(squares / 4 + 1e-5)));
    CHECK(nn::parameters(layer)[1].name() == "bias");
    CHECK(xg::shape(nn::layer_norm<>{{3, 4}}.weight.shape()) == xg::shape{3, 4});
    CHECK(nn::parameter_count(nn::layer_norm<>{4, {.bias = false}}) == 4);
    CHECK(nn::parameter_count(nn::layer_norm<>{4, {.elementwise_affine = false}}) == 0);
    CHECK_THROWS_AS(nn::layer_norm<>{0}, xg::value_error);
    CHECK_THROWS_AS(layer(xg::ones<double>({2, 5})), xg::shape_error);
    CHECK(last_row(nn::summary(layer, {2, 4})).find("(2, 4)") != std::string::npos);
}

TEST_CASE("rms_norm: by the mean square") {
    const auto layer = nn::rms_norm<double>{2, {.eps = 0.5}};
    const auto y = layer(xg::tensor<double, 2>{{1, 2}});
    CHECK(y(0, 1) == doctest::Approx(2 / std::sqrt(2.5 + 0.5)));
    CHECK(nn::parameters(layer).size() == 1);
    CHECK(last_row(nn::summary(layer, {2, 2})).find("(2, 2)") != std::string::npos);
}

TEST_CASE("group_norm, instance_norm: over channels of a sample") {
    const auto x = xg::randn<double>({2, 4, 3});
    const auto groups = nn::group_norm<double>{2, 4};
    const auto y = groups(x);
    auto sum = 0.0, squares = 0.0;
    for (auto i = std::size_t{0}; i < 6; ++i) {
        const auto v = y(1, 2 + i / 3, i % 3);
        sum += v;
        squares += v * v;
    }
    CHECK(sum == doctest::Approx(0));
    CHECK(squares / 6 == doctest::Approx(1).epsilon(1e-3));
    CHECK_THROWS_AS((nn::group_norm<>{3, 4}), xg::value_error);

    const auto single = nn::instance_norm1d<double>{4, {.affine = true}};
    const auto z = single(x);
    CHECK(z(0, 1, 0) + z(0, 1, 1) + z(0, 1, 2) == doctest::Approx(0));
    CHECK(nn::parameter_count(nn::instance_norm2d<>{4}) == 0);
    CHECK(nn::parameter_count(single) == 8);
    CHECK_THROWS_AS(single(xg::ones<double>({2, 3, 3})), xg::shape_error);
    CHECK(last_row(nn::summary(single, {2, 4, 3})).find("(2, 4, 3)") != std::string::npos);
}

TEST_CASE("instance_norm: running statistics, the average over the samples of what each channel has") {
    auto layer = nn::instance_norm1d<double>{2, {.momentum = 0.25, .affine = true, .track_running_stats = true}};
    auto names = std::vector<std::string>{};
    nn::for_each_tensor([&](std::string_view name, const auto&) { names.emplace_back(name); }, layer);
    CHECK(names == std::vector<std::string>{"weight", "bias", "running_mean", "running_var", "num_batches_tracked"});
    CHECK(nn::parameters(layer).size() == 2);
    const auto x = xg::tensor<double, 3>{{{1, 3}, {0, 4}}, {{5, 5}, {2, 8}}};
    const auto y = layer(x);
    CHECK(y(0, 1, 0) == doctest::Approx(-2 / std::sqrt(4 + 1e-5)));
    // means (2, 2) and (5, 5), unbiased variances (2, 8) and (0, 18)
    CHECK(layer.running_mean(0) == doctest::Approx(0.25 * 3.5));
    CHECK(layer.running_var(0) == doctest::Approx(0.75 + 0.25 * 1));
    CHECK(layer.running_var(1) == doctest::Approx(0.75 + 0.25 * 13));
    CHECK(layer.num_batches_tracked.item() == 0);
    nn::eval(layer);
    const auto z = layer(x);
    CHECK(z(1, 1, 1) == doctest::Approx((8 - 0.25 * 3.5) / std::sqrt(0.75 + 0.25 * 13 + 1e-5)));
    CHECK(layer.running_mean(1) == doctest::Approx(0.25 * 3.5));
    auto plain = nn::instance_norm1d<double>{2};
    nn::eval(plain);
    CHECK(plain(x)(0, 1, 0) == doctest::Approx(-2 / std::sqrt(4 + 1e-5)));
}

TEST_CASE("layers that normalise: gradients") {
    const auto x = xg::randn<double>({2, 4, 3});
    const auto check_layer = [&](const auto& layer) {
        return bool{xg::gradcheck(
            [&](const auto& v, const auto& weight) {
                auto own = layer;
                own.weight = weight;
                return own(v);
            },
            std::tuple{x, layer.weight})};
    };
    CHECK(check_layer(nn::layer_norm<double>{3}));
    CHECK(check_layer(nn::rms_norm<double>{{4, 3}}));
    CHECK(check_layer(nn::group_norm<double>{2, 4}));
    CHECK(check_layer(nn::instance_norm1d<double>{4, {.affine = true}}));
}
