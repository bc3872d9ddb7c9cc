// Numbers with names, as metrics are.
#pragma once

#include <xgrad/core/config.hpp>

#include <string>
#include <vector>

namespace xgrad::inline XGRAD_ABI::train {

/// {"loss", loss.item()}
struct named_value {
    std::string name;
    double value;
};
using named_values = std::vector<named_value>;

}  // namespace xgrad::train
