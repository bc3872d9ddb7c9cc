// LibTorch's layers, a convolutional network of them, and its optimizer.
#include "torch.hpp"

#include <memory>
#include <string>
#include <vector>

namespace bench {

namespace {

std::vector<piece> gradients_of(const torch::nn::Module& net) {
    auto pieces = std::vector<piece>{};
    for (const auto& p : net.named_parameters()) pieces.push_back({p.key() + "'s gradient", values_of(in_our_order(p.value().grad()))});
    return pieces;
}

// ---- the convolutional network -------------------------------------------------------------------------

struct cnn : torch::nn::Module {
    torch::nn::Conv2d conv1{torch::nn::Conv2dOptions(1, 32, 3).padding(1)}, conv2{torch::nn::Conv2dOptions(32, 64, 3).padding(1)};
    torch::nn::Linear fc1{64 * 7 * 7, 128}, fc2{128, 10};

    cnn() {
        register_module("conv1", conv1);
        register_module("conv2", conv2);
        register_module("fc1", fc1);
        register_module("fc2", fc2);
        fill(*this);
    }
    torch::Tensor forward(const torch::Tensor& x) {
        auto h = torch::max_pool2d(torch::relu(conv1(x)), 2);
        h = torch::max_pool2d(torch::relu(conv2(h)), 2);
        return fc2(torch::relu(fc1(h.flatten(1))));
    }
};

struct cnn_training {
    cnn net;
    torch::Tensor x = pictures(cnn_input(cnn_training_batch)), labels = torch::tensor(cnn_labels(), torch::kInt64);
    torch::optim::Adam opt;

    explicit cnn_training(double rate) : opt{net.parameters(), torch::optim::AdamOptions(rate)} {}

    torch::Tensor step() { return take_step(net, opt, x, labels); }
};

std::vector<piece> compared_cnn() {
    auto trained = cnn_training{cnn_compared_rate};
    auto pieces = std::vector<piece>{{"loss", {trained.step().item<float>()}}};
    for (auto& each : gradients_of(trained.net)) pieces.push_back(each);
    for (auto step = 1; step < compared_steps; ++step) pieces.push_back({"loss", {trained.step().item<float>()}});
    return pieces;
}

void add_cnn() {
    add("layers/cnn/training", [] {
        auto trained = std::make_shared<cnn_training>(timed_rate);
        return work{[=] { trained->step(); }, compared_cnn};
    });
    for (const auto batch : cnn_batches) add_inference<cnn>("layers/cnn/inference/" + std::to_string(batch), cnn_input(batch));
}

// ---- layers --------------------------------------------------------------------------------------------

/// Forward, and backward for the gradients of x and of all parameters.     call(net, x) is y
template <class Net, class Call>
void add_layer(const std::string& name, const sizes& x_sizes, Net (*make)(), Call call) {
    add(name, [=] {
        auto net = make();
        fill(*net);
        auto x = engine::make(numbers(elements(x_sizes), 1), x_sizes, true);
        const auto y_sizes = engine::sizes_of(call(net, x));
        const auto dy = engine::make(numbers(elements(y_sizes), 2), y_sizes, false);
        const auto run = [=]() mutable {
            forget(x);
            forget_all(*net);
            auto y = call(net, x);
            y.backward(dy);
            return y;
        };
        return timed(run, [=](const auto& y) {
            auto pieces = gradients_of(*net);
            pieces.push_back({"y", values_of(y)});
            pieces.push_back({"dx", values_of(x.grad())});
            return pieces;
        });
    });
}

/// Its sequences are (length, batch, width): x, which is ours, goes in and y comes out as a view.
torch::Tensor encoded(torch::nn::TransformerEncoderLayer& net, const torch::Tensor& x) {
    return net(x.transpose(0, 1)).transpose(0, 1);
}
torch::nn::TransformerEncoderLayer encoder() {
    return torch::nn::TransformerEncoderLayer{
        torch::nn::TransformerEncoderLayerOptions(static_cast<std::int64_t>(encoder_input[2]), encoder_heads)
            .dim_feedforward(encoder_feedforward).dropout(0)};
}

torch::nn::LSTM lstm() {
    return torch::nn::LSTM{torch::nn::LSTMOptions(static_cast<std::int64_t>(recurrent_input[2]), recurrent_hidden).batch_first(true)};
}
torch::nn::GRU gru() {
    return torch::nn::GRU{torch::nn::GRUOptions(static_cast<std::int64_t>(recurrent_input[2]), recurrent_hidden).batch_first(true)};
}

// ---- the optimizer -------------------------------------------------------------------------------------

struct many {
    torch::Tensor weight = tensor(numbers(adam_count, 1), sizes{adam_count}).requires_grad_();
    torch::optim::Adam opt;

    explicit many(double rate) : opt{std::vector<torch::Tensor>{weight}, torch::optim::AdamOptions(rate)} {
        weight.mutable_grad() = tensor(numbers(adam_count, 2), sizes{adam_count});
    }
};

void add_optimizer() {
    add("optimizers/adam/" + std::to_string(adam_count), [] {
        auto timed_one = std::make_shared<many>(timed_rate);
        return work{[=] { timed_one->opt.step(); }, [] {
                        auto compared = many{compared_rate};
                        for (auto step = 0; step < compared_steps; ++step) compared.opt.step();
                        return std::vector<piece>{{"weight", values_of(compared.weight)}};
                    }};
    });
}

}  // namespace

void add_layers() {
    add_cnn();
    add_layer("layers/transformer", encoder_input, encoder, [](auto net, const auto& x) { return encoded(net, x); });
    const auto output = [](auto net, const auto& x) { return std::get<0>(net(x)); };
    add_layer("layers/lstm", recurrent_input, lstm, output);
    add_layer("layers/gru", recurrent_input, gru, output);
    add_optimizer();
}

}  // namespace bench
