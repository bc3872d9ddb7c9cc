// Systems of linear equations with triangular matrices.
#pragma once

#include <xgrad/core/config.hpp>
#include <xgrad/kernels/decompose_triangle.hpp>
#include <xgrad/ops/arithmetic.hpp>
#include <xgrad/ops/decompose/matrices.hpp>

#include <algorithm>
#include <cstddef>
#include <utility>

namespace xgrad::inline XGRAD_ABI {

struct triangular_solve_options {
    bool upper = false;           ///< a's upper triangle counts; else its lower one
    bool left = true;             ///< a x = b; else x a = b
    bool unitriangular = false;   ///< ones stand in the place of a's diagonal
};
void say_options(const triangular_solve_options& options, const auto& say) {
    say("upper", options.upper);
    say("left", options.left);
    say("unitriangular", options.unitriangular);
}

namespace detail {

/// x = t^-1 b, or (t^T)^-1 b, where t is a triangle of a; stacks broadcast. Zeros on the diagonal give infinities and NaN.
///     db = (t^T)^-1 dx,  da = -db x^T in the triangle     and, with t^T in place of t:   db = t^-1 dx,  da = -x db^T
template <real T>
tensor<T> solve_triangle(const basic_tensor<T>& a, const basic_tensor<T>& b, kernels::triangle kind, bool transposed) {
    const auto& left = shape_of(a);
    const auto size = columns_of(left), columns = columns_of(shape_of(b));
    const auto batch = broadcast_shapes("triangular_solve", batch_of(left), batch_of(shape_of(b)));
    auto x = broadcast_copy(b, stacked(batch, size, columns));
    const auto* const from = a.data();
    for_each_matrix(batch.elements(), size * size * columns / 2, [&](std::size_t i) {
        kernels::solve_triangle<T>(matrix_at(from, left, matrix_index(i, batch, left), transposed),
                                   {.upper = kind.upper != transposed, .unit = kind.unit}, made_matrix(x, i));
    });
    auto values = keep(a, result(x));
    return record("triangular_solve", std::move(x), {a, b}, std::move(values),
                  [kind, transposed](const auto& dx, gradients& d, const auto& a_kept, const auto& x_kept) {
                      const auto db = solve_triangle(a_kept(), dx, kind, !transposed);
                      d(0, [&] {
                          const auto outer =
                              transposed ? product(x_kept(), db, {false, true}) : product(db, x_kept(), {false, true});
                          return weigh_bands(outer, {kind.upper ? 0. : -1., kind.unit ? 0. : -1., kind.upper ? -1. : 0.});
                      });
                      d(1, [&] { return db; });
                  });
}

template <real T>
void check_diagonal(const char* name, const basic_tensor<T>& a) {
    const auto& sizes = shape_of(a);
    const auto size = columns_of(sizes);
    const auto* const from = a.data();
    for (auto i = std::size_t{0}; i < batch_of(sizes).elements(); ++i)
        for (auto j = std::size_t{0}; j < size; ++j)
            if (from[(i * size + j) * size + j] == T{0})
                fail<value_error>(name, named_matrix(batch_of(sizes), i), " of a, which is ", sizes, ", is singular: element ", j,
                                  " of its diagonal is 0");
}

template <real T>
tensor<T> triangular_solution(const basic_tensor<T>& a, const basic_tensor<T>& b, kernels::triangle kind, bool left) {
    check_square("triangular_solve", a);
    if (b.rank() == 0 || (b.rank() == 1 && !left))
        fail<rank_error>("triangular_solve", "b is ", shape_of(b), "; it must be matrices");
    const auto& sizes = shape_of(b);
    if ((left && b.rank() > 1 ? rows_of(sizes) : sizes.back()) != columns_of(shape_of(a)))
        fail<shape_error>("triangular_solve", "a is ", shape_of(a), ", b is ", sizes,
                          left ? "; b's rows must be as many as a's" : "; b's columns must be as many as a's rows");
    if (!kind.unit) check_diagonal("triangular_solve", a);
    if (!left) return transposed(solve_triangle(a, transposed(b), kind, true));
    if (b.rank() != 1) return solve_triangle(a, b, kind, false);
    auto x = solve_triangle(a, as_column(b), kind, false);
    auto result = shape_of(x);
    result.erase(result.rank() - 1);
    return reshape_to(x, result);
}

template <real T>
tensor<T> triangular_solve_any(const basic_tensor<T>& a, const basic_tensor<T>& b, triangular_solve_options options) {
    return call("triangular_solve", {"a", "b", "options"},
                [](const basic_tensor<T>& v, const basic_tensor<T>& w, triangular_solve_options given) {
        return triangular_solution(v, w, {given.upper, given.unitriangular}, given.left);
    }, a, b, options);
}

}  // namespace detail

/// x with a x = b, where a is the triangle of it that the options name        a: (..., n, n)  b: (..., n, k) or (n)
///     db = (a^T)^-1 dx,  da = -db x^T in the triangle
/// The stacks broadcast. Keeps a and x. Throws `shape_error`, and `value_error` for a zero on a diagonal, which says in
/// which matrix.
struct triangular_solve_fn {
    template <element T, element U, std::size_t N, std::size_t M>
    auto operator()(const tensor<T, N>& a, const tensor<U, M>& b, triangular_solve_options options = {}) const {
        detail::check_types<T, U>();
        static_assert(N >= 2 && M != 0, "a is a matrix, or a stack of them; b is matrices, or a vector");
        constexpr auto rank = M == 1 && N != dynamic_rank ? N - 1 : broadcast_rank<N, M>;
        return detail::with_rank<rank>(detail::triangular_solve_any<T>(a, b, options));
    }
};
inline constexpr triangular_solve_fn triangular_solve{};

}  // namespace xgrad

// Defined by xgrad::compiled.
#if defined(XGRAD_INSTANCE)
namespace xgrad::inline XGRAD_ABI::detail {
#define XGRAD_INSTANCES(T) \
    XGRAD_INSTANCE tensor<T> triangular_solve_any(const basic_tensor<T>&, const basic_tensor<T>&, triangular_solve_options);
XGRAD_FOR_REAL_TYPES(XGRAD_INSTANCES)
#undef XGRAD_INSTANCES
}
#endif
