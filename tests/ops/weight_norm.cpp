#include <doctest/doctest.h>

#include <support/operation_table.hpp>

#include <xgrad/autograd/create.hpp>
#include <xgrad/autograd/gradcheck.hpp>
#include <xgrad/ops/compare.hpp>
#include <xgrad/ops/linalg.hpp>
#include <xgrad/ops/math.hpp>
#include <xgrad/ops/reduce.hpp>
#include <xgrad/ops/weight_norm.hpp>

#include <cmath>
#include <cstddef>
#include <tuple>
#include <type_traits>
#include <vector>

namespace xg = xgrad;
using namespace operation_tests;

TEST_CASE("weight_norm: values and derivatives") {
    const auto values = std::vector<double>{0.5, -1, 2, 0.1, -3, 1.5, 0.7};
    const auto reference = [](std::size_t axis) {
        return [=](const list<double>& x) {
            const auto sizes = x[0].shape();
            auto inner = std::size_t{1};
            for (auto i = axis + 1; i < sizes.rank(); ++i) inner *= sizes[i];
            auto squares = std::vector<double>(sizes[axis]);
            for (auto i = std::size_t{0}; i < x[0].size(); ++i) squares[i / inner % sizes[axis]] += x[0].data()[i] * x[0].data()[i];
            auto y = xg::empty_like(x[0]);
            for (auto i = std::size_t{0}; i < y.size(); ++i)
                y.data()[i] = x[1].data()[i / inner % sizes[axis]] * x[0].data()[i] / std::sqrt(squares[i / inner % sizes[axis]]);
            return y;
        };
    };
    const auto row = [&](const char* name, std::size_t axis, const xg::shape& v, const xg::shape& g) {
        return operation{.name = name, .run = on_lists([=](const auto& x) { return xg::weight_norm(x[0], x[1], axis); }),
                         .reference = reference(axis), .points = {{shaped(values, v), shaped({1.5, -0.5, 2}, g)}}, .epsilons = 16};
    };
    check({row("weight_norm", 0, {3, 2}, {3, 1}), row("weight_norm, axis 1", 1, {2, 3, 2}, {1, 3, 1}), row("weight_norm, g a vector", 0, {3, 4}, {3})});
    const auto v = xg::ones<float>({3, 2});
    CHECK_THROWS_WITH_AS(xg::weight_norm(v, xg::ones<float>({2, 1})), "[weight_norm] v is (3, 2), g is (2, 1); g must be (3, 1)", xg::shape_error);
    CHECK_THROWS_AS(xg::weight_norm(v, v, 2), xg::index_error);
}

TEST_CASE("spectral_norm: the largest singular value becomes 1") {
    const auto weight = xg::tensor<double, 2>{{3, 0, 0}, {0, -4, 0}};
    const auto [value, u, v] = xg::spectral_norm(weight, xg::ones<double>({2}), xg::ones<double>({3}), {.iterations = 60});
    CHECK(xg::allclose(value, weight / 4, 1e-12));
    CHECK(xg::allclose(xg::abs(u), xg::tensor<double, 1>{0, 1}, 1e-6, 1e-6));
    CHECK(xg::allclose(xg::abs(v), xg::tensor<double, 1>{0, 1, 0}, 1e-6, 1e-6));
    // As they came out, they are used again.
    const auto again = xg::spectral_norm(weight, u, v, {.iterations = 0});
    CHECK(xg::array_equal(again.u, u));
    CHECK(xg::array_equal(again.value, value));
}

TEST_CASE("spectral_norm: one step by hand, derivatives, other axes") {
    const auto values = std::vector<double>{0.5, -1, 2, 0.1, -3, 1.5, 0.7};
    const auto weight = shaped(values, {2, 3, 2}), u = shaped({1, 0.5, -0.25}, {3}), v = shaped({1, -0.5, 0.25, 2}, {4});
    const auto matrix = xg::reshape(xg::permute(xg::tensor<double, 3>{weight}, {1, 0, 2}), {3, 4});
    const auto unit = [](const auto& x) { return x / xg::sqrt(xg::sum(xg::square(x))); };
    const auto u_next = unit(xg::matmul(matrix, xg::tensor<double, 1>{v})), v_next = unit(xg::matmul(u_next, matrix));
    const auto by = xg::spectral_norm_options{.axis = 1};
    const auto result = xg::spectral_norm(weight, u, v, by);
    CHECK(xg::allclose(result.u, u_next, 1e-12));
    CHECK(xg::allclose(result.v, v_next, 1e-12));
    CHECK(xg::allclose(result.value, xg::tensor<double>{weight / xg::matmul(u_next, xg::matmul(matrix, v_next))}, 1e-12));
    // u and v are constants to the gradient.
    const auto fixed = [&](const xg::tensor<double>& w) { return xg::spectral_norm(w, u_next, v_next, {.axis = 1, .iterations = 0}).value; };
    CHECK(xg::gradcheck(fixed, std::tuple{weight}));
    CHECK(xg::gradgradcheck(fixed, std::tuple{weight}));
    const auto left = shaped({1, 0.5, -0.25}, {3}), right = shaped({1, -0.5}, {2});
    check(operation{.name = "spectral_norm", .run = on_lists([=](const auto& x) {
                        using T = typename std::decay_t<decltype(x[0])>::value_type;
                        return xg::spectral_norm(x[0], xg::astype<T>(left), xg::astype<T>(right), {.iterations = 0}).value;
                    }),
                    .reference = [=](const list<double>& x) {
                        auto sigma = 0.0;
                        for (auto i = std::size_t{0}; i < 6; ++i) sigma += left.data()[i / 2] * x[0].data()[i] * right.data()[i % 2];
                        return xg::tensor<double>{x[0] / sigma};
                    }, .points = {{shaped(values, {3, 2})}}, .epsilons = 16, .is_product = true});
    CHECK_THROWS_AS(xg::spectral_norm(weight, v, u, by), xg::shape_error);
    CHECK_THROWS_AS(xg::spectral_norm(xg::tensor<double>{u}, u, u), xg::rank_error);
}
