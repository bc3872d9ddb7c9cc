#include <doctest/doctest.h>

#include <support/operation_table.hpp>

#include <xgrad/autograd/create.hpp>
#include <xgrad/autograd/functional.hpp>
#include <xgrad/autograd/gradcheck.hpp>
#include <xgrad/core/parallel.hpp>
#include <xgrad/ops/compare.hpp>
#include <xgrad/ops/math.hpp>
#include <xgrad/ops/normalize.hpp>
#include <xgrad/ops/reduce.hpp>
#include <xgrad/ops/shape.hpp>

#include <cmath>
#include <cstddef>
#include <functional>
#include <map>
#include <tuple>
#include <vector>

namespace xg = xgrad;
using namespace operation_tests;

namespace {

/// Element i of x normalised over the elements with the same set(i), its parameters those numbered parameter(i).
xg::tensor<double> normalized(const list<double>& x, bool centred, double eps, const std::function<std::size_t(std::size_t)>& set,
                              const std::function<std::size_t(std::size_t)>& parameter) {
    struct sums {
        long double count = 0, sum = 0, squares = 0;
    };
    auto sets = std::map<std::size_t, sums>{};
    for (auto i = std::size_t{0}; i < x[0].size(); ++i) {
        sets[set(i)].count += 1;
        if (centred) sets[set(i)].sum += x[0].data()[i];
    }
    for (auto i = std::size_t{0}; i < x[0].size(); ++i) {
        auto& own = sets[set(i)];
        const auto distance = x[0].data()[i] - own.sum / own.count;
        own.squares += distance * distance;
    }
    auto y = xg::empty_like(x[0]);
    for (auto i = std::size_t{0}; i < y.size(); ++i) {
        const auto& own = sets[set(i)];
        auto value = (x[0].data()[i] - own.sum / own.count) / std::sqrt(own.squares / own.count + eps);
        if (x.size() > 1) value *= x[1].data()[parameter(i)];
        if (x.size() > 2) value += x[2].data()[parameter(i)];
        y.data()[i] = static_cast<double>(value);
    }
    return y;
}

list<double> operands(const xg::shape& sizes, const xg::shape& parameters, std::size_t count) {
    auto values = std::vector<double>{};
    for (auto i = 0; i < 89; ++i) values.push_back(static_cast<double>((i * 37) % 89) / 20 - 1.7);
    auto all = list<double>{shaped(values, sizes)};
    if (count > 1) all.push_back(shaped({0.75, -1.25, 0.5, 2, 1.5}, parameters));
    if (count > 2) all.push_back(shaped({0.25, 1, -0.5, 0.125}, parameters));
    return all;
}

template <class F>
operation row(const char* name, const F& f, const std::function<xg::tensor<double>(const list<double>&)>& reference,
              std::vector<list<double>> points) {
    return {.name = name, .run = on_lists(f), .reference = reference, .points = std::move(points), .epsilons = 64, .scale = 1};
}

}  // namespace

TEST_CASE("layer_norm, rms_norm: values and derivatives") {
    const auto over_last = [](bool centred, double eps, std::size_t length) {
        return [=](const list<double>& x) {
            return normalized(x, centred, eps, [=](std::size_t i) { return i / length; }, [=](std::size_t i) { return i % length; });
        };
    };
    const auto two = [](const xg::shape& sizes, const xg::shape& last, std::size_t count) {
        return std::vector<list<double>>{operands(sizes, last, count)};
    };
    check({
        row("layer_norm(x, {5})", [](const auto& x) { return xg::layer_norm(x[0], {5}); }, over_last(true, 1e-5, 5), two({3, 5}, {5}, 1)),
        row("layer_norm(x, {5}, w)", [](const auto& x) { return xg::layer_norm(x[0], {5}, x[1]); }, over_last(true, 1e-5, 5), two({2, 2, 5}, {5}, 2)),
        row("layer_norm(x, {3, 7}, w, b)", [](const auto& x) { return xg::layer_norm(x[0], {3, 7}, x[1], x[2], {.eps = 0.1}); },
            over_last(true, 0.1, 21), two({2, 3, 7}, {3, 7}, 3)),
        row("layer_norm(x, {6}), of a vector", [](const auto& x) { return xg::layer_norm(x[0], {6}, {.eps = 0.5}); }, over_last(true, 0.5, 6), two({6}, {6}, 1)),
        row("layer_norm(x, {3}), no rows", [](const auto& x) { return xg::layer_norm(x[0], {3}, x[1], x[2]); }, over_last(true, 1e-5, 3), two({0, 3}, {3}, 3)),
        row("rms_norm(x, {5}, w)", [](const auto& x) { return xg::rms_norm(x[0], {5}, x[1], {.eps = 1e-3}); }, over_last(false, 1e-3, 5), two({3, 5}, {5}, 2)),
        row("rms_norm(x, {9})", [](const auto& x) { return xg::rms_norm(x[0], {9}, {.eps = 0.25}); }, over_last(false, 0.25, 9), two({2, 9}, {9}, 1)),
    });
}

TEST_CASE("group_norm, instance_norm: values and derivatives") {
    const auto of = [](std::size_t members, std::size_t channels, std::size_t inner, double eps) {
        return [=](const list<double>& x) {
            return normalized(x, true, eps, [=](std::size_t i) { return i / (members * inner); },
                              [=](std::size_t i) { return i / inner % channels; });
        };
    };
    const auto at = [](const xg::shape& sizes, std::size_t count) { return std::vector<list<double>>{operands(sizes, {sizes[1]}, count)}; };
    check({
        row("group_norm(x, 2, w, b)", [](const auto& x) { return xg::group_norm(x[0], 2, x[1], x[2]); }, of(2, 4, 3, 1e-5), at({2, 4, 3}, 3)),
        row("group_norm(x, 3), images", [](const auto& x) { return xg::group_norm(x[0], 3, {.eps = 0.1}); }, of(1, 3, 10, 0.1), at({2, 3, 2, 5}, 1)),
        row("group_norm(x, 1, w)", [](const auto& x) { return xg::group_norm(x[0], 1, x[1]); }, of(3, 3, 4, 1e-5), at({2, 3, 2, 2}, 2)),
        row("group_norm(x, 2, w, b), (n, c)", [](const auto& x) { return xg::group_norm(x[0], 2, x[1], x[2]); }, of(3, 6, 1, 1e-5), at({3, 6}, 3)),
        row("instance_norm(x, w, b)", [](const auto& x) { return xg::instance_norm(x[0], x[1], x[2]); }, of(1, 3, 4, 1e-5), at({2, 3, 2, 2}, 3)),
        row("instance_norm(x)", [](const auto& x) { return xg::instance_norm(x[0], {.eps = 0.2}); }, of(1, 2, 5, 0.2), at({2, 2, 5}, 1)),
    });
}

TEST_CASE("normalisation: the third derivative") {
    const auto slope = [&](const auto& f) {
        return [=](const xg::tensor<double>& x, const xg::tensor<double>& w) {
            return xg::grad([&](const xg::tensor<double>& v) {
                return xg::sum(xg::pow(f(v, w), 3) * shaped({0.3, -0.7, 1.1, 0.4, -0.2}, v.shape()));
            })(x);
        };
    };
    const auto at = std::tuple{operands({2, 4}, {4}, 1)[0], operands({2, 4}, {4}, 2)[1]};
    CHECK(xg::gradgradcheck(slope([](const auto& x, const auto& w) { return xg::layer_norm(x, {4}, w, {}, {.eps = 0.1}); }), at));
    CHECK(xg::gradgradcheck(slope([](const auto& x, const auto& w) { return xg::rms_norm(x, {4}, w, {.eps = 0.1}); }), at));
    CHECK(xg::gradgradcheck(slope([](const auto& x, const auto& w) { return xg::group_norm(x, 2, w, {}, {.eps = 0.1}); }), at));
    const auto images = std::tuple{operands({2, 2, 3}, {2}, 1)[0], operands({2, 2, 3}, {2}, 2)[1]};
    CHECK(xg::gradgradcheck(slope([](const auto& x, const auto& w) { return xg::instance_norm(x, w, {}, {.eps = 0.1}); }), images));
}

TEST_CASE("normalisation: a large mean costs no digits") {
    for (const auto length : {4, 37, 1000}) {
        auto x = xg::empty<float>({3, length});
        for (auto i = std::size_t{0}; i < x.size(); ++i) x.data()[i] = 40000 + static_cast<float>((i * 7) % 13 % 4);
        const auto exact = [](const auto& f, const xg::tensor<float, 2>& v) { return xg::astype<float>(f(xg::astype<double>(v))); };
        const auto layer = [=](const auto& v) { return xg::layer_norm(v, {length}); };
        const auto group = [=](const auto& v) { return xg::group_norm(xg::reshape(v, {1, 3, length}), 3); };
        CHECK(xg::allclose(layer(x), exact(layer, x), 1e-6, 1e-6));
        CHECK(xg::allclose(group(x), exact(group, x), 1e-6, 1e-6));
        const auto slope = [&](const auto& v) {
            return xg::grad([&](const auto& at) { return xg::sum(xg::exp(layer(at))); })(v);
        };
        CHECK(xg::allclose(slope(x), exact(slope, x), 1e-5, 1e-5));
    }
}

TEST_CASE("normalisation: constant rows, single elements") {
    for (const auto value : {0.f, 3.f, 40000.3f, -1e-20f}) {
        const auto x = xg::full<float>({2, 21}, value);
        CHECK(xg::allclose(xg::layer_norm(x, {21}), xg::zeros<float>({2, 21}), 0, 1e-3));
        const auto slope = xg::grad([](const auto& v) { return xg::sum(xg::square(xg::layer_norm(v, {21}))); })(x);
        CHECK(std::isfinite(xg::sum(slope).item()));
    }
    CHECK(xg::array_equal(xg::layer_norm(xg::tensor<double, 2>{{7}, {-7}}, {1}), xg::zeros<double>({2, 1})));
}

TEST_CASE("normalisation: the same bits on any number of threads") {
    xg::manual_seed(3);
    const auto x = xg::randn<float>({130, 8, 9, 9}), dy = xg::randn<float>({130, 8, 9, 9});
    const auto channels = xg::randn<float>({8});
    const auto all = xg::randn<float>({8, 9, 9});
    const auto results = [&](int threads) {
        xg::set_num_threads(threads);
        auto list = std::vector<xg::tensor<float>>{};
        const auto add = [&](const auto& f, const auto& w) {
            const auto [y, back] = xg::vjp(f, x, w, w);
            list.emplace_back(y);
            std::apply([&](const auto&... each) { (list.emplace_back(each), ...); }, back(dy));
        };
        add([](const auto& v, const auto& w, const auto& b) { return xg::layer_norm(v, {8, 9, 9}, w, b); }, all);
        add([](const auto& v, const auto& w, const auto& b) { return xg::group_norm(v, 4, w, b); }, channels);
        add([](const auto& v, const auto& w, const auto& b) { return xg::instance_norm(v, w, b); }, channels);
        return list;
    };
    const auto before = xg::num_threads();
    const auto alone = results(1), shared = results(3);
    xg::set_num_threads(before);
    for (auto i = std::size_t{0}; i < alone.size(); ++i) CHECK(xg::array_equal(alone[i], shared[i]));
}

TEST_CASE("normalisation: wrong shapes") {
    const auto x = xg::zeros<float>({2, 6, 5});
    const auto w = xg::ones<float>({4});
    CHECK_THROWS_WITH_AS(xg::layer_norm(x, {6}), "[layer_norm] x is (2, 6, 5), the normalised shape (6,); x's last axes must be that", xg::shape_error);
    CHECK_THROWS_WITH_AS(xg::layer_norm(x, {5}, w), "[layer_norm] weight is (4,); it must be (5,)", xg::shape_error);
    CHECK_THROWS_WITH_AS(xg::group_norm(x, 6, {}, w), "[group_norm] bias is (4,); it must be (6,)", xg::shape_error);
    CHECK_THROWS_AS(xg::group_norm(x, 4), xg::shape_error);
    CHECK_THROWS_AS(xg::group_norm(x, 0), xg::shape_error);
    CHECK_THROWS_AS(xg::group_norm(w, 1), xg::rank_error);
    CHECK_THROWS_AS(xg::instance_norm(w), xg::rank_error);
    CHECK_THROWS_AS(xg::instance_norm(xg::zeros<float>({2, 6, 1})), xg::value_error);
}

TEST_CASE("normalisation: a negative eps is said, and not a NaN here and there") {
    const auto x = xg::ones<float>({2, 4, 3});
    const auto refuses = doctest::Contains("eps is added to a variance and must not be negative, got -1");
    CHECK_THROWS_WITH_AS(xg::layer_norm(x, {3}, {.eps = -1}), refuses, xg::value_error);
    CHECK_THROWS_WITH_AS(xg::rms_norm(x, {3}, {.eps = -1}), refuses, xg::value_error);
    CHECK_THROWS_WITH_AS(xg::group_norm(x, 2, {.eps = -1}), refuses, xg::value_error);
    CHECK_THROWS_WITH_AS(xg::instance_norm(x, {.eps = -1}), refuses, xg::value_error);
}
