// Systems of equations with a triangular matrix.
#pragma once

#include <xgrad/core/config.hpp>
#include <xgrad/core/memory.hpp>
#include <xgrad/core/simd.hpp>
#include <xgrad/kernels/gemm.hpp>
#include <xgrad/kernels/matrix_ref.hpp>

#include <algorithm>
#include <array>
#include <concepts>
#include <cstddef>
#include <type_traits>

namespace xgrad::inline XGRAD_ABI::kernels {

/// The rows and columns of a decomposition that are worked on at a time; the rest follows by products of matrices. 32 rows
/// of 32 vectors fill the first-level cache.
inline constexpr std::size_t decompose_block = 32;

/// Which elements of a square matrix count: those on one side of the diagonal, with the diagonal, or with ones in its place.
struct triangle {
    bool upper = false;
    bool unit = false;
};

namespace detail {

/// -t, row by row; what is outside of the triangle does not matter.
template <class T>
void copy_negated(const matrix_ref<const T>& t, T* to) {
    for (auto i = std::size_t{0}; i < t.rows; ++i)
        for (auto j = std::size_t{0}; j < t.cols; ++j) *to++ = -*t.at(i, j);
}

/// sum / divisor; 0 where both are: what nothing is asked of gives nothing, as gradients need it.
template <class T>
XGRAD_ALWAYS_INLINE simd::batch<T> quotient(const simd::batch<T>& sum, T divisor) {
    using batch = simd::batch<T>;
    const auto value = batch(sum / batch(divisor));
    return divisor == T{0} ? simd::select(sum == batch(T{0}), sum, value) : value;
}

/// x := t^-1 x for V vectors of columns of x, the last of which has `count` columns in it. `minus` is -t, as rows.
/// A row is x_i = (x_i - sum_j t_ij x_j) / t_ii over the rows j that are known, summed in registers.
template <std::size_t V, class T>
void solve_strip(const T* minus, std::size_t size, triangle kind, T* x, std::ptrdiff_t stride, std::size_t count) {
    constexpr auto width = simd::width<T>;
    const auto row_of = [&](std::size_t i) { return x + static_cast<std::ptrdiff_t>(i) * stride; };
    const auto get = [&](const T* from, std::size_t v) {
        return v + 1 < V ? simd::load(from + v * width) : simd::load_up_to(from + v * width, count);
    };
    for (auto step = std::size_t{0}; step < size; ++step) {
        const auto i = kind.upper ? size - 1 - step : step;
        const auto begin = kind.upper ? i + 1 : std::size_t{0}, end = kind.upper ? size : i;
        simd::batch<T> sum[V];
        XGRAD_UNROLL
        for (auto v = std::size_t{0}; v < V; ++v) sum[v] = get(row_of(i), v);
        for (auto j = begin; j < end; ++j) {
            const auto factor = simd::batch<T>(minus[i * size + j]);
            const auto* const known = row_of(j);
            XGRAD_UNROLL
            for (auto v = std::size_t{0}; v < V; ++v) sum[v] = simd::fma(factor, get(known, v), sum[v]);
        }
        const auto divisor = kind.unit ? T{1} : -minus[i * size + i];
        XGRAD_UNROLL
        for (auto v = std::size_t{0}; v < V; ++v) {
            const auto value = kind.unit ? sum[v] : quotient(sum[v], divisor);
            if (v + 1 < V) simd::store(row_of(i) + v * width, value);
            else simd::store_up_to(row_of(i) + v * width, value, count);
        }
    }
}

/// x := t^-1 x, of a block.
template <class T>
void solve_block(const matrix_ref<const T>& t, triangle kind, const matrix_ref<T>& x) {
    constexpr auto width = simd::width<T>, strip = 4 * width;
    auto minus = std::array<T, decompose_block * decompose_block>{};
    copy_negated<T>(t, minus.data());
    auto col = std::size_t{0};
    for (; col + strip <= x.cols; col += strip)
        solve_strip<4>(minus.data(), t.rows, kind, x.at(0, col), x.row_stride, width);
    for (; col < x.cols; col += width)
        solve_strip<1>(minus.data(), t.rows, kind, x.at(0, col), x.row_stride, std::min(width, x.cols - col));
}

}  // namespace detail

/// x := t^-1 x        t: (n, n), triangular, in any strides  x: (n, k), with contiguous rows
///
/// Where `x_is_lower`, t is lower, too, x has nothing above its diagonal, and nothing there is read or written beyond the
/// blocks on the diagonal. A zero on the diagonal of t gives infinities, but of zeros zeros.
template <std::floating_point T>
void solve_triangle(std::type_identity_t<matrix_ref<const T>> t, triangle kind, matrix_ref<T> x, bool x_is_lower = false) {
    const auto size = t.rows;
    if (size == 0 || x.cols == 0) return;
    const auto blocks = (size + decompose_block - 1) / decompose_block;
    const auto minus = memory::scratch<T>{blocks == 1 ? 0 : decompose_block * size};
    for (auto step = std::size_t{0}; step < blocks; ++step) {
        const auto begin = (kind.upper ? blocks - 1 - step : step) * decompose_block;
        const auto end = std::min(size, begin + decompose_block), rows = end - begin;
        const auto known = kind.upper ? end : std::size_t{0}, inner = kind.upper ? size - end : begin;
        const auto cols = x_is_lower ? std::min(x.cols, end) : x.cols;
        const auto target = x.block(begin, 0, rows, cols);
        if (inner != 0) {
            const auto before = x_is_lower ? std::min(cols, begin) : cols;
            detail::copy_negated<T>(t.block(begin, known, rows, inner), minus.data());
            gemm<T>(row_major<const T>(minus.data(), rows, inner), x.block(known, 0, inner, before),
                    target.block(0, 0, rows, before), true);
        }
        detail::solve_block<T>(t.block(begin, begin, rows, rows), kind, target);
    }
}

}  // namespace xgrad::kernels
