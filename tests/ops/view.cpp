#include <doctest/doctest.h>

#include <support/operation_table.hpp>

#include <xgrad/autograd/create.hpp>
#include <xgrad/ops/arithmetic.hpp>
#include <xgrad/ops/compare.hpp>
#include <xgrad/ops/join.hpp>
#include <xgrad/ops/reduce.hpp>
#include <xgrad/ops/view.hpp>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

namespace xg = xgrad;
using namespace operation_tests;
using xt::placeholders::_;

namespace {

using places = std::vector<std::size_t>;

const auto x123 = xg::reshape(xg::arange<double>(24), {2, 3, 4});

/// A part whose elements, with x = 0, 1, 2, ... in row-major order, would be `wanted`: numbers are places.
template <class F>
operation part(const std::string& name, const F& f, const xg::shape& from, const xg::shape& to, const places& wanted) {
    return {.name = name, .run = on_lists([f](const auto& x) { return f(x[0]); }),
            .reference = [=](const list<double>& x) {
                auto y = xg::empty<double>(to);
                REQUIRE(y.size() == wanted.size());
                for (auto i = std::size_t{0}; i < wanted.size(); ++i) y.data()[i] = x[0].data()[wanted[i]];
                return y;
            },
            .points = {{shaped({0.5, -1, 2, 0.1, -3, 1.5, 0.7}, from)}}, .epsilons = 0};
}

#define PART(...) "view(x, " #__VA_ARGS__ ")", [](const auto& x) { return xg::view(x, __VA_ARGS__); }

template <class A, class B>
bool share(const A& a, const B& b) {
    return std::as_const(a).data() == std::as_const(b).data();
}

}  // namespace

TEST_CASE("view: every kind of slice, its value and its derivatives") {
    check({
        part(PART(1), {3}, {}, {1}),
        part(PART(-1), {3}, {}, {2}),
        part(PART(1), {2, 3}, {3}, {3, 4, 5}),
        part(PART(1, -2), {2, 3}, {}, {4}),
        part(PART(xt::all(), 1), {2, 3}, {2}, {1, 4}),
        part(PART(xt::range(1, 3)), {4}, {2}, {1, 2}),
        part(PART(xt::range(1, 3)), {3, 2}, {2, 2}, {2, 3, 4, 5}),
        part(PART(xt::all(), xt::range(1, 3)), {2, 3}, {2, 2}, {1, 2, 4, 5}),
        part(PART(xt::range(-2, 4)), {4}, {2}, {2, 3}),
        part(PART(xt::range(0, -1)), {4}, {3}, {0, 1, 2}),
        part(PART(xt::range(1, _)), {4}, {3}, {1, 2, 3}),
        part(PART(xt::range(_, 2)), {4}, {2}, {0, 1}),
        part(PART(xt::range(_, _)), {3}, {3}, {0, 1, 2}),
        part(PART(xt::range(_, _, 2)), {5}, {3}, {0, 2, 4}),
        part(PART(xt::range(1, 5, 2)), {5}, {2}, {1, 3}),
        part(PART(xt::range(_, _, -1)), {4}, {4}, {3, 2, 1, 0}),
        part(PART(xt::range(3, 0, -2)), {4}, {2}, {3, 1}),
        part(PART(xt::range(2, _, -1)), {4}, {3}, {2, 1, 0}),
        part(PART(xt::all(), xt::range(_, _, -1)), {2, 3}, {2, 3}, {2, 1, 0, 5, 4, 3}),
        part(PART(xt::range(2, 100)), {4}, {2}, {2, 3}),           // clipped, as in NumPy
        part(PART(xt::range(-100, 2)), {4}, {2}, {0, 1}),
        part(PART(xt::range(7, 9)), {4}, {0}, {}),
        part(PART(xt::range(3, 1)), {4}, {0}, {}),
        part(PART(xt::range(2, 2)), {4, 2}, {0, 2}, {}),
        part(PART(xt::all(), xt::range(1, 1)), {3, 2}, {3, 0}, {}),
        part(PART(xt::range(1, 3, -1)), {4}, {0}, {}),
        part(PART(xt::newaxis()), {3}, {1, 3}, {0, 1, 2}),
        part(PART(xt::all(), xt::newaxis(), 1), {2, 3}, {2, 1}, {1, 4}),
        part(PART(xt::ellipsis(), 1), {2, 2, 3}, {2, 2}, {1, 4, 7, 10}),
        part(PART(1, xt::ellipsis()), {2, 2, 2}, {2, 2}, {4, 5, 6, 7}),
        part(PART(0, xt::ellipsis(), 1), {2, 2, 3}, {2}, {1, 4}),
        part(PART(xt::newaxis(), xt::ellipsis(), xt::newaxis()), {2}, {1, 2, 1}, {0, 1}),
        part(PART(0, xt::ellipsis(), 1), {2, 2}, {}, {1}),
        part(PART(xt::keep(2, 0)), {3}, {2}, {2, 0}),
        part(PART(xt::keep(1, 1)), {2, 2}, {2, 2}, {2, 3, 2, 3}),
        part(PART(xt::all(), xt::keep(0, -1)), {2, 3}, {2, 2}, {0, 2, 3, 5}),
        part(PART(xt::drop(1)), {3}, {2}, {0, 2}),
        part(PART(xt::drop(0, -1)), {4, 2}, {2, 2}, {2, 3, 4, 5}),
        part(PART(xt::drop(3, 1)), {5}, {3}, {0, 2, 4}),
        part(PART(xt::drop(-1, -2)), {5}, {3}, {0, 1, 2}),
        part(PART(xt::drop(-1, 0, 2)), {5}, {2}, {1, 3}),
        part(PART(xt::drop(2, 1, 0)), {3}, {0}, {}),
        part(PART(xt::all(), xt::drop(2, 0)), {2, 4}, {2, 2}, {1, 3, 5, 7}),
        part(PART(xt::drop(std::vector<std::size_t>{3, 1})), {5}, {3}, {0, 2, 4}),
        part(PART(xt::drop(std::vector<signed char>{-1, 1})), {5}, {3}, {0, 2, 3}),
        part(PART(xt::drop(std::vector<int>{})), {3}, {3}, {0, 1, 2}),
        part(PART(xt::keep(-1, 3, -5, 0)), {5}, {4}, {4, 3, 0, 0}),
        part(PART(xt::keep(std::vector<std::uint8_t>{4, 1})), {5}, {2}, {4, 1}),
        part(PART(xt::keep(std::vector<int>{})), {3}, {0}, {}),
        part(PART(xt::keep(1), xt::keep(0, 2)), {2, 3}, {1, 2}, {3, 5}),
        part(PART(1, xt::range(0, 2), xt::keep(3, 0)), {2, 3, 4}, {2, 2}, {15, 12, 19, 16}),
        part(PART(xt::all(), 0, xt::range(1, _, 2)), {2, 3, 4}, {2, 2}, {1, 3, 13, 15}),
        part(PART(xt::all()), {0}, {0}, {}),
        part(PART(xt::range(_, _, 2), xt::all()), {3, 0}, {2, 0}, {}),
    });
}

TEST_CASE("view: whole rows share the elements, all else is a copy") {
    const auto x = x123;
    CHECK(share(x, xg::view(x, 0)));
    CHECK(share(x, xg::view(x, xt::range(0, 1))));
    CHECK(share(x, xg::view(x, xt::all())));
    CHECK(share(x, xg::view(x, 0, xt::range(0, 2))));
    const auto second = xg::view(x, 1);
    CHECK(x.data() + 12 == second.data());
    CHECK_FALSE(share(x, xg::view(x, xt::all(), 0)));
    CHECK_FALSE(share(x, xg::view(x, xt::range(_, _, -1))));
    CHECK_FALSE(share(x, xg::view(x, xt::keep(0, 1))));
}

TEST_CASE("view: the ranks of the results") {
    using three = xg::tensor<float, 3>;
    static_assert(std::is_same_v<decltype(xg::view(three{}, 0)), xg::tensor<float, 2>>);
    static_assert(std::is_same_v<decltype(xg::view(three{}, 0, 1, 2)), xg::tensor<float, 0>>);
    static_assert(std::is_same_v<decltype(xg::view(three{}, xt::range(0, 1), xt::all())), three>);
    static_assert(std::is_same_v<decltype(xg::view(three{}, xt::newaxis(), 0)), three>);
    static_assert(std::is_same_v<decltype(xg::view(three{}, xt::ellipsis(), 0)), xg::tensor<float, 2>>);
    static_assert(std::is_same_v<decltype(xg::view(three{}, xt::keep(0))), three>);
    static_assert(std::is_same_v<decltype(xg::view(xg::tensor<float>{}, 0)), xg::tensor<float>>);
    CHECK(xg::array_equal(xg::view(xg::tensor<int, 2>{{1, 2}, {3, 4}}, xt::all(), -1), xg::tensor<int, 1>{2, 4}));
    CHECK(xg::array_equal(xg::view(xg::tensor<bool, 1>{true, false}, xt::keep(1)), xg::tensor<bool, 1>{false}));
}

TEST_CASE("view: what does not fit") {
    const auto x = xg::zeros<float>({2, 3});
    CHECK_THROWS_WITH_AS(xg::view(x, 2), "[view] index 2 is out of range for axis 0 of size 2", xg::index_error);
    CHECK_THROWS_WITH_AS(xg::view(x, 0, -4), "[view] index -4 is out of range for axis 1 of size 3", xg::index_error);
    CHECK_THROWS_WITH_AS(xg::view(xg::tensor<float>{x}, 0, 0, 0), "[view] 3 slices for 2 axes", xg::rank_error);
    CHECK_THROWS_WITH_AS(xg::view(x, xt::keep(2)), "[view] a kept index leaves axis 0 of size 2", xg::index_error);
    CHECK_THROWS_AS(xg::view(x, xt::keep(0, -3)), xg::index_error);
    CHECK_THROWS_WITH_AS(xg::view(x, xt::ellipsis(), xt::drop(1, 1)),
                         "[view] 2 indices to drop, of which 1 are different and along axis 1 of size 3; each must be, and is named once",
                         xg::index_error);
    CHECK_THROWS_AS(xg::view(x, xt::drop(1, -1)), xg::index_error);
    CHECK_THROWS_AS(xg::view(x, xt::drop(2)), xg::index_error);
    CHECK_THROWS_AS(xg::view(x, xt::drop(-3)), xg::index_error);
    constexpr auto huge = std::numeric_limits<std::size_t>::max();   // -1, if it were taken for a signed one
    CHECK_THROWS_AS(xg::view(x, huge), xg::index_error);
    CHECK_THROWS_AS(xg::view(x, xt::keep(std::vector{huge})), xg::index_error);
    CHECK_THROWS_AS(xg::view(x, xt::drop(std::vector{huge})), xg::index_error);
    CHECK_THROWS_WITH_AS(xg::view(x, xt::range(0, 2, 0)), "[view] a range's step must not be 0", xg::value_error);
    const auto eight = xg::tensor<float>{xg::zeros<float>(std::vector<int>(8, 1))};
    CHECK_THROWS_WITH_AS(xg::view(eight, xt::newaxis()), "[shape] at most 8 axes", xg::rank_error);
    CHECK_THROWS_AS(xg::view(xg::zeros<float>({0}), 0), xg::index_error);
}

TEST_CASE("view: every range and step of a short axis, as NumPy counts") {
    const auto x = xg::arange<int>(5);
    for (auto start = -8; start <= 8; ++start)
        for (auto stop = -8; stop <= 8; ++stop)
            for (const auto step : {1, 2, 3, 7, -1, -2, -3, -7}) {
                CAPTURE(start);
                CAPTURE(stop);
                CAPTURE(step);
                const auto edge = [=](int at) { return std::clamp(at < 0 ? at + 5 : at, step > 0 ? 0 : -1, step > 0 ? 5 : 4); };
                auto wanted = std::vector<int>{};
                for (auto i = edge(start); step > 0 ? i < edge(stop) : i > edge(stop); i += step) wanted.push_back(i);
                CHECK(std::ranges::equal(xg::view(x, xt::range(start, stop, step)).value(), wanted));
            }
    // Long axes, whose sizes no byte holds.
    const auto row = xg::arange<int>(300);
    CHECK(xg::view(row, xt::keep(std::vector<signed char>{-1}))(0) == 299);
    CHECK(xg::view(row, xt::drop(std::vector<signed char>{-1, 0})).size() == 298);
}

TEST_CASE("view: the parts, joined, give the whole") {
    const auto x = x123;
    CHECK(xg::array_equal(xg::concat({xg::view(x, xt::range(0, 1)), xg::view(x, xt::range(1, 2))}), x));
    CHECK(xg::array_equal(xg::concat({xg::view(x, xt::ellipsis(), xt::range(0, 3)), xg::view(x, xt::ellipsis(), xt::range(3, 4))}, -1), x));
    CHECK(xg::array_equal(xg::stack({xg::view(x, xt::all(), 0), xg::view(x, xt::all(), 1), xg::view(x, xt::all(), 2)}, 1), x));
}

TEST_CASE("view: a part written to in place is written to in the whole") {
    auto x = xg::zeros<float>({3, 2});
    auto row = xg::view(x, 1);
    row += 5;
    CHECK(xg::array_equal(x, xg::tensor<float, 2>{{0, 0}, {5, 5}, {0, 0}}));
}
