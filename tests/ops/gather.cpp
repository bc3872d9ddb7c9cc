#include <doctest/doctest.h>

#include <support/operation_table.hpp>
#include <support/some_numbers.hpp>

#include <xgrad/autograd/create.hpp>
#include <xgrad/autograd/functional.hpp>
#include <xgrad/core/parallel.hpp>
#include <xgrad/ops/arithmetic.hpp>
#include <xgrad/ops/compare.hpp>
#include <xgrad/ops/gather.hpp>
#include <xgrad/ops/reduce.hpp>

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <type_traits>
#include <vector>

namespace xg = xgrad;
using namespace operation_tests;

namespace {

using indices = std::vector<std::int64_t>;

/// The place in row-major order of the index numbered `at` of `sizes`, in an array of shape `own`, whose axes of size 1
/// broadcast, with `index` in place of that along `axis`.
std::size_t place_of(std::size_t at, const xg::shape& sizes, const xg::shape& own, std::size_t axis, std::int64_t index) {
    auto result = std::size_t{0}, step = std::size_t{1};
    for (auto i = sizes.rank(); i-- > 0;) {
        const auto here = i == axis ? static_cast<std::size_t>(index < 0 ? index + static_cast<std::int64_t>(own[i]) : index)
                          : own[i] == 1 ? 0 : at % sizes[i];
        result += here * step;
        step *= own[i];
        at /= sizes[i];
    }
    return result;
}

xg::tensor<double> gathered(const xg::tensor<double>& x, const indices& numbers, const xg::shape& under, std::size_t axis) {
    auto y = xg::empty<double>(under);
    for (auto i = std::size_t{0}; i < y.size(); ++i) y.data()[i] = x.data()[place_of(i, under, x.shape(), axis, numbers[i])];
    return y;
}

operation gathers(const xg::shape& from, const indices& numbers, const xg::shape& under, int axis) {
    const auto at = xg::tensor<std::int64_t>(numbers, under);
    const auto place = static_cast<std::size_t>(axis < 0 ? axis + static_cast<int>(from.rank()) : axis);
    return {.name = "gather", .run = on_lists([=](const auto& x) { return xg::gather(x[0], at, axis); }),
            .reference = [=](const list<double>& x) { return gathered(x[0], numbers, under, place); },
            .points = {{shaped(some, from)}}, .epsilons = 0};
}

}  // namespace

TEST_CASE("gather: values and derivatives") {
    check({
        gathers({4}, {2, 0, -1, 2, 2}, {5}, 0),   // an element taken three times gets three gradients
        gathers({3, 2}, {0, 2, -1, 0}, {2, 2}, 0),
        gathers({3, 2}, {0, 1, 1, 1, -2, 0, 0, 0, 1}, {3, 3}, -1),
        gathers({2, 3, 2}, {0, 2, 1, 1, 0, 0, 2, -1}, {2, 2, 2}, 1),
        gathers({3, 3}, {0, 2}, {1, 2}, 0),   // fewer than x has, along the other axis
        gathers({3, 2, 3}, {1, 1}, {2, 1, 1}, 1),
        gathers({2, 3}, {}, {2, 0}, 1),
        gathers({0, 3}, {}, {0, 2}, 1),
        gathers({2, 0}, {}, {3, 0}, 0),
    });
}

TEST_CASE("take_along_axis: values and derivatives, with x and indices that broadcast") {
    const auto row = [](const xg::shape& from, const indices& numbers, const xg::shape& under, const xg::shape& all, int axis) {
        const auto at = xg::tensor<std::int64_t>(numbers, under);
        const auto place = static_cast<std::size_t>(axis);
        return operation{
            .name = "take_along_axis", .run = on_lists([=](const auto& x) { return xg::take_along_axis(x[0], at, axis); }),
            .reference = [=](const list<double>& x) {
                auto spread = indices{};
                for (auto i = std::size_t{0}; i < all.elements(); ++i) {
                    auto rest = i;
                    auto at_axis = std::int64_t{0};
                    for (auto j = all.rank(); j-- > 0; rest /= all[j])
                        if (j == place) at_axis = static_cast<std::int64_t>(rest % all[j]);
                    spread.push_back(numbers[place_of(i, all, under, place, at_axis)]);
                }
                return gathered(x[0], spread, all, place);
            },
            .points = {{shaped(some, from)}}, .epsilons = 0};
    };
    check({
        row({3, 2}, {2, 0, -1, 1}, {2, 2}, {2, 2}, 0),
        row({3, 2}, {2, 0}, {2, 1}, {2, 2}, 0),
        row({1, 3}, {2, 0, 1, 1}, {2, 2}, {2, 2}, 1),
        row({2, 3, 1}, {2, 0, 1, 1}, {1, 2, 2}, {2, 2, 2}, 1),
    });
}

TEST_CASE("gather: ranks, types, and indices out of range") {
    const auto x = xg::tensor<float, 2>{{1, 2}, {3, 4}, {5, 6}};
    const auto at = xg::tensor<int, 2>{{2, 0}};
    CHECK(xg::array_equal(xg::gather(x, at, 0), xg::tensor<float, 2>{{5, 2}}));
    CHECK(xg::array_equal(xg::gather(xg::tensor<bool, 1>{true, false}, xg::tensor<std::uint8_t, 1>{1, 0}, 0), xg::tensor<bool, 1>{false, true}));
    CHECK(xg::array_equal(xg::take_along_axis(x, xg::argmax(x, 0, xg::keep_dims), 0), xg::tensor<float, 2>{{5, 6}}));
    static_assert(std::is_same_v<decltype(xg::gather(x, xg::tensor<int>{}, 0)), xg::tensor<float, 2>>);
    static_assert(std::is_same_v<decltype(xg::gather(xg::tensor<float>{}, at, 0)), xg::tensor<float, 2>>);
    CHECK_THROWS_WITH_AS(xg::gather(x, xg::tensor<int, 2>{{3, 0}}, 0), "[gather] index 3 is out of range for an axis of size 3", xg::index_error);
    CHECK_THROWS_WITH_AS(xg::gather(x, xg::tensor<int, 2>{{-3}}, 1), "[gather] index -3 is out of range for an axis of size 2", xg::index_error);
    CHECK_THROWS_WITH_AS(xg::gather(x, at, 2), "[gather] axis 2 is out of range for 2 axes", xg::index_error);
    CHECK_THROWS_WITH_AS(xg::gather(x, xg::zeros<int>({1, 3}), 0), "[gather] x is (3, 2), the indices are (1, 3), which are more along axis 1",
                         xg::shape_error);
    CHECK_THROWS_WITH_AS(xg::gather(x, xg::tensor<int>{0}, 0), "[gather] x is (3, 2), the indices are (1,); they must have as many axes",
                         xg::rank_error);
    CHECK_THROWS_WITH_AS(xg::take_along_axis(x, xg::zeros<int>({3, 3}), 0),
                         "[take_along_axis] shapes do not broadcast: a is (1, 2), b is (1, 3); sizes of an axis, counted from the last, must be equal or 1",
                         xg::shape_error);
}

TEST_CASE("gather: threads change no bit of values and gradients") {
    const auto before = xg::num_threads();
    xg::manual_seed(1);
    const auto x = xg::randn<float>({300, 700});
    const auto along = xg::randint(0, 700, {300, 900}), down = xg::randint(-300, 300, {500, 700}), crowded = xg::randint(0, 3, {500, 700});
    const auto all = [&] {
        const auto slope = [&](const auto& at, int axis) {
            return xg::grad([&](const auto& v) { return xg::sum(xg::gather(v, at, axis) * 0.1f); })(x);
        };
        return std::vector{xg::gather(x, along, 1), xg::gather(x, down, 0), slope(along, 1), slope(down, 0), slope(crowded, 0)};
    };
    xg::set_num_threads(1);
    const auto alone = all();
    xg::set_num_threads(3);
    const auto shared = all();
    xg::set_num_threads(before);
    for (auto i = std::size_t{0}; i < alone.size(); ++i) CHECK(xg::array_equal(alone[i], shared[i]));
}

TEST_CASE("gather: indices that were changed meanwhile are found") {
    auto x = xg::tensor<double, 1>{1, 2, 3};
    x.requires_grad(true);
    auto at = xg::tensor<std::int64_t, 1>{2, 2};
    const auto y = xg::sum(xg::gather(x, at, 0));
    at(0) = 0;
    CHECK_THROWS_AS(y.backward(), xg::autograd_error);
}

TEST_CASE("gather: what an element gets from many places is added up as exactly as by sum") {
    // A million times 0.1 to one element of each column, while another gets it once.
    constexpr auto count = std::size_t{1'000'000};
    for (const auto columns : {std::size_t{1}, std::size_t{3}}) {
        auto at = xg::full<std::int64_t>({count, columns}, 1);
        for (auto i = std::size_t{0}; i < columns; ++i) at(count / 2, i) = 0;
        auto x = xg::zeros<float>({std::size_t{3}, columns});
        x.requires_grad(true);
        const auto y = xg::gather(x, at, 0);
        y.backward(xg::full_like(y, 0.1f));
        const auto dx = xg::tensor<float, 2>{x.grad()};
        for (auto i = std::size_t{0}; i < columns; ++i) {
            CHECK(dx(0, i) == 0.1f);
            CHECK(std::fabs(static_cast<double>(dx(1, i)) / (static_cast<double>(0.1f) * (count - 1)) - 1) < 1e-6);
            CHECK(dx(2, i) == 0);
        }
    }
}

TEST_CASE("take_along_dim is PyTorch's name for take_along_axis") {
    const auto x = xg::tensor<float, 2>{{1, 2, 3}, {4, 5, 6}};
    const auto indices = xg::tensor<std::int64_t, 2>{{2, 0}, {1, 1}};
    CHECK(xg::array_equal(xg::take_along_dim(x, indices, 1), xg::take_along_axis(x, indices, 1)));
}
