#include <doctest/doctest.h>

#include <support/last_row.hpp>

#include <xgrad/autograd/create.hpp>
#include <xgrad/autograd/gradcheck.hpp>
#include <xgrad/nn/module.hpp>
#include <xgrad/nn/summary.hpp>
#include <xgrad/nn/transformer_decoder.hpp>
#include <xgrad/nn/transformer_encoder.hpp>
#include <xgrad/ops/activation.hpp>
#include <xgrad/ops/arithmetic.hpp>
#include <xgrad/ops/narrow.hpp>
#include <xgrad/ops/split.hpp>

#include <algorithm>
#include <cstddef>
#include <string>
#include <string_view>
#include <tuple>
#include <vector>

namespace xg = xgrad;
namespace nn = xgrad::nn;

namespace {

void check_close(const auto& a, const auto& b) {
    REQUIRE(xg::shape(a.shape()) == xg::shape(b.shape()));
    for (auto i = std::size_t{0}; i < a.size(); ++i) CHECK(a.data()[i] == doctest::Approx(b.data()[i]));
}

template <class Module>
std::vector<std::string> names_of(const Module& module) {
    auto names = std::vector<std::string>{};
    nn::for_each_tensor([&](std::string_view name, const auto&) { names.emplace_back(name); }, module);
    return names;
}

}  // namespace

TEST_CASE("transformer_encoder_layer: PyTorch's names") {
    CHECK(names_of(nn::transformer_encoder_layer<>{4, 2, {.feedforward = 6}}) ==
          std::vector<std::string>{"self_attn.in_proj_weight", "self_attn.in_proj_bias", "self_attn.out_proj.weight", "self_attn.out_proj.bias",
                                   "linear1.weight", "linear1.bias", "linear2.weight", "linear2.bias", "norm1.weight", "norm1.bias",
                                   "norm2.weight", "norm2.bias"});
    const auto names = names_of(nn::transformer_decoder<>{2, 4, 2, {.feedforward = 6, .final_norm = true}});
    CHECK(names.size() == 2 * 18 + 2);
    CHECK(names[4] == "layers.0.multihead_attn.in_proj_weight");
    CHECK(names.back() == "norm.bias");
    auto transposed = std::size_t{0};
    const auto stack = nn::transformer_encoder<>{1, 4, 2, {.feedforward = 6}};
    nn::for_each_transposed([&](std::string_view name, const auto&) { transposed += name.starts_with("layers.0."); }, stack);
    CHECK(transposed == 4);
}

TEST_CASE("transformer_encoder_layer: what it is made of, norms behind and in front") {
    const auto x = xg::randn<double>({2, 3, 4});
    auto layer = nn::transformer_encoder_layer<double, xg::gelu_fn>{4, 2, {.feedforward = 6}};
    nn::eval(layer);
    const auto h = layer.norm1(xg::tensor<double, 3>{x + layer.self_attn(x, {.causal = true})});
    check_close(layer(x, {.causal = true}), layer.norm2(xg::tensor<double, 3>{h + layer.linear2(xg::gelu(layer.linear1(h)))}));
    layer.norm_first = true;
    const auto g = xg::tensor<double, 3>{x + layer.self_attn(layer.norm1(x))};
    check_close(layer(x), xg::tensor<double, 3>{g + layer.linear2(xg::gelu(layer.linear1(layer.norm2(g))))});
}

TEST_CASE("transformer_decoder_layer: attention to itself and to the memory") {
    const auto x = xg::randn<double>({2, 3, 4}), memory = xg::randn<double>({2, 5, 4});
    auto layer = nn::transformer_decoder_layer<double>{4, 2, {.feedforward = 6, .dropout = 0.5}};
    CHECK_FALSE(std::ranges::equal(layer(x, memory).span(), layer(x, memory).span()));
    nn::eval(layer);
    auto there = xg::ones<bool>({2, 5});
    there(1, 4) = false;
    const auto h = layer.norm1(xg::tensor<double, 3>{x + layer.self_attn(x, {.causal = true})});
    const auto g = layer.norm2(xg::tensor<double, 3>{h + layer.multihead_attn(h, memory, memory, {.keep_keys = there})});
    check_close(layer(x, memory, {.causal = true}, {.keep_keys = there}),
                layer.norm3(xg::tensor<double, 3>{g + layer.linear2(xg::relu(layer.linear1(g)))}));
    CHECK(nn::summary(layer).find("multihead_attn.in_proj_weight") != std::string::npos);
}

TEST_CASE("transformer_encoder: a stack, with caches as without") {
    auto net = nn::transformer_encoder<double>{2, 8, 2, {.feedforward = 6, .final_norm = true, .rotary = xg::rotary_options{}}};
    nn::eval(net);
    const auto x = xg::randn<double>({2, 4, 8});
    const auto whole = net(x, {.causal = true});
    auto caches = std::vector<nn::kv_cache<double>>{};
    for (auto t = std::size_t{0}; t < 4; ++t) check_close(net(xg::narrow(x, t, 1, 1), caches), xg::narrow(whole, t, 1, 1));
    CHECK(caches.size() == 2);
    CHECK_THROWS_AS(net(x, {.cache = &caches[0]}), xg::value_error);
    CHECK(last_row(nn::summary(net, {2, 4, 8})).find("(2, 4, 8)") != std::string::npos);
}

TEST_CASE("transformer_decoder: a stack, with caches as without") {
    for (const auto norm_first : {false, true}) {
        auto net = nn::transformer_decoder<double>{
            2, 8, 2, {.feedforward = 6, .norm_first = norm_first, .final_norm = true, .rotary = xg::rotary_options{}}};
        nn::eval(net);
        const auto x = xg::randn<double>({2, 5, 8}), memory = xg::randn<double>({2, 3, 8});
        auto there = xg::ones<bool>({2, 3});
        there(1, 2) = false;
        const auto whole = net(x, memory, {.causal = true}, {.keep_keys = there});
        auto caches = std::vector<nn::kv_cache<double>>{};
        // Two steps at once, then one at a time.
        check_close(net(xg::narrow(x, 0, 2, 1), memory, caches, {.causal = true}, {.keep_keys = there}), xg::narrow(whole, 0, 2, 1));
        for (auto t = std::size_t{2}; t < 5; ++t)
            check_close(net(xg::narrow(x, t, 1, 1), memory, caches, {.causal = true}, {.keep_keys = there}), xg::narrow(whole, t, 1, 1));
        CHECK(caches.size() == 2);
        CHECK(caches[1].length() == 5);
        CHECK_THROWS_AS(net(x, memory, {.cache = &caches[0]}), xg::value_error);
        CHECK_THROWS_AS(net(x, memory, {}, {.cache = &caches[0]}), xg::value_error);
        caches.pop_back();
        CHECK_THROWS_AS(net(x, memory, caches), xg::value_error);
    }
}

TEST_CASE("transformer: gradients") {
    auto encoder = nn::transformer_encoder<double, xg::gelu_fn>{1, 4, 2, {.feedforward = 3, .norm_first = true, .final_norm = true}};
    auto decoder = nn::transformer_decoder<double, xg::gelu_fn>{1, 4, 2, {.feedforward = 3}};
    nn::eval(encoder);
    nn::eval(decoder);
    const auto f = [&](const auto& x, const auto& memory) { return decoder(x, encoder(memory), {.causal = true}); };
    CHECK(xg::gradcheck(f, std::tuple{xg::randn<double>({2, 2, 4}), xg::randn<double>({2, 3, 4})}));
}
