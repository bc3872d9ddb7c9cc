// ResNet-50 as torchvision has it, in LibTorch's modules.
#include "torch.hpp"

#include <memory>
#include <string>
#include <vector>

namespace bench {

namespace {

torch::nn::Conv2d convolution(std::int64_t in, std::int64_t out, std::int64_t kernel, std::int64_t stride = 1) {
    return torch::nn::Conv2d{torch::nn::Conv2dOptions(in, out, kernel).stride(stride).padding(kernel / 2).bias(false)};
}

struct bottleneck_impl : torch::nn::Module {
    torch::nn::Conv2d conv1, conv2, conv3;
    torch::nn::BatchNorm2d bn1, bn2, bn3;
    torch::nn::Sequential downsample{nullptr};

    bottleneck_impl(std::int64_t in, std::int64_t width, std::int64_t stride)
        : conv1{convolution(in, width, 1)}, conv2{convolution(width, width, 3, stride)}, conv3{convolution(width, 4 * width, 1)},
          bn1{width}, bn2{width}, bn3{4 * width} {
        register_module("conv1", conv1);
        register_module("conv2", conv2);
        register_module("conv3", conv3);
        register_module("bn1", bn1);
        register_module("bn2", bn2);
        register_module("bn3", bn3);
        if (in != 4 * width)
            downsample = register_module("downsample",
                                         torch::nn::Sequential{convolution(in, 4 * width, 1, stride), torch::nn::BatchNorm2d{4 * width}});
    }

    torch::Tensor forward(const torch::Tensor& x) {
        auto h = bn1(conv1(x)).relu_();
        h = bn2(conv2(h)).relu_();
        h = bn3(conv3(h));
        h += downsample.is_empty() ? x : downsample->forward(x);
        return h.relu_();
    }
};

struct resnet50 : torch::nn::Module {
    torch::nn::Conv2d conv1 = convolution(3, 64, 7, 2);
    torch::nn::BatchNorm2d bn1{64};
    std::vector<torch::nn::Sequential> stages;
    torch::nn::Linear fc{2048, static_cast<std::int64_t>(resnet_classes)};

    resnet50() {
        register_module("conv1", conv1);
        register_module("bn1", bn1);
        add_stage(64, 64, 3, 1);
        add_stage(256, 128, 4, 2);
        add_stage(512, 256, 6, 2);
        add_stage(1024, 512, 3, 2);
        register_module("fc", fc);
        fill(*this);
    }

    torch::Tensor forward(const torch::Tensor& x) {
        auto h = torch::max_pool2d(bn1(conv1(x)).relu_(), 3, 2, 1);
        for (auto& stage : stages) h = stage->forward(h);
        return fc(torch::adaptive_avg_pool2d(h, {1, 1}).flatten(1));
    }

private:
    void add_stage(std::int64_t in, std::int64_t width, int count, std::int64_t stride) {
        auto blocks = torch::nn::Sequential{};
        for (auto i = 0; i < count; ++i)
            blocks->push_back(std::make_shared<bottleneck_impl>(i == 0 ? in : 4 * width, width, i == 0 ? stride : 1));
        stages.push_back(register_module("layer" + std::to_string(stages.size() + 1), blocks));
    }
};

struct training {
    resnet50 net;
    torch::Tensor x = pictures(resnet_input(resnet_training_batch));
    torch::Tensor labels = torch::tensor(indices(resnet_training_batch, resnet_classes), torch::kInt64);
    torch::optim::SGD opt{net.parameters(), torch::optim::SGDOptions(timed_rate).momentum(momentum)};

    torch::Tensor step() { return take_step(net, opt, x, labels); }
};

/// Of a network of its own: the timed one, which two rows of the table ask for, has made its steps by then.
std::vector<piece> compared() {
    auto trained = training{};
    const auto loss = trained.step().item<float>();
    return {{"loss", {loss}}, {"fc.weight's gradient", values_of(in_our_order(trained.net.fc->weight.grad()))}};
}

}  // namespace

void add_resnet() {
    for (const auto batch : resnet_batches) add_inference<resnet50>("resnet50/inference/" + std::to_string(batch), resnet_input(batch));
    add("resnet50/training", [] {
        auto trained = std::make_shared<training>();
        return work{[=] { trained->step(); }, compared};
    });
}

}  // namespace bench
