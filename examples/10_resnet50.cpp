// ResNet-50 tells a thousand kinds of things apart in pictures: K. He, X. Zhang, S. Ren, J. Sun, "Deep residual learning for
// image recognition", 2016. Parameters have torchvision's names, so a file of its weights loads as it is.
// x: (b, 3, h, w)  stem (b, 64, h/4, w/4)  layers (b, 256, h/4, w/4), (b, 512, h/8, w/8), (b, 1024, h/16, w/16),
// (b, 2048, h/32, w/32)  out: (b, 1000)
//
//     ./10_resnet50                                                    random weights, a small picture
//     ./10_resnet50 --size 224 --batch 8 --weights resnet50.safetensors
//     ./10_resnet50 --weights resnet50.safetensors --input x.npy --output y.npy
//
// Times go to the standard error.
#include <xgrad/io/npy.hpp>
#include <xgrad/xgrad.hpp>

#include <chrono>
#include <cstddef>
#include <cstdio>
#include <exception>
#include <map>
#include <optional>
#include <set>
#include <stdexcept>
#include <string>
#include <vector>

namespace xg = xgrad;
namespace nn = xgrad::nn;

// Three convolutions, narrow in the middle, added to what came in. The stride is that of the second (torchvision's "V1.5").
struct bottleneck {
    nn::conv2d<> conv1;
    nn::batch_norm2d<> bn1;
    nn::conv2d<> conv2;
    nn::batch_norm2d<> bn2;
    nn::conv2d<> conv3;
    nn::batch_norm2d<> bn3;
    std::optional<nn::sequential<nn::conv2d<>, nn::batch_norm2d<>>> downsample;

    XGRAD_MEMBERS(conv1, bn1, conv2, bn2, conv3, bn3, downsample)

    bottleneck(std::size_t in, std::size_t width, std::size_t stride)
        : conv1{in, width, 1, {.bias = false}}, bn1{width},
          conv2{width, width, 3, {.stride = stride, .padding = 1, .bias = false}}, bn2{width},
          conv3{width, 4 * width, 1, {.bias = false}}, bn3{4 * width} {
        if (stride != 1 || in != 4 * width)
            downsample.emplace(nn::conv2d<>{in, 4 * width, 1, {.stride = stride, .bias = false}}, nn::batch_norm2d<>{4 * width});
    }

    auto operator()(const xg::tensor<float, 4>& x) const {
        auto h = xg::relu(bn1(conv1(x)));
        h = xg::relu(bn2(conv2(h)));
        h = bn3(conv3(h));
        return xg::relu(h + (downsample ? (*downsample)(x) : x));
    }
};

std::vector<bottleneck> stage(std::size_t in, std::size_t width, std::size_t blocks, std::size_t stride) {
    auto list = std::vector<bottleneck>{{in, width, stride}};
    while (list.size() < blocks) list.emplace_back(4 * width, width, 1);
    return list;
}

struct resnet50 {
    nn::conv2d<> conv1{3, 64, 7, {.stride = 2, .padding = 3, .bias = false}};
    nn::batch_norm2d<> bn1{64};
    nn::max_pool2d maxpool{3, {.stride = 2, .padding = 1}};
    std::vector<bottleneck> layer1 = stage(64, 64, 3, 1);
    std::vector<bottleneck> layer2 = stage(256, 128, 4, 2);
    std::vector<bottleneck> layer3 = stage(512, 256, 6, 2);
    std::vector<bottleneck> layer4 = stage(1024, 512, 3, 2);
    nn::adaptive_avg_pool2d avgpool{1};
    nn::linear<> fc{2048, 1000};

    auto operator()(const xg::tensor<float, 4>& x) const {
        auto h = maxpool(xg::relu(bn1(conv1(x))));
        for (const auto* layer : {&layer1, &layer2, &layer3, &layer4})
            for (const auto& block : *layer) h = block(h);
        return fc(xg::flatten(avgpool(h), 1));
    }
};

// Images per second, the best of some runs.
double speed(const auto& net, const xg::tensor<float, 4>& x) {
    using clock = std::chrono::steady_clock;
    auto best = 1e30, spent = 0.0;
    for (auto runs = 0; runs < 3 || spent < 1; ++runs) {
        const auto begin = clock::now();
        net(x);
        const auto seconds = std::chrono::duration<double>(clock::now() - begin).count();
        best = seconds < best ? seconds : best;
        spent += seconds;
        if (runs == 0 && seconds > 10) break;
    }
    return static_cast<double>(x.shape(0)) / best;
}

int main(int count, char** arguments) try {
    const auto options = std::set<std::string>{"--size", "--batch", "--weights", "--input", "--output"};
    auto given = std::map<std::string, std::string>{{"--size", "64"}, {"--batch", "1"}};
    for (auto i = 1; i < count; i += 2) {
        if (!options.contains(arguments[i]) || i + 1 == count)
            throw std::runtime_error{std::string{arguments[i]} + ": the options are --size, --batch, --weights, --input, --output, each with a value"};
        given[arguments[i]] = arguments[i + 1];
    }

    xg::manual_seed(1);
    auto net = resnet50{};
    if (given.contains("--weights")) xg::io::load(net, given["--weights"], {.layout = xg::io::layout::pytorch});
    nn::eval(net);
    const auto recording = xg::no_grad{};

    const auto size = std::stoul(given["--size"]), batch = std::stoul(given["--batch"]);
    const xg::tensor<float, 4> x = given.contains("--input") ? xg::io::load_npy<float>(given["--input"])
                                                             : xg::tensor<float>{xg::randn<float>({batch, 3, size, size})};
    const auto y = net(x);
    if (given.contains("--output")) xg::io::save_npy(y, given["--output"]);
    std::printf("%zu parameters\n", nn::parameter_count(net));
    const auto table = nn::summary(net, x);
    std::printf("%s", table.substr(0, table.find("layer1.1")).c_str());
    std::printf("...\n%s", table.substr(table.rfind('\n', table.size() - 2) + 1).c_str());

    const auto fused = nn::fuse(net, xg::narrow(x, 0, 1, 0));   // batch norms and activations inside the convolutions; for any batch
    const auto difference = xg::max(xg::abs(fused(x) - y)).item(), largest = xg::max(xg::abs(y)).item();
    std::printf("%zu operations; fused, %zu\n", xg::capture(net, x).operations.size(), fused.operations.size());
    std::printf("the fused network agrees: %s\n", difference <= 1e-4 * largest ? "yes" : "no");

    const auto all = xg::num_threads();
    for (const auto threads : {1, all}) {
        xg::set_num_threads(threads);
        std::fprintf(stderr, "%d thread%s: %.1f images per second, fused %.1f\n", threads, threads == 1 ? "" : "s", speed(net, x), speed(fused, x));
        if (all == 1) break;
    }
} catch (const std::exception& wrong) {
    std::fprintf(stderr, "%s: %s\n", arguments[0], wrong.what());
    return 1;
}
