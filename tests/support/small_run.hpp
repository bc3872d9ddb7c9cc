// A run of training that is small, and has everything in it that has a state: batch norm, dropout, an optimizer's memory, a
// schedule, an order and random numbers of the samples.
#pragma once

#include <xgrad/core/random.hpp>
#include <xgrad/data/dataset.hpp>
#include <xgrad/data/loader.hpp>
#include <xgrad/data/transform.hpp>
#include <xgrad/nn/batch_norm.hpp>
#include <xgrad/nn/dropout.hpp>
#include <xgrad/nn/linear.hpp>
#include <xgrad/nn/module.hpp>
#include <xgrad/ops/activation.hpp>
#include <xgrad/ops/loss/regression.hpp>
#include <xgrad/optim/adam.hpp>
#include <xgrad/optim/cosine.hpp>
#include <xgrad/optim/schedule.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <tuple>
#include <vector>

namespace small_runs {

namespace xg = xgrad;

inline auto samples(std::size_t count, std::size_t features) {
    auto random = xg::generator{5};
    auto x = std::vector<float>(count * features), y = std::vector<float>(count);
    for (auto& each : x) each = random.normal<float>();
    for (auto& each : y) each = random.normal<float>();
    return xg::data::transform(xg::data::tensor_dataset{xg::tensor<float, 2>{x, {count, features}}, xg::tensor<float, 2>{y, {count, 1}}},
                               [](auto a, auto b, xg::generator& numbers) {
                                   a(0) += numbers.uniform<float>();
                                   return std::tuple{a, b};
                               });
}

template <std::size_t In, std::size_t Hidden>
struct small_run {
    struct network {
        xg::nn::linear<> fc1{In, Hidden};
        xg::nn::batch_norm1d<> norm{Hidden};
        xg::nn::dropout drop{0.3};
        xg::nn::linear<> fc2{Hidden, 1};
        auto operator()(const auto& x) const { return fc2(drop(norm(fc1(x, xg::relu)))); }
    };

    network net{};
    xg::optim::adam<float> opt{xg::nn::parameters(net), {.lr = 0.01}};
    xg::optim::scheduler<float> plan;
    xg::data::loader<decltype(samples(1, In))> batches;
    double best = 1e9;
    std::int64_t steps = 0;

    small_run(std::size_t count, const xg::data::loader_options& options, std::size_t t_max)
        : plan{opt, xg::optim::cosine_annealing_lr{.t_max = t_max}}, batches{samples(count, In), options} {}

    void step(const auto& x, const auto& y) {
        const auto loss = xg::mse_loss(net(x), y);
        opt.zero_grad();
        loss.backward();
        opt.step();
        plan.step();
        best = std::min<double>(best, loss.item());
        ++steps;
    }
};

}  // namespace small_runs
