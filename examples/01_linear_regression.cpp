// A line through points: y = w x + b, by gradient descent on the mean squared error.
// x: (n)  w, b: scalars  y: (n). The points lie on y = 2 x - 1, a little beside it, and w and b find that out.
#include <xgrad/xgrad.hpp>

#include <cstdio>

namespace xg = xgrad;

int main() {
    xg::manual_seed(1);
    const auto x = xg::linspace(-1, 1, 100);
    const auto target = 2 * x - 1 + 0.05 * xg::randn({100});

    auto w = xg::tensor<float, 0>{0.0f}.requires_grad(true);
    auto b = xg::tensor<float, 0>{0.0f}.requires_grad(true);
    auto opt = xg::optim::sgd{xg::parameter_list<float>{{"w", w}, {"b", b}}, {.lr = 0.1}};

    for (auto step = 0; step < 200; ++step) {
        const auto y = w * x + b;                      // forward
        const auto loss = xg::mse_loss(y, target);     // how far off
        opt.zero_grad();
        loss.backward();                               // d loss / d w, d loss / d b
        opt.step();                                    // a step downhill
    }
    std::printf("y = %.1f x %+.1f\n", w.item(), b.item());
}
