// Convolutions over one, two and three axes.
//
// There are three operations, each of which is linear in both of its operands, and the derivatives of each are the other two:
//
//     conv        y = w * x       dx = transpose(dy, w)    dw = weight(x, dy)
//     transpose   x = w^T * y     dy = conv(dx, w)         dw = weight(dx, y)
//     weight      w = y * x       dx = transpose(y, dw)    dy = conv(x, dw)
#pragma once

#include <xgrad/autograd/backward.hpp>
#include <xgrad/autograd/operation.hpp>
#include <xgrad/core/config.hpp>
#include <xgrad/kernels/conv.hpp>
#include <xgrad/kernels/conv_backward.hpp>
#include <xgrad/ops/conv_sizes.hpp>
#include <xgrad/ops/linalg.hpp>
#include <xgrad/ops/reduce.hpp>

#include <algorithm>
#include <cstddef>
#include <tuple>
#include <type_traits>
#include <utility>

namespace xgrad::inline XGRAD_ABI {

namespace detail {

/// f(sum + bias of the channel), in registers.
template <class Activation, class T>
struct bias_epilogue {
    const T* bias;   ///< or null

    simd::batch<T> operator()(const simd::batch<T>& sum, std::size_t channel, std::size_t, std::size_t) const {
        using batch = simd::batch<T>;
        return batch(Activation::value(bias == nullptr ? sum : batch(sum + batch(bias[channel]))));
    }
};
/// f(sum + bias of the channel + summand), in registers; the summand is an array like the result.
template <class Activation, class T>
struct summand_epilogue {
    const T* bias;   ///< or null
    const T* summand;

    simd::batch<T> operator()(const simd::batch<T>& sum, std::size_t channel, std::size_t element, std::size_t count) const {
        using batch = simd::batch<T>;
        const auto affine = bias == nullptr ? sum : batch(sum + batch(bias[channel]));
        return batch(Activation::value(batch(affine + simd::load_up_to(summand + element, count))));
    }
};

template <real T>
const T* data_of(const basic_tensor<T>& optional) {
    return optional.defined() ? optional.data() : nullptr;
}

/// What a bias that was added to all of a channel gets.
template <real T>
tensor<T> sum_of_channels(const basic_tensor<T>& dy) {
    auto others = axis_set{};
    for (auto axis = std::size_t{0}; axis < dy.rank(); ++axis)
        if (axis != 1) others.insert(axis);
    return reduce_by<sum_fn>(dy, others, false);
}

template <class Activation, real T>
tensor<T> conv_by(const basic_tensor<T>& x, const basic_tensor<T>& weight, const basic_tensor<T>& bias, const conv_sizes& sizes);
template <real T>
tensor<T> conv_transpose_by(const basic_tensor<T>& y, const basic_tensor<T>& weight, const basic_tensor<T>& bias, const conv_sizes& sizes);
template <real T>
tensor<T> conv_weight_by(const basic_tensor<T>& x, const basic_tensor<T>& y, const conv_sizes& sizes);

/// y = f(z), z[n, o, p] = b[o] + sum of w[o, c, k] x[n, c, p stride + k dilation - padding], c those of the group of o
template <class Activation, real T>
tensor<T> conv_value(const basic_tensor<T>& x, const basic_tensor<T>& weight, const basic_tensor<T>& bias, const conv_sizes& sizes) {
    auto y = make_result<T>(sizes.y());
    kernels::convolve(sizes.of, x.data(), weight.data(), access::elements(y), bias_epilogue<Activation, T>{data_of(bias)});
    const auto rule = [sizes](const auto& dz, gradients& d, const auto& x_kept, const auto& weight_kept) {
        d(0, [&] { return conv_transpose_by<T>(dz, weight_kept(), tensor<T>{}, sizes); });
        d(1, [&] { return conv_weight_by<T>(x_kept(), dz, sizes); });
        d(2, [&] { return sum_of_channels<T>(dz); });
    };
    auto operands = keep_read(weight.requires_grad(), x, x.requires_grad(), weight);
    if constexpr (std::is_same_v<Activation, no_activation>) {
        return record("conv", std::move(y), {x, weight, bias}, std::move(operands), rule);
    } else {
        auto all = std::tuple_cat(std::move(operands), keep(result(y)));
        return record("conv", std::move(y), {x, weight, bias}, std::move(all),
                      [rule](auto& dy, gradients& d, const auto& x_kept, const auto& weight_kept, const auto& y_kept) {
                          rule(evaluate(Activation::gradient, std::move(dy), y_kept()), d, x_kept, weight_kept);
                      });
    }
}

/// x[n, c, i] = b[c] + sum of w[o, c, k] y[n, o, p] where p stride + k dilation - padding = i
template <real T>
tensor<T> conv_transpose_value(const basic_tensor<T>& y, const basic_tensor<T>& weight, const basic_tensor<T>& bias, const conv_sizes& sizes) {
    auto x = make_result<T>(sizes.x());
    kernels::convolve_input(sizes.of, weight.data(), y.data(), data_of(bias), access::elements(x));
    return record("conv_transpose", std::move(x), {y, weight, bias}, keep_read(weight.requires_grad(), y, y.requires_grad(), weight),
                  [sizes](const auto& dx, gradients& d, const auto& y_kept, const auto& weight_kept) {
                      d(0, [&] { return conv_by<no_activation, T>(dx, weight_kept(), tensor<T>{}, sizes); });
                      d(1, [&] { return conv_weight_by<T>(dx, y_kept(), sizes); });
                      d(2, [&] { return sum_of_channels<T>(dx); });
                  });
}

/// w[o, c, k] = sum over n and p of y[n, o, p] x[n, c, p stride + k dilation - padding]
template <real T>
tensor<T> conv_weight_value(const basic_tensor<T>& x, const basic_tensor<T>& y, const conv_sizes& sizes) {
    auto weight = make_result<T>(sizes.weight());
    kernels::convolve_weight(sizes.of, x.data(), y.data(), access::elements(weight));
    return record("conv_weight", std::move(weight), {x, y}, keep_read(y.requires_grad(), x, x.requires_grad(), y),
                  [sizes](const auto& dw, gradients& d, const auto& x_kept, const auto& y_kept) {
                      d(0, [&] { return conv_transpose_by<T>(y_kept(), dw, tensor<T>{}, sizes); });
                      d(1, [&] { return conv_by<no_activation, T>(x_kept(), dw, tensor<T>{}, sizes); });
                  });
}

/// x with an axis of images in front, if there is none; and y again without it.
template <real T>
tensor<T> with_batch(const basic_tensor<T>& x, std::size_t rank) {
    if (x.rank() + 1 != rank) return tensor<T>{x};
    auto sizes = shape_of(x);
    sizes.insert(0, 1);
    return reshape_to(x, sizes);
}
template <real T>
tensor<T> without_batch(tensor<T> y, bool had_none) {
    if (!had_none) return y;
    auto sizes = shape_of(y);
    sizes.erase(0);
    return reshape_to(y, sizes);
}
inline shape shape_with_batch(shape sizes, std::size_t rank) {
    if (sizes.rank() + 1 == rank) sizes.insert(0, 1);
    return sizes;
}
/// f of x as images
template <real T, class F>
tensor<T> of_images(const basic_tensor<T>& x, const conv_sizes& sizes, const F& f) {
    const auto images = with_batch(x, sizes.axes + 2);
    return without_batch(f(images), images.rank() != x.rank());
}

template <class Activation, real T>
tensor<T> conv_by(const basic_tensor<T>& x, const basic_tensor<T>& weight, const basic_tensor<T>& bias, const conv_sizes& sizes) {
    constexpr const char* names[] = {"x", "weight", "bias", "sizes", "activation"};
    return call_by(sizes.name(), names, [](const basic_tensor<T>& v, const basic_tensor<T>& w, const basic_tensor<T>& b, const conv_sizes& s,
                                           const char*) {
        return of_images(v, s, [&](const auto& images) { return conv_value<Activation, T>(images, w, b, s); });
    },
                   x, weight, bias, sizes, Activation::name);
}
template <real T>
tensor<T> conv_transpose_by(const basic_tensor<T>& y, const basic_tensor<T>& weight, const basic_tensor<T>& bias, const conv_sizes& sizes) {
    constexpr const char* names[] = {"x", "weight", "bias", "sizes"};
    return call_by(sizes.transposed_name(), names,
                   [](const basic_tensor<T>& v, const basic_tensor<T>& w, const basic_tensor<T>& b, const conv_sizes& s) {
        return of_images(v, s, [&](const auto& images) { return conv_transpose_value<T>(images, w, b, s); });
    }, y, weight, bias, sizes);
}
template <real T>
tensor<T> conv_weight_by(const basic_tensor<T>& x, const basic_tensor<T>& y, const conv_sizes& sizes) {
    return call("conv_weight", {"x", "y", "sizes"}, [](const basic_tensor<T>& v, const basic_tensor<T>& w, const conv_sizes& s) {
        return conv_weight_value<T>(v, w, s);
    }, x, y, sizes);
}

template <class Activation, real T>
tensor<T> conv_any(std::size_t axes, const basic_tensor<T>& x, const basic_tensor<T>& weight, const basic_tensor<T>& bias, const conv_options& options) {
    const auto from = shape_with_batch(shape_of(x), axes + 2);
    return conv_by<Activation, T>(x, weight, bias, sizes_of_conv(axes, from, shape_of(weight), bias.defined() ? &shape_of(bias) : nullptr, options));
}
/// f(w * x + b + summand), which is of the result's shape. While recording it is composed.
template <class Activation, real T>
tensor<T> conv_with_summand(std::size_t axes, const basic_tensor<T>& x, const basic_tensor<T>& weight, const basic_tensor<T>& bias,
                            const basic_tensor<T>& summand, const conv_options& options) {
    const auto images = with_batch(x, axes + 2);
    const auto sizes = sizes_of_conv(axes, shape_of(images), shape_of(weight), bias.defined() ? &shape_of(bias) : nullptr, options);
    constexpr const char* names[] = {"x", "weight", "bias", "sizes", "activation", "summand"};
    return without_batch(call_by(sizes.name(), names, [](const basic_tensor<T>& v, const basic_tensor<T>& w, const basic_tensor<T>& b,
                                                         const conv_sizes& s, const char*, const basic_tensor<T>& added) {
        if (needs_grad(v, w, b, added)) {
            const auto z = apply_binary<add_fn>(conv_value<no_activation, T>(v, w, b, s), added);
            if constexpr (std::is_same_v<Activation, no_activation>) return z;
            else return tensor<T>{Activation{}(z)};
        }
        auto y = make_result<T>(s.y());
        kernels::convolve(s.of, v.data(), w.data(), access::elements(y), summand_epilogue<Activation, T>{data_of(b), added.data()});
        return y;
    }, images, weight, bias, sizes, Activation::name, with_batch(summand, axes + 2)), images.rank() != x.rank());
}
template <real T>
tensor<T> conv_transpose_any(std::size_t axes, const basic_tensor<T>& x, const basic_tensor<T>& weight, const basic_tensor<T>& bias,
                             const conv_transpose_options& options) {
    const auto from = shape_with_batch(shape_of(x), axes + 2);
    return conv_transpose_by<T>(x, weight, bias, sizes_of_conv_transpose(axes, from, shape_of(weight), bias.defined() ? &shape_of(bias) : nullptr, options));
}

template <std::size_t Axes, std::size_t N, std::size_t W, std::size_t B>
constexpr void check_conv_ranks() {
    static_assert(N == dynamic_rank || N == Axes + 2 || N == Axes + 1, "x has axes for images, channels, and one for each dimension");
    static_assert((W == dynamic_rank || W == Axes + 2) && (B == dynamic_rank || B == 1),
                  "weight is (out, in / groups, ...) with an axis for each dimension, bias is (out)");
}

}  // namespace detail

/// y = w * x + b        x: (n, c, ...)  weight: (out, c / groups, ...)  bias: (out)  y: (n, out, ...)
///
/// It is a correlation, as everywhere in this field: the kernel is not turned round. Along each axis y has
/// floor((size + padding - dilation (kernel - 1) - 1) / stride) + 1 elements. x may lack n. With an activation (relu,
/// sigmoid, tanh) y is f(w * x + b), computed while it is in registers. Keeps x and the weight.
/// Throws `shape_error`, `rank_error` and `value_error` when the sizes do not fit.
template <std::size_t Axes>
struct conv_fn {
    template <element T, element U, std::size_t N, std::size_t W>
    tensor<T, N> operator()(const tensor<T, N>& x, const tensor<U, W>& weight, const conv_options& options = {}) const {
        return apply<detail::no_activation>(x, weight, tensor<T, 1>{}, options);
    }
    template <element T, element U, element V, std::size_t N, std::size_t W, std::size_t B>
    tensor<T, N> operator()(const tensor<T, N>& x, const tensor<U, W>& weight, const tensor<V, B>& bias, const conv_options& options = {}) const {
        return apply<detail::no_activation>(x, weight, bias, options);
    }
    template <element T, element U, element V, std::size_t N, std::size_t W, std::size_t B, class Activation>
    auto operator()(const tensor<T, N>& x, const tensor<U, W>& weight, const tensor<V, B>& bias, const conv_options& options,
                    const Activation& activation) const {
        if constexpr (detail::fusible<Activation>) return apply<Activation>(x, weight, bias, options);
        else return activation(apply<detail::no_activation>(x, weight, bias, options));
    }

private:
    template <class Activation, element T, element U, element V, std::size_t N, std::size_t W, std::size_t B>
    static tensor<T, N> apply(const tensor<T, N>& x, const tensor<U, W>& weight, const tensor<V, B>& bias, const conv_options& options) {
        detail::check_types<T, U, V>();
        detail::check_conv_ranks<Axes, N, W, B>();
        return detail::with_rank<N>(detail::conv_any<Activation, T>(Axes, x, weight, bias, options));
    }
};
inline constexpr conv_fn<1> conv1d{};
inline constexpr conv_fn<2> conv2d{};
inline constexpr conv_fn<3> conv3d{};

/// The transposed convolution: what `conv` with these options does to gradients, plus b.
///     x: (n, c, ...)  weight: (c, out / groups, ...)  bias: (out)  y: (n, out, ...)
///
/// Along each axis y has (size - 1) stride - padding + dilation (kernel - 1) + output_padding + 1 elements: the last is for
/// strides with which several sizes of y give one size of x. Throws as `conv` does.
template <std::size_t Axes>
struct conv_transpose_fn {
    template <element T, element U, std::size_t N, std::size_t W>
    tensor<T, N> operator()(const tensor<T, N>& x, const tensor<U, W>& weight, const conv_transpose_options& options = {}) const {
        return (*this)(x, weight, tensor<T, 1>{}, options);
    }
    template <element T, element U, element V, std::size_t N, std::size_t W, std::size_t B>
    tensor<T, N> operator()(const tensor<T, N>& x, const tensor<U, W>& weight, const tensor<V, B>& bias,
                            const conv_transpose_options& options = {}) const {
        detail::check_types<T, U, V>();
        detail::check_conv_ranks<Axes, N, W, B>();
        return detail::with_rank<N>(detail::conv_transpose_any<T>(Axes, x, weight, bias, options));
    }
};
inline constexpr conv_transpose_fn<1> conv_transpose1d{};
inline constexpr conv_transpose_fn<2> conv_transpose2d{};
inline constexpr conv_transpose_fn<3> conv_transpose3d{};

}  // namespace xgrad

// Defined by xgrad::compiled.
#if defined(XGRAD_INSTANCE)
#include <xgrad/ops/activation.hpp>
namespace xgrad::inline XGRAD_ABI::detail {
#define XGRAD_CONV_INSTANCE(T, Activation) \
    XGRAD_INSTANCE tensor<T> conv_any<Activation>(std::size_t, const basic_tensor<T>&, const basic_tensor<T>&, const basic_tensor<T>&, const conv_options&);
#define XGRAD_SUMMAND_INSTANCE(T, Activation) \
    XGRAD_INSTANCE tensor<T> conv_with_summand<Activation>(std::size_t, const basic_tensor<T>&, const basic_tensor<T>&, const basic_tensor<T>&, \
                                                           const basic_tensor<T>&, const conv_options&);
#define XGRAD_INSTANCES(T) \
    XGRAD_CONV_INSTANCE(T, no_activation) XGRAD_CONV_INSTANCE(T, relu_fn) XGRAD_CONV_INSTANCE(T, sigmoid_fn) XGRAD_CONV_INSTANCE(T, tanh_fn) \
    XGRAD_SUMMAND_INSTANCE(T, no_activation) XGRAD_SUMMAND_INSTANCE(T, relu_fn) \
    XGRAD_INSTANCE tensor<T> conv_transpose_any(std::size_t, const basic_tensor<T>&, const basic_tensor<T>&, const basic_tensor<T>&, \
                                                const conv_transpose_options&);
XGRAD_FOR_REAL_TYPES(XGRAD_INSTANCES)
#undef XGRAD_INSTANCES
#undef XGRAD_CONV_INSTANCE
#undef XGRAD_SUMMAND_INSTANCE
}
#endif
