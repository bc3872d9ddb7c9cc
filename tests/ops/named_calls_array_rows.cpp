// Rows of the table of calls: shapes, choice, products, linear algebra, images, chance.
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

namespace xg = xgrad;

namespace {

using xg::keep_dims;

const auto x = xg::tensor<float, 2>{{0.3f, -0.6f, 0.9f}, {-0.2f, 0.5f, 0.8f}};
const auto y = xg::tensor<float, 2>{{0.7f, 0.4f, -0.1f}, {0.6f, -0.3f, 0.2f}};
const auto v = xg::tensor<float, 1>{0.5f, 2, 1};
const auto w = xg::tensor<float, 1>{1.5f, -2, 3};
const auto cube = xg::tensor<float, 3>{xg::reshape(xg::arange(24.f), {2, 3, 4})};
const auto column = xg::tensor<float, 3>{{{1, 2, 3}}, {{4, 5, 6}}};
const auto tall = xg::tensor<float, 2>{xg::transpose(x)};
const auto chances = xg::tensor<float, 2>{xg::sigmoid(x)};
const auto mask = xg::tensor<bool, 2>{{true, false, true}, {false, true, true}};
const auto places = xg::tensor<std::int64_t, 1>{1, 0, -1};
const auto classes = xg::tensor<std::int64_t, 1>{2, 1, 0};
const auto table = xg::tensor<std::int64_t, 2>{{1, 0, 1}, {0, 1, 0}};

const auto shapes = named_calls::table{
    CALL(atleast_1d, x), CALL(atleast_2d, v), CALL(atleast_3d, x), CALL(atleast_3d, v),
    CALL(broadcast_to, x, {4, 2, 3}), CALL(chunk, cube, 2), CALL(chunk, cube, 2, 1), CALL(concat, {x, y}),
    CALL(concat, {x, y}, 1), CALL(diag, v), CALL(diag, v, 1), CALL(diag, x), CALL(diag, x, 1), CALL(diag_embed, x),
    CALL(diag_embed, x, 1), CALL(diag_embed, x, 0, 0, 1), CALL(diagonal, x), CALL(diagonal, x, 1),
    CALL(diagonal, cube, 0, 1, 2), CALL(expand, x, {2, 3}), CALL(expand, x, {4, 2, -1}), CALL(expand_dims, x, 0),
    CALL(expand_dims, x, 1), CALL(flatten, cube), CALL(flatten, cube, 1), CALL(flatten, cube, 0, 1), CALL(flip, x),
    CALL(flip, x, 0), CALL(flip, x, 1), CALL(meshgrid, v, w), CALL(moveaxis, cube, 0, 2), CALL(moveaxis, cube, 0, 1),
    CALL(narrow, cube, 1, 2, 1), CALL(narrow, cube, 0, 2, 1), CALL(narrow, cube, 0, 2, 2),
    CALL(pad, x, {{0, 0}, {1, 2}}), CALL(pad, x, {{0, 0}, {2, 1}}),
    CALL(pad, x, {{0, 0}, {2, 1}}, xg::pad_mode::constant, 5), CALL(pad, x, {{0, 0}, {2, 1}}, xg::pad_mode::reflect),
    CALL(pad, x, {{0, 0}, {2, 1}}, xg::pad_mode::replicate), CALL(pad, x, {{0, 0}, {2, 1}}, xg::pad_mode::circular),
    CALL(permute, cube, {2, 0, 1}), CALL(permute, cube, {1, 2, 0}), CALL(repeat_interleave, x, 2),
    CALL(repeat_interleave, x, 2, 1), CALL(repeat_interleave, x, 3, 1),
    CALL(repeat_interleave, x, xg::tensor<int, 1>{1, 2}, 0), CALL(reshape, x, {3, 2}), CALL(reshape, x, {6}),
    CALL(roll, x, 1), CALL(roll, x, 2), CALL(roll, x, {1}, {0}), CALL(roll, x, {1, 1}, {0, 1}), CALL(rot90, x),
    CALL(rot90, x, 2), CALL(rot90, x, 1, 1, 0), CALL(sliding_window, cube, 2, 1), CALL(sliding_window, cube, 2, 2),
    CALL(sliding_window, cube, 2, 2, {.step = 2}), CALL(split, cube, 2, 2), CALL(split, cube, 3, 2),
    CALL(split, cube, {1, 3}, 2), CALL(squeeze, column), CALL(squeeze, column, 1), CALL(stack, {x, y}),
    CALL(stack, {x, y}, 1), CALL(stack, {x, y}, -1), CALL(swapaxes, cube, 0, 1), CALL(swapaxes, cube, 0, 2),
    CALL(tile, x, {2, 1}), CALL(tile, x, {1, 2}), CALL(tile, x, 2), CALL(transpose, x), CALL(transpose, cube, 0, 1),
    CALL(transpose, cube, 0, 2), CALL(tril, x), CALL(tril, x, 1), CALL(tril, x, -1), CALL(triu, x), CALL(triu, x, 1),
    CALL(unbind, x), CALL(unbind, x, 1), CALL(unsqueeze, x, 0), CALL(unsqueeze, x, -1), CALL(view, x, 1),
    CALL(view, x, xt::all(), 1), CALL(view, x, xt::all(), xt::range(0, 2)),
    CALL(view, x, xt::all(), xt::range(0, 3, 2)),
};

const auto choice = named_calls::table{
    CALL(embedding, x, table), CALL(embedding, x, table, {.padding_idx = 0}), CALL(gather, x, table, 0),
    CALL(gather, x, table, 1), CALL(index_put, x, places, 2), CALL(index_put, tall, places, 2, {.accumulate = true}),
    CALL(index_put, tall, places, 2), CALL(index_put, x, mask, 2), CALL(index_put, x, xg::tensor<int, 1>{1}, 2), CALL(index_put, x, {table, table}, y),
    CALL(index_put, x, {table, table}, y, {.accumulate = true}), CALL(index_select, x, places),
    CALL(index_select, x, places, 1), CALL(masked_fill, x, mask, 2), CALL(masked_fill, x, mask, 3),
    CALL(masked_fill, x, mask, xg::tensor<float, 0>(4.f)), CALL(masked_select, x, mask), CALL(nonzero, mask),
    CALL(one_hot, classes), CALL(one_hot, classes, 5), CALL_OF(one_hot, double, classes, 5),
    CALL(scatter, x, table, y, 0), CALL(scatter, x, table, y, 1), CALL(scatter, x, table, 2, 1),
    CALL(scatter, x, table, 3, 1), CALL(scatter_add, x, table, y, 0), CALL(scatter_add, x, table, y, 1),
    CALL(take, x, table), CALL(take, x, places, 1), CALL(take, x, places), CALL(take_along_axis, x, table, 0),
    CALL(take_along_axis, x, table, 1), CALL(take_along_dim, x, table, 0), CALL(take_along_dim, x, table, 1),
};

const auto square = xg::tensor<float, 2>{{4, 1, 0.5f}, {1, 3, 0.25f}, {0.5f, 0.25f, 2}};
const auto skew = xg::tensor<float, 2>{{4, 1, 0.5f}, {0, 3, 0.25f}, {0.125f, -1, 2}};
const auto stack = xg::tensor<float, 3>{xg::stack({square, skew})};

const auto products = named_calls::table{
    CALL(addmm, square, square, skew), CALL(addmm, square, square, skew, {.beta = 2}),
    CALL(addmm, square, square, skew, {.alpha = 2}), CALL(bmm, stack, stack), CALL(cdist, x, y),
    CALL(cdist, x, y, {.p = 1}), CALL(cross, x, y), CALL(cross, x, y, 1), CALL(dot, v, w),
    CALL(einsum, "ij,kj->ik", x, y), CALL(einsum, "ij,kj->ki", x, y), CALL(inner, x, y), CALL(kron, x, y),
    CALL(linear, x, square, v), CALL(linear, x, square, v, xg::relu), CALL(matmul, x, square),
    CALL(matmul, x, y, {.transpose_b = true}), CALL(matmul, x, y, {.transpose_a = true}), CALL(outer, v, w),
    CALL(tensordot, x, y, 2), CALL(tensordot, x, y, {0}, {0}), CALL(tensordot, x, y, {1}, {1}), CALL(trace, x),
    CALL(vdot, v, w),
};

const auto algebra = named_calls::table{
    CALL(cholesky, square), CALL(cholesky, square, {.upper = true}), CALL(det, skew), CALL(eigh, square),
    CALL(eigh, skew, {.upper = true}), CALL(inv, skew), CALL(inverse, skew), CALL(lstsq, tall, v),
    CALL(matrix_norm, skew), CALL(matrix_norm, skew, "nuc"), CALL(matrix_norm, skew, 1),
    CALL(matrix_norm, stack, 1, {0, 1}), CALL(matrix_norm, stack, 1, {0, 1}, keep_dims), CALL(matrix_power, skew, 2),
    CALL(matrix_power, skew, 3), CALL(pinv, x), CALL(pinv, x, {.rtol = 0.9}), CALL(qr, tall),
    CALL(qr, tall, xg::qr_mode::complete), CALL(slogdet, skew), CALL(solve, skew, v), CALL(svd, x),
    CALL(svd, x, {.full_matrices = true}), CALL(triangular_solve, skew, v, {.upper = true}),
    CALL(triangular_solve, skew, v, {.upper = false}), CALL(triangular_solve, skew, v, {.upper = true, .left = true}),
    CALL(triangular_solve, skew, v, {.upper = true, .unitriangular = true}),
};

const auto line = xg::tensor<float, 3>{xg::sin(xg::reshape(xg::arange(24.f), {2, 2, 6}))};
const auto image = xg::tensor<float, 4>{xg::sin(xg::reshape(xg::arange(60.f), {1, 2, 5, 6}))};
const auto box = xg::tensor<float, 5>{xg::sin(xg::reshape(xg::arange(128.f), {1, 2, 4, 4, 4}))};
const auto line_kernel = xg::tensor<float, 3>{xg::cos(xg::reshape(xg::arange(8.f), {2, 2, 2}))};
const auto kernel = xg::tensor<float, 4>{xg::cos(xg::reshape(xg::arange(16.f), {2, 2, 2, 2}))};
const auto box_kernel = xg::tensor<float, 5>{xg::cos(xg::reshape(xg::arange(32.f), {2, 2, 2, 2, 2}))};
const auto bias = xg::tensor<float, 1>{0.5f, -0.5f};

const auto spread = xg::square(bias);
const auto line_squares = xg::square(line);
const auto image_squares = xg::square(image);
const auto box_squares = xg::square(box);
const auto grouped = xg::tensor<float, 4>{xg::narrow(kernel, 0, 1, 1)};
const auto one_image = xg::tensor<float, 3>{xg::view(image, 0)};
const auto patches = xg::tensor<float, 3>{xg::unfold(image, 2)};
const auto grid = xg::tensor<float, 4>{xg::sin(xg::reshape(xg::arange(12.f), {1, 2, 3, 2}))};
const auto line_largest = xg::max_pool1d_with_indices(line, 2);
const auto image_largest = xg::max_pool2d_with_indices(image, 2);
const auto box_largest = xg::max_pool3d_with_indices(box, 2);
const auto channels = xg::tensor<float, 3>{xg::reshape(xg::arange(32.f), {4, 2, 4})};
const auto pixels = xg::tensor<float, 3>{xg::reshape(xg::arange(32.f), {2, 4, 4})};

const auto images = named_calls::table{
    CALL(adaptive_avg_pool1d, line, 3), CALL(adaptive_avg_pool1d, line, 4), CALL(adaptive_avg_pool2d, image, 3),
    CALL(adaptive_avg_pool2d, image, {2, 3}), CALL(adaptive_avg_pool3d, box, 2), CALL(adaptive_max_pool1d, line, 3),
    CALL(adaptive_max_pool1d_with_indices, line, 3), CALL(adaptive_max_pool2d, image, 3),
    CALL(adaptive_max_pool2d, image, {2, 3}), CALL(adaptive_max_pool2d_with_indices, image, 3),
    CALL(adaptive_max_pool3d, box, 2), CALL(adaptive_max_pool3d_with_indices, box, 2), CALL(avg_pool1d, line, 2),
    CALL(avg_pool2d, image, 2), CALL(avg_pool2d, image, 3), CALL(avg_pool2d, image, {2, 3}),
    CALL(avg_pool2d, image, 2, {.stride = 1}), CALL(avg_pool2d, image, 2, {.padding = 1}),
    CALL(avg_pool2d, image, 2, {.ceil_mode = true}), CALL(avg_pool2d, image, 2, {.padding = {{0, 1}, {0, 0}}}),
    CALL(avg_pool2d, image, 2, {.padding = {{0, 1}, {0, 0}}, .ceil_mode = true}),
    CALL(avg_pool2d, image, 2, {.padding = 1, .count_include_pad = false}), CALL(avg_pool2d, image, 2, {.divisor = 3}),
    CALL(avg_pool3d, box, 2), CALL(batch_norm, image, bias, spread), CALL(batch_norm, image, bias, spread, bias, bias),
    CALL(batch_norm, image, bias, spread, {.eps = 1}), CALL(conv1d, line, line_kernel),
    CALL(conv1d, line, line_kernel, bias), CALL(conv2d, image, kernel), CALL(conv2d, image, kernel, {.stride = 2}),
    CALL(conv2d, image, kernel, {.padding = 1}), CALL(conv2d, image, kernel, {.dilation = 2}),
    CALL(conv2d, image, kernel, {.padding = {{0, 1}, {1, 0}}}),
    CALL(conv2d, image, kernel, {.padding = {{1, 0}, {0, 1}}}), CALL(conv2d, image, grouped, {.groups = 2}),
    CALL(conv2d, image, kernel, bias, {}, xg::relu), CALL(conv3d, box, box_kernel), CALL(conv2d, one_image, kernel),
    CALL(conv_transpose1d, line, line_kernel), CALL(conv_transpose2d, image, kernel),
    CALL(conv_transpose2d, image, kernel, {.stride = 2}),
    CALL(conv_transpose2d, image, kernel, {.stride = 2, .output_padding = 1}), CALL(conv_transpose3d, box, box_kernel),
    CALL(fold, patches, {5, 6}, 2), CALL(grid_sample, image, grid),
    CALL(grid_sample, image, grid, {.align_corners = true}),
    CALL(grid_sample, image, grid, {.mode = xg::upsample_mode::nearest}),
    CALL(grid_sample, image, grid, {.padding = xg::grid_padding::border}), CALL(group_norm, image, 2, bias, bias),
    CALL(group_norm, image, 1, bias, bias), CALL(group_norm, image, 1, bias, bias, {.eps = 1}),
    CALL(instance_norm, image, bias, bias), CALL(instance_norm, image, bias, bias, {.eps = 1}),
    CALL(layer_norm, x, {3}, v, w), CALL(layer_norm, x, {3}, v, w, {.eps = 1}), CALL(rms_norm, x, {3}, v),
    CALL(local_response_norm, image, 2), CALL(local_response_norm, image, 1),
    CALL(local_response_norm, image, 2, {.alpha = 1}), CALL(lp_pool1d, line_squares, 2, 2),
    CALL(lp_pool2d, image_squares, 2, 2), CALL(lp_pool2d, image_squares, 3, 2), CALL(lp_pool2d, image_squares, 2, 3),
    CALL(lp_pool2d, image_squares, 2, 2, {.ceil_mode = true}), CALL(lp_pool3d, box_squares, 2, 2),
    CALL(max_pool1d, line, 2), CALL(max_pool1d_with_indices, line, 2), CALL(max_pool2d, image, 2),
    CALL(max_pool2d, image, 3), CALL(max_pool2d, image, 2, {.stride = 1}), CALL(max_pool2d, image, 2, {.padding = 1}),
    CALL(max_pool2d, image, 2, {.dilation = 2}), CALL(max_pool2d, image, 2, {.ceil_mode = true}),
    CALL(max_pool2d_with_indices, image, 2), CALL(max_pool3d, box, 2), CALL(max_pool3d_with_indices, box, 2),
    CALL(max_unpool1d, line_largest.values, line_largest.indices, 2),
    CALL(max_unpool2d, image_largest.values, image_largest.indices, 2),
    CALL(max_unpool3d, box_largest.values, box_largest.indices, 2), CALL(pixel_shuffle, channels, 2),
    CALL(pixel_unshuffle, pixels, 2), CALL(unfold, image, 2), CALL(unfold, image, 3),
    CALL(unfold, image, 2, {.stride = 2}), CALL(unfold, image, 2, {.padding = 1}),
    CALL(unfold, image, 2, {.dilation = 2}), CALL(upsample, image, {.scale = 2}), CALL(upsample, image, {.size = 7}),
    CALL(upsample, image, {.size = 7, .mode = xg::upsample_mode::bilinear}),
    CALL(upsample, image, {.size = 7, .mode = xg::upsample_mode::bicubic}),
    CALL(upsample, image, {.size = 7, .mode = xg::upsample_mode::bilinear, .align_corners = true}),
    CALL(upsample, image, {.scale = 1.3}), CALL(upsample, image, {.scale = 1.25}),
    CALL(upsample, image, {.scale = 1.3, .mode = xg::upsample_mode::bilinear}),
    CALL(upsample, image, {.scale = 1.25, .mode = xg::upsample_mode::bilinear}),
    CALL(upsample, image, {.size = {5, 6}}),
};

const auto rest = named_calls::table{
    CALL(rotary_embedding, cube), CALL(rotary_embedding, cube, {.first = 3}),
    CALL(rotary_embedding, cube, {.base = 10}), CALL(scaled_dot_product_attention, cube, cube, cube),
    CALL(scaled_dot_product_attention, cube, cube, cube, {.causal = true}), CALL(sinusoidal_positions, 3, 4),
    CALL(sinusoidal_positions, 4, 4), CALL(sinusoidal_positions, 3, 4, 10),
    CALL(spectral_norm, x, xg::tensor<float>{1.f, 0.f}, xg::tensor<float>{1.f, 0.f, 0.f}),
    CALL(weight_norm, x, xg::tensor<float, 2>{{2.f}, {3.f}}), CALL(alpha_dropout, cube),
    CALL(alpha_dropout, cube, {.p = 0.25}), CALL(bernoulli, chances), CALL(bernoulli, 0.5, {3, 4}),
    CALL(bernoulli, 0.25, {3, 4}), CALL_OF(bernoulli, bool, 0.5, {3, 4}), CALL(dropout, cube),
    CALL(dropout, cube, {.p = 0.25}), CALL(dropout, cube, {.training = false}), CALL(dropout1d, cube),
    CALL(dropout2d, image), CALL(dropout3d, box), CALL(feature_alpha_dropout, cube), CALL(feature_dropout, cube),
    CALL(multinomial, v, 2), CALL(multinomial, v, 3, {.replacement = true}), CALL(multinomial, v, 3),
    CALL(normal, x, chances), CALL(normal, 0, 1, {2, 3}), CALL(normal, 0, 2, {2, 3}), CALL(uniform, 0, 1, {2, 3}),
    CALL(uniform, 1, 2, {2, 3}),
};

}  // namespace
