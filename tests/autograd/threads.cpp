#include <doctest/doctest.h>

#include <xgrad/autograd/create.hpp>
#include <xgrad/autograd/functional.hpp>
#include <xgrad/core/parallel.hpp>
#include <xgrad/ops/activation.hpp>
#include <xgrad/ops/arithmetic.hpp>
#include <xgrad/ops/linalg.hpp>
#include <xgrad/ops/loss.hpp>
#include <xgrad/ops/reduce.hpp>
#include <xgrad/ops/shape.hpp>
#include <xgrad/ops/softmax.hpp>

#include <bit>
#include <cstddef>
#include <cstdint>
#include <latch>
#include <numeric>
#include <string>
#include <thread>
#include <type_traits>
#include <utility>
#include <vector>

namespace xg = xgrad;

namespace {

constexpr auto thread_count = 4;

template <class F>
void on_threads(const F& f) {
    auto threads = std::vector<std::thread>{};
    for (auto i = 0; i < thread_count; ++i) threads.emplace_back([&f, i] { f(i); });
    for (auto& each : threads) each.join();
}

template <class T>
std::vector<T> elements(const xg::tensor<T>& x) {
    return {x.span().begin(), x.span().end()};
}

// Equal to the bit: what is compared may hold NaN and signed zeros.
template <class T>
bool same(const xg::tensor<T>& a, const xg::tensor<T>& b) {
    using bits = std::conditional_t<sizeof(T) == 4, std::uint32_t, std::uint64_t>;
    if (a.shape() != b.shape()) return false;
    for (auto i = std::size_t{0}; i < a.size(); ++i)
        if (std::bit_cast<bits>(a.span()[i]) != std::bit_cast<bits>(b.span()[i])) return false;
    return true;
}

xg::tensor<double> tensor_of(const xg::basic_tensor<double>& x) { return xg::tensor<double>{x}; }

using float_tensor = xg::tensor<float>;

struct network {
    xg::tensor<float, 2> w1 = (xg::randn({20, 30}) * 0.2f).requires_grad(true);
    xg::tensor<float, 1> b1 = xg::zeros({30}).requires_grad(true);
    xg::tensor<float, 2> w2 = (xg::randn({30, 5}) * 0.2f).requires_grad(true);
    xg::tensor<float, 1> b2 = xg::zeros({5}).requires_grad(true);

    auto operator()(const auto& x) const { return xg::linear(xg::relu(xg::linear(x, w1, b1)), w2, b2); }
};

// Sizes above every threshold from which on several threads are used, and odd on purpose.
std::vector<std::pair<std::string, float_tensor>> many_results(int threads) {
    const auto before = xg::num_threads();
    xg::set_num_threads(threads);
    xg::manual_seed(17);
    auto results = std::vector<std::pair<std::string, float_tensor>>{};
    const auto add = [&](std::string name, const float_tensor& y) { results.emplace_back(std::move(name), y); };

    const auto v = xg::randn({300'007});
    add("elementwise", xg::tanh(v * v) + v);
    add("broadcast a number", v * xg::full({1}, 0.3f));
    add("sum of all", xg::sum(v));
    add("mean of all", xg::mean(v));
    add("max of all", xg::max(v));
    const auto m = xg::randn({517, 803});
    add("broadcast a row", m * xg::randn({803}));
    add("broadcast a column", m / xg::randn({517, 1}));
    add("sum of rows", xg::sum(m, 0));
    add("sum of columns", xg::sum(m, 1));
    add("min of rows", xg::min(m, 0));
    add("transpose", xg::transpose(m));
    add("softmax", xg::softmax(m, 1));
    add("softmax of columns", xg::softmax(m, 0));
    add("matmul", xg::matmul(m, xg::randn({803, 331})));
    const auto t = xg::randn({37, 41, 53, 3});
    add("sum of the outer and an inner axis", xg::sum(t, {0, 2}));
    add("sum of the middle axes", xg::sum(t, {1, 2}));
    add("sum of the ends", xg::sum(t, {0, 3}));
    add("sum of all but the last", xg::sum(t, {0, 1, 2}));

    auto w = xg::randn({803, 256}).requires_grad(true);
    auto b = xg::randn({256}).requires_grad(true);
    for (auto step = 0; step < 3; ++step) {
        const auto loss = xg::mse_loss(xg::tanh(xg::linear(m, w, b)), xg::ones({517, 256}));
        add("loss", loss);
        w.zero_grad();
        b.zero_grad();
        loss.backward();
        const auto guard = xg::no_grad{};
        w -= 0.5f * w.grad();
        b -= 0.5f * b.grad();
    }
    add("trained weight", w.detach());
    add("trained bias", b.detach());
    xg::set_num_threads(before);
    return results;
}

}  // namespace

TEST_CASE("results do not depend on the number of threads, to the bit") {
    const auto one = many_results(1), again = many_results(1), two = many_results(2), three = many_results(3);
    for (auto i = std::size_t{0}; i < one.size(); ++i) {
        CAPTURE(one[i].first);
        CHECK(same(one[i].second, again[i].second));
        CHECK(same(one[i].second, two[i].second));
        CHECK(same(one[i].second, three[i].second));
    }
}

TEST_CASE("threads build and differentiate graphs of their own") {
    auto results = std::vector<double>(thread_count);
    on_threads([&](int i) {
        auto x = xg::tensor<double, 0>(0.1 * i).requires_grad(true);
        for (auto step = 0; step < 50; ++step) {
            x.zero_grad();
            auto y = x * 1.0;
            for (auto k = 0; k < 20; ++k) y = xg::tanh(y + x);
            y.backward({.create_graph = true});
            const auto slope = x.grad();
            x.zero_grad();
            slope.backward();
        }
        results[static_cast<std::size_t>(i)] = x.grad().item();
    });
    CHECK(results[0] == 0);
    CHECK(results[1] != results[2]);
}

TEST_CASE("one model, read by many threads at once") {
    xg::manual_seed(3);
    const auto net = network{};
    const auto x = xg::randn({8, 20});
    const auto expected = elements<float>(net(x));
    auto equal = std::vector<char>(thread_count);
    on_threads([&](int i) {
        auto all = true;
        for (auto step = 0; step < 30; ++step) {
            const auto guard = xg::no_grad{};
            all = all && elements<float>(net(x)) == expected;
        }
        for (auto step = 0; step < 30; ++step) all = all && elements<float>(net(x)) == expected;   // recorded, and dropped
        equal[static_cast<std::size_t>(i)] = all;
    });
    for (const auto each : equal) CHECK(each);
}

TEST_CASE("one model, differentiated by many threads at once with respect to inputs and to weights") {
    xg::manual_seed(3);
    const auto net = network{};
    const auto x = xg::randn({8, 20});
    const auto of_input = [&](const auto& input) { return xg::sum(net(input) * net(input)); };
    const auto of_weight = [&](const auto& w) { return xg::sum(xg::tanh(xg::matmul(x, w))); };
    const auto dx = elements<float>(xg::grad(of_input)(x)), dw = elements<float>(xg::grad(of_weight)(net.w1));
    auto equal = std::vector<char>(thread_count);
    on_threads([&](int i) {
        auto all = true;
        for (auto step = 0; step < 20; ++step) {
            all = all && elements<float>(xg::grad(of_input)(x)) == dx;
            all = all && elements<float>(xg::grad(of_weight)(net.w1)) == dw;
            const auto guard = xg::no_grad{};
            all = all && elements<float>(xg::grad(of_input)(x)) == dx;
        }
        equal[static_cast<std::size_t>(i)] = all;
    });
    for (const auto each : equal) CHECK(each);
    CHECK(!net.w1.has_grad());
}

TEST_CASE("each thread trains a copy of its own of one model") {
    xg::manual_seed(3);
    const auto net = network{};
    const auto x = xg::randn({8, 20});
    on_threads([&](int) {
        auto w = net.w1.detach().requires_grad(true);    // shares the elements, which nobody changes
        for (auto step = 0; step < 10; ++step) xg::sum(xg::tanh(xg::matmul(x, w))).backward();
        CHECK(w.has_grad());
    });
}

TEST_CASE("two backward passes through one leaf at once: one is told what to do, nothing is lost") {
    auto w = xg::tensor<double, 1>{1, 2}.requires_grad(true), b = xg::tensor<double, 1>{3, 4}.requires_grad(true);
    auto within = std::latch{1}, over = std::latch{1};
    // The first thread's rule waits until the second thread has had its say.
    const auto slow = xg::record("slow", xg::tensor<double>{(w * 2).detach()}, {w}, xg::keep(), [&](const auto& dy, xg::gradients& d) {
        within.count_down();
        over.wait();
        d(0, [&] { return xg::tensor<double>{dy * 2}; });
    });
    auto first = std::thread{[&] { xg::sum(slow + b).backward(); }};
    within.wait();
    const auto f = [](const auto& x, const auto& y) { return xg::sum(xg::tanh(x) * y); };
    auto message = std::string{};
    try {
        f(w, b).backward();
    } catch (const xg::autograd_error& failure) {
        message = failure.what();
    }
    CHECK(message == "[backward] another thread's backward is at leaf of shape (2,) at this moment; differentiate a copy of "
                     "the parameters on each thread, or use grad, which gives gradients back instead of adding them up");
    const auto [dw, db] = xg::grad(f)(w, b);     // as it says
    CHECK(elements<double>(db) == elements<double>(xg::tanh(w.detach())));
    auto own = w.clone().requires_grad(true);
    xg::sum(own * b.detach()).backward();
    CHECK(elements<double>(own.grad()) == std::vector<double>{3, 4});
    over.count_down();
    first.join();
    CHECK(elements<double>(w.grad()) == std::vector<double>{2, 2});
    CHECK(elements<double>(b.grad()) == std::vector<double>{1, 1});
    w.zero_grad();
    f(w, b).backward();                          // and afterwards the leaf is free
    CHECK(w.has_grad());
}

TEST_CASE("a pass leaves what another thread's is at alone") {
    // While the main thread's backward is at w, another one's grad goes through an operation on w and x.
    auto w = xg::tensor<double, 1>{1, 2}.requires_grad(true);
    auto of_other = std::vector<double>{};
    const auto waiting = xg::record("waiting", xg::tensor<double>{w.clone()}, {w}, xg::keep(), [&](const auto& dy, xg::gradients& d) {
        std::thread{[&] {
            const auto f = [&](const auto& x) { return xg::sum(x * w); };
            of_other = elements<double>(xg::grad(f)(xg::tensor<double, 1>{5, 6}));
        }}.join();
        d(0, [&] { return tensor_of(dy); });
    });
    xg::sum(waiting * 3.0).backward();
    CHECK(of_other == std::vector<double>{1, 2});
    CHECK(elements<double>(w.grad()) == std::vector<double>{3, 3});
}

TEST_CASE("a rule that differentiates on its own leaves what the outer pass is at alone") {
    auto w = xg::tensor<double, 1>{1, 2}.requires_grad(true);
    const auto nested = xg::record("nested", xg::tensor<double>{w.clone()}, {w}, xg::keep(), [&](const auto& dy, xg::gradients& d) {
        const auto f = [&](const auto& x) { return xg::sum(x * w); };
        CHECK(elements<double>(xg::grad(f)(xg::tensor<double, 1>{5, 6})) == std::vector<double>{1, 2});
        d(0, [&] { return tensor_of(dy); });
    });
    xg::sum(nested).backward();
    CHECK(elements<double>(w.grad()) == std::vector<double>{1, 1});
}

TEST_CASE("many threads that train one model at once: errors, but no sum is lost") {
    xg::manual_seed(3);
    const auto net = network{};
    const auto x = xg::randn({8, 20});
    const auto loss = [&] { return xg::sum(net(x) * net(x)); };
    loss().backward();
    const auto once = elements<float>(net.b2.grad());
    auto& b2 = const_cast<xg::tensor<float, 1>&>(net.b2);
    b2.zero_grad();
    auto done = std::vector<int>(thread_count);
    on_threads([&](int i) {
        for (auto step = 0; step < 50; ++step) {
            try {
                loss().backward();
                ++done[static_cast<std::size_t>(i)];
            } catch (const xg::autograd_error&) {
                std::this_thread::yield();
            }
        }
    });
    const auto times = std::accumulate(done.begin(), done.end(), 0);
    REQUIRE(times > 0);
    const auto all = elements<float>(net.b2.grad());
    for (auto i = std::size_t{0}; i < all.size(); ++i)
        CHECK(all[i] == doctest::Approx(once[i] * static_cast<float>(times)).epsilon(1e-4));
}

TEST_CASE("a graph made on one thread, differentiated and dropped on another") {
    auto x = xg::tensor<double, 0>(2).requires_grad(true);
    auto y = xg::tensor<double, 0>{};
    std::thread{[&] {
        for (auto i = 0; i < 1000; ++i) static_cast<void>(x * 1.0);    // far ahead of the main thread's count of nodes
        y = x * x;
    }}.join();
    CHECK(xg::grad([&](const auto& z) { return z * y; })(xg::tensor<double, 0>(3)).item() == 4);
    std::thread{[taken = std::exchange(y, {})] { taken.backward(); }}.join();
    CHECK(x.grad().item() == 4);
}

TEST_CASE("random numbers drawn by several threads") {
    xg::manual_seed(1);
    on_threads([](int) {
        for (auto i = 0; i < 20; ++i) CHECK(xg::rand({10}).size() == 10);
    });
}
