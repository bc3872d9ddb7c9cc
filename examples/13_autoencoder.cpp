// An autoencoder: it learns to say a digit of 784 pixels in 16 numbers, and to draw it again from them.
// x: (b, 784)  encode: (b, 256), then the code (b, 16)  decode: (b, 256), then out: (b, 784), the pixels' logits
//
// needs: mnist
//
//     ./13_autoencoder "$(sh examples/mnist/fetch.sh)" 10     ten epochs; without the number a third of one
//
// It draws autoencoder.pgm: ten test images above, what became of them below.
#include <xgrad/data/write_pnm.hpp>
#include <xgrad/xgrad.hpp>

#include <cstdio>
#include <cstdlib>
#include <exception>

namespace xg = xgrad;

struct autoencoder {
    xg::nn::linear<> in1{784, 256}, in2{256, 16};
    xg::nn::linear<> out1{16, 256}, out2{256, 784};

    auto encode(const auto& x) const { return in2(in1(x, xg::relu)); }
    auto decode(const auto& code) const { return out2(out1(code, xg::relu)); }
    auto operator()(const auto& x) const { return decode(encode(x)); }
};

double difference(const xg::tensor<float, 2>& a, const xg::tensor<float, 2>& b) { return xg::mse_loss(a, b).item(); }

int main(int count, char** arguments) try {
    const auto epochs = count == 3 ? std::strtoul(arguments[2], nullptr, 10) : 1;
    if ((count != 2 && count != 3) || epochs == 0 || epochs > 1000) {
        std::fprintf(stderr, "usage: %s FOLDER [EPOCHS], of the files that examples/mnist/fetch.sh gets\n", arguments[0]);
        return 2;
    }
    xg::manual_seed(1);
    const auto all = xg::data::mnist<float>(arguments[1], xg::data::split::train).x;
    const auto test = xg::data::mnist<float>(arguments[1], xg::data::split::test).x;
    const auto train = count == 3 ? all : xg::narrow(all, 0, 20000, 0);

    auto net = autoencoder{};
    auto opt = xg::optim::adam{xg::nn::parameters(net), {.lr = 2e-3}};
    auto batches = xg::data::loader{xg::data::tensor_dataset{train}, {.batch_size = 100, .shuffle = true}};
    xg::train::fit(opt, batches, {.epochs = epochs, .out = stderr},   // no labels: the image is its own target
                   [&](const auto& x) { return xg::binary_cross_entropy_with_logits(net(x), x); });

    const auto recording = xg::no_grad{};
    const auto drawn = xg::sigmoid(net(test));
    const auto mean = xg::mean(train, 0, true);
    const auto error = difference(drawn, test), error_of_mean = difference(xg::broadcast_to(mean, {10000, 784}), test);
    std::fprintf(stderr, "mean square of the pixels' errors: %.4f, and %.4f where the mean of all images is drawn\n", error, error_of_mean);
    std::printf("16 numbers leave less than half of the error: %s\n", error < error_of_mean / 2 ? "yes" : "no");

    const auto rows = xg::concat({xg::narrow(test, 0, 10, 0), xg::narrow(drawn, 0, 10, 0)}, 0);
    const auto picture = xg::reshape(xg::permute(xg::reshape(rows, {2, 10, 28, 28}), {0, 2, 1, 3}), {2 * 28, 10 * 28});
    xg::data::write_pnm(picture, "autoencoder.pgm");
    std::printf("autoencoder.pgm has them: %zu x %zu pixels\n", picture.shape(1), picture.shape(0));
} catch (const std::exception& wrong) {
    std::fprintf(stderr, "%s: %s\n", arguments[0], wrong.what());
    return 1;
}
