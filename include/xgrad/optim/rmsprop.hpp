// RMSprop.
#pragma once

#include <xgrad/core/config.hpp>
#include <xgrad/core/dtype.hpp>
#include <xgrad/core/simd.hpp>
#include <xgrad/kernels/update.hpp>
#include <xgrad/optim/rule.hpp>

#include <array>
#include <cstddef>
#include <span>
#include <utility>

namespace xgrad::inline XGRAD_ABI::optim {

struct rmsprop_options {
    double lr = 0.01;          ///< the learning rate
    double alpha = 0.99;       ///< the decay of the averages
    double eps = 1e-8;
    double weight_decay = 0;   ///< lambda
    double momentum = 0;       ///< mu
    bool centered = false;     ///< divide by the variance, and not by the second moment
};

namespace detail {

/// The step on one parameter, with the average v of squares; `past` is b, null without momentum, `mean` the average of
/// gradients, null where not centered.
template <real T>
void rmsprop_step(const rmsprop_options& options, std::span<T> weight, std::span<const T> gradient, T* v, T* past, T* mean) {
    using batch = simd::batch<T>;
    const auto average = kernels::moving_average<T>{options.alpha};
    const auto size = batch(static_cast<T>(-options.lr)), eps = batch(static_cast<T>(options.eps));
    const auto decay = batch(static_cast<T>(options.weight_decay)), mu = batch(static_cast<T>(options.momentum));
    const auto moved = [=](batch& w, const batch& step, auto&... buffer) {
        if constexpr (sizeof...(buffer) == 0) w = simd::fma(size, step, w);
        else ((buffer = simd::fma(mu, buffer, step), w = simd::fma(size, buffer, w)), ...);
    };
    const auto rule = [=](batch& w, batch g, batch& squares, auto&... buffer) {
        g = simd::fma(decay, w, g);
        squares = average(squares, g * g);
        moved(w, g / (simd::sqrt(squares) + eps), buffer...);
    };
    const auto centered = [=](batch& w, batch g, batch& squares, batch& gradients, auto&... buffer) {
        g = simd::fma(decay, w, g);
        squares = average(squares, g * g);
        gradients = average(gradients, g);
        const auto variance = simd::at_least(squares - gradients * gradients, batch(T{0}));   // rounding could bring it below
        moved(w, g / (simd::sqrt(variance) + eps), buffer...);
    };
    auto* const w = weight.data();
    const auto* const g = gradient.data();
    if (mean == nullptr) past == nullptr ? kernels::update(weight.size(), rule, w, g, v) : kernels::update(weight.size(), rule, w, g, v, past);
    else past == nullptr ? kernels::update(weight.size(), centered, w, g, v, mean) : kernels::update(weight.size(), centered, w, g, v, mean, past);
}

}  // namespace detail

/// RMSprop (G. Hinton, "Neural networks for machine learning", lecture 6e, 2012; centered: A. Graves, "Generating sequences with
/// recurrent neural networks", arXiv:1308.0850), as PyTorch computes it:
///
///     g = gradient + lambda w
///     v = alpha v + (1 - alpha) g^2;  centered, also  a = alpha a + (1 - alpha) g
///     d = g / (sqrt(v) + eps),  centered  g / (sqrt(max(v - a^2, 0)) + eps)
///     w = w - lr d;  with momentum  b = mu b + d,  w = w - lr b
///
/// Throws `value_error` for an option out of range.
template <real T>
class rmsprop final : public rule<rmsprop<T>, T, rmsprop_options> {
public:
    static constexpr auto name = "rmsprop";
    static constexpr auto remembers = std::array{"square_avg", "momentum_buffer", "grad_avg"};
    static constexpr auto counts = false;

    explicit rmsprop(parameter_list<T> parameters, rmsprop_options options = {}) : rmsprop::rule{std::move(parameters), options} {}
    template <detail::no_parameter_list Given>
    explicit rmsprop(const Given& given, rmsprop_options options = {}) : rmsprop{detail::list_wanted<T>(given), options} {}

    static void validate(const rmsprop_options& options) {
        detail::check_not_negative(name, "alpha", options.alpha);
        detail::check_not_negative(name, "eps", options.eps);
        detail::check_not_negative(name, "weight_decay", options.weight_decay);
        detail::check_not_negative(name, "momentum", options.momentum);
    }

private:
    bool uses(std::size_t i, std::size_t slot) const override {
        const auto options = this->options_of(i);
        return slot == 0 || (slot == 1 ? options.momentum != 0 : options.centered);
    }

    void update(std::size_t i, std::span<T> weight, std::span<const T> gradient) override {
        const auto options = this->options_of(i);
        auto* const squares = this->remembered(i, 0);
        auto* const past = this->uses(i, 1) ? this->remembered(i, 1) : nullptr;
        auto* const mean = this->uses(i, 2) ? this->remembered(i, 2) : nullptr;
        detail::rmsprop_step<T>(options, weight, gradient, squares, past, mean);
    }
};

template <detail::no_parameter_list Given>
rmsprop(const Given&, rmsprop_options = {}) -> rmsprop<float>;

}  // namespace xgrad::optim

// Defined by xgrad::compiled.
#if defined(XGRAD_INSTANCE)
namespace xgrad::inline XGRAD_ABI::optim::detail {
#define XGRAD_INSTANCES(T) \
    XGRAD_INSTANCE void rmsprop_step(const rmsprop_options&, std::span<T>, std::span<const T>, T*, T*, T*);
XGRAD_FOR_REAL_TYPES(XGRAD_INSTANCES)
#undef XGRAD_INSTANCES
}
#endif
