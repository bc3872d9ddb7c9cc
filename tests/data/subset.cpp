#include <doctest/doctest.h>

#include <xgrad/autograd/tensor.hpp>
#include <xgrad/core/error.hpp>
#include <xgrad/data/dataset.hpp>
#include <xgrad/data/loader.hpp>
#include <xgrad/data/subset.hpp>

#include <algorithm>
#include <cstdint>
#include <numeric>
#include <utility>
#include <vector>

namespace xg = xgrad;
namespace data = xgrad::data;

namespace {

auto numbered(std::size_t count) {
    auto x = std::vector<double>(count);
    std::iota(x.begin(), x.end(), 0.0);
    return data::tensor_dataset{xg::tensor<double, 1>{x, {count}}};
}

template <class Set>
std::vector<double> all_of(const Set& set) {
    auto all = std::vector<double>{};
    for (auto [x] : data::loader{set, {.batch_size = 3}}) all.insert(all.end(), x.begin(), x.end());
    return all;
}

}  // namespace

TEST_CASE("a subset has some samples, in its order") {
    const auto some = data::subset{numbered(10), {7, 2, 2}};
    CHECK(some.size() == 3);
    CHECK(all_of(some) == std::vector<double>{7, 2, 2});
    CHECK(std::get<0>(some[0]).item() == 7);
    CHECK(all_of(data::subset{some, {1, 0}}) == std::vector<double>{2, 7});
    CHECK_THROWS_AS((data::subset{numbered(3), {3}}), xg::index_error);
    CHECK_THROWS_AS(some[3], xg::index_error);
    auto shuffled = data::loader{data::subset{numbered(100), {1, 3, 5, 7, 9}}, {.batch_size = 5, .shuffle = true}};
    for (auto [x] : shuffled) CHECK(std::accumulate(x.begin(), x.end(), 0.0) == 25);
}

TEST_CASE("sets one after the other") {
    const auto both = data::concat{numbered(2), data::subset{numbered(9), {8}}, numbered(0), numbered(1)};
    CHECK(all_of(both) == std::vector<double>{0, 1, 8, 0});
    CHECK_THROWS_AS(both[4], xg::index_error);
}

TEST_CASE("parts of a split add up, and every sample is in one") {
    for (auto count = std::size_t{0}; count < 40; ++count) {
        const auto parts = data::random_split(numbered(count), {0.1, 0.2, 0.7}, {.seed = count});
        auto all = std::vector<double>{};
        for (const auto& part : parts)
            for (const auto each : all_of(part)) all.push_back(each);
        std::ranges::sort(all);
        CHECK(all == all_of(numbered(count)));
    }
    const auto [train, test] = data::random_split(numbered(10), {0.85, 0.15}, {.shuffle = false});
    CHECK(train.size() + test.size() == 10);
    CHECK(all_of(train).front() == 0);
    const auto counts = data::random_split(numbered(10), {3, 7});
    CHECK(counts[0].size() == 3);
    CHECK(data::random_split(numbered(1), {1, 0})[0].size() == 1);
    CHECK_THROWS_WITH_AS(data::random_split(numbered(10), {0.5, 0.6}),
                         "[random_split] the parts add up to 1.1; fractions add up to 1, counts to the number of samples, 10",
                         xg::value_error);
    CHECK_THROWS_AS(data::random_split(numbered(10), {-0.5, 1.5}), xg::value_error);
    CHECK_THROWS_AS(data::random_split(numbered(10), {5, 6}), xg::value_error);
}

TEST_CASE("folds: each sample is tested once") {
    for (const auto& [count, folds] : {std::pair{10u, 3u}, {7u, 7u}, {100u, 5u}}) {
        auto tested = std::vector<double>{};
        for (const auto& [train, test] : data::k_fold(numbered(count), folds, {.seed = 1})) {
            CHECK(train.size() + test.size() == count);
            CHECK(test.size() >= count / folds);
            CHECK(test.size() <= count / folds + 1);
            for (const auto each : all_of(test)) {
                CHECK(std::ranges::count(train.indices(), static_cast<std::size_t>(each)) == 0);
                tested.push_back(each);
            }
        }
        std::ranges::sort(tested);
        CHECK(tested == all_of(numbered(count)));
    }
    CHECK_THROWS_AS(data::k_fold(numbered(10), 1), xg::value_error);
    CHECK_THROWS_AS(data::k_fold(numbered(10), 0), xg::value_error);
    CHECK_THROWS_AS(data::k_fold(numbered(3), 4), xg::value_error);
    CHECK_THROWS_AS(data::k_fold(numbered(0), 2), xg::value_error);
}

TEST_CASE("stratified folds have as many of each class") {
    auto labels = std::vector<std::int64_t>(50);
    for (auto i = std::size_t{0}; i < 50; ++i) labels[i] = i < 30 ? 0 : i < 47 ? 1 : 2;
    const auto y = xg::tensor<std::int64_t, 1>{labels, {50}};
    for (const auto& [train, test] : data::stratified_k_fold(numbered(50), y, 5)) {
        auto counts = std::vector<int>(3);
        for (const auto i : test.indices()) ++counts[static_cast<std::size_t>(labels[i])];
        CHECK(counts[0] == 6);
        CHECK((counts[1] == 3 || counts[1] == 4));
        CHECK(counts[2] <= 1);
        CHECK(test.size() == 10);
    }
    CHECK_THROWS_AS(data::stratified_k_fold(numbered(49), y, 5), xg::value_error);
}
