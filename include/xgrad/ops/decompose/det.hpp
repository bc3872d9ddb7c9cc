// Determinants and their logarithms.
#pragma once

#include <xgrad/core/cmath.hpp>
#include <xgrad/core/config.hpp>
#include <xgrad/kernels/decompose_det.hpp>
#include <xgrad/ops/arithmetic.hpp>
#include <xgrad/ops/decompose/matrices.hpp>
#include <xgrad/ops/decompose/solve.hpp>
#include <xgrad/ops/reduce.hpp>

#include <atomic>
#include <cstddef>
#include <utility>

namespace xgrad::inline XGRAD_ABI {

/// The sign of a determinant and the logarithm of its size: det(a) = sign e^logabsdet.
template <class T, std::size_t N = dynamic_rank>
struct slogdet_result {
    tensor<T, N> sign, logabsdet;

    void for_each_tensor(const auto& f) { f(sign), f(logabsdet); }
    void for_each_tensor(const auto& f) const { f(sign), f(logabsdet); }
};

namespace detail {

template <real T>
tensor<T> determinant(const basic_tensor<T>& a);
template <real T>
tensor<T> cofactors(const basic_tensor<T>& a);

/// The change of the cofactors of a in the direction g, of matrices without an inverse, too. It is linear in g and its own
/// transpose: dg is the change in the direction dy. By a there is no further derivative.
template <real T>
tensor<T> cofactor_slope(const basic_tensor<T>& a, const basic_tensor<T>& g) {
    const auto& sizes = shape_of(a);
    const auto size = columns_of(sizes);
    auto y = make_result<T>(sizes);
    const auto* const from = a.data();
    const auto* const direction = g.data();
    for_each_matrix(batch_of(sizes).elements(), size * size * size * 16, [&](std::size_t i) {
        kernels::cofactors_svd<T>{matrix_at(from, sizes, i, false)}.slope(matrix_at(direction, sizes, i, false), made_matrix(y, i));
    });
    return record("cofactor_slope", std::move(y), {a, g}, keep(a), [](const auto& dy, gradients& d, const auto& a_kept) {
        if (d.wants(0)) fail<autograd_error>("det", "a matrix without an inverse has derivatives to the second order only");
        d(1, [&] { return cofactor_slope(a_kept(), dy); });
    });
}

/// The same of matrices that have an inverse y, to any order:   tr(y g) c - c (y g)^T, c = det(a) y^T the cofactors, in the range
/// where a square of y, or the determinant, is not
template <real T>
tensor<T> regular_cofactor_slope(const tensor<T>& a, const tensor<T>& g) {
    const auto y = transposed(inverse_any(a));
    auto matrix_axes = axis_set{};
    matrix_axes.insert(a.rank() - 1);
    matrix_axes.insert(a.rank() - 2);
    const auto trace = sum_over(tensor<T>{y * g}, matrix_axes, true);
    const auto c = cofactors(a);
    return trace * c - product(c, product(g, y, {true, false}));
}

/// The gradient of the determinant: det(a) (a^-1)^T where a has an inverse.
template <real T>
tensor<T> cofactors(const basic_tensor<T>& a) {
    const auto& sizes = shape_of(a);
    const auto size = columns_of(sizes);
    const auto factors = lu_factors<T>{a};
    auto y = make_result<T>(sizes);
    auto all_regular = std::atomic<bool>{true};
    const auto* const from = a.data();
    for_each_matrix(batch_of(sizes).elements(), size * size * size, [&](std::size_t i) {
        const auto lu = factors.matrix(i);
        if (kernels::is_regular<T>(lu)) return kernels::cofactors_lu<T>(lu, factors.exchanges(i), made_matrix(y, i));
        all_regular = false;
        kernels::cofactors_svd<T>{matrix_at(from, sizes, i, false)}.values(made_matrix(y, i));
    });
    return record("cofactors", std::move(y), {a}, keep(a),
                  [regular = all_regular.load()](const auto& dy, gradients& d, const auto& a_kept) {
                      d(0, [&] { return regular ? regular_cofactor_slope<T>(a_kept(), dy) : cofactor_slope(a_kept(), dy); });
                  });
}

template <real T>
tensor<T> det_any(const basic_tensor<T>& a) {
    return call("det", {"a"}, [](const basic_tensor<T>& x) { return determinant(x); }, a);
}

template <real T>
tensor<T> determinant(const basic_tensor<T>& a) {
    check_square("det", a);
    const auto factors = lu_factors<T>{a};
    auto y = make_result<T>(batch_of(shape_of(a)));
    for (auto i = std::size_t{0}; i < y.size(); ++i)
        access::elements(y)[i] = kernels::determinant_lu<T>(factors.matrix(i), factors.exchanges(i)).times(T{1});
    return record("det", std::move(y), {a}, keep(a), [](const auto& dy, gradients& d, const auto& a_kept) {
        d(0, [&] { return scaled(beside_matrices(dy), cofactors(a_kept())); });
    });
}

/// log |det a|        da = dy (a^-1)^T
template <real T>
slogdet_result<T> log_determinant(const basic_tensor<T>& a) {
    check_square("slogdet", a);
    const auto factors = lu_factors<T>{a};
    const auto batch = batch_of(shape_of(a));
    auto sign = make_result<T>(batch), y = make_result<T>(batch);
    for (auto i = std::size_t{0}; i < y.size(); ++i) {
        auto positive = true;
        auto sum = T{0};
        for (auto j = std::size_t{0}; j < columns_of(shape_of(a)); ++j) {
            const auto pivot = *factors.matrix(i).at(j, j);
            sum += std::log(std::fabs(pivot));
            positive = positive != (std::signbit(pivot) != (factors.exchanges(i)[j] != static_cast<std::int64_t>(j)));
        }
        access::elements(y)[i] = sum;
        access::elements(sign)[i] = std::isnan(sum) ? sum : std::isinf(sum) && sum < 0 ? T{0} : positive ? T{1} : T{-1};
    }
    auto logarithm = record("slogdet", std::move(y), {a}, keep(a), [](const auto& dy, gradients& d, const auto& a_kept) {
        d(0, [&] {
            const auto inverse = inverse_of(a_kept(), lu_factors<T>{a_kept()});
            return scaled(beside_matrices(dy), transposed(inverse));
        });
    });
    return {std::move(sign), std::move(logarithm)};
}

template <real T>
slogdet_result<T> slogdet_any(const basic_tensor<T>& a) {
    return call("slogdet", {"a"}, [](const basic_tensor<T>& x) { return log_determinant(x); }, a);
}

}  // namespace detail

/// The determinant        a: (..., n, n)  y: (...)        da = dy times the cofactors of a
/// Of singular matrices, too, and to the second order; of others to any. Keeps a. Throws `shape_error`.
struct det_fn {
    template <element T, std::size_t N>
    tensor<T, detail::stack_rank(N)> operator()(const tensor<T, N>& a) const {
        detail::check_types<T>();
        static_assert(N >= 2, "a is a matrix, or a stack of them");
        return detail::with_rank<detail::stack_rank(N)>(detail::det_any<T>(a));
    }
};
inline constexpr det_fn det{};

/// The determinant of matrices for which it leaves the range of numbers        a: (..., n, n)  both results: (...)
///     da = dlogabsdet (a^-1)^T;  the sign is constant.
/// Of a singular matrix the sign is 0 and the logarithm -infinity. Keeps a. Throws `shape_error`.
struct slogdet_fn {
    template <element T, std::size_t N>
    slogdet_result<T, detail::stack_rank(N)> operator()(const tensor<T, N>& a) const {
        detail::check_types<T>();
        static_assert(N >= 2, "a is a matrix, or a stack of them");
        auto both = detail::slogdet_any<T>(a);
        return {detail::with_rank<detail::stack_rank(N)>(std::move(both.sign)),
                detail::with_rank<detail::stack_rank(N)>(std::move(both.logabsdet))};
    }
};
inline constexpr slogdet_fn slogdet{};

}  // namespace xgrad

// Defined by xgrad::compiled.
#if defined(XGRAD_INSTANCE)
namespace xgrad::inline XGRAD_ABI::detail {
#define XGRAD_INSTANCES(T) \
    XGRAD_INSTANCE tensor<T> det_any(const basic_tensor<T>&); \
    XGRAD_INSTANCE slogdet_result<T> slogdet_any(const basic_tensor<T>&);
XGRAD_FOR_REAL_TYPES(XGRAD_INSTANCES)
#undef XGRAD_INSTANCES
}
#endif
