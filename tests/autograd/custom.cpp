#include <doctest/doctest.h>

#include <xgrad/autograd/create.hpp>
#include <xgrad/autograd/custom.hpp>
#include <xgrad/autograd/gradcheck.hpp>
#include <xgrad/ops/arithmetic.hpp>
#include <xgrad/ops/math.hpp>
#include <xgrad/ops/reduce.hpp>

#include <cmath>
#include <tuple>
#include <type_traits>
#include <utility>
#include <vector>

namespace xg = xgrad;

namespace {

using vector = xg::tensor<double, 1>;

constexpr auto cube = xg::custom(
    "cube", [](const auto& x) { return x * x * x; },
    [](const auto& dy, const auto&, const auto& x) { return dy * 3.0 * x * x; });

// Forward by hand, without any of the library's operations.
constexpr auto by_hand = xg::custom(
    "by_hand",
    [](const auto& x) {
        auto y = xg::empty_like(x);
        for (auto i = 0u; i < x.size(); ++i) y.data()[i] = std::exp(std::as_const(x).data()[i]);
        return y;
    },
    [](const auto& dy, const auto& y, const auto&) { return dy * y; });

struct scaled_difference {
    static constexpr auto name = "scaled_difference";
    static auto forward(const auto& a, const auto& b) { return a * (a - b); }
    static auto backward(const auto& dy, const auto&, const auto& a, const auto& b) {
        return std::tuple{dy * (2.0 * a - b), -dy * a};
    }
};

template <class T>
std::vector<T> elements(const xg::tensor<T>& x) {
    return {x.span().begin(), x.span().end()};
}

}  // namespace

TEST_CASE("an operation out of two functions") {
    auto x = vector{1, 2}.requires_grad(true);
    const auto y = cube(x);
    static_assert(std::is_same_v<decltype(y), const vector>);
    CHECK(elements<double>(y) == std::vector<double>{1, 8});
    xg::sum(y).backward();
    CHECK(elements<double>(x.grad()) == std::vector<double>{3, 12});
    CHECK(xg::gradcheck(cube, vector{1, -2}));
    CHECK(xg::gradgradcheck(cube, vector{1, -2}));
    CHECK(xg::gradcheck(by_hand, vector{1, -2}));
    CHECK(xg::gradgradcheck(by_hand, vector{1, -2}));
    CHECK(!cube(vector{1}).requires_grad());
    CHECK(cube(xg::tensor<float>{1, 2}).shape() == xg::shape{2});
}

TEST_CASE("an operation out of a struct, of two inputs that broadcast") {
    constexpr auto& op = xg::custom_of<scaled_difference>;
    const auto inputs = std::tuple{xg::tensor<double, 2>{{1, 2}, {3, 4}}, vector{5, -6}};
    CHECK(xg::gradcheck(op, inputs));
    CHECK(xg::gradgradcheck(op, inputs));
    auto b = vector{1, 2}.requires_grad(true);
    const auto y = op(xg::tensor<double, 2>{{1, 2}, {3, 4}}, b);
    xg::sum(y).backward();
    CHECK(elements<double>(b.grad()) == std::vector<double>{-4, -6});
}

TEST_CASE("a wrong derivative is found by gradcheck, one of the wrong shape by the engine") {
    const auto wrong = xg::custom(
        "wrong", [](const auto& x) { return x * x; }, [](const auto& dy, const auto&, const auto& x) { return dy * x; });
    CHECK(!xg::gradcheck(wrong, vector{1, 2}));
    const auto misshapen = xg::custom(
        "misshapen", [](const auto& x) { return x * x; },
        [](const auto& dy, const auto&, const auto&) { return xg::sum(dy); });
    auto x = vector{1, 2}.requires_grad(true);
    CHECK_THROWS_WITH_AS(misshapen(x).backward(vector{1, 1}),
                         "[backward] a rule gave a gradient of shape () to an input of shape (2,)", xg::shape_error);
    CHECK(!x.has_grad());
}

TEST_CASE("forward may give back its input, or something it holds on to") {
    const auto same = xg::custom(
        "same", [](const auto& x) { return x; }, [](const auto& dy, const auto&, const auto&) { return dy; });
    auto x = vector{1, 2}.requires_grad(true);
    auto y = same(x);
    xg::sum(y).backward();
    CHECK(elements<double>(x.grad()) == std::vector<double>{1, 1});
    y(0) = 5;
    CHECK(x(0) == 1);

    auto table = vector{7, 8}.requires_grad(true);
    const auto constant = xg::custom(
        "constant", [&](const auto&) { return table; }, [](const auto& dy, const auto&, const auto&) { return dy * 0.0; });
    CHECK(elements<double>(constant(x)) == std::vector<double>{7, 8});
    CHECK(table.is_leaf());
    CHECK(constant(vector{1, 2}).data() != std::as_const(table).data());
}

TEST_CASE("what a custom operation keeps is watched like any other") {
    auto x = vector{1, 2}.requires_grad(true);
    const auto y = cube(x);
    x(0) = 3;
    CHECK_THROWS_WITH_AS(y.backward(vector{1, 1}), doctest::Contains("that cube kept"), xg::autograd_error);
}
