#include <doctest/doctest.h>

#include <support/losses.hpp>

#include <xgrad/autograd/create.hpp>
#include <xgrad/autograd/functional.hpp>
#include <xgrad/ops/compare.hpp>
#include <xgrad/ops/loss/margin.hpp>
#include <xgrad/ops/loss/multi_margin.hpp>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <limits>
#include <type_traits>
#include <vector>

namespace xg = xgrad;
using namespace operation_tests;

namespace {

// Away from the kinks, where t x is 1 and x is the margin.
const auto outputs = std::vector<double>{0.5, -1.2, 2, 0.1, 1.3}, signs = std::vector<double>{1, -1, 1, 1, -1, -1};

}  // namespace

TEST_CASE("hinge_loss, soft_margin_loss: values and derivatives") {
    check_loss("hinge_loss", xg::hinge_loss, [](double x, double t) { return std::fmax(0.0, 1 - t * x); }, outputs, signs);
    check_loss("soft_margin_loss", xg::soft_margin_loss, [](double x, double t) { return std::log1p(std::exp(-t * x)); }, outputs, signs);
    const auto far = xg::tensor<float, 1>{1000, -1000}, t = xg::tensor<float, 1>{-1, 1};
    CHECK(xg::soft_margin_loss(far, t).item() == 1000);
}

TEST_CASE("hinge_embedding_loss: values and derivatives") {
    // By the target it is no function that has a derivative.
    for (const auto margin : {1.0, 1.5}) {
        const auto row = [=](xg::reduction how) {
            const auto t = shaped(signs, {2, 3});
            return operation{.name = "hinge_embedding_loss", .run = on_lists([=](const auto& x) {
                                 using T = typename std::decay_t<decltype(x[0])>::value_type;
                                 return xg::hinge_embedding_loss(x[0], xg::tensor<T>{xg::astype<T>(t)}, {.margin = margin, .reduction = how});
                             }),
                             .reference = [=](const list<double>& x) {
                                 return reduced(apply_elementwise([=](const auto& v) { return v[1] > 0 ? v[0] : std::fmax(0.0, margin - v[0]); }, {x[0], t}), how);
                             },
                             .points = {{shaped(outputs, {2, 3})}}, .scale = 1};
        };
        for (const auto how : all_reductions) check(row(how));
    }
}

TEST_CASE("multi_margin_loss: values and derivatives") {
    const auto labels = xg::tensor<int, 1>{2, 0, 0, 1};
    const auto weights = std::vector<double>{0.5, 2, 1.5};
    for (const auto p : {1, 2})
        for (const auto how : all_reductions)
            check(operation{.name = "multi_margin_loss", .run = on_lists([=](const auto& x) {
                                using T = typename std::decay_t<decltype(x[0])>::value_type;
                                return xg::multi_margin_loss(x[0], labels, {.p = p, .margin = 0.8, .weight = xg::astype<T>(shaped(weights, {3})), .reduction = how});
                            }),
                            .reference = [=](const list<double>& x) {
                                auto y = xg::tensor<double>{xg::zeros<double>({4})};
                                for (auto i = std::size_t{0}; i < 4; ++i)
                                    for (auto j = std::size_t{0}; j < 3; ++j) {
                                        const auto at = static_cast<std::size_t>(labels(i));
                                        const auto* const row = x[0].data() + 3 * i;
                                        if (j != at) y.data()[i] += weights[at] / 3 * std::pow(std::fmax(0.0, 0.8 - row[at] + row[j]), p);
                                    }
                                return reduced(y, how);
                            },
                            .points = {{shaped({0.5, -1, 2, 0.1, -3, 1.5, 0.7}, {4, 3})}}, .epsilons = 16, .scale = 1});
    const auto x = xg::tensor<double, 1>{1, 2, 3};
    CHECK(xg::multi_margin_loss(x, xg::tensor<int, 0>(1)).item() == doctest::Approx(2.0 / 3));
    CHECK_THROWS_WITH_AS(xg::multi_margin_loss(x, xg::tensor<int, 0>(1), {.p = 3}), "[multi_margin_loss] p must be 1 or 2, got 3", xg::value_error);
    CHECK_THROWS_AS(xg::multi_margin_loss(x, xg::tensor<int, 0>(-100)), xg::index_error);
    CHECK_THROWS_AS(xg::multi_margin_loss(xg::zeros<double>({2, 3, 4}), xg::zeros<int>({2, 4})), xg::rank_error);
}
