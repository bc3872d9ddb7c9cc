// The rows of losses in the table of operation tests.
#pragma once

#include <support/operation_table.hpp>

#include <xgrad/ops/reduction.hpp>

#include <cstddef>
#include <functional>
#include <string>
#include <vector>

namespace operation_tests {

constexpr xg::reduction all_reductions[] = {xg::reduction::mean, xg::reduction::sum, xg::reduction::none};

inline xg::tensor<double> reduced(const xg::tensor<double>& losses, xg::reduction how) {
    if (how == xg::reduction::none) return losses;
    auto sum = 0.0;
    for (const auto loss : losses.span()) sum += loss;
    return xg::tensor<double>(how == xg::reduction::mean ? sum / static_cast<double>(losses.size()) : sum);
}

/// The row of a loss of single elements, of each reduction: `loss(output, target, how)`, by the formula f.
template <class F>
void check_loss(const std::string& name, const F& loss, const std::function<double(double, double)>& f,
                const std::vector<double>& output, const std::vector<double>& target) {
    for (const auto how : all_reductions)
        check(operation{.name = name, .run = on_lists([=](const auto& x) { return loss(x[0], x[1], how); }),
                        .reference = [=](const list<double>& x) {
                            return reduced(apply_elementwise([&](const auto& v) { return f(v[0], v[1]); }, x), how);
                        },
                        .points = {{shaped(output, {2, 3}), shaped(target, {2, 3})}, {shaped(output, {19}), shaped(target, {19})},
                                   {shaped(output, {}), shaped(target, {})}},
                        .epsilons = 32, .scale = 1});
}

}  // namespace operation_tests
