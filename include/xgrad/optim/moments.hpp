// What the rules have in common that go by an average of the gradient and one of its squares, or of its size.
#pragma once

#include <xgrad/core/cmath.hpp>
#include <xgrad/core/config.hpp>
#include <xgrad/core/dtype.hpp>
#include <xgrad/core/simd.hpp>
#include <xgrad/kernels/update.hpp>
#include <xgrad/optim/rule.hpp>

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

namespace xgrad::inline XGRAD_ABI::optim::detail {

template <class Options>
void check_moments(const char* rule, const Options& options) {
    check_fraction(rule, "betas[0]", options.betas[0]);
    check_fraction(rule, "betas[1]", options.betas[1]);
    check_not_negative(rule, "eps", options.eps);
    check_not_negative(rule, "weight_decay", options.weight_decay);
}

/// 1 - decay^steps: how much of an average that began at zero has come in.
inline double bias_correction(double decay, std::uint64_t steps) {
    return 1 - std::pow(decay, static_cast<double>(steps));
}

/// The averages m and v of the gradient, in which, or beside which (`decoupled`), the weights decay:
///     g = gradient + lambda w,  m = beta1 m + (1 - beta1) g,  v = beta2 v + (1 - beta2) g^2
template <real T>
struct decayed_moments {
    using batch = simd::batch<T>;
    kernels::moving_average<T> first, second;
    batch decay, shrink;   // lambda, and the factor of the weights, 1 - lr lambda where they decay by themselves

    template <class Options>
    decayed_moments(const Options& options, bool decoupled)
        : first{options.betas[0]}, second{options.betas[1]},
          decay(static_cast<T>(decoupled ? 0 : options.weight_decay)),
          shrink(static_cast<T>(decoupled ? 1 - options.lr * options.weight_decay : 1)) {}

    /// Brings m and v on; gives g.
    batch operator()(const batch& w, const batch& gradient, batch& m, batch& v) const {
        const auto g = batch(simd::fma(decay, w, gradient));
        m = first(m, g);
        v = second(v, g * g);
        return g;
    }
};

/// A rule with two such averages: `Rule::advance(options, t, weight, gradient, m, v)` is its step number t on one
/// parameter.
template <class Rule, real T, class Options>
class two_moments : public rule<Rule, T, Options> {
public:
    static constexpr auto remembers = std::array{"exp_avg", "exp_avg_sq"};
    static constexpr auto counts = true;
    static void validate(const Options& options) { check_moments(Rule::name, options); }

protected:
    using two_moments::rule::rule;

private:
    void update(std::size_t i, std::span<T> weight, std::span<const T> gradient) override {
        auto* const m = this->remembered(i, 0);
        auto* const v = this->remembered(i, 1);
        Rule::advance(this->options_of(i), this->step_number(i), weight, gradient, m, v);
    }
};

}  // namespace xgrad::inline XGRAD_ABI::optim::detail
