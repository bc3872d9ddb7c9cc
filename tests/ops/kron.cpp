#include <doctest/doctest.h>

#include <support/operation_table.hpp>
#include <support/some_numbers.hpp>

#include <xgrad/autograd/create.hpp>
#include <xgrad/ops/compare.hpp>
#include <xgrad/ops/kron.hpp>

#include <algorithm>
#include <cstddef>
#include <type_traits>

namespace xg = xgrad;
using namespace operation_tests;

TEST_CASE("kron: values and derivatives") {
    const auto row = [](const xg::shape& a, const xg::shape& b) {
        const auto reference = [](const list<double>& x) {
            const auto rank = std::max(x[0].rank(), x[1].rank());
            auto left = x[0].shape(), right = x[1].shape();
            while (left.rank() < rank) left.insert(0, 1);
            while (right.rank() < rank) right.insert(0, 1);
            auto sizes = xg::shape{};
            for (auto axis = std::size_t{0}; axis < rank; ++axis) sizes.push_back(left[axis] * right[axis]);
            auto y = xg::empty<double>(sizes);
            for (auto i = std::size_t{0}; i < y.size(); ++i) {
                auto rest = i, at_a = std::size_t{0}, at_b = std::size_t{0}, step_a = std::size_t{1}, step_b = std::size_t{1};
                for (auto axis = rank; axis-- > 0;) {
                    const auto index = rest % sizes[axis];
                    rest /= sizes[axis];
                    at_a += index / right[axis] * step_a, at_b += index % right[axis] * step_b;
                    step_a *= left[axis], step_b *= right[axis];
                }
                y.data()[i] = x[0].span()[at_a] * x[1].span()[at_b];
            }
            return y;
        };
        return operation{.name = "kron", .run = on_lists([](const auto& x) { return xg::kron(x[0], x[1]); }), .reference = reference,
                         .points = {{shaped(some, a), shaped(others, b)}}};
    };
    check({row({2, 3}, {3, 2}), row({3}, {2}), row({2}, {2, 3}), row({2, 1, 2}, {3}), row({}, {2}), row({2, 2}, {0, 2})});
    static_assert(std::is_same_v<decltype(xg::kron(xg::tensor<int, 1>{}, xg::tensor<int, 2>{})), xg::tensor<int, 2>>);
    CHECK(xg::array_equal(xg::kron(xg::tensor<int, 1>{1, 2}, xg::tensor<int, 1>{1, 10}), xg::tensor<int, 1>{1, 10, 2, 20}));
    CHECK(xg::kron(xg::ones<float>({2, 2, 2, 2}), xg::ones<float>({2, 2, 2, 2})).shape() == xg::shape{4, 4, 4, 4});
}

TEST_CASE("cross: values and derivatives") {
    const auto row = [](const xg::shape& a, const xg::shape& b, int axis, std::size_t step) {   // of (outer, 3, step)
        const auto reference = [=](const list<double>& x) {
            auto y = xg::zeros_like(apply_elementwise([](const auto& v) { return v[0]; }, x));
            const auto all = y.size();
            for (auto i = std::size_t{0}; i < all; ++i) {
                const auto at = i / step % 3, first = i - at * step;
                const auto next = first + (at + 1) % 3 * step, after = first + (at + 2) % 3 * step;
                const auto of = [&](std::size_t k, std::size_t place) { return x[k].span()[place % x[k].size()]; };
                y.data()[i] = of(0, next) * of(1, after) - of(0, after) * of(1, next);
            }
            return y;
        };
        return operation{.name = "cross", .run = on_lists([=](const auto& x) { return xg::cross(x[0], x[1], axis); }), .reference = reference,
                         .points = {{shaped(some, a), shaped(others, b)}}, .scale = 20};
    };
    check({row({3}, {3}, -1, 1), row({2, 3}, {2, 3}, 1, 1), row({2, 3}, {3}, -1, 1), row({3, 2}, {3, 2}, 0, 2), row({0, 3}, {3}, -1, 1)});
    const auto x = xg::tensor<int, 1>{1, 0, 0}, y = xg::tensor<int, 1>{0, 1, 0};
    CHECK(xg::array_equal(xg::cross(x, y), xg::tensor<int, 1>{0, 0, 1}));
    CHECK_THROWS_WITH_AS(xg::cross(xg::ones<float>({2, 2}), xg::ones<float>({2, 2})),
                         "[cross] a is (2, 2), b is (2, 2); both must have 3 elements along the axis", xg::shape_error);
    CHECK_THROWS_AS(xg::cross(x, y, 1), xg::index_error);
}
