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
        elementwise("map", mapped(formula), reference, {{-1, 0.6, 2, 0.1}, {0.5, -2, 3, 1.5}}, 4, {.is_operation = false}),
        elementwise("names of std", mapped(in_the_names_of_std), in_the_names_of_std, {{-2, -0.7, 0.4, 1.5}}, 8,
                    {.is_operation = false}),
        elementwise("an operand not used", mapped(second_alone), [](double, double y) { return y * y * y; }, {{1, 2, 3}, {-1, 0.5, 2}}, 4, {.is_operation = false}),
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

TEST_CASE("map: eight operands") {
    const auto f = [](const auto& a, const auto& b, const auto& c, const auto& d, const auto& e, const auto& g, const auto& h, const auto& i) {
        return a * b + c * d + e * g * h - i;
    };
    const auto x = xg::tensor<double, 1>{1, 2, 3}, y = xg::tensor<double, 1>{2};
    CHECK(xg::array_equal(xg::map(f, x, x, x, x, y, x, x, x), 2 * x * x + 2 * x * x - x));
    const auto slope = xg::grad([&](const auto& v) { return xg::map_sum(f, x, x, x, x, y, x, v, x); })(x);
    CHECK(xg::array_equal(slope, 2 * x));
}

TEST_CASE("map_sum, map_mean: values and derivatives") {
    const auto formula = [](const auto& a, const auto& b) { return a * a * b + xg::exp(b); };
    const auto sum = [=](const list<double>& x) { return xg::tensor<double>{xg::sum(formula(x[0], x[1]))}; };
    const auto mean = [=](const list<double>& x) { return xg::tensor<double>{xg::mean(formula(x[0], x[1]))}; };
    const auto numbers = std::vector<double>{0.5, -1, 2, 0.25, 1.5, -0.75, 3};
    const auto points = std::vector<list<double>>{
        {shaped(numbers, {2, 3}), shaped(numbers, {2, 3})}, {shaped(numbers, {2, 3}), shaped(numbers, {3})},
        {shaped(numbers, {2, 1}), shaped(numbers, {1, 3})}, {shaped(numbers, {}), shaped(numbers, {})},
        {shaped(numbers, {3, 1, 2}), shaped(numbers, {2, 1})}};
    check({operation{"map_sum", on_lists([=](const auto& x) { return xg::map_sum(formula, x[0], x[1]); }), sum, points, 8, 1},
           operation{"map_mean", on_lists([=](const auto& x) { return xg::map_mean(formula, x[0], x[1]); }), mean, points, 8, 1}});
}

TEST_CASE("map_sum: many elements, rows longer and shorter than a block, any number of threads") {
    const auto f = [](const auto& a, const auto& b) { return a * b; };
    const auto before = xg::num_threads();
    for (const auto& sizes : {xg::shape{3, 5000}, xg::shape{5000, 3}, xg::shape{20011}, xg::shape{7, 41, 43}}) {
        const auto a = xg::tensor<float>{xg::rand<float>(sizes)}, b = xg::tensor<float>{xg::rand<float>({sizes.back()})};
        xg::set_num_threads(1);
        const auto once = xg::map_sum(f, a, b).item();
        xg::set_num_threads(3);
        CHECK(once == xg::map_sum(f, a, b).item());
        xg::set_num_threads(before);
        CHECK(once == doctest::Approx(xg::sum(xg::astype<double>(a) * xg::astype<double>(b)).item()).epsilon(1e-6));
    }
    CHECK(xg::map_sum(f, xg::zeros({0}), xg::zeros({0})).item() == 0);
    CHECK(xg::map_sum(f, xg::full({20'000'000}, 1.f), xg::ones({1})).item() == 2e7f);
}
