#include <doctest/doctest.h>

#include <xgrad/nn/linear.hpp>
#include <xgrad/nn/module.hpp>
#include <xgrad/nn/sequential.hpp>
#include <xgrad/ops/activation.hpp>
#include <xgrad/ops/compare.hpp>
#include <xgrad/ops/reduce.hpp>

#include <string>
#include <type_traits>
#include <vector>

namespace xg = xgrad;
namespace nn = xgrad::nn;

TEST_CASE("sequential calls its layers in a row and keeps the rank") {
    xg::manual_seed(3);
    const auto first = nn::linear<>{4, 3};
    const auto second = nn::linear<>{3, 2};
    const auto net = nn::sequential{first, xg::relu, second};
    const auto x = xg::tensor<float, 2>{{1, 2, 3, 4}, {-1, 0, 1, 0}};
    const auto y = net(x);
    CHECK(std::is_same_v<decltype(y), const xg::tensor<float, 2>>);
    const auto expected = second(xg::relu(first(x)));
    for (auto i = 0; i < 2; ++i)
        for (auto j = 0; j < 2; ++j) CHECK(y(i, j) == expected(i, j));
    CHECK(net.size() == 3);
    CHECK(&net.get<0>().weight != nullptr);
}

TEST_CASE("a linear layer and the activation after it give what they give one by one") {
    xg::manual_seed(4);
    const auto with_bias = nn::linear<>{4, 3}, without = nn::linear<>{3, 2, {.bias = false}};
    const auto net = nn::sequential{with_bias, xg::relu, without, xg::tanh, nn::linear<>{2, 2}, xg::gelu};
    const auto x = xg::tensor<float, 2>{{1, 2, 3, 4}, {-1, 0, 1, 0}};
    const auto expected = xg::gelu(net.get<4>()(xg::tanh(without(xg::relu(with_bias(x))))));
    CHECK(xg::array_equal(net(x), expected));
    CHECK(xg::array_equal(with_bias(x, xg::relu), xg::relu(with_bias(x))));
    const auto narrow = xg::tensor<float, 2>{{1, 2, 3}};
    CHECK(xg::array_equal(without(narrow, xg::gelu), xg::gelu(without(narrow))));
}

TEST_CASE("parameters of a sequential are named by place") {
    const auto net = nn::sequential{nn::linear<>{4, 3}, xg::relu, nn::sequential{nn::linear<>{3, 2}},
                                    [](const auto& x) { return x; }};
    auto names = std::vector<std::string>{};
    for (const auto& [name, value] : nn::parameters(net)) names.push_back(name);
    CHECK(names == std::vector<std::string>{"0.weight", "0.bias", "2.0.weight", "2.0.bias"});
    CHECK(nn::parameter_count(net) == 4 * 3 + 3 + 3 * 2 + 2);
}

TEST_CASE("a sequential inside a struct, and gradients through it") {
    struct net_type {
        nn::sequential<nn::linear<>, decltype(xg::relu), nn::linear<>> body{nn::linear<>{4, 3}, xg::relu,
                                                                             nn::linear<>{3, 2}};
        auto operator()(const xg::tensor<float, 2>& x) const { return body(x); }
    };
    auto net = net_type{};
    auto parameters = nn::parameters(net);
    REQUIRE(parameters.size() == 4);
    CHECK(parameters[3].name() == "body.2.bias");
    xg::sum(net(xg::tensor<float, 2>{{1, 2, 3, 4}})).backward();
    for (const auto& each : parameters) CHECK(each.has_grad());
    CHECK(parameters[3].grad()(0) == 1);
}
