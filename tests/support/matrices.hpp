// Matrices for tests of decompositions, and the plain loops that the results are compared with.
#pragma once

#include <support/operation_table.hpp>

#include <xgrad/autograd/create.hpp>
#include <xgrad/core/random.hpp>
#include <xgrad/ops/arithmetic.hpp>
#include <xgrad/ops/shape.hpp>

#include <cmath>
#include <cstddef>
#include <functional>
#include <utility>
#include <vector>

namespace matrix_tests {

namespace xg = xgrad;

/// Numbers between -1 and 1, the same at every call.
inline xg::tensor<double> numbers(const xg::shape& sizes, std::uint64_t seed = 1) {
    auto source = xg::generator{seed};
    auto values = std::vector<double>(sizes.elements());
    for (auto& each : values) each = 2 * source.uniform<double>() - 1;
    return xg::tensor<double>(values, sizes);
}

/// The same with `more` added to the diagonals: matrices far from singular.
inline xg::tensor<double> regular(const xg::shape& sizes, std::uint64_t seed = 1, double more = 2.5) {
    auto x = numbers(sizes, seed);
    const auto rows = sizes[sizes.rank() - 2], columns = sizes[sizes.rank() - 1];
    for (auto at = std::size_t{0}; at < x.size(); ++at)
        if (at / columns % rows == at % columns) x.data()[at] += more;
    return x;
}

/// Differences of a symmetric function want a symmetric argument.
template <class X>
auto symmetric(const X& x) {
    return x + xg::transpose(x, -1, -2);
}

using matrix = std::vector<std::vector<double>>;

/// Matrix number `index` of a stack.
inline matrix matrix_of(const xg::tensor<double>& x, std::size_t index = 0) {
    const auto sizes = x.shape();
    const auto rows = sizes[sizes.rank() - 2], columns = sizes[sizes.rank() - 1];
    auto result = matrix(rows, std::vector<double>(columns));
    for (auto i = std::size_t{0}; i < rows; ++i)
        for (auto j = std::size_t{0}; j < columns; ++j) result[i][j] = x.data()[(index * rows + i) * columns + j];
    return result;
}

/// x with a x = b, and the determinant of a, by elimination, written out; in long double.
inline std::pair<matrix, double> eliminated(const matrix& a, const matrix& b) {
    const auto size = a.size();
    auto left = std::vector<std::vector<long double>>(size), right = left;
    for (auto i = std::size_t{0}; i < size; ++i) {
        left[i].assign(a[i].begin(), a[i].end());
        right[i].assign(b[i].begin(), b[i].end());
    }
    auto det = 1.0L;
    for (auto j = std::size_t{0}; j < size; ++j) {
        auto best = j;
        for (auto i = j; i < size; ++i)
            if (std::fabs(left[i][j]) > std::fabs(left[best][j])) best = i;
        if (best != j) {
            std::swap(left[j], left[best]);
            std::swap(right[j], right[best]);
            det = -det;
        }
        det *= left[j][j];
        for (auto i = std::size_t{0}; i < size; ++i) {
            if (i == j || left[j][j] == 0) continue;
            const auto factor = left[i][j] / left[j][j];
            for (auto k = j; k < size; ++k) left[i][k] -= factor * left[j][k];
            for (auto k = std::size_t{0}; k < right[i].size(); ++k) right[i][k] -= factor * right[j][k];
        }
    }
    auto x = matrix(size);
    for (auto i = std::size_t{0}; i < size; ++i)
        for (const auto value : right[i]) x[i].push_back(static_cast<double>(value / left[i][i]));
    return {std::move(x), static_cast<double>(det)};
}

/// f of each matrix of x, which gives a matrix of another shape.
inline xg::tensor<double> each_matrix(const xg::tensor<double>& x, const xg::shape& sizes, const std::function<matrix(const matrix&)>& f) {
    auto values = std::vector<double>{};
    auto stack = x.shape();
    stack.erase(stack.rank() - 1);
    stack.erase(stack.rank() - 1);
    const auto count = x.size() == 0 ? 0 : stack.elements();
    for (auto i = std::size_t{0}; i < count; ++i)
        for (const auto& row : f(matrix_of(x, i))) values.insert(values.end(), row.begin(), row.end());
    return xg::tensor<double>(values, sizes);
}

/// The largest difference of two tensors of one shape.
template <class A, class B>
double difference(const A& a, const B& b) {
    auto largest = 0.0;
    for (auto i = std::size_t{0}; i < a.size(); ++i) {
        const auto apart = std::fabs(static_cast<double>(a.data()[i]) - static_cast<double>(b.data()[i]));
        if (!(apart <= largest)) largest = apart;
    }
    return largest;
}

}  // namespace matrix_tests
