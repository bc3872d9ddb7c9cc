#include <doctest/doctest.h>

#include <support/operation_table.hpp>
#include <support/some_numbers.hpp>
#include <support/threads.hpp>

#include <xgrad/autograd/create.hpp>
#include <xgrad/autograd/functional.hpp>
#include <xgrad/autograd/gradcheck.hpp>
#include <xgrad/ops/compare.hpp>
#include <xgrad/ops/convolution.hpp>
#include <xgrad/ops/grid_sample.hpp>
#include <xgrad/ops/join.hpp>
#include <xgrad/ops/linalg.hpp>
#include <xgrad/ops/patches.hpp>
#include <xgrad/ops/reduce.hpp>
#include <xgrad/ops/resize.hpp>
#include <xgrad/ops/shape.hpp>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <string>
#include <tuple>
#include <vector>

namespace xg = xgrad;
using namespace operation_tests;
using mode = xg::upsample_mode;

namespace {

/// Keys' kernel.
double cubic(double x) {
    constexpr auto a = -0.75;
    x = std::abs(x);
    return x <= 1 ? (a + 2) * x * x * x - (a + 3) * x * x + 1 : x < 2 ? a * x * x * x - 5 * a * x * x + 8 * a * x - 4 * a : 0;
}

/// What place j of `out` takes from element i of `in`, nothing but the definition.
double weight(mode how, bool align, double j, double out, double i, double in) {
    const auto edge = in - 1;
    if (how == mode::nearest) return i == std::floor(j * in / out);
    auto place = align ? (out > 1 ? j * edge / (out - 1) : 0) : (j + 0.5) * in / out - 0.5;
    if (how == mode::linear) return std::max(0.0, 1 - std::abs(std::clamp(place, 0.0, edge) - i));
    auto sum = 0.0;
    for (auto k = std::floor(place) - 1; k <= std::floor(place) + 2; ++k)
        if (std::clamp(k, 0.0, edge) == i) sum += cubic(place - k);
    return sum;
}

xg::tensor<double> resized(const xg::tensor<double>& x, std::vector<std::size_t> sizes, mode how, bool align) {
    auto y = x;
    for (auto a = std::size_t{0}; a < sizes.size(); ++a) {
        const auto axis = a + 2, in = x.shape()[axis], out = sizes[a];
        auto shape = y.shape();
        auto inner = std::size_t{1};
        for (auto i = axis + 1; i < shape.rank(); ++i) inner *= shape[i];
        shape[axis] = out;
        auto next = xg::zeros<double>(shape);
        for (auto at = std::size_t{0}; at < next.size(); ++at)
            for (auto i = std::size_t{0}; i < in; ++i)
                next.data()[at] += y.data()[(at / inner / out * in + i) * inner + at % inner] *
                                   weight(how, align, static_cast<double>(at / inner % out), static_cast<double>(out), static_cast<double>(i), static_cast<double>(in));
        y = xg::tensor<double>{next};
    }
    return y;
}

operation upsampling(std::string name, std::vector<std::size_t> sizes, mode how, bool align, const xg::shape& from) {
    const auto f = [=](const auto& x) {
        if (sizes.size() == 1) return xg::upsample(x[0], {.size = sizes[0], .mode = how, .align_corners = align});
        return xg::upsample(x[0], {.size = sizes, .mode = how, .align_corners = align});
    };
    return {.name = std::move(name), .run = on_lists(f), .reference = [=](const list<double>& x) { return resized(x[0], sizes, how, align); },
            .points = {{mixed(from)}}, .epsilons = 32, .scale = 4};
}

}  // namespace

TEST_CASE("resize: upsample") {
    check({
        upsampling("nearest, up", {7}, mode::nearest, false, {2, 1, 3}),
        upsampling("nearest, down", {3, 2}, mode::nearest, false, {1, 2, 5, 3}),
        upsampling("linear", {5}, mode::linear, false, {2, 1, 3}),
        upsampling("linear, to a size of 1", {1}, mode::linear, true, {2, 1, 3}),
        upsampling("bilinear", {7, 2}, mode::bilinear, false, {1, 2, 3, 4}),
        upsampling("bilinear, corners", {7, 2}, mode::bilinear, true, {1, 2, 3, 4}),
        upsampling("trilinear", {2, 5, 3}, mode::trilinear, false, {1, 1, 3, 2, 2}),
        upsampling("bicubic", {7, 3}, mode::bicubic, false, {1, 1, 3, 4}),
        upsampling("bicubic, corners", {4, 5}, mode::bicubic, true, {1, 1, 2, 3}),
    });
    const auto x = mixed({1, 2, 3, 4});
    CHECK(xg::upsample(x, {.scale = 1.7}).shape() == xg::shape{1, 2, 5, 6});
    CHECK(xg::upsample(x, {.scale = {2.0, 1.0}}).shape() == xg::shape{1, 2, 6, 4});
    CHECK(xg::array_equal(xg::upsample(x, {.scale = 2}), xg::upsample(x, {.size = {6, 8}})));
    // The scale that was given, not the quotient of the sizes, tells the places: 4 / 2.6 of an element from one to the next.
    const auto row = xg::tensor<double, 3>{{{0, 1, 2}}};
    CHECK(xg::allclose(xg::upsample(row, {.scale = 1.25, .mode = mode::linear}), xg::tensor<double, 3>{{{0, 0.7, 1.5}}}));
}

TEST_CASE("resize: pixel_shuffle and back") {
    const auto shuffled = [](const list<double>& x) {
        const auto sizes = x[0].shape();
        auto y = xg::empty<double>({sizes[0], sizes[1] / 4, sizes[2] * 2, sizes[3] * 2});
        for (auto i = std::size_t{0}; i < y.size(); ++i) {
            const auto w = i % (sizes[3] * 2), h = i / (sizes[3] * 2) % (sizes[2] * 2), c = i / (sizes[3] * sizes[2] * 4);
            y.data()[i] = x[0].data()[((c * 4 + h % 2 * 2 + w % 2) * sizes[2] + h / 2) * sizes[3] + w / 2];
        }
        return xg::tensor<double>{y};
    };
    const auto x = mixed({2, 8, 2, 3});
    check({{.name = "pixel_shuffle", .run = on_lists([](const auto& v) { return xg::pixel_shuffle(v[0], 2); }), .reference = shuffled, .points = {{x}}},
           {.name = "pixel_unshuffle", .run = on_lists([](const auto& v) { return xg::pixel_unshuffle(xg::pixel_shuffle(v[0], 2), 2); }),
            .reference = [](const list<double>& v) { return v[0]; }, .points = {{x}}}});
    CHECK_THROWS_WITH_AS(xg::pixel_shuffle(x, 3), doctest::Contains("x is (2, 8, 2, 3), the factor 3"), xg::shape_error);
    CHECK_THROWS_AS(xg::pixel_unshuffle(x, 2), xg::shape_error);
    CHECK_THROWS_AS(xg::pixel_shuffle(x, 0), xg::value_error);
}

TEST_CASE("patches: a convolution is a product with unfolded patches, and fold is the derivative of unfold") {
    const auto x = mixed({2, 2, 4, 5}), w = mixed({3, 2, 2, 3});
    const auto columns = xg::unfold(x, {2, 3}, {.stride = {2, 1}, .padding = 1, .dilation = {2, 1}});
    const auto product = xg::matmul(xg::reshape(w, {3, 12}), columns);
    const auto wanted = xg::conv2d(x, w, {.stride = {2, 1}, .padding = 1, .dilation = {2, 1}});
    CHECK(xg::allclose(xg::reshape(product, wanted.shape()), wanted));
    const auto sizes = columns.shape();
    check({{.name = "unfold", .run = on_lists([](const auto& v) { return xg::unfold(v[0], {2, 3}, {.stride = {2, 1}, .padding = 1}); }),
            .reference = [](const list<double>& v) {
                const auto of = v[0].shape();
                const auto h = (of[2] + 2 - 2) / 2 + 1, l = of[3] + 2 - 3 + 1;
                auto y = xg::zeros<double>({of[0], of[1] * 6, h * l});
                for (auto i = std::size_t{0}; i < y.size(); ++i) {
                    const auto o = i % (h * l), k = i / (h * l) % 6, plane = i / (h * l * 6);
                    const auto r = o / l * 2 + k / 3, c = o % l + k % 3;   // with the padding before
                    if (r >= 1 && r <= of[2] && c >= 1 && c <= of[3]) y.data()[i] = v[0].data()[(plane * of[2] + r - 1) * of[3] + c - 1];
                }
                return xg::tensor<double>{y};
            },
            .points = {{x}, {mixed({1, 1, 1, 2})}}},
           {.name = "unfold over one axis", .run = on_lists([](const auto& v) { return xg::unfold(v[0], 2); }),
            .reference = [](const list<double>& v) {
                const auto part = [&](int first) { return xg::tensor<double>{xg::conv1d(v[0], first == 0 ? xg::tensor<double, 3>{{{1, 0}}} : xg::tensor<double, 3>{{{0, 1}}})}; };
                return xg::tensor<double>{xg::concat({part(0), part(1)}, 1)};
            },
            .points = {{mixed({2, 1, 5})}}},
           {.name = "fold", .run = on_lists([](const auto& v) { return xg::fold(v[0], {4, 5}, {2, 3}, {.stride = {2, 1}, .padding = 1, .dilation = {2, 1}}); }),
            .reference = [](const list<double>& v) {
                const auto zeros = xg::tensor<double>{xg::zeros<double>({2, 2, 4, 5})};
                return xg::tensor<double>{xg::vjp([](const auto& image) { return xg::unfold(image, {2, 3}, {.stride = {2, 1}, .padding = 1, .dilation = {2, 1}}); }, zeros).second(xg::tensor<double, 3>{v[0]})};
            },
            .points = {{mixed(sizes)}}, .scale = 1}});
    CHECK(xg::fold(xg::ones<double>({1, 4, 4}), 3, 2).shape() == xg::shape{1, 1, 3, 3});
    CHECK_THROWS_WITH_AS(xg::fold(xg::ones<double>({1, 4, 5}), 3, 2), doctest::Contains("there are 4 windows"), xg::shape_error);
    CHECK_THROWS_AS(xg::unfold(x, 7), xg::shape_error);
}

TEST_CASE("grid_sample: the grid that names every element gives the image, in every mode") {
    const auto x = mixed({2, 3, 4, 5});
    for (const auto align : {false, true}) {
        auto grid = xg::empty<double>({2, 4, 5, 2});
        for (auto i = std::size_t{0}; i < 40; ++i) {
            const auto column = static_cast<double>(i % 5), row = static_cast<double>(i / 5 % 4);
            grid.data()[2 * i] = align ? column / 2 - 1 : (2 * column + 1) / 5 - 1;
            grid.data()[2 * i + 1] = align ? row / 1.5 - 1 : (2 * row + 1) / 4 - 1;
        }
        for (const auto how : {mode::linear, mode::nearest, mode::cubic})
            for (const auto padding : {xg::grid_padding::zeros, xg::grid_padding::border, xg::grid_padding::reflection})
                CHECK(xg::allclose(xg::grid_sample(x, grid, {.mode = how, .padding = padding, .align_corners = align}), x, 1e-12, 1e-12));
    }
}

TEST_CASE("grid_sample: values and derivatives") {
    // Of the four elements about the place, each by its distance; those outside count as zero.
    const auto reference = [](const list<double>& x) {
        const auto channels = x[0].shape(1), height = x[0].shape(2), width = x[0].shape(3), rows = x[1].shape(1), columns = x[1].shape(2);
        auto y = xg::zeros<double>({x[0].shape(0), channels, rows, columns});
        for (auto i = std::size_t{0}; i < y.size(); ++i) {
            const auto place = i % (rows * columns), plane = i / (rows * columns), image = plane / channels;
            const auto* const at = x[1].data() + 2 * (image * rows * columns + place);
            const auto across = ((at[0] + 1) * static_cast<double>(width) - 1) / 2, down = ((at[1] + 1) * static_cast<double>(height) - 1) / 2;
            for (auto k = std::size_t{0}; k < height * width; ++k) {
                const auto row = static_cast<double>(k / width), column = static_cast<double>(k % width);
                y.data()[i] += std::max(0.0, 1 - std::fabs(row - down)) * std::max(0.0, 1 - std::fabs(column - across)) *
                               x[0].data()[plane * height * width + k];
            }
        }
        return y;
    };
    check({{.name = "grid_sample", .run = on_lists([](const auto& x) { return xg::grid_sample(x[0], x[1]); }), .reference = reference,
            .points = {{mixed({2, 2, 3, 4}), shaped({-0.7, 0.2, 0.55, -1.4, 0.9, 0.33, -0.15, 1.7, 0.1}, {2, 2, 3, 2})}},
            .epsilons = 16, .scale = 10}});
}

TEST_CASE("grid_sample: outside, and derivatives") {
    // Of a row 1 2 4, at the places -1.25, 2.75 and 0.5 in units of elements.
    const auto x = xg::tensor<double, 4>{{{{1, 2, 4}}}};
    const auto place = [](double at) { return (2 * at + 1) / 3 - 1; };
    const auto grid = xg::tensor<double, 4>{{{{place(-0.25), 0}, {place(2.75), 0}, {place(0.5), 0}, {place(5), 0}}}};
    const auto at = [&](xg::grid_padding padding) { return xg::grid_sample(x, grid, {.padding = padding}); };
    CHECK(xg::allclose(at(xg::grid_padding::zeros), xg::tensor<double, 4>{{{{0.75, 1, 1.5, 0}}}}));
    CHECK(xg::allclose(at(xg::grid_padding::border), xg::tensor<double, 4>{{{{1, 4, 1.5, 4}}}}));
    CHECK(xg::allclose(at(xg::grid_padding::reflection), xg::tensor<double, 4>{{{{1, 4, 1.5, 1}}}}));

    const auto image = mixed({2, 2, 3, 4});
    const auto places = shaped({-0.7, 0.2, 0.55, -1.4, 0.9, 0.33, -0.15, 1.7, 0.1}, {2, 2, 3, 2});
    for (const auto how : {mode::linear, mode::cubic})
        for (const auto padding : {xg::grid_padding::zeros, xg::grid_padding::border, xg::grid_padding::reflection}) {
            const auto f = [&](const auto& v, const auto& g) { return xg::grid_sample(v, g, {.mode = how, .padding = padding}); };
            CHECK(xg::gradcheck(f, std::tuple{image, places}));
            CHECK(xg::gradgradcheck(f, std::tuple{image, places}));
        }
    // Over three axes, the last of which counts first.
    const auto cube = mixed({1, 1, 2, 2, 2});
    const auto middle = xg::grid_sample(cube, xg::zeros<double>({1, 1, 1, 1, 3}));
    CHECK(middle.item() == doctest::Approx(xg::mean(cube).item()));
    CHECK_THROWS_AS(xg::grid_sample(image, xg::zeros<double>({2, 1, 1, 3})), xg::shape_error);
    CHECK_THROWS_AS(xg::grid_sample(image, xg::zeros<double>({1, 1, 1, 2})), xg::shape_error);
}

TEST_CASE("resize: the same bits on any number of threads") {
    xg::manual_seed(6);
    const auto x = xg::randn<float>({5, 9, 24, 31});
    const auto places = xg::tensor<float, 4>{xg::rand<float>({5, 40, 45, 2}) * 3.f - 1.5f};
    check_same_on_threads([&] {
        auto list = std::vector<xg::tensor<float>>{};
        const auto run = [&](const auto& f) { append_both_ways(list, f, x); };
        for (const auto how : {xg::upsample_mode::nearest, xg::upsample_mode::linear, xg::upsample_mode::cubic}) {
            run([&](const auto& v) { return xg::upsample(v, {.scale = {1.7, 2}, .mode = how}); });
            const auto [y, back] = xg::vjp([&](const auto& v, const auto& g) { return xg::grid_sample(v, g, {.mode = how}); }, x, places);
            list.emplace_back(y);
            const auto [dx, dplaces] = back(y);
            list.emplace_back(dx);
            list.emplace_back(dplaces);
        }
        run([](const auto& v) { return xg::unfold(v, 3, {.stride = 2, .padding = 1}); });
        return list;
    });
}
