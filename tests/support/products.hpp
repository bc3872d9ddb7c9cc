// What tests of products have in common: operands, and the product written out.
#pragma once

#include <support/operation_table.hpp>
#include <support/some_numbers.hpp>

#include <xgrad/autograd/create.hpp>

#include <cstddef>
#include <utility>

namespace operation_tests {

/// y (i, j) = sum_k a (i, k) b (k, j), of the elements in order, under any shape.
inline xg::tensor<double> product(const xg::tensor<double>& a, const xg::tensor<double>& b, std::size_t inner, const xg::shape& sizes) {
    const auto rows = a.size() / inner, columns = b.size() / inner;
    auto y = xg::zeros<double>(sizes);
    for (auto i = std::size_t{0}; i < rows; ++i)
        for (auto j = std::size_t{0}; j < columns; ++j)
            for (auto k = std::size_t{0}; k < inner; ++k)
                y.data()[i * columns + j] += a.span()[i * inner + k] * b.span()[k * columns + j];
    return y;
}

inline operation row(const char* name, operation_pair run, function<double> reference, const xg::shape& a, const xg::shape& b) {
    return {.name = name, .run = std::move(run), .reference = std::move(reference), .points = {{shaped(some, a), shaped(others, b)}},
            .epsilons = 8, .scale = 20, .is_product = true};
}

}  // namespace operation_tests
