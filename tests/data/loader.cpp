#include <doctest/doctest.h>

#include <xgrad/core/memory.hpp>
#include <xgrad/core/random.hpp>
#include <xgrad/data/dataset.hpp>
#include <xgrad/data/loader.hpp>

#include <algorithm>
#include <cstdint>
#include <numeric>
#include <type_traits>
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

TEST_CASE("in order, batches are ranges of rows that share the data") {
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
        CHECK(std::as_const(x).data() == set.get<0>().data() + 2 * first);
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
