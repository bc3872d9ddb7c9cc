// How a loss is reduced. It stands alone so that it is declared before the functions `mean` and `sum`, which
// its values are named after: the other way round a compiler warns of shadowing.
#pragma once

#include <xgrad/core/config.hpp>

namespace xgrad::inline XGRAD_ABI {

/// What becomes of the losses of single elements: their mean, their sum, or none: they stay as they are. `batchmean`, of
/// kl_div alone, is the sum divided by the size of the first axis.
enum class reduction { mean, sum, none, batchmean };

void say_options(reduction how, const auto& say) {
    say("reduction", how == reduction::mean ? "mean" : how == reduction::sum ? "sum" : how == reduction::none ? "none" : "batchmean");
}

namespace detail {

/// The first member of options that stand in a number's or an axis's place: braces with a number in them are then no options.
struct named_only {};

}  // namespace detail

/// The options of a loss that has no others.
struct loss_options {
    [[no_unique_address]] detail::named_only tag{};
    xgrad::reduction reduction = xgrad::reduction::mean;
};
void say_options(const loss_options& options, const auto& say) {
    say("reduction", options.reduction);
}

}  // namespace xgrad
