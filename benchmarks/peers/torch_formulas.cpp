// LibTorch's operations.
#include "torch.hpp"

#include <cmath>

namespace bench {

namespace {

void add_operations() {
    for (const auto axis : {0, 1}) {
        const auto at = static_cast<std::size_t>(axis);
        add_formula<engine>(formulas::reduction("var", at), [axis](const auto& in) { return torch::var(in[0], axis); });
        add_formula<engine>(formulas::reduction("norm", at), [axis](const auto& in) { return torch::linalg_vector_norm(in[0], 2, axis); });
    }
    add_formula<engine>(formulas::einsum_of_matrices(), [](const auto& in) { return torch::einsum("bij,bjk->bik", {in[0], in[1]}); });
    add_formula<engine>(formulas::einsum_of_heads(), [](const auto& in) { return torch::einsum("bhid,bhjd->bhij", {in[0], in[1]}); });
    add_formula<engine>(formulas::of_rows("cumsum"), [](const auto& in) { return torch::cumsum(in[0], 1); });
    add_formula<engine>(formulas::of_rows("sort"), [](const auto& in) { return std::get<0>(torch::sort(in[0], 1)); });
    add_formula<engine>(formulas::of_rows("topk"), [](const auto& in) { return std::get<0>(torch::topk(in[0], formulas::largest, 1)); });
    add_formula<engine>(formulas::gather(), [](const auto& in) { return torch::gather(in[0], 1, in.index); });
    add_formula<engine>(formulas::embedding(), [](const auto& in) { return torch::embedding(in[0], in.index); });
}

void add_windows() {
    for (const auto& each : formulas::convolutions())
        add_formula<engine>(each.cases(), [=](const auto& in) {
            const auto stride = static_cast<std::int64_t>(each.stride), padding = static_cast<std::int64_t>(each.padding());
            return torch::conv2d(in[0], in[1], in[2], stride, padding, 1, static_cast<std::int64_t>(each.groups));
        });
    add_formula<engine>(formulas::conv1d(), [](const auto& in) { return torch::conv1d(in[0], in[1], in[2], 1, 4); });
    add_formula<engine>(formulas::conv_transpose2d(), [](const auto& in) { return torch::conv_transpose2d(in[0], in[1], in[2], 2, 1); });
    add_formula<engine>(formulas::pooling("max_pool2d"), [](const auto& in) { return torch::max_pool2d(in[0], 2); });
    add_formula<engine>(formulas::pooling("avg_pool2d"), [](const auto& in) { return torch::avg_pool2d(in[0], 2); });
}

void add_normalize() {
    add_formula<engine>(formulas::batch_norm(), [](const auto& in) {
        return torch::batch_norm(in[0], in[1], in[2], {}, {}, true, 0.1, 1e-5, false);
    });
    add_formula<engine>(formulas::layer_norm(), [](const auto& in) { return torch::layer_norm(in[0], {1024}, in[1], in[2]); });
    add_formula<engine>(formulas::group_norm(), [](const auto& in) {
        return torch::group_norm(in[0], formulas::norm_groups, in[1], in[2]);
    });
}

/// This release has no function for it.
torch::Tensor attention(const torch::Tensor& q, const torch::Tensor& k, const torch::Tensor& v) {
    const auto scale = 1 / std::sqrt(static_cast<double>(q.size(-1)));
    return torch::matmul(torch::softmax(torch::matmul(q * scale, k.transpose(-2, -1)), -1), v);
}

}  // namespace

void add_formulas() {
    add_operations();
    add_windows();
    add_normalize();
    for (const auto length : formulas::attention_lengths)
        add_formula<engine>(formulas::attention(length), [](const auto& in) { return attention(in[0], in[1], in[2]); });
}

}  // namespace bench
