#include <doctest/doctest.h>

#include <xgrad/autograd/create.hpp>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <type_traits>
#include <vector>

namespace xg = xgrad;

namespace {

template <class T>
std::vector<T> elements(const xg::tensor<T>& x) {
    return {x.span().begin(), x.span().end()};
}

template <class T>
bool all_are(const xg::tensor<T>& x, std::type_identity_t<T> value) {
    return std::ranges::all_of(x.span(), [=](T each) { return each == value; });
}

}  // namespace

TEST_CASE("the rank comes from braces or an array; from any other range it is dynamic") {
    static_assert(std::is_same_v<decltype(xg::zeros({2, 3})), xg::tensor<float, 2>>);
    static_assert(std::is_same_v<decltype(xg::ones<double>(std::array{2, 3})), xg::tensor<double, 2>>);
    static_assert(std::is_same_v<decltype(xg::full<int>(std::vector{2, 3}, 1)), xg::tensor<int>>);
    static_assert(std::is_same_v<decltype(xg::full({2, 3}, 1)), xg::tensor<float, 2>>);
    static_assert(std::is_same_v<decltype(xg::rand(xg::shape{2, 3})), xg::tensor<float>>);
    static_assert(std::is_same_v<decltype(xg::randn<double>({2})), xg::tensor<double, 1>>);
    static_assert(std::is_same_v<decltype(xg::randint(0, 2, {2})), xg::tensor<std::int64_t, 1>>);
    const auto n = std::size_t{4};
    const auto m = 5;
    CHECK(xg::zeros({n, m}).shape() == std::array<std::size_t, 2>{4, 5});
    CHECK(xg::empty({n, m}).size() == 20);
    CHECK(xg::empty<double>(std::vector{1, 2}).shape() == xg::shape{1, 2});
    CHECK_THROWS_AS(xg::zeros({2, -1}), xg::shape_error);
    CHECK_THROWS_AS(xg::zeros(std::vector{-1}), xg::shape_error);
}

TEST_CASE("filled") {
    CHECK(all_are<float>(xg::zeros({3, 2}), 0));
    CHECK(all_are<double>(xg::ones<double>({3, 2}), 1));
    CHECK(all_are<float>(xg::full({3, 2}, 2.5f), 2.5f));
    CHECK(all_are<bool>(xg::ones<bool>({3}), true));
    CHECK(xg::zeros({0, 3}).empty());
}

TEST_CASE("of the shape of another") {
    const auto x = xg::tensor<double, 2>{{1, 2, 3}};
    CHECK(all_are<double>(xg::zeros_like(x), 0));
    CHECK(all_are<double>(xg::ones_like(x), 1));
    CHECK(all_are<double>(xg::full_like(x, 4), 4));
    CHECK(xg::empty_like(x).shape() == x.shape());
    CHECK(xg::rand_like(x).shape() == x.shape());
    CHECK(xg::randn_like(x).shape() == x.shape());
    static_assert(std::is_same_v<decltype(xg::zeros_like(x)), xg::tensor<double, 2>>);
    CHECK(xg::zeros_like(xg::tensor<float>(x.value())).shape() == xg::shape{1, 3});
}

TEST_CASE("eye") {
    CHECK(elements<float>(xg::eye(2)) == std::vector<float>{1, 0, 0, 1});
    CHECK(elements<int>(xg::eye<int>(2, 3)) == std::vector{1, 0, 0, 0, 1, 0});
    CHECK(elements<int>(xg::eye<int>(3, 2)) == std::vector{1, 0, 0, 1, 0, 0});
    CHECK(xg::eye(0).empty());
}

TEST_CASE("arange and linspace") {
    CHECK(elements<float>(xg::arange(4)) == std::vector<float>{0, 1, 2, 3});
    CHECK(elements<int>(xg::arange<int>(2, 9, 3)) == std::vector{2, 5, 8});
    CHECK(elements<int>(xg::arange<int>(5, 0, -2)) == std::vector{5, 3, 1});
    CHECK(elements<double>(xg::arange<double>(0, 1, 0.25)) == std::vector{0.0, 0.25, 0.5, 0.75});
    CHECK(xg::arange<int>(3, 3).empty());
    CHECK(xg::arange<int>(3, 0).empty());
    CHECK_THROWS_WITH_AS(xg::arange<int>(0, 3, 0), "[arange] the step must not be 0", xg::value_error);

    CHECK(elements<double>(xg::linspace<double>(0, 1, 5)) == std::vector{0.0, 0.25, 0.5, 0.75, 1.0});
    CHECK(elements<float>(xg::linspace(3, 7, 1)) == std::vector<float>{3});
    CHECK(xg::linspace(0, 1, 0).empty());
    CHECK(xg::linspace(0, 1).size() == 50);
    const auto thirds = xg::linspace<float>(0, 0.7f, 11);
    CHECK(thirds(-1) == 0.7f);
}

TEST_CASE("random tensors: from the seed alone") {
    xg::manual_seed(1);
    const auto u = xg::rand<float>({4});
    CHECK(elements<float>(u) == std::vector{0.8116121292114258f, 0.7471047043800354f, 0.10015088319778442f, 0.7462168335914612f});
    xg::manual_seed(1);
    const auto n = xg::randn<double>({2});
    CHECK(elements<double>(n) == std::vector{0x1.c4885a81cd3efp-1, 0x1.54b0271b64ae6p-1});
    xg::manual_seed(7);
    CHECK(elements<std::int64_t>(xg::randint(0, 10, {6})) == std::vector<std::int64_t>{1, 6, 8, 6, 2, 5});
    xg::manual_seed(3);
    CHECK(elements<std::int64_t>(xg::randperm(10)) == std::vector<std::int64_t>{0, 5, 6, 1, 8, 2, 4, 9, 3, 7});
    CHECK(xg::randperm(0).empty());
}

TEST_CASE("random integers of any range") {
    const auto dice = xg::randint<std::uint8_t>(1, 7, {1000});
    CHECK(*std::ranges::min_element(dice.span()) == 1);
    CHECK(*std::ranges::max_element(dice.span()) == 6);
    const auto below_zero = xg::randint(-5, -3, {100});
    CHECK(std::ranges::all_of(below_zero.span(), [](auto x) { return x == -5 || x == -4; }));
    using limits = std::numeric_limits<std::int64_t>;
    const auto wide = xg::randint(limits::min(), limits::max(), {100});
    CHECK(std::ranges::any_of(wide.span(), [](auto x) { return x < 0; }));
    CHECK(std::ranges::any_of(wide.span(), [](auto x) { return x > 0; }));
    CHECK_THROWS_WITH_AS(xg::randint(3, 3, {1}), "[randint] low must be below high, got 3 and 3", xg::value_error);
}
