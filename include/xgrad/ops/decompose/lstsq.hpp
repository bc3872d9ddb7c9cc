// Systems of linear equations that need not have a solution, or one only.
#pragma once

#include <xgrad/core/config.hpp>
#include <xgrad/ops/arithmetic.hpp>
#include <xgrad/ops/decompose/matrices.hpp>
#include <xgrad/ops/decompose/pinv.hpp>
#include <xgrad/ops/decompose/solve.hpp>
#include <xgrad/ops/decompose/svd.hpp>
#include <xgrad/ops/reduce.hpp>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <utility>

namespace xgrad::inline XGRAD_ABI {

struct lstsq_options {
    std::optional<double> rcond{};   ///< beside the largest, smaller singular values are zeros; usually max(m, n) epsilons
};
void say_options(const lstsq_options& options, const auto& say) {
    if (options.rcond) say("rcond", *options.rcond);
}

template <class T, std::size_t N = dynamic_rank, std::size_t X = dynamic_rank>
struct lstsq_result {
    tensor<T, X> solution;
    tensor<T> residuals;
    tensor<std::int64_t, detail::stack_rank(N)> rank;
    tensor<T, detail::vectors_rank(N)> singular_values;

    void for_each_tensor(const auto& f) { f(solution), f(residuals), f(rank), f(singular_values); }
    void for_each_tensor(const auto& f) const { f(solution), f(residuals), f(rank), f(singular_values); }
};

namespace detail {

/// x = p b, p = a^+        db = p^T dx,  da as of p = a^+ with dp = dx b^T
template <real T>
tensor<T> recorded_solution(const basic_tensor<T>& a, const basic_tensor<T>& b, tensor<T>&& x, tolerance zero,
                            bool full_rank) {
    const auto rule = [zero, full_rank](const auto& dx, gradients& d, const auto& a_kept, const auto& b_kept) {
        const auto p = pseudo_inverse(a_kept(), zero);
        d(0, [&] { return gradient_of_pinv<T>(a_kept(), p, product(dx, b_kept(), {false, true}), full_rank); });
        d(1, [&] { return product(p, dx, {true, false}); });
    };
    return record("lstsq", std::move(x), {a, b}, keep(a, b), rule);
}

template <real T>
lstsq_result<T> least_squares(const basic_tensor<T>& a, const basic_tensor<T>& b, std::optional<double> relative) {
    check_matrices("lstsq", a);
    if (b.rank() == 0) fail<rank_error>("lstsq", "b is a scalar; it must be vectors or matrices");
    const auto& sizes = shape_of(a);
    const auto vectors = is_vector_beside(sizes, shape_of(b));
    const auto right = vectors ? as_column(b) : tensor<T>{b};
    if (rows_of(shape_of(right)) != rows_of(sizes))
        fail<shape_error>("lstsq", "a is ", sizes, ", b is ", shape_of(b), "; b's rows must be as many as a's");

    const auto zero = tolerance_of<T>(sizes, std::nullopt, relative);
    const auto parts = decompose_svd(a, false);
    auto values = counted<T>(parts.s, zero);
    auto x = recorded_solution<T>(a, right, shortest_solution<T>(a, right, parts, values), zero, values.full_rank);
    auto residuals = make_result<T>({0});
    if (values.full_rank && rows_of(sizes) > columns_of(sizes)) {
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
    return {std::move(x), std::move(residuals), std::move(values.rank), parts.s};
}

template <real T>
lstsq_result<T> lstsq_any(const basic_tensor<T>& a, const basic_tensor<T>& b, const lstsq_options& options) {
    return call("lstsq", {"a", "b", "options"}, [](const basic_tensor<T>& v, const basic_tensor<T>& w, const lstsq_options& given) {
        return least_squares(v, w, given.rcond);
    }, a, b, options);
}

}  // namespace detail

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
        auto parts = detail::lstsq_any<T>(a, b, options);
        return lstsq_result<T, N, rank>{detail::with_rank<rank>(std::move(parts.solution)), std::move(parts.residuals),
                                        detail::with_rank<detail::stack_rank(N)>(std::move(parts.rank)),
                                        detail::with_rank<detail::vectors_rank(N)>(std::move(parts.singular_values))};
    }
};
inline constexpr lstsq_fn lstsq{};

}  // namespace xgrad

// Defined by xgrad::compiled.
#if defined(XGRAD_INSTANCE)
namespace xgrad::inline XGRAD_ABI::detail {
#define XGRAD_INSTANCES(T) \
    XGRAD_INSTANCE lstsq_result<T> lstsq_any(const basic_tensor<T>&, const basic_tensor<T>&, const lstsq_options&);
XGRAD_FOR_REAL_TYPES(XGRAD_INSTANCES)
#undef XGRAD_INSTANCES
}
#endif
