// Adadelta.
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

struct adadelta_options {
    double lr = 1;             ///< the learning rate
    double rho = 0.9;          ///< the decay of both averages
    double eps = 1e-6;
    double weight_decay = 0;   ///< lambda
};

namespace detail {

/// The step on one parameter, with the averages of squares: v of gradients, u of steps.
template <real T>
void adadelta_step(const adadelta_options& options, std::span<T> weight, std::span<const T> gradient, T* v, T* u) {
    using batch = simd::batch<T>;
    const auto average = kernels::moving_average<T>{options.rho};
    const auto size = batch(static_cast<T>(-options.lr)), eps = batch(static_cast<T>(options.eps));
    const auto decay = batch(static_cast<T>(options.weight_decay));
    const auto rule = [=](batch& w, batch g, batch& squares, batch& steps) {
        g = simd::fma(decay, w, g);
        squares = average(squares, g * g);
        const auto step = simd::sqrt(steps + eps) / simd::sqrt(squares + eps) * g;
        steps = average(steps, step * step);
        w = simd::fma(size, step, w);
    };
    kernels::update(weight.size(), rule, weight.data(), gradient.data(), v, u);
}

}  // namespace detail

/// Adadelta (M. D. Zeiler, "ADADELTA: an adaptive learning rate method", arXiv:1212.5701, 2012), as PyTorch computes it:
///
///     g = gradient + lambda w
///     v = rho v + (1 - rho) g^2
///     d = sqrt(u + eps) / sqrt(v + eps) g
///     u = rho u + (1 - rho) d^2
///     w = w - lr d
///
/// Throws `value_error` for an option out of range.
template <real T>
class adadelta final : public rule<adadelta<T>, T, adadelta_options> {
public:
    static constexpr auto name = "adadelta";
    static constexpr auto remembers = std::array{"square_avg", "acc_delta"};
    static constexpr auto counts = false;

    explicit adadelta(parameter_list<T> parameters, adadelta_options options = {}) : adadelta::rule{std::move(parameters), options} {}
    template <detail::no_parameter_list Given>
    explicit adadelta(const Given& given, adadelta_options options = {}) : adadelta{detail::list_wanted<T>(given), options} {}

    static void validate(const adadelta_options& options) {
        if (!(options.rho >= 0 && options.rho <= 1)) fail<value_error>(name, "rho must be from 0 to 1, got ", options.rho);
        detail::check_not_negative(name, "eps", options.eps);
        detail::check_not_negative(name, "weight_decay", options.weight_decay);
    }

private:
    void update(std::size_t i, std::span<T> weight, std::span<const T> gradient) override {
        auto* const squares = this->remembered(i, 0);
        auto* const steps = this->remembered(i, 1);
        detail::adadelta_step<T>(this->options_of(i), weight, gradient, squares, steps);
    }
};

template <detail::no_parameter_list Given>
adadelta(const Given&, adadelta_options = {}) -> adadelta<float>;

}  // namespace xgrad::optim

// Defined by xgrad::compiled.
#if defined(XGRAD_INSTANCE)
namespace xgrad::inline XGRAD_ABI::optim::detail {
#define XGRAD_INSTANCES(T) \
    XGRAD_INSTANCE void adadelta_step(const adadelta_options&, std::span<T>, std::span<const T>, T*, T*);
XGRAD_FOR_REAL_TYPES(XGRAD_INSTANCES)
#undef XGRAD_INSTANCES
}
#endif
