// The largest and the smallest element along an axis, and where it stands.
#pragma once

#include <xgrad/core/config.hpp>
#include <xgrad/ops/reduce.hpp>
#include <xgrad/ops/values_and_indices.hpp>

#include <cstddef>
#include <functional>

namespace xgrad::inline XGRAD_ABI {

namespace detail {

template <class Better, element T>
values_and_indices<T> extremum_with_indices(const char* name, const basic_tensor<T>& x, std::size_t axis, bool keep) {
    return call(name, {"x", "axis", "keep_dims"}, [name](const basic_tensor<T>& v, std::size_t along, bool keeps) {
        auto found = chosen_along(v, arg_extremum_value<Better>(name, v, along, true), along);
        return keeps ? found : without_axis(found, along);
    }, x, axis, keep);
}

}  // namespace detail

/// The largest (or smallest) element along `axis`, the first NaN if there is one, and its place: the lowest among equals,
/// to which the gradient goes alone. Throws `shape_error` when there is none.
template <class Better>
struct extremum_with_indices_fn {
    const char* name;

    template <element T, std::size_t N>
    values_and_indices<T, detail::reduced_rank(N, 1)> operator()(const tensor<T, N>& x, extent axis) const {
        static_assert(N != 0, "a tensor without axes has none to reduce");
        return detail::with_ranks<detail::reduced_rank(N, 1)>(along(x, axis, false));
    }
    template <element T, std::size_t N>
    values_and_indices<T, N> operator()(const tensor<T, N>& x, extent axis, keep_dims_t) const {
        return detail::with_ranks<N>(along(x, axis, true));
    }
    template <element T, std::size_t N>
    values_and_indices<T> operator()(const tensor<T, N>& x, extent axis, detail::keep_flag keep) const {
        return along(x, axis, keep.value);
    }

private:
    template <element T>
    values_and_indices<T> along(const basic_tensor<T>& x, extent axis, bool keep) const {
        return detail::extremum_with_indices<Better>(name, x, normalize_axis(name, axis, x.rank()), keep);
    }
};
inline constexpr extremum_with_indices_fn<std::greater<>> max_with_indices{"max_with_indices"};
inline constexpr extremum_with_indices_fn<std::less<>> min_with_indices{"min_with_indices"};

}  // namespace xgrad

// Defined by xgrad::compiled.
#if defined(XGRAD_INSTANCE)
namespace xgrad::inline XGRAD_ABI::detail {
#define XGRAD_INSTANCES(T) \
    XGRAD_INSTANCE values_and_indices<T> extremum_with_indices<std::greater<>>(const char*, const basic_tensor<T>&, std::size_t, bool); \
    XGRAD_INSTANCE values_and_indices<T> extremum_with_indices<std::less<>>(const char*, const basic_tensor<T>&, std::size_t, bool);
XGRAD_FOR_REAL_TYPES(XGRAD_INSTANCES)
#undef XGRAD_INSTANCES
}
#endif
