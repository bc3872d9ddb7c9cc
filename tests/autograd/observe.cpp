#include <doctest/doctest.h>

#include <xgrad/autograd/create.hpp>
#include <xgrad/autograd/functional.hpp>
#include <xgrad/autograd/observe.hpp>
#include <xgrad/ops/arithmetic.hpp>
#include <xgrad/ops/math.hpp>
#include <xgrad/ops/reduce.hpp>

#include <cstddef>
#include <stdexcept>
#include <type_traits>
#include <vector>

namespace xg = xgrad;

namespace {

using vector = xg::tensor<double, 1>;

template <std::size_t N>
std::vector<double> elements(const xg::tensor<double, N>& x) {
    return {x.span().begin(), x.span().end()};
}

using numbers = std::vector<double>;

}  // namespace

TEST_CASE("retain_grad: a tensor on the way keeps its gradient") {
    auto x = vector{1, 2}.requires_grad(true);
    auto y = x * x;
    y.retain_grad();
    y.retain_grad();
    CHECK_FALSE(y.has_grad());
    CHECK(elements(y.grad()) == numbers{0, 0});
    const auto loss = xg::sum(y * y * y);
    loss.backward({.retain_graph = true});
    CHECK(y.has_grad());
    CHECK(elements(y.grad()) == numbers{3, 48});
    CHECK(elements(x.grad()) == numbers{6, 192});

    // A further pass adds, what was got before stays as it was, and zero_grad begins anew.
    const auto before = y.grad();
    loss.backward();
    CHECK(elements(y.grad()) == numbers{6, 96});
    CHECK(elements(before) == numbers{3, 48});
    y.zero_grad();
    CHECK_FALSE(y.has_grad());

    // Leaves do so anyway; what gets no gradient has nothing to keep.
    x.retain_grad();
    CHECK(elements(x.grad()) == numbers{12, 384});
    CHECK_THROWS_WITH_AS((vector{1, 2}.retain_grad()), "[retain_grad] the tensor does not require a gradient, so none will come to it",
                         xg::autograd_error);
}

TEST_CASE("retain_grad: the gradient stays what it was when the rule behind it writes over its own") {
    auto x = vector{1, 4}.requires_grad(true);
    auto y = xg::exp(x);
    y.retain_grad();
    xg::sum(2 * y).backward();
    CHECK(elements(y.grad()) == numbers{2, 2});
}

TEST_CASE("hooks see the complete gradient, and may put another in its place") {
    auto x = vector{1, 2}.requires_grad(true);
    auto y = x * 3;
    auto seen = std::vector<numbers>{};
    auto looking = y.register_hook([&](const vector& dy) { seen.push_back(elements(dy)); });
    y.register_hook([](const vector& dy) { return dy * 10; });
    y.retain_grad();
    y.register_hook([](const auto& dy) { return dy + 1; });
    static_assert(std::is_same_v<decltype(looking), xg::hook>);
    const auto loss = xg::sum(y * y) + xg::sum(y);
    loss.backward({.retain_graph = true});
    CHECK(seen == std::vector<numbers>{{7, 13}});                // both uses of y, once
    CHECK(elements(y.grad()) == numbers{70, 130});               // after the hooks before it
    CHECK(elements(x.grad()) == numbers{3 * 71, 3 * 131});
    looking.remove();
    loss.backward();
    CHECK(seen.size() == 1);
    CHECK(elements(x.grad()) == numbers{6 * 71, 6 * 131});
}

TEST_CASE("hooks of leaves come before the gradient is added up") {
    auto x = vector{1, 2}.requires_grad(true);
    x.register_hook([](const vector& dy) { return dy * 2; });
    xg::sum(x).backward();
    xg::sum(x).backward();
    CHECK(elements(x.grad()) == numbers{4, 4});
}

TEST_CASE("hooks: another shape is an error, and one that throws leaves every stored gradient as it was") {
    auto x = vector{1, 2}.requires_grad(true), w = vector{3, 4}.requires_grad(true);
    auto y = x * w;
    auto angry = y.register_hook([](const vector&) { throw std::runtime_error{"no"}; });
    CHECK_THROWS_AS(xg::sum(y).backward({.retain_graph = true}), std::runtime_error);
    CHECK_FALSE(x.has_grad());
    angry.remove();
    y.register_hook([](const vector& dy) { return xg::sum(dy); });
    CHECK_THROWS_WITH_AS(xg::sum(y).backward(), "[register_hook] a hook of multiply gave a gradient of shape () in the place of one of shape (2,)",
                         xg::shape_error);
    CHECK_FALSE(w.has_grad());
    CHECK_THROWS_AS((vector{1, 2}.register_hook([](const vector&) {})), xg::autograd_error);
}

TEST_CASE("hooks are called on the way of a function's derivative, and recorded with a pass that is") {
    auto recorded = std::vector<bool>{};
    const auto f = [&](const vector& x) {
        auto y = x * x;
        y.register_hook([&](const vector& dy) {
            recorded.push_back(dy.requires_grad());
            return dy * dy;
        });
        return xg::sum(y * y);
    };
    auto x = vector{1, 2};
    CHECK(elements(xg::grad(f)(x)) == numbers{8, 8 * 32});   // 2 x (2 y)^2
    CHECK(recorded == std::vector<bool>{false});
    x.requires_grad(true);
    const auto dx = xg::grad(f)(x);
    CHECK(recorded == std::vector<bool>{false, true});
    CHECK(dx.requires_grad());
}
