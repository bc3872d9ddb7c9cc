// Convolutions and products of a program with an activation in them.
#pragma once

#include <xgrad/autograd/any_tensor.hpp>
#include <xgrad/autograd/operation.hpp>
#include <xgrad/autograd/program.hpp>
#include <xgrad/core/config.hpp>
#include <xgrad/ops/activation.hpp>
#include <xgrad/ops/conv_sizes.hpp>
#include <xgrad/ops/convolution.hpp>
#include <xgrad/ops/linalg.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

namespace xgrad::inline XGRAD_ABI::nn::detail {

using xgrad::detail::attribute_of;
using xgrad::detail::holds_function;

XGRAD_ON_DEMAND bool truth_of(const program::operation& of, std::string_view name) {
    return attribute_of(of.attributes, name, false);
}
XGRAD_ON_DEMAND double number_of(const program::operation& of, std::string_view name) {
    return attribute_of(of.attributes, name, 0.0);
}
XGRAD_ON_DEMAND std::int64_t integer_of(const program::operation& of, std::string_view name) {
    return attribute_of(of.attributes, name, std::int64_t{1});
}

XGRAD_ON_DEMAND bool is_convolution(const program::operation& of) {
    return of.name == "conv1d" || of.name == "conv2d" || of.name == "conv3d";
}
XGRAD_ON_DEMAND bool is_transposed(const program::operation& of) {
    return of.name == "conv_transpose1d" || of.name == "conv_transpose2d" || of.name == "conv_transpose3d";
}
/// x W + b, or x W.
XGRAD_ON_DEMAND bool is_product(const program::operation& of) { return of.name == "linear" || of.name == "matmul"; }

/// Whether an array is added to a convolution's result.
XGRAD_ON_DEMAND bool has_summand(const program::operation& of) { return is_convolution(of) && of.inputs.size() == 4; }

/// The name of the activation that is computed along with it, or "none".
XGRAD_ON_DEMAND std::string activation_of(const program::operation& of) {
    return attribute_of(of.attributes, "activation", std::string{"none"});
}

/// Whether it is a convolution of images, with an axis for the batch, whose weight is a constant, and its bias if it has one.
XGRAD_ON_DEMAND bool has_constant_weight(const program& in, const program::operation& of) {
    if (!is_convolution(of) || holds_function(of.attributes) || of.inputs.size() < 3) return false;
    const auto is_constant = [&](std::size_t number) { return number != program::none && in.values[number].from == program::origin::constant; };
    const auto x = of.inputs[0].value, weight = of.inputs[1].value, bias = of.inputs[2].value;
    return is_constant(weight) && (bias == program::none || is_constant(bias)) && in.values[x].shape.rank() == in.values[weight].shape.rank();
}

/// Whether a bias can be added, or changed, and an activation follow: there is none yet. The second input is the
/// weight.
XGRAD_ON_DEMAND bool takes_epilogue(const program::operation& of) {
    if (holds_function(of.attributes)) return false;
    if (of.name == "matmul")
        return of.inputs.size() == 2 && !truth_of(of, "transpose_a") && !truth_of(of, "transpose_b");
    const auto known = is_convolution(of) || is_transposed(of) || of.name == "linear";
    return known && of.inputs.size() >= 3 && activation_of(of) == "none";
}

/// Calls f with the activation of this name, if it is one that a product or a convolution computes along with itself.
bool with_activation(std::string_view name, const auto& f) {
    const auto is = [&](const auto& activation) { return name == activation.name && (f(activation), true); };
    return is(relu) || is(sigmoid) || is(xgrad::tanh);
}
XGRAD_ON_DEMAND bool has_epilogue(std::string_view name) {
    return with_activation(name, [](const auto&) {});
}

template <class Activation, real T>
class fused_linear final : public callable_operation {
public:
    std::vector<any_tensor> operator()(std::span<const any_tensor> inputs) const override {
        return {xgrad::detail::affine_any<Activation, T>(inputs[0].as<T>(), inputs[1].as<T>(), inputs[2].as<T>())};
    }
};

template <class Activation, real T>
class fused_convolution final : public callable_operation {
public:
    fused_convolution(std::size_t axes, const conv_options& options) : m_axes{axes}, m_options{options} {}

    std::vector<any_tensor> operator()(std::span<const any_tensor> inputs) const override {
        const auto x = inputs[0].as<T>(), weight = inputs[1].as<T>(), bias = inputs[2].as<T>();
        if (inputs.size() == 4) return {with_summand(x, weight, bias, inputs[3].as<T>())};
        return {xgrad::detail::conv_any<Activation, T>(m_axes, x, weight, bias, m_options)};
    }

private:
    using tensor_type = tensor<T>;

    /// In registers for the activations of residual networks alone: each is another set of kernels to compile.
    tensor_type with_summand(const tensor_type& x, const tensor_type& weight, const tensor_type& bias, const tensor_type& summand) const {
        using xgrad::detail::no_activation;
        constexpr auto usual = std::is_same_v<Activation, no_activation> || std::is_same_v<Activation, relu_fn>;
        using inner = std::conditional_t<usual, Activation, no_activation>;
        const auto y = xgrad::detail::conv_with_summand<inner, T>(m_axes, x, weight, bias, summand, m_options);
        if constexpr (usual) return y;
        else return Activation{}(y);
    }

    std::size_t m_axes;
    conv_options m_options;
};

/// The options of a convolution of which a program says the sizes: with as much padding behind as its windows reach.
XGRAD_ON_DEMAND conv_options options_of(const program::operation& of, const shape& weight) {
    const auto numbers = [&](std::string_view name) { return attribute_of(of.attributes, name, std::vector<std::int64_t>{}); };
    const auto stride = numbers("stride"), dilation = numbers("dilation"), in = numbers("in"), out = numbers("out");
    const auto before = numbers("padding");
    auto after = before;
    for (auto i = std::size_t{0}; i < stride.size(); ++i) {
        const auto reach = (out[i] - 1) * stride[i] + dilation[i] * (static_cast<std::int64_t>(weight[i + 2]) - 1) + 1;
        after[i] = std::max<std::int64_t>(0, reach - in[i] - before[i]);
    }
    const auto padding = window_padding{before, after};
    return {.stride = stride, .padding = padding, .dilation = dilation, .groups = integer_of(of, "groups")};
}

/// The sizes of a convolution of a program.
XGRAD_ON_DEMAND xgrad::detail::conv_sizes sizes_of(const program& in, const program::operation& of) {
    const auto& weight = in.values[of.inputs[1].value].shape;
    return xgrad::detail::sizes_of_conv(weight.rank() - 2, in.values[of.inputs[0].value].shape, weight, nullptr, options_of(of, weight));
}

/// Has a convolution called for any batch, with the activation and the summand that it has by now.
template <real T>
void renew_convolution(program::operation& of, const shape& weight) {
    const auto renew = [&]<class Activation>(const Activation&) {
        of.again = std::make_shared<fused_convolution<Activation, T>>(weight.rank() - 2, options_of(of, weight));
    };
    if (!with_activation(activation_of(of), renew)) renew(xgrad::detail::no_activation{});
}

/// From now on w * x + b + summand.
template <real T>
void set_summand(program::operation& of, std::size_t summand, const shape& weight) {
    of.inputs.push_back({"summand", summand});
    renew_convolution<T>(of, weight);
}

/// From now on f(w * x + b), or f(x W + b), with a summand, if there is one.
template <real T>
void set_activation(program::operation& of, const std::string& name, const shape& weight) {
    for (auto& each : of.attributes)
        if (each.name == "activation") each.value = name;
    if (of.name != "linear") return renew_convolution<T>(of, weight);
    with_activation(name, [&]<class Activation>(const Activation&) { of.again = std::make_shared<fused_linear<Activation, T>>(); });
}

}  // namespace xgrad::nn::detail
