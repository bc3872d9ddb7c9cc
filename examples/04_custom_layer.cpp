// A layer of one's own: any callable struct is a module, and other modules can hold it. This one adds its input to
// what it makes of it, y = x + relu(x W + b), and a network puts three of them between two linear layers.
// x, y: (b, width)  W: (width, width)  b: (width)
#include <xgrad/xgrad.hpp>

#include <cstddef>
#include <cstdio>
#include <vector>

namespace xg = xgrad;

struct residual {
    xg::nn::linear<> inner;

    explicit residual(std::size_t width) : inner{width, width} {}
    XGRAD_MEMBERS(inner)   // only because of the constructor: an aggregate needs no list

    auto operator()(const auto& x) const { return x + xg::relu(inner(x)); }
};

struct network {
    xg::nn::linear<> first{1, 16};
    std::vector<residual> blocks{residual{16}, residual{16}, residual{16}};
    xg::nn::linear<> last{16, 1};

    auto operator()(const auto& x) const {
        auto h = first(x);
        for (const auto& block : blocks) h = block(h);
        return last(h);
    }
};

int main() {
    xg::manual_seed(1);
    const auto net = network{};
    for (const auto& [name, value] : xg::nn::named_parameters(net))
        std::printf("%-22s %zu numbers\n", name.c_str(), value.size());

    const auto x = xg::reshape(xg::linspace(-3, 3, 61), {61, 1});
    const auto target = xg::square(x) / 3;
    auto opt = xg::optim::sgd{xg::nn::parameters(net), {.lr = 0.01, .momentum = 0.9}};
    auto loss = xg::mse_loss(net(x), target);
    const auto before = loss.item();
    for (auto step = 0; step < 500; ++step) {
        opt.zero_grad();
        loss.backward();
        opt.step();
        loss = xg::mse_loss(net(x), target);
    }
    std::printf("after 500 steps the loss is below a hundredth of what it was: %s\n",
                loss.item() < before / 100 ? "yes" : "no");
}
