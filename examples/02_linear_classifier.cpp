// One layer that tells digits apart: out = x W + b, trained on MNIST with the squared error to one-hot labels;
// the prediction is the largest output.
// x: (b, 784)  W: (784, 10)  b: (10)  out: (b, 10)
//
// needs: mnist
//
//     ./02_linear_classifier "$(sh examples/mnist/fetch.sh)"
#include <xgrad/xgrad.hpp>

#include <cstdio>
#include <exception>

namespace xg = xgrad;

int main(int count, char** arguments) try {
    if (count != 2) {
        std::fprintf(stderr, "usage: %s FOLDER, of the files that examples/mnist/fetch.sh gets\n", arguments[0]);
        return 2;
    }
    xg::manual_seed(1);
    const auto train = xg::data::mnist<float>(arguments[1], xg::data::split::train);
    const auto test = xg::data::mnist<float>(arguments[1], xg::data::split::test);
    auto batches = xg::data::loader{train, {.batch_size = 100, .shuffle = true}};

    const auto layer = xg::nn::linear<>{784, 10};
    auto opt = xg::optim::sgd{xg::nn::parameters(layer), {.lr = 0.2}};
    for (auto [x, y] : batches) {   // every image once
        const auto loss = xg::mse_loss(layer(x), xg::one_hot(y, 10));
        opt.zero_grad();
        loss.backward();
        opt.step();
    }
    const auto accuracy = xg::train::accuracy(layer(test.x), test.y);
    std::printf("%zu images learnt, %zu tested\n", train.size(), test.size());
    std::printf("more than four out of five are right: %s\n", accuracy > 0.8 ? "yes" : "no");
} catch (const std::exception& wrong) {
    std::fprintf(stderr, "%s: %s\n", arguments[0], wrong.what());
    return 1;
}
