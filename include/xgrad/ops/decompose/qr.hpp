// Orthogonal times triangular.
#pragma once

#include <xgrad/core/config.hpp>
#include <xgrad/core/memory.hpp>
#include <xgrad/kernels/decompose_qr.hpp>
#include <xgrad/ops/arithmetic.hpp>
#include <xgrad/ops/decompose/matrices.hpp>
#include <xgrad/ops/decompose/triangular.hpp>

#include <algorithm>
#include <cstddef>
#include <utility>

namespace xgrad::inline XGRAD_ABI {

/// How many columns the q of a tall matrix has: as many as the matrix, or as many as rows.
enum class qr_mode { reduced, complete };
void say_options(qr_mode mode, const auto& say) { say("mode", mode == qr_mode::complete ? "complete" : "reduced"); }

template <class T, std::size_t N = dynamic_rank>
struct qr_result {
    tensor<T, N> q, r;

    void for_each_tensor(const auto& f) { f(q), f(r); }
    void for_each_tensor(const auto& f) const { f(q), f(r); }
};

namespace detail {

/// Both results, in the one tensor that they are parts of.
template <real T>
qr_result<T> split_qr(const basic_tensor<T>& both, const shape& q, const shape& r) {
    return {flat_part(both, 0, q), flat_part(both, q.elements(), r)};
}

/// The gradient of a = q r, square or tall, with a square r:
///     da = (dq + q s) (r^T)^-1,  s = the lower triangle of m = r dr^T - dq^T q, made symmetric.
/// (Walter and Lehmann, Algorithmic differentiation of linear algebra functions, 2010)
template <real T>
tensor<T> gradient_of_tall_qr(const tensor<T>& q, const tensor<T>& r, const tensor<T>& dq, const tensor<T>& dr) {
    const auto m = product(r, dr, {false, true}) - product(dq, q, {true, false});
    const auto lower = weigh_bands(m, {1, 0.5, 0});
    const auto right = dq + product(q, tensor<T>{lower + transposed(lower)});
    return transposed(solve_triangle(r, transposed(right), {.upper = true}, false));
}

/// The same of any a. One that is wide is (x y) = q (u v): v = q^T y gives dy = q dv, and q the gradient y dv^T more.
/// Columns of q beyond r's rows change with the others, to which they stay orthogonal: dq_1 is less by q_2 dq_2^T q_1.
template <real T>
tensor<T> gradient_of_qr(const qr_result<T>& y, const qr_result<T>& dy) {
    const auto rows = rows_of(shape_of(y.q)), columns = columns_of(shape_of(y.r)), axis = y.q.rank() - 1;
    if (rows < columns) {
        const auto left = [&](const auto& x) { return range_along(x, axis, 0, rows); };
        const auto right = [&](const auto& x) { return range_along(x, axis, rows, columns - rows); };
        const auto v = right(y.r), dv = right(dy.r);
        const auto dq = dy.q + product(y.q, product(v, dv, {false, true}));
        const auto dx = gradient_of_tall_qr<T>(y.q, left(y.r), dq, left(dy.r));
        const auto at = kernels::strides::row_major(shape_of(y.r));
        auto behind = at;
        behind.offset = static_cast<std::ptrdiff_t>(rows);
        return place(dx, at, shape_of(y.r)) + place(product(y.q, dv), behind, shape_of(y.r));
    }
    const auto first = [&](const auto& x) { return range_along(x, axis, 0, columns); };
    const auto top = [&](const auto& x) { return range_along(x, axis - 1, 0, columns); };
    auto dq = first(dy.q);
    if (const auto more = columns_of(shape_of(y.q)) - columns; more != 0) {
        const auto rest = [&](const auto& x) { return range_along(x, axis, columns, more); };
        dq = dq - product(rest(y.q), product(rest(dy.q), first(y.q), {true, false}));
    }
    return gradient_of_tall_qr<T>(first(y.q), top(y.r), dq, top(dy.r));
}

/// q and r of each matrix; `complete` gives a square q.
template <real T>
qr_result<T> decompose_qr(const basic_tensor<T>& a, bool complete) {
    check_matrices("qr", a);
    const auto& sizes = shape_of(a);
    const auto batch = batch_of(sizes);
    const auto rows = rows_of(sizes), columns = columns_of(sizes), steps = std::min(rows, columns), width = complete ? rows : steps;
    const auto q = stacked(batch, rows, width), r = stacked(batch, width, columns);
    auto both = make_result<T>({q.elements() + r.elements()});
    auto* const first_q = access::elements(both);
    auto* const first_r = first_q + q.elements();
    const auto* const from = a.data();
    for_each_matrix(batch.elements(), rows * columns * steps * 2, [&](std::size_t i) {
        const auto room = memory::scratch<T>{rows * columns + steps};
        const auto factors = kernels::row_major(room.data(), rows, columns);
        auto* const tau = room.data() + rows * columns;
        const auto* const own = from + i * rows * columns;
        const auto scale = kernels::scale_to_one(kernels::largest_size(own, rows * columns));
        std::transform(own, own + rows * columns, factors.data, [scale](T value) { return scale * value; });
        kernels::factor_qr<T>(factors, tau);
        kernels::form_q<T>(factors, tau, steps, matrix_at(first_q, q, i, false));
        const auto upper = matrix_at(first_r, r, i, false);
        for (auto j = std::size_t{0}; j < width; ++j)
            for (auto k = std::size_t{0}; k < columns; ++k) *upper.at(j, k) = k < j ? T{0} : *factors.at(j, k) / scale;
    });
    auto values = keep(result(both));
    const auto rule = [q, r](const auto& dy, gradients& d, const auto& y_kept) {
        d(0, [&] { return gradient_of_qr(split_qr(y_kept(), q, r), split_qr(dy, q, r)); });
    };
    return split_qr(record("qr", std::move(both), {a}, std::move(values), rule), q, r);
}

template <real T>
qr_result<T> qr_any(const basic_tensor<T>& a, qr_mode mode) {
    return call("qr", {"a", "mode"}, [](const basic_tensor<T>& x, qr_mode given) {
        return decompose_qr(x, given == qr_mode::complete);
    }, a, mode);
}

}  // namespace detail

/// a = q r with q^T q = 1 and an upper triangular r        a: (..., m, n)  q: (..., m, k)  r: (..., k, n)
/// k is min(m, n), or m in the mode `complete`.
///     da = (dq + q s) (r^T)^-1,  s = the lower triangle of r dr^T - dq^T q, made symmetric; of wide matrices by their
///     first m columns.
/// The signs are LAPACK's. Gradients are finite where the first k columns are independent; a complete q has one only in
/// what does not depend on the choice of its last columns. Keeps q and r.
struct qr_fn {
    template <element T, std::size_t N>
    qr_result<T, N> operator()(const tensor<T, N>& a, qr_mode mode = qr_mode::reduced) const {
        detail::check_types<T>();
        static_assert(N >= 2, "a is a matrix, or a stack of them");
        auto both = detail::qr_any<T>(a, mode);
        return {detail::with_rank<N>(std::move(both.q)), detail::with_rank<N>(std::move(both.r))};
    }
};
inline constexpr qr_fn qr{};

}  // namespace xgrad

// Defined by xgrad::compiled.
#if defined(XGRAD_INSTANCE)
namespace xgrad::inline XGRAD_ABI::detail {
#define XGRAD_INSTANCES(T) XGRAD_INSTANCE qr_result<T> qr_any(const basic_tensor<T>&, qr_mode);
XGRAD_FOR_REAL_TYPES(XGRAD_INSTANCES)
#undef XGRAD_INSTANCES
}
#endif
