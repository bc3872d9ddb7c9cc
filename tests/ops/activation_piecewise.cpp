#include <doctest/doctest.h>

#include <support/operation_table.hpp>

#include <xgrad/autograd/create.hpp>
#include <xgrad/autograd/functional.hpp>
#include <xgrad/ops/activation_piecewise.hpp>
#include <xgrad/ops/glu.hpp>
#include <xgrad/ops/prelu.hpp>
#include <xgrad/ops/reduce.hpp>

#include <algorithm>
#include <cmath>
#include <limits>
#include <vector>

namespace xg = xgrad;
using namespace operation_tests;

namespace {

constexpr auto inf = std::numeric_limits<double>::infinity();
constexpr auto no_number = std::numeric_limits<double>::quiet_NaN();
const auto points = std::vector<double>{-2.5, -0.1, 0.3, 4, -1};   // not at the kinks

double logistic(double x) { return 1 / (1 + std::exp(-x)); }
double relu6(double x) { return x < 0 ? 0 : x > 6 ? 6 : x; }

template <class F>
double slope(const F& f, double x) {
    return xg::grad([&](const auto& v) { return xg::sum(f(v)); })(xg::full<double>({19}, x))(18);
}

}  // namespace

TEST_CASE("activation in pieces: values and derivatives") {
    constexpr auto scale = 1.0507009873554804934, alpha = 1.6732632423543772848;
    check({
        elementwise("elu", xg::elu, [](double x) { return x > 0 ? x : std::expm1(x); }, {points}),
        elementwise("elu(x, 0.5)", [](const auto& x) { return xg::elu(x, 0.5f); }, [](double x) { return x > 0 ? x : std::expm1(x) / 2; }, {points}),
        elementwise("celu", xg::celu, [](double x) { return x > 0 ? x : std::expm1(x); }, {points}),
        elementwise("celu(x, 2)", [](const auto& x) { return xg::celu(x, 2); }, [](double x) { return x > 0 ? x : 2 * std::expm1(x / 2); }, {points}),
        elementwise("selu", xg::selu, [=](double x) { return scale * (x > 0 ? x : alpha * std::expm1(x)); }, {points}),
        elementwise("hardtanh", xg::hardtanh, [](double x) { return x < -1 ? -1 : x > 1 ? 1 : x; }, {{-2.5, -0.1, 0.3, 4, -1.2}}),
        elementwise("hardtanh(x, -2, 3)", [](const auto& x) { return xg::hardtanh(x, -2, 3); },
                    [](double x) { return x < -2 ? -2 : x > 3 ? 3 : x; }, {points}),
        elementwise("hardsigmoid", xg::hardsigmoid, [](double x) { return relu6(x + 3) / 6; }, {{-3.5, -2.5, 0, 2.9, 4}}),
        elementwise("hardswish", xg::hardswish, [](double x) { return x < -3 ? 0 : x > 3 ? x : x * (relu6(x + 3) / 6); }, {{-3.5, -2.5, 0, 2.9, 4}}),
        elementwise("hardshrink", xg::hardshrink, [](double x) { return std::fabs(x) <= 0.5 ? 0 : x; }, {{-2.5, -0.1, 0.3, 4, -1.2}}),
        elementwise("softshrink", [](const auto& x) { return xg::softshrink(x, 2); },
                    [](double x) { return x > 2 ? x - 2 : x < -2 ? x + 2 : std::isnan(x) ? x : 0; }, {{-2.5, -0.1, 0.3, 4, -1.2}}),
        elementwise("threshold", [](const auto& x) { return xg::threshold(x, 0.2f, 7); }, [](double x) { return x <= 0.2f ? 7 : x; }, {points}),
    });
}

TEST_CASE("prelu: one weight for each channel, glu: along an axis") {
    const auto channels = [](const list<double>& x) {
        auto y = x[0].clone();
        const auto sizes = y.shape();
        const auto behind = y.size() / sizes[0] / sizes[1];
        for (auto i = std::size_t{0}; i < y.size(); ++i)
            if (const auto v = x[0].data()[i]; !(v > 0)) y.data()[i] = v * x[1].data()[i / behind % sizes[1]];
        return y;
    };
    const auto halves = [](const list<double>& x) {   // (2, 4) along the last axis
        auto y = xg::empty<double>({2, 2});
        for (auto i = std::size_t{0}; i < 4; ++i) {
            const auto at = i / 2 * 4 + i % 2;
            y.data()[i] = x[0].data()[at] * logistic(x[0].data()[at + 2]);
        }
        return xg::tensor<double>{y};
    };
    const auto values = std::vector<double>{-2, 0.5, 1, -0.3, 3, -1, 0.7};
    const auto weight = shaped({0.1, -0.5, 2}, {3});
    check({
        {.name = "prelu", .run = on_lists([](const auto& x) { return xg::prelu(x[0], x[1]); }), .reference = channels,
         .points = {{shaped(values, {2, 3}), weight}, {shaped(values, {2, 3, 2}), weight}, {shaped(values, {1, 3, 2, 2}), weight}}},
        {.name = "prelu by one", .run = on_lists([](const auto& x) { return xg::prelu(x[0], x[1]); }),
         .reference = [](const list<double>& x) {
             return apply_elementwise([](const auto& v) { return v[0] > 0 ? v[0] : v[1] * v[0]; }, x);
         },
         .points = {{shaped(values, {7}), shaped({0.3}, {1})}, {shaped(values, {2, 3}), shaped({0.3}, {})}}},
        {.name = "glu", .run = on_lists([](const auto& x) { return xg::glu(x[0]); }), .reference = halves,
         .points = {{shaped(values, {2, 4})}}, .epsilons = 8},
    });
    const auto x = xg::tensor<double, 2>{{1, 2}, {0, 0}};
    CHECK(xg::array_equal(xg::glu(x, 0), xg::tensor<double, 2>{{0.5, 1}}));
    CHECK_THROWS_WITH_AS(xg::glu(xg::zeros<float>({2, 3})), "[glu] x is (2, 3), of which axis 1 has no two equal halves", xg::shape_error);
    CHECK_THROWS_WITH_AS(xg::prelu(xg::zeros<float>({2, 3}), xg::zeros<float>({2})),
                         "[prelu] x is (2, 3), the weight (2,); it has one element, or one for each channel, axis 1", xg::shape_error);
    CHECK_THROWS_AS(xg::prelu(xg::zeros<float>({3}), xg::zeros<float>({3})), xg::shape_error);
}

TEST_CASE("activation in pieces: the ends of the number line and the kinks") {
    const auto at = [](const auto& f, double x) {
        const auto y = f(xg::full<double>({19}, x));
        CHECK((y(18) == y(0) || std::isnan(y(0))));
        return y(0);
    };
    const auto threshold = [](const auto& x) { return xg::threshold(x, 0, 7); };
    for (const auto end : {inf, 1e300, 1000.0}) {
        for (const auto sign : {1, -1}) {
            const auto x = sign * end, positive = sign > 0 ? 1.0 : 0.0;
            CHECK(at(xg::elu, x) == (sign > 0 ? x : -1));
            CHECK(at(xg::celu, x) == (sign > 0 ? x : -1));
            CHECK(at(xg::hardswish, x) == (sign > 0 ? x : 0));
            CHECK(slope(xg::elu, x) == positive);
            CHECK(slope(xg::celu, x) == positive);
            CHECK(slope(xg::selu, x) == positive * xg::selu_fn::scale);
            CHECK(slope(xg::hardswish, x) == positive);
            CHECK(slope(xg::hardtanh, x) == 0);
            CHECK(slope(xg::hardsigmoid, x) == 0);
            CHECK(slope(threshold, x) == positive);
        }
    }
    CHECK(std::isnan(at(xg::elu, no_number)));
    CHECK(std::isnan(at(xg::selu, no_number)));
    CHECK(std::isnan(at(xg::hardtanh, no_number)));
    CHECK(std::isnan(at(xg::hardswish, no_number)));
    CHECK(std::isnan(at(threshold, no_number)));
    CHECK(std::isnan(at(xg::hardshrink, no_number)));
    CHECK(std::isnan(at(xg::softshrink, no_number)));
    CHECK(at(xg::softshrink, -inf) == -inf);
    CHECK(slope(xg::hardshrink, 0.5) == 0);
    CHECK(slope(xg::softshrink, -0.5) == 0);
    CHECK_THROWS_AS(xg::softshrink(xg::zeros<float>({2}), -1), xg::value_error);
    CHECK(at(xg::elu, -1e-20) == -1e-20);
    CHECK(slope(xg::elu, 0) == 1);
    CHECK(slope(xg::hardtanh, 1) == 0);
    CHECK(slope(xg::hardtanh, -1) == 0);
    CHECK(slope(xg::hardsigmoid, 3) == 0);
    CHECK(slope(xg::hardswish, -3) == -0.5);
    CHECK(slope(xg::hardswish, 3) == 1.5);
    CHECK(slope(threshold, 0) == 0);
    CHECK_THROWS_WITH_AS(xg::celu(xg::zeros<float>({2}), 0), "[celu] alpha must be above 0, not 0", xg::value_error);
    CHECK_THROWS_WITH_AS(xg::hardtanh(xg::zeros<float>({2}), 1, 1), "[hardtanh] the lower bound, 1, must be below the upper bound, 1", xg::value_error);
}
