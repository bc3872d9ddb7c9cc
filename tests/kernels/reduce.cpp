#include <doctest/doctest.h>

#include <xgrad/core/random.hpp>
#include <xgrad/kernels/reduce.hpp>

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <vector>

namespace xg = xgrad;
namespace kernels = xgrad::kernels;

namespace {

xg::axis_set axes_from_bits(unsigned bits, std::size_t rank) {
    auto axes = xg::axis_set{};
    for (auto axis = std::size_t{0}; axis < rank; ++axis)
        if ((bits >> axis & 1u) != 0) axes.insert(axis);
    return axes;
}

// Where in the result element `index` of x goes.
std::size_t place_in_result(std::size_t index, const xg::shape& sizes, xg::axis_set axes) {
    auto at = std::size_t{0}, step = std::size_t{1};
    for (auto axis = sizes.rank(); axis-- > 0;) {
        if (!axes.contains(axis)) {
            at += index % sizes[axis] * step;
            step *= sizes[axis];
        }
        index /= sizes[axis];
    }
    return at;
}

template <class T, class Op>
void check_every_set_of_axes(const Op& op, const xg::shape& sizes) {
    auto numbers = xg::generator{sizes.elements()};
    auto x = std::vector<T>(sizes.elements());
    for (auto& each : x) each = static_cast<T>(static_cast<int>(numbers.below(7)) - 3);
    for (auto bits = 0u; bits < 1u << sizes.rank(); ++bits) {
        CAPTURE(to_string(sizes));
        CAPTURE(bits);
        const auto axes = axes_from_bits(bits, sizes.rank());
        const auto count = xg::reduced_shape(sizes, axes, false).elements();
        auto expected = std::vector<T>(count, Op::template identity<T>);
        for (auto i = std::size_t{0}; i < x.size(); ++i) {
            auto& into = expected[place_in_result(i, sizes, axes)];
            into = static_cast<T>(op(into, x[i]));
        }
        auto y = std::vector<T>(count + 1, T{77});
        kernels::reduce(op, x.data(), sizes, axes, y.data());
        CHECK(y.back() == T{77});
        y.pop_back();
        CHECK(y == expected);
    }
}

template <class T>
T sum(const std::vector<T>& x) {
    auto y = T{};
    kernels::reduce(kernels::sum_of{}, x.data(), xg::shape{x.size()}, xg::axis_set::all(1), &y);
    return y;
}

}  // namespace

TEST_CASE("every set of axes of many shapes, against the sum as one would write it") {
    // Of small whole numbers, so that the order of additions does not show.
    for (const auto& sizes : {xg::shape{}, {1}, {5}, {0}, {3, 0}, {0, 3}, {2, 3}, {17, 33}, {1, 7, 1}, {2, 3, 4}, {5, 1, 6, 2},
                              {130, 3, 70}, {3, 200, 5}, {2, 2, 2, 2, 2, 2, 2, 2}, {5000}, {4097, 2}, {2, 8193}}) {
        check_every_set_of_axes<float>(kernels::sum_of{}, sizes);
        check_every_set_of_axes<std::int32_t>(kernels::sum_of{}, sizes);
        check_every_set_of_axes<double>(kernels::maximum_of{}, sizes);
        check_every_set_of_axes<float>(kernels::minimum_of{}, sizes);
        check_every_set_of_axes<std::int64_t>(kernels::maximum_of{}, sizes);
        check_every_set_of_axes<std::uint8_t>(kernels::minimum_of{}, sizes);
    }
    check_every_set_of_axes<double>(kernels::product_of{}, {3, 4, 2});
    check_every_set_of_axes<float>(kernels::sum_of{}, {70, 1000, 2});
}

TEST_CASE("truth values") {
    const bool x[] = {false, true, false, false};
    bool y[2];
    kernels::reduce(kernels::maximum_of{}, x, xg::shape{2, 2}, axes_from_bits(2, 2), y);
    CHECK(y[0]);
    CHECK(!y[1]);
    kernels::reduce(kernels::minimum_of{}, x, xg::shape{2, 2}, axes_from_bits(1, 2), y);
    CHECK(!y[0]);
    CHECK(!y[1]);
}

TEST_CASE("every length around the blocks") {
    for (auto size = std::size_t{0}; size < 150; ++size) check_every_set_of_axes<float>(kernels::sum_of{}, {size});
    for (const auto edge : {4096u, 8192u, 32768u, 65536u})
        for (auto size = edge - 1; size <= edge + 1; ++size) check_every_set_of_axes<float>(kernels::sum_of{}, {size});
    for (const auto rows : {63u, 64u, 65u, 127u, 128u, 129u}) check_every_set_of_axes<float>(kernels::sum_of{}, {rows, 3});
}

TEST_CASE("ten million times 0.1 is a million, in single precision too") {
    const auto count = std::size_t{10'000'000};
    const auto exact = static_cast<double>(0.1f) * static_cast<double>(count);
    const auto relative_error = [&](float y) { return std::fabs(static_cast<double>(y) - exact) / exact; };
    const auto x = std::vector<float>(count, 0.1f);
    CHECK(relative_error(sum(x)) < 3e-7);
    auto down_columns = std::vector<float>(4);
    kernels::reduce(kernels::sum_of{}, x.data(), xg::shape{count / 4, 4}, axes_from_bits(1, 2), down_columns.data());
    for (const auto y : down_columns) CHECK(relative_error(4 * y) < 1e-6);   // 64 rows are added up one by one
    auto across = std::vector<float>(2);
    kernels::reduce(kernels::sum_of{}, x.data(), xg::shape{2, count / 2}, axes_from_bits(2, 2), across.data());
    for (const auto y : across) CHECK(relative_error(2 * y) < 3e-7);
}

TEST_CASE("the error of a sum of random numbers stays at a few units in the last place") {
    auto numbers = xg::generator{9};
    auto x = std::vector<float>(1'000'001);
    auto exact = 0.0;
    for (auto& each : x) {
        each = numbers.uniform<float>();
        exact += static_cast<double>(each);
    }
    CHECK(std::fabs(static_cast<double>(sum(x)) - exact) / exact < 3e-7);
}

TEST_CASE("whichever axes are summed over, the error grows with the logarithm of the number only") {
    for (const auto& sizes : {xg::shape{40, 2, 40, 3, 40, 2}, {30, 30, 2, 30, 2, 30}, {3, 200000}, {200000, 3}, {2, 100000, 3}}) {
        const auto x = std::vector<float>(sizes.elements(), 0.1f);
        for (auto bits = 1u; bits < 1u << sizes.rank(); ++bits) {
            CAPTURE(to_string(sizes));
            CAPTURE(bits);
            const auto axes = axes_from_bits(bits, sizes.rank());
            auto y = std::vector<float>(xg::reduced_shape(sizes, axes, false).elements());
            kernels::reduce(kernels::sum_of{}, x.data(), sizes, axes, y.data());
            const auto exact = static_cast<double>(0.1f) * static_cast<double>(x.size() / y.size());
            for (const auto each : y)
                if (!(std::fabs(static_cast<double>(each) - exact) <= 1e-6 * exact)) CHECK(static_cast<double>(each) == exact);
        }
    }
}

TEST_CASE("a NaN is found wherever it stands and whichever axes are reduced, and nowhere else") {
    constexpr auto nan = std::numeric_limits<float>::quiet_NaN();
    const auto sizes = xg::shape{3, 2, 9, 5};
    auto x = std::vector<float>(sizes.elements(), 1.0f);
    for (auto bits = 0u; bits < 16; ++bits) {
        const auto axes = axes_from_bits(bits, sizes.rank());
        auto y = std::vector<float>(xg::reduced_shape(sizes, axes, false).elements());
        for (auto at = std::size_t{0}; at < x.size(); ++at) {
            x[at] = nan;
            auto right = true;
            const auto look = [&](const auto& op) {
                kernels::reduce(op, x.data(), sizes, axes, y.data());
                for (auto i = std::size_t{0}; i < y.size(); ++i)
                    right = right && std::isnan(y[i]) == (i == place_in_result(at, sizes, axes));
            };
            look(kernels::maximum_of{}), look(kernels::minimum_of{}), look(kernels::sum_of{});
            CAPTURE(bits);
            CAPTURE(at);
            CHECK(right);
            x[at] = 1;
        }
    }
}

TEST_CASE("NaN and infinity") {
    constexpr auto nan = std::numeric_limits<float>::quiet_NaN(), inf = std::numeric_limits<float>::infinity();
    for (const auto size : {1u, 2u, 15u, 16u, 17u, 64u, 100u, 5000u})
        for (const auto at : {0u, size / 2, size - 1}) {
            auto x = std::vector<float>(size, 1.0f);
            x[at] = nan;
            auto y = 0.0f;
            kernels::reduce(kernels::maximum_of{}, x.data(), xg::shape{size}, xg::axis_set::all(1), &y);
            CHECK(std::isnan(y));
            kernels::reduce(kernels::minimum_of{}, x.data(), xg::shape{size}, xg::axis_set::all(1), &y);
            CHECK(std::isnan(y));
            auto columns = std::vector<float>(size);
            kernels::reduce(kernels::maximum_of{}, x.data(), xg::shape{1, size}, axes_from_bits(1, 2), columns.data());
            CHECK(std::isnan(columns[at]));
            x[at] = -inf;
            kernels::reduce(kernels::minimum_of{}, x.data(), xg::shape{size}, xg::axis_set::all(1), &y);
            CHECK(y == -inf);
        }
    const auto lowest = std::vector<float>(3, -inf);
    auto y = 0.0f;
    kernels::reduce(kernels::maximum_of{}, lowest.data(), xg::shape{3}, xg::axis_set::all(1), &y);
    CHECK(y == -inf);
}
