#include <doctest/doctest.h>

#include <support/operation_table.hpp>
#include <support/some_numbers.hpp>

#include <xgrad/autograd/create.hpp>
#include <xgrad/ops/compare.hpp>
#include <xgrad/ops/math.hpp>
#include <xgrad/ops/reduce.hpp>
#include <xgrad/ops/softmax.hpp>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <limits>
#include <type_traits>

namespace xg = xgrad;
using namespace operation_tests;

namespace {

constexpr auto inf = std::numeric_limits<double>::infinity();

/// e^x / sum e^x along an axis, or its logarithm.
xg::tensor<double> softmax_reference(const xg::tensor<double>& x, std::size_t axis, bool logarithm) {
    const auto sizes = x.shape();
    auto inner = std::size_t{1};
    for (auto i = axis + 1; i < sizes.rank(); ++i) inner *= sizes[i];
    const auto length = sizes[axis];
    auto y = xg::empty_like(x);
    for (auto i = std::size_t{0}; i < x.size(); ++i) {
        const auto first = i / (inner * length) * inner * length + i % inner;
        auto sum = 0.0L;   // of e^(x_k - x_i), in which the term for i itself, 1, is left out
        for (auto k = std::size_t{0}; k < length; ++k)
            if (const auto at = first + k * inner; at != i) sum += std::exp(static_cast<long double>(x.data()[at]) - x.data()[i]);
        y.data()[i] = static_cast<double>(logarithm ? -std::log1p(sum) : 1 / (1 + sum));
    }
    return y;
}

std::vector<list<double>> points() {
    return {{shaped(some, {4})}, {shaped(some, {2, 3})}, {shaped(some, {2, 3, 2})}, {shaped(some, {3, 1})},
            {shaped(some, {1})}, {shaped(some, {0, 3})}, {shaped(some, {2, 21})}};
}

}  // namespace

TEST_CASE("softmax: values and derivatives") {
    const auto row = [](const char* name, auto f, std::ptrdiff_t axis, bool logarithm, std::vector<list<double>> at) {
        return operation{.name = name, .run = on_lists([=](const auto& x) { return f(x[0], axis); }),
                         .reference = [=](const list<double>& x) {
                             const auto rank = static_cast<std::ptrdiff_t>(x[0].rank());
                             return softmax_reference(x[0], static_cast<std::size_t>(axis < 0 ? axis + rank : axis), logarithm);
                         },
                         .points = std::move(at), .epsilons = 8};
    };
    const auto deep = std::vector<list<double>>{{shaped({0.5, -1, 2, 0.1, -3}, {2, 3, 4})}};
    check({
        row("softmax(x)", xg::softmax, -1, false, points()),
        row("softmax(x, 0)", xg::softmax, 0, false, points()),
        row("softmax(x, 1)", xg::softmax, 1, false, deep),
        row("log_softmax(x)", xg::log_softmax, -1, true, points()),
        row("log_softmax(x, 0)", xg::log_softmax, 0, true, points()),
        row("log_softmax(x, 1)", xg::log_softmax, 1, true, deep),
    });
}

TEST_CASE("softmax: as exact for large operands as for small ones") {
    for (const auto size : {3, 20}) {
        auto x = xg::arange<float>(0, static_cast<float>(size)) / 8;
        const auto p = xg::softmax(x), log_p = xg::log_softmax(x);
        for (const auto shift : {1e3f, -1e3f, 1e6f, -1e6f}) {   // every sum is exact
            CHECK(xg::array_equal(xg::softmax(x + shift), p));
            CHECK(xg::array_equal(xg::log_softmax(x + shift), log_p));
        }
        CHECK(xg::allclose(xg::log(p), log_p, 1e-5));
        CHECK(xg::sum(p).item() == doctest::Approx(1).epsilon(1e-6));
    }
    const auto far = xg::tensor<float, 1>{1e30f, -1e30f, 1e30f};
    CHECK(xg::array_equal(xg::softmax(far), xg::tensor<float, 1>{0.5f, 0, 0.5f}));
    CHECK(xg::log_softmax(far)(0) == doctest::Approx(-std::log(2.0)));
}

TEST_CASE("softmax: infinities and NaN, as in PyTorch") {
    const auto masked = xg::tensor<double, 1>{0, -inf, 0};
    CHECK(xg::array_equal(xg::softmax(masked), xg::tensor<double, 1>{0.5, 0, 0.5}));
    CHECK(xg::log_softmax(masked)(1) == -inf);
    const auto all_nan = [](const auto& y) { return std::ranges::all_of(y.span(), [](double v) { return std::isnan(v); }); };
    CHECK(all_nan(xg::softmax(xg::full<double>({3}, -inf))));
    CHECK(all_nan(xg::softmax(xg::tensor<double, 1>{0, inf})));
    CHECK(all_nan(xg::softmax(xg::tensor<double, 1>{0, std::nan("")})));
}

TEST_CASE("softmax: ranks and wrong axes") {
    static_assert(std::is_same_v<decltype(xg::softmax(xg::tensor<float, 2>{})), xg::tensor<float, 2>>);
    static_assert(std::is_same_v<decltype(xg::log_softmax(xg::tensor<float>{}, 1)), xg::tensor<float>>);
    const auto x = xg::zeros<float>({2, 3});
    CHECK_THROWS_WITH_AS(xg::softmax(x, 2), "[softmax] axis 2 is out of range for 2 axes", xg::index_error);
    CHECK_THROWS_WITH_AS(xg::log_softmax(x, -3), "[log_softmax] axis -3 is out of range for 2 axes", xg::index_error);
    CHECK(xg::softmax(xg::zeros<float>({2, 0})).size() == 0);
    CHECK(xg::softmax(xg::zeros<float>({0, 2}), 0).size() == 0);
}
