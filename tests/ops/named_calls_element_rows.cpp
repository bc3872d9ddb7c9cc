// Rows of the table of calls: elementwise operations, reductions, scans, order and losses.
#include <support/named_calls.hpp>

#include <xgrad/ops/activation.hpp>
#include <xgrad/ops/activation_piecewise.hpp>
#include <xgrad/ops/activation_smooth.hpp>
#include <xgrad/ops/adaptive_pooling.hpp>
#include <xgrad/ops/any.hpp>
#include <xgrad/ops/arithmetic.hpp>
#include <xgrad/ops/attention.hpp>
#include <xgrad/ops/batch_norm.hpp>
#include <xgrad/ops/bincount.hpp>
#include <xgrad/ops/bitwise.hpp>
#include <xgrad/ops/chance.hpp>
#include <xgrad/ops/choice.hpp>
#include <xgrad/ops/compare.hpp>
#include <xgrad/ops/convolution.hpp>
#include <xgrad/ops/cov.hpp>
#include <xgrad/ops/decompose.hpp>
#include <xgrad/ops/diagonal.hpp>
#include <xgrad/ops/diff.hpp>
#include <xgrad/ops/finite.hpp>
#include <xgrad/ops/gamma.hpp>
#include <xgrad/ops/gather.hpp>
#include <xgrad/ops/glu.hpp>
#include <xgrad/ops/grid_sample.hpp>
#include <xgrad/ops/histogram.hpp>
#include <xgrad/ops/hyperbolic.hpp>
#include <xgrad/ops/join.hpp>
#include <xgrad/ops/lerp.hpp>
#include <xgrad/ops/linalg.hpp>
#include <xgrad/ops/local_response_norm.hpp>
#include <xgrad/ops/logic.hpp>
#include <xgrad/ops/logsumexp.hpp>
#include <xgrad/ops/loss.hpp>
#include <xgrad/ops/map.hpp>
#include <xgrad/ops/math.hpp>
#include <xgrad/ops/max_with_indices.hpp>
#include <xgrad/ops/meshgrid.hpp>
#include <xgrad/ops/narrow.hpp>
#include <xgrad/ops/norm.hpp>
#include <xgrad/ops/normalize.hpp>
#include <xgrad/ops/order.hpp>
#include <xgrad/ops/pad.hpp>
#include <xgrad/ops/patches.hpp>
#include <xgrad/ops/pooling.hpp>
#include <xgrad/ops/prelu.hpp>
#include <xgrad/ops/prod.hpp>
#include <xgrad/ops/product.hpp>
#include <xgrad/ops/quantile.hpp>
#include <xgrad/ops/rearrange.hpp>
#include <xgrad/ops/recurrence.hpp>
#include <xgrad/ops/reduce.hpp>
#include <xgrad/ops/remainder.hpp>
#include <xgrad/ops/repeat.hpp>
#include <xgrad/ops/resize.hpp>
#include <xgrad/ops/rotary.hpp>
#include <xgrad/ops/rounding.hpp>
#include <xgrad/ops/scan.hpp>
#include <xgrad/ops/search.hpp>
#include <xgrad/ops/shape.hpp>
#include <xgrad/ops/shift.hpp>
#include <xgrad/ops/sinc.hpp>
#include <xgrad/ops/sliding_window.hpp>
#include <xgrad/ops/softmax.hpp>
#include <xgrad/ops/special.hpp>
#include <xgrad/ops/split.hpp>
#include <xgrad/ops/statistics.hpp>
#include <xgrad/ops/take.hpp>
#include <xgrad/ops/triangle.hpp>
#include <xgrad/ops/trigonometric.hpp>
#include <xgrad/ops/view.hpp>
#include <xgrad/ops/weight_norm.hpp>

#include <cstdint>
#include <limits>

namespace xg = xgrad;

namespace {

using xg::keep_dims;
using xg::reduction;

const auto x = xg::tensor<float, 2>{{0.3f, -0.6f, 0.9f}, {-0.2f, 0.5f, 0.8f}};
const auto y = xg::tensor<float, 2>{{0.7f, 0.4f, -0.1f}, {0.6f, -0.3f, 0.2f}};
const auto positive = xg::tensor<float, 2>{{1.5f, 2.5f, 0.5f}, {3.5f, 1.25f, 0.75f}};
const auto above = xg::tensor<float, 2>{{1.5f, 2.5f, 3.5f}, {3.25f, 1.25f, 1.75f}};
using number = std::numeric_limits<float>;
const auto odd = xg::tensor<float, 1>{1.0f, number::infinity(), -number::infinity(), number::quiet_NaN()};
const auto whole = xg::tensor<int, 2>{{5, 3, 12}, {7, 2, 9}};
const auto other = xg::tensor<int, 2>{{3, 1, 2}, {2, 4, 1}};
const auto mask = xg::tensor<bool, 2>{{true, false, true}, {false, true, true}};
const auto labels = xg::tensor<std::int64_t, 1>{2, 0};
const auto signs = xg::tensor<float, 2>{{1, -1, 1}, {-1, 1, -1}};
const auto classes = xg::tensor<float, 1>{0.5f, 2, 1};

const auto even = xg::concat({x, y}, 0);
const auto wide = xg::concat({x, y}, 1);

const auto elements = named_calls::table{
    CALL(abs, x), CALL(acos, x), CALL(acosh, above), CALL(add, x, y), CALL(add, x, 2), CALL(add, x, 3), CALL(asin, x),
    CALL(asinh, x), CALL(atan, x), CALL(atan2, x, y), CALL(atanh, x), CALL(bitwise_and, whole, other),
    CALL(bitwise_and, whole, 3), CALL(bitwise_and, whole, 4), CALL(bitwise_not, whole), CALL(bitwise_or, whole, other),
    CALL(bitwise_xor, whole, other), CALL(ceil, x), CALL(clamp, x, -0.5f, 0.5f), CALL(clamp, x, 0.f, 0.5f),
    CALL(clamp, x, 0.f, 0.4f), CALL(cos, x), CALL(cosh, x), CALL(digamma, positive), CALL(divide, x, y),
    CALL(equal, x, y), CALL(equal, x, 0.5f), CALL(equal, x, 0.3f), CALL(erf, x), CALL(erfc, x), CALL(erfinv, x),
    CALL(exp, x), CALL(exp2, x), CALL(expm1, x), CALL(floor, x), CALL(floor_divide, whole, other),
    CALL(floor_divide, whole, 2), CALL(floor_divide, whole, 3), CALL(fmod, above, y), CALL(fmod, above, 2),
    CALL(fmod, above, 3), CALL(greater, x, y), CALL(greater_equal, x, y), CALL(heaviside, x, y), CALL(hypot, x, y),
    CALL(isclose, x, y), CALL(isclose, x, y, 0.5), CALL(isclose, x, y, 0.1), CALL(isclose, x, y, 0.1, 0.5),
    CALL(isclose, odd, odd, 0.1, 0.5, true), CALL(isfinite, odd), CALL(isinf, odd), CALL(isnan, odd),
    CALL(left_shift, whole, other), CALL(left_shift, whole, 2), CALL(left_shift, whole, 3), CALL(lerp, x, y, 0.5f), CALL(lerp, x, y, 0.25f), CALL(lerp, x, y, positive),
    CALL(less, x, y), CALL(less_equal, x, y), CALL(lgamma, positive), CALL(log, positive), CALL(log10, positive),
    CALL(log1p, positive), CALL(log2, positive), CALL(logical_and, mask, whole), CALL(logical_not, mask),
    CALL(logical_or, mask, x), CALL(logical_xor, mask, x), CALL(logical_xor, mask, true), CALL(maximum, x, y),
    CALL(maximum, x, 0), CALL(minimum, x, y), CALL(multiply, x, y), CALL(nan_to_num, odd),
    CALL(nan_to_num, odd, {.nan = 1}), CALL(nan_to_num, odd, {.posinf = 2}), CALL(nan_to_num, odd, {.neginf = 3}),
    CALL(negative, x), CALL(not_equal, x, y), CALL(polygamma, 1, positive), CALL(polygamma, 2, positive),
    CALL(pow, positive, y), CALL(pow, positive, 2), CALL(pow, positive, 3), CALL(pow, 2, x), CALL(reciprocal, x),
    CALL(remainder, x, y), CALL(right_shift, whole, other), CALL(right_shift, whole, 1), CALL(round, x),
    CALL(rsqrt, positive), CALL(sign, x), CALL(sin, x), CALL(sinc, x), CALL(sinh, x), CALL(sqrt, positive),
    CALL(square, x), CALL(subtract, x, y), CALL(subtract, 1, y), CALL(subtract, y, 1), CALL(tan, x), CALL(tanh, x),
    CALL(trunc, x), CALL(where, mask, x, y), CALL(where, mask, x, 0), CALL(where, mask, 0, x),
    CALL(where, mask, 1.f, 0.f), CALL(where, mask, 2.f, 0.f), CALL(map, [](auto v) { return v * v; }, x),
    CALL(map_mean, [](auto v, auto w) { return v * w; }, x, y),
    CALL(map_sum, [](auto v, auto w) { return v * w; }, x, y), CALL_OF(astype, double, x), CALL_OF(astype, int, x),
    CALL_OF(astype, bool, whole),
};

const auto activations = named_calls::table{
    CALL(celu, x), CALL(celu, x, 2.f), CALL(elu, x), CALL(elu, x, 2.f), CALL(gelu, x), CALL(gelu_tanh, x),
    CALL(glu, even, 0), CALL(glu, wide), CALL(glu, even, -2), CALL(hardshrink, x), CALL(hardshrink, x, 0.7f),
    CALL(hardsigmoid, x), CALL(hardswish, x), CALL(hardtanh, x), CALL(hardtanh, x, -0.5f, 0.5f), CALL(leaky_relu, x),
    CALL(leaky_relu, x, 0.5f), CALL(log_sigmoid, x), CALL(log_softmax, x), CALL(log_softmax, x, 0), CALL(mish, x),
    CALL(prelu, x, classes), CALL(relu, x), CALL(selu, x), CALL(sigmoid, x), CALL(silu, x), CALL(softmax, x),
    CALL(softmax, x, 0), CALL(softplus, x), CALL(softshrink, x), CALL(softshrink, x, 0.1f), CALL(softsign, x),
    CALL(threshold, x, 0.1f, 0.2f), CALL(threshold, x, 0.1f, 0.3f), CALL(threshold, x, 0.6f, 0.2f),
};

const auto reductions = named_calls::table{
    CALL(all, mask), CALL(all, mask, 0), CALL(all, mask, 1), CALL(all, mask, 0, keep_dims), CALL(any, mask, 0),
    CALL(any, mask), CALL(argmax, x), CALL(argmax, x, 0), CALL(argmax, x, 1), CALL(argmin, x, 0), CALL(argmin, x),
    CALL(count_nonzero, whole), CALL(count_nonzero, whole, 0), CALL(corrcoef, x), CALL(cov, x),
    CALL(cov, x, {.correction = 0}), CALL(cummax, x, 0), CALL(cummax, x, 1), CALL(cummin, x, 0), CALL(cumprod, x, 0),
    CALL(cumprod, x, 1), CALL(cumsum, x, 0), CALL(cumsum, x, 1), CALL(cumsum, mask, 1), CALL(diff, x), CALL(diff, x, 0),
    CALL(diff, x, 1, {.n = 2}), CALL(logcumsumexp, x, 0), CALL(logcumsumexp, x, 1), CALL(logsumexp, x),
    CALL(logsumexp, x, 0), CALL(logsumexp, x, 1), CALL(max, x), CALL(max, x, 0), CALL(max, x, {0, 1}, keep_dims),
    CALL(max, x, 1), CALL(max_with_indices, x, 0), CALL(max_with_indices, x, 1),
    CALL(max_with_indices, x, 1, keep_dims), CALL(mean, x), CALL(mean, x, 0), CALL(mean, x, 0, keep_dims),
    CALL(median, x), CALL(median, x, 0), CALL(min, x), CALL(min, x, 0), CALL(min_with_indices, x, 0),
    CALL(min_with_indices, x, 1), CALL(norm, x), CALL(norm, x, 0), CALL(norm, x, {.p = 1}), CALL(norm, x, {.p = 3}),
    CALL(norm, x, 0, keep_dims, {.p = 1}), CALL(prod, x), CALL(prod, x, 0), CALL(prod, whole, 1),
    CALL(quantile, x, 0.5), CALL(quantile, x, 0.25), CALL(quantile, x, 0.5, 0),
    CALL(quantile, x, xg::tensor<float, 1>{0.1f, 0.6f}, 0), CALL(std, x), CALL(std, x, {.correction = 0}),
    CALL(std, x, 0), CALL(std_mean, x), CALL(std_mean, x, 0), CALL(std_mean, x, 1, keep_dims), CALL(sum, x),
    CALL(sum, x, 0), CALL(sum, x, {0, 1}), CALL(sum, x, 1, keep_dims), CALL(sum, mask, 0), CALL(var, x),
    CALL(var, x, {.correction = 0}), CALL(var, x, 1), CALL(var_mean, x), CALL(var_mean, x, 0),
    CALL(var_mean, x, 0, keep_dims), CALL(var_mean, x, 1), CALL(var_mean, x, {0, 1}, {.correction = 0}),
};

const auto order = named_calls::table{
    CALL(argsort, x), CALL(argsort, x, 0), CALL(argsort, x, {.descending = true}),
    CALL(bincount, xg::tensor<int, 1>{1, 2, 2}), CALL(bincount, xg::tensor<int, 1>{1, 2, 2}, {.minlength = 5}),
    CALL(bincount, xg::tensor<int, 1>{1, 2, 2}, classes), CALL(histogram, x, 3), CALL(histogram, x, 4),
    CALL(histogram, x, 3, {.low = 0, .high = 1}), CALL(histogram, x, 3, y),
    CALL(histogram, x, xg::tensor<float, 1>{0.f, 0.4f, 1.f}),
    CALL(searchsorted, xg::tensor<float, 1>{0.1f, 0.3f, 0.5f}, x),
    CALL(searchsorted, xg::tensor<float, 1>{0.1f, 0.3f, 0.5f}, x, {.right = true}), CALL(sort, x), CALL(sort, x, 0),
    CALL(sort, x, 0, {.descending = true}), CALL(topk, x, 2), CALL(topk, x, 1), CALL(topk, x, 1, 0),
    CALL(topk, x, 1, {.largest = false}), CALL(unique, other), CALL(unique, other, 0), CALL(unique, other, 1),
    CALL(unique, other, {.counts = true}), CALL(unique, other, {.indices = true}),
    CALL(unique, other, {.inverse = true}),
};

const auto rates = xg::tensor<float, 2>{{0.3f, 0.6f, 0.9f}, {0.2f, 0.5f, 0.8f}};
const auto marks = xg::tensor<float, 2>{{1, 0, 1}, {0, 1, 1}};
const auto directions = xg::tensor<float, 1>{1, -1};
const auto sequences = xg::log_softmax(xg::reshape(xg::arange(24.f), {2, 4, 3}) * 0.1f);
const auto targets = xg::tensor<std::int64_t, 2>{{1, 2}, {2, 1}};
const auto target_lengths = xg::tensor<std::int64_t, 1>{2, 1};
const auto input_lengths = xg::tensor<std::int64_t, 1>{4, 3};

const auto losses = named_calls::table{
    CALL(binary_cross_entropy, rates, marks), CALL(binary_cross_entropy, rates, marks, reduction::sum),
    CALL(binary_cross_entropy, rates, marks, {.weight = positive}), CALL(binary_cross_entropy_with_logits, x, marks),
    CALL(binary_cross_entropy_with_logits, x, marks, reduction::none),
    CALL(binary_cross_entropy_with_logits, x, marks, {.pos_weight = classes}),
    CALL(binary_cross_entropy_with_logits, x, marks, {.weight = classes}),
    CALL(cosine_embedding_loss, x, y, directions), CALL(cosine_embedding_loss, x, y, xg::tensor<int, 1>{1, -1}), CALL(cosine_embedding_loss, x, y, directions, {.margin = -0.5}),
    CALL(cosine_similarity, x, y), CALL(cosine_similarity, x, y, 0), CALL(cosine_similarity, x, y, 0, 1.),
    CALL(cross_entropy, x, labels), CALL(cross_entropy, x, labels, reduction::none),
    CALL(cross_entropy, x, labels, {.label_smoothing = 0.1}), CALL(cross_entropy, x, labels, {.ignore_index = 2}),
    CALL(cross_entropy, x, labels, {.weight = classes}), CALL(cross_entropy, x, rates),
    CALL(ctc_loss, sequences, targets, input_lengths, target_lengths),
    CALL(ctc_loss, sequences, targets, input_lengths, target_lengths, reduction::sum),
    CALL(gaussian_nll_loss, x, y, positive), CALL(gaussian_nll_loss, x, y, positive, {.full = true}),
    CALL(gaussian_nll_loss, x, y, positive, {.eps = 1}), CALL(hinge_embedding_loss, x, signs),
    CALL(hinge_embedding_loss, x, signs, {.margin = 2}), CALL(hinge_loss, x, signs), CALL(huber_loss, x, y),
    CALL(huber_loss, x, y, {.delta = 0.25}), CALL(kl_div, x, rates), CALL(kl_div, x, rates, {.log_target = true}),
    CALL(l1_loss, x, y), CALL(l1_loss, x, y, reduction::sum), CALL(mse_loss, x, y),
    CALL(mse_loss, x, y, reduction::sum), CALL(multi_margin_loss, x, labels),
    CALL(multi_margin_loss, x, labels, {.p = 2}), CALL(multi_margin_loss, x, labels, {.margin = 2}),
    CALL(multi_margin_loss, x, labels, {.weight = classes}), CALL(nll_loss, x, labels),
    CALL(nll_loss, x, labels, {.weight = classes}), CALL(nll_loss, x, labels, {.ignore_index = 2}),
    CALL(poisson_nll_loss, x, marks), CALL(poisson_nll_loss, x, above, {.full = true}),
    CALL(poisson_nll_loss, positive, above, {.log_input = false}),
    CALL(poisson_nll_loss, positive, above, {.log_input = false, .eps = 1}), CALL(smooth_l1_loss, x, y),
    CALL(smooth_l1_loss, x, y, {.beta = 0.25}), CALL(soft_margin_loss, x, signs),
    CALL(triplet_margin_loss, x, y, positive), CALL(triplet_margin_loss, x, y, rates, {.margin = 2}),
    CALL(triplet_margin_loss, x, y, rates, {.p = 1}), CALL(triplet_margin_loss, x, y, rates, {.eps = 1}),
    CALL(triplet_margin_loss, x, positive, y, {.swap = true}), CALL(triplet_margin_loss, x, positive, y),
};

}  // namespace
