#include <doctest/doctest.h>

#include <xgrad/autograd/create.hpp>
#include <xgrad/ops/arithmetic.hpp>
#include <xgrad/ops/compare.hpp>
#include <xgrad/ops/math.hpp>
#include <xgrad/ops/reduce.hpp>
#include <xgrad/optim/lbfgs.hpp>

#include <cmath>
#include <cstddef>
#include <limits>
#include <stdexcept>
#include <vector>

namespace xg = xgrad;
namespace optim = xgrad::optim;

namespace {

/// Rosenbrock's valley, twice: sum (1 - a)^2 + 10 (b - a^2)^2.
template <class T>
struct valley {
    xg::tensor<T, 1> a = xg::tensor<T, 1>{{T(-1.2), T(1)}}.requires_grad(true);
    xg::tensor<T, 1> b = xg::tensor<T, 1>{{T(0.5), T(-0.7)}}.requires_grad(true);
    int calls = 0;

    xg::parameter_list<T> list() const { return {{"a", a}, {"b", b}}; }
    auto loss() const { return xg::sum(xg::square(1 - a)) + T(10) * xg::sum(xg::square(b - xg::square(a))); }

    double step(optim::lbfgs<T>& opt) {
        return opt.step([&] {
            ++calls;
            opt.zero_grad();
            auto y = loss();
            y.backward();
            return y;
        });
    }
    void check(const std::vector<double>& wanted, double epsilon) const {
        const auto x = a.detach(), y = b.detach();
        const auto got = std::vector{x(0), x(1), y(0), y(1)};
        for (auto i = std::size_t{0}; i < 4; ++i) CHECK(static_cast<double>(got[i]) == doctest::Approx(wanted[i]).epsilon(epsilon));
    }
};

constexpr auto wolfe = optim::lbfgs_options{.max_iter = 4, .line_search = optim::line_search::strong_wolfe};

}  // namespace

// The figures: torch.optim.LBFGS of PyTorch 1.13, in double precision, its numbers of evaluations included.
TEST_CASE("lbfgs: without a line search") {
    auto net = valley<double>{};
    auto opt = optim::lbfgs{net.list(), {.lr = 0.1, .max_iter = 3}};
    auto loss = 0.0;
    for (auto k = 0; k < 6; ++k) loss = net.step(opt);
    CHECK(net.calls == 18);
    CHECK(loss == doctest::Approx(11.1375085819228).epsilon(1e-11));
    net.check({-0.944161712482633, 0.70473346323685, 0.636567599694969, -0.14619442030757}, 1e-11);
}

TEST_CASE("lbfgs: with a line search") {
    auto net = valley<double>{};
    auto opt = optim::lbfgs{net.list(), wolfe};
    CHECK(net.step(opt) == doctest::Approx(42.576));
    auto loss = 0.0;
    for (auto k = 1; k < 6; ++k) loss = net.step(opt);
    CHECK(net.calls == 31);
    CHECK(loss == doctest::Approx(0.00464209894188893).epsilon(1e-9));
    net.check({0.985801328260094, 1.05032305163765, 0.973320568116527, 1.10394774176876}, 1e-10);
    for (auto k = 0; k < 6; ++k) net.step(opt);
    net.check({1, 1, 1, 1}, 1e-6);
}

TEST_CASE("lbfgs: a short history") {
    auto net = valley<double>{};
    auto opt = optim::lbfgs{net.list(), {.lr = 0.5, .history_size = 2, .line_search = optim::line_search::strong_wolfe}};
    for (auto k = 0; k < 4; ++k) net.step(opt);
    CHECK(net.calls == 89);
    net.check({1, 1, 1, 1}, 3e-3);
}

TEST_CASE("lbfgs: resumed, the same to the bit") {
    auto through = valley<float>{}, net = valley<float>{};
    auto opt = optim::lbfgs{through.list(), wolfe};
    auto first = optim::lbfgs{net.list(), wolfe};
    CHECK(first.state().empty());
    for (auto k = 0; k < 5; ++k) through.step(opt);
    for (auto k = 0; k < 2; ++k) net.step(first);
    auto second = optim::lbfgs{net.list(), wolfe};
    CHECK(second.load_state(first.state()).empty());
    for (auto k = 2; k < 5; ++k) net.step(second);
    CHECK(xg::array_equal(through.a, net.a));
    CHECK(xg::array_equal(through.b, net.b));
    auto list = first.state();
    list.erase(list.begin());
    CHECK_THROWS_WITH_AS(second.load_state(list), "[load_state] a.direction is missing", xg::value_error);
}

TEST_CASE("lbfgs: a constant, and a loss that is no number") {
    auto w = xg::tensor<double, 1>{{1, 2}}.requires_grad(true);
    auto opt = optim::lbfgs{xg::parameter_list<double>{{"w", w}}, wolfe};
    const auto run = [&](const auto& f) {
        return opt.step([&] {
            opt.zero_grad();
            auto loss = xg::sum(f(w));
            loss.backward();
            return loss;
        });
    };
    CHECK(run([](const auto& x) { return x * 0 + 3; }) == 6);
    CHECK(w.detach()(1) == 2);
    opt.zero_grad();
    CHECK(opt.step([] { return 5; }) == 5);   // no gradient at all
    CHECK_FALSE(opt.without_gradient().empty());
    CHECK(w.detach()(1) == 2);
    CHECK_THROWS_AS(run([](const auto& x) { return x * std::numeric_limits<double>::infinity(); }), xg::value_error);
    CHECK(w.detach()(1) == 2);
    // ln x, which is no number below 0, where a first step too long leads.
    for (auto k = 0; k < 10; ++k) run([](const auto& x) { return 100 * x - xg::log(x); });
    CHECK(w.detach()(0) == doctest::Approx(0.01).epsilon(1e-4));
}

TEST_CASE("lbfgs: an exception in the closure leaves the parameters where the iteration began") {
    auto net = valley<double>{};
    auto opt = optim::lbfgs{net.list(), {.max_iter = 1, .line_search = optim::line_search::strong_wolfe}};
    const auto before = net.a.clone();
    CHECK_THROWS_AS(opt.step([&] {
        if (++net.calls == 2) throw std::runtime_error{"enough"};
        opt.zero_grad();
        auto y = net.loss();
        y.backward();
        return y;
    }), std::runtime_error);
    CHECK(xg::array_equal(net.a, before));
}

TEST_CASE("lbfgs: what is frozen stays") {
    auto net = valley<double>{};
    auto opt = optim::lbfgs{net.list(), wolfe};
    net.step(opt);
    const auto before = net.b.clone();
    net.b.requires_grad(false);
    net.step(opt);
    net.step(opt);
    CHECK(xg::array_equal(net.b, before));
    net.b.requires_grad(true);
    for (auto k = 0; k < 15; ++k) net.step(opt);
    net.check({1, 1, 1, 1}, 1e-5);
}

TEST_CASE("lbfgs: options out of range") {
    const auto list = valley<double>{}.list();
    CHECK_THROWS_AS((optim::lbfgs{list, {.max_iter = 0}}), xg::value_error);
    CHECK_THROWS_AS((optim::lbfgs{list, {.history_size = 0}}), xg::value_error);
    CHECK_THROWS_AS((optim::lbfgs{list, {.tolerance_grad = -1}}), xg::value_error);
}
