#include <doctest/doctest.h>

#include <support/operation_table.hpp>
#include <support/reductions.hpp>

#include <xgrad/autograd/create.hpp>
#include <xgrad/autograd/functional.hpp>
#include <xgrad/core/parallel.hpp>
#include <xgrad/ops/cov.hpp>
#include <xgrad/ops/shape.hpp>
#include <xgrad/ops/statistics.hpp>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <limits>
#include <type_traits>
#include <vector>

namespace xg = xgrad;
using namespace operation_tests;

namespace {

constexpr auto inf = std::numeric_limits<double>::infinity();

double variance_of(const std::vector<double>& x, double correction) {
    auto mean = 0.0, squares = 0.0;
    for (const auto each : x) mean += each / static_cast<double>(x.size());
    for (const auto each : x) squares += (each - mean) * (each - mean);
    return squares / (static_cast<double>(x.size()) - correction);
}

xg::tensor<double> cov_reference(const list<double>& x, double correction, bool correlation) {
    const auto rows = x[0].shape()[0], count = x[0].shape()[1];
    const auto covariance = [&](std::size_t i, std::size_t j) {
        auto a = 0.0, b = 0.0, sum = 0.0;
        for (auto k = std::size_t{0}; k < count; ++k) a += x[0](i, k), b += x[0](j, k);
        for (auto k = std::size_t{0}; k < count; ++k)
            sum += (x[0](i, k) - a / static_cast<double>(count)) * (x[0](j, k) - b / static_cast<double>(count));
        return sum / (static_cast<double>(count) - correction);
    };
    auto y = xg::empty<double>({rows, rows});
    for (auto i = std::size_t{0}; i < rows; ++i)
        for (auto j = std::size_t{0}; j < rows; ++j)
            y(i, j) = covariance(i, j) / (correlation ? std::sqrt(covariance(i, i) * covariance(j, j)) : 1);
    return xg::tensor<double>{y};
}

template <class T>
xg::tensor<T, 1> slope(const auto& f, const xg::tensor<T, 1>& x) {
    return xg::grad(f)(x);
}

}  // namespace

TEST_CASE("var and std: values and derivatives over all sets of axes") {
    check_reduction("var", [](const auto& x, const auto& axes, bool keep) { return xg::var(x, axes, keep, {.correction = 0}); },
                    [](const auto& x) { return variance_of(x, 0); }, false);
    check_reduction("std", [](const auto& x, const auto& axes, bool keep) { return xg::std(x, axes, keep, {.correction = 0}); },
                    [](const auto& x) { return std::sqrt(variance_of(x, 0)); }, false);
    const auto row = [](const char* name, auto run, double correction, bool root) {
        return operation{.name = name, .run = on_lists(run), .reference = [=](const list<double>& x) {
                             return reduce_reference([=](const auto& v) {
                                 const auto square = variance_of(v, correction);
                                 return root ? std::sqrt(square) : square;
                             }, x[0], {1}, false);
                         }, .points = {{shaped(numbers, {3, 5, 2})}, {shaped(numbers, {2, 70, 40})}}, .epsilons = 16, .scale = 10,
                         .second_derivative = false};
    };
    check(row("var(x, 1)", [](const auto& x) { return xg::var(x[0], 1); }, 1, false));
    check(row("std(x, 1)", [](const auto& x) { return xg::std(x[0], 1); }, 1, true));
    check(row("std(x, 1, {.correction = 1.5})", [](const auto& x) { return xg::std(x[0], 1, {.correction = 1.5}); }, 1.5, true));
}

TEST_CASE("var and std: the ways to name axes and options agree") {
    const auto x = xg::tensor<double, 2>{{1, 2, 3}, {4, 5, 9}};
    CHECK(xg::var(x).item() == doctest::Approx(8));
    CHECK(xg::var(x, {.correction = 0}).item() == doctest::Approx(40.0 / 6));
    CHECK(xg::var(x, {0, 1}).item() == xg::var(x).item());
    CHECK(xg::var(x, {0, 1}, {.correction = 0}).item() == xg::var(x, {.correction = 0}).item());
    CHECK(xg::array_equal(xg::var(x, {1}), xg::tensor<double, 1>{1, 7}));
    CHECK(xg::array_equal(xg::var(x, 1), xg::tensor<double, 1>{1, 7}));
    CHECK(xg::array_equal(xg::var(x, -1, xg::keep_dims), xg::tensor<double, 2>{{1}, {7}}));
    CHECK(xg::array_equal(xg::var(x, -1, xg::keep_dims, {.correction = 2}), xg::tensor<double, 2>{{2}, {14}}));
    CHECK(xg::std(x, xg::keep_dims, {.correction = 5})(0, 0) == doctest::Approx(std::sqrt(40)));
    const auto [variance, mean] = xg::var_mean(x, 1);
    CHECK(xg::array_equal(variance, xg::var(x, 1)));
    CHECK(xg::array_equal(mean, xg::mean(x, 1)));
    const auto both = xg::std_mean(x);
    CHECK(both.std.item() == xg::std(x).item());
    CHECK(both.mean.item() == 4);
    static_assert(std::is_same_v<decltype(xg::var(x, {0, 1})), xg::tensor<double, 0>>);
    static_assert(std::is_same_v<decltype(xg::std(x, {0}, xg::keep_dims)), xg::tensor<double, 2>>);
    static_assert(std::is_same_v<decltype(xg::var(x, std::vector{0})), xg::tensor<double>>);
    static_assert(std::is_same_v<decltype(xg::var(x, 0, {.correction = 0})), xg::tensor<double, 1>>);
    CHECK_THROWS_WITH_AS(xg::var(x, 2), "[var] axis 2 is out of range for 2 axes", xg::index_error);
    CHECK_THROWS_WITH_AS(xg::std(x, {0, -2}), "[std] axis 0 is named twice", xg::value_error);
}

TEST_CASE("var and std: a mean that is large beside the spread takes no digits") {
    const auto x = xg::tensor<float, 1>{40000, 40001, 40002, 40003};
    CHECK(xg::var(x).item() == 5.0f / 3);
    CHECK(xg::var(x, {.correction = 0}).item() == 1.25f);
    CHECK(xg::allclose(slope([](const auto& v) { return xg::var(v); }, x), xg::tensor<float, 1>{-1, -1.f / 3, 1.f / 3, 1}, 3e-7, 0));
    CHECK(xg::cov(x).item() == 5.0f / 3);
    // Around a mean that is no float, along either axis, in blocks of rows and in rows.
    auto wide = xg::empty<float>({300, 40});
    for (auto i = std::size_t{0}; i < wide.size(); ++i) wide.data()[i] = 1e6f + static_cast<float>(i / 40 % 7) + 0.125f * static_cast<float>(i % 3);
    for (const auto& other : {wide, xg::transpose(wide)}) {
        const auto axis = other.shape(0) == 300 ? 0 : 1;
        const auto exact = xg::var(xg::astype<double>(other), axis);
        CHECK(xg::allclose(xg::astype<double>(xg::var(other, axis)), exact, 5e-7, 0));
        const auto total = [&](const auto& v) { return xg::sum(xg::var(v, axis)); };
        CHECK(xg::allclose(xg::astype<double>(xg::grad(total)(other)), xg::grad(total)(xg::astype<double>(other)), 1e-6, 1e-9));
    }
}

TEST_CASE("std: of equal elements it is 0, with the gradient 0; the range is that of the numbers") {
    const auto deviation = [](const auto& v) { return xg::std(v); };
    for (const auto value : {0.1f, -3e38f, 1e-40f, 0.0f}) {
        const auto x = xg::full<float>({1000}, value);
        CHECK(xg::std(x).item() == 0);
        CHECK(xg::array_equal(slope(deviation, x), xg::zeros<float>({1000})));
        CHECK(xg::sum(xg::std(xg::reshape(x, {50, 20}), 0)).item() == 0);
    }
    const auto second = xg::hessian([](const auto& v) { return xg::std(v); }, xg::tensor<double, 1>{2, 2});
    CHECK(xg::array_equal(second, xg::zeros<double>({2, 2})));
    for (const auto unit : {1e-40f, 1e-30f, 1e30f, 1e38f}) {
        const auto x = xg::tensor<float, 1>{unit, 2 * unit, 3 * unit};
        CHECK(xg::std(x).item() == doctest::Approx(unit).epsilon(1e-5));
        CHECK(xg::allclose(slope(deviation, x), xg::tensor<float, 1>{-0.5, 0, 0.5}, 1e-5, 1e-6));
    }
    CHECK(xg::std(xg::tensor<float, 1>{-3e38f, 3e38f}, {.correction = 0}).item() == doctest::Approx(3e38));
    CHECK(xg::var(xg::tensor<float, 1>{-3e38f, 3e38f}).item() == inf);
    CHECK(xg::var(xg::full<float>({5}, 1e20f)).item() == 0);
}

TEST_CASE("var and std: of one element, of none, of infinities") {
    const auto one = xg::tensor<double, 1>{3};
    CHECK(std::isnan(xg::var(one).item()));
    CHECK(std::isinf(xg::var(xg::tensor<double, 1>{1, 2}, {.correction = 2}).item()));
    CHECK(std::isinf(xg::std(xg::tensor<double, 1>{1, 2}, {.correction = 3}).item()));
    CHECK(xg::var(one, {.correction = 0}).item() == 0);
    CHECK(slope([](const auto& v) { return xg::std(v, {.correction = 0}); }, one)(0) == 0);
    CHECK(xg::var(xg::tensor<double, 1>{1, 2}, {.correction = 2}).item() == inf);
    CHECK(std::isnan(xg::var(xg::zeros<double>({0})).item()));
    CHECK(std::isnan(xg::var(xg::zeros<double>({0, 40}), 0)(39)));
    CHECK(xg::var(xg::zeros<double>({0, 3}), 1).size() == 0);
    CHECK(xg::grad([](const auto& v) { return xg::sum(xg::var(v, 0)); })(xg::zeros<double>({0, 3})).size() == 0);
    CHECK(std::isnan(xg::var(xg::tensor<double, 1>{1, inf}).item()));
    CHECK(std::isnan(xg::std(xg::tensor<double, 1>{1, NAN, 2}).item()));
}

TEST_CASE("var: the same on every number of threads") {
    const auto x = xg::tensor<float>{xg::randn<float>({300, 2000})};
    const auto threads = xg::num_threads();
    for (const auto axis : {0, 1}) {
        xg::set_num_threads(1);
        const auto once = xg::var(x, axis);
        xg::set_num_threads(3);
        CHECK(xg::array_equal(xg::var(x, axis), once));
    }
    xg::set_num_threads(threads);
}

TEST_CASE("cov and corrcoef: values and derivatives") {
    // The first and the second row of the first are perfectly correlated.
    const auto points = std::vector<list<double>>{{shaped(numbers, {3, 5})}, {shaped(numbers, {2, 4})}};
    check({
        {.name = "cov", .run = on_lists([](const auto& x) { return xg::cov(x[0]); }),
         .reference = [](const list<double>& x) { return cov_reference(x, 1, false); }, .points = points, .epsilons = 8, .scale = 10, .is_product = true},
        {.name = "cov, correction 0", .run = on_lists([](const auto& x) { return xg::cov(x[0], {.correction = 0}); }),
         .reference = [](const list<double>& x) { return cov_reference(x, 0, false); }, .points = points, .epsilons = 8, .scale = 10, .is_product = true},
        {.name = "corrcoef", .run = on_lists([](const auto& x) { return xg::corrcoef(x[0]); }),
         .reference = [](const list<double>& x) { return cov_reference(x, 0, true); }, .points = points, .epsilons = 8, .scale = 1, .is_product = true},
    });
    const auto large = xg::tensor<float, 2>{{40000, 40001, 40002, 40003}, {40003, 40002, 40001, 40000}};
    CHECK(xg::array_equal(xg::cov(large, {.correction = 0}), xg::tensor<float, 2>{{1.25, -1.25}, {-1.25, 1.25}}));
    CHECK(xg::allclose(xg::corrcoef(large), xg::tensor<float, 2>{{1, -1}, {-1, 1}}, 2e-7));
    CHECK(xg::max(xg::abs(xg::corrcoef(xg::randn<float>({20, 7})))).item() <= 1);
    CHECK(xg::allclose(xg::corrcoef(xg::tensor<float, 2>{{1e30f, 2e30f, 4e30f}, {1, 2, 4}}), xg::ones<float>({2, 2}), 3e-7));
    CHECK(xg::corrcoef(xg::tensor<double, 1>{1, 2, 4}).item() == doctest::Approx(1));
    CHECK(std::isnan(xg::corrcoef(xg::tensor<double, 2>{{1, 1}, {1, 2}})(0, 1)));
    static_assert(std::is_same_v<decltype(xg::cov(xg::tensor<double, 1>{})), xg::tensor<double, 0>>);
    CHECK_THROWS_WITH_AS(xg::cov(xg::tensor<double>{xg::zeros<double>({2, 2, 2})}),
                         "[cov] x is (2, 2, 2); variables are rows: (variables, observations), or one vector", xg::rank_error);
}
