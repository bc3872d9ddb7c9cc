// Eigenvalues and eigenvectors of symmetric matrices.
#pragma once

#include <xgrad/core/cmath.hpp>
#include <xgrad/core/config.hpp>
#include <xgrad/core/lists.hpp>
#include <xgrad/core/memory.hpp>
#include <xgrad/core/simd.hpp>
#include <xgrad/kernels/decompose_tridiagonal.hpp>
#include <xgrad/kernels/decompose_vectors.hpp>
#include <xgrad/kernels/matrix_ref.hpp>

#include <algorithm>
#include <concepts>
#include <cstddef>
#include <limits>
#include <numeric>
#include <vector>

namespace xgrad::inline XGRAD_ABI::kernels {

namespace detail {

/// A rotation of two neighbours: x_i := c x_i - s x_(i+1),  x_(i+1) := s x_i + c x_(i+1).
template <class T>
struct rotation {
    T c, s;
};

/// Rotates the rows `first` + count and `first` + count - 1, then the next pair, down to `first` + 1 and `first`. A strip of
/// each row stays in registers until the next one is done.
template <std::size_t V, class T>
void rotate_strip(const matrix_ref<T>& rows, std::size_t first, const rotation<T>* rotations, std::size_t count, std::size_t column,
                  std::size_t left) {
    using batch = simd::batch<T>;
    constexpr auto width = simd::width<T>;
    const auto get = [&](const T* from, std::size_t v) {
        return v + 1 < V ? simd::load(from + v * width) : simd::load_up_to(from + v * width, left);
    };
    const auto put = [&](T* to, std::size_t v, const batch& value) {
        if (v + 1 < V) simd::store(to + v * width, value);
        else simd::store_up_to(to + v * width, value, left);
    };
    batch carried[V];
    XGRAD_UNROLL
    for (auto v = std::size_t{0}; v < V; ++v) carried[v] = get(rows.at(first + count, column), v);
    for (auto i = count; i-- > 0;) {
        const auto c = batch(rotations[i].c), s = batch(rotations[i].s), minus_s = batch(-rotations[i].s);
        const auto* const from = rows.at(first + i, column);
        auto* const to = rows.at(first + i + 1, column);
        XGRAD_UNROLL
        for (auto v = std::size_t{0}; v < V; ++v) {
            const auto x = get(from, v);
            put(to, v, simd::fma(s, x, batch(c * carried[v])));
            carried[v] = simd::fma(c, x, batch(minus_s * carried[v]));
        }
    }
    XGRAD_UNROLL
    for (auto v = std::size_t{0}; v < V; ++v) put(rows.at(first, column), v, carried[v]);
}

template <class T>
void rotate_rows(const matrix_ref<T>& rows, std::size_t first, const rotation<T>* rotations, std::size_t count) {
    constexpr auto width = simd::width<T>, strip = 4 * width;
    auto column = std::size_t{0};
    for (; column + strip <= rows.cols; column += strip) rotate_strip<4>(rows, first, rotations, count, column, width);
    for (; column < rows.cols; column += width)
        rotate_strip<1>(rows, first, rotations, count, column, std::min(width, rows.cols - column));
}

/// sqrt(x^2 + y^2), of numbers whose squares do not overflow.
inline double hypotenuse(double x, double y) {
    const auto square = x * x + y * y;
    return square > 1e-290 ? std::sqrt(square) : std::hypot(x, y);
}

/// The eigenvalues of a tridiagonal matrix take the place of its diagonal; the rows of `qt` turn with them. False if there is
/// no end to it, which nobody has seen.
///
/// The implicit QL algorithm with Wilkinson's shift: Golub and Van Loan, Matrix Computations, section 8.3.3 to 8.3.5.
/// Numbers are double, whatever T is; elements beside the diagonal are dropped when T would not tell them from zero.
template <std::floating_point T>
bool diagonalize(std::size_t size, double* d, double* e, const matrix_ref<T>& qt) {
    auto rotations = std::vector<rotation<T>, memory::allocator<rotation<T>>>(size);
    const auto negligible = [&](std::size_t i) {
        constexpr auto epsilon = static_cast<double>(std::numeric_limits<T>::epsilon()) / 2;
        return std::fabs(e[i]) <= epsilon * (std::fabs(d[i]) + std::fabs(d[i + 1])) ||
               std::fabs(e[i]) <= static_cast<double>(std::numeric_limits<T>::min());
    };
    for (auto first = std::size_t{0}; first < size; ++first) {
        for (auto turn = 0;; ++turn) {
            auto last = first;
            while (last + 1 < size && !negligible(last)) ++last;
            if (last == first) break;
            if (turn == 100) return false;
            auto g = (d[first + 1] - d[first]) / (2 * e[first]);
            g = d[last] - d[first] + e[first] / (g + std::copysign(hypotenuse(g, 1), g));
            auto s = 1.0, c = 1.0, p = 0.0;
            auto i = last;
            auto whole = true;
            while (whole && i-- > first) {
                const auto f = s * e[i], b = c * e[i], r = hypotenuse(f, g);
                e[i + 1] = r;
                whole = r != 0;
                if (!whole) break;
                s = f / r;
                c = g / r;
                g = d[i + 1] - p;
                const auto q = (d[i] - g) * s + 2 * c * b;
                p = s * q;
                d[i + 1] = g + p;
                g = c * q - b;
                rotations[i] = {static_cast<T>(c), static_cast<T>(s)};
            }
            const auto begin = whole ? first : i + 1;
            rotate_rows(qt, begin, rotations.data() + begin, last - begin);
            e[last] = 0;
            d[begin] -= p;
            if (whole) e[first] = g;
        }
    }
    return true;
}

}  // namespace detail

/// a = v diag(w) v^T of a symmetric matrix, of which the lower triangle is read; w in rising order. Where a is not finite, NaN.
/// a: (n, n), row-major; it is overwritten.  values: (n)  vectors: (n, n)
template <std::floating_point T>
bool decompose_symmetric(matrix_ref<T> a, T* values, matrix_ref<T> vectors) {
    const auto size = a.rows;
    auto largest = T{0};
    for (auto i = std::size_t{0}; i < size; ++i) {
        const auto of_row = largest_size(a.at(i, 0), i + 1);
        if (!(of_row <= largest)) largest = of_row;
        if (!(of_row <= std::numeric_limits<T>::max())) {
            const auto nan = std::numeric_limits<T>::quiet_NaN();
            std::fill_n(values, size, nan);
            for (auto k = std::size_t{0}; k < size * size; ++k) *vectors.at(k / size, k % size) = nan;
            return true;
        }
    }
    const auto scale = scale_to_one(largest);
    for (auto i = std::size_t{0}; i < size; ++i)
        for (auto j = std::size_t{0}; j <= i; ++j) *a.at(j, i) = *a.at(i, j) *= scale;

    const auto room = memory::scratch<T>{size * size + 2 * size};
    const auto qt = row_major(room.data(), size, size);
    auto* const diagonal = room.data() + size * size;
    make_tridiagonal<T>(a, diagonal, diagonal + size, qt);
    auto exact = std::vector<double, memory::allocator<double>>(diagonal, diagonal + 2 * size);
    if (!detail::diagonalize<T>(size, exact.data(), exact.data() + size, qt)) return false;

    auto order = std::vector<std::size_t, memory::allocator<std::size_t>>(size);
    std::iota(order.begin(), order.end(), std::size_t{0});
    lists::sort_numbers(order, [&](std::size_t i, std::size_t j) { return exact[i] < exact[j]; });
    for (auto place = std::size_t{0}; place < size; ++place) {
        values[place] = static_cast<T>(exact[order[place]]) / scale;
        for (auto i = std::size_t{0}; i < size; ++i) *vectors.at(i, place) = *qt.at(order[place], i);
    }
    return true;
}

}  // namespace xgrad::kernels
