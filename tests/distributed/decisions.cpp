#include <doctest/doctest.h>

#include <xgrad/distributed/collect.hpp>
#include <xgrad/distributed/data_parallel.hpp>
#include <xgrad/optim/clip.hpp>
#include <xgrad/optim/lbfgs.hpp>
#include <xgrad/optim/plateau.hpp>
#include <xgrad/optim/sgd.hpp>

#include <support/ranks.hpp>

#include <algorithm>
#include <cstddef>
#include <vector>

namespace xg = xgrad;
namespace distributed = xgrad::distributed;
using ranks::network;
using ranks::world;

namespace {

/// Rank r has r + 1 rows, of random numbers of its own.
ranks::batch uneven_rows(xg::generator& numbers) {
    auto counts = std::vector<std::size_t>{};
    auto all = std::size_t{0};
    for (auto r = std::size_t{0}; r < world().size(); ++r) all += counts.emplace_back(r + 1);
    return ranks::part_of(ranks::whole_batch(numbers, all), counts);
}

bool is_the_same_everywhere(double own) {
    const auto all = distributed::gather(world(), own);
    return std::count(all.begin(), all.end(), own) == static_cast<std::ptrdiff_t>(all.size());
}

}  // namespace

TEST_CASE("decisions: lbfgs with a line search takes the same steps on all ranks, by the mean loss") {
    xg::manual_seed(2);
    auto net = network{};
    auto parallel = distributed::data_parallel{world(), net};
    auto opt = xg::optim::lbfgs{xg::nn::parameters(net), {.line_search = xg::optim::line_search::strong_wolfe}};
    auto numbers = xg::generator{3};
    const auto own = uneven_rows(numbers);
    const auto closure = [&] {
        opt.zero_grad();
        const auto loss = xg::mse_loss(net(own.x), own.y);
        parallel.backward(loss, own.rows());
        return distributed::mean(world(), loss.item(), own.rows());
    };
    const auto before = opt.step(closure);
    const auto after = opt.step(closure);
    CHECK(after < before / 2);
    CHECK(is_the_same_everywhere(after));
    parallel.check();
}

TEST_CASE("decisions: clipped gradients and a schedule that waits for a plateau are the same on all ranks") {
    auto net = network{};
    auto parallel = distributed::data_parallel{world(), net, {.check_every = 1}};
    auto opt = xg::optim::sgd{xg::nn::parameters(net), {.lr = 0.1, .momentum = 0.9}};
    auto plan = xg::optim::reduce_lr_on_plateau{opt, {.patience = 0}};
    auto numbers = xg::generator{4};
    for (auto step = 0; step < 12; ++step) {
        const auto own = uneven_rows(numbers);
        const auto loss = xg::mse_loss(net(own.x), own.y);
        opt.zero_grad();
        parallel.backward(loss, own.rows());
        const auto norm = static_cast<double>(xg::optim::clip_grad_norm(opt.parameters(), 0.05));
        CHECK(is_the_same_everywhere(norm));
        opt.step();
        plan.step(distributed::mean(world(), loss.item(), own.rows()));
    }
    CHECK(opt.lr() < 0.1);
    CHECK(is_the_same_everywhere(opt.lr()));
    parallel.check();
}
