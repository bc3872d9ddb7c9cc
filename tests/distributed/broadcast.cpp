#include <doctest/doctest.h>

#include <xgrad/core/random.hpp>
#include <xgrad/distributed/average_buffers.hpp>
#include <xgrad/distributed/broadcast.hpp>
#include <xgrad/distributed/collect.hpp>

#include <support/ranks.hpp>
#include <support/what_is_said.hpp>
#include <support/small_run.hpp>

#include <cstddef>
#include <cstdint>
#include <vector>

namespace xg = xgrad;
namespace distributed = xgrad::distributed;
using ranks::world;

namespace {

/// All numbers of a run, as floats.
template <class Run>
std::vector<float> numbers_of(Run& run) {
    auto all = std::vector<float>{};
    const auto append = [&](const auto& x) {
        for (const auto each : x) all.push_back(static_cast<float>(each));
    };
    xg::nn::for_each_tensor([&](auto, const auto& x) { append(x); }, run.net);
    for (const auto& [name, value] : run.opt.state()) append(value);
    const auto at = run.batches.position();
    for (const auto each : {static_cast<double>(at.seed % 1000), static_cast<double>(at.epoch), static_cast<double>(at.batch), run.opt.lr(), run.best})
        all.push_back(static_cast<float>(each));
    all.push_back(xg::with_default_generator([](auto& numbers) { return numbers.template uniform<float>(); }));
    return all;
}

bool is_the_same_everywhere(const std::vector<float>& own) {
    const auto all = distributed::gather_rows(world(), xg::tensor<float, 1>{own, {own.size()}});
    auto same = all.size() == own.size() * world().size();
    for (auto i = std::size_t{0}; same && i < all.size(); ++i) same = all.data()[i] == own[i % own.size()];
    return same;
}

}  // namespace

TEST_CASE("all that a run has comes from rank 0") {
    xg::manual_seed(world().rank());
    auto run = small_runs::small_run<3, 8>{20, {.batch_size = 6, .shuffle = true}, 12};
    for (auto steps = world().rank() + 2; auto [x, y] : run.batches) {
        run.step(x, y);
        if (--steps == 0) break;
    }
    CHECK(!is_the_same_everywhere(numbers_of(run)));
    distributed::broadcast(world(), run.net, run.opt, run.plan, run.batches, run.best, run.steps);
    CHECK(is_the_same_everywhere(numbers_of(run)));
    CHECK(run.steps == 2);

    auto odd = xg::nn::linear<>{3, world().is_first() ? 4 : 5};
    CHECK(what_is_said([&] { distributed::broadcast(world(), run.best, odd); }) ==
          "[broadcast] rank 1 has 1.model.weight of type F32 and shape (3, 5) where rank 0 has 1.model.weight of type F32 and shape (3, 4); all ranks must have the same network");
}

TEST_CASE("buffers that went their own ways are averaged, others stay") {
    struct module {
        xg::tensor<float, 1> running = xg::full<float>({2}, static_cast<float>(world().rank()));
        xg::tensor<float, 1> constant{0.1f, 0.7f};
        xg::tensor<std::int64_t, 0> count{static_cast<std::int64_t>(world().rank() + 3)};
        xg::tensor<float, 1> weight = xg::full<float>({2}, static_cast<float>(world().rank())).requires_grad(true);
    };
    auto net = module{};
    distributed::average_buffers(world(), net);
    CHECK(net.running(1) == static_cast<float>(world().size() - 1) / 2);
    CHECK(net.constant(0) == 0.1f);
    CHECK(net.count.item() == 3);
    CHECK(net.weight(0) == static_cast<float>(world().rank()));
}
