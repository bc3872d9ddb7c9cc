#include <doctest/doctest.h>

#include <support/operation_table.hpp>
#include <support/products.hpp>

#include <xgrad/autograd/create.hpp>
#include <xgrad/ops/compare.hpp>
#include <xgrad/ops/tensordot.hpp>

#include <cstddef>
#include <type_traits>

namespace xg = xgrad;
using namespace operation_tests;

TEST_CASE("inner: values and derivatives") {
    const auto run = on_lists([](const auto& x) { return xg::inner(x[0], x[1]); });
    const auto over_last = [](const list<double>& x) {   // b (j, k) counts as transposed
        const auto inner = x[0].shape(-1), columns = x[1].size() / inner;
        auto turned = xg::zeros<double>({inner, columns});
        for (auto k = std::size_t{0}; k < inner; ++k)
            for (auto j = std::size_t{0}; j < columns; ++j) turned(k, j) = x[1].span()[j * inner + k];
        auto sizes = x[0].shape();
        sizes.erase(sizes.rank() - 1);
        for (auto axis = std::size_t{0}; axis + 1 < x[1].rank(); ++axis) sizes.push_back(x[1].shape()[axis]);
        return product(x[0], turned, inner, sizes);
    };
    check({
        row("inner", run, over_last, {3}, {3}),
        row("inner", run, over_last, {2, 3}, {3}),
        row("inner", run, over_last, {2, 3}, {2, 2, 3}),
        row("inner", run, [](const list<double>& x) { return product(x[0], x[1], 1, {3}); }, {}, {3}),
    });
    static_assert(std::is_same_v<decltype(xg::inner(xg::tensor<float, 2>{}, xg::tensor<float, 3>{})), xg::tensor<float, 3>>);
    static_assert(std::is_same_v<decltype(xg::inner(xg::tensor<float, 0>{}, xg::tensor<float, 3>{})), xg::tensor<float, 3>>);
    CHECK_THROWS_WITH_AS(xg::inner(xg::zeros<float>({2, 3}), xg::zeros<float>({3, 2})),
                         "[inner] axis 1 of a, (2, 3), and axis 1 of b, (3, 2), must be equally long", xg::shape_error);
}

TEST_CASE("tensordot: values and derivatives") {
    const auto last_two = on_lists([](const auto& x) { return xg::tensordot(x[0], x[1]); });
    const auto none = on_lists([](const auto& x) { return xg::tensordot(x[0], x[1], 0); });
    const auto named = on_lists([](const auto& x) { return xg::tensordot(x[0], x[1], {2, 0}, {-1, 1}); });
    const auto named_reference = [](const list<double>& x) {   // y[j, l] = sum_i,k a[i, j, k] b[l, i, k]
        auto y = xg::zeros<double>({3, 2});
        for (auto i = 0; i < 2; ++i)
            for (auto j = 0; j < 3; ++j)
                for (auto k = 0; k < 2; ++k)
                    for (auto l = 0; l < 2; ++l) y(j, l) += x[0](i, j, k) * x[1](l, i, k);
        return xg::tensor<double>{y};
    };
    check({
        row("two", last_two, [](const list<double>& x) { return product(x[0], x[1], 6, {2, 2}); }, {2, 2, 3}, {2, 3, 2}),
        row("all", last_two, [](const list<double>& x) { return product(x[0], x[1], 6, {}); }, {2, 3}, {2, 3}),
        row("none", none, [](const list<double>& x) { return product(x[0], x[1], 1, {2, 3}); }, {2}, {3}),
        row("named", named, named_reference, {2, 3, 2}, {2, 2, 2}),
    });
    const auto a = xg::zeros<float>({2, 3}), b = xg::zeros<float>({3, 2});
    static_assert(std::is_same_v<decltype(xg::tensordot(a, b, {1}, {0})), xg::tensor<float, 2>>);
    CHECK_THROWS_WITH_AS(xg::tensordot(a, b, 2), "[tensordot] axis 0 of a, (2, 3), and axis 0 of b, (3, 2), must be equally long", xg::shape_error);
    CHECK_THROWS_AS(xg::tensordot(a, b, 3), xg::value_error);
    CHECK_THROWS_AS(xg::tensordot(a, b, {0, 0}, {0, 1}), xg::value_error);
    CHECK_THROWS_AS(xg::tensordot(a, b, {2}, {0}), xg::index_error);
}
