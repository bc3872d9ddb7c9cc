// Normalisation of channels by the statistics of a batch, or by those of all batches so far.
#pragma once

#include <xgrad/autograd/operation.hpp>
#include <xgrad/core/cmath.hpp>
#include <xgrad/core/config.hpp>
#include <xgrad/ops/normalized.hpp>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <type_traits>

namespace xgrad::inline XGRAD_ABI {

struct batch_norm_options {
    bool training = false;                   ///< by the batch's own statistics, which go into the running ones; else by those
    std::optional<double> momentum{0.1};     ///< the weight of the batch in the running statistics; none: all batches count alike
    std::int64_t batches = 0;                ///< how many batches the running statistics are made of, where there is no momentum
    double eps = 1e-5;                       ///< added to the variance
};

namespace detail {

void say_options(const batch_norm_options& options, const auto& say) {
    say("training", options.training);
    if (options.momentum) say("momentum", *options.momentum);
    else say("batches", options.batches);
    say("eps", options.eps);
}

/// x: (n, c, ...) by channels.
template <real T>
normalization over_channels(const basic_tensor<T>& x, double eps) {
    const auto& sizes = shape_of(x);
    const auto channels = sizes[1];
    auto inner = std::size_t{1};
    for (auto axis = std::size_t{2}; axis < sizes.rank(); ++axis) inner *= sizes[axis];
    auto by = normalization{.layout = {}, .sizes = {sizes[0], channels, 1, inner}, .axes = {}, .parameters = {1, channels, 1, 1}, .eps = eps};
    by.axes.insert(0);
    by.axes.insert(2);
    by.axes.insert(3);
    by.layout = {.rows = channels, .segments = sizes[0], .length = inner, .row_step = inner, .segment_step = channels * inner, .groups = channels};
    by.layout.by_columns = inner < simd::width<T> && sizes[0] > 1;
    return by;
}

/// running = (1 - m) running + m new, of the unbiased variance.
template <real T>
void update_running(const tensor<T>& statistics, std::size_t count, double momentum, tensor<T> mean, tensor<T> variance) {
    const auto of = statistics_in(statistics);
    const auto m = static_cast<T>(momentum), unbiased = static_cast<T>(count) / static_cast<T>(count - 1);
    auto* const means = mean.data();
    auto* const variances = variance.data();
    for (auto c = std::size_t{0}; c < of.rows; ++c) {
        means[c] += m * ((of.mean(c) - means[c]) + of.rest(c));
        variances[c] += m * (of.variance(c) * unbiased - variances[c]);
    }
    access::get(mean).mark_changed();
    access::get(variance).mark_changed();
}

/// Statistics that are given, as the kernel has them.
template <real T>
tensor<T> given_statistics(const basic_tensor<T>& mean, const basic_tensor<T>& variance, double eps) {
    auto statistics = room_for_statistics<T>(mean.size());
    const auto of = statistics_in(statistics);
    for (auto c = std::size_t{0}; c < of.rows; ++c) {
        of.mean(c) = mean.data()[c];
        of.rest(c) = T{0};
        of.variance(c) = variance.data()[c];
        of.scale(c) = T{1} / std::sqrt(of.variance(c) + static_cast<T>(eps));
    }
    return statistics;
}

template <real T>
tensor<T> batch_norm_value(const basic_tensor<T>& x, const basic_tensor<T>& mean, const basic_tensor<T>& variance,
                           const basic_tensor<T>& weight, const basic_tensor<T>& bias, const batch_norm_options& options) {
    constexpr auto name = "batch_norm";
    if (x.rank() < 2) fail<rank_error>(name, "x is ", shape_of(x), "; it must be (n, c, ...)");
    auto by = over_channels(x, options.eps);
    const auto channels = shape{shape_of(x)[1]};
    check_parameters(name, weight, bias, channels);
    if (mean.defined() != variance.defined()) fail<value_error>(name, "running mean and variance come together, or not at all");
    for (const auto* each : {&mean, &variance})
        if (each->defined() && shape_of(*each) != channels)
            fail<shape_error>(name, "the running ", each == &mean ? "mean" : "variance", " is ", shape_of(*each), "; it must be ", channels);
    const auto count = by.layout.count();
    if (!options.training && mean.defined()) {
        by.fixed = true;
        return normalize(name, x, weight, bias, given_statistics(mean, variance, options.eps), by);
    }
    if (options.training && count == 1)
        fail<value_error>(name, "x is ", shape_of(x),
                          ": a single value for each channel has no variance: training needs more, and for evaluation there is nn::eval(net)");
    const auto statistics = room_for_statistics<T>(by.layout.rows);
    auto y = normalize(name, x, weight, bias, statistics, by);
    if (options.training && mean.defined() && count != 0)
        update_running(statistics, count, options.momentum.value_or(1 / (static_cast<double>(options.batches) + 1)), tensor<T>{mean},
                       tensor<T>{variance});
    return y;
}
template <real T>
tensor<T> batch_norm_of(const basic_tensor<T>& x, const basic_tensor<T>& mean, const basic_tensor<T>& variance,
                        const basic_tensor<T>& weight, const basic_tensor<T>& bias, const batch_norm_options& options) {
    return call("batch_norm", {"x", "running_mean", "running_var", "weight", "bias", "options"},
                [](const basic_tensor<T>& v, const basic_tensor<T>& m, const basic_tensor<T>& s, const basic_tensor<T>& w,
                   const basic_tensor<T>& b, const batch_norm_options& how) { return batch_norm_value(v, m, s, w, b, how); },
                x, mean, variance, weight, bias, options);
}

}  // namespace detail

/// y = (x - mean) / sqrt(variance + eps) weight + bias for each channel of x, (n, c, ...); weight, bias and the running
/// statistics are (c), and each pair may be left out (`{}`).
///
/// In training, mean and variance are the batch's own, the variance biased, and go into the running ones, the variance
/// unbiased: running += momentum (new - running), in place; they stay as they were for an empty batch. Otherwise the running
/// statistics are used, if there are any. No gradient comes to them.
/// Keeps x, weight, and mean and variance of each channel. Throws `rank_error`, `shape_error`, and `value_error` for a single
/// value for each channel in training.
/// S. Ioffe, C. Szegedy, "Batch normalization", 2015.
struct batch_norm_fn {
    template <element T, std::size_t N>
    tensor<T, N> operator()(const tensor<T, N>& x, const tensor<std::type_identity_t<T>>& running_mean,
                            const tensor<std::type_identity_t<T>>& running_var, const tensor<std::type_identity_t<T>>& weight = {},
                            const tensor<std::type_identity_t<T>>& bias = {}, batch_norm_options options = {}) const {
        detail::check_types<T>();
        static_assert(N == dynamic_rank || N >= 2, "channels are the second of two axes at least");
        return detail::with_rank<N>(detail::batch_norm_of<T>(x, running_mean, running_var, weight, bias, options));
    }
    template <element T, std::size_t N>
    tensor<T, N> operator()(const tensor<T, N>& x, const tensor<std::type_identity_t<T>>& running_mean,
                            const tensor<std::type_identity_t<T>>& running_var, batch_norm_options options) const {
        return (*this)(x, running_mean, running_var, {}, {}, options);
    }
};
inline constexpr batch_norm_fn batch_norm{};

}  // namespace xgrad

// Defined by xgrad::compiled.
#if defined(XGRAD_INSTANCE)
namespace xgrad::inline XGRAD_ABI::detail {
#define XGRAD_INSTANCES(T) \
    XGRAD_INSTANCE tensor<T> batch_norm_of(const basic_tensor<T>&, const basic_tensor<T>&, const basic_tensor<T>&, \
                                           const basic_tensor<T>&, const basic_tensor<T>&, const batch_norm_options&);
XGRAD_FOR_REAL_TYPES(XGRAD_INSTANCES)
#undef XGRAD_INSTANCES
}
#endif
