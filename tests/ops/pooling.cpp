#include <doctest/doctest.h>

#include <support/operation_table.hpp>
#include <support/threads.hpp>

#include <xgrad/autograd/create.hpp>
#include <xgrad/autograd/functional.hpp>
#include <xgrad/ops/adaptive_pooling.hpp>
#include <xgrad/ops/compare.hpp>
#include <xgrad/ops/finite.hpp>
#include <xgrad/ops/math.hpp>
#include <xgrad/ops/pooling.hpp>
#include <xgrad/ops/reduce.hpp>
#include <xgrad/ops/shape.hpp>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <limits>
#include <string>
#include <vector>

namespace xg = xgrad;
using namespace operation_tests;

namespace {

constexpr auto inf = std::numeric_limits<double>::infinity();
using number = std::ptrdiff_t;

/// Along one axis: the elements that window o may have, some of which may not exist, and how many it is divided by.
struct axis_windows {
    number in, out;
    std::function<std::vector<number>(number)> elements;
    std::function<number(number)> count;
};

axis_windows regular(number in, number kernel, number stride, number padding, number dilation, bool ceil_mode, bool include_pad) {
    const auto reach = dilation * (kernel - 1) + 1, rest = in + 2 * padding - reach;
    auto out = (rest + (ceil_mode ? stride - 1 : 0)) / stride + 1;
    if (ceil_mode && (out - 1) * stride >= in + padding) --out;
    return {in, out,
            [=](number o) {
                auto all = std::vector<number>{};
                for (auto k = number{0}; k < kernel; ++k) all.push_back(o * stride - padding + k * dilation);
                return all;
            },
            [=](number o) {
                const auto begin = o * stride - padding, end = std::min(begin + kernel, in + padding);
                return include_pad ? end - begin : std::min(end, in) - std::max(begin, number{0});
            }};
}

axis_windows adaptive(number in, number out) {
    return {in, out,
            [=](number o) {
                auto all = std::vector<number>{};
                for (auto i = o * in / out; i < ((o + 1) * in + out - 1) / out; ++i) all.push_back(i);
                return all;
            },
            [=](number o) { return ((o + 1) * in + out - 1) / out - o * in / out; }};
}

/// reduce(elements, how many they are divided by) over each window of the last axes of x.
xg::tensor<double> pooled(const xg::tensor<double>& x, const std::vector<axis_windows>& along, const std::function<double(const std::vector<double>&, double)>& reduce) {
    auto all = along;
    while (all.size() < 3) all.insert(all.begin(), regular(1, 1, 1, 0, 1, false, true));
    auto sizes = x.shape();
    for (auto i = std::size_t{0}; i < along.size(); ++i) sizes[sizes.rank() - along.size() + i] = static_cast<std::size_t>(along[i].out);
    auto y = xg::empty<double>(sizes);
    const auto length = static_cast<std::size_t>(all[0].in * all[1].in * all[2].in);
    auto at = std::size_t{0};
    for (auto plane = std::size_t{0}; plane < (length == 0 ? 0 : x.size() / length); ++plane)
        for (auto a = number{0}; a < all[0].out; ++a)
            for (auto b = number{0}; b < all[1].out; ++b)
                for (auto c = number{0}; c < all[2].out; ++c) {
                    auto elements = std::vector<double>{};
                    for (const auto i : all[0].elements(a))
                        for (const auto j : all[1].elements(b))
                            for (const auto k : all[2].elements(c))
                                if (i >= 0 && i < all[0].in && j >= 0 && j < all[1].in && k >= 0 && k < all[2].in)
                                    elements.push_back(x.data()[plane * length + static_cast<std::size_t>((i * all[1].in + j) * all[2].in + k)]);
                    y.data()[at++] = reduce(elements, static_cast<double>(all[0].count(a) * all[1].count(b) * all[2].count(c)));
                }
    return y;
}

double largest(const std::vector<double>& all, double) {
    auto best = -inf;
    for (const auto each : all) best = best != best || each <= best ? best : each;
    return best;
}
double average(const std::vector<double>& all, double count) {
    auto sum = 0.0;
    for (const auto each : all) sum += each;
    return sum / count;
}

/// Windows of an operand whose last sizes are these.
using windows_of = std::function<std::vector<axis_windows>(const xg::shape&)>;

template <class F>
operation row(std::string name, const F& f, double (*reduce)(const std::vector<double>&, double), const windows_of& windows, std::vector<list<double>> points) {
    return {.name = std::move(name), .run = on_lists([f](const auto& x) { return f(x[0]); }),
            .reference = [=](const list<double>& x) { return pooled(x[0], windows(x[0].shape()), reduce); },
            .points = std::move(points), .epsilons = 8, .scale = 1};
}

/// All different, so that the largest is one alone.
xg::tensor<double> some(const xg::shape& sizes) {
    auto x = xg::empty<double>(sizes);
    for (auto i = std::size_t{0}; i < x.size(); ++i) x.data()[i] = static_cast<double>(i * 29 % 97) / 16 - 2;
    return x;
}

windows_of all_regular(std::vector<std::array<number, 4>> axes, bool ceil_mode = false, bool include_pad = true) {
    return [=](const xg::shape& sizes) {
        auto result = std::vector<axis_windows>{};
        for (auto i = std::size_t{0}; i < axes.size(); ++i)
            result.push_back(regular(static_cast<number>(sizes[sizes.rank() - axes.size() + i]), axes[i][0], axes[i][1], axes[i][2], axes[i][3], ceil_mode, include_pad));
        return result;
    };
}
windows_of all_adaptive(std::vector<number> out) {
    return [=](const xg::shape& sizes) {
        auto result = std::vector<axis_windows>{};
        for (auto i = std::size_t{0}; i < out.size(); ++i) result.push_back(adaptive(static_cast<number>(sizes[sizes.rank() - out.size() + i]), out[i]));
        return result;
    };
}

}  // namespace

TEST_CASE("pooling: the largest element") {
    check({
        row("max_pool1d", [](const auto& x) { return xg::max_pool1d(x, 2); }, largest, all_regular({{2, 2, 0, 1}}), {{some({2, 3, 6})}, {some({2, 5})}, {some({0, 2, 4})}}),
        row("max_pool1d, ceil_mode", [](const auto& x) { return xg::max_pool1d(x, 3, {.stride = 2, .padding = 1, .ceil_mode = true}); }, largest,
            all_regular({{3, 2, 1, 1}}, true), {{some({1, 2, 6})}, {some({1, 2, 7})}, {some({1, 1, 40})}}),
        row("max_pool1d, the last window would begin in the padding", [](const auto& x) { return xg::max_pool1d(x, 2, {.stride = 3, .padding = 1, .ceil_mode = true}); },
            largest, all_regular({{2, 3, 1, 1}}, true), {{some({1, 1, 5})}, {some({1, 1, 4})}, {some({1, 1, 6})}}),
        row("max_pool2d", [](const auto& x) { return xg::max_pool2d(x, {2, 3}, {.stride = {1, 2}, .padding = {1, 0}, .dilation = {2, 1}}); }, largest,
            all_regular({{2, 1, 1, 2}, {3, 2, 0, 1}}), {{some({2, 2, 4, 5})}, {some({2, 3, 3})}}),
        row("max_pool2d, pairs of columns", [](const auto& x) { return xg::max_pool2d(x, 2); }, largest, all_regular({{2, 2, 0, 1}, {2, 2, 0, 1}}),
            {{some({2, 1, 5, 2})}, {some({1, 2, 4, 71})}, {some({1, 1, 2, 32})}}),
        row("max_pool3d, pairs of columns", [](const auto& x) { return xg::max_pool3d(x, {2, 3, 2}, {.stride = {1, 2, 2}, .dilation = {2, 1, 1}}); }, largest,
            all_regular({{2, 1, 0, 2}, {3, 2, 0, 1}, {2, 2, 0, 1}}), {{some({1, 2, 4, 5, 9})}}),
        row("max_pool3d", [](const auto& x) { return xg::max_pool3d(x, 2, {.stride = {1, 2, 3}, .padding = 1}); }, largest,
            all_regular({{2, 1, 1, 1}, {2, 2, 1, 1}, {2, 3, 1, 1}}), {{some({1, 2, 2, 3, 4})}}),
        row("adaptive_max_pool1d", [](const auto& x) { return xg::adaptive_max_pool1d(x, 3); }, largest, all_adaptive({3}), {{some({2, 2, 7})}, {some({2, 2, 2})}}),
        row("adaptive_max_pool2d", [](const auto& x) { return xg::adaptive_max_pool2d(x, {2, 5}); }, largest, all_adaptive({2, 5}), {{some({1, 2, 5, 4})}}),
        row("adaptive_max_pool3d", [](const auto& x) { return xg::adaptive_max_pool3d(x, 2); }, largest, all_adaptive({2, 2, 2}), {{some({1, 3, 2, 3})}}),
    });
}

TEST_CASE("pooling: the average") {
    check({
        row("avg_pool1d", [](const auto& x) { return xg::avg_pool1d(x, 3, {.stride = 1}); }, average, all_regular({{3, 1, 0, 1}}), {{some({2, 3, 6})}, {some({0, 2, 4})}, {some({1, 1, 40})}}),
        row("avg_pool1d, ceil_mode", [](const auto& x) { return xg::avg_pool1d(x, 3, {.stride = 2, .padding = 1, .ceil_mode = true}); }, average,
            all_regular({{3, 2, 1, 1}}, true), {{some({1, 2, 6})}, {some({1, 2, 7})}}),
        row("avg_pool2d, without padding", [](const auto& x) { return xg::avg_pool2d(x, {2, 3}, {.stride = {2, 2}, .padding = 1, .ceil_mode = true, .count_include_pad = false}); },
            average, all_regular({{2, 2, 1, 1}, {3, 2, 1, 1}}, true, false), {{some({2, 2, 4, 5})}}),
        row("avg_pool3d", [](const auto& x) { return xg::avg_pool3d(x, 2, {.padding = 1}); }, average,
            all_regular({{2, 2, 1, 1}, {2, 2, 1, 1}, {2, 2, 1, 1}}), {{some({1, 2, 2, 3, 4})}}),
        row("avg_pool2d, a divisor", [](const auto& x) { return xg::avg_pool2d(x, 2, {.divisor = 3}); },
            [](const std::vector<double>& all, double) { return average(all, 3); }, all_regular({{2, 2, 0, 1}, {2, 2, 0, 1}}), {{some({1, 2, 4, 3})}}),
        row("adaptive_avg_pool1d", [](const auto& x) { return xg::adaptive_avg_pool1d(x, 3); }, average, all_adaptive({3}), {{some({2, 2, 7})}, {some({2, 2, 2})}}),
        row("adaptive_avg_pool2d", [](const auto& x) { return xg::adaptive_avg_pool2d(x, {2, 5}); }, average, all_adaptive({2, 5}), {{some({1, 2, 5, 4})}}),
        row("adaptive_avg_pool3d", [](const auto& x) { return xg::adaptive_avg_pool3d(x, {1, 2, 1}); }, average, all_adaptive({1, 2, 1}), {{some({1, 3, 5, 3})}}),
    });
}

TEST_CASE("pooling: the norm") {
    const auto norm = [](const std::vector<double>& all, double) {
        auto sum = 0.0;
        for (const auto each : all) sum += each * each * each;
        return std::cbrt(sum);
    };
    const auto positive = [](const xg::shape& sizes) { return xg::tensor<double>{some(sizes) + 3}; };
    auto of = row("lp_pool2d", [](const auto& x) { return xg::lp_pool2d(x, 3, {2, 1}, {.stride = 1}); }, norm, all_regular({{2, 1, 0, 1}, {1, 1, 0, 1}}), {{positive({1, 2, 3, 4})}});
    of.epsilons = 32;
    check(of);
    const auto x = positive({2, 3, 7});
    CHECK(xg::allclose(xg::lp_pool1d(x, 1, 3), 3 * xg::avg_pool1d(x, 3)));
    CHECK(xg::allclose(xg::lp_pool3d(xg::reshape(x, {1, 1, 2, 3, 7}), 2, 1), xg::reshape(x, {1, 1, 2, 3, 7})));
    // As after relu: a window without anything in it.
    const auto some_nothing = xg::tensor<double, 3>{{{0, 0, 3, 4}}};
    const auto slope = [&](double p) { return xg::grad([p](const auto& v) { return xg::sum(xg::lp_pool1d(v, p, 2)); })(some_nothing); };
    CHECK(xg::allclose(slope(2), xg::tensor<double, 3>{{{0, 0, 0.6, 0.8}}}));
    CHECK(xg::allclose(slope(1), xg::tensor<double, 3>{{{1, 1, 1, 1}}}));
}

TEST_CASE("pooling: where the largest stands, and back") {
    const auto x = xg::tensor<double, 3>{{{1, 5, 5, 2, -1, 7}}};
    const auto [values, indices] = xg::max_pool1d_with_indices(x, 3);
    CHECK(xg::array_equal(values, xg::tensor<double, 3>{{{5, 7}}}));
    CHECK(xg::array_equal(indices, xg::tensor<std::int64_t, 3>{{{1, 5}}}));
    CHECK(xg::array_equal(xg::max_unpool1d(values, indices, 3), xg::tensor<double, 3>{{{0, 5, 0, 0, 0, 7}}}));
    CHECK(xg::max_unpool1d(values, indices, 3, {.size = 8}).shape() == xg::shape{1, 1, 8});
    CHECK(xg::array_equal(xg::grad([](const auto& v) { return xg::sum(xg::max_pool1d(v, 3)); })(x), xg::tensor<double, 3>{{{0, 1, 0, 0, 0, 1}}}));

    const auto image = some({2, 3, 6, 8});
    const auto found = xg::max_pool2d_with_indices(image, 2);
    const auto back = xg::max_unpool2d(found.values, found.indices, 2);
    CHECK(xg::array_equal(xg::where(xg::not_equal(back, 0), image, 0), back));
    CHECK(xg::sum(back).item() == doctest::Approx(xg::sum(found.values).item()));
    check({{.name = "max_unpool2d", .run = on_lists([at = found.indices](const auto& y) { return xg::max_unpool2d(y[0], at, 2); }),
            .reference = [at = found.indices](const list<double>& y) {
                auto result = xg::zeros<double>({2, 3, 6, 8});
                for (auto i = std::size_t{0}; i < y[0].size(); ++i) result.data()[i / 12 * 48 + static_cast<std::size_t>(at.data()[i])] = y[0].data()[i];
                return xg::tensor<double>{result};
            },
            .points = {{some({2, 3, 3, 4})}}}});
    const auto adaptive = xg::adaptive_max_pool2d_with_indices(image, {3, 4});
    CHECK(xg::array_equal(adaptive.indices, found.indices));
    CHECK(xg::array_equal(xg::max_pool3d_with_indices(xg::reshape(x, {1, 1, 1, 1, 6}), {1, 1, 3}).indices, xg::reshape(indices, {1, 1, 1, 1, 2})));
}

TEST_CASE_TEMPLATE("pooling: windows of minus infinity, and of NaN", T, float, double) {
    const auto low = -std::numeric_limits<T>::infinity(), nan = std::numeric_limits<T>::quiet_NaN();
    const auto x = xg::tensor<T, 3>{{{low, low, 1, nan, nan, 2, 3, nan}}};
    const auto [values, indices] = xg::max_pool1d_with_indices(x, 2);
    CHECK(xg::array_equal(indices, xg::tensor<std::int64_t, 3>{{{0, 3, 4, 7}}}));
    CHECK(values(0, 0, 0) == low);
    CHECK((std::isnan(values(0, 0, 1)) && std::isnan(values(0, 0, 2)) && std::isnan(values(0, 0, 3))));
    const auto same = [](const auto& a, const auto& b) {
        return xg::array_equal(xg::isnan(a), xg::isnan(b)) && xg::array_equal(xg::nan_to_num(a), xg::nan_to_num(b));
    };
    CHECK(same(xg::max_pool1d(x, 2), values));
    const auto wide = xg::where(xg::rand<T>({3, 90}) < T(0.1), nan, xg::randn<T>({3, 90}));
    for (const auto padding : {0, 1}) {
        CAPTURE(padding);
        const auto alone = xg::max_pool1d(wide, 2, {.padding = padding});
        CHECK(same(alone, xg::max_pool1d_with_indices(wide, 2, {.padding = padding}).values));
        CHECK(!xg::array_equal(alone, alone));
    }
    const auto padded = xg::max_pool1d_with_indices(xg::full<T>({1, 1, 3}, low), 3, {.stride = 1, .padding = 1});
    CHECK(xg::array_equal(padded.indices, xg::tensor<std::int64_t, 3>{{{0, 0, 1}}}));
    CHECK(xg::array_equal(xg::adaptive_max_pool1d_with_indices(x, 4).indices, indices));
    CHECK(std::isnan(xg::avg_pool1d(x, 2)(0, 0, 1)));
}

TEST_CASE("pooling: errors name the sizes") {
    const auto x = xg::zeros<float>({2, 3, 4, 5});
    CHECK_THROWS_WITH_AS(xg::max_pool2d(x, 6), "[max_pool2d] the kernel, 6 elements, is larger than the input, 4 elements with padding 0 and 0", xg::shape_error);
    CHECK_THROWS_WITH_AS(xg::avg_pool2d(x, 2, {.padding = 2}), doctest::Contains("more than half of the kernel, 2"), xg::value_error);
    CHECK_THROWS_WITH_AS(xg::max_pool1d(xg::zeros<float>({1, 2}), 2, {.padding = 1, .dilation = 3}),
                         doctest::Contains("a window of padding alone, which has no value: of 2 elements a kernel of 2 with dilation 3 meets none"),
                         xg::value_error);
    CHECK_THROWS_WITH_AS(xg::avg_pool1d(xg::zeros<float>({1, 2}), 1, {.padding = {{0, 1}}}), doctest::Contains("a window of padding alone"), xg::value_error);
    CHECK(xg::max_pool1d(xg::zeros<float>({1, 3}), 2, {.stride = 1, .padding = 1, .dilation = 3}).shape() == xg::shape{1, 2});
    CHECK_THROWS_AS(xg::max_pool2d(x, 0), xg::value_error);
    CHECK_THROWS_AS(xg::max_pool2d(x, {1, 2, 3}), xg::value_error);
    CHECK_THROWS_AS(xg::max_pool2d(xg::zeros<float>({2, 3, 0, 5}), 1), xg::shape_error);
    CHECK_THROWS_AS(xg::max_pool2d(xg::tensor<float>{xg::zeros<float>({4, 5})}, 1), xg::rank_error);
    CHECK_THROWS_AS(xg::adaptive_avg_pool2d(x, -1), xg::value_error);
    const auto [values, indices] = xg::max_pool2d_with_indices(x, 2);
    CHECK_THROWS_WITH_AS(xg::max_unpool2d(values, xg::tensor<std::int64_t, 4>{indices + 100}, 2), doctest::Contains("out of range"), xg::index_error);
}

TEST_CASE("in three dimensions as in one: indices, and the way back") {
    const auto x = xg::reshape(xg::arange<double>(1, 9), {1, 1, 2, 2, 2});
    const auto found = xg::max_pool3d_with_indices(x, 2);
    CHECK(found.values.item() == 8);
    CHECK(found.indices.item() == 7);
    const auto back = xg::max_unpool3d(found.values, found.indices, 2);
    CHECK(xg::array_equal(back, xg::tensor<double, 5>{xg::where(x == 8.0, x, 0.0)}));
    const auto adaptive = xg::adaptive_max_pool3d_with_indices(x, 1);
    CHECK(adaptive.values.item() == 8);
    CHECK(adaptive.indices.item() == 7);
}

TEST_CASE("pooling: the same bits on any number of threads") {
    xg::manual_seed(5);
    const auto x = xg::randn<float>({6, 11, 40, 37});
    check_same_on_threads([&] {
        auto list = std::vector<xg::tensor<float>>{};
        const auto run = [&](const auto& f) { append_both_ways(list, f, x); };
        run([](const auto& v) { return xg::max_pool2d(v, 3, {.stride = 2, .padding = 1, .ceil_mode = true}); });
        run([](const auto& v) { return xg::avg_pool2d(v, {3, 2}, {.stride = {1, 2}, .padding = 1}); });
        run([](const auto& v) { return xg::lp_pool2d(xg::abs(v), 2, 3); });
        run([](const auto& v) { return xg::adaptive_avg_pool2d(v, {7, 5}); });
        run([](const auto& v) { return xg::adaptive_max_pool2d(v, {7, 50}); });
        return list;
    });
}
