#include <doctest/doctest.h>

#include <support/last_row.hpp>

#include <xgrad/autograd/create.hpp>
#include <xgrad/nn/embedding.hpp>
#include <xgrad/nn/module.hpp>
#include <xgrad/nn/summary.hpp>
#include <xgrad/ops/reduce.hpp>

#include <cstdint>
#include <string>

namespace xg = xgrad;
namespace nn = xgrad::nn;

TEST_CASE("embedding: rows by number") {
    const auto layer = nn::embedding<double>{5, 3, {.padding_idx = -1}};
    const auto indices = xg::tensor<std::int64_t, 2>{{0, 4}, {2, 0}};
    const auto y = layer(indices);
    CHECK(xg::shape(y.shape()) == xg::shape{2, 2, 3});
    CHECK(y(1, 0, 2) == layer.weight(2, 2));
    CHECK(y(0, 1, 0) == 0);
    xg::sum(y).backward();
    CHECK(layer.weight.grad()(0, 1) == 2);
    CHECK(layer.weight.grad()(2, 1) == 1);
    CHECK(layer.weight.grad()(4, 1) == 0);
    CHECK(nn::parameters(layer)[0].name() == "weight");
    CHECK_THROWS_AS((nn::embedding<>{5, 3, {.padding_idx = 5}}), xg::index_error);
    CHECK_THROWS_AS((nn::embedding<>{0, 3}), xg::value_error);
}

TEST_CASE("embedding: normal at first") {
    xg::manual_seed(1);
    const auto layer = nn::embedding<>{100, 50};
    auto squares = 0.0;
    for (const auto w : layer.weight.span()) squares += static_cast<double>(w) * static_cast<double>(w);
    CHECK(squares / 5000 == doctest::Approx(1).epsilon(0.1));
}

TEST_CASE("embedding: summary") {
    const auto layer = nn::embedding<>{5, 3};
    CHECK(nn::summary(layer).find("weight") != std::string::npos);
    CHECK(last_row(nn::summary(layer, {2, 7})).find("(2, 7, 3)") != std::string::npos);
}
