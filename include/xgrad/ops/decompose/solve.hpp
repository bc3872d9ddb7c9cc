// Systems of linear equations and inverses, by elimination.
#pragma once

#include <xgrad/autograd/backward.hpp>
#include <xgrad/core/config.hpp>
#include <xgrad/kernels/decompose_lu.hpp>
#include <xgrad/ops/arithmetic.hpp>
#include <xgrad/ops/decompose/matrices.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <utility>

namespace xgrad::inline XGRAD_ABI {

struct solve_options {
    bool left = true;   ///< a x = b; else x a = b
};
void say_options(const solve_options& options, const auto& say) { say("left", options.left); }

namespace detail {

/// p a = l u, as kernels::factor_lu leaves it. Not recorded.
template <real T>
struct lu_factors {
    tensor<T> lu;
    tensor<std::int64_t> pivots;

    explicit lu_factors(const basic_tensor<T>& a) : lu{make_result<T>(shape_of(a))} {
        const auto& sizes = shape_of(a);
        const auto size = columns_of(sizes), count = batch_of(sizes).elements();
        pivots = make_result<std::int64_t>({count, size});
        const auto* const from = a.data();
        std::copy(from, from + a.size(), access::elements(lu));
        for_each_matrix(count, size * size * size / 3, [&](std::size_t i) {
            kernels::factor_lu<T>(made_matrix(lu, i), access::elements(pivots) + i * size);
        });
    }

    kernels::matrix_ref<const T> matrix(std::size_t index) const { return made_matrix(lu, index); }
    const std::int64_t* exchanges(std::size_t index) const {
        return access::elements(pivots) + index * columns_of(shape_of(lu));
    }

    /// Throws `value_error` if a matrix has no inverse.
    void check_regular(const char* name) const {
        const auto size = columns_of(shape_of(lu));
        const auto batch = batch_of(shape_of(lu));
        for (auto i = std::size_t{0}; i < batch.elements(); ++i)
            for (auto j = std::size_t{0}; j < size; ++j)
                if (*matrix(i).at(j, j) == T{0})
                    fail<value_error>(name, named_matrix(batch, i), " of a, which is ", shape_of(lu), ", is singular: pivot ", j,
                                      " is 0");
    }
};

/// x = a^-1 b, or (a^T)^-1 b, with what elimination has made of a; stacks broadcast.
///     db = (a^T)^-1 dx,  da = -db x^T        and, with a^T in place of a:   db = a^-1 dx,  da = -x db^T
template <real T>
tensor<T> solve_with(const basic_tensor<T>& a, const basic_tensor<T>& lu, const basic_tensor<std::int64_t>& pivots,
                     const basic_tensor<T>& b, bool transposed) {
    const auto& left = shape_of(a);
    const auto& right = shape_of(b);
    const auto size = columns_of(left), columns = columns_of(right);
    const auto batch = broadcast_shapes("solve", batch_of(left), batch_of(right));
    auto x = broadcast_copy(b, stacked(batch, size, columns));
    for_each_matrix(batch.elements(), size * size * columns, [&](std::size_t i) {
        const auto index = matrix_index(i, batch, left);
        kernels::solve_lu<T>(made_matrix(lu, index), access::elements(pivots) + index * size, transposed, made_matrix(x, i));
    });
    auto values = keep(a, lu, pivots, result(x));
    return record("solve", std::move(x), {a, b}, std::move(values),
                  [transposed](const auto& dx, gradients& d, const auto& a_kept, const auto& lu_kept, const auto& pivots_kept,
                               const auto& x_kept) {
                      const auto db = solve_with(a_kept(), lu_kept(), pivots_kept(), dx, !transposed);
                      d(0, [&] {
                          return -(transposed ? product(x_kept(), db, {false, true}) : product(db, x_kept(), {false, true}));
                      });
                      d(1, [&] { return db; });
                  });
}

/// x = a^-1 b        a: (..., n, n)  b: (..., n, k)
template <real T>
tensor<T> solve_matrices(const char* name, const basic_tensor<T>& a, const basic_tensor<T>& b, bool transposed) {
    const auto factors = lu_factors<T>{a};
    factors.check_regular(name);
    return solve_with(a, factors.lu, factors.pivots, b, transposed);
}

/// Whether the right-hand side of a system is a vector, or a stack of vectors that fits the stack of matrices.
inline bool is_vector_beside(const shape& a, const shape& b) {
    auto rows = a;
    rows.erase(a.rank() - 1);
    return b.rank() == 1 || b == rows;
}

template <real T>
tensor<T> solution_of(const basic_tensor<T>& a, const basic_tensor<T>& b, bool left) {
    check_square("solve", a);
    if (b.rank() == 0) fail<rank_error>("solve", "b is a scalar; it must be vectors or matrices");
    const auto vectors = is_vector_beside(shape_of(a), shape_of(b));
    const auto& sizes = shape_of(b);
    if ((left && !vectors ? rows_of(sizes) : sizes.back()) != columns_of(shape_of(a)))
        fail<shape_error>("solve", "a is ", shape_of(a), ", b is ", sizes,
                          left ? "; b's rows must be as many as a's" : "; b's columns must be as many as a's rows");
    if (!left) {
        if (vectors) fail<rank_error>("solve", "b is ", sizes, "; with left = false it must be matrices");
        return transposed(solve_matrices("solve", a, transposed(b), true));
    }
    if (!vectors) return solve_matrices("solve", a, b, false);
    auto x = solve_matrices("solve", a, as_column(b), false);
    auto result = shape_of(x);
    result.erase(result.rank() - 1);
    return reshape_to(x, result);
}

template <real T>
tensor<T> solve_any(const basic_tensor<T>& a, const basic_tensor<T>& b, solve_options options) {
    return call("solve", {"a", "b", "options"}, [](const basic_tensor<T>& v, const basic_tensor<T>& w, solve_options given) {
        return solution_of(v, w, given.left);
    }, a, b, options);
}

/// y = a^-1; where a has none, infinities and NaN.        da = -y^T dy y^T
template <real T>
tensor<T> inverse_of(const basic_tensor<T>& a, const lu_factors<T>& factors) {
    const auto& sizes = shape_of(a);
    const auto size = columns_of(sizes);
    auto y = make_result<T>(sizes);
    for_each_matrix(batch_of(sizes).elements(), size * size * size, [&](std::size_t i) {
        kernels::invert_lu<T>(factors.matrix(i), factors.exchanges(i), made_matrix(y, i));
    });
    auto values = keep(result(y));
    return record("inverse", std::move(y), {a}, std::move(values), [](const auto& dy, gradients& d, const auto& y_kept) {
        d(0, [&] { return -product(y_kept(), product(dy, y_kept(), {false, true}), {true, false}); });
    });
}

template <real T>
tensor<T> inverse_any(const basic_tensor<T>& a, const char* name = "inverse") {
    return call(name, {"a"}, [](const basic_tensor<T>& x) {
        check_square("inverse", x);
        const auto factors = lu_factors<T>{x};
        factors.check_regular("inverse");
        return inverse_of(x, factors);
    }, a);
}

/// The rank of x in a x = b: a vector on the right gives vectors, and whether a stack of rank N - 1 is one of vectors
/// is known at run time only.
constexpr std::size_t solved_rank(std::size_t n, std::size_t m) {
    if (n == dynamic_rank || m == dynamic_rank) return dynamic_rank;
    if (m == 1) return n - 1;
    return n >= 3 && m + 1 == n ? dynamic_rank : std::max(n, m);
}

}  // namespace detail

/// x with a x = b        a: (..., n, n)  b: (..., n, k) or (n) or, beside a stack of matrices, as many vectors (..., n)
///     db = (a^T)^-1 dx,  da = -db x^T
/// The stacks broadcast. Elimination with exchanges of rows; its factors are kept, and a and x.
/// Throws `shape_error`, and `value_error` when a matrix is singular, which says which one.
struct solve_fn {
    template <element T, element U, std::size_t N, std::size_t M>
    auto operator()(const tensor<T, N>& a, const tensor<U, M>& b, solve_options options = {}) const {
        detail::check_types<T, U>();
        static_assert(N >= 2 && M != 0, "a is a matrix, or a stack of them; b is vectors or matrices");
        return detail::with_rank<detail::solved_rank(N, M)>(detail::solve_any<T>(a, b, options));
    }
};
inline constexpr solve_fn solve{};

/// y = a^-1        a: (..., n, n)        da = -y^T dy y^T
/// Keeps y. Throws `shape_error`, and `value_error` when a matrix is singular, which says which one. `solve(a, b)` is
/// faster and more exact than `matmul(inverse(a), b)`.
struct inverse_fn {
    const char* name;

    template <element T, std::size_t N>
    tensor<T, N> operator()(const tensor<T, N>& a) const {
        detail::check_types<T>();
        static_assert(N >= 2, "a is a matrix, or a stack of them");
        return detail::with_rank<N>(detail::inverse_any<T>(a, name));
    }
};
inline constexpr inverse_fn inverse{"inverse"};
/// PyTorch's and NumPy's short name for the same.
inline constexpr inverse_fn inv{"inv"};

}  // namespace xgrad

// Defined by xgrad::compiled.
#if defined(XGRAD_INSTANCE)
namespace xgrad::inline XGRAD_ABI::detail {
#define XGRAD_INSTANCES(T) \
    XGRAD_INSTANCE tensor<T> solve_any(const basic_tensor<T>&, const basic_tensor<T>&, solve_options); \
    XGRAD_INSTANCE tensor<T> inverse_any(const basic_tensor<T>&, const char*);
XGRAD_FOR_REAL_TYPES(XGRAD_INSTANCES)
#undef XGRAD_INSTANCES
}
#endif
