// Normalisation by the statistics of each sample: layer, RMS, group and instance normalisation.
#pragma once

#include <xgrad/autograd/create.hpp>
#include <xgrad/autograd/operation.hpp>
#include <xgrad/core/config.hpp>
#include <xgrad/ops/normalized.hpp>

#include <cstddef>
#include <limits>
#include <optional>
#include <type_traits>

namespace xgrad::inline XGRAD_ABI {

struct normalize_options {
    double eps = 1e-5;   ///< added to the variance
};

struct rms_norm_options {
    std::optional<double> eps{};   ///< added to the mean square; by default the epsilon of the element type
};

namespace detail {

/// x as rows over its last axes, of shape `normal`.
template <real T>
normalization over_last_axes(const char* name, const basic_tensor<T>& x, const shape& normal, double eps) {
    const auto& sizes = shape_of(x);
    auto fits = normal.rank() != 0 && normal.rank() <= sizes.rank();
    for (auto axis = std::size_t{0}; fits && axis < normal.rank(); ++axis)
        fits = sizes[sizes.rank() - normal.rank() + axis] == normal[axis];
    if (!fits) fail<shape_error>(name, "x is ", sizes, ", the normalised shape ", normal, "; x's last axes must be that");
    const auto length = normal.elements();
    auto rows = std::size_t{1};
    for (auto axis = std::size_t{0}; axis + normal.rank() < sizes.rank(); ++axis) rows *= sizes[axis];
    auto by = normalization{.layout = {}, .sizes = {rows, 1, 1, length}, .axes = {}, .parameters = {1, 1, 1, length}, .eps = eps};
    by.axes.insert(3);
    by.layout = {.rows = rows, .length = length, .row_step = length, .row_parameters = length, .by_element = true};
    return by;
}

template <real T>
tensor<T> layer_norm_of(const basic_tensor<T>& x, const basic_tensor<T>& weight, const basic_tensor<T>& bias, const shape& normal, double eps) {
    return call("layer_norm", {"x", "weight", "bias", "normalized_shape", "eps"},
                [](const basic_tensor<T>& v, const basic_tensor<T>& w, const basic_tensor<T>& b, const shape& over, double e) {
        const auto by = over_last_axes("layer_norm", v, over, e);
        check_parameters("layer_norm", w, b, over);
        return normalize("layer_norm", v, w, b, room_for_statistics<T>(by.layout.rows), by);
    }, x, weight, bias, normal, eps);
}

template <real T>
tensor<T> rms_norm_of(const basic_tensor<T>& x, const basic_tensor<T>& weight, const shape& normal, double eps) {
    return call("rms_norm", {"x", "weight", "normalized_shape", "eps"},
                [](const basic_tensor<T>& v, const basic_tensor<T>& w, const shape& over, double e) {
        auto by = over_last_axes("rms_norm", v, over, e);
        by.centred = false;
        check_parameters("rms_norm", w, tensor<T>{}, over);
        return normalize("rms_norm", v, w, tensor<T>{}, room_for_statistics<T>(by.layout.rows), by);
    }, x, weight, normal, eps);
}

/// x: (n, c, ...), its channels in `groups` groups, of which each is normalised.
template <real T>
tensor<T> normalize_groups(const char* name, const basic_tensor<T>& x, const basic_tensor<T>& weight, const basic_tensor<T>& bias,
                           std::size_t groups, double eps) {
    const auto& sizes = shape_of(x);
    const auto channels = sizes[1], members = channels / groups;
    auto inner = std::size_t{1};
    for (auto axis = std::size_t{2}; axis < sizes.rank(); ++axis) inner *= sizes[axis];
    check_parameters(name, weight, bias, {channels});
    auto by = normalization{.layout = {}, .sizes = {sizes[0], groups, members, inner}, .axes = {}, .parameters = {1, groups, members, 1},
                            .eps = eps};
    by.axes.insert(2);
    by.axes.insert(3);
    by.layout = {.rows = sizes[0] * groups, .segments = members, .length = inner, .row_step = members * inner, .segment_step = inner,
                 .groups = groups, .row_parameters = members, .segment_parameters = 1};
    if (inner == 1) {   // one run of elements with parameters of their own
        by.layout.segments = 1;
        by.layout.length = members;
        by.layout.by_element = true;
    }
    return normalize(name, x, weight, bias, room_for_statistics<T>(by.layout.rows), by);
}

template <real T>
tensor<T> group_norm_of(const basic_tensor<T>& x, const basic_tensor<T>& weight, const basic_tensor<T>& bias, std::ptrdiff_t groups, double eps) {
    return call("group_norm", {"x", "weight", "bias", "groups", "eps"},
                [](const basic_tensor<T>& v, const basic_tensor<T>& w, const basic_tensor<T>& b, std::ptrdiff_t number, double e) {
        if (v.rank() < 2) fail<rank_error>("group_norm", "x is ", shape_of(v), "; it must be (n, c, ...)");
        if (number < 1 || shape_of(v)[1] % static_cast<std::size_t>(number) != 0)
            fail<shape_error>("group_norm", "x is ", shape_of(v), ", groups are ", number, "; their number must divide the channels, x's second");
        return normalize_groups("group_norm", v, w, b, static_cast<std::size_t>(number), e);
    }, x, weight, bias, groups, eps);
}

template <real T>
tensor<T> instance_norm_of(const basic_tensor<T>& x, const basic_tensor<T>& weight, const basic_tensor<T>& bias, double eps) {
    return call("instance_norm", {"x", "weight", "bias", "eps"},
                [](const basic_tensor<T>& v, const basic_tensor<T>& w, const basic_tensor<T>& b, double e) {
        if (v.rank() < 3) fail<rank_error>("instance_norm", "x is ", shape_of(v), "; it must be (n, c, ...) with another axis at least");
        auto inner = std::size_t{1};
        for (auto axis = std::size_t{2}; axis < v.rank(); ++axis) inner *= shape_of(v)[axis];
        if (inner == 1)
            fail<value_error>("instance_norm", "x is ", shape_of(v), ": of a single element for each channel and sample nothing would be left");
        return normalize_groups("instance_norm", v, w, b, shape_of(v)[1], e);
    }, x, weight, bias, eps);
}

}  // namespace detail

/// y = (x - mean) / sqrt(variance + eps) weight + bias, mean and (biased) variance over x's last axes, whose sizes are
/// given: `layer_norm(x, {512}, weight, bias)`; weight and bias, of these sizes, may be left out.
/// dx = (g - mean(g) - n mean(g n)) / sqrt(variance + eps), with g = dy weight and n = y before weight and bias;
/// dweight = sum dy n,  dbias = sum dy. Keeps x, weight, and mean and variance of each row. Throws `shape_error`.
/// J. L. Ba, J. R. Kiros, G. E. Hinton, "Layer normalization", 2016.
struct layer_norm_fn {
    template <element T, std::size_t N, std::size_t K>
    tensor<T, N> operator()(const tensor<T, N>& x, const extent (&sizes)[K], const tensor<std::type_identity_t<T>>& weight = {},
                            const tensor<std::type_identity_t<T>>& bias = {}, normalize_options options = {}) const {
        static_assert(N == dynamic_rank || K <= N, "the normalised axes are x's last");
        return (*this)(x, detail::shape_from(sizes), weight, bias, options);
    }
    template <element T, std::size_t N, std::size_t K>
    tensor<T, N> operator()(const tensor<T, N>& x, const extent (&sizes)[K], normalize_options options) const {
        return (*this)(x, detail::shape_from(sizes), {}, {}, options);
    }
    template <element T, std::size_t N, integral_range Sizes>
    tensor<T, N> operator()(const tensor<T, N>& x, const Sizes& sizes, const tensor<std::type_identity_t<T>>& weight = {},
                            const tensor<std::type_identity_t<T>>& bias = {}, normalize_options options = {}) const {
        detail::check_types<T>();
        return detail::with_rank<N>(detail::layer_norm_of<T>(x, weight, bias, shape(sizes), options.eps));
    }
};
inline constexpr layer_norm_fn layer_norm{};

/// y = x / sqrt(mean(x^2) + eps) weight, the mean over x's last axes, whose sizes are given. Otherwise as `layer_norm`.
/// B. Zhang, R. Sennrich, "Root mean square layer normalization", 2019.
struct rms_norm_fn {
    template <element T, std::size_t N, std::size_t K>
    tensor<T, N> operator()(const tensor<T, N>& x, const extent (&sizes)[K], const tensor<std::type_identity_t<T>>& weight = {},
                            rms_norm_options options = {}) const {
        static_assert(N == dynamic_rank || K <= N, "the normalised axes are x's last");
        return (*this)(x, detail::shape_from(sizes), weight, options);
    }
    template <element T, std::size_t N, std::size_t K>
    tensor<T, N> operator()(const tensor<T, N>& x, const extent (&sizes)[K], rms_norm_options options) const {
        return (*this)(x, detail::shape_from(sizes), {}, options);
    }
    template <element T, std::size_t N, integral_range Sizes>
    tensor<T, N> operator()(const tensor<T, N>& x, const Sizes& sizes, const tensor<std::type_identity_t<T>>& weight = {},
                            rms_norm_options options = {}) const {
        detail::check_types<T>();
        const auto eps = options.eps.value_or(static_cast<double>(std::numeric_limits<T>::epsilon()));
        return detail::with_rank<N>(detail::rms_norm_of<T>(x, weight, shape(sizes), eps));
    }
};
inline constexpr rms_norm_fn rms_norm{};

/// The channels of x, (n, c, ...), in groups, each group of each sample normalised as `layer_norm` does it; weight and
/// bias are (c), and may be left out. Throws `rank_error`, and `shape_error` when `groups` does not divide c.
/// Y. Wu, K. He, "Group normalization", 2018.
struct group_norm_fn {
    template <element T, std::size_t N>
    tensor<T, N> operator()(const tensor<T, N>& x, extent groups, const tensor<std::type_identity_t<T>>& weight = {},
                            const tensor<std::type_identity_t<T>>& bias = {}, normalize_options options = {}) const {
        detail::check_types<T>();
        return detail::with_rank<N>(detail::group_norm_of<T>(x, weight, bias, groups, options.eps));
    }
    template <element T, std::size_t N>
    tensor<T, N> operator()(const tensor<T, N>& x, extent groups, normalize_options options) const {
        return (*this)(x, groups, {}, {}, options);
    }
};
inline constexpr group_norm_fn group_norm{};

/// Each channel of each sample of x, (n, c, ...), normalised by itself; weight and bias are (c), and may be left out.
/// Throws `rank_error`, and `value_error` where a channel is a single element.
/// D. Ulyanov, A. Vedaldi, V. Lempitsky, "Instance normalization", 2016.
struct instance_norm_fn {
    template <element T, std::size_t N>
    tensor<T, N> operator()(const tensor<T, N>& x, const tensor<std::type_identity_t<T>>& weight = {},
                            const tensor<std::type_identity_t<T>>& bias = {}, normalize_options options = {}) const {
        detail::check_types<T>();
        return detail::with_rank<N>(detail::instance_norm_of<T>(x, weight, bias, options.eps));
    }
    template <element T, std::size_t N>
    tensor<T, N> operator()(const tensor<T, N>& x, normalize_options options) const {
        return (*this)(x, {}, {}, options);
    }
};
inline constexpr instance_norm_fn instance_norm{};

}  // namespace xgrad

// Defined by xgrad::compiled.
#if defined(XGRAD_INSTANCE)
namespace xgrad::inline XGRAD_ABI::detail {
#define XGRAD_INSTANCES(T) \
    XGRAD_INSTANCE tensor<T> layer_norm_of(const basic_tensor<T>&, const basic_tensor<T>&, const basic_tensor<T>&, const shape&, double); \
    XGRAD_INSTANCE tensor<T> rms_norm_of(const basic_tensor<T>&, const basic_tensor<T>&, const shape&, double); \
    XGRAD_INSTANCE tensor<T> group_norm_of(const basic_tensor<T>&, const basic_tensor<T>&, const basic_tensor<T>&, std::ptrdiff_t, double); \
    XGRAD_INSTANCE tensor<T> instance_norm_of(const basic_tensor<T>&, const basic_tensor<T>&, const basic_tensor<T>&, double);
XGRAD_FOR_REAL_TYPES(XGRAD_INSTANCES)
#undef XGRAD_INSTANCES
}
#endif
