#include <doctest/doctest.h>

#include <xgrad/autograd/backward.hpp>
#include <xgrad/autograd/create.hpp>
#include <xgrad/ops/activation.hpp>
#include <xgrad/ops/arithmetic.hpp>
#include <xgrad/ops/reduce.hpp>
#include <xgrad/ops/shape.hpp>

#include <array>
#include <cmath>
#include <cstddef>
#include <stdexcept>
#include <thread>
#include <utility>
#include <vector>

namespace xg = xgrad;

namespace {

using scalar = xg::tensor<double, 0>;
using vector = xg::tensor<double, 1>;

scalar variable(double value) { return scalar(value).requires_grad(true); }

template <class T>
std::vector<T> elements(const xg::tensor<T>& x) {
    return {x.span().begin(), x.span().end()};
}

// y = x, with a rule that throws as long as `broken`.
xg::tensor<double> fragile(const xg::tensor<double>& x, const bool& broken) {
    return xg::record("fragile", x.clone(), {x}, xg::keep(), [&broken](const auto& dy, xg::gradients& d) {
        if (broken) throw std::runtime_error{"the rule is broken"};
        d(0, [&] { return xg::tensor<double>{dy}; });
    });
}

}  // namespace

TEST_CASE("gradients add up over backward calls until they are set to none") {
    auto x = variable(3);
    (x * x).backward();
    CHECK(x.has_grad());
    CHECK(x.grad().item() == 6);
    (x * 2.0).backward();
    CHECK(x.grad().item() == 8);
    x.zero_grad();
    CHECK(!x.has_grad());
    CHECK(x.grad().item() == 0);
    (x * 2.0).backward();
    CHECK(x.grad().item() == 2);
}

TEST_CASE("a value used by several operations gathers from all of them") {
    auto x = variable(2);
    const auto h = x * x;             // 4
    const auto left = h * 3.0;        // 3 x^2
    const auto right = h * h;         // x^4
    (left + right + x).backward();    // 6 x + 4 x^3 + 1
    CHECK(x.grad().item() == 45);
}

TEST_CASE("the same tensor as several inputs") {
    auto x = variable(3);
    (x * x * x).backward();
    CHECK(x.grad().item() == 27);
    x.zero_grad();
    (x + x).backward();
    CHECK(x.grad().item() == 2);
    x.zero_grad();
    (x / x).backward();
    CHECK(x.grad().item() == doctest::Approx(0));
}

TEST_CASE("inputs that got the same gradient have it each for itself") {
    auto a = vector{1, 2}.requires_grad(true), b = vector{3, 4}.requires_grad(true);
    auto weights = vector{5, 6};
    SUBCASE("plain") { (a + b).backward(weights); }
    SUBCASE("recorded") { (a + b).backward(weights, {.create_graph = true}); }
    CHECK(elements<double>(a.grad()) == std::vector<double>{5, 6});
    CHECK(elements<double>(b.grad()) == std::vector<double>{5, 6});
    CHECK(std::as_const(weights).data() != a.grad().data());
    auto of_a = a.grad();
    of_a(0) = 100;   // what grad() gives is a handle to what is stored
    CHECK(a.grad()(0) == 100);
    CHECK(b.grad()(0) == 5);
    CHECK(weights(0) == 5);
    (a * 1.0).backward(weights);
    CHECK(a.grad()(1) == 12);
    CHECK(b.grad()(1) == 6);
    a.zero_grad();
    b.zero_grad();
}

TEST_CASE("a gradient through a reshape is a copy of its own too") {
    auto a = xg::ones<double>({2, 2}).requires_grad(true);
    const auto weights = vector{1, 2, 3, 4};
    xg::flatten(a).backward(weights);
    CHECK(a.grad().data() != weights.data());
    CHECK(elements<double>(a.grad()) == std::vector<double>{1, 2, 3, 4});
}

TEST_CASE("a gradient that somebody holds on to stays what it was") {
    auto x = vector{1, 2}.requires_grad(true);
    xg::sum(x * x).backward();
    const auto first = x.grad();
    xg::sum(x * x).backward();
    CHECK(elements<double>(first) == std::vector<double>{2, 4});
    CHECK(elements<double>(x.grad()) == std::vector<double>{4, 8});
    const auto second = x.grad();
    x.zero_grad();
    CHECK(elements<double>(second) == std::vector<double>{4, 8});
}

TEST_CASE("an intermediate result's gradient may not be written over while another needs it") {
    auto a = variable(2), b = variable(5);
    const auto s = a + b;      // passes its gradient on to both
    const auto t = s + a;      // and a gets a second share
    (t * b).backward();        // (2 a + b) b
    CHECK(a.grad().item() == 10);
    CHECK(b.grad().item() == 14);
}

TEST_CASE("an activation writes its gradient over what came in only if nobody else can see that") {
    const auto weights = vector{5, 6};
    auto a = vector{-1, 2}.requires_grad(true), b = vector{3, -4}.requires_grad(true), c = vector{7, 8}.requires_grad(true);
    (xg::relu(a) + xg::relu(b) + c).backward(weights);
    CHECK(elements<double>(a.grad()) == std::vector<double>{0, 6});
    CHECK(elements<double>(b.grad()) == std::vector<double>{5, 0});
    CHECK(elements<double>(c.grad()) == std::vector<double>{5, 6});
    xg::relu(a).backward(weights);
    CHECK(elements<double>(a.grad()) == std::vector<double>{0, 12});
    CHECK(elements<double>(weights) == std::vector<double>{5, 6});

    // What a rule holds on to, it finds unchanged.
    auto held = xg::tensor<double>{};
    const auto y = xg::relu(a);
    const auto holding = xg::record("holding", xg::tensor<double>{y.clone()}, {y}, xg::keep(),
                                    [&held](const auto& dy, xg::gradients& d) {
                                        held = dy;
                                        d(0, [&] { return dy; });
                                    });
    holding.backward(weights);
    CHECK(elements<double>(held) == std::vector<double>{5, 6});
    CHECK(elements<double>(a.grad()) == std::vector<double>{0, 18});
}

TEST_CASE("broadcast inputs get gradients of their own shape") {
    auto row = vector{1, 2, 3}.requires_grad(true);
    auto column = xg::tensor<double, 2>{{1}, {2}}.requires_grad(true);
    auto single = variable(2);
    xg::sum((row + column) * single).backward();
    CHECK(elements<double>(row.grad()) == std::vector<double>{4, 4, 4});
    CHECK(column.grad().shape() == std::array<std::size_t, 2>{2, 1});
    CHECK(elements<double>(column.grad()) == std::vector<double>{6, 6});
    CHECK(single.grad().item() == 21);
}

TEST_CASE("a tensor that is no scalar is differentiated with weights") {
    auto x = vector{1, 2}.requires_grad(true);
    const auto y = x * x;
    CHECK_THROWS_WITH_AS(y.backward(), "[backward] only a scalar has a gradient without weights; the shape is (2,)", xg::autograd_error);
    CHECK_THROWS_WITH_AS(y.backward(vector{1}), "[backward] the gradient is (1,), the tensor (2,); both must be equal", xg::shape_error);
    CHECK_THROWS_AS(y.backward(xg::tensor<double>{}), xg::error);
    y.backward(vector{1, 10});
    CHECK(elements<double>(x.grad()) == std::vector<double>{2, 40});
    xg::sum(xg::tensor<double, 2>{{1}} * x, 0).backward(vector{1, 1});
    CHECK(elements<double>(x.grad()) == std::vector<double>{3, 41});
}

TEST_CASE("a leaf is differentiated with respect to itself") {
    auto x = variable(7);
    x.backward();
    CHECK(x.grad().item() == 1);
    auto v = vector{1, 2}.requires_grad(true);
    const auto weights = vector{3, 4};
    v.backward(weights);
    CHECK(elements<double>(v.grad()) == std::vector<double>{3, 4});
    CHECK(v.grad().data() != weights.data());
}

TEST_CASE("no elements, no gradient, no harm") {
    auto x = xg::zeros<double>({0, 3}).requires_grad(true);
    xg::sum(xg::exp(x * x)).backward();
    CHECK(x.grad().shape() == std::array<std::size_t, 2>{0, 3});
}

TEST_CASE("without a graph there is nothing to differentiate") {
    const auto text = "[backward] the tensor has no graph: no input required a gradient, or recording was off";
    CHECK_THROWS_WITH_AS(scalar(1).backward(), text, xg::autograd_error);
    auto x = variable(2);
    const auto y = [&] {
        const auto guard = xg::no_grad{};
        return x * x;
    }();
    CHECK(!y.requires_grad());
    CHECK(y.is_leaf());
    CHECK_THROWS_WITH_AS(y.backward(), text, xg::autograd_error);
    CHECK_THROWS_AS((x * x).detach().backward(), xg::autograd_error);
}

TEST_CASE("a graph is used once, unless it is retained") {
    auto x = variable(3);
    auto y = x * x;
    y.backward();
    CHECK_THROWS_WITH_AS(y.backward(),
                         "[backward] the graph behind multiply was used by an earlier backward and released; "
                         "pass {.retain_graph = true} to the earlier one",
                         xg::autograd_error);
    CHECK(x.grad().item() == 6);

    x.zero_grad();
    y = x * x;
    y.backward({.retain_graph = true});
    y.backward({.retain_graph = true});
    y.backward();
    CHECK(x.grad().item() == 18);
    CHECK_THROWS_AS(y.backward(), xg::autograd_error);
}

TEST_CASE("what shares a released part cannot be differentiated, and is not touched by the attempt") {
    auto x = variable(3);
    const auto h = x * x;
    const auto y = h * 2.0, z = xg::tanh(h);
    y.backward();
    CHECK(x.grad().item() == 12);
    CHECK_THROWS_AS(z.backward(), xg::autograd_error);
    CHECK_THROWS_AS(z.backward(), xg::autograd_error);
    CHECK(x.grad().item() == 12);
    (z.detach().requires_grad(true) * 2.0).backward();
}

TEST_CASE("two sums over one graph, both retained") {
    auto x = vector{1, 2}.requires_grad(true);
    const auto h = x * x;
    xg::sum(h).backward({.retain_graph = true});
    xg::sum(h * h).backward();
    CHECK(elements<double>(x.grad()) == std::vector<double>{2 + 4, 4 + 32});
}

TEST_CASE("derivatives of derivatives") {
    auto x = variable(2);
    (x * x * x * x).backward({.create_graph = true});
    const auto first = x.grad();                            // 4 x^3
    CHECK(first.item() == 32);
    CHECK(first.requires_grad());
    x.zero_grad();
    first.backward({.create_graph = true});
    const auto second = x.grad();                           // 12 x^2
    CHECK(second.item() == 48);
    x.zero_grad();
    second.backward();
    CHECK(x.grad().item() == 48);                           // 24 x
    x.zero_grad();
}

TEST_CASE("derivatives of derivatives through operations that keep their result, after the result is gone") {
    auto x = variable(0.5);
    const auto y = xg::tanh(xg::tanh(x));
    y.backward({.create_graph = true});
    const auto first = x.grad();
    x.zero_grad();
    first.backward();
    const auto at = [](double v) {
        const auto t = std::tanh(v), u = std::tanh(t);
        return (1 - u * u) * (1 - t * t);
    };
    CHECK(first.item() == doctest::Approx(at(0.5)));
    CHECK(x.grad().item() == doctest::Approx((at(0.5 + 1e-6) - at(0.5 - 1e-6)) / 2e-6));
    x.zero_grad();
}

TEST_CASE("a recorded gradient that further passes add to is still recorded") {
    auto x = variable(2);
    (x * x * x).backward({.create_graph = true});   // 3 x^2
    (x * 5.0).backward();
    const auto sum = x.grad();
    CHECK(sum.item() == 17);
    x.zero_grad();
    sum.backward();
    CHECK(x.grad().item() == 12);
    x.zero_grad();
}

TEST_CASE("a penalty on the gradient") {
    auto w = vector{1, 2}.requires_grad(true);
    xg::sum(w * w * w).backward({.create_graph = true});
    const auto penalty = xg::sum(w.grad() * w.grad());    // 9 w^4
    w.zero_grad();
    penalty.backward();
    CHECK(elements<double>(w.grad()) == std::vector<double>{36, 288});
    w.zero_grad();
}

TEST_CASE("a rule that throws leaves the stored gradients as they were") {
    auto broken = true;
    auto x = variable(2), other = variable(3);
    (x * other).backward();
    const auto y = xg::tensor<double>{fragile(x * x, broken) * other};

    SUBCASE("a retained graph can be used again") {
        CHECK_THROWS_WITH(y.backward({.retain_graph = true}), "the rule is broken");
        CHECK(x.grad().item() == 3);
        CHECK(other.grad().item() == 2);
        broken = false;
        y.backward();
        CHECK(x.grad().item() == 15);
        CHECK(other.grad().item() == 6);
    }
    SUBCASE("another says that it was used") {
        CHECK_THROWS_WITH(y.backward(), "the rule is broken");
        CHECK(x.grad().item() == 3);
        CHECK(other.grad().item() == 2);
        broken = false;
        CHECK_THROWS_AS(y.backward(), xg::autograd_error);
        CHECK(x.grad().item() == 3);
    }
    CHECK(xg::is_grad_enabled());
}

TEST_CASE("a rule may differentiate what is its own, and nothing at which the outer pass is") {
    auto x = variable(2);
    const auto with_rule = [](const scalar& operand, auto inner) {
        return xg::record("nested", xg::tensor<double>{operand.clone()}, {operand}, xg::keep(), [inner](const auto& dy, xg::gradients& d) {
            const auto guard = xg::set_grad_enabled{true};
            auto z = inner();
            (z * z).backward();
            d(0, [&] { return dy * 3; });
        });
    };
    SUBCASE("its own") {
        auto own = variable(5);
        with_rule(x, [&] { return own; }).backward();
        CHECK(x.grad().item() == 3);
        CHECK(own.grad().item() == 10);
    }
    SUBCASE("a leaf of the outer pass") {
        const auto y = with_rule(x, [&] { return x * 1; });
        CHECK_THROWS_WITH_AS(y.backward({.retain_graph = true}),
                             "[backward] it was called by a backward rule and came to leaf, at which the outer pass is, "
                             "too; let the rule work on detach()ed values",
                             xg::autograd_error);
        CHECK_FALSE(x.has_grad());
    }
    SUBCASE("a result on the way of the outer pass") {
        const auto middle = x * x;
        const auto y = with_rule(middle, [&] { return middle; });
        CHECK_THROWS_AS(y.backward(), xg::autograd_error);
    }
    // No trace remains.
    x.zero_grad();
    (x * x).backward();
    CHECK(x.grad().item() == 4);
}

TEST_CASE("wrong gradients from a rule") {
    const auto with_rule = [](const xg::tensor<double>& x, auto gradient) {
        return xg::record("wrong", x.clone(), {x}, xg::keep(),
                          [=](const auto&, xg::gradients& d) { d(0, [&] { return gradient(); }); });
    };
    auto x = vector{1, 2}.requires_grad(true);
    const auto ones = vector{1, 1};
    CHECK_THROWS_WITH_AS(with_rule(x, [] { return xg::tensor<double>{xg::ones<double>({3})}; }).backward(ones),
                         doctest::Contains("[backward]"), xg::shape_error);
    CHECK_THROWS_WITH_AS(with_rule(x, [] { return xg::tensor<double>{xg::ones<double>({2, 1})}; }).backward(ones),
                         "[backward] a rule gave a gradient of shape (2, 1) to an input of shape (2,)", xg::shape_error);
    CHECK_THROWS_WITH_AS(with_rule(x, [] { return xg::tensor<double>(1.0); }).backward(ones),
                         "[backward] a rule gave a gradient of shape () to an input of shape (2,)", xg::shape_error);
    CHECK_THROWS_WITH_AS(with_rule(x, [] { return xg::tensor<float>{1, 1}; }).backward(ones),
                         "[backward] a rule gave a gradient of type float32 to an input of another type", xg::dtype_error);
    CHECK(!x.has_grad());
    with_rule(x, [] { return xg::tensor<double>{{1, 2}, {3, 4}}; }).backward(ones);   // a broadcast undone
    CHECK(elements<double>(x.grad()) == std::vector<double>{4, 6});
}

TEST_CASE("an undefined gradient from a rule is an error, not a crash") {
    auto x = vector{1, 2}.requires_grad(true);
    const auto y = xg::record("empty", xg::tensor<double>{x.clone()}, {x}, xg::keep(), [](const auto&, xg::gradients& d) {
        d(0, [] { return xg::tensor<double>{}; });
    });
    CHECK_THROWS_AS(y.backward(vector{1, 1}), xg::error);
}

TEST_CASE("recording off and on again, nested, and for each thread by itself") {
    CHECK(xg::is_grad_enabled());
    {
        const auto off = xg::no_grad{};
        CHECK(!xg::is_grad_enabled());
        {
            const auto on = xg::enable_grad{};
            CHECK(xg::is_grad_enabled());
            const auto off_again = xg::set_grad_enabled{false};
            CHECK(!xg::is_grad_enabled());
        }
        CHECK(!xg::is_grad_enabled());
        auto elsewhere = false;
        std::thread{[&] { elsewhere = xg::is_grad_enabled(); }}.join();
        CHECK(elsewhere);
    }
    CHECK(xg::is_grad_enabled());
    try {
        const auto off = xg::no_grad{};
        throw std::runtime_error{""};
    } catch (const std::runtime_error&) {
        CHECK(xg::is_grad_enabled());
    }
}

TEST_CASE("backward records nothing on its own, whatever the scope, and restores it") {
    auto x = variable(2);
    const auto y = x * x;
    {
        const auto off = xg::no_grad{};
        y.backward();
        CHECK(!xg::is_grad_enabled());
    }
    CHECK(xg::is_grad_enabled());
    CHECK(!x.grad().requires_grad());
    CHECK(x.grad().item() == 4);
}

TEST_CASE("a leaf that no longer wants a gradient") {
    auto x = variable(2), w = variable(3);
    const auto y = x * w;
    x.requires_grad(false);
    y.backward();
    CHECK(w.grad().item() == 2);
    CHECK(!x.requires_grad());
    x.requires_grad(true);
    CHECK(!x.has_grad());
}

TEST_CASE("types meet in one graph by conversion") {
    auto x = xg::tensor<float, 1>{1, 2}.requires_grad(true);
    const auto y = xg::astype<double>(x) * 2.0;
    xg::sum(y * y).backward();
    CHECK(elements<float>(x.grad()) == std::vector<float>{8, 16});
}
