// Attention and its gradient: by the kernels, and, where the gradient is to be differentiated, by operations.
#pragma once

#include <xgrad/autograd/backward.hpp>
#include <xgrad/autograd/broadcast.hpp>
#include <xgrad/autograd/create.hpp>
#include <xgrad/core/config.hpp>
#include <xgrad/core/error.hpp>
#include <xgrad/core/random.hpp>
#include <xgrad/core/shape.hpp>
#include <xgrad/kernels/attention.hpp>
#include <xgrad/kernels/attention_gradient.hpp>
#include <xgrad/ops/arithmetic.hpp>
#include <xgrad/ops/compare.hpp>
#include <xgrad/ops/linalg.hpp>
#include <xgrad/ops/math.hpp>
#include <xgrad/ops/reduce.hpp>

#include <cstddef>
#include <cstdint>
#include <limits>
#include <utility>

namespace xgrad::inline XGRAD_ABI::detail {

struct attention_attributes {
    bool causal;
    double scale;
    double dropout;
};
void say_options(const attention_attributes& by, const auto& say) {
    say("causal", by.causal);
    say("scale", by.scale);
    say("dropout", by.dropout);
}

/// The sizes of an attention, and what else determines it.
struct attention_plan {
    attention_plan(const shape& q, const shape& k, const shape& v, const attention_attributes& by_) : by{by_}, scores{q}, result{q} {
        const auto rank = q.rank();
        queries = q[rank - 2];
        keys = k[rank - 2];
        width = q.back();
        v_width = v.back();
        scores[rank - 1] = keys;
        result[rank - 1] = v_width;
        for (auto axis = std::size_t{0}; axis + 2 < rank; ++axis) {
            heads *= q[axis];
            key_heads *= k[axis];
        }
        group = key_heads == 0 ? 1 : heads / key_heads;
    }

    template <element T>
    void check_mask(const char* what, const basic_tensor<T>& mask) const {
        if (!mask.defined()) return;
        const auto& own = shape_of(mask);
        auto fits = own.rank() <= scores.rank();
        for (auto axis = std::size_t{1}; fits && axis <= own.rank(); ++axis)
            fits = own[own.rank() - axis] == 1 || own[own.rank() - axis] == scores[scores.rank() - axis];
        if (!fits) fail<shape_error>("scaled_dot_product_attention", what, " is ", own, "; it must broadcast to ", scores, ", (..., queries, keys)");
    }

    /// Where the kernel finds what belongs to each head of a mask or bias.
    template <element T>
    kernels::head_matrices<T> by_head(const basic_tensor<T>& mask) const {
        auto at = kernels::head_matrices<T>{};
        if (!mask.defined()) return at;
        at.data = mask.data();
        const auto& own = shape_of(mask);
        auto step = std::size_t{1};
        at.first.assign(heads, 0);
        auto repeats = std::size_t{1};   // heads that stand at one index along the axis, one after the other
        for (auto axis = std::size_t{1}; axis <= own.rank(); ++axis) {
            const auto size = own[own.rank() - axis], full = scores[scores.rank() - axis];
            const auto own_step = size == 1 ? 0 : step;
            if (axis == 1) at.key_step = own_step;
            else if (axis == 2) at.query_step = own_step;
            else {
                for (auto head = std::size_t{0}; head < heads; ++head) at.first[head] += head / repeats % full * own_step;
                repeats *= full;
            }
            step *= size;
        }
        return at;
    }

    template <real T>
    kernels::attention<T> kernel(const basic_tensor<T>& q, const basic_tensor<T>& k, const basic_tensor<T>& v,
                                 const basic_tensor<bool>& keep, const basic_tensor<T>& bias) const {
        return {heads, group, queries, keys, width, v_width, static_cast<T>(by.scale), by.causal, {by.dropout, key},
                q.data(), k.data(), v.data(), by_head(keep), by_head(bias)};
    }

    attention_attributes by;
    shape scores;   ///< (..., queries, keys)
    shape result;
    std::size_t heads = 1, key_heads = 1, group = 1, queries = 0, keys = 0, width = 0, v_width = 0;
    std::uint64_t key = 0;   ///< of the dropout
};

/// Which keys each query sees, (heads of keys, group, queries, keys) or broadcasting to it.
XGRAD_ON_DEMAND tensor<bool> seen_keys(const tensor<bool>& keep, const attention_plan& plan) {
    auto seen = tensor<bool>(true);
    if (keep.defined()) seen = reshape_to(broadcast_to(keep, plan.scores), {plan.key_heads, plan.group, plan.queries, plan.keys});
    if (!plan.by.causal) return seen;
    auto below = make_result<bool>({plan.queries, plan.keys});
    for (auto i = std::size_t{0}; i < plan.queries; ++i)
        for (auto j = std::size_t{0}; j < plan.keys; ++j) access::elements(below)[i * plan.keys + j] = j + plan.queries <= i + plan.keys;
    return compute<bool>("logical_and", [](bool a, bool b) { return a && b; }, seen, below);
}

/// What dropout multiplies the weights by.
template <real T>
tensor<T> dropout_factors(const attention_plan& plan) {
    auto factors = make_result<T>({plan.key_heads, plan.group, plan.queries, plan.keys});
    const auto chance = kernels::attention_dropout{plan.by.dropout, plan.key};
    const auto rest = static_cast<T>(1 / (1 - plan.by.dropout));
    for (auto i = std::size_t{0}; i < factors.size(); ++i) access::elements(factors)[i] = chance.keeps(i) ? rest : T{0};
    return factors;
}

/// P = softmax(q k^T scale + bias), of heads in groups, recorded; 0 for a query that sees nothing.
template <real T>
tensor<T> attention_weights(const tensor<T>& q, const tensor<T>& k, const tensor<bool>& keep, const tensor<T>& bias,
                            const attention_plan& plan) {
    auto s = tensor<T>{multiply_matrices(q, k, {false, true}) * plan.by.scale};
    if (bias.defined()) s = tensor<T>{s + reshape_to(broadcast_to(bias, plan.scores), shape_of(s))};
    s = tensor<T>{where(seen_keys(keep, plan), s, -std::numeric_limits<T>::infinity())};
    if (plan.keys == 0) return s;
    const auto largest = tensor<T>{max(s.detach(), -1, xgrad::keep_dims)};
    const auto shift = tensor<T>{where(largest == -std::numeric_limits<T>::infinity(), T{0}, largest)};
    const auto e = tensor<T>{exp(s - shift)};
    const auto total = tensor<T>{sum(e, -1, xgrad::keep_dims)};
    return tensor<T>{e / where(total == T{0}, T{1}, total)};
}

/// The gradients of q, k, v and bias; each undefined where it is not wanted.
template <real T>
struct attention_slopes {
    tensor<T> q, k, v, bias;
};

/// By operations: the formulas at the top of kernels/attention_gradient.hpp.
template <real T>
attention_slopes<T> recorded_slopes(const tensor<T>& dy, const tensor<T>& q, const tensor<T>& k, const tensor<T>& v,
                                    const tensor<bool>& keep, const tensor<T>& bias, const gradients& wanted, const attention_plan& plan) {
    const auto by_groups = [&](const tensor<T>& x, std::size_t group, std::size_t rows, std::size_t columns) {
        return reshape_to(x, {plan.key_heads, group, rows, columns});
    };
    const auto q_ = by_groups(q, plan.group, plan.queries, plan.width), k_ = by_groups(k, 1, plan.keys, plan.width);
    const auto v_ = by_groups(v, 1, plan.keys, plan.v_width), dy_ = by_groups(dy, plan.group, plan.queries, plan.v_width);
    const auto p = attention_weights(q_, k_, keep, bias, plan);
    const auto dropped = [&, factors = plan.by.dropout == 0 ? tensor<T>{} : dropout_factors<T>(plan)](const tensor<T>& x) {
        return factors.defined() ? tensor<T>{x * factors} : x;
    };
    const auto dp = dropped(multiply_matrices(dy_, v_, {false, true}));
    const auto ds = tensor<T>{p * (dp - sum(dp * p, -1, xgrad::keep_dims))};
    const auto for_keys = [&](const tensor<T>& x, const tensor<T>& like) { return reshape_to(sum_to(x, shape_of(like)), shape_of(like)); };
    auto slopes = attention_slopes<T>{};
    if (wanted.wants(0)) slopes.q = reshape_to(tensor<T>{multiply_matrices(ds, k_, {}) * plan.by.scale}, shape_of(q));
    if (wanted.wants(1))
        slopes.k = reshape_to(for_keys(tensor<T>{multiply_matrices(ds, q_, {true, false}) * plan.by.scale}, k_), shape_of(k));
    if (wanted.wants(2)) slopes.v = reshape_to(for_keys(multiply_matrices(dropped(p), dy_, {true, false}), v_), shape_of(v));
    if (wanted.wants(3)) slopes.bias = sum_to(reshape_to(ds, plan.scores), shape_of(bias));
    return slopes;
}

/// By the kernel.
template <real T>
attention_slopes<T> fused_slopes(const tensor<T>& dy, const tensor<T>& q, const tensor<T>& k, const tensor<T>& v,
                                 const tensor<bool>& keep, const tensor<T>& bias, const tensor<T>& y, const tensor<T>& statistics,
                                 const gradients& wanted, const attention_plan& plan) {
    auto slopes = attention_slopes<T>{};
    const auto room = [&](std::size_t i, tensor<T>& to, const tensor<T>& like) -> T* {
        if (!wanted.wants(i)) return nullptr;
        to = make_result<T>(shape_of(like));
        return access::elements(to);
    };
    auto* const dq = room(0, slopes.q, q);
    auto* const dk = room(1, slopes.k, k);
    auto* const dv = room(2, slopes.v, v);
    auto* const dbias = room(3, slopes.bias, bias);
    if (dbias != nullptr) std::fill_n(dbias, bias.size(), T{0});
    const auto* const maxima = statistics.data();
    kernels::attend_gradient<T>(plan.kernel(q, k, v, keep, bias),
                                {dy.data(), y.data(), maxima, maxima + plan.heads * plan.queries, dq, dk, dv, dbias});
    return slopes;
}

/// y = softmax(q k^T scale + bias) v
template <real T>
tensor<T> attend(const basic_tensor<T>& q, const basic_tensor<T>& k, const basic_tensor<T>& v, const basic_tensor<bool>& mask,
                 const basic_tensor<T>& bias, attention_plan plan) {
    if (plan.by.dropout != 0) plan.key = with_default_generator([](generator& numbers) { return numbers(); });
    auto y = make_result<T>(plan.result);
    auto statistics = make_result<T>({2, plan.heads, plan.queries});
    auto* const maxima = access::elements(statistics);
    kernels::attend(plan.kernel(q, k, v, mask, bias), access::elements(y), maxima, maxima + plan.heads * plan.queries);
    auto values = keep(q, k, v, mask, bias, statistics, result(y));
    return record("scaled_dot_product_attention", std::move(y), {q, k, v, bias}, std::move(values),
                  [plan](const auto& dy, gradients& d, const auto& q_kept, const auto& k_kept, const auto& v_kept, const auto& mask_kept,
                         const auto& bias_kept, const auto& statistics_kept, const auto& y_kept) {
                      const auto &q_ = q_kept(), &k_ = k_kept(), &v_ = v_kept(), &b_ = bias_kept();
                      const auto slopes = needs_grad(dy, q_, k_, v_, b_)
                                              ? recorded_slopes(dy, q_, k_, v_, mask_kept(), b_, d, plan)
                                              : fused_slopes<T>(dy, q_, k_, v_, mask_kept(), b_, y_kept(), statistics_kept(), d, plan);
                      d(0, [&] { return slopes.q; });
                      d(1, [&] { return slopes.k; });
                      d(2, [&] { return slopes.v; });
                      d(3, [&] { return slopes.bias; });
                  });
}

}  // namespace xgrad::inline XGRAD_ABI::detail
