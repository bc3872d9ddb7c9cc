// Metrics of whole epochs, out of batches: a meter is given each batch, and weighs it by its rows.
//
//     auto right = train::accuracy_meter{};
//     for (auto [x, y] : batches) right.add(net(x), y);
//     right.value();
//
// Each has `add`, `value()`, which is NaN while there is nothing, `count()`, the rows so far, and `reset()`.
#pragma once

#include <xgrad/autograd/tensor.hpp>
#include <xgrad/core/cmath.hpp>
#include <xgrad/core/config.hpp>
#include <xgrad/core/dtype.hpp>
#include <xgrad/core/error.hpp>
#include <xgrad/train/metrics.hpp>

#include <algorithm>
#include <concepts>
#include <cstddef>

namespace xgrad::inline XGRAD_ABI::train {

/// The mean of numbers: `add(loss.item(), rows)` for the mean loss of a batch.
class mean_meter {
public:
    /// Throws `value_error` for a negative weight.
    void add(double value, double weight = 1) {
        if (!(weight >= 0)) fail<value_error>("mean_meter", "a weight must be at least 0, got ", weight);
        if (weight == 0) return;   // of no rows, of which the mean is NaN
        m_sum += value * weight;
        m_weight += weight;
    }
    /// All elements of a tensor.
    template <real T, std::size_t N>
    void add(const tensor<T, N>& values) {
        for (const auto each : values) add(static_cast<double>(each));
    }

    double value() const noexcept { return m_sum / m_weight; }
    double count() const noexcept { return m_weight; }
    void reset() { *this = {}; }

private:
    double m_sum = 0, m_weight = 0;
};

/// `accuracy` of all rows.
class accuracy_meter {
public:
    template <real T, std::size_t N, std::integral Integer, std::size_t M>
    void add(const tensor<T, N>& output, const tensor<Integer, M>& labels) {
        m_correct += count_correct(output, labels);
        m_count += labels.size();
    }

    double value() const noexcept { return static_cast<double>(m_correct) / static_cast<double>(m_count); }
    std::size_t count() const noexcept { return m_count; }
    void reset() { *this = {}; }

private:
    std::size_t m_correct = 0, m_count = 0;
};

namespace detail {

/// The probability that element `label` is among the k largest of a row, if equal ones come in any order. NaN is the
/// largest, and never right.
template <real T>
double share_in_top(const T* row, std::size_t classes, std::size_t label, std::size_t k) {
    if (std::isnan(row[label])) return 0;
    auto larger = std::size_t{0}, equal = std::size_t{0};
    for (auto c = std::size_t{0}; c < classes; ++c) {
        larger += !(row[c] <= row[label]) ? 1u : 0u;
        equal += row[c] == row[label] ? 1u : 0u;
    }
    return larger >= k ? 0 : std::min(1.0, static_cast<double>(k - larger) / static_cast<double>(equal));
}

}  // namespace detail

/// The part of the rows whose label is among their k largest outputs. Where outputs are equal, a row counts by the
/// probability with which its label is among them in an order by chance, so that the order of the classes does not
/// matter. output: (b, classes), labels: (b).
class top_k_accuracy_meter {
public:
    /// Throws `value_error` for k = 0.
    explicit top_k_accuracy_meter(std::size_t k) : m_k{k} {
        if (k == 0) fail<value_error>("top_k_accuracy", "k must be at least 1");
    }

    /// Throws `shape_error` when there is not one label for each row, `index_error` for a label that is no class.
    template <real T, std::size_t N, std::integral Integer, std::size_t M>
    void add(const tensor<T, N>& output, const tensor<Integer, M>& labels) {
        detail::check_output("top_k_accuracy", output, labels);
        const auto classes = output.shape(1);
        const auto* row = output.data();
        auto sum = 0.0;
        for (const auto each : labels) {
            sum += detail::share_in_top(row, classes, detail::class_of("top_k_accuracy", each, classes), m_k);
            row += classes;
        }
        m_sum += sum;
        m_count += labels.size();
    }

    double value() const noexcept { return m_sum / static_cast<double>(m_count); }
    std::size_t count() const noexcept { return m_count; }
    void reset() { m_sum = 0, m_count = 0; }

private:
    std::size_t m_k;
    double m_sum = 0;
    std::size_t m_count = 0;
};

/// The same of one batch.
template <real T, std::size_t N, std::integral Integer, std::size_t M>
double top_k_accuracy(const tensor<T, N>& output, const tensor<Integer, M>& labels, std::size_t k) {
    auto meter = top_k_accuracy_meter{k};
    meter.add(output, labels);
    return meter.value();
}

}  // namespace xgrad::train
