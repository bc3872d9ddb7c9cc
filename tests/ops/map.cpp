#include <doctest/doctest.h>

#include <support/operation_table.hpp>

#include <xgrad/ops/activation.hpp>
#include <xgrad/ops/map.hpp>
#include <xgrad/ops/reduce.hpp>

#include <cmath>
#include <limits>

namespace xg = xgrad;
using namespace operation_tests;

namespace {

/// Written for numbers, by the names of the standard library.
const auto in_the_names_of_std = [](const auto& x) {
    using std::abs, std::cos, std::erf, std::exp, std::expm1, std::log, std::log1p, std::pow, std::sin, std::sqrt, std::tanh;
    return sqrt(exp(x)) + log(1 + x * x) * sin(x) - cos(x) * tanh(x) + erf(x) * expm1(x) + log1p(abs(x)) + pow(x, 3) + exp(0.5);
};

template <class F>
auto mapped(const F& f) {
    return [f](const auto&... x) { return xg::map(f, x...); };
}

}  // namespace

TEST_CASE("map: a formula's values and derivatives, over all shapes that broadcast") {
    const auto formula = [](const auto& x, const auto& y) { return xg::where(x < y, x * xg::tanh(y), y / (1 + x * x)); };
    const auto reference = [](double x, double y) { return x < y ? x * std::tanh(y) : y / (1 + x * x); };
    const auto second_alone = [](const auto&, const auto& y) { return y * y * y; };
    check({
        elementwise("map", mapped(formula), reference, {{-1, 0.6, 2, 0.1}, {0.5, -2, 3, 1.5}}),
        elementwise("names of std", mapped(in_the_names_of_std), in_the_names_of_std, {{-2, -0.7, 0.4, 1.5}}, 8),
        elementwise("an operand not used", mapped(second_alone), [](double, double y) { return y * y * y; }, {{1, 2, 3}, {-1, 0.5, 2}}),
        elementwise("no operand used", mapped([](const auto&) { return 3; }), [](double) { return 3.0; }, {{1, 2}}),
    });
}

TEST_CASE("map: a branch that is not chosen is not looked at") {
    const auto root = [](const auto& x) { return xg::where(x > 0, xg::sqrt(x), x); };
    const auto x = xg::tensor<float, 1>{-1, 0, 4, std::numeric_limits<float>::quiet_NaN()};
    const auto y = xg::map(root, x);
    CHECK(y(0) == -1);
    CHECK(y(2) == 2);
    const auto slope = xg::grad([&](const auto& v) { return xg::sum(xg::map(root, v)); })(x);
    CHECK(slope(0) == 1);
    CHECK(slope(1) == 1);
    CHECK(slope(2) == 0.25f);
}

TEST_CASE("map: `!=` finds NaN") {
    const auto mended = xg::map([](const auto& x) { return xg::where(x != x, 7, x); }, xg::full<float>({19}, NAN));
    CHECK(xg::array_equal(mended, xg::full<float>({19}, 7)));
}

TEST_CASE("operations go by the names of std, too, where they are given tensors") {
    const auto x = xg::tensor<double, 2>{{-2, 0.5}, {1, 3}};
    const auto y = in_the_names_of_std(x);
    static_assert(decltype(y)::static_rank == 2);
    for (auto i = 0; i < 2; ++i)
        for (auto j = 0; j < 2; ++j) CHECK(y(i, j) == doctest::Approx(in_the_names_of_std(x(i, j))).epsilon(1e-14));
}
