#include <doctest/doctest.h>

#include <support/exactly.hpp>
#include <support/operation_table.hpp>

#include <xgrad/autograd/create.hpp>
#include <xgrad/autograd/functional.hpp>
#include <xgrad/ops/gamma.hpp>
#include <xgrad/ops/map.hpp>
#include <xgrad/ops/reduce.hpp>
#include <xgrad/ops/special.hpp>

#include <cmath>
#include <limits>
#include <numbers>

namespace xg = xgrad;
namespace exactly = accuracy::exactly;
using namespace operation_tests;

namespace {

template <class T, class F>
T slope(const F& f, T x) {
    return xg::grad([&](const auto& v) { return xg::sum(f(v)); })(xg::full<T>({19}, x))(18);
}

template <class T>
bool near(T y, double wanted, double tolerance = 1e-6) {
    return std::fabs(static_cast<double>(y) - wanted) <= tolerance * std::fabs(wanted);
}

const auto lgamma_of = [](double x) { return std::lgamma(x); };
const auto digamma_of = [](double x) { return exactly::digamma(x); };
const auto trigamma_of = [](double x) { return exactly::trigamma(x); };

}  // namespace

TEST_CASE("special: values and derivatives") {
    check({
        elementwise("log2", xg::log2, [](double x) { return std::log2(x); }, {{0.01, 0.5, 1.5, 7, 1000}}),
        elementwise("log10", xg::log10, [](double x) { return std::log10(x); }, {{0.01, 0.5, 1.5, 7, 1000}}),
        elementwise("exp2", xg::exp2, [](double x) { return std::exp2(x); }, {{-30, -2, -0.5, 0, 1e-3, 1, 4}}),
        elementwise("rsqrt", xg::rsqrt, [](double x) { return 1 / std::sqrt(x); }, {{0.1, 0.5, 1.5, 7, 1000}}),
        elementwise("reciprocal", xg::reciprocal, [](double x) { return 1 / x; }, {{-3, -0.5, 0.1, 1.5, 7}}),
        elementwise("erfc", xg::erfc, [](double x) { return std::erfc(x); }, {{-3, -0.5, 1e-3, 0.9, 1.1, 4}}, 8),
        elementwise("erfinv", xg::erfinv, [](double x) { return exactly::erfinv(x); }, {{-0.9, -0.5, 1e-3, 0.3, 0.7}}, 8),
        elementwise("lgamma", xg::lgamma, lgamma_of, {{-1.5, -0.4, 0.1, 0.7, 1.5, 3, 20}}, 8, {.value_term = 1}),
        elementwise("digamma", xg::digamma, digamma_of, {{-1.6, -0.4, 0.1, 0.7, 1.5, 3, 20}}, 16, {.value_term = 8}),
        elementwise("polygamma(0, x)", [](const auto& x) { return xg::polygamma(0, x); }, digamma_of, {{-0.4, 0.1, 3}}, 16, {.value_term = 8}),
        elementwise("polygamma(1, x)", [](const auto& x) { return xg::polygamma(1, x); }, trigamma_of, {{-1.6, -0.4, 0.2, 1.5, 3, 20}}, 8),
        elementwise("polygamma(2, x)", [](const auto& x) { return xg::polygamma(2, x); },
                    [](double x) { return xg::polygamma(2, x); }, {{-1.5, 0.7, 1.5, 3}}, 16),
    });
}

TEST_CASE("special: third derivatives") {
    const auto third = [](const auto& f, double x) {
        const auto total = [](const auto& g) { return xg::grad([g](const auto& v) { return xg::sum(g(v)); }); };
        return total(total(total(f)))(xg::full<double>({3}, x))(2);
    };
    // By mpmath 1.3, 40 digits.
    CHECK(near(third(xg::log2, 0.7), 8.41221598185984494, 1e-12));
    CHECK(near(third(xg::log10, 0.7), 2.53232934054374244, 1e-12));
    CHECK(near(third(xg::exp2, 0.7), 0.541000143247418693, 1e-12));
    CHECK(near(third(xg::rsqrt, 0.7), -6.53368408892707894, 1e-12));
    CHECK(near(third(xg::reciprocal, -0.7), -24.9895876718034152, 1e-12));
    CHECK(near(third(xg::erfc, 0.7), 0.0276509944164215429, 1e-12));
    CHECK(near(third(xg::erfinv, 0.7), 21.9547256582375693, 1e-12));
    CHECK(near(third(xg::lgamma, 0.7), -6.43499287419092255, 1e-12));
    CHECK(near(third(xg::lgamma, -1.3), 68.5494134711621684, 1e-12));
    CHECK(near(third(xg::digamma, 0.7), 25.8791496784277316, 1e-12));
    CHECK(near(third(xg::digamma, -1.3), 768.720657199043127, 1e-12));
}

TEST_CASE_TEMPLATE("special: derivatives keep range and digits", T, float, double) {
    using limits = std::numeric_limits<T>;
    constexpr auto epsilon = static_cast<double>(limits::epsilon());
    CHECK(near(slope(xg::rsqrt, T(1e-20f)), -0.5e30));
    CHECK(near(slope(xg::rsqrt, T(1e20f)), -0.5e-30));
    CHECK(near(slope(xg::reciprocal, T(1e-15f)), -1e30));
    CHECK(near(slope(xg::log10, T(1e-30f)), 1e30 * std::numbers::log10e));
    CHECK(near(slope(xg::log2, T(1e30f)), 1e-30 * std::numbers::log2e));
    CHECK(near(slope(xg::erfc, T{8}), -2 * std::numbers::inv_sqrtpi * std::exp(-64.0), 4 * epsilon));
    CHECK(near(slope(xg::lgamma, T(1e30f)), std::log(1e30)));
    CHECK(near(slope(xg::digamma, T(1e30f)), 1e-30));
    CHECK(near(slope(xg::digamma, T(1e-15f)), 1e30));
    for (auto x = T{0.5}; x < 1; x = (x + 1) / 2) {   // up to the last number below 1
        const auto wanted = static_cast<double>(exactly::erfinv_slope(static_cast<long double>(x)));
        CHECK(near(slope(xg::erfinv, x), wanted, 4 * epsilon));
        CHECK(slope(xg::erfinv, -x) == slope(xg::erfinv, x));
    }
    for (const auto end : {T{1}, T{-1}}) {
        CHECK(xg::erfinv(end) == end * limits::infinity());
        CHECK(slope(xg::erfinv, end) == limits::infinity());
    }
    CHECK(std::isnan(slope(xg::erfinv, T(1.5f))));
    CHECK(slope(xg::rsqrt, limits::infinity()) == 0);
    CHECK(slope(xg::rsqrt, T{0}) == -limits::infinity());
}

TEST_CASE("special: in formulas, on single numbers and by the names of std") {
    const auto x = xg::tensor<double, 1>{0.1, 0.5, 0.9};
    const auto f = [](const auto& v) { return xg::lgamma(v) + xg::erfinv(v) * xg::digamma(v) + xg::log2(v) * xg::rsqrt(v); };
    CHECK(xg::allclose(xg::map(f, x), f(x), 1e-14));
    const auto slopes = [&](const auto& g) { return xg::grad([&](const auto& v) { return xg::sum(g(v)); })(x); };
    CHECK(xg::allclose(slopes([&](const auto& v) { return xg::map(f, v); }), slopes(f), 1e-13));
    CHECK(xg::reciprocal(4.0f) == 0.25f);
    using std::lgamma, std::exp2;
    CHECK(xg::array_equal(lgamma(x), xg::lgamma(x)));
    CHECK(xg::array_equal(exp2(x), xg::exp2(x)));
    CHECK_THROWS_WITH_AS(xg::polygamma(-1, x), "[polygamma] there are derivatives of order 0, 1, 2, ..., not -1", xg::value_error);
}

TEST_CASE("special functions: where they end") {
    constexpr auto infinity = std::numeric_limits<float>::infinity();
    const auto x = xg::tensor<float, 1>{-1, 1, 2};
    const auto y = xg::erfinv(x);
    CHECK(y(0) == -infinity);
    CHECK(y(1) == infinity);
    CHECK(std::isnan(y(2)));
    CHECK(xg::reciprocal(xg::tensor<float, 1>{-0.f})(0) == -infinity);
    CHECK(xg::rsqrt(xg::tensor<float, 1>{0})(0) == infinity);
    CHECK(xg::rsqrt(xg::tensor<float, 1>{infinity})(0) == 0);
    CHECK(xg::log2(xg::tensor<float, 1>{8})(0) == 3);
    CHECK(xg::exp2(xg::tensor<float, 1>{-149})(0) == std::numeric_limits<float>::denorm_min());
}
