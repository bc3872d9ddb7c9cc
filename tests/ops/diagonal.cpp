#include <doctest/doctest.h>

#include <support/moved_elements.hpp>

#include <xgrad/autograd/create.hpp>
#include <xgrad/ops/compare.hpp>
#include <xgrad/ops/diagonal.hpp>

#include <cstdint>
#include <limits>
#include <type_traits>

namespace xg = xgrad;
using namespace operation_tests;

TEST_CASE("diagonal: values and derivatives") {
    check({
        moves("diagonal", [](const auto& x) { return xg::diagonal(x); }, {2, 3}, {2}, {0, 4}),
        moves("diagonal(1)", [](const auto& x) { return xg::diagonal(x, 1); }, {3, 3}, {2}, {1, 5}),
        moves("diagonal(-1)", [](const auto& x) { return xg::diagonal(x, -1); }, {3, 2}, {2}, {2, 5}),
        moves("diagonal(3)", [](const auto& x) { return xg::diagonal(x, 3); }, {2, 3}, {0}, {}),
        moves("diagonal(-9)", [](const auto& x) { return xg::diagonal(x, -9); }, {2, 3}, {0}, {}),
        moves("diagonal(0, 0, 2)", [](const auto& x) { return xg::diagonal(x, 0, 0, 2); }, {2, 2, 3}, {2, 2}, {0, 7, 3, 10}),
        moves("diagonal(1, -1, 0)", [](const auto& x) { return xg::diagonal(x, 1, -1, 0); }, {2, 2, 3}, {2, 1}, {6, 9}),
        moves("diagonal of none", [](const auto& x) { return xg::diagonal(x, 0, 0, 1); }, {0, 3, 2}, {2, 0}, {}),
        moves("diag_embed", [](const auto& x) { return xg::diag_embed(x); }, {2, 2}, {2, 2, 2}, {0, -1, -1, 1, 2, -1, -1, 3}),
        moves("diag_embed(1)", [](const auto& x) { return xg::diag_embed(x, 1); }, {2}, {3, 3}, {-1, 0, -1, -1, -1, 1, -1, -1, -1}),
        moves("diag_embed(-1, 1, 0)", [](const auto& x) { return xg::diag_embed(x, -1, 1, 0); }, {1}, {2, 2}, {-1, 0, -1, -1}),
        moves("diag_embed(0, 0, 2)", [](const auto& x) { return xg::diag_embed(x, 0, 0, 2); }, {2, 2}, {2, 2, 2}, {0, -1, 2, -1, -1, 1, -1, 3}),
        moves("diag_embed of none", [](const auto& x) { return xg::diag_embed(x, 1); }, {0}, {1, 1}, {-1}),
        moves("diag of a vector", [](const auto& x) { return xg::diag(x, -1); }, {1}, {2, 2}, {-1, -1, 0, -1}),
        moves("diag of a matrix", [](const auto& x) { return xg::diag(x, 1); }, {2, 3}, {2}, {1, 5}),
        {.name = "trace", .run = on_lists([](const auto& x) { return xg::trace(x[0]); }),
         .reference = [](const list<double>& x) { return xg::tensor<double>(x[0].data()[0] + x[0].data()[4]); },
         .points = {{shaped({1, 2, 3, 4, 5.5, 6}, {2, 3})}}},
    });
}

TEST_CASE("diagonal: integers, truth values, and matrices of nothing") {
    const auto x = xg::tensor<std::uint8_t, 2>{{200, 1}, {2, 100}};
    CHECK(xg::array_equal(xg::diagonal(x), xg::tensor<std::uint8_t, 1>{200, 100}));
    CHECK(xg::array_equal(xg::diag(xg::tensor<bool, 1>{true, true}), xg::tensor<bool, 2>{{true, false}, {false, true}}));
    CHECK(xg::trace(x).item() == 300);
    CHECK(xg::trace(xg::tensor<bool, 2>{{true, true}, {false, true}}).item() == 2);
    CHECK(xg::trace(xg::zeros<float>({0, 3})).item() == 0);
    constexpr auto least = std::numeric_limits<std::ptrdiff_t>::min(), most = std::numeric_limits<std::ptrdiff_t>::max();
    CHECK(xg::diagonal(x, least).size() == 0);
    CHECK(xg::diagonal(x, most).size() == 0);
}

TEST_CASE("diagonal: the ranks of the results") {
    using one = xg::tensor<float, 1>;
    using two = xg::tensor<float, 2>;
    using any = xg::tensor<float>;
    static_assert(std::is_same_v<decltype(xg::diagonal(two{})), one>);
    static_assert(std::is_same_v<decltype(xg::diagonal(any{}, 1, 0, 2)), any>);
    static_assert(std::is_same_v<decltype(xg::diag_embed(two{})), xg::tensor<float, 3>>);
    static_assert(std::is_same_v<decltype(xg::diag(one{})), two>);
    static_assert(std::is_same_v<decltype(xg::diag(two{})), one>);
    static_assert(std::is_same_v<decltype(xg::diag(any{})), any>);
    static_assert(std::is_same_v<decltype(xg::trace(any{})), xg::tensor<float, 0>>);
}

TEST_CASE("diagonal: what does not fit") {
    const auto x = xg::zeros<float>({2, 3, 4});
    const auto any = xg::tensor<float>{x}, number = xg::tensor<float>(1.f);
    CHECK_THROWS_WITH_AS(xg::diagonal(x, 0, 1, -2), "[diagonal] axis 1 is named twice", xg::value_error);
    CHECK_THROWS_WITH_AS(xg::diagonal(x, 0, 0, 3), "[diagonal] axis 3 is out of range for 3 axes", xg::index_error);
    CHECK_THROWS_AS(xg::diagonal(xg::tensor<float>(xg::zeros<float>({3}))), xg::index_error);
    CHECK_THROWS_WITH_AS(xg::diag_embed(x, 0, 3, -1), "[diag_embed] axis 3 is named twice", xg::value_error);
    CHECK_THROWS_AS(xg::diag_embed(number), xg::rank_error);
    CHECK_THROWS_AS(xg::diag_embed(x, std::numeric_limits<std::ptrdiff_t>::min()), xg::shape_error);
    CHECK_THROWS_WITH_AS(xg::diag(any), "[diag] x is (2, 3, 4); it must be a vector or a matrix", xg::rank_error);
    CHECK_THROWS_WITH_AS(xg::trace(any), "[trace] x is (2, 3, 4); it must be a matrix", xg::rank_error);
}
