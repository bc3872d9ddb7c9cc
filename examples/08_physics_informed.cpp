// A network that learns the sine from its differential equation alone: u'' = -u, u(0) = 0, u'(0) = 1. The loss is how far
// u misses these, so that it has second derivatives by the input in it, and its gradient third ones.
// x: (n, 1)  h = tanh(x W1 + b1), tanh(h W2 + b2): (n, 24)  u = h W3 + b3: (n, 1)
#include <xgrad/xgrad.hpp>

#include <cmath>
#include <cstdio>

namespace xg = xgrad;

using matrix = xg::tensor<double, 2>;

struct network {
    xg::nn::linear<double> fc1{1, 24};
    xg::nn::linear<double> fc2{24, 24};
    xg::nn::linear<double> fc3{24, 1};

    auto operator()(const auto& x) const { return fc3(xg::tanh(fc2(xg::tanh(fc1(x))))); }
};

// Every row of u depends on its own row of x alone; so the gradient of the sum is u' of each.
auto derivative_of(const auto& u) {
    return xg::grad([u](const matrix& x) { return xg::sum(u(x)); });
}

int main() {
    xg::manual_seed(1);
    const auto u = network{};
    const auto slope = derivative_of(u);
    const auto curvature = derivative_of(slope);

    const auto x = xg::reshape(xg::linspace<double>(0, 6, 61), {61, 1});
    const auto start = matrix{{0}};
    const auto loss_of = [&] {
        const auto equation = xg::mean(xg::square(curvature(x) + u(x)));
        return equation + xg::sum(xg::square(u(start))) + xg::sum(xg::square(slope(start) - 1));
    };
    auto opt = xg::optim::lbfgs{xg::nn::parameters(u), {.max_iter = 400, .line_search = xg::optim::line_search::strong_wolfe}};
    opt.step([&] {
        opt.zero_grad();
        auto loss = loss_of();
        loss.backward();
        return loss;
    });

    const auto learnt = u(x);
    auto largest = 0.0;
    for (auto i = 0; i < 61; ++i) largest = std::fmax(largest, std::fabs(learnt(i, 0) - std::sin(x(i, 0))));
    const auto rounded = [](double number) { return std::round(10 * number) / 10 + 0.0; };   // no -0.0
    for (auto i = 0; i <= 60; i += 10)
        std::printf("u(%.0f) = %4.1f, sin(%.0f) = %4.1f\n", x(i, 0), rounded(learnt(i, 0)), x(i, 0), rounded(std::sin(x(i, 0))));
    std::printf("nowhere further from the sine than a hundredth: %s\n", largest < 0.01 ? "yes" : "no");
}
