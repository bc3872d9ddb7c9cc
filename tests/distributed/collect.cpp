#include <doctest/doctest.h>

#include <xgrad/data/dataset.hpp>
#include <xgrad/data/loader.hpp>
#include <xgrad/data/transform.hpp>
#include <xgrad/distributed/collect.hpp>
#include <xgrad/distributed/sampler.hpp>
#include <xgrad/train/meters.hpp>

#include <support/ranks.hpp>
#include <support/what_is_said.hpp>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <limits>
#include <string>
#include <tuple>
#include <vector>

namespace xg = xgrad;
namespace distributed = xgrad::distributed;
using ranks::world;

TEST_CASE("numbers of all ranks are brought together") {
    const auto n = world().size();
    REQUIRE(n > 1);
    CHECK(distributed::sum(world(), world().rank() + 1) == static_cast<double>(n * (n + 1) / 2));
    const auto all = distributed::gather(world(), 10 * world().rank());
    REQUIRE(all.size() == n);
    for (auto r = std::size_t{0}; r < n; ++r) CHECK(all[r] == static_cast<double>(10 * r));
}

TEST_CASE("a mean is weighted, and a rank without rows does not count") {
    const auto first = world().is_first();
    const auto nan = std::numeric_limits<double>::quiet_NaN();
    CHECK(distributed::mean(world(), first ? nan : 3.0, first ? 0 : 7) == 3);
    CHECK(distributed::mean(world(), first ? 1.0 : 2.0, first ? world().size() - 1 : 1) == 1.5);
    CHECK(std::isnan(distributed::mean(world(), nan, 0)));

    auto meter = xg::train::accuracy_meter{};
    const auto right = xg::tensor<float, 2>{{0, 1}, {0, 1}, {1, 0}};
    const auto labels = xg::tensor<int, 1>{1, 0, 0};
    if (!first) meter.add(right, labels);
    CHECK(distributed::mean(world(), meter) == doctest::Approx(2.0 / 3));
}

TEST_CASE("rows come in the order of the ranks, however many each has") {
    const auto rank = world().rank();
    const auto own = xg::tensor<float, 2>{std::vector<float>(rank * 3, static_cast<float>(rank)), {rank, 3}};
    const auto all = distributed::gather_rows(world(), own);
    auto at = std::size_t{0};
    for (auto r = std::size_t{0}; r < world().size(); ++r)
        for (auto i = std::size_t{0}; i < r; ++i, ++at)
            for (auto c = std::size_t{0}; c < 3; ++c) CHECK(all(at, c) == static_cast<float>(r));
    CHECK(all.shape(0) == at);

    const auto odd = xg::tensor<float, 2>{std::vector<float>(6), rank == 0 ? xg::shape{2, 3} : xg::shape{3, 2}};
    CHECK(what_is_said([&] { distributed::gather_rows(world(), odd); }).find("rows have") != std::string::npos);
}

TEST_CASE("an evaluation sees each sample once") {
    for (const auto samples : {std::size_t{0}, std::size_t{1}, std::size_t{7}, std::size_t{16}}) {
        auto values = std::vector<float>(samples);
        for (auto i = std::size_t{0}; i < samples; ++i) values[i] = static_cast<float>(i + 1);
        const auto set = xg::data::tensor_dataset{xg::tensor<float, 1>{values, {samples}}};
        auto batches = xg::data::loader{set, {.batch_size = 3, .sampler = distributed::each_once{world()}}};
        auto sum = 0.0;
        for (auto [x] : batches)
            for (const auto each : x) sum += static_cast<double>(each);
        CHECK(distributed::sum(world(), sum) == static_cast<double>(samples * (samples + 1) / 2));
    }
}

TEST_CASE("in training all ranks have as many samples, others in each epoch") {
    auto values = std::vector<float>(10);
    for (auto i = std::size_t{0}; i < 10; ++i) values[i] = static_cast<float>(i);
    const auto set = xg::data::tensor_dataset{xg::tensor<float, 1>{values, {10}}};
    auto batches = xg::data::loader{set, {.batch_size = 2, .seed = 3, .sampler = world().sampler()}};
    auto epochs = std::vector<std::vector<float>>{};
    for (auto epoch = 0; epoch < 2; ++epoch) {
        auto own = std::vector<float>{};
        for (auto [x] : batches) own.insert(own.end(), x.begin(), x.end());
        const auto all = distributed::gather_rows(world(), xg::tensor<float, 1>{own, {own.size()}});
        CHECK(all.size() == own.size() * world().size());
        for (const auto wanted : values) CHECK(std::find(all.begin(), all.end(), wanted) != all.end());
        epochs.emplace_back(all.begin(), all.end());
    }
    CHECK(epochs[0] != epochs[1]);
}

TEST_CASE("the random numbers of a sample are those that it has on a single rank") {
    auto values = std::vector<float>(12);
    for (auto i = std::size_t{0}; i < 12; ++i) values[i] = static_cast<float>(i);
    const auto set = xg::data::transform(xg::data::tensor_dataset{xg::tensor<float, 1>{values, {12}}}, [](const auto& x, xg::generator& numbers) {
        return std::tuple{x, xg::tensor<float, 0>{numbers.uniform<float>()}};
    });
    auto drawn = std::vector<float>(12);
    for (auto [x, u] : xg::data::loader{set, {.batch_size = 4, .seed = 3}})
        for (auto i = std::size_t{0}; i < x.size(); ++i) drawn[static_cast<std::size_t>(x(i))] = u(i);
    for (auto [x, u] : xg::data::loader{set, {.batch_size = 2, .seed = 3, .sampler = world().sampler()}})
        for (auto i = std::size_t{0}; i < x.size(); ++i) CHECK(u(i) == drawn[static_cast<std::size_t>(x(i))]);
}

TEST_CASE("ranks that do different things hear of it") {
    const auto text = what_is_said([] {
        if (world().is_first()) distributed::sum(world(), 1);
        else distributed::gather(world(), 1);
    });
    CHECK(text == "[distributed] the ranks do not do the same: rank 0 is at sum or mean, rank 1 at gather; where one has more batches than another, the others join()");
    CHECK(distributed::sum(world(), 1) == static_cast<double>(world().size()));
}
