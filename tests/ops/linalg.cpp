#include <doctest/doctest.h>

#include <support/operation_table.hpp>

#include <xgrad/autograd/create.hpp>
#include <xgrad/ops/activation.hpp>
#include <xgrad/ops/arithmetic.hpp>
#include <xgrad/ops/compare.hpp>
#include <xgrad/ops/linalg.hpp>
#include <xgrad/ops/math.hpp>
#include <xgrad/ops/reduce.hpp>
#include <xgrad/ops/shape.hpp>

#include <cmath>
#include <cstddef>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

namespace xg = xgrad;
using namespace operation_tests;

namespace {

xg::tensor<double> operand(const xg::shape& sizes, double first) {
    auto values = std::vector<double>{};
    for (auto i = 0; i < 97; ++i) values.push_back(static_cast<double>((i * 31) % 97) / 48 - first);
    return shaped(values, sizes);
}

/// The element of x at a place among its broadcast stacks, its rows and its columns.
double at(const xg::tensor<double>& x, std::size_t stack, const xg::shape& stacks, std::size_t row, std::size_t column) {
    const auto sizes = x.shape();
    auto offset = row * sizes[sizes.rank() - 1] + column, step = sizes[sizes.rank() - 2] * sizes[sizes.rank() - 1];
    for (auto from_last = std::size_t{1}; from_last <= stacks.rank(); ++from_last) {
        const auto index = stack % stacks[stacks.rank() - from_last];
        stack /= stacks[stacks.rank() - from_last];
        if (from_last + 2 > sizes.rank()) continue;
        const auto own = sizes[sizes.rank() - 2 - from_last];
        offset += (own == 1 ? 0 : index) * step;
        step *= own;
    }
    return x.data()[offset];
}

/// The matrix product in three loops, vectors and stacks by NumPy's rules.
xg::tensor<double> matmul_reference(const xg::tensor<double>& a, const xg::tensor<double>& b, bool ta = false, bool tb = false) {
    if (a.rank() == 1) {
        const auto y = matmul_reference(xg::reshape(a, std::vector<std::size_t>{1, a.size()}), b, false, tb);
        auto sizes = y.shape();
        sizes.erase(b.rank() == 1 ? 0 : sizes.rank() - 2);
        return xg::reshape(y, sizes);
    }
    if (b.rank() == 1) {
        const auto y = matmul_reference(a, xg::reshape(b, std::vector<std::size_t>{b.size(), 1}), ta, false);
        auto sizes = y.shape();
        sizes.erase(sizes.rank() - 1);
        return xg::reshape(y, sizes);
    }
    const auto left = a.shape(), right = b.shape();
    const auto stack_of = [](xg::shape sizes) {
        sizes.erase(sizes.rank() - 1);
        sizes.erase(sizes.rank() - 1);
        return sizes;
    };
    const auto stacks = xg::broadcast_shapes("reference", stack_of(left), stack_of(right));
    const auto rows = left[left.rank() - (ta ? 1 : 2)], inner = left[left.rank() - (ta ? 2 : 1)];
    const auto columns = right[right.rank() - (tb ? 2 : 1)];
    auto sizes = stacks;
    sizes.push_back(rows);
    sizes.push_back(columns);
    auto y = xg::empty<double>(sizes);
    for (auto stack = std::size_t{0}; stack < stacks.elements(); ++stack)
        for (auto i = std::size_t{0}; i < rows; ++i)
            for (auto j = std::size_t{0}; j < columns; ++j) {
                auto sum = 0.0;
                for (auto k = std::size_t{0}; k < inner; ++k)
                    sum += (ta ? at(a, stack, stacks, k, i) : at(a, stack, stacks, i, k)) *
                           (tb ? at(b, stack, stacks, j, k) : at(b, stack, stacks, k, j));
                y.data()[(stack * rows + i) * columns + j] = sum;
            }
    return y;
}

operation product(const xg::shape& a, const xg::shape& b, xg::matmul_options options = {}) {
    return {.name = "matmul", .run = on_lists([options](const auto& x) { return xg::matmul(x[0], x[1], options); }),
            .reference = [options](const list<double>& x) { return matmul_reference(x[0], x[1], options.transpose_a, options.transpose_b); },
            .points = {{operand(a, 0.5), operand(b, 1.25)}}, .epsilons = 16, .scale = 4, .is_product = true};
}

operation affine(const xg::shape& x, const xg::shape& weight) {
    const auto bias = xg::shape{weight[1]};
    return {.name = "linear", .run = on_lists([](const auto& v) { return xg::linear(v[0], v[1], v[2]); }),
            .reference = [](const list<double>& v) {
                const auto y = matmul_reference(v[0], v[1]);
                return apply_elementwise([](const auto& e) { return e[0] + e[1]; }, {y, v[2]});
            },
            .points = {{operand(x, 0.5), operand(weight, 1.25), operand(bias, 0.75)}}, .epsilons = 16, .scale = 4, .is_product = true};
}

/// linear and an activation in one, against the two after each other.
template <class Activation>
operation affine_with(const Activation& f, double (*scalar)(double), const xg::shape& x, const xg::shape& weight) {
    auto op = affine(x, weight);
    op.name = "linear with an activation";
    op.run = on_lists([f](const auto& v) { return xg::linear(v[0], v[1], v[2], f); });
    op.reference = [scalar, plain = op.reference](const list<double>& v) {
        return apply_elementwise([scalar](const auto& e) { return scalar(e[0]); }, {plain(v)});
    };
    return op;
}

}  // namespace

TEST_CASE("matmul: values and derivatives, by NumPy's rules") {
    check({
        product({2, 3}, {3, 4}), product({1, 1}, {1, 1}), product({5, 1}, {1, 3}), product({1, 5}, {5, 1}),
        product({3}, {3}), product({3}, {3, 2}), product({2, 3}, {3}), product({1}, {1}),
        product({2, 2, 3}, {3, 2}), product({2, 3}, {2, 3, 2}), product({2, 2, 3}, {2, 3, 2}),
        product({2, 1, 2, 3}, {3, 3, 2}), product({1, 2, 3}, {2, 3, 2}), product({3}, {2, 3, 2}), product({2, 2, 3}, {3}),
        product({2, 1, 2, 2}, {1, 3, 2, 2}), product({2, 1, 1, 2}, {2}),
        product({3, 2}, {3, 4}, {.transpose_a = true}), product({2, 3}, {4, 3}, {.transpose_b = true}),
        product({3, 2}, {4, 3}, {.transpose_a = true, .transpose_b = true}),
        product({2, 3, 2}, {3, 2}, {.transpose_a = true}), product({2, 2, 3}, {2, 3}, {.transpose_b = true}),
        product({2, 3, 2}, {1, 4, 3}, {.transpose_a = true, .transpose_b = true}),
        product({3, 2}, {3}, {.transpose_a = true}), product({3}, {2, 3}, {.transpose_b = true}),
        product({0, 3}, {3, 2}), product({2, 0}, {0, 3}), product({2, 3}, {3, 0}), product({0}, {0}),
        product({0, 2, 3}, {3, 2}), product({2, 2, 0}, {0, 2}), product({2, 0, 3}, {2, 3, 2}),
    });
    for (auto large : {product({17, 33}, {33, 19}), product({1, 70}, {70, 18}), product({3, 5, 33}, {33, 7})}) {
        large.second_derivative = false;
        check(large);
    }
}

TEST_CASE("linear: values and derivatives") {
    check({affine({2, 3}, {3, 4}), affine({3}, {3, 2}), affine({2, 2, 3}, {3, 2}), affine({1, 1}, {1, 1}), affine({3, 2}, {2, 19}),
           affine({0, 3}, {3, 2}), affine({2, 0}, {0, 3}), affine({2, 3}, {3, 0})});
}

TEST_CASE("linear with an activation: values and derivatives") {
    const auto relu = [](double z) { return z > 0 ? z : 0; };
    const auto tanh = [](double z) { return std::tanh(z); };
    const auto softplus = [](double z) { return std::log1p(std::exp(z)); };   // not computed along, but called
    check({affine_with(xg::relu, relu, {2, 3}, {3, 4}), affine_with(xg::relu, relu, {2, 2, 3}, {3, 19}),
           affine_with(xg::tanh, tanh, {3, 2}, {2, 19}), affine_with(xg::tanh, tanh, {3}, {3, 2}),
           affine_with(xg::tanh, tanh, {2, 0}, {0, 3}), affine_with(xg::softplus, softplus, {2, 3}, {3, 4})});
}

TEST_CASE("linear with an activation is the activation of linear, to the bit, and so are its gradients") {
    for (const auto columns : {std::size_t{10}, std::size_t{256}}) {
        CAPTURE(columns);
        auto x = xg::astype<float>(operand({33, 40}, 0.5)), weight = xg::astype<float>(operand({40, columns}, 1.25)),
             bias = xg::astype<float>(operand({columns}, 0.75));
        for (auto* leaf : {&x, &weight, &bias}) leaf->requires_grad(true);
        const auto gradients = [&](const auto& y) {
            for (auto* leaf : {&x, &weight, &bias}) leaf->zero_grad();
            xg::sum(y * y).backward();
            return std::vector<xg::tensor<float>>{y.detach(), x.grad(), weight.grad(), bias.grad()};
        };
        const auto together = gradients(xg::linear(x, weight, bias, xg::relu));
        const auto apart = gradients(xg::relu(xg::linear(x, weight, bias)));
        for (auto i = std::size_t{0}; i < 4; ++i) CHECK(xg::array_equal(together[i], apart[i]));
    }
}

TEST_CASE("matmul and linear: the ranks of the results") {
    using one = xg::tensor<float, 1>;
    using two = xg::tensor<float, 2>;
    using three = xg::tensor<float, 3>;
    using any = xg::tensor<float>;
    static_assert(std::is_same_v<decltype(xg::matmul(two{}, two{})), two>);
    static_assert(std::is_same_v<decltype(xg::matmul(one{}, one{})), xg::tensor<float, 0>>);
    static_assert(std::is_same_v<decltype(xg::matmul(one{}, two{})), one>);
    static_assert(std::is_same_v<decltype(xg::matmul(three{}, one{})), two>);
    static_assert(std::is_same_v<decltype(xg::matmul(two{}, three{})), three>);
    static_assert(std::is_same_v<decltype(xg::matmul(any{}, two{})), any>);
    static_assert(std::is_same_v<decltype(xg::linear(three{}, two{}, one{})), three>);
    static_assert(std::is_same_v<decltype(xg::linear(two{}, any{}, one{})), two>);
    static_assert(std::is_same_v<decltype(xg::linear(three{}, two{}, one{}, xg::relu)), three>);
}

TEST_CASE("matmul and linear: what does not fit") {
    const auto a = xg::zeros<float>({3, 4}), b = xg::zeros<float>({5, 2});
    CHECK_THROWS_WITH_AS(xg::matmul(a, b), "[matmul] inner sizes differ: a is (3, 4), b is (5, 2); a's last must equal b's first", xg::shape_error);
    CHECK_THROWS_WITH_AS(xg::matmul(xg::zeros<float>({4}), b),
                         "[matmul] inner sizes differ: a is (4,), b is (5, 2); a's last must equal b's first", xg::shape_error);
    CHECK_THROWS_WITH_AS(xg::matmul(a, b, {.transpose_b = true}),
                         "[matmul] inner sizes differ: a is (3, 4), b is (5, 2) transposed; a's columns must be as many as b's rows", xg::shape_error);
    CHECK_THROWS_AS(xg::matmul(xg::zeros<float>({2, 2, 3}), xg::zeros<float>({3, 3, 2})), xg::shape_error);
    CHECK_THROWS_WITH_AS(xg::matmul(xg::tensor<float>(1.0f), xg::tensor<float>{a}),
                         "[matmul] a is (), b is (3, 4); a scalar has no matrix product", xg::rank_error);
    const auto weight = xg::zeros<float>({4, 2});
    const auto bias = xg::zeros<float>({2});
    CHECK(xg::linear(a, weight, bias).shape() == std::array<std::size_t, 2>{3, 2});
    CHECK_THROWS_WITH_AS(xg::linear(weight, weight, bias),
                         "[linear] inner sizes differ: x is (4, 2), weight is (4, 2); x's last must equal weight's first", xg::shape_error);
    CHECK_THROWS_WITH_AS(xg::linear(a, weight, xg::zeros<float>({3})),
                         "[linear] weight is (4, 2), bias is (3,); weight's last must equal bias's size", xg::shape_error);
    CHECK_THROWS_AS(xg::linear(a, xg::tensor<float>{bias}, bias), xg::rank_error);
}

TEST_CASE("linear is x W + b") {
    const auto x = operand({3, 4}, 0.5), weight = operand({4, 2}, 1), bias = operand({2}, 0);
    CHECK(xg::allclose(xg::linear(x, weight, bias), xg::matmul(x, weight) + bias, 1e-14));
    CHECK(xg::allclose(xg::matmul(xg::transpose(x), x), xg::matmul(x, x, {.transpose_a = true}), 1e-14));
}

TEST_CASE("matmul: threads share a stack of small products, or a large product, and change no bit") {
    const auto before = xg::num_threads();
    for (const auto& each : {std::pair{300, 24}, std::pair{40000, 3}, std::pair{2, 160}}) {
        const auto count = each.first, size = each.second;
        const auto a = xg::rand<float>({count, size, size}), b = xg::rand<float>({count, size, size});
        xg::set_num_threads(1);
        const auto alone = xg::matmul(a, b);
        xg::set_num_threads(3);
        const auto regions = xg::parallel_regions();
        const auto shared = xg::matmul(a, b);
        xg::set_num_threads(before);
        CAPTURE(count);
        CHECK(xg::parallel_regions() > regions);
        CHECK(xg::array_equal(shared, alone));
    }
}
