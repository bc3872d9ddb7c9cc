#include <doctest/doctest.h>

#include <xgrad/core/memory.hpp>
#include <xgrad/core/random.hpp>
#include <xgrad/data/dataset.hpp>
#include <xgrad/data/loader.hpp>

#include <algorithm>
#include <array>
#include <cstdint>
#include <numeric>
#include <tuple>
#include <type_traits>
#include <utility>
#include <vector>

namespace xg = xgrad;
namespace data = xgrad::data;

namespace {

/// Sample i is the row (10 i, 10 i + 1) with the label i.
auto numbered(std::size_t count) {
    auto x = std::vector<float>(2 * count);
    auto y = std::vector<std::int64_t>(count);
    for (auto i = std::size_t{0}; i < count; ++i) {
        x[2 * i] = static_cast<float>(10 * i);
        x[2 * i + 1] = static_cast<float>(10 * i + 1);
        y[i] = static_cast<std::int64_t>(i);
    }
    return data::tensor_dataset{xg::tensor<float, 2>{x, {count, 2}}, xg::tensor<std::int64_t, 1>{y, {count}}};
}

template <class Loader>
std::vector<std::int64_t> labels(Loader& batches) {
    auto all = std::vector<std::int64_t>{};
    for (auto [x, y] : batches) {
        CHECK(x.shape(0) == y.shape(0));
        for (auto i = std::size_t{0}; i < y.size(); ++i) {
            all.push_back(std::as_const(y)(i));
            CHECK(std::as_const(x)(i, 1) == static_cast<float>(10 * all.back() + 1));
        }
    }
    return all;
}

std::vector<std::int64_t> in_order(std::size_t count) {
    auto all = std::vector<std::int64_t>(count);
    std::iota(all.begin(), all.end(), 0);
    return all;
}

}  // namespace

TEST_CASE("a data set of tensors side by side") {
    auto set = numbered(5);
    CHECK(set.size() == 5);
    auto& [x, y] = set;
    CHECK(x.shape(1) == 2);
    CHECK(y(4) == 4);
    CHECK_THROWS_WITH_AS((data::tensor_dataset{xg::tensor<float, 2>{{1, 2}}, xg::tensor<float, 1>{{1, 2}}}),
                         "[tensor_dataset] the tensors hold 1 and 2 samples; the first sizes must be equal",
                         xg::shape_error);
    CHECK_THROWS_AS((data::tensor_dataset{xg::tensor<float>(1.0f)}), xg::rank_error);
}

TEST_CASE("in order, batches are ranges of rows") {
    const auto set = numbered(10);
    auto batches = data::loader{set, {.batch_size = 4}};
    CHECK(batches.size() == 3);
    CHECK(batches.samples() == 10);
    CHECK(labels(batches) == in_order(10));
    auto first = std::size_t{0};
    for (auto [x, y] : batches) {
        static_assert(std::is_same_v<decltype(x), xg::tensor<float, 2>>);
        static_assert(std::is_same_v<decltype(y), xg::tensor<std::int64_t, 1>>);
        CHECK(x.shape(0) == (first < 8 ? 4 : 2));
        CHECK(std::as_const(x)(0, 0) == static_cast<float>(10 * first));
        first += 4;
    }
    auto full = data::loader{set, {.batch_size = 4, .drop_last = true}};
    CHECK(full.size() == 2);
    CHECK(labels(full) == in_order(8));
}

TEST_CASE("shuffled, every sample comes once, in an order that the seed and the epoch determine") {
    const auto set = numbered(100);
    auto batches = data::loader{set, {.batch_size = 7, .shuffle = true, .seed = 5}};
    const auto first = labels(batches), second = labels(batches);
    CHECK(batches.epoch() == 2);
    CHECK(first != in_order(100));
    CHECK(first != second);
    auto sorted = first;
    std::ranges::sort(sorted);
    CHECK(sorted == in_order(100));

    auto again = data::loader{set, {.batch_size = 9, .shuffle = true, .seed = 5}};
    CHECK(labels(again) == first);
    CHECK(labels(again) == second);
    auto other = data::loader{set, {.batch_size = 7, .shuffle = true, .seed = 6}};
    CHECK(labels(other) != first);
}

TEST_CASE("a batch is its own copy") {
    for (const auto shuffle : {false, true}) {
        const auto set = numbered(6);
        const auto before = set.get<0>().clone();
        auto batches = data::loader{set, {.batch_size = 6, .shuffle = shuffle}};
        for (auto [x, y] : batches) {
            CHECK(std::as_const(x).data() != set.get<0>().data());
            x(0, 0) = -1;
        }
        CHECK(std::ranges::equal(set.get<0>().span(), before.span()));
        CHECK(labels(batches).size() == 6);
    }
}

TEST_CASE("loops over one loader run within each other, each with every sample") {
    const auto set = numbered(20);
    for (const auto shuffle : {false, true}) {
        auto batches = data::loader{set, {.batch_size = 3, .shuffle = shuffle, .seed = 5}};
        auto outer = std::vector<std::int64_t>{};
        for (auto [x, y] : batches) {
            auto inner = labels(batches);
            if (shuffle) CHECK(inner != in_order(20));
            std::ranges::sort(inner);
            CHECK(inner == in_order(20));
            for (const auto label : y.span()) outer.push_back(label);
        }
        CHECK(batches.epoch() == 8);
        auto again = data::loader{set, {.batch_size = 5, .shuffle = shuffle, .seed = 5}};
        CHECK(labels(again) == outer);
        std::ranges::sort(outer);
        CHECK(outer == in_order(20));

        auto first = batches.begin(), second = batches.begin();
        auto sums = std::array<std::int64_t, 2>{};
        for (; first != batches.end(); ++first, ++second) {
            for (const auto label : std::get<1>(*first).span()) sums[0] += label;
            for (const auto label : std::get<1>(*second).span()) sums[1] += label;
        }
        CHECK(sums == std::array<std::int64_t, 2>{190, 190});
    }
}

TEST_CASE("a data set whose tensors do not fit each other") {
    struct pairs {
        xg::tensor<float, 2> x{{1, 2}, {3, 4}, {5, 6}};
        xg::tensor<std::int64_t> y{1, 2, 3};
        std::size_t count = 3;
        std::size_t size() const { return count; }
        auto tensors() const { return std::tuple{x, y}; }
    };
    const auto load = [](const pairs& set) { return data::loader{set, {.batch_size = 2, .shuffle = true}}.size(); };
    CHECK(load(pairs{}) == 2);
    CHECK_THROWS_WITH_AS(load(pairs{.y = {1, 2}}),
                         "[loader] the data set has 3 samples, its tensor 1 has shape (2,); the first size of each must "
                         "be the number of samples",
                         xg::shape_error);
    CHECK_THROWS_AS(load(pairs{.y = {1, 2, 3, 4}}), xg::shape_error);
    CHECK_THROWS_AS(load(pairs{.count = 4}), xg::shape_error);
    CHECK_THROWS_AS(load(pairs{.count = 2}), xg::shape_error);
    CHECK_THROWS_AS(load(pairs{.count = 0}), xg::shape_error);
    CHECK_THROWS_WITH_AS(load(pairs{.y = xg::tensor<std::int64_t>(1)}),
                         "[loader] tensor 1 of the data set is a scalar; the first axis counts the samples",
                         xg::rank_error);
    CHECK_THROWS_AS(load(pairs{.y = {}}), xg::error);
}

TEST_CASE("a data set may give references, a pair or an array of tensors") {
    const auto check = [](const auto& given) {
        struct some {
            decltype(given) all;
            int size() const { return 3; }
            decltype(auto) tensors() const { return (all); }
        };
        auto count = std::size_t{0};
        for (auto [x, y] : data::loader{some{given}, {.batch_size = 2}}) count += x.size() + y.size();
        CHECK(count == 6);
    };
    const auto x = xg::tensor<float, 1>{{1, 2, 3}};
    const auto y = xg::tensor<std::int64_t, 1>{{1, 2, 3}};
    check(std::tie(x, y));
    check(std::pair{x, y});
    check(std::array{x, x});
}

TEST_CASE("without a seed the default generator decides") {
    const auto set = numbered(50);
    const auto order = [&] {
        auto batches = data::loader{set, {.batch_size = 50, .shuffle = true}};
        return labels(batches);
    };
    xg::manual_seed(1);
    const auto a = order(), b = order();
    xg::manual_seed(1);
    CHECK(order() == a);
    CHECK(a != b);
}

TEST_CASE("large rows are gathered by several threads alike") {
    const auto count = std::size_t{64}, width = std::size_t{20000};
    auto x = std::vector<double>(count * width);
    std::iota(x.begin(), x.end(), 0.0);
    const auto set = data::tensor_dataset{xg::tensor<double, 2>{x, {count, width}}};
    for (auto [rows] : data::loader{set, {.batch_size = 64, .shuffle = true}}) {
        auto right = true;
        for (auto i = std::size_t{0}; i < count; ++i)
            for (auto j = std::size_t{1}; j < width; ++j)
                right =
                    right && std::as_const(rows)(i, j) == std::as_const(rows)(i, 0) + static_cast<double>(j);
        CHECK(right);
    }
}

TEST_CASE("a loader outlives its data set") {
    auto batches = data::loader{numbered(3), {.batch_size = 2}};
    CHECK(labels(batches) == in_order(3));
}

TEST_CASE("empty sets and bad sizes") {
    const auto empty = data::tensor_dataset{xg::tensor<float, 2>{std::vector<float>{}, {0, 4}}};
    for (const auto shuffle : {false, true}) {
        auto batches = data::loader{empty, {.batch_size = 2, .shuffle = shuffle}};
        CHECK(batches.size() == 0);
        for (auto [x] : batches) CHECK(x.size() == 1);
    }
    CHECK_THROWS_AS((data::loader{numbered(3), {.batch_size = 0}}), xg::value_error);
}

TEST_CASE("an epoch asks the system for no memory after the first") {
    auto batches = data::loader{numbered(1000), {.batch_size = 100, .shuffle = true}};
    const auto epoch = [&] {
        auto sum = 0.0f;
        for (auto [x, y] : batches) sum += std::as_const(x)(0, 0);
        return sum;
    };
    CHECK(epoch() >= 0);
    const auto before = xg::memory::stats().system_allocations;
    CHECK(epoch() >= 0);
    if (xg::memory::pooled) CHECK(xg::memory::stats().system_allocations == before);
}
