// How alike the directions of vectors are.
#pragma once

#include <xgrad/autograd/operation.hpp>
#include <xgrad/core/config.hpp>
#include <xgrad/ops/arithmetic.hpp>
#include <xgrad/ops/compare.hpp>
#include <xgrad/ops/math.hpp>
#include <xgrad/ops/reduce.hpp>

#include <cstddef>
#include <limits>

namespace xgrad::inline XGRAD_ABI {

namespace detail {

/// sqrt x, of x >= 0, with the derivative 0 at 0.
template <real T>
tensor<T> root_of(const tensor<T>& x) {
    return tensor<T>{where(x == 0, 0, sqrt(x))};
}

/// A vector along `axis` in two factors: its largest element m, a constant (1 where that is 0), and the rest, whose squares
/// neither overflow nor vanish. What does not change with the length has the right derivatives by the rest alone.
template <real T>
struct scaled_vectors {
    tensor<T> size, rest;

    scaled_vectors(const tensor<T>& x, std::ptrdiff_t axis) {
        const auto largest = tensor<T>{max(abs(x.detach()), axis, keep_dims)};
        size = tensor<T>{where(largest > 0 && largest < std::numeric_limits<T>::infinity(), largest, 1)};
        rest = tensor<T>{x / size};
    }
    tensor<T> squares(std::ptrdiff_t axis) const { return tensor<T>{sum(square(rest), axis, keep_dims)}; }
};

/// The lengths of vectors as (size) (length of the rest), at least as long as eps.
template <real T>
tensor<T> bounded_length(const scaled_vectors<T>& x, std::ptrdiff_t axis, T eps) {
    return tensor<T>{maximum(root_of(x.squares(axis)), eps / x.size)};
}

/// y = a.b / (max(|a|, eps) max(|b|, eps)) along `axis`, of equal shapes
template <real T>
tensor<T> cosines(const basic_tensor<T>& left, const basic_tensor<T>& right, std::ptrdiff_t axis, double eps) {
    const auto a = scaled_vectors<T>{tensor<T>{left}, axis}, b = scaled_vectors<T>{tensor<T>{right}, axis};
    const auto product = tensor<T>{sum(a.rest * b.rest, axis, keep_dims)};
    const auto by = static_cast<T>(eps);
    auto sizes = shape_of(left);
    sizes.erase(static_cast<std::size_t>(axis));
    return reshape_to(tensor<T>{product / bounded_length(a, axis, by) / bounded_length(b, axis, by)}, sizes);
}

template <real T>
tensor<T> cosine_similarity_of(const basic_tensor<T>& left, const basic_tensor<T>& right, std::ptrdiff_t axis, double eps) {
    return call("cosine_similarity", {"a", "b", "axis", "eps"},
                [](const basic_tensor<T>& a, const basic_tensor<T>& b, std::ptrdiff_t along, double least) {
        const auto sizes = broadcast_shapes("cosine_similarity", shape_of(a), shape_of(b));
        const auto at = static_cast<std::ptrdiff_t>(normalize_axis("cosine_similarity", along, sizes.rank()));
        return cosines<T>(shape_of(a) == sizes ? tensor<T>{a} : broadcast_to(a, sizes),
                          shape_of(b) == sizes ? tensor<T>{b} : broadcast_to(b, sizes), at, least);
    }, left, right, axis, eps);
}

}  // namespace detail

/// The cosine of the angle between vectors along `axis`: y = a.b / (max(|a|, eps) max(|b|, eps)), as PyTorch has it. That of
/// zero vectors is 0, with finite gradients; large ones do not overflow. a and b broadcast. Throws `shape_error`.
struct cosine_similarity_fn {
    template <element T, element U, std::size_t N, std::size_t M>
    auto operator()(const tensor<T, N>& a, const tensor<U, M>& b, extent axis = 1, double eps = 1e-8) const {
        detail::check_types<T, U>();
        constexpr auto rank = broadcast_rank<N, M>;
        static_assert(rank != 0, "numbers are no vectors");
        return detail::with_rank<rank == dynamic_rank ? dynamic_rank : rank - 1>(
            detail::cosine_similarity_of<T>(a, b, axis.value, eps));
    }
};
inline constexpr cosine_similarity_fn cosine_similarity{};

}  // namespace xgrad

// Defined by xgrad::compiled.
#if defined(XGRAD_INSTANCE)
namespace xgrad::inline XGRAD_ABI::detail {
#define XGRAD_INSTANCES(T) \
    XGRAD_INSTANCE tensor<T> cosine_similarity_of(const basic_tensor<T>&, const basic_tensor<T>&, std::ptrdiff_t, double);
XGRAD_FOR_REAL_TYPES(XGRAD_INSTANCES)
#undef XGRAD_INSTANCES
}
#endif
