#include <doctest/doctest.h>

#include <support/operation_table.hpp>

#include <xgrad/autograd/capture.hpp>
#include <xgrad/autograd/create.hpp>
#include <xgrad/autograd/functional.hpp>
#include <xgrad/autograd/gradcheck.hpp>
#include <xgrad/core/parallel.hpp>
#include <xgrad/ops/batch_norm.hpp>
#include <xgrad/ops/compare.hpp>
#include <xgrad/ops/math.hpp>
#include <xgrad/ops/reduce.hpp>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <functional>
#include <initializer_list>
#include <optional>
#include <tuple>
#include <type_traits>
#include <vector>

namespace xg = xgrad;
using namespace operation_tests;

namespace {

struct statistics {
    std::vector<double> mean, variance;   // biased
};

statistics statistics_of(const xg::tensor<double>& x) {
    const auto channels = x.shape(1), inner = x.size() / std::max<std::size_t>(1, x.shape(0) * channels);
    const auto count = static_cast<long double>(x.shape(0) * inner);
    auto result = statistics{};
    for (auto c = std::size_t{0}; c < channels; ++c) {
        auto sum = 0.0L, squares = 0.0L;
        for (auto i = std::size_t{0}; i < x.size(); ++i)
            if (i / inner % channels == c) sum += x.data()[i];
        for (auto i = std::size_t{0}; i < x.size(); ++i)
            if (i / inner % channels == c) squares += (x.data()[i] - sum / count) * (x.data()[i] - sum / count);
        result.mean.push_back(static_cast<double>(sum / count));
        result.variance.push_back(static_cast<double>(squares / count));
    }
    return result;
}

xg::tensor<double> normalized(const list<double>& x, double eps, const statistics& by) {
    const auto channels = x[0].shape(1), inner = x[0].size() / std::max<std::size_t>(1, x[0].shape(0) * channels);
    auto y = xg::empty_like(x[0]);
    for (auto i = std::size_t{0}; i < y.size(); ++i) {
        const auto c = i / inner % channels;
        const auto normal = (x[0].data()[i] - by.mean[c]) / std::sqrt(by.variance[c] + eps);
        y.data()[i] = x.size() == 1 ? normal : normal * x[1].data()[c] + x[2].data()[c];
    }
    return y;
}

list<double> operands(const xg::shape& sizes, bool affine) {
    auto values = std::vector<double>{};
    for (auto i = 0; i < 89; ++i) values.push_back(static_cast<double>((i * 37) % 89) / 20 - 1.7);
    auto all = list<double>{shaped(values, sizes)};
    if (affine) all.push_back(shaped({0.75, -1.25, 0.5}, {sizes[1]}));
    if (affine) all.push_back(shaped({0.25, 1, -0.5}, {sizes[1]}));
    return all;
}

template <class F>
operation row(const char* name, const F& f, const std::function<xg::tensor<double>(const list<double>&)>& reference,
              const xg::shape& sizes, bool affine) {
    return {.name = name, .run = on_lists(f), .reference = reference, .points = {operands(sizes, affine)}, .epsilons = 64, .scale = 1};
}

template <class T>
xg::tensor<T> vector_of(std::initializer_list<double> values) {
    return xg::astype<T>(xg::tensor<double>(values));
}

}  // namespace

TEST_CASE("batch_norm: values and derivatives") {
    const auto of_batch = [](const list<double>& x) { return normalized(x, 1e-5, statistics_of(x[0])); };
    const auto training = [](const auto& x) { return xg::batch_norm(x[0], {}, {}, x[1], x[2], {.training = true}); };
    const auto plain = [](const auto& x) { return xg::batch_norm(x[0], {}, {}, {.training = true}); };
    const auto running = [](const auto& x) {
        using T = typename std::decay_t<decltype(x[0])>::value_type;
        return xg::batch_norm(x[0], vector_of<T>({0.5, -1, 0.25}), vector_of<T>({0.5, 2, 1}), x[1], x[2], {.eps = 0.125});
    };
    const auto by_running = [](const list<double>& x) { return normalized(x, 0.125, {{0.5, -1, 0.25}, {0.5, 2, 1}}); };
    check({
        row("batch_norm(x, w, b), (n, c)", training, of_batch, {5, 3}, true),
        row("batch_norm(x, w, b), short rows", training, of_batch, {2, 3, 3}, true),
        row("batch_norm(x, w, b), images", training, of_batch, {2, 3, 3, 7}, true),
        row("batch_norm(x), images", plain, of_batch, {2, 2, 4, 5}, false),
        row("batch_norm(x), one sample", plain, of_batch, {1, 2, 3}, false),
        row("batch_norm(x), by running statistics, (n, c)", running, by_running, {2, 3}, true),
        row("batch_norm(x), by running statistics, images", running, by_running, {2, 3, 2, 9}, true),
        row("batch_norm(x), by running statistics, nothing", running, by_running, {0, 3, 2}, true),
    });
}

TEST_CASE("batch_norm: the third derivative") {
    const auto weights = shaped({0.3, -0.7, 1.1, 0.4, -0.2}, {3, 2, 2});
    const auto slope = [&](const xg::tensor<double>& x, const xg::tensor<double>& w) {
        return xg::grad([&](const xg::tensor<double>& v) {
            return xg::sum(xg::pow(xg::batch_norm(v, {}, {}, w, {}, {.training = true, .eps = 0.1}), 3) * weights);
        })(x);
    };
    CHECK(xg::gradgradcheck(slope, std::tuple{operands({3, 2, 2}, false)[0], shaped({0.75, -1.25}, {2})}));
}

TEST_CASE("batch_norm: running statistics") {
    const auto x = xg::tensor<double>{operands({3, 2, 2}, false)[0]};
    const auto own = statistics_of(x);
    auto mean = xg::tensor<double, 1>{1, 2}, variance = xg::tensor<double, 1>{3, 4};
    const auto unbiased = 6.0 / 5;
    xg::batch_norm(x, mean, variance, {.training = true, .momentum = 0.25});
    for (const auto c : {0, 1}) {
        const auto at = static_cast<std::size_t>(c);
        CHECK(mean(c) == doctest::Approx(0.75 * (c + 1) + 0.25 * own.mean[at]));
        CHECK(variance(c) == doctest::Approx(0.75 * (c + 3) + 0.25 * unbiased * own.variance[at]));
    }

    SUBCASE("without momentum all batches count alike") {
        for (auto batch = 0; batch < 3; ++batch)
            xg::batch_norm(x * (batch + 1), mean, variance, {.training = true, .momentum = std::nullopt, .batches = batch});
        CHECK(mean(0) == doctest::Approx(2 * own.mean[0]));
        CHECK(variance(1) == doctest::Approx((1 + 4 + 9) / 3.0 * unbiased * own.variance[1]));
    }
    SUBCASE("an empty batch leaves them as they are, and its weights get zeros") {
        const auto before = std::tuple{mean.clone(), variance.clone()};
        auto weight = xg::ones<double>({2}).requires_grad(true);
        const auto y = xg::batch_norm(xg::zeros<double>({0, 2, 4}), mean, variance, weight, {}, {.training = true});
        xg::sum(y).backward();
        CHECK(xg::array_equal(weight.grad(), xg::zeros<double>({2})));
        CHECK(xg::array_equal(mean, std::get<0>(before)));
        CHECK(xg::array_equal(variance, std::get<1>(before)));
    }
    SUBCASE("outside training they stay") {
        const auto before = mean.clone();
        xg::batch_norm(x, mean, variance);
        CHECK(xg::array_equal(mean, before));
    }
}

TEST_CASE("batch_norm: a large mean costs no digits") {
    for (const auto inner : {1, 5, 50}) {
        auto x = xg::empty<float>({40, 3, inner});
        for (auto i = std::size_t{0}; i < x.size(); ++i) x.data()[i] = 40000 + static_cast<float>(i * 7 % 11 % 4);
        const auto f = [](const auto& v) { return xg::batch_norm(v, {}, {}, {.training = true}); };
        CHECK(xg::allclose(f(x), xg::astype<float>(f(xg::astype<double>(x))), 1e-6, 1e-6));
    }
}

TEST_CASE("batch_norm: captured in training it would change the running statistics once more, or once too little") {
    const auto x = xg::tensor<double>{operands({3, 2, 2}, false)[0]};
    auto mean = xg::zeros<double>({2}), variance = xg::ones<double>({2});
    const auto f = [&](bool training) {
        return [&, training](const auto& v) { return xg::batch_norm(v, mean, variance, {.training = training}) * 2; };
    };
    CHECK_THROWS_WITH_AS(xg::capture(f(true), x), "[capture] a tensor of shape (2,) (running_mean of batch_norm) was changed in place while "
                         "the function was written down; a program is made of operations that give new tensors", xg::autograd_error);
    CHECK(xg::array_equal(xg::capture(f(false), x)(x), f(false)(x)));
    const auto of_batch = [](const auto& v) { return xg::batch_norm(v, {}, {}, {.training = true}); };
    CHECK(xg::array_equal(xg::capture(of_batch, x)(x), of_batch(x)));
}

TEST_CASE("batch_norm: running statistics that a rule keeps are not changed unnoticed") {
    auto x = xg::tensor<double>{operands({3, 2, 2}, false)[0]}.requires_grad(true);
    auto mean = xg::ones<double>({2}), variance = xg::ones<double>({2});
    const auto y = xg::sum(xg::sum(x, {0, 2}) * mean);
    xg::batch_norm(x, mean, variance, {.training = true});
    CHECK_THROWS_AS(y.backward(), xg::autograd_error);
}

TEST_CASE("batch_norm: the same bits on any number of threads") {
    xg::manual_seed(3);
    for (const auto& sizes : {xg::shape{64, 16, 9, 9}, xg::shape{500, 120}}) {
        const auto x = xg::randn<float>(sizes), dy = xg::randn<float>(sizes);
        const auto w = xg::randn<float>(xg::shape{sizes[1]});
        const auto results = [&](int threads) {
            xg::set_num_threads(threads);
            const auto [y, back] = xg::vjp([](const auto& v, const auto& u, const auto& b) {
                return xg::batch_norm(v, {}, {}, u, b, {.training = true});
            }, x, w, w);
            const auto [dx, dw, db] = back(dy);
            return std::vector<xg::tensor<float>>{y, dx, dw, db};
        };
        const auto before = xg::num_threads();
        const auto alone = results(1), shared = results(3);
        xg::set_num_threads(before);
        for (auto i = std::size_t{0}; i < alone.size(); ++i) CHECK(xg::array_equal(alone[i], shared[i]));
    }
}

TEST_CASE("batch_norm: what it refuses") {
    const auto training = xg::batch_norm_options{.training = true};
    CHECK_THROWS_WITH_AS(xg::batch_norm(xg::zeros<float>({1, 3}), {}, {}, training),
                         "[batch_norm] x is (1, 3): a single value for each channel has no variance: training needs more, and for evaluation there is nn::eval(net)", xg::value_error);
    CHECK_THROWS_AS(xg::batch_norm(xg::zeros<float>({1, 3, 1, 1}), {}, {}, training), xg::value_error);
    CHECK_THROWS_AS(xg::batch_norm(xg::tensor<float>(xg::zeros<float>({3})), {}, {}, training), xg::rank_error);
    const auto two = xg::zeros<float>({2}), three = xg::ones<float>({3});
    CHECK_THROWS_WITH_AS(xg::batch_norm(xg::zeros<float>({4, 3}), three, two), "[batch_norm] the running variance is (2,); it must be (3,)",
                         xg::shape_error);
    CHECK_THROWS_AS(xg::batch_norm(xg::zeros<float>({4, 3}), three, {}), xg::value_error);
    CHECK_THROWS_WITH_AS(xg::batch_norm(xg::zeros<float>({4, 3}), {}, {}, {.training = true, .eps = -1}),
                         doctest::Contains("eps is added to a variance"), xg::value_error);
    CHECK_THROWS_AS(xg::batch_norm(xg::zeros<float>({4, 3}), {}, {}, two), xg::shape_error);
}
