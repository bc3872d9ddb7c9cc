#include <doctest/doctest.h>

#include <support/operation_table.hpp>

#include <xgrad/autograd/create.hpp>
#include <xgrad/ops/compare.hpp>
#include <xgrad/ops/reduce.hpp>
#include <xgrad/ops/rotary.hpp>
#include <xgrad/ops/view.hpp>

#include <cmath>
#include <cstddef>
#include <vector>

namespace xg = xgrad;
using namespace operation_tests;

namespace {

xg::tensor<double> rotary_reference(const xg::tensor<double>& x, bool halves, double base, double first) {
    const auto sizes = x.shape();
    const auto width = sizes[sizes.rank() - 1], length = sizes[sizes.rank() - 2], pairs = width / 2;
    auto y = xg::empty_like(x);
    for (auto i = std::size_t{0}; i < x.size(); ++i) {
        const auto column = i % width, row = i - column;
        const auto pair = halves ? column % pairs : column / 2;
        const auto is_first = halves ? column < pairs : column % 2 == 0;
        const auto a = x.data()[row + (halves ? pair : 2 * pair)], b = x.data()[row + (halves ? pair + pairs : 2 * pair + 1)];
        const auto angle = (static_cast<double>(i / width % length) + first) / std::pow(base, 2 * static_cast<double>(pair) / static_cast<double>(width));
        y.data()[i] = is_first ? a * std::cos(angle) - b * std::sin(angle) : a * std::sin(angle) + b * std::cos(angle);
    }
    return y;
}

}  // namespace

TEST_CASE("rotary_embedding: values and derivatives") {
    const auto values = std::vector<double>{0.5, -1, 2, 0.1, -3, 1.5, 0.7};
    const auto row = [&](const char* name, xg::rotary_options options) {
        return operation{.name = name, .run = on_lists([=](const auto& x) { return xg::rotary_embedding(x[0], options); }),
                         .reference = [=](const list<double>& x) {
                             return rotary_reference(x[0], options.pairs == xg::rotary_pairs::halves, options.base, static_cast<double>(options.first));
                         },
                         .points = {{shaped(values, {3, 4})}, {shaped(values, {2, 2, 6})}, {shaped(values, {0, 4})}}, .epsilons = 16, .scale = 3};
    };
    check({
        row("rotary_embedding", {}),
        row("rotary_embedding, halves", {.pairs = xg::rotary_pairs::halves}),
        row("rotary_embedding, further on", {.pairs = xg::rotary_pairs::interleaved, .base = 100, .first = 7}),
    });
}

TEST_CASE("rotary_embedding: products depend on the distance of positions") {
    const auto q = xg::tensor<double, 2>{{1, 2, -1, 0.5}}, k = xg::tensor<double, 2>{{0.3, -1, 2, 1}};
    for (const auto pairs : {xg::rotary_pairs::interleaved, xg::rotary_pairs::halves}) {
        const auto at = [&](const auto& x, std::ptrdiff_t position) { return xg::rotary_embedding(x, {.pairs = pairs, .first = position}); };
        const auto product = xg::sum(at(q, 3) * at(k, 1)).item();
        CHECK(xg::sum(at(q, 1003) * at(k, 1001)).item() == doctest::Approx(product));
        CHECK(std::fabs(xg::sum(at(q, 4) * at(k, 1)).item() - product) > 0.01);
    }
}

TEST_CASE("sinusoidal_positions") {
    const auto y = xg::sinusoidal_positions<double>(3, 4);
    for (auto p = 0; p < 3; ++p) {
        CHECK(y(p, 0) == doctest::Approx(std::sin(p)));
        CHECK(y(p, 1) == doctest::Approx(std::cos(p)));
        CHECK(y(p, 2) == doctest::Approx(std::sin(p / 100.0)));
        CHECK(y(p, 3) == doctest::Approx(std::cos(p / 100.0)));
    }
    CHECK_THROWS_AS(xg::sinusoidal_positions(3, 5), xg::shape_error);
}

TEST_CASE("rotary_embedding: wrong shapes") {
    CHECK_THROWS_WITH_AS(xg::rotary_embedding(xg::zeros<float>({2, 3})), "[rotary_embedding] x is (2, 3); its width, the last size, must be even",
                         xg::shape_error);
    CHECK_THROWS_AS(xg::rotary_embedding(xg::tensor<float>{xg::zeros<float>({4})}), xg::rank_error);
}
