#include <doctest/doctest.h>

#include <support/moved_elements.hpp>

#include <xgrad/autograd/create.hpp>
#include <xgrad/autograd/functional.hpp>
#include <xgrad/ops/arithmetic.hpp>
#include <xgrad/ops/compare.hpp>
#include <xgrad/ops/join.hpp>
#include <xgrad/ops/reduce.hpp>
#include <xgrad/ops/split.hpp>

#include <cstddef>
#include <type_traits>
#include <vector>

namespace xg = xgrad;
using namespace operation_tests;

namespace {

template <class Parts>
std::vector<std::size_t> sizes_along(const Parts& parts, std::size_t axis) {
    auto sizes = std::vector<std::size_t>{};
    for (const auto& part : parts) sizes.push_back(xg::shape(part.shape())[axis]);
    return sizes;
}

}  // namespace

TEST_CASE("split, chunk, unbind, narrow: values and derivatives") {
    check({
        moves("split(2)[1]", [](const auto& x) { return xg::split(x, 2)[1]; }, {3, 2}, {1, 2}, {4, 5}),
        moves("split(2, -1)[0]", [](const auto& x) { return xg::split(x, 2, -1)[0]; }, {2, 3}, {2, 2}, {0, 1, 3, 4}),
        moves("split({1, 0, 2}, 1)[2]", [](const auto& x) { return xg::split(x, {1, 0, 2}, 1)[2]; }, {2, 3}, {2, 2}, {1, 2, 4, 5}),
        moves("split(range)[0]", [](const auto& x) { return xg::split(x, std::vector{2, 1}, 1)[0]; }, {2, 3}, {2, 2}, {0, 1, 3, 4}),
        moves("split of none", [](const auto& x) { return xg::split(x, 2, 1)[0]; }, {2, 0}, {2, 0}, {}),
        moves("chunk(2, 1)[1]", [](const auto& x) { return xg::chunk(x, 2, 1)[1]; }, {2, 3}, {2, 1}, {2, 5}),
        moves("unbind()[1]", [](const auto& x) { return xg::unbind(x)[1]; }, {2, 3}, {3}, {3, 4, 5}),
        moves("unbind(-1)[2]", [](const auto& x) { return xg::unbind(x, -1)[2]; }, {2, 2, 3}, {2, 2}, {2, 5, 8, 11}),
        moves("narrow(1, 2)", [](const auto& x) { return xg::narrow(x, 1, 2); }, {3, 2}, {2, 2}, {2, 3, 4, 5}),
        moves("narrow(-2, 1, -1)", [](const auto& x) { return xg::narrow(x, -2, 1, -1); }, {2, 3}, {2, 1}, {1, 4}),
        moves("narrow(3, 0)", [](const auto& x) { return xg::narrow(x, 3, 0); }, {3}, {0}, {}),
    });
}

TEST_CASE("split, chunk: how many parts there are, and how large") {
    using sizes = std::vector<std::size_t>;
    const auto x = xg::zeros<float>({7, 0});
    CHECK(sizes_along(xg::split(x, 3), 0) == sizes{3, 3, 1});
    CHECK(sizes_along(xg::split(x, 9), 0) == sizes{7});
    CHECK(sizes_along(xg::split(x, 0, 1), 1) == sizes{0});
    CHECK(sizes_along(xg::split(x, 5, 1), 1) == sizes{0});
    CHECK(sizes_along(xg::split(x, {3, 0, 4}), 0) == sizes{3, 0, 4});
    CHECK(xg::split(x, sizes{}, 1).empty());
    CHECK(sizes_along(xg::chunk(x, 3), 0) == sizes{3, 3, 1});
    CHECK(sizes_along(xg::chunk(x, 5), 0) == sizes{2, 2, 2, 1});   // four of two are enough
    CHECK(sizes_along(xg::chunk(x, 100), 0) == sizes{1, 1, 1, 1, 1, 1, 1});
    CHECK(sizes_along(xg::chunk(x, 3, 1), 1) == sizes{0, 0, 0});
    CHECK(xg::unbind(x).size() == 7);
    CHECK(xg::unbind(x, 1).empty());
}

TEST_CASE("split: the parts together are the whole, and so are their gradients") {
    const auto x = xg::tensor<double, 2>{{1, 2, 3}, {4, 5, 6}};
    CHECK(xg::array_equal(xg::concat(xg::split(x, 2, 1), 1), x));
    CHECK(xg::array_equal(xg::stack(xg::unbind(x, 1), 1), x));
    const auto slope = xg::grad([](const auto& v) {
        const auto parts = xg::unbind(v, 1);
        return xg::sum(parts[0] * parts[2]) + xg::sum(parts[0]);
    })(x);
    CHECK(xg::array_equal(slope, xg::tensor<double, 2>{{4, 0, 1}, {7, 0, 4}}));
    const auto words = xg::split(xg::tensor<bool, 1>{true, false, true}, 2);
    CHECK(xg::array_equal(words[1], xg::tensor<bool, 1>{true}));
    CHECK(xg::split(x, 1)[1].data() == x.data() + 3);
}

TEST_CASE("split, chunk, unbind, narrow: the ranks of the results") {
    using two = xg::tensor<float, 2>;
    using any = xg::tensor<float>;
    static_assert(std::is_same_v<decltype(xg::split(two{}, 2)), std::vector<two>>);
    static_assert(std::is_same_v<decltype(xg::split(two{}, {2, 3})), std::vector<two>>);
    static_assert(std::is_same_v<decltype(xg::split(any{}, std::vector{2}, 1)), std::vector<any>>);
    static_assert(std::is_same_v<decltype(xg::chunk(two{}, 2)), std::vector<two>>);
    static_assert(std::is_same_v<decltype(xg::unbind(two{}, 1)), std::vector<xg::tensor<float, 1>>>);
    static_assert(std::is_same_v<decltype(xg::unbind(any{})), std::vector<any>>);
    static_assert(std::is_same_v<decltype(xg::narrow(two{}, 0, 1)), two>);
}

TEST_CASE("split, chunk, unbind, narrow: what does not fit") {
    const auto x = xg::zeros<float>({2, 3});
    CHECK_THROWS_WITH_AS(xg::split(x, 0), "[split] parts of size 0; it must be at least 1", xg::value_error);
    CHECK_THROWS_AS(xg::split(x, -1), xg::value_error);
    CHECK_THROWS_WITH_AS(xg::split(x, {1, 1}, 1), "[split] the sizes do not add up to that of axis 1 of (2, 3)", xg::shape_error);
    CHECK_THROWS_AS(xg::split(x, {1, 3}, 1), xg::shape_error);
    CHECK_THROWS_AS(xg::split(x, {3, 0, 1}, 1), xg::shape_error);
    CHECK_THROWS_WITH_AS(xg::split(x, {-1, 4}, 1), "[split] a size must not be negative, got -1", xg::value_error);
    CHECK_THROWS_WITH_AS(xg::split(x, 1, 2), "[split] axis 2 is out of range for 2 axes", xg::index_error);
    CHECK_THROWS_WITH_AS(xg::chunk(x, 0), "[chunk] into 0 parts; there must be at least 1", xg::value_error);
    CHECK_THROWS_WITH_AS(xg::unbind(x, -3), "[unbind] axis -3 is out of range for 2 axes", xg::index_error);
    CHECK_THROWS_WITH_AS(xg::narrow(x, 2, 2, 1), "[narrow] 2 elements from 2 leave axis 1 of size 3", xg::index_error);
    CHECK_THROWS_AS(xg::narrow(x, 0, -1), xg::index_error);
    CHECK_THROWS_AS(xg::narrow(x, -3, 1), xg::index_error);
    CHECK_THROWS_AS(xg::narrow(x, 4, 0, 1), xg::index_error);
}
