// Products of vectors and matrices by name: dot, vdot, inner, outer, tensordot, bmm, addmm.
#pragma once

#include <xgrad/autograd/backward.hpp>
#include <xgrad/core/config.hpp>
#include <xgrad/ops/arithmetic.hpp>
#include <xgrad/ops/contract.hpp>
#include <xgrad/ops/linalg.hpp>

#include <array>
#include <cstddef>
#include <span>

namespace xgrad::inline XGRAD_ABI {

namespace detail {

template <real T>
void check_rank_is(const char* name, const basic_tensor<T>& x, std::size_t rank, const char* what) {
    if (x.rank() != rank) fail<rank_error>(name, what, ", got ", shape_of(x));
}

/// y[a..., b...] = the sum over the axes named, a's beside b's, of the products.
template <real T>
tensor<T> tensordot_over(const char* name, const basic_tensor<T>& a, const basic_tensor<T>& b, std::span<const extent> axes_a,
                         std::span<const extent> axes_b) {
    if (axes_a.size() != axes_b.size()) fail<value_error>(name, axes_a.size(), " axes of a, ", axes_b.size(), " of b; they go in pairs");
    axis_set{name, axes_a, a.rank()}, axis_set{name, axes_b, b.rank()};   // look that none is named twice
    auto left = labelled<T>{tensor<T>{a}, {}}, right = labelled<T>{tensor<T>{b}, {}};
    auto sizes = label_sizes{};
    auto free = label_list{};
    auto next = axis_label{0};
    for (auto axis = std::size_t{0}; axis < a.rank(); ++axis) {
        sizes[next] = shape_of(a)[axis];
        left.labels.push_back(next++);
    }
    auto summed = label_set{0};
    auto partner = std::array<axis_label, max_rank>{};
    auto paired = axis_set{};
    for (auto i = std::size_t{0}; i < axes_a.size(); ++i) {
        const auto at = normalize_axis(name, axes_a[i], a.rank()), other = normalize_axis(name, axes_b[i], b.rank());
        if (shape_of(a)[at] != shape_of(b)[other])
            fail<shape_error>(name, "axis ", at, " of a, ", shape_of(a), ", and axis ", other, " of b, ", shape_of(b), ", must be equally long");
        partner[other] = left.labels[at];
        paired.insert(other);
        summed |= set_of(left.labels[at]);
    }
    for (auto axis = std::size_t{0}; axis < b.rank(); ++axis) {
        if (!paired.contains(axis)) sizes[next] = shape_of(b)[axis], partner[axis] = next++;
        right.labels.push_back(partner[axis]);
    }
    for (const auto* each : {&left, &right})
        for (const auto one : each->labels)
            if (!contains(summed, one)) free.push_back(one);
    const auto y = contraction<T>{std::move(left), std::move(right), free.set(), sizes}.in_order_of(free);
    return reordered(y, free).value;
}

template <real T>
tensor<T> inner_of(const basic_tensor<T>& a, const basic_tensor<T>& b) {
    if (a.rank() == 0 || b.rank() == 0) return apply_binary<multiply_fn>(a, b);
    const auto last = std::array{extent{-1}};
    return tensordot_over("inner", a, b, last, last);
}

constexpr std::size_t joined_rank(std::size_t n, std::size_t m, std::size_t without) {
    return n == dynamic_rank || m == dynamic_rank || n + m < without ? dynamic_rank : n + m - without;
}

}  // namespace detail

/// y = sum_i a_i b_i, of vectors of one size. Throws `rank_error`, `shape_error`.
struct dot_fn {
    const char* name;

    template <element T, element U, std::size_t N, std::size_t M>
    tensor<T, 0> operator()(const tensor<T, N>& a, const tensor<U, M>& b) const {
        detail::check_types<T, U>();
        static_assert((N == 1 || N == dynamic_rank) && (M == 1 || M == dynamic_rank), "of vectors: matmul(a, b) is for the rest");
        detail::check_rank_is<T>(name, a, 1, "a must be a vector");
        detail::check_rank_is<T>(name, b, 1, "b must be a vector");
        if (a.size() != b.size())
            fail<shape_error>(name, "a is ", detail::shape_of(a), ", b is ", detail::shape_of(b), "; they must be equally long");
        return detail::with_rank<0>(detail::matmul_any<T>(a, b, {}));
    }
};
inline constexpr dot_fn dot{"dot"};
/// PyTorch's name for the same, which differs for complex numbers.
inline constexpr dot_fn vdot{"vdot"};

/// y_ij = a_i b_j, of vectors. Throws `rank_error`.
struct outer_fn {
    template <element T, element U, std::size_t N, std::size_t M>
    tensor<T, 2> operator()(const tensor<T, N>& a, const tensor<U, M>& b) const {
        detail::check_types<T, U>();
        static_assert((N == 1 || N == dynamic_rank) && (M == 1 || M == dynamic_rank), "of vectors: tensordot(a, b, 0) is for the rest");
        detail::check_rank_is<T>("outer", a, 1, "a must be a vector");
        detail::check_rank_is<T>("outer", b, 1, "b must be a vector");
        return detail::with_rank<2>(detail::apply_binary<multiply_fn, T>(detail::reshape_to(a, {a.size(), 1}), b));
    }
};
inline constexpr outer_fn outer{};

/// y[i..., j...] = sum_k a[i..., k] b[j..., k], over the last axes; for scalars the product. Throws `shape_error`.
struct inner_fn {
    template <element T, element U, std::size_t N, std::size_t M>
    auto operator()(const tensor<T, N>& a, const tensor<U, M>& b) const {
        detail::check_types<T, U>();
        constexpr auto rank = N == 0 ? M : M == 0 ? N : detail::joined_rank(N, M, 2);
        return detail::with_rank<rank>(detail::inner_of<T>(a, b));
    }
};
inline constexpr inner_fn inner{};

/// y[i..., j...] = sum_k a[i..., k...] b[k..., j...]: over the last `count` axes of a and the first of b, or over the axes named,
/// `tensordot(a, b, {0, 2}, {1, 0})`, a's first beside b's first. Throws `shape_error`, `rank_error`, `index_error`,
/// `value_error`.
struct tensordot_fn {
    template <element T, element U, std::size_t N, std::size_t M>
    tensor<T> operator()(const tensor<T, N>& a, const tensor<U, M>& b, extent count = 2) const {
        detail::check_types<T, U>();
        const auto most = std::min(a.rank(), b.rank());
        if (count < 0 || count > static_cast<std::ptrdiff_t>(most))
            fail<value_error>("tensordot", count.value, " axes to sum over, of ", detail::shape_of(a), " and ", detail::shape_of(b));
        auto last = std::array<extent, max_rank>{extent{0}, 0, 0, 0, 0, 0, 0, 0}, first = last;
        const auto axes = static_cast<std::size_t>(count.value);
        for (auto i = std::size_t{0}; i < axes; ++i) last[i] = a.rank() - axes + i, first[i] = i;
        return detail::tensordot_over<T>("tensordot", a, b, std::span{last}.first(axes), std::span{first}.first(axes));
    }
    template <element T, element U, std::size_t N, std::size_t M, std::size_t K, std::size_t L>
    auto operator()(const tensor<T, N>& a, const tensor<U, M>& b, const extent (&axes_a)[K], const extent (&axes_b)[L]) const {
        detail::check_types<T, U>();
        static_assert(K == L, "the axes go in pairs: as many of a as of b");
        return detail::with_rank<detail::joined_rank(N, M, 2 * K)>(detail::tensordot_over<T>("tensordot", a, b, axes_a, axes_b));
    }
};
inline constexpr tensordot_fn tensordot{};

/// y[n] = a[n] b[n], stacks of as many matrices: (n, i, k) (n, k, j) gives (n, i, j). Throws `rank_error`, `shape_error`.
struct bmm_fn {
    template <element T, element U, std::size_t N, std::size_t M>
    tensor<T, 3> operator()(const tensor<T, N>& a, const tensor<U, M>& b) const {
        detail::check_types<T, U>();
        static_assert((N == 3 || N == dynamic_rank) && (M == 3 || M == dynamic_rank), "of stacks of matrices: matmul(a, b) broadcasts");
        detail::check_rank_is<T>("bmm", a, 3, "a must be (n, i, k)");
        detail::check_rank_is<T>("bmm", b, 3, "b must be (n, k, j)");
        const auto &left = detail::shape_of(a), &right = detail::shape_of(b);
        if (left[0] != right[0] || left[2] != right[1])
            fail<shape_error>("bmm", "a is ", left, ", b is ", right, "; they must be (n, i, k) and (n, k, j)");
        return detail::with_rank<3>(detail::multiply_matrices<T>(a, b, {}));
    }
};
inline constexpr bmm_fn bmm{};

struct addmm_options {
    double beta = 1;    ///< of the summand; 0: it is not read
    double alpha = 1;   ///< of the product
};

namespace detail {

template <real T>
tensor<T> addmm_of(const basic_tensor<T>& summand, const basic_tensor<T>& a, const basic_tensor<T>& b, addmm_options options) {
    check_rank_is("addmm", a, 2, "a must be a matrix");
    check_rank_is("addmm", b, 2, "b must be a matrix");
    check_inner_sizes(a, b, {});
    const auto sizes = shape{shape_of(a)[0], shape_of(b)[1]};
    if (broadcast_shapes("addmm", shape_of(summand), sizes) != sizes)
        fail<shape_error>("addmm", "the summand is ", shape_of(summand), ", the product ", sizes, "; it must broadcast to that");
    const auto plain = options.beta == 1 && options.alpha == 1;
    if (plain && summand.rank() == 1 && summand.size() == sizes[1]) return affine<no_activation>(a, b, summand);
    const auto times = [](const auto& x, double factor) { return factor == 1 ? tensor<T>{x} : apply_left<multiply_fn>(x, static_cast<T>(factor)); };
    const auto product = times(multiply_matrices(a, b, {}), options.alpha);
    return options.beta == 0 ? product : apply_binary<add_fn>(times(summand, options.beta), product);
}

}  // namespace detail

/// y = beta c + alpha a b, of matrices a (i, k) and b (k, j) and a c that broadcasts to (i, j): PyTorch's `addmm(c, a, b)`.
/// Throws `rank_error`, `shape_error`.
struct addmm_fn {
    template <element T, element U, element V, std::size_t C, std::size_t N, std::size_t M>
    tensor<T, 2> operator()(const tensor<T, C>& c, const tensor<U, N>& a, const tensor<V, M>& b, addmm_options options = {}) const {
        detail::check_types<T, U, V>();
        static_assert((N == 2 || N == dynamic_rank) && (M == 2 || M == dynamic_rank), "the factors are matrices");
        static_assert(C <= 2 || C == dynamic_rank, "the summand has no more axes than the product");
        return detail::with_rank<2>(detail::addmm_of<T>(c, a, b, options));
    }
};
inline constexpr addmm_fn addmm{};

}  // namespace xgrad

// Defined by xgrad::compiled.
#if defined(XGRAD_INSTANCE)
namespace xgrad::inline XGRAD_ABI::detail {
#define XGRAD_INSTANCES(T) \
    XGRAD_INSTANCE tensor<T> tensordot_over(const char*, const basic_tensor<T>&, const basic_tensor<T>&, std::span<const extent>, \
                                            std::span<const extent>); \
    XGRAD_INSTANCE tensor<T> inner_of(const basic_tensor<T>&, const basic_tensor<T>&); \
    XGRAD_INSTANCE tensor<T> addmm_of(const basic_tensor<T>&, const basic_tensor<T>&, const basic_tensor<T>&, addmm_options);
XGRAD_FOR_REAL_TYPES(XGRAD_INSTANCES)
#undef XGRAD_INSTANCES
}
#endif
