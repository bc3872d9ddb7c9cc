#include <doctest/doctest.h>

#include <support/operation_table.hpp>
#include <support/some_numbers.hpp>

#include <xgrad/autograd/create.hpp>
#include <xgrad/autograd/functional.hpp>
#include <xgrad/autograd/gradcheck.hpp>
#include <xgrad/core/memory.hpp>
#include <xgrad/core/parallel.hpp>
#include <xgrad/ops/activation.hpp>
#include <xgrad/ops/compare.hpp>
#include <xgrad/ops/convolution.hpp>
#include <xgrad/ops/hyperbolic.hpp>
#include <xgrad/ops/math.hpp>
#include <xgrad/ops/reduce.hpp>

#include <array>
#include <cstddef>
#include <limits>
#include <string>
#include <tuple>
#include <vector>

namespace xg = xgrad;
using namespace operation_tests;

namespace {

/// What a convolution is like along its axes, written out.
struct windows {
    std::vector<int> stride, before, after, dilation, more = {0, 0, 0};
    std::size_t groups = 1;
};

using index = std::array<std::ptrdiff_t, 3>;

struct sizes3 {
    index of;
    std::ptrdiff_t count() const { return of[0] * of[1] * of[2]; }
    index at(std::ptrdiff_t i) const { return {i / of[2] / of[1], i / of[2] % of[1], i % of[2]}; }
    std::ptrdiff_t position(const index& i) const {
        for (auto a = std::size_t{0}; a < 3; ++a)
            if (i[a] < 0 || i[a] >= of[a]) return -1;
        return (i[0] * of[1] + i[1]) * of[2] + i[2];
    }
};

sizes3 last_of(const xg::shape& sizes) {
    auto result = sizes3{{1, 1, 1}};
    for (auto a = sizes.rank(); a-- > 2;) result.of[3 - sizes.rank() + a] = static_cast<std::ptrdiff_t>(sizes[a]);
    return result;
}

/// x and y of a convolution with this weight, in turn the input: y += w x, or x += w y.
xg::tensor<double> connected(const list<double>& given, const windows& how, bool transposed) {
    const auto &x = given[0], &w = given[1];
    const auto axes = x.rank() - 2, groups = how.groups;
    const auto from = last_of(x.shape()), kernel = last_of(w.shape());
    auto to = sizes3{{1, 1, 1}};
    auto sizes = xg::shape{x.shape()[0], transposed ? w.shape()[1] * groups : w.shape()[0]};
    const auto of_axis = [&](const std::vector<int>& numbers, std::size_t a) { return std::ptrdiff_t{numbers[a + axes - 3]}; };
    for (auto a = 3 - axes; a < 3; ++a) {
        const auto reach = of_axis(how.dilation, a) * (kernel.of[a] - 1) + 1, padding = of_axis(how.before, a) + of_axis(how.after, a);
        to.of[a] = transposed ? (from.of[a] - 1) * of_axis(how.stride, a) + reach + of_axis(how.more, a) - padding
                              : (from.of[a] + padding - reach) / of_axis(how.stride, a) + 1;
        sizes.push_back(static_cast<std::size_t>(to.of[a]));
    }
    auto y = xg::zeros<double>(sizes);
    const auto in = x.shape()[1] / groups, out = sizes[1] / groups;
    const auto& wide = transposed ? to : from;
    const auto& narrow = transposed ? from : to;
    for (auto n = std::size_t{0}; n < x.shape()[0]; ++n)
        for (auto o = std::size_t{0}; o < sizes[1]; ++o)
            for (auto c = std::size_t{0}; c < in; ++c)
                for (auto p = std::ptrdiff_t{0}; p < narrow.count(); ++p)
                    for (auto k = std::ptrdiff_t{0}; k < kernel.count(); ++k) {
                        auto at = index{};
                        for (auto a = std::size_t{0}; a < 3; ++a)
                            at[a] = a < 3 - axes ? 0 : narrow.at(p)[a] * of_axis(how.stride, a) + kernel.at(k)[a] * of_axis(how.dilation, a) - of_axis(how.before, a);
                        const auto i = wide.position(at);
                        if (i < 0) continue;
                        const auto channel = o / out * in + c;
                        const auto place = static_cast<std::size_t>(transposed ? p : i), target = static_cast<std::size_t>(transposed ? i : p);
                        const auto w_at = (transposed ? channel * out + o % out : o * in + c) * static_cast<std::size_t>(kernel.count()) + static_cast<std::size_t>(k);
                        y.data()[(n * sizes[1] + o) * static_cast<std::size_t>(to.count()) + target] +=
                            x.data()[(n * x.shape()[1] + channel) * static_cast<std::size_t>(from.count()) + place] * w.data()[w_at];
                    }
    if (given.size() == 3)
        for (auto i = std::size_t{0}; i < y.size(); ++i)
            y.data()[i] += given[2].data()[i / static_cast<std::size_t>(to.count()) % sizes[1]];
    return y;
}

template <class F>
operation row(std::string name, const F& f, const windows& how, std::vector<list<double>> points, bool transposed = false) {
    return {.name = std::move(name), .run = on_lists(f), .reference = [=](const list<double>& x) { return connected(x, how, transposed); },
            .points = std::move(points), .epsilons = 32, .scale = 1, .is_product = true};
}

}  // namespace

TEST_CASE("convolution: over one axis") {
    check({
        row("conv1d", [](const auto& x) { return xg::conv1d(x[0], x[1], x[2]); }, {{1}, {0}, {0}, {1}},
            {{mixed({2, 3, 7}), mixed({2, 3, 3}), mixed({2})}, {mixed({1, 1, 3}), mixed({1, 1, 3}), mixed({1})}, {mixed({0, 3, 7}), mixed({2, 3, 3}), mixed({2})},
             {mixed({1, 2, 40}), mixed({3, 2, 2}), mixed({3})}}),
        row("conv1d, no bias", [](const auto& x) { return xg::conv1d(x[0], x[1], {.stride = 2, .padding = 3}); }, {{2}, {3}, {3}, {1}},
            {{mixed({2, 3, 8}), mixed({2, 3, 2})}}),
        row("conv1d, groups", [](const auto& x) { return xg::conv1d(x[0], x[1], {.stride = 3, .padding = {{4, 1}}, .dilation = 2, .groups = 2}); },
            {{3}, {4}, {1}, {2}, {0}, 2}, {{mixed({2, 4, 9}), mixed({6, 2, 3})}}),
        row("conv1d, each channel alone", [](const auto& x) { return xg::conv1d(x[0], x[1], {.padding = xg::same, .dilation = 3, .groups = 3}); },
            {{1}, {4}, {5}, {3}, {0}, 3}, {{mixed({2, 3, 9}), mixed({6, 1, 4})}}),
    });
}

TEST_CASE("convolution: over two and three axes") {
    check({
        row("conv2d", [](const auto& x) { return xg::conv2d(x[0], x[1], x[2], {.padding = 1}); }, {{1, 1}, {1, 1}, {1, 1}, {1, 1}},
            {{mixed({2, 2, 4, 5}), mixed({3, 2, 3, 3}), mixed({3})}, {mixed({2, 2, 1, 1}), mixed({3, 2, 3, 3}), mixed({3})},
             {mixed({0, 2, 4, 5}), mixed({3, 2, 3, 3}), mixed({3})}}),
        row("conv2d, 1 x 1", [](const auto& x) { return xg::conv2d(x[0], x[1], x[2]); }, {{1, 1}, {0, 0}, {0, 0}, {1, 1}},
            {{mixed({2, 3, 4, 5}), mixed({3, 3, 1, 1}), mixed({3})}}),
        row("conv2d, groups, stride, dilation",
            [](const auto& x) { return xg::conv2d(x[0], x[1], x[2], {.stride = {2, 1}, .padding = {{1, 2}, {0, 1}}, .dilation = {1, 2}, .groups = 2}); },
            {{2, 1}, {1, 0}, {2, 1}, {1, 2}, {0, 0}, 2}, {{mixed({1, 4, 5, 4}), mixed({2, 2, 3, 2}), mixed({2})}}),
        row("conv2d, depthwise", [](const auto& x) { return xg::conv2d(x[0], x[1], x[2], {.stride = 2, .padding = 1, .groups = 3}); },
            {{2, 2}, {1, 1}, {1, 1}, {1, 1}, {0, 0}, 3}, {{mixed({2, 3, 5, 6}), mixed({3, 1, 3, 3}), mixed({3})}}),
        row("conv2d, stride beyond the kernel", [](const auto& x) { return xg::conv2d(x[0], x[1], {.stride = 3}); }, {{3, 3}, {0, 0}, {0, 0}, {1, 1}},
            {{mixed({1, 2, 5, 8}), mixed({2, 2, 2, 1})}}),
        row("conv3d", [](const auto& x) { return xg::conv3d(x[0], x[1], x[2], {.stride = {1, 2, 1}, .padding = {0, 1, 1}}); },
            {{1, 2, 1}, {0, 1, 1}, {0, 1, 1}, {1, 1, 1}}, {{mixed({1, 2, 3, 3, 4}), mixed({2, 2, 2, 3, 2}), mixed({2})}}),
    });
}

TEST_CASE("convolution: transposed") {
    const auto transposed = true;
    check({
        row("conv_transpose1d", [](const auto& x) { return xg::conv_transpose1d(x[0], x[1], x[2], {.stride = 3, .padding = 1, .output_padding = 2}); },
            {{3}, {1}, {1}, {1}, {2}}, {{mixed({2, 3, 4}), mixed({3, 2, 3}), mixed({2})}, {mixed({0, 3, 4}), mixed({3, 2, 3}), mixed({2})}}, transposed),
        row("conv_transpose2d", [](const auto& x) { return xg::conv_transpose2d(x[0], x[1], x[2]); }, {{1, 1}, {0, 0}, {0, 0}, {1, 1}},
            {{mixed({2, 2, 3, 2}), mixed({2, 3, 2, 3}), mixed({3})}}, transposed),
        row("conv_transpose2d, groups",
            [](const auto& x) { return xg::conv_transpose2d(x[0], x[1], {.stride = {2, 1}, .padding = {1, 2}, .output_padding = {1, 1}, .groups = 2, .dilation = 2}); },
            {{2, 1}, {1, 2}, {1, 2}, {2, 2}, {1, 1}, 2}, {{mixed({1, 4, 3, 4}), mixed({4, 1, 2, 3})}}, transposed),
        row("conv_transpose2d, depthwise", [](const auto& x) { return xg::conv_transpose2d(x[0], x[1], {.stride = 2, .groups = 3}); },
            {{2, 2}, {0, 0}, {0, 0}, {1, 1}, {0, 0}, 3}, {{mixed({2, 3, 3, 2}), mixed({3, 1, 2, 2})}}, transposed),
        row("conv_transpose3d", [](const auto& x) { return xg::conv_transpose3d(x[0], x[1], {.stride = 2, .padding = 1}); },
            {{2, 2, 2}, {1, 1, 1}, {1, 1, 1}, {1, 1, 1}}, {{mixed({1, 2, 2, 2, 3}), mixed({2, 1, 3, 2, 2})}}, transposed),
    });
}

TEST_CASE("convolution: an activation with the product") {
    const auto x = mixed({2, 2, 4, 5});
    const auto w = mixed({3, 2, 3, 3}), b = mixed({3});
    const auto options = xg::conv_options{.padding = 1};
    CHECK(xg::allclose(xg::conv2d(x, w, b, options, xg::relu), xg::relu(xg::conv2d(x, w, b, options))));
    CHECK(xg::allclose(xg::conv2d(x, w, b, options, xg::tanh), xg::tanh(xg::conv2d(x, w, b, options))));
    CHECK(xg::allclose(xg::conv2d(x, w, b, options, xg::square), xg::square(xg::conv2d(x, w, b, options))));
    const auto f = [&](const auto& x_, const auto& w_, const auto& b_) { return xg::conv2d(x_, w_, b_, options, xg::sigmoid); };
    CHECK(xg::gradcheck(f, std::tuple{x, w, b}));
    CHECK(xg::gradgradcheck(f, std::tuple{x, w, b}));
}

TEST_CASE("convolution: an image without an axis of images, and an empty batch") {
    const auto image = mixed({2, 4, 5}), w = mixed({3, 2, 3, 3});
    CHECK(xg::conv2d(image, w).shape() == xg::shape{3, 2, 3});
    const auto together = xg::conv2d(xg::tensor<double>{xg::reshape(image, {1, 2, 4, 5})}, w);
    CHECK(xg::array_equal(xg::conv2d(image, w), xg::tensor<double>{xg::reshape(together, {3, 2, 3})}));
    const auto none = xg::zeros<double>({0, 2, 4, 5});
    const auto [dw, db] = xg::grad([&](const auto& w_, const auto& b_) { return xg::sum(xg::conv2d(none, w_, b_)); })(w, mixed({3}));
    CHECK(xg::array_equal(dw, xg::zeros_like(w)));
    CHECK(xg::array_equal(db, xg::zeros<double>({3})));
}

TEST_CASE("convolution: errors name the sizes") {
    const auto x = xg::zeros<float>({2, 4, 5, 6});
    const auto kernel = [](int out, int in, int size) { return xg::zeros<float>({out, in, size, 1}); };
    CHECK_THROWS_WITH_AS(xg::conv2d(x, kernel(3, 4, 8), {.padding = 1}),
                         "[conv2d] the kernel, 8 elements, is larger than the input, 5 elements with padding 1 and 1", xg::shape_error);
    CHECK_THROWS_WITH_AS(xg::conv2d(x, kernel(3, 4, 4), {.dilation = 2}), doctest::Contains("together 7, is larger than the input, 5"), xg::shape_error);
    CHECK_THROWS_WITH_AS(xg::conv2d(x, kernel(3, 3, 1)), doctest::Contains("channels differ: x is (2, 4, 5, 6), weight is (3, 3, 1, 1)"), xg::shape_error);
    CHECK_THROWS_AS(xg::conv2d(x, kernel(3, 2, 1), {.groups = 2}), xg::shape_error);
    CHECK_THROWS_AS(xg::conv2d(x, kernel(3, 4, 1), xg::zeros<float>({2})), xg::shape_error);
    CHECK_THROWS_AS(xg::conv2d(x, kernel(3, 4, 0)), xg::shape_error);
    CHECK_THROWS_AS(xg::conv2d(x, kernel(3, 4, 1), {.stride = 0}), xg::value_error);
    CHECK_THROWS_AS(xg::conv2d(x, kernel(3, 4, 1), {.padding = -1}), xg::value_error);
    CHECK_THROWS_AS(xg::conv2d(x, kernel(3, 4, 1), {.stride = {1, 1, 1}}), xg::value_error);
    CHECK_THROWS_AS(xg::conv2d(x, kernel(3, 4, 1), {.groups = 0}), xg::value_error);
    constexpr auto vast = std::ptrdiff_t{1} << 62;   // four times this is 0 modulo 2^64
    CHECK_THROWS_WITH_AS(xg::conv2d(x, kernel(3, 4, 5), {.padding = 2, .dilation = vast}),
                         "[conv2d] dilation 4611686018427387904 reaches beyond what memory can hold", xg::value_error);
    CHECK_THROWS_AS(xg::conv2d(x, kernel(3, 4, 1), {.padding = std::numeric_limits<std::ptrdiff_t>::max()}), xg::value_error);
    CHECK_THROWS_AS(xg::conv_transpose2d(x, kernel(4, 4, 1), {.stride = vast}), xg::value_error);
    CHECK_THROWS_WITH_AS(xg::conv2d(x, kernel(3, 4, 2), {.stride = 2, .padding = xg::same}), doctest::Contains("stride 1"), xg::value_error);
    CHECK_THROWS_AS(xg::conv2d(xg::tensor<float>{x}, xg::tensor<float>{xg::zeros<float>({3, 4, 1})}), xg::rank_error);
    CHECK_THROWS_AS(xg::conv_transpose2d(x, kernel(3, 4, 1)), xg::shape_error);
    CHECK_THROWS_WITH_AS(xg::conv_transpose2d(x, kernel(4, 4, 2), {.stride = 2, .output_padding = 2}), doctest::Contains("less than the stride, 2"), xg::value_error);
    CHECK_THROWS_WITH_AS(xg::conv_transpose2d(x, kernel(4, 4, 2), {.padding = 3}), doctest::Contains("nothing is left along axis 2"), xg::shape_error);
}

TEST_CASE("convolution: no matrix of patches in memory") {
    // That of 64 channels of 56 x 56 under 3 x 3 is 7.2 MB.
    constexpr auto spare = std::size_t{4} << 20;
    const auto threads = xg::num_threads();
    xg::set_num_threads(1);
    auto x = xg::ones<float>({1, 64, 56, 56}).requires_grad(true), w = xg::ones<float>({64, 64, 3, 3}).requires_grad(true);
    xg::memory::release_unused();
    const auto before = xg::memory::stats().reserved;
    const auto y = xg::conv2d(x, w, {.padding = 1});
    const auto after = xg::memory::stats().reserved;
    CHECK(after - before < y.size() * sizeof(float) + spare);
    y.backward(y.detach());
    CHECK(xg::memory::stats().reserved - before < (y.size() + x.size() + w.size()) * sizeof(float) + spare);
    xg::set_num_threads(threads);
}

TEST_CASE("a summand is added in the registers of every way to convolve: the same numbers, to the bit") {
    struct sizes {
        std::size_t batch, in, out, height, width, kernel, groups;
    };
    // Few and many channels, rows of windows that fill vectors and that do not, one tap, depthwise, groups.
    for (const auto& s : {sizes{2, 3, 8, 9, 7, 3, 1}, {1, 64, 48, 7, 7, 3, 1}, {1, 16, 24, 14, 14, 3, 1}, {3, 5, 7, 33, 40, 5, 1}, {2, 24, 40, 11, 5, 1, 1},
                          {2, 12, 12, 10, 21, 3, 12}, {2, 8, 12, 6, 19, 3, 2}, {1, 300, 9, 8, 8, 3, 1}, {0, 3, 8, 9, 7, 3, 1}}) {
        const auto x = xg::randn<float>({s.batch, s.in, s.height, s.width});
        const auto weight = xg::randn<float>({s.out, s.in / s.groups, s.kernel, s.kernel});
        const auto bias = xg::randn<float>({s.out});
        const auto options = xg::conv_options{.padding = s.kernel / 2, .groups = s.groups};
        const auto y = xg::conv2d(x, weight, bias, options);
        const auto summand = xg::randn<float>(xg::shape(y.shape()));
        const auto with = xg::detail::conv_with_summand<xg::relu_fn, float>(2, x, weight, bias, summand, options);
        CAPTURE(s.in);
        CHECK(xg::array_equal(xg::tensor<float, 4>{with}, xg::relu(y + summand)));
    }
}
