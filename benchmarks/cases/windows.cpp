// Convolutions and pooling.
#include "cases.hpp"
#include "engine.hpp"

#include <xgrad/ops/convolution.hpp>
#include <xgrad/ops/pooling.hpp>

namespace bench {

void add_windows() {
    for (const auto& each : formulas::convolutions())
        add_formula<engine>(each.cases(), [=](const auto& in) {
            return xg::conv2d(in[0], in[1], in[2], {.stride = each.stride, .padding = each.padding(), .groups = each.groups});
        });
    add_formula<engine>(formulas::conv1d(), [](const auto& in) { return xg::conv1d(in[0], in[1], in[2], {.padding = 4}); });
    add_formula<engine>(formulas::conv_transpose2d(), [](const auto& in) {
        return xg::conv_transpose2d(in[0], in[1], in[2], {.stride = 2, .padding = 1});
    });
    add_formula<engine>(formulas::pooling("max_pool2d"), [](const auto& in) { return xg::max_pool2d(in[0], 2); });
    add_formula<engine>(formulas::pooling("avg_pool2d"), [](const auto& in) { return xg::avg_pool2d(in[0], 2); });
}

}  // namespace bench
