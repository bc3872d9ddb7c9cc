#include <doctest/doctest.h>

#include <xgrad/autograd/create.hpp>
#include <xgrad/autograd/no_grad.hpp>
#include <xgrad/core/parallel.hpp>
#include <xgrad/ops/arithmetic.hpp>
#include <xgrad/ops/compare.hpp>
#include <xgrad/ops/reduce.hpp>
#include <xgrad/optim/clip.hpp>

#include <cmath>
#include <cstddef>
#include <limits>
#include <string>

namespace xg = xgrad;
namespace optim = xgrad::optim;

namespace {

constexpr auto infinity = std::numeric_limits<double>::infinity();

template <class T>
struct two {
    xg::tensor<T, 1> a = xg::zeros<T>({2}).requires_grad(true), b = xg::zeros<T>({3}).requires_grad(true);

    two(const xg::tensor<T, 1>& of_a, const xg::tensor<T, 1>& of_b) {
        a.backward(of_a);
        b.backward(of_b);
    }
    xg::parameter_list<T> list() const { return {{"a", a}, {"b", b}}; }
};

}  // namespace

TEST_CASE("clip_grad_norm: one factor for all, as PyTorch has it") {
    const auto net = two<double>{{3, 0}, {0, -4, 12}};
    CHECK(optim::clip_grad_norm(net.list(), 6.5) == doctest::Approx(13).epsilon(1e-15));
    const auto factor = 6.5 / (13 + 1e-6);
    CHECK(net.a.grad()(0) == doctest::Approx(3 * factor).epsilon(1e-15));
    CHECK(net.b.grad()(1) == doctest::Approx(-4 * factor).epsilon(1e-15));
    CHECK(optim::clip_grad_norm(net.list(), 0) == doctest::Approx(6.5));
    CHECK(net.b.grad()(2) == 0);
}

TEST_CASE("clip_grad_norm: other norms") {
    const auto net = two<double>{{3, 0}, {0, -4, 12}};
    CHECK(optim::clip_grad_norm(net.list(), infinity, {.p = 1}) == 19);
    CHECK(optim::clip_grad_norm(net.list(), infinity, {.p = infinity}) == 12);
    CHECK(optim::clip_grad_norm(net.list(), 100, {.p = 3}) == doctest::Approx(std::cbrt(27.0 + 64 + 1728)).epsilon(1e-14));
    CHECK(net.b.grad()(2) == 12);
}

TEST_CASE("clip_grad_norm: what is small enough stays to the bit; nothing at all is clipped, too") {
    const auto net = two<float>{{0.1f, 0.2f}, {0.3f, 0, 0}};
    const auto before = xg::tensor<float>{net.a.grad()}.clone();
    CHECK(optim::clip_grad_norm(net.list(), 1) == doctest::Approx(std::sqrt(0.14)).epsilon(1e-7));
    CHECK(xg::array_equal(net.a.grad(), before));
    const auto none = xg::parameter_list<float>{{"a", xg::zeros<float>({2}).requires_grad(true)}};
    CHECK(optim::clip_grad_norm(none, 1) == 0);
    CHECK(optim::clip_grad_norm(xg::parameter_list<float>{}, 1) == 0);
    CHECK_FALSE(none[0].has_grad());
    optim::clip_grad_value(none, 1);
    const auto zero = two<float>{{0, 0}, {0, 0, 0}};
    CHECK(optim::clip_grad_norm(zero.list(), 1) == 0);
    CHECK(zero.a.grad()(0) == 0);
}

TEST_CASE("clip_grad_norm: an infinite norm is an error that names the parameter, and changes nothing") {
    const auto net = two<float>{{1, 2}, {3, std::numeric_limits<float>::infinity(), 0}};
    CHECK_THROWS_WITH_AS(optim::clip_grad_norm(net.list(), 1), "[clip_grad_norm] the gradient of b has the norm inf: it holds "
                         "infinite elements, or NaN; nothing was clipped", xg::value_error);
    CHECK(net.a.grad()(1) == 2);
    const auto nan = two<float>{{1, std::nanf("")}, {3, 0, 0}};
    CHECK_THROWS_AS(optim::clip_grad_norm(nan.list(), 1, {.p = infinity}), xg::value_error);
    CHECK(nan.b.grad()(0) == 3);
    CHECK_THROWS_AS(optim::clip_grad_norm(net.list(), -1), xg::value_error);
    CHECK_THROWS_AS(optim::clip_grad_norm(net.list(), std::nan("")), xg::value_error);
    CHECK_THROWS_AS(optim::clip_grad_norm(net.list(), 1, {.p = 0}), xg::value_error);
}

TEST_CASE("clip_grad_norm: squares that leave the range of the type do not matter") {
    const auto large = two<float>{{3e30f, 0}, {0, 4e30f, 0}};
    CHECK(optim::clip_grad_norm(large.list(), 1) == doctest::Approx(5e30).epsilon(1e-6));
    CHECK(large.a.grad()(0) == doctest::Approx(0.6f).epsilon(1e-6));
    const auto huge = two<double>{{3e300, 0}, {0, 4e300, 0}};
    CHECK(optim::clip_grad_norm(huge.list(), 1) == doctest::Approx(5e300).epsilon(1e-14));
    const auto tiny = two<double>{{3e-300, 0}, {0, 4e-300, 0}};
    CHECK(optim::clip_grad_norm(tiny.list(), 1) == doctest::Approx(5e-300).epsilon(1e-14));
    CHECK(tiny.a.grad()(0) == 3e-300);
}

TEST_CASE("clip: shared parameters count once") {
    const auto net = two<double>{{3, 0}, {0, -4, 0}};
    auto list = net.list();
    list.push_back(xg::parameter<double>{"tied", net.a});
    CHECK(optim::clip_grad_norm(list, 2.5) == 5);
    CHECK(net.a.grad()(0) == doctest::Approx(1.5).epsilon(1e-6));
}

TEST_CASE("clip_grad_norm: the same on any number of threads") {
    const auto run = [](int threads) {
        xg::set_num_threads(threads);
        auto w = xg::zeros<float>({1000003}).requires_grad(true);
        auto g = xg::zeros<float>({1000003});
        for (auto i = 0; i < 1000003; ++i) g.data()[i] = std::sin(static_cast<float>(i));
        w.backward(g);
        return optim::clip_grad_norm(xg::parameter_list<float>{{"w", w}}, 1);
    };
    const auto usual = xg::num_threads();
    CHECK(run(1) == run(3));
    xg::set_num_threads(usual);
}

TEST_CASE("clip_grad_value") {
    const auto net = two<double>{{3, -0.5}, {-4, infinity, std::nan("")}};
    optim::clip_grad_value(net.list(), 1);
    CHECK(net.a.grad()(0) == 1);
    CHECK(net.a.grad()(1) == -0.5);
    CHECK(net.b.grad()(0) == -1);
    CHECK(net.b.grad()(1) == 1);
    CHECK(std::isnan(net.b.grad()(2)));
    CHECK_THROWS_AS(optim::clip_grad_value(net.list(), -1), xg::value_error);
    optim::clip_grad_value(net.list(), infinity);
    CHECK(net.a.grad()(0) == 1);
}
