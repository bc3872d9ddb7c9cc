// Loaders of sets that give sample by sample: transforms, workers, padding, samplers, positions.
#include <doctest/doctest.h>

#include <xgrad/autograd/tensor.hpp>
#include <xgrad/core/error.hpp>
#include <xgrad/core/random.hpp>
#include <xgrad/data/dataset.hpp>
#include <xgrad/data/loader.hpp>
#include <xgrad/data/sampler.hpp>
#include <xgrad/data/transform.hpp>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <stdexcept>
#include <thread>
#include <tuple>
#include <type_traits>
#include <utility>
#include <vector>

namespace xg = xgrad;
namespace data = xgrad::data;

namespace {

/// Sample i is a sequence of 1 + i % 3 numbers i, and the number i.
struct sequences {
    std::size_t count = 10;
    std::size_t size() const { return count; }
    auto operator[](std::size_t i) const {
        auto x = std::vector<float>(1 + i % 3, static_cast<float>(i));
        return std::tuple{xg::tensor<float, 1>{x, {x.size()}}, static_cast<std::int64_t>(i)};
    }
};

struct numbers {
    std::size_t count = 10;
    std::size_t size() const { return count; }
    xg::tensor<double, 0> operator[](std::size_t i) const { return xg::tensor<double, 0>{static_cast<double>(i)}; }
};

auto noisy(std::size_t count) {
    return data::transform(numbers{count}, [](auto x, xg::generator& random) {
        return std::tuple{x, random.uniform<double>()};
    });
}

template <class Loader>
std::vector<double> epoch_of(Loader& batches) {
    auto all = std::vector<double>{};
    for (auto [x, noise] : batches)
        for (auto i = std::size_t{0}; i < x.size(); ++i) {
            all.push_back(std::as_const(x)(i));
            all.push_back(std::as_const(noise)(i));
        }
    return all;
}

}  // namespace

TEST_CASE("samples become batches: tensors get an axis, numbers become vectors") {
    auto seen = 0.0;
    for (auto [x] : data::loader{numbers{}, {.batch_size = 4}}) {
        static_assert(std::is_same_v<decltype(x), xg::tensor<double, 1>>);
        for (const auto each : x) seen += each;
    }
    CHECK(seen == 45);
    for (auto [x, y] : data::loader{sequences{1}, {.batch_size = 4}}) {
        static_assert(std::is_same_v<decltype(x), xg::tensor<float, 2>>);
        static_assert(std::is_same_v<decltype(y), xg::tensor<std::int64_t, 1>>);
        CHECK(x.shape() == xg::shape{1, 1});
    }
}

TEST_CASE("sequences are filled up to the longest of their batch") {
    auto batches = data::loader{sequences{}, {.batch_size = 2, .pad = {-1, 0}}};
    auto i = batches.begin();
    const auto [x, y] = *i;
    CHECK(x.shape() == xg::shape{2, 2});
    CHECK(x(0, 0) == 0);
    CHECK(x(0, 1) == -1);
    CHECK(x(1, 1) == 1);
    const auto [longer, z] = *++i;
    CHECK(longer.shape() == xg::shape{2, 3});
    CHECK_THROWS_WITH_AS(*data::loader(sequences{}, {.batch_size = 2}).begin(),
                         "[loader] tensor 0 of the samples of a batch has shapes (1,) and (2,); equal shapes make a batch, or "
                         ".pad = {0} fills them up",
                         xg::shape_error);
    CHECK_THROWS_AS(data::loader(sequences{}, {.pad = {1, 2, 3}}), xg::value_error);
}

TEST_CASE("rows of more axes are filled up at the end of each") {
    struct planes {
        std::size_t size() const { return 2; }
        xg::tensor<std::int64_t, 2> operator[](std::size_t i) const {
            return i == 0 ? xg::tensor<std::int64_t, 2>{{1, 2, 3}} : xg::tensor<std::int64_t, 2>{{4}, {5}};
        }
    };
    const auto [x] = *data::loader{planes{}, {.batch_size = 2, .pad = {9}}}.begin();
    CHECK(std::ranges::equal(std::vector<std::int64_t>{1, 2, 3, 9, 9, 9, 4, 9, 9, 5, 9, 9}, x.span()));
}

TEST_CASE("a transform's numbers depend on seed, epoch and index, and on nothing else") {
    auto alone = data::loader{noisy(50), {.batch_size = 7, .shuffle = true, .seed = 3}};
    const auto first = epoch_of(alone), second = epoch_of(alone);
    CHECK(first != second);
    for (const auto workers : {1, 2, 5, 20}) {
        auto several = data::loader{noisy(50), {.batch_size = 7, .shuffle = true, .seed = 3, .workers = static_cast<std::size_t>(workers)}};
        CHECK(epoch_of(several) == first);
        CHECK(epoch_of(several) == second);
    }
    auto in_order = data::loader{noisy(50), {.batch_size = 50, .seed = 3}};
    auto sorted = epoch_of(in_order);
    for (auto i = std::size_t{0}; i < first.size(); i += 2) CHECK(sorted[2 * static_cast<std::size_t>(first[i]) + 1] == first[i + 1]);
    auto other = data::loader{noisy(50), {.batch_size = 50, .seed = 4}};
    CHECK(epoch_of(other) != sorted);
    CHECK(std::get<1>(noisy(3)[1]) == std::get<1>(noisy(3)[1]));
}

TEST_CASE("a transform changes samples, not the set") {
    const auto set = data::tensor_dataset{xg::tensor<float, 2>{{1, 2}, {3, 4}}};
    const auto twice = data::transform(set, [](auto x) {
        x(0) *= 2;
        return x;
    });
    for (auto [x] : data::loader{twice, {.batch_size = 2}}) CHECK(std::as_const(x)(1, 0) == 6);
    CHECK(set.get<0>()(1, 0) == 3);
    CHECK_THROWS_AS(set[2], xg::index_error);
}

TEST_CASE("with workers a batch that nobody asked for twice can be had twice") {
    auto batches = data::loader{noisy(20), {.batch_size = 4, .seed = 1, .workers = 2}};
    auto i = batches.begin(), j = batches.begin();
    const auto a = *i, b = *i;
    CHECK(std::ranges::equal(std::get<1>(a).span(), std::get<1>(b).span()));
    std::get<1>(*j);
    ++i, ++i, ++i;   // over two of them
    CHECK(std::get<0>(*i)(0) == 12);
    auto again = i;
    ++i;
    CHECK(std::get<0>(*i)(0) == 16);
    CHECK(std::get<0>(*again)(0) == 12);
}

TEST_CASE("what a worker throws arrives at the loop, at its batch") {
    const auto broken = data::transform(numbers{100}, [](auto x) {
        if (std::as_const(x)() == 42) throw std::runtime_error{"42"};
        return x;
    });
    for (const auto workers : {0, 1, 3}) {
        auto batches = data::loader{broken, {.batch_size = 10, .workers = static_cast<std::size_t>(workers)}};
        auto before = 0;
        try {
            for (auto [x] : batches) ++before;
            FAIL("nothing thrown");
        } catch (const std::runtime_error& wrong) {
            CHECK(wrong.what() == std::string{"42"});
        }
        CHECK(before == 4);
    }
}

TEST_CASE("a loop that ends early leaves no thread behind, and an empty set has no batch") {
    auto running = std::atomic<int>{0};
    const auto slow = data::transform(numbers{1000}, [&running](auto x) {
        ++running;
        std::this_thread::sleep_for(std::chrono::microseconds{100});
        --running;
        return x;
    });
    auto batches = data::loader{slow, {.batch_size = 2, .workers = 3}};
    for (auto [x] : batches) break;
    CHECK(running == 0);
    auto none = data::loader{numbers{0}, {.batch_size = 2, .workers = 3}};
    for (auto [x] : none) FAIL("a batch of nothing");
    auto few = data::loader{numbers{3}, {.batch_size = 4, .drop_last = true, .workers = 3}};
    CHECK(few.size() == 0);
    for (auto [x] : few) FAIL("a batch of too few");
    auto whole = data::loader{data::tensor_dataset{xg::tensor<float, 1>{1, 2, 3}}, {.batch_size = 2, .workers = 8}};
    auto sum = 0.0f;
    for (auto [x] : whole)
        for (const auto each : x) sum += each;
    CHECK(sum == 6);
}

TEST_CASE("a loader goes on where another was") {
    auto first = data::loader{noisy(23), {.batch_size = 4, .shuffle = true, .seed = 8}};
    CHECK(first.position().epoch == 0);
    epoch_of(first);
    CHECK(first.position().epoch == 1);
    CHECK(first.position().batch == 0);
    const auto second = epoch_of(first), third = epoch_of(first);
    for (auto stop = std::size_t{1}; stop <= first.size(); ++stop) {
        auto one = data::loader{noisy(23), {.batch_size = 4, .shuffle = true, .seed = 8}};
        epoch_of(one);
        auto seen = std::vector<double>{};
        auto at = data::loader_position{};
        for (auto [x, noise] : one) {
            for (auto i = std::size_t{0}; i < x.size(); ++i) seen.insert(seen.end(), {std::as_const(x)(i), std::as_const(noise)(i)});
            at = one.position();
            if (at.batch == stop) break;
        }
        CHECK(at.epoch == 1);
        auto other = data::loader{noisy(23), {.batch_size = 4, .shuffle = true, .workers = 2}};
        other.go_to(at);
        for (const auto each : epoch_of(other)) seen.push_back(each);
        CHECK(seen == second);
        CHECK(other.position().epoch == 2);
        CHECK(epoch_of(other) == third);
    }
    CHECK_THROWS_AS(first.go_to({.batch = 7}), xg::value_error);
}

TEST_CASE("a loop that was left is gone on with, unless its epoch was ended") {
    const auto options = data::loader_options{.batch_size = 4, .shuffle = true, .seed = 8};
    auto whole = data::loader{noisy(23), options};
    epoch_of(whole);
    const auto second = epoch_of(whole);
    auto one = data::loader{noisy(23), options};
    for (auto [x, noise] : one)
        if (one.position().batch == 2) break;
    auto other = data::loader{noisy(23), options};
    other.go_to(one.position());
    CHECK(epoch_of(other).size() == second.size() - 2 * 2 * 4);
    CHECK(other.position().epoch == 1);
    one.end_epoch();
    other.go_to(one.position());
    CHECK(epoch_of(one) == second);
    CHECK(epoch_of(other) == second);
}

TEST_CASE("a loop goes on as it began when its loader is sent elsewhere") {
    const auto options = data::loader_options{.batch_size = 4, .shuffle = true, .seed = 8};
    auto first = data::loader{noisy(23), options};
    const auto whole = epoch_of(first);
    for (const auto workers : {0, 2}) {
        auto batches = data::loader{noisy(23), {.batch_size = 4, .shuffle = true, .seed = 8, .workers = static_cast<std::size_t>(workers)}};
        auto seen = std::vector<double>{};
        for (auto [x, noise] : batches) {
            for (auto i = std::size_t{0}; i < x.size(); ++i) seen.insert(seen.end(), {std::as_const(x)(i), std::as_const(noise)(i)});
            batches.go_to({.seed = 9, .epoch = 5, .batch = 0});
        }
        CHECK(seen == whole);
    }
}

TEST_CASE("an epoch has what the sampler draws, without what is left out") {
    CHECK(data::loader{numbers{}, {.batch_size = 4}}.epoch_samples() == 10);
    CHECK(data::loader{numbers{}, {.batch_size = 4, .drop_last = true}}.epoch_samples() == 8);
    CHECK(data::loader{numbers{}, {.batch_size = 4, .sampler = data::distributed_sampler{{.rank = 1, .ranks = 3}}}}.epoch_samples() == 4);
    CHECK(data::loader{numbers{3}, {.batch_size = 4, .drop_last = true}}.epoch_samples() == 0);
}

TEST_CASE("a weighted sampler never draws what has no weight") {
    auto weights = std::vector<double>(10);
    weights[3] = 1, weights[7] = 3;
    auto batches = data::loader{numbers{}, {.batch_size = 1000, .seed = 1, .sampler = data::weighted_sampler{weights, {.count = 4000}}}};
    CHECK(batches.size() == 4);
    auto counts = std::vector<int>(10);
    for (auto [x] : batches)
        for (const auto each : x) ++counts[static_cast<std::size_t>(each)];
    CHECK(counts[3] + counts[7] == 4000);
    CHECK(counts[7] > 2850);
    CHECK(counts[7] < 3150);

    auto random = xg::generator{1};
    for (auto i = 0; i < 100; ++i) {
        auto both = data::weighted_sampler{weights, {.count = 2, .replacement = false}}.order(10, random);
        std::ranges::sort(both);
        CHECK(both == data::sample_order{3, 7});
    }
    CHECK_THROWS_AS((data::weighted_sampler{weights, {.count = 3, .replacement = false}}), xg::value_error);
    CHECK_THROWS_AS(data::weighted_sampler{std::vector<double>(3)}, xg::value_error);
    CHECK_THROWS_AS((data::weighted_sampler{{1, -1}}), xg::value_error);
    CHECK_THROWS_AS((data::loader{numbers{3}, {.sampler = data::weighted_sampler{weights}}}.begin()), xg::value_error);
    CHECK_THROWS_AS((data::loader{numbers{}, {.shuffle = true, .sampler = data::weighted_sampler{weights}}}), xg::value_error);
    auto huge = data::weighted_sampler{{1e308, 1e308, 1e308, 0}, {.count = 100}}.order(4, random);
    CHECK(std::ranges::count(huge, 3u) == 0);
    auto least = data::weighted_sampler{{1e308, 1e-308, 0}, {.count = 2, .replacement = false}}.order(3, random);
    CHECK(least == data::sample_order{0, 1});
}

TEST_CASE("distributed samplers share an epoch among them") {
    for (const auto shuffle : {false, true})
        for (const auto drop : {false, true}) {
            auto seen = std::vector<int>(10);
            for (auto rank = std::size_t{0}; rank < 4; ++rank) {
                const auto part = data::distributed_sampler{{.rank = rank, .ranks = 4, .shuffle = shuffle, .drop_last = drop}};
                auto batches = data::loader{numbers{}, {.batch_size = 2, .seed = 1, .sampler = part}};
                auto own = 0;
                for (auto [x] : batches)
                    for (const auto each : x) ++seen[static_cast<std::size_t>(each)], ++own;
                CHECK(own == (drop ? 2 : 3));
            }
            CHECK(std::ranges::count(seen, 0) == (drop ? 2 : 0));
            CHECK(std::ranges::count(seen, 2) == (drop ? 0 : 2));
        }
    auto random = xg::generator{1};
    CHECK(data::distributed_sampler{{.rank = 4, .ranks = 5}}.order(2, random).size() == 1);
    CHECK(data::distributed_sampler{{.rank = 1, .ranks = 2}}.order(0, random).empty());
    CHECK_THROWS_AS((data::distributed_sampler{{.rank = 2, .ranks = 2}}), xg::value_error);
}
