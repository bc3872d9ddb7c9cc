// minimal/xgrad.cpp in LibTorch's words.
#include <torch/torch.h>

#include <iostream>

int main() {
    auto net = torch::nn::Sequential(torch::nn::Linear(2, 16), torch::nn::Tanh(), torch::nn::Linear(16, 1));
    auto opt = torch::optim::SGD(net->parameters(), torch::optim::SGDOptions(0.1));
    const auto x = torch::rand({8, 2}), y = torch::rand({8, 1});
    for (auto step = 0; step < 100; ++step) {
        auto loss = torch::mse_loss(net->forward(x), y);
        opt.zero_grad();
        loss.backward();
        opt.step();
        if (step == 99) std::cout << loss.item<float>() << '\n';
    }
}
