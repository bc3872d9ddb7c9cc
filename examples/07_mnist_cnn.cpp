// A small convolutional network that tells digits apart, trained with Adam on a third of MNIST's images, saved and loaded again.
// x: (b, 784) as (b, 1, 28, 28), then (b, 8, 14, 14), then (b, 16, 7, 7), then (b, 64), out: (b, 10)
//
// needs: mnist
//
//     ./07_mnist_cnn "$(sh examples/mnist/fetch.sh)"
#include <xgrad/xgrad.hpp>

#include <cstdio>
#include <exception>

namespace xg = xgrad;

struct network {
    xg::nn::conv2d<> conv1{1, 8, 3, {.padding = 1}};
    xg::nn::conv2d<> conv2{8, 16, 3, {.padding = 1}};
    xg::nn::max_pool2d pool{2};
    xg::nn::flatten<> flat;
    xg::nn::dropout drop{0.2};
    xg::nn::linear<> fc1{16 * 7 * 7, 64};
    xg::nn::linear<> fc2{64, 10};

    auto operator()(const auto& x) const {
        auto h = xg::reshape(x, {-1, 1, 28, 28});
        h = pool(conv1(h, xg::relu));
        h = pool(conv2(h, xg::relu));
        return fc2(drop(fc1(flat(h), xg::relu)));
    }
};

int main(int count, char** arguments) try {
    if (count != 2) {
        std::fprintf(stderr, "usage: %s FOLDER, of the files that examples/mnist/fetch.sh gets\n", arguments[0]);
        return 2;
    }
    xg::manual_seed(1);
    const auto train = xg::data::mnist<float>(arguments[1], xg::data::split::train);
    const auto test = xg::data::mnist<float>(arguments[1], xg::data::split::test);

    auto net = network{};
    std::printf("%zu parameters\n", xg::nn::parameter_count(net));
    auto opt = xg::optim::adam{xg::nn::parameters(net), {.lr = 2e-3}};
    auto steps = 0, correct = 0;
    for (auto [x, y] : xg::data::loader{train, {.batch_size = 100, .shuffle = true}}) {
        if (steps++ == 200) break;
        const auto loss = xg::cross_entropy(net(x), y);
        opt.zero_grad();
        loss.backward();
        opt.step();
    }

    xg::io::save(net, "digits_cnn.safetensors");
    auto loaded = network{};
    xg::io::load(loaded, "digits_cnn.safetensors");

    xg::nn::eval(loaded);   // no dropout any more
    const auto recording = xg::no_grad{};
    for (auto [x, y] : xg::data::loader{test, {.batch_size = 500}}) correct += static_cast<int>(xg::train::count_correct(loaded(x), y));
    std::printf("%zu images tested\n", test.size());
    std::printf("more than nine out of ten are right: %s\n", correct > 9000 ? "yes" : "no");
} catch (const std::exception& wrong) {
    std::fprintf(stderr, "%s: %s\n", arguments[0], wrong.what());
    return 1;
}
