// NAdam.
#pragma once

#include <xgrad/core/cmath.hpp>
#include <xgrad/core/config.hpp>
#include <xgrad/core/dtype.hpp>
#include <xgrad/core/simd.hpp>
#include <xgrad/kernels/update.hpp>
#include <xgrad/optim/moments.hpp>

#include <array>
#include <cstdint>
#include <span>
#include <utility>

namespace xgrad::inline XGRAD_ABI::optim {

struct nadam_options {
    double lr = 2e-3;                            ///< the learning rate
    std::array<double, 2> betas{0.9, 0.999};     ///< the decays of the averages m and v
    double eps = 1e-8;
    double weight_decay = 0;                     ///< lambda
    double momentum_decay = 4e-3;                ///< psi
    bool decoupled_weight_decay = false;         ///< as in `adamw`
};

namespace detail {

/// What is a function of the number of the step alone: mu_t, mu_t+1 and the product of mu_1 to mu_t.
struct nadam_momentum {
    double now, next, product = 1;

    nadam_momentum(const nadam_options& options, std::uint64_t t) : now{at(options, t)}, next{at(options, t + 1)} {
        // 1 - product is wanted: smaller factors change nothing any more.
        for (auto i = std::uint64_t{1}; i <= t && product > 1e-20; ++i) product *= at(options, i);
    }

private:
    static double at(const nadam_options& options, std::uint64_t t) {
        return options.betas[0] * (1 - 0.5 * std::pow(0.96, static_cast<double>(t) * options.momentum_decay));
    }
};

/// Step number t on one parameter, with the averages m and v.
template <real T>
void nadam_step(const nadam_options& options, std::uint64_t t, std::span<T> weight, std::span<const T> gradient, T* m,
                T* v) {
    using batch = simd::batch<T>;
    const auto mu = nadam_momentum{options, t};
    const auto averaged = decayed_moments<T>{options, options.decoupled_weight_decay};
    const auto of_gradient = batch(static_cast<T>(-options.lr * (1 - mu.now) / (1 - mu.product)));
    const auto of_average = batch(static_cast<T>(-options.lr * mu.next / (1 - mu.product * mu.next)));
    const auto root = batch(static_cast<T>(1 / std::sqrt(bias_correction(options.betas[1], t))));
    const auto eps = batch(static_cast<T>(options.eps));
    const auto rule = [=](batch& w, const batch& each, batch& average, batch& squares) {
        const auto g = averaged(w, each, average, squares);
        const auto step = simd::fma(of_gradient, g, of_average * average);
        w = simd::fma(averaged.shrink, w, step / simd::fma(simd::sqrt(squares), root, eps));
    };
    kernels::update(weight.size(), rule, weight.data(), gradient.data(), m, v);
}

}  // namespace detail

/// NAdam (T. Dozat, "Incorporating Nesterov momentum into Adam", ICLR workshop 2016), as PyTorch computes it since 2.0
/// (1.13 took mu_t twice):
///
///     g = gradient + lambda w, or, decoupled, w = w - lr lambda w
///     mu_t = beta1 (1 - 0.96^(t psi) / 2),  M_t = mu_1 ... mu_t
///     m = beta1 m + (1 - beta1) g,  v = beta2 v + (1 - beta2) g^2
///     w = w - lr ((1 - mu_t) g / (1 - M_t) + mu_t+1 m / (1 - M_t+1)) / (sqrt(v / (1 - beta2^t)) + eps)
///
/// Throws `value_error` for an option out of range.
template <real T>
class nadam final : public detail::two_moments<nadam<T>, T, nadam_options> {
public:
    static constexpr auto name = "nadam";
    static constexpr auto advance = &detail::nadam_step<T>;

    explicit nadam(parameter_list<T> parameters, nadam_options options = {})
        : nadam::two_moments{std::move(parameters), options} {}
    template <detail::no_parameter_list Given>
    explicit nadam(const Given& given, nadam_options options = {}) : nadam{detail::list_wanted<T>(given), options} {}

    static void validate(const nadam_options& options) {
        detail::check_moments(name, options);
        detail::check_not_negative(name, "momentum_decay", options.momentum_decay);
    }
};

template <detail::no_parameter_list Given>
nadam(const Given&, nadam_options = {}) -> nadam<float>;

}  // namespace xgrad::optim

// Defined by xgrad::compiled.
#if defined(XGRAD_INSTANCE)
namespace xgrad::inline XGRAD_ABI::optim::detail {
#define XGRAD_INSTANCES(T) \
    XGRAD_INSTANCE void nadam_step(const nadam_options&, std::uint64_t, std::span<T>, std::span<const T>, T*, T*);
XGRAD_FOR_REAL_TYPES(XGRAD_INSTANCES)
#undef XGRAD_INSTANCES
}
#endif
