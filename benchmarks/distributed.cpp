// What training on several ranks costs, for benchmarks/distributed.py: mpiexec -n RANKS bench_distributed NETWORK BATCH SECONDS.
// NETWORK is mlp or cnn, BATCH the rows of each rank. Prints "name value" on rank 0; times are milliseconds.
//
// compute   a step without the others: forward, backward, update
// send      the exchange alone, of gradients that are there
// step      a step with the exchange in it
//
// The three take turns, and each is, of the slowest rank's times in all rounds, that below which a tenth is:
// what else runs on the machine makes the others longer.
#include <xgrad/distributed.hpp>
#include <xgrad/xgrad.hpp>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <vector>

namespace xg = xgrad;

namespace {

struct mlp {
    xg::nn::linear<> fc1{784, 512};
    xg::nn::linear<> fc2{512, 256};
    xg::nn::linear<> fc3{256, 10};
    auto operator()(const auto& x) const { return fc3(fc2(fc1(x, xg::relu), xg::relu)); }
};

struct cnn {
    xg::nn::conv2d<> conv1{1, 16, 3, {.padding = 1}};
    xg::nn::conv2d<> conv2{16, 32, 3, {.padding = 1}};
    xg::nn::max_pool2d pool{2};
    xg::nn::flatten<> flat;
    xg::nn::linear<> fc1{32 * 7 * 7, 128};
    xg::nn::linear<> fc2{128, 10};
    auto operator()(const auto& x) const {
        auto h = xg::reshape(x, {-1, 1, 28, 28});
        h = pool(conv1(h, xg::relu));
        h = pool(conv2(h, xg::relu));
        return fc2(fc1(flat(h), xg::relu));
    }
};

double low_decile(std::vector<double> times) {
    std::ranges::sort(times);
    return times[times.size() / 10];
}

template <class Network>
void measure(xg::distributed::world& world, std::size_t batch, double seconds) {
    using clock = std::chrono::steady_clock;
    xg::set_num_threads(1);
    auto net = Network{};
    auto opt = xg::optim::sgd{xg::nn::parameters(net), {.lr = 1e-3, .momentum = 0.9}};
    auto parallel = xg::distributed::data_parallel{world, net};
    const auto x = xg::rand<float>({batch, 784});
    const auto y = xg::tensor<std::int64_t, 1>{std::vector<std::int64_t>(batch, 3), {batch}};
    const auto loss = [&] { return xg::cross_entropy(net(x), y); };

    // The time of the slowest rank, of several in a row, which begin together.
    const auto timed = [&](int repeats, const auto& f) {
        xg::distributed::sum(world, 0);
        const auto begin = clock::now();
        for (auto i = 0; i < repeats; ++i) f();
        const auto all = xg::distributed::gather(world, std::chrono::duration<double>(clock::now() - begin).count());
        return 1e3 * *std::ranges::max_element(all) / repeats;
    };
    const auto compute = [&] {
        opt.zero_grad();
        loss().backward();
        opt.step();
    };
    const auto send = [&] { parallel.average(batch); };
    const auto step = [&] {
        opt.zero_grad();
        parallel.backward(loss(), batch);
        opt.step();
    };
    auto times = std::vector<std::vector<double>>(3);
    const auto end = clock::now() + std::chrono::duration<double>(seconds);
    for (auto round = 0; xg::distributed::sum(world, clock::now() < end || round < 4 ? 1 : 0) != 0; ++round) {
        const auto a = timed(2, compute), b = timed(2, send), c = timed(2, step);
        if (round == 0) continue;   // warms up
        times[0].push_back(a);
        times[1].push_back(b);
        times[2].push_back(c);
    }
    const auto bytes = world.bytes_sent(), messages = world.messages_sent();
    step();
    const auto sent = static_cast<double>(world.bytes_sent() - bytes), posted = static_cast<double>(world.messages_sent() - messages);
    if (!world.is_first()) return;
    std::printf("ranks %zu\nparameters %zu\nbuckets %zu\n", world.size(), xg::nn::parameter_count(net), parallel.bucket_count());
    std::printf("compute %.4f\nsend %.4f\nstep %.4f\n", low_decile(times[0]), low_decile(times[1]), low_decile(times[2]));
    std::printf("bytes %.0f\nmessages %.0f\n", sent, posted);
}

}  // namespace

int main(int count, char** arguments) {
    auto world = xg::distributed::world{count, arguments};
    if (count != 4) {
        if (world.is_first()) std::fprintf(stderr, "usage: %s mlp|cnn BATCH SECONDS\n", arguments[0]);
        return 2;
    }
    const auto batch = static_cast<std::size_t>(std::atoll(arguments[2]));
    const auto seconds = static_cast<double>(std::atoll(arguments[3]));
    if (std::string{arguments[1]} == "mlp") measure<mlp>(world, batch, seconds);
    else measure<cnn>(world, batch, seconds);
}
