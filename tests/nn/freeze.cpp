#include <doctest/doctest.h>

#include <xgrad/autograd/create.hpp>
#include <xgrad/nn/batch_norm.hpp>
#include <xgrad/nn/freeze.hpp>
#include <xgrad/nn/linear.hpp>
#include <xgrad/nn/module.hpp>
#include <xgrad/nn/moving_average.hpp>
#include <xgrad/ops/reduce.hpp>
#include <xgrad/optim/sgd.hpp>

#include <optional>
#include <vector>

namespace xg = xgrad;
namespace nn = xgrad::nn;

namespace {

struct net {
    nn::linear<> first{2, 3};
    nn::batch_norm1d<> norm{3};
    nn::linear<> last{3, 1};

    auto operator()(const auto& x) const { return last(norm(first(x))); }
};

}  // namespace

TEST_CASE("freeze: what is frozen does not learn, until it is told to") {
    auto module = net{};
    auto opt = xg::optim::sgd{nn::parameters(module), {.lr = 0.1, .momentum = 0.9, .weight_decay = 0.1}};
    const auto step = [&] {
        opt.zero_grad();
        xg::sum(module(xg::randn<float>({4, 2}))).backward();
        opt.step();
    };
    step();
    nn::freeze(module.first, module.norm);
    CHECK(nn::parameters(module).size() == 2);
    const auto weight = module.first.weight(1, 2), other = module.last.weight(1, 0);
    step();
    CHECK(module.first.weight(1, 2) == weight);
    CHECK(module.last.weight(1, 0) != other);
    const auto copy = nn::clone(module);
    nn::unfreeze(module, copy);
    for (const net* each : {static_cast<const net*>(&module), &copy}) {
        CHECK(nn::parameters(*each).size() == 6);
        CHECK_FALSE(each->norm.running_mean.requires_grad());
    }
    step();
    CHECK(module.first.weight(1, 2) != weight);
}

TEST_CASE("moving_average: average = decay average + (1 - decay) weight") {
    auto module = net{};
    auto average = nn::moving_average{module, {.decay = 0.75}};
    auto mean = nn::moving_average{module, {.decay = std::nullopt}};
    for (const auto value : {1.0f, 5.0f, 3.0f}) {
        module.first.weight(0, 0) = value;
        module.norm.running_mean(0) = value;
        average.update(module);
        mean.update(module);
    }
    CHECK(average.module().first.weight(0, 0) == 2.25f);
    CHECK(average.module().norm.running_mean(0) == 3);
    CHECK(mean.module().first.weight(0, 0) == 3);
    CHECK(mean.updates() == 3);
    CHECK(nn::parameters(average.module()).empty());
    CHECK_FALSE(average.module().norm.training);
    CHECK(module.norm.training);
    CHECK_THROWS_AS((nn::moving_average{module, {.decay = 1}}), xg::value_error);

    const auto layer = nn::linear<>{1, 1};
    auto tied = std::vector<nn::linear<>>(2, layer);
    auto once = nn::moving_average{tied, {.decay = 0.5}};
    for (const auto value : {0.0f, 1.0f}) {
        tied[1].weight(0, 0) = value;
        once.update(tied);
    }
    CHECK(once.module()[0].weight(0, 0) == 0.5f);
}
