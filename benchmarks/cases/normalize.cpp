// Normalisation in training.
#include "cases.hpp"
#include "engine.hpp"

#include <xgrad/ops/batch_norm.hpp>
#include <xgrad/ops/normalize.hpp>

namespace bench {

void add_normalize() {
    add_formula<engine>(formulas::batch_norm(), [](const auto& in) {
        return xg::batch_norm(in[0], {}, {}, in[1], in[2], {.training = true});
    });
    add_formula<engine>(formulas::layer_norm(), [](const auto& in) { return xg::layer_norm(in[0], {1024}, in[1], in[2]); });
    add_formula<engine>(formulas::group_norm(), [](const auto& in) {
        return xg::group_norm(in[0], formulas::norm_groups, in[1], in[2]);
    });
}

}  // namespace bench
