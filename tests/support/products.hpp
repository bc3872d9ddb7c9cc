// What tests of products have in common: operands, and the product written out.
#pragma once

#include <support/operation_table.hpp>

#include <xgrad/autograd/create.hpp>

#include <cstddef>
#include <utility>
#include <vector>

namespace operation_tests {

inline const auto some = std::vector<double>{0.5, -1, 2, 0.1, -3, 1.5, 0.7};
inline const auto others = std::vector<double>{-0.3, 4, 0.9, -2.5, 1.1};

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
