#include <doctest/doctest.h>

#include <xgrad/autograd/checkpoint.hpp>
#include <xgrad/autograd/create.hpp>
#include <xgrad/autograd/gradcheck.hpp>
#include <xgrad/ops/activation.hpp>
#include <xgrad/ops/arithmetic.hpp>
#include <xgrad/ops/linalg.hpp>
#include <xgrad/ops/reduce.hpp>

#include <cstddef>
#include <stdexcept>
#include <thread>
#include <tuple>
#include <type_traits>
#include <vector>

namespace xg = xgrad;

namespace {

using vector = xg::tensor<double, 1>;

template <class T>
std::vector<T> elements(const xg::tensor<T>& x) {
    return {x.span().begin(), x.span().end()};
}

const auto f = [](const auto& x) { return xg::tanh(xg::tanh(x * x)); };

}  // namespace

TEST_CASE("the same value and gradient, computed twice") {
    auto runs = 0;
    const auto counted = [&](const auto& x) {
        ++runs;
        return f(x);
    };
    auto x = vector{0.3, -0.7}.requires_grad(true), same = vector{0.3, -0.7}.requires_grad(true);
    const auto y = xg::checkpoint(counted, x);
    static_assert(std::is_same_v<decltype(y), const vector>);
    CHECK(runs == 1);
    CHECK(elements<double>(y) == elements<double>(f(same)));
    xg::sum(y).backward();
    CHECK(runs == 2);
    xg::sum(f(same)).backward();
    CHECK(elements<double>(x.grad()) == elements<double>(same.grad()));
}

TEST_CASE("nothing to differentiate, or recording off") {
    CHECK(!xg::checkpoint(f, vector{1, 2}).requires_grad());
    auto x = vector{1, 2}.requires_grad(true);
    const auto guard = xg::no_grad{};
    CHECK(!xg::checkpoint(f, x).requires_grad());
}

TEST_CASE("first and second derivatives") {
    CHECK(xg::gradcheck([](const auto& x) { return xg::checkpoint(f, x); }, vector{0.3, -0.7}));
    CHECK(xg::gradgradcheck([](const auto& x) { return xg::checkpoint(f, x); }, vector{0.3, -0.7}));
    CHECK(xg::gradgradcheck(
        [](const auto& x, const auto& w) { return w * xg::checkpoint([w](const auto& v) { return xg::tanh(v * w); }, x); },
        std::tuple{vector{0.3, -0.7}, vector{1.5, 0.4}}));
}

TEST_CASE("what the function holds gets its gradient, used inside, outside, and in several segments") {
    const auto run = [](const auto& wrap) {
        auto w = xg::tensor<double, 2>{{0.1, 0.2}, {0.3, -0.4}}.requires_grad(true);
        auto b = vector{0.5, 0.6}.requires_grad(true);
        auto x = vector{1, 2}.requires_grad(true);
        const auto scaled = w * 2.0;   // a recorded value that the function holds
        const auto layer = [&](const auto& v) { return xg::tanh(xg::matmul(v, w) + b + xg::matmul(v, scaled)); };
        const auto y = wrap(layer, wrap(layer, x * b) + xg::matmul(x, scaled));
        xg::sum(y * y).backward();
        return std::vector{elements<double>(w.grad()), elements<double>(b.grad()), elements<double>(x.grad())};
    };
    const auto plain = run([](const auto& layer, const auto& x) { return layer(x); });
    const auto again = run([](const auto& layer, const auto& x) { return xg::checkpoint(layer, x); });
    for (auto i = 0u; i < plain.size(); ++i)
        for (auto k = 0u; k < plain[i].size(); ++k) CHECK(again[i][k] == doctest::Approx(plain[i][k]).epsilon(1e-12));
}

TEST_CASE("only what the function holds needs a gradient") {
    auto w = vector{2, 3}.requires_grad(true);
    const auto y = xg::checkpoint([&](const auto& x) { return x * w; }, vector{5, 6});
    xg::sum(y).backward();
    CHECK(elements<double>(w.grad()) == std::vector<double>{5, 6});
}

TEST_CASE("one inside another") {
    const auto nested = [](const auto& x) { return xg::checkpoint(f, xg::checkpoint(f, x) * x); };
    CHECK(xg::gradgradcheck([&](const auto& x) { return xg::checkpoint(nested, x); }, vector{0.3, -0.7}));
}

TEST_CASE("random numbers are drawn alike both times, and go on afterwards as if drawn once") {
    xg::manual_seed(1);
    auto x = vector{1, 1, 1, 1}.requires_grad(true);
    const auto y = xg::checkpoint([](const auto& v) { return v * xg::rand_like(v); }, x);
    const auto next = xg::rand<double>({1}).item();
    xg::sum(y).backward();
    CHECK(elements<double>(x.grad()) == elements<double>(y));
    const auto after = xg::rand<double>({1}).item();
    xg::manual_seed(1);
    static_cast<void>(xg::rand<double>({4}));
    CHECK(xg::rand<double>({1}).item() == next);
    CHECK(xg::rand<double>({1}).item() == after);
}

TEST_CASE("what has changed since is an error, never a wrong gradient") {
    auto w = vector{2, 3}.requires_grad(true), x = vector{5, 6}.requires_grad(true);
    const auto layer = [&](const auto& v) { return v * w; };
    auto y = xg::checkpoint(layer, x);
    w(0) = 7;
    CHECK_THROWS_WITH_AS(y.backward(vector{1, 1}),
                         "[checkpoint] the function came to another value when it was run again; "
                         "do not change what it uses before backward",
                         xg::autograd_error);
    y = xg::checkpoint(layer, x);
    x(0) = 7;
    CHECK_THROWS_AS(y.backward(vector{1, 1}), xg::autograd_error);
    CHECK(!x.has_grad());
    CHECK(!w.has_grad());
}

TEST_CASE("a function that throws the second time leaves everything as it was") {
    auto runs = 0;
    auto w = vector{2, 3}.requires_grad(true);
    const auto fragile = [&](const auto& v) {
        if (++runs == 2) throw std::runtime_error{"not again"};
        return v * w;
    };
    const auto y = xg::checkpoint(fragile, vector{1, 1}) * w;
    CHECK_THROWS_WITH(y.backward(vector{1, 1}, {.retain_graph = true}), "not again");
    CHECK(!w.has_grad());
    y.backward(vector{1, 1});
    CHECK(elements<double>(w.grad()) == std::vector<double>{4, 6});
}

TEST_CASE("one model in segments, differentiated with respect to its input by several threads") {
    auto w = vector{2, 3}.requires_grad(true);
    const auto slope = xg::grad([&](const auto& x) {
        return xg::sum(xg::checkpoint([&](const auto& v) { return xg::tanh(v * w); }, x));
    });
    const auto expected = elements<double>(slope(vector{0.1, 0.2}));
    auto threads = std::vector<std::thread>{};
    for (auto i = 0; i < 3; ++i)
        threads.emplace_back([&] {
            for (auto step = 0; step < 20; ++step) {
                const auto guard = xg::no_grad{};
                CHECK(elements<double>(slope(vector{0.1, 0.2})) == expected);
            }
        });
    for (auto& each : threads) each.join();
}
