// Averages of weights over the steps of a training.
#pragma once

#include <xgrad/autograd/tensor.hpp>
#include <xgrad/core/config.hpp>
#include <xgrad/core/dtype.hpp>
#include <xgrad/core/error.hpp>
#include <xgrad/core/lists.hpp>
#include <xgrad/core/shape.hpp>
#include <xgrad/nn/freeze.hpp>
#include <xgrad/nn/module.hpp>
#include <xgrad/nn/walk.hpp>

#include <algorithm>
#include <cstddef>
#include <optional>
#include <string_view>
#include <vector>

namespace xgrad::inline XGRAD_ABI::nn {

struct moving_average_options {
    std::optional<double> decay{0.999};   ///< of what was before; none: all updates count alike
};

/// average = decay average + (1 - decay) weight, at each update; at the first, average = weight
///
///     auto average = nn::moving_average{net, {.decay = 0.99}};
///     for (...) { ...; opt.step(); average.update(net); }
///     evaluate(average.module());
///
/// Without a decay, the mean of the weights at all updates. Buffers are as they were at the last update. The average is a clone
/// of the module, in evaluation mode, of which nothing asks for a gradient. Throws `value_error` for a decay outside of [0, 1).
/// B. Polyak, A. Juditsky, "Acceleration of stochastic approximation by averaging", 1992; P. Izmailov et al., "Averaging weights
/// leads to wider optima and better generalization", 2018.
template <class Module>
class moving_average {
public:
    explicit moving_average(const Module& module, moving_average_options options = {}) : m_average{clone(module)}, m_options{options} {
        if (options.decay && !(*options.decay >= 0 && *options.decay < 1))
            fail<value_error>("nn::moving_average", "the decay is ", *options.decay, "; it must be in [0, 1)");
        freeze(m_average);
        eval(m_average);
    }

    /// Throws `shape_error` when the module has other tensors than it had.
    void update(const Module& module) {
        auto own = std::vector<xgrad::detail::array*>{};
        for_each_tensor([&](std::string_view, const auto& x) { own.push_back(&xgrad::detail::access::get(x)); }, m_average);
        const auto part = m_updates == 0 ? 1.0 : m_options.decay ? 1 - *m_options.decay : 1 / (static_cast<double>(m_updates) + 1);
        auto moved = std::vector<const xgrad::detail::array*>{};
        for_each_tensor([&]<element T>(std::string_view name, const basic_tensor<T>& x) {
            if (moved.size() == own.size() || own[moved.size()]->sizes != xgrad::detail::shape_of(x))
                fail<shape_error>("nn::moving_average", name, " is not what it was when the average began");
            auto* const average = own[moved.size()];
            if (!lists::contains(moved, average)) move<T>(*average, x, part);   // a shared one once
            moved.push_back(average);
        }, module);
        ++m_updates;
    }

    const Module& module() const { return m_average; }
    std::size_t updates() const { return m_updates; }

private:
    template <element T>
    static void move(xgrad::detail::array& average, const basic_tensor<T>& x, double part) {
        auto* const to = reinterpret_cast<T*>(average.elements);
        if constexpr (real<T>) {
            if (x.requires_grad() && part != 1) {
                for (auto i = std::size_t{0}; i < x.size(); ++i) to[i] += static_cast<T>(part) * (x.data()[i] - to[i]);
                average.mark_changed();
                return;
            }
        }
        std::copy_n(x.data(), x.size(), to);
        average.mark_changed();
    }

    Module m_average;
    moving_average_options m_options;
    std::size_t m_updates = 0;
};

}  // namespace xgrad::nn
