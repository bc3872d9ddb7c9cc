// What is added to its own input.
#pragma once

#include <xgrad/core/config.hpp>
#include <xgrad/nn/walk.hpp>
#include <xgrad/ops/arithmetic.hpp>

#include <utility>

namespace xgrad::inline XGRAD_ABI::nn {

/// y = x: stands where a layer is expected and nothing is to be done.
struct identity {
    template <class X>
    X operator()(const X& x) const {
        return x;
    }
};

/// y = shortcut(x) + inner(x); without a shortcut, x + inner(x).
///
///     auto block = nn::residual{nn::sequential{nn::linear<>{64, 64}, xg::relu, nn::linear<>{64, 64}}};
///
/// The shortcut is for layers whose result has another shape than x: nn::residual{layers, nn::conv2d<>{64, 128, 1}}. Parameters
/// are named "inner.…", "shortcut.…". K. He, X. Zhang, S. Ren, J. Sun, "Deep residual learning for image recognition", 2016.
template <class Inner, class Shortcut = identity>
struct residual {
    Inner inner;
    Shortcut shortcut;

    XGRAD_MEMBERS(inner, shortcut)

    explicit residual(Inner layer, Shortcut beside = {}) : inner{std::move(layer)}, shortcut{std::move(beside)} {}

    template <class X>
    auto operator()(const X& x) const {
        return shortcut(x) + inner(x);
    }
};

}  // namespace xgrad::nn
