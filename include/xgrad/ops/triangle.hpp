// The triangles of matrices.
#pragma once

#include <xgrad/autograd/create.hpp>
#include <xgrad/autograd/operation.hpp>
#include <xgrad/core/config.hpp>
#include <xgrad/core/error.hpp>
#include <xgrad/core/shape.hpp>
#include <xgrad/ops/compare.hpp>

#include <algorithm>
#include <cstddef>

namespace xgrad::inline XGRAD_ABI {

namespace detail {

enum class triangle { lower, upper };

/// Whether (i, j) is in the triangle: j - i <= offset in the lower one, >= in the upper one.
XGRAD_ON_DEMAND tensor<bool> triangle_mask(std::size_t rows, std::size_t columns, std::ptrdiff_t offset, triangle which) {
    const auto height = static_cast<std::ptrdiff_t>(rows), width = static_cast<std::ptrdiff_t>(columns);
    const auto first = std::clamp(offset, -height, width) + (which == triangle::lower ? 1 : 0);   // of row 0, beyond the border
    auto mask = make_result<bool>({rows, columns});
    for (auto row = std::ptrdiff_t{0}; row < height; ++row) {
        const auto begin = access::elements(mask) + row * width, border = begin + std::clamp(first + row, std::ptrdiff_t{0}, width);
        std::fill(begin, border, which == triangle::lower);
        std::fill(border, begin + width, which == triangle::upper);
    }
    return mask;
}

/// y = x in the triangle, 0 elsewhere, whatever x is there        dx = dy in the triangle, 0 elsewhere
template <element T>
tensor<T> triangle_of(const char* name, const basic_tensor<T>& x, std::ptrdiff_t offset, triangle which) {
    return call(name, {"x", "offset"}, [name, which](const basic_tensor<T>& v, std::ptrdiff_t of_diagonal) {
        const auto& sizes = shape_of(v);
        if (sizes.rank() < 2) fail<rank_error>(name, "x is ", sizes, "; it must be a matrix or several");
        return choose<T>(triangle_mask(sizes[sizes.rank() - 2], sizes.back(), of_diagonal, which), v, tensor<T>(T{0}));
    }, x, offset);
}

}  // namespace detail

/// Matrices, the last two axes, with what is above their diagonal (the main one, 0, or another) replaced by 0.
/// dx = dy where x was left. Throws `rank_error`.
struct tril_fn {
    template <element T, std::size_t N>
    tensor<T, N> operator()(const tensor<T, N>& x, extent offset = 0) const {
        static_assert(N != 0 && N != 1, "a triangle is of a matrix: two axes");
        return detail::with_rank<N>(detail::triangle_of<T>("tril", x, offset, detail::triangle::lower));
    }
};
inline constexpr tril_fn tril{};

/// The same with what is below the diagonal.
struct triu_fn {
    template <element T, std::size_t N>
    tensor<T, N> operator()(const tensor<T, N>& x, extent offset = 0) const {
        static_assert(N != 0 && N != 1, "a triangle is of a matrix: two axes");
        return detail::with_rank<N>(detail::triangle_of<T>("triu", x, offset, detail::triangle::upper));
    }
};
inline constexpr triu_fn triu{};

}  // namespace xgrad

// Defined by xgrad::compiled.
#if defined(XGRAD_INSTANCE)
namespace xgrad::inline XGRAD_ABI::detail {
#define XGRAD_INSTANCES(T) \
    XGRAD_INSTANCE tensor<T> triangle_of(const char*, const basic_tensor<T>&, std::ptrdiff_t, triangle);
XGRAD_FOR_REAL_TYPES(XGRAD_INSTANCES)
#undef XGRAD_INSTANCES
}
#endif
