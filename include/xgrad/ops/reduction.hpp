// How a loss is reduced. It stands alone so that it is declared before the functions `mean` and `sum`, which
// its values are named after: the other way round a compiler warns of shadowing.
#pragma once

#include <xgrad/core/config.hpp>

namespace xgrad::inline XGRAD_ABI {

/// What becomes of the losses of single elements: their mean, their sum, or none: they stay as they are.
enum class reduction { mean, sum, none };

void say_options(reduction how, const auto& say) {
    say("reduction", how == reduction::mean ? "mean" : how == reduction::sum ? "sum" : "none");
}

}  // namespace xgrad
