#include <doctest/doctest.h>

#include <support/last_row.hpp>
#include <support/threads.hpp>

#include <xgrad/autograd/create.hpp>
#include <xgrad/autograd/gradcheck.hpp>
#include <xgrad/nn/gru.hpp>
#include <xgrad/nn/lstm.hpp>
#include <xgrad/nn/module.hpp>
#include <xgrad/nn/summary.hpp>
#include <xgrad/ops/arithmetic.hpp>
#include <xgrad/ops/join.hpp>
#include <xgrad/ops/linalg.hpp>
#include <xgrad/ops/narrow.hpp>
#include <xgrad/ops/reduce.hpp>
#include <xgrad/ops/split.hpp>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <string>
#include <string_view>
#include <tuple>
#include <vector>

namespace xg = xgrad;
namespace nn = xgrad::nn;

namespace {

double logistic(double x) { return 1 / (1 + std::exp(-x)); }

void check_close(const auto& a, const auto& b) {
    REQUIRE(xg::shape(a.shape()) == xg::shape(b.shape()));
    for (auto i = std::size_t{0}; i < a.size(); ++i) CHECK(a.data()[i] == doctest::Approx(b.data()[i]));
}

}  // namespace

TEST_CASE("lstm: PyTorch's names, for as many layers and directions as there are") {
    const auto layer = nn::lstm<>{3, 5, {.layers = 2, .bidirectional = true}};
    auto names = std::vector<std::string>{}, transposed = std::vector<std::string>{};
    nn::for_each_tensor([&](std::string_view name, const auto&) { names.emplace_back(name); }, layer);
    nn::for_each_transposed([&](std::string_view name, const auto&) { transposed.emplace_back(name); }, layer);
    REQUIRE(names.size() == 16);
    CHECK(names[0] == "weight_ih_l0");
    CHECK(names[3] == "bias_hh_l0");
    CHECK(names[4] == "weight_ih_l0_reverse");
    CHECK(names[9] == "weight_hh_l1");
    CHECK(names[15] == "bias_hh_l1_reverse");
    CHECK(transposed.size() == 8);
    CHECK(transposed[7] == "weight_hh_l1_reverse");
    CHECK(xg::shape(layer.cells[0].weight_ih.shape()) == xg::shape{3, 20});
    CHECK(xg::shape(layer.cells[2].weight_ih.shape()) == xg::shape{10, 20});
    struct net {
        std::vector<nn::lstm<>> encoders = std::vector<nn::lstm<>>(1, nn::lstm<>{2, 2, {.bias = false}});
    };
    const auto module = net{};
    CHECK(nn::parameters(module).size() == 2);
    CHECK(nn::parameters(module)[1].name() == "encoders.0.weight_hh_l0");
    nn::for_each_transposed([](std::string_view name, const auto&) { CHECK(name.starts_with("encoders.0.weight_")); }, module);
}

TEST_CASE("lstm: the formula, step by step") {
    const auto layer = nn::lstm<double>{2, 3};
    const auto x = xg::randn<double>({2, 4, 2});
    const auto [output, h_n, c_n] = layer(x);
    REQUIRE(xg::shape(output.shape()) == xg::shape{2, 4, 3});
    const auto& w = layer.cells[0];
    for (auto b = std::size_t{0}; b < 2; ++b) {
        double h[3] = {}, c[3] = {};
        for (auto t = std::size_t{0}; t < 4; ++t) {
            double gates[12];
            for (auto k = std::size_t{0}; k < 12; ++k) {
                gates[k] = w.bias_ih(k) + w.bias_hh(k);
                for (auto i = std::size_t{0}; i < 2; ++i) gates[k] += x(b, t, i) * w.weight_ih(i, k);
                for (auto i = std::size_t{0}; i < 3; ++i) gates[k] += h[i] * w.weight_hh(i, k);
            }
            for (auto i = std::size_t{0}; i < 3; ++i) {
                c[i] = logistic(gates[3 + i]) * c[i] + logistic(gates[i]) * std::tanh(gates[6 + i]);
                h[i] = logistic(gates[9 + i]) * std::tanh(c[i]);
                CHECK(output(b, t, i) == doctest::Approx(h[i]));
            }
        }
        for (auto i = std::size_t{0}; i < 3; ++i) {
            CHECK(h_n(0, b, i) == doctest::Approx(h[i]));
            CHECK(c_n(0, b, i) == doctest::Approx(c[i]));
        }
    }
}

TEST_CASE("lstm: steps that are padding move nothing, whatever stands there, in either direction") {
    const auto layer = nn::lstm<double>{2, 3, {.layers = 2, .bidirectional = true}};
    const auto x = xg::randn<double>({2, 3, 2});
    auto padded = xg::zeros<double>({2, 5, 2});
    for (auto b = std::size_t{0}; b < 2; ++b)
        for (auto t = std::size_t{0}; t < 5; ++t)
            for (auto i = std::size_t{0}; i < 2; ++i)
                padded(b, t, i) = t < (b == 0 ? 3 : 1) ? x(b, t, i) : std::numeric_limits<double>::quiet_NaN();
    const auto lengths = xg::tensor<std::int64_t, 1>{3, 1};
    const auto y = layer(padded, {.lengths = lengths});
    const auto first = layer(xg::narrow(x, 0, 1, 0));
    const auto second = layer(xg::narrow(xg::narrow(x, 1, 1, 0), 0, 1, 1));
    check_close(xg::narrow(xg::narrow(y.output, 0, 1, 0), 0, 3, 1), first.output);
    check_close(xg::narrow(xg::narrow(y.output, 1, 1, 0), 0, 1, 1), second.output);
    check_close(xg::narrow(y.h_n, 1, 1, 1), second.h_n);
    check_close(xg::narrow(y.c_n, 0, 1, 1), first.c_n);
    CHECK(y.output(0, 4, 0) == 0);
    auto keep = xg::zeros<bool>({2, 5});
    keep(0, 0) = keep(0, 1) = keep(0, 2) = keep(1, 0) = true;
    check_close(layer(padded, {.keep = keep}).output, y.output);

    xg::sum(xg::square(y.output)).backward();
    const auto weight = layer.cells[3].weight_ih.grad(), input = layer.cells[0].weight_ih.grad();
    CHECK(std::ranges::all_of(weight.span(), [](double d) { return std::isfinite(d); }));
    CHECK(std::ranges::all_of(input.span(), [](double d) { return std::isfinite(d); }));
}

TEST_CASE("lstm: in two parts as in one") {
    const auto layer = nn::lstm<double>{2, 3, {.layers = 2}};
    const auto x = xg::randn<double>({2, 5, 2});
    const auto whole = layer(x);
    const auto before = layer(xg::narrow(x, 0, 2, 1));
    const auto after = layer(xg::narrow(x, 2, 3, 1), {.h_0 = before.h_n, .c_0 = before.c_n});
    check_close(xg::concat({before.output, after.output}, 1), whole.output);
    check_close(after.c_n, whole.c_n);
}

TEST_CASE("lstm: with a projection, what goes out of a step is h W_hr") {
    const auto layer = nn::lstm<double>{3, 5, {.layers = 2, .bidirectional = true, .proj_size = 2}};
    auto names = std::vector<std::string>{}, transposed = std::vector<std::string>{};
    nn::for_each_tensor([&](std::string_view name, const auto&) { names.emplace_back(name); }, layer);
    nn::for_each_transposed([&](std::string_view name, const auto&) { transposed.emplace_back(name); }, layer);
    REQUIRE(names.size() == 20);
    CHECK(names[9] == "weight_hr_l0_reverse");
    CHECK(transposed.size() == 12);
    CHECK(xg::shape(layer.cells[1].weight_hr.shape()) == xg::shape{5, 2});
    CHECK(xg::shape(layer.cells[0].weight_hh.shape()) == xg::shape{2, 20});
    CHECK(xg::shape(layer.cells[2].weight_ih.shape()) == xg::shape{4, 20});
    const auto x = xg::randn<double>({2, 4, 3});
    const auto y = layer(x, {.lengths = xg::tensor<std::int64_t, 1>{4, 2}});
    CHECK(xg::shape(y.output.shape()) == xg::shape{2, 4, 4});
    CHECK(xg::shape(y.h_n.shape()) == xg::shape{4, 2, 2});
    CHECK(xg::shape(y.c_n.shape()) == xg::shape{4, 2, 5});

    // The projection as the weights of a layer without one: W_hh for it is W_hr W_hh.
    const auto projected = nn::lstm<double>{3, 5, {.proj_size = 2}};
    auto plain = nn::lstm<double>{3, 5};
    const auto& from = projected.cells[0];
    plain.cells[0] = from;
    plain.cells[0].weight_hr = {};
    plain.cells[0].weight_hh = xg::matmul(from.weight_hr, from.weight_hh);
    check_close(projected(x).output, xg::matmul(plain(x).output, from.weight_hr));
    check_close(projected(x).c_n, plain(x).c_n);
    CHECK(xg::gradcheck([&](const auto& w) { auto own = projected; own.cells[0].weight_hr = w; return own(x).output; }, from.weight_hr));

    CHECK_THROWS_AS((nn::lstm<>{3, 5, {.proj_size = 5}}), xg::value_error);
    CHECK_THROWS_AS((nn::lstm<>{3, 5, {.proj_size = -1}}), xg::value_error);
    CHECK_THROWS_AS((nn::gru<>{3, 5, {.proj_size = 2}}), xg::value_error);
    CHECK_THROWS_AS(projected(x, {.h_0 = xg::ones<double>({1, 2, 5})}), xg::shape_error);
}

TEST_CASE("lstm: gradients") {
    const auto layer = nn::lstm<double>{2, 2, {.bidirectional = true}};
    const auto lengths = xg::tensor<std::int64_t, 1>{3, 2};
    const auto f = [&](const auto& x, const auto& w_ih, const auto& w_hh, const auto& b_ih, const auto& h_0) {
        auto own = layer;
        own.cells[1].weight_ih = w_ih;
        own.cells[1].weight_hh = w_hh;
        own.cells[1].bias_ih = b_ih;
        const auto y = own(x, {.lengths = lengths, .h_0 = h_0});
        return xg::concat({xg::reshape(y.output, {-1}), xg::reshape(y.h_n, {-1}), xg::reshape(y.c_n, {-1})});
    };
    const auto& back = layer.cells[1];
    CHECK(xg::gradcheck(f, std::tuple{xg::randn<double>({2, 3, 2}), back.weight_ih, back.weight_hh, back.bias_ih, xg::randn<double>({2, 2, 2})}));
}

TEST_CASE("lstm: misuse, dropout between layers, summary") {
    CHECK_THROWS_AS((nn::lstm<>{3, 5, {.dropout = 0.5}}), xg::value_error);
    CHECK_THROWS_AS((nn::lstm<>{0, 5}), xg::value_error);
    auto layer = nn::lstm<>{3, 5, {.layers = 2, .dropout = 0.5}};
    const auto x = xg::ones<float>({1, 2, 3});
    CHECK_THROWS_AS(layer(xg::ones<float>({1, 2, 4})), xg::shape_error);
    CHECK_THROWS_AS(layer(x, {.lengths = xg::tensor<std::int64_t, 1>{3}}), xg::value_error);
    CHECK_THROWS_AS(layer(x, {.h_0 = xg::ones<float>({1, 1, 5})}), xg::shape_error);
    const auto a = layer(x).output, b = layer(x).output;
    CHECK_FALSE(std::ranges::equal(a.span(), b.span()));
    nn::eval(layer);
    const auto c = layer(x).output, d = layer(x).output;
    CHECK(std::ranges::equal(c.span(), d.span()));
    CHECK(last_row(nn::summary(layer, {4, 7, 3})).find("(4, 7, 5)") != std::string::npos);
}

TEST_CASE("lstm, gru: the same bits on any number of threads") {
    xg::manual_seed(7);
    const auto x = xg::randn<float>({33, 9, 20});
    auto lengths = xg::zeros<std::int64_t>({33});
    for (auto i = 0; i < 33; ++i) lengths(i) = i % 9 + 1;
    const auto run = [&](auto& layer) {
        check_same_on_threads([&] {
            for (auto& each : nn::parameters(layer)) each.zero_grad();
            const auto result = layer(x, {.lengths = lengths});
            xg::sum(result.output * result.output).backward();
            auto list = std::vector<xg::tensor<float>>{result.output.detach(), result.h_n.detach()};
            for (const auto& each : nn::parameters(layer)) list.push_back(xg::tensor<float>{each.grad()}.clone());
            return list;
        });
    };
    auto one = nn::lstm<>{20, 45, {.layers = 2, .bidirectional = true}};
    auto other = nn::gru<>{20, 45, {.layers = 2, .bidirectional = true}};
    run(one);
    run(other);
}
