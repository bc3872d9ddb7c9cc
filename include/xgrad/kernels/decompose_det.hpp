// Determinants, and how they change: cofactors, and the derivative of these, of matrices with and without an inverse.
#pragma once

#include <xgrad/core/cmath.hpp>
#include <xgrad/core/config.hpp>
#include <xgrad/core/memory.hpp>
#include <xgrad/kernels/decompose_lu.hpp>
#include <xgrad/kernels/decompose_svd.hpp>
#include <xgrad/kernels/gemm.hpp>
#include <xgrad/kernels/matrix_ref.hpp>

#include <algorithm>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <vector>

namespace xgrad::inline XGRAD_ABI::kernels {

/// A product that leaves the range of numbers only if its value does.
template <std::floating_point T>
class wide_product {
public:
    void multiply(T factor) {
        auto power = 0;
        m_value = std::frexp(m_value * std::frexp(factor, &power), &m_step);
        m_power += static_cast<std::int64_t>(power) + m_step;
    }
    /// The product times a factor.
    T times(T factor) const {
        auto power = 0;
        const auto value = m_value * std::frexp(factor, &power);
        return std::ldexp(value, static_cast<int>(std::clamp<std::int64_t>(m_power + power, -100000, 100000)));
    }

private:
    T m_value = T{1};
    int m_step = 0;
    std::int64_t m_power = 0;
};

/// The determinant, of what factor_lu has made of the matrix: the product of the pivots, negative for an odd number of
/// exchanges.
template <std::floating_point T>
wide_product<T> determinant_lu(matrix_ref<const T> factors, const std::int64_t* pivots) {
    auto result = wide_product<T>{};
    for (auto i = std::size_t{0}; i < factors.rows; ++i)
        result.multiply(pivots[i] == static_cast<std::int64_t>(i) ? *factors.at(i, i) : -*factors.at(i, i));
    return result;
}

/// Whether the matrix has an inverse worth the name, as its pivots let one see.
template <std::floating_point T>
bool is_regular(matrix_ref<const T> factors) {
    auto least = std::numeric_limits<T>::max(), most = T{0};
    for (auto i = std::size_t{0}; i < factors.rows; ++i) {
        const auto size = std::fabs(*factors.at(i, i));
        if (!(size <= std::numeric_limits<T>::max())) return false;
        least = std::min(least, size);
        most = std::max(most, size);
    }
    return factors.rows == 0 || least > std::sqrt(std::numeric_limits<T>::epsilon()) * most;
}

/// The cofactors det(a) (a^-1)^T of a matrix that has an inverse.
template <std::floating_point T>
void cofactors_lu(matrix_ref<const T> factors, const std::int64_t* pivots, matrix_ref<T> y) {
    const auto size = factors.rows;
    const auto room = memory::scratch<T>{size * size};
    const auto inverse = row_major(room.data(), size, size);
    invert_lu<T>(factors, pivots, inverse);
    const auto det = determinant_lu<T>(factors, pivots);
    for (auto i = std::size_t{0}; i < size; ++i)
        for (auto j = std::size_t{0}; j < size; ++j) *y.at(i, j) = det.times(*inverse.at(j, i));
}

/// The same of any matrix, by its singular values: with a = u diag(s) vh and d = det(u) det(vh), which is 1 or -1,
///     the cofactors are  d u diag(p) vh,  p_i = product of s_k over k other than i;
///     in the direction g they change by  d u m vh,  with h = u^T g vh^T and p_ij = product of s_k over k other than i, j:
///     m_ii = sum of h_jj p_ij over j other than i,  m_ij = -h_ji p_ij.
/// Both are polynomials in s, so no zero among these does harm.
template <std::floating_point T>
class cofactors_svd {
public:
    explicit cofactors_svd(matrix_ref<const T> a) : m_size{a.rows}, m_room{4 * m_size * m_size}, m_values(m_size) {
        decompose_square<T>(a, matrix(0), m_values.data(), matrix(1));
        m_sign = sign_of(0) * sign_of(1);
    }

    void values(matrix_ref<T> y) const {
        std::fill_n(matrix(2).data, m_size * m_size, T{0});
        for (auto i = std::size_t{0}; i < m_size; ++i) *matrix(2).at(i, i) = without(i, i);
        expand(y);
    }

    void slope(matrix_ref<const T> g, matrix_ref<T> y) const {
        const auto h = matrix(2), m = matrix(3);
        gemm<T>(matrix(0), g, m);
        gemm<T>(m, matrix(1).transposed(), h);
        std::fill_n(m.data, m_size * m_size, T{0});
        for (auto i = std::size_t{0}; i < m_size; ++i)
            for (auto j = std::size_t{0}; j < i; ++j) {
                const auto product = without(i, j);
                *m.at(i, i) += *h.at(j, j) * product;
                *m.at(j, j) += *h.at(i, i) * product;
                *m.at(i, j) = -*h.at(j, i) * product;
                *m.at(j, i) = -*h.at(i, j) * product;
            }
        std::copy_n(m.data, m_size * m_size, h.data);
        expand(y);
    }

private:
    /// u transposed, vh, and two for what is computed.
    matrix_ref<T> matrix(std::size_t i) const { return row_major(m_room.data() + i * m_size * m_size, m_size, m_size); }

    T sign_of(std::size_t which) const {
        auto pivots = std::vector<std::int64_t, memory::allocator<std::int64_t>>(m_size);
        std::copy_n(matrix(which).data, m_size * m_size, matrix(2).data);
        factor_lu<T>(matrix(2), pivots.data());
        return std::copysign(T{1}, determinant_lu<T>(matrix(2), pivots.data()).times(T{1}));
    }

    T without(std::size_t i, std::size_t j) const {
        auto product = wide_product<T>{};
        for (auto k = std::size_t{0}; k < m_size; ++k)
            if (k != i && k != j) product.multiply(m_values[k]);
        return product.times(m_sign);
    }

    void expand(const matrix_ref<T>& y) const {
        gemm<T>(matrix(0).transposed(), matrix(2), matrix(3));
        gemm<T>(matrix(3), matrix(1), y);
    }

    std::size_t m_size;
    memory::scratch<T> m_room;
    std::vector<T, memory::allocator<T>> m_values;
    T m_sign = T{1};
};

}  // namespace xgrad::kernels
