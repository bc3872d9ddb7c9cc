#include <doctest/doctest.h>

#include <xgrad/core/simd.hpp>
#include <xgrad/core/simd_math.hpp>
#include <xgrad/kernels/elementwise.hpp>

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <numeric>
#include <vector>

namespace xg = xgrad;
namespace kernels = xgrad::kernels;

namespace {

// The element of x at place `index` of `sizes`, by NumPy's rule, read off slowly.
template <class T>
T broadcast_element(const std::vector<T>& x, const xg::shape& own, const xg::shape& sizes, std::size_t index) {
    auto at = std::size_t{0}, step = std::size_t{1};
    for (auto from_last = std::size_t{1}; from_last <= sizes.rank(); ++from_last) {
        const auto size = sizes[sizes.rank() - from_last];
        if (from_last <= own.rank()) {
            const auto own_size = own[own.rank() - from_last];
            if (own_size != 1) at += index % size * step;
            step *= own_size;
        }
        index /= size;
    }
    return x[at];
}

template <class T>
std::vector<T> counting(const xg::shape& sizes, int from) {
    auto values = std::vector<T>(sizes.elements());
    auto number = from;
    for (auto& each : values) each = static_cast<T>(number++ % 101);
    return values;
}

template <class T>
void check_against_reference(const xg::shape& a_sizes, const xg::shape& b_sizes) {
    CAPTURE(to_string(a_sizes));
    CAPTURE(to_string(b_sizes));
    const auto sizes = xg::broadcast_shapes("test", a_sizes, b_sizes);
    const auto a = counting<T>(a_sizes, 1), b = counting<T>(b_sizes, 50);
    auto y = std::vector<T>(sizes.elements() + 1, T{77});
    kernels::elementwise([](const auto& v, const auto& w) { return v - w * v; }, y.data(), sizes, kernels::operand<T>{a.data(), &a_sizes},
                         kernels::operand<T>{b.data(), &b_sizes});
    for (auto i = std::size_t{0}; i < sizes.elements(); ++i) {
        const auto v = broadcast_element(a, a_sizes, sizes, i), w = broadcast_element(b, b_sizes, sizes, i);
        REQUIRE(y[i] == static_cast<T>(v - w * v));
    }
    CHECK(y.back() == T{77});   // nothing is written beyond the end
}

}  // namespace

TEST_CASE("any two shapes that broadcast, in real and whole numbers") {
    const xg::shape pairs[][2] = {
        {{}, {}},
        {{1}, {}},
        {{5}, {5}},
        {{5}, {1}},
        {{0}, {0}},
        {{0}, {1}},
        {{3, 0}, {3, 1}},
        {{0, 3}, {1, 3}},
        {{2, 3}, {3}},
        {{2, 3}, {2, 1}},
        {{2, 1}, {1, 3}},
        {{33, 17}, {17}},
        {{33, 17}, {33, 1}},
        {{4, 1, 6}, {5, 1}},
        {{4, 5, 6}, {4, 1, 6}},
        {{4, 5, 6}, {1, 5, 1}},
        {{2, 1, 3, 1}, {5, 1, 7}},
        {{1, 1, 1}, {2, 1, 1}},
        {{2, 3, 4, 5}, {3, 1, 5}},
        {{2, 2, 2, 2, 2, 2, 2, 2}, {2, 1, 2, 1, 2, 1, 2, 1}},
        {{300, 257}, {257}},
        {{300, 257}, {300, 1}},
        {{70'001}, {1}},
    };
    for (const auto& [a, b] : pairs) {
        check_against_reference<float>(a, b);
        check_against_reference<float>(b, a);
        check_against_reference<double>(a, b);
        check_against_reference<std::int32_t>(a, b);
    }
}

TEST_CASE("every length around the width of a vector") {
    for (auto size = std::size_t{0}; size < 70; ++size) {
        check_against_reference<float>({size}, {size});
        check_against_reference<float>({size}, {});
        check_against_reference<float>({3, size}, {3, 1});
        check_against_reference<double>({3, size}, {size});
    }
}

TEST_CASE("operands of different types, and other types of result") {
    const auto sizes = xg::shape{2, 3}, row = xg::shape{3};
    const auto x = std::vector<float>{1, 2, 3, 4, 5, 6};
    const auto k = std::vector<std::int64_t>{10, 20, 30};
    bool y[6];
    kernels::elementwise([](auto v, auto w) { return v * 5 >= static_cast<float>(w); }, y, sizes, kernels::operand<float>{x.data(), &sizes},
                         kernels::operand<std::int64_t>{k.data(), &row});
    CHECK(std::vector<bool>(y, y + 6) == std::vector<bool>{false, false, false, true, true, true});
}

TEST_CASE("the result may be written over an operand") {
    const auto sizes = xg::shape{100'003};
    auto x = std::vector<float>(sizes.elements());
    std::iota(x.begin(), x.end(), 0.0f);
    kernels::elementwise([](const auto& v, const auto& w) { return v + w; }, x.data(), sizes, kernels::operand<float>{x.data(), &sizes},
                         kernels::operand<float>{x.data(), &sizes});
    for (auto i = 0u; i < x.size(); ++i) REQUIRE(x[i] == 2 * static_cast<float>(i));
}

TEST_CASE("an element is computed alike wherever it stands, at the end of a row as well") {
    const auto f = [](const auto& v) { return xg::simd::tanh(v) * xg::simd::exp(v); };
    const auto value = 0.7310586f;
    const auto one = xg::shape{1};
    auto expected = 0.0f;
    kernels::elementwise(f, &expected, one, kernels::operand<float>{&value, &one});
    for (auto size = std::size_t{1}; size < 40; ++size) {
        const auto sizes = xg::shape{size};
        const auto x = std::vector<float>(size, value);
        auto y = std::vector<float>(size);
        kernels::elementwise(f, y.data(), sizes, kernels::operand<float>{x.data(), &sizes});
        for (const auto each : y) REQUIRE(each == expected);
    }
}
