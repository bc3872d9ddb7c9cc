// A whole program that trains, as short as it gets: what compiling one takes.
#include <xgrad/xgrad.hpp>

#include <iostream>

namespace xg = xgrad;

int main() {
    auto net = xg::nn::sequential{xg::nn::linear<>{2, 16}, xg::tanh, xg::nn::linear<>{16, 1}};
    auto opt = xg::optim::sgd{xg::nn::parameters(net), {.lr = 0.1}};
    const auto x = xg::rand<float>({8, 2}), y = xg::rand<float>({8, 1});
    for (auto step = 0; step < 100; ++step) {
        auto loss = xg::mse_loss(net(x), y);
        opt.zero_grad();
        loss.backward();
        opt.step();
        if (step == 99) std::cout << loss.item() << '\n';
    }
}
