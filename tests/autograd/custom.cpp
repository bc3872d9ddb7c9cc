#include <doctest/doctest.h>

#include <xgrad/autograd/create.hpp>
#include <xgrad/autograd/custom.hpp>
#include <xgrad/autograd/gradcheck.hpp>
#include <xgrad/ops/arithmetic.hpp>
#include <xgrad/ops/math.hpp>
#include <xgrad/ops/reduce.hpp>
#include <xgrad/ops/shape.hpp>
#include <xgrad/ops/take.hpp>

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <limits>
#include <memory>
#include <string>
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
    const auto apart = constant(vector{1, 2});
    CHECK(apart.data() != std::as_const(table).data());
}

namespace {

// Rules that recording cannot follow. Each is y = (2 x)^2, elementwise, with the gradient 8 x dy.
struct unrecorded {
    std::string how;
    std::function<xg::tensor<double>(const xg::tensor<double>&)> op;
};

std::vector<unrecorded> unrecorded_rules() {
    using tensor = xg::tensor<double>;
    const auto square = [](const auto& x) { return 4.0 * x * x; };
    auto all = std::vector<unrecorded>{};
    const auto add = [&](const char* how, auto forward, auto backward) { all.push_back({how, xg::custom("sq", forward, backward)}); };
    // What the lambdas hold lives as long as they do.
    const auto m = std::make_shared<tensor>();
    const auto forward = [m](const auto& x) {
        *m = 2.0 * x;
        return *m * *m;
    };
    add("an intermediate", forward, [m](const auto& dy, const auto&, const auto&) { return dy * 4.0 * *m; });
    add("a copy of an intermediate", forward, [m](const auto& dy, const auto&, const auto&) { return dy * 4.0 * m->clone(); });
    add("a part of an intermediate", forward,
        [m](const auto& dy, const auto&, const auto&) { return dy * 4.0 * xg::reshape(m->detach(), m->shape()); });
    add("an intermediate as numbers", forward, [m](const auto& dy, const auto&, const auto&) {
        auto dx = dy * 1.0;
        for (auto i = std::size_t{0}; i < m->size(); ++i) dx = xg::where(xg::arange<double>(static_cast<double>(m->size())) == static_cast<double>(i), dy * 4.0 * (*m)(i), dx);
        return dx;
    });
    const auto loops = [m](const auto& x) {
        *m = xg::empty_like(x);
        for (auto i = std::size_t{0}; i < x.size(); ++i) (*m)(i) = 2 * x(i);
        return *m * *m;
    };
    add("an intermediate by loops", loops, [m](const auto& dy, const auto&, const auto&) { return 4.0 * *m * dy; });
    const auto y = std::make_shared<tensor>();
    add("the value, held by the lambda", [y](const auto& x) { return *y = 4.0 * x * x; },
        [y](const auto& dy, const auto&, const auto& x) { return dy * *y * 2.0 / x.detach(); });
    const auto numbers = std::make_shared<std::vector<double>>();
    add("numbers in a vector", [numbers](const auto& x) {
            numbers->assign(x.span().begin(), x.span().end());
            return 4.0 * x * x;
        }, [numbers](const auto& dy, const auto&, const auto& x) { return 8.0 * dy * tensor(*numbers, x.shape()); });
    add("loops alone", square, [](const auto& dy, const auto&, const auto& x) {
        auto dx = xg::empty_like(x);
        for (auto i = std::size_t{0}; i < x.size(); ++i) dx(i) = 8 * x(i) * dy(i);
        return dx;
    });
    add("loops over pointers", square, [](const auto& dy, const auto&, const auto& x) {
        auto dx = xg::zeros<double>(x.shape());
        auto* to = dx.data();
        for (auto i = std::size_t{0}; i < x.size(); ++i) to[i] = 8 * x.data()[i] * dy.data()[i];
        return dx;
    });
    add("xtensor", square, [](const auto& dy, const auto&, const auto& x) { return tensor(8.0 * x.value() * dy.value()); });
    add("xtensor for a factor", square, [](const auto& dy, const auto&, const auto& x) { return dy * tensor(8.0 * x.value()); });
    add("loops for a factor", square, [](const auto& dy, const auto&, const auto& x) {
        auto factor = xg::empty_like(x);
        for (auto i = std::size_t{0}; i < x.size(); ++i) factor(i) = 8 * x(i);
        return dy * factor;
    });
    add("a number of an argument", square, [](const auto& dy, const auto&, const auto& x) {
        auto dx = dy * (8.0 * x(0));
        for (auto i = std::size_t{1}; i < x.size(); ++i)
            dx = xg::where(xg::arange<double>(static_cast<double>(x.size())) == static_cast<double>(i), dy * (8.0 * x(i)), dx);
        return dx;
    });
    add("without recording", square, [](const auto& dy, const auto&, const auto& x) {
        const auto guard = xg::no_grad{};
        return dy * 8.0 * x;
    });
    add("detached", square, [](const auto& dy, const auto&, const auto& x) { return dy.detach() * 8.0 * x; });
    return all;
}

}  // namespace

TEST_CASE("a rule that recording cannot follow: its first derivatives are right, others are an error, never 0") {
    const auto x = xg::tensor<double>{1, 0.5, -2}, v = xg::tensor<double>{1, 2, 3};
    const auto text = doctest::Contains("[custom] the rule of sq has no derivative: it uses numbers that were not recorded");
    for (const auto& each : unrecorded_rules()) {
        CAPTURE(each.how);
        const auto f = [&](const auto& z) { return xg::sum(each.op(z)); };
        const auto sum_of_squares = [&](const auto& z) { return xg::sum(each.op(z) * each.op(z)); };
        CHECK(elements<double>(xg::grad(f)(x)) == std::vector<double>{8, 4, -16});
        CHECK(elements<double>(xg::vjp(each.op, x).second(v)) == std::vector<double>{8, 8, -48});
        auto w = x.clone().requires_grad(true);
        CHECK(elements<double>(xg::grad(f)(w)) == std::vector<double>{8, 4, -16});
        f(w).backward();
        CHECK(elements<double>(w.grad()) == std::vector<double>{8, 4, -16});
        w.zero_grad();
        f(w).backward({.create_graph = true});
        CHECK(elements<double>(w.grad()) == std::vector<double>{8, 4, -16});
        const auto slope = xg::sum(w.grad());
        w.zero_grad();
        CHECK_THROWS_WITH_AS(slope.backward(), text, xg::autograd_error);
        CHECK_THROWS_WITH_AS(xg::hvp(f, x, v), text, xg::autograd_error);
        CHECK_THROWS_WITH_AS(xg::hvp(sum_of_squares, x, v), text, xg::autograd_error);
        CHECK_THROWS_WITH_AS(xg::hessian(f, x), text, xg::autograd_error);
        CHECK_THROWS_WITH_AS(xg::jacobian(xg::grad(f), x), text, xg::autograd_error);
        CHECK_THROWS_WITH_AS(xg::grad([&](const auto& z) { return xg::sum(xg::grad(f)(z)); })(x), text, xg::autograd_error);
        // At a point where the rule gives zeros.
        const auto zero = xg::zeros<double>({3});
        if (each.how.starts_with("loops")) CHECK_THROWS_WITH_AS(xg::hvp(f, zero, v), text, xg::autograd_error);
    }
}

TEST_CASE("a derivative in a direction: of rules that are recorded as linear in dy, an error for others") {
    const auto x = xg::tensor<double>{1, 0.5, -2}, v = xg::tensor<double>{1, 2, 3};
    auto right = 0, refused = 0;
    for (const auto& each : unrecorded_rules()) {
        CAPTURE(each.how);
        try {
            const auto direction = xg::jvp(each.op, x, v).second;
            CHECK(elements<double>(direction) == std::vector<double>{8, 8, -48});
            ++right;
        } catch (const xg::autograd_error&) {
            ++refused;
        }
    }
    CHECK(right == 10);
    CHECK(refused == 5);
}

TEST_CASE("what a rule may hold and still be differentiated") {
    const auto x = vector{1, -2, 3}, v = vector{1, 2, 3};
    const auto expected = std::vector<double>{6, 0, 54};      // y = x^3 where x > 0, else 0
    // Truth values and integers that forward found, and constants from elsewhere.
    auto mask = xg::tensor<bool, 1>{};
    auto indices = xg::tensor<std::int64_t, 1>{};
    const auto three = vector{3, 3, 3};
    const auto op = xg::custom(
        "cube_of_positive",
        [&](const auto& z) {
            mask = z > 0.0;
            indices = xg::tensor<std::int64_t, 1>{0, 1, 2};
            return xg::where(mask, z * z * z, 0.0);
        },
        [&](const auto& dy, const auto&, const auto& z) {
            return xg::where(mask, dy * xg::take(three, indices) * z * z, 0.0) * xg::ones_like(z) * vector{1, 1, 1};
        });
    const auto f = [&](const auto& z) { return xg::sum(op(z)); };
    CHECK(elements<double>(xg::hvp(f, x, v)) == expected);
    // A rule that has no x in it, and one that gives zeros.
    const auto linear = xg::custom("linear", [](const auto& z) { return z * 3.0; }, [](const auto& dy, const auto&, const auto&) { return dy * 3.0; });
    CHECK(elements<double>(xg::hvp([&](const auto& z) { return xg::sum(linear(z)); }, x, v)) == std::vector<double>{0, 0, 0});
    CHECK(elements<double>(xg::hvp([&](const auto& z) { return xg::sum(linear(z) * z); }, x, v)) == std::vector<double>{6, 12, 18});
    const auto flat = xg::custom("flat", [](const auto& z) { return xg::ones_like(z); },
                                 [](const auto&, const auto&, const auto& z) { return xg::zeros_like(z); });
    CHECK(elements<double>(xg::hvp([&](const auto& z) { return xg::sum(flat(z) * z); }, x, v)) == std::vector<double>{0, 0, 0});
    CHECK(elements<double>(xg::jvp(flat, x, v).second) == std::vector<double>{0, 0, 0});
    // A gradient is not recorded without need.
    auto w = x.clone().requires_grad(true);
    xg::sum(linear(w)).backward({.create_graph = true});
    CHECK(!w.grad().requires_grad());
    // What another operation's forward computed, as a constant input.
    auto held = vector{};
    const auto outer = xg::custom("outer", [&](const auto& z) { return held = z * 2.0; }, [](const auto& dy, const auto&, const auto&) { return dy * 2.0; });
    outer(x);
    const auto product = xg::custom("product", [](const auto& a, const auto& b) { return a * b * b; },
                                    [](const auto& dy, const auto&, const auto& a, const auto& b) { return std::tuple{dy * b * b, dy * 2.0 * a * b}; });
    CHECK(elements<double>(xg::hvp([&](const auto& z) { return xg::sum(product(held, z)); }, x, v)) == std::vector<double>{4, -16, 36});
    // One operation within the rule of another.
    const auto nested = xg::custom("nested", [&](const auto& z) { return z * z * z * z; },
                                   [&](const auto& dy, const auto&, const auto& z) { return dy * 4.0 * cube(z); });
    CHECK(xg::gradgradcheck(nested, x));
}

TEST_CASE("of several inputs, those are refused whose derivative is not known") {
    const auto op = xg::custom(
        "half", [](const auto& a, const auto& b) { return a * a * b; },
        [](const auto& dy, const auto&, const auto& a, const auto& b) {
            auto db = xg::empty_like(b);
            for (auto i = std::size_t{0}; i < b.size(); ++i) db.data()[i] = dy.data()[i] * a.data()[i] * a.data()[i];
            return std::tuple{dy * 2.0 * a * b, db};
        });
    const auto a = vector{1, 2}, b = vector{3, 4};
    CHECK(elements<double>(xg::hvp([&](const auto& z) { return xg::sum(op(z, b)); }, a, {1, 1})) == std::vector<double>{6, 8});
    CHECK_THROWS_AS(xg::hvp([&](const auto& z) { return xg::sum(op(a, z)); }, b, {1, 1}), xg::autograd_error);
}

TEST_CASE("where dy is zero the gradients are, whatever the rule gives; in every direction they are not") {
    const auto root = xg::custom(
        "root", [](const auto& x) { return xg::sqrt(x); },
        [](const auto& dy, const auto&, const auto& x) { return dy / (2.0 * xg::sqrt(x)); });
    const auto x = vector{0, 0};
    CHECK(elements<double>(xg::grad([&](const auto& z) { return xg::sum(root(z) * 0.0) + xg::sum(z); })(x)) == std::vector<double>{1, 1});
    auto w = vector{0, 0}.requires_grad(true);
    xg::sum(root(w) * 0.0).backward({.create_graph = true});
    CHECK(elements<double>(w.grad()) == std::vector<double>{0, 0});
    w.zero_grad();
    CHECK(elements<double>(xg::jvp(root, vector{4, 1}, {1, 1}).second) == std::vector<double>{0.25, 0.5});
    CHECK(xg::jvp(root, x, {1, 1}).second(0) == std::numeric_limits<double>::infinity());
    CHECK(std::isnan(xg::grad([&](const auto& z) { return xg::sum(root(z)); })(vector{std::nan(""), 1})(0)));
    // A gradient that counts is not hidden.
    const auto nan = xg::custom("nan", [](const auto& z) { return z * 1.0; }, [](const auto& dy, const auto&, const auto&) { return dy * std::nan(""); });
    CHECK(std::isnan(xg::grad([&](const auto& z) { return xg::sum(nan(z) * vector{0, 1}); })(x)(0)));
}

TEST_CASE("the gradient of one input, in a tuple, and of two, in a pair") {
    const auto one = xg::custom("one", [](const auto& x) { return x * x; },
                                [](const auto& dy, const auto&, const auto& x) { return std::tuple{dy * 2.0 * x}; });
    CHECK(xg::gradcheck(one, vector{1, 2}));
    const auto two = xg::custom("two", [](const auto& a, const auto& b) { return a * b; },
                                [](const auto& dy, const auto&, const auto& a, const auto& b) { return std::pair{dy * b, dy * a}; });
    CHECK(xg::gradgradcheck(two, std::tuple{vector{1, 2}, vector{3, 4}}));
}

TEST_CASE("what a custom operation keeps is watched like any other") {
    auto x = vector{1, 2}.requires_grad(true);
    const auto y = cube(x);
    x(0) = 3;
    CHECK_THROWS_WITH_AS(y.backward(vector{1, 1}), doctest::Contains("that cube kept"), xg::autograd_error);
}
