#include <doctest/doctest.h>

#include <support/operation_table.hpp>

#include <xgrad/autograd/create.hpp>
#include <xgrad/ops/arithmetic.hpp>
#include <xgrad/ops/compare.hpp>
#include <xgrad/ops/math.hpp>
#include <xgrad/ops/reduce.hpp>
#include <xgrad/ops/shape.hpp>

#include <array>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

namespace xg = xgrad;
using namespace operation_tests;

namespace {

const auto numbers = std::vector<double>{0.5, -1, 2, 0.1, -3, 1.5, 0.7};

/// y[i_0, i_1, ...] = x with axis order[k] in place k, index by index.
xg::tensor<double> permute_reference(const xg::tensor<double>& x, const std::vector<std::size_t>& order) {
    const auto from = x.shape();
    auto sizes = from;
    for (auto k = std::size_t{0}; k < order.size(); ++k) sizes[k] = from[order[k]];
    auto y = xg::empty<double>(sizes);
    for (auto i = std::size_t{0}; i < y.size(); ++i) {
        auto rest = i, at = std::size_t{0};
        for (auto k = order.size(); k-- > 0;) {
            auto step = std::size_t{1};
            for (auto axis = order[k] + 1; axis < from.rank(); ++axis) step *= from[axis];
            at += rest % sizes[k] * step;
            rest /= sizes[k];
        }
        y.data()[i] = x.data()[at];
    }
    return y;
}

template <class F>
operation moves(const std::string& name, const F& f, const xg::shape& from, const function<double>& reference) {
    return {.name = name, .run = on_lists([f](const auto& x) { return f(x[0]); }), .reference = reference,
            .points = {{shaped(numbers, from)}}, .epsilons = 0};
}

operation permutes(const xg::shape& from, const std::vector<std::size_t>& order) {
    return moves("permute", [order](const auto& x) { return xg::permute(x, order); }, from,
                 [order](const list<double>& x) { return permute_reference(x[0], order); });
}

function<double> under(const xg::shape& sizes) {
    return [sizes](const list<double>& x) { return xg::tensor<double>(x[0].span(), sizes); };
}

template <class A, class B>
bool share(const A& a, const B& b) {
    return std::as_const(a).data() == std::as_const(b).data();
}

}  // namespace

TEST_CASE("shape: values and derivatives") {
    check({
        moves("reshape", [](const auto& x) { return xg::reshape(x, {3, -1}); }, {2, 3, 2}, under({3, 4})),
        moves("reshape of one", [](const auto& x) { return xg::reshape(x, std::array<int, 0>{}); }, {1, 1}, under({})),
        moves("reshape of none", [](const auto& x) { return xg::reshape(x, {0, 7}); }, {2, 0}, under({0, 7})),
        moves("flatten", [](const auto& x) { return xg::flatten(x); }, {2, 3}, under({6})),
        moves("flatten of one", [](const auto& x) { return xg::flatten(x); }, {}, under({1})),
        moves("flatten(1, 2)", [](const auto& x) { return xg::flatten(x, 1, 2); }, {2, 3, 2, 2}, under({2, 6, 2})),
        moves("flatten(1)", [](const auto& x) { return xg::flatten(x, 1); }, {2, 3, 2}, under({2, 6})),
        moves("expand_dims", [](const auto& x) { return xg::expand_dims(x, 1); }, {2, 3}, under({2, 1, 3})),
        moves("unsqueeze(-1)", [](const auto& x) { return xg::unsqueeze(x, -1); }, {2, 3}, under({2, 3, 1})),
        moves("squeeze", [](const auto& x) { return xg::squeeze(x); }, {1, 3, 1}, under({3})),
        moves("squeeze({0, 2})", [](const auto& x) { return xg::squeeze(x, {0, 2}); }, {1, 3, 1, 1}, under({3, 1})),
        moves("squeeze(-1)", [](const auto& x) { return xg::squeeze(x, -1); }, {1, 3, 1}, under({1, 3})),
        moves("transpose", [](const auto& x) { return xg::transpose(x); }, {2, 3}, [](const auto& x) { return permute_reference(x[0], {1, 0}); }),
        moves("transpose of 3", [](const auto& x) { return xg::transpose(x); }, {2, 3, 4}, [](const auto& x) { return permute_reference(x[0], {2, 1, 0}); }),
        moves("transpose of 1", [](const auto& x) { return xg::transpose(x); }, {3}, [](const auto& x) { return x[0]; }),
        moves("transpose of 0", [](const auto& x) { return xg::transpose(x); }, {}, [](const auto& x) { return x[0]; }),
        moves("transpose(0, -1)", [](const auto& x) { return xg::transpose(x, 0, -1); }, {2, 3, 4}, [](const auto& x) { return permute_reference(x[0], {2, 1, 0}); }),
        moves("transpose of none", [](const auto& x) { return xg::transpose(x); }, {0, 3}, [](const auto& x) { return permute_reference(x[0], {1, 0}); }),
        moves("transpose of none", [](const auto& x) { return xg::transpose(x); }, {3, 0}, [](const auto& x) { return permute_reference(x[0], {1, 0}); }),
        permutes({2, 3, 4}, {0, 1, 2}),
        permutes({2, 3, 4}, {0, 2, 1}),
        permutes({2, 3, 4}, {1, 0, 2}),
        permutes({2, 3, 4}, {1, 2, 0}),
        permutes({2, 3, 4}, {2, 0, 1}),
        permutes({2, 1, 2, 3}, {3, 1, 0, 2}),
        permutes({1, 1}, {1, 0}),
        permutes({2, 0, 3}, {2, 1, 0}),
        // More than one tile of the transposition, and not whole ones.
        [] { auto row = permutes({19, 37}, {1, 0}); row.second_derivative = false; return row; }(),
        moves("broadcast_to", [](const auto& x) { return xg::broadcast_to(x, {2, 3, 2}); }, {3, 1},
              [](const list<double>& x) { return apply_elementwise([](const auto& v) { return v[0]; }, {x[0], xg::zeros<double>({2, 3, 2})}); }),
        moves("broadcast_to none", [](const auto& x) { return xg::broadcast_to(x, {0}); }, {1}, [](const auto&) { return xg::zeros<double>({0}); }),
    });
}

TEST_CASE("shape: what shares the elements, and what copies them") {
    const auto x = xg::tensor<float, 2>{{1, 2, 3}, {4, 5, 6}};
    CHECK(share(x, xg::reshape(x, {3, 2})));
    CHECK(share(x, xg::flatten(x)));
    CHECK(share(x, xg::expand_dims(x, 0)));
    CHECK(share(x, xg::squeeze(xg::expand_dims(x, 0))));
    CHECK(share(x, x.detach()));
    CHECK_FALSE(share(x, xg::transpose(x)));
    CHECK_FALSE(share(x, xg::permute(x, {0, 1})));
    CHECK_FALSE(share(x, x.clone()));
    auto flat = xg::flatten(x);
    flat(4) = 50;
    CHECK(x(1, 1) == 50);
}

TEST_CASE("shape: round trips") {
    const auto x = xg::reshape(xg::arange<double>(24), {2, 3, 4});
    CHECK(xg::array_equal(xg::transpose(xg::transpose(x)), x));
    CHECK(xg::array_equal(xg::permute(xg::permute(x, {2, 0, 1}), {1, 2, 0}), x));
    CHECK(xg::array_equal(xg::reshape(xg::flatten(x), {2, 3, 4}), x));
    CHECK(xg::array_equal(xg::transpose(xg::transpose(x, 0, 1), 1, 0), x));
    CHECK(xg::array_equal(xg::transpose(xg::tensor<int, 2>{{1, 2}, {3, 4}}), xg::tensor<int, 2>{{1, 3}, {2, 4}}));
    CHECK(xg::array_equal(xg::broadcast_to(xg::tensor<bool, 1>{true}, {2, 2}), xg::full<bool>({2, 2}, true)));
}

TEST_CASE("shape: the ranks of the results") {
    using two = xg::tensor<float, 2>;
    using any = xg::tensor<float>;
    static_assert(std::is_same_v<decltype(xg::reshape(two{}, {2, 3, 4})), xg::tensor<float, 3>>);
    static_assert(std::is_same_v<decltype(xg::reshape(any{}, {-1})), xg::tensor<float, 1>>);
    static_assert(std::is_same_v<decltype(xg::reshape(two{}, std::array{1, 2, 3})), xg::tensor<float, 3>>);
    static_assert(std::is_same_v<decltype(xg::reshape(two{}, std::vector{1, 2})), any>);
    static_assert(std::is_same_v<decltype(xg::flatten(two{})), xg::tensor<float, 1>>);
    static_assert(std::is_same_v<decltype(xg::flatten(two{}, 0)), any>);
    static_assert(std::is_same_v<decltype(xg::transpose(two{})), two>);
    static_assert(std::is_same_v<decltype(xg::transpose(any{}, 0, 1)), any>);
    static_assert(std::is_same_v<decltype(xg::permute(any{}, {1, 0})), two>);
    static_assert(std::is_same_v<decltype(xg::permute(two{}, std::vector{1, 0})), two>);
    static_assert(std::is_same_v<decltype(xg::expand_dims(two{}, 0)), xg::tensor<float, 3>>);
    static_assert(std::is_same_v<decltype(xg::expand_dims(any{}, 0)), any>);
    static_assert(std::is_same_v<decltype(xg::squeeze(two{}, 0)), xg::tensor<float, 1>>);
    static_assert(std::is_same_v<decltype(xg::squeeze(two{})), any>);
    static_assert(std::is_same_v<decltype(xg::squeeze(two{}, {0, 1})), xg::tensor<float, 0>>);
    static_assert(std::is_same_v<decltype(xg::squeeze(two{}, std::vector{0})), any>);
    static_assert(std::is_same_v<decltype(xg::broadcast_to(two{}, {1, 2, 3})), xg::tensor<float, 3>>);
}

TEST_CASE("shape: what does not fit") {
    const auto x = xg::zeros<float>({2, 3});
    CHECK_THROWS_WITH_AS(xg::reshape(x, {4, 2}), "[reshape] x is (2, 3) with 6 elements, the new shape (4, 2) has 8", xg::shape_error);
    CHECK_THROWS_WITH_AS(xg::reshape(x, {4, -1}),
                         "[reshape] x is (2, 3) with 6 elements, which the known sizes, 4 elements together, do not divide", xg::shape_error);
    CHECK_THROWS_WITH_AS(xg::reshape(x, {-1, -1}), "[reshape] sizes must not be negative, except for one -1", xg::shape_error);
    CHECK_THROWS_AS(xg::reshape(x, {-2, 3}), xg::shape_error);
    const auto half = std::size_t{1} << 32;   // the product of two is 0 in 64 bits
    CHECK_THROWS_AS(xg::reshape(xg::zeros<float>({0}), std::array{half, half}), xg::shape_error);
    CHECK_THROWS_AS(xg::reshape(xg::zeros<float>({0}), std::array{half, half, std::size_t{3}}), xg::shape_error);
    CHECK(xg::reshape(xg::zeros<float>({0}), std::array{half, half, std::size_t{0}}).size() == 0);
    CHECK_THROWS_AS(xg::reshape(xg::zeros<float>({0}), {0, -1}), xg::shape_error);
    CHECK_THROWS_WITH_AS(xg::permute(xg::tensor<float>{x}, {0, 1, 2}), "[permute] 3 axes named, x has 2", xg::rank_error);
    CHECK_THROWS_WITH_AS(xg::permute(x, {0, 0}), "[permute] axis 0 is named twice", xg::value_error);
    CHECK_THROWS_WITH_AS(xg::permute(x, {0, 2}), "[permute] axis 2 is out of range for 2 axes", xg::index_error);
    CHECK_THROWS_WITH_AS(xg::transpose(x, 0, 2), "[transpose] axis 2 is out of range for 2 axes", xg::index_error);
    CHECK_THROWS_WITH_AS(xg::squeeze(x, {1}), "[squeeze] axis 1 of (2, 3) must have size 1", xg::shape_error);
    CHECK_THROWS_WITH_AS(xg::squeeze(x, {0, 0}), "[squeeze] axis 0 is named twice", xg::value_error);
    CHECK_THROWS_WITH_AS(xg::squeeze(x, 1), "[squeeze] axis 1 of (2, 3) must have size 1", xg::shape_error);
    CHECK_THROWS_WITH_AS(xg::expand_dims(x, 4), "[expand_dims] axis 4 is out of range for 3 axes", xg::index_error);
    CHECK_THROWS_WITH_AS(xg::flatten(x, 1, 0), "[flatten] axis 1 comes after axis 0", xg::index_error);
    CHECK_THROWS_AS(xg::broadcast_to(x, {2, 4}), xg::shape_error);
    CHECK_THROWS_WITH_AS(xg::broadcast_to(x, {3}), "[broadcast_to] shape (2, 3) does not broadcast to (3,)", xg::shape_error);
    const auto eight = xg::zeros<float>(std::vector<int>(8, 1));
    CHECK_THROWS_WITH_AS(xg::expand_dims(eight, 0), "[shape] at most 8 axes", xg::rank_error);
}
