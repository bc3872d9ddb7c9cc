// LAMB.
#pragma once

#include <xgrad/core/cmath.hpp>
#include <xgrad/core/config.hpp>
#include <xgrad/core/dtype.hpp>
#include <xgrad/core/memory.hpp>
#include <xgrad/core/simd.hpp>
#include <xgrad/kernels/dot.hpp>
#include <xgrad/kernels/update.hpp>
#include <xgrad/optim/moments.hpp>

#include <array>
#include <cstdint>
#include <span>
#include <utility>

namespace xgrad::inline XGRAD_ABI::optim {

struct lamb_options {
    double lr = 1e-3;                            ///< the learning rate
    std::array<double, 2> betas{0.9, 0.999};     ///< the decays of the averages m and v
    double eps = 1e-6;
    double weight_decay = 0.01;                  ///< lambda
};

namespace detail {

/// Step number t on one parameter, with the averages m and v.
template <real T>
void lamb_step(const lamb_options& options, std::uint64_t t, std::span<T> weight, std::span<const T> gradient, T* m, T* v) {
    using batch = simd::batch<T>;
    const auto first = kernels::moving_average<T>{options.betas[0]}, second = kernels::moving_average<T>{options.betas[1]};
    const auto scale = batch(static_cast<T>(1 / bias_correction(options.betas[0], t)));
    const auto root = batch(static_cast<T>(1 / std::sqrt(bias_correction(options.betas[1], t))));
    const auto eps = batch(static_cast<T>(options.eps)), decay = batch(static_cast<T>(options.weight_decay));
    const auto step = memory::scratch<T>{weight.size()};
    const auto direction = [=](batch& d, const batch& g, batch& average, batch& squares, const batch& w) {
        average = first(average, g);
        squares = second(squares, g * g);
        d = simd::fma(decay, w, scale * average / simd::fma(simd::sqrt(squares), root, eps));
    };
    kernels::update(weight.size(), direction, step.data(), gradient.data(), m, v, weight.data());
    const auto of_weight = kernels::norm(weight.size(), weight.data()), of_step = kernels::norm(weight.size(), step.data());
    const auto trust = of_weight > 0 && of_step > 0 ? of_weight / of_step : 1;
    const auto size = batch(static_cast<T>(-options.lr * trust));
    const auto rule = [=](batch& w, const batch& d) { w = simd::fma(size, d, w); };
    kernels::update<decltype(rule), T>(weight.size(), rule, weight.data(), step.data());
}

}  // namespace detail

/// LAMB (Y. You, J. Li, S. Reddi and others, "Large batch optimization for deep learning: training BERT in 76 minutes",
/// ICLR 2020, algorithm 2, phi(x) = x), for each parameter as a whole:
///
///     m = beta1 m + (1 - beta1) g,  v = beta2 v + (1 - beta2) g^2
///     d = m / (1 - beta1^t) / (sqrt(v / (1 - beta2^t)) + eps) + lambda w
///     w = w - lr |w| / |d| d,  where |w| or |d| is 0:  w - lr d
///
/// Throws `value_error` for an option out of range.
template <real T>
class lamb final : public detail::two_moments<lamb<T>, T, lamb_options> {
public:
    static constexpr auto name = "lamb";
    static constexpr auto advance = &detail::lamb_step<T>;

    explicit lamb(parameter_list<T> parameters, lamb_options options = {}) : lamb::two_moments{std::move(parameters), options} {}
    template <detail::no_parameter_list Given>
    explicit lamb(const Given& given, lamb_options options = {}) : lamb{detail::list_wanted<T>(given), options} {}
};

template <detail::no_parameter_list Given>
lamb(const Given&, lamb_options = {}) -> lamb<float>;

}  // namespace xgrad::optim

// Defined by xgrad::compiled.
#if defined(XGRAD_INSTANCE)
namespace xgrad::inline XGRAD_ABI::optim::detail {
#define XGRAD_INSTANCES(T) \
    XGRAD_INSTANCE void lamb_step(const lamb_options&, std::uint64_t, std::span<T>, std::span<const T>, T*, T*);
XGRAD_FOR_REAL_TYPES(XGRAD_INSTANCES)
#undef XGRAD_INSTANCES
}
#endif
