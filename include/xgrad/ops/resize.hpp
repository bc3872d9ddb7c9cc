// Images in other sizes: by interpolation, and by moving channels into pixels and back.
#pragma once

#include <xgrad/core/config.hpp>
#include <xgrad/core/error.hpp>
#include <xgrad/ops/resample.hpp>
#include <xgrad/ops/shape.hpp>
#include <xgrad/ops/window_options.hpp>

#include <array>
#include <cstddef>
#include <initializer_list>
#include <type_traits>

namespace xgrad::inline XGRAD_ABI {

/// How an element between others is found: `upsample_mode::linear`, for one. (A class, for `linear` is a function, too, which
/// an enumerator would shadow.)
class upsample_mode {
public:
    static const upsample_mode nearest, linear, bilinear, trilinear, cubic, bicubic;

    constexpr explicit upsample_mode(kernels::resampling how) : m_how{how} {}
    constexpr kernels::resampling how() const { return m_how; }
    friend constexpr bool operator==(const upsample_mode&, const upsample_mode&) = default;

private:
    kernels::resampling m_how;
};
inline constexpr upsample_mode upsample_mode::nearest{kernels::resampling::by_nearest};
inline constexpr upsample_mode upsample_mode::linear{kernels::resampling::by_lines};
inline constexpr upsample_mode upsample_mode::bilinear = upsample_mode::linear;
inline constexpr upsample_mode upsample_mode::trilinear = upsample_mode::linear;
inline constexpr upsample_mode upsample_mode::cubic{kernels::resampling::by_cubics};
inline constexpr upsample_mode upsample_mode::bicubic = upsample_mode::cubic;

/// One factor for every axis, or one for each.
class scale_factors {
public:
    template <class Number>
        requires std::is_arithmetic_v<Number>
    constexpr scale_factors(Number factor) : m_values{static_cast<double>(factor)} {}
    constexpr scale_factors(std::initializer_list<double> factors) : m_count{factors.size()} {
        if (m_count == 0 || m_count > m_values.size()) fail<value_error>("upsample", "a scale for each of the axes, three at most");
        auto at = std::size_t{0};
        for (const auto each : factors) m_values[at++] = each;
    }
    /// 0 where none was given.
    double at(std::size_t axis, std::size_t axes) const {
        if (m_count != 1 && m_count != axes) fail<value_error>("upsample", "scale names ", m_count, " numbers, there are ", axes, " axes");
        return m_values[m_count == 1 ? 0 : axis];
    }

private:
    std::array<double, 3> m_values{};
    std::size_t m_count = 1;
};

struct upsample_options {
    per_axis size = 0;         ///< of the result; 0: what the scale gives
    scale_factors scale = 0;   ///< the result has floor(size scale) elements along an axis
    upsample_mode mode = upsample_mode::nearest;
    bool align_corners = false;   ///< whether the outermost elements lie on each other, not the outermost edges
};

namespace detail {

XGRAD_ON_DEMAND resample_options resample_of(const upsample_options& options, const shape& x, std::size_t number, std::size_t axes) {
    const auto axis = x.rank() - axes + number, size = options.size.at("upsample", "size", number, axes, 0);
    const auto scale = size == 0 ? options.scale.at(number, axes) : 0;
    if (size == 0 && !(scale > 0)) fail<value_error>("upsample", "give a size, or a scale above 0; the size is 0, the scale ", scale);
    const auto out = size != 0 ? size : static_cast<std::size_t>(static_cast<double>(x[axis]) * scale);
    if (x[axis] == 0 || out == 0) fail<shape_error>("upsample", "x is ", x, ", the result has ", out, " elements along axis ", axis);
    return {.how = options.mode.how(), .axis = axis, .in = x[axis], .out = out, .align_corners = options.align_corners, .scale = scale};
}

/// What is done along each axis but the first two.
struct axes_of_upsample {
    axes_of_upsample(const upsample_options& options, const shape& x) : count{x.rank() - 2}, align_corners{options.align_corners} {
        for (auto number = std::size_t{0}; number < count; ++number) along[number] = resample_of(options, x, number, count);
    }
    bool changes(std::size_t number) const {
        const auto& how = along[number];
        return how.in != how.out || (how.scale != 0 && how.scale != 1);
    }

    std::array<resample_options, 3> along{};
    std::size_t count;
    bool align_corners;
};
void say_options(const axes_of_upsample& by, const auto& say) {
    const auto how = by.along[0].how;
    say("mode", how == kernels::resampling::by_nearest ? "nearest" : how == kernels::resampling::by_lines ? "linear" : "cubic");
    auto size = shape{};
    auto scale = std::array<double, 3>{};
    for (auto i = std::size_t{0}; i < by.count; ++i) {
        size.push_back(by.along[i].out);
        scale[i] = by.along[i].scale;
    }
    say("size", size);
    say("scale", std::vector<double>(scale.begin(), scale.begin() + static_cast<std::ptrdiff_t>(by.count)));
    say("align_corners", by.align_corners);
}

template <real T>
tensor<T> upsample_any(const basic_tensor<T>& x, const upsample_options& options) {
    const auto& sizes = shape_of(x);
    if (sizes.rank() < 3 || sizes.rank() > 5) fail<rank_error>("upsample", "x is ", sizes, "; it has axes for images, channels, and one to three more");
    if (options.align_corners && options.mode == upsample_mode::nearest)
        fail<value_error>("upsample", "align_corners is for interpolation; the mode is nearest");
    const auto how = axes_of_upsample{options, sizes};
    return call("upsample", {"x", "how"}, [](const basic_tensor<T>& v, const axes_of_upsample& by) {
        auto y = tensor<T>{v};
        // The last axis first: there is least to do while the others are as they were.
        for (auto number = by.count; number-- > 0;)
            if (by.changes(number)) y = resample_along<T>(y, by.along[number]);
        return y;
    }, x, how);
}

/// (..., c r r, h, w) to (..., c, h r, w r), or back.
template <real T>
tensor<T> shuffle_pixels(const char* caller, const basic_tensor<T>& x, extent factor, bool back) {
    const auto& from = shape_of(x);
    if (from.rank() < 3 || from.rank() > max_rank - 2) fail<rank_error>(caller, "x is ", from, "; it ends with channels, rows, columns");
    if (factor < 1) fail<value_error>(caller, "the factor must be at least 1, got ", factor.value);
    const auto r = static_cast<std::size_t>(factor.value), last = from.rank() - 1;
    const auto c = from[last - 2], h = from[last - 1], w = from[last];
    if (back ? h % r != 0 || w % r != 0 : c % (r * r) != 0)
        fail<shape_error>(caller, "x is ", from, ", the factor ", r, back ? "; it must divide the last two axes" : "; its square must divide the channels");
    auto split = shape{}, result = shape{};
    for (auto i = std::size_t{0}; i + 2 < last; ++i) split.push_back(from[i]), result.push_back(from[i]);
    const auto front = split.rank();
    const auto parts = back ? std::array{c, h / r, r, w / r, r} : std::array{c / (r * r), r, r, h, w};
    for (const auto size : parts) split.push_back(size);
    for (const auto size : back ? std::array{c * r * r, h / r, w / r} : std::array{c / (r * r), h * r, w * r}) result.push_back(size);
    constexpr std::size_t forward[] = {0, 3, 1, 4, 2}, backward[] = {0, 2, 4, 1, 3};
    auto order = std::array<std::size_t, max_rank>{};
    for (auto i = std::size_t{0}; i < split.rank(); ++i) order[i] = i < front ? i : front + (back ? backward : forward)[i - front];
    return reshape_to(permute_axes(reshape_to(x, split), order), result);
}

template <real T>
tensor<T> pixel_shuffle_any(const basic_tensor<T>& x, std::ptrdiff_t factor) {
    return call("pixel_shuffle", {"x", "factor"}, [](const basic_tensor<T>& v, std::ptrdiff_t r) { return shuffle_pixels("pixel_shuffle", v, r, false); }, x, factor);
}
template <real T>
tensor<T> pixel_unshuffle_any(const basic_tensor<T>& x, std::ptrdiff_t factor) {
    return call("pixel_unshuffle", {"x", "factor"}, [](const basic_tensor<T>& v, std::ptrdiff_t r) { return shuffle_pixels("pixel_unshuffle", v, r, true); }, x, factor);
}

}  // namespace detail

/// x in another size along all axes but the first two        x: (n, c, ...), one to three axes more
///
/// `.mode` is nearest, linear (bilinear, trilinear) or cubic (bicubic), with PyTorch's places and weights.
/// Throws `value_error` when neither size nor scale is given, `rank_error`.
struct upsample_fn {
    template <element T, std::size_t N>
    tensor<T, N> operator()(const tensor<T, N>& x, const upsample_options& options) const {
        static_assert(real<T>, "an operation on real numbers: convert the operand with astype<float>(x)");
        return detail::with_rank<N>(detail::upsample_any<T>(x, options));
    }
};
inline constexpr upsample_fn upsample{};

/// y[..., c, h r + i, w r + j] = x[..., c r r + i r + j, h, w]        x: (..., c r r, h, w)  y: (..., c, h r, w r)
struct pixel_shuffle_fn {
    template <element T, std::size_t N>
    tensor<T, N> operator()(const tensor<T, N>& x, extent factor) const {
        static_assert(real<T>, "an operation on real numbers: convert the operand with astype<float>(x)");
        return detail::with_rank<N>(detail::pixel_shuffle_any<T>(x, factor.value));
    }
};
inline constexpr pixel_shuffle_fn pixel_shuffle{};

/// The other way round        x: (..., c, h r, w r)  y: (..., c r r, h, w)
struct pixel_unshuffle_fn {
    template <element T, std::size_t N>
    tensor<T, N> operator()(const tensor<T, N>& x, extent factor) const {
        static_assert(real<T>, "an operation on real numbers: convert the operand with astype<float>(x)");
        return detail::with_rank<N>(detail::pixel_unshuffle_any<T>(x, factor.value));
    }
};
inline constexpr pixel_unshuffle_fn pixel_unshuffle{};

}  // namespace xgrad

// Defined by xgrad::compiled.
#if defined(XGRAD_INSTANCE)
namespace xgrad::inline XGRAD_ABI::detail {
#define XGRAD_INSTANCES(T) \
    XGRAD_INSTANCE tensor<T> pixel_shuffle_any(const basic_tensor<T>&, std::ptrdiff_t); \
    XGRAD_INSTANCE tensor<T> pixel_unshuffle_any(const basic_tensor<T>&, std::ptrdiff_t);
XGRAD_FOR_REAL_TYPES(XGRAD_INSTANCES)
#undef XGRAD_INSTANCES
}
#endif
