#include <doctest/doctest.h>

#include <xgrad/autograd/create.hpp>
#include <xgrad/autograd/custom.hpp>
#include <xgrad/autograd/functional.hpp>
#include <xgrad/autograd/gradcheck.hpp>
#include <xgrad/nn/attention.hpp>
#include <xgrad/nn/batch_norm.hpp>
#include <xgrad/nn/conv.hpp>
#include <xgrad/nn/conv_transpose.hpp>
#include <xgrad/nn/dropout.hpp>
#include <xgrad/nn/flatten.hpp>
#include <xgrad/nn/fuse.hpp>
#include <xgrad/nn/linear.hpp>
#include <xgrad/nn/lstm.hpp>
#include <xgrad/nn/pooling.hpp>
#include <xgrad/nn/residual.hpp>
#include <xgrad/nn/sequential.hpp>
#include <xgrad/ops/activation.hpp>
#include <xgrad/ops/arithmetic.hpp>
#include <xgrad/ops/convolution.hpp>
#include <xgrad/ops/linalg.hpp>
#include <xgrad/ops/reduce.hpp>
#include <xgrad/ops/shape.hpp>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <sstream>
#include <string>
#include <thread>
#include <utility>
#include <vector>

namespace xg = xgrad;
namespace nn = xgrad::nn;

namespace {

std::size_t count(const xg::program& of, const std::string& name) {
    return static_cast<std::size_t>(std::ranges::count(of.operations, name, &xg::program::operation::name));
}

/// Batch norms as training leaves them, and not as they begin.
template <class Module>
void train_a_little(Module& module) {
    nn::for_each_tensor([]<class T>(std::string_view name, xg::basic_tensor<T>& x) {
        if constexpr (xg::real<T>) {
            auto* const elements = x.data();
            const auto random = xg::rand<T>({x.size() + 1});
            if (name.ends_with("running_mean") || name.ends_with("bias"))
                for (auto i = std::size_t{0}; i < x.size(); ++i) elements[i] = random.data()[i] * T{2} - T{1};
            if (name.ends_with("running_var") || (name.ends_with("weight") && x.rank() == 1))
                for (auto i = std::size_t{0}; i < x.size(); ++i) elements[i] = random.data()[i] + T{1} / T{4};
        }
    }, module);
}

template <class T, std::size_t N, std::size_t M>
bool agree(const xg::tensor<T, N>& a, const xg::tensor<T, M>& b, double relative = 1e-5) {
    if (xg::shape(a.shape()) != xg::shape(b.shape())) return false;
    auto largest = 0.0, difference = 0.0;
    for (auto i = std::size_t{0}; i < a.size(); ++i) {
        largest = std::max(largest, std::abs(static_cast<double>(b.data()[i])));
        difference = std::max(difference, std::abs(static_cast<double>(a.data()[i] - b.data()[i])));
    }
    return difference <= relative * largest && largest > 0;
}

/// The program of a module with trained batch norms, once it has been seen to give what the module gives.
template <class Module, class X>
auto checked(Module module, const X& x, double relative = 1e-5) {
    train_a_little(module);
    auto program = nn::fuse(module, x);
    nn::eval(module);
    CHECK(agree(program(x), module(x), relative));
    return program;
}

}  // namespace

TEST_CASE("a batch norm and a relu go into the convolution in front of them") {
    const auto net = nn::sequential{nn::conv2d<>{3, 8, 3, {.stride = 2, .padding = 1}}, nn::batch_norm2d<>{8}, xg::relu,
                                    nn::conv2d<>{8, 5, {3, 2}, {.bias = false}}, nn::batch_norm2d<>{5}};
    const auto program = checked(net, xg::randn<float>({2, 3, 9, 10}));
    CHECK(xg::to_string(program) ==
          "program(a0: float32 (2, 3, 9, 10))\n"
          "    constant c3: float32 (8, 3, 3, 3)\n"
          "    constant c4: float32 (8,)\n"
          "    constant c5: float32 (5, 8, 3, 2)\n"
          "    constant c6: float32 (5,)\n"
          "    v1: float32 (2, 8, 5, 5) = conv2d(x=a0, weight=c3, bias=c4, stride=(2, 2), padding=(1, 1), dilation=(1, 1), groups=1, "
          "in=(9, 10), out=(5, 5), activation=relu)\n"
          "    v2: float32 (2, 5, 3, 4) = conv2d(x=v1, weight=c5, bias=c6, stride=(1, 1), padding=(0, 0), dilation=(1, 1), groups=1, "
          "in=(5, 5), out=(3, 4), activation=none)\n"
          "    return v2\n");
}

TEST_CASE("convolutions of every kind take them") {
    const auto operations = [](const auto& layer, const auto& norm, const xg::shape& sizes, std::size_t expected) {
        const auto x = xg::randn<float>(sizes);
        const auto program = checked(nn::sequential{layer, norm, xg::tanh}, x);
        CHECK(program.operations.size() == expected);
        CHECK(count(program, "batch_norm") == 0);
    };
    operations(nn::conv1d<>{4, 6, 3, {.padding = xg::same, .dilation = 2}}, nn::batch_norm1d<>{6}, {3, 4, 11}, 1);
    operations(nn::conv1d<>{4, 6, 3, {.padding = {{2, 1}}}}, nn::batch_norm1d<>{6}, {3, 4, 11}, 1);
    operations(nn::conv3d<>{2, 3, 2, {.stride = {1, 2, 3}}}, nn::batch_norm3d<>{3}, {2, 2, 4, 6, 9}, 1);
    operations(nn::conv2d<>{8, 8, 3, {.padding = 1, .groups = 8}}, nn::batch_norm2d<>{8}, {2, 8, 7, 7}, 1);
    operations(nn::conv2d<>{4, 8, 3, {.stride = 2, .padding = 1, .groups = 4}}, nn::batch_norm2d<>{8}, {2, 4, 8, 8}, 1);
    operations(nn::conv2d<>{6, 9, 1, {.groups = 3}}, nn::batch_norm2d<>{9, {.affine = false}}, {2, 6, 4, 4}, 1);
    operations(nn::conv_transpose2d<>{4, 6, 3, {.stride = 2, .padding = 1, .output_padding = 1}}, nn::batch_norm2d<>{6}, {2, 4, 5, 5}, 2);
    operations(nn::conv_transpose2d<>{4, 6, 2, {.stride = 2, .groups = 2, .bias = false}}, nn::batch_norm2d<>{6}, {2, 4, 5, 5}, 2);
    operations(nn::conv_transpose1d<>{4, 4, 3, {.groups = 4}}, nn::batch_norm1d<>{4}, {2, 4, 5}, 2);
}

TEST_CASE("linear layers take them, with and without a bias") {
    const auto x = xg::randn<float>({6, 4});
    for (const auto bias : {true, false}) {
        const auto program = checked(nn::sequential{nn::linear<>{4, 7, {.bias = bias}}, nn::batch_norm1d<>{7}, xg::sigmoid, nn::dropout{0.5}}, x);
        CHECK(program.operations.size() == 1);
        CHECK(program.operations[0].name == "linear");
    }
    struct plain {
        nn::linear<> fc{4, 7, {.bias = false}};
        auto operator()(const xg::tensor<float, 2>& v) const { return xg::relu(fc(v)); }
    };
    CHECK(checked(plain{}, x).operations.size() == 1);
    const auto in_double = nn::sequential{nn::linear<double>{4, 7}, nn::batch_norm1d<double>{7}, nn::linear<double>{7, 3}};
    CHECK(checked(in_double, xg::randn<double>({6, 4}), 1e-13).operations.size() == 2);

    // Features in the last axis, channels in the second: these are not the same.
    struct sequence {
        nn::linear<> fc{4, 5};
        nn::batch_norm1d<> norm{5};
        auto operator()(const xg::tensor<float, 3>& v) const { return norm(fc(v)); }
    };
    CHECK(count(checked(sequence{}, xg::randn<float>({2, 5, 4})), "batch_norm") == 1);
}

TEST_CASE("what is used elsewhere stays as it is") {
    struct forked {
        nn::conv2d<> conv{3, 4, 3, {.padding = 1}};
        nn::batch_norm2d<> norm{4};
        auto operator()(const xg::tensor<float, 4>& x) const {
            const auto y = conv(x);
            return norm(y) + y;
        }
    };
    const auto x = xg::randn<float>({2, 3, 6, 6});
    CHECK(count(checked(forked{}, x), "batch_norm") == 1);

    struct returned {
        nn::conv2d<> conv{3, 4, 3};
        nn::batch_norm2d<> norm{4};
        auto operator()(const xg::tensor<float, 4>& v) const {
            const auto y = conv(v), z = norm(y);
            return std::pair{y, z};
        }
    };
    auto both = returned{};
    train_a_little(both);
    const auto program = nn::fuse(both, x);
    nn::eval(both);
    CHECK(count(program, "batch_norm") == 1);
    CHECK(agree(program(x).first, both(x).first));
    CHECK(agree(program(x).second, both(x).second));

    struct kept_before_relu {
        nn::conv2d<> conv{3, 4, 3};
        nn::batch_norm2d<> norm{4};
        auto operator()(const xg::tensor<float, 4>& v) const {
            const auto y = norm(conv(v));
            return xg::relu(y) + y;
        }
    };
    const auto folded = checked(kept_before_relu{}, x);
    CHECK(count(folded, "batch_norm") == 0);
    CHECK(count(folded, "relu") == 1);
}

TEST_CASE("what is no constant, or comes after an activation, is not folded") {
    const auto x = xg::randn<float>({4, 3, 6, 6});
    const auto after_relu = nn::sequential{nn::conv2d<>{3, 4, 3}, xg::relu, nn::batch_norm2d<>{4}, xg::sigmoid};
    const auto program = checked(after_relu, x);
    CHECK(count(program, "batch_norm") == 1);
    CHECK(count(program, "sigmoid") == 1);
    const auto by_batch = nn::sequential{nn::conv2d<>{3, 4, 3}, nn::batch_norm2d<>{4, {.track_running_stats = false}}};
    CHECK(count(checked(by_batch, x), "batch_norm") == 1);
    const auto twice = nn::sequential{nn::conv2d<>{3, 4, 3}, nn::batch_norm2d<>{4}, nn::batch_norm2d<>{4}, xg::relu, xg::sigmoid};
    CHECK(checked(twice, x).operations.size() == 2);

    struct weight_computed {
        xg::tensor<float, 4> weight = xg::randn<float>({4, 3, 3, 3});
        nn::batch_norm2d<> norm{4};
        auto operator()(const xg::tensor<float, 4>& v) const { return norm(xg::conv2d(v, weight * 2)); }
    };
    CHECK(count(checked(weight_computed{}, x), "batch_norm") == 1);

    struct other_products {
        nn::batch_norm1d<> norm{5};
        xg::tensor<float, 2> turned = xg::randn<float>({5, 4});
        auto operator()(const xg::tensor<float, 2>& v) const { return xg::relu(norm(xg::matmul(v, turned, {.transpose_b = true}))); }
    };
    CHECK(checked(other_products{}, xg::randn<float>({6, 4})).operations.size() == 3);
}

TEST_CASE("an operation of one's own with the name of an activation is not mistaken for it") {
    struct own {
        nn::conv2d<> conv{3, 4, 3};
        auto operator()(const xg::tensor<float, 4>& x) const {
            const auto shifted = xg::custom("relu", [](const auto& v) { return v + 1; }, [](const auto& dy, const auto&, const auto&) { return dy; });
            return shifted(conv(x));
        }
    };
    CHECK(checked(own{}, xg::randn<float>({2, 3, 5, 5})).operations.size() == 2);
}

TEST_CASE("one convolution with two batch norms") {
    struct shared {
        nn::conv2d<> conv{3, 3, 3, {.padding = 1}};
        std::vector<nn::batch_norm2d<>> norms{nn::batch_norm2d<>{3}, nn::batch_norm2d<>{3}};
        auto operator()(const xg::tensor<float, 4>& x) const { return norms[1](conv(xg::relu(norms[0](conv(x))))); }
    };
    CHECK(checked(shared{}, xg::randn<float>({2, 3, 6, 6})).operations.size() == 2);
}

TEST_CASE("residual networks of any batch and any size") {
    const auto block = [](std::size_t channels) {
        return nn::residual{nn::sequential{nn::conv2d<>{channels, channels, 3, {.padding = 1, .bias = false}}, nn::batch_norm2d<>{channels}, xg::relu,
                                           nn::conv2d<>{channels, channels, 3, {.padding = 1, .bias = false}}, nn::batch_norm2d<>{channels}}};
    };
    auto net = nn::sequential{nn::conv2d<>{3, 8, 3, {.padding = 1}}, nn::batch_norm2d<>{8}, xg::relu, block(8), xg::relu, block(8), xg::relu,
                              nn::adaptive_avg_pool2d{1}, nn::flatten{}, nn::linear<>{8, 4}};
    train_a_little(net);
    const auto program = nn::fuse(net, xg::randn<float>({1, 3, 8, 8}));
    CHECK(count(program, "batch_norm") == 0);
    CHECK(count(program, "conv2d") == 5);
    nn::eval(net);
    for (const auto& sizes : std::vector<xg::shape>{{1, 3, 8, 8}, {7, 3, 8, 8}, {2, 3, 5, 12}, {7, 3, 8, 8}, {0, 3, 8, 8}}) {
        const auto x = xg::randn<float>(sizes);
        if (x.size() != 0) CHECK(agree(program(xg::tensor<float, 4>{x}), net(xg::tensor<float, 4>{x})));
        else CHECK(xg::shape(program(xg::tensor<float, 4>{x}).shape()) == xg::shape{0, 4});
    }
    for (auto batch = std::size_t{1}; batch < 40; ++batch) static_cast<void>(program(xg::randn<float>({batch, 3, 4, 4})));
    CHECK_THROWS_AS(program(xg::randn<float>({1, 4, 8, 8})), xg::shape_error);
}

TEST_CASE("a fused network owns its weights, and leaves the module as it is") {
    auto scale = xg::ones<float>({4});
    auto net = nn::sequential{nn::conv2d<>{3, 4, 3}, nn::batch_norm2d<>{4}, xg::relu, nn::dropout{0.5}, nn::flatten{},
                              [scale](const auto& x) { return xg::tensor<float>{xg::reshape(x, {-1, 4})} * scale; }};
    train_a_little(net);
    const auto x = xg::randn<float>({2, 3, 4, 4}), other = xg::randn<float>({3, 3, 6, 5});
    const auto before = nn::clone(net);
    xg::manual_seed(4);
    const auto expected = xg::rand<float>({1}).item();
    xg::manual_seed(4);
    const auto program = nn::fuse(net, x);
    const auto y = program(x), z = program(other);
    CHECK(xg::rand<float>({1}).item() == expected);
    CHECK(net.get<1>().training);
    CHECK(net.get<0>().weight.requires_grad());
    CHECK(!net.get<0>().weight.has_grad());
    CHECK(xg::array_equal(net.get<1>().running_mean, before.get<1>().running_mean));
    CHECK(net.get<1>().num_batches_tracked.item() == 0);
    CHECK(!y.requires_grad());

    static_cast<void>(net(x));   // a step of training: the statistics move
    net.get<0>().weight.data()[0] += 1;
    scale.data()[0] = 3;
    CHECK(xg::array_equal(program(x), y));
    CHECK(xg::array_equal(program(other), z));
    const auto another = xg::randn<float>({5, 3, 6, 5});
    auto reference = before;
    nn::eval(reference);
    scale.data()[0] = 1;
    const auto w = reference(another);
    scale.data()[0] = 3;
    CHECK(agree(program(another), w));
}

TEST_CASE("a fused network runs from several threads") {
    auto net = nn::sequential{nn::conv2d<>{3, 8, 3, {.padding = 1}}, nn::batch_norm2d<>{8}, xg::relu, nn::conv2d<>{8, 4, 3}, nn::batch_norm2d<>{4}};
    train_a_little(net);
    const auto program = nn::fuse(net, xg::randn<float>({1, 3, 8, 8}));
    nn::eval(net);
    auto inputs = std::vector<xg::tensor<float, 4>>{};
    auto expected = std::vector<xg::tensor<float, 4>>{};
    for (auto i = std::size_t{0}; i < 4; ++i) {
        inputs.push_back(xg::randn<float>({1 + i % 3, 3, 8, 8}));
        expected.push_back(program(inputs.back()));
    }
    const auto fresh = nn::fuse(net, inputs[0]);
    auto same = std::vector<int>(4, 1);
    auto threads = std::vector<std::thread>{};
    for (auto i = std::size_t{0}; i < 4; ++i)
        threads.emplace_back([&, i] {
            for (auto turn = 0; turn < 20; ++turn) {
                const auto& y = expected[i];
                const auto made = fresh(inputs[i]);
                for (auto k = std::size_t{0}; k < y.size(); ++k)
                    if (made.data()[k] != y.data()[k]) same[i] = 0;
            }
        });
    for (auto& each : threads) each.join();
    CHECK(same == std::vector<int>(4, 1));
}

TEST_CASE("a fused network prints, draws, differentiates by its input, and is captured in its turn") {
    const auto net = nn::sequential{nn::linear<double>{3, 4}, nn::batch_norm1d<double>{4}, xg::tanh};
    const auto x = xg::randn<double>({5, 3});
    const auto program = checked(net, x, 1e-13);
    auto stream = std::ostringstream{};
    stream << program;
    CHECK(stream.str() == xg::to_string(program));
    CHECK(xg::to_dot(program).find("linear") != std::string::npos);
    const auto f = [&](const auto& v) { return xg::sum(program(v)); };
    CHECK(xg::gradcheck(f, x));
    CHECK(xg::capture(f, x).operations.size() == 2);
}

TEST_CASE("results with names, and networks of other parts, pass through") {
    auto net = nn::lstm<>{3, 4, {.layers = 2, .dropout = 0.5}};
    const auto x = xg::randn<float>({2, 5, 3}), longer = xg::randn<float>({3, 7, 3});
    const auto program = nn::fuse(net, x);
    nn::eval(net);
    CHECK(agree(program(x).output, net(x).output));
    CHECK(agree(program(longer).c_n, net(longer).c_n));
    static_cast<void>(checked(nn::multihead_attention<>{8, 2}, xg::randn<float>({2, 5, 8})));
}

TEST_CASE("what cannot be captured says so") {
    struct branching {
        nn::linear<> fc{3, 1};
        auto operator()(const xg::tensor<float, 2>& x) const {
            const auto y = fc(x);
            return y(0, 0) > 0 ? y : xg::tensor<float, 2>{y * 2};
        }
    };
    CHECK_THROWS_AS(nn::fuse(branching{}, xg::ones<float>({1, 3})), xg::autograd_error);
}
