// Pooling to a given size.
#pragma once

#include <xgrad/core/config.hpp>
#include <xgrad/kernels/adaptive_pooling.hpp>
#include <xgrad/ops/pooling.hpp>
#include <xgrad/ops/resample.hpp>

#include <cstddef>
#include <cstdint>
#include <utility>

namespace xgrad::inline XGRAD_ABI {

namespace detail {

inline constexpr const char* adaptive_max_pool_names[] = {"adaptive_max_pool1d", "adaptive_max_pool2d", "adaptive_max_pool3d"};
inline constexpr const char* adaptive_max_pool_with_indices_names[] = {"adaptive_max_pool1d_with_indices", "adaptive_max_pool2d_with_indices", "adaptive_max_pool3d_with_indices"};
inline constexpr const char* adaptive_avg_pool_names[] = {"adaptive_avg_pool1d", "adaptive_avg_pool2d", "adaptive_avg_pool3d"};

/// Of an operand whose last axes shall have the sizes of `size`.
XGRAD_ON_DEMAND pool_sizes sizes_of_adaptive_pool(const char* caller, std::size_t axes, const shape& x, const per_axis& size) {
    check_pool_operand(caller, axes, x);
    auto result = pool_sizes{caller, {}, {}, axes, false};
    for (auto i = std::size_t{0}; i < axes; ++i) {
        auto& axis = result.over.axes[3 - axes + i];
        axis.in = x[x.rank() - axes + i];
        axis.out = size.at(caller, "size", i, axes, 0);
    }
    return result;
}

template <real T>
values_and_indices<T> adaptive_max_pool_value(const basic_tensor<T>& x, const pool_sizes& sizes, bool wants_indices) {
    const auto result = sizes.out(shape_of(x));
    auto y = make_result<T>(result);
    auto indices = wants_indices || needs_grad(x) ? make_result<std::int64_t>(result) : tensor<std::int64_t>{};
    kernels::adaptive_max_pool(sizes.over, planes_of{shape_of(x), sizes.axes}.count, x.data(), access::elements(y),
                               indices.defined() ? access::elements(indices) : nullptr);
    auto values = record("adaptive_max_pool", std::move(y), {x}, keep(indices), [axes = sizes.axes, from = shape_of(x)](const auto& dy, gradients& d, const auto& at) {
        d(0, [&] { return add_in_planes<T>(dy, at(), axes, from); });
    });
    return {std::move(values), std::move(indices)};
}
template <real T>
values_and_indices<T> adaptive_max_pool_any(const basic_tensor<T>& x, const pool_sizes& sizes, bool wants_indices) {
    if (!wants_indices)
        return {call(sizes.name, {"x", "sizes"}, [](const basic_tensor<T>& v, const pool_sizes& s) { return adaptive_max_pool_value(v, s, false).values; },
                     x, sizes), {}};
    return call(sizes.name, {"x", "sizes"}, [](const basic_tensor<T>& v, const pool_sizes& s) { return adaptive_max_pool_value(v, s, true); },
                x, sizes);
}

/// The average over a box is that along each of its axes in turn.
template <real T>
tensor<T> adaptive_avg_pool_any(const basic_tensor<T>& x, const pool_sizes& sizes) {
    return call(sizes.name, {"x", "sizes"}, [](const basic_tensor<T>& v, const pool_sizes& s) {
        auto y = tensor<T>{v};
        for (auto i = std::size_t{0}; i < s.axes; ++i) {
            const auto& axis = s.over.axes[2 - i];
            if (axis.in != axis.out) y = resample_along<T>(y, {.how = kernels::resampling::by_average, .axis = v.rank() - 1 - i, .in = axis.in, .out = axis.out});
        }
        return y;
    }, x, sizes);
}

}  // namespace detail

/// The average of each of as many windows as `size` says along each axis, which begin and end evenly distributed and meet
/// where they do not divide the axis.
template <std::size_t Axes>
struct adaptive_avg_pool_fn {
    template <element T, std::size_t N>
    tensor<T, N> operator()(const tensor<T, N>& x, const per_axis& size) const {
        static_assert(real<T>, "an operation on real numbers: convert the operand with astype<float>(x)");
        detail::check_pool_rank<Axes, N>();
        const auto sizes = detail::sizes_of_adaptive_pool(detail::adaptive_avg_pool_names[Axes - 1], Axes, detail::shape_of(x), size);
        return detail::with_rank<N>(detail::adaptive_avg_pool_any<T>(x, sizes));
    }
};
inline constexpr adaptive_avg_pool_fn<1> adaptive_avg_pool1d{};
inline constexpr adaptive_avg_pool_fn<2> adaptive_avg_pool2d{};
inline constexpr adaptive_avg_pool_fn<3> adaptive_avg_pool3d{};

/// The largest element of each of these windows.
template <std::size_t Axes>
struct adaptive_max_pool_fn {
    template <element T, std::size_t N>
    tensor<T, N> operator()(const tensor<T, N>& x, const per_axis& size) const {
        return detail::with_rank<N>(std::move(apply(x, size, false).values));
    }

protected:
    template <element T, std::size_t N>
    static values_and_indices<T> apply(const tensor<T, N>& x, const per_axis& size, bool wants_indices) {
        static_assert(real<T>, "an operation on real numbers: convert the operand with astype<float>(x)");
        detail::check_pool_rank<Axes, N>();
        const auto& names = wants_indices ? detail::adaptive_max_pool_with_indices_names : detail::adaptive_max_pool_names;
        const auto sizes = detail::sizes_of_adaptive_pool(names[Axes - 1], Axes, detail::shape_of(x), size);
        return detail::adaptive_max_pool_any<T>(x, sizes, wants_indices);
    }
};
inline constexpr adaptive_max_pool_fn<1> adaptive_max_pool1d{};
inline constexpr adaptive_max_pool_fn<2> adaptive_max_pool2d{};
inline constexpr adaptive_max_pool_fn<3> adaptive_max_pool3d{};

/// The same, and the number of each within its plane.
template <std::size_t Axes>
struct adaptive_max_pool_with_indices_fn : private adaptive_max_pool_fn<Axes> {
    template <element T, std::size_t N>
    values_and_indices<T, N> operator()(const tensor<T, N>& x, const per_axis& size) const {
        return detail::with_ranks<N>(adaptive_max_pool_fn<Axes>::apply(x, size, true));
    }
};
inline constexpr adaptive_max_pool_with_indices_fn<1> adaptive_max_pool1d_with_indices{};
inline constexpr adaptive_max_pool_with_indices_fn<2> adaptive_max_pool2d_with_indices{};
inline constexpr adaptive_max_pool_with_indices_fn<3> adaptive_max_pool3d_with_indices{};

}  // namespace xgrad

// Defined by xgrad::compiled.
#if defined(XGRAD_INSTANCE)
namespace xgrad::inline XGRAD_ABI::detail {
#define XGRAD_INSTANCES(T) \
    XGRAD_INSTANCE tensor<T> adaptive_avg_pool_any(const basic_tensor<T>&, const pool_sizes&); \
    XGRAD_INSTANCE values_and_indices<T> adaptive_max_pool_any(const basic_tensor<T>&, const pool_sizes&, bool);
XGRAD_FOR_REAL_TYPES(XGRAD_INSTANCES)
#undef XGRAD_INSTANCES
}
#endif
