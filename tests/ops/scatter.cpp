#include <doctest/doctest.h>

#include <support/operation_table.hpp>
#include <support/some_numbers.hpp>

#include <xgrad/autograd/create.hpp>
#include <xgrad/autograd/functional.hpp>
#include <xgrad/ops/arithmetic.hpp>
#include <xgrad/ops/compare.hpp>
#include <xgrad/ops/reduce.hpp>
#include <xgrad/ops/scatter.hpp>

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <type_traits>
#include <vector>

namespace xg = xgrad;
using namespace operation_tests;

namespace {

using indices = std::vector<std::int64_t>;

/// f(the element of y where it goes, the value) for every index, written out.
template <class F>
xg::tensor<double> scattered(const xg::tensor<double>& x, const indices& numbers, const xg::shape& under, const xg::tensor<double>& values,
                             std::size_t axis, const F& f) {
    auto y = x.clone();
    const auto place = [&](const xg::shape& own, std::size_t i, bool indexed) {
        auto result = std::size_t{0}, step = std::size_t{1}, rest = i;
        for (auto k = under.rank(); k-- > 0; rest /= under[k]) {
            const auto number = numbers[i];
            const auto index = number < 0 ? number + static_cast<std::int64_t>(own[k]) : number;
            result += (indexed && k == axis ? static_cast<std::size_t>(index) : rest % under[k]) * step;
            step *= own[k];
        }
        return result;
    };
    for (auto i = std::size_t{0}; i < under.elements(); ++i)
        f(y.data()[place(x.shape(), i, true)], values.rank() == 0 ? values.item() : values.span()[place(values.shape(), i, false)]);
    return y;
}

operation scatters(const xg::shape& to, const indices& numbers, const xg::shape& under, const xg::shape& from, int axis) {
    const auto at = xg::tensor<std::int64_t>(numbers, under);
    return {.name = "scatter", .run = on_lists([=](const auto& x) { return xg::scatter(x[0], at, x[1], axis); }),
            .reference = [=](const list<double>& x) {
                return scattered(x[0], numbers, under, x[1], static_cast<std::size_t>(axis), [](double& y, double value) { y = value; });
            },
            .points = {{shaped(some, to), shaped(others, from)}}, .epsilons = 0};
}

operation scatter_adds(const xg::shape& to, const indices& numbers, const xg::shape& under, const xg::shape& from, int axis) {
    const auto at = xg::tensor<std::int64_t>(numbers, under);
    return {.name = "scatter_add", .run = on_lists([=](const auto& x) { return xg::scatter_add(x[0], at, x[1], axis); }),
            .reference = [=](const list<double>& x) {
                return scattered(x[0], numbers, under, x[1], static_cast<std::size_t>(axis), [](double& y, double value) { y += value; });
            },
            .points = {{shaped(some, to), shaped(others, from)}}, .scale = 10};
}

}  // namespace

TEST_CASE("scatter: values and derivatives") {
    check({
        scatters({4}, {2, -4}, {2}, {2}, 0),
        scatters({4}, {2, 1, 2}, {3}, {3}, 0),   // of two values in one place the last stays, and it alone gets the gradient
        scatters({3, 2}, {0, 2, -1, 0}, {2, 2}, {2, 2}, 0),
        scatters({3, 2}, {0, 2}, {1, 2}, {3, 3}, 0),   // values that no index asks for
        scatters({2, 3, 2}, {1, 2}, {1, 2, 1}, {1, 2, 2}, 1),
        scatters({2, 2}, {}, {0, 2}, {2, 2}, 0),
        scatters({0, 2}, {}, {0, 2}, {0, 2}, 0),
    });
}

TEST_CASE("scatter_add: values and derivatives") {
    check({
        scatter_adds({4}, {2, -4, 2}, {3}, {3}, 0),
        scatter_adds({3, 2}, {0, 2, -1, 0, 0, 0}, {3, 2}, {3, 2}, 0),
        scatter_adds({3, 2}, {0, 0, 2}, {3, 1}, {3, 2}, 0),
        scatter_adds({2, 3}, {0, 0, 2, -1}, {1, 4}, {2, 5}, 1),
        scatter_adds({2, 3, 2}, {1, 2, 1, 1}, {2, 1, 2}, {2, 1, 2}, 1),
        scatter_adds({2, 2}, {}, {2, 0}, {2, 2}, 1),
    });
}

TEST_CASE("scatter: numbers, types, and what is out of range") {
    const auto x = xg::tensor<int, 2>{{1, 2}, {3, 4}, {5, 6}};
    const auto at = xg::tensor<std::int8_t, 2>{{-1, 0}};
    CHECK(xg::array_equal(xg::scatter(x, at, 9, 0), xg::tensor<int, 2>{{1, 9}, {3, 4}, {9, 6}}));
    CHECK(xg::array_equal(xg::scatter_add(x, at, xg::tensor<int, 2>{{10, 20}}, 0), xg::tensor<int, 2>{{1, 22}, {3, 4}, {15, 6}}));
    CHECK(xg::array_equal(xg::scatter(xg::tensor<bool, 1>{false, false}, xg::tensor<int, 1>{1}, true, 0), xg::tensor<bool, 1>{false, true}));
    static_assert(std::is_same_v<decltype(xg::scatter(x, at, 9, 0)), xg::tensor<int, 2>>);
    CHECK_THROWS_WITH_AS(xg::scatter(x, xg::tensor<int, 2>{{3, 0}}, 9, 0), "[scatter] index 3 is out of range for an axis of size 3",
                         xg::index_error);
    CHECK_THROWS_WITH_AS(xg::scatter_add(x, xg::tensor<int, 2>{{0, -4}}, x, 0), "[scatter_add] index -4 is out of range for an axis of size 3",
                         xg::index_error);
    CHECK_THROWS_WITH_AS(xg::scatter_add(x, xg::zeros<int>({3, 3}), x, 0),
                         "[scatter_add] x is (3, 2), the indices are (3, 3), which are more along axis 1", xg::shape_error);
    CHECK_THROWS_WITH_AS(xg::scatter(x, xg::zeros<int>({4, 1}), x, 0),
                         "[scatter] the tensor of values is (3, 2), the indices are (4, 1), which are more along axis 0", xg::shape_error);
    CHECK(xg::array_equal(x, xg::tensor<int, 2>{{1, 2}, {3, 4}, {5, 6}}));
}

TEST_CASE("scatter_add: a million values for one place are added up as exactly as by sum") {
    constexpr auto count = std::size_t{1'000'000};
    const auto values = xg::full<float>({count}, 0.1f);
    const auto at = xg::full<int>({count}, 1);
    const auto close = [](float sum) { return std::fabs(static_cast<double>(sum) / (static_cast<double>(0.1f) * count) - 1) < 1e-6; };
    CHECK(close(xg::scatter_add(xg::zeros<float>({2}), at, values, 0)(1)));
    const auto column = xg::scatter_add(xg::zeros<float>({3, 2}), xg::full<int>({count, 1}, 1), xg::full<float>({count, 1}, 0.1f), 0);
    CHECK(close(column(1, 0)));
    CHECK(column(1, 1) == 0);
}
