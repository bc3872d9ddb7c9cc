#include <doctest/doctest.h>

#include <xgrad/nn/dropout.hpp>
#include <xgrad/nn/linear.hpp>
#include <xgrad/nn/module.hpp>
#include <xgrad/ops/activation.hpp>
#include <xgrad/ops/loss.hpp>
#include <xgrad/ops/math.hpp>
#include <xgrad/ops/reduce.hpp>
#include <xgrad/ops/take.hpp>
#include <xgrad/optim/sgd.hpp>
#include <xgrad/train/check.hpp>

#include <optional>
#include <string>
#include <vector>

namespace xg = xgrad;

namespace {

using names = std::vector<std::string>;

struct mlp {
    xg::nn::linear<> fc1{3, 4}, fc2{4, 2}, unused{2, 2};
};

const auto x = xg::ones({5, 3});

}  // namespace

TEST_CASE("a net in order") {
    const auto net = xg::nn::linear<>{3, 2};
    const auto found = xg::train::check(net, [&] { return xg::sum(net(x)); });
    CHECK(found.ok());
    CHECK(to_string(found) == "every parameter gets a gradient\n");
    CHECK(!net.weight.has_grad());
}

TEST_CASE("parameters without a gradient, operations that stop it, tensors that nobody knows") {
    const auto net = mlp{};
    const auto stranger = xg::ones({4}).requires_grad(true);
    const auto found = xg::train::check(net, [&] {
        const auto h = xg::relu(net.fc1(x)).detach() * stranger;
        const auto classes = xg::argmax(net.fc2(h), 1);
        return xg::mse_loss(net.fc2(h), xg::one_hot(classes, 2));
    });
    CHECK(!found.ok());
    CHECK(found.without_gradient == names{"fc1.weight", "fc1.bias", "unused.weight", "unused.bias"});
    CHECK(found.stopped == names{"detach of (5, 4)", "argmax of (5, 2)"});
    CHECK(found.unknown == std::vector{xg::shape{4}});
    CHECK(to_string(found).find("detach of (5, 4) stops the gradient\n") != std::string::npos);
    CHECK(to_string(found).find("a tensor of shape (4,) gets a gradient and is no parameter\n") != std::string::npos);
}

TEST_CASE("what the optimizer does not have, and what it has beyond the module") {
    auto net = mlp{};
    const auto scale = xg::ones({2}).requires_grad(true);
    auto parameters = xg::nn::parameters(net.fc1, net.unused);
    parameters.emplace_back("scale", scale);
    const auto opt = xg::optim::sgd{parameters, {.lr = 0.1}};
    const auto found = xg::train::check(net, opt, [&] { return xg::sum(net.fc2(net.fc1(x)) * scale); });
    CHECK(found.not_optimized == names{"fc2.weight", "fc2.bias"});
    CHECK(found.without_gradient == names{"unused.weight", "unused.bias"});
    CHECK(found.unknown.empty());
    CHECK(to_string(found).find("fc2.bias is not among the optimizer's parameters\n") != std::string::npos);
}

TEST_CASE("a loss without a graph") {
    const auto net = xg::nn::linear<>{3, 2};
    const auto found = xg::train::check(net, [&] {
        const auto guard = xg::no_grad{};
        return xg::sum(net(x));
    });
    CHECK(!found.ok());
    CHECK(!found.has_graph);
    CHECK(to_string(found).starts_with("the loss has no graph"));
    CHECK(found.stopped.front() == "linear of (3, 2), under no_grad,");
}

TEST_CASE("modules that were left in evaluation mode") {
    struct net_type {
        xg::nn::linear<> fc{3, 2};
        std::vector<xg::nn::dropout> dropouts{2};
        std::optional<xg::nn::dropout> last{xg::nn::dropout{0.1}};
    };
    auto net = net_type{};
    const auto f = [&] { return xg::sum(net.fc(x)); };
    CHECK(xg::train::check(net, f).evaluating.empty());
    xg::nn::eval(net.dropouts[1]);
    auto found = xg::train::check(net, f);
    CHECK(found.evaluating == names{"dropouts.1"});
    CHECK(found.ok());
    CHECK(to_string(found) == "dropouts.1 is in evaluation mode: call nn::train(net) before training, unless that is meant\n");
    xg::nn::eval(net);
    found = xg::train::check(net, f);
    CHECK(found.evaluating == names{"dropouts.0", "dropouts.1", "last"});
    CHECK(to_string(found) == "dropouts.0 and 2 more are in evaluation mode: call nn::train(net) before training, unless that is meant\n");
    auto single = xg::nn::dropout{0.5};
    xg::nn::eval(single);
    CHECK(to_string(xg::train::check(single, [] { return xg::sum(xg::ones<float>({1})); })).find("the network is in evaluation mode") !=
          std::string::npos);
}
