// Adagrad.
#pragma once

#include <xgrad/core/config.hpp>
#include <xgrad/core/dtype.hpp>
#include <xgrad/core/simd.hpp>
#include <xgrad/kernels/update.hpp>
#include <xgrad/optim/rule.hpp>

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <utility>

namespace xgrad::inline XGRAD_ABI::optim {

struct adagrad_options {
    double lr = 0.01;                        ///< the learning rate
    double lr_decay = 0;                     ///< eta
    double weight_decay = 0;                 ///< lambda
    double initial_accumulator_value = 0;    ///< what s begins with
    double eps = 1e-10;
};

namespace detail {

/// Step number t on one parameter, with the sum s of squares.
template <real T>
void adagrad_step(const adagrad_options& options, std::uint64_t t, std::span<T> weight, std::span<const T> gradient, T* s) {
    using batch = simd::batch<T>;
    const auto size = batch(static_cast<T>(-options.lr / (1 + static_cast<double>(t - 1) * options.lr_decay)));
    const auto decay = batch(static_cast<T>(options.weight_decay)), eps = batch(static_cast<T>(options.eps));
    const auto rule = [=](batch& w, batch g, batch& sum) {
        g = simd::fma(decay, w, g);
        sum = simd::fma(g, g, sum);
        w = simd::fma(size, g / (simd::sqrt(sum) + eps), w);
    };
    kernels::update(weight.size(), rule, weight.data(), gradient.data(), s);
}

}  // namespace detail

/// Adagrad (J. Duchi, E. Hazan, Y. Singer, "Adaptive subgradient methods for online learning and stochastic optimization",
/// JMLR 12, 2011), as PyTorch computes it:
///
///     g = gradient + lambda w
///     s = s + g^2
///     w = w - lr / (1 + (t - 1) eta) g / (sqrt(s) + eps)
///
/// Throws `value_error` for an option out of range.
template <real T>
class adagrad final : public rule<adagrad<T>, T, adagrad_options> {
public:
    static constexpr auto name = "adagrad";
    static constexpr auto remembers = std::array{"sum"};
    static constexpr auto counts = true;

    explicit adagrad(parameter_list<T> parameters, adagrad_options options = {}) : adagrad::rule{std::move(parameters), options} {}
    template <detail::no_parameter_list Given>
    explicit adagrad(const Given& given, adagrad_options options = {}) : adagrad{detail::list_wanted<T>(given), options} {}

    static void validate(const adagrad_options& options) {
        detail::check_not_negative(name, "lr_decay", options.lr_decay);
        detail::check_not_negative(name, "weight_decay", options.weight_decay);
        detail::check_not_negative(name, "initial_accumulator_value", options.initial_accumulator_value);
        detail::check_not_negative(name, "eps", options.eps);
    }

private:
    void update(std::size_t i, std::span<T> weight, std::span<const T> gradient) override {
        const auto options = this->options_of(i);
        auto* const sum = this->remembered(i, 0, options.initial_accumulator_value);
        detail::adagrad_step<T>(options, this->step_number(i), weight, gradient, sum);
    }
};

template <detail::no_parameter_list Given>
adagrad(const Given&, adagrad_options = {}) -> adagrad<float>;

}  // namespace xgrad::optim

// Defined by xgrad::compiled.
#if defined(XGRAD_INSTANCE)
namespace xgrad::inline XGRAD_ABI::optim::detail {
#define XGRAD_INSTANCES(T) \
    XGRAD_INSTANCE void adagrad_step(const adagrad_options&, std::uint64_t, std::span<T>, std::span<const T>, T*);
XGRAD_FOR_REAL_TYPES(XGRAD_INSTANCES)
#undef XGRAD_INSTANCES
}
#endif
