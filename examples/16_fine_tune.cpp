// Weights out of PyTorch, fine-tuned: a network that learnt the digits 0 to 4 there learns 5 to 9 here, from a hundred images.
// Its last layer is replaced, and all others stay as they are. examples/pretrain.py made the file.
// x: (b, 784) as (b, 1, 28, 28), then (b, 8, 14, 14), (b, 16, 7, 7), (b, 32, 3, 3), out: (b, 5)
//
// tested on: data/digits.safetensors
// needs: mnist
//
//     ./16_fine_tune examples/data/digits.safetensors "$(sh examples/mnist/fetch.sh)"
//
// It writes tuned.safetensors, which PyTorch's network of these names loads.
#include <xgrad/xgrad.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdio>
#include <exception>

namespace xg = xgrad;
namespace nn = xgrad::nn;

// The names of the members are those of the PyTorch module.
struct network {
    nn::conv2d<> conv1{1, 8, 3, {.padding = 1}}, conv2{8, 16, 3, {.padding = 1}}, conv3{16, 32, 3, {.padding = 1}};
    nn::batch_norm2d<> bn1{8}, bn2{16}, bn3{32};
    nn::linear<> fc{288, 5};

    auto operator()(const auto& x) const {
        auto h = xg::reshape(x, {-1, 1, 28, 28});
        h = xg::max_pool2d(xg::relu(bn1(conv1(h))), 2);
        h = xg::max_pool2d(xg::relu(bn2(conv2(h))), 2);
        h = xg::max_pool2d(xg::relu(bn3(conv3(h))), 2);
        return fc(xg::flatten(h, 1));
    }
};

/// The images of 5 to 9, as classes 0 to 4; `most` of them.
auto upper_half(const auto& set, std::size_t most) {
    const auto all = xg::reshape(xg::nonzero(set.y >= 5), {-1});
    const auto which = xg::narrow(all, 0, std::min(most, all.size()), 0);
    return xg::data::tensor_dataset{xg::index_select(set.x, which, 0), xg::index_select(set.y, which, 0) - 5};
}

void learn(const network& net, const auto& set) {
    auto opt = xg::optim::adam{nn::parameters(net), {.lr = 5e-3}};   // of what is not frozen
    auto batches = xg::data::loader{set, {.batch_size = 25, .shuffle = true}};
    xg::train::fit(opt, batches, {.epochs = 20, .out = nullptr}, [&](const auto& x, const auto& y) { return xg::cross_entropy(net(x), y); });
}

double accuracy(network& net, const auto& set) {
    nn::eval(net);
    const auto recording = xg::no_grad{};
    auto meter = xg::train::accuracy_meter{};
    for (auto [x, y] : xg::data::loader{set, {.batch_size = 500}}) meter.add(net(x), y);
    return meter.value();
}

int main(int count, char** arguments) try {
    if (count != 3) {
        std::fprintf(stderr, "usage: %s WEIGHTS FOLDER, of the files that examples/mnist/fetch.sh gets\n", arguments[0]);
        return 2;
    }
    xg::manual_seed(1);
    const auto train = upper_half(xg::data::mnist<float>(arguments[2], xg::data::split::train), 100);
    const auto test = upper_half(xg::data::mnist<float>(arguments[2], xg::data::split::test), 10000);
    std::printf("%zu images to learn from, %zu to test\n", train.size(), test.size());

    auto net = network{};
    xg::io::load(net, arguments[1], {.layout = xg::io::layout::pytorch});
    nn::freeze(net);
    nn::eval(net);   // the running means of the batch norms stay as they are, too
    net.fc = nn::linear<>{288, 5};
    std::printf("%zu parameters are to learn\n", nn::parameter_count(net));
    learn(net, train);

    auto untaught = network{};   // learns everything from the same images
    learn(untaught, train);
    const auto right = accuracy(net, test), right_untaught = accuracy(untaught, test);
    std::fprintf(stderr, "right: %.2f %%; of a network that began with nothing %.2f %%\n", 100 * right, 100 * right_untaught);
    std::printf("more than nine of ten are right: %s\n", right > 0.9 ? "yes" : "no");
    std::printf("more than of a network that began with nothing: %s\n", right > right_untaught ? "yes" : "no");

    xg::io::save(net, "tuned.safetensors", {.layout = xg::io::layout::pytorch});
} catch (const std::exception& wrong) {
    std::fprintf(stderr, "%s: %s\n", arguments[0], wrong.what());
    return 1;
}
