// Matrix products.
#pragma once

#include <xgrad/autograd/backward.hpp>
#include <xgrad/autograd/operation.hpp>
#include <xgrad/core/config.hpp>
#include <xgrad/kernels/gemm.hpp>
#include <xgrad/ops/elementwise.hpp>
#include <xgrad/ops/shape.hpp>

#include <algorithm>
#include <cstddef>
#include <tuple>
#include <type_traits>
#include <utility>

namespace xgrad::inline XGRAD_ABI {

/// Which operands of a product count as transposed in their last two axes. Nothing is copied for it.
struct matmul_options {
    bool transpose_a = false;
    bool transpose_b = false;
};

namespace detail {

/// Matrix number `index` of a stack of matrices, transposed if so wished.
template <class T>
kernels::matrix_ref<T> matrix_at(T* data, const shape& sizes, std::size_t index, bool transposed) {
    const auto rows = sizes[sizes.rank() - 2], columns = sizes[sizes.rank() - 1];
    const auto matrix = kernels::row_major(data + index * rows * columns, rows, columns);
    return transposed ? matrix.transposed() : matrix;
}

/// The number, in a stack of shape `own`, of the matrix that stands at place `index` of the stack `batch` to
/// which it broadcasts.
inline std::size_t matrix_index(std::size_t index, const shape& batch, const shape& own) {
    auto result = std::size_t{0}, step = std::size_t{1};
    for (auto from_last = std::size_t{1}; from_last <= batch.rank(); ++from_last) {
        const auto size = batch[batch.rank() - from_last];
        if (from_last + 2 <= own.rank()) {
            const auto own_size = own[own.rank() - 2 - from_last];
            if (own_size != 1) result += index % size * step;
            step *= own_size;
        }
        index /= size;
    }
    return result;
}

XGRAD_ON_DEMAND shape batch_of(shape sizes) {
    sizes.erase(sizes.rank() - 1);
    sizes.erase(sizes.rank() - 1);
    return sizes;
}

/// y = a b: matrices, or stacks of them that broadcast.
///     da = dy b^T,  db = a^T dy           with a as it enters the product; likewise for a^T and b^T:
///     y = a^T b:    da = b dy^T,  db = a dy         y = a b^T:   da = dy b,  db = dy^T a
///     y = a^T b^T:  da = b^T dy^T, db = dy^T a^T
template <real T>
tensor<T> multiply_matrices(const basic_tensor<T>& a, const basic_tensor<T>& b, matmul_options options) {
    const auto& left = shape_of(a);
    const auto& right = shape_of(b);
    const auto rows = left[left.rank() - (options.transpose_a ? 1 : 2)];
    const auto columns = right[right.rank() - (options.transpose_b ? 2 : 1)];
    const auto batch = broadcast_shapes("matmul", batch_of(left), batch_of(right));
    auto sizes = batch;
    sizes.push_back(rows);
    sizes.push_back(columns);
    auto y = make_result<T>(sizes);
    const auto inner = left[left.rank() - (options.transpose_a ? 2 : 1)];
    auto *const from_a = std::as_const(a).data(), *const from_b = std::as_const(b).data();
    auto* const to = access::elements(y);
    const auto multiply_some = [&](std::size_t begin, std::size_t end) {
        for (auto i = begin; i < end; ++i)
            kernels::gemm<T>(matrix_at(from_a, left, matrix_index(i, batch, left), options.transpose_a),
                             matrix_at(from_b, right, matrix_index(i, batch, right), options.transpose_b), matrix_at(to, sizes, i, false));
    };
    // Threads share the stack, or, where the matrices are few and large, each of its products.
    const auto work = rows * columns * inner + 1, count = batch.elements();
    const auto few = count < 2 * static_cast<std::size_t>(num_threads()) && work >= 2 * kernels::detail::work_per_thread;
    if (few) multiply_some(0, count);
    else parallel_for(count, kernels::detail::work_per_thread / work + 1, multiply_some);
    return record("matmul", std::move(y), {a, b}, keep_read(b.requires_grad(), a, a.requires_grad(), b),
                  [options](const auto& dy, gradients& d, const auto& a_kept, const auto& b_kept) {
                      const auto ta = options.transpose_a, tb = options.transpose_b;
                      d(0, [&] {
                          return ta ? multiply_matrices(b_kept(), dy, {tb, true}) : multiply_matrices(dy, b_kept(), {false, !tb});
                      });
                      d(1, [&] {
                          return tb ? multiply_matrices(dy, a_kept(), {true, ta}) : multiply_matrices(a_kept(), dy, {!ta, false});
                      });
                  });
}

/// A stack of matrices times one matrix is one tall matrix times it.
template <real T>
tensor<T> multiply_stack(const basic_tensor<T>& a, const basic_tensor<T>& b, matmul_options options) {
    const auto columns = shape_of(a).back();
    const auto tall = reshape_to(a, {a.size() / std::max<std::size_t>(columns, 1), columns});
    auto sizes = shape_of(a);
    auto y = multiply_matrices(tall, b, options);
    sizes[sizes.rank() - 1] = shape_of(y).back();
    return reshape_to(y, sizes);
}

template <real T>
void check_inner_sizes(const basic_tensor<T>& a, const basic_tensor<T>& b, matmul_options options) {
    const auto& left = shape_of(a);
    const auto& right = shape_of(b);
    if (left.rank() == 0 || right.rank() == 0)
        fail<rank_error>("matmul", "a is ", left, ", b is ", right, "; a scalar has no matrix product");
    const auto columns = left[left.rank() - (options.transpose_a && left.rank() > 1 ? 2 : 1)];
    const auto rows = right[right.rank() - (options.transpose_b || right.rank() == 1 ? 1 : 2)];
    if (columns == rows) return;
    const auto plain = !options.transpose_a && !options.transpose_b && right.rank() <= 2;
    fail<shape_error>("matmul", "inner sizes differ: a is ", left, options.transpose_a ? " transposed" : "", ", b is ", right,
                      options.transpose_b ? " transposed" : "",
                      plain ? "; a's last must equal b's first" : "; a's columns must be as many as b's rows");
}

void say_options(const matmul_options& options, const auto& say) {
    say("transpose_a", options.transpose_a);
    say("transpose_b", options.transpose_b);
}

/// NumPy's rules: a vector on the left is a row, on the right a column, and the axis added for it goes again.
template <real T>
tensor<T> matmul_value(const basic_tensor<T>& a, const basic_tensor<T>& b, matmul_options options) {
    check_inner_sizes(a, b, options);
    if (a.rank() == 1) {
        auto y = matmul_value(reshape_to(a, {1, a.size()}), b, {false, options.transpose_b});
        auto sizes = shape_of(y);
        sizes.erase(b.rank() == 1 ? 0 : sizes.rank() - 2);
        return reshape_to(y, sizes);
    }
    if (b.rank() == 1) {
        auto y = matmul_value(a, reshape_to(b, {b.size(), 1}), {options.transpose_a, false});
        auto sizes = shape_of(y);
        sizes.erase(sizes.rank() - 1);
        return reshape_to(y, sizes);
    }
    if (a.rank() > 2 && b.rank() == 2 && !options.transpose_a && shape_of(a).back() != 0)
        return multiply_stack(a, b, options);
    return multiply_matrices(a, b, options);
}
template <real T>
tensor<T> matmul_any(const basic_tensor<T>& a, const basic_tensor<T>& b, matmul_options options) {
    return call("matmul", {"a", "b", "options"}, [](const basic_tensor<T>& v, const basic_tensor<T>& w, matmul_options given) {
        return matmul_value(v, w, given);
    }, a, b, options);
}

constexpr std::size_t matmul_rank(std::size_t n, std::size_t m) {
    if (n == dynamic_rank || m == dynamic_rank) return dynamic_rank;
    if (n == 1 && m == 1) return 0;
    if (n == 1) return m - 1;
    if (m == 1) return n - 1;
    return std::max(n, m);
}

/// An activation that a product can compute along with itself: an elementwise operation whose derivative follows from
/// its result, so that what went into it need not be kept.
template <class Op>
concept fusible = Op::keeps_result && requires { Op::gradient; };

struct no_activation {
    static constexpr auto name = "none";
    static const auto& value(const auto& x) { return x; }
};

/// y = f(z), z = x W + b        dz = dy f'(z),  dx = dz W^T,  dW = x^T dz,  db = dz summed over the rows
template <class Activation, real T>
tensor<T> affine(const basic_tensor<T>& x, const basic_tensor<T>& weight, const basic_tensor<T>& bias) {
    const auto rows = shape_of(x)[0], inner = shape_of(x)[1], columns = shape_of(weight)[1];
    auto y = make_result<T>({rows, columns});
    kernels::gemm<T>(kernels::row_major(x.data(), rows, inner), kernels::row_major(weight.data(), inner, columns),
                     kernels::row_major(access::elements(y), rows, columns), false,
                     [b = bias.data()](const auto& value, std::size_t, std::size_t column, std::size_t count) {
                         using batch = simd::batch<T>;
                         return batch(Activation::value(batch(value + simd::load_up_to(b + column, count))));
                     });
    const auto rule = [](const auto& dz, gradients& d, const auto& x_kept, const auto& weight_kept) {
        d(0, [&] { return multiply_matrices(dz, weight_kept(), {false, true}); });
        d(1, [&] { return multiply_matrices(x_kept(), dz, {true, false}); });
        d(2, [&]() -> const auto& { return dz; });
    };
    auto operands = keep_read(weight.requires_grad(), x, x.requires_grad(), weight);
    if constexpr (std::is_same_v<Activation, no_activation>) {
        return record("linear", std::move(y), {x, weight, bias}, std::move(operands), rule);
    } else {
        auto values = std::tuple_cat(std::move(operands), keep(result(y)));
        return record("linear", std::move(y), {x, weight, bias}, std::move(values),
                      [rule](auto& dy, gradients& d, const auto& x_kept, const auto& weight_kept, const auto& y_kept) {
                          rule(evaluate(Activation::gradient, std::move(dy), y_kept()), d, x_kept, weight_kept);
                      });
    }
}

template <class Activation, real T>
tensor<T> affine_value(const basic_tensor<T>& x, const basic_tensor<T>& weight, const basic_tensor<T>& bias) {
    const auto& sizes = shape_of(x);
    if (weight.rank() != 2 || bias.rank() != 1 || sizes.rank() == 0)
        fail<rank_error>("linear", "x is ", sizes, ", weight is ", shape_of(weight), ", bias is ", shape_of(bias),
                         "; x must have an axis, weight two and bias one");
    if (sizes.back() != shape_of(weight)[0])
        fail<shape_error>("linear", "inner sizes differ: x is ", sizes, ", weight is ", shape_of(weight),
                          "; x's last must equal weight's first");
    if (shape_of(weight)[1] != bias.size())
        fail<shape_error>("linear", "weight is ", shape_of(weight), ", bias is ", shape_of(bias),
                          "; weight's last must equal bias's size");
    if (sizes.rank() == 2) return affine<Activation>(x, weight, bias);
    auto result = sizes;
    result[sizes.rank() - 1] = bias.size();
    auto rows = std::size_t{1};
    for (auto axis = std::size_t{0}; axis + 1 < sizes.rank(); ++axis) rows *= sizes[axis];
    return reshape_to(affine<Activation>(reshape_to(x, {rows, sizes.back()}), weight, bias), result);
}
template <class Activation, real T>
tensor<T> affine_any(const basic_tensor<T>& x, const basic_tensor<T>& weight, const basic_tensor<T>& bias) {
    return call("linear", {"x", "weight", "bias", "activation"},
                [](const basic_tensor<T>& v, const basic_tensor<T>& w, const basic_tensor<T>& b, const char*) {
        return affine_value<Activation>(v, w, b);
    }, x, weight, bias, Activation::name);
}

}  // namespace detail

/// The matrix product, by NumPy's rules: (m, k) (k, n) gives (m, n); further axes in front are stacks of
/// matrices and broadcast; a vector is a row on the left and a column on the right. With an option an operand
/// counts as transposed: `matmul(a, b, {.transpose_b = true})` is a b^T without a transposed copy of b.
/// Throws `shape_error` when the inner sizes differ, `rank_error` for scalars.
struct matmul_fn {
    template <element T, element U, std::size_t N, std::size_t M>
    tensor<T, detail::matmul_rank(N, M)> operator()(const tensor<T, N>& a, const tensor<U, M>& b,
                                                    matmul_options options = {}) const {
        detail::check_types<T, U>();
        static_assert(N != 0 && M != 0, "a scalar has no matrix product");
        return detail::with_rank<detail::matmul_rank(N, M)>(detail::matmul_any<T>(a, b, options));
    }
};
inline constexpr matmul_fn matmul{};

/// y = x W + b in one pass        x: (..., in)  W: (in, out)  b: (out)  y: (..., out)
///
/// `linear(x, W, b, relu)` is relu(x W + b), computed while a part of the product is in registers; so with
/// `sigmoid` and `tanh`. Any other function is called on the result.
/// Throws `shape_error` and `rank_error` when the sizes do not fit.
struct linear_fn {
    template <element T, element U, element V, std::size_t N, std::size_t W, std::size_t B>
    tensor<T, N> operator()(const tensor<T, N>& x, const tensor<U, W>& weight, const tensor<V, B>& bias) const {
        return apply<detail::no_activation>(x, weight, bias);
    }
    template <element T, element U, element V, std::size_t N, std::size_t W, std::size_t B, class Activation>
    auto operator()(const tensor<T, N>& x, const tensor<U, W>& weight, const tensor<V, B>& bias,
                    const Activation& activation) const {
        if constexpr (detail::fusible<Activation>) return apply<Activation>(x, weight, bias);
        else return activation(apply<detail::no_activation>(x, weight, bias));
    }

private:
    template <class Activation, element T, element U, element V, std::size_t N, std::size_t W, std::size_t B>
    static tensor<T, N> apply(const tensor<T, N>& x, const tensor<U, W>& weight, const tensor<V, B>& bias) {
        detail::check_types<T, U, V>();
        static_assert(N != 0, "x has an axis of features");
        static_assert((W == 2 || W == dynamic_rank) && (B == 1 || B == dynamic_rank), "weight is (in, out), bias is (out)");
        return detail::with_rank<N>(detail::affine_any<Activation, T>(x, weight, bias));
    }
};
inline constexpr linear_fn linear{};

}  // namespace xgrad

// Defined by xgrad::compiled.
#if defined(XGRAD_INSTANCE)
#include <xgrad/ops/activation.hpp>
namespace xgrad::inline XGRAD_ABI::detail {
#define XGRAD_INSTANCES(T) \
    XGRAD_INSTANCE tensor<T> matmul_any(const basic_tensor<T>&, const basic_tensor<T>&, matmul_options); \
    XGRAD_INSTANCE tensor<T> affine_any<no_activation>(const basic_tensor<T>&, const basic_tensor<T>&, const basic_tensor<T>&); \
    XGRAD_INSTANCE tensor<T> affine_any<relu_fn>(const basic_tensor<T>&, const basic_tensor<T>&, const basic_tensor<T>&); \
    XGRAD_INSTANCE tensor<T> affine_any<sigmoid_fn>(const basic_tensor<T>&, const basic_tensor<T>&, const basic_tensor<T>&); \
    XGRAD_INSTANCE tensor<T> affine_any<tanh_fn>(const basic_tensor<T>&, const basic_tensor<T>&, const basic_tensor<T>&);
XGRAD_FOR_REAL_TYPES(XGRAD_INSTANCES)
#undef XGRAD_INSTANCES
}
#endif
