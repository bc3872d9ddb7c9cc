// How `upsample` finds values between elements. It stands alone so that it is declared before the function `linear`, after
// which one of its values is named: the other way round a compiler warns of shadowing.
#pragma once

#include <xgrad/core/config.hpp>

namespace xgrad::inline XGRAD_ABI {

enum class upsample_mode { nearest, linear, cubic, bilinear = linear, trilinear = linear, bicubic = cubic };

}  // namespace xgrad
