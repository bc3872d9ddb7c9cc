// The MNIST network learns as in PyTorch: tests/data/record_mlp.py recorded the losses, and says how the numbers
// come about that both sides start from.
#include <doctest/doctest.h>

#include <xgrad/autograd/backward.hpp>
#include <xgrad/autograd/create.hpp>
#include <xgrad/nn/linear.hpp>
#include <xgrad/nn/module.hpp>
#include <xgrad/ops/activation.hpp>
#include <xgrad/ops/loss.hpp>
#include <xgrad/ops/take.hpp>
#include <xgrad/optim/sgd.hpp>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <fstream>
#include <locale>
#include <string>
#include <vector>

namespace xg = xgrad;

namespace {

/// SplitMix64, as multiples of 2^-24 in [0, 1).
class stream {
public:
    float uniform() {
        m_state += 0x9e3779b97f4a7c15u;
        auto z = (m_state ^ (m_state >> 30)) * 0xbf58476d1ce4e5b9u;
        z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
        return static_cast<float>((z ^ (z >> 31)) >> 40) * 0x1p-24f;
    }

private:
    std::uint64_t m_state = 0;
};

struct mlp {
    xg::nn::linear<> fc1{784, 512};
    xg::nn::linear<> fc2{512, 256};
    xg::nn::linear<> fc3{256, 10};

    auto operator()(const auto& x) const { return xg::relu(fc3(xg::relu(fc2(xg::relu(fc1(x)))))); }
};

}  // namespace

TEST_CASE("100 steps of the MNIST network: the losses are PyTorch's") {
    auto file = std::ifstream{std::string{XGRAD_TEST_DATA} + "/mlp_losses.txt"};
    file.imbue(std::locale::classic());
    auto expected = std::vector<double>{};
    for (auto loss = 0.0; file >> loss;) expected.push_back(loss);
    REQUIRE(expected.size() == 100);

    auto numbers = stream{};
    auto net = mlp{};
    for (auto* const layer : {&net.fc1, &net.fc2, &net.fc3}) {
        const auto bound = static_cast<float>(1 / std::sqrt(static_cast<double>(layer->weight.shape(0))));
        for (auto& w : layer->weight.span()) w = (2 * numbers.uniform() - 1) * bound;
        for (auto& b : layer->bias.span()) b = (2 * numbers.uniform() - 1) * bound;
    }
    auto pictures = xg::zeros<float>({10, 784});
    for (auto& pixel : pictures.span()) pixel = numbers.uniform();

    auto opt = xg::optim::sgd{xg::nn::parameters(net), {.lr = 0.2, .momentum = 0.9}};
    auto largest = 0.0;
    for (const auto recorded : expected) {
        auto labels = xg::zeros<std::int64_t>({64});
        for (auto& label : labels.span()) label = static_cast<std::int64_t>(10 * numbers.uniform());
        auto x = xg::take(pictures, labels);
        for (auto& pixel : x.span())
            if (pixel *= numbers.uniform(); pixel < 0.4f) pixel = 0;
        const auto loss = xg::mse_loss(net(x), xg::one_hot(labels, 10));
        opt.zero_grad();
        loss.backward();
        opt.step();
        largest = std::max(largest, std::fabs(static_cast<double>(loss.item()) / recorded - 1));
    }
    CAPTURE(largest);
    CHECK(largest < 1e-4);
    CHECK(expected.back() < expected.front() / 10);   // or it would say nothing about learning
}
