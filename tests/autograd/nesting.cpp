// Every derivative of a function within every other: by its point, by its vector, and by what the function holds.
#include <doctest/doctest.h>

#include <xgrad/autograd/checkpoint.hpp>
#include <xgrad/autograd/create.hpp>
#include <xgrad/autograd/custom.hpp>
#include <xgrad/autograd/functional.hpp>
#include <xgrad/ops/arithmetic.hpp>
#include <xgrad/ops/linalg.hpp>
#include <xgrad/ops/math.hpp>
#include <xgrad/ops/reduce.hpp>

#include <cmath>
#include <cstddef>
#include <functional>
#include <string>
#include <utility>
#include <vector>

namespace xg = xgrad;

namespace {

// Ranks do not matter here, and erased types keep the number of instantiations small.
using tensor = xg::tensor<double>;
using function = std::function<tensor(const tensor&)>;                    // vectors to vectors
using family = std::function<tensor(const tensor& x, const tensor& c)>;   // f(x), and what f holds

constexpr auto n = std::size_t{2};

tensor weights() { return tensor{0.7, -1.3}; }
tensor total(const tensor& y) { return xg::sum(y * weights()); }

// A derivative of f at x, with or without a vector, as a vector.
struct derivative {
    std::string name;
    std::function<tensor(const function&, const tensor& x, const tensor& v)> at;
};

const auto scalar_of = [](const function& f) { return [f](const tensor& x) { return total(f(x)); }; };
const auto squeezed = [](const tensor& j) { return xg::matmul(j, weights()); };    // of a matrix

const std::vector<derivative> derivatives = {
    {"value", [](const function& f, const tensor& x, const tensor&) { return xg::vjp(f, x).first; }},
    {"vjp", [](const function& f, const tensor& x, const tensor& v) { return xg::vjp(f, x).second(v); }},
    {"grad", [](const function& f, const tensor& x, const tensor&) { return xg::grad(scalar_of(f))(x); }},
    {"value of grad", [](const function& f, const tensor& x, const tensor& v) {
         return xg::value_and_grad(scalar_of(f))(x).first * v;
     }},
    {"value of jvp", [](const function& f, const tensor& x, const tensor& v) { return xg::jvp(f, x, v).first; }},
    {"jvp", [](const function& f, const tensor& x, const tensor& v) { return xg::jvp(f, x, v).second; }},
    {"hvp", [](const function& f, const tensor& x, const tensor& v) { return xg::hvp(scalar_of(f), x, v); }},
    {"jacobian", [](const function& f, const tensor& x, const tensor&) { return squeezed(xg::jacobian(f, x)); }},
    {"hessian", [](const function& f, const tensor& x, const tensor&) { return squeezed(xg::hessian(scalar_of(f), x)); }},
};

// Where the argument of the function around it stands: which of x, v and c come of z.
struct placing {
    std::string name;
    bool point, vector, held;
};
const std::vector<placing> placings = {
    {"point", true, false, false}, {"vector", false, true, false}, {"held", false, false, true}, {"all", true, true, true}};

// z -> D(f(., c))(x) v with z in some of the places.
function within(const derivative& d, const placing& at, const family& f) {
    return [d, at, f](const tensor& z) {
        const auto x = at.point ? z : tensor{0.4, -0.6};
        const auto v = at.vector ? z * 0.9 : tensor{1.1, 0.3};
        const auto c = at.held ? xg::sin(z) : tensor{0.8, 1.2};
        return d.at([&](const tensor& y) { return f(y, c); }, x, v);
    };
}
family as_family(const function& f) {
    return [f](const tensor& x, const tensor& c) { return f(x * c) + c * x; };
}

tensor moved(const tensor& x, const tensor& direction, double by) { return x + direction * by; }

// Whether the derivative of f is what differences of f say.
void check(const derivative& outer, const function& f, const tensor& x, const tensor& v) {
    constexpr auto h = 1e-5;
    const auto of = [&](const function& g, const tensor& direction) {
        return (g(moved(x, direction, h)) - g(moved(x, direction, -h))) / (2 * h);
    };
    const auto unit = [](std::size_t i) { return i == 0 ? tensor{1.0, 0.0} : tensor{0.0, 1.0}; };
    const auto gradient = [&](const std::function<double(const tensor&)>& g) {
        auto result = xg::zeros<double>({n});
        for (auto i = std::size_t{0}; i < n; ++i) result(i) = (g(moved(x, unit(i), h)) - g(moved(x, unit(i), -h))) / (2 * h);
        return result;
    };
    const auto scalar = [&](const tensor& z) { return total(f(z)).item(); };
    auto expected = tensor{};
    if (outer.name == "vjp") expected = gradient([&](const tensor& z) { return xg::sum(f(z) * v).item(); });
    else if (outer.name == "grad") expected = gradient(scalar);
    else if (outer.name == "jvp") expected = of(f, v);
    else if (outer.name == "jacobian") expected = of(f, weights());
    // The gradients themselves are checked above.
    else if (outer.name == "hvp") expected = of(xg::grad(scalar_of(f)), v);
    else if (outer.name == "hessian") expected = of(xg::grad(scalar_of(f)), weights());
    else return;
    const auto got = outer.at(f, x, v);
    CHECK(!got.requires_grad());
    REQUIRE(got.shape() == expected.shape());
    for (auto i = std::size_t{0}; i < got.size(); ++i)
        CHECK(std::fabs(std::as_const(got)(i) - std::as_const(expected)(i)) < 1e-6 * (1 + std::fabs(std::as_const(expected)(i))));
}

const auto point = tensor{0.3, 0.5}, direction = tensor{-0.7, 0.2};

const family smooth = [](const tensor& x, const tensor& c) { return xg::sin(x * c) * xg::sum(x * x) + x * x * x; };

}  // namespace

TEST_CASE("derivatives of derivatives, by whatever asks for a gradient") {
    for (const auto& inner : derivatives)
        for (const auto& place : placings)
            for (const auto& outer : derivatives) {
                CAPTURE(inner.name); CAPTURE(place.name); CAPTURE(outer.name);
                check(outer, within(inner, place, smooth), point, direction);
            }
}

TEST_CASE("and of those once more") {
    for (const auto& inner : derivatives)
        for (const auto& inner_place : placings)
            for (const auto& middle : derivatives)
                for (const auto& place : placings)
                    for (const auto& outer : derivatives) {
                        if (outer.name == "hvp" || outer.name == "hessian") continue;   // of the fourth order
                        CAPTURE(inner.name); CAPTURE(inner_place.name); CAPTURE(middle.name); CAPTURE(place.name);
                        CAPTURE(outer.name);
                        check(outer, within(middle, place, as_family(within(inner, inner_place, smooth))), point, direction);
                    }
}

TEST_CASE("through operations with rules of the user's own, and what is computed again") {
    const auto cube = xg::custom(
        "cube", [](const auto& x) { return x * x * x; },
        [](const auto& dy, const auto&, const auto& x) { return dy * 3.0 * x * x; });
    const family custom = [&](const tensor& x, const tensor& c) { return cube(xg::sin(x * c)) + x * xg::sum(cube(x)); };
    const family again = [](const tensor& x, const tensor& c) {
        return xg::checkpoint([c](const tensor& y) { return tensor{xg::sin(y * c) * xg::sum(y * y)}; }, x);
    };
    for (const auto& f : {custom, again})
        for (const auto& inner : derivatives)
            for (const auto& place : placings)
                for (const auto& outer : derivatives) {
                    CAPTURE(inner.name); CAPTURE(place.name); CAPTURE(outer.name);
                    check(outer, within(inner, place, f), point, direction);
                }
}

TEST_CASE("a pullback's vector is a leaf") {
    auto v = tensor{2, 3}.requires_grad(true);
    const auto f = [](const tensor& x) { return tensor{x * x}; };
    const auto pullback = xg::vjp(f, point).second;
    const auto dx = pullback(v);
    xg::sum(dx).backward();
    CHECK(v.grad()(0) == 2 * 0.3);
    CHECK(!pullback(v.detach()).requires_grad());
    const auto guard = xg::no_grad{};
    CHECK(!pullback(v).requires_grad());
}

TEST_CASE("vectors of the product with a Hessian, and of a Jacobian, of static rank") {
    using vector = xg::tensor<double, 1>;
    const auto x = vector{1, 2};
    const auto f = [](const auto& y) { return xg::sum(y * y * y); };
    const auto by_v = xg::grad([&](const auto& v) { return xg::sum(xg::hvp(f, x, v)); })(vector{5, 7});
    CHECK(by_v(0) == 6);
    CHECK(by_v(1) == 12);
    const auto pulled = xg::grad([&](const auto& v) { return xg::sum(xg::vjp([](const auto& y) { return y * y; }, x).second(v)); })(vector{5, 7});
    CHECK(pulled(0) == 2);
    CHECK(pulled(1) == 4);
    // Of two arguments, one pullback.
    const auto both = xg::grad([&](const auto& v) {
        const auto [da, db] = xg::vjp([](const auto& a, const auto& b) { return a * b; }, x, x).second(v);
        return xg::sum(da) + xg::sum(db * db);
    })(vector{5, 7});
    CHECK(both(0) == 1 + 2 * 5);
    CHECK(both(1) == 2 + 2 * 7 * 4);
}
