// The networks to choose from: what they compute, how they begin, and their loss.
#pragma once

#include <xgrad/xgrad.hpp>

#include <cstddef>

constexpr auto classes = std::size_t{10};

/// The course's:  x (b, 784)  h1 (b, 512)  h2 (b, 256)  out (b, 10), one relu after each layer, the last one, too.
struct mlp {
    static constexpr auto description = "784-512-256-10";

    xgrad::nn::linear<> fc1{784, 512};
    xgrad::nn::linear<> fc2{512, 256};
    xgrad::nn::linear<> fc3{256, classes, {.bias_init = 1.0 / classes}};

    auto operator()(const auto& x) const {
        const auto h1 = xgrad::relu(fc1(x));
        const auto h2 = xgrad::relu(fc2(h1));
        return xgrad::relu(fc3(h2));
    }

    static auto loss(const auto& out, const auto& y) { return xgrad::mse_loss(out, xgrad::one_hot(y, classes)); }

    /// At first every output is 1/10 for every image: the mean of the labels. So each output unit starts on the slope
    /// of its relu, not beyond the kink, from where no gradient would bring it back.
    static mlp untrained() {
        auto net = mlp{};
        xgrad::nn::init::zeros(net.fc3.weight);
        return net;
    }
};

/// A convolutional one:  x (b, 784) as (b, 1, 28, 28)  h1 (b, 24, 14, 14)  h2 (b, 48, 7, 7)  h3 (b, 128)  out (b, 10), logits.
struct cnn {
    static constexpr auto description = "two convolutions, 24 and 48 channels, and 2352-128-10";

    xgrad::nn::conv2d<> conv1{1, 24, 5, {.padding = 2}};
    xgrad::nn::batch_norm2d<> bn1{24};
    xgrad::nn::conv2d<> conv2{24, 48, 3, {.padding = 1}};
    xgrad::nn::batch_norm2d<> bn2{48};
    xgrad::nn::max_pool2d pool{2};
    xgrad::nn::linear<> fc1{48 * 7 * 7, 128};
    xgrad::nn::dropout drop{0.4};
    xgrad::nn::linear<> fc2{128, classes};

    auto operator()(const auto& x) const {
        const auto images = xgrad::reshape(x, {-1, 1, 28, 28});
        const auto h1 = xgrad::relu(bn1(pool(conv1(images))));
        const auto h2 = xgrad::relu(bn2(pool(conv2(h1))));
        const auto h3 = fc1(xgrad::flatten(h2, 1), xgrad::relu);
        return fc2(drop(h3));
    }

    static auto loss(const auto& out, const auto& y) { return xgrad::cross_entropy(out, y); }

    static cnn untrained() { return {}; }
};
