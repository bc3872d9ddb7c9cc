// Elements chosen by truth values.
#pragma once

#include <xgrad/autograd/backward.hpp>
#include <xgrad/autograd/operation.hpp>
#include <xgrad/core/config.hpp>
#include <xgrad/ops/compare.hpp>
#include <xgrad/ops/take.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>

namespace xgrad::inline XGRAD_ABI {

namespace detail {

/// The positions of the elements that are not 0, among all in row-major order.
template <element T>
tensor<std::int64_t> places_of_nonzero(const basic_tensor<T>& x) {
    const auto values = x.span();
    const auto is_not_zero = [](T value) { return value != T{0}; };
    auto y = make_result<std::int64_t>({std::count_if(values.begin(), values.end(), is_not_zero)});
    auto* to = access::elements(y);
    for (auto i = std::size_t{0}; i < values.size(); ++i)
        if (is_not_zero(values[i])) *to++ = static_cast<std::int64_t>(i);
    return y;
}

/// One row for each place: its indices along all axes of `sizes`.
XGRAD_ON_DEMAND tensor<std::int64_t> as_indices(const tensor<std::int64_t>& places, const shape& sizes) {
    auto y = make_result<std::int64_t>({places.size(), sizes.rank()});
    for (auto i = std::size_t{0}; i < places.size(); ++i) {
        auto rest = static_cast<std::size_t>(places.data()[i]);
        for (auto axis = sizes.rank(); axis-- > 0; rest /= sizes[axis])
            access::elements(y)[i * sizes.rank() + axis] = static_cast<std::int64_t>(rest % sizes[axis]);
    }
    return y;
}

template <element T>
tensor<T> masked_select_value(const basic_tensor<T>& x, const basic_tensor<bool>& mask) {
    const auto sizes = broadcast_shapes("masked_select", shape_of(x), shape_of(mask));
    const auto whole_x = shape_of(x) == sizes ? tensor<T>{x} : broadcast_to(x, sizes);
    const auto places = places_of_nonzero(shape_of(mask) == sizes ? tensor<bool>{mask} : broadcast_to(mask, sizes));
    return take_along(reshape_to(whole_x, {whole_x.size()}), places, 0);
}
template <element T>
tensor<T> masked_select_any(const basic_tensor<T>& x, const basic_tensor<bool>& mask) {
    return call("masked_select", {"x", "mask"},
                [](const basic_tensor<T>& v, const basic_tensor<bool>& m) { return masked_select_value(v, m); }, x, mask);
}

template <element T>
tensor<T> masked_fill_any(const basic_tensor<T>& x, const basic_tensor<bool>& mask, const basic_tensor<T>& value) {
    return call("masked_fill", {"x", "mask", "value"},
                [](const basic_tensor<T>& v, const basic_tensor<bool>& m, const basic_tensor<T>& w) { return choose(m, w, v); }, x, mask, value);
}
template <element T>
tensor<T> masked_fill_number(const basic_tensor<T>& x, const basic_tensor<bool>& mask, T value) {
    return call("masked_fill", {"x", "mask", "value"},
                [](const basic_tensor<T>& v, const basic_tensor<bool>& m, T number) { return choose(m, tensor<T>(number), v); }, x, mask, value);
}

template <element T>
tensor<std::int64_t> nonzero_any(const basic_tensor<T>& x) {
    return call("nonzero", {"x"}, [](const basic_tensor<T>& v) { return as_indices(places_of_nonzero(v), shape_of(v)); }, x);
}

}  // namespace detail

/// y = value where the mask holds, x elsewhere. The mask and x broadcast; the value is a number or a tensor without axes.
/// dx = dy where the mask does not hold, 0 elsewhere;  dvalue = the sum of dy where it holds
struct masked_fill_fn {
    template <element T, std::size_t N, std::size_t M, scalar S>
    tensor<T, broadcast_rank<N, M>> operator()(const tensor<T, N>& x, const tensor<bool, M>& mask, S value) const {
        return detail::with_rank<broadcast_rank<N, M>>(detail::masked_fill_number<T>(x, mask, detail::as_element<T>("masked_fill", value)));
    }
    template <element T, std::size_t N, std::size_t M, std::size_t V>
    tensor<T, broadcast_rank<N, M>> operator()(const tensor<T, N>& x, const tensor<bool, M>& mask, const tensor<T, V>& value) const {
        static_assert(V == 0 || V == dynamic_rank, "the value is one number: where(mask, values, x) chooses among many");
        if (value.rank() != 0) fail<rank_error>("masked_fill", "the value is ", detail::shape_of(value), "; it must be one number");
        return detail::with_rank<broadcast_rank<N, M>>(detail::masked_fill_any<T>(x, mask, value));
    }
};
inline constexpr masked_fill_fn masked_fill{};

/// The elements of x where the mask holds, in row-major order, along one axis. The mask and x broadcast.
/// dx = dy at those places, 0 elsewhere
struct masked_select_fn {
    template <element T, std::size_t N, std::size_t M>
    tensor<T, 1> operator()(const tensor<T, N>& x, const tensor<bool, M>& mask) const {
        return detail::with_rank<1>(detail::masked_select_any<T>(x, mask));
    }
};
inline constexpr masked_select_fn masked_select{};

/// The indices of the elements that are not 0, NaN among them, one row for each, in row-major order: (count, x.rank()).
struct nonzero_fn {
    template <element T, std::size_t N>
    tensor<std::int64_t, 2> operator()(const tensor<T, N>& x) const {
        return detail::with_rank<2>(detail::nonzero_any<T>(x));
    }
};
inline constexpr nonzero_fn nonzero{};

}  // namespace xgrad

// Defined by xgrad::compiled.
#if defined(XGRAD_INSTANCE)
namespace xgrad::inline XGRAD_ABI::detail {
#define XGRAD_INSTANCES(T) \
    XGRAD_INSTANCE tensor<std::int64_t> nonzero_any(const basic_tensor<T>&); \
    XGRAD_INSTANCE tensor<T> masked_select_any(const basic_tensor<T>&, const basic_tensor<bool>&); \
    XGRAD_INSTANCE tensor<T> masked_fill_any(const basic_tensor<T>&, const basic_tensor<bool>&, const basic_tensor<T>&); \
    XGRAD_INSTANCE tensor<T> masked_fill_number(const basic_tensor<T>&, const basic_tensor<bool>&, T);
XGRAD_FOR_REAL_TYPES(XGRAD_INSTANCES)
#undef XGRAD_INSTANCES
}
#endif
