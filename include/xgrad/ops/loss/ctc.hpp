// Connectionist temporal classification.
#pragma once

#include <xgrad/autograd/functional.hpp>
#include <xgrad/autograd/operation.hpp>
#include <xgrad/core/config.hpp>
#include <xgrad/core/error.hpp>
#include <xgrad/core/exact.hpp>
#include <xgrad/core/parallel.hpp>
#include <xgrad/kernels/ctc.hpp>
#include <xgrad/ops/arithmetic.hpp>
#include <xgrad/ops/compare.hpp>
#include <xgrad/ops/join.hpp>
#include <xgrad/ops/linalg.hpp>
#include <xgrad/ops/loss/elementwise.hpp>
#include <xgrad/ops/math.hpp>
#include <xgrad/ops/reduce.hpp>
#include <xgrad/ops/take.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <type_traits>
#include <utility>
#include <vector>

namespace xgrad::inline XGRAD_ABI {

struct ctc_options {
    [[no_unique_address]] detail::named_only tag{};
    std::int64_t blank = 0;       ///< the class that stands for no label
    bool zero_infinity = false;   ///< a sequence with no possible path costs 0, and its gradient is 0
    xgrad::reduction reduction = xgrad::reduction::mean;
};
void say_options(const ctc_options& options, const auto& say) {
    say("blank", options.blank);
    say("zero_infinity", options.zero_infinity);
    say("reduction", options.reduction);
}

namespace detail {

/// The sequences of a batch: of each its number of steps, and its labels.
struct ctc_batch {
    std::vector<std::size_t> steps, first, count;   // of labels: where they begin, how many there are
    std::vector<std::int64_t> labels;
    std::int64_t blank;
    bool zero_infinity;

    kernels::ctc_states states(std::size_t n) const { return {labels.data() + first[n], count[n], blank}; }
    bool is_left_out(double likelihood) const { return zero_infinity && likelihood == -std::numeric_limits<double>::infinity(); }
};

/// ln p of sequence n, as an operation on the batch that can be differentiated again: the paths' likelihoods step by step,
/// each time divided by their sum, whose logarithms are added up.
template <real T>
tensor<T> ctc_likelihood(const tensor<T>& x, std::size_t n, const ctc_batch& batch) {
    const auto states = batch.states(n);
    const auto steps = batch.steps[n], size = states.size(), classes = shape_of(x)[2];
    auto at = make_result<std::int64_t>({steps, size});
    auto moves = filled<dynamic_rank>({size, size}, T{0}), starts = filled<dynamic_rank>({1, size}, T{0}), ends = filled<dynamic_rank>({1, size}, T{0});
    for (auto s = std::size_t{0}; s < size; ++s) {
        for (auto t = std::size_t{0}; t < steps; ++t)
            access::elements(at)[t * size + s] = static_cast<std::int64_t>((n * shape_of(x)[1] + t) * classes) + states.label(s);
        for (const auto over : {0, 1, 2})
            if (s >= static_cast<std::size_t>(over) && (over < 2 || states.reached_over_blank(s)))
                access::elements(moves)[(s - static_cast<std::size_t>(over)) * size + s] = T{1};
        if (s < 2) access::elements(starts)[s] = T{1};
        if (s + 2 >= size) access::elements(ends)[s] = T{1};
    }
    const auto logarithms = take_along(reshape_to(x, {x.size()}), at, 0);
    auto total = tensor<T>(T{0}), paths = starts;
    for (auto t = std::size_t{0}; t < steps; ++t) {
        const auto row = take_along(logarithms, tensor<std::int64_t>{tensor<std::int64_t, 1>{static_cast<std::int64_t>(t)}}, 0);
        const auto largest = tensor<T>{max(row.detach())};
        paths = tensor<T>{(t == 0 ? paths : tensor<T>{matmul(paths, moves)}) * exp(row - largest)};
        const auto amount = tensor<T>{sum(paths)};
        paths = tensor<T>{paths / amount};
        total = tensor<T>{total + log(amount) + largest};
    }
    return tensor<T>{total + log(sum(paths * ends))};
}

template <real T>
tensor<T> ctc_again(const tensor<T>& x, const std::vector<double>& likelihoods, const ctc_batch& batch) {
    auto losses = std::vector<tensor<T>>{};
    for (auto n = std::size_t{0}; n < batch.steps.size(); ++n) {
        const auto constant = batch.steps[n] == 0 || batch.is_left_out(likelihoods[n]);
        losses.push_back(reshape_to(constant ? filled<dynamic_rank>({}, T{0}) : tensor<T>{-ctc_likelihood(x, n, batch)}, {1}));
    }
    return tensor<T>{concat(losses)};
}

/// y_n = -ln p_n        dx = -dy_n (the probability to be at a label at a step)
template <real T>
tensor<T> ctc_losses(const basic_tensor<T>& x, ctc_batch batch) {
    const auto count = batch.steps.size(), classes = shape_of(x)[2], length = shape_of(x)[1];
    const auto run = [=](const T* from, const ctc_batch& of, std::size_t n, const auto& then) {
        const auto alpha = memory::scratch<double>{of.steps[n] * of.states(n).size()};
        then(kernels::ctc_forward(from + n * length * classes, of.steps[n], classes, of.states(n), alpha.data()), alpha.data());
    };
    auto y = make_result<T>({count});
    auto likelihoods = std::vector<double>(count);
    parallel_for(count, 2, [&, from = x.data()](std::size_t begin, std::size_t end) {
        for (auto n = begin; n < end; ++n)
            run(from, batch, n, [&](double likelihood, const double*) { likelihoods[n] = likelihood; });
    });
    for (auto n = std::size_t{0}; n < count; ++n)
        access::elements(y)[n] = batch.is_left_out(likelihoods[n]) ? T{0} : static_cast<T>(-likelihoods[n]);
    return record("ctc_loss", std::move(y), {x}, keep(x), [=](const auto& dy, gradients& d, const auto& kept_x) {
        d(0, [&] {
            const auto& v = kept_x();
            if (needs_grad(dy, v)) {
                auto again = vjp([&](const auto& w) { return ctc_again<T>(tensor<T>{w}, likelihoods, batch); }, v);
                return tensor<T>{again.second(dy)};
            }
            auto dx = filled<dynamic_rank>(shape_of(v), T{0});
            auto* const to = access::elements(dx);
            parallel_for(count, 2, [&, from = v.data(), slopes = dy.data()](std::size_t begin, std::size_t end) {
                for (auto n = begin; n < end; ++n) {
                    if (slopes[n] == 0 || batch.is_left_out(likelihoods[n])) continue;
                    const auto at = n * length * classes;
                    run(from, batch, n, [&](double likelihood, const double* alpha) {
                        kernels::ctc_backward(from + at, batch.steps[n], classes, batch.states(n), alpha, likelihood,
                                              -static_cast<double>(slopes[n]), to + at);
                    });
                }
            });
            return dx;
        });
    });
}

/// A length out of a list of them. Throws `value_error` for one beyond the longest.
template <element Integer>
std::size_t ctc_length(const char* what, const basic_tensor<Integer>& lengths, std::size_t n, std::size_t longest) {
    const auto number = whole{lengths.data()[n]};
    if (number < 0 || number > longest)
        fail<value_error>("ctc_loss", what, " of sequence ", n, " is ", number, "; it must be from 0 to ", longest);
    return static_cast<std::size_t>(number.bits());
}

template <real T, element Integer, element Length>
ctc_batch read_ctc_batch(const basic_tensor<T>& x, const basic_tensor<Integer>& targets, const basic_tensor<Length>& input_lengths,
                         const basic_tensor<Length>& target_lengths, const ctc_options& options) {
    if (x.rank() != 3 || targets.rank() == 0 || targets.rank() > 2 || input_lengths.rank() != 1 || target_lengths.rank() != 1)
        fail<rank_error>("ctc_loss", "the output is ", shape_of(x), ", the targets ", shape_of(targets), ", the lengths ",
                         shape_of(input_lengths), " and ", shape_of(target_lengths), "; they must be (batch, length, classes), (batch, most "
                         "labels), or all labels one behind the other, and twice (batch)");
    const auto count = shape_of(x)[0], classes = shape_of(x)[2];
    const auto in_rows = targets.rank() == 2;
    if (input_lengths.size() != count || target_lengths.size() != count || (in_rows && shape_of(targets)[0] != count))
        fail<shape_error>("ctc_loss", "the output is ", shape_of(x), ", the targets ", shape_of(targets), ", the lengths ",
                          shape_of(input_lengths), " and ", shape_of(target_lengths), "; there must be ", count, " of each");
    if (options.blank < 0 || whole{options.blank} >= whole{classes})
        fail<index_error>("ctc_loss", "blank ", options.blank, " is not one of ", classes, " classes");
    auto batch = ctc_batch{{}, {}, {}, {}, options.blank, options.zero_infinity};
    auto behind = std::size_t{0};
    for (auto n = std::size_t{0}; n < count; ++n) {
        const auto from = in_rows ? n * shape_of(targets)[1] : behind;
        batch.steps.push_back(ctc_length("the input length", input_lengths, n, shape_of(x)[1]));
        batch.count.push_back(ctc_length("the target length", target_lengths, n, in_rows ? shape_of(targets)[1] : targets.size() - behind));
        batch.first.push_back(batch.labels.size());
        for (auto i = std::size_t{0}; i < batch.count[n]; ++i) {
            const auto label = whole{targets.data()[from + i]};
            if (label < 0 || label >= classes) fail<index_error>("ctc_loss", "label ", label, " is not one of ", classes, " classes");
            if (label == whole{options.blank}) fail<value_error>("ctc_loss", "label ", label, " is the blank");
            batch.labels.push_back(static_cast<std::int64_t>(label.bits()));
        }
        behind += batch.count[n];
    }
    return batch;
}

template <real T, element Integer, element Length>
tensor<T> ctc_any(const basic_tensor<T>& output, const basic_tensor<Integer>& targets, const basic_tensor<Length>& input_lengths,
                  const basic_tensor<Length>& target_lengths, const ctc_options& options) {
    return call("ctc_loss", {"output", "targets", "input_lengths", "target_lengths", "options"},
                [](const basic_tensor<T>& x, const basic_tensor<Integer>& t, const basic_tensor<Length>& steps,
                   const basic_tensor<Length>& counts, const ctc_options& given) {
        auto batch = read_ctc_batch(x, t, steps, counts, given);
        auto shares = make_result<T>({batch.count.size()});
        for (auto n = std::size_t{0}; n < shares.size(); ++n)
            access::elements(shares)[n] = static_cast<T>(std::max<std::size_t>(1, batch.count[n]));
        const auto losses = ctc_losses<T>(x, std::move(batch));
        return reduce_recorded("ctc_loss", given.reduction == reduction::mean ? tensor<T>{losses / shares} : losses, given.reduction);
    }, output, targets, input_lengths, target_lengths, options);
}

}  // namespace detail

/// The loss of a sequence of labels whose places are not known: y = -ln p, p the probability of all paths of classes that are
/// these labels once repetitions are made one and blanks are left out. By default the mean over the batch of y / the number of
/// labels (1 where there is none), as PyTorch has it; but the batch is the first axis, as everywhere here:
///
///     output: (batch, length, classes), logarithms of probabilities, from `log_softmax`
///     targets: (batch, most labels), or all labels one behind the other: (labels)
///     input_lengths, target_lengths: (batch), how much of each sequence counts
///
/// A sequence with no possible path costs infinity (its gradient is NaN), or 0 with a gradient of 0 by `zero_infinity`.
/// A. Graves, S. Fernandez, F. Gomez, J. Schmidhuber, "Connectionist temporal classification: labelling unsegmented sequence
/// data with recurrent neural networks", ICML 2006; in logarithms, in double precision.
/// Throws `rank_error`, `shape_error`, `index_error` for a label that is no class, `value_error` for one that is the blank and
/// for a length beyond its axis.
struct ctc_loss_fn {
    template <element T, std::size_t N, element Integer, std::size_t M, element Length, std::size_t K, std::size_t L>
    tensor<T, 0> operator()(const tensor<T, N>& output, const tensor<Integer, M>& targets, const tensor<Length, K>& input_lengths,
                            const tensor<Length, L>& target_lengths) const {
        return detail::with_rank<0>((*this)(output, targets, input_lengths, target_lengths, ctc_options{}));
    }
    template <element T, std::size_t N, element Integer, std::size_t M, element Length, std::size_t K, std::size_t L>
    tensor<T> operator()(const tensor<T, N>& output, const tensor<Integer, M>& targets, const tensor<Length, K>& input_lengths,
                         const tensor<Length, L>& target_lengths, reduction how) const {
        return (*this)(output, targets, input_lengths, target_lengths, ctc_options{.reduction = how});
    }
    template <element T, std::size_t N, element Integer, std::size_t M, element Length, std::size_t K, std::size_t L>
    tensor<T> operator()(const tensor<T, N>& output, const tensor<Integer, M>& targets, const tensor<Length, K>& input_lengths,
                         const tensor<Length, L>& target_lengths, const ctc_options& options) const {
        static_assert(real<T>, "an operation on real numbers: convert the operand with astype<float>(x)");
        static_assert(std::is_integral_v<Integer> && std::is_integral_v<Length>, "labels and lengths are integers");
        return detail::ctc_any<T, Integer, Length>(output, targets, input_lengths, target_lengths, options);
    }
};
inline constexpr ctc_loss_fn ctc_loss{};

}  // namespace xgrad

// Defined by xgrad::compiled.
#if defined(XGRAD_INSTANCE)
namespace xgrad::inline XGRAD_ABI::detail {
#define XGRAD_INSTANCES(T) XGRAD_INSTANCE tensor<T> ctc_losses(const basic_tensor<T>&, ctc_batch);
XGRAD_FOR_REAL_TYPES(XGRAD_INSTANCES)
#undef XGRAD_INSTANCES
}
#endif
