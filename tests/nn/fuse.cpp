#include <doctest/doctest.h>

#include <xgrad/autograd/checkpoint.hpp>
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
#include <xgrad/ops/batch_norm.hpp>
#include <xgrad/ops/convolution.hpp>
#include <xgrad/ops/dropout.hpp>
#include <xgrad/ops/linalg.hpp>
#include <xgrad/ops/reduce.hpp>
#include <xgrad/ops/shape.hpp>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <sstream>
#include <string>
#include <string_view>
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

/// A layer of any kind in one type, so that there is one network type for all chains of them.
struct layer {
    std::string kind;
    xg::tensor<float> weight{}, bias{}, running_mean{}, running_var{};
    xg::conv_options conv{};
    xg::conv_transpose_options transposed{};

    XGRAD_MEMBERS(weight, bias, running_mean, running_var)

    xg::tensor<float> operator()(const xg::tensor<float>& x) const {
        if (kind == "conv1d") return xg::conv1d(x, weight, bias, conv);
        if (kind == "conv2d") return xg::conv2d(x, weight, bias, conv);
        if (kind == "conv3d") return xg::conv3d(x, weight, bias, conv);
        if (kind == "conv_transpose1d") return xg::conv_transpose1d(x, weight, bias, transposed);
        if (kind == "conv_transpose2d") return xg::conv_transpose2d(x, weight, bias, transposed);
        if (kind == "linear") return xg::linear(x, weight, bias);
        if (kind == "matmul") return xg::matmul(x, weight);
        if (kind == "matmul, transposed") return xg::matmul(x, weight, {.transpose_b = true});
        if (kind == "norm") return xg::batch_norm(x, running_mean, running_var, weight, bias);
        if (kind == "norm by the batch") return xg::batch_norm(x, {}, {}, weight, bias);
        if (kind == "dropout") return xg::dropout(x, {.training = false});
        if (kind == "relu") return xg::relu(x);
        if (kind == "sigmoid") return xg::sigmoid(x);
        return xg::tanh(x);
    }
};

struct chain {
    std::vector<layer> layers;

    xg::tensor<float> operator()(xg::tensor<float> x) const {
        for (const auto& each : layers) x = each(x);
        return x;
    }
};

layer with_weight(const std::string& kind, const xg::shape& sizes, std::size_t bias, const xg::conv_options& conv = {},
                  const xg::conv_transpose_options& transposed = {}) {
    auto made = layer{.kind = kind, .weight = xg::randn<float>(sizes), .conv = conv, .transposed = transposed};
    if (bias != 0) made.bias = xg::randn<float>({bias});
    return made;
}
layer norm(std::size_t channels, bool affine = true) {
    auto made = layer{.kind = "norm", .running_mean = xg::zeros<float>({channels}), .running_var = xg::ones<float>({channels})};
    if (affine) made.weight = xg::ones<float>({channels}), made.bias = xg::zeros<float>({channels});
    return made;
}

/// The names of the operations that are left of a chain.
std::vector<std::string> left_of(std::vector<layer> layers, const xg::shape& sizes) {
    const auto program = checked(chain{std::move(layers)}, xg::tensor<float>{xg::randn<float>(sizes)});
    auto names = std::vector<std::string>{};
    for (const auto& each : program.operations) names.push_back(each.name);
    return names;
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
    using names = std::vector<std::string>;
    const auto left = [](const layer& convolution, std::size_t channels, const xg::shape& sizes) {
        return left_of({convolution, norm(channels), {.kind = "dropout"}, {.kind = "tanh"}}, sizes);
    };
    CHECK(left(with_weight("conv1d", {6, 4, 3}, 6, {.padding = xg::same, .dilation = 2}), 6, {3, 4, 11}) == names{"conv1d"});
    CHECK(left(with_weight("conv1d", {6, 4, 3}, 0, {.padding = {{2, 1}}}), 6, {3, 4, 11}) == names{"conv1d"});
    CHECK(left(with_weight("conv3d", {3, 2, 2, 2, 2}, 3, {.stride = {1, 2, 3}}), 3, {2, 2, 4, 6, 9}) == names{"conv3d"});
    CHECK(left(with_weight("conv2d", {5, 3, 3, 2}, 5, {.stride = 3, .padding = {0, 1}}), 5, {2, 3, 10, 9}) == names{"conv2d"});
    CHECK(left(with_weight("conv2d", {8, 1, 3, 3}, 8, {.padding = 1, .groups = 8}), 8, {2, 8, 7, 7}) == names{"conv2d"});
    CHECK(left(with_weight("conv2d", {8, 1, 3, 3}, 0, {.stride = 2, .padding = 1, .groups = 4}), 8, {2, 4, 8, 8}) == names{"conv2d"});
    CHECK(left(with_weight("conv2d", {9, 2, 1, 1}, 9, {.groups = 3}), 9, {2, 6, 4, 4}) == names{"conv2d"});
    const auto transposed = [&](const std::string& kind, const xg::shape& weight, std::size_t bias, const xg::conv_transpose_options& by,
                                std::size_t channels, const xg::shape& sizes) {
        return left(with_weight(kind, weight, bias, {}, by), channels, sizes) == names{kind, "tanh"};
    };
    CHECK(transposed("conv_transpose2d", {4, 6, 3, 3}, 6, {.stride = 2, .padding = 1, .output_padding = 1}, 6, {2, 4, 5, 5}));
    CHECK(transposed("conv_transpose2d", {4, 3, 2, 2}, 0, {.stride = 2, .groups = 2}, 6, {2, 4, 5, 5}));
    CHECK(transposed("conv_transpose1d", {4, 1, 3}, 4, {.groups = 4}, 4, {2, 4, 5}));
}

TEST_CASE("linear layers take them, with and without a bias") {
    using names = std::vector<std::string>;
    CHECK(left_of({with_weight("linear", {4, 7}, 7), norm(7), {.kind = "sigmoid"}, {.kind = "dropout"}}, {6, 4}) == names{"linear"});
    CHECK(left_of({with_weight("matmul", {4, 7}, 0), norm(7, false), {.kind = "relu"}}, {6, 4}) == names{"linear"});
    CHECK(left_of({with_weight("matmul", {4, 7}, 0), {.kind = "relu"}}, {6, 4}) == names{"linear"});
    CHECK(left_of({with_weight("matmul", {4, 7}, 0), {.kind = "relu"}}, {2, 3, 4}) == names{"linear"});
    const auto in_double = nn::sequential{nn::linear<double>{4, 7}, nn::batch_norm1d<double>{7}, nn::linear<double>{7, 3}};
    CHECK(checked(in_double, xg::randn<double>({6, 4}), 1e-13).operations.size() == 2);

    // Features in the last axis, channels in the second: these are not the same.
    CHECK(left_of({with_weight("linear", {4, 5}, 5), norm(5)}, {2, 5, 4}) == names{"linear", "batch_norm"});
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
    using names = std::vector<std::string>;
    const auto convolution = with_weight("conv2d", {4, 3, 3, 3}, 4);
    const auto sizes = xg::shape{4, 3, 6, 6};
    CHECK(left_of({convolution, {.kind = "relu"}, norm(4), {.kind = "sigmoid"}}, sizes) == names{"conv2d", "batch_norm", "sigmoid"});
    CHECK(left_of({convolution, {.kind = "norm by the batch"}}, sizes) == names{"conv2d", "batch_norm"});
    CHECK(left_of({convolution, norm(4), norm(4), {.kind = "relu"}, {.kind = "sigmoid"}}, sizes) == names{"conv2d", "sigmoid"});
    CHECK(left_of({norm(3), convolution}, sizes) == names{"batch_norm", "conv2d"});
    CHECK(left_of({with_weight("matmul, transposed", {5, 4}, 0), norm(5), {.kind = "relu"}}, {6, 4}) == names{"matmul", "batch_norm", "relu"});

    auto flat = norm(4);
    flat.running_var.data()[2] = -1;   // whose root is NaN
    auto program = nn::fuse(chain{{convolution, flat}}, xg::tensor<float>{xg::randn<float>(sizes)});
    CHECK(count(program, "batch_norm") == 1);

    struct weight_computed {
        xg::tensor<float, 4> weight = xg::randn<float>({4, 3, 3, 3});
        nn::batch_norm2d<> normal{4};
        auto operator()(const xg::tensor<float, 4>& v) const { return normal(xg::conv2d(v, weight * 2)); }
    };
    CHECK(count(checked(weight_computed{}, xg::randn<float>(sizes)), "batch_norm") == 1);
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

    // Nor one with the name of a product, by a weight and in front of a relu.
    struct sum {
        xg::tensor<float, 2> weight = xg::randn<float>({3, 3});
        auto operator()(const xg::tensor<float, 2>& x) const {
            const auto add = xg::custom("matmul", [](const auto& a, const auto& b) { return a + b; },
                                        [](const auto& dy, const auto&, const auto&, const auto&) { return std::pair{dy, dy}; });
            return xg::relu(add(x, weight));
        }
    };
    CHECK(checked(sum{}, xg::randn<float>({3, 3})).operations.size() == 2);
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
    CHECK(count(program, "add") == 0);    // what goes around a block is added by its last convolution
    CHECK(count(program, "relu") == 0);
    nn::eval(net);
    for (const auto& sizes : std::vector<xg::shape>{{1, 3, 8, 8}, {7, 3, 8, 8}, {2, 3, 5, 12}, {7, 3, 8, 8}, {0, 3, 8, 8}}) {
        const auto x = xg::randn<float>(sizes);
        if (x.size() != 0) CHECK(agree(program(xg::tensor<float, 4>{x}), net(xg::tensor<float, 4>{x})));
        else CHECK(xg::shape(program(xg::tensor<float, 4>{x}).shape()) == xg::shape{0, 4});
    }
    for (auto batch = std::size_t{1}; batch < 40; ++batch) static_cast<void>(program(xg::randn<float>({batch, 3, 4, 4})));
    CHECK_THROWS_AS(program(xg::randn<float>({1, 4, 8, 8})), xg::shape_error);
}

TEST_CASE("sums go into a convolution that has nothing else to do, wherever the other summand comes from") {
    struct two {
        nn::conv2d<> a{4, 4, 3, {.padding = 1}}, b{4, 4, 1};
        int kind = 0;

        xg::tensor<float, 4> operator()(const xg::tensor<float, 4>& x) const {
            const auto h = a(x);
            switch (kind) {
            case 0: return xg::relu(h + b(x));            // both could
            case 1: return xg::tanh(xg::exp(x) + h);      // is made after the convolution
            case 2: return xg::sigmoid(x + h);            // an argument
            case 3: return h + xg::mean(x, {2, 3}, xg::keep_dims);
            case 4: return h + h;
            case 5: return h * 2 + (h + x);
            case 6: return xg::relu(h) + x;
            default: return (h + x) + b(x);
            }
        }
    };
    struct expected {
        std::size_t sums, operations;
    };
    const expected after[] = {{0, 2}, {0, 2}, {0, 1}, {1, 3}, {1, 2}, {2, 4}, {1, 2}, {0, 2}};
    const auto x = xg::randn<float>({2, 4, 6, 5});
    for (auto kind = 0; kind < 8; ++kind) {
        auto net = two{};
        net.kind = kind;
        const auto program = nn::fuse(net, x);
        CAPTURE(kind);
        CHECK(count(program, "add") == after[kind].sums);
        CHECK(program.operations.size() == after[kind].operations);
        CHECK(agree(program(x), net(x)));
        const auto direction = xg::randn<float>({2, 4, 6, 5});
        const auto weighed = [&](const auto& f) { return xg::grad([&](const auto& v) { return xg::sum(f(v) * direction); })(x); };
        CHECK(agree(weighed(program), weighed(net)));
    }
}

TEST_CASE("a batch norm behind a sum stays where it is") {
    struct before {
        nn::conv2d<> a{4, 4, 3, {.padding = 1}};
        nn::batch_norm2d<> norm{4};
        auto operator()(const xg::tensor<float, 4>& x) const { return norm(a(x) + x); }
    };
    auto net = before{};
    train_a_little(net);
    const auto x = xg::randn<float>({2, 4, 6, 5});
    const auto program = nn::fuse(net, x);
    CHECK(count(program, "batch_norm") == 1);
    nn::eval(net);
    CHECK(agree(program(x), net(x)));
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

TEST_CASE("a checkpoint runs as it is") {
    struct block {
        nn::conv2d<> conv{3, 4, 3};
        nn::batch_norm2d<> norm{4};
        auto operator()(const xg::tensor<float, 4>& x) const {
            return xg::checkpoint([this](const auto& v) { return norm(conv(v)); }, x);
        }
    };
    CHECK(count(checked(block{}, xg::randn<float>({2, 3, 5, 5})), "checkpoint") == 1);
}

TEST_CASE("what other threads draw while a network is fused does not come again") {
    struct beside {
        nn::linear<> fc{3, 2};
        auto operator()(const xg::tensor<float, 2>& x) const {
            std::thread{[] { static_cast<void>(xg::rand<float>({1})); }}.join();
            return fc(x);
        }
    };
    xg::manual_seed(4);
    static_cast<void>(xg::rand<float>({1}));
    const auto second = xg::rand<float>({1}).item();
    const auto net = beside{};
    xg::manual_seed(4);
    static_cast<void>(nn::fuse(net, xg::ones<float>({1, 3})));
    CHECK(xg::rand<float>({1}).item() == second);
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
