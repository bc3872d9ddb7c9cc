#include <doctest/doctest.h>

#include <support/operation_table.hpp>

#include <xgrad/autograd/create.hpp>
#include <xgrad/ops/arithmetic.hpp>
#include <xgrad/ops/compare.hpp>
#include <xgrad/ops/reduce.hpp>
#include <xgrad/ops/take.hpp>

#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <type_traits>
#include <vector>

namespace xg = xgrad;
using namespace operation_tests;

namespace {

using indices = std::vector<std::ptrdiff_t>;

xg::tensor<double> take_reference(const xg::tensor<double>& x, const indices& at, const xg::shape& under, std::size_t axis) {
    const auto from = x.shape();
    auto outer = std::size_t{1}, inner = std::size_t{1};
    auto sizes = xg::shape{};
    for (auto i = std::size_t{0}; i < axis; ++i) outer *= from[i], sizes.push_back(from[i]);
    for (const auto size : under) sizes.push_back(size);
    for (auto i = axis + 1; i < from.rank(); ++i) inner *= from[i], sizes.push_back(from[i]);
    auto y = xg::empty<double>(sizes);
    auto* to = y.data();
    for (auto o = std::size_t{0}; o < outer; ++o)
        for (const auto index : at) {
            const auto k = static_cast<std::size_t>(index < 0 ? index + static_cast<std::ptrdiff_t>(from[axis]) : index);
            for (auto i = std::size_t{0}; i < inner; ++i) *to++ = x.data()[(o * from[axis] + k) * inner + i];
        }
    return y;
}

operation takes(const xg::shape& from, const indices& at, const xg::shape& under, std::size_t axis) {
    auto numbers = std::vector<std::int64_t>(at.begin(), at.end());
    const auto list_of_indices = xg::tensor<std::int64_t>(numbers, under);
    return {.name = "take", .run = on_lists([=](const auto& x) { return xg::take(x[0], list_of_indices, static_cast<std::ptrdiff_t>(axis)); }),
            .reference = [=](const list<double>& x) { return take_reference(x[0], at, under, axis); },
            .points = {{shaped({0.5, -1, 2, 0.1, -3, 1.5, 0.7}, from)}}, .epsilons = 0};
}

}  // namespace

TEST_CASE("take: values and derivatives") {
    check({
        takes({4}, {2, 0, -1}, {3}, 0),
        takes({4, 3}, {2, 2, 0, 2}, {4}, 0),   // a row taken three times gets three gradients
        takes({2, 3}, {1, -3}, {2}, 1),
        takes({2, 3, 2}, {1, 0, 2, 2}, {2, 2}, 1),
        takes({2, 3}, {1}, {}, 0),
        takes({2, 3}, {}, {0}, 0),
        takes({2, 0}, {1, 0}, {2}, 0),
    });
}

TEST_CASE("take: ranks, types, and indices out of range") {
    const auto x = xg::tensor<float, 2>{{1, 2}, {3, 4}, {5, 6}};
    const auto rows = xg::tensor<int, 1>{2, 0};
    CHECK(xg::array_equal(xg::take(x, rows), xg::tensor<float, 2>{{5, 6}, {1, 2}}));
    CHECK(xg::array_equal(xg::take(xg::tensor<bool, 1>{true, false}, xg::tensor<std::uint8_t, 1>{1, 1}), xg::tensor<bool, 1>{false, false}));
    static_assert(std::is_same_v<decltype(xg::take(x, rows)), xg::tensor<float, 2>>);
    static_assert(std::is_same_v<decltype(xg::take(x, xg::tensor<int, 0>{})), xg::tensor<float, 1>>);
    static_assert(std::is_same_v<decltype(xg::take(x, xg::tensor<int, 3>{}, 1)), xg::tensor<float, 4>>);
    static_assert(std::is_same_v<decltype(xg::take(x, xg::tensor<int>{})), xg::tensor<float>>);
    CHECK_THROWS_WITH_AS(xg::take(x, xg::tensor<int, 1>{3}), "[take] index 3 is out of range for an axis of size 3", xg::index_error);
    CHECK_THROWS_WITH_AS(xg::take(x, xg::tensor<int, 1>{-3}, 1), "[take] index -3 is out of range for an axis of size 2", xg::index_error);
    CHECK_THROWS_WITH_AS(xg::take(x, rows, 2), "[take] axis 2 is out of range for 2 axes", xg::index_error);
}

TEST_CASE("take: changing the indices afterwards changes no gradient") {
    auto x = xg::tensor<double, 1>{1, 2, 3};
    x.requires_grad(true);
    auto at = xg::tensor<std::int64_t, 1>{2, 2};
    const auto y = xg::take(x, at);
    at(0) = 0;
    xg::sum(y).backward();
    CHECK(xg::array_equal(x.grad(), xg::tensor<double, 1>{0, 0, 2}));
}

TEST_CASE("take: what a row gets from many places is added up as exactly as by sum") {
    // A million times 0.1 to one row, while another gets it once; in single numbers and in rows, along either axis.
    constexpr auto count = std::size_t{1'000'000};
    auto numbers = std::vector<std::int64_t>(count, 1);
    numbers[count / 2] = 0;
    const auto at = xg::tensor<std::int64_t>(numbers, {count});
    const auto gradient = [&](const xg::shape& sizes, std::ptrdiff_t axis) {
        auto x = xg::zeros<float>(sizes);
        x.requires_grad(true);
        const auto y = xg::take(x, at, axis);
        y.backward(xg::full_like(y, 0.1f));
        return x.grad();
    };
    const auto check = [](float single, float many) {
        CHECK(single == 0.1f);
        CHECK(std::fabs(static_cast<double>(many) / (static_cast<double>(0.1f) * (count - 1)) - 1) < 1e-6);
    };
    const auto flat = gradient({3}, 0);
    check(flat(0), flat(1));
    CHECK(flat(2) == 0);
    const auto rows = gradient({2, 3}, 0);
    for (auto i = 0; i < 3; ++i) check(rows(0, i), rows(1, i));
    const auto columns = gradient({3, 2}, 1);
    for (auto i = 0; i < 3; ++i) check(columns(i, 0), columns(i, 1));
}

TEST_CASE("index_select is take along one axis") {
    const auto x = xg::tensor<float, 2>{{1, 2}, {3, 4}, {5, 6}};
    CHECK(xg::array_equal(xg::index_select(x, xg::tensor<int, 1>{-1, 0}), xg::tensor<float, 2>{{5, 6}, {1, 2}}));
    CHECK(xg::array_equal(xg::index_select(x, xg::tensor<int, 0>(1), 1), xg::tensor<float, 2>{{2}, {4}, {6}}));
    static_assert(std::is_same_v<decltype(xg::index_select(x, xg::tensor<int>{})), xg::tensor<float, 2>>);
    CHECK_THROWS_WITH_AS(xg::index_select(x, xg::tensor<int, 1>{2}, 1), "[index_select] index 2 is out of range for an axis of size 2",
                         xg::index_error);
    CHECK_THROWS_AS(xg::index_select(x, xg::tensor<int>{{0, 1}, {1, 0}}), xg::rank_error);
}

TEST_CASE("one_hot") {
    const auto y = xg::one_hot(xg::tensor<std::uint8_t, 1>{2, 0}, 3);
    static_assert(std::is_same_v<decltype(y), const xg::tensor<float, 2>>);
    CHECK(xg::array_equal(y, xg::tensor<float, 2>{{0, 0, 1}, {1, 0, 0}}));
    CHECK(xg::one_hot<double>(xg::tensor<int, 0>(1), 2)(1) == 1);
    CHECK(xg::one_hot(xg::zeros<int>({0}), 2).shape() == std::array<std::size_t, 2>{0, 2});
    static_assert(std::is_same_v<decltype(xg::one_hot<int>(xg::tensor<int>{}, 2)), xg::tensor<int>>);
    CHECK_THROWS_WITH_AS(xg::one_hot(xg::tensor<int, 1>{3}, 3), "[one_hot] label 3 is not one of 3 classes", xg::index_error);
    CHECK_THROWS_WITH_AS(xg::one_hot(xg::tensor<int, 1>{-1}, 3), "[one_hot] label -1 is not one of 3 classes", xg::index_error);
    CHECK(xg::array_equal(xg::argmax(y, 1), xg::tensor<std::int64_t, 1>{2, 0}));
    CHECK(xg::array_equal(xg::one_hot(xg::tensor<std::int64_t, 1>{2, 0}), y));
    CHECK(xg::one_hot(xg::zeros<int>({0}), 0).shape() == std::array<std::size_t, 2>{0, 0});
    CHECK(xg::array_equal(xg::one_hot<bool>(xg::tensor<std::int16_t, 1>{1}, 300), xg::tensor<int, 2>(xg::one_hot<int>(xg::tensor<int, 1>{1}, 300)) == 1));
    CHECK_THROWS_WITH_AS(xg::one_hot(xg::zeros<int>({0})), "[one_hot] no labels to count the classes by; name their number", xg::value_error);
}

TEST_CASE("indices and labels beyond every signed number are out of range, not negative") {
    constexpr auto huge = std::numeric_limits<std::uint64_t>::max();   // -1, if it were taken for a signed one
    const auto last = xg::tensor<std::uint64_t, 1>{huge};
    CHECK_THROWS_WITH_AS(xg::take(xg::zeros<float>({3}), last), "[take] index 18446744073709551615 is out of range for an axis of size 3",
                         xg::index_error);
    CHECK_THROWS_WITH_AS(xg::one_hot(last, 3), "[one_hot] label 18446744073709551615 is not one of 3 classes", xg::index_error);
    CHECK_THROWS_AS(xg::one_hot(xg::tensor<std::int8_t, 1>{-1}, 3), xg::index_error);
    const auto x = xg::zeros<float>({3});
    CHECK_THROWS_AS(x(huge), xg::index_error);
    CHECK_THROWS_AS(x.shape(huge), xg::index_error);
}
