// Rows of the table for operations that move elements: what they must give is written as a list of places.
#pragma once

#include <support/operation_table.hpp>

#include <doctest/doctest.h>

#include <xgrad/autograd/create.hpp>

#include <cstddef>
#include <string>
#include <vector>

namespace operation_tests {

/// The elements of x, of the shape `from`, at these places, in row-major order, under the shape `to`; `around` where a place is -1.
template <class F>
operation moves(const std::string& name, const F& f, const xg::shape& from, const xg::shape& to, const std::vector<std::ptrdiff_t>& at,
                double around = 0) {
    const auto numbers = std::vector<double>{0.5, -1, 2, 0.1, -3, 1.5, 0.7, 4, -2, 1, 3, -0.5, 0.2};
    return {.name = name, .run = on_lists([f](const auto& x) { return f(x[0]); }),
            .reference = [to, at, around](const list<double>& x) {
                auto y = xg::empty<double>(to);
                REQUIRE(y.size() == at.size());
                for (auto i = std::size_t{0}; i < at.size(); ++i) y.data()[i] = at[i] < 0 ? around : x[0].data()[at[i]];
                return y;
            },
            .points = {{shaped(numbers, from)}}, .epsilons = 0};
}

}  // namespace operation_tests
