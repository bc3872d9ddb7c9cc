#include <doctest/doctest.h>

#include <support/losses.hpp>

#include <xgrad/autograd/create.hpp>
#include <xgrad/autograd/functional.hpp>
#include <xgrad/ops/compare.hpp>
#include <xgrad/ops/loss/cosine_embedding.hpp>
#include <xgrad/ops/loss/cosine_similarity.hpp>
#include <xgrad/ops/loss/triplet_margin.hpp>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <limits>
#include <type_traits>
#include <vector>

namespace xg = xgrad;
using namespace operation_tests;

namespace {

const auto some = std::vector<double>{0.5, -1, 2, 0.1, -3, 1.5, 0.7}, others = std::vector<double>{1, 0.25, -0.7, 2, 1.1};

double cosine(const double* a, const double* b, std::size_t count, std::size_t stride, double eps) {
    auto ab = 0.0, aa = 0.0, bb = 0.0;
    for (auto i = std::size_t{0}; i < count * stride; i += stride) {
        ab += a[i] * b[i];
        aa += a[i] * a[i];
        bb += b[i] * b[i];
    }
    return ab / (std::fmax(std::sqrt(aa), eps) * std::fmax(std::sqrt(bb), eps));
}

double distance(const double* a, const double* b, double p) {
    auto sum = 0.0;
    for (auto i = 0; i < 3; ++i) sum += std::pow(std::fabs(a[i] - b[i] + 1e-6), p);
    return std::pow(sum, 1 / p);
}

bool all_finite(const xg::tensor<double>& x) {
    return std::all_of(x.begin(), x.end(), [](double v) { return std::isfinite(v); });
}

}  // namespace

TEST_CASE("cosine_similarity: values and derivatives") {
    const auto row = [](int axis, double eps) {
        return operation{.name = "cosine_similarity", .run = on_lists([=](const auto& x) { return xg::cosine_similarity(x[0], x[1], axis, eps); }),
                         .reference = [=](const list<double>& x) {
                             auto y = xg::tensor<double>{xg::zeros<double>({axis == 0 ? 3u : 4u})};
                             for (auto i = std::size_t{0}; i < y.size(); ++i) {
                                 const auto first = axis == 0 ? i : 3 * i;
                                 y.data()[i] = cosine(x[0].data() + first, x[1].data() + first, axis == 0 ? 4 : 3, axis == 0 ? 3 : 1, eps);
                             }
                             return y;
                         },
                         .points = {{shaped(some, {4, 3}), shaped(others, {4, 3})}}, .epsilons = 32, .scale = 1};
    };
    check(row(1, 1e-8));
    check(row(0, 1e-8));
    check(row(1, 1.9));   // some lengths are below
    const auto x = xg::tensor<double, 2>{{1, 2}, {3, 4}};
    static_assert(std::is_same_v<decltype(xg::cosine_similarity(x, x)), xg::tensor<double, 1>>);
    CHECK(xg::cosine_similarity(x, xg::tensor<double, 1>{1, 2})(0) == doctest::Approx(1));
    CHECK_THROWS_AS(xg::cosine_similarity(x, xg::tensor<double, 1>{1, 2, 3}), xg::shape_error);
    CHECK_THROWS_AS(xg::cosine_similarity(x, x, 2), xg::index_error);
}

TEST_CASE("cosine_similarity: zero vectors, and lengths beyond the type's squares") {
    auto a = xg::tensor<double, 2>{{{0, 0}, {3e300, 4e300}, {3e-200, 4e-200}, {1, 1}}}.requires_grad(true);
    auto b = xg::tensor<double, 2>{{{1, 2}, {3e300, 4e300}, {1, 0}, {0, 0}}}.requires_grad(true);
    const auto y = xg::cosine_similarity(a, b);
    CHECK(y(0) == 0);
    CHECK(y(1) == doctest::Approx(1).epsilon(1e-14));
    CHECK(y(2) == doctest::Approx(3e-192).epsilon(1e-14));   // shorter than eps
    CHECK(y(3) == 0);
    xg::sum(y).backward();
    CHECK(all_finite(a.grad()));
    CHECK(all_finite(b.grad()));
    CHECK(a.grad()(0, 1) == doctest::Approx(2 / std::sqrt(5.0) / 1e-8));
    const auto large = xg::tensor<float, 2>{{3e30f, 4e30f}};
    CHECK(xg::cosine_similarity(large, large)(0) == doctest::Approx(1).epsilon(1e-6));
}

TEST_CASE("cosine_embedding_loss: values and derivatives") {
    const auto t = xg::tensor<int, 1>{1, -1, -1, 1};
    for (const auto how : all_reductions)
        check(operation{.name = "cosine_embedding_loss", .run = on_lists([=](const auto& x) {
                            return xg::cosine_embedding_loss(x[0], x[1], t, {.margin = -0.5, .reduction = how});
                        }),
                        .reference = [=](const list<double>& x) {
                            auto y = xg::tensor<double>{xg::zeros<double>({4})};
                            for (auto i = 0; i < 4; ++i) {
                                const auto c = cosine(x[0].data() + 3 * i, x[1].data() + 3 * i, 3, 1, 0);
                                y.data()[i] = t(i) == 1 ? 1 - c : std::fmax(0.0, c + 0.5);
                            }
                            return reduced(y, how);
                        },
                        .points = {{shaped(some, {4, 3}), shaped(others, {4, 3})}}, .epsilons = 10000, .scale = 1});
    auto a = xg::tensor<double, 2>{{{0, 0}, {0, 0}}}.requires_grad(true);
    const auto y = xg::cosine_embedding_loss(a, xg::tensor<double, 2>{{1, 2}, {0, 0}}, xg::tensor<int, 1>{1, -1}, xg::reduction::none);
    CHECK(y(0) == 1);
    CHECK(y(1) == 0);
    xg::sum(y).backward();
    CHECK(all_finite(a.grad()));
    CHECK(xg::cosine_embedding_loss(xg::tensor<double, 1>{3e300, 4e300}, xg::tensor<double, 1>{3e300, 4e300}, xg::tensor<int, 0>(1)).item() ==
          doctest::Approx(0).epsilon(1e-14));
    CHECK_THROWS_AS(xg::cosine_embedding_loss(a, xg::zeros<double>({2, 3}), xg::tensor<int, 1>{1, 1}), xg::shape_error);
    CHECK_THROWS_WITH_AS(xg::cosine_embedding_loss(a, a, xg::tensor<int, 1>{1}),
                         "[cosine_embedding_loss] vectors are (2, 2), the target (1,); there must be one for each row", xg::shape_error);
}

TEST_CASE("triplet_margin_loss: values and derivatives") {
    for (const auto p : {1.0, 2.0, 3.0})
        for (const auto swap : {false, true})
            check(operation{.name = "triplet_margin_loss", .run = on_lists([=](const auto& x) {
                                return xg::triplet_margin_loss(x[0], x[1], x[2], {.margin = 2.5, .p = p, .swap = swap, .reduction = xg::reduction::none});
                            }),
                            .reference = [=](const list<double>& x) {
                                auto y = xg::tensor<double>{xg::zeros<double>({2})};
                                for (auto i = 0; i < 2; ++i) {
                                    const auto *a = x[0].data() + 3 * i, *b = x[1].data() + 3 * i, *c = x[2].data() + 3 * i;
                                    const auto other = swap ? std::fmin(distance(a, c, p), distance(b, c, p)) : distance(a, c, p);
                                    y.data()[i] = std::fmax(0.0, distance(a, b, p) - other + 2.5);
                                }
                                return y;
                            },
                            .points = {{shaped(some, {2, 3}), shaped(others, {2, 3}), shaped({0.2, 1.5, -2, 0.6, 1, 1.3}, {2, 3})}},
                            .epsilons = 64, .scale = 1});
}

TEST_CASE("triplet_margin_loss: distances whose squares leave the range of the type") {
    const auto x = xg::full<float>({1, 2}, 1e30f), y = xg::zeros<float>({1, 2});
    for (const auto p : {1.0, 1.5, 2.0}) CHECK(xg::triplet_margin_loss(x, y, y, {.p = p}).item() == 1);
    CHECK(xg::triplet_margin_loss(x, y, x, {.eps = 0}).item() == doctest::Approx(std::sqrt(2.0) * 1e30));
}

TEST_CASE("triplet_margin_loss: equal points") {
    const auto x = xg::tensor<double, 2>{{1, 2}, {3, 4}};
    for (const auto p : {1.0, 2.0, 3.0, std::numeric_limits<double>::infinity()})
        for (const auto eps : {0.0, 1e-6}) {
            auto a = x.clone(), b = x.clone(), c = x.clone();
            for (auto* const each : {&a, &b, &c}) each->requires_grad(true);
            const auto y = xg::triplet_margin_loss(a, b, c, {.p = p, .eps = eps, .swap = true});
            CHECK(y.item() == 1);
            y.backward();
            CHECK(all_finite(a.grad()));
            CHECK(all_finite(b.grad()));
            CHECK(all_finite(c.grad()));
        }
    CHECK_THROWS_WITH_AS(xg::triplet_margin_loss(x, x, xg::zeros<double>({2, 1})),
                         "[triplet_margin_loss] the anchors are (2, 2), the positives (2, 2), the negatives (2, 1); all must be (..., features), "
                         "and equal", xg::shape_error);
    CHECK_THROWS_AS(xg::triplet_margin_loss(x, x, x, {.p = 0.5}), xg::value_error);
}
