// The triangular square root of positive definite matrices.
#pragma once

#include <xgrad/core/config.hpp>
#include <xgrad/kernels/decompose_cholesky.hpp>
#include <xgrad/ops/arithmetic.hpp>
#include <xgrad/ops/decompose/matrices.hpp>
#include <xgrad/ops/decompose/triangular.hpp>

#include <algorithm>
#include <cstddef>
#include <utility>
#include <vector>

namespace xgrad::inline XGRAD_ABI {

struct cholesky_options {
    bool upper = false;   ///< gives u with a = u^T u, and reads the upper triangle
};
void say_options(const cholesky_options& options, const auto& say) { say("upper", options.upper); }

namespace detail {

/// l with a = l l^T        da = (s + s^T) / 2,  s = (l^T)^-1 phi(l^T dl) l^-1, where phi halves the diagonal and drops what
/// is above it. (Murray, Differentiation of the Cholesky decomposition, 2016)
template <real T>
tensor<T> lower_root(const basic_tensor<T>& a) {
    const auto& sizes = shape_of(a);
    const auto batch = batch_of(sizes);
    const auto size = columns_of(sizes);
    auto l = broadcast_copy(a, sizes);
    auto done = std::vector<std::size_t, memory::allocator<std::size_t>>(batch.elements());
    for_each_matrix(done.size(), size * size * size / 6, [&](std::size_t i) {
        done[i] = kernels::factor_cholesky<T>(made_matrix(l, i));
    });
    for (auto i = std::size_t{0}; i < done.size(); ++i)
        if (done[i] != size)
            fail<value_error>("cholesky", named_matrix(batch, i), " of a, which is ", sizes, ", is not positive definite: pivot ",
                              done[i], " is not positive");
    auto values = keep(result(l));
    return record("cholesky", std::move(l), {a}, std::move(values), [](const auto& dl, gradients& d, const auto& l_kept) {
        d(0, [&] {
            const auto lower = kernels::triangle{};
            const auto half = weigh_bands(product(l_kept(), dl, {true, false}), {1, 0.5, 0});
            const auto left = transposed(solve_triangle(l_kept(), half, lower, true));
            const auto both = solve_triangle(l_kept(), left, lower, true);
            return (both + transposed(both)) * T{0.5};
        });
    });
}

template <real T>
tensor<T> cholesky_any(const basic_tensor<T>& a, cholesky_options options) {
    return call("cholesky", {"a", "options"}, [](const basic_tensor<T>& x, cholesky_options given) {
        check_square("cholesky", x);
        return given.upper ? transposed(lower_root(transposed(x))) : lower_root(x);
    }, a, options);
}

}  // namespace detail

/// The lower triangular l with a = l l^T        a: (..., n, n), symmetric
///     da = (s + s^T) / 2,  s = (l^T)^-1 phi(l^T dl) l^-1, where phi halves the diagonal and drops what is above it
/// The lower triangle of a is read, and the gradient is symmetric. Keeps l. Throws `shape_error`, and `value_error` when
/// a matrix is not positive definite, which says which one.
struct cholesky_fn {
    template <element T, std::size_t N>
    tensor<T, N> operator()(const tensor<T, N>& a, cholesky_options options = {}) const {
        detail::check_types<T>();
        static_assert(N >= 2, "a is a matrix, or a stack of them");
        return detail::with_rank<N>(detail::cholesky_any<T>(a, options));
    }
};
inline constexpr cholesky_fn cholesky{};

}  // namespace xgrad

// Defined by xgrad::compiled.
#if defined(XGRAD_INSTANCE)
namespace xgrad::inline XGRAD_ABI::detail {
#define XGRAD_INSTANCES(T) XGRAD_INSTANCE tensor<T> cholesky_any(const basic_tensor<T>&, cholesky_options);
XGRAD_FOR_REAL_TYPES(XGRAD_INSTANCES)
#undef XGRAD_INSTANCES
}
#endif
