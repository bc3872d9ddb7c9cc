// Networks in evaluation whose images lie in blocks of channels.
#include <doctest/doctest.h>

#include <xgrad/autograd/capture.hpp>
#include <xgrad/autograd/create.hpp>
#include <xgrad/autograd/functional.hpp>
#include <xgrad/autograd/no_grad.hpp>
#include <xgrad/core/parallel.hpp>
#include <xgrad/nn/conv.hpp>
#include <xgrad/nn/flatten.hpp>
#include <xgrad/nn/fuse.hpp>
#include <xgrad/nn/linear.hpp>
#include <xgrad/nn/pooling.hpp>
#include <xgrad/nn/sequential.hpp>
#include <xgrad/ops/activation.hpp>
#include <xgrad/ops/arithmetic.hpp>
#include <xgrad/ops/convolution.hpp>
#include <xgrad/ops/pooling.hpp>
#include <xgrad/ops/reduce.hpp>
#include <xgrad/ops/shape.hpp>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <limits>
#include <string>
#include <utility>
#include <vector>

namespace xg = xgrad;
namespace nn = xgrad::nn;

namespace {

bool is_blocked(const xg::program::operation& of) {
    return std::ranges::any_of(of.attributes, [](const auto& each) { return each.name == "channels"; });
}
std::size_t blocked(const xg::program& of) { return static_cast<std::size_t>(std::ranges::count_if(of.operations, is_blocked)); }
std::size_t count(const xg::program& of, const std::string& name) {
    return static_cast<std::size_t>(std::ranges::count(of.operations, name, &xg::program::operation::name));
}

template <class T, std::size_t N, std::size_t M>
double difference(const xg::tensor<T, N>& a, const xg::tensor<T, M>& b) {
    if (xg::shape(a.shape()) != xg::shape(b.shape())) return std::numeric_limits<double>::infinity();
    auto largest = 0.0, apart = 0.0;
    for (auto i = std::size_t{0}; i < a.size(); ++i) {
        largest = std::max(largest, std::abs(static_cast<double>(b.data()[i])));
        apart = std::max(apart, std::abs(static_cast<double>(a.data()[i] - b.data()[i])));
    }
    return apart / largest;
}

/// What reads convolutions of 32 channels, in ways that take blocks and in others.
struct reader {
    std::string kind;
    nn::conv2d<> a{32, 32, 3, {.padding = 1}}, b{32, 32, 3, {.padding = 1}}, grouped{32, 32, 3, {.padding = 1, .groups = 4}}, odd{32, 9, 3};

    xg::tensor<float, 4> operator()(const xg::tensor<float, 4>& x) const {
        const auto h = a(x);
        if (kind == "convolution") return b(h);
        if (kind == "around") return xg::relu(b(h) + h);
        if (kind == "around, from the argument") return xg::relu(b(h) + x);
        if (kind == "groups") return b(grouped(h));
        if (kind == "odd channels") return odd(b(h));
        if (kind == "pool") return b(xg::max_pool2d(h, 3, {.stride = 2, .padding = 1}));
        if (kind == "pool alone") return xg::max_pool2d(h, 2);
        if (kind == "average") return b(xg::avg_pool2d(h, 2));
        if (kind == "both") return b(h) + xg::exp(h) + xg::tanh(h);
        if (kind == "sigmoid") return b(xg::sigmoid(a(xg::relu(h))));
        return h;
    }
};

}  // namespace

TEST_CASE("images lie in blocks of channels where that saves something, whatever reads them") {
    struct expected {
        std::string kind;
        std::size_t blocked, reordered;   // operations whose result lies in blocks; orders that were changed
    };
    const expected all[] = {{"alone", 0, 0}, {"convolution", 2, 1}, {"around", 2, 1}, {"around, from the argument", 2, 2}, {"groups", 0, 0},
                            {"odd channels", 2, 1}, {"pool", 3, 1}, {"pool alone", 2, 1}, {"average", 0, 0}, {"both", 2, 3}, {"sigmoid", 0, 0}};
    const auto recording = xg::no_grad{};
    for (const auto& each : all) {
        auto net = reader{};
        net.kind = each.kind;
        CAPTURE(each.kind);
        const auto program = nn::fuse(net, xg::randn<float>({2, 32, 9, 7}));
        CHECK(blocked(program) == each.blocked);
        CHECK(count(program, "channels_in_planes") + count(program, "channels_in_blocks") == each.reordered);
        for (const auto& sizes : std::vector<xg::shape>{{2, 32, 9, 7}, {1, 32, 20, 33}, {5, 32, 4, 4}}) {
            const auto x = xg::tensor<float, 4>{xg::randn<float>(sizes)};
            CHECK(difference(program(x), net(x)) < 1e-5);
        }
    }
}

TEST_CASE("whoever follows what is computed finds the operations that everyone knows") {
    auto net = reader{};
    net.kind = "pool";
    const auto x = xg::randn<float>({2, 32, 9, 7});
    const auto program = nn::fuse(net, x);
    CHECK(blocked(program) == 3);
    CHECK(blocked(xg::capture([&](const auto& v) { return program(v); }, x)) == 0);
    const auto slope = [&](const auto& f) { return xg::grad([&](const auto& v) { return xg::sum(f(v) * f(v)); })(x); };
    CHECK(difference(slope(program), slope(net)) < 1e-4);
    const auto guard = xg::no_grad{};
    CHECK(difference(program(x), net(x)) < 1e-5);
}

TEST_CASE("in one and three dimensions, and in double") {
    const auto line = nn::sequential{nn::conv1d<double>{5, 16, 15, {.stride = 2, .padding = 7}}, xg::relu, nn::max_pool1d{3, {.stride = 2, .padding = 1}},
                                     nn::conv1d<double>{16, 24, 4, {.dilation = 2}}, nn::flatten{}};
    const auto sound = xg::randn<double>({3, 5, 70});
    const auto first = nn::fuse(line, sound);
    CHECK(blocked(first) == 3);
    CHECK(difference(first(sound), line(sound)) < 1e-13);
    const auto space = nn::sequential{nn::conv3d<float>{3, 16, 3, {.padding = 1}}, nn::max_pool3d{2}, nn::conv3d<float>{16, 32, 2}, xg::relu};
    const auto volume = xg::randn<float>({2, 3, 6, 7, 8});
    const auto second = nn::fuse(space, volume);
    CHECK(blocked(second) == 3);
    CHECK(difference(second(volume), space(volume)) < 1e-5);
}

TEST_CASE("the largest of windows in blocks: padding, minus infinity, NaN") {
    auto net = reader{};
    net.kind = "pool";
    const auto recording = xg::no_grad{};
    auto x = xg::randn<float>({2, 32, 9, 7});
    const auto program = nn::fuse(net, x);
    for (const auto special : {-std::numeric_limits<float>::infinity(), std::numeric_limits<float>::quiet_NaN(), std::numeric_limits<float>::infinity()}) {
        auto changed = xg::randn<float>({2, 32, 9, 7});
        changed.data()[100] = special;
        CAPTURE(special);
        const auto y = program(changed), wanted = net(changed);
        auto same = true;
        for (auto i = std::size_t{0}; i < y.size(); ++i) {
            const auto a = y.data()[i], b = wanted.data()[i];
            same = same && (std::isfinite(b) ? std::abs(a - b) <= 1e-5f * std::abs(b) + 1e-4f : std::isnan(b) ? std::isnan(a) : a == b);
        }
        CHECK(same);
    }
}

TEST_CASE("the same bits on any number of threads") {
    const auto recording = xg::no_grad{};
    const auto net = nn::sequential{nn::conv2d<>{32, 64, 3, {.padding = 1}}, xg::relu, nn::conv2d<>{64, 256, 1}, nn::max_pool2d{2}, nn::conv2d<>{256, 64, 3}};
    const auto before = xg::num_threads();
    for (const auto& sizes : std::vector<xg::shape>{{1, 32, 30, 31}, {5, 32, 8, 9}}) {
        const auto x = xg::tensor<float, 4>{xg::randn<float>(sizes)};
        const auto program = nn::fuse(net, x);
        CHECK(blocked(program) == 4);
        xg::set_num_threads(1);
        const auto alone = program(x);
        xg::set_num_threads(3);
        const auto shared = program(x);
        CHECK(std::equal(alone.data(), alone.data() + alone.size(), shared.data()));
    }
    xg::set_num_threads(before);
}

namespace {

/// Two values of the images go on from here, one of them twice; another network has a summand that is a constant.
struct branches {
    nn::conv2d<> first{8, 32, 3, {.padding = 1}}, second{32, 32, 3, {.padding = 1}}, third{32, 16, 3, {.padding = 1, .groups = 2}};
    xg::tensor<float> constant{};

    xg::tensor<float, 2> operator()(const xg::tensor<float, 4>& x) const {
        const auto a = xg::relu(first(x));
        auto b = xg::relu(second(a) + a);
        if (constant.defined()) b = b + xg::tensor<float, 4>{constant};
        const auto c = xg::max_pool2d(third(b), 2);
        return xg::mean(a, {2, 3}) + xg::mean(b, {2, 3}) * xg::mean(c);
    }
};

}  // namespace

TEST_CASE("a batch goes in parts through the operations that treat each image by itself, with the same bits on any number of threads") {
    const auto recording = xg::no_grad{};
    const auto before = xg::num_threads();
    auto net = branches{};
    for (const auto batch : {std::size_t{1}, std::size_t{37}, std::size_t{64}}) {
        const auto x = xg::tensor<float, 4>{xg::randn<float>({batch, 8, 40, 40})};
        for (const auto with_constant : {false, true}) {
            net.constant = xg::tensor<float>{};
            if (with_constant) net.constant = xg::randn<float>({batch, 32, 40, 40});
            const auto program = nn::fuse(net, x);
            CHECK(count(program, "image_parts") == (batch == 1 ? 0 : 1));
            xg::set_num_threads(1);
            const auto alone = program(x);
            CHECK(difference(alone, net(x)) < 1e-5);
            for (const auto threads : {2, 3, 50}) {
                xg::set_num_threads(threads);
                const auto shared = program(x);
                CHECK(std::equal(alone.data(), alone.data() + alone.size(), shared.data()));
            }
        }
    }
    xg::set_num_threads(before);
}
