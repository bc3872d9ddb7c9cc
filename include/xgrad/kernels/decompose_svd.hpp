// Singular values and vectors by rotations of rows: one-sided Jacobi.
//
// Rotations j make the rows of w = j a orthogonal. Their lengths are then the singular values, their directions the rows
// of vh, and u = j^T. As in a tournament, a round rotates as many pairs as there are, each row in one of them: the angles of
// a round are computed by vectors. (Brent and Luk, The solution of singular-value and symmetric eigenvalue problems on
// multiprocessor arrays, 1985; Demmel and Veselic, Jacobi's method is more accurate than QR, 1992)
#pragma once

#include <xgrad/core/cmath.hpp>
#include <xgrad/core/config.hpp>
#include <xgrad/core/lists.hpp>
#include <xgrad/core/memory.hpp>
#include <xgrad/core/simd.hpp>
#include <xgrad/kernels/decompose_qr.hpp>
#include <xgrad/kernels/decompose_vectors.hpp>
#include <xgrad/kernels/gemm.hpp>
#include <xgrad/kernels/matrix_ref.hpp>

#include <algorithm>
#include <concepts>
#include <cstddef>
#include <limits>
#include <numeric>
#include <utility>
#include <vector>

namespace xgrad::inline XGRAD_ABI::kernels {

namespace detail {

template <class T>
constexpr std::size_t whole_vectors(std::size_t count) {
    return (count + simd::width<T> - 1) / simd::width<T> * simd::width<T>;
}

/// The rows of a matrix, and behind each one the row of the rotations.
template <class T>
class rotated_rows {
public:
    explicit rotated_rows(matrix_ref<const T> a, T scale)
        : m_size{a.rows}, m_half{whole_vectors<T>(a.rows)}, m_rows{2 * m_half * m_size}, m_pairs{(m_size + 1) / 2},
          m_angles{5 * whole_vectors<T>(m_pairs)}, m_squares(m_size), m_order(2 * m_pairs) {
        std::fill_n(m_rows.data(), m_rows.size(), T{0});
        std::fill_n(m_angles.data(), m_angles.size(), T{0});
        for (auto i = std::size_t{0}; i < m_size; ++i) {
            for (auto j = std::size_t{0}; j < m_size; ++j) row(i)[j] = scale * *a.at(i, j);
            rotation(i)[i] = T{1};
        }
        std::iota(m_order.begin(), m_order.end(), std::size_t{0});
    }

    T* row(std::size_t i) const { return m_rows.data() + 2 * m_half * i; }
    T* rotation(std::size_t i) const { return row(i) + m_half; }

    /// Whether the rows became orthogonal: seven to ten sweeps do it.
    bool orthogonalize() {
        for (auto sweep = 0; sweep < 60; ++sweep) {
            for (auto i = std::size_t{0}; i < m_size; ++i) m_squares[i] = inner_product(row(i), row(i), m_half);
            auto rotated = false;
            for (auto round = std::size_t{1}; round < m_order.size(); ++round) {
                rotated = play_round() || rotated;
                std::rotate(m_order.begin() + 1, m_order.end() - 1, m_order.end());
            }
            if (!rotated) return true;
        }
        return false;
    }

    /// Squares below it are not told from zero: there is no direction in such a row.
    static constexpr T least_square = std::numeric_limits<T>::min() / std::numeric_limits<T>::epsilon();

private:
    std::pair<std::size_t, std::size_t> pair(std::size_t p) const { return {m_order[p], m_order[m_order.size() - 1 - p]}; }
    T* of_pairs(std::size_t which) const { return m_angles.data() + which * whole_vectors<T>(m_pairs); }

    bool play_round() {
        T* const products = of_pairs(0);
        T* const first = of_pairs(1);
        T* const second = of_pairs(2);
        for (auto p = std::size_t{0}; p < m_pairs; ++p) {
            const auto [i, j] = pair(p);
            const auto both = std::max(i, j) < m_size;
            products[p] = both ? inner_product(row(i), row(j), m_half) : T{0};
            first[p] = both ? m_squares[i] : T{0};
            second[p] = both ? m_squares[j] : T{0};
        }
        find_angles();
        auto rotated = false;
        for (auto p = std::size_t{0}; p < m_pairs; ++p) {
            if (of_pairs(4)[p] == T{0}) continue;
            const auto [i, j] = pair(p);
            rotate(row(i), row(j), of_pairs(3)[p], of_pairs(4)[p]);
            m_squares[i] = first[p];
            m_squares[j] = second[p];
            rotated = true;
        }
        return rotated;
    }

    /// Tangents of half the angles, and sines, of the rotations that make each pair orthogonal, and what becomes of the
    /// squares; a sine of 0 where a pair is orthogonal already.
    ///     zeta = (b - a) / 2g,  t = sign(zeta) / (|zeta| + sqrt(1 + zeta^2)),  c = 1 / sqrt(1 + t^2),  s = c t
    void find_angles() const {
        using batch = simd::batch<T>;
        const auto tolerance = batch(std::numeric_limits<T>::epsilon() * (2 + std::sqrt(static_cast<T>(m_size))));
        for (auto p = std::size_t{0}; p < m_pairs; p += simd::width<T>) {
            const auto g = simd::load(of_pairs(0) + p), a = simd::load(of_pairs(1) + p), b = simd::load(of_pairs(2) + p);
            const auto apart = (simd::abs(g) > tolerance * simd::sqrt(a) * simd::sqrt(b)) & (a > batch(least_square)) &
                               (b > batch(least_square));
            const auto zeta = (b - a) / (batch(T{2}) * simd::select(apart, g, batch(T{1}))), size = simd::abs(zeta);
            const auto root = simd::select(size < batch(T{1e6}), batch(simd::sqrt(simd::fma(zeta, zeta, batch(T{1})))), size);
            const auto t = simd::copysign(batch(batch(T{1}) / (size + root)), zeta);
            const auto cosine = batch(T{1}) / simd::sqrt(simd::fma(t, t, batch(T{1}))), sine = batch(cosine * t);
            simd::store(of_pairs(1) + p, simd::at_least(batch(a - t * g), batch(T{0})));
            simd::store(of_pairs(2) + p, simd::at_least(batch(b + t * g), batch(T{0})));
            simd::store(of_pairs(3) + p, batch(sine / (batch(T{1}) + cosine)));
            simd::store(of_pairs(4) + p, simd::select(apart, sine, batch(T{0})));
        }
    }

    /// x := c x - s y = x - s (y + h x),  y := s x + c y = y + s (x - h y),  h = s / (1 + c): no length is lost to rounding
    void rotate(T* x, T* y, T half, T sine) const {
        using batch = simd::batch<T>;
        const auto h = batch(half), minus_h = batch(-half), s = batch(sine), minus_s = batch(-sine);
        for (auto i = std::size_t{0}; i < 2 * m_half; i += simd::width<T>) {
            const auto v = simd::load(x + i), w = simd::load(y + i);
            simd::store(x + i, simd::fma(minus_s, simd::fma(h, v, w), v));
            simd::store(y + i, simd::fma(s, simd::fma(minus_h, w, v), w));
        }
    }

    std::size_t m_size, m_half;
    memory::scratch<T> m_rows;
    std::size_t m_pairs;
    memory::scratch<T> m_angles;   // of a round: products, squares of both rows, tangents of half the angles, sines
    std::vector<T, memory::allocator<T>> m_squares;
    std::vector<std::size_t, memory::allocator<std::size_t>> m_order;
};

/// Puts, in place of the rows from `known` on, a basis of what is orthogonal to the rows before them.
template <class T>
void complete_rows(const matrix_ref<T>& rows, std::size_t known) {
    if (known == rows.rows) return;
    const auto size = rows.cols;
    const auto room = memory::scratch<T>{size * known + size * size + known};
    const auto columns = row_major(room.data(), size, known), basis = row_major(room.data() + size * known, size, size);
    auto* const tau = room.data() + size * (known + size);
    for (auto i = std::size_t{0}; i < known; ++i)
        for (auto j = std::size_t{0}; j < size; ++j) *columns.at(j, i) = *rows.at(i, j);
    factor_qr<T>(columns, tau);
    form_q<T>(columns, tau, known, basis);
    for (auto i = known; i < rows.rows; ++i)
        for (auto j = std::size_t{0}; j < size; ++j) *rows.at(i, j) = *basis.at(j, i);
}

}  // namespace detail

/// a = u diag(s) vh of a square matrix, s in falling order; where a is not finite, NaN. `ut` is u transposed. Gives back
/// false when the rotations came to no end, which nobody has seen.
template <std::floating_point T>
bool decompose_square(matrix_ref<const T> a, matrix_ref<T> ut, T* s, matrix_ref<T> vh) {
    const auto size = a.rows;
    auto largest = T{0};
    for (auto i = std::size_t{0}; i < size; ++i) {
        const auto of_row = largest_size(a.at(i, 0), size);
        if (!(of_row <= largest)) largest = of_row;
        if (!(of_row <= std::numeric_limits<T>::max())) {
            const auto nan = std::numeric_limits<T>::quiet_NaN();
            std::fill_n(s, size, nan);
            std::fill_n(ut.data, size * size, nan);
            std::fill_n(vh.data, size * size, nan);
            return true;
        }
    }
    const auto scale = scale_to_one(largest);
    auto rows = detail::rotated_rows<T>{a, scale};
    if (!rows.orthogonalize()) return false;

    using places = std::vector<std::size_t, memory::allocator<std::size_t>>;
    auto lengths = std::vector<T, memory::allocator<T>>(size);
    auto order = places(size);
    std::iota(order.begin(), order.end(), std::size_t{0});
    for (auto i = std::size_t{0}; i < size; ++i) lengths[i] = length_of(rows.row(i), size);
    lists::sort_numbers(order, [&](std::size_t i, std::size_t j) { return lengths[i] > lengths[j]; });
    auto known = size;
    for (auto place = std::size_t{0}; place < size; ++place) {
        const auto from = order[place];
        const auto length = lengths[from];
        s[place] = length / scale;
        std::copy_n(rows.rotation(from), size, ut.at(place, 0));
        if (length * length <= rows.least_square) known = std::min(known, place);
        else
            for (auto j = std::size_t{0}; j < size; ++j) *vh.at(place, j) = rows.row(from)[j] / length;
    }
    detail::complete_rows(vh, known);
    return true;
}

/// a = u diag(s) vh of any matrix, s in falling order; where a is not finite, NaN.
/// a: (m, n)  s: (k), k = min(m, n)  u: (m, k) or (m, m)  vh: (k, n) or (n, n); rows or columns are contiguous
///
/// A tall matrix is made triangular first: a = q r, and r = u' diag(s) vh gives u = q u'. Columns of u beyond n are q's.
template <std::floating_point T>
bool decompose_any(matrix_ref<const T> a, matrix_ref<T> u, T* s, matrix_ref<T> vh) {
    if (a.rows < a.cols) return decompose_any<T>(a.transposed(), vh.transposed(), s, u.transposed());
    const auto rows = a.rows, size = a.cols;
    const auto room = memory::scratch<T>{rows * size + 3 * size * size + rows * u.cols + size};
    const auto work = row_major(room.data(), rows, size), r = row_major(work.data + rows * size, size, size);
    const auto ut = row_major(r.data + size * size, size, size), right = row_major(ut.data + size * size, size, size);
    const auto q = row_major(right.data + size * size, rows, u.cols);
    for (auto i = std::size_t{0}; i < rows; ++i)
        for (auto j = std::size_t{0}; j < size; ++j) *work.at(i, j) = *a.at(i, j);
    const auto copy = [](const matrix_ref<T>& from, const matrix_ref<T>& to) {
        for (auto i = std::size_t{0}; i < to.rows; ++i)
            for (auto j = std::size_t{0}; j < to.cols; ++j) *to.at(i, j) = *from.at(i, j);
    };
    if (rows == size) {
        if (!decompose_square<T>(work, ut, s, right)) return false;
        copy(ut.transposed(), u);
    } else {
        const auto scale = scale_to_one(largest_size(work.data, rows * size));
        for (auto i = std::size_t{0}; i < rows * size; ++i) work.data[i] *= scale;
        auto* const tau = q.data + rows * u.cols;
        factor_qr<T>(work, tau);
        for (auto i = std::size_t{0}; i < size; ++i)
            for (auto j = std::size_t{0}; j < size; ++j) *r.at(i, j) = j < i ? T{0} : *work.at(i, j);
        form_q<T>(work, tau, size, q);
        if (!decompose_square<T>(r, ut, s, right)) return false;
        for (auto i = std::size_t{0}; i < size; ++i) s[i] /= scale;
        gemm<T>(q.block(0, 0, rows, size), ut.transposed(), u.block(0, 0, rows, size));
        copy(q.block(0, size, rows, u.cols - size), u.block(0, size, rows, u.cols - size));
    }
    copy(right, vh);
    return true;
}

}  // namespace xgrad::kernels
