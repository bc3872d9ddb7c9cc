// Attention, which never holds the matrix of scores.
#include "cases.hpp"
#include "engine.hpp"

#include <xgrad/ops/attention.hpp>

namespace bench {

void add_attention() {
    for (const auto length : formulas::attention_lengths)
        add_formula<engine>(formulas::attention(length), [](const auto& in) {
            return xg::scaled_dot_product_attention(in[0], in[1], in[2]);
        });
}

}  // namespace bench
