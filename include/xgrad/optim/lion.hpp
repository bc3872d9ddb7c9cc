// Lion.
#pragma once

#include <xgrad/core/config.hpp>
#include <xgrad/core/dtype.hpp>
#include <xgrad/core/simd.hpp>
#include <xgrad/kernels/update.hpp>
#include <xgrad/optim/adam.hpp>

#include <array>
#include <cstddef>
#include <span>
#include <utility>

namespace xgrad::inline XGRAD_ABI::optim {

struct lion_options {
    double lr = 1e-4;                           ///< the learning rate
    std::array<double, 2> betas{0.9, 0.99};     ///< the decays within the step and of the average m
    double weight_decay = 0;                    ///< lambda
};

namespace detail {

/// The step on one parameter, with the average m.
template <real T>
void lion_step(const lion_options& options, std::span<T> weight, std::span<const T> gradient, T* m) {
    using batch = simd::batch<T>;
    const auto inner = kernels::moving_average<T>{options.betas[0]}, average = kernels::moving_average<T>{options.betas[1]};
    const auto size = batch(static_cast<T>(-options.lr));
    const auto shrink = batch(static_cast<T>(1 - options.lr * options.weight_decay));
    const auto rule = [=](batch& w, const batch& g, batch& past) {
        const auto blend = inner(past, g);
        const auto one = batch(T{1}), zero = batch(T{0});
        const auto sign = simd::select(blend > zero, one, simd::select(blend < zero, -one, blend));   // NaN stays
        past = average(past, g);
        w = simd::fma(size, sign, shrink * w);
    };
    kernels::update(weight.size(), rule, weight.data(), gradient.data(), m);
}

}  // namespace detail

/// Lion (X. Chen, C. Liang, D. Huang and others, "Symbolic discovery of optimization algorithms", NeurIPS 2023, program 1):
///
///     w = w - lr (sign(beta1 m + (1 - beta1) g) + lambda w)
///     m = beta2 m + (1 - beta2) g
///
/// Throws `value_error` for an option out of range.
template <real T>
class lion final : public rule<lion<T>, T, lion_options> {
public:
    static constexpr auto name = "lion";
    static constexpr auto remembers = std::array{"exp_avg"};
    static constexpr auto counts = false;

    explicit lion(parameter_list<T> parameters, lion_options options = {}) : lion::rule{std::move(parameters), options} {}
    template <detail::no_parameter_list Given>
    explicit lion(const Given& given, lion_options options = {}) : lion{detail::list_wanted<T>(given), options} {}

    static void validate(const lion_options& options) {
        detail::check_fraction(name, "betas[0]", options.betas[0]);
        detail::check_fraction(name, "betas[1]", options.betas[1]);
        detail::check_not_negative(name, "weight_decay", options.weight_decay);
    }

private:
    void update(std::size_t i, std::span<T> weight, std::span<const T> gradient) override {
        detail::lion_step<T>(this->options_of(i), weight, gradient, this->remembered(i, 0));
    }
};

template <detail::no_parameter_list Given>
lion(const Given&, lion_options = {}) -> lion<float>;

}  // namespace xgrad::optim

// Defined by xgrad::compiled.
#if defined(XGRAD_INSTANCE)
namespace xgrad::inline XGRAD_ABI::optim::detail {
#define XGRAD_INSTANCES(T) \
    XGRAD_INSTANCE void lion_step(const lion_options&, std::span<T>, std::span<const T>, T*);
XGRAD_FOR_REAL_TYPES(XGRAD_INSTANCES)
#undef XGRAD_INSTANCES
}
#endif
