// Batch normalisation by the statistics of all ranks' batches together.
#pragma once

#include <xgrad/autograd/backward.hpp>
#include <xgrad/autograd/record.hpp>
#include <xgrad/autograd/tensor.hpp>
#include <xgrad/core/config.hpp>
#include <xgrad/core/dtype.hpp>
#include <xgrad/core/error.hpp>
#include <xgrad/core/shape.hpp>
#include <xgrad/distributed/collect.hpp>
#include <xgrad/distributed/world.hpp>
#include <xgrad/nn/batch_norm.hpp>
#include <xgrad/nn/members.hpp>
#include <xgrad/ops/arithmetic.hpp>
#include <xgrad/ops/batch_norm.hpp>
#include <xgrad/ops/reduce.hpp>
#include <xgrad/ops/special.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>
#include <utility>
#include <vector>

namespace xgrad::inline XGRAD_ABI::distributed {

namespace detail {

/// sum_r weight_r x_r / weight of the receiver, from rank 0 on, in double precision; 0 for a receiver that has none.
template <real T>
tensor<T> weighted_sum(world& all, const basic_tensor<T>& x, double weight, bool divided) {
    auto own = std::vector<double>{weight};
    for (auto i = std::size_t{0}; i < x.size(); ++i) own.push_back(static_cast<double>(xgrad::detail::access::elements(x)[i]));
    auto sum = std::vector<double>(x.size());
    for (const auto& each : gather_numbers(all, std::span<const double>{own}, deed::statistics)) {
        if (each.size() != own.size()) fail<shape_error>("distributed::batch_norm", "the ranks have different numbers of channels");
        if (each[0] == 0) continue;   // of no rows, whose mean is no number
        for (auto i = std::size_t{0}; i < sum.size(); ++i) sum[i] += each[0] * each[i + 1];
    }
    auto y = xgrad::detail::make_result<T>(xgrad::detail::shape_of(x));
    const auto by = divided ? weight : 1.0;
    std::transform(sum.begin(), sum.end(), xgrad::detail::access::elements(y), [by](double each) { return static_cast<T>(by == 0 ? 0 : each / by); });
    return y;
}

/// The sum over all ranks of x. Each rank's loss is the mean over its own rows, and what counts is the mean over all rows:
///     L = sum_r rows_r L_r / rows;   dL/dx_s = sum_r rows_r dy_r / rows = (rows_s / rows) (sum_r rows_r dy_r) / rows_s
/// of which data_parallel supplies the first factor.
template <real T>
tensor<T> sum_of_ranks(world& all, const tensor<T>& x, double rows) {
    return record("sum_of_ranks", weighted_sum(all, x, 1, false), {x}, keep(),
                                 [&all, rows](const auto& dy, gradients& d) {
                                     if (needs_grad(dy))
                                         fail<autograd_error>("distributed::batch_norm", "there is no second derivative through other ranks");
                                     d(0, [&] { return weighted_sum(all, dy, rows, true); });
                                 });
}

}  // namespace detail

/// `nn::batch_norm`, whose mean and variance are those of all ranks' batches together, so that n ranks compute what one would with
/// a batch n times as large: `distributed::batch_norm2d<> norm{16};` in place of nn::batch_norm2d. The same parameters and
/// buffers, under the same names. In evaluation, and without a world, it is that layer.
///
/// In training all ranks call it together, one that has no rows, too (x with no rows), and each forward and backward pass sends
/// 2 c numbers to each rank, twice. Ranks may have different numbers of rows, which must be those that data_parallel is told.
/// Throws what `nn::batch_norm` throws, and `autograd_error` for a second derivative.
template <std::size_t Axes, real T = float>
struct batch_norm {
    nn::batch_norm<Axes, T> layer;
    XGRAD_MEMBERS_OF(layer)

    explicit batch_norm(extent channels, nn::batch_norm_layer_options by = {}) : layer{channels, by} {}

    template <std::size_t N>
    tensor<T, N> operator()(const tensor<T, N>& x) const {
        auto* const all = world::current();
        if (!layer.training || all == nullptr || all->size() == 1) return layer(x);
        layer.validate(x);
        return xgrad::detail::with_rank<N>(over_all(*all, tensor<T>{x}));
    }

private:
    using values = tensor<T>;

    values over_all(world& all, const values& x) const {
        const auto& sizes = xgrad::detail::shape_of(x);
        auto axes = axis_set{};
        auto row = shape{};
        for (auto axis = std::size_t{0}; axis < sizes.rank(); ++axis) {
            if (axis != 1) axes.insert(axis);
            row.push_back(axis == 1 ? sizes[1] : 1);
        }
        const auto rows = static_cast<double>(sizes[0]);
        const auto in_row = [&](const tensor<T, 1>& each) { return xgrad::detail::reshape_to(values{each}, row); };
        const auto total = [&](const values& each) { return detail::sum_of_ranks(all, xgrad::detail::sum_over(each, axes, true), rows); };

        const double own = sizes[1] == 0 ? 0 : static_cast<double>(x.size()) / static_cast<double>(sizes[1]);
        const auto count = detail::sums(all, {&own, 1})[0];
        if (count == 1) fail<value_error>("distributed::batch_norm", "all ranks together have a single value for each channel, which has no variance");
        if (count == 0) return values{x * T{1}};
        const auto n = static_cast<T>(count);
        const auto mean = values{total(x) / n};
        const auto distance = values{x - mean};
        // What rounding has left of the mean; its derivative is 0.
        const auto rest = values{total(distance.detach()) / n};
        const auto centred = values{distance - rest};
        const auto variance = values{total(values{centred * centred}) / n};
        auto y = values{centred * values{rsqrt(values{variance + static_cast<T>(layer.options.eps)})}};
        if (layer.weight.defined()) y = values{y * in_row(layer.weight)};
        if (layer.bias.defined()) y = values{y + in_row(layer.bias)};
        note(values{mean + rest}, variance, count);
        return y;
    }

    /// The new statistics go into the running ones, as in `nn::batch_norm`.
    void note(const values& mean, const values& variance, double count) const {
        if (!layer.running_mean.defined()) return;
        auto counter = layer.num_batches_tracked;   // another handle on the same number
        const auto seen = counter.item() + 1;
        *counter.data() = seen;
        xgrad::detail::update_running(xgrad::detail::given_statistics<T>(mean, variance, layer.options.eps), static_cast<std::size_t>(count),
                                      layer.options.momentum.value_or(1 / static_cast<double>(seen)), values{layer.running_mean},
                                      values{layer.running_var});
    }
};
template <real T = float>
using batch_norm1d = batch_norm<1, T>;
template <real T = float>
using batch_norm2d = batch_norm<2, T>;
template <real T = float>
using batch_norm3d = batch_norm<3, T>;

}  // namespace xgrad::distributed
