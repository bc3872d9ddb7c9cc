// A network and batches of which each rank has a part.
#pragma once

#include <xgrad/autograd/tensor.hpp>
#include <xgrad/core/error.hpp>
#include <xgrad/core/random.hpp>
#include <xgrad/distributed/world.hpp>
#include <xgrad/nn/linear.hpp>
#include <xgrad/nn/module.hpp>
#include <xgrad/ops/activation.hpp>
#include <xgrad/ops/loss/regression.hpp>

#include <cstddef>
#include <cstring>
#include <string>
#include <utility>
#include <vector>

namespace ranks {

namespace xg = xgrad;

inline auto& world() { return *xg::distributed::world::current(); }

struct network {
    xg::nn::linear<> fc1{5, 40};
    xg::nn::linear<> fc2{40, 3};
    xg::nn::linear<> unused{4, 2};
    auto operator()(const auto& x) const { return fc2(fc1(x, xg::relu)); }
};

struct batch {
    xg::tensor<float, 2> x, y;
    std::size_t rows() const { return x.shape(0); }
};

inline xg::tensor<float, 2> random_rows(xg::generator& numbers, std::size_t rows, std::size_t columns) {
    auto values = std::vector<float>(rows * columns);
    for (auto& each : values) each = numbers.normal<float>();
    return xg::tensor<float, 2>{values, {rows, columns}};
}

inline batch whole_batch(xg::generator& numbers, std::size_t rows) {
    auto x = random_rows(numbers, rows, 5);
    return {x, random_rows(numbers, rows, 3)};
}

inline xg::tensor<float, 2> rows_of(const xg::tensor<float, 2>& x, std::size_t first, std::size_t last) {
    const auto columns = x.shape(1);
    return xg::tensor<float, 2>{std::vector<float>(x.data() + first * columns, x.data() + last * columns), {last - first, columns}};
}

/// This rank's part, where rank r has counts[r] rows, one after the other; ranks beyond them have none.
inline batch part_of(const batch& whole, const std::vector<std::size_t>& counts) {
    auto first = std::size_t{0};
    const auto rank = world().rank();
    for (auto r = std::size_t{0}; r < rank && r < counts.size(); ++r) first += counts[r];
    const auto last = rank < counts.size() ? first + counts[rank] : first;
    return {rows_of(whole.x, first, last), rows_of(whole.y, first, last)};
}

template <class T>
bool same_bits(const xg::basic_tensor<T>& a, const xg::basic_tensor<T>& b) {
    return a.size() == b.size() && std::memcmp(a.data(), b.data(), a.size() * sizeof(T)) == 0;
}

}  // namespace ranks
