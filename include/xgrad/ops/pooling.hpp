// The largest element, the average and the norm of windows over one, two and three axes.
#pragma once

#include <xgrad/autograd/backward.hpp>
#include <xgrad/autograd/create.hpp>
#include <xgrad/autograd/operation.hpp>
#include <xgrad/core/config.hpp>
#include <xgrad/kernels/pooling.hpp>
#include <xgrad/ops/arithmetic.hpp>
#include <xgrad/ops/compare.hpp>
#include <xgrad/ops/math.hpp>
#include <xgrad/ops/pooling_sizes.hpp>
#include <xgrad/ops/values_and_indices.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <utility>

namespace xgrad::inline XGRAD_ABI {

namespace detail {

/// How many planes there are in front of the last axes, and how many elements each has.
struct planes_of {
    std::size_t count = 1, length = 1;
    planes_of(const shape& sizes, std::size_t axes) {
        for (auto i = std::size_t{0}; i < sizes.rank(); ++i) (i + axes < sizes.rank() ? count : length) *= sizes[i];
    }
};

inline constexpr const char* max_unpool_names[] = {"max_unpool1d", "max_unpool2d", "max_unpool3d"};
inline constexpr const char* max_pool_names[] = {"max_pool1d", "max_pool2d", "max_pool3d"};
inline constexpr const char* max_pool_with_indices_names[] = {"max_pool1d_with_indices", "max_pool2d_with_indices", "max_pool3d_with_indices"};
inline constexpr const char* avg_pool_names[] = {"avg_pool1d", "avg_pool2d", "avg_pool3d"};
inline constexpr const char* lp_pool_names[] = {"lp_pool1d", "lp_pool2d", "lp_pool3d"};

/// Elements of each plane by their number in it, y[i] = x[indices[i]], and their sums put back, y[indices[i]] += x[i]: the
/// derivative of each is the other.
template <real T>
tensor<T> take_in_planes(const basic_tensor<T>& x, const tensor<std::int64_t>& indices, std::size_t axes);
template <real T>
tensor<T> add_in_planes(const basic_tensor<T>& x, const tensor<std::int64_t>& indices, std::size_t axes, const shape& sizes) {
    return call("add_in_planes", {"x", "indices", "axes", "shape"},
                [](const basic_tensor<T>& v, const tensor<std::int64_t>& places, std::size_t last, const shape& result) {
        auto y = filled<dynamic_rank>(result, T{0});
        const auto from = planes_of{shape_of(v), last};
        kernels::add_at_places(v.data(), places.data(), from.count, from.length, planes_of{result, last}.length, access::elements(y));
        return record("add_in_planes", std::move(y), {v}, keep(places), [last](const auto& dy, gradients& d, const auto& at) {
            d(0, [&] { return take_in_planes<T>(dy, at(), last); });
        });
    }, x, indices, axes, sizes);
}
template <real T>
tensor<T> take_in_planes(const basic_tensor<T>& x, const tensor<std::int64_t>& indices, std::size_t axes) {
    return call("take_in_planes", {"x", "indices", "axes"}, [](const basic_tensor<T>& v, const tensor<std::int64_t>& places, std::size_t last) {
        auto y = make_result<T>(shape_of(places));
        const auto to = planes_of{shape_of(places), last};
        kernels::take_at_places(v.data(), places.data(), to.count, to.length, planes_of{shape_of(v), last}.length, access::elements(y));
        return record("take_in_planes", std::move(y), {v}, keep(places), [last, sizes = shape_of(v)](const auto& dy, gradients& d, const auto& at) {
            d(0, [&] { return add_in_planes<T>(dy, at(), last, sizes); });
        });
    }, x, indices, axes);
}

/// y[i] = x[j], the largest of window i        dx[j] += dy[i]
template <real T>
values_and_indices<T> max_pool_value(const basic_tensor<T>& x, const pool_sizes& sizes, bool wants_indices) {
    const auto result = sizes.out(shape_of(x));
    auto y = make_result<T>(result);
    auto indices = wants_indices || needs_grad(x) ? make_result<std::int64_t>(result) : tensor<std::int64_t>{};
    kernels::max_pool(sizes.over, planes_of{shape_of(x), sizes.axes}.count, x.data(), access::elements(y),
                      indices.defined() ? access::elements(indices) : nullptr);
    auto values = record("max_pool", std::move(y), {x}, keep(indices), [axes = sizes.axes, from = shape_of(x)](const auto& dy, gradients& d, const auto& at) {
        d(0, [&] { return add_in_planes<T>(dy, at(), axes, from); });
    });
    return {std::move(values), std::move(indices)};
}

template <real T>
values_and_indices<T> max_pool_any(const basic_tensor<T>& x, const pool_sizes& sizes, bool wants_indices) {
    if (!wants_indices)
        return {call(sizes.name, {"x", "sizes"}, [](const basic_tensor<T>& v, const pool_sizes& s) { return max_pool_value(v, s, false).values; },
                     x, sizes), {}};
    return call(sizes.name, {"x", "sizes"}, [](const basic_tensor<T>& v, const pool_sizes& s) { return max_pool_value(v, s, true); }, x, sizes);
}

/// What the sum of a window is divided by.
struct average_of {
    bool count_include_pad;
    std::size_t divisor;

    template <class T>
    kernels::divisors<T> divisors(const pool_sizes& sizes) const {
        return {sizes.over, [&](std::size_t a, std::size_t o) {
                    if (divisor != 0) return a == 0 ? divisor : std::size_t{1};
                    const auto& axis = sizes.over.axes[a];
                    const auto in = static_cast<std::ptrdiff_t>(axis.in), begin = static_cast<std::ptrdiff_t>(o * axis.stride) - axis.before;
                    const auto end = std::min(begin + static_cast<std::ptrdiff_t>(axis.kernel), in + static_cast<std::ptrdiff_t>(sizes.after[a]));
                    if (count_include_pad) return static_cast<std::size_t>(end - begin);
                    return static_cast<std::size_t>(std::max<std::ptrdiff_t>(1, std::min(end, in) - std::max<std::ptrdiff_t>(begin, 0)));
                }};
    }
};
void say_options(const average_of& by, const auto& say) {
    say("count_include_pad", by.count_include_pad);
    say("divisor", by.divisor);
}

/// y = the sum of the window / how many        dx += dy / how many, for each element of the window
template <real T>
tensor<T> add_average(const basic_tensor<T>& y, const pool_sizes& sizes, const average_of& by, const shape& from);
template <real T>
tensor<T> avg_pool_any(const basic_tensor<T>& x, const pool_sizes& sizes, const average_of& by) {
    return call(sizes.name, {"x", "sizes", "by"}, [](const basic_tensor<T>& v, const pool_sizes& s, const average_of& b) {
        auto y = make_result<T>(s.out(shape_of(v)));
        kernels::average_pool(s.over, b.divisors<T>(s), planes_of{shape_of(v), s.axes}.count, v.data(), access::elements(y));
        return record("avg_pool", std::move(y), {v}, keep(), [s, b, from = shape_of(v)](const auto& dy, gradients& d) {
            d(0, [&] { return add_average<T>(dy, s, b, from); });
        });
    }, x, sizes, by);
}
template <real T>
tensor<T> add_average(const basic_tensor<T>& y, const pool_sizes& sizes, const average_of& by, const shape& from) {
    return call("add_average", {"x", "sizes", "by", "shape"}, [](const basic_tensor<T>& v, const pool_sizes& s, const average_of& b, const shape& result) {
        auto x = make_result<T>(result);
        kernels::average_input(s.over, b.divisors<T>(s), planes_of{result, s.axes}.count, v.data(), access::elements(x));
        return record("add_average", std::move(x), {v}, keep(), [s, b](const auto& dx, gradients& d) {
            d(0, [&] { return avg_pool_any<T>(dx, s, b); });
        });
    }, y, sizes, by, from);
}

/// The root of the average of x^p over the windows, times the number of elements of the kernel; of a root of 0, whose slope is
/// infinite, the gradient is 0.
template <real T>
tensor<T> lp_pool_any(const basic_tensor<T>& x, T p, const pool_sizes& sizes) {
    return call(sizes.name, {"x", "p", "sizes"}, [](const basic_tensor<T>& v, T exponent, const pool_sizes& s) {
        const auto powers = tensor<T>{pow(tensor<T>{v}, exponent)};
        auto averaged = s;
        averaged.name = avg_pool_names[s.axes - 1];
        const auto total = tensor<T>{avg_pool_any<T>(powers, averaged, {true, 0}) * static_cast<T>(s.over.taps())};
        const auto root = tensor<T>{pow(total, 1 / exponent)};
        return exponent > 1 ? tensor<T>{where(total == 0, 0, root)} : root;
    }, x, p, sizes);
}

/// The shape of what was pooled to x.
XGRAD_ON_DEMAND shape unpooled_shape(const char* caller, std::size_t axes, const shape& x, const per_axis& kernel, const max_unpool_options& options) {
    check_pool_operand(caller, axes, x);
    const auto over = place_window(caller, x, axes, kernel_of(caller, kernel, axes), options.stride == per_axis{0} ? kernel : options.stride,
                                   options.padding, 1);
    auto result = x;
    for (auto i = std::size_t{0}; i < axes; ++i) {
        const auto& axis = over.over.axes[3 - axes + i];
        check_distance(caller, "stride", axis.in, axis.stride);
        const auto full = (axis.in - 1) * axis.stride + axis.kernel, cut = static_cast<std::size_t>(axis.before) + over.after[3 - axes + i];
        const auto given = options.size.at(caller, "size", i, axes, 0);
        if (given == 0 && full <= cut) fail<shape_error>(caller, "nothing is left of ", full, " elements without padding, ", cut);
        result[x.rank() - axes + i] = given != 0 ? given : full - cut;
    }
    return result;
}

/// y[indices[i]] = x[i], 0 elsewhere        dx[i] = dy[indices[i]]
template <real T>
tensor<T> max_unpool_any(const basic_tensor<T>& x, const tensor<std::int64_t>& indices, std::size_t axes, const shape& sizes) {
    return call(max_unpool_names[axes - 1], {"x", "indices", "axes", "shape"},
                [](const basic_tensor<T>& v, const tensor<std::int64_t>& places, std::size_t last, const shape& result) {
        if (shape_of(v) != shape_of(places))
            fail<shape_error>(max_unpool_names[last - 1], "x is ", shape_of(v), ", the indices are ", shape_of(places), "; both must be equal");
        auto y = filled<dynamic_rank>(result, T{0});
        const auto from = planes_of{shape_of(v), last}, to = planes_of{result, last};
        for (auto i = std::size_t{0}; i < places.size(); ++i) {
            const auto index = places.data()[i];
            if (index < 0 || static_cast<std::size_t>(index) >= to.length)
                fail<index_error>(max_unpool_names[last - 1], "index ", index, " is out of range for a plane of ", to.length,
                                  " elements, of a result of shape ", result);
            access::elements(y)[i / from.length * to.length + static_cast<std::size_t>(index)] = v.data()[i];
        }
        return record("max_unpool", std::move(y), {v}, keep(places), [last](const auto& dy, gradients& d, const auto& at) {
            d(0, [&] { return take_in_planes<T>(dy, at(), last); });
        });
    }, x, indices, axes, sizes);
}

template <std::size_t Axes, std::size_t N>
constexpr void check_pool_rank() {
    static_assert(N == dynamic_rank || N == Axes + 2 || N == Axes + 1, "x has axes for images, channels, and one for each dimension");
}

}  // namespace detail

/// The largest element of each window        x: (n, c, ...) or (c, ...)  y: the same with the number of windows along each axis
/// A NaN in a window is its value. The gradient goes to the first of equal elements. Throws `shape_error` and `value_error`.
template <std::size_t Axes>
struct max_pool_fn {
    template <element T, std::size_t N>
    tensor<T, N> operator()(const tensor<T, N>& x, const per_axis& kernel, const max_pool_options& options = {}) const {
        return detail::with_rank<N>(std::move(apply(x, kernel, options, false).values));
    }

protected:
    template <element T, std::size_t N>
    static values_and_indices<T> apply(const tensor<T, N>& x, const per_axis& kernel, const max_pool_options& options, bool wants_indices) {
        static_assert(real<T>, "an operation on real numbers: convert the operand with astype<float>(x)");
        detail::check_pool_rank<Axes, N>();
        const auto& names = wants_indices ? detail::max_pool_with_indices_names : detail::max_pool_names;
        const auto sizes = detail::sizes_of_pool(names[Axes - 1], Axes, detail::shape_of(x), kernel, options.stride, options.padding, options.dilation,
                                                 options.ceil_mode);
        return detail::max_pool_any<T>(x, sizes, wants_indices);
    }
};
inline constexpr max_pool_fn<1> max_pool1d{};
inline constexpr max_pool_fn<2> max_pool2d{};
inline constexpr max_pool_fn<3> max_pool3d{};

/// The same, and the number of each within its plane, in row-major order: `const auto [values, indices] = ...`.
template <std::size_t Axes>
struct max_pool_with_indices_fn : private max_pool_fn<Axes> {
    template <element T, std::size_t N>
    values_and_indices<T, N> operator()(const tensor<T, N>& x, const per_axis& kernel, const max_pool_options& options = {}) const {
        return detail::with_ranks<N>(max_pool_fn<Axes>::apply(x, kernel, options, true));
    }
};
inline constexpr max_pool_with_indices_fn<1> max_pool1d_with_indices{};
inline constexpr max_pool_with_indices_fn<2> max_pool2d_with_indices{};
inline constexpr max_pool_with_indices_fn<3> max_pool3d_with_indices{};

/// What was chosen by max_pool back at its place, zeros elsewhere. Throws `index_error` for an index outside of the result.
template <std::size_t Axes>
struct max_unpool_fn {
    template <element T, std::size_t N, std::size_t M>
    tensor<T, N> operator()(const tensor<T, N>& x, const tensor<std::int64_t, M>& indices, const per_axis& kernel,
                            const max_unpool_options& options = {}) const {
        static_assert(real<T>, "an operation on real numbers: convert the operand with astype<float>(x)");
        detail::check_pool_rank<Axes, N>();
        const auto sizes = detail::unpooled_shape(detail::max_unpool_names[Axes - 1], Axes, detail::shape_of(x), kernel, options);
        return detail::with_rank<N>(detail::max_unpool_any<T>(x, indices, Axes, sizes));
    }
};
inline constexpr max_unpool_fn<1> max_unpool1d{};
inline constexpr max_unpool_fn<2> max_unpool2d{};
inline constexpr max_unpool_fn<3> max_unpool3d{};

/// The average of each window. Padding counts as zeros, unless `count_include_pad` is false.
template <std::size_t Axes>
struct avg_pool_fn {
    template <element T, std::size_t N>
    tensor<T, N> operator()(const tensor<T, N>& x, const per_axis& kernel, const avg_pool_options& options = {}) const {
        static_assert(real<T>, "an operation on real numbers: convert the operand with astype<float>(x)");
        detail::check_pool_rank<Axes, N>();
        const auto sizes = detail::sizes_of_pool(detail::avg_pool_names[Axes - 1], Axes, detail::shape_of(x), kernel, options.stride, options.padding, 1, options.ceil_mode);
        if (options.divisor < 0) fail<value_error>(sizes.name, "the divisor must not be negative, got ", options.divisor.value);
        return detail::with_rank<N>(detail::avg_pool_any<T>(x, sizes, {options.count_include_pad, static_cast<std::size_t>(options.divisor.value)}));
    }
};
inline constexpr avg_pool_fn<1> avg_pool1d{};
inline constexpr avg_pool_fn<2> avg_pool2d{};
inline constexpr avg_pool_fn<3> avg_pool3d{};

/// (sum of x^p)^(1/p) over each window, as PyTorch has it: without absolute values, and a window that hangs over counts as
/// if it were full, of the same average. A window of zeros has the gradient 0 where p > 1.
template <std::size_t Axes>
struct lp_pool_fn {
    template <element T, std::size_t N>
    tensor<T, N> operator()(const tensor<T, N>& x, detail::number_for<T> p, const per_axis& kernel, const lp_pool_options& options = {}) const {
        static_assert(real<T>, "an operation on real numbers: convert the operand with astype<float>(x)");
        detail::check_pool_rank<Axes, N>();
        const auto sizes = detail::sizes_of_pool(detail::lp_pool_names[Axes - 1], Axes, detail::shape_of(x), kernel, options.stride, 0, 1, options.ceil_mode);
        return detail::with_rank<N>(detail::lp_pool_any<T>(x, p, sizes));
    }
};
inline constexpr lp_pool_fn<1> lp_pool1d{};
inline constexpr lp_pool_fn<2> lp_pool2d{};
inline constexpr lp_pool_fn<3> lp_pool3d{};

}  // namespace xgrad

// Defined by xgrad::compiled.
#if defined(XGRAD_INSTANCE)
namespace xgrad::inline XGRAD_ABI::detail {
#define XGRAD_INSTANCES(T) \
    XGRAD_INSTANCE values_and_indices<T> max_pool_any(const basic_tensor<T>&, const pool_sizes&, bool); \
    XGRAD_INSTANCE tensor<T> max_unpool_any(const basic_tensor<T>&, const tensor<std::int64_t>&, std::size_t, const shape&); \
    XGRAD_INSTANCE tensor<T> avg_pool_any(const basic_tensor<T>&, const pool_sizes&, const average_of&); \
    XGRAD_INSTANCE tensor<T> lp_pool_any(const basic_tensor<T>&, T, const pool_sizes&);
XGRAD_FOR_REAL_TYPES(XGRAD_INSTANCES)
#undef XGRAD_INSTANCES
}
#endif
