// How well classes are told apart: precision, recall and F1, by class or as means over the classes.
#pragma once

#include <xgrad/autograd/tensor.hpp>
#include <xgrad/core/config.hpp>
#include <xgrad/core/dtype.hpp>
#include <xgrad/ops/reduce.hpp>
#include <xgrad/train/metrics.hpp>

#include <concepts>
#include <cstddef>

namespace xgrad::inline XGRAD_ABI::train {

/// The mean over the classes: each counting alike, by how often it is the label, or of all counts together (which is
/// the accuracy). A class that is neither a label nor a prediction is left out.
enum class average { macro, weighted, micro };

namespace detail {

/// right / of, and 0 of none: of a class that is there, but was never taken for anything, or never a label.
inline double part_or_zero(double right, double of) { return of == 0 ? 0 : right / of; }

/// The mean of score(right, labels, predictions) over the classes; NaN when nothing was counted.
template <class Score>
double mean_over_classes(const confusion_matrix& matrix, average mean, const Score& score) {
    if (mean == average::micro) return matrix.accuracy();
    auto sum = 0.0, weights = 0.0;
    for (auto c = std::size_t{0}; c < matrix.classes(); ++c) {
        const auto labels = static_cast<double>(matrix.with_label(c)),
                   predictions = static_cast<double>(matrix.with_prediction(c));
        if (labels + predictions == 0) continue;
        const auto weight = mean == average::macro ? 1 : labels;
        sum += weight * score(static_cast<double>(matrix(c, c)), labels, predictions);
        weights += weight;
    }
    return sum / weights;
}

template <real T, std::size_t N, std::integral Integer, std::size_t M>
void add_output(confusion_matrix& matrix, const tensor<T, N>& output, const tensor<Integer, M>& labels) {
    check_output("confusion_matrix", output, labels);
    matrix.add(labels, argmax(output, 1));
}

}  // namespace detail

/// Of what was taken for a class, the part that is of it: right / predictions.
inline double precision(const confusion_matrix& matrix, average mean = average::macro) {
    return detail::mean_over_classes(matrix, mean, [](double right, double, double predictions) {
        return detail::part_or_zero(right, predictions);
    });
}
/// Of a class, the part that was found: right / labels.
inline double recall(const confusion_matrix& matrix, average mean = average::macro) {
    return detail::mean_over_classes(
        matrix, mean, [](double right, double labels, double) { return detail::part_or_zero(right, labels); });
}
/// The harmonic mean of the two: 2 right / (labels + predictions).
inline double f1(const confusion_matrix& matrix, average mean = average::macro) {
    return detail::mean_over_classes(matrix, mean, [](double right, double labels, double predictions) {
        return 2 * right / (labels + predictions);
    });
}
/// The same of one class; NaN for one that is neither a label nor a prediction.
inline double f1(const confusion_matrix& matrix, std::size_t c) {
    return 2 * static_cast<double>(matrix(c, c)) /
           static_cast<double>(matrix.with_label(c) + matrix.with_prediction(c));
}

/// A meter of one of these: `train::f1_meter{10}`. output: (b, classes), labels: (b). `matrix()` has the counts behind
/// it.
template <double (*Score)(const confusion_matrix&, average)>
class class_meter {
public:
    explicit class_meter(std::size_t classes, average mean = average::macro) : m_matrix{classes}, m_mean{mean} {}

    template <real T, std::size_t N, std::integral Integer, std::size_t M>
    void add(const tensor<T, N>& output, const tensor<Integer, M>& labels) {
        detail::add_output(m_matrix, output, labels);
    }
    double value() const { return Score(m_matrix, m_mean); }
    std::size_t count() const { return m_matrix.total(); }
    const confusion_matrix& matrix() const noexcept { return m_matrix; }
    void reset() { m_matrix = confusion_matrix{m_matrix.classes()}; }

private:
    confusion_matrix m_matrix;
    average m_mean;
};

using precision_meter = class_meter<precision>;
using recall_meter = class_meter<recall>;
using f1_meter = class_meter<static_cast<double (*)(const confusion_matrix&, average)>(f1)>;

/// Of one batch. output: (b, classes), labels: (b).
template <real T, std::size_t N, std::integral Integer, std::size_t M>
double precision(const tensor<T, N>& output, const tensor<Integer, M>& labels, average mean = average::macro) {
    auto meter = precision_meter{output.shape(1), mean};
    meter.add(output, labels);
    return meter.value();
}
template <real T, std::size_t N, std::integral Integer, std::size_t M>
double recall(const tensor<T, N>& output, const tensor<Integer, M>& labels, average mean = average::macro) {
    auto meter = recall_meter{output.shape(1), mean};
    meter.add(output, labels);
    return meter.value();
}
template <real T, std::size_t N, std::integral Integer, std::size_t M>
double f1(const tensor<T, N>& output, const tensor<Integer, M>& labels, average mean = average::macro) {
    auto meter = f1_meter{output.shape(1), mean};
    meter.add(output, labels);
    return meter.value();
}

}  // namespace xgrad::train
