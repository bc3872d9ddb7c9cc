// A program in a project of its own: a small network learns the sine, y = tanh(x W1 + b1) W2 + b2.
// x: (n, 1)  W1: (1, 32)  W2: (32, 1)  y: (n, 1)
#include <xgrad/xgrad.hpp>

#include <cmath>
#include <cstdio>

namespace xg = xgrad;

int main() {
    xg::manual_seed(1);
    const auto x = xg::reshape(xg::linspace(-3, 3, 121), {121, 1});
    auto target = x.clone();
    for (auto& value : target.span()) value = std::sin(value);

    const auto net = xg::nn::sequential{xg::nn::linear<>{1, 32}, xg::tanh, xg::nn::linear<>{32, 1}};
    auto opt = xg::optim::sgd{xg::nn::parameters(net), {.lr = 0.05, .momentum = 0.9}};
    for (auto step = 0; step < 2000; ++step) {
        const auto loss = xg::mse_loss(net(x), target);
        opt.zero_grad();
        loss.backward();
        opt.step();
    }
    const auto y = net(xg::tensor<float, 2>{{-1.5707963f}, {0}, {1.5707963f}});
    for (auto i = 0; i < 3; ++i) std::printf("%+.1f\n", std::round(10 * y(i, 0)) / 10 + 0.0f);
}
