#include <doctest/doctest.h>

#include <support/operation_table.hpp>

#include <xgrad/autograd/checkpoint.hpp>
#include <xgrad/autograd/create.hpp>
#include <xgrad/autograd/functional.hpp>
#include <xgrad/autograd/operation.hpp>
#include <xgrad/core/parallel.hpp>
#include <xgrad/ops/arithmetic.hpp>
#include <xgrad/ops/compare.hpp>
#include <xgrad/ops/dropout.hpp>
#include <xgrad/ops/math.hpp>
#include <xgrad/ops/reduce.hpp>

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <vector>

namespace xg = xgrad;
using namespace operation_tests;

namespace {

/// What the next number of the default generator would be, which stays to be drawn.
std::uint64_t next_number() {
    return xg::with_default_generator([](xg::generator& numbers) { return xg::generator{numbers}(); });
}

/// Where elements of ones were dropped, as the same call drops them.
template <class F>
xg::tensor<double> kept_where(const F& f, const xg::shape& sizes) {
    return xg::astype<double>(f(xg::ones<double>(sizes)) != 0);
}

template <class F>
operation row(const char* name, const F& f, const xg::shape& sizes, double scale, double shift, double otherwise) {
    // An operation itself: of a function that is captured nobody else may seed.
    const auto seeded = [f](const auto& x) {
        return xg::detail::call("seeded", {"x"}, [f](const auto& v) {
            xg::manual_seed(3);
            return f(v);
        }, x);
    };
    const auto reference = [=](const list<double>& x) {
        xg::manual_seed(3);
        const auto made = f(xg::full<double>(x[0].shape(), 1.0));
        return apply_elementwise([=](const auto& v) { return std::fabs(v[1] - otherwise) < 1e-12 ? otherwise : scale * v[0] + shift; },
                                 {x[0], made});
    };
    return {.name = name, .run = on_lists([=](const auto& x) { return seeded(x[0]); }), .reference = reference,
            .points = {{shaped({0.5, -1, 2, 0.1, -3, 1.5, 0.7}, sizes)}}, .scale = 2};
}

}  // namespace

TEST_CASE("dropout: values and derivatives") {
    const auto quarter = [](const auto& x) { return xg::dropout(x, {.p = 0.25}); };
    const auto channels = [](const auto& x) { return xg::feature_dropout(x, {.p = 0.5}); };
    const auto alpha = [](const auto& x) { return xg::alpha_dropout(x, {.p = 0.4}); };
    const auto lowest = -1.7580993408473766, a = 1 / std::sqrt(0.6 * (1 + 0.4 * lowest * lowest)), b = -a * 0.4 * lowest;
    check({
        row("dropout", quarter, {5, 3}, 1 / 0.75, 0, 0),
        row("dropout", quarter, {}, 1 / 0.75, 0, 0),
        row("dropout", quarter, {0, 3}, 1 / 0.75, 0, 0),
        row("dropout", quarter, {67}, 1 / 0.75, 0, 0),
        row("all of it", [](const auto& x) { return xg::dropout(x, {.p = 1}); }, {3}, 0, 0, 0),
        row("channels", channels, {3, 2, 2}, 2, 0, 0),
        row("channels of nothing", channels, {3, 2, 0}, 2, 0, 0),
        row("alpha", alpha, {11}, a, b, a * lowest + b),
        row("alpha of channels", [](const auto& x) { return xg::feature_alpha_dropout(x, {.p = 0.4}); }, {3, 2, 2}, a, b, a * lowest + b),
    });
}

TEST_CASE("dropout: p = 0, p = 1, and when not training") {
    auto x = xg::tensor<float, 1>{1, std::numeric_limits<float>::quiet_NaN(), std::numeric_limits<float>::infinity(), -0.0f};
    x.requires_grad(true);
    const auto before = next_number();
    CHECK(xg::dropout(x, {.p = 0}).is_leaf());
    CHECK(xg::dropout(x, {.p = 0.9, .training = false}).is_leaf());
    CHECK(xg::alpha_dropout(x, {.p = 0}).is_leaf());
    CHECK(next_number() == before);
    const auto nothing = xg::dropout(x, {.p = 1});
    CHECK(xg::array_equal(nothing, xg::zeros<float>({4})));
    xg::sum(nothing).backward();
    CHECK(xg::array_equal(x.grad(), xg::zeros<float>({4})));
    CHECK(xg::array_equal(xg::alpha_dropout(x, {.p = 1}), xg::zeros<float>({4})));
    CHECK_THROWS_WITH_AS(xg::dropout(x, {.p = 1.5}), "[dropout] a probability is between 0 and 1, got 1.5", xg::value_error);
    CHECK_THROWS_AS(xg::dropout(x, {.p = -0.1, .training = false}), xg::value_error);
    CHECK_THROWS_AS(xg::alpha_dropout(x, {.p = std::numeric_limits<double>::quiet_NaN()}), xg::value_error);
}

TEST_CASE("dropout: as many as the probability says, independently") {
    xg::manual_seed(1);
    constexpr auto count = std::size_t{1'000'000};
    for (const auto p : {0.01, 0.5, 0.9}) {
        const auto kept = kept_where([=](const auto& x) { return xg::dropout(x, {.p = p}); }, {count});
        const auto deviation = std::sqrt(p * (1 - p) / count);
        CHECK(std::fabs(xg::mean(kept).item() - (1 - p)) < 5 * deviation);
        auto both = 0.0;   // neighbours
        for (auto i = std::size_t{1}; i < count; ++i) both += kept.span()[i] * kept.span()[i - 1];
        CHECK(std::fabs(both / count - (1 - p) * (1 - p)) < 5 * std::sqrt((1 - p) * (1 - p) * 3 / count));
    }
    const auto y = xg::alpha_dropout(xg::randn<double>({count}), {.p = 0.3});
    CHECK(std::fabs(xg::mean(y).item()) < 0.005);
    CHECK(std::fabs(xg::mean(xg::square(y)).item() - 1) < 0.01);
}

TEST_CASE("dropout: the same for a seed, on any number of threads, with every compiler") {
    const auto f = [](const auto& x) { return xg::dropout(x); };
    xg::manual_seed(7);
    const auto first = f(xg::ones<float>({200'001})), second = f(xg::ones<float>({200'001}));
    CHECK_FALSE(xg::array_equal(first, second));
    const auto before = xg::num_threads();
    xg::set_num_threads(3);
    xg::manual_seed(7);
    CHECK(xg::array_equal(f(xg::ones<float>({200'001})), first));
    xg::set_num_threads(before);
    xg::manual_seed(7);
    CHECK(xg::array_equal(f(xg::ones<double>({200'001})) != 0, first != 0));
    xg::manual_seed(7);
    CHECK(xg::array_equal(f(xg::ones<float>({12})), xg::tensor<float, 1>{0, 2, 0, 2, 2, 2, 2, 2, 2, 2, 0, 0}));
}

TEST_CASE("dropout: checkpoint draws the same again") {
    const auto x = xg::rand<double>({50});
    const auto g = [](const auto& v) { return xg::sum(xg::square(xg::dropout(v, {.p = 0.3}))); };
    xg::manual_seed(5);
    const auto plain = xg::grad(g)(x);
    xg::manual_seed(5);
    CHECK(xg::array_equal(xg::grad([&](const auto& v) { return xg::checkpoint(g, v); })(x), plain));
}

TEST_CASE("dropout of channels: all of one or nothing") {
    xg::manual_seed(2);
    const auto whole_channels = [](const xg::tensor<double>& y, std::size_t inner) {
        auto dropped = std::size_t{0};
        for (auto i = std::size_t{0}; i < y.size(); i += inner) {
            for (auto k = std::size_t{1}; k < inner; ++k) CHECK(y.span()[i + k] == y.span()[i]);
            dropped += y.span()[i] == 0 ? 1 : 0;
        }
        CHECK(dropped > 10);
        CHECK(dropped < y.size() / inner - 10);
    };
    whole_channels(xg::dropout1d(xg::ones<double>({20, 5, 3})), 3);
    whole_channels(xg::dropout1d(xg::ones<double>({100, 3})), 3);
    whole_channels(xg::dropout2d(xg::ones<double>({20, 5, 2, 3})), 6);
    whole_channels(xg::dropout3d(xg::ones<double>({20, 5, 2, 2, 3})), 12);
    whole_channels(xg::dropout3d(xg::ones<double>({100, 2, 2, 3})), 12);
    whole_channels(xg::feature_alpha_dropout(xg::ones<double>({20, 5, 4})) - xg::min(xg::feature_alpha_dropout(xg::ones<double>({20, 5, 4}))), 4);
    CHECK_THROWS_AS(xg::dropout2d(xg::ones<double>({5, 2, 3})), xg::rank_error);
    CHECK_THROWS_AS(xg::dropout1d(xg::ones<double>({5, 2, 3, 1})), xg::rank_error);
    CHECK_THROWS_AS(xg::feature_dropout(xg::tensor<double>{1, 2}), xg::rank_error);
}
