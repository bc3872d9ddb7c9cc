#include <doctest/doctest.h>

#include <xgrad/autograd/create.hpp>
#include <xgrad/autograd/gradcheck.hpp>
#include <xgrad/autograd/no_grad.hpp>
#include <xgrad/ops/finite.hpp>
#include <xgrad/ops/recurrence.hpp>
#include <xgrad/ops/reduce.hpp>

#include <array>
#include <cmath>
#include <cstddef>
#include <limits>
#include <tuple>
#include <utility>

namespace xg = xgrad;

namespace {

/// A layer in one direction: 2 sequences of 3 steps, hidden states of a number that fills no vector.
template <class Steps, class T = double>
struct layer {
    static constexpr auto batch = std::size_t{2}, length = std::size_t{3}, hidden = std::size_t{5};
    static constexpr auto gates = Steps::cell::gates * hidden;
    xg::tensor<T, 3> in = xg::randn<T>({batch, length, gates});
    xg::tensor<T, 2> weight = xg::randn<T>({hidden, gates}) * T{0.5};
    xg::tensor<T, 1> bias = xg::randn<T>({gates});
    xg::tensor<T, 2> h = xg::randn<T>({batch, hidden}), c = xg::randn<T>({batch, hidden});
    xg::tensor<bool> there{};
    bool reverse = false;

    auto inputs() const { return std::tuple{in, weight, bias, h, c}; }

    static auto states(const xg::tensor<T, 2>& h_0, const xg::tensor<T, 2>& c_0) {
        auto first = xg::detail::recurrent_states<Steps, T>{};
        first[0] = h_0;
        if constexpr (first.size() > 1) first[1] = c_0;
        return first;
    }
    /// One number of all results.
    static auto weighed(const xg::tensor<T, 3>& output, const xg::detail::recurrent_states<Steps, T>& last) {
        auto total = xg::sum(output * xg::cos(output));
        for (const auto& each : last) total = total + xg::sum(xg::exp(each));
        return total;
    }

    auto by_kernel() const {
        return [own = *this](const auto& x, const auto& w, const auto& b, const auto& h_0, const auto& c_0) {
            const auto y = xg::detail::along_sequence<Steps, T>(x, w, b, states(h_0, c_0), own.there, own.reverse);
            return weighed(y.output, y.last);
        };
    }
    auto by_steps() const {
        return [own = *this](const auto& x, const auto& w, const auto& b, const auto& h_0, const auto& c_0) {
            auto state = states(h_0, c_0);
            const auto output = xg::detail::along_steps<T>(xg::tensor<T, 3>{x}, own.there, own.reverse, state, [&](const auto& each, const auto& before) {
                return Steps::next(each, xg::tensor<T, 2>{xg::matmul(before[0], w) + b}, before);
            });
            return weighed(output, state);
        };
    }
};

template <class X>
double distance(const X& a, const X& b) {
    return xg::max(xg::abs(a - b)).item();
}

}  // namespace

TEST_CASE_TEMPLATE("recurrence: along the steps by the kernel and by operations, values and gradients", Steps, xg::detail::lstm_steps,
                   xg::detail::gru_steps) {
    for (const auto reverse : {false, true})
        for (const auto padded : {false, true}) {
            auto of = layer<Steps>{};
            of.reverse = reverse;
            if (padded) of.there = xg::tensor<bool, 2>{{true, true, false}, {false, true, true}};
            const auto a = std::apply(xg::value_and_grad<0, 1, 2, 3>(of.by_kernel()), of.inputs());
            const auto b = std::apply(xg::value_and_grad<0, 1, 2, 3>(of.by_steps()), of.inputs());
            CHECK(a.first.item() == doctest::Approx(b.first.item()).epsilon(1e-14));
            CHECK(distance(std::get<0>(a.second), std::get<0>(b.second)) < 1e-13);
            CHECK(distance(std::get<1>(a.second), std::get<1>(b.second)) < 1e-13);
            CHECK(distance(std::get<2>(a.second), std::get<2>(b.second)) < 1e-13);
            CHECK(distance(std::get<3>(a.second), std::get<3>(b.second)) < 1e-13);
            CHECK(xg::gradcheck(of.by_kernel(), of.inputs()));
            CHECK(xg::gradgradcheck(of.by_kernel(), of.inputs()));
        }
}

TEST_CASE("recurrence: without a gradient the same numbers, to the bit") {
    auto of = layer<xg::detail::lstm_steps, float>{};
    const auto alone = std::apply(of.by_kernel(), of.inputs());
    of.in.requires_grad(true);
    const auto recorded = std::apply(of.by_kernel(), of.inputs());
    CHECK(recorded.requires_grad());
    CHECK(alone.item() == recorded.item());
}

TEST_CASE("recurrence: what has no influence adds nothing, however large it is") {
    auto of = layer<xg::detail::lstm_steps>{};
    of.c = xg::full<double>({layer<xg::detail::lstm_steps>::batch, layer<xg::detail::lstm_steps>::hidden}, std::numeric_limits<double>::infinity());
    const auto [dx, dw] = xg::grad<0, 1>([&](const auto& x, const auto& w) {
        const auto y = xg::detail::along_sequence<xg::detail::lstm_steps, double>(x, w, of.bias, {of.h, of.c}, xg::tensor<bool>{}, false);
        return xg::sum(xg::where(xg::isfinite(y.last[1]), y.last[1], 0));
    })(of.in, of.weight);
    CHECK(xg::sum(xg::abs(dx)).item() == 0);
    CHECK(xg::sum(xg::abs(dw)).item() == 0);
}

TEST_CASE("recurrence: no sequences") {
    const auto y = xg::detail::along_sequence<xg::detail::gru_steps, double>(xg::zeros<double>({0, 2, 6}), xg::ones<double>({2, 6}), xg::zeros<double>({6}),
                                                                             {xg::zeros<double>({0, 2})}, xg::tensor<bool>{}, false);
    CHECK(y.output.size() == 0);
    const auto dw = xg::grad([](const auto& w) {
        return xg::sum(xg::detail::along_sequence<xg::detail::gru_steps, double>(xg::zeros<double>({0, 2, 6}), w, xg::tensor<double>{},
                                                                                 {xg::zeros<double>({0, 2})}, xg::tensor<bool>{}, false).output);
    })(xg::ones<double>({2, 6}));
    CHECK(xg::sum(dw).item() == 0);
}
