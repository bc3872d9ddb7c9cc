// The matrix product against three plain loops in double precision.
#include <doctest/doctest.h>

#include <xgrad/core/parallel.hpp>
#include <xgrad/kernels/gemm.hpp>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstring>
#include <limits>
#include <numeric>
#include <random>
#include <vector>

namespace {

using xgrad::kernels::gemm;
using xgrad::kernels::matrix_ref;
namespace simd = xgrad::simd;

enum class layout { rows, cols, padded_rows, padded_cols, scattered };

/// A matrix in memory of its own, between and around whose elements lie canaries.
template <class T>
struct placed {
    static constexpr T canary = T{-12345};
    std::vector<T> storage;
    matrix_ref<T> ref;

    placed(std::size_t rows, std::size_t cols, layout how) : storage{}, ref{nullptr, rows, cols, 0, 0} {
        const auto gap = how == layout::rows || how == layout::cols ? std::size_t{0} : std::size_t{3};
        const auto step = how == layout::scattered ? std::size_t{2} : std::size_t{1};
        const auto by_cols = how == layout::cols || how == layout::padded_cols;
        const auto line = (by_cols ? rows : cols) * step + gap;
        const auto stride = static_cast<std::ptrdiff_t>(line), unit = static_cast<std::ptrdiff_t>(step);
        ref.row_stride = by_cols ? unit : stride;
        ref.col_stride = by_cols ? stride : unit;
        storage.assign(line * (by_cols ? cols : rows) + 2 * margin, canary);
        ref.data = storage.data() + margin;
    }

    bool canaries_alive() const {
        auto expected = std::vector<T>(storage.size(), canary);
        for (auto i = std::size_t{0}; i < ref.rows; ++i)
            for (auto j = std::size_t{0}; j < ref.cols; ++j) {
                const auto offset = static_cast<std::size_t>(ref.at(i, j) - storage.data());
                expected[offset] = storage[offset];
            }
        return std::memcmp(expected.data(), storage.data(), storage.size() * sizeof(T)) == 0;
    }

private:
    static constexpr std::size_t margin = 37;
};

template <class T>
void fill(matrix_ref<T> matrix, std::mt19937& random) {
    auto uniform = std::uniform_real_distribution<T>{T{-1}, T{1}};
    for (auto i = std::size_t{0}; i < matrix.rows; ++i)
        for (auto j = std::size_t{0}; j < matrix.cols; ++j) *matrix.at(i, j) = uniform(random);
}

/// relu(value + bias[col] + row): reads no bias beyond the last column.
template <class T>
struct bias_relu {
    const T* bias;

    simd::batch<T> operator()(const simd::batch<T>& value, std::size_t row, std::size_t col,
                              std::size_t count) const {
        const auto shift =
            count == simd::width<T> ? simd::load(bias + col) : simd::load_partial(bias + col, count);
        const auto sum = value + shift + simd::batch<T>(static_cast<T>(row)), zero = simd::batch<T>(T{0});
        return xsimd::select(sum > zero, sum, zero);
    }
};

struct sizes {
    std::size_t m, n, k;
};

struct layouts {
    layout a, b, c;
};

template <class T>
void check(sizes size, layouts how, bool accumulate, bool with_epilogue) {
    const auto [m, n, k] = size;
    CAPTURE(size.m);
    CAPTURE(size.n);
    CAPTURE(size.k);
    CAPTURE(static_cast<int>(how.a));
    CAPTURE(static_cast<int>(how.b));
    CAPTURE(static_cast<int>(how.c));
    CAPTURE(accumulate);
    CAPTURE(with_epilogue);
    auto random = std::mt19937{static_cast<unsigned>(m * 10007 + n * 101 + k)};
    auto a = placed<T>(m, k, how.a), b = placed<T>(k, n, how.b), c = placed<T>(m, n, how.c);
    fill(a.ref, random);
    fill(b.ref, random);
    if (accumulate) fill(c.ref, random);
    auto bias = std::vector<T>(n);
    for (auto& x : bias) x = T(0.25) * static_cast<T>(&x - bias.data());

    auto expected = std::vector<double>(m * n), magnitude = std::vector<double>(m * n);
    for (auto i = std::size_t{0}; i < m; ++i)
        for (auto j = std::size_t{0}; j < n; ++j) {
            auto sum = accumulate ? static_cast<double>(*c.ref.at(i, j)) : 0.0, size_of_terms = std::abs(sum);
            for (auto p = std::size_t{0}; p < k; ++p) {
                const auto term = static_cast<double>(*a.ref.at(i, p)) * static_cast<double>(*b.ref.at(p, j));
                sum += term;
                size_of_terms += std::abs(term);
            }
            if (with_epilogue) {
                const auto shift = static_cast<double>(bias[j]) + static_cast<double>(i);
                sum = std::max(sum + shift, 0.0);
                size_of_terms += std::abs(shift);
            }
            expected[i * n + j] = sum;
            magnitude[i * n + j] = size_of_terms;
        }

    if (with_epilogue)
        gemm(a.ref, b.ref, c.ref, accumulate, bias_relu<T>{bias.data()});
    else
        gemm(a.ref, b.ref, c.ref, accumulate);

    // The rounding errors of a sum of k terms are independent enough to grow with its square root.
    const auto unit = static_cast<double>(std::numeric_limits<T>::epsilon());
    auto worst = 0.0;
    for (auto i = std::size_t{0}; i < m; ++i)
        for (auto j = std::size_t{0}; j < n; ++j) {
            const auto error = std::abs(static_cast<double>(*c.ref.at(i, j)) - expected[i * n + j]);
            worst = std::max(worst, error / (unit * (magnitude[i * n + j] + 1e-30)));
        }
    CHECK(worst <= 2.0 + std::sqrt(static_cast<double>(k)) / 4);
    CHECK(a.canaries_alive());
    CHECK(b.canaries_alive());
    CHECK(c.canaries_alive());
}

constexpr auto every_layout = {layout::rows, layout::cols, layout::padded_rows, layout::padded_cols,
                               layout::scattered};

TEST_CASE_TEMPLATE("gemm: every combination of layouts", T, float, double) {
    for (const auto a : every_layout)
        for (const auto b : every_layout)
            for (const auto c : every_layout)
                for (const auto size :
                     {sizes{13, 37, 29}, sizes{1, 19, 23}, sizes{50, 70, 40}, sizes{30, 3, 65}})
                    for (const auto accumulate : {false, true})
                        for (const auto epilogue : {false, true})
                            check<T>(size, {a, b, c}, accumulate, epilogue);
}

TEST_CASE_TEMPLATE("gemm: every small shape, and around the edges of tiles and blocks", T, float, double) {
    constexpr auto r = layout::rows, c = layout::cols;
    const auto transpositions = {layouts{r, r, r}, layouts{c, r, r}, layouts{r, c, r}, layouts{c, c, r}};
    for (const auto how : transpositions) {
        for (const auto m : {0u, 1u, 2u, 3u, 5u, 6u, 7u, 11u, 12u, 13u, 25u})
            for (const auto n :
                 {0u, 1u, 2u, 7u, 8u, 9u, 10u, 15u, 16u, 17u, 31u, 33u, 48u, 49u, 63u, 64u, 65u})
                for (const auto k : {0u, 1u, 2u, 15u, 16u, 17u})
                    check<T>({m, n, k}, how, (m + n + k) % 2 != 0, (m + n) % 3 == 0);
        for (const auto k : {255u, 256u, 257u, 600u}) check<T>({47, 67, k}, how, false, true);
        for (const auto m : {383u, 385u}) check<T>({m, 20, 33}, how, true, true);
        check<T>({200, 10, 256}, how, false, true);
        check<T>({1024, 150, 20}, how, false, true);  // strides that make a, or b, be packed
        check<T>({53, 1024, 20}, how, true, true);
        for (const auto m : {13u, 30u, 36u, 50u})   // the first tile copies b, or cannot
            for (const auto n : {128u, 150u})
                for (const auto k : {40u, 400u}) check<T>({m, n, k}, how, n == 128, k == 40);
        check<T>({10, 200, 64}, how, true, false);
    }
}

TEST_CASE_TEMPLATE("gemm: the same to the bit on one thread and on two", T, float, double) {
    const auto threads = xgrad::num_threads();
    for (const auto size :
         {sizes{128, 128, 300}, sizes{1, 2000, 1100}, sizes{2000, 1, 1100}, sizes{3000, 10, 100},
          sizes{1024, 1024, 3}, sizes{37, 259, 513}, sizes{5, 1500, 300}})
        for (const auto a_how : {layout::rows, layout::cols})
            for (const auto b_how : {layout::rows, layout::cols})
                for (const auto c_how : {layout::rows, layout::cols}) {
                    auto random = std::mt19937{7};
                    auto a = placed<T>(size.m, size.k, a_how), b = placed<T>(size.k, size.n, b_how);
                    auto one = placed<T>(size.m, size.n, c_how), two = one;
                    two.ref.data = two.storage.data() + (one.ref.data - one.storage.data());
                    fill(a.ref, random);
                    fill(b.ref, random);
                    auto bias = std::vector<T>(size.n);
                    std::iota(bias.begin(), bias.end(), T{-9});
                    xgrad::set_num_threads(1);
                    gemm(a.ref, b.ref, one.ref, false, bias_relu<T>{bias.data()});
                    xgrad::set_num_threads(2);
                    gemm(a.ref, b.ref, two.ref, false, bias_relu<T>{bias.data()});
                    CAPTURE(size.m);
                    CAPTURE(size.n);
                    CHECK(std::memcmp(one.storage.data(), two.storage.data(),
                                      one.storage.size() * sizeof(T)) == 0);
                }
    xgrad::set_num_threads(threads);
}

TEST_CASE_TEMPLATE("gemm: NaN and infinity count as in a plain sum of products", T, float, double) {
    constexpr auto inf = std::numeric_limits<T>::infinity(), nan = std::numeric_limits<T>::quiet_NaN();
    for (const auto b_how : {layout::rows, layout::cols})
        for (const auto n : {1u, 3u, 10u, 70u}) {
            auto a = placed<T>(2, 5, layout::rows), b = placed<T>(5, n, b_how),
                 c = placed<T>(2, n, layout::rows);
            for (auto p = std::size_t{0}; p < 5; ++p) {
                *a.ref.at(0, p) = T{0};
                *a.ref.at(1, p) = T{1};
                for (auto j = std::size_t{0}; j < n; ++j) *b.ref.at(p, j) = T{2};
            }
            *b.ref.at(3, 0) = inf;
            if (n > 1) *b.ref.at(2, n - 1) = nan;
            gemm(a.ref, b.ref, c.ref);
            CHECK(std::isnan(*c.ref.at(0, 0)));  // 0 * inf
            CHECK(*c.ref.at(1, 0) == inf);
            if (n > 1) CHECK(std::isnan(*c.ref.at(0, n - 1)));
            if (n > 2) CHECK(*c.ref.at(1, 1) == T{10});
        }
}

}  // namespace
