// RAdam.
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

struct radam_options {
    double lr = 1e-3;                            ///< the learning rate
    std::array<double, 2> betas{0.9, 0.999};     ///< the decays of the averages m and v
    double eps = 1e-8;
    double weight_decay = 0;                     ///< lambda
    bool decoupled_weight_decay = false;         ///< as in `adamw`
};

namespace detail {

/// The rectification r times sqrt(1 - beta2^t); 0 while the variance is not to be used.
inline double rectified(double beta, std::uint64_t t) {
    const auto correction = bias_correction(beta, t);
    const auto last = 2 / (1 - beta) - 1;
    const auto rho = last - 2 * static_cast<double>(t) * (1 - correction) / correction;
    if (!(rho > 5)) return 0;
    return std::sqrt((rho - 4) * (rho - 2) * last / ((last - 4) * (last - 2) * rho) * correction);
}

/// Step number t on one parameter, with the averages m and v.
template <real T>
void radam_step(const radam_options& options, std::uint64_t t, std::span<T> weight, std::span<const T> gradient, T* m,
                T* v) {
    using batch = simd::batch<T>;
    const auto averaged = decayed_moments<T>{options, options.decoupled_weight_decay};
    const auto rectification = rectified(options.betas[1], t);
    const auto plain = rectification == 0;
    const auto step = -options.lr / bias_correction(options.betas[0], t) * (plain ? 1 : rectification);
    const auto size = batch(static_cast<T>(step));
    const auto eps = batch(static_cast<T>(options.eps));
    const auto rule = [=](batch& w, const batch& each, batch& average, batch& squares) {
        averaged(w, each, average, squares);
        w = simd::fma(size, plain ? average : average / (simd::sqrt(squares) + eps), averaged.shrink * w);
    };
    kernels::update(weight.size(), rule, weight.data(), gradient.data(), m, v);
}

}  // namespace detail

/// RAdam (L. Liu, H. Jiang, P. He, W. Chen, X. Liu, J. Gao, J. Han, "On the variance of the adaptive learning rate and
/// beyond", ICLR 2020), as PyTorch computes it:
///
///     g = gradient + lambda w, or, decoupled, w = w - lr lambda w
///     m = beta1 m + (1 - beta1) g,  v = beta2 v + (1 - beta2) g^2,  m' = m / (1 - beta1^t)
///     R = 2 / (1 - beta2) - 1,  rho = R - 2 t beta2^t / (1 - beta2^t)
///     w = w - lr m' r sqrt(1 - beta2^t) / (sqrt(v) + eps)  where rho > 5,  else  w - lr m'
///     r = sqrt((rho - 4)(rho - 2) R / ((R - 4)(R - 2) rho))
///
/// Throws `value_error` for an option out of range.
template <real T>
class radam final : public detail::two_moments<radam<T>, T, radam_options> {
public:
    static constexpr auto name = "radam";
    static constexpr auto advance = &detail::radam_step<T>;

    explicit radam(parameter_list<T> parameters, radam_options options = {})
        : radam::two_moments{std::move(parameters), options} {}
    template <detail::no_parameter_list Given>
    explicit radam(const Given& given, radam_options options = {}) : radam{detail::list_wanted<T>(given), options} {}
};

template <detail::no_parameter_list Given>
radam(const Given&, radam_options = {}) -> radam<float>;

}  // namespace xgrad::optim

// Defined by xgrad::compiled.
#if defined(XGRAD_INSTANCE)
namespace xgrad::inline XGRAD_ABI::optim::detail {
#define XGRAD_INSTANCES(T) \
    XGRAD_INSTANCE void radam_step(const radam_options&, std::uint64_t, std::span<T>, std::span<const T>, T*, T*);
XGRAD_FOR_REAL_TYPES(XGRAD_INSTANCES)
#undef XGRAD_INSTANCES
}
#endif
