// The inverse of matrices that have none.
#pragma once

#include <xgrad/autograd/no_grad.hpp>
#include <xgrad/core/config.hpp>
#include <xgrad/ops/arithmetic.hpp>
#include <xgrad/ops/decompose/matrices.hpp>
#include <xgrad/ops/decompose/svd.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <optional>
#include <utility>

namespace xgrad::inline XGRAD_ABI {

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

/// 1 / s where s is not taken for zero, and 0 where it is; not recorded.      s: (..., k)  rank: how many are left
template <real T>
tensor<T> inverse_values(const basic_tensor<T>& s, tolerance zero, std::int64_t* rank = nullptr) {
    auto y = make_result<T>(shape_of(s));
    const auto k = shape_of(s).back();
    const auto* const from = s.data();
    for (auto at = std::size_t{0}; at < s.size(); ++at) {
        const auto most = static_cast<double>(from[at / k * k]);
        const auto is_zero = static_cast<double>(from[at]) <= std::max(zero.absolute, zero.relative * most);
        access::elements(y)[at] = is_zero ? T{0} : T{1} / from[at];
        if (rank != nullptr) rank[at / k] += is_zero ? 0 : 1;
    }
    return y;
}

/// p = a^+:  da = (1 - a p) dp^T p p^T + p^T p dp^T (1 - p a) - p^T dp p^T
/// (Golub and Pereyra, The differentiation of pseudo-inverses and nonlinear least squares problems whose variables
/// separate, 1973), of matrices whose rank does not change.
template <real T>
tensor<T> gradient_of_pinv(const tensor<T>& a, const tensor<T>& p, const tensor<T>& dp) {
    const auto flipped = transposed(dp);
    const auto by_columns = flipped - product(a, product(p, flipped));
    const auto by_rows = flipped - product(product(flipped, p), a);
    return product(product(by_columns, p), p, {false, true}) + product(p, product(p, by_rows), {true, false}) -
           product(product(p, dp, {true, false}), p, {false, true});
}

template <real T>
tensor<T> pseudo_inverse(const basic_tensor<T>& a, tolerance zero) {
    auto p = [&] {
        const auto guard = no_grad{};
        const auto all = decompose_svd(a, false);
        const auto inverse = inverse_values<T>(all.s, zero);
        return product(tensor<T>{as_column(inverse) * all.vh}, all.u, {true, true});
    }();
    auto values = keep(a, result(p));
    return record("pinv", std::move(p), {a}, std::move(values), [](const auto& dp, gradients& d, const auto& a_kept, const auto& p_kept) {
        d(0, [&] { return gradient_of_pinv<T>(a_kept(), p_kept(), dp); });
    });
}

template <real T>
tensor<T> pinv_any(const basic_tensor<T>& a, std::optional<double> absolute, std::optional<double> relative) {
    check_matrices("pinv", a);
    return pseudo_inverse(a, tolerance_of<T>(shape_of(a), absolute, relative));
}

}  // namespace detail

/// Singular values up to the larger one of `atol` and `rtol` times the largest value are zeros.
struct pinv_options {
    std::optional<double> atol{};   ///< usually 0
    std::optional<double> rtol{};   ///< usually max(m, n) times the type's epsilon; 0 beside an `atol`
};

/// The pseudo-inverse p of Moore and Penrose        a: (..., m, n)  p: (..., n, m)
///     da = (1 - a p) dp^T p p^T + p^T p dp^T (1 - p a) - p^T dp p^T
/// By the singular values of a. The gradient is that of matrices of the same rank. Keeps a and p. Throws `rank_error`.
struct pinv_fn {
    template <element T, std::size_t N>
    tensor<T, N> operator()(const tensor<T, N>& a, pinv_options options = {}) const {
        detail::check_types<T>();
        static_assert(N >= 2, "a is a matrix, or a stack of them");
        return detail::with_rank<N>(detail::pinv_any<T>(a, options.atol, options.rtol));
    }
};
inline constexpr pinv_fn pinv{};

}  // namespace xgrad

// Defined by xgrad::compiled.
#if defined(XGRAD_INSTANCE)
namespace xgrad::inline XGRAD_ABI::detail {
#define XGRAD_INSTANCES(T) \
    XGRAD_INSTANCE tensor<T> pinv_any(const basic_tensor<T>&, std::optional<double>, std::optional<double>);
XGRAD_FOR_REAL_TYPES(XGRAD_INSTANCES)
#undef XGRAD_INSTANCES
}
#endif
