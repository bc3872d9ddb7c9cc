// A convolutional network without layers, in plain tensors and functions, that is right about 99 of 100 digits. Two
// convolutions, each halved by pooling, and two products; Adam, with a learning rate that falls to 0 along the cosine.
// x: (b, 1, 28, 28), then (b, 24, 14, 14), then (b, 48, 7, 7), as (b, 2352), then (b, 128), out: (b, 10)
//
// needs: mnist
//
//     ./09_mnist_functions "$(sh examples/mnist/fetch.sh)" 4     four epochs; without the number 100 steps
#include <xgrad/xgrad.hpp>

#include <cmath>
#include <cstddef>
#include <cstdio>
#include <cstdlib>
#include <exception>

namespace xg = xgrad;

// Weights whose results have the variance of their inputs after relu (He et al., 2015).
auto weights(const xg::shape& sizes, double inputs) {
    return xg::tensor<float>{xg::randn(sizes) * std::sqrt(2 / inputs)}.requires_grad(true);
}
auto zeros(std::size_t count) { return xg::tensor<float>{xg::zeros({count})}.requires_grad(true); }

struct network {
    xg::tensor<float> w1 = weights({24, 1, 5, 5}, 25), b1 = zeros(24);
    xg::tensor<float> w2 = weights({48, 24, 3, 3}, 24 * 9), b2 = zeros(48);
    xg::tensor<float> w3 = weights({48 * 7 * 7, 128}, 48 * 7 * 7), b3 = zeros(128);
    xg::tensor<float> w4 = weights({128, 10}, 128), b4 = zeros(10);

    auto parameters() const {
        return xg::parameter_list<float>{{"w1", w1}, {"b1", b1}, {"w2", w2}, {"b2", b2}, {"w3", w3}, {"b3", b3}, {"w4", w4}, {"b4", b4}};
    }
    xg::tensor<float> operator()(const xg::tensor<float>& images, bool training) const {
        auto h = xg::reshape(images, {-1, 1, 28, 28});
        h = xg::max_pool2d(xg::conv2d(h, w1, b1, {.padding = 2}, xg::relu), 2);
        h = xg::max_pool2d(xg::conv2d(h, w2, b2, {.padding = 1}, xg::relu), 2);
        const auto features = xg::linear(xg::reshape(h, {-1, 48 * 7 * 7}), w3, b3, xg::relu);
        return xg::linear(xg::dropout(features, {.p = 0.4, .training = training}), w4, b4);
    }
};

double accuracy(const network& net, const auto& test) {
    const auto recording = xg::no_grad{};
    auto correct = std::size_t{0};
    for (auto [x, y] : xg::data::loader{test, {.batch_size = 500}}) correct += xg::train::count_correct(net(x, false), y);
    return static_cast<double>(correct) / static_cast<double>(test.size());
}

int main(int count, char** arguments) try {
    const auto epochs = count == 3 ? std::atoi(arguments[2]) : 0;
    if ((count != 2 && count != 3) || (count == 3 && epochs <= 0)) {
        std::fprintf(stderr, "usage: %s FOLDER [EPOCHS], of the files that examples/mnist/fetch.sh gets\n", arguments[0]);
        return 2;
    }
    xg::manual_seed(1);
    const auto train = xg::data::mnist<float>(arguments[1], xg::data::split::train);
    const auto test = xg::data::mnist<float>(arguments[1], xg::data::split::test);
    auto batches = xg::data::loader{train, {.batch_size = 100, .shuffle = true}};

    const auto net = network{};
    auto opt = xg::optim::adam{net.parameters(), {.lr = 2e-3}};
    const auto steps = epochs == 0 ? std::size_t{100} : static_cast<std::size_t>(epochs) * train.size() / 100;
    auto plan = xg::optim::scheduler{opt, xg::optim::cosine_annealing_lr{.t_max = steps}};
    for (auto step = std::size_t{0}; step < steps;) {
        for (auto [x, y] : batches) {
            if (step++ == steps) break;
            const auto loss = xg::cross_entropy(net(x, true), y);
            opt.zero_grad();
            loss.backward();
            opt.step();
            plan.step();
        }
        if (epochs != 0) std::printf("%zu steps of %zu: %.2f %% are right\n", step, steps, 100 * accuracy(net, test));
    }
    std::printf("%zu images tested\n", test.size());
    std::printf("more than nine out of ten are right: %s\n", accuracy(net, test) > 0.9 ? "yes" : "no");
} catch (const std::exception& wrong) {
    std::fprintf(stderr, "%s: %s\n", arguments[0], wrong.what());
    return 1;
}
