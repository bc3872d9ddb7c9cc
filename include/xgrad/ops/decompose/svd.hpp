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

struct svd_options {
    bool full_matrices = true;   ///< u and vh are square; else k columns and rows
};
void say_options(const svd_options& options, const auto& say) { say("full_matrices", options.full_matrices); }

template <class T, std::size_t N = dynamic_rank>
struct svd_result {
    tensor<T, N> u;
    tensor<T, detail::vectors_rank(N)> s;
    tensor<T, N> vh;

    void for_each_tensor(const auto& f) { f(u), f(s), f(vh); }
    void for_each_tensor(const auto& f) const { f(u), f(s), f(vh); }
};

namespace detail {

struct singular_shapes {
    shape u, s, vh;
};

/// The three results, in the one tensor that they are parts of.
template <real T>
svd_result<T> split_svd(const basic_tensor<T>& y, const singular_shapes& sizes) {
    const auto u = sizes.u.elements(), s = sizes.s.elements();
    return {flat_part(y, 0, sizes.u), flat_part(y, u, sizes.s), flat_part(y, u + s, sizes.vh)};
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
tensor<T> gradient_of_svd(const svd_result<T>& y, const svd_result<T>& dy) {
    const auto k = shape_of(y.s).back();
    const auto [u, du] = thin<T>(y.u, dy.u, k);
    const auto [v, dv] = thin<T>(transposed(y.vh), transposed(dy.vh), k);
    const auto row = as_row(y.s), column = as_column(y.s);
    const auto turned_u = product(u, du, {true, false}), turned_v = product(v, dv, {true, false});
    const auto of_u = (turned_u - transposed(turned_u)) * T{0.5}, of_v = (turned_v - transposed(turned_v)) * T{0.5};
    const auto m = over_gaps<T>(of_u + of_v, turned_u, turned_v, row - column, y.s) +
                   over_gaps<T>(of_u - of_v, turned_u, turned_v, row + column, y.s);
    auto left = product(u, tensor<T>{m + diagonal_matrix(dy.s)});
    if (rows_of(shape_of(u)) > k) left = left + divided(du - product(u, turned_u), row);
    auto da = product(left, v, {false, true});
    if (rows_of(shape_of(v)) > k) da = da + product(u, divided(dv - product(v, turned_v), row), {false, true});
    return da;
}

template <real T>
svd_result<T> decompose_svd(const basic_tensor<T>& a, bool full) {
    check_matrices("svd", a);
    const auto& from_sizes = shape_of(a);
    const auto rows = rows_of(from_sizes), columns = columns_of(from_sizes), k = std::min(rows, columns);
    auto sizes = singular_shapes{stacked(batch_of(from_sizes), rows, full ? rows : k), batch_of(from_sizes),
                                 stacked(batch_of(from_sizes), full ? columns : k, columns)};
    sizes.s.push_back(k);
    auto y = make_result<T>({sizes.u.elements() + sizes.s.elements() + sizes.vh.elements()});
    auto* const u = access::elements(y);
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
    auto values = keep(result(y));
    const auto rule = [sizes](const auto& dy, gradients& d, const auto& y_kept) {
        d(0, [&] { return gradient_of_svd(split_svd(y_kept(), sizes), split_svd(dy, sizes)); });
    };
    return split_svd(record("svd", std::move(y), {a}, std::move(values), rule), sizes);
}

template <real T>
svd_result<T> svd_any(const basic_tensor<T>& a, svd_options options) {
    return call("svd", {"a", "options"}, [](const basic_tensor<T>& x, svd_options given) {
        return decompose_svd(x, given.full_matrices);
    }, a, options);
}

}  // namespace detail

/// a = u diag(s) vh with u^T u = 1 and vh vh^T = 1, s in falling order, none negative.
/// a: (..., m, n)  u: (..., m, m)  s: (..., k)  vh: (..., n, n), k = min(m, n)
/// without `full_matrices` u: (..., m, k)  vh: (..., k, n)
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
        auto y = detail::svd_any<T>(a, options);
        return {detail::with_rank<N>(std::move(y.u)), detail::with_rank<detail::vectors_rank(N)>(std::move(y.s)),
                detail::with_rank<N>(std::move(y.vh))};
    }
};
inline constexpr svd_fn svd{};

}  // namespace xgrad

// Defined by xgrad::compiled.
#if defined(XGRAD_INSTANCE)
namespace xgrad::inline XGRAD_ABI::detail {
#define XGRAD_INSTANCES(T) XGRAD_INSTANCE svd_result<T> svd_any(const basic_tensor<T>&, svd_options);
XGRAD_FOR_REAL_TYPES(XGRAD_INSTANCES)
#undef XGRAD_INSTANCES
}
#endif
