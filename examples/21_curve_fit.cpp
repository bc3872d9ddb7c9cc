// A curve through measurements, by L-BFGS in double precision: y = b1 (1 - exp(-b2 x)), with the standard errors of b1 and b2
// out of the Jacobian. The data, the curve and the values that it should come out at are Misra1a of NIST's Statistical
// Reference Datasets for nonlinear regression (D. Misra, dental research, volume y at pressure x; public domain).
// x, y: (14)  p = (log b1, log b2): positive, and of one size though b1 is a million times b2
#include <xgrad/xgrad.hpp>

#include <cmath>
#include <cstdio>

namespace xg = xgrad;
using numbers = xg::tensor<double, 1>;

int main() {
    const auto x = numbers{77.6, 114.9, 141.1, 190.8, 239.9, 289.0, 332.8, 378.4, 434.8, 477.3, 536.8, 593.1, 689.1, 760.0};
    const auto y = numbers{10.07, 14.73, 17.94, 23.93, 29.61, 35.18, 40.02, 44.82, 50.76, 55.05, 61.01, 66.40, 75.47, 81.78};
    const auto curve = [&](const numbers& p) {
        const auto b = xg::unbind(xg::exp(p));
        return -b[0] * xg::expm1(-b[1] * x);
    };

    const auto p = numbers{std::log(500), std::log(1e-4)}.requires_grad(true);   // NIST's first starting point
    auto opt = xg::optim::lbfgs{xg::parameter_list<double>{{"p", p}},
                                {.max_iter = 100, .tolerance_change = 1e-14, .line_search = xg::optim::line_search::strong_wolfe}};
    auto evaluations = 0;
    const auto before = opt.step([&] {   // one step is the whole descent: it calls this as often as it needs
        ++evaluations;
        opt.zero_grad();
        const auto loss = xg::sum(xg::square(curve(p) - y));
        loss.backward();
        return loss;
    });

    // s^2 (J^T J)^-1 with s^2 = sum of squares / (n - 2) is the covariance of p; an error of log b is one of b, relatively.
    const auto recording = xg::no_grad{};
    const auto squares = xg::sum(xg::square(curve(p) - y)).item();
    const auto slopes = xg::jacobian(curve, p.detach());   // (14, 2)
    const auto covariance = xg::inv(xg::matmul(xg::transpose(slopes), slopes)) * (squares / 12);
    const auto error = [&](std::size_t i) { return std::exp(p(i)) * std::sqrt(covariance(i, i)); };

    std::printf("a hundred evaluations were enough: %s\n", evaluations <= 100 ? "yes" : "no");
    std::printf("sum of squares %.0f, then %.6f (NIST: 0.124551)\n", before, squares);
    std::printf("b1 = %.3f +- %.3f (NIST: 238.942 +- 2.707)\n", std::exp(p(0)), error(0));
    std::printf("b2 = %.4e +- %.2e (NIST: 5.5016e-04 +- 7.27e-06)\n", std::exp(p(1)), error(1));
}
