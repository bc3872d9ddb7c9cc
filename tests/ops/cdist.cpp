#include <doctest/doctest.h>

#include <support/operation_table.hpp>
#include <support/some_numbers.hpp>

#include <xgrad/autograd/create.hpp>
#include <xgrad/autograd/functional.hpp>
#include <xgrad/ops/cdist.hpp>
#include <xgrad/ops/compare.hpp>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <limits>

namespace xg = xgrad;
using namespace operation_tests;

namespace {

operation row(const xg::shape& a, const xg::shape& b) {
    const auto reference = [](const list<double>& x) {
        const auto rows = x[0].shape(-2), columns = x[1].shape(-2), size = x[0].shape(-1);
        auto sizes = x[0].rank() >= x[1].rank() ? x[0].shape() : x[1].shape();
        sizes[sizes.rank() - 2] = rows, sizes[sizes.rank() - 1] = columns;
        auto y = xg::empty<double>(sizes);
        for (auto at = std::size_t{0}; at < y.size(); ++at) {
            const auto i = at / columns, j = at / (rows * columns) * columns + at % columns;
            auto sum = 0.0;
            for (auto k = std::size_t{0}; k < size; ++k)
                sum += std::pow(x[0].span()[(i * size + k) % x[0].size()] - x[1].span()[(j * size + k) % x[1].size()], 2);
            y.data()[at] = std::sqrt(sum);
        }
        return y;
    };
    return {.name = "cdist", .run = on_lists([](const auto& x) { return xg::cdist(x[0], x[1]); }), .reference = reference,
            .points = {{shaped(some, a), shaped(others, b)}}, .epsilons = 8};
}

}  // namespace

TEST_CASE("cdist: values and derivatives") {
    check({
        row({2, 3}, {3, 3}),
        row({1, 1}, {1, 1}),
        row({2, 19}, {2, 19}),
        row({2, 2, 3}, {2, 1, 3}),
        row({2, 2, 3}, {2, 3}),
        row({2, 3}, {2, 2, 3}),
        row({0, 3}, {2, 3}),
        row({2, 3}, {0, 3}),
    });
    CHECK(xg::array_equal(xg::cdist(xg::zeros<float>({2, 0}), xg::zeros<float>({3, 0})), xg::zeros<float>({2, 3})));
    CHECK_THROWS_WITH_AS(xg::cdist(xg::zeros<float>({2, 3}), xg::zeros<float>({2, 2})),
                         "[cdist] a is (2, 3), b is (2, 2); their rows must be equally long", xg::shape_error);
    CHECK_THROWS_AS(xg::cdist(xg::tensor<float>{1, 2}, xg::zeros<float>({2, 2})), xg::rank_error);
}

TEST_CASE("cdist: by other norms") {
    const auto by = [](double p, const xg::shape& a, const xg::shape& b) {
        const auto reference = [=](const list<double>& x) {
            const auto rows = x[0].shape(-2), columns = x[1].shape(-2), size = x[0].shape(-1);
            auto sizes = x[0].shape();
            sizes[sizes.rank() - 1] = columns;
            auto y = xg::empty<double>(sizes);
            for (auto at = std::size_t{0}; at < y.size(); ++at) {
                const auto i = at / columns, j = at / (rows * columns) * columns + at % columns;
                auto sum = 0.0, most = 0.0;
                for (auto k = std::size_t{0}; k < size; ++k) {
                    const auto apart = std::fabs(x[0].span()[i * size + k] - x[1].span()[(j * size + k) % x[1].size()]);
                    sum += std::pow(apart, p);
                    most = std::max(most, apart);
                }
                y.data()[at] = std::isinf(p) ? most : std::pow(sum, 1 / p);
            }
            return y;
        };
        const auto apart = xg::tensor<double>{shaped(others, b) * 1.07 + 0.0637};   // no equal elements, no equal distances
        return operation{.name = "cdist", .run = on_lists([=](const auto& x) { return xg::cdist(x[0], x[1], {.p = p}); }),
                         .reference = reference, .points = {{shaped(some, a), apart}}, .epsilons = 32};
    };
    for (const auto p : {1.0, 3.0, 1.5, std::numeric_limits<double>::infinity()})
        check({by(p, {2, 3}, {3, 3}), by(p, {2, 2, 3}, {2, 1, 3}), by(p, {2, 2, 3}, {2, 3}), by(p, {0, 3}, {2, 3})});
    const auto a = xg::tensor<double, 2>{{1, 2}, {1, 5}}, b = xg::tensor<double, 2>{{1, 2}};
    CHECK(xg::array_equal(xg::cdist(a, b, {.p = 0}), xg::tensor<double, 2>{{0}, {1}}));
    CHECK(xg::array_equal(xg::cdist(xg::zeros<double>({2, 0}), xg::zeros<double>({3, 0}), {.p = 1}), xg::zeros<double>({2, 3})));
    CHECK_THROWS_WITH_AS(xg::cdist(a, b, {.p = -1}), "[cdist] p is -1; it must not be negative", xg::value_error);
}

TEST_CASE("cdist: equal rows have the gradient 0, of both orders") {
    const auto x = xg::tensor<double, 2>{{1, 2}, {1, 2}, {4, 6}};
    const auto total = [](const auto& v) { return xg::sum(xg::cdist(v, v)); };
    CHECK(xg::allclose(xg::grad(total)(x), xg::tensor<double, 2>{{-1.2, -1.6}, {-1.2, -1.6}, {2.4, 3.2}}));
    const auto second = xg::hessian(total, x);
    CHECK(std::ranges::all_of(second.span(), [](double each) { return std::isfinite(each); }));
}

TEST_CASE_TEMPLATE("cdist: digits of near rows, and both ends of the range", T, float, double) {
    using limits = std::numeric_limits<T>;
    const auto distance = [](T a, T b) { return xg::cdist(xg::tensor<T, 2>{{a, 7}}, xg::tensor<T, 2>{{b, 7}}).item(); };
    const auto slope = [](T a, T b) {
        return xg::grad([=](const auto& x) { return xg::sum(xg::cdist(x, xg::tensor<T, 2>{{b, 7}})); })(xg::tensor<T, 2>{{a, 7}})(0, 0);
    };
    for (const auto at : {T{40000}, T{1}}) {
        CHECK(distance(at, at + T{0.5}) == T{0.5});
        CHECK(slope(at, at + T{0.5}) == -1);
    }
    for (const auto size : {limits::max(), limits::max() / 4, limits::min(), limits::min() * 1024, std::sqrt(limits::min()), limits::denorm_min()}) {
        CHECK(distance(size + 0, 0) == size);
        CHECK(slope(size, 0) == 1);
    }
    const auto half = limits::max() / 2;
    const auto across = xg::cdist(xg::tensor<T, 2>{{half, half}}, xg::tensor<T, 2>{{0, 0}}).item();
    CHECK(across / half == doctest::Approx(std::sqrt(2.0)).epsilon(1e-6));
    CHECK(distance(limits::infinity(), 0) == limits::infinity());
    CHECK(std::isnan(distance(limits::quiet_NaN(), 0)));
}

TEST_CASE("cdist: many rows give one row its gradient in blocks") {
    constexpr auto count = std::size_t{1'000'000};
    const auto far_away = xg::full<float>({count, std::size_t{1}}, 0.1f);
    const auto slope = xg::grad([&](const auto& x) { return xg::sum(xg::cdist(x, far_away) * 0.1f); })(xg::zeros<float>({1, 1}));
    CHECK(std::fabs(static_cast<double>(slope(0, 0)) / (-static_cast<double>(0.1f) * count) - 1) < 1e-6);
}
