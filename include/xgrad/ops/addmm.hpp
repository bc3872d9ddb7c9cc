// Products of matrices by PyTorch's names: bmm, of stacks, and addmm, with a summand.
#pragma once

#include <xgrad/autograd/backward.hpp>
#include <xgrad/autograd/operation.hpp>
#include <xgrad/core/config.hpp>
#include <xgrad/ops/arithmetic.hpp>
#include <xgrad/ops/dot.hpp>
#include <xgrad/ops/linalg.hpp>

#include <cstddef>

namespace xgrad::inline XGRAD_ABI {

namespace detail {

template <real T>
tensor<T> bmm_any(const basic_tensor<T>& a, const basic_tensor<T>& b) {
    return call("bmm", {"a", "b"}, [](const basic_tensor<T>& v, const basic_tensor<T>& w) {
        check_rank_is("bmm", v, 3, "a must be (n, i, k)");
        check_rank_is("bmm", w, 3, "b must be (n, k, j)");
        const auto &left = shape_of(v), &right = shape_of(w);
        if (left[0] != right[0] || left[2] != right[1])
            fail<shape_error>("bmm", "a is ", left, ", b is ", right, "; they must be (n, i, k) and (n, k, j)");
        return multiply_matrices(v, w, {});
    }, a, b);
}

}  // namespace detail

/// y[n] = a[n] b[n], stacks of as many matrices: (n, i, k) (n, k, j) gives (n, i, j). Throws `rank_error`, `shape_error`.
struct bmm_fn {
    template <element T, element U, std::size_t N, std::size_t M>
    tensor<T, 3> operator()(const tensor<T, N>& a, const tensor<U, M>& b) const {
        detail::check_types<T, U>();
        static_assert((N == 3 || N == dynamic_rank) && (M == 3 || M == dynamic_rank), "of stacks of matrices: matmul(a, b) broadcasts");
        return detail::with_rank<3>(detail::bmm_any<T>(a, b));
    }
};
inline constexpr bmm_fn bmm{};

struct addmm_options {
    double beta = 1;    ///< of the summand; 0: it is not read
    double alpha = 1;   ///< of the product; 0: it is not computed
};
void say_options(const addmm_options& options, const auto& say) {
    say("beta", options.beta);
    say("alpha", options.alpha);
}

namespace detail {

template <real T>
tensor<T> addmm_value(const basic_tensor<T>& summand, const basic_tensor<T>& a, const basic_tensor<T>& b, addmm_options options) {
    check_rank_is("addmm", a, 2, "a must be a matrix");
    check_rank_is("addmm", b, 2, "b must be a matrix");
    check_inner_sizes(a, b, {});
    const auto sizes = shape{shape_of(a)[0], shape_of(b)[1]};
    if (broadcast_shapes("addmm", shape_of(summand), sizes) != sizes)
        fail<shape_error>("addmm", "the summand is ", shape_of(summand), ", the product ", sizes, "; it must broadcast to that");
    const auto plain = options.beta == 1 && options.alpha == 1;
    if (plain && summand.rank() == 1 && summand.size() == sizes[1]) return affine<no_activation>(a, b, summand);
    const auto times = [](const auto& x, double factor) { return factor == 1 ? tensor<T>{x} : apply_left<multiply_fn>(x, static_cast<T>(factor)); };
    const auto product = options.alpha == 0 ? filled<dynamic_rank>(sizes, T{0}) : times(multiply_matrices(a, b, {}), options.alpha);
    return options.beta == 0 ? product : apply_binary<add_fn>(times(summand, options.beta), product);
}
template <real T>
tensor<T> addmm_any(const basic_tensor<T>& summand, const basic_tensor<T>& a, const basic_tensor<T>& b, addmm_options options) {
    return call("addmm", {"c", "a", "b", "options"},
                [](const basic_tensor<T>& c, const basic_tensor<T>& v, const basic_tensor<T>& w, addmm_options given) {
        return addmm_value(c, v, w, given);
    }, summand, a, b, options);
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
        return detail::with_rank<2>(detail::addmm_any<T>(c, a, b, options));
    }
};
inline constexpr addmm_fn addmm{};

}  // namespace xgrad

// Defined by xgrad::compiled.
#if defined(XGRAD_INSTANCE)
namespace xgrad::inline XGRAD_ABI::detail {
#define XGRAD_INSTANCES(T) \
    XGRAD_INSTANCE tensor<T> bmm_any(const basic_tensor<T>&, const basic_tensor<T>&); \
    XGRAD_INSTANCE tensor<T> addmm_any(const basic_tensor<T>&, const basic_tensor<T>&, const basic_tensor<T>&, addmm_options);
XGRAD_FOR_REAL_TYPES(XGRAD_INSTANCES)
#undef XGRAD_INSTANCES
}
#endif
