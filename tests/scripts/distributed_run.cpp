// A run of several ranks that saves its state after every step and goes on from it: distributed_run STATE RESULT
// [PHASE RANK TIME MICROSECONDS], where that rank is to kill itself, so long after it has come to that phase for that time.
// The process numbers of the ranks are in STATE.RANK.pid. distributed_killed_test.sh starts it.
#include <support/small_run.hpp>

#include <xgrad/autograd/no_grad.hpp>
#include <xgrad/core/random.hpp>
#include <xgrad/data/loader.hpp>
#include <xgrad/distributed/average_buffers.hpp>
#include <xgrad/distributed/collect.hpp>
#include <xgrad/distributed/data_parallel.hpp>
#include <xgrad/distributed/run.hpp>
#include <xgrad/distributed/sampler.hpp>
#include <xgrad/io/safetensors.hpp>
#include <xgrad/train/meters.hpp>

#include <chrono>
#include <csignal>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include <unistd.h>

namespace xg = xgrad;

namespace {

/// The rank, as the launcher says before MPI has begun.
std::string launched_rank() {
    for (const auto* const name : {"OMPI_COMM_WORLD_RANK", "PMIX_RANK", "PMI_RANK", "SLURM_PROCID"})
        if (const auto* const value = std::getenv(name)) return value;
    return "0";
}

/// Ends this process as `kill -9` does.
class sudden_end {
public:
    sudden_end(int count, char** arguments) {
        if (count != 7 || arguments[4] != launched_rank()) return;
        m_phase = arguments[3];
        m_times_left = std::atoi(arguments[5]);
        m_after = std::chrono::microseconds{std::atoi(arguments[6])};
    }
    void come_to(std::string_view phase) {
        if (phase != m_phase || --m_times_left != 0) return;
        std::thread{[after = m_after] {
            std::this_thread::sleep_for(after);
            ::kill(::getpid(), SIGKILL);
        }}.detach();
    }

private:
    std::string m_phase;
    int m_times_left = 0;
    std::chrono::microseconds m_after{};
};

void write_process_number(const std::string& state) {
    auto* const file = std::fopen((state + '.' + launched_rank() + ".pid").c_str(), "w");
    if (file == nullptr) return;
    std::fprintf(file, "%ld\n", static_cast<long>(::getpid()));
    std::fclose(file);
}

template <class Run>
void save_result(Run& run, const std::string& path) {
    auto list = std::vector<xg::io::named_tensor>{{"steps", xg::tensor<std::int64_t, 0>{run.steps}}};
    xg::nn::for_each_tensor([&](auto name, const auto& x) { list.emplace_back(std::string{name}, x); }, run.net);
    for (const auto& [name, value] : run.opt.state()) list.emplace_back("opt." + name, value);
    xg::io::save_tensors(list, path);
}

}  // namespace

int main(int count, char** arguments) {
    if (count != 3 && count != 7) return 2;
    const auto state = std::string{arguments[1]};
    auto end = sudden_end{count, arguments};
    write_process_number(state);
    end.come_to("start");
    auto world = xg::distributed::world{count, arguments};
    xg::manual_seed(11);
    auto run = small_runs::small_run<20, 64>{320, {.batch_size = 8, .seed = 3, .sampler = world.sampler()}, 200};
    const auto test = small_runs::samples(50, 20);
    end.come_to("broadcast");
    auto parallel = xg::distributed::data_parallel{world, run.net};
    const auto with_parts = [&](const auto& f) { return f(world, state, run.net, run.opt, run.plan, run.batches, run.steps); };
    with_parts([](auto&... all) { return xg::distributed::load_run(all...); });
    for (auto epoch = run.batches.position().epoch; epoch < 5; ++epoch) {
        for (auto [x, y] : run.batches) {
            end.come_to("step");
            const auto loss = xg::mse_loss(run.net(x), y);
            run.opt.zero_grad();
            parallel.backward(loss, x.shape(0));
            run.opt.step();
            run.plan.step();
            ++run.steps;
            xg::distributed::average_buffers(world, run.net);
            end.come_to("save");
            with_parts([](auto&... all) { xg::distributed::save_run(all...); });
        }
        end.come_to("evaluation");
        const auto recording = xg::no_grad{};
        auto error = xg::train::mean_meter{};
        xg::nn::eval(run.net);
        for (auto [x, y] : xg::data::loader{test, {.batch_size = 4, .sampler = xg::distributed::each_once{world}}})
            error.add(xg::mse_loss(run.net(x), y).item(), static_cast<double>(x.shape(0)));
        xg::nn::train(run.net);
        if (xg::distributed::mean(world, error) > 100 || xg::distributed::sum(world, error.count()) != 50) return 3;
    }
    parallel.check();
    if (world.is_first()) save_result(run, arguments[2]);
    end.come_to("end");
}
