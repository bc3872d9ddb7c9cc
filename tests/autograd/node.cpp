#include <doctest/doctest.h>

#include <xgrad/autograd/create.hpp>
#include <xgrad/autograd/node.hpp>
#include <xgrad/ops/activation.hpp>
#include <xgrad/ops/arithmetic.hpp>
#include <xgrad/ops/reduce.hpp>

#include <cstddef>
#include <utility>

#if __has_include(<pthread.h>)
#include <pthread.h>
#endif

namespace xg = xgrad;

namespace {

using scalar = xg::tensor<double, 0>;

// Instrumented builds are some twenty times slower, and what is tested does not depend on the number.
#if defined(__OPTIMIZE__) && !defined(__SANITIZE_THREAD__) && !defined(__SANITIZE_ADDRESS__)
constexpr auto length = 1'000'000;
#else
constexpr auto length = 300'000;
#endif

scalar chain(scalar x, int operations) {
    for (auto i = 0; i < operations; ++i) x = x + 1.0;
    return x;
}

void forward_backward_destroy() {
    auto x = scalar(1).requires_grad(true);
    auto y = chain(x, length);
    CHECK(y.item() == 1 + length);
    y.backward();
    CHECK(x.grad().item() == 1);
}

// On a stack that recursion, one frame for each operation, would overflow a hundred times over.
template <class F>
void on_small_stack(F f) {
#if __has_include(<pthread.h>)
    pthread_attr_t attributes;
    REQUIRE(pthread_attr_init(&attributes) == 0);
    REQUIRE(pthread_attr_setstacksize(&attributes, 256 * 1024) == 0);
    auto thread = pthread_t{};
    const auto run = [](void* function) -> void* {
        (*static_cast<F*>(function))();
        return nullptr;
    };
    REQUIRE(pthread_create(&thread, &attributes, run, &f) == 0);
    REQUIRE(pthread_join(thread, nullptr) == 0);
    pthread_attr_destroy(&attributes);
#else
    f();
#endif
}

}  // namespace

TEST_CASE("a million operations in a row: forward, backward, destroyed") { on_small_stack(forward_backward_destroy); }

TEST_CASE("a million operations, destroyed without backward") {
    on_small_stack([] { chain(scalar(1).requires_grad(true), length / 4); });
}

TEST_CASE("a long graph that only kept values hold") {
    on_small_stack([] {
        auto x = scalar(0.5).requires_grad(true);
        auto y = xg::tensor<double>{};
        {
            auto h = x;
            for (auto i = 0; i < length / 8; ++i) h = xg::tanh(h * 1.5);   // keeps the operand, then the result
            y = h * h;
        }
        y.backward();
        CHECK(x.has_grad());
    });
}

TEST_CASE("a long graph that somebody holds in the middle") {
    on_small_stack([] {
        auto x = scalar(1).requires_grad(true);
        auto middle = chain(x, length / 8);
        {
            const auto end = chain(middle * middle, length / 8);
        }
        middle.backward();
        CHECK(x.grad().item() == 1);
    });
}

TEST_CASE("a wide and deep graph: every value used twice") {
    on_small_stack([] {
        auto x = scalar(1).requires_grad(true);
        auto y = scalar(x);
        for (auto i = 0; i < 1000; ++i) y = (y + y) * 0.5;   // 2^1000 paths
        y.backward();
        CHECK(x.grad().item() == 1);
    });
}

TEST_CASE("derivatives of a long chain's derivative") {
    on_small_stack([] {
        auto x = scalar(1).requires_grad(true);
        auto y = scalar(x);
        for (auto i = 0; i < length / 20; ++i) y = y * 1.0;
        (y * y).backward({.create_graph = true});
        const auto first = x.grad();
        x.zero_grad();
        first.backward();
        CHECK(x.grad().item() == 2);
        x.zero_grad();
    });
}

TEST_CASE("the graph goes with the last tensor that needs it") {
    auto x = scalar(1).requires_grad(true);
    auto* const leaf = xg::detail::access::graph(x);
    CHECK(leaf->references.get() == 1);
    {
        auto y = x * 2.0;
        const auto z = y + x;
        CHECK(leaf->references.get() == 3);
        y = {};
        CHECK(leaf->references.get() == 3);
    }
    CHECK(leaf->references.get() == 1);
    {
        const auto y = x * 2.0;
        y.backward();
        CHECK(leaf->references.get() == 2);
    }
    CHECK(leaf->references.get() == 1);
}

TEST_CASE("a node is younger than its inputs, and than all its thread has seen") {
    auto x = scalar(1).requires_grad(true);
    const auto y = x * 2.0;
    auto w = scalar(1).requires_grad(true);
    const auto z = y * w;
    const auto born = [](const auto& t) { return xg::detail::access::graph(t)->born; };
    CHECK(born(x) < born(y));
    CHECK(born(y) < born(w));
    CHECK(born(w) < born(z));
}
