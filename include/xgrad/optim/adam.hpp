// Adam.
#pragma once

#include <xgrad/core/cmath.hpp>
#include <xgrad/core/config.hpp>
#include <xgrad/core/dtype.hpp>
#include <xgrad/core/simd.hpp>
#include <xgrad/kernels/update.hpp>
#include <xgrad/optim/moments.hpp>
#include <xgrad/optim/rule.hpp>

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <utility>

namespace xgrad::inline XGRAD_ABI::optim {

struct adam_options {
    double lr = 1e-3;                            ///< the learning rate
    std::array<double, 2> betas{0.9, 0.999};     ///< the decays of the averages m and v
    double eps = 1e-8;
    double weight_decay = 0;                     ///< lambda
    bool amsgrad = false;
};

namespace detail {

/// Step number t on one parameter; m and v are the averages, `largest` is null without amsgrad. The decay of the
/// weights stands beside the gradient (`decoupled`), or in it.
template <real T>
void adam_step(const adam_options& options, bool decoupled, std::uint64_t t, std::span<T> weight,
               std::span<const T> gradient, T* m, T* v, T* largest) {
    using batch = simd::batch<T>;
    const auto averaged = decayed_moments<T>{options, decoupled};
    const auto size = batch(static_cast<T>(-options.lr / bias_correction(options.betas[0], t)));
    const auto root = batch(static_cast<T>(1 / std::sqrt(bias_correction(options.betas[1], t))));
    const auto eps = batch(static_cast<T>(options.eps));
    const auto moved = [=](const batch& w, const batch& average, const batch& variance) {
        return simd::fma(size, average / simd::fma(simd::sqrt(variance), root, eps), averaged.shrink * w);
    };
    if (largest == nullptr) {
        const auto rule = [=](batch& w, const batch& g, batch& average, batch& squares) {
            averaged(w, g, average, squares);
            w = moved(w, average, squares);
        };
        return kernels::update(weight.size(), rule, weight.data(), gradient.data(), m, v);
    }
    const auto rule = [=](batch& w, const batch& g, batch& average, batch& squares, batch& most) {
        averaged(w, g, average, squares);
        most = simd::at_least(squares, most);
        w = moved(w, average, most);
    };
    kernels::update(weight.size(), rule, weight.data(), gradient.data(), m, v, largest);
}

/// Adam and AdamW, which differ by where the decay of the weights stands: `Rule::decoupled`.
template <class Rule, real T, class Options>
class adam_family : public rule<Rule, T, Options> {
public:
    static constexpr auto remembers = std::array{"exp_avg", "exp_avg_sq", "max_exp_avg_sq"};
    static constexpr auto counts = true;
    static void validate(const Options& options) { check_moments(Rule::name, options); }

protected:
    using adam_family::rule::rule;

private:
    bool uses(std::size_t i, std::size_t slot) const override { return slot != 2 || this->options_of(i).amsgrad; }

    void update(std::size_t i, std::span<T> weight, std::span<const T> gradient) override {
        const auto [lr, betas, eps, weight_decay, amsgrad] = this->options_of(i);
        auto* const m = this->remembered(i, 0);
        auto* const v = this->remembered(i, 1);
        auto* const largest = amsgrad ? this->remembered(i, 2) : nullptr;
        adam_step<T>({lr, betas, eps, weight_decay, amsgrad}, Rule::decoupled, this->step_number(i), weight, gradient,
                     m, v, largest);
    }
};

}  // namespace detail

/// Adam (D. P. Kingma, J. Ba, "Adam: a method for stochastic optimization", ICLR 2015), with amsgrad (S. J. Reddi,
/// S. Kale, S. Kumar, "On the convergence of Adam and beyond", ICLR 2018) if asked for, as PyTorch computes them:
///
///     g = gradient + lambda w
///     m = beta1 m + (1 - beta1) g,  v = beta2 v + (1 - beta2) g^2
///     w = w - lr m' / (sqrt(v') + eps),  m' = m / (1 - beta1^t),  v' = v / (1 - beta2^t), or with amsgrad the largest v
///     so far
///
/// Throws `value_error` for an option out of range.
template <real T>
class adam final : public detail::adam_family<adam<T>, T, adam_options> {
public:
    static constexpr auto name = "adam";
    static constexpr auto decoupled = false;

    explicit adam(parameter_list<T> parameters, adam_options options = {})
        : adam::adam_family{std::move(parameters), options} {}
    template <detail::no_parameter_list Given>
    explicit adam(const Given& given, adam_options options = {}) : adam{detail::list_wanted<T>(given), options} {}
};

template <detail::no_parameter_list Given>
adam(const Given&, adam_options = {}) -> adam<float>;

}  // namespace xgrad::optim

// Defined by xgrad::compiled.
#if defined(XGRAD_INSTANCE)
namespace xgrad::inline XGRAD_ABI::optim::detail {
#define XGRAD_INSTANCES(T)                                                                                        \
    XGRAD_INSTANCE void adam_step(const adam_options&, bool, std::uint64_t, std::span<T>, std::span<const T>, T*, T*, \
                                  T*);
XGRAD_FOR_REAL_TYPES(XGRAD_INSTANCES)
#undef XGRAD_INSTANCES
}
#endif
