// Covariance and correlation of variables.
#pragma once

#include <xgrad/autograd/backward.hpp>
#include <xgrad/autograd/operation.hpp>
#include <xgrad/core/config.hpp>
#include <xgrad/ops/arithmetic.hpp>
#include <xgrad/ops/linalg.hpp>
#include <xgrad/ops/norm.hpp>
#include <xgrad/ops/statistics.hpp>

#include <cstddef>

namespace xgrad::inline XGRAD_ABI {

namespace detail {

/// Variables as rows: a vector is one.
template <real T>
tensor<T> deviations(const char* name, const basic_tensor<T>& x) {
    if (x.rank() > 2) fail<rank_error>(name, "x is ", shape_of(x), "; variables are rows: (variables, observations), or one vector");
    auto last = axis_set{};
    const auto rows = x.rank() == 2 ? tensor<T>{x} : reshape_to(x, {1, x.size()});
    last.insert(1);
    return centred(rows, last);
}

/// x without what rounding puts beyond [-1, 1]        dx = dy: the exact value is never beyond
template <real T>
tensor<T> within_one(const basic_tensor<T>& x) {
    const auto bounded = []<class V>(const V& v) { return simd::select(v > V(1), V(1), simd::select(v < V(-1), V(-1), v)); };
    return record("within_one", compute<T>("within_one", bounded, x), {x}, keep(), [](const auto& dy, gradients& d) {
        d(0, [&] { return tensor<T>{dy}; });
    });
}

/// One number for a vector, else (variables, variables).
template <real T>
tensor<T> pairs_of(const basic_tensor<T>& x, const tensor<T>& matrix) {
    return x.rank() == 2 ? matrix : reshape_to(matrix, {});
}

template <real T>
tensor<T> covariances(const basic_tensor<T>& x, double correction) {
    return call("cov", {"x", "correction"}, [](const basic_tensor<T>& v, double less) {
        const auto d = deviations<T>("cov", v);
        const auto freedom = degrees_of_freedom<T>(shape_of(d)[1], less);
        return pairs_of(v, multiply_matrices(d, tensor<T>{d / freedom}, {.transpose_b = true}));
    }, x, correction);
}

template <real T>
tensor<T> correlations(const basic_tensor<T>& x) {
    return call("corrcoef", {"x"}, [](const basic_tensor<T>& v) {
        const auto d = deviations<T>("corrcoef", v);
        const auto unit = tensor<T>{d / norm(d, 1, keep_dims)};
        return pairs_of(v, within_one(multiply_matrices(unit, unit, {.transpose_b = true})));
    }, x);
}

}  // namespace detail

/// The covariances of the rows of x, (variables, observations): y_ij = sum_k (x_ik - mean_i)(x_jk - mean_j) / (n - correction),
/// correction 1 if nothing else is said. A vector is one variable, whose variance is a scalar. Throws `rank_error`.
struct cov_fn {
    template <element T, std::size_t N>
    tensor<T, N == 1 ? 0 : N> operator()(const tensor<T, N>& x, const variance_options& options = {}) const {
        detail::check_types<T>();
        static_assert(N == dynamic_rank || N <= 2, "variables are rows: (variables, observations), or one vector");
        return detail::with_rank<N == 1 ? 0 : N>(detail::covariances<T>(x, options.correction));
    }
};
inline constexpr cov_fn cov{};

/// The correlations of the rows of x: y_ij = cov_ij / sqrt(cov_ii cov_jj), within [-1, 1]; NaN beside a row of equal numbers.
/// Throws `rank_error`.
struct corrcoef_fn {
    template <element T, std::size_t N>
    tensor<T, N == 1 ? 0 : N> operator()(const tensor<T, N>& x) const {
        detail::check_types<T>();
        static_assert(N == dynamic_rank || N <= 2, "variables are rows: (variables, observations), or one vector");
        return detail::with_rank<N == 1 ? 0 : N>(detail::correlations<T>(x));
    }
};
inline constexpr corrcoef_fn corrcoef{};

}  // namespace xgrad

// Defined by xgrad::compiled.
#if defined(XGRAD_INSTANCE)
namespace xgrad::inline XGRAD_ABI::detail {
#define XGRAD_INSTANCES(T) \
    XGRAD_INSTANCE tensor<T> covariances(const basic_tensor<T>&, double); \
    XGRAD_INSTANCE tensor<T> correlations(const basic_tensor<T>&);
XGRAD_FOR_REAL_TYPES(XGRAD_INSTANCES)
#undef XGRAD_INSTANCES
}
#endif
