#include <doctest/doctest.h>

#include <xgrad/autograd/create.hpp>
#include <xgrad/nn/linear.hpp>
#include <xgrad/nn/sequential.hpp>
#include <xgrad/nn/summary.hpp>
#include <xgrad/ops/activation.hpp>
#include <xgrad/ops/arithmetic.hpp>

#include <cstdint>
#include <random>
#include <string>
#include <vector>

namespace xg = xgrad;
namespace nn = xgrad::nn;

TEST_CASE("a summary names every parameter, its shape and its size") {
    const auto net = nn::sequential{nn::linear<>{784, 512}, xg::relu, nn::linear<>{512, 10, {.bias = false}}};
    const auto table = std::string{"parameter  shape       elements\n"
                                   "0.weight   (784, 512)    401408\n"
                                   "0.bias     (512,)           512\n"
                                   "2.weight   (512, 10)       5120\n"
                                   "all                      407040\n"};
    CHECK(nn::summary(net) == table);
    const auto with_input = nn::summary(net, {32, 784});
    CHECK(with_input.find("input      (32, 784)") != std::string::npos);
    CHECK(with_input.find("output     (32, 10)") != std::string::npos);
}

TEST_CASE("a summary says what is shared") {
    struct net {
        std::vector<nn::linear<>> layers = std::vector<nn::linear<>>(2, nn::linear<>{4, 4});
        nn::linear<> decoder{4, 4, {.bias = false}};
        xg::tensor<float, 2> average;
        xg::tensor<std::int64_t, 0> steps{0};
    };
    auto module = net{};
    module.decoder.weight = module.layers[0].weight;
    module.average = module.decoder.weight.detach();
    CHECK(nn::summary(module) == "parameter        shape   elements\n"
                                 "layers.0.weight  (4, 4)        16\n"
                                 "layers.0.bias    (4,)           4\n"
                                 "layers.1.weight  (4, 4)            shared with layers.0.weight\n"
                                 "layers.1.bias    (4,)              shared with layers.0.bias\n"
                                 "decoder.weight   (4, 4)            shared with layers.0.weight\n"
                                 "average          (4, 4)            shared with layers.0.weight\n"
                                 "steps            ()        buffer\n"
                                 "all                            20\n");
}

TEST_CASE("a summary with a shape leaves everything as it was") {
    struct normalised {
        xg::tensor<float, 1> mean = xg::zeros<float>({3});
        bool training = true;
        int calls = 0;
        std::mt19937 engine;

        auto operator()(const xg::tensor<float, 2>& x) {
            ++calls;
            engine();
            *mean.data() += 1;   // running statistics, kept by whoever forgets to look at `training`
            return training ? xg::tensor<float>{x} : xg::tensor<float>{x + xg::randn<float>({2, 3})};
        }
    };
    auto net = normalised{};
    const auto engine = net.engine;
    xg::manual_seed(4);
    const auto expected = xg::rand<float>({1}).item();
    xg::manual_seed(4);
    CHECK(nn::summary(net, {2, 3}).find("output     (2, 3)") != std::string::npos);
    CHECK(xg::rand<float>({1}).item() == expected);
    CHECK(net.training);
    CHECK(net.calls == 0);
    CHECK(net.engine == engine);
    CHECK(net.mean(0) == 0);

    struct training_only {
        bool training = true;
        auto operator()(const xg::tensor<float>& x) const {
            if (training) xg::fail<xg::value_error>("training_only", "called while training");
            return x;
        }
    };
    auto only = training_only{};
    CHECK(nn::summary(only, {5}).find("output     (5,)") != std::string::npos);
    CHECK(only.training);
}
