// Reductions, einsum, order and choice.
#include "cases.hpp"
#include "engine.hpp"

#include <xgrad/ops/einsum.hpp>
#include <xgrad/ops/embedding.hpp>
#include <xgrad/ops/gather.hpp>
#include <xgrad/ops/norm.hpp>
#include <xgrad/ops/order.hpp>
#include <xgrad/ops/scan.hpp>
#include <xgrad/ops/statistics.hpp>

#include <cstddef>

namespace bench {

void add_operations() {
    for (const auto axis : {std::size_t{0}, std::size_t{1}}) {
        add_formula<engine>(formulas::reduction("var", axis), [axis](const auto& in) { return xg::var(in[0], axis); });
        add_formula<engine>(formulas::reduction("norm", axis), [axis](const auto& in) { return xg::norm(in[0], axis); });
    }
    add_formula<engine>(formulas::einsum_of_matrices(), [](const auto& in) { return xg::einsum("bij,bjk->bik", in[0], in[1]); });
    add_formula<engine>(formulas::einsum_of_heads(), [](const auto& in) { return xg::einsum("bhid,bhjd->bhij", in[0], in[1]); });
    add_formula<engine>(formulas::of_rows("cumsum"), [](const auto& in) { return xg::cumsum(in[0], 1); });
    add_formula<engine>(formulas::of_rows("sort"), [](const auto& in) { return xg::sort(in[0], 1).values; });
    add_formula<engine>(formulas::of_rows("topk"), [](const auto& in) { return xg::topk(in[0], formulas::largest, 1).values; });
    add_formula<engine>(formulas::gather(), [](const auto& in) { return xg::gather(in[0], in.index, 1); });
    add_formula<engine>(formulas::embedding(), [](const auto& in) { return xg::embedding(in[0], in.index); });
}

}  // namespace bench
