// The product of the elements along axes.
#pragma once

#include <xgrad/autograd/backward.hpp>
#include <xgrad/autograd/upstream.hpp>
#include <xgrad/core/config.hpp>
#include <xgrad/kernels/prod.hpp>
#include <xgrad/ops/arithmetic.hpp>
#include <xgrad/ops/reduction_options.hpp>
#include <xgrad/ops/scan.hpp>

#include <cstddef>
#include <utility>

namespace xgrad::inline XGRAD_ABI {

namespace detail {

/// y = x_0 ... x_n along an axis        dx_i = dy x_0 ... x_(i-1) x_(i+1) ... x_n: what stands before, times what stands after
template <element T>
tensor<T> product_along(const basic_tensor<T>& x, std::size_t axis) {
    auto sizes = shape_of(x);
    const auto at = kernels::axis_view{sizes, axis};
    sizes[axis] = 1;
    auto y = make_result<T>(sizes);
    kernels::product(x.data(), at, access::elements(y));
    if constexpr (!real<T>) return y;
    else
        return record("prod", std::move(y), {x}, keep(x), [axis, at](const auto& dy, gradients& d, const auto& x_kept) {
            d(0, [&] {
                const auto& v = x_kept();
                if (needs_grad(dy, v)) {
                    const auto before = shifted(cumulative_product(v, axis, false), axis, false, T{1});
                    const auto after = shifted(cumulative_product(v, axis, true), axis, true, T{1});
                    return (upstream<T>{broadcast_to(dy, shape_of(v))} * tensor<T>{before * after}).value;
                }
                auto others = make_result<T>(shape_of(v));
                kernels::product_of_others(v.data(), at, access::elements(others));
                return scaled(broadcast_to(dy, shape_of(v)), others);
            });
        });
}

}  // namespace detail

/// The product of the elements, 1 of none; of integers and truth values as std::int64_t, of std::uint64_t as that, wrapping
/// around. Floats are multiplied in double precision.
/// dx_i = dy times the product of all others: nothing is divided, and zeros are like any other number, to every order.
struct prod_fn : detail::axis_reduction<prod_fn> {
    static constexpr auto name = "prod";
    template <element T>
    static auto apply(const basic_tensor<T>& x, axis_set axes, bool keep) {
        return detail::over_middle(detail::widened(x), axes, keep, [](const auto& v) { return detail::product_along(v, 1); });
    }
};
inline constexpr prod_fn prod{};

}  // namespace xgrad

// Defined by xgrad::compiled.
#if defined(XGRAD_INSTANCE)
namespace xgrad::inline XGRAD_ABI::detail {
#define XGRAD_INSTANCES(T) XGRAD_INSTANCE tensor<T> reduce_by<prod_fn>(const basic_tensor<T>&, axis_set, bool);
XGRAD_FOR_REAL_TYPES(XGRAD_INSTANCES)
#undef XGRAD_INSTANCES
}
#endif
