#include <doctest/doctest.h>

#include <support/last_row.hpp>

#include <xgrad/autograd/checkpoint.hpp>
#include <xgrad/autograd/create.hpp>
#include <xgrad/nn/attention.hpp>
#include <xgrad/nn/batch_norm.hpp>
#include <xgrad/nn/conv.hpp>
#include <xgrad/nn/freeze.hpp>
#include <xgrad/nn/linear.hpp>
#include <xgrad/nn/lstm.hpp>
#include <xgrad/nn/sequential.hpp>
#include <xgrad/nn/summary.hpp>
#include <xgrad/ops/activation.hpp>
#include <xgrad/ops/arithmetic.hpp>
#include <xgrad/ops/convolution.hpp>
#include <xgrad/ops/dot.hpp>
#include <xgrad/ops/einsum.hpp>
#include <xgrad/ops/linalg.hpp>
#include <xgrad/ops/math.hpp>
#include <xgrad/ops/pooling.hpp>
#include <xgrad/ops/reduce.hpp>
#include <xgrad/ops/shape.hpp>
#include <xgrad/ops/tensordot.hpp>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <random>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

namespace xg = xgrad;
namespace nn = xgrad::nn;

TEST_CASE("a summary names every parameter, its shape and its size") {
    const auto net = nn::sequential{nn::linear<>{784, 512}, xg::relu, nn::linear<>{512, 10, {.bias = false}}};
    const auto table = std::string{"parameter  shape       elements\n"
                                   "0.weight   (784, 512)    401408\n"
                                   "0.bias     (512,)           512\n"
                                   "2.weight   (512, 10)       5120\n"
                                   "all                      407040\n"};
    CHECK(nn::summary(net) == table);
}

TEST_CASE("a summary with an input has the layers as they are called") {
    const auto net = nn::sequential{nn::linear<>{784, 512}, xg::relu, nn::linear<>{512, 10}};
    const auto table = std::string{"layer  operations    output     parameters  multiply-adds\n"
                                   "input                (32, 784)\n"
                                   "0      linear, relu  (32, 512)      401920       12845056\n"
                                   "2      linear        (32, 10)         5130         163840\n"
                                   "all                  (32, 10)       407050       13008896\n"};
    CHECK(nn::summary(net, {32, 784}) == table);
    CHECK(nn::summary(net, xg::zeros<float>({32, 784})) == table);

    struct convolutional {
        nn::conv2d<> conv1{1, 8, 3, {.padding = 1}};
        nn::batch_norm2d<> bn1{8};
        nn::conv2d<> conv2{8, 16, 3, {.groups = 2, .bias = false}};
        nn::linear<> fc{16 * 5 * 5, 10};
        nn::linear<> unused{3, 3};
        auto operator()(const xg::tensor<float>& x) const {
            return fc(xg::flatten(conv2(xg::max_pool2d(xg::relu(bn1(conv1(x))), 2), xg::relu), 1));
        }
    };
    auto part_frozen = convolutional{};
    nn::freeze(part_frozen.conv1);
    CHECK(nn::summary(part_frozen, {4, 1, 14, 14}) == "layer   operations        output          parameters  multiply-adds\n"
                                                      "input                     (4, 1, 14, 14)\n"
                                                      "conv1   conv2d            (4, 8, 14, 14)          80          56448\n"
                                                      "bn1     batch_norm        (4, 8, 14, 14)          16\n"
                                                      "        relu, max_pool2d  (4, 8, 7, 7)\n"
                                                      "conv2   conv2d, relu      (4, 16, 5, 5)          576          57600\n"
                                                      "        flatten           (4, 400)\n"
                                                      "fc      linear            (4, 10)               4010          16000\n"
                                                      "unused  (not called)                              12\n"
                                                      "all                       (4, 10)               4694         130048\n");
}

TEST_CASE("layers that share tensors count them once") {
    auto net = nn::sequential{nn::linear<>{8, 8}, xg::relu, nn::linear<>{8, 8}, xg::relu, nn::linear<>{8, 8}};
    net.get<2>() = net.get<0>();
    net.get<4>().weight = net.get<0>().weight;
    CHECK(nn::summary(net, {1, 8}) == "layer  operations    output  parameters  multiply-adds\n"
                                      "input                (1, 8)\n"
                                      "0      linear, relu  (1, 8)          72             64\n"
                                      "2      linear, relu  (1, 8)                         64  shared with 0.weight, 0.bias\n"
                                      "4      linear        (1, 8)           8             64  shared with 0.weight\n"
                                      "all                  (1, 8)          80            192\n");

    struct again {
        nn::linear<> first{8, 8}, second{8, 8};
        auto operator()(const xg::tensor<float>& x) const { return first(second(first(x))); }
    };
    CHECK(nn::summary(again{}, {1, 8}) == "layer   operations  output  parameters  multiply-adds\n"
                                          "input               (1, 8)\n"
                                          "first   linear      (1, 8)          72             64\n"
                                          "second  linear      (1, 8)          72             64\n"
                                          "first   linear      (1, 8)                         64  again\n"
                                          "all                 (1, 8)         144            192\n");
}

TEST_CASE("a checkpoint shows what is in it") {
    struct saving {
        nn::linear<> first{4, 4}, second{4, 2};
        auto operator()(const xg::tensor<float, 2>& x) const {
            return xg::checkpoint([this](const xg::tensor<float, 2>& v) { return second(xg::exp(first(v))); }, x);
        }
    };
    CHECK(nn::summary(saving{}, xg::ones<float>({3, 4})) == "layer   operations  output  parameters  multiply-adds\n"
                                                            "input               (3, 4)\n"
                                                            "first   linear      (3, 4)          20             48\n"
                                                            "        exp         (3, 4)\n"
                                                            "second  linear      (3, 2)          10             24\n"
                                                            "all                 (3, 2)          30             72\n");
}

TEST_CASE("the last row has the shape of what comes out, of several results the first") {
    const auto out = [](const auto& f) {
        const auto row = last_row(nn::summary(f, {4, 3}));
        const auto from = row.find('('), to = row.find(')');
        return from == std::string::npos ? std::string{} : row.substr(from, to - from + 1);
    };
    struct two {
        xg::tensor<float> transposed, same;
    };
    struct named {
        std::string name;
        xg::tensor<float> output;
    };
    using input = xg::tensor<float>;
    CHECK(out([](const input& x) { return xg::sum(x); }) == "()");
    CHECK(out([](const input& x) { return std::pair{xg::transpose(x), x}; }) == "(3, 4)");
    CHECK(out([](const input& x) { return std::vector{xg::transpose(x), x}; }) == "(3, 4)");
    CHECK(out([](const input& x) { return std::tuple{std::vector{std::array{xg::transpose(x), x}}, x}; }) == "(3, 4)");
    CHECK(out([](const input& x) { return named{"transposed", xg::transpose(x)}; }) == "(3, 4)");
    CHECK(out([](const input&) { return std::vector<input>{}; }).empty());
    CHECK(out([](const input& x) { return two{xg::transpose(x), x}; }).empty());
}

TEST_CASE("a recurrent layer by itself is one row, however many steps there are") {
    const auto rows = [](const std::string& table) { return std::ranges::count(table, '\n'); };
    const auto layer = nn::lstm<>{3, 5, {.layers = 2, .bidirectional = true}};
    const auto table = nn::summary(layer, {4, 7, 3});
    CHECK(rows(table) == 4);   // the head, the input, the layer, and all
    CHECK(table.find("(4, 7, 10)") < table.rfind("(4, 7, 10)"));   // in the layer's row, too, whatever its last operation gave
    CHECK(table.find("again") == std::string::npos);
    CHECK(table.find("(not called)") == std::string::npos);
    CHECK(rows(nn::summary(nn::sequential{nn::linear<>{3, 3}, xg::relu, nn::linear<>{3, 2}}, {4, 3})) == 5);
}

TEST_CASE("products of every kind have their multiply-adds") {
    const auto count = [](const auto& f, const xg::shape& sizes) {
        const auto table = nn::summary(f, sizes);
        return std::stoul(table.substr(table.find_last_of(' ')));
    };
    struct one {
        xg::tensor<float> w;
        std::size_t kind;
        auto operator()(const xg::tensor<float>& x) const {
            const auto y = [&]() -> xg::tensor<float> {
                switch (kind) {
                case 0: return xg::matmul(x, w, {.transpose_a = true});
                case 1: return xg::matmul(x, w, {.transpose_b = true});
                case 2: return xg::einsum("bij,jk->bik", x, w);
                case 3: return xg::einsum("...j,jk", x, w);
                case 4: return xg::tensordot(x, w, {-1}, {0});
                case 5: return xg::conv_transpose2d(x, w, {.stride = 2});
                case 6: return xg::conv1d(x, w, {.padding = 1});
                case 8: return xg::matmul(xg::einsum("ij->ji", x), w);
                case 9: return xg::einsum("...ij, ...jk -> ik", x, w);
                case 10: return xg::outer(xg::flatten(x), xg::flatten(w));
                default: return xg::dot(xg::flatten(x), xg::flatten(w));
                }
            }();
            return y;
        }
    };
    CHECK(count(one{xg::ones<float>({5, 3}), 0}, {5, 7}) == 7 * 3 * 5);
    CHECK(count(one{xg::ones<float>({3, 7}), 1}, {5, 7}) == 5 * 3 * 7);
    CHECK(count(one{xg::ones<float>({3, 2}), 10}, {5, 7}) == 5 * 7 * 3 * 2);
    CHECK(count(one{xg::ones<float>({4, 3}), 2}, {2, 5, 4}) == 2 * 5 * 3 * 4);
    CHECK(count(one{xg::ones<float>({4, 3}), 3}, {2, 5, 4}) == 2 * 5 * 3 * 4);
    CHECK(count(one{xg::ones<float>({4, 3}), 4}, {2, 5, 4}) == 2 * 5 * 3 * 4);
    CHECK(count(one{xg::ones<float>({3, 4, 2, 2}), 5}, {2, 3, 5, 5}) == 2 * 3 * 25 * 4 * 4);
    CHECK(count(one{xg::ones<float>({4, 3, 3}), 6}, {2, 3, 9}) == 2 * 4 * 9 * 3 * 3);
    CHECK(count(one{xg::ones<float>({6}), 7}, {6}) == 6);
    CHECK(count(one{xg::ones<float>({5, 3}), 8}, {5, 7}) == 7 * 3 * 5);
    CHECK(count(one{xg::ones<float>({6, 4, 3}), 9}, {2, 1, 5, 4}) == 5 * 3 * 4 * 2 * 6);
    CHECK(count(nn::lstm<>{16, 32, {.layers = 2}}, {4, 7, 16}) == 4 * 7 * (16 + 3 * 32) * 128);
    const auto attention = nn::multihead_attention<>{8, 2};
    CHECK(count(attention, {3, 5, 8}) == 3 * 5 * (8 * 24 + 8 * 8) + 2 * 3 * 2 * 5 * 5 * 4);
}

TEST_CASE("a summary says what is shared") {
    struct net {
        std::vector<nn::linear<>> layers = std::vector<nn::linear<>>(2, nn::linear<>{4, 4});
        nn::linear<> decoder{4, 4, {.bias = false}};
        xg::tensor<float, 2> average;
        xg::tensor<std::int64_t, 0> steps{0};
    };
    auto module = net{};
    module.decoder.weight = module.layers[0].weight;
    module.average = module.decoder.weight.detach();
    CHECK(nn::summary(module) == "parameter        shape   elements\n"
                                 "layers.0.weight  (4, 4)        16\n"
                                 "layers.0.bias    (4,)           4\n"
                                 "layers.1.weight  (4, 4)            shared with layers.0.weight\n"
                                 "layers.1.bias    (4,)              shared with layers.0.bias\n"
                                 "decoder.weight   (4, 4)            shared with layers.0.weight\n"
                                 "average          (4, 4)            shared with layers.0.weight\n"
                                 "steps            ()        buffer\n"
                                 "all                            20\n");
}

TEST_CASE("a summary with a shape leaves everything as it was") {
    struct normalised {
        xg::tensor<float, 1> mean = xg::zeros<float>({3});
        bool training = true;
        int calls = 0;
        std::mt19937 engine;

        auto operator()(const xg::tensor<float, 2>& x) {
            ++calls;
            engine();
            *mean.data() += 1;   // running statistics, kept by whoever forgets to look at `training`
            return training ? xg::tensor<float>{x} : xg::tensor<float>{x + xg::randn<float>({2, 3})};
        }
    };
    auto net = normalised{};
    const auto engine = net.engine;
    xg::manual_seed(4);
    const auto expected = xg::rand<float>({1}).item();
    xg::manual_seed(4);
    CHECK(nn::summary(net, {2, 3}).find("(2, 3)") != std::string::npos);
    CHECK(xg::rand<float>({1}).item() == expected);
    CHECK(net.training);
    CHECK(net.calls == 0);
    CHECK(net.engine == engine);
    CHECK(net.mean(0) == 0);

    struct training_only {
        bool training = true;
        auto operator()(const xg::tensor<float>& x) const {
            if (training) xg::fail<xg::value_error>("training_only", "called while training");
            return x;
        }
    };
    auto only = training_only{};
    CHECK(nn::summary(only, {5}).find("input              (5,)") != std::string::npos);
    CHECK(only.training);
}
