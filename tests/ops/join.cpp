#include <doctest/doctest.h>

#include <support/operation_table.hpp>

#include <xgrad/autograd/create.hpp>
#include <xgrad/ops/arithmetic.hpp>
#include <xgrad/ops/compare.hpp>
#include <xgrad/ops/join.hpp>

#include <cstddef>
#include <string>
#include <type_traits>
#include <vector>

namespace xg = xgrad;
using namespace operation_tests;

namespace {

/// The parts one after the other along `axis`: for each place outside it, the rows of each.
xg::tensor<double> concat_reference(const list<double>& parts, std::size_t axis) {
    auto sizes = parts[0].shape();
    sizes[axis] = 0;
    for (const auto& part : parts) sizes[axis] += part.shape()[axis];
    auto outer = std::size_t{1};
    for (auto i = std::size_t{0}; i < axis; ++i) outer *= sizes[i];
    auto y = xg::empty<double>(sizes);
    auto* to = y.data();
    for (auto o = std::size_t{0}; o < outer; ++o)
        for (const auto& part : parts) {
            const auto own = part.size() / outer;
            for (auto i = std::size_t{0}; i < own; ++i) *to++ = part.data()[o * own + i];
        }
    return y;
}

operation joins(const std::vector<xg::shape>& sizes, std::ptrdiff_t axis, std::size_t from_start) {
    auto parts = list<double>{};
    for (auto k = std::size_t{0}; k < sizes.size(); ++k)
        parts.push_back(shaped({0.5 + static_cast<double>(k), -1, 2, 0.1, -3, 1.5, 0.7}, sizes[k]));
    return {.name = "concat along " + std::to_string(axis), .run = on_lists([axis](const auto& x) { return xg::concat(x, axis); }),
            .reference = [from_start](const list<double>& x) { return concat_reference(x, from_start); },
            .points = {parts}, .epsilons = 0};
}

operation stacks(const xg::shape& sizes, std::ptrdiff_t axis, std::size_t from_start) {
    return {.name = "stack along " + std::to_string(axis), .run = on_lists([axis](const auto& x) { return xg::stack(x, axis); }),
            .reference = [from_start](const list<double>& x) {
                auto parts = list<double>{};
                for (const auto& each : x) {
                    auto own = each.shape();
                    own.insert(from_start, 1);
                    parts.emplace_back(each.span(), own);
                }
                return concat_reference(parts, from_start);
            },
            .points = {{shaped({0.5, -1, 2, 0.1}, sizes), shaped({1.5, 3, -2}, sizes)}}, .epsilons = 0};
}

}  // namespace

TEST_CASE("concat and stack: values and derivatives") {
    check({
        joins({{2}, {3}, {1}}, 0, 0), joins({{2, 3}, {1, 3}}, 0, 0), joins({{2, 3}, {2, 1}, {2, 2}}, 1, 1),
        joins({{2, 1, 2}, {2, 3, 2}}, -2, 1), joins({{2, 2, 1}, {2, 2, 3}}, -1, 2), joins({{3}}, 0, 0),
        joins({{0, 2}, {2, 2}}, 0, 0), joins({{2, 0}, {2, 0}}, 1, 1), joins({{2, 0}, {2, 3}}, 1, 1),
        stacks({3}, 0, 0), stacks({3}, 1, 1), stacks({3}, -1, 1), stacks({2, 3}, 1, 1), stacks({}, 0, 0), stacks({2, 0}, 1, 1),
    });
}

TEST_CASE("concat: more parts than a node holds in place") {
    auto parts = std::vector<xg::tensor<double, 1>>{};
    for (auto i = 0; i < 7; ++i) parts.push_back(xg::full<double>({2}, i).requires_grad(true));
    const auto y = xg::concat(parts);
    y.backward(xg::arange<double>(14));
    for (auto i = 0; i < 7; ++i) CHECK(xg::array_equal(parts[static_cast<std::size_t>(i)].grad(), xg::tensor<double, 1>{2.0 * i, 2.0 * i + 1}));
}

TEST_CASE("concat: the same part twice gets both gradients") {
    auto x = xg::tensor<double, 1>{1, 2};
    x.requires_grad(true);
    xg::concat({x, x}).backward(xg::tensor<double, 1>{1, 2, 30, 40});
    CHECK(xg::array_equal(x.grad(), xg::tensor<double, 1>{31, 42}));
}

TEST_CASE("concat and stack: ranks, types, and what does not fit") {
    const auto a = xg::zeros<float>({2, 3}), b = xg::zeros<float>({2, 2});
    static_assert(std::is_same_v<decltype(xg::concat({a, b}, 1)), xg::tensor<float, 2>>);
    static_assert(std::is_same_v<decltype(xg::stack({a, a})), xg::tensor<float, 3>>);
    static_assert(std::is_same_v<decltype(xg::stack({xg::tensor<float>{}})), xg::tensor<float>>);
    CHECK(xg::array_equal(xg::concat({xg::tensor<int, 1>{1}, xg::tensor<int, 1>{2, 3}}), xg::tensor<int, 1>{1, 2, 3}));
    CHECK(xg::array_equal(xg::stack({xg::tensor<bool, 0>(true), xg::tensor<bool, 0>(false)}), xg::tensor<bool, 1>{true, false}));
    CHECK_THROWS_WITH_AS(xg::concat({a, b}), "[concat] sizes differ outside axis 0: (2, 3) and (2, 2)", xg::shape_error);
    CHECK_THROWS_WITH_AS(xg::concat({a, a}, 2), "[concat] axis 2 is out of range for 2 axes", xg::index_error);
    CHECK_THROWS_WITH_AS(xg::concat(std::vector<xg::tensor<float, 2>>{}), "[concat] nothing to join", xg::shape_error);
    CHECK_THROWS_WITH_AS(xg::concat({xg::tensor<float>{a}, xg::tensor<float>{xg::zeros<float>({2})}}),
                         "[concat] the parts have different ranks: (2, 3) and (2,)", xg::rank_error);
    CHECK_THROWS_WITH_AS(xg::stack({a, b}), "[stack] shapes differ: (2, 3) and (2, 2)", xg::shape_error);
    CHECK_THROWS_WITH_AS(xg::stack({a, a}, 3), "[stack] axis 3 is out of range for 3 axes", xg::index_error);
    CHECK_THROWS_WITH_AS(xg::stack(std::vector<xg::tensor<float, 2>>{}), "[stack] nothing to join", xg::shape_error);
}
