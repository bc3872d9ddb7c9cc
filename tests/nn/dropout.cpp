#include <doctest/doctest.h>

#include <support/last_row.hpp>

#include <xgrad/autograd/create.hpp>
#include <xgrad/nn/dropout.hpp>
#include <xgrad/nn/linear.hpp>
#include <xgrad/nn/module.hpp>
#include <xgrad/nn/sequential.hpp>
#include <xgrad/nn/summary.hpp>
#include <xgrad/ops/reduce.hpp>

#include <algorithm>
#include <array>
#include <cstddef>
#include <optional>
#include <string>
#include <tuple>
#include <vector>

namespace xg = xgrad;
namespace nn = xgrad::nn;

TEST_CASE("dropout: in training some elements, in evaluation none") {
    xg::manual_seed(1);
    auto layer = nn::dropout{0.25};
    auto x = xg::ones<double>({100, 100}).requires_grad(true);
    const auto y = layer(x);
    const auto dropped = std::ranges::count(y.span(), 0.0);
    CHECK(dropped > 2200);
    CHECK(dropped < 2800);
    CHECK(std::ranges::count(y.span(), 1 / 0.75) == 10000 - dropped);
    xg::sum(y).backward();
    CHECK(std::ranges::equal(x.grad().span(), y.span()));
    nn::eval(layer);
    CHECK(std::ranges::equal(layer(x).span(), x.span()));
    CHECK_THROWS_AS(nn::dropout{1.5}, xg::value_error);
}

TEST_CASE("dropout: whole channels") {
    const auto y = nn::dropout2d{0.5}(xg::ones<float>({8, 8, 3, 3}));
    for (auto i = std::size_t{0}; i < 64; ++i)
        CHECK(std::ranges::count(y.span().subspan(9 * i, 9), y.data()[9 * i]) == 9);
    CHECK(xg::shape(nn::dropout1d{}(xg::ones<float>({2, 3, 4})).shape()) == xg::shape{2, 3, 4});
    CHECK(xg::shape(nn::alpha_dropout{}(xg::ones<float>({5})).shape()) == xg::shape{5});
}

TEST_CASE("dropout: train and eval find it wherever it is") {
    struct part {
        std::optional<nn::dropout> last{nn::dropout{0.1}};
        std::array<std::vector<nn::dropout>, 2> lists{std::vector<nn::dropout>(1), std::vector<nn::dropout>(1)};
    };
    struct net {
        std::vector<nn::dropout> layers = std::vector<nn::dropout>(2);
        nn::sequential<nn::linear<>, nn::dropout> rest{nn::linear<>{2, 2}, nn::dropout{0.1}};
        std::vector<std::optional<part>> parts{part{}, std::nullopt};
        std::tuple<part, nn::linear<>> pair{part{}, nn::linear<>{2, 2}};
    };
    auto module = net{};
    nn::eval(module);
    CHECK_FALSE(module.layers[1].training);
    CHECK_FALSE(module.rest.get<1>().training);
    CHECK_FALSE(module.parts[0]->last->training);
    CHECK_FALSE(module.parts[0]->lists[1][0].training);
    CHECK_FALSE(std::get<0>(module.pair).last->training);
    nn::train(module);
    CHECK(std::get<0>(module.pair).lists[0][0].training);
    CHECK(module.rest.get<1>().training);
    CHECK(last_row(nn::summary(module.rest, {3, 2})).find("(3, 2)") != std::string::npos);
}
