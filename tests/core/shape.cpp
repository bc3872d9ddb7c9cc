#include <doctest/doctest.h>

#include <xgrad/core/shape.hpp>

#include <array>
#include <cstddef>
#include <string>
#include <vector>

namespace xg = xgrad;

TEST_CASE("a shape is a small list of sizes") {
    auto sizes = xg::shape{2, 3, 4};
    CHECK(sizes.rank() == 3);
    CHECK(sizes.elements() == 24);
    CHECK(sizes.front() == 2);
    CHECK(sizes.back() == 4);
    sizes.insert(0, 5);
    CHECK(sizes == xg::shape{5, 2, 3, 4});
    sizes.insert(4, 6);
    CHECK(sizes == xg::shape{5, 2, 3, 4, 6});
    sizes.erase(1);
    CHECK(sizes == xg::shape{5, 3, 4, 6});
    CHECK(sizes != xg::shape{5, 3, 4});
    CHECK(sizes == std::vector<int>{5, 3, 4, 6});
    CHECK(xg::shape(std::array{1u, 2u}) == xg::shape{1, 2});
    const auto none = xg::shape{};
    CHECK(none.empty());
    CHECK(none.elements() == 1);
    CHECK(xg::shape{3, 0, 2}.elements() == 0);
}

TEST_CASE("shapes as text") {
    CHECK(to_string(xg::shape{}) == "()");
    CHECK(to_string(xg::shape{4}) == "(4,)");
    CHECK(to_string(xg::shape{2, 3}) == "(2, 3)");
}

TEST_CASE("shapes that cannot be") {
    CHECK_THROWS_WITH_AS((xg::shape{2, -3}), "[shape] a size must not be negative, got -3", xg::shape_error);
    CHECK_THROWS_AS(xg::shape(std::vector<int>{-1}), xg::shape_error);
    CHECK_NOTHROW((xg::shape{1, 1, 1, 1, 1, 1, 1, 1}));
    CHECK_THROWS_WITH_AS((xg::shape{1, 1, 1, 1, 1, 1, 1, 1, 1}), "[shape] at most 8 axes", xg::rank_error);
}

TEST_CASE("axes, counted from either end") {
    CHECK(xg::normalize_axis("sum", 0, 3) == 0);
    CHECK(xg::normalize_axis("sum", -1, 3) == 2);
    CHECK(xg::normalize_axis("sum", -3, 3) == 0);
    CHECK_THROWS_WITH_AS(xg::normalize_axis("sum", 3, 3), "[sum] axis 3 is out of range for 3 axes", xg::index_error);
    CHECK_THROWS_AS(xg::normalize_axis("sum", -4, 3), xg::index_error);
    CHECK_THROWS_AS(xg::normalize_axis("sum", 0, 0), xg::index_error);
}

TEST_CASE("sets of axes") {
    const auto axes = xg::axis_set{"sum", std::array{0, -1}, 3};
    CHECK(axes.contains(0));
    CHECK(!axes.contains(1));
    CHECK(axes.contains(2));
    CHECK(xg::axis_set{}.empty());
    CHECK(xg::axis_set::all(0).empty());
    for (auto axis = std::size_t{0}; axis < 8; ++axis) CHECK(xg::axis_set::all(8).contains(axis));
    CHECK_THROWS_WITH_AS((xg::axis_set{"sum", std::array{1, -2}, 3}), "[sum] axis 1 is named twice", xg::value_error);
    CHECK_THROWS_AS((xg::axis_set{"sum", std::array{2}, 2}), xg::index_error);

    CHECK(xg::reduced_shape({2, 3, 4}, axes, false) == xg::shape{3});
    CHECK(xg::reduced_shape({2, 3, 4}, axes, true) == xg::shape{1, 3, 1});
}

TEST_CASE("broadcasting") {
    const auto both = [](const xg::shape& a, const xg::shape& b) {
        const auto one_way = xg::broadcast_shapes("add", a, b);
        CHECK(xg::broadcast_shapes("add", b, a) == one_way);
        return one_way;
    };
    CHECK(both({2, 3}, {2, 3}) == xg::shape{2, 3});
    CHECK(both({2, 3}, {3}) == xg::shape{2, 3});
    CHECK(both({2, 1}, {1, 3}) == xg::shape{2, 3});
    CHECK(both({4, 1, 3}, {2, 1}) == xg::shape{4, 2, 3});
    CHECK(both({}, {2}) == xg::shape{2});
    CHECK(both({0}, {1}) == xg::shape{0});
    CHECK(both({3, 0}, {3, 1}) == xg::shape{3, 0});
    CHECK_THROWS_WITH_AS(xg::broadcast_shapes("add", {2, 3}, {2}),
                         "[add] shapes do not broadcast: a is (2, 3), b is (2,); sizes of an axis, counted from the last, "
                         "must be equal or 1",
                         xg::shape_error);
    CHECK_THROWS_AS(xg::broadcast_shapes("add", {0}, {2}), xg::shape_error);
}
