// What the choices of data_parallel cost in accuracy: MNIST, trained from the same weights with each of them, and with another
// order of the samples, which shows what chance does.
//
//     mpirun -n 2 bench_distributed_accuracy "$(sh examples/mnist/fetch.sh)" [EPOCHS]
#include <xgrad/distributed.hpp>
#include <xgrad/xgrad.hpp>

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <vector>

namespace xg = xgrad;

namespace {

struct network {
    xg::nn::linear<> fc1{784, 512};
    xg::nn::linear<> fc2{512, 256};
    xg::nn::linear<> fc3{256, 10};
    auto operator()(const auto& x) const { return fc3(fc2(fc1(x, xg::relu), xg::relu)); }
};

struct choice {
    const char* name;
    bool bfloat16 = false;
    std::size_t parts = 1;          // of a batch of 100, a pass for each
    std::size_t batches = 1;        // for each exchange and step
    std::uint64_t seed = 1;         // of the order of the samples
};

struct outcome {
    double accuracy, loss;
    std::vector<float> weights;
};

/// Of the test set, each sample once.
template <class Data>
outcome evaluate(xg::distributed::world& world, const network& net, const Data& test) {
    auto right = xg::train::accuracy_meter{};
    auto loss = xg::train::mean_meter{};
    const auto recording = xg::no_grad{};
    for (auto [x, y] : xg::data::loader{test, {.batch_size = 500, .sampler = xg::distributed::each_once{world}}}) {
        const auto out = net(x);
        right.add(out, y);
        loss.add(xg::cross_entropy(out, y).item(), static_cast<double>(x.shape(0)));
    }
    auto weights = std::vector<float>{};
    xg::nn::for_each_tensor([&](auto, const auto& x) { weights.insert(weights.end(), x.begin(), x.end()); }, net);
    return {xg::distributed::mean(world, right), xg::distributed::mean(world, loss), weights};
}

template <class Train, class Test>
outcome run(xg::distributed::world& world, const Train& train, const Test& test, std::size_t epochs, const choice& by) {
    xg::manual_seed(1);
    auto net = network{};
    auto opt = xg::optim::sgd{xg::nn::parameters(net), {.lr = 0.1, .momentum = 0.9}};
    auto batches = xg::data::loader{train, {.batch_size = 100 / world.size(), .seed = by.seed, .sampler = world.sampler()}};
    auto parallel = xg::distributed::data_parallel{world, net, {.bfloat16 = by.bfloat16}};
    for (auto batch = std::size_t{0}; batches.position().epoch < epochs;)
        for (auto [x, y] : batches) {
            ++batch;
            const auto rows = x.shape(0);
            for (auto part = std::size_t{1}; part <= by.parts; ++part) {
                const auto first = rows * (part - 1) / by.parts, own = rows * part / by.parts - first;
                const auto loss = xg::cross_entropy(net(xg::narrow(x, first, own, 0)), xg::narrow(y, first, own, 0));
                if (part != by.parts || batch % by.batches != 0) {
                    parallel.accumulate(loss, own);
                    continue;
                }
                opt.zero_grad();
                parallel.backward(loss, own);
                opt.step();
            }
        }
    parallel.check();
    return evaluate(world, net, test);
}

/// |a - b| / |b|
double distance(const std::vector<float>& a, const std::vector<float>& b) {
    auto difference = 0.0, size = 0.0;
    for (auto i = std::size_t{0}; i < a.size(); ++i) {
        const auto x = static_cast<double>(a[i]), y = static_cast<double>(b[i]);
        difference += (x - y) * (x - y);
        size += y * y;
    }
    return std::sqrt(difference / size);
}

}  // namespace

int main(int count, char** arguments) {
    auto world = xg::distributed::world{count, arguments};
    if (count < 2) {
        if (world.is_first()) std::fprintf(stderr, "usage: mpirun -n RANKS %s FOLDER [EPOCHS]\n", arguments[0]);
        return 2;
    }
    const auto epochs = count > 2 ? std::strtoull(arguments[2], nullptr, 10) : 3;
    const auto train = xg::data::mnist<float>(arguments[1], xg::data::split::train);
    const auto test = xg::data::mnist<float>(arguments[1], xg::data::split::test);
    auto first = std::vector<float>{};
    if (world.is_first()) std::printf("| gradients | right, %% | test loss | weights differ by |\n| --- | --- | --- | --- |\n");
    for (const auto& each : {choice{.name = "float"}, choice{.name = "float, the samples in another order", .seed = 2},
                             choice{.name = "bfloat16", .bfloat16 = true}, choice{.name = "each batch in 4 passes", .parts = 4},
                             choice{.name = "4 batches for each step", .batches = 4}}) {
        const auto end = run(world, train, test, epochs, each);
        if (first.empty()) first = end.weights;
        if (world.is_first()) std::printf("| %s | %.2f | %.4f | %.2g |\n", each.name, 100 * end.accuracy, end.loss, distance(end.weights, first));
        std::fflush(stdout);
    }
}
