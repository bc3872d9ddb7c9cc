#include <doctest/doctest.h>

#include <xgrad/nn/linear.hpp>
#include <xgrad/nn/sequential.hpp>
#include <xgrad/nn/summary.hpp>
#include <xgrad/ops/activation.hpp>

#include <string>

namespace xg = xgrad;
namespace nn = xgrad::nn;

TEST_CASE("a summary names every parameter, its shape and its size") {
    const auto net = nn::sequential{nn::linear<>{784, 512}, xg::relu, nn::linear<>{512, 10, {.bias = false}}};
    const auto table = std::string{"parameter  shape       elements\n"
                                   "0.weight   (784, 512)    401408\n"
                                   "0.bias     (512,)           512\n"
                                   "2.weight   (512, 10)       5120\n"
                                   "all                      407040\n"};
    CHECK(nn::summary(net) == table);
    const auto with_input = nn::summary(net, {32, 784});
    CHECK(with_input.find("input      (32, 784)") != std::string::npos);
    CHECK(with_input.find("output     (32, 10)") != std::string::npos);
}
