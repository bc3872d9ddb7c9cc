#include <doctest/doctest.h>

#include <support/moved_elements.hpp>

#include <xgrad/autograd/create.hpp>
#include <xgrad/ops/compare.hpp>
#include <xgrad/ops/rearrange.hpp>
#include <xgrad/ops/repeat.hpp>
#include <xgrad/ops/shape.hpp>

#include <cstdint>
#include <type_traits>
#include <vector>

namespace xg = xgrad;
using namespace operation_tests;

TEST_CASE("rearrange: values and derivatives") {
    const auto counts = xg::tensor<int, 1>{2, 0, 1};
    check({
        moves("flip", [](const auto& x) { return xg::flip(x); }, {2, 3}, {2, 3}, {5, 4, 3, 2, 1, 0}),
        moves("flip(0)", [](const auto& x) { return xg::flip(x, 0); }, {2, 3}, {2, 3}, {3, 4, 5, 0, 1, 2}),
        moves("flip(-1)", [](const auto& x) { return xg::flip(x, -1); }, {2, 3}, {2, 3}, {2, 1, 0, 5, 4, 3}),
        moves("flip({0, 2})", [](const auto& x) { return xg::flip(x, {0, 2}); }, {2, 2, 2}, {2, 2, 2}, {5, 4, 7, 6, 1, 0, 3, 2}),
        moves("flip of none", [](const auto& x) { return xg::flip(x); }, {0, 3}, {0, 3}, {}),
        moves("flip of one", [](const auto& x) { return xg::flip(x); }, {}, {}, {0}),
        moves("roll(1)", [](const auto& x) { return xg::roll(x, 1); }, {2, 3}, {2, 3}, {5, 0, 1, 2, 3, 4}),
        moves("roll(-1, 1)", [](const auto& x) { return xg::roll(x, -1, 1); }, {2, 3}, {2, 3}, {1, 2, 0, 4, 5, 3}),
        moves("roll(7, 1)", [](const auto& x) { return xg::roll(x, 7, 1); }, {2, 3}, {2, 3}, {2, 0, 1, 5, 3, 4}),
        moves("roll({1, 2}, {0, 1})", [](const auto& x) { return xg::roll(x, {1, 2}, {0, 1}); }, {2, 3}, {2, 3}, {4, 5, 3, 1, 2, 0}),
        moves("roll of none", [](const auto& x) { return xg::roll(x, 1, 0); }, {0, 3}, {0, 3}, {}),
        moves("rot90", [](const auto& x) { return xg::rot90(x); }, {2, 3}, {3, 2}, {2, 5, 1, 4, 0, 3}),
        moves("rot90(2)", [](const auto& x) { return xg::rot90(x, 2); }, {2, 3}, {2, 3}, {5, 4, 3, 2, 1, 0}),
        moves("rot90(-1)", [](const auto& x) { return xg::rot90(x, -1); }, {2, 3}, {3, 2}, {3, 0, 4, 1, 5, 2}),
        moves("rot90(4)", [](const auto& x) { return xg::rot90(x, 4); }, {2, 3}, {2, 3}, {0, 1, 2, 3, 4, 5}),
        moves("rot90(1, 1, 2)", [](const auto& x) { return xg::rot90(x, 1, 1, 2); }, {1, 2, 2}, {1, 2, 2}, {1, 3, 0, 2}),
        moves("moveaxis(0, -1)", [](const auto& x) { return xg::moveaxis(x, 0, -1); }, {2, 3, 1}, {3, 1, 2}, {0, 3, 1, 4, 2, 5}),
        moves("moveaxis({0, 1}, {2, 0})", [](const auto& x) { return xg::moveaxis(x, {0, 1}, {2, 0}); }, {2, 3, 2}, {3, 2, 2},
              {0, 6, 1, 7, 2, 8, 3, 9, 4, 10, 5, 11}),
        moves("swapaxes", [](const auto& x) { return xg::swapaxes(x, 0, -1); }, {2, 1, 3}, {3, 1, 2}, {0, 3, 1, 4, 2, 5}),
        moves("tile(2)", [](const auto& x) { return xg::tile(x, 2); }, {2, 2}, {2, 4}, {0, 1, 0, 1, 2, 3, 2, 3}),
        moves("tile({2, 1})", [](const auto& x) { return xg::tile(x, {2, 1}); }, {3}, {2, 3}, {0, 1, 2, 0, 1, 2}),
        moves("tile(range)", [](const auto& x) { return xg::tile(x, std::vector{2, 2}); }, {1, 2}, {2, 4}, {0, 1, 0, 1, 0, 1, 0, 1}),
        moves("tile(0)", [](const auto& x) { return xg::tile(x, 0); }, {3}, {0}, {}),
        moves("repeat_interleave(2)", [](const auto& x) { return xg::repeat_interleave(x, 2); }, {2, 2}, {8}, {0, 0, 1, 1, 2, 2, 3, 3}),
        moves("repeat_interleave(2, 0)", [](const auto& x) { return xg::repeat_interleave(x, 2, 0); }, {2, 2}, {4, 2}, {0, 1, 0, 1, 2, 3, 2, 3}),
        moves("repeat_interleave(counts, 1)", [=](const auto& x) { return xg::repeat_interleave(x, counts, 1); }, {2, 3}, {2, 3}, {0, 0, 2, 3, 3, 5}),
        moves("expand", [](const auto& x) { return xg::expand(x, {2, -1, 3}); }, {2, 1}, {2, 2, 3}, {0, 0, 0, 1, 1, 1, 0, 0, 0, 1, 1, 1}),
        moves("atleast_1d", [](const auto& x) { return xg::atleast_1d(x); }, {}, {1}, {0}),
        moves("atleast_2d", [](const auto& x) { return xg::atleast_2d(x); }, {3}, {1, 3}, {0, 1, 2}),
        moves("atleast_3d of 0", [](const auto& x) { return xg::atleast_3d(x); }, {}, {1, 1, 1}, {0}),
        moves("atleast_3d of 1", [](const auto& x) { return xg::atleast_3d(x); }, {3}, {1, 3, 1}, {0, 1, 2}),
        moves("atleast_3d of 2", [](const auto& x) { return xg::atleast_3d(x); }, {2, 1}, {2, 1, 1}, {0, 1}),
        moves("atleast_3d of 4", [](const auto& x) { return xg::atleast_3d(x); }, {1, 2, 1, 1}, {1, 2, 1, 1}, {0, 1}),
    });
}

TEST_CASE("rearrange: integers and truth values") {
    using bits = xg::tensor<bool, 1>;
    CHECK(xg::array_equal(xg::flip(bits{true, false, false}), bits{false, false, true}));
    CHECK(xg::array_equal(xg::roll(bits{true, false, false}, 1), bits{false, true, false}));
    CHECK(xg::array_equal(xg::tile(bits{true, false}, 2), bits{true, false, true, false}));
    CHECK(xg::array_equal(xg::repeat_interleave(bits{true, false}, 2), bits{true, true, false, false}));
    const auto x = xg::tensor<std::uint8_t, 2>{{1, 2}, {3, 4}};
    CHECK(xg::array_equal(xg::rot90(x), xg::tensor<std::uint8_t, 2>{{2, 4}, {1, 3}}));
    CHECK(xg::array_equal(xg::moveaxis(x, 0, 1), xg::transpose(x)));
}

TEST_CASE("rearrange: the ranks of the results") {
    using two = xg::tensor<float, 2>;
    using any = xg::tensor<float>;
    static_assert(std::is_same_v<decltype(xg::flip(two{}, {0, 1})), two>);
    static_assert(std::is_same_v<decltype(xg::roll(any{}, 1)), any>);
    static_assert(std::is_same_v<decltype(xg::rot90(two{})), two>);
    static_assert(std::is_same_v<decltype(xg::moveaxis(two{}, {0, 1}, {1, 0})), two>);
    static_assert(std::is_same_v<decltype(xg::tile(two{}, {2, 1, 1})), xg::tensor<float, 3>>);
    static_assert(std::is_same_v<decltype(xg::tile(two{}, 2)), two>);
    static_assert(std::is_same_v<decltype(xg::tile(two{}, std::vector{2})), any>);
    static_assert(std::is_same_v<decltype(xg::repeat_interleave(two{}, 2)), xg::tensor<float, 1>>);
    static_assert(std::is_same_v<decltype(xg::repeat_interleave(two{}, 2, 0)), two>);
    static_assert(std::is_same_v<decltype(xg::expand(two{}, {3, -1, -1})), xg::tensor<float, 3>>);
    static_assert(std::is_same_v<decltype(xg::atleast_3d(two{})), xg::tensor<float, 3>>);
    static_assert(std::is_same_v<decltype(xg::atleast_1d(two{})), two>);
    static_assert(std::is_same_v<decltype(xg::atleast_1d(any{})), any>);
}

TEST_CASE("rearrange: what does not fit") {
    const auto x = xg::zeros<float>({2, 3});
    CHECK_THROWS_WITH_AS(xg::flip(x, 2), "[flip] axis 2 is out of range for 2 axes", xg::index_error);
    CHECK_THROWS_WITH_AS(xg::flip(x, {0, -2}), "[flip] axis 0 is named twice", xg::value_error);
    CHECK_THROWS_WITH_AS(xg::roll(x, 1, 2), "[roll] axis 2 is out of range for 2 axes", xg::index_error);
    CHECK_THROWS_WITH_AS(xg::roll(x, std::vector{1}, std::vector{0, 1}), "[roll] 1 shifts for 2 axes", xg::value_error);
    CHECK_THROWS_WITH_AS(xg::rot90(x, 1, 0, -2), "[rot90] axis 0 is named twice", xg::value_error);
    CHECK_THROWS_WITH_AS(xg::moveaxis(x, {0, 0}, {0, 1}), "[moveaxis] axis 0 is named twice", xg::value_error);
    CHECK_THROWS_WITH_AS(xg::moveaxis(x, std::vector{0}, std::vector{0, 1}), "[moveaxis] 1 axes for 2 places", xg::value_error);
    CHECK_THROWS_WITH_AS(xg::swapaxes(x, 0, 2), "[swapaxes] axis 2 is out of range for 2 axes", xg::index_error);
    CHECK_THROWS_AS(xg::tile(x, {-1}), xg::shape_error);
    CHECK_THROWS_AS(xg::tile(x, std::size_t{1} << 62), xg::shape_error);
    CHECK_THROWS_AS(xg::repeat_interleave(x, std::size_t{1} << 62, 1), xg::shape_error);
    CHECK_THROWS_WITH_AS(xg::repeat_interleave(x, xg::tensor<int, 1>{1, 2}, 1), "[repeat_interleave] 2 repetitions for an axis of size 3",
                         xg::shape_error);
    CHECK_THROWS_WITH_AS(xg::repeat_interleave(x, -1), "[repeat_interleave] a number of repetitions must not be negative, got -1",
                         xg::value_error);
    CHECK_THROWS_WITH_AS(xg::expand(x, {-1, 2, 3}), "[expand] sizes must not be negative, except for -1 where x has an axis", xg::shape_error);
    CHECK_THROWS_WITH_AS(xg::expand(x, {4, 3}), "[broadcast_to] shapes do not broadcast: a is (2, 3), b is (4, 3); sizes of an axis, counted "
                         "from the last, must be equal or 1", xg::shape_error);
    CHECK_THROWS_AS(xg::expand(x, {3}), xg::shape_error);
}
