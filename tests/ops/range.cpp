// Functions and losses over their whole range, as one calls them: values and first derivatives.
#include <doctest/doctest.h>

#include <support/accuracy.hpp>

#include <xgrad/autograd/create.hpp>
#include <xgrad/autograd/functional.hpp>
#include <xgrad/ops/activation.hpp>
#include <xgrad/ops/activation_piecewise.hpp>
#include <xgrad/ops/activation_smooth.hpp>
#include <xgrad/ops/arithmetic.hpp>
#include <xgrad/ops/hyperbolic.hpp>
#include <xgrad/ops/loss.hpp>
#include <xgrad/ops/map.hpp>
#include <xgrad/ops/math.hpp>
#include <xgrad/ops/reduce.hpp>
#include <xgrad/ops/softmax.hpp>
#include <xgrad/ops/special.hpp>
#include <xgrad/ops/trigonometric.hpp>

#include <algorithm>
#include <bit>
#include <cmath>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <numbers>
#include <random>
#include <string>
#include <type_traits>
#include <vector>

namespace xg = xgrad;
using accuracy::units_apart;
using accuracy::wide;
namespace exactly = accuracy::exactly;

namespace {

template <class T>
constexpr auto inf = std::numeric_limits<T>::infinity();
template <class T>
constexpr auto no_number = std::numeric_limits<T>::quiet_NaN();

template <std::floating_point T>
struct row {
    std::string name;
    xg::tensor<T> (*f)(const xg::tensor<T>&);
    wide<T> (*value)(wide<T>);
    wide<T> (*slope)(wide<T>);
    double value_bound, slope_bound;         ///< in units in the last place
    wide<T> (*largest_term)(wide<T>) = nullptr;   ///< of the slope, where it is a difference or follows from the result
};

/// Zeros, infinities, the ends of the normal and the subnormal numbers, and of every binade, with both signs, some numbers.
template <class T>
xg::tensor<T> everywhere() {
    using limits = std::numeric_limits<T>;
    auto x = std::vector<T>{0, -T{0}, inf<T>, -inf<T>, limits::max(), limits::lowest(), limits::min(), -limits::min(),
                            limits::denorm_min(), -limits::denorm_min(), 88.5f, 709.5f, -87.9f, 1e5f, 1e22f, -5, -6};
    auto numbers = std::mt19937_64{1};
    for (auto exponent = limits::min_exponent - limits::digits; exponent < limits::max_exponent; ++exponent)
        for (auto i = 0; i < 20; ++i)
            x.push_back(std::ldexp(static_cast<T>(static_cast<double>(numbers() >> 11) * 0x1p-53 + 1) * (i % 2 == 0 ? 1 : -1), exponent));
    for (const auto reach : {2, 10, 120, 800})
        for (auto i = 0; i < 1000; ++i) x.push_back(static_cast<T>(reach * (static_cast<double>(numbers() >> 11) * 0x1p-52 - 1)));
    x.push_back(1);   // so that what is left over by whole vectors is not empty
    const auto size = x.size() - (x.size() % 64 == 0);
    return xg::tensor<T>(std::vector<T>(x.begin(), x.begin() + static_cast<std::ptrdiff_t>(size)), {size});
}

template <class T>
void check_row(const row<T>& f, const xg::tensor<T>& points) {
    auto x = points.clone();
    x.requires_grad(true);
    const auto y = f.f(x);
    y.backward(xg::ones_like(y));
    const auto slopes = x.grad();
    auto value_error = 0.0, slope_error = 0.0;
    auto value_at = T{}, slope_at = T{};
    for (auto i = std::size_t{0}; i < x.size(); ++i) {
        const auto number = points.data()[i];
        const auto at = static_cast<wide<T>>(number);
        const auto of_value = units_apart<T>(y.data()[i], f.value(at));
        const auto of_slope = units_apart<T>(slopes.data()[i], f.slope(at), f.largest_term ? f.largest_term(at) : 0);
        if (!(of_value <= value_error)) value_error = of_value, value_at = number;
        if (std::isnan(y.data()[i]) && !std::isnan(number)) continue;   // outside of the domain there is no slope
        if (!(of_slope <= slope_error)) slope_error = of_slope, slope_at = number;
    }
    CAPTURE(f.name);
    CAPTURE(value_at);
    CAPTURE(slope_at);
    CHECK(value_error <= f.value_bound);
    CHECK(slope_error <= f.slope_bound);
}

template <class T>
std::vector<row<T>> rows() {
    using X = wide<T>;
    using xg::tensor;
#define XGRAD_ROW(name, y, dy, ...)                                                                                             \
    row<T> {                                                                                                                   \
        #name, [](const tensor<T>& x) { return tensor<T>{xg::name}; }, [](X x) -> X { return y; }, []([[maybe_unused]] X x) -> X { return dy; }, \
            __VA_ARGS__                                                                                                        \
    }
    return {
        XGRAD_ROW(exp(x), std::exp(x), std::exp(x), 2, 2),
        XGRAD_ROW(expm1(x), std::expm1(x), std::exp(x), 3, 2),
        XGRAD_ROW(log(x), std::log(x), 1 / x, 1, 1),
        XGRAD_ROW(log1p(x), std::log1p(x), 1 / (1 + x), 3, 2),
        XGRAD_ROW(sqrt(x), std::sqrt(x), 1 / (2 * std::sqrt(x)), 1, 1.5),
        XGRAD_ROW(square(x), x * x, 2 * x, 1, 0),
        XGRAD_ROW(abs(x), std::abs(x), x > 0 ? 1 : x < 0 ? -1 : 0, 0, 0),
        XGRAD_ROW(negative(x), -x, -1, 0, 0),
        XGRAD_ROW(sin(x), std::sin(x), std::cos(x), 3, 3),
        XGRAD_ROW(cos(x), std::cos(x), -std::sin(x), 3, 3),
        XGRAD_ROW(tan(x), std::tan(x), 1 + std::tan(x) * std::tan(x), 2.1, 4),
        XGRAD_ROW(erf(x), std::erf(x), 2 / std::sqrt(std::numbers::pi_v<X>) * std::exp(-x * x), 3, 3),
        XGRAD_ROW(tanh(x), std::tanh(x), 1 / std::cosh(x) / std::cosh(x), 3, 3, [](X) { return X{1}; }),
        XGRAD_ROW(sigmoid(x), exactly::sigmoid(x), exactly::sigmoid(x) * exactly::sigmoid(-x), 3, 4, [](X x) { return exactly::sigmoid(x); }),
        XGRAD_ROW(relu(x), x < 0 ? 0 : x, x > 0, 0, 0),
        XGRAD_ROW(leaky_relu(x, 0.25f), x < 0 ? x / 4 : x, x > 0 ? 1 : X(0.25), 0.5, 0),
        XGRAD_ROW(softplus(x), exactly::softplus(x), exactly::sigmoid(x), 3, 3),
        XGRAD_ROW(silu(x), exactly::silu(x), exactly::silu_slope(x), 4, 4.4, [](X x) { return exactly::silu_slope_term(x); }),
        XGRAD_ROW(gelu(x), exactly::gelu(x), exactly::gelu_slope(x), 4.8, 4.7, [](X x) { return exactly::gelu_slope_term(x); }),
        XGRAD_ROW(log2(x), std::log2(x), std::numbers::log2e_v<X> / x, 1, 2),
        XGRAD_ROW(log10(x), std::log10(x), std::numbers::log10e_v<X> / x, 2.1, 2),
        XGRAD_ROW(exp2(x), std::exp2(x), std::numbers::ln2_v<X> * std::exp2(x), 1.5, 2.5),
        XGRAD_ROW(rsqrt(x), 1 / std::sqrt(x), -1 / (2 * x * std::sqrt(x)), 1.5, 3),
        XGRAD_ROW(reciprocal(x), 1 / x, -1 / (x * x), 1, 3),
        XGRAD_ROW(asin(x), std::asin(x), 1 / std::sqrt((1 - x) * (1 + x)), 2.5, 3),
        XGRAD_ROW(acos(x), std::acos(x), -1 / std::sqrt((1 - x) * (1 + x)), 1.3, 3),
        XGRAD_ROW(atan(x), std::atan(x), 1 / (1 + x * x), 2.3, 3),
        XGRAD_ROW(sinh(x), std::sinh(x), std::cosh(x), 2, 2),
        XGRAD_ROW(cosh(x), std::cosh(x), std::sinh(x), 2, 2),
        XGRAD_ROW(asinh(x), std::asinh(x), 1 / std::sqrt(1 + x * x), 2.4, 3),
        XGRAD_ROW(atanh(x), std::atanh(x), 1 / ((1 - x) * (1 + x)), 1.8, 3),
        XGRAD_ROW(erfc(x), std::erfc(x), -2 / std::sqrt(std::numbers::pi_v<X>) * std::exp(-x * x), 4, 3),
        XGRAD_ROW(erfinv(x), exactly::erfinv(x), exactly::erfinv_slope(x), 3.5, 4.8),
        XGRAD_ROW(log_sigmoid(x), -exactly::softplus(-x), exactly::sigmoid(-x), 3, 3),
        XGRAD_ROW(softsign(x), std::isinf(x) ? std::copysign(X{1}, x) : x / (1 + std::abs(x)), 1 / (1 + std::abs(x)) / (1 + std::abs(x)), 2, 3),
        XGRAD_ROW(elu(x), x > 0 ? x : std::expm1(x), x > 0 ? 1 : std::exp(x), 3, 2),
        XGRAD_ROW(celu(x, T(0.5)), x > 0 ? x : std::expm1(2 * x) / 2, x > 0 ? 1 : std::exp(2 * x), 3, 2),
        XGRAD_ROW(mish(x), exactly::mish(x), exactly::mish_slope(x), 4, 6.3, [](X x) { return exactly::mish_slope_term(x); }),
        XGRAD_ROW(pow(x, -2), 1 / (x * x), -2 / (x * x * x), 2, 3),
        XGRAD_ROW(pow(x, -1), 1 / x, -1 / (x * x), 1, 3),
        XGRAD_ROW(pow(x, 3), x * x * x, 3 * x * x, 2, 2),
        XGRAD_ROW(pow(x, 4), x * x * x * x, 4 * x * x * x, 2, 3),
        XGRAD_ROW(pow(x, 2.5f), std::pow(x, X(2.5)), X(2.5) * std::pow(x, X(1.5)), 1, 2),
    };
#undef XGRAD_ROW
}

}  // namespace

TEST_CASE_TEMPLATE("range: values and derivatives to a few units in the last place, at every number", T, float, double) {
    const auto x = everywhere<T>();
    for (const auto& each : rows<T>()) check_row(each, x);
}

TEST_CASE_TEMPLATE("range: NaN gives NaN, and the signs of zeros are kept", T, float, double) {
    const auto at = [](const row<T>& f, T x) { return f.f(xg::full<T>({19}, x)); };
    for (const auto& f : rows<T>()) {
        CAPTURE(f.name);
        const auto y = at(f, no_number<T>);
        CHECK(std::ranges::all_of(y.span(), [](T each) { return std::isnan(each); }));
        for (const auto zero : {T{0}, -T{0}})
            for (const auto each : at(f, zero).span()) {
                CHECK(each == static_cast<T>(f.value(zero)));
                if (f.name != "relu(x)") CHECK(std::signbit(each) == std::signbit(f.value(zero)));
            }
    }
}

TEST_CASE_TEMPLATE("range: binary cross-entropy from logits, however sure and however right", T, float, double) {
    using X = wide<T>;
    auto points = std::vector<T>{0, -T{0}, 1, -1, 10, -10, 17, 40, -40, 88.5f, -87.9f, 100, -100, 700, -700, 1e30f, -1e30f, inf<T>, -inf<T>};
    for (auto k = -200; k <= 200; ++k) points.push_back(static_cast<T>(k) / 8);
    const auto logits = xg::tensor<T>(points, {points.size()});
    for (const auto target : {T{0}, T{1}, T(0.25), T(0.5), T(0.9), 1 - std::numeric_limits<T>::epsilon()}) {
        auto x = logits.clone(), t = xg::full_like(logits, target);
        x.requires_grad(true), t.requires_grad(true);
        const auto y = xg::binary_cross_entropy_with_logits(x, t, xg::reduction::none);
        y.backward(xg::ones_like(y));
        for (auto i = std::size_t{0}; i < points.size(); ++i) {
            const auto at = static_cast<X>(points[i]), truth = static_cast<X>(target);
            const auto weight = at > 0 ? 1 - truth : truth, size = std::abs(at);
            const auto loss = (weight == 0 ? 0 : weight * size) + exactly::softplus(-size);
            const auto up = (1 - truth) * exactly::sigmoid(at), down = truth * exactly::sigmoid(-at);
            CAPTURE(points[i]);
            CAPTURE(target);
            CHECK(units_apart<T>(y.data()[i], loss) <= 4);
            CHECK(units_apart<T>(x.grad().data()[i], up - down, std::max(up, down)) <= 4);
            CHECK(t.grad().data()[i] == -points[i]);
        }
    }
}

TEST_CASE_TEMPLATE("range: cross-entropy and log_softmax, however sure and however right", T, float, double) {
    using X = wide<T>;
    // The first class leads by `lead`; the others differ a little.
    for (const auto classes : {2, 3, 21, 1000})
        for (const auto lead : {0.0, 0.5, 1.0, 5.0, 10.0, 20.0, 40.0, 80.0, 85.0, 700.0})
            for (const auto label : {0, 1}) {
                auto x = xg::zeros<T>({1, classes});
                x(0, 0) = static_cast<T>(lead);
                for (auto j = 1; j < classes; ++j) x(0, j) = static_cast<T>(j % 5) / 4;
                x.requires_grad(true);
                auto others = X{0};   // of e^(x_j - x_0)
                for (auto j = 1; j < classes; ++j) others += std::exp(static_cast<X>(x(0, j)) - static_cast<X>(lead));
                const auto loss = std::log1p(others) + (label == 0 ? 0 : static_cast<X>(lead) - static_cast<X>(x(0, label)));
                auto y = xg::cross_entropy(x, xg::full<int>({1}, label));
                y.backward();
                CAPTURE(classes);
                CAPTURE(lead);
                CAPTURE(label);
                CHECK(units_apart<T>(y.item(), loss, label == 0 ? X{0} : static_cast<X>(lead)) <= 4);
                CHECK(units_apart<T>(xg::log_softmax(x)(0, label), -loss, label == 0 ? X{0} : static_cast<X>(lead)) <= 4);
                CHECK(units_apart<T>(xg::softmax(x)(0, 0), 1 / (1 + others)) <= 4);
                const auto first = label == 0 ? -others / (1 + others) : 1 / (1 + others);
                CHECK(units_apart<T>(x.grad()(0, 0), first, label == 0 && others > 1 ? X{1} : X{0}) <= 6);
                const auto recorded = xg::grad([&](const auto& v) { return xg::cross_entropy(v, xg::full<int>({1}, label)); })(x);
                CHECK(units_apart<T>(recorded(0, 0), first, label == 0 && others > 1 ? X{1} : X{0}) <= 6);
            }
}

TEST_CASE_TEMPLATE("range: softmax of rows with infinities and NaN", T, float, double) {
    const auto is_nan = [](const xg::tensor<T, 1>& y) { return std::ranges::all_of(y.span(), [](T each) { return std::isnan(each); }); };
    for (const auto size : {3, 16, 37}) {
        for (const auto at : {0, 1, size - 1}) {
            auto x = xg::full<T>({size}, 1);
            x(at) = no_number<T>;
            CHECK(is_nan(xg::softmax(x)));
            CHECK(is_nan(xg::log_softmax(x)));
            x(at) = inf<T>;
            CHECK(is_nan(xg::softmax(x)));
            CHECK(std::isnan(xg::log_softmax(x)(at)));
            x(at) = -inf<T>;
            CHECK(xg::softmax(x)(at) == 0);
            CHECK(xg::log_softmax(x)(at) == -inf<T>);
            const auto other = xg::softmax(x)((at + 1) % size);
            CHECK(units_apart<T>(other, 1 / (static_cast<wide<T>>(size) - 1)) <= 1);
        }
        const auto nothing = xg::full<T>({size}, -inf<T>);
        CHECK(is_nan(xg::softmax(nothing)));
        CHECK(is_nan(xg::log_softmax(nothing)));
    }
}

TEST_CASE("range: softmax over many classes adds them up as exactly as sum does") {
    // Sixteen million equal ones: no term is lost.
    const auto size = std::size_t{1} << 24;
    const auto x = xg::zeros<float>({size});
    CHECK(xg::softmax(x)(0) == 0x1p-24f);
    CHECK(xg::log_softmax(x)(0) == std::log(0x1p-24f));
    CHECK(xg::sum(xg::ones<float>({size + 3})).item() == static_cast<float>(size + 3));
}

TEST_CASE_TEMPLATE("range: the derivatives' own derivatives end at zero", T, float, double) {
    for (const auto reach : {T{50}, T{1000}, T(1e30f), inf<T>})
        for (const auto at : {reach, -reach}) {
            const auto second = [&](const auto& f) {
                const auto slope = [&](const auto& x) { return xg::sum(xg::grad([&](const auto& v) { return xg::sum(f(v)); })(x)); };
                return xg::grad(slope)(xg::full<T>({3}, at))(2);
            };
            CAPTURE(at);
            CHECK(std::abs(second(xg::gelu)) < 1e-18);
            if (at == inf<T>) CHECK(second(xg::acosh) == 0);
            CHECK(std::abs(second(xg::silu)) < 1e-18);
            CHECK(std::abs(second(xg::erf)) < 1e-18);
            CHECK(std::abs(second(xg::softplus)) < 1e-18);
            CHECK(std::abs(second([](const auto& x) { return xg::map([](const auto& v) { return xg::gelu(v) + xg::silu(v); }, x); })) < 1e-18);
        }
}

TEST_CASE("range: the functions on single numbers") {
    CHECK(xg::gelu(-6.0f) == doctest::Approx(-5.9195259e-9).epsilon(1e-6));
    CHECK(xg::gelu(-inf<double>) == 0);
    CHECK(xg::silu(-inf<double>) == 0);
    CHECK(xg::silu(-100.0f) == doctest::Approx(-3.720076e-42).epsilon(1e-3));
    CHECK(xg::exp(88.5f) == doctest::Approx(2.72308783e38).epsilon(1e-6));
    CHECK(xg::log(1e-310) == doctest::Approx(-713.801379).epsilon(1e-9));
    CHECK(std::signbit(xg::expm1(-0.0)));
}
