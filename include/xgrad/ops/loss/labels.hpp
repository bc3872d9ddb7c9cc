// Class labels, as the losses read them: which count, with what weight, and what the mean divides by.
#pragma once

#include <xgrad/autograd/backward.hpp>
#include <xgrad/autograd/create.hpp>
#include <xgrad/core/config.hpp>
#include <xgrad/core/exact.hpp>
#include <xgrad/ops/arithmetic.hpp>
#include <xgrad/ops/compare.hpp>
#include <xgrad/ops/loss/elementwise.hpp>
#include <xgrad/ops/reduce.hpp>
#include <xgrad/ops/shape.hpp>

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <utility>

namespace xgrad::inline XGRAD_ABI::detail {

/// What a loss of classes is told beside its tensors.
struct class_options {
    std::int64_t ignore_index;
    double smoothing;
    reduction how;
};
void say_options(const class_options& options, const auto& say) {
    say("ignore_index", options.ignore_index);
    say("label_smoothing", options.smoothing);
    say("reduction", options.how);
}

/// The axis of the classes: the second, of a vector the first.
inline std::size_t class_axis(const shape& sizes) { return sizes.rank() == 1 ? 0 : 1; }

/// The shape of the labels: that of the logits without the axis of the classes.
template <real T>
shape label_shape(const basic_tensor<T>& x) {
    auto sizes = shape_of(x);
    sizes.erase(class_axis(sizes));
    return sizes;
}

/// The classes of each label as one row: (labels, classes).
template <real T>
tensor<T> class_rows(const basic_tensor<T>& x) {
    const auto axis = class_axis(shape_of(x)), classes = shape_of(x)[axis];
    auto order = std::array<std::size_t, max_rank>{};
    auto at = std::size_t{0};
    for (auto i = std::size_t{0}; i < x.rank(); ++i)
        if (i != axis) order[at++] = i;
    order[at] = axis;
    const auto last = axis + 1 == x.rank() ? tensor<T>{x} : permute_axes(x, order);
    return reshape_to(last, {label_shape(x).elements(), classes});
}

template <real T>
struct class_labels {
    tensor<std::int64_t> index;    ///< of each label its class, 0 for one that does not count
    tensor<bool> counts;
    tensor<T> weight;              ///< of each label, 0 for one that does not count; where there are weights
    double total = 0;              ///< what the mean divides by
    bool all_count = true, is_weighted = false;
    shape sizes;

    /// Those that do not count as 0, whatever they are.
    tensor<T> only_counting(const tensor<T>& losses) const {
        return all_count ? losses : tensor<T>{where(counts, losses, 0)};
    }
    tensor<T> reduce(const char* name, const tensor<T>& losses, reduction how) const {
        if (how != reduction::mean) return reduce_recorded(name, reshape_to(losses, sizes), how);
        return tensor<T>{sum(losses) / static_cast<T>(total)};
    }
};

template <real T>
void check_class_weight(const char* name, const basic_tensor<T>& x, const basic_tensor<T>& weight) {
    if (x.rank() == 0) fail<rank_error>(name, "logits are (); they must be (rows, classes, ...)");
    const auto classes = shape_of(x)[class_axis(shape_of(x))];
    if (weight.defined() && shape_of(weight) != shape{classes})
        fail<shape_error>(name, "the weights are ", shape_of(weight), "; there must be one for each of ", classes, " classes");
}

/// Throws `rank_error`, `shape_error`, and `index_error` for a label that is no class and not to be ignored.
template <real T, element Integer>
class_labels<T> read_labels(const char* name, const basic_tensor<T>& x, const basic_tensor<Integer>& labels,
                            const basic_tensor<T>& weight, std::optional<std::int64_t> ignore_index) {
    check_class_weight(name, x, weight);
    if (x.rank() != labels.rank() + 1)
        fail<rank_error>(name, "logits are ", shape_of(x), ", labels are ", shape_of(labels),
                         "; logits must be (rows, classes, ...), labels (rows, ...)");
    const auto sizes = label_shape(x);
    if (sizes != shape_of(labels))
        fail<shape_error>(name, "logits are ", shape_of(x), ", labels are ", shape_of(labels),
                          x.rank() <= 2 ? "; there must be one label for each row" : "; there must be one label for each place, the classes being the second axis");
    const auto classes = shape_of(x)[class_axis(shape_of(x))];
    auto read = class_labels<T>{make_result<std::int64_t>({labels.size()}), make_result<bool>({labels.size()}), {}, 0, true,
                                weight.defined(), sizes};
    if (read.is_weighted) read.weight = make_result<T>({labels.size()});
    for (auto i = std::size_t{0}; i < labels.size(); ++i) {
        const auto label = whole{labels.data()[i]};
        const auto counts = !ignore_index || label != whole{*ignore_index};
        if (counts && (label < 0 || label >= classes))
            fail<index_error>(name, "label ", label, " is not one of ", classes, " classes");
        const auto at = counts ? static_cast<std::size_t>(label.bits()) : std::size_t{0};
        access::elements(read.index)[i] = static_cast<std::int64_t>(at);
        access::elements(read.counts)[i] = counts;
        read.all_count = read.all_count && counts;
        const auto share = !counts ? T{0} : read.is_weighted ? weight.data()[at] : T{1};
        if (read.is_weighted) access::elements(read.weight)[i] = share;
        read.total += static_cast<double>(share);
    }
    return read;
}

template <real T>
tensor<T> put(const basic_tensor<T>& dy, const tensor<std::int64_t>& index, std::size_t classes);

/// y_i = x_i,index(i)        dx_ij = dy_i where j = index(i), else 0
template <real T>
tensor<T> pick(const basic_tensor<T>& x, const tensor<std::int64_t>& index) {
    const auto rows = shape_of(x)[0], classes = shape_of(x)[1];
    auto y = make_result<T>({rows});
    for (auto i = std::size_t{0}; i < rows; ++i)
        access::elements(y)[i] = x.data()[i * classes + static_cast<std::size_t>(index.data()[i])];
    return record("pick", std::move(y), {x}, keep(index), [classes](const auto& dy, gradients& d, const auto& at) {
        d(0, [&] { return put(dy, at(), classes); });
    });
}

/// The transposed operation of `pick`.
template <real T>
tensor<T> put(const basic_tensor<T>& dy, const tensor<std::int64_t>& index, std::size_t classes) {
    auto y = filled<dynamic_rank>({dy.size(), classes}, T{0});
    for (auto i = std::size_t{0}; i < dy.size(); ++i)
        access::elements(y)[i * classes + static_cast<std::size_t>(index.data()[i])] = dy.data()[i];
    return record("put", std::move(y), {dy}, keep(index), [](const auto& g, gradients& d, const auto& at) {
        d(0, [&] { return pick(g, at()); });
    });
}

}  // namespace xgrad::inline XGRAD_ABI::detail
