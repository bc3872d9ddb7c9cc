#include <doctest/doctest.h>

#include <xgrad/autograd/no_grad.hpp>
#include <xgrad/core/memory.hpp>
#include <xgrad/ops/arithmetic.hpp>
#include <xgrad/ops/math.hpp>
#include <xgrad/ops/reduce.hpp>
#include <xgrad/optim/sgd.hpp>

#include <cstddef>
#include <limits>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace xg = xgrad;
namespace optim = xgrad::optim;

namespace {

xg::parameter_list<double> list_of(const xg::tensor<double>& w) { return {{"w", w}}; }

/// A parameter that is led by the loss sum(c w): its gradient is c, at every step another.
struct run {
    explicit run(optim::sgd_options options) : opt{list_of(w), options} {}

    std::vector<double> steps(const std::vector<double>& gradients) {
        auto path = std::vector<double>{};
        for (const auto g : gradients) {
            opt.zero_grad();
            w.backward(xg::tensor<double>{g});
            opt.step();
            path.push_back(w.detach().item());
        }
        return path;
    }

    xg::tensor<double> w = xg::tensor<double>{2.0}.requires_grad(true);
    optim::sgd<double> opt;
};

void check_close(const std::vector<double>& a, const std::vector<double>& b) {
    REQUIRE(a.size() == b.size());
    for (auto i = std::size_t{0}; i < a.size(); ++i) CHECK(a[i] == doctest::Approx(b[i]).epsilon(1e-12));
}

/// PyTorch's rule, written out for one number.
std::vector<double> reference(optim::sgd_options o, const std::vector<double>& gradients) {
    auto path = std::vector<double>{};
    auto w = 2.0, v = 0.0;
    for (auto g : gradients) {
        g += o.weight_decay * w;
        if (o.momentum != 0) {
            v = path.empty() ? g : o.momentum * v + (1 - o.dampening) * g;
            g = o.nesterov ? g + o.momentum * v : v;
        }
        path.push_back(w -= o.lr * g);
    }
    return path;
}

}  // namespace

TEST_CASE("sgd: the equations") {
    const auto gradients = std::vector<double>{1, -2, 0.5, 3, 0.25};
    for (const auto& options :
         {optim::sgd_options{.lr = 0.1}, optim::sgd_options{.lr = 0.1, .weight_decay = 0.01},
          optim::sgd_options{.lr = 0.1, .momentum = 0.9},
          optim::sgd_options{.lr = 0.1, .momentum = 0.9, .dampening = 0.3},
          optim::sgd_options{.lr = 0.1, .momentum = 0.9, .weight_decay = 0.01, .nesterov = true}})
        check_close(run{options}.steps(gradients), reference(options, gradients));
}

TEST_CASE("sgd: figures from PyTorch 1.13") {
    // w = 2, gradients 1, -2, 0.5; SGD(lr=0.1, momentum=0.9, weight_decay=0.01, nesterov=True)
    check_close(run{{.lr = 0.1, .momentum = 0.9, .weight_decay = 0.01, .nesterov = true}}.steps({1, -2, 0.5}),
                {1.8062, 2.10014822, 2.0873369163819997});
}

TEST_CASE("sgd: the learning rate may change") {
    auto each = run{{.lr = 0.5}};
    CHECK(each.steps({1})[0] == 1.5);
    each.opt.lr(0.25);
    CHECK(each.opt.options().lr == 0.25);
    CHECK(each.steps({1})[0] == 1.25);
    CHECK_THROWS_AS(each.opt.lr(-1), xg::value_error);
}

TEST_CASE("sgd: options out of range") {
    const auto w = xg::tensor<double>{1.0}.requires_grad(true);
    CHECK_THROWS_WITH_AS((optim::sgd{list_of(w), {.lr = -0.5}}),
                         "[sgd] lr must be a number not below 0, got -0.5", xg::value_error);
    CHECK_THROWS_AS((optim::sgd{list_of(w), {.lr = std::numeric_limits<double>::quiet_NaN()}}), xg::value_error);
    CHECK_THROWS_AS((optim::sgd{list_of(w), {.lr = std::numeric_limits<double>::infinity()}}), xg::value_error);
    CHECK_THROWS_AS((optim::sgd{list_of(w), {.dampening = -std::numeric_limits<double>::quiet_NaN()}}),
                    xg::value_error);
    CHECK_THROWS_AS((optim::sgd{list_of(w), {.momentum = -1}}), xg::value_error);
    CHECK_THROWS_AS((optim::sgd{list_of(w), {.weight_decay = -1}}), xg::value_error);
    CHECK_THROWS_AS((optim::sgd{list_of(w), {.nesterov = true}}), xg::value_error);
    CHECK_THROWS_AS((optim::sgd{xg::parameter_list<double>{}, {}}), xg::value_error);
    CHECK_THROWS_AS((optim::sgd{list_of(w.detach()), {}}), xg::autograd_error);
    CHECK_THROWS_WITH_AS((optim::sgd{xg::parameter_list<double>{{"w", w}, {"v", w}}, {}}),
                         "[sgd] parameter v is the same tensor as w", xg::value_error);
}

TEST_CASE("a parameter without a gradient stays and is reported") {
    auto w = xg::tensor<float, 1>{{1, 2}}.requires_grad(true),
         v = xg::tensor<float, 1>{{3, 4}}.requires_grad(true);
    auto opt = optim::sgd{xg::parameter_list<float>{{"w", w}, {"v", v}},
                          {.lr = 1, .momentum = 0.5, .weight_decay = 1}};
    xg::sum(xg::square(w)).backward();
    opt.step();
    CHECK(w.detach()(0) == -2);
    CHECK(v.detach()(0) == 3);
    CHECK(opt.without_gradient() == std::vector<std::string>{"v"});
    REQUIRE(opt.state().size() == 1);
    CHECK(opt.state()[0].name() == "w.momentum");
    CHECK(opt.state()[0](0) == 3);
}

TEST_CASE("a frozen parameter stays as it is: no decay, no momentum") {
    auto w = xg::tensor<float, 1>{{1, 2}}.requires_grad(true),
         v = xg::tensor<float, 1>{{3, 4}}.requires_grad(true);
    auto opt = optim::sgd{xg::parameter_list<float>{{"w", w}, {"v", v}},
                          {.lr = 0.25, .momentum = 0.5, .weight_decay = 1}};
    const auto train = [&] {
        opt.zero_grad();
        xg::sum(w * v).backward();
        opt.step();
    };
    train();
    const auto before = v.clone();
    const auto momentum = opt.state()[1].clone();
    v.requires_grad(false);
    train();
    CHECK(opt.without_gradient() == std::vector<std::string>{"v"});
    CHECK(std::as_const(v)(0) == before(0));
    CHECK(opt.state()[1](0) == momentum(0));
    const auto moved = w.clone();
    v.requires_grad(true);
    train();
    CHECK(opt.without_gradient().empty());
    CHECK(std::as_const(w)(0) != moved(0));
    CHECK(v.detach()(0) != before(0));
}

TEST_CASE("a parameter that was replaced is found, before any other has moved") {
    struct layer {
        xg::tensor<float, 1> weight = xg::tensor<float, 1>{{1, 2}}.requires_grad(true);
        xg::tensor<float, 1> bias = xg::tensor<float, 1>{{3, 4}}.requires_grad(true);
    };
    const auto list = [](const layer& net) {
        return xg::parameter_list<float>{{"weight", net.weight}, {"bias", net.bias}};
    };
    const auto fails = [&](const auto& replace) {
        auto net = layer{};
        auto opt = optim::sgd{list(net), {.lr = 1}};
        xg::sum(net.weight * net.bias).backward();
        replace(net);
        const auto before = net.weight.clone();
        try {
            opt.step();
        } catch (const xg::autograd_error& error) {
            CHECK(std::string{error.what()}.starts_with("[step] parameter bias is held by this optimizer alone"));
            CHECK(std::as_const(net.weight)(0) == before(0));
            return true;
        }
        return false;
    };
    CHECK(fails([](layer& net) { net.bias = xg::tensor<float, 1>{{0, 0}}; }));
    CHECK(fails([](layer& net) {
        const auto guard = xg::no_grad{};
        net.bias = net.bias * 0.5f;
    }));
    CHECK(fails([](layer& net) { net.bias = xg::tensor<float, 1>{{0, 0}}.requires_grad(true); }));
    CHECK(fails([](layer& net) { net.bias = net.bias.detach(); }));
    CHECK_FALSE(fails([](layer& net) {
        const auto guard = xg::no_grad{};
        net.bias *= 0.5f;
    }));

    auto gone = std::make_unique<layer>();
    auto opt = optim::sgd{list(*gone), {.lr = 1}};
    gone.reset();
    CHECK_THROWS_AS(opt.step(), xg::autograd_error);
}

TEST_CASE("an optimizer moves") {
    auto w = xg::tensor<float, 1>{{1, 2}}.requires_grad(true);
    auto opt = optim::sgd{xg::parameter_list<float>{{"w", w}}, {.lr = 1}};
    auto moved = optim::sgd{std::move(opt)};
    xg::sum(w).backward();
    moved.step();
    CHECK(w.detach()(0) == 0);
}

TEST_CASE("the gradient is only read") {
    auto w = xg::tensor<float, 1>{{1, 2}}.requires_grad(true);
    auto opt = optim::sgd{xg::parameter_list<float>{{"w", w}}, {.lr = 1, .momentum = 0.5, .weight_decay = 1}};
    xg::sum(w).backward();
    opt.step();
    CHECK(w.grad()(0) == 1);
    opt.zero_grad();
    CHECK_FALSE(w.has_grad());
}

TEST_CASE("a step between forward and backward is found out") {
    auto w = xg::tensor<float, 1>{{1, 2}}.requires_grad(true);
    auto opt = optim::sgd{xg::parameter_list<float>{{"w", w}}, {.lr = 1}};
    xg::sum(w * w).backward();
    const auto loss = xg::sum(w * w);
    opt.step();
    CHECK_THROWS_AS(loss.backward(), xg::autograd_error);
}

TEST_CASE("a step asks the system for no memory once the state is there") {
    auto w = xg::tensor<float, 1>{std::vector<float>(1000, 1.0f), {1000}}.requires_grad(true);
    auto opt = optim::sgd{xg::parameter_list<float>{{"w", w}}, {.lr = 0.01, .momentum = 0.9}};
    const auto train = [&] {
        opt.zero_grad();
        xg::sum(xg::square(w)).backward();
        opt.step();
    };
    train();
    train();
    const auto before = xg::memory::stats().system_allocations;
    for (auto i = 0; i < 10; ++i) train();
    if (xg::memory::pooled) CHECK(xg::memory::stats().system_allocations == before);
}
