// Distances between all rows of one matrix and all of another.
#pragma once

#include <xgrad/autograd/backward.hpp>
#include <xgrad/autograd/broadcast.hpp>
#include <xgrad/autograd/operation.hpp>
#include <xgrad/core/config.hpp>
#include <xgrad/kernels/distance.hpp>
#include <xgrad/ops/arithmetic.hpp>
#include <xgrad/ops/compare.hpp>
#include <xgrad/ops/linalg.hpp>
#include <xgrad/ops/norm.hpp>
#include <xgrad/ops/reduce.hpp>
#include <xgrad/ops/shape.hpp>

#include <cstddef>
#include <functional>
#include <utility>

namespace xgrad::inline XGRAD_ABI {

struct cdist_options {
    double p = 2;   ///< of the norm, at least 0
};
void say_options(const cdist_options& options, const auto& say) { say("p", options.p); }

namespace detail {

/// a: (stack..., rows, size)  b: (stack..., others, size), with one and the same stack
template <real T>
kernels::row_pairs row_pairs_of(const basic_tensor<T>& a, const basic_tensor<T>& b) {
    const auto &left = shape_of(a), &right = shape_of(b);
    return {batch_of(left).elements(), left[left.rank() - 2], right[right.rank() - 2], left.back()};
}

template <real T>
shape pair_shape(const basic_tensor<T>& a, const basic_tensor<T>& b) {
    auto sizes = shape_of(a);
    sizes[sizes.rank() - 1] = shape_of(b)[sizes.rank() - 2];
    return sizes;
}

template <real T>
tensor<T> weighed_differences(const basic_tensor<T>& w, const basic_tensor<T>& a, const basic_tensor<T>& b);

/// What a and b get of a linear function of their differences: g_i for a_i, -g_i for b_j, weighed by w[i, j].
template <real T>
void pass_on_differences(gradients& d, const tensor<T>& w, const tensor<T>& g) {
    auto last = axis_set{};
    last.insert(w.rank() - 1);
    d(1, [&] { return (upstream<T>{g} * sum_over(w, last, true)).value; });
    d(2, [&] { return apply_unary<negative_fn>(multiply_matrices(w, g, {true, false})); });
}

/// y[i, j] = sum_k g[i, k] (a[i, k] - b[j, k])        dg_i = sum_j dy[i, j] (a_i - b_j),  da_i = sum_j dy[i, j] g_i,  db_j = -sum_i dy[i, j] g_i
template <real T>
tensor<T> dots_with_differences(const basic_tensor<T>& g, const basic_tensor<T>& a, const basic_tensor<T>& b) {
    auto y = make_result<T>(pair_shape(a, b));
    kernels::dots_with_differences(row_pairs_of(a, b), g.data(), a.data(), b.data(), access::elements(y));
    return record("dots_with_differences", std::move(y), {g, a, b}, keep(g, a, b),
                  [](const auto& dy, gradients& d, const auto& g_kept, const auto& a_kept, const auto& b_kept) {
                      d(0, [&] { return weighed_differences(dy, a_kept(), b_kept()); });
                      pass_on_differences(d, dy, g_kept());
                  });
}

/// y_i = sum_j w[i, j] (a_i - b_j)        dw[i, j] = dy_i (a_i - b_j),  da_i = dy_i sum_j w[i, j],  db_j = -sum_i w[i, j] dy_i
template <real T>
tensor<T> weighed_differences(const basic_tensor<T>& w, const basic_tensor<T>& a, const basic_tensor<T>& b) {
    auto y = make_result<T>(shape_of(a));
    kernels::weighed_differences(row_pairs_of(a, b), w.data(), a.data(), b.data(), access::elements(y));
    return record("weighed_differences", std::move(y), {w, a, b}, keep(w, a, b),
                  [](const auto& dy, gradients& d, const auto& w_kept, const auto& a_kept, const auto& b_kept) {
                      d(0, [&] { return dots_with_differences(dy, a_kept(), b_kept()); });
                      pass_on_differences(d, w_kept(), dy);
                  });
}

/// What a gets of the distances y: da_i = sum_j dy[i, j] (a_i - b_j) / y[i, j], where a term is 0 if y[i, j] is.
template <real T>
tensor<T> distance_gradient(const tensor<T>& dy, const tensor<T>& y, const tensor<T>& a, const tensor<T>& b) {
    if (needs_grad(dy, y, a, b)) {
        const auto zero = tensor<T>(T{0}), apart = choose<T>(compare_with<std::equal_to<>>("cdist", y, T{0}), tensor<T>(T{1}), y);
        const auto weights = (upstream<T>{dy} / apart).value;
        return weighed_differences(choose<T>(compare_with<std::equal_to<>>("cdist", y, T{0}), zero, weights), a, b);
    }
    auto da = make_result<T>(shape_of(a));
    kernels::distance_gradient(row_pairs_of(a, b), dy.data(), y.data(), a.data(), b.data(), access::elements(da));
    return da;
}

/// y[i, j] = |a_i - b_j|        da_i = sum_j dy[i, j] (a_i - b_j) / y[i, j],  db_j = sum_i dy[i, j] (b_j - a_i) / y[i, j]
template <real T>
tensor<T> distances(const basic_tensor<T>& a, const basic_tensor<T>& b) {
    auto y = make_result<T>(pair_shape(a, b));
    kernels::distances(row_pairs_of(a, b), a.data(), b.data(), access::elements(y));
    auto values = keep(result(y), a, b);
    return record("cdist", std::move(y), {a, b}, std::move(values),
                  [](const auto& dy, gradients& d, const auto& y_kept, const auto& a_kept, const auto& b_kept) {
                      d(0, [&] { return distance_gradient<T>(dy, y_kept(), a_kept(), b_kept()); });
                      d(1, [&] {
                          return distance_gradient<T>(swap_axes(dy, -1, -2), swap_axes(y_kept(), -1, -2), b_kept(), a_kept());
                      });
                  });
}

/// y[i, j] = |a_i - b_j| by another norm, of all differences at once: (..., rows, others, size)
template <real T>
tensor<T> distances_by_norm(const tensor<T>& a, const tensor<T>& b, double p) {
    if (shape_of(a).back() == 0) return filled<dynamic_rank>(pair_shape(a, b), T{0});
    return norm(tensor<T>{expand_dims(a, -2) - expand_dims(b, -3)}, -1, {.p = p});
}

template <real T>
tensor<T> cdist_value(const basic_tensor<T>& a, const basic_tensor<T>& b, double p) {
    if (!(p >= 0)) fail<value_error>("cdist", "p is ", p, "; it must not be negative");
    const auto &left = shape_of(a), &right = shape_of(b);
    if (left.rank() < 2 || right.rank() < 2)
        fail<rank_error>("cdist", "a is ", left, ", b is ", right, "; they must be matrices (rows, size), or stacks of them");
    if (left.back() != right.back())
        fail<shape_error>("cdist", "a is ", left, ", b is ", right, "; their rows must be equally long");
    const auto stack = broadcast_shapes("cdist", batch_of(left), batch_of(right));
    const auto stacked = [&](const basic_tensor<T>& x) {
        auto sizes = stack;
        sizes.push_back(shape_of(x)[x.rank() - 2]);
        sizes.push_back(shape_of(x).back());
        return sizes == shape_of(x) ? tensor<T>{x} : broadcast_to(x, sizes);
    };
    return p == 2 ? distances(stacked(a), stacked(b)) : distances_by_norm(stacked(a), stacked(b), p);
}
template <real T>
tensor<T> cdist_any(const basic_tensor<T>& a, const basic_tensor<T>& b, const cdist_options& options) {
    return call("cdist", {"a", "b", "options"}, [](const basic_tensor<T>& v, const basic_tensor<T>& w, const cdist_options& given) {
        return cdist_value(v, w, given.p);
    }, a, b, options);
}

}  // namespace detail

/// The Euclidean distances between all rows: a (..., i, k)  b (..., j, k)  y (..., i, j), y[i, j] = |a_i - b_j|. Further axes in
/// front are stacks of matrices and broadcast. Differences are squared, which keeps the digits of near rows; nothing leaves the
/// range that the distance does not. The gradient at equal rows is 0. `cdist(a, b, {.p = 1})` has the distances by another norm,
/// as `norm` has it; all differences are then there at once. Throws `rank_error`, `shape_error`, and `value_error` for p < 0.
struct cdist_fn {
    template <element T, element U, std::size_t N, std::size_t M>
    tensor<T, broadcast_rank<N, M>> operator()(const tensor<T, N>& a, const tensor<U, M>& b, const cdist_options& options = {}) const {
        detail::check_types<T, U>();
        static_assert(N >= 2 && M >= 2, "between rows of matrices");
        return detail::with_rank<broadcast_rank<N, M>>(detail::cdist_any<T>(a, b, options));
    }
};
inline constexpr cdist_fn cdist{};

}  // namespace xgrad

// Defined by xgrad::compiled.
#if defined(XGRAD_INSTANCE)
namespace xgrad::inline XGRAD_ABI::detail {
#define XGRAD_INSTANCES(T) \
    XGRAD_INSTANCE tensor<T> cdist_any(const basic_tensor<T>&, const basic_tensor<T>&, const cdist_options&);
XGRAD_FOR_REAL_TYPES(XGRAD_INSTANCES)
#undef XGRAD_INSTANCES
}
#endif
