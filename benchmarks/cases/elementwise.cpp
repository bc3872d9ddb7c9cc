// Formulas over arrays, forward and backward: bound by arithmetic where they fit a cache, by memory where not.
#include "../side.hpp"
#include "cases.hpp"

#include <xgrad/autograd/backward.hpp>
#include <xgrad/autograd/no_grad.hpp>
#include <xgrad/ops/activation.hpp>
#include <xgrad/ops/arithmetic.hpp>
#include <xgrad/ops/loss.hpp>
#include <xgrad/ops/map.hpp>
#include <xgrad/ops/math.hpp>
#include <xgrad/ops/reduce.hpp>

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace xg = xgrad;

namespace bench {

namespace {

constexpr auto gelu = [](const auto& x) {
    return 0.5F * x * (1.0F + xg::tanh(0.7978845608F * (x + 0.044715F * x * x * x)));
};

xg::tensor<float, 1> vector(const std::vector<float>& values) { return {values, xg::shape{values.size()}}; }

std::vector<float> values_of(const auto& x) { return {x.span().begin(), x.span().end()}; }

/// y = f(x), and x's gradient for a given dy.
template <class F>
void add_with_gradient(const std::string& name, std::size_t count, const F& f) {
    add(name + '/' + std::to_string(count), [=] {
        auto x = vector(numbers(count, 1, -4, 4)).requires_grad(true);
        const auto dy = vector(numbers(count, 2));
        const auto run = [=]() mutable {
            x.zero_grad();
            auto y = f(x);
            y.backward(dy);
            return y;
        };
        return timed(run, [=](const auto& y) { return std::vector<piece>{{"y", values_of(y)}, {"dx", values_of(x.grad())}}; });
    });
}

/// y = f(x), not recorded.
template <class F>
void add_value(const std::string& name, std::size_t count, const F& f) {
    add(name + '/' + std::to_string(count), [=] {
        const auto x = vector(numbers(count, 1, -4, 4));
        const auto run = [=] {
            const auto guard = xg::no_grad{};
            return f(x);
        };
        return timed(run, [](const auto& y) { return std::vector<piece>{{"y", values_of(y)}}; });
    });
}

void add_loss() {
    add("cross_entropy", [] {
        auto x = xg::tensor<float, 2>{numbers(loss_rows * loss_classes, 1, -4, 4), xg::shape{loss_rows, loss_classes}};
        x.requires_grad(true);
        const auto labels = xg::tensor<std::int64_t, 1>{loss_labels(), xg::shape{loss_rows}};
        const auto run = [=]() mutable {
            x.zero_grad();
            auto loss = xg::cross_entropy(x, labels);
            loss.backward();
            return loss;
        };
        return timed(run, [=](const auto& loss) {
            return std::vector<piece>{{"loss", {loss.item()}}, {"dx", values_of(x.grad())}};
        });
    });
}

}  // namespace

void add_elementwise() {
    for (const auto count : elementwise_sizes) {
        add_with_gradient("gelu", count, [](const auto& x) { return xg::map(gelu, x); });
        add_with_gradient("silu", count, xg::silu);
    }
    add_loss();
    constexpr auto count = std::size_t{100'000};
    add_value("exp", count, xg::exp);
    add_value("tanh", count, xg::tanh);
    add_value("sum", count, [](const auto& x) { return xg::sum(x); });
}

}  // namespace bench
