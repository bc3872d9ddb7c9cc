#include <doctest/doctest.h>

#include <xgrad/autograd/checkpoint.hpp>
#include <xgrad/autograd/create.hpp>
#include <xgrad/autograd/custom.hpp>
#include <xgrad/autograd/observe.hpp>
#include <xgrad/nn/freeze.hpp>
#include <xgrad/nn/linear.hpp>
#include <xgrad/nn/module.hpp>
#include <xgrad/ops/activation.hpp>
#include <xgrad/ops/arithmetic.hpp>
#include <xgrad/ops/compare.hpp>
#include <xgrad/ops/linalg.hpp>
#include <xgrad/ops/loss/regression.hpp>
#include <xgrad/ops/reduce.hpp>
#include <xgrad/ops/shape.hpp>
#include <xgrad/optim/adam.hpp>
#include <xgrad/optim/clip.hpp>
#include <xgrad/optim/muon.hpp>
#include <xgrad/optim/sgd.hpp>

#include <cmath>
#include <cstddef>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

namespace xg = xgrad;
namespace nn = xgrad::nn;

namespace {

/// A weight used twice, one that is tied to it, one that is used transposed, and one that the loss does not depend on.
struct network {
    nn::linear<> in{3, 8}, inner{8, 8}, tied{8, 8}, out{8, 3}, unused{2, 2};
    xg::tensor<float, 2> left = xg::randn<float>({5, 5}).requires_grad(true);

    network() { tied.weight = inner.weight; }
    XGRAD_MEMBERS(in, inner, tied, out, unused, left)

    auto operator()(const xg::tensor<float, 2>& x) const {
        auto h = inner(in(x, xg::relu), xg::tanh);
        h = inner(h, xg::tanh);
        h = tied(xg::matmul(left, h));
        return out(h + xg::matmul(h, inner.weight, {.transpose_b = true}));
    }
};

template <class Module>
bool equal(const Module& a, const Module& b) {
    const auto left = nn::parameters(a), right = nn::parameters(b);
    for (auto i = std::size_t{0}; i < left.size(); ++i)
        if (!xg::array_equal(left[i], right[i])) return false;
    return left.size() == right.size();
}

/// Ten steps by `backward` and `step`, and ten in the backward pass, from the same beginning.
template <class MakeOptimizer>
void compare(const MakeOptimizer& make) {
    const auto begin = network{};
    auto ordinary = nn::clone(begin), merged = nn::clone(begin);
    auto first = make(ordinary);
    auto second = make(merged);
    for (auto step = 0; step < 10; ++step) {
        const auto x = xg::randn<float>({5, 3}), y = xg::randn<float>({5, 3});
        first.zero_grad();
        xg::mse_loss(ordinary(x), y).backward();
        first.step();
        second.step_in_backward(xg::mse_loss(merged(x), y));
        CHECK(equal(ordinary, merged));
    }
    CHECK(!equal(begin, merged));
    CHECK(first.without_gradient() == second.without_gradient());
    CHECK(second.without_gradient().size() == 2);
    const auto states = first.state(), others = second.state();
    REQUIRE(states.size() == others.size());
    for (auto i = std::size_t{0}; i < states.size(); ++i) CHECK(xg::array_equal(states[i], others[i]));
    for (const auto& each : nn::parameters(merged)) CHECK(!each.has_grad());
}

}  // namespace

TEST_CASE("a step in the backward pass is the step after it, to the bit") {
    compare([](auto& net) { return xg::optim::sgd{nn::parameters(net), {.lr = 0.1}}; });
    compare([](auto& net) { return xg::optim::sgd{nn::parameters(net), {.lr = 0.1, .momentum = 0.9, .weight_decay = 0.01, .nesterov = true}}; });
    compare([](auto& net) { return xg::optim::adam{nn::parameters(net), {.lr = 0.01, .weight_decay = 0.1, .amsgrad = true}}; });
    compare([](auto& net) {
        auto opt = xg::optim::adam{nn::parameters(net), {.lr = 0.01}};
        opt.add_group([](std::string_view name) { return name.ends_with("bias"); }, {.lr = 0.1});
        return opt;
    });
}

TEST_CASE("frozen parameters stay, and leaves of nobody's get their gradients") {
    auto net = network{};
    auto opt = xg::optim::sgd{nn::parameters(net), {.lr = 0.1, .momentum = 0.9}};
    nn::freeze(net.in);
    const auto before = net.in.weight.clone();
    auto x = xg::randn<float>({5, 3}).requires_grad(true);
    opt.step_in_backward(xg::sum(net(x)));
    CHECK(xg::array_equal(net.in.weight, before));
    CHECK(x.has_grad());
    CHECK(opt.without_gradient() == std::vector<std::string>{"in.weight", "in.bias", "unused.weight", "unused.bias"});
}

TEST_CASE("gradients that were stored before count, those of parameters outside of this loss, too") {
    const auto begin = network{};
    auto ordinary = nn::clone(begin), merged = nn::clone(begin);
    auto first = xg::optim::sgd{nn::parameters(ordinary), {.lr = 0.1}}, second = xg::optim::sgd{nn::parameters(merged), {.lr = 0.1}};
    const auto x = xg::randn<float>({5, 3}), z = xg::randn<float>({4, 2});
    for (auto* const each : {&ordinary, &merged}) {
        xg::sum((*each)(x)).backward();
        xg::sum(each->unused(z)).backward();
    }
    xg::mean((ordinary)(x)).backward();
    first.step();
    second.step_in_backward(xg::mean(merged(x)));
    CHECK(equal(ordinary, merged));
    CHECK(second.without_gradient().empty());
    CHECK(!merged.unused.weight.has_grad());
}

TEST_CASE("a parameter that is used detached, or in a checkpoint, too, moves when nobody reads it any more") {
    struct {
        nn::linear<> below{3, 3}, above{3, 3};
    } begin;
    auto ordinary = nn::clone(begin), merged = nn::clone(begin);
    auto first = xg::optim::sgd{nn::parameters(ordinary), {.lr = 0.1}}, second = xg::optim::sgd{nn::parameters(merged), {.lr = 0.1}};
    const auto loss = [](const auto& net, const xg::tensor<float, 2>& x) {
        const auto h = xg::matmul(net.below(x), net.above.weight.detach());   // whose rule comes after that of `above`
        return xg::sum(net.above(xg::checkpoint([&net](const auto& v) { return xg::tanh(net.above(v)); }, h)));
    };
    for (auto step = 0; step < 3; ++step) {
        const auto x = xg::randn<float>({2, 3});
        first.zero_grad();
        loss(ordinary, x).backward();
        first.step();
        second.step_in_backward(loss(merged, x));
        CHECK(equal(ordinary, merged));
        CHECK(!merged.above.weight.has_grad());
    }
    CHECK(!equal(begin, merged));
}

TEST_CASE("two optimizers: one steps in the pass, the other after it") {
    auto net = network{};
    auto inner = xg::optim::sgd{nn::parameters(net.in), {.lr = 0.1}}, outer = xg::optim::sgd{nn::parameters(net.out), {.lr = 0.1}};
    const auto in = net.in.weight.clone(), out = net.out.weight.clone();
    inner.step_in_backward(xg::sum(net(xg::randn<float>({5, 3}))));
    CHECK(!xg::array_equal(net.in.weight, in));
    CHECK(xg::array_equal(net.out.weight, out));
    CHECK(net.out.weight.has_grad());
    outer.step();
    CHECK(!xg::array_equal(net.out.weight, out));
}

TEST_CASE("a gradient's memory goes back before the pass is over, and hooks see it") {
    auto net = nn::linear<>{4, 4};
    auto first = xg::tensor<float, 2>{xg::randn<float>({4, 4})};
    first.requires_grad(true);
    auto moved = std::vector<bool>{};
    const auto before = net.weight.clone();
    auto opt = xg::optim::sgd{nn::parameters(net), {.lr = 1}};
    const auto h = xg::matmul(xg::ones<float>({2, 4}), first);
    h.register_hook([&](const auto&) { moved.push_back(!xg::array_equal(net.weight, before) && !net.weight.has_grad()); });
    net.bias.register_hook([](const auto& dy) { return dy * 0; });
    const auto bias = net.bias.clone();
    opt.step_in_backward(xg::sum(net(h)));
    CHECK(moved == std::vector<bool>{true});   // the layer behind h had made its step when h's gradient came
    CHECK(xg::array_equal(net.bias, bias));
}

TEST_CASE("what throws in the middle leaves moved what had moved") {
    const auto failing = xg::custom("failing", [](const auto& x) { return x * 1; },
                                    [](const auto&, const auto&, const auto& x) -> xg::tensor<float, 2> {
                                        if (x.size() != 0) throw std::runtime_error{"no derivative today"};
                                        return x;
                                    });
    auto below = nn::linear<>{3, 3}, above = nn::linear<>{3, 3};
    const auto old_below = below.weight.clone(), old_above = above.weight.clone();
    auto opt = xg::optim::sgd{nn::parameters(below, above), {.lr = 0.1}};
    CHECK_THROWS_AS(opt.step_in_backward(xg::sum(above(failing(below(xg::ones<float>({2, 3})))))), std::runtime_error);
    CHECK(xg::array_equal(below.weight, old_below));
    CHECK(!xg::array_equal(above.weight, old_above));
    opt.step_in_backward(xg::sum(above(below(xg::ones<float>({2, 3})))));   // and the next one goes on
    CHECK(!xg::array_equal(below.weight, old_below));
}

TEST_CASE("what a later backward brings can be clipped, though it does not reach all that moved in the pass") {
    auto first = nn::linear<>{3, 2}, second = nn::linear<>{3, 2};
    auto opt = xg::optim::sgd{nn::parameters(first, second), {.lr = 0.1}};
    const auto x = xg::ones<float>({2, 3});
    opt.step_in_backward(xg::sum(first(x)) + xg::sum(second(x)));
    CHECK_THROWS_AS(xg::optim::clip_grad_norm(opt.parameters(), 1.0), xg::value_error);
    CHECK_THROWS_AS(xg::optim::clip_grad_value(opt.parameters(), 1.0), xg::value_error);
    xg::sum(second(x)).backward();   // 2 in each of 6 weights and 2 biases
    CHECK(xg::optim::clip_grad_norm(opt.parameters(), 1.0) == doctest::Approx(std::sqrt(8 * 4.0)));
    xg::optim::clip_grad_value(opt.parameters(), 0.125);
    CHECK(second.weight.grad()(0, 0) == 0.125f);
    CHECK(!first.weight.has_grad());
    CHECK_THROWS_AS(xg::optim::clip_grad_norm(nn::parameters(first), 1.0), xg::value_error);
}

TEST_CASE("what does not go with it says so") {
    auto net = nn::linear<>{3, 2};
    auto opt = xg::optim::sgd{nn::parameters(net), {.lr = 0.1}};
    const auto x = xg::ones<float>({2, 3});
    CHECK_THROWS_WITH_AS(opt.step_in_backward(net(x)), "[backward] only a scalar has a gradient without weights; the shape is (2, 2)",
                         xg::autograd_error);
    CHECK_THROWS_AS(opt.step_in_backward(xg::tensor<float>{xg::sum(x)}), xg::autograd_error);
    opt.step_in_backward(xg::sum(net(x)));
    CHECK_THROWS_WITH_AS(xg::optim::clip_grad_norm(opt.parameters(), 1.0),
                         "[clip_grad_norm] the gradient of weight is gone: step_in_backward has made the step with it; "
                         "to clip, call backward, then clip_grad_norm, then step",
                         xg::value_error);
    CHECK_THROWS_AS(xg::optim::clip_grad_value(opt.parameters(), 1.0), xg::value_error);
    opt.zero_grad();
    CHECK(xg::optim::clip_grad_norm(opt.parameters(), 1.0) == 0);
    xg::sum(net(x)).backward();
    CHECK(xg::optim::clip_grad_norm(opt.parameters(), 1.0) > 0);
    {
        auto gone = nn::linear<>{3, 2};
        net.weight = gone.weight;
    }
    CHECK_THROWS_AS(opt.step_in_backward(xg::sum(net(x))), xg::autograd_error);
}
