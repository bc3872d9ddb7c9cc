// The first derivatives. What is computed from a tensor that asks for its gradient remembers how; `backward` goes the way back.
#include <xgrad/xgrad.hpp>

#include <cstdio>

namespace xg = xgrad;

int main() {
    auto x = xg::tensor<float, 1>{1, 2, 3}.requires_grad(true);
    const auto y = xg::sum(xg::square(x));   // y = x_1^2 + x_2^2 + x_3^2, so dy/dx_i = 2 x_i
    y.backward();
    std::printf("y = %.0f, gradient %.0f %.0f %.0f\n", y.item(), x.grad()(0), x.grad()(1), x.grad()(2));

    // Gradients add up until they are set back.
    xg::sum(3 * x).backward();
    std::printf("and with that of 3 x: %.0f %.0f %.0f\n", x.grad()(0), x.grad()(1), x.grad()(2));
    x.zero_grad();

    // The same as a function of a function, as often as you like.
    const auto cube = [](const auto& v) { return v * v * v; };
    const auto slope = xg::grad(cube);
    const auto curvature = xg::grad(slope);
    const auto at = xg::tensor<double, 0>{2};
    std::printf("v^3 at 2: slope %.0f, curvature %.0f\n", slope(at).item(), curvature(at).item());

    // Downhill, by hand: where is (w - 4)^2 smallest?
    auto w = xg::tensor<float, 0>{0.0f}.requires_grad(true);
    for (auto step = 0; step < 50; ++step) {
        xg::square(w - 4).backward();
        {
            const auto recording = xg::no_grad{};
            w -= 0.1f * w.grad();
        }
        w.zero_grad();
    }
    std::printf("w = %.2f\n", w.item());
}
