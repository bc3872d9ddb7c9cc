// A run that saves its state after every step and goes on from it: killed STATE RESULT. Its end does not depend on how often
// it was killed on its way; killed_test.sh compares.
#include <support/small_run.hpp>

#include <xgrad/core/random.hpp>
#include <xgrad/io/safetensors.hpp>
#include <xgrad/train/run.hpp>

#include <cstdio>
#include <exception>
#include <string>
#include <vector>

namespace xg = xgrad;

int main(int count, char** arguments) try {
    if (count != 3) return 2;
    xg::manual_seed(11);
    auto run = small_runs::small_run<20, 64>{320, {.batch_size = 8, .shuffle = true, .workers = 2}, 200};
    const auto with_parts = [&](const auto& f) { return f(arguments[1], run.net, run.opt, run.plan, run.batches, run.best, run.steps); };
    with_parts([](auto&... all) { return xg::train::load_run(all...); });
    for (auto epoch = run.batches.position().epoch; epoch < 5; ++epoch)
        for (auto [x, y] : run.batches) {
            run.step(x, y);
            with_parts([](auto&... all) { xg::train::save_run(all...); });
        }
    auto end = xg::tensor<double, 1>{run.best, static_cast<double>(run.steps), run.opt.lr()};
    auto list = std::vector<xg::io::named_tensor>{{"end", end}};
    xg::nn::for_each_tensor([&](auto name, const auto& x) { list.emplace_back(std::string{name}, x); }, run.net);
    for (const auto& [name, value] : run.opt.state()) list.emplace_back("opt." + name, value);
    xg::io::save_tensors(list, arguments[2]);
} catch (const std::exception& wrong) {
    std::fprintf(stderr, "%s\n", wrong.what());
    return 1;
}
