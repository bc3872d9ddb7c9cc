// Truth values of many elements: any, all, how many.
#pragma once

#include <xgrad/core/config.hpp>
#include <xgrad/ops/compare.hpp>
#include <xgrad/ops/reduce.hpp>

#include <cstdint>

namespace xgrad::inline XGRAD_ABI {

namespace detail {

struct any_of {
    template <class>
    static constexpr bool identity = false;
    bool operator()(bool a, bool b) const { return a | b; }
};

struct all_of {
    template <class>
    static constexpr bool identity = true;
    bool operator()(bool a, bool b) const { return a & b; }
};

/// Whether each element is not 0; NaN is not.
template <element T>
tensor<bool> truth(const basic_tensor<T>& x) {
    if constexpr (std::is_same_v<T, bool>) return tensor<bool>{x};
    else return compare_with<std::not_equal_to<>>("truth", x, T{0});
}

}  // namespace detail

/// Whether any element is not 0; false of none. NaN is not 0.
struct any_fn : detail::axis_reduction<any_fn> {
    static constexpr auto name = "any";
    template <element T>
    static tensor<bool> apply(const basic_tensor<T>& x, axis_set axes, bool keep) {
        return detail::fold(detail::any_of{}, detail::truth(x), axes, keep);
    }
};
inline constexpr any_fn any{};

/// Whether no element is 0; true of none.
struct all_fn : detail::axis_reduction<all_fn> {
    static constexpr auto name = "all";
    template <element T>
    static tensor<bool> apply(const basic_tensor<T>& x, axis_set axes, bool keep) {
        return detail::fold(detail::all_of{}, detail::truth(x), axes, keep);
    }
};
inline constexpr all_fn all{};

/// How many elements are not 0; NaN is not.
struct count_nonzero_fn : detail::axis_reduction<count_nonzero_fn> {
    static constexpr auto name = "count_nonzero";
    template <element T>
    static tensor<std::int64_t> apply(const basic_tensor<T>& x, axis_set axes, bool keep) {
        return detail::fold(kernels::sum_of{}, detail::convert<std::int64_t>(detail::truth(x)), axes, keep);
    }
};
inline constexpr count_nonzero_fn count_nonzero{};

}  // namespace xgrad

// Defined by xgrad::compiled.
#if defined(XGRAD_INSTANCE)
namespace xgrad::inline XGRAD_ABI::detail {
#define XGRAD_INSTANCES(T) \
    XGRAD_INSTANCE tensor<bool> reduce_by<any_fn>(const basic_tensor<T>&, axis_set, bool); \
    XGRAD_INSTANCE tensor<bool> reduce_by<all_fn>(const basic_tensor<T>&, axis_set, bool); \
    XGRAD_INSTANCE tensor<std::int64_t> reduce_by<count_nonzero_fn>(const basic_tensor<T>&, axis_set, bool);
XGRAD_FOR_REAL_TYPES(XGRAD_INSTANCES)
#undef XGRAD_INSTANCES
}
#endif
