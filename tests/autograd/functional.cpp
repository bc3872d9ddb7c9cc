#include <doctest/doctest.h>

#include <xgrad/autograd/create.hpp>
#include <xgrad/autograd/functional.hpp>
#include <xgrad/ops/activation.hpp>
#include <xgrad/ops/arithmetic.hpp>
#include <xgrad/ops/linalg.hpp>
#include <xgrad/ops/math.hpp>
#include <xgrad/ops/reduce.hpp>

#include <array>
#include <cmath>
#include <cstddef>
#include <type_traits>
#include <utility>
#include <vector>

namespace xg = xgrad;

namespace {

using scalar = xg::tensor<double, 0>;
using vector = xg::tensor<double, 1>;
using matrix = xg::tensor<double, 2>;

template <class T>
std::vector<T> elements(const xg::tensor<T>& x) {
    return {x.span().begin(), x.span().end()};
}

const auto cube = [](const auto& x) { return x * x * x; };
const auto sum_of_cubes = [](const auto& x) { return xg::sum(x * x * x); };

}  // namespace

TEST_CASE("grad of one argument") {
    const auto slope = xg::grad(sum_of_cubes);
    const auto x = vector{1, 2};
    CHECK(elements<double>(slope(x)) == std::vector<double>{3, 12});
    static_assert(std::is_same_v<decltype(slope(x)), vector>);
    CHECK(!slope(x).requires_grad());
    CHECK(!x.requires_grad());
}

TEST_CASE("value and gradient, of several arguments") {
    const auto f = [](const auto& a, const auto& b) { return xg::sum(a * a * b); };
    const auto [y, both] = xg::value_and_grad(f)(vector{1, 2}, vector{3, 4});
    CHECK(y.item() == 19);
    CHECK(!y.requires_grad());
    const auto& [da, db] = both;
    CHECK(elements<double>(da) == std::vector<double>{6, 16});
    CHECK(elements<double>(db) == std::vector<double>{1, 4});
    CHECK_THROWS_WITH_AS(xg::grad(cube)(vector{1, 2}),
                         "[grad] the function must give one number, it gave the shape (2,); use jacobian or vjp", xg::shape_error);
}

TEST_CASE("functions that do not depend on an argument, or give it back") {
    const auto constant = xg::grad([](const auto&) { return scalar(3); });
    CHECK(elements<double>(constant(vector{1, 2})) == std::vector<double>{0, 0});
    const auto of_first = [](const auto& a, const auto&) { return xg::sum(a); };
    CHECK(elements<double>(std::get<1>(xg::grad(of_first)(vector{1, 2}, vector{3}))) == std::vector<double>{0});

    const auto v = vector{5, 6};
    auto [y, pullback] = xg::vjp([](const auto& x) { return x; }, vector{1, 2});
    auto dx = pullback(v);
    CHECK(elements<double>(dx) == std::vector<double>{5, 6});
    dx(0) = 100;
    CHECK(v(0) == 5);
}

TEST_CASE("results that are equal are still two") {
    auto [y, pullback] = xg::vjp([](const auto& a, const auto& b) { return a + b; }, vector{1, 2}, vector{3, 4});
    const auto v = vector{5, 6};
    auto [da, db] = pullback(v);
    da(0) = 100;
    CHECK(db(0) == 5);
    CHECK(v(0) == 5);
}

TEST_CASE("vjp may be pulled back more than once") {
    const auto [y, pullback] = xg::vjp(cube, vector{1, 2});
    CHECK(elements<double>(y) == std::vector<double>{1, 8});
    CHECK(elements<double>(pullback(vector{1, 0})) == std::vector<double>{3, 0});
    CHECK(elements<double>(pullback(vector{0, 1})) == std::vector<double>{0, 12});
    CHECK_THROWS_WITH_AS(pullback(vector{1}), "[vjp] the vector is (1,), the value (2,); both must be equal", xg::shape_error);
    CHECK(elements<double>(pullback(vector{1, 1})) == std::vector<double>{3, 12});
}

TEST_CASE("jvp") {
    const auto a = matrix{{1, 2}, {3, 4}};
    const auto f = [&](const auto& x) { return xg::matmul(a, x * x); };
    const auto [y, direction] = xg::jvp(f, vector{1, 2}, {1, 10});      // J = a diag(2 x)
    CHECK(elements<double>(y) == std::vector<double>{9, 19});
    CHECK(elements<double>(direction) == std::vector<double>{2 + 80, 6 + 160});
    CHECK(!y.requires_grad());
    CHECK(!direction.requires_grad());
    const auto [c, none] = xg::jvp([](const auto&) { return vector{1}; }, vector{1, 2}, {1, 10});
    CHECK(none(0) == 0);
}

TEST_CASE("jacobian and hessian") {
    const auto a = matrix{{1, 2}, {3, 4}, {5, 6}};
    const auto j = xg::jacobian([&](const auto& x) { return xg::matmul(a, x); }, vector{1, 2});
    static_assert(std::is_same_v<decltype(j), const matrix>);
    CHECK(elements<double>(j) == elements<double>(a));
    const auto of_matrix = xg::jacobian([](const auto& x) { return xg::sum(x, 0); }, a);
    CHECK(of_matrix.shape() == std::array<std::size_t, 3>{2, 3, 2});
    CHECK(elements<double>(of_matrix) == std::vector<double>{1, 0, 1, 0, 1, 0, 0, 1, 0, 1, 0, 1});

    const auto h = xg::hessian([](const auto& x) { return xg::sum(x * x * x) + x(0) * 0.0; }, vector{1, 2});
    CHECK(elements<double>(h) == std::vector<double>{6, 0, 0, 12});
    const auto mixed = xg::hessian([](const auto& x) { return xg::square(xg::sum(x * x)); }, vector{1, 2});   // 4 |x|^2 I + 8 x x^T
    CHECK(elements<double>(mixed) == std::vector<double>{28, 16, 16, 52});
    CHECK(xg::jacobian(cube, xg::zeros<double>({0})).empty());
    CHECK(elements<double>(xg::jacobian([](const auto& x) { return xg::sum(x); }, vector{1, 2})) == std::vector<double>{1, 1});
}

TEST_CASE("Hessian times vector") {
    const auto f = [](const auto& x) { return xg::square(xg::sum(x * x)); };
    CHECK(elements<double>(xg::hvp(f, vector{1, 2}, {1, -1})) == std::vector<double>{28 - 16, 16 - 52});
}

TEST_CASE("derivatives nest") {
    auto f = [](const auto& x) { return x * x * x * x * x; };
    const auto third = xg::grad(xg::grad(xg::grad(f)));
    CHECK(third(scalar(2)).item() == 60 * 4);
    CHECK(xg::grad(xg::grad(xg::grad(xg::grad(xg::grad(f)))))(scalar(2)).item() == 120);

    // The derivative with respect to the outer variable passes through the inner gradient's function.
    const auto outer = xg::grad([](const auto& x) {
        return xg::grad([&](const auto& y) { return x * x * y * y; })(scalar(3));     // 2 x^2 y
    });
    CHECK(outer(scalar(2)).item() == 4 * 2 * 3);

    // x * d/dy (x + y) at y = 1 is x: the classical test for perturbation confusion.
    const auto confused = xg::grad([](const auto& x) {
        return x * xg::grad([&](const auto& y) { return x + y; })(scalar(1));
    });
    CHECK(confused(scalar(5)).item() == 1);

    const auto jacobian_of_jacobian =
        xg::jacobian([](const auto& x) { return xg::jacobian([](const auto& z) { return z * z * z; }, x); }, vector{1, 2});
    CHECK(elements<double>(jacobian_of_jacobian) == std::vector<double>{6, 0, 0, 0, 0, 0, 0, 12});

    const auto through_jvp = xg::grad([](const auto& x) {
        return xg::sum(xg::jvp([](const auto& z) { return z * z * z; }, x, vector{1, 1}).second);   // 3 x^2
    });
    CHECK(elements<double>(through_jvp(vector{1, 2})) == std::vector<double>{6, 12});

    const auto through_hvp = xg::grad([](const auto& x) {
        return xg::sum(xg::hvp([](const auto& z) { return xg::sum(z * z * z); }, x, vector{1, 1}));   // 6 x
    });
    CHECK(elements<double>(through_hvp(vector{1, 2})) == std::vector<double>{6, 6});
}

TEST_CASE("weights that the function holds: their stored gradients stay, and what they gave is recorded") {
    auto w = vector{2, 3}.requires_grad(true);
    xg::sum(w * w).backward();
    const auto f = [&](const auto& x) { return xg::sum(w * x * x); };
    const auto x = vector{5, 7};
    const auto slope = xg::grad(f)(x);                     // 2 w x
    CHECK(elements<double>(slope) == std::vector<double>{20, 42});
    CHECK(elements<double>(w.grad()) == std::vector<double>{4, 6});

    // A penalty on the slope reaches the weights.
    w.zero_grad();
    xg::sum(slope * slope).backward();                     // 4 w^2 x^2
    CHECK(elements<double>(w.grad()) == std::vector<double>{8 * 2 * 25, 8 * 3 * 49});

    const auto guard = xg::no_grad{};
    CHECK(!xg::grad(f)(x).requires_grad());
    CHECK(elements<double>(xg::grad(f)(x)) == std::vector<double>{20, 42});
}

TEST_CASE("an argument that requires a gradient itself") {
    auto w = vector{1, 2}.requires_grad(true);
    const auto slope = xg::grad(sum_of_cubes)(w);
    CHECK(slope.requires_grad());
    CHECK(!w.has_grad());
    xg::sum(slope).backward();
    CHECK(elements<double>(w.grad()) == std::vector<double>{6, 12});
    w.zero_grad();
    const auto guard = xg::no_grad{};
    CHECK(elements<double>(xg::grad(sum_of_cubes)(w)) == std::vector<double>{3, 12});
    CHECK(!xg::grad(sum_of_cubes)(w).requires_grad());
    CHECK(!xg::is_grad_enabled());
}

TEST_CASE("what the function holds may have a graph that was used and released") {
    auto w = vector{2, 3}.requires_grad(true);
    const auto h = w * w;
    xg::sum(h).backward();
    const auto slope = xg::grad([&](const auto& x) { return xg::sum(h * x); })(vector{1, 1});
    CHECK(elements<double>(slope) == std::vector<double>{4, 9});
}

TEST_CASE("integers among what the function holds") {
    const auto labels = xg::tensor<int, 1>{1, 2};
    const auto f = [&](const auto& x) { return xg::sum(x * xg::astype<double>(labels)); };
    CHECK(elements<double>(xg::grad(f)(vector{1, 1})) == std::vector<double>{1, 2});
}

TEST_CASE("a function that throws leaves nothing behind") {
    auto w = vector{1, 2}.requires_grad(true);
    const auto f = [&](const auto& x) {
        xg::matmul(matrix{{1, 2, 3}}, x);
        return xg::sum(x);
    };
    CHECK_THROWS_AS(xg::grad(f)(w), xg::shape_error);
    CHECK(xg::is_grad_enabled());
    xg::sum(w * w).backward();
    CHECK(w.grad()(1) == 4);
}

TEST_CASE("dynamic ranks") {
    const auto x = xg::tensor<double>{{1, 2}, {3, 4}};
    const auto slope = xg::grad([](const auto& v) { return xg::sum(v * v); })(x);
    CHECK(slope.shape() == xg::shape{2, 2});
    const auto j = xg::jacobian([](const auto& v) { return xg::sum(v, 0); }, x);
    CHECK(j.shape() == xg::shape{2, 2, 2});
}

TEST_CASE("gradients of a recorded backward pass inside a function") {
    // backward() inside a differentiated function stores in leaves of its own.
    const auto f = [](const auto& x) {
        auto inner = scalar(3).requires_grad(true);
        (inner * inner).backward();
        return x * inner.grad();
    };
    CHECK(xg::grad(f)(scalar(2)).item() == 6);
}

TEST_CASE("grad of chosen arguments; the others may be anything") {
    const auto f = [](const auto& x, int times, const auto& y, const auto& z) { return times * xg::sum(x * y * y + z * x); };
    const auto x = vector{1, 2}, y = vector{3, 4}, z = vector{5, 6};
    const auto [dx, dz] = xg::grad<0, 3>(f)(x, 2, y, z);
    CHECK(elements<double>(dx) == std::vector<double>{2 * (9 + 5), 2 * (16 + 6)});
    CHECK(elements<double>(dz) == std::vector<double>{2, 4});
    const auto [value, dy] = xg::value_and_grad<2>(f)(x, 2, y, z);
    CHECK(value.item() == 2 * (9 + 32 + 5 + 12));
    CHECK(elements<double>(dy) == std::vector<double>{2 * 2 * 1 * 3, 2 * 2 * 2 * 4});
    static_assert(std::is_same_v<decltype(xg::grad<2>(f)(x, 2, y, z)), vector>);

    // In the order in which they were named; and what is not chosen is recorded all the same where it asks for it.
    const auto [second, first] = xg::grad<3, 0>(f)(x, 2, y, z);
    CHECK(elements<double>(first) == elements<double>(dx));
    CHECK(elements<double>(second) == elements<double>(dz));
    const auto w = y.clone().requires_grad(true);
    xg::sum(xg::grad<0>(f)(x, 2, w, z)).backward();
    CHECK(elements<double>(w.grad()) == std::vector<double>{2 * 2 * 3, 2 * 2 * 4});
}

TEST_CASE("jacobian by columns, where they are fewer, and what nests with it") {
    const auto a = matrix{{1, 2}, {3, 4}, {5, 6}, {7, 8}, {9, 10}};
    const auto f = [&](const auto& x) { return xg::matmul(a, xg::exp(x)); };
    const auto x = vector{0.25, -0.5};
    const auto j = xg::jacobian(f, x);
    static_assert(std::is_same_v<decltype(j), const matrix>);
    REQUIRE(j.shape() == xg::shape{5, 2});
    for (auto i = 0; i < 5; ++i)
        for (auto k = 0; k < 2; ++k) CHECK(j(i, k) == doctest::Approx(a(i, k) * std::exp(x(k))).epsilon(1e-14));
    CHECK_FALSE(j.requires_grad());

    // The derivative of the sum of its squares: 2 sum_i a_ik^2 e^(2 x_k).
    const auto dx = xg::grad([&](const auto& v) { return xg::sum(xg::square(xg::jacobian(f, v))); })(x);
    for (auto k = 0; k < 2; ++k) {
        auto squares = 0.0;
        for (auto i = 0; i < 5; ++i) squares += a(i, k) * a(i, k);
        CHECK(dx(k) == doctest::Approx(2 * squares * std::exp(2 * x(k))).epsilon(1e-13));
    }

    // One whose value has axes of its own, and weights that the function holds.
    const auto w = scalar{3}.requires_grad(true);
    const auto g = [&](const auto& v) { return w * xg::reshape(xg::matmul(a, v), {5, 1}); };
    const auto whole = xg::jacobian(g, x);
    REQUIRE(whole.shape() == xg::shape{5, 1, 2});
    xg::sum(whole).backward();
    CHECK(w.grad().item() == doctest::Approx(55));

    // A value that does not depend on x, and nothing to differentiate by.
    CHECK(elements<double>(xg::jacobian([&](const auto&) { return a; }, x)) == std::vector<double>(20, 0));
    CHECK(xg::jacobian([&](const auto&) { return a; }, xg::zeros<double>({0})).shape() == xg::shape{5, 2, 0});
}

TEST_CASE("laplacian") {
    const auto of = [&](const vector& v) {
        return xg::laplacian([](const auto& u) { return xg::sum(u * u * u) * xg::sum(u); }, v);
    };
    const auto v = vector{1, 2};
    // s3 = sum u^3, s1 = sum u: the second derivative by u_i is 6 u_i s1 + 2 * 3 u_i^2.
    CHECK(of(v).item() == doctest::Approx(6 * 3 * 3 + 6 * 5));
    static_assert(std::is_same_v<decltype(of(v)), scalar>);
    // Its own gradient by u_j: 6 s1 + 6 s1' ... = 6 s1 + 6 sum_i u_i + 12 u_j.
    const auto slope = xg::grad(of)(v);
    CHECK(slope(0) == doctest::Approx(6 * 3 + 6 * 3 + 12 * 1));
    CHECK(slope(1) == doctest::Approx(6 * 3 + 6 * 3 + 12 * 2));
    CHECK(xg::laplacian([](const auto&) { return scalar{1}; }, v).item() == 0);
}
