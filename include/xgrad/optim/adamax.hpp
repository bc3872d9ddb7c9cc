// Adamax.
#pragma once

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

struct adamax_options {
    double lr = 2e-3;                            ///< the learning rate
    std::array<double, 2> betas{0.9, 0.999};     ///< the decays of the average m and of the largest gradient u
    double eps = 1e-8;
    double weight_decay = 0;                     ///< lambda
};

namespace detail {

/// Step number t on one parameter, with the average m and the largest gradient u.
template <real T>
void adamax_step(const adamax_options& options, std::uint64_t t, std::span<T> weight, std::span<const T> gradient, T* m, T* u) {
    using batch = simd::batch<T>;
    const auto first = kernels::moving_average<T>{options.betas[0]};
    const auto fade = batch(static_cast<T>(options.betas[1])), eps = batch(static_cast<T>(options.eps));
    const auto size = batch(static_cast<T>(-options.lr / bias_correction(options.betas[0], t)));
    const auto decay = batch(static_cast<T>(options.weight_decay));
    const auto rule = [=](batch& w, batch g, batch& average, batch& largest) {
        g = simd::fma(decay, w, g);
        average = first(average, g);
        largest = simd::at_least(simd::abs(g) + eps, fade * largest);
        w = simd::fma(size, average / largest, w);
    };
    kernels::update(weight.size(), rule, weight.data(), gradient.data(), m, u);
}

}  // namespace detail

/// Adamax (D. P. Kingma, J. Ba, "Adam: a method for stochastic optimization", ICLR 2015, section 7), as PyTorch computes it:
///
///     g = gradient + lambda w
///     m = beta1 m + (1 - beta1) g,  u = max(beta2 u, |g| + eps)
///     w = w - lr / (1 - beta1^t) m / u
///
/// Throws `value_error` for an option out of range.
template <real T>
class adamax final : public detail::two_moments<adamax<T>, T, adamax_options> {
public:
    static constexpr auto name = "adamax";
    static constexpr auto advance = &detail::adamax_step<T>;
    static constexpr auto remembers = std::array{"exp_avg", "exp_inf"};

    explicit adamax(parameter_list<T> parameters, adamax_options options = {}) : adamax::two_moments{std::move(parameters), options} {}
    template <detail::no_parameter_list Given>
    explicit adamax(const Given& given, adamax_options options = {}) : adamax{detail::list_wanted<T>(given), options} {}
};

template <detail::no_parameter_list Given>
adamax(const Given&, adamax_options = {}) -> adamax<float>;

}  // namespace xgrad::optim

// Defined by xgrad::compiled.
#if defined(XGRAD_INSTANCE)
namespace xgrad::inline XGRAD_ABI::optim::detail {
#define XGRAD_INSTANCES(T) \
    XGRAD_INSTANCE void adamax_step(const adamax_options&, std::uint64_t, std::span<T>, std::span<const T>, T*, T*);
XGRAD_FOR_REAL_TYPES(XGRAD_INSTANCES)
#undef XGRAD_INSTANCES
}
#endif
