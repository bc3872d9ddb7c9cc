// Systems of linear equations that need not have a solution, or one only.
#pragma once

#include <xgrad/autograd/no_grad.hpp>
#include <xgrad/core/config.hpp>
#include <xgrad/ops/arithmetic.hpp>
#include <xgrad/ops/decompose/matrices.hpp>
#include <xgrad/ops/decompose/pinv.hpp>
#include <xgrad/ops/decompose/solve.hpp>
#include <xgrad/ops/decompose/svd.hpp>
#include <xgrad/ops/reduce.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <utility>

namespace xgrad::inline XGRAD_ABI {

namespace detail {

template <real T>
struct least_squares {
    tensor<T> solution, residuals;
    tensor<std::int64_t> rank;
    tensor<T> singular_values;
};

/// x = v s^+ u^T b = p b        db = p^T dx,  da as of p = a^+ with dp = dx b^T
template <real T>
tensor<T> solve_by_values(const basic_tensor<T>& a, const basic_tensor<T>& b, const singular_triple<T>& all, const basic_tensor<T>& inverse,
                          tolerance zero) {
    auto x = [&] {
        const auto guard = no_grad{};
        const auto along = product(all.u, b, {true, false});
        return product(all.vh, tensor<T>{as_column(inverse) * along}, {true, false});
    }();
    return record("lstsq", std::move(x), {a, b}, keep(a, b), [zero](const auto& dx, gradients& d, const auto& a_kept, const auto& b_kept) {
        const auto p = pseudo_inverse(a_kept(), zero);
        d(0, [&] { return gradient_of_pinv<T>(a_kept(), p, product(dx, b_kept(), {false, true})); });
        d(1, [&] { return product(p, dx, {true, false}); });
    });
}

template <real T>
least_squares<T> lstsq_any(const basic_tensor<T>& a, const basic_tensor<T>& b, std::optional<double> relative) {
    check_matrices("lstsq", a);
    if (b.rank() == 0) fail<rank_error>("lstsq", "b is a scalar; it must be vectors or matrices");
    const auto& sizes = shape_of(a);
    const auto vectors = is_vector_beside(sizes, shape_of(b));
    const auto right = vectors ? as_column(b) : tensor<T>{b};
    if (rows_of(shape_of(right)) != rows_of(sizes))
        fail<shape_error>("lstsq", "a is ", sizes, ", b is ", shape_of(b), "; b's rows must be as many as a's");

    const auto zero = tolerance_of<T>(sizes, std::nullopt, relative);
    const auto all = decompose_svd(a, false);
    auto rank = filled<dynamic_rank>(batch_of(sizes), std::int64_t{0});
    const auto inverse = inverse_values<T>(all.s, zero, access::elements(rank));
    auto x = solve_by_values<T>(a, right, all, inverse, zero);

    const auto columns = static_cast<std::int64_t>(columns_of(sizes));
    const auto* const first = access::elements(rank);
    const auto determined = rows_of(sizes) > columns_of(sizes) &&
                            std::all_of(first, first + rank.size(), [columns](auto each) { return each == columns; });
    auto residuals = make_result<T>({0});
    if (determined) {
        const auto missing = product(a, x) - right;
        auto row_axis = axis_set{};
        row_axis.insert(missing.rank() - 2);
        residuals = sum_over(tensor<T>{missing * missing}, row_axis, false);
    }
    if (vectors) {
        auto result = shape_of(x);
        result.erase(result.rank() - 1);
        x = reshape_to(x, result);
    }
    return {std::move(x), std::move(residuals), std::move(rank), all.s};
}

}  // namespace detail

struct lstsq_options {
    std::optional<double> rcond{};   ///< beside the largest, smaller singular values are zeros; usually max(m, n) epsilons
};

template <class T, std::size_t N, std::size_t X>
struct lstsq_result {
    tensor<T, X> solution;
    tensor<T> residuals;
    tensor<std::int64_t, N == dynamic_rank ? N : N - 2> rank;
    tensor<T, N == dynamic_rank ? N : N - 1> singular_values;
};

/// The x for which |a x - b| is least, and, among several, |x|        a: (..., m, n)  b: (..., m, k), or vectors as for `solve`
///     db = p^T dx,  da as of `pinv` with dp = dx b^T,  p = a^+
/// solution x: (..., n, k)  residuals |a x - b|^2, column by column: (..., k), or, where a is not taller than wide or its
/// rank is less than n, empty: (0)  rank: (...)  singular_values: (..., min(m, n)). The stacks broadcast.
/// By the singular values of a. Keeps a and b. Throws `shape_error` and `rank_error`.
struct lstsq_fn {
    template <element T, element U, std::size_t N, std::size_t M>
    auto operator()(const tensor<T, N>& a, const tensor<U, M>& b, lstsq_options options = {}) const {
        detail::check_types<T, U>();
        static_assert(N >= 2 && M != 0, "a is a matrix, or a stack of them; b is vectors or matrices");
        constexpr auto rank = detail::solved_rank(N, M);
        auto parts = detail::lstsq_any<T>(a, b, options.rcond);
        return lstsq_result<T, N, rank>{detail::with_rank<rank>(std::move(parts.solution)), std::move(parts.residuals),
                                        detail::with_rank<N == dynamic_rank ? N : N - 2>(std::move(parts.rank)),
                                        detail::with_rank<N == dynamic_rank ? N : N - 1>(std::move(parts.singular_values))};
    }
};
inline constexpr lstsq_fn lstsq{};

}  // namespace xgrad

// Defined by xgrad::compiled.
#if defined(XGRAD_INSTANCE)
namespace xgrad::inline XGRAD_ABI::detail {
#define XGRAD_INSTANCES(T) \
    XGRAD_INSTANCE least_squares<T> lstsq_any(const basic_tensor<T>&, const basic_tensor<T>&, std::optional<double>);
XGRAD_FOR_REAL_TYPES(XGRAD_INSTANCES)
#undef XGRAD_INSTANCES
}
#endif
