// An operation of one's own, out of two functions: the value, and the gradient with respect to the input. Here the
// "squareplus" function, a smooth relu: y = (x + sqrt(x^2 + 4)) / 2, of any shape. gradcheck compares the gradient
// with differences of the value, in double, and finds the mistake in the second version.
#include <xgrad/xgrad.hpp>

#include <cstdio>

namespace xg = xgrad;

constexpr auto formula = [](const auto& x) { return (x + xg::sqrt(x * x + 4)) / 2; };

// dx = dy (1 + x / sqrt(x^2 + 4)) / 2
constexpr auto squareplus = xg::custom("squareplus", formula, [](const auto& dy, const auto& /*y*/, const auto& x) {
    return dy * (1 + x / xg::sqrt(x * x + 4)) / 2;
});

constexpr auto wrong = xg::custom("wrong", formula, [](const auto& dy, const auto& /*y*/, const auto& x) {
    return dy * (1 + x / xg::sqrt(x * x + 4));   // the half is missing
});

int main() {
    const auto x = xg::tensor<double, 1>{-3, -0.5, 0, 1, 4};
    std::printf("squareplus passes: %s\n", xg::gradcheck(squareplus, x) ? "yes" : "no");
    std::printf("its derivative is differentiable, too: %s\n", xg::gradgradcheck(squareplus, x) ? "yes" : "no");
    std::printf("the wrong one passes: %s\n", xg::gradcheck(wrong, x) ? "yes" : "no");

    // It is an operation like any other: of floats, and inside a network.
    const auto slope = xg::grad([](const auto& v) { return xg::sum(squareplus(v)); })(xg::tensor<float, 1>{-3, 0, 3});
    std::printf("slopes at -3, 0, 3: %.3f %.3f %.3f\n", slope(0), slope(1), slope(2));
}
