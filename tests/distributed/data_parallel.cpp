#include <doctest/doctest.h>

#include <xgrad/autograd/no_grad.hpp>
#include <xgrad/data/dataset.hpp>
#include <xgrad/data/loader.hpp>
#include <xgrad/distributed/collect.hpp>
#include <xgrad/distributed/data_parallel.hpp>
#include <xgrad/nn/freeze.hpp>
#include <xgrad/optim/adam.hpp>
#include <xgrad/optim/sgd.hpp>
#include <xgrad/train/fit.hpp>

#include <support/ranks.hpp>
#include <support/what_is_said.hpp>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstring>
#include <string>
#include <utility>
#include <vector>

namespace xg = xgrad;
namespace distributed = xgrad::distributed;
using ranks::network;
using ranks::world;

namespace {

const auto cut = std::vector<std::vector<std::size_t>>{{6, 6}, {5, 7}, {12, 0}, {0, 12}, {1, 11}, {3, 3, 3, 3}, {0, 4, 8, 0}, {4, 0, 1, 7}};

/// The gradients that one process has of the whole batch.
std::vector<xg::tensor<float>> whole_gradients(const network& net, const ranks::batch& all) {
    auto copy = xg::nn::clone(net);
    xg::mse_loss(copy(all.x), all.y).backward();
    auto list = std::vector<xg::tensor<float>>{};
    for (auto& each : xg::nn::parameters(copy)) list.push_back(each.has_grad() ? xg::tensor<float>{each.grad().clone()} : xg::tensor<float>{});
    return list;
}

void check_gradients(const network& net, const std::vector<xg::tensor<float>>& wanted, double tolerance) {
    auto parameters = xg::nn::parameters(net);
    for (auto i = std::size_t{0}; i < parameters.size(); ++i) {
        CAPTURE(parameters[i].name());
        REQUIRE(parameters[i].has_grad() == wanted[i].defined());
        if (!wanted[i].defined()) continue;
        const xg::tensor<float> got = parameters[i].grad();
        for (auto e = std::size_t{0}; e < got.size(); ++e)
            REQUIRE(std::abs(got.data()[e] - wanted[i].data()[e]) <= tolerance * (0.1 + std::abs(static_cast<double>(wanted[i].data()[e]))));
    }
}

bool all_have_the_same(const network& net) {
    auto same = true;
    for (const auto& each : xg::nn::parameters(net)) {
        const auto flat = xg::tensor<float, 1>{std::vector<float>(each.begin(), each.end()), {each.size()}};
        const auto all = distributed::gather_rows(world(), flat);
        for (auto i = std::size_t{0}; i < all.size(); ++i) same = same && std::memcmp(all.data() + i, flat.data() + i % flat.size(), sizeof(float)) == 0;
    }
    return same;
}

struct tied {
    xg::nn::linear<> a{3, 3, {.bias = false}};
    xg::nn::linear<> b = a;
    auto operator()(const auto& x) const { return b(a(x)); }
};

}  // namespace

TEST_CASE("the gradient is that of the mean over the rows of all ranks") {
    for (const auto bucket_bytes : {std::size_t{1}, std::size_t{600}, std::size_t{1} << 20}) {
        xg::manual_seed(world().rank());   // the model of rank 0 counts
        auto net = network{};
        auto parallel = distributed::data_parallel{world(), net, {.bucket_bytes = bucket_bytes}};
        CHECK(all_have_the_same(net));
        auto numbers = xg::generator{3};
        for (const auto& counts : cut) {
            if (counts.size() > world().size()) continue;
            const auto whole = ranks::whole_batch(numbers, 12);
            const auto own = ranks::part_of(whole, counts);
            const auto wanted = whole_gradients(net, whole);
            const auto compare = [&](const auto& exchange) {
                for (auto& each : xg::nn::parameters(net)) each.zero_grad();
                exchange();
                check_gradients(net, wanted, 1e-5);
            };
            compare([&] { parallel.backward(xg::mse_loss(net(own.x), own.y), own.rows()); });
            compare([&] {   // without a loss, where there are no rows
                if (own.rows() != 0) parallel.backward(xg::mse_loss(net(own.x), own.y), own.rows());
                else parallel.backward();
            });
            compare([&] {   // not before the pass is over
                xg::mse_loss(net(own.x), own.y).backward();
                parallel.average(own.rows());
            });
        }
    }
}

TEST_CASE("a sum is the same, added from rank 0 on, however large the parameter and whatever way it goes") {
    const auto n = world().size();
    for (const auto size : {std::size_t{1}, std::size_t{2047}, std::size_t{2049}, std::size_t{40003}}) {
        struct one {
            xg::tensor<float, 1> weight;
        };
        auto net = one{xg::zeros<float>({size}).requires_grad(true)};
        const auto of_rank = [&](std::size_t r) {
            auto numbers = xg::generator{r + 1};
            auto x = xg::zeros<float>({size});
            for (auto& each : x.span()) each = numbers.normal<float>();
            return x;
        };
        for (const auto bfloat16 : {false, true}) {
            auto parallel = distributed::data_parallel{world(), net, {.bfloat16 = bfloat16}};
            for (const auto way : {0, 1, 2}) {
                CAPTURE(size);
                CAPTURE(bfloat16);
                CAPTURE(way);
                net.weight.zero_grad();
                const auto rows = world().rank() + 1;
                const auto loss = [&] { return xg::sum(net.weight * of_rank(world().rank())); };
                if (way == 0) parallel.backward(loss(), rows);
                if (way == 1) {
                    loss().backward();
                    const auto held = net.weight.grad();   // stays what it was
                    parallel.average(rows);
                    CHECK(ranks::same_bits(held, of_rank(world().rank())));
                }
                if (way == 2) {
                    parallel.accumulate(loss(), rows);
                    parallel.backward();
                }
                const auto tolerance = bfloat16 ? 0.02 : 1e-6;
                auto wanted = std::vector<double>(size);
                for (auto r = std::size_t{0}; r < n; ++r) {
                    const auto part = of_rank(r);
                    for (auto i = std::size_t{0}; i < size; ++i) wanted[i] += static_cast<double>(part(i)) * 2 * static_cast<double>(r + 1) / static_cast<double>(n * (n + 1));
                }
                auto worst = 0.0;
                for (auto i = std::size_t{0}; i < size; ++i) worst = std::max(worst, std::abs(static_cast<double>(net.weight.grad().data()[i]) - wanted[i]));
                CHECK(worst < tolerance);
                const auto all = distributed::gather_rows(world(), xg::tensor<float, 1>{net.weight.grad()});
                for (auto r = std::size_t{0}; r < n; ++r) CHECK(std::memcmp(all.data() + r * size, all.data(), size * sizeof(float)) == 0);
            }
        }
    }
}

TEST_CASE("several passes may go into one exchange") {
    auto net = network{};
    auto parallel = distributed::data_parallel{world(), net};
    auto numbers = xg::generator{4};
    const auto n = world().size();
    const auto whole = ranks::whole_batch(numbers, 6 * n);
    const auto own = ranks::part_of(whole, std::vector<std::size_t>(n, 6));
    const auto before = world().bytes_sent();
    for (const auto& [first, last] : {std::pair{0, 1}, std::pair{1, 3}}) {
        const auto x = ranks::rows_of(own.x, static_cast<std::size_t>(first), static_cast<std::size_t>(last));
        parallel.accumulate(xg::mse_loss(net(x), ranks::rows_of(own.y, static_cast<std::size_t>(first), static_cast<std::size_t>(last))), last - first);
    }
    CHECK(world().bytes_sent() == before);
    parallel.backward(xg::mse_loss(net(ranks::rows_of(own.x, 3, 6)), ranks::rows_of(own.y, 3, 6)), 3);
    check_gradients(net, whole_gradients(net, whole), 1e-5);

    for (auto& each : xg::nn::parameters(net)) each.zero_grad();   // nothing of it is left
    parallel.backward(xg::mse_loss(net(own.x), own.y), 6);
    check_gradients(net, whole_gradients(net, whole), 1e-5);
}

TEST_CASE("a parameter that some ranks used has the mean, one that none used none") {
    auto net = network{};
    auto parallel = distributed::data_parallel{world(), net};
    const auto x = xg::ones<float>({2, 4});
    const auto y = xg::ones<float>({2, 5});
    if (world().is_first()) parallel.backward(xg::sum(net.unused(x)), 2);
    else parallel.backward(xg::sum(net.fc1(y)), 2);
    const auto n = static_cast<float>(world().size());
    for (const auto each : net.unused.bias.grad()) CHECK(each == doctest::Approx(2 / n));
    for (const auto each : net.fc1.bias.grad()) CHECK(each == doctest::Approx(2 * (n - 1) / n));
    CHECK(!net.fc2.weight.has_grad());
}

TEST_CASE("where no rank has rows, no parameter has a gradient") {
    auto net = network{};
    auto parallel = distributed::data_parallel{world(), net};
    parallel.backward();
    for (const auto& each : xg::nn::parameters(net)) CHECK(!each.has_grad());
}

TEST_CASE("gradients are added to what is stored, and a tensor used twice counts once") {
    auto net = tied{};
    auto parallel = distributed::data_parallel{world(), net};
    CHECK(parallel.parameters().size() == 1);
    const auto x = xg::ones<float>({1, 3});
    parallel.backward(xg::sum(net(x)), 1);
    const auto once = net.a.weight.grad().clone();
    parallel.backward(xg::sum(net(x)), 1);
    for (auto i = std::size_t{0}; i < once.size(); ++i) CHECK(net.a.weight.grad().data()[i] == doctest::Approx(2 * once.data()[i]));
}

TEST_CASE("a run is the same each time, and on all ranks, to the bit") {
    const auto run = [](bool bfloat16) {
        xg::manual_seed(5);
        auto net = network{};
        auto opt = xg::optim::adam{xg::nn::parameters(net), {.lr = 0.01}};
        auto parallel = distributed::data_parallel{world(), net, {.bucket_bytes = 500, .bfloat16 = bfloat16, .check_every = 1}};
        auto numbers = xg::generator{6};
        for (auto step = 0; step < 20; ++step) {
            const auto own = ranks::part_of(ranks::whole_batch(numbers, 9), {4, 3, 2});
            opt.zero_grad();
            parallel.backward(xg::mse_loss(net(own.x), own.y), own.rows());
            opt.step();
        }
        parallel.check();
        CHECK(all_have_the_same(net));
        return net;
    };
    for (const auto bfloat16 : {false, true}) {
        const auto a = run(bfloat16), b = run(bfloat16);
        CHECK(ranks::same_bits(a.fc1.weight, b.fc1.weight));
        CHECK(ranks::same_bits(a.fc2.bias, b.fc2.bias));
    }
}

TEST_CASE("gradients of 16 bits are near, and half as many bytes") {
    auto net = network{};
    auto parallel = distributed::data_parallel{world(), net, {.bfloat16 = true}};
    auto numbers = xg::generator{8};
    const auto n = world().size();
    const auto whole = ranks::whole_batch(numbers, 4 * n);
    const auto own = ranks::part_of(whole, std::vector<std::size_t>(n, 4));
    const auto before = world().bytes_sent();
    parallel.backward(xg::mse_loss(net(own.x), own.y), own.rows());
    const auto sent = static_cast<double>(world().bytes_sent() - before);
    check_gradients(net, whole_gradients(net, whole), 0.02);
    const auto ring = 2.0 * static_cast<double>(n - 1) / static_cast<double>(n) * 4 * static_cast<double>(xg::nn::parameter_count(net));
    CHECK(sent < 0.6 * ring);
}

TEST_CASE("as many bytes as on a ring") {
    auto net = xg::nn::linear<>{100, 100};
    auto parallel = distributed::data_parallel{world(), net, {.bucket_bytes = 4096}};
    const auto x = xg::ones<float>({2, 100});
    const auto before = world().bytes_sent();
    parallel.backward(xg::sum(net(x)), 2);
    const auto n = static_cast<double>(world().size());
    const auto mean_sent = distributed::sum(world(), world().bytes_sent() - before) / n;
    CHECK(mean_sent < 1.05 * 2 * (n - 1) / n * 4 * 10100);
}

TEST_CASE("who has no more batches joins") {
    auto net = network{};
    auto opt = xg::optim::sgd{xg::nn::parameters(net), {.lr = 0.1, .momentum = 0.9}};
    auto parallel = distributed::data_parallel{world(), net};
    auto alone = xg::nn::clone(net);
    auto alone_opt = xg::optim::sgd{xg::nn::parameters(alone), {.lr = 0.1, .momentum = 0.9}};
    auto numbers = xg::generator{9};
    const auto n = world().size();
    for (auto epoch = 0; epoch < 2; ++epoch) {
        for (auto step = std::size_t{0}; step < n + 1; ++step) {   // rank r has r + 2 batches
            auto counts = std::vector<std::size_t>(n, 2);
            for (auto r = std::size_t{0}; r < n && step >= 2; ++r)
                if (step >= r + 2) counts[r] = 0;
            auto rows = std::size_t{0};
            for (const auto each : counts) rows += each;
            const auto whole = ranks::whole_batch(numbers, rows);
            alone_opt.zero_grad();
            xg::mse_loss(alone(whole.x), whole.y).backward();
            alone_opt.step();
            if (step >= world().rank() + 2) continue;
            const auto own = ranks::part_of(whole, counts);
            opt.zero_grad();
            parallel.backward(xg::mse_loss(net(own.x), own.y), own.rows());
            opt.step();
        }
        CHECK(parallel.join([&] { opt.step(); }) == n - 1 - world().rank());
    }
    parallel.check();
    for (auto i = std::size_t{0}; i < net.fc1.weight.size(); ++i)
        CHECK(net.fc1.weight.data()[i] == doctest::Approx(alone.fc1.weight.data()[i]).epsilon(1e-4));
}

TEST_CASE("networks that differ, and weights that do, are found") {
    auto odd = xg::nn::linear<>{3, world().is_first() ? 4 : 5};
    CHECK(what_is_said([&] { distributed::data_parallel{world(), odd}; }) ==
          "[data_parallel] rank 1 has weight of type F32 and shape (3, 5) where rank 0 has weight of type F32 and shape (3, 4); all ranks must have the same network");

    auto net = network{};
    if (world().rank() == 1) xg::nn::freeze(net.fc2);
    CHECK(what_is_said([&] { distributed::data_parallel{world(), net}; }).find("rank 1 has unused.weight") != std::string::npos);
    xg::nn::unfreeze(net);

    auto parallel = distributed::data_parallel{world(), net, {.check_every = 1}};
    if (world().rank() + 1 == world().size()) net.fc2.bias.data()[2] += 1;
    const auto expected = what_is_said([&] { parallel.check(); });
    CHECK(expected.find("[data_parallel] the weights are no longer the same: fc2.bias has, as element 2, ") == 0);
    CHECK(expected.find("on rank " + std::to_string(world().size() - 1)) != std::string::npos);
    CHECK(what_is_said([&] { parallel.backward(); }) == expected);
}

TEST_CASE("two networks learn in one program, also one within the pass of the other") {
    auto a = network{}, b = network{};
    auto parallel_a = distributed::data_parallel{world(), a};
    auto parallel_b = distributed::data_parallel{world(), b};
    auto numbers = xg::generator{12};
    const auto n = world().size();
    const auto whole_a = ranks::whole_batch(numbers, 3 * n), whole_b = ranks::whole_batch(numbers, 2 * n);
    const auto own_a = ranks::part_of(whole_a, std::vector<std::size_t>(n, 3)), own_b = ranks::part_of(whole_b, std::vector<std::size_t>(n, 2));
    for (auto& each : xg::nn::parameters(a, b)) each.zero_grad();
    const auto hidden = a.fc1(own_a.x, xg::relu);
    hidden.register_hook([&](const auto& g) {   // those of fc2 are under way
        const auto recording = xg::enable_grad{};
        parallel_b.backward(xg::mse_loss(b(own_b.x), own_b.y), 2);
        return g;
    });
    parallel_a.backward(xg::mse_loss(a.fc2(hidden), own_a.y), 3);
    check_gradients(a, whole_gradients(a, whole_a), 1e-5);
    check_gradients(b, whole_gradients(b, whole_b), 1e-5);
}

TEST_CASE("the usual loop trains in parallel, too") {
    auto net = network{};
    auto opt = xg::optim::sgd{xg::nn::parameters(net), {.lr = 0.1}};
    auto parallel = distributed::data_parallel{world(), net};
    auto numbers = xg::generator{10};
    const auto all = ranks::whole_batch(numbers, 16);
    auto batches = xg::data::loader{xg::data::tensor_dataset{all.x, all.y}, {.batch_size = 2, .seed = 1, .sampler = world().sampler()}};
    xg::train::fit(opt, batches, {.epochs = 3, .before_step = [&] { parallel.average(1); }, .out = world().out()},
                   [&](const auto& x, const auto& y) { return xg::mse_loss(net(x), y); });
    parallel.check();
}

TEST_CASE("misuse has a sentence") {
    auto net = network{};
    auto parallel = distributed::data_parallel{world(), net};
    const auto x = xg::ones<float>({2, 4});
    CHECK(what_is_said([&] { parallel.backward(xg::sum(net.unused(x)), -1); }) == "[data_parallel] the number of rows must be at least 0, got -1");
    CHECK(what_is_said([&] { parallel.backward(net.unused(x), 2); }).find("only a scalar") != std::string::npos);
    CHECK(what_is_said([&] { distributed::data_parallel{world(), net, {.bucket_bytes = 0}}; }).find("at least one byte") != std::string::npos);
    CHECK(what_is_said([] { xg::distributed::world{}; }) == "[distributed::world] there is a world already; hand on a reference to it");
    parallel.backward(xg::sum(net.unused(x)), 2);   // and all goes on
}
