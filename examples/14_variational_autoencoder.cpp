// A variational autoencoder: it learns a distribution of digits, and draws new ones. D. P. Kingma, M. Welling, "Auto-encoding
// variational Bayes", 2014.
// x: (b, 784)  h: (b, 400)  mean, log_var: (b, 10)  z = mean + exp(log_var / 2) e, e ~ N(0, 1)  out: (b, 784), logits
//
// The loss is a bound on -ln p(x), in nats an image: what is lost of the pixels, and how far the code is from N(0, 1).
//
// needs: mnist
//
//     ./14_variational_autoencoder "$(sh examples/mnist/fetch.sh)" 20     twenty epochs; without the number a third of one
//
// It draws vae.pgm: ten rows of ten digits that nobody wrote.
#include <xgrad/data/write_pnm.hpp>
#include <xgrad/xgrad.hpp>

#include <cstdio>
#include <cstdlib>
#include <exception>
#include <utility>

namespace xg = xgrad;

struct variational_autoencoder {
    xg::nn::linear<> in{784, 400};
    xg::nn::linear<> to_mean{400, 10}, to_log_var{400, 10};
    xg::nn::linear<> out1{10, 400}, out2{400, 784};

    auto decode(const auto& z) const { return out2(out1(z, xg::relu)); }

    /// {reconstruction, divergence}, each the mean of the images. z is drawn so that gradients reach mean and log_var.
    auto losses(const auto& x) const {
        const auto h = in(x, xg::relu);
        const auto mean = to_mean(h), log_var = to_log_var(h);
        const auto z = mean + xg::exp(log_var / 2) * xg::randn<float>(mean.shape());
        const auto images = static_cast<double>(x.shape(0));
        const auto lost = xg::binary_cross_entropy_with_logits(decode(z), x, {.reduction = xg::reduction::sum}) / images;
        const auto divergence = xg::sum(xg::exp(log_var) + xg::square(mean) - 1 - log_var) / (2 * images);
        return std::pair{lost, divergence};
    }
};

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

    auto net = variational_autoencoder{};
    auto opt = xg::optim::adam{xg::nn::parameters(net), {.lr = 1e-3}};
    auto batches = xg::data::loader{xg::data::tensor_dataset{train}, {.batch_size = 100, .shuffle = true}};
    xg::train::fit(opt, batches, {.epochs = epochs, .out = stderr}, [&](const auto& x) {
        const auto [lost, divergence] = net.losses(x);
        return lost + divergence;
    });

    const auto recording = xg::no_grad{};
    const auto [lost, divergence] = net.losses(test);
    std::fprintf(stderr, "test images: %.1f nats, %.1f of them the divergence\n", lost.item() + divergence.item(), divergence.item());
    std::printf("the bound is below 170 nats an image: %s\n", lost.item() + divergence.item() < 170 ? "yes" : "no");
    std::printf("the code tells something, more than 5 nats: %s\n", divergence.item() > 5 ? "yes" : "no");

    const auto drawn = xg::sigmoid(net.decode(xg::randn<float>({100, 10})));
    xg::data::write_pnm(xg::reshape(xg::permute(xg::reshape(drawn, {10, 10, 28, 28}), {0, 2, 1, 3}), {280, 280}), "vae.pgm");
    std::printf("vae.pgm has a hundred new ones\n");
} catch (const std::exception& wrong) {
    std::fprintf(stderr, "%s: %s\n", arguments[0], wrong.what());
    return 1;
}
