#include <doctest/doctest.h>

#include <support/last_row.hpp>

#include <xgrad/autograd/create.hpp>
#include <xgrad/autograd/gradcheck.hpp>
#include <xgrad/nn/gru.hpp>
#include <xgrad/nn/module.hpp>
#include <xgrad/nn/rnn.hpp>
#include <xgrad/nn/summary.hpp>
#include <xgrad/ops/activation.hpp>
#include <xgrad/ops/narrow.hpp>
#include <xgrad/ops/split.hpp>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <string>
#include <tuple>

namespace xg = xgrad;
namespace nn = xgrad::nn;

namespace {

double logistic(double x) { return 1 / (1 + std::exp(-x)); }

/// x W + b of a single row.
double affine(const auto& x, const auto& w, const auto& b, std::size_t column) {
    auto sum = b(column);
    for (auto i = std::size_t{0}; i < w.shape(0); ++i) sum += x(i) * w(i, column);
    return sum;
}

}  // namespace

TEST_CASE("rnn: h_t = tanh(x_t W_ih + b_ih + h_{t-1} W_hh + b_hh)") {
    const auto layer = nn::rnn<double>{2, 3};
    const auto x = xg::randn<double>({1, 3, 2});
    const auto [output, h_n] = layer(x);
    const auto& w = layer.cells[0];
    double h[3] = {};
    for (auto t = std::size_t{0}; t < 3; ++t) {
        double next[3];
        for (auto k = std::size_t{0}; k < 3; ++k)
            next[k] = std::tanh(affine([&](auto i) { return x(0, t, i); }, w.weight_ih, w.bias_ih, k) +
                                affine([&](auto i) { return h[i]; }, w.weight_hh, w.bias_hh, k));
        std::copy_n(next, 3, h);
        CHECK(output(0, t, 1) == doctest::Approx(h[1]));
    }
    CHECK(h_n(0, 0, 2) == doctest::Approx(h[2]));
    CHECK(nn::parameters(layer)[3].name() == "bias_hh_l0");
    const auto rectified = nn::rnn<double, xg::relu_fn>{2, 3}(x).output;
    CHECK(std::ranges::all_of(rectified.span(), [](double v) { return v >= 0; }));
}

TEST_CASE("gru: the reset gate behind the product, as in PyTorch") {
    const auto layer = nn::gru<double>{2, 3};
    const auto x = xg::randn<double>({1, 3, 2});
    const auto output = layer(x).output;
    const auto& w = layer.cells[0];
    double h[3] = {};
    for (auto t = std::size_t{0}; t < 3; ++t) {
        double next[3];
        const auto in = [&](std::size_t k) { return affine([&](auto i) { return x(0, t, i); }, w.weight_ih, w.bias_ih, k); };
        const auto own = [&](std::size_t k) { return affine([&](auto i) { return h[i]; }, w.weight_hh, w.bias_hh, k); };
        for (auto k = std::size_t{0}; k < 3; ++k) {
            const auto r = logistic(in(k) + own(k)), z = logistic(in(3 + k) + own(3 + k)), m = std::tanh(in(6 + k) + r * own(6 + k));
            next[k] = (1 - z) * m + z * h[k];
        }
        std::copy_n(next, 3, h);
        for (auto k = std::size_t{0}; k < 3; ++k) CHECK(output(0, t, k) == doctest::Approx(h[k]));
    }
}

TEST_CASE("rnn, gru: padding moves nothing; gradients; summary") {
    const auto lengths = xg::tensor<std::int64_t, 1>{3, 1};
    const auto run = [&](const auto& layer) {
        const auto x = xg::randn<double>({2, 3, 2});
        const auto all = layer(x, {.lengths = lengths});
        const auto alone = layer(xg::narrow(xg::narrow(x, 1, 1, 0), 0, 1, 1));
        for (auto i = std::size_t{0}; i < 4; ++i) CHECK(all.output(1, 0, i) == doctest::Approx(alone.output(0, 0, i)));
        CHECK(all.h_n(1, 1, 1) == doctest::Approx(alone.h_n(1, 0, 1)));
        CHECK(xg::gradcheck(
            [&](const auto& v, const auto& w_hh, const auto& b_hh) {
                auto own = layer;
                own.cells[1].weight_hh = w_hh;
                own.cells[1].bias_hh = b_hh;
                return own(v, {.lengths = lengths}).output;
            },
            std::tuple{x, layer.cells[1].weight_hh, layer.cells[1].bias_hh}));
        CHECK(last_row(nn::summary(layer, {4, 7, 2})).find("(4, 7, 4)") != std::string::npos);
    };
    run(nn::rnn<double>{2, 2, {.bidirectional = true}});
    run(nn::gru<double>{2, 2, {.bidirectional = true}});
    CHECK_THROWS_AS((nn::gru<>{3, 5, {.dropout = 0.5}}), xg::value_error);
}
