#include <doctest/doctest.h>

#include <xgrad/core/random.hpp>
#include <xgrad/distributed/collect.hpp>
#include <xgrad/distributed/data_parallel.hpp>
#include <xgrad/distributed/run.hpp>
#include <xgrad/optim/adam.hpp>
#include <xgrad/data/loader.hpp>
#include <xgrad/data/dataset.hpp>
#include <xgrad/nn/dropout.hpp>

#include <support/ranks.hpp>
#include <support/what_is_said.hpp>
#include <support/temporary_folder.hpp>

#include <algorithm>
#include <cstddef>
#include <span>
#include <string>
#include <vector>

namespace xg = xgrad;
namespace distributed = xgrad::distributed;
using ranks::world;

namespace {

struct network {
    xg::nn::linear<> fc1{1, 8};
    xg::nn::dropout drop{0.3};
    xg::nn::linear<> fc2{8, 1};
    auto operator()(const auto& x) const { return fc2(drop(fc1(x, xg::relu))); }
};

auto samples(std::size_t count) {
    auto values = std::vector<float>(count);
    for (auto i = std::size_t{0}; i < count; ++i) values[i] = static_cast<float>(i) / 10;
    const auto x = xg::tensor<float, 2>{values, {count, 1}};
    return xg::data::tensor_dataset{x, x};
}

struct run {
    network net{};
    xg::optim::adam<float> opt{xg::nn::parameters(net), {.lr = 0.01}};
    decltype(samples(1)) set = samples(48);
    xg::data::loader<decltype(samples(1))> batches;
    distributed::data_parallel<float> parallel{world(), net};
    std::vector<float> seen{};

    explicit run(std::size_t batch_size = 2) : batches{set, {.batch_size = batch_size, .seed = 7, .sampler = world().sampler()}} {}

    void go(std::size_t steps, std::size_t epochs) {
        while (batches.position().epoch < epochs)
            for (auto [x, y] : batches) {
                seen.insert(seen.end(), x.begin(), x.end());
                opt.zero_grad();
                parallel.backward(xg::mse_loss(net(x), y), x.shape(0));
                opt.step();
                if (--steps == 0) return;
            }
    }
};

std::string common_path(const temporary_folder& folder) {   // that of rank 0, for all
    const auto own = folder.path("run.safetensors");
    const auto parts = distributed::detail::gather_bytes(world(), std::as_bytes(std::span{own.data(), own.size()}));
    return {reinterpret_cast<const char*>(parts[0].data()), parts[0].size()};
}

}  // namespace

TEST_CASE("a run that is loaded goes on to the bit") {
    const auto folder = temporary_folder{};
    const auto path = common_path(folder);
    const auto begin = [] { xg::manual_seed(20 + world().rank()); };   // other dropout on each rank

    begin();
    auto whole = run{};
    whole.go(1000, 3);

    begin();
    auto first = run{};
    CHECK(!distributed::load_run(world(), path, first.net, first.opt, first.batches));
    first.go(7, 3);
    distributed::save_run(world(), path, first.net, first.opt, first.batches);

    xg::manual_seed(99);
    auto second = run{};
    CHECK(distributed::load_run(world(), path, second.net, second.opt, second.batches));
    second.go(1000, 3);
    CHECK(ranks::same_bits(whole.net.fc1.weight, second.net.fc1.weight));
    CHECK(ranks::same_bits(whole.net.fc2.bias, second.net.fc2.bias));
    second.parallel.check();
}

TEST_CASE("with another number of ranks, or another batch size, it goes on in the same epoch's order") {
    const auto folder = temporary_folder{};
    const auto path = common_path(folder);
    auto first = run{};
    first.go(3, 1);
    distributed::save_run(world(), path, first.net, first.opt, first.batches);
    const auto taken = distributed::gather_rows(world(), xg::tensor<float, 1>{first.seen, {first.seen.size()}});

    // What fewer ranks would have done is what these do with a batch as many times as large.
    auto second = run{1};
    CHECK(distributed::load_run(world(), path, second.net, second.opt, second.batches));
    CHECK(second.batches.position().batch == 6);
    second.go(1000, 1);
    auto left = distributed::gather_rows(world(), xg::tensor<float, 1>{second.seen, {second.seen.size()}});
    CHECK(taken.size() + left.size() == 48);
    auto all = std::vector<float>(taken.begin(), taken.end());
    all.insert(all.end(), left.begin(), left.end());
    std::ranges::sort(all);
    for (auto i = std::size_t{0}; i < all.size(); ++i) CHECK(all[i] == static_cast<float>(i) / 10);

    using distributed::detail::batch_to_go_on_at;
    const auto ranks = world().size(), batches = first.batches.size(), size = std::size_t{2};
    CHECK(batch_to_go_on_at(first.batches, 0, 1, 48, ranks) == 0);
    CHECK(batch_to_go_on_at(first.batches, 1, 1, 48, ranks) == batches);   // one rank had seen it all
    CHECK(batch_to_go_on_at(first.batches, 3, 2 * ranks, size, ranks) == 6);
}

TEST_CASE("a file of a single process is taken, and what is wrong with one is told") {
    const auto folder = temporary_folder{};
    const auto path = common_path(folder);
    auto own = run{};
    own.go(3, 1);
    if (world().is_first()) xg::train::save_run(path, own.net, own.opt, own.batches);
    auto other = run{};
    CHECK(distributed::load_run(world(), path, other.net, other.opt, other.batches));
    CHECK(ranks::same_bits(own.net.fc1.weight, other.net.fc1.weight));
    auto odd = xg::nn::linear<>{3, 3};
    CHECK(what_is_said([&] { distributed::load_run(world(), path, odd); }).find("[load_run]") == 0);
}
