// A user's program that learns, for builds out of the ordinary: the exclusive or, and errors that are caught.
#include <xgrad/xgrad.hpp>

#include <cstdio>
#include <limits>

namespace xg = xgrad;

int main() {
    xg::manual_seed(1);
    const auto x = xg::tensor<float, 2>{{0, 0}, {0, 1}, {1, 0}, {1, 1}};
    const auto t = xg::tensor<float, 2>{{0}, {1}, {1}, {0}};
    const auto net = xg::nn::sequential{xg::nn::linear<>{2, 16}, xg::tanh, xg::nn::linear<>{16, 1}};
    auto opt = xg::optim::sgd{xg::nn::parameters(net), {.lr = 0.1, .momentum = 0.9}};
    for (auto step = 0; step < 300; ++step) {
        const auto loss = xg::mse_loss(net(x), t);
        opt.zero_grad();
        loss.backward();
        opt.step();
    }
    const auto loss = xg::mse_loss(net(x), t).item();
    std::printf("learnt: %s\n", loss < 0.01f ? "yes" : "no");
    std::printf("row by row: %s\n", x.value()(1, 0) == 0 && x.value()(0, 1) == 0 && x.value()(1, 1) == 1 ? "yes" : "no");
    try {
        xg::matmul(x, x);
    } catch (const xg::shape_error& error) {
        std::printf("%s\n", error.what());
    }
    try {
        opt.lr(std::numeric_limits<double>::quiet_NaN());
    } catch (const xg::value_error& error) {
        std::printf("%s\n", error.what());
    }
}
