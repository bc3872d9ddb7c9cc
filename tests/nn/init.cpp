#include <doctest/doctest.h>

#include <xgrad/autograd/backward.hpp>
#include <xgrad/nn/init.hpp>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <initializer_list>
#include <limits>
#include <numbers>
#include <utility>
#include <vector>

namespace xg = xgrad;
namespace init = xgrad::nn::init;

namespace {

xg::tensor<float, 2> matrix(std::size_t in, std::size_t out) {
    const auto zeros = std::vector<float>(in * out);
    return {zeros, {in, out}};
}

double mean_square(const xg::tensor<float>& w) {
    auto sum = 0.0;
    for (const auto x : w.span()) sum += static_cast<double>(x) * static_cast<double>(x);
    return sum / static_cast<double>(w.size());
}

float largest(const xg::tensor<float>& w) {
    auto most = 0.0f;
    for (const auto x : w.span()) most = std::max(most, std::fabs(x));
    return most;
}

}  // namespace

TEST_CASE("the variance that each paper asks for") {
    xg::manual_seed(5);
    auto w = matrix(200, 100);
    init::uniform(w, -2, 2);
    CHECK(mean_square(w) == doctest::Approx(4.0 / 3).epsilon(0.03));
    CHECK(largest(w) <= 2);
    init::normal(w, 3, 2);
    CHECK(mean_square(w) == doctest::Approx(13).epsilon(0.03));
    init::xavier_uniform(w);
    CHECK(mean_square(w) == doctest::Approx(2.0 / 300).epsilon(0.03));
    CHECK(largest(w) <= std::sqrt(6.0f / 300));
    init::xavier_normal(w, 5.0 / 3);
    CHECK(mean_square(w) == doctest::Approx(25.0 / 9 * 2 / 300).epsilon(0.03));
    init::kaiming_uniform(w);
    CHECK(mean_square(w) == doctest::Approx(2.0 / 200).epsilon(0.03));
    CHECK(largest(w) <= std::sqrt(6.0f / 200));
    init::kaiming_normal(w, {.mode = init::fan::out});
    CHECK(mean_square(w) == doctest::Approx(2.0 / 100).epsilon(0.03));
    init::constant(w, 0.5);
    CHECK(mean_square(w) == 0.25);
    init::zeros(w);
    CHECK(mean_square(w) == 0);
}

TEST_CASE("a convolution's fans count its window") {
    const auto zeros = std::vector<float>(64 * 32 * 9);
    auto w = xg::tensor<float, 4>{zeros, {64, 32, 3, 3}};
    init::kaiming_normal(w);
    CHECK(mean_square(w) == doctest::Approx(2.0 / (32 * 9)).epsilon(0.05));
}

TEST_CASE("in place, by the seed, and only where there are fans") {
    auto w = matrix(3, 4).requires_grad(true);
    const auto other = w;
    xg::manual_seed(9);
    init::kaiming_normal(w);
    const auto first = other.clone();
    CHECK(w.requires_grad());
    xg::manual_seed(9);
    init::kaiming_normal(w);
    CHECK(std::ranges::equal(first.span(), w.detach().span()));
    auto vector = xg::tensor<float, 1>{{1, 2}};
    CHECK_THROWS_AS(init::xavier_uniform(vector), xg::rank_error);
    CHECK_THROWS_AS(init::uniform(vector, 1, 0), xg::value_error);
    CHECK_THROWS_AS(init::normal(vector, 0, -1), xg::value_error);
    for (const auto none : {std::numeric_limits<double>::infinity(), std::numeric_limits<double>::quiet_NaN()}) {
        CHECK_THROWS_AS(init::uniform(vector, none, 1), xg::value_error);
        CHECK_THROWS_AS(init::uniform(vector, 0, none), xg::value_error);
        CHECK_THROWS_AS(init::normal(vector, none), xg::value_error);
        CHECK_THROWS_AS(init::normal(vector, 0, none), xg::value_error);
    }
}

TEST_CASE("uniform: from low to below high, whatever the bounds") {
    const auto check = []<class T>(T low, T high) {
        auto w = xg::tensor<T, 1>{std::vector<T>(20000), {20000}};
        init::uniform(w, static_cast<double>(low), static_cast<double>(high));
        const auto [least, most] = std::ranges::minmax_element(std::as_const(w).span());
        CHECK(*least >= low);
        CHECK(*most < high);
        CHECK(std::isfinite(*least));
    };
    constexpr auto largest_float = std::numeric_limits<float>::max();
    check(1.0f, 2.0f);
    check(1.0f, std::nextafter(1.0f, 2.0f));
    check(1024.0f, 1024.0005f);   // 4 floats: one draw in eight is rounded up to the end
    check(-largest_float, largest_float);
    check(-3e38f, 3e38f);
    check(1.0, std::nextafter(std::nextafter(1.0, 2.0), 2.0));
    check(-1.7e308, 1.7e308);
    auto w = matrix(10, 10);
    init::uniform(w, 0.5, 0.5);
    CHECK(largest(w) == 0.5f);
    init::uniform(w, 0.1, 0.1 + 1e-12);   // one float
    CHECK(largest(w) == 0.1f);
    constexpr auto infinite = std::numeric_limits<double>::infinity();
    CHECK_THROWS_WITH_AS(init::uniform(w, 0, infinite),
                         "[init::uniform] low is 0, high is inf; low must not be above high, and both must be finite", xg::value_error);
    CHECK_THROWS_AS(init::uniform(w, -infinite, 0), xg::value_error);
    CHECK_THROWS_AS(init::uniform(w, 0, 1e39), xg::value_error);
    CHECK_THROWS_AS(init::uniform(w, std::numeric_limits<double>::quiet_NaN(), 0), xg::value_error);
    CHECK_THROWS_AS(init::normal(w, infinite, 1), xg::value_error);
    CHECK_THROWS_AS(init::normal(w, 0, infinite), xg::value_error);
}
