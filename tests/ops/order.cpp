// Order: sorting, choosing, searching, counting.
#include <doctest/doctest.h>

#include <support/operation_table.hpp>

#include <xgrad/autograd/create.hpp>
#include <xgrad/autograd/functional.hpp>
#include <xgrad/core/parallel.hpp>
#include <xgrad/ops/bincount.hpp>
#include <xgrad/ops/histogram.hpp>
#include <xgrad/ops/order.hpp>
#include <xgrad/ops/search.hpp>
#include <xgrad/ops/shape.hpp>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <numeric>
#include <type_traits>
#include <vector>

namespace xg = xgrad;
using namespace operation_tests;

namespace {

constexpr auto inf = std::numeric_limits<double>::infinity();

using vector = xg::tensor<double, 1>;
using places = xg::tensor<std::int64_t, 1>;

/// NaN last, equal ones by their places.
template <class T>
std::vector<std::int64_t> stable_order(const std::vector<T>& x, bool descending) {
    auto order = std::vector<std::int64_t>(x.size());
    std::iota(order.begin(), order.end(), std::int64_t{0});
    const auto before = [](T a, T b) { return a == a && (b != b || a < b); };
    std::ranges::sort(order, [&](std::int64_t i, std::int64_t j) {
        const auto a = x[static_cast<std::size_t>(i)], b = x[static_cast<std::size_t>(j)];
        if (before(a, b) || before(b, a)) return descending ? before(b, a) : before(a, b);
        return i < j;
    });
    return order;
}

/// Every line of x along an axis, sorted, of which the first `wanted` stay.
xg::tensor<double> sort_reference(const xg::tensor<double>& x, std::size_t axis, std::size_t wanted, bool descending) {
    auto sizes = x.shape();
    auto inner = std::size_t{1};
    for (auto i = axis + 1; i < sizes.rank(); ++i) inner *= sizes[i];
    const auto length = sizes[axis], lines = x.size() / std::max<std::size_t>(1, length);
    sizes[axis] = wanted;
    auto y = xg::empty<double>(sizes);
    for (auto line = std::size_t{0}; line < lines; ++line) {
        auto values = std::vector<double>{};
        for (auto k = std::size_t{0}; k < length; ++k) values.push_back(x.data()[(line / inner * length + k) * inner + line % inner]);
        std::sort(values.begin(), values.end());
        if (descending) std::reverse(values.begin(), values.end());
        for (auto k = std::size_t{0}; k < wanted; ++k) y.data()[(line / inner * wanted + k) * inner + line % inner] = values[k];
    }
    return y;
}

// No two are closer than the step of the check: among equals places change hands.
const auto numbers = [] {
    auto all_of_them = std::vector<double>{};
    for (auto i = 0; i < 60; ++i) all_of_them.push_back(static_cast<double>((i * 37) % 61) / 16 - 2);
    return all_of_them;
}();

operation sorts(const xg::shape& sizes, std::size_t axis, bool descending) {
    return {.name = "sort", .run = on_lists([=](const auto& x) {
                return xg::sort(x[0], static_cast<std::ptrdiff_t>(axis), {.descending = descending}).values;
            }), .reference = [=](const list<double>& x) { return sort_reference(x[0], axis, sizes[axis], descending); },
            .points = {{shaped(numbers, sizes)}}, .epsilons = 0};
}

operation chooses(const xg::shape& sizes, std::size_t axis, std::size_t k, bool largest) {
    return {.name = "topk", .run = on_lists([=](const auto& x) {
                return xg::topk(x[0], k, static_cast<std::ptrdiff_t>(axis), {.largest = largest}).values;
            }), .reference = [=](const list<double>& x) { return sort_reference(x[0], axis, k, largest); },
            .points = {{shaped(numbers, sizes)}}, .epsilons = 0};
}

/// Numbers with many equals among them, both zeros, NaN and infinities.
template <class T>
std::vector<T> mixed(std::size_t count) {
    auto x = std::vector<T>{};
    auto state = std::uint32_t{1};
    for (auto i = std::size_t{0}; i < count; ++i) {
        state = state * 1664525 + 1013904223;
        const auto number = static_cast<double>(state >> 20) - 2048;
        if constexpr (xg::real<T>) {
            const T special[] = {T(0.0), T(-0.0), std::numeric_limits<T>::quiet_NaN(), -std::numeric_limits<T>::quiet_NaN(),
                                 std::numeric_limits<T>::infinity(), -std::numeric_limits<T>::infinity(), std::numeric_limits<T>::denorm_min()};
            x.push_back((state >> 8) % 4 == 0 ? special[(state >> 12) % 7] : static_cast<T>(number / 8));
        } else {
            x.push_back(static_cast<T>(number));
        }
    }
    return x;
}

template <class T>
void check_order() {
    for (const auto count : {0, 1, 2, 40, 255, 256, 1000})
        for (const auto descending : {false, true}) {
            const auto x = mixed<T>(static_cast<std::size_t>(count));
            const auto wanted = stable_order(x, descending);
            auto t = xg::empty<T>({count});
            std::copy(x.begin(), x.end(), t.data());   // of bool, too
            const auto found = xg::argsort(t, {.descending = descending});
            CHECK(std::ranges::equal(found.span(), wanted));
            CHECK(std::ranges::equal(xg::argsort(xg::reshape(t, {-1, 1}), 0, {.descending = descending}).span(), wanted));
            for (const auto k : {0, 1, 3, count / 2, count}) {
                if (k > count) continue;
                const auto few = xg::topk(t, static_cast<std::size_t>(k), {.largest = descending}).indices;
                CHECK(std::ranges::equal(few.span(), std::span{wanted}.first(static_cast<std::size_t>(k))));
            }
        }
}

}  // namespace

TEST_CASE("sort and topk: values and derivatives along every axis") {
    check({sorts({5}, 0, false), sorts({5}, 0, true), sorts({3, 4}, 0, false), sorts({3, 4}, 1, true), sorts({2, 3, 2}, 1, false), sorts({2, 0}, 1, false),
           sorts({0, 2}, 1, true), chooses({7}, 0, 3, true), chooses({3, 5}, 0, 2, false), chooses({2, 40}, 1, 2, true), chooses({2, 3}, 1, 0, true)});
}

TEST_CASE("sort, argsort and topk: stable, NaN last, in both directions, for every type") {
    check_order<float>();
    check_order<double>();
    check_order<std::int8_t>();
    check_order<std::uint16_t>();
    check_order<int>();
    check_order<std::int64_t>();
    check_order<std::uint64_t>();
    check_order<bool>();
}

TEST_CASE("sort: results have names, defaults are the last axis and ascending order") {
    const auto x = xg::tensor<double, 2>{{3, 1, 2}, {NAN, -inf, -1}};
    const auto [values, indices] = xg::sort(x);
    CHECK(xg::array_equal(indices, xg::tensor<std::int64_t, 2>{{1, 2, 0}, {1, 2, 0}}));
    CHECK(values(0, 2) == 3);
    CHECK(std::isnan(values(1, 2)));
    CHECK(xg::array_equal(xg::sort(x, 0).indices, xg::tensor<std::int64_t, 2>{{0, 1, 1}, {1, 0, 0}}));
    const auto zeros = xg::sort(vector{0.0, -0.0}).values;
    CHECK(!std::signbit(zeros(0)));   // equals keep their order
    const auto most = xg::topk(x, 2, 1);
    CHECK(xg::array_equal(most.indices, xg::tensor<std::int64_t, 2>{{0, 2}, {0, 2}}));
    static_assert(std::is_same_v<decltype(xg::topk(x, 2).values), xg::tensor<double, 2>>);
    CHECK_THROWS_WITH_AS(xg::topk(x, 4), "[topk] 4 elements wanted along axis 1, there are 3", xg::value_error);
    CHECK_THROWS_AS(xg::topk(x, -1), xg::value_error);
    CHECK_THROWS_WITH_AS(xg::sort(x, 2), "[sort] axis 2 is out of range for 2 axes", xg::index_error);
    const auto slope = xg::grad([](const auto& v) { return xg::sum(xg::topk(v, 2).values * vector{10, 1}); });
    CHECK(xg::array_equal(slope(vector{5, 7, 7, 7}), vector{0, 10, 1, 0}));
}

TEST_CASE("unique: values, inverse and counts; NaN last and each by itself") {
    const auto x = xg::tensor<double, 2>{{3, 1, NAN}, {1, inf, 3}};
    const auto [values, indices, inverse, counts] = xg::unique(x, {.indices = true, .inverse = true, .counts = true});
    CHECK(xg::array_equal(indices, places{1, 0, 4, 2}));
    CHECK(xg::array_equal(inverse, xg::tensor<std::int64_t>{xg::tensor<std::int64_t, 2>{{1, 0, 3}, {0, 2, 1}}}));
    CHECK(xg::array_equal(counts, places{2, 2, 1, 1}));
    CHECK(values(2) == inf);
    CHECK(std::isnan(values(3)));
    CHECK(xg::unique(vector{NAN, NAN, 0.0, -0.0}).size() == 3);
    CHECK(xg::array_equal(xg::unique(xg::tensor<int, 1>{2, 2, -1}), xg::tensor<int, 1>{-1, 2}));
    CHECK(xg::unique(x, {.counts = true}).inverse.size() == 0);
    CHECK(xg::unique(xg::zeros<float>({0})).size() == 0);
    const auto slope = xg::grad([](const auto& v) { return xg::sum(xg::unique(v) * vector{1, 10}); });
    CHECK(xg::array_equal(slope(vector{7, 2, 7, 2}), vector{10, 1, 0, 0}));
}

TEST_CASE("unique: along an axis, as NumPy's") {
    const auto x = xg::tensor<double, 2>{{1, 0, 2}, {1, -1, 7}, {1, 0, 2}, {0, 5, 5}, {1, -1, 7}};
    const auto [values, indices, inverse, counts] = xg::unique(x, 0, {.indices = true, .inverse = true, .counts = true});
    CHECK(xg::array_equal(values, xg::tensor<double, 2>{{0, 5, 5}, {1, -1, 7}, {1, 0, 2}}));
    CHECK(xg::array_equal(indices, places{3, 1, 0}));
    CHECK(xg::array_equal(inverse, xg::tensor<std::int64_t>{places{2, 1, 2, 0, 1}}));
    CHECK(xg::array_equal(counts, places{1, 2, 2}));
    CHECK(xg::array_equal(xg::unique(xg::tensor<double, 2>{xg::transpose(x)}, 1), xg::transpose(values)));
    CHECK(xg::array_equal(xg::unique(xg::tensor<double, 2>{xg::transpose(x)}, -1, {.counts = true}).counts, counts));
    CHECK(xg::unique(x, 0, {.counts = true}).inverse.size() == 0);
    const auto stack = xg::tensor<int, 3>{{{1, 2}, {0, 9}, {1, 2}}, {{3, 4}, {0, 9}, {3, 4}}};
    CHECK(xg::array_equal(xg::unique(stack, 1), xg::tensor<int, 3>{{{0, 9}, {1, 2}}, {{0, 9}, {3, 4}}}));

    const auto rare = xg::tensor<double, 2>{{NAN, 1}, {NAN, 1}, {inf, 2}, {0.0, 1}, {-0.0, 1}};   // NaN last, each by itself
    const auto different = xg::unique(rare, 0, {.indices = true, .counts = true});
    CHECK(xg::array_equal(different.indices, places{3, 2, 0, 1}));
    CHECK(xg::array_equal(different.counts, places{2, 1, 1, 1}));
    CHECK(!std::signbit(different.values(0, 0)));
    CHECK(xg::unique(xg::zeros<float>({0, 3}), 0).shape() == std::array<std::size_t, 2>{0, 3});
    CHECK(xg::unique(xg::zeros<float>({4, 0}), 0).shape() == std::array<std::size_t, 2>{1, 0});   // rows without elements are equal
    const auto slope = xg::grad([](const auto& v) { return xg::sum(xg::unique(v, 0) * xg::tensor<double, 2>{{1}, {10}, {100}}); });
    CHECK(xg::array_equal(slope(x), xg::tensor<double, 2>{{100, 100, 100}, {10, 10, 10}, {0, 0, 0}, {1, 1, 1}, {0, 0, 0}}));
    CHECK_THROWS_WITH_AS(xg::unique(x, 2), "[unique] axis 2 is out of range for 2 axes", xg::index_error);
}

TEST_CASE("searchsorted: left and right, NaN and infinities, rows") {
    const auto sorted = vector{-inf, 1, 1, 2, inf, NAN};
    const auto values = vector{-inf, 0, 1, 1.5, 5, inf, NAN};
    CHECK(xg::array_equal(xg::searchsorted(sorted, values), places{0, 1, 1, 3, 4, 4, 5}));
    CHECK(xg::array_equal(xg::searchsorted(sorted, values, {.right = true}), places{1, 1, 3, 3, 4, 5, 6}));
    CHECK(xg::searchsorted(sorted, 2).item() == 3);
    const auto rows = xg::tensor<int, 2>{{1, 3, 5}, {2, 4, 6}};
    CHECK(xg::array_equal(xg::searchsorted(rows, xg::tensor<int, 2>{{3, 9}, {3, 2}}), xg::tensor<std::int64_t, 2>{{1, 3}, {1, 0}}));
    CHECK(xg::searchsorted(vector{1}, xg::zeros<double>({2, 3})).shape() == std::array<std::size_t, 2>{2, 3});
    CHECK(xg::array_equal(xg::searchsorted(xg::zeros<double>({0}), vector{1, 2}), places{0, 0}));
    CHECK(xg::array_equal(xg::searchsorted(xg::zeros<double>({1, 0}), xg::tensor<double, 2>{{1}}), xg::tensor<std::int64_t, 2>{{0}}));
    CHECK_THROWS_WITH_AS(xg::searchsorted(rows, xg::zeros<int>({3, 2})),
                         "[searchsorted] the sorted numbers are (2, 3), the values (3, 2); the numbers are a vector, or both have the same axes "
                         "but for the last", xg::shape_error);
}

TEST_CASE("bincount: counts and weights") {
    const auto x = xg::tensor<std::uint8_t, 1>{1, 1, 4};
    CHECK(xg::array_equal(xg::bincount(x), places{0, 2, 0, 0, 1}));
    CHECK(xg::array_equal(xg::bincount(x, {.minlength = 6}), places{0, 2, 0, 0, 1, 0}));
    CHECK(xg::array_equal(xg::bincount(x, vector{0.5, 1, 2}), vector{0, 1.5, 0, 0, 2}));
    CHECK(xg::bincount(xg::zeros<int>({0})).size() == 0);
    CHECK(xg::array_equal(xg::bincount(xg::zeros<int>({0}), {.minlength = 2}), places{0, 0}));
    check(operation{.name = "bincount, weights", .run = on_lists([=](const auto& w) { return xg::bincount(x, w[0], {.minlength = 6}); }),
                    .reference = [](const list<double>& w) { return xg::tensor<double>{vector{0, w[0](0) + w[0](1), 0, 0, w[0](2), 0}}; },
                    .points = {{shaped({0.5, -1, 2}, {3})}}});
    CHECK_THROWS_WITH_AS(xg::bincount(xg::tensor<int, 1>{2, -3}), "[bincount] x has -3; only numbers from 0 on are counted", xg::value_error);
    CHECK_THROWS_AS(xg::bincount(x, vector{1}), xg::shape_error);
    CHECK_THROWS_AS(xg::bincount(x, {.minlength = -1}), xg::value_error);
}

TEST_CASE("histogram: edges and counts as NumPy's") {
    const auto x = xg::tensor<float, 1>{0, 0.1f, 0.25f, 0.5f, 1, 1};
    const auto [counts, edges] = xg::histogram(x, 4);
    CHECK(xg::array_equal(counts, places{2, 1, 1, 2}));
    CHECK(xg::array_equal(edges, xg::tensor<float, 1>{0, 0.25, 0.5, 0.75, 1}));
    CHECK(xg::array_equal(xg::histogram(x, 2, {.low = 0.2, .high = 0.6}).counts, places{1, 1}));
    CHECK(xg::array_equal(xg::histogram(x, xg::tensor<float, 1>{0, 0.1f, 0.5f}).counts, places{1, 3}));
    CHECK(xg::array_equal(xg::histogram(xg::tensor<int, 1>{3, 3}, 2).edges, vector{2.5, 3, 3.5}));
    CHECK(xg::array_equal(xg::histogram(xg::tensor<int, 1>{3, 3}, 2).counts, places{0, 2}));
    CHECK(xg::array_equal(xg::histogram(xg::zeros<double>({0}), 2).edges, vector{0, 0.5, 1}));
    CHECK(xg::histogram(x, {.low = 2, .high = 3}).counts.size() == 10);
    CHECK(xg::array_equal(xg::histogram(vector{NAN, -inf, 0.5, inf}, 1, {.low = 0, .high = 1}).counts, places{1}));
    CHECK_THROWS_AS(xg::histogram(vector{NAN, 1}), xg::value_error);
    CHECK_THROWS_AS(xg::histogram(vector{inf, 1}), xg::value_error);
    CHECK_THROWS_AS(xg::histogram(vector{1}, 0), xg::value_error);
    CHECK_THROWS_AS(xg::histogram(vector{1}, 3, {.low = 2, .high = 1}), xg::value_error);
    CHECK_THROWS_AS(xg::histogram(vector{1}, vector{2, 1}), xg::value_error);
    CHECK_THROWS_AS(xg::histogram(vector{1}, vector{0, NAN, 2}), xg::value_error);
}

TEST_CASE("histogram: integers that no real number is") {
    const auto large = xg::tensor<std::int64_t, 1>{(std::int64_t{1} << 53) - 1, (std::int64_t{1} << 53) + 1};
    CHECK(xg::array_equal(xg::histogram(large, vector{0, 0x1p53}).counts, places{1}));
    CHECK(xg::array_equal(xg::histogram(large, vector{0, 0x1p53, 0x1p54}).counts, places{1, 1}));
    CHECK(xg::array_equal(xg::histogram(large, 1).counts, places{2}));
    CHECK(xg::array_equal(xg::histogram(xg::tensor<int, 1>{16777217}, xg::tensor<float, 1>{0, 16777216}).counts, places{0}));
    using limits = std::numeric_limits<std::uint64_t>;
    CHECK(xg::array_equal(xg::histogram(xg::tensor<std::uint64_t, 1>{0, limits::max()}, vector{-inf, -1, 0x1p63, inf}).counts, places{0, 1, 1}));
    CHECK(xg::array_equal(xg::histogram(xg::tensor<bool, 1>{true, false}, vector{-0.5, 0.5, 1.5}).counts, places{1, 1}));
}

TEST_CASE("histogram: sums of weights, as NumPy's") {
    const auto x = xg::tensor<double, 2>{{0, 0.1, 0.25}, {0.5, 1, 1}}, w = xg::tensor<double, 2>{{1, 2, 4}, {8, 16, 32}};
    const auto [sums, edges] = xg::histogram(x, 4, w);
    CHECK(xg::array_equal(sums, vector{3, 4, 8, 48}));
    CHECK(xg::array_equal(edges, vector{0, 0.25, 0.5, 0.75, 1}));
    CHECK(xg::array_equal(xg::histogram(x, 2, w, {.low = 0.2, .high = 0.6}).counts, vector{4, 8}));
    CHECK(xg::array_equal(xg::histogram(x, vector{0, 0.1, 0.5}, w).counts, vector{1, 14}));
    CHECK(xg::array_equal(xg::histogram(xg::tensor<int, 1>{3, 4, 4}, 2, xg::tensor<float, 1>{0.5f, 1, 2}).counts, xg::tensor<float, 1>{0.5f, 3}));
    CHECK(xg::array_equal(xg::histogram(vector{NAN, 0.5, 7}, 2, vector{1, 2, 4}, {.low = 0, .high = 1}).counts, vector{0, 2}));
    CHECK(xg::array_equal(xg::histogram(xg::zeros<double>({0}), 2, xg::zeros<double>({0})).counts, vector{0, 0}));
    CHECK_THROWS_WITH_AS(xg::histogram(x, 2, vector{1, 2}), "[histogram] x is (2, 3), the weights are (2,); both must be equal", xg::shape_error);
    check(operation{.name = "histogram, weights", .run = on_lists([](const auto& v) {
                        using T = typename std::decay_t<decltype(v[0])>::value_type;
                        return xg::histogram(xg::tensor<T, 1>{0, 0.5, 2, 0.25}, 2, v[0], {.low = 0, .high = 1}).counts;
                    }),
                    .reference = [](const list<double>& v) { return xg::tensor<double>{vector{v[0](0) + v[0](3), v[0](1)}}; },
                    .points = {{shaped({0.5, -1, 2, 3}, {4})}}});
}

TEST_CASE("sort: the same on every number of threads") {
    const auto x = xg::randn<float>({50, 3000});
    const auto threads = xg::num_threads();
    for (const auto axis : {0, 1}) {
        xg::set_num_threads(1);
        const auto once = xg::argsort(x, axis);
        xg::set_num_threads(3);
        CHECK(xg::array_equal(xg::argsort(x, axis), once));
    }
    xg::set_num_threads(threads);
}
