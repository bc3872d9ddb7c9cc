// A run of several ranks that saves its state after every step and goes on from it: distributed_run STATE RESULT [EPOCHS].
// distributed_killed_test.sh kills its ranks; their process numbers are in STATE.RANK.pid.
#include <support/small_run.hpp>

#include <xgrad/core/random.hpp>
#include <xgrad/distributed/average_buffers.hpp>
#include <xgrad/distributed/data_parallel.hpp>
#include <xgrad/distributed/run.hpp>
#include <xgrad/io/safetensors.hpp>

#include <cstdint>
#include <cstdio>
#include <string>
#include <vector>

#include <unistd.h>

namespace xg = xgrad;

int main(int count, char** arguments) {
    auto world = xg::distributed::world{count, arguments};
    if (count != 3) return 2;
    const auto state = std::string{arguments[1]};
    if (auto* const file = std::fopen((state + '.' + std::to_string(world.rank()) + ".pid").c_str(), "w")) {
        std::fprintf(file, "%ld\n", static_cast<long>(getpid()));
        std::fclose(file);
    }
    xg::manual_seed(11);
    auto run = small_runs::small_run<20, 64>{320, {.batch_size = 8, .seed = 3, .sampler = world.sampler()}, 200};
    auto parallel = xg::distributed::data_parallel{world, run.net};
    const auto with_parts = [&](const auto& f) { return f(world, state, run.net, run.opt, run.plan, run.batches, run.steps); };
    with_parts([](auto&... all) { return xg::distributed::load_run(all...); });
    for (auto epoch = run.batches.position().epoch; epoch < 5; ++epoch)
        for (auto [x, y] : run.batches) {
            const auto loss = xg::mse_loss(run.net(x), y);
            run.opt.zero_grad();
            parallel.backward(loss, x.shape(0));
            run.opt.step();
            run.plan.step();
            ++run.steps;
            xg::distributed::average_buffers(world, run.net);
            with_parts([](auto&... all) { xg::distributed::save_run(all...); });
        }
    parallel.check();
    if (!world.is_first()) return 0;
    auto list = std::vector<xg::io::named_tensor>{{"steps", xg::tensor<std::int64_t, 0>{run.steps}}};
    xg::nn::for_each_tensor([&](auto name, const auto& x) { list.emplace_back(std::string{name}, x); }, run.net);
    for (const auto& [name, value] : run.opt.state()) list.emplace_back("opt." + name, value);
    xg::io::save_tensors(list, arguments[2]);
}
