// Stochastic gradient descent.
#pragma once

#include <xgrad/core/config.hpp>
#include <xgrad/core/dtype.hpp>
#include <xgrad/core/error.hpp>
#include <xgrad/core/simd.hpp>
#include <xgrad/kernels/update.hpp>
#include <xgrad/optim/rule.hpp>

#include <array>
#include <cstddef>
#include <span>
#include <utility>

namespace xgrad::inline XGRAD_ABI::optim {

struct sgd_options {
    double lr = 0.01;          ///< the learning rate
    double momentum = 0;       ///< mu
    double dampening = 0;      ///< tau
    double weight_decay = 0;   ///< lambda
    bool nesterov = false;
};

namespace detail {

/// The step on one parameter; `velocity` is v, null without momentum.
template <real T>
void sgd_step(const sgd_options& options, std::span<T> weight, std::span<const T> gradient, T* velocity, bool first) {
    using batch = simd::batch<T>;
    const auto lr = batch(static_cast<T>(-options.lr)), decay = batch(static_cast<T>(options.weight_decay));
    if (velocity == nullptr) {
        const auto rule = [&](batch& w, const batch& g) { w = simd::fma(lr, simd::fma(decay, w, g), w); };
        return kernels::update(weight.size(), rule, weight.data(), gradient.data());
    }
    const auto mu = batch(static_cast<T>(options.momentum));
    const auto fresh = batch(static_cast<T>(first ? 1 : 1 - options.dampening));
    const auto rule = [&, nesterov = options.nesterov](batch& w, batch g, batch& v) {
        g = simd::fma(decay, w, g);
        v = simd::fma(mu, v, fresh * g);
        w = simd::fma(lr, nesterov ? simd::fma(mu, v, g) : v, w);
    };
    kernels::update(weight.size(), rule, weight.data(), gradient.data(), velocity);
}

}  // namespace detail

/// Stochastic gradient descent, with momentum (B. T. Polyak, "Some methods of speeding up the convergence of
/// iteration methods", 1964) or Nesterov's form of it (I. Sutskever, J. Martens, G. Dahl and G. Hinton, "On
/// the importance of initialization and momentum in deep learning", 2013), as PyTorch computes them:
///
///     g = gradient + lambda w
///     v = g at the first step, then mu v + (1 - tau) g
///     w = w - lr v,  or by Nesterov  w - lr (g + mu v);  without momentum  w - lr g
///
/// Throws `value_error` for an option out of range, or Nesterov without momentum or with dampening.
template <real T>
class sgd final : public rule<sgd<T>, T, sgd_options> {
public:
    static constexpr auto name = "sgd";
    static constexpr auto remembers = std::array{"momentum"};
    static constexpr auto counts = false;

    explicit sgd(parameter_list<T> parameters, sgd_options options = {}) : sgd::rule{std::move(parameters), options} {}
    template <detail::no_parameter_list Given>
    explicit sgd(const Given& given, sgd_options options = {}) : sgd{detail::list_wanted<T>(given), options} {}

    static void validate(const sgd_options& options) {
        detail::check_not_negative(name, "momentum", options.momentum);
        detail::check_not_negative(name, "dampening", options.dampening);
        detail::check_not_negative(name, "weight_decay", options.weight_decay);
        if (options.nesterov && (options.momentum == 0 || options.dampening != 0))
            fail<value_error>(name, "nesterov needs momentum above 0 and no dampening");
    }

private:
    bool uses(std::size_t i, std::size_t) const override { return this->options_of(i).momentum != 0; }

    void update(std::size_t i, std::span<T> weight, std::span<const T> gradient) override {
        const auto options = this->options_of(i);
        auto* const velocity = options.momentum == 0 ? nullptr : this->remembered(i, 0);
        detail::sgd_step<T>(options, weight, gradient, velocity, this->step_number(i) == 1);
    }
};

template <detail::no_parameter_list Given>
sgd(const Given&, sgd_options = {}) -> sgd<float>;

}  // namespace xgrad::optim

// Defined by xgrad::compiled.
#if defined(XGRAD_INSTANCE)
namespace xgrad::inline XGRAD_ABI::optim::detail {
#define XGRAD_INSTANCES(T) XGRAD_INSTANCE void sgd_step(const sgd_options&, std::span<T>, std::span<const T>, T*, bool);
XGRAD_FOR_REAL_TYPES(XGRAD_INSTANCES)
#undef XGRAD_INSTANCES
}
#endif
