#include <doctest/doctest.h>

#include <xgrad/autograd/create.hpp>
#include <xgrad/autograd/gradcheck.hpp>
#include <xgrad/ops/activation.hpp>
#include <xgrad/ops/arithmetic.hpp>
#include <xgrad/ops/math.hpp>
#include <xgrad/ops/reduce.hpp>

#include <limits>
#include <string>
#include <tuple>
#include <utility>

namespace xg = xgrad;

namespace {

using vector = xg::tensor<double, 1>;

// y = x^2 with a rule of one's choice.
template <class Rule>
auto square_with(Rule rule) {
    return [=](const auto& x) {
        auto y = [&] {
            const auto guard = xg::no_grad{};
            return xg::tensor<double>{x * x};
        }();
        return xg::record("square", std::move(y), {x}, xg::keep(x), [=](const auto& dy, xg::gradients& d, const auto& kept) {
            d(0, [&] { return xg::tensor<double>{rule(dy, kept())}; });
        });
    };
}

const auto x = vector{0.3, -1.2, 2};

}  // namespace

TEST_CASE("right gradients pass") {
    const auto right = square_with([](const auto& dy, const auto& v) { return dy * v * 2.0; });
    const auto outcome = xg::gradcheck(right, x);
    CHECK_MESSAGE(outcome, outcome.report);
    CHECK(outcome.largest_error < 1);
    CHECK(xg::gradgradcheck(right, x));
    CHECK(xg::gradcheck([](const auto& a, const auto& b) { return a * xg::tanh(b); }, std::tuple{x, vector{1.5}}));
    CHECK(xg::gradgradcheck([](const auto& a, const auto& b) { return a * xg::tanh(b); }, std::tuple{x, vector{1.5}}));
    CHECK(xg::gradcheck([](const auto& v) { return xg::sum(v * v); }, xg::tensor<double>{{1, 2}, {3, 4}}));
    CHECK(xg::gradcheck([](const auto& v) { return v * v; }, xg::zeros<double>({0})));
}

TEST_CASE("wrong gradients do not, and the report says where") {
    const auto no_factor = xg::gradcheck(square_with([](const auto& dy, const auto& v) { return dy * v; }), x);
    CHECK(!no_factor);
    CHECK(no_factor.report.find("input 0, element ") != std::string::npos);
    CHECK(!xg::gradcheck(square_with([](const auto& dy, const auto& v) { return dy * 0.0 * v; }), x));
    CHECK(!xg::gradcheck(square_with([](const auto& dy, const auto& v) { return dy * v * 2.001; }), x));
    // Right up to the weights: a rule that forgets dy.
    CHECK(!xg::gradcheck(square_with([](const auto&, const auto& v) { return v * 2.0; }), x));
}

TEST_CASE("one wrong element, or one that is no number, is enough") {
    for (const auto wrong : {0.01, std::numeric_limits<double>::quiet_NaN(), std::numeric_limits<double>::infinity()})
        for (auto at = 0; at < 3; ++at) {
            auto error = xg::zeros<double>({3});
            error(at) = wrong;
            CHECK(!xg::gradcheck(square_with([=](const auto& dy, const auto& v) { return dy * v * 2.0 + error; }), x));
        }
}

TEST_CASE("a rule that cuts the graph is right once and wrong the second time") {
    const auto cut_from_x = square_with([](const auto& dy, const auto& v) { return dy * v.detach() * 2.0; });
    CHECK(xg::gradcheck(cut_from_x, x));
    CHECK(!xg::gradgradcheck(cut_from_x, x));
    const auto cut_from_dy = square_with([](const auto& dy, const auto& v) { return dy.detach() * v * 2.0; });
    CHECK(xg::gradcheck(cut_from_dy, x));
    CHECK(!xg::gradgradcheck(cut_from_dy, x));
}

TEST_CASE("the inputs are left alone") {
    auto point = vector{1, 2}.requires_grad(true);
    CHECK(xg::gradcheck([](const auto& v) { return v * v; }, point));
    CHECK(!point.has_grad());
    CHECK(point(0) == 1);
    CHECK(point(1) == 2);
}

TEST_CASE("a looser tolerance, and a step of one's own") {
    const auto nearly = square_with([](const auto& dy, const auto& v) { return dy * v * 2.001; });
    CHECK(xg::gradcheck(nearly, x, {.rtol = 1e-2}));
    CHECK(xg::gradcheck([](const auto& v) { return v * v; }, x, {.step = 1e-4}));
}
