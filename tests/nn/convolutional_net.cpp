#include <doctest/doctest.h>

#include <xgrad/autograd/create.hpp>
#include <xgrad/nn/batch_norm.hpp>
#include <xgrad/nn/conv.hpp>
#include <xgrad/nn/dropout.hpp>
#include <xgrad/nn/flatten.hpp>
#include <xgrad/nn/linear.hpp>
#include <xgrad/nn/module.hpp>
#include <xgrad/nn/pooling.hpp>
#include <xgrad/ops/activation.hpp>
#include <xgrad/ops/loss/cross_entropy.hpp>
#include <xgrad/optim/adam.hpp>

#include <cstddef>
#include <cstdint>

namespace xg = xgrad;
namespace nn = xgrad::nn;

namespace {

// 8 x 8 pictures, a bar that lies or stands.
struct net {
    nn::conv2d<> conv1{1, 4, 3, {.padding = 1, .bias = false}};
    nn::batch_norm2d<> norm{4};
    nn::max_pool2d pool{2};
    nn::conv2d<> conv2{4, 8, 3};
    nn::flatten<> flat;
    nn::dropout drop{0.1};
    nn::linear<> fc{8, 2};

    auto operator()(const auto& x) const {
        const auto h = pool(xg::relu(norm(conv1(x))));
        return fc(drop(flat(pool(conv2(h, xg::relu)))));
    }
};

}  // namespace

TEST_CASE("a convolutional network learns, and keeps what it has learnt in evaluation") {
    xg::manual_seed(1);
    auto x = xg::randn<float>({32, 1, 8, 8});
    auto y = xg::zeros<std::int64_t>({32});
    for (auto n = std::size_t{0}; n < 32; ++n) {
        y(n) = static_cast<std::int64_t>(n % 2);
        for (auto i = std::size_t{0}; i < 8; ++i) (n % 2 == 0 ? x(n, 0, n / 2 % 8, i) : x(n, 0, i, n / 2 % 8)) += 4;
    }
    auto module = net{};
    CHECK(nn::parameter_count(module) == 36 + 8 + 296 + 18);
    auto opt = xg::optim::adam{nn::parameters(module), {.lr = 0.02}};
    auto first = 0.0f, last = 0.0f;
    for (auto step = 0; step < 40; ++step) {
        const auto loss = xg::cross_entropy(module(x), y);
        opt.zero_grad();
        loss.backward();
        opt.step();
        last = loss.item();
        if (step == 0) first = last;
    }
    CHECK(last < first / 3);
    CHECK(module.norm.num_batches_tracked.item() == 40);
    nn::eval(module);
    CHECK(xg::cross_entropy(module(x), y).item() < first / 2);
}
