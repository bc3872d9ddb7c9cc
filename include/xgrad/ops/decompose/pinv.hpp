// The inverse of matrices that have none.
#pragma once

#include <xgrad/autograd/no_grad.hpp>
#include <xgrad/core/config.hpp>
#include <xgrad/ops/arithmetic.hpp>
#include <xgrad/ops/decompose/matrices.hpp>
#include <xgrad/ops/decompose/qr.hpp>
#include <xgrad/ops/decompose/svd.hpp>
#include <xgrad/ops/decompose/triangular.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <optional>
#include <utility>

namespace xgrad::inline XGRAD_ABI {

/// Singular values up to the larger one of `atol` and `rtol` times the largest value are zeros.
struct pinv_options {
    std::optional<double> atol{};   ///< usually 0
    std::optional<double> rtol{};   ///< usually max(m, n) times the type's epsilon; 0 beside an `atol`
};
void say_options(const pinv_options& options, const auto& say) {
    if (options.atol) say("atol", *options.atol);
    if (options.rtol) say("rtol", *options.rtol);
}

namespace detail {

/// Singular values up to this are zeros: the larger one of `absolute` and `relative` times the largest value of the matrix.
struct tolerance {
    double absolute, relative;
};

/// What PyTorch takes when nothing is said: the rounding of the larger side, relative; nothing beside an absolute one.
template <real T>
tolerance tolerance_of(const shape& sizes, std::optional<double> absolute, std::optional<double> relative) {
    const auto usual = absolute.value_or(0) > 0 ? 0.0
                                                : static_cast<double>(std::numeric_limits<T>::epsilon()) *
                                                      static_cast<double>(std::max(rows_of(sizes), columns_of(sizes)));
    return {absolute.value_or(0), relative.value_or(usual)};
}

/// The singular values, those that are taken for zero apart; not recorded.
template <real T>
struct counted_values {
    tensor<T> inverse;            ///< 1 / s where s counts, and 0 elsewhere: (..., k)
    tensor<std::int64_t> rank;    ///< how many count: (...)
    bool full_rank;               ///< all of them, in every matrix
};

template <real T>
counted_values<T> counted(const basic_tensor<T>& s, tolerance zero) {
    auto batch = shape_of(s);
    batch.erase(batch.rank() - 1);
    auto y = counted_values<T>{make_result<T>(shape_of(s)), filled<dynamic_rank>(batch, std::int64_t{0}), true};
    const auto k = shape_of(s).back();
    const auto* const from = s.data();
    for (auto at = std::size_t{0}; at < s.size(); ++at) {
        const auto most = static_cast<double>(from[at / k * k]);
        const auto is_zero = static_cast<double>(from[at]) <= std::max(zero.absolute, zero.relative * most);
        access::elements(y.inverse)[at] = is_zero ? T{0} : T{1} / from[at];
        access::elements(y.rank)[at / k] += is_zero ? 0 : 1;
        y.full_rank = y.full_rank && !is_zero;
    }
    return y;
}

/// The shortest x for which |a x - b| is least, that is p b; not recorded. By a = q r or a^T = q r where the singular values
/// all count, which is more exact.
template <real T>
tensor<T> shortest_solution(const basic_tensor<T>& a, const basic_tensor<T>& b, const svd_result<T>& parts,
                            const counted_values<T>& values) {
    const auto guard = no_grad{};
    const auto upper = kernels::triangle{.upper = true};
    if (!values.full_rank) {
        const auto along = tensor<T>{as_column(values.inverse) * product(parts.u, b, {true, false})};
        return product(parts.vh, along, {true, false});
    }
    if (rows_of(shape_of(a)) >= columns_of(shape_of(a))) {
        const auto [q, r] = decompose_qr(a, false);
        return solve_triangle(r, product(q, b, {true, false}), upper, false);
    }
    const auto [q, r] = decompose_qr(transposed(a), false);
    return product(q, solve_triangle(r, b, upper, true));
}

/// p = a^+:  da = (1 - a p) dp^T p p^T + p^T p dp^T (1 - p a) - p^T dp p^T
/// (Golub and Pereyra, The differentiation of pseudo-inverses and nonlinear least squares problems whose variables
/// separate, 1973), of matrices whose rank does not change. Where all singular values count, a p is 1 or p a is, or both.
template <real T>
tensor<T> gradient_of_pinv(const tensor<T>& a, const tensor<T>& p, const tensor<T>& dp, bool full_rank) {
    const auto flipped = transposed(dp);
    const auto rows = rows_of(shape_of(a)), columns = columns_of(shape_of(a));
    auto da = -product(product(p, dp, {true, false}), p, {false, true});
    if (!full_rank || rows > columns)
        da = da + product(product(tensor<T>{flipped - product(a, product(p, flipped))}, p), p, {false, true});
    if (!full_rank || rows < columns)
        da = da + product(p, product(p, tensor<T>{flipped - product(product(flipped, p), a)}), {true, false});
    return da;
}

template <real T>
tensor<T> pseudo_inverse(const basic_tensor<T>& a, tolerance zero) {
    const auto rows = rows_of(shape_of(a));
    const auto singular = [&] {
        const auto guard = no_grad{};
        return decompose_svd(a, false);
    }();
    const auto values = counted<T>(singular.s, zero);
    auto p = shortest_solution<T>(a, diagonal_matrix(filled<dynamic_rank>(shape{rows}, T{1})), singular, values);
    auto kept_values = keep(a, result(p));
    const auto rule = [full_rank = values.full_rank](const auto& dp, gradients& d, const auto& a_kept, const auto& p_kept) {
        d(0, [&] { return gradient_of_pinv<T>(a_kept(), p_kept(), dp, full_rank); });
    };
    return record("pinv", std::move(p), {a}, std::move(kept_values), rule);
}

template <real T>
tensor<T> pinv_any(const basic_tensor<T>& a, const pinv_options& options) {
    return call("pinv", {"a", "options"}, [](const basic_tensor<T>& x, const pinv_options& given) {
        check_matrices("pinv", x);
        return pseudo_inverse(x, tolerance_of<T>(shape_of(x), given.atol, given.rtol));
    }, a, options);
}

}  // namespace detail

/// The pseudo-inverse p of Moore and Penrose        a: (..., m, n)  p: (..., n, m)
///     da = (1 - a p) dp^T p p^T + p^T p dp^T (1 - p a) - p^T dp p^T
/// By the singular values of a. The gradient is that of matrices of the same rank. Keeps a and p. Throws `rank_error`.
struct pinv_fn {
    template <element T, std::size_t N>
    tensor<T, N> operator()(const tensor<T, N>& a, pinv_options options = {}) const {
        detail::check_types<T>();
        static_assert(N >= 2, "a is a matrix, or a stack of them");
        return detail::with_rank<N>(detail::pinv_any<T>(a, options));
    }
};
inline constexpr pinv_fn pinv{};

}  // namespace xgrad

// Defined by xgrad::compiled.
#if defined(XGRAD_INSTANCE)
namespace xgrad::inline XGRAD_ABI::detail {
#define XGRAD_INSTANCES(T) XGRAD_INSTANCE tensor<T> pinv_any(const basic_tensor<T>&, const pinv_options&);
XGRAD_FOR_REAL_TYPES(XGRAD_INSTANCES)
#undef XGRAD_INSTANCES
}
#endif
