// Decompositions at this width of vectors: sizes around vectors and blocks, against what they claim to be.
#include <doctest/doctest.h>

#include <xgrad/core/random.hpp>
#include <xgrad/kernels/decompose_cholesky.hpp>
#include <xgrad/kernels/decompose_eigh.hpp>
#include <xgrad/kernels/decompose_lu.hpp>
#include <xgrad/kernels/decompose_qr.hpp>
#include <xgrad/kernels/decompose_svd.hpp>

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <vector>

namespace kernels = xgrad::kernels;

namespace {

constexpr std::size_t sizes[] = {1, 2, 7, 16, 17, 31, 32, 33, 65};

template <class T>
struct matrix {
    std::size_t rows, cols;
    std::vector<T> elements = std::vector<T>(rows * cols);

    kernels::matrix_ref<T> ref() { return kernels::row_major(elements.data(), rows, cols); }
    kernels::matrix_ref<const T> read() const { return kernels::row_major(elements.data(), rows, cols); }
    T operator()(std::size_t i, std::size_t j) const { return elements[i * cols + j]; }
};

template <class T>
matrix<T> numbers(std::size_t rows, std::size_t cols) {
    auto source = xgrad::generator{rows + 100 * cols};
    auto a = matrix<T>{rows, cols};
    for (auto& each : a.elements) each = static_cast<T>(2 * source.uniform<double>() - 1);
    return a;
}

/// The largest |sum_k a(i, k) d(k) b(k, j) - c(i, j)|, in epsilons of T times the size.
template <class T, class A, class D, class B, class C>
double apart(std::size_t rows, std::size_t inner, std::size_t cols, const A& a, const D& d, const B& b, const C& c) {
    auto largest = 0.0;
    for (auto i = std::size_t{0}; i < rows; ++i)
        for (auto j = std::size_t{0}; j < cols; ++j) {
            auto sum = 0.0;
            for (auto k = std::size_t{0}; k < inner; ++k) sum += double(a(i, k)) * double(d(k)) * double(b(k, j));
            const auto difference = std::fabs(sum - double(c(i, j)));
            if (!(difference <= largest)) largest = difference;
        }
    return largest / (static_cast<double>(std::numeric_limits<T>::epsilon()) * static_cast<double>(rows + cols));
}

const auto one = [](std::size_t) { return 1.0; };
const auto identity = [](std::size_t i, std::size_t j) { return i == j ? 1.0 : 0.0; };

}  // namespace

TEST_CASE_TEMPLATE("decompose: elimination", T, float, double) {
    for (const auto n : sizes) {
        CAPTURE(n);
        auto a = numbers<T>(n, n);
        for (auto i = std::size_t{0}; i < n; ++i) a.elements[i * n + i] += T{4};
        auto lu = a;
        auto pivots = std::vector<std::int64_t>(n);
        kernels::factor_lu<T>(lu.ref(), pivots.data());
        const auto b = numbers<T>(n, 5);
        auto x = b, inverse = matrix<T>{n, n};
        kernels::solve_lu<T>(lu.read(), pivots.data(), false, x.ref());
        CHECK(apart<T>(n, n, 5, a, one, x, b) < 40);
        x = b;
        kernels::solve_lu<T>(lu.read(), pivots.data(), true, x.ref());
        CHECK(apart<T>(n, n, 5, [&](auto i, auto j) { return a(j, i); }, one, x, b) < 40);
        kernels::invert_lu<T>(lu.read(), pivots.data(), inverse.ref());
        CHECK(apart<T>(n, n, n, a, one, inverse, identity) < 40);
    }
}

TEST_CASE_TEMPLATE("decompose: positive definite", T, float, double) {
    for (const auto n : sizes) {
        CAPTURE(n);
        const auto x = numbers<T>(n, n);
        auto a = matrix<T>{n, n};
        for (auto i = std::size_t{0}; i < n; ++i)
            for (auto j = std::size_t{0}; j < n; ++j) {
                for (auto k = std::size_t{0}; k < n; ++k) a.elements[i * n + j] += x(i, k) * x(j, k);
                if (i == j) a.elements[i * n + j] += T{1};
            }
        auto l = a;
        CHECK(kernels::factor_cholesky<T>(l.ref()) == n);
        CHECK(apart<T>(n, n, n, l, one, [&](auto i, auto j) { return l(j, i); }, a) < 10);
        a.elements[(n - 1) * n + n - 1] = T{-1};
        CHECK(kernels::factor_cholesky<T>(a.ref()) == n - 1);
    }
}

TEST_CASE_TEMPLATE("decompose: orthogonal times triangular", T, float, double) {
    for (const auto n : sizes)
        for (const auto m : {n, n + 3, n + 40}) {
            CAPTURE(m);
            CAPTURE(n);
            const auto a = numbers<T>(m, n);
            auto factors = a, q = matrix<T>{m, m};
            auto tau = std::vector<T>(n);
            kernels::factor_qr<T>(factors.ref(), tau.data());
            kernels::form_q<T>(factors.read(), tau.data(), n, q.ref());
            const auto r = [&](std::size_t i, std::size_t j) { return i <= j ? factors(i, j) : T{0}; };
            CHECK(apart<T>(m, n, n, q, one, r, a) < 10);
            CHECK(apart<T>(m, m, m, [&](auto i, auto j) { return q(j, i); }, one, q, identity) < 10);
        }
}

TEST_CASE_TEMPLATE("decompose: eigenvalues and singular values", T, float, double) {
    for (const auto n : sizes) {
        CAPTURE(n);
        auto a = numbers<T>(n, n);
        auto u = matrix<T>{n, n}, v = matrix<T>{n, n};
        auto values = std::vector<T>(n);
        const auto value = [&](std::size_t i) { return values[i]; };
        CHECK(kernels::decompose_any<T>(a.read(), u.ref(), values.data(), v.ref()));
        CHECK(apart<T>(n, n, n, u, value, v, a) < 10);
        CHECK(apart<T>(n, n, n, [&](auto i, auto j) { return u(j, i); }, one, u, identity) < 10);
        CHECK(apart<T>(n, n, n, v, one, [&](auto i, auto j) { return v(j, i); }, identity) < 20);

        for (auto i = std::size_t{0}; i < n; ++i)
            for (auto j = std::size_t{0}; j < i; ++j) a.elements[j * n + i] = a(i, j);
        auto work = a;
        CHECK(kernels::decompose_symmetric<T>(work.ref(), values.data(), v.ref()));
        CHECK(apart<T>(n, n, n, v, value, [&](auto i, auto j) { return v(j, i); }, a) < 20);
        CHECK(apart<T>(n, n, n, [&](auto i, auto j) { return v(j, i); }, one, v, identity) < 20);
    }
}
