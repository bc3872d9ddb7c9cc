// Powers of matrices.
#pragma once

#include <xgrad/core/config.hpp>
#include <xgrad/core/shape.hpp>
#include <xgrad/ops/arithmetic.hpp>
#include <xgrad/ops/decompose/matrices.hpp>
#include <xgrad/ops/decompose/solve.hpp>

#include <concepts>
#include <cstddef>
#include <cstdint>

namespace xgrad::inline XGRAD_ABI {

namespace detail {

/// By squares: a^13 = a^8 a^4 a.
template <real T>
tensor<T> power_of(const basic_tensor<T>& a, std::int64_t exponent) {
    check_square("matrix_power", a);
    if (exponent == 1) return reshape_to(a, shape_of(a));
    if (exponent == 0) {
        auto sizes = shape_of(a);
        sizes.erase(sizes.rank() - 1);
        return diagonal_matrix(filled<dynamic_rank>(sizes, T{1})) + weigh_bands(a, {0, 0, 0});
    }
    auto square = exponent < 0 ? inverse_any(a) : tensor<T>{a};
    auto left = exponent < 0 ? std::uint64_t{0} - static_cast<std::uint64_t>(exponent) : static_cast<std::uint64_t>(exponent);
    auto y = tensor<T>{};
    for (;; square = product(square, square)) {
        if (left % 2 != 0) y = y.defined() ? product(y, square) : square;
        left /= 2;
        if (left == 0) return y;
    }
}

template <real T>
tensor<T> matrix_power_any(const basic_tensor<T>& a, std::int64_t exponent) {
    return call("matrix_power", {"a", "exponent"}, [](const basic_tensor<T>& x, std::int64_t n) { return power_of(x, n); }, a,
                exponent);
}

}  // namespace detail

/// a a ... a, or with a negative exponent that of the inverse; the identity for 0.        a: (..., n, n)
/// Made of products and `inverse`, and differentiated as these are. Throws `shape_error`, and `value_error` where there is no
/// inverse.
struct matrix_power_fn {
    template <element T, std::size_t N, std::integral Exponent>
    tensor<T, N> operator()(const tensor<T, N>& a, Exponent exponent) const {
        detail::check_types<T>();
        static_assert(N >= 2, "a is a matrix, or a stack of them");
        return detail::with_rank<N>(detail::matrix_power_any<T>(a, extent{exponent}.value));
    }
};
inline constexpr matrix_power_fn matrix_power{};

}  // namespace xgrad

// Defined by xgrad::compiled.
#if defined(XGRAD_INSTANCE)
namespace xgrad::inline XGRAD_ABI::detail {
#define XGRAD_INSTANCES(T) XGRAD_INSTANCE tensor<T> matrix_power_any(const basic_tensor<T>&, std::int64_t);
XGRAD_FOR_REAL_TYPES(XGRAD_INSTANCES)
#undef XGRAD_INSTANCES
}
#endif
