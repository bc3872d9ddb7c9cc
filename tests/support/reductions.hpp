// Rows of the table for reductions: over all sets of axes of tensors of several shapes.
#pragma once

#include <support/operation_table.hpp>

#include <xgrad/autograd/create.hpp>
#include <xgrad/core/shape.hpp>

#include <algorithm>
#include <cstddef>
#include <functional>
#include <string>
#include <vector>

namespace operation_tests {

using fold = std::function<double(const std::vector<double>&)>;

/// f of the elements that go into each element of the result, gathered one by one.
inline xg::tensor<double> reduce_reference(const fold& f, const xg::tensor<double>& x, const std::vector<int>& axes, bool keep) {
    const auto sizes = x.shape();
    const auto rank = static_cast<int>(sizes.rank());
    const auto reduced = [&](std::size_t axis) {
        return std::ranges::any_of(axes, [&](int a) { return static_cast<std::size_t>(a < 0 ? a + rank : a) == axis; });
    };
    auto kept_sizes = xg::shape{};
    for (auto axis = std::size_t{0}; axis < sizes.rank(); ++axis) {
        if (!reduced(axis)) kept_sizes.push_back(sizes[axis]);
        else if (keep) kept_sizes.push_back(1);
    }
    auto y = xg::empty<double>(kept_sizes);
    auto parts = std::vector<std::vector<double>>(y.size());
    for (auto i = std::size_t{0}; i < x.size(); ++i) {
        auto rest = i, at = std::size_t{0}, step = std::size_t{1};
        for (auto axis = sizes.rank(); axis-- > 0;) {
            if (!reduced(axis)) {
                at += rest % sizes[axis] * step;
                step *= sizes[axis];
            }
            rest /= sizes[axis];
        }
        parts[at].push_back(x.data()[i]);
    }
    for (auto i = std::size_t{0}; i < y.size(); ++i) y.data()[i] = f(parts[i]);
    return y;
}

// No two are closer than the step of the check: among equals the largest changes hands.
inline const auto numbers = [] {
    auto all = std::vector<double>{};
    for (auto i = 0; i < 200; ++i) all.push_back(static_cast<double>((i * 83) % 199) / 16 - 5);
    return all;
}();

/// One row for each set of axes of a tensor of shape (2, 3, 4) and of others.
template <class Op>
void check_reduction(const std::string& name, const Op& op, const fold& f, bool empty_too) {
    const auto row = [&](const xg::shape& sizes, std::vector<int> axes, bool keep) {
        return operation{.name = name + (keep ? ", keep_dims" : ""),
                         .run = on_lists([=](const auto& x) { return op(x[0], axes, keep); }),
                         .reference = [=](const list<double>& x) { return reduce_reference(f, x[0], axes, keep); },
                         .points = {{shaped(numbers, sizes)}}, .epsilons = 8, .scale = 10};
    };
    for (const auto keep : {false, true}) {
        check(row({2, 3, 4}, {0}, keep));
        check(row({2, 3, 4}, {1}, keep));
        check(row({2, 3, 4}, {-1}, keep));
        check(row({2, 3, 4}, {0, 1}, keep));
        check(row({2, 3, 4}, {0, 2}, keep));
        check(row({2, 3, 4}, {-1, -2}, keep));
        check(row({2, 3, 4}, {2, 0, 1}, keep));
        check(row({2, 3, 4}, {}, keep));
        check(row({}, {}, keep));
        check(row({1}, {0}, keep));
        check(row({3, 1, 2}, {1}, keep));
        check(row({2, 1, 2, 3}, {0, 2}, keep));
        check(row({5, 19}, {1}, keep));
        check(row({19, 5}, {0}, keep));
        check(row({0, 3}, {1}, keep));
        if (empty_too) check(row({0, 3}, {0}, keep));
        if (empty_too) check(row({2, 0}, {0, 1}, keep));
    }
}

}  // namespace operation_tests
