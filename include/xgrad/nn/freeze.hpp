// Parameters that do not learn for a while.
#pragma once

#include <xgrad/autograd/backward.hpp>
#include <xgrad/autograd/tensor.hpp>
#include <xgrad/core/config.hpp>
#include <xgrad/core/dtype.hpp>
#include <xgrad/nn/walk.hpp>

#include <string_view>

namespace xgrad::inline XGRAD_ABI::nn {

/// No parameter of the modules asks for a gradient any more, so that backward passes leave them out and optimizers
/// leave them as they are: `nn::freeze(net.backbone)`. What `parameters` gave before stays the same; asked again, it
/// leaves them out. Running statistics go on in training: `nn::eval(net.backbone)` stops those. Gradients stored so far
/// are gone.
template <class... Modules>
void freeze(const Modules&... modules) {
    for_each_tensor([]<element T>(std::string_view, const basic_tensor<T>& x) {
        if constexpr (real<T>) {
            if (!x.requires_grad()) return;
            tensor<T>{x}.requires_grad(false);
            xgrad::detail::access::get(x).frozen = true;
        }
    }, modules...);
}

/// What was frozen asks for a gradient again; buffers stay what they are.
template <class... Modules>
void unfreeze(const Modules&... modules) {
    for_each_tensor([]<element T>(std::string_view, const basic_tensor<T>& x) {
        if constexpr (real<T>) {
            if (!xgrad::detail::access::get(x).frozen) return;
            xgrad::detail::access::get(x).frozen = false;
            tensor<T>{x}.requires_grad(true);
        }
    }, modules...);
}

}  // namespace xgrad::nn
