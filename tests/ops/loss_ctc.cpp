#include <doctest/doctest.h>

#include <support/losses.hpp>

#include <xgrad/autograd/create.hpp>
#include <xgrad/core/parallel.hpp>
#include <xgrad/ops/compare.hpp>
#include <xgrad/ops/loss/ctc.hpp>
#include <xgrad/ops/softmax.hpp>

#include <cmath>
#include <cstddef>
#include <limits>
#include <vector>

namespace xg = xgrad;
using namespace operation_tests;

namespace {

constexpr auto infinity = std::numeric_limits<double>::infinity();

/// What a path of classes spells: repetitions made one, blanks left out.
std::vector<int> spelt(const std::vector<int>& path, int blank) {
    auto labels = std::vector<int>{};
    for (auto t = std::size_t{0}; t < path.size(); ++t)
        if (path[t] != blank && (t == 0 || path[t] != path[t - 1])) labels.push_back(path[t]);
    return labels;
}

/// -ln of the sum over all paths, one after another.
double loss_by_paths(const double* x, std::size_t steps, int classes, const std::vector<int>& labels, int blank) {
    auto path = std::vector<int>(steps);
    auto likelihood = 0.0;
    for (auto more = true; more;) {
        if (spelt(path, blank) == labels) {
            auto logarithm = 0.0;
            for (auto t = std::size_t{0}; t < steps; ++t) logarithm += x[t * static_cast<std::size_t>(classes) + static_cast<std::size_t>(path[t])];
            likelihood += std::exp(logarithm);
        }
        more = false;
        for (auto& each : path) {
            each = (each + 1) % classes;
            if (each != 0) { more = true; break; }
        }
    }
    return -std::log(likelihood);
}

const auto numbers = std::vector<double>{-0.5, -1, -2, -0.1, -3, -1.5, -0.7};
// Repeated labels, an empty target, and one that fills all of its steps.
const auto steps = std::vector<int>{5, 3, 2}, counts = std::vector<int>{3, 0, 2};
const auto targets = std::vector<std::vector<int>>{{1, 1, 2}, {}, {2, 1}};

}  // namespace

TEST_CASE("ctc_loss: values and derivatives, against the sum over all paths") {
    const auto rows = xg::tensor<int, 2>{{1, 1, 2}, {0, 0, 0}, {2, 1, 0}};
    const auto in_line = xg::tensor<int, 1>{1, 1, 2, 2, 1};
    const auto lengths = xg::tensor<int, 1>{steps}, numbers_of_labels = xg::tensor<int, 1>{counts};
    for (const auto how : all_reductions)
        for (const auto line : {false, true})
            check(operation{.name = "ctc_loss", .run = on_lists([=](const auto& x) {
                                return line ? xg::ctc_loss(x[0], in_line, lengths, numbers_of_labels, how)
                                            : xg::ctc_loss(x[0], rows, lengths, numbers_of_labels, how);
                            }),
                            .reference = [=](const list<double>& x) {
                                auto y = xg::tensor<double>{xg::zeros<double>({3})};
                                for (auto n = std::size_t{0}; n < 3; ++n) {
                                    y.data()[n] = loss_by_paths(x[0].data() + 15 * n, static_cast<std::size_t>(steps[n]), 3, targets[n], 0);
                                    if (how == xg::reduction::mean) y.data()[n] /= std::fmax(1, counts[n]);
                                }
                                return reduced(y, how);
                            },
                            .points = {{shaped(numbers, {3, 5, 3})}}, .epsilons = 64, .scale = 1});
}

TEST_CASE("ctc_loss: another blank, as PyTorch") {
    // torch.nn.functional.ctc_loss of PyTorch 1.13, from log_softmax of x_ntc = sin(1 + n + 2 t + 3 c), blank 2.
    auto x = xg::tensor<double>{xg::zeros<double>({2, 6, 4})};
    for (auto n = 0; n < 2; ++n)
        for (auto t = 0; t < 6; ++t)
            for (auto c = 0; c < 4; ++c) x(n, t, c) = std::sin(1 + n + 2 * t + 3 * c);
    x.requires_grad(true);
    const auto labels = xg::tensor<int, 2>{{0, 0, 3}, {1, 3, 0}};
    const auto loss = xg::ctc_loss(xg::log_softmax(x, 2), labels, xg::tensor<int, 1>{6, 5}, xg::tensor<int, 1>{3, 2}, {.blank = 2});
    CHECK(loss.item() == doctest::Approx(1.6661844928225302).epsilon(1e-12));
    loss.backward();
    const auto g = xg::tensor<double>{x.grad()};
    const auto wanted = std::vector<double>{-0.05446459344020359, 0.01475826472926045, 0.02144867030089938, 0.01825765841004375, -0.02094170071886873,
        0.03148932191401199, -0.03489662851885595, 0.02434900732371269, -0.06095517959906604,
        0.0730816883532434, -0.08529954114475852, 0.07317303239058116, -0.03792365922591578,
        0.02023138194021362, -0.005829389175196168, 0.02352166646089833, -0.02716055094335174,
        0.02174067890410165, 0.007437058691703937, -0.002017186652453848, 0.01033130748765048,
        0.07562420540542984, 0.007217971765285352, -0.09317348465836568, 0.10478064412201,
        -0.02372870526851508, -0.09657895413146964, 0.01552701527797476, 0.02606027308011864,
        -0.1025833664416681, 0.001482444375378447, 0.07504064898617098, 0.03965874390665374,
        -0.04332384605433141, -0.007139422639213666, 0.01080452478689134, 0.1096394573347589,
        0.00179640011524398, -0.07565561969526628, -0.03578023775473656, 0.03614772103806543,
        0.09480309463048329, -0.04103846951963495, -0.08991234614891376, 0, 0, 0, 0};
    for (auto i = std::size_t{0}; i < wanted.size(); ++i) CHECK(std::fabs(g.data()[i] - wanted[i]) < 1e-14);
}

TEST_CASE("ctc_loss: no possible path") {
    const auto one = [](int v) { return xg::tensor<int, 1>{v}; };
    auto x = xg::tensor<double>{xg::full<double>({1, 2, 3}, -1.0)}.requires_grad(true);
    const auto labels = xg::tensor<int, 2>{{1, 1}};   // would take three steps
    CHECK(xg::ctc_loss(x, labels, one(2), one(2)).item() == infinity);
    const auto loss = xg::ctc_loss(x, labels, one(2), one(2), {.zero_infinity = true});
    CHECK(loss.item() == 0);
    loss.backward();
    CHECK(xg::array_equal(x.grad(), xg::zeros<double>({1, 2, 3})));
    // Nothing to read, nothing to write: certain. Something to write: impossible.
    CHECK(xg::ctc_loss(x, labels, one(0), one(0)).item() == 0);
    CHECK(xg::ctc_loss(x, labels, one(0), one(1)).item() == infinity);
    // Probabilities of 0 on the way of one path, not of the other.
    auto y = xg::tensor<double>{xg::tensor<double, 3>{{{-infinity, 0, -infinity}, {0, -infinity, -infinity}}}}.requires_grad(true);
    const auto certain = xg::ctc_loss(y, xg::tensor<int, 2>{{1}}, one(2), one(1));
    CHECK(certain.item() == 0);
    certain.backward();
    CHECK(xg::array_equal(y.grad(), xg::tensor<double, 3>{{{0, -1, 0}, {-1, 0, 0}}}));
}

TEST_CASE("ctc_loss: long sequences do not vanish, on any number of threads") {
    auto x = xg::tensor<float>{xg::zeros<float>({4, 500, 20})};
    for (auto i = std::size_t{0}; i < x.size(); ++i) x.data()[i] = static_cast<float>(std::sin(static_cast<double>(i)));
    auto labels = xg::tensor<int>{xg::zeros<int>({4, 50})};
    for (auto i = 0; i < 200; ++i) labels.data()[i] = 1 + i * 7 % 19;
    const auto run = [&](int threads) {
        xg::set_num_threads(threads);
        auto v = x.clone();
        v.requires_grad(true);
        const auto loss = xg::ctc_loss(xg::log_softmax(v, 2), labels, xg::tensor<int, 1>{500, 400, 300, 100}, xg::tensor<int, 1>{50, 40, 30, 20});
        CHECK(loss.item() > 0);
        CHECK(std::isfinite(loss.item()));
        loss.backward();
        return xg::tensor<float>{v.grad()};
    };
    const auto usual = xg::num_threads();
    CHECK(xg::array_equal(run(1), run(3)));
    xg::set_num_threads(usual);
}

TEST_CASE("ctc_loss: what does not fit") {
    const auto x = xg::zeros<float>({1, 2, 3});
    const auto labels = xg::tensor<int, 2>{{1, 2}}, two = xg::tensor<int, 2>{{1, 0}}, three = xg::tensor<int, 2>{{3, 1}};
    const auto one = [](int v) { return xg::tensor<int, 1>{v}; };
    CHECK_THROWS_WITH_AS(xg::ctc_loss(x, labels, one(3), one(1)), "[ctc_loss] the input length of sequence 0 is 3; it must be from 0 to 2", xg::value_error);
    CHECK_THROWS_WITH_AS(xg::ctc_loss(x, labels, one(2), one(-1)), "[ctc_loss] the target length of sequence 0 is -1; it must be from 0 to 2", xg::value_error);
    CHECK_THROWS_WITH_AS(xg::ctc_loss(x, two, one(2), one(2)), "[ctc_loss] label 0 is the blank", xg::value_error);
    CHECK_THROWS_WITH_AS(xg::ctc_loss(x, three, one(2), one(2)), "[ctc_loss] label 3 is not one of 3 classes", xg::index_error);
    CHECK_THROWS_AS(xg::ctc_loss(x, labels, one(2), one(2), {.blank = 3}), xg::index_error);
    CHECK_THROWS_AS(xg::ctc_loss(x, labels, xg::tensor<int, 1>{2, 2}, one(2)), xg::shape_error);
    CHECK_THROWS_AS(xg::ctc_loss(xg::zeros<float>({2, 3}), labels, one(2), one(2)), xg::rank_error);
}
