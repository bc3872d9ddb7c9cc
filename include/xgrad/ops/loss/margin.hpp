// Losses that are 0 beyond a margin.
#pragma once

#include <xgrad/core/config.hpp>
#include <xgrad/ops/activation.hpp>
#include <xgrad/ops/arithmetic.hpp>
#include <xgrad/ops/compare.hpp>
#include <xgrad/ops/loss/elementwise.hpp>
#include <xgrad/ops/math.hpp>

namespace xgrad::inline XGRAD_ABI {

/// y = max(0, 1 - t x), of targets t that are 1 or -1.
struct hinge_loss_fn : elementwise_loss<hinge_loss_fn> {
    static constexpr auto name = "hinge_loss";
    template <real T>
    static tensor<T> losses(const basic_tensor<T>& output, const basic_tensor<T>& target, const loss_options&) {
        return detail::map_losses<T>([](const auto& x, const auto& t) { return relu(1 - t * x); }, output, target);
    }
};
inline constexpr hinge_loss_fn hinge_loss{};

/// y = ln(1 + e^(-t x)), of targets t that are 1 or -1.
struct soft_margin_loss_fn : elementwise_loss<soft_margin_loss_fn> {
    static constexpr auto name = "soft_margin_loss";
    template <real T>
    static tensor<T> losses(const basic_tensor<T>& output, const basic_tensor<T>& target, const loss_options&) {
        return detail::map_losses<T>([](const auto& x, const auto& t) { return softplus(-(t * x)); }, output, target);
    }
};
inline constexpr soft_margin_loss_fn soft_margin_loss{};

struct hinge_embedding_options {
    [[no_unique_address]] detail::named_only tag{};
    double margin = 1;
    xgrad::reduction reduction = xgrad::reduction::mean;
};
void say_options(const hinge_embedding_options& options, const auto& say) {
    say("margin", options.margin);
    say("reduction", options.reduction);
}

/// y = x where t = 1, max(0, margin - x) where t = -1, of distances x; as PyTorch has it, the sum of both for any other t.
struct hinge_embedding_loss_fn : elementwise_loss<hinge_embedding_loss_fn, hinge_embedding_options> {
    static constexpr auto name = "hinge_embedding_loss";
    template <real T>
    static tensor<T> losses(const basic_tensor<T>& output, const basic_tensor<T>& target, const hinge_embedding_options& options) {
        const auto formula = [margin = static_cast<T>(options.margin)](const auto& x, const auto& t) {
            return where(t == 1, 0, relu(margin - x)) + where(t == -1, 0, x);
        };
        return detail::map_losses<T>(formula, output, target);
    }
};
inline constexpr hinge_embedding_loss_fn hinge_embedding_loss{};

}  // namespace xgrad

// Defined by xgrad::compiled.
#if defined(XGRAD_INSTANCE)
namespace xgrad::inline XGRAD_ABI::detail {
#define XGRAD_INSTANCES(T) \
    XGRAD_LOSS_INSTANCE(hinge_loss_fn, loss_options, T) \
    XGRAD_LOSS_INSTANCE(soft_margin_loss_fn, loss_options, T) \
    XGRAD_LOSS_INSTANCE(hinge_embedding_loss_fn, hinge_embedding_options, T)
XGRAD_FOR_REAL_TYPES(XGRAD_INSTANCES)
#undef XGRAD_INSTANCES
}
#endif
