// The negative logarithm of a count's likelihood under a Poisson distribution.
#pragma once

#include <xgrad/core/config.hpp>
#include <xgrad/ops/arithmetic.hpp>
#include <xgrad/ops/compare.hpp>
#include <xgrad/ops/loss/elementwise.hpp>
#include <xgrad/ops/math.hpp>

#include <numbers>

namespace xgrad::inline XGRAD_ABI {

struct poisson_nll_options {
    [[no_unique_address]] detail::named_only tag{};
    bool log_input = true;   ///< the output is the logarithm of the rate
    bool full = false;       ///< with Stirling's approximation of ln t!, where t > 1
    double eps = 1e-8;       ///< under the logarithm of a rate
    xgrad::reduction reduction = xgrad::reduction::mean;
};
void say_options(const poisson_nll_options& options, const auto& say) {
    say("log_input", options.log_input);
    say("full", options.full);
    say("eps", options.eps);
    say("reduction", options.reduction);
}

/// The output x is the rate of a Poisson distribution, or its logarithm: y = e^x - t x, or x - t ln(x + eps); `full` adds
/// t ln t - t + ln(2 pi t) / 2 where t > 1.
struct poisson_nll_loss_fn : elementwise_loss<poisson_nll_loss_fn, poisson_nll_options> {
    static constexpr auto name = "poisson_nll_loss";
    template <real T>
    static tensor<T> losses(const basic_tensor<T>& output, const basic_tensor<T>& target, const poisson_nll_options& options) {
        const auto eps = static_cast<T>(options.eps), circle = static_cast<T>(2 * std::numbers::pi);
        const auto formula = [=, by_log = options.log_input, full = options.full](const auto& x, const auto& t) {
            const auto approximate = [&](const auto& loss) {
                return full ? loss + where(t > 1, t * log(t) - t + log(t * circle) * T(0.5), t * 0) : loss + t * 0;
            };
            return approximate(by_log ? exp(x) - t * x : x - t * log(x + eps));
        };
        return detail::map_losses<T>(formula, output, target);
    }
};
inline constexpr poisson_nll_loss_fn poisson_nll_loss{};

}  // namespace xgrad

// Defined by xgrad::compiled.
#if defined(XGRAD_INSTANCE)
namespace xgrad::inline XGRAD_ABI::detail {
#define XGRAD_INSTANCES(T) \
    XGRAD_LOSS_INSTANCE(poisson_nll_loss_fn, poisson_nll_options, T)
XGRAD_FOR_REAL_TYPES(XGRAD_INSTANCES)
#undef XGRAD_INSTANCES
}
#endif
