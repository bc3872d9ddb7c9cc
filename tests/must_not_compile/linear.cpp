// A layer called with another element type than its own.
//
// expect 1: the element types of nn::linear and of its input differ: convert the input, astype<float>(x)
// expect 2: or make the layer of the input's type, nn::linear<double>
#include <xgrad/nn/linear.hpp>
#include <xgrad/nn/sequential.hpp>
#include <xgrad/ops/activation.hpp>

void call(const xgrad::tensor<float, 2>& x, const xgrad::tensor<double, 2>& wide) {
    const auto layer = xgrad::nn::linear<>{2, 3};
    const auto net = xgrad::nn::sequential{xgrad::nn::linear<double>{2, 3}, xgrad::relu};
    layer(x);
    net(wide);
#if MUST_NOT_COMPILE == 1
    layer(wide);
#endif
#if MUST_NOT_COMPILE == 2
    net(x);
#endif
}
