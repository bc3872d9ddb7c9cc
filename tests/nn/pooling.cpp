#include <doctest/doctest.h>

#include <support/last_row.hpp>

#include <xgrad/autograd/create.hpp>
#include <xgrad/autograd/gradcheck.hpp>
#include <xgrad/nn/module.hpp>
#include <xgrad/nn/pooling.hpp>
#include <xgrad/nn/sequential.hpp>
#include <xgrad/nn/summary.hpp>
#include <xgrad/ops/shape.hpp>

#include <cmath>
#include <string>
#include <tuple>

namespace xg = xgrad;
namespace nn = xgrad::nn;

TEST_CASE("pooling: each layer does what its operation does") {
    const auto x = xg::reshape(xg::arange<float>(16), {1, 1, 4, 4});
    const auto largest = nn::max_pool2d{2}(x);
    CHECK(xg::shape(largest.shape()) == xg::shape{1, 1, 2, 2});
    CHECK(largest(0, 0, 0, 0) == 5);
    CHECK(largest(0, 0, 1, 1) == 15);
    CHECK(xg::shape(nn::max_pool2d{{2, 1}, {.stride = 1}}(x).shape()) == xg::shape{1, 1, 3, 4});
    CHECK(nn::avg_pool2d{2}(x)(0, 0, 0, 1) == 4.5f);
    CHECK(nn::avg_pool2d{3, {.padding = 1, .count_include_pad = false}}(x)(0, 0, 0, 0) == 2.5f);
    CHECK(nn::adaptive_avg_pool2d{1}(x)(0, 0, 0, 0) == 7.5f);
    CHECK(nn::adaptive_max_pool2d{{1, 2}}(x)(0, 0, 0, 0) == 13);
    CHECK(nn::lp_pool2d{2, 2}(x)(0, 0, 0, 0) == doctest::Approx(std::sqrt(1 + 16 + 25)));
    const auto row = xg::reshape(x, {1, 1, 16});
    CHECK(nn::max_pool1d{4}(row)(0, 0, 3) == 15);
    CHECK(nn::avg_pool1d{4}(row)(0, 0, 0) == 1.5f);
    CHECK(nn::adaptive_avg_pool1d{2}(row)(0, 0, 1) == 11.5f);
    CHECK(nn::max_pool3d{2}(xg::reshape(x, {1, 1, 2, 2, 4}))(0, 0, 0, 0, 0) == 13);
}

TEST_CASE("pooling: nothing to learn; gradients pass") {
    const auto net = nn::sequential{nn::max_pool2d{2}, nn::avg_pool2d{2}, nn::adaptive_max_pool2d{1}};
    CHECK(nn::parameter_count(net) == 0);
    CHECK(xg::gradcheck([&](const auto& v) { return net(v); }, std::tuple{xg::randn<double>({2, 3, 8, 8})}));
    CHECK(last_row(nn::summary(net, {1, 3, 8, 8})).find("(1, 3, 1, 1)") != std::string::npos);
}
