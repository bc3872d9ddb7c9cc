// What networks in evaluation are made of when the channels of their images lie in blocks (kernels/channel_blocks.hpp): functions of
// arrays, which have no derivative. The shapes of tensors are those of the images; how their elements lie, who calls has to know.
#pragma once

#include <xgrad/autograd/create.hpp>
#include <xgrad/autograd/tensor.hpp>
#include <xgrad/core/config.hpp>
#include <xgrad/core/simd.hpp>
#include <xgrad/kernels/channel_blocks.hpp>
#include <xgrad/kernels/conv.hpp>
#include <xgrad/kernels/conv_blocked.hpp>
#include <xgrad/kernels/window.hpp>
#include <xgrad/ops/conv_sizes.hpp>

#include <cstddef>

namespace xgrad::inline XGRAD_ABI::detail {

/// How many channels a block has.
template <real T>
std::size_t channels_of_block() {
    return simd::width<T>;
}

/// x, the other way round.
template <real T>
tensor<T> reorder_channels(const basic_tensor<T>& x, kernels::channel_order to) {
    auto y = make_result<T>(shape_of(x));
    const auto channels = shape_of(x)[0] * shape_of(x)[1], elements = channels == 0 ? 0 : x.size() / channels;
    const auto reorder = to == kernels::channel_order::blocks ? kernels::order_in_blocks<T> : kernels::order_in_planes<T>;
    reorder(channels, elements, x.data(), access::elements(y));
    return y;
}

/// The weight of a convolution in the order in which `conv_in_blocks` reads it for such an x.
template <real T>
tensor<T> turned_weight(const basic_tensor<T>& weight, const conv_sizes& sizes, kernels::channel_order of_x) {
    auto turned = make_result<T>({kernels::detail::turned_size<T>(sizes.of)});
    kernels::turn_for_blocks(sizes.of, of_x, weight.data(), access::elements(turned));
    return turned;
}

/// f(sum + bias + summand) of vectors of channels, f relu or nothing.
template <class T>
struct blocked_epilogue {
    const T* bias;      ///< or null
    const T* summand;   ///< or null
    bool relu;

    auto operator()(std::size_t channel) const {
        using batch = simd::batch<T>;
        const auto shift = bias == nullptr ? batch(T{0}) : simd::load(bias + channel);
        return [shift, added = summand, cut = relu](const batch& sum, std::size_t element) {
            const auto affine = added == nullptr ? batch(sum + shift) : batch(sum + shift + simd::load(added + element));
            return cut ? batch(where(affine < 0, 0, affine)) : affine;
        };
    }
};

/// w * x + b + summand, or relu of it, in blocks, as is the summand; `turned` is `turned_weight`. Bias and summand may be undefined.
template <real T>
tensor<T> conv_in_blocks(const basic_tensor<T>& x, kernels::channel_order order, const basic_tensor<T>& turned, const basic_tensor<T>& bias,
                         const basic_tensor<T>& summand, const conv_sizes& sizes, bool relu) {
    auto y = make_result<T>(sizes.y());
    const auto data = [](const basic_tensor<T>& optional) -> const T* { return optional.defined() ? optional.data() : nullptr; };
    if (y.size() != 0)
        kernels::convolve_in_blocks(sizes.of, order, x.data(), turned.data(), access::elements(y), blocked_epilogue<T>{data(bias), data(summand), relu});
    return y;
}

/// Whether a convolution of fewer images goes the same way, and gives the same bits for each.
template <real T>
bool is_alike(const conv_sizes& sizes) {
    auto one = sizes.of;
    one.batch = 1;
    return sizes.of.is_depthwise() || kernels::detail::choose_way<T>(sizes.of) == kernels::detail::choose_way<T>(one);
}

/// Windows over the last axes of x, of whose result the shape is given.
template <real T>
tensor<T> max_pool_in_blocks(const basic_tensor<T>& x, const kernels::window& over, const shape& result) {
    auto y = make_result<T>(shape(result));
    kernels::max_pool_in_blocks(over, result[0] * result[1], x.data(), access::elements(y));
    return y;
}

}  // namespace xgrad::detail

// Defined by xgrad::compiled.
#if defined(XGRAD_INSTANCE)
namespace xgrad::inline XGRAD_ABI::detail {
#define XGRAD_INSTANCES(T) \
    XGRAD_INSTANCE std::size_t channels_of_block<T>(); \
    XGRAD_INSTANCE tensor<T> reorder_channels(const basic_tensor<T>&, kernels::channel_order); \
    XGRAD_INSTANCE tensor<T> turned_weight(const basic_tensor<T>&, const conv_sizes&, kernels::channel_order); \
    XGRAD_INSTANCE tensor<T> conv_in_blocks(const basic_tensor<T>&, kernels::channel_order, const basic_tensor<T>&, const basic_tensor<T>&, \
                                            const basic_tensor<T>&, const conv_sizes&, bool); \
    XGRAD_INSTANCE bool is_alike<T>(const conv_sizes&); \
    XGRAD_INSTANCE tensor<T> max_pool_in_blocks(const basic_tensor<T>&, const kernels::window&, const shape&);
XGRAD_FOR_REAL_TYPES(XGRAD_INSTANCES)
#undef XGRAD_INSTANCES
}
#endif
