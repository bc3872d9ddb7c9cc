// Norms of matrices.
#pragma once

#include <xgrad/core/cmath.hpp>
#include <xgrad/core/config.hpp>
#include <xgrad/kernels/decompose_vectors.hpp>
#include <xgrad/ops/arithmetic.hpp>
#include <xgrad/ops/compare.hpp>
#include <xgrad/ops/decompose/matrices.hpp>
#include <xgrad/ops/decompose/svd.hpp>
#include <xgrad/ops/math.hpp>
#include <xgrad/ops/reduce.hpp>

#include <array>
#include <concepts>
#include <cstddef>
#include <limits>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

namespace xgrad::inline XGRAD_ABI {

namespace detail {

/// y = sqrt(sum x_ij^2)        dx = dy x / y, 0 where y is
template <real T>
tensor<T> frobenius_norm(const basic_tensor<T>& x) {
    const auto& sizes = shape_of(x);
    const auto rows = rows_of(sizes), columns = columns_of(sizes);
    auto y = make_result<T>(batch_of(sizes));
    const auto* const from = x.data();
    for_each_matrix(y.size(), rows * columns, [&](std::size_t i) {
        auto lengths = std::vector<T, memory::allocator<T>>(rows);
        for (auto row = std::size_t{0}; row < rows; ++row)
            lengths[row] = kernels::length_of(from + (i * rows + row) * columns, columns);
        access::elements(y)[i] = kernels::length_of(lengths.data(), rows);
    });
    auto values = keep(x, result(y));
    const auto rule = [](const auto& dy, gradients& d, const auto& x_kept, const auto& y_kept) {
        d(0, [&] {
            const auto length = tensor<T>{y_kept()};
            const auto divisor = choose(tensor<bool>{length == 0}, tensor<T>(std::numeric_limits<T>::infinity()), length);
            return scaled(beside_matrices(dy), tensor<T>{x_kept() / beside_matrices(divisor)});
        });
    };
    return record("matrix_norm", std::move(y), {x}, std::move(values), rule);
}

inline axis_set one_axis(std::size_t axis) {
    auto axes = axis_set{};
    axes.insert(axis);
    return axes;
}

/// The largest or the smallest along the last axis.
template <real T>
tensor<T> extreme(const basic_tensor<T>& x, bool largest) {
    const auto last = one_axis(x.rank() - 1);
    return largest ? extremum<kernels::maximum_of>("matrix_norm", x, last, false)
                   : extremum<kernels::minimum_of>("matrix_norm", x, last, false);
}

/// By name, or by number: the orders that a norm of matrices may have.
class norm_order {
public:
    constexpr norm_order(const char* name) : m_nuclear{std::string_view{name} == "nuc"} {
        if (!m_nuclear && std::string_view{name} != "fro")
            fail<value_error>("matrix_norm", "no norm is called ", name, "; there are ", known);
    }
    template <class Number>
        requires std::is_arithmetic_v<Number>
    constexpr norm_order(Number order) : m_number{static_cast<double>(order)} {
        const auto size = m_number < 0 ? -m_number : m_number;
        if (size != 1 && size != 2 && size != std::numeric_limits<double>::infinity())
            fail<value_error>("matrix_norm", "no norm has the order ", m_number, "; there are ", known);
    }

    constexpr bool is_nuclear() const { return m_nuclear; }
    constexpr bool is_frobenius() const { return !m_nuclear && m_number == 0; }
    constexpr double number() const { return m_number; }

private:
    static constexpr auto known = "\"fro\", \"nuc\", 1, 2, infinity, -1, -2, -infinity";

    bool m_nuclear = false;
    double m_number = 0;
};

template <std::same_as<norm_order> Order>   // a name would turn into an order
void say_options(const Order& order, const auto& say) {
    if (order.is_nuclear() || order.is_frobenius()) say("ord", order.is_nuclear() ? "nuc" : "fro");
    else say("ord", order.number());
}

/// Over the last two axes.
template <real T>
tensor<T> norm_of_matrices(const basic_tensor<T>& x, norm_order order) {
    if (order.is_frobenius()) return frobenius_norm(x);
    if (const auto size = std::fabs(order.number()); size == 1 || std::isinf(size)) {
        const auto summed = sum_over(tensor<T>{abs(tensor<T>{x})}, one_axis(x.rank() - (size == 1 ? 2 : 1)), false);
        return extreme(summed, order.number() > 0);
    }
    const auto s = decompose_svd(x, false).s;
    if (!order.is_nuclear()) return extreme(s, order.number() > 0);
    return sum_over(tensor<T>{abs(s)}, one_axis(s.rank() - 1), false);   // |s|, whose derivative at 0 is 0
}

/// Over any two axes.
template <real T>
tensor<T> norm_over(const basic_tensor<T>& x, norm_order order, std::array<std::ptrdiff_t, 2> wanted, bool keep) {
    const auto rank = x.rank();
    const auto axes = axis_set{"matrix_norm", wanted, rank};
    const auto row = normalize_axis("matrix_norm", wanted[0], rank), column = normalize_axis("matrix_norm", wanted[1], rank);
    auto places = std::array<std::size_t, max_rank>{};
    auto count = std::size_t{0};
    for (auto axis = std::size_t{0}; axis < rank; ++axis)
        if (!axes.contains(axis)) places[count++] = axis;
    places[count] = row;
    places[count + 1] = column;
    const auto in_place = row + 2 == rank && column + 1 == rank;
    auto y = norm_of_matrices<T>(in_place ? tensor<T>{x} : permute_axes(x, places), order);
    return keep ? reshape_to(y, reduced_shape(shape_of(x), axes, true)) : y;
}

template <real T>
tensor<T> matrix_norm_any(const basic_tensor<T>& x, norm_order order, std::array<std::ptrdiff_t, 2> axes, bool keep) {
    using pair = std::array<std::ptrdiff_t, 2>;
    return call("matrix_norm", {"x", "ord", "axes", "keep_dims"},
                [](const basic_tensor<T>& v, norm_order given, const pair& along, bool keeps) {
        return norm_over(v, given, along, keeps);
    }, x, order, axes, keep);
}

}  // namespace detail

/// The norm of matrices, as torch.linalg.matrix_norm has it: `matrix_norm(x)`, `matrix_norm(x, "nuc")`, `matrix_norm(x, 1, {0, 1},
/// keep_dims)`.        x: (..., m, n)  y: (...)
///     "fro"            sqrt(sum x_ij^2), usually          dx = dy x / y, 0 where y is
///     "nuc"            the sum of the singular values     dx = dy u vh
///     2, -2            the largest, the smallest of them  dx = dy u_i vh_i
///     1, -1            the largest, the smallest sum of |x_ij| in a column; infinity, -infinity: in a row
/// The two axes are the last ones, or those in braces: rows, then columns. Equal ones share the gradient. Throws `value_error`
/// for another order, `rank_error`, `index_error`.
struct matrix_norm_fn {
    template <element T, std::size_t N>
    auto operator()(const tensor<T, N>& x, detail::norm_order order = "fro") const {
        return detail::with_rank<less<N>>(apply(x, order, {-2, -1}, false));
    }
    template <element T, std::size_t N>
    tensor<T, N> operator()(const tensor<T, N>& x, detail::norm_order order, keep_dims_t) const {
        return detail::with_rank<N>(apply(x, order, {-2, -1}, true));
    }
    template <element T, std::size_t N>
    auto operator()(const tensor<T, N>& x, detail::norm_order order, const extent (&axes)[2]) const {
        return detail::with_rank<less<N>>(apply(x, order, {axes[0], axes[1]}, false));
    }
    template <element T, std::size_t N>
    tensor<T, N> operator()(const tensor<T, N>& x, detail::norm_order order, const extent (&axes)[2], keep_dims_t) const {
        return detail::with_rank<N>(apply(x, order, {axes[0], axes[1]}, true));
    }

private:
    template <std::size_t N>
    static constexpr std::size_t less = N == dynamic_rank ? N : N - 2;

    template <element T, std::size_t N>
    static tensor<T> apply(const tensor<T, N>& x, detail::norm_order order, std::array<std::ptrdiff_t, 2> axes, bool keep) {
        detail::check_types<T>();
        static_assert(N >= 2, "x is a matrix, or a stack of them");
        detail::check_matrices("matrix_norm", x);
        return detail::matrix_norm_any<T>(x, order, axes, keep);
    }
};
inline constexpr matrix_norm_fn matrix_norm{};

}  // namespace xgrad

// Defined by xgrad::compiled.
#if defined(XGRAD_INSTANCE)
namespace xgrad::inline XGRAD_ABI::detail {
#define XGRAD_INSTANCES(T) \
    XGRAD_INSTANCE tensor<T> matrix_norm_any(const basic_tensor<T>&, norm_order, std::array<std::ptrdiff_t, 2>, bool);
XGRAD_FOR_REAL_TYPES(XGRAD_INSTANCES)
#undef XGRAD_INSTANCES
}
#endif
