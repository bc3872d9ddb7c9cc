// A program for several ranks that is started as one.
#include <xgrad/distributed.hpp>
#include <xgrad/nn/linear.hpp>
#include <xgrad/ops/reduce.hpp>

#include <cstdio>

namespace xg = xgrad;

int main(int count, char** arguments) {
    auto world = xg::distributed::world{count, arguments};
    auto net = xg::nn::linear<>{3, 2};
    auto parallel = xg::distributed::data_parallel{world, net};
    parallel.backward(xg::sum(net(xg::ones<float>({1, 3}))), 1);
    std::printf("%zu rank, gradient %g\n", world.size(), static_cast<double>(net.bias.grad()(0)));
}
