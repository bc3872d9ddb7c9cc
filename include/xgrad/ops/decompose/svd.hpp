// Singular values and vectors.
#pragma once

#include <xgrad/core/config.hpp>
#include <xgrad/kernels/decompose_svd.hpp>
#include <xgrad/ops/arithmetic.hpp>
#include <xgrad/ops/decompose/matrices.hpp>
#include <xgrad/ops/decompose/spectrum.hpp>

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <utility>

namespace xgrad::inline XGRAD_ABI {

namespace detail {

template <real T>
struct singular_triple {
    tensor<T> u, s, vh;
};

struct singular_shapes {
    shape u, s, vh;
};

/// The three results, in the one tensor that they are parts of.
template <real T>
singular_triple<T> split_svd(const basic_tensor<T>& all, const singular_shapes& sizes) {
    const auto u = sizes.u.elements(), s = sizes.s.elements();
    return {part_of(all, 0, sizes.u), part_of(all, u, sizes.s), part_of(all, u + s, sizes.vh)};
}

/// The first k columns of u, and their gradient, of vectors that may be more. Those beyond them change with the others,
/// to which they stay orthogonal: du_1 is less by u_2 du_2^T u_1.
template <real T>
std::pair<tensor<T>, tensor<T>> thin(const tensor<T>& u, const tensor<T>& du, std::size_t k) {
    const auto more = columns_of(shape_of(u)) - k, axis = u.rank() - 1;
    if (more == 0) return {u, du};
    const auto first = range_along(u, axis, 0, k), rest = range_along(u, axis, k, more);
    const auto overlap = product(range_along(du, axis, k, more), first, {true, false});
    return {first, range_along(du, axis, 0, k) - product(rest, overlap)};
}

///     da = u (m + diag(ds)) vh + (1 - u u^T) du s^-1 vh + u s^-1 dvh (1 - v v^T)
///     m_ij = (x s + s y)_ij / (s_j^2 - s_i^2),  x = u^T du - du^T u,  y = v^T dv - dv^T v,  v = vh^T
/// (Townsend, Differentiating the singular value decomposition, 2016), of which what is left at equal values is
///     m_ij = (x + y)_ij / 2 (s_j - s_i) + (x - y)_ij / 2 (s_j + s_i).
template <real T>
tensor<T> gradient_of_svd(const singular_triple<T>& all, const singular_triple<T>& d_all) {
    const auto k = shape_of(all.s).back();
    const auto [u, du] = thin<T>(all.u, d_all.u, k);
    const auto [v, dv] = thin<T>(transposed(all.vh), transposed(d_all.vh), k);
    const auto row = as_row(all.s), column = as_column(all.s);
    const auto turned_u = product(u, du, {true, false}), turned_v = product(v, dv, {true, false});
    const auto x = (turned_u - transposed(turned_u)) * T{0.5}, y = (turned_v - transposed(turned_v)) * T{0.5};
    const auto m = over_gaps<T>(x + y, row - column, all.s) + over_gaps<T>(x - y, row + column, all.s);
    auto left = product(u, tensor<T>{m + diagonal_matrix(d_all.s)});
    if (rows_of(shape_of(u)) > k) left = left + divided(du - product(u, turned_u), row);
    auto da = product(left, v, {false, true});
    if (rows_of(shape_of(v)) > k) da = da + product(u, divided(dv - product(v, turned_v), row), {false, true});
    return da;
}

template <real T>
singular_triple<T> decompose_svd(const basic_tensor<T>& a, bool full) {
    check_matrices("svd", a);
    const auto& from_sizes = shape_of(a);
    const auto rows = rows_of(from_sizes), columns = columns_of(from_sizes), k = std::min(rows, columns);
    auto sizes = singular_shapes{stacked(batch_of(from_sizes), rows, full ? rows : k), batch_of(from_sizes),
                                 stacked(batch_of(from_sizes), full ? columns : k, columns)};
    sizes.s.push_back(k);
    auto all = make_result<T>({sizes.u.elements() + sizes.s.elements() + sizes.vh.elements()});
    auto* const u = access::elements(all);
    auto* const s = u + sizes.u.elements();
    auto* const vh = s + sizes.s.elements();
    const auto* const from = a.data();
    auto failed = std::atomic<bool>{false};
    for_each_matrix(batch_of(from_sizes).elements(), rows * columns * k * 20, [&](std::size_t i) {
        if (!kernels::decompose_any<T>(matrix_at(from, from_sizes, i, false), matrix_at(u, sizes.u, i, false), s + i * k,
                                       matrix_at(vh, sizes.vh, i, false)))
            failed = true;
    });
    if (failed) fail<value_error>("svd", "no end of the iteration: a is ", from_sizes);
    auto values = keep(result(all));
    const auto recorded = record("svd", std::move(all), {a}, std::move(values), [sizes](const auto& dy, gradients& d, const auto& y_kept) {
        d(0, [&] { return gradient_of_svd(split_svd(y_kept(), sizes), split_svd(dy, sizes)); });
    });
    return split_svd(recorded, sizes);
}

}  // namespace detail

struct svd_options {
    bool full_matrices = true;   ///< u and vh are square; else k columns and rows
};

template <class T, std::size_t N>
struct svd_result {
    tensor<T, N> u;
    tensor<T, N == dynamic_rank ? N : N - 1> s;
    tensor<T, N> vh;
};

/// a = u diag(s) vh with u^T u = 1 and vh vh^T = 1, s in falling order, none negative
/// a: (..., m, n)  u: (..., m, m)  s: (..., k)  vh: (..., n, n), k = min(m, n); without `full_matrices` u: (..., m, k)  vh: (..., k, n)
///     da = u (m + diag(ds)) vh + (1 - u u^T) du s^-1 vh + u s^-1 dvh (1 - v v^T)
///     m_ij = (x s + s y)_ij / (s_j^2 - s_i^2),  x = u^T du - du^T u,  y = v^T dv - dv^T v,  v = vh^T
/// Vectors are determined but for signs, those of equal values and those beyond k less than that; a function of them has a
/// gradient only if it does not depend on the choice: where a numerator is zero, so is the quotient. Keeps all results. Of
/// what is not finite, NaN. Throws `rank_error`.
struct svd_fn {
    template <element T, std::size_t N>
    svd_result<T, N> operator()(const tensor<T, N>& a, svd_options options = {}) const {
        detail::check_types<T>();
        static_assert(N >= 2, "a is a matrix, or a stack of them");
        auto parts = detail::decompose_svd<T>(a, options.full_matrices);
        constexpr auto rank_of_s = N == dynamic_rank ? N : N - 1;
        return {detail::with_rank<N>(std::move(parts.u)), detail::with_rank<rank_of_s>(std::move(parts.s)), detail::with_rank<N>(std::move(parts.vh))};
    }
};
inline constexpr svd_fn svd{};

}  // namespace xgrad

// Defined by xgrad::compiled.
#if defined(XGRAD_INSTANCE)
namespace xgrad::inline XGRAD_ABI::detail {
#define XGRAD_INSTANCES(T) XGRAD_INSTANCE singular_triple<T> decompose_svd(const basic_tensor<T>&, bool);
XGRAD_FOR_REAL_TYPES(XGRAD_INSTANCES)
#undef XGRAD_INSTANCES
}
#endif
