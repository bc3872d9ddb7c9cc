// Convolutions and their derivatives against loops over everything, over random sizes.
#include <doctest/doctest.h>

#include <xgrad/core/parallel.hpp>
#include <xgrad/kernels/conv.hpp>
#include <xgrad/kernels/channel_blocks.hpp>
#include <xgrad/kernels/conv_backward.hpp>
#include <xgrad/kernels/conv_blocked.hpp>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <random>
#include <string>
#include <vector>

namespace {

using namespace xgrad::kernels;

struct sizes_of_test : convolution {
    std::size_t x() const { return batch * groups * in * over.in(); }
    std::size_t w() const { return groups * out * depth(); }
    std::size_t y() const { return batch * groups * out * over.out(); }
};

std::size_t between(std::mt19937& random, std::size_t low, std::size_t high) { return low + random() % (high - low + 1); }

sizes_of_test random_sizes(std::mt19937& random, int number) {
    auto of = sizes_of_test{};
    const auto many = number % 5 == 0, usual = number % 4 == 3;   // usual: three taps side by side, each channel alone or not
    of.batch = between(random, 0, 3);
    of.groups = many ? 1 : between(random, 1, 3);
    of.in = number % 8 == 3 ? 1 : between(random, 1, many ? 70 : 3);
    of.out = between(random, 1, number % 7 == 0 ? 70 : 4);
    for (auto a = between(random, 0, 2); a < 3; ++a) {
        auto& axis = of.over.axes[a];
        axis = {.in = between(random, 1, a == 2 && number % 3 == 0 ? 70 : 12), .kernel = between(random, 1, 4), .stride = between(random, 1, 3),
                .dilation = between(random, 1, 3), .out = 0, .before = static_cast<std::ptrdiff_t>(between(random, 0, 5))};
        if (usual) axis.kernel = 3, axis.stride = axis.dilation = 1;
        const auto length = axis.in + static_cast<std::size_t>(axis.before), reach = (axis.kernel - 1) * axis.dilation + 1;
        const auto after = between(random, 0, 5) + (reach > length ? reach - length : 0);
        axis.out = (length + after - reach) / axis.stride + 1;
    }
    return of;
}

/// Calls f(element of x, of w, of y) for each product that is part of the convolution.
template <class F>
void for_each_product(const convolution& of, const F& f) {
    const auto& [a, b, c] = of.over.axes;
    for (auto n = std::size_t{0}; n < of.batch * of.groups; ++n)
        for (auto o = std::size_t{0}; o < of.out; ++o)
            for (auto p = std::size_t{0}; p < of.over.out(); ++p)
                for (auto k = std::size_t{0}; k < of.depth(); ++k) {
                    const auto tap = k % of.over.taps();
                    const auto place = std::array{p / c.out / b.out, p / c.out % b.out, p % c.out};
                    const auto taps = std::array{tap / c.kernel / b.kernel, tap / c.kernel % b.kernel, tap % c.kernel};
                    auto at = std::size_t{0};
                    auto inside = true;
                    for (auto i = std::size_t{0}; i < 3; ++i) {
                        const auto& axis = of.over.axes[i];
                        const auto element = static_cast<std::ptrdiff_t>(place[i] * axis.stride + taps[i] * axis.dilation) - axis.before;
                        inside = inside && element >= 0 && element < static_cast<std::ptrdiff_t>(axis.in);
                        at = at * axis.in + static_cast<std::size_t>(element);
                    }
                    if (inside)
                        f((n * of.in + k / of.over.taps()) * of.over.in() + at, (n % of.groups * of.out + o) * of.depth() + k,
                          (n * of.out + o) * of.over.out() + p);
                }
}

std::string text(const sizes_of_test& of) {
    auto result = std::to_string(of.batch) + " images, " + std::to_string(of.groups) + " groups, " + std::to_string(of.in) + " to " + std::to_string(of.out);
    for (const auto& each : of.over.axes)
        result += "; " + std::to_string(each.in) + " by " + std::to_string(each.kernel) + " stride " + std::to_string(each.stride) + " dilation " +
                  std::to_string(each.dilation) + " before " + std::to_string(each.before) + " gives " + std::to_string(each.out);
    return result;
}

template <class T>
std::vector<T> random_numbers(std::mt19937& random, std::size_t count) {
    auto numbers = std::vector<T>(count);
    std::ranges::generate(numbers, [&] { return static_cast<T>(random() % 2001) / 1000 - 1; });
    return numbers;
}

template <class T>
bool agree(const std::vector<T>& got, const std::vector<double>& wanted) {
    const auto allowed = sizeof(T) == 4 ? 2e-4 : 1e-11;
    for (auto i = std::size_t{0}; i < got.size(); ++i)
        if (!(std::abs(static_cast<double>(got[i]) - wanted[i]) <= allowed)) return false;
    return true;
}

template <class T>
struct operands {
    sizes_of_test of;
    std::vector<T> x, w, y, of_x, of_w, of_y;   ///< the last three are results

    operands(std::mt19937& random, const sizes_of_test& sizes)
        : of{sizes}, x{random_numbers<T>(random, of.x())}, w{random_numbers<T>(random, of.w())}, y{random_numbers<T>(random, of.y())},
          of_x(of.x(), T{7}), of_w(of.w(), T{7}), of_y(of.y(), T{7}) {}
    /// Whether the results are those of loops over everything.
    void compare() {
        run();
        auto sum_x = std::vector<double>(x.size()), sum_w = std::vector<double>(w.size()), sum_y = std::vector<double>(y.size());
        for_each_product(of, [&](std::size_t i, std::size_t k, std::size_t o) {
            sum_y[o] += static_cast<double>(x[i]) * static_cast<double>(w[k]);
            sum_x[i] += static_cast<double>(y[o]) * static_cast<double>(w[k]);
            sum_w[k] += static_cast<double>(y[o]) * static_cast<double>(x[i]);
        });
        CAPTURE(text(of));
        CHECK(agree(of_y, sum_y));
        CHECK(agree(of_x, sum_x));
        CHECK(agree(of_w, sum_w));
    }
    void run() {
        convolve<T>(of, x.data(), w.data(), of_y.data(), [](const auto& sum, auto...) { return sum; });
        convolve_input<T>(of, w.data(), y.data(), nullptr, of_x.data());
        convolve_weight<T>(of, x.data(), y.data(), of_w.data());
    }
};

}  // namespace

TEST_CASE_TEMPLATE("convolution: values and derivatives, over random sizes in one, two and three dimensions", T, float, double) {
    auto random = std::mt19937{1};
    for (auto number = 0; number < 150; ++number) {
        operands<T>{random, random_sizes(random, number)}.compare();
    }
}

TEST_CASE_TEMPLATE("convolution: windows of one element, with any stride", T, float, double) {
    auto random = std::mt19937{4};
    for (auto number = 0; number < 60; ++number) {
        auto of = random_sizes(random, number);
        for (auto& axis : of.over.axes) {
            axis.kernel = 1;
            axis.before = 0;
            axis.out = between(random, 1, (axis.in - 1) / axis.stride + 1);
        }
        REQUIRE(of.over.is_pointwise());
        operands<T>{random, of}.compare();
    }
}

namespace {

/// Twice w * x, in blocks, from x in either order, taken back to planes.
template <class T>
std::vector<T> in_blocks(const operands<T>& from, channel_order order) {
    const auto& of = from.of;
    auto turned = std::vector<T>(xgrad::kernels::detail::turned_size<T>(of)), x = from.x, y = std::vector<T>(of.y(), T{7}), result = y;
    turn_for_blocks(of, order, from.w.data(), turned.data());
    if (order == channel_order::blocks) order_in_blocks(of.batch * of.in, of.over.in(), from.x.data(), x.data());
    convolve_in_blocks(of, order, x.data(), turned.data(), y.data(), [&](std::size_t channel) {
        REQUIRE(channel % xgrad::simd::width<T> == 0);
        return [&, channel](const auto& sum, std::size_t element) {
            REQUIRE(element / (of.over.out() * xgrad::simd::width<T>) % (of.out / xgrad::simd::width<T>) == channel / xgrad::simd::width<T>);
            return decltype(sum + sum)(sum + sum);
        };
    });
    order_in_planes(of.batch * of.out, of.over.out(), y.data(), result.data());
    return result;
}

}  // namespace

TEST_CASE_TEMPLATE("convolution in blocks of channels: values, over random sizes, from planes and blocks, on any number of threads", T, float, double) {
    constexpr auto width = xgrad::simd::width<T>;
    auto random = std::mt19937{5};
    for (auto number = 0; number < 120; ++number) {
        auto sizes = random_sizes(random, number);
        sizes.groups = 1;
        sizes.out = width * between(random, 1, number % 6 == 0 ? 11 : 3);
        if (number % 2 == 0) sizes.in = width * between(random, 1, 5);
        if (number % 5 == 1)
            for (auto& axis : sizes.over.axes) axis = {.in = axis.in, .stride = axis.stride, .out = between(random, 1, (axis.in - 1) / axis.stride + 1)};
        const auto from = operands<T>{random, sizes};
        CAPTURE(text(sizes));
        auto twice = std::vector<double>(sizes.y());
        for_each_product(sizes, [&](std::size_t i, std::size_t k, std::size_t o) { twice[o] += 2 * static_cast<double>(from.x[i]) * static_cast<double>(from.w[k]); });
        const auto before = xgrad::num_threads();
        for (const auto order : {channel_order::planes, channel_order::blocks}) {
            if (order == channel_order::blocks && sizes.in % width != 0) continue;
            xgrad::set_num_threads(1);
            const auto alone = in_blocks(from, order);
            CHECK(agree(alone, twice));
            xgrad::set_num_threads(3);
            CHECK(in_blocks(from, order) == alone);
        }
        xgrad::set_num_threads(before);
    }
}

TEST_CASE("convolution: a weight larger than the second-level cache") {
    auto random = std::mt19937{3};
    auto of = sizes_of_test{};
    of.in = 260, of.out = 250;
    for (auto i = std::size_t{1}; i < 3; ++i) of.over.axes[i] = {.in = 7, .kernel = 3, .out = 7, .before = 1};
    operands<double>{random, of}.compare();
}

TEST_CASE_TEMPLATE("convolution: the same bits on any number of threads", T, float, double) {
    auto random = std::mt19937{2};
    for (const auto& [batch, groups, in, out, size, kernel] :
         {std::array<std::size_t, 6>{1, 1, 40, 33, 30, 3}, {5, 1, 3, 32, 17, 3}, {1, 1, 64, 48, 9, 1}, {3, 16, 1, 1, 31, 3}, {2, 2, 9, 20, 25, 5}, {1, 2, 130, 150, 7, 3}, {1, 1, 20, 520, 5, 2}}) {
        auto of = sizes_of_test{};
        of.batch = batch, of.groups = groups, of.in = in, of.out = out;
        for (auto i = std::size_t{1}; i < 3; ++i) of.over.axes[i] = {.in = size, .kernel = kernel, .out = size, .before = static_cast<std::ptrdiff_t>(kernel / 2)};
        auto all = operands<T>{random, of};
        const auto usual = xgrad::num_threads();
        xgrad::set_num_threads(1);
        all.run();
        const auto alone = all;
        for (const auto threads : {2, 3, 7}) {
            xgrad::set_num_threads(threads);
            all.run();
            CHECK(all.of_y == alone.of_y);
            CHECK(all.of_x == alone.of_x);
            CHECK(all.of_w == alone.of_w);
        }
        xgrad::set_num_threads(usual);
    }
}
