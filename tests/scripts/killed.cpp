// A run that saves its state after every step and goes on from it: killed STATE RESULT. Its end does not depend on how often
// it was killed on its way; killed_test.sh compares.
#include <xgrad/core/random.hpp>
#include <xgrad/data/dataset.hpp>
#include <xgrad/data/loader.hpp>
#include <xgrad/data/transform.hpp>
#include <xgrad/io/safetensors.hpp>
#include <xgrad/nn/batch_norm.hpp>
#include <xgrad/nn/dropout.hpp>
#include <xgrad/nn/linear.hpp>
#include <xgrad/nn/module.hpp>
#include <xgrad/ops/activation.hpp>
#include <xgrad/ops/loss/regression.hpp>
#include <xgrad/optim/adam.hpp>
#include <xgrad/optim/cosine.hpp>
#include <xgrad/optim/schedule.hpp>
#include <xgrad/train/run.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <exception>
#include <string>
#include <tuple>
#include <vector>

namespace xg = xgrad;

namespace {

struct network {
    xg::nn::linear<> fc1{20, 64};
    xg::nn::batch_norm1d<> norm{64};
    xg::nn::dropout drop{0.3};
    xg::nn::linear<> fc2{64, 1};
    auto operator()(const auto& x) const { return fc2(drop(norm(fc1(x, xg::relu)))); }
};

auto samples(std::size_t count) {
    auto random = xg::generator{5};
    auto x = std::vector<float>(20 * count), y = std::vector<float>(count);
    for (auto& each : x) each = random.normal<float>();
    for (auto& each : y) each = random.normal<float>();
    return xg::data::transform(xg::data::tensor_dataset{xg::tensor<float, 2>{x, {count, 20}}, xg::tensor<float, 2>{y, {count, 1}}},
                               [](auto a, auto b, xg::generator& numbers) {
                                   a(0) += numbers.uniform<float>();
                                   return std::tuple{a, b};
                               });
}

}  // namespace

int main(int count, char** arguments) try {
    if (count != 3) return 2;
    xg::manual_seed(11);
    auto net = network{};
    auto opt = xg::optim::adam{xg::nn::parameters(net), {.lr = 0.01}};
    auto plan = xg::optim::scheduler{opt, xg::optim::cosine_annealing_lr{.t_max = 200}};
    auto batches = xg::data::loader{samples(320), {.batch_size = 8, .shuffle = true, .workers = 2}};
    auto best = 1e9;
    auto steps = std::int64_t{0};
    xg::train::load_run(arguments[1], net, opt, plan, batches, best, steps);
    for (auto epoch = batches.position().epoch; epoch < 5; ++epoch) {
        for (auto [x, y] : batches) {
            const auto loss = xg::mse_loss(net(x), y);
            opt.zero_grad();
            loss.backward();
            opt.step();
            plan.step();
            best = std::min<double>(best, loss.item());
            ++steps;
            xg::train::save_run(arguments[1], net, opt, plan, batches, best, steps);
        }
    }
    auto end = xg::tensor<double, 1>{best, static_cast<double>(steps), opt.lr()};
    auto list = std::vector<xg::io::named_tensor>{{"end", end}};
    xg::nn::for_each_tensor([&](auto name, const auto& x) { list.emplace_back(std::string{name}, x); }, net);
    for (const auto& [name, value] : opt.state()) list.emplace_back("opt." + name, value);
    xg::io::save_tensors(list, arguments[2]);
} catch (const std::exception& wrong) {
    std::fprintf(stderr, "%s\n", wrong.what());
    return 1;
}
