#include <doctest/doctest.h>

#include <support/last_row.hpp>

#include <xgrad/autograd/capture.hpp>
#include <xgrad/autograd/create.hpp>
#include <xgrad/autograd/gradcheck.hpp>
#include <xgrad/nn/attention.hpp>
#include <xgrad/nn/module.hpp>
#include <xgrad/nn/positional.hpp>
#include <xgrad/nn/summary.hpp>
#include <xgrad/ops/arithmetic.hpp>
#include <xgrad/ops/narrow.hpp>
#include <xgrad/ops/reduce.hpp>
#include <xgrad/ops/split.hpp>

#include <algorithm>
#include <cmath>
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

}  // namespace

TEST_CASE("multihead_attention: names, shapes, what it begins with") {
    const auto layer = nn::multihead_attention<>{8, 2};
    auto names = std::vector<std::string>{}, transposed = std::vector<std::string>{};
    nn::for_each_tensor([&](std::string_view name, const auto&) { names.emplace_back(name); }, layer);
    nn::for_each_transposed([&](std::string_view name, const auto&) { transposed.emplace_back(name); }, layer);
    CHECK(names == std::vector<std::string>{"in_proj_weight", "in_proj_bias", "out_proj.weight", "out_proj.bias"});
    CHECK(transposed == std::vector<std::string>{"in_proj_weight", "out_proj.weight"});
    CHECK(xg::shape(layer.in_proj_weight.shape()) == xg::shape{8, 24});
    CHECK(std::ranges::all_of(layer.in_proj_weight.span(), [](float w) { return std::fabs(w) <= std::sqrt(6.0f / 32); }));
    CHECK(layer.out_proj.bias(3) == 0);
    CHECK(layer.in_proj_bias(3) == 0);
    CHECK_THROWS_AS((nn::multihead_attention<>{8, 3}), xg::value_error);
    CHECK(last_row(nn::summary(layer, {2, 3, 8})).find("(2, 3, 8)") != std::string::npos);
}

TEST_CASE("multihead_attention: the formula, written out") {
    const auto layer = nn::multihead_attention<double>{4, 2};
    const auto x = xg::randn<double>({1, 3, 4}), other = xg::randn<double>({1, 5, 4});
    const auto y = layer(x, other, other);
    const auto project = [&](const auto& from, std::size_t row, std::size_t column) {
        auto sum = layer.in_proj_bias(column);
        for (auto i = std::size_t{0}; i < 4; ++i) sum += from(0, row, i) * layer.in_proj_weight(i, column);
        return sum;
    };
    for (auto l = std::size_t{0}; l < 3; ++l) {
        double joined[4];
        for (auto c = std::size_t{0}; c < 4; ++c) {
            const auto head = c / 2;
            auto sum = 0.0, weights = 0.0;
            for (auto s = std::size_t{0}; s < 5; ++s) {
                auto score = 0.0;
                for (auto i = std::size_t{0}; i < 2; ++i) score += project(x, l, 2 * head + i) * project(other, s, 4 + 2 * head + i);
                const auto weight = std::exp(score / std::sqrt(2.0));
                sum += weight * project(other, s, 8 + c);
                weights += weight;
            }
            joined[c] = sum / weights;
        }
        for (auto o = std::size_t{0}; o < 4; ++o) {
            auto sum = layer.out_proj.bias(o);
            for (auto c = std::size_t{0}; c < 4; ++c) sum += joined[c] * layer.out_proj.weight(c, o);
            CHECK(y(0, l, o) == doctest::Approx(sum));
        }
    }
    check_close(layer(x), layer(x, x, x));
}

TEST_CASE("multihead_attention: masks") {
    const auto layer = nn::multihead_attention<double>{4, 2};
    const auto x = xg::randn<double>({2, 3, 4});
    auto there = xg::ones<bool>({2, 3});
    there(1, 1) = there(1, 2) = false;
    const auto y = layer(x, {.keep_keys = there});
    const auto alone = xg::narrow(xg::narrow(x, 1, 1, 0), 0, 1, 1);
    check_close(xg::narrow(xg::narrow(y, 1, 1, 0), 0, 1, 1), layer(alone));

    auto lower = xg::zeros<bool>({3, 3});
    for (auto i = std::size_t{0}; i < 3; ++i)
        for (auto j = std::size_t{0}; j <= i; ++j) lower(i, j) = true;
    check_close(layer(x, {.keep = lower}), layer(x, {.causal = true}));
    check_close(layer(x, {.keep = xg::ones<bool>({2, 3, 3})}), layer(x));
    check_close(layer(x, {.keep = lower, .keep_keys = there}), layer(x, {.keep_keys = there, .causal = true}));
    CHECK_FALSE(std::ranges::equal(layer(x, {.bias = xg::randn<double>({2, 3, 3})}).span(), layer(x).span()));
    CHECK_THROWS_AS(layer(x, {.keep_keys = xg::ones<bool>({3})}), xg::rank_error);

    // A query that sees nothing gives the bias of the projection, and its gradient is finite.
    auto leaf = x.clone().requires_grad(true);
    const auto blind = layer(leaf, {.keep = xg::zeros<bool>({3, 3})});
    CHECK(blind(1, 2, 3) == layer.out_proj.bias(3));
    xg::sum(blind).backward();
    CHECK(std::ranges::all_of(leaf.grad().span(), [](double d) { return d == 0; }));
}

TEST_CASE("multihead_attention: captured with a cache it is an error, for a program remembers nothing") {
    const auto layer = nn::multihead_attention<double>{8, 2};
    auto cache = nn::kv_cache<double>{};
    const auto x = xg::randn<double>({2, 5, 8});
    CHECK_THROWS_WITH_AS(xg::capture([&](const auto& v) { return layer(v, {.causal = true, .cache = &cache}); }, x),
                         doctest::Contains("capture it without a cache"), xg::autograd_error);
    CHECK(cache.length() == 0);
}

TEST_CASE("multihead_attention: with a cache as without") {
    for (const auto rotary : {false, true}) {
        auto options = nn::multihead_attention_options{};
        if (rotary) options.rotary = xg::rotary_options{};
        const auto layer = nn::multihead_attention<double>{8, 2, options};
        const auto x = xg::randn<double>({2, 5, 8});
        const auto whole = layer(x, {.causal = true});
        auto cache = nn::kv_cache<double>{};
        check_close(layer(xg::narrow(x, 0, 2, 1), {.causal = true, .cache = &cache}), xg::narrow(whole, 0, 2, 1));
        CHECK(cache.length() == 2);
        for (auto t = std::size_t{2}; t < 5; ++t)
            check_close(layer(xg::narrow(x, t, 1, 1), {.causal = true, .cache = &cache}), xg::narrow(whole, t, 1, 1));
    }
}

TEST_CASE("multihead_attention: a cache is of one batch") {
    const auto layer = nn::multihead_attention<double>{4, 2};
    auto cache = nn::kv_cache<double>{};
    layer(xg::ones<double>({2, 1, 4}), {.causal = true, .cache = &cache});
    CHECK_THROWS_WITH_AS(layer(xg::ones<double>({3, 1, 4}), {.causal = true, .cache = &cache}),
                         "[nn::kv_cache] there are keys (2, 2, 1, 2), the new ones are (3, 2, 1, 2); they differ in length alone: each run through "
                         "sequences has a cache of its own", xg::shape_error);
    CHECK(cache.length() == 1);
}

TEST_CASE("multihead_attention: keys and values of other widths, no bias, dropout, gradients") {
    const auto other = nn::multihead_attention<double>{4, 2, {.bias = false, .kdim = 3, .vdim = 5}};
    CHECK(nn::parameters(other)[1].name() == "k_proj_weight");
    CHECK(nn::parameters(other).size() == 4);
    const auto q = xg::randn<double>({1, 2, 4}), k = xg::randn<double>({1, 3, 3}), v = xg::randn<double>({1, 3, 5});
    CHECK(xg::gradcheck([&](const auto& a, const auto& b, const auto& c) { return other(a, b, c); }, std::tuple{q, k, v}));

    const auto layer = nn::multihead_attention<double>{4, 2};
    const auto f = [&](const auto& x, const auto& weight, const auto& bias) {
        auto own = layer;
        own.in_proj_weight = weight;
        own.in_proj_bias = bias;
        return own(x, {.causal = true});
    };
    CHECK(xg::gradcheck(f, std::tuple{xg::randn<double>({2, 3, 4}), layer.in_proj_weight, layer.in_proj_bias}));

    auto dropping = nn::multihead_attention<double>{4, 2, {.dropout = 0.5}};
    const auto x = xg::randn<double>({1, 6, 4});
    CHECK_FALSE(std::ranges::equal(dropping(x).span(), dropping(x).span()));
    nn::eval(dropping);
    CHECK(std::ranges::equal(dropping(x).span(), dropping(x).span()));
}

TEST_CASE("positional encodings: from any position on") {
    const auto x = xg::randn<double>({2, 5, 4});
    const auto y = nn::sinusoidal_encoding{}(x);
    CHECK(y(1, 3, 2) == doctest::Approx(x(1, 3, 2) + std::sin(3.0 / 100)));
    CHECK(y(1, 3, 3) == doctest::Approx(x(1, 3, 3) + std::cos(3.0 / 100)));
    check_close(nn::sinusoidal_encoding{}(xg::narrow(x, 2, 3, 1), 2), xg::narrow(y, 2, 3, 1));
    const auto turned = nn::rotary_encoding{}(x);
    CHECK(turned(0, 2, 0) == doctest::Approx(x(0, 2, 0) * std::cos(2.0) - x(0, 2, 1) * std::sin(2.0)));
    check_close(nn::rotary_encoding{}(xg::narrow(x, 2, 3, 1), 2), xg::narrow(turned, 2, 3, 1));
    CHECK(nn::parameter_count(nn::rotary_encoding{}) == 0);
}
