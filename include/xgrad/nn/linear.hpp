// The fully connected layer.
#pragma once

#include <xgrad/autograd/backward.hpp>
#include <xgrad/autograd/record.hpp>
#include <xgrad/autograd/tensor.hpp>
#include <xgrad/core/cmath.hpp>
#include <xgrad/core/config.hpp>
#include <xgrad/core/dtype.hpp>
#include <xgrad/core/error.hpp>
#include <xgrad/core/shape.hpp>
#include <xgrad/nn/init.hpp>
#include <xgrad/nn/walk.hpp>
#include <xgrad/ops/linalg.hpp>

#include <concepts>
#include <cstddef>
#include <optional>
#include <string_view>
#include <type_traits>

namespace xgrad::inline XGRAD_ABI::nn {

struct linear_options {
    bool bias = true;                    ///< false: y = x W, and the layer's `bias` has no value
    std::optional<double> bias_init{};   ///< each element of the bias at first, instead of a random number
};

/// y = x W + b        x: (..., in)  W: (in, out)  b: (out)  y: (..., out), of x's rank
///
/// At first W, b ~ U(-a, a), a = 1 / sqrt(in), as in PyTorch: for W this is kaiming_uniform with a gain of
/// 1 / sqrt(3). `init::...(layer.weight)` sets others. PyTorch keeps the transposed W, (out, in).
///
/// Throws `value_error` for a layer without inputs or outputs; called, what `xgrad::linear` throws. A copy of
/// the layer shares its tensors, as any copy of a tensor does; `nn::clone` copies them too.
template <real T = float>
struct linear {
    tensor<T, 2> weight;
    tensor<T, 1> bias;

    XGRAD_MEMBERS(weight, bias)

    linear(extent in, extent out, linear_options options = {}) {
        if (in < 1 || out < 1)
            fail<value_error>("nn::linear", "in is ", in.value, ", out is ", out.value,
                              "; both must be at least 1");
        const auto bound = 1 / std::sqrt(static_cast<double>(in.value));
        weight = xgrad::detail::with_rank<2>(xgrad::detail::make_result<T>({in, out}));
        init::uniform(weight, -bound, bound);
        weight.requires_grad(true);
        if (!options.bias) return;
        bias = xgrad::detail::with_rank<1>(xgrad::detail::make_result<T>({out}));
        if (options.bias_init) init::constant(bias, *options.bias_init);
        else init::uniform(bias, -bound, bound);
        bias.requires_grad(true);
    }

    template <std::size_t N>
    tensor<T, N> operator()(const tensor<T, N>& x) const {
        if (!bias.defined()) return matmul(x, weight);
        return xgrad::linear(x, weight, bias);
    }

    /// f(x W + b): `fc1(x, xg::relu)` computes relu along with the product, as `xgrad::linear` does.
    template <std::size_t N, std::invocable<tensor<T, N>> Activation>
    auto operator()(const tensor<T, N>& x, const Activation& f) const {
        if (!bias.defined()) return f(matmul(x, weight));
        return xgrad::linear(x, weight, bias, f);
    }
    /// An input of another element type is one sentence, instead of all that does not fit.
    template <class U, std::size_t N, class... Activation>
        requires(!std::is_same_v<U, T>)
    tensor<T, N> operator()(const tensor<U, N>&, const Activation&...) const {
        static_assert(std::is_same_v<U, T>,
                      "the element types of nn::linear and of its input differ: convert the input, "
                      "astype<float>(x), or make the layer of the input's type, nn::linear<double>");
        return {};
    }

    static constexpr bool is_transposed(std::string_view name) { return name == "weight"; }

    /// Whether there is anything to gain from it; `sequential` asks.
    template <class Activation>
    static constexpr auto fuses = xgrad::detail::fusible<Activation>;
};

}  // namespace xgrad::nn
