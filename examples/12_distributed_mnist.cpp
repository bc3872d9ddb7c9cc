// MNIST on several ranks of MPI: each computes the gradients of its part of a batch, and all make the same step.
// x: (b, 784), then (b, 512), (b, 256), out: (b, 10), where b is the batch of 100 divided by the ranks
//
// needs: mnist
// ranks: 2
//
//     mpirun -n 2 ./12_distributed_mnist "$(sh examples/mnist/fetch.sh)" [EPOCHS [STATE]]
//
// Without EPOCHS it takes 200 steps. With a file STATE it saves its state after each epoch, and goes on from there.
#include <xgrad/distributed.hpp>
#include <xgrad/xgrad.hpp>

#include <cstddef>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <string>

namespace xg = xgrad;

struct network {
    xg::nn::linear<> fc1{784, 512};
    xg::nn::linear<> fc2{512, 256};
    xg::nn::linear<> fc3{256, 10};

    auto operator()(const auto& x) const { return fc3(fc2(fc1(x, xg::relu), xg::relu)); }
};

int main(int count, char** arguments) try {
    auto world = xg::distributed::world{count, arguments};
    const auto epochs = count > 2 ? std::strtoull(arguments[2], nullptr, 10) : 0;
    if (count < 2 || (count > 2 && (epochs == 0 || epochs > 1000))) {
        if (world.is_first()) std::fprintf(stderr, "usage: mpirun -n RANKS %s FOLDER [EPOCHS [STATE]]\n", arguments[0]);
        return 2;
    }
    const auto state = std::string{count > 3 ? arguments[3] : ""};

    xg::manual_seed(1);
    const auto train = xg::data::mnist<float>(arguments[1], xg::data::split::train);
    const auto test = xg::data::mnist<float>(arguments[1], xg::data::split::test);
    auto batches = xg::data::loader{train, {.batch_size = 100 / world.size(), .seed = 1, .sampler = world.sampler()}};

    auto net = network{};
    auto opt = xg::optim::sgd{xg::nn::parameters(net), {.lr = 0.1, .momentum = 0.9}};
    auto parallel = xg::distributed::data_parallel{world, net};   // the same network everywhere
    if (!state.empty()) xg::distributed::load_run(world, state, net, opt, batches);

    auto bar = xg::train::progress{{.epochs = epochs, .samples = batches.epoch_samples(), .out = epochs == 0 ? nullptr : world.out()}};
    auto steps = 0;
    do {
        bar.begin_epoch(batches.position().epoch);
        for (auto [x, y] : batches) {
            const auto out = net(x);
            const auto loss = xg::cross_entropy(out, y);
            opt.zero_grad();
            parallel.backward(loss, x.shape(0));                  // in place of loss.backward()
            opt.step();
            bar.step(x.shape(0), {{"loss", loss.item()}, {"accuracy", xg::train::accuracy(out, y)}});
            if (++steps == 200 && epochs == 0) break;
        }
        if (epochs != 0) bar.end_epoch();
        if (!state.empty()) xg::distributed::save_run(world, state, net, opt, batches);
    } while (batches.position().epoch < epochs);
    parallel.check();                                             // to the bit

    auto right = xg::train::accuracy_meter{};
    const auto recording = xg::no_grad{};
    for (auto [x, y] : xg::data::loader{test, {.batch_size = 500, .sampler = xg::distributed::each_once{world}}}) right.add(net(x), y);
    const auto tested = xg::distributed::sum(world, right.count());
    const auto accuracy = xg::distributed::mean(world, right);
    if (!world.is_first()) return 0;
    std::printf("%.0f images tested\n", tested);
    std::printf("more than nine out of ten are right: %s\n", accuracy > 0.9 ? "yes" : "no");
    if (epochs != 0) std::printf("%.2f %% are\n", 100 * accuracy);
} catch (const std::exception& wrong) {
    std::fprintf(stderr, "%s: %s\n", arguments[0], wrong.what());
    return 1;
}
