// Training steps, inference, and graphs so small that only the bookkeeping counts.
#include "../digits.hpp"
#include "cases.hpp"
#include "engine.hpp"

#include <xgrad/autograd/no_grad.hpp>
#include <xgrad/data/loader.hpp>
#include <xgrad/data/mnist.hpp>
#include <xgrad/nn/linear.hpp>
#include <xgrad/nn/module.hpp>
#include <xgrad/ops/activation.hpp>
#include <xgrad/ops/arithmetic.hpp>
#include <xgrad/ops/loss.hpp>
#include <xgrad/ops/math.hpp>
#include <xgrad/optim/sgd.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace bench {

namespace {

struct mlp {
    xg::nn::linear<> fc1{784, 512}, fc2{512, 256}, fc3{256, 10};
    auto operator()(const auto& x) const { return fc3(fc2(fc1(x, xg::relu), xg::relu), xg::relu); }
};

struct small_net {
    xg::nn::linear<> fc1{2, 16}, fc2{16, 16}, fc3{16, 1};
    auto operator()(const auto& x) const { return fc3(xg::tanh(fc2(xg::tanh(fc1(x))))); }
};

template <class Net>
struct training {
    Net net;
    xg::tensor<float, 2> x, y;
    xg::optim::sgd<float> opt;

    training(const network& given, double rate, double mu)
        : x{given.x, xg::shape{given.batch, given.widths.front()}},
          y{given.y, xg::shape{given.batch, given.widths.back()}},
          opt{xg::nn::parameters(net), {.lr = rate, .momentum = mu}} {
        auto l = std::size_t{0};
        for (auto* layer : {&net.fc1, &net.fc2, &net.fc3}) {
            std::ranges::copy(given.weights[l], layer->weight.data());
            std::ranges::copy(given.biases[l++], layer->bias.data());
        }
    }

    auto step(bool in_backward = false) {
        return take_step(opt, [&] { return xg::mse_loss(net(x), y); }, in_backward);
    }
};

template <class Net>
std::vector<piece> compared(const network& given, double mu, bool in_backward) {
    auto first = training<Net>{given, compared_rate, mu};   // a step in the backward pass leaves no gradient
    first.step();
    auto pieces = gradients_of(first.net);
    auto trained = training<Net>{given, compared_rate, mu};
    for (auto step = 0; step < compared_steps; ++step) pieces.push_back({"loss", {trained.step(in_backward).item()}});
    for (const auto& [name, p] : xg::nn::named_parameters(trained.net)) pieces.push_back({name, engine::values_of(p)});
    return pieces;
}

template <class Net>
void add_training(const std::string& name, const std::function<network()>& given, double mu, bool in_backward = false) {
    add(name, [=] {
        auto trained = std::make_shared<training<Net>>(given(), timed_rate, mu);
        return work{[=] { trained->step(in_backward); }, [=] { return compared<Net>(given(), mu, in_backward); }};
    });
}

void add_inference(std::size_t batch) {
    add("inference/" + std::to_string(batch), [=] {
        auto given = std::make_shared<training<mlp>>(mnist_network(batch), timed_rate, 0);
        const auto run = [=] {
            const auto guard = xg::no_grad{};
            return given->net(given->x);
        };
        return timed(run, [](const auto& out) { return std::vector<piece>{{"out", engine::values_of(out)}}; });
    });
}

void add_chain() {
    add("chain", [] {
        auto start = xg::tensor<float, 0>{chain_start}.requires_grad(true);
        auto factor = xg::tensor<float, 0>{chain_factor}.requires_grad(true);
        const auto run = [=]() mutable {
            start.zero_grad();
            factor.zero_grad();
            auto y = start;
            for (auto i = 0; i < chain_length; ++i) y = xg::tanh(y * factor);
            y.backward();
            return y;
        };
        return timed(run, [=](const auto& y) {
            return std::vector<piece>{{"y", engine::values_of(y)},
                                      {"start's gradient", engine::gradient_of(start)},
                                      {"factor's gradient", engine::gradient_of(factor)}};
        });
    });
}

using digits = xg::data::labelled_images<std::uint8_t>;

digits read_digits() { return xg::data::mnist<std::uint8_t>(data_folder(), xg::data::split::train); }

/// One epoch, as examples/mnist trains.
void train(const digits& set, std::size_t batch, double rate) {
    auto batches = xg::data::loader{set, {.batch_size = batch, .shuffle = true, .seed = 1}};
    auto net = mlp{};
    auto opt = xg::optim::sgd{xg::nn::parameters(net), {.lr = rate, .momentum = momentum}};
    for (auto [x, y] : batches) {
        take_step(opt, [&] { return xg::mse_loss(net(xg::astype<float>(x) / 255), xg::one_hot(y, 10)); });
    }
}

}  // namespace

void add_networks() {
    for (const auto batch : mnist_batches) {
        add_training<mlp>("training/" + std::to_string(batch), [=] { return mnist_network(batch); }, momentum);
        add_inference(batch);
    }
    add_training<mlp>("training_in_backward/1", [] { return mnist_network(1); }, momentum, true);
    add_training<small_net>("small", [] { return small_network(1); }, 0);
    add_chain();
    add("digits", [] { return work{[] { train(read_digits(), 200, 0.01); }, {}}; });
    add("epoch/100", [] { return work{[set = read_digits()] { train(set, 100, 0.01); }, {}}; });
}

}  // namespace bench
