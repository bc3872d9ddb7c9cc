// One hidden layer with relu: what no straight line can separate. y = relu(x W1 + b1) W2 + b2 learns exclusive
// or, which y = x W + b cannot.
// x: (4, 2)  W1: (2, 16)  W2: (16, 1)  y: (4, 1)
#include <xgrad/xgrad.hpp>

#include <cmath>
#include <cstdio>

namespace xg = xgrad;

void learn_and_print(const char* name, const auto& net) {
    const auto x = xg::tensor<float, 2>{{0, 0}, {0, 1}, {1, 0}, {1, 1}};
    const auto target = xg::tensor<float, 2>{{0}, {1}, {1}, {0}};
    auto opt = xg::optim::sgd{xg::nn::parameters(net), {.lr = 0.1, .momentum = 0.9}};
    for (auto step = 0; step < 500; ++step) {
        const auto loss = xg::mse_loss(net(x), target);
        opt.zero_grad();
        loss.backward();
        opt.step();
    }
    const auto y = net(x);
    std::printf("%s\n", name);
    const auto rounded = [](float number) { return std::round(10 * number) / 10 + 0.0f; };   // no -0.0
    for (auto i = 0; i < 4; ++i) std::printf("  %.0f xor %.0f = %.1f\n", x(i, 0), x(i, 1), rounded(y(i, 0)));
}

int main() {
    xg::manual_seed(1);
    learn_and_print("a straight line can do no better than one half:", xg::nn::linear<>{2, 1});
    learn_and_print("with a layer of 16 units and relu:",
                    xg::nn::sequential{xg::nn::linear<>{2, 16}, xg::relu, xg::nn::linear<>{16, 1}});
}
