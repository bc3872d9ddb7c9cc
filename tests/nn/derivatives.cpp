// Derivatives by modules.
#include <doctest/doctest.h>

#include <xgrad/autograd/capture.hpp>
#include <xgrad/autograd/functional.hpp>
#include <xgrad/nn/linear.hpp>
#include <xgrad/nn/module.hpp>
#include <xgrad/ops/activation.hpp>
#include <xgrad/ops/loss.hpp>
#include <xgrad/ops/narrow.hpp>

#include <array>
#include <cstddef>
#include <string>
#include <type_traits>
#include <vector>

namespace xg = xgrad;

namespace {

struct mlp {
    xg::nn::linear<double> fc1{3, 4}, fc2{4, 2};
    xg::tensor<double, 1> scale = xg::ones<double>({2});   // a buffer
    auto operator()(const auto& x) const { return fc2(xg::tanh(fc1(x))) * scale; }
};

struct tied {
    xg::nn::linear<double> first{3, 3}, second = first;
    auto operator()(const auto& x) const { return second(xg::tanh(first(x))); }
};

struct data {
    xg::tensor<double, 2> x = xg::randn<double>({5, 3}), y = xg::randn<double>({5, 2});
    auto loss() const {
        return [*this](const auto& net) { return xg::mse_loss(net(x), y); };
    }
};

}  // namespace

TEST_CASE("grad(f)(net) is an object of the net's type with the gradients in the parameters' places") {
    xg::manual_seed(1);
    const auto net = mlp{};
    const auto loss = data{}.loss();
    const auto [value, slope] = xg::value_and_grad(loss)(net);
    static_assert(std::is_same_v<std::remove_const_t<decltype(slope)>, mlp>);
    loss(net).backward();
    CHECK(value.item() == loss(net).item());
    // The net requires gradients, so that this one is differentiable: operation by operation, where `backward` has one kernel.
    CHECK(xg::allclose(slope.fc1.weight, net.fc1.weight.grad(), 1e-13, 1e-15));
    CHECK(xg::allclose(slope.fc1.bias, net.fc1.bias.grad(), 1e-13, 1e-15));
    CHECK(xg::allclose(slope.fc2.weight, net.fc2.weight.grad(), 1e-13, 1e-15));
    CHECK(!slope.scale.defined());

    const auto guard = xg::no_grad{};
    const auto plain = xg::grad(loss)(net);
    CHECK(xg::array_equal(plain.fc1.weight, net.fc1.weight.grad()));
    CHECK(xg::array_equal(plain.fc2.bias, net.fc2.bias.grad()));
    CHECK(!plain.fc2.bias.requires_grad());
    const auto names = xg::nn::buffers(plain), parameters = xg::nn::parameters(net);
    REQUIRE(names.size() == parameters.size());
    for (auto i = std::size_t{0}; i < names.size(); ++i) CHECK(names[i].name() == parameters[i].name());
}

TEST_CASE("beside other arguments, chosen or not") {
    const auto net = mlp{};
    const auto given = data{};
    const auto f = [](const auto& of, const auto& x, const auto& y) { return xg::mse_loss(of(x), y); };
    const auto [by_net, by_x] = xg::grad<0, 1>(f)(net, given.x, given.y);
    CHECK(xg::allclose(by_net.fc1.weight, xg::grad(given.loss())(net).fc1.weight));
    CHECK(xg::allclose(by_x, xg::grad([&](const auto& x) { return f(net, x, given.y); })(given.x)));
}

TEST_CASE("a tensor that stands in two places has one gradient: the sum") {
    const auto net = tied{};
    const auto x = xg::randn<double>({2, 3});
    const auto loss = [&](const auto& of) { return xg::sum(xg::square(of(x))); };
    const auto slope = xg::grad(loss)(net);
    loss(net).backward();
    CHECK(xg::allclose(slope.first.weight, net.first.weight.grad()));
    CHECK(xg::allclose(slope.second.weight, net.first.weight.grad()));
}

TEST_CASE("derivatives of derivatives by a module") {
    auto net = mlp{};
    const auto loss = data{}.loss();
    const auto norm = [&](const auto& of) {
        const auto slope = xg::grad(loss)(of);
        return xg::sum(xg::square(slope.fc1.weight));
    };
    const auto second = xg::grad(norm)(net);
    // By differences along one weight.
    const auto step = 1e-5;
    const auto at = [&](double offset) {
        auto moved = xg::nn::clone(net);
        {
            const auto guard = xg::no_grad{};
            moved.fc2.weight(1, 0) += offset;
        }
        return norm(moved).item();
    };
    CHECK(second.fc2.weight(1, 0) == doctest::Approx((at(step) - at(-step)) / (2 * step)).epsilon(1e-6));
}

TEST_CASE("the Hessian by the biases agrees with differences of the gradient") {
    auto net = mlp{};
    const auto given = data{};
    const auto with_biases = [&](const auto& all) {   // all: (4 + 2), the biases one behind the other
        auto of = net;
        of.fc1.bias = xg::narrow(all, 0, 4, 0);
        of.fc2.bias = xg::narrow(all, 4, 2, 0);
        return of;
    };
    const auto loss = [&](const auto& all) { return given.loss()(with_biases(all)); };
    const auto at = xg::tensor<double, 1>{0.3, -0.2, 0.5, 0.1, -0.4, 0.25};
    const auto hessian = xg::hessian(loss, at);
    REQUIRE(hessian.shape() == std::array<std::size_t, 2>{6, 6});
    const auto h = 1e-5;
    for (auto i = 0; i < 6; ++i) {
        auto above = at.clone(), below = at.clone();
        above(i) += h;
        below(i) -= h;
        const auto slope = xg::tensor<double, 1>{(xg::grad(loss)(above) - xg::grad(loss)(below)) / (2 * h)};
        for (auto k = 0; k < 6; ++k) {
            CHECK(hessian(i, k) == doctest::Approx(slope(k)).epsilon(1e-7));
            CHECK(hessian(i, k) == doctest::Approx(hessian(k, i)).epsilon(1e-12));
        }
    }
    CHECK(hessian(4, 4) == doctest::Approx(1));   // of the mean of ten squares, five of which are the output's
}

TEST_CASE("a list of tensors is its tensors, whether they require a gradient or not") {
    const auto f = [](const auto& all) { return xg::sum(all[0] * all[0] * all[1]); };
    const auto list = std::vector<xg::tensor<double, 1>>{{1, 2}, {3, 4}};
    const auto slope = xg::grad(f)(list);
    CHECK(xg::array_equal(slope[0], xg::tensor<double, 1>{6, 16}));
    CHECK(xg::array_equal(slope[1], xg::tensor<double, 1>{1, 4}));
    CHECK(!list[0].requires_grad());
    CHECK(xg::array_equal(xg::grad(f)(std::array{list[0], list[1]})[1], slope[1]));
}

TEST_CASE("captured, it is one operation") {
    const auto net = mlp{};
    const auto given = data{};
    const auto f = [&](const auto& x) {
        const auto slope = xg::grad([&](const auto& of) { return xg::mse_loss(of(x), given.y); })(net);
        return xg::sum(slope.fc1.weight);
    };
    const auto program = xg::capture(f, given.x);
    CHECK(program.operations[0].name == "value_and_grad");
}
