#include <doctest/doctest.h>

#include <support/losses.hpp>

#include <xgrad/autograd/create.hpp>
#include <xgrad/autograd/functional.hpp>
#include <xgrad/ops/compare.hpp>
#include <xgrad/ops/loss/cross_entropy.hpp>
#include <xgrad/ops/loss/nll.hpp>
#include <xgrad/ops/shape.hpp>

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <type_traits>
#include <vector>

namespace xg = xgrad;
using namespace operation_tests;

namespace {

constexpr auto infinity = std::numeric_limits<double>::infinity();
const auto numbers = std::vector<double>{0.5, -1, 2, 0.1, -3, 1.5, 0.7};
const auto weights = std::vector<double>{0.5, 2, 1.5};
const auto labels = xg::tensor<std::int64_t, 1>{2, 0, -1, 1};

/// -ln softmax of a row (…, classes) of four.
double loss_at(const double* row, std::size_t of) {
    auto sum = 0.0;
    for (auto j = std::size_t{0}; j < 3; ++j) sum += std::exp(row[j]);
    return std::log(sum) - row[of];
}

template <class T>
xg::tensor<T> weight_of() {
    return xg::astype<T>(shaped(weights, {3}));
}

}  // namespace

TEST_CASE("cross_entropy: weights, ignored labels and smoothing") {
    for (const auto smoothing : {0.0, 0.3})
        for (const auto how : all_reductions)
            check(operation{.name = "cross_entropy", .run = on_lists([=](const auto& x) {
                                using T = typename std::decay_t<decltype(x[0])>::value_type;
                                return xg::cross_entropy(x[0], labels, {.weight = weight_of<T>(), .ignore_index = -1, .label_smoothing = smoothing, .reduction = how});
                            }),
                            .reference = [=](const list<double>& x) {
                                auto y = xg::tensor<double>{xg::zeros<double>({4})};
                                auto total = 0.0, counted = 0.0;
                                for (auto i = std::size_t{0}; i < 4; ++i) {
                                    if (labels(i) < 0) continue;
                                    const auto at = static_cast<std::size_t>(labels(i));
                                    const auto* const row = x[0].data() + 3 * i;
                                    auto all = 0.0;
                                    for (auto j = std::size_t{0}; j < 3; ++j) all += weights[j] * loss_at(row, j);
                                    y.data()[i] = (1 - smoothing) * weights[at] * loss_at(row, at) + smoothing / 3 * all;
                                    total += y.data()[i];
                                    counted += weights[at];
                                }
                                return how == xg::reduction::mean ? xg::tensor<double>(total / counted) : reduced(y, how);
                            },
                            .points = {{shaped(numbers, {4, 3})}}, .epsilons = 32, .scale = 1});
}

TEST_CASE("cross_entropy: probabilities") {
    for (const auto smoothing : {0.0, 0.1})
        for (const auto how : all_reductions)
            check(operation{.name = "cross_entropy", .run = on_lists([=](const auto& x) {
                                using T = typename std::decay_t<decltype(x[0])>::value_type;
                                return xg::cross_entropy(x[0], x[1], {.weight = weight_of<T>(), .label_smoothing = smoothing, .reduction = how});
                            }),
                            .reference = [=](const list<double>& x) {
                                auto y = xg::tensor<double>{xg::zeros<double>({4})};
                                for (auto i = std::size_t{0}; i < 4; ++i)
                                    for (auto j = std::size_t{0}; j < 3; ++j)
                                        y.data()[i] += weights[j] * ((1 - smoothing) * x[1].data()[3 * i + j] + smoothing / 3) * loss_at(x[0].data() + 3 * i, j);
                                return reduced(y, how);
                            },
                            .points = {{shaped(numbers, {4, 3}), shaped({0.2, 0.5, 0.3, 1, 0, 0, 0.1}, {4, 3})}}, .epsilons = 32, .scale = 1});
    // 0 ln 0 is 0: a class that is ruled out, and is not the target.
    auto x = xg::tensor<double, 2>{{{0, -infinity, 0}}}.requires_grad(true);
    const auto y = xg::cross_entropy(x, xg::tensor<double, 2>{{0.5, 0, 0.5}});
    CHECK(y.item() == doctest::Approx(std::log(2.0)));
    y.backward();
    CHECK(x.grad()(0, 1) == 0);
    CHECK_THROWS_WITH_AS(xg::cross_entropy(xg::tensor<double>{x}, xg::tensor<double>{xg::tensor<double, 1>{2}}),
                         "[cross_entropy] logits are (1, 3), the target (1,); a target of real numbers is taken for probabilities, of the "
                         "logits' shape; labels are integers: astype<int>(labels)", xg::shape_error);
}

TEST_CASE("cross_entropy: further axes, and a single row") {
    const auto x = shaped(numbers, {2, 3, 2, 2});
    const auto places = xg::tensor<int, 3>{{{0, 1}, {2, 0}}, {{1, 1}, {-100, 2}}};
    const auto y = xg::cross_entropy(x, places, xg::reduction::none);
    REQUIRE(y.shape() == xg::shape{2, 2, 2});
    auto total = 0.0;
    for (auto n = 0; n < 2; ++n)
        for (auto i = 0; i < 2; ++i)
            for (auto j = 0; j < 2; ++j) {
                const double row[] = {x(n, 0, i, j), x(n, 1, i, j), x(n, 2, i, j)};
                const auto wanted = places(n, i, j) < 0 ? 0 : loss_at(row, static_cast<std::size_t>(places(n, i, j)));
                CHECK(y(n, i, j) == doctest::Approx(wanted).epsilon(1e-14));
                total += wanted;
            }
    CHECK(xg::cross_entropy(x, places).item() == doctest::Approx(total / 7).epsilon(1e-14));
    check(operation{.name = "cross_entropy", .run = on_lists([=](const auto& v) { return xg::cross_entropy(v[0], places); }),
                    .reference = [=](const list<double>& v) { return xg::tensor<double>{xg::nll_loss(xg::log_softmax(v[0], 1), places)}; },
                    .points = {{x}}, .epsilons = 16, .scale = 1});
    const auto single = xg::tensor<double, 1>{1, 2, 3};
    CHECK(xg::cross_entropy(single, xg::tensor<int, 0>(1)).item() == doctest::Approx(loss_at(single.data(), 1)));
    CHECK(xg::cross_entropy(x, xg::softmax(x, 1), xg::reduction::none).shape() == xg::shape{2, 2, 2});
    CHECK_THROWS_WITH_AS(xg::cross_entropy(x, xg::zeros<int>({2, 2, 3})),
                         "[cross_entropy] logits are (2, 3, 2, 2), labels are (2, 2, 3); there must be one label for each place, the classes "
                         "being the second axis", xg::shape_error);
}

TEST_CASE("cross_entropy: no label that counts") {
    auto x = xg::tensor<double, 2>{{{1, 2}, {3, infinity}}}.requires_grad(true);
    const auto none = xg::tensor<int, 1>{-100, -100};
    CHECK(std::isnan(xg::cross_entropy(x, none).item()));
    CHECK(xg::cross_entropy(x, none, xg::reduction::sum).item() == 0);
    xg::cross_entropy(x, none).backward();
    CHECK(xg::array_equal(x.grad(), xg::zeros<double>({2, 2})));
    // One that counts, beside a row of infinities that does not.
    x.zero_grad();
    const auto y = xg::cross_entropy(x, xg::tensor<int, 1>{0, -100}, {.label_smoothing = 0.5});
    CHECK(y.item() == doctest::Approx(0.75 * std::log(1 + std::exp(1.0)) + 0.25 * std::log(1 + std::exp(-1.0))));
    y.backward();
    CHECK(x.grad()(1, 1) == 0);
}

TEST_CASE("nll_loss: values and derivatives") {
    for (const auto how : all_reductions)
        check(operation{.name = "nll_loss", .run = on_lists([=](const auto& x) {
                            using T = typename std::decay_t<decltype(x[0])>::value_type;
                            return xg::nll_loss(x[0], labels, {.weight = weight_of<T>(), .ignore_index = -1, .reduction = how});
                        }),
                        .reference = [=](const list<double>& x) {
                            auto y = xg::tensor<double>{xg::zeros<double>({4})};
                            auto total = 0.0, counted = 0.0;
                            for (auto i = std::size_t{0}; i < 4; ++i) {
                                if (labels(i) < 0) continue;
                                const auto at = static_cast<std::size_t>(labels(i));
                                total += y.data()[i] = -weights[at] * x[0].data()[3 * i + at];
                                counted += weights[at];
                            }
                            return how == xg::reduction::mean ? xg::tensor<double>(total / counted) : reduced(y, how);
                        },
                        .points = {{shaped(numbers, {4, 3})}}, .epsilons = 16, .scale = 1});
    const auto x = xg::tensor<double, 2>{{1, 2}, {3, 4}};
    CHECK(xg::nll_loss(x, xg::tensor<int, 1>{0, 1}).item() == -2.5);
    CHECK_THROWS_WITH_AS(xg::nll_loss(x, xg::tensor<int, 1>{0, 2}), "[nll_loss] label 2 is not one of 2 classes", xg::index_error);
    CHECK_THROWS_WITH_AS(xg::nll_loss(x, xg::tensor<int, 1>{0, 1}, {.weight = xg::zeros<double>({3})}),
                         "[nll_loss] the weights are (3,); there must be one for each of 2 classes", xg::shape_error);
    CHECK_THROWS_AS(xg::cross_entropy(x, xg::tensor<int, 1>{0, 1}, {.label_smoothing = 2}), xg::value_error);
    static_assert(std::is_same_v<decltype(xg::nll_loss(x, xg::tensor<int, 1>{})), xg::tensor<double, 0>>);
}
