// ResNet-50 (K. He et al., "Deep residual learning for image recognition", 2016), the stride in the 3 x 3 as torchvision has it.
#include "cases.hpp"
#include "pictures.hpp"

#include <xgrad/nn/batch_norm.hpp>
#include <xgrad/nn/conv.hpp>
#include <xgrad/nn/flatten.hpp>
#include <xgrad/nn/linear.hpp>
#include <xgrad/nn/pooling.hpp>
#include <xgrad/nn/sequential.hpp>
#include <xgrad/ops/activation.hpp>
#include <xgrad/ops/arithmetic.hpp>
#include <xgrad/ops/loss.hpp>
#include <xgrad/optim/sgd.hpp>

#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace bench {

namespace {

using images = xg::tensor<float, 4>;
using conv = xg::nn::conv2d<>;
using norm = xg::nn::batch_norm2d<>;

conv convolution(std::size_t in, std::size_t out, std::size_t kernel, std::size_t stride = 1) {
    return conv{in, out, kernel, {.stride = stride, .padding = kernel / 2, .bias = false}};
}

struct bottleneck {
    conv conv1, conv2, conv3;
    norm bn1, bn2, bn3;
    std::optional<xg::nn::sequential<conv, norm>> downsample{};

    bottleneck(std::size_t in, std::size_t width, std::size_t stride)
        : conv1{convolution(in, width, 1)}, conv2{convolution(width, width, 3, stride)}, conv3{convolution(width, 4 * width, 1)},
          bn1{width}, bn2{width}, bn3{4 * width} {
        if (in != 4 * width) downsample.emplace(convolution(in, 4 * width, 1, stride), norm{4 * width});
    }
    XGRAD_MEMBERS(conv1, conv2, conv3, bn1, bn2, bn3, downsample)

    images operator()(const images& x) const {
        auto h = xg::relu(bn1(conv1(x)));
        h = xg::relu(bn2(conv2(h)));
        return xg::relu(bn3(conv3(h)) + (downsample ? (*downsample)(x) : x));
    }
};

struct resnet50 {
    conv conv1 = convolution(3, 64, 7, 2);
    norm bn1{64};
    std::vector<bottleneck> layer1 = stage(64, 64, 3, 1), layer2 = stage(256, 128, 4, 2), layer3 = stage(512, 256, 6, 2),
                            layer4 = stage(1024, 512, 3, 2);
    xg::nn::linear<> fc{2048, resnet_classes};

    static std::vector<bottleneck> stage(std::size_t in, std::size_t width, int count, std::size_t stride) {
        auto blocks = std::vector<bottleneck>{};
        for (auto i = 0; i < count; ++i) blocks.emplace_back(i == 0 ? in : 4 * width, width, i == 0 ? stride : 1);
        return blocks;
    }

    auto operator()(const images& x) const {
        auto h = xg::nn::max_pool2d{3, {.stride = 2, .padding = 1}}(xg::relu(bn1(conv1(x))));
        for (const auto* const blocks : {&layer1, &layer2, &layer3, &layer4})
            for (const auto& block : *blocks) h = block(h);
        return fc(xg::nn::flatten<>{}(xg::nn::adaptive_avg_pool2d{1}(h)));
    }
};

struct training {
    resnet50 net;
    images x = pictures(resnet_input(resnet_training_batch));
    xg::tensor<std::int64_t, 1> labels{indices(resnet_training_batch, resnet_classes), xg::shape{resnet_training_batch}};
    xg::optim::sgd<float> opt{xg::nn::parameters(net), {.lr = timed_rate, .momentum = momentum}};

    training() { fill(net); }

    auto step(bool in_backward = false) {
        return take_step(opt, [&] { return xg::cross_entropy(net(x), labels); }, in_backward);
    }
};

/// Of the first step of a network of its own. One in the backward pass leaves no gradient, but it is what the momentum then is.
std::vector<piece> compared(bool in_backward) {
    auto trained = training{};
    auto pieces = std::vector<piece>{{"loss", {trained.step(in_backward).item()}}};
    for (const auto& [name, momentum_of] : trained.opt.state())
        if (name == "fc.weight.momentum") pieces.push_back({"fc.weight's gradient", engine::values_of(momentum_of)});
    return pieces;
}

}  // namespace

void add_resnet() {
    for (const auto batch : resnet_batches) add_inference<resnet50>("resnet50/inference/" + std::to_string(batch), resnet_input(batch));
    for (const auto in_backward : {false, true})
        add(in_backward ? "resnet50/training_in_backward" : "resnet50/training", [=] {
            auto trained = std::make_shared<training>();
            return work{[=] { trained->step(in_backward); }, [=] { return compared(in_backward); }};
        });
}

}  // namespace bench
