// Whole layers and a convolutional network.
#include "cases.hpp"
#include "pictures.hpp"

#include <xgrad/nn/conv.hpp>
#include <xgrad/nn/flatten.hpp>
#include <xgrad/nn/gru.hpp>
#include <xgrad/nn/linear.hpp>
#include <xgrad/nn/lstm.hpp>
#include <xgrad/nn/pooling.hpp>
#include <xgrad/nn/transformer_encoder.hpp>
#include <xgrad/ops/activation.hpp>
#include <xgrad/ops/loss.hpp>
#include <xgrad/optim/adam.hpp>

#include <memory>
#include <string>
#include <vector>

namespace bench {

namespace {

struct cnn {
    xg::nn::conv2d<> conv1{1, 32, 3, {.padding = 1}}, conv2{32, 64, 3, {.padding = 1}};
    xg::nn::linear<> fc1{64 * 7 * 7, 128}, fc2{128, 10};
    xg::nn::max_pool2d pool{2};
    xg::nn::flatten<> flat;

    auto operator()(const auto& x) const {
        const auto h = pool(conv2(pool(conv1(x, xg::relu)), xg::relu));
        return fc2(fc1(flat(h), xg::relu));
    }
};

struct cnn_training {
    cnn net;
    xg::tensor<float, 4> x = pictures(cnn_input(cnn_training_batch));
    xg::tensor<std::int64_t, 1> labels{cnn_labels(), xg::shape{cnn_training_batch}};
    xg::optim::adam<float> opt;

    explicit cnn_training(double rate) : opt{xg::nn::parameters(net), {.lr = rate}} { fill(net); }

    auto step() {
        return take_step(opt, [&] { return xg::cross_entropy(net(x), labels); });
    }
};

std::vector<piece> compared_cnn() {
    auto trained = cnn_training{cnn_compared_rate};
    auto pieces = std::vector<piece>{{"loss", {trained.step().item()}}};
    for (auto& each : gradients_of(trained.net)) pieces.push_back(each);
    for (auto step = 1; step < compared_steps; ++step) pieces.push_back({"loss", {trained.step().item()}});
    return pieces;
}

void add_cnn() {
    add("layers/cnn/training", [] {
        auto trained = std::make_shared<cnn_training>(timed_rate);
        return work{[=] { trained->step(); }, compared_cnn};
    });
    for (const auto batch : cnn_batches) add_inference<cnn>("layers/cnn/inference/" + std::to_string(batch), cnn_input(batch));
}

}  // namespace

void add_layers() {
    add_cnn();
    add_layer("layers/transformer", encoder_input, [] {
        return xg::nn::transformer_encoder_layer<>{encoder_input[2], encoder_heads, {.feedforward = encoder_feedforward, .dropout = 0}};
    }, [](const auto& net, const auto& x) { return net(x); });
    const auto output = [](const auto& net, const auto& x) { return net(x).output; };
    add_layer("layers/lstm", recurrent_input, [] { return xg::nn::lstm<>{recurrent_input[2], recurrent_hidden}; }, output);
    add_layer("layers/gru", recurrent_input, [] { return xg::nn::gru<>{recurrent_input[2], recurrent_hidden}; }, output);
}

}  // namespace bench
