// Eigenvalues and eigenvectors of symmetric matrices.
#pragma once

#include <xgrad/core/config.hpp>
#include <xgrad/kernels/decompose_eigh.hpp>
#include <xgrad/ops/arithmetic.hpp>
#include <xgrad/ops/decompose/matrices.hpp>
#include <xgrad/ops/decompose/spectrum.hpp>

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <utility>

namespace xgrad::inline XGRAD_ABI {

struct eigh_options {
    bool upper = false;   ///< reads the upper triangle; else the lower one
};
void say_options(const eigh_options& options, const auto& say) { say("upper", options.upper); }

template <class T, std::size_t N = dynamic_rank>
struct eigh_result {
    tensor<T, detail::vectors_rank(N)> values;
    tensor<T, N> vectors;

    void for_each_tensor(const auto& f) { f(values), f(vectors); }
    void for_each_tensor(const auto& f) const { f(values), f(vectors); }
};

namespace detail {

/// Both results, in the one tensor that they are parts of.
template <real T>
eigh_result<T> split_eigh(const basic_tensor<T>& both, const shape& values, const shape& vectors) {
    return {flat_part(both, 0, values), flat_part(both, values.elements(), vectors)};
}

///     da = v (diag(dw) + m) v^T,  m_ij = n_ij / (w_j - w_i),  n = (v^T dv - dv^T v) / 2
template <real T>
tensor<T> gradient_of_eigh(const eigh_result<T>& y, const eigh_result<T>& dy) {
    const auto turned = product(y.vectors, dy.vectors, {true, false});
    const auto n = (turned - transposed(turned)) * T{0.5};
    const auto gaps = as_row(y.values) - as_column(y.values);
    const auto inner = diagonal_matrix(dy.values) + over_gaps<T>(n, turned, turned, gaps, y.values);
    return product(y.vectors, product(inner, y.vectors, {false, true}));
}

template <real T>
eigh_result<T> decompose_eigh(const basic_tensor<T>& a, bool upper) {
    check_square("eigh", a);
    const auto vectors = shape_of(a);
    auto values = vectors;
    values.erase(values.rank() - 1);
    const auto size = columns_of(vectors);
    auto both = make_result<T>({values.elements() + vectors.elements()});
    auto* const first = access::elements(both);
    const auto* const from = a.data();
    auto failed = std::atomic<bool>{false};
    for_each_matrix(batch_of(vectors).elements(), size * size * size * 5, [&](std::size_t i) {
        const auto room = memory::scratch<T>{size * size};
        const auto work = kernels::row_major(room.data(), size, size);
        const auto own = matrix_at(from, vectors, i, upper);
        for (auto j = std::size_t{0}; j < size; ++j)
            for (auto k = std::size_t{0}; k < size; ++k) *work.at(j, k) = *own.at(j, k);
        if (!kernels::decompose_symmetric<T>(work, first + i * size, matrix_at(first + values.elements(), vectors, i, false)))
            failed = true;
    });
    if (failed) fail<value_error>("eigh", "no end of the iteration: a is ", vectors);
    auto kept_values = keep(result(both));
    const auto rule = [values, vectors](const auto& dy, gradients& d, const auto& y_kept) {
        d(0, [&] { return gradient_of_eigh(split_eigh(y_kept(), values, vectors), split_eigh(dy, values, vectors)); });
    };
    return split_eigh(record("eigh", std::move(both), {a}, std::move(kept_values), rule), values, vectors);
}

template <real T>
eigh_result<T> eigh_any(const basic_tensor<T>& a, eigh_options options) {
    return call("eigh", {"a", "options"}, [](const basic_tensor<T>& x, eigh_options given) {
        return decompose_eigh(x, given.upper);
    }, a, options);
}

}  // namespace detail

/// a = v diag(w) v^T with v^T v = 1, w in rising order        a: (..., n, n), symmetric  values w: (..., n)  vectors v: (..., n, n)
///     da = v (diag(dw) + m) v^T,  m_ij = n_ij / (w_j - w_i),  n = (v^T dv - dv^T v) / 2
/// One triangle of a is read, and the gradient is symmetric. Vectors are columns, each determined but for its sign. Where
/// values are equal, their vectors are any basis, and a function of them has a gradient only if it does not depend on
/// which: where n_ij is zero, so is m_ij. That is exact for first derivatives of functions of the values alone; those of functions
/// of values and vectors, and second ones, are finite there, but lack what the limit of the quotients would tell. Keeps both
/// results. Of what is not finite, NaN. Throws `shape_error`.
struct eigh_fn {
    template <element T, std::size_t N>
    eigh_result<T, N> operator()(const tensor<T, N>& a, eigh_options options = {}) const {
        detail::check_types<T>();
        static_assert(N >= 2, "a is a matrix, or a stack of them");
        auto both = detail::eigh_any<T>(a, options);
        return {detail::with_rank<detail::vectors_rank(N)>(std::move(both.values)), detail::with_rank<N>(std::move(both.vectors))};
    }
};
inline constexpr eigh_fn eigh{};

}  // namespace xgrad

// Defined by xgrad::compiled.
#if defined(XGRAD_INSTANCE)
namespace xgrad::inline XGRAD_ABI::detail {
#define XGRAD_INSTANCES(T) XGRAD_INSTANCE eigh_result<T> eigh_any(const basic_tensor<T>&, eigh_options);
XGRAD_FOR_REAL_TYPES(XGRAD_INSTANCES)
#undef XGRAD_INSTANCES
}
#endif
