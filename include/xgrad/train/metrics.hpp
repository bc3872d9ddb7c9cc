// How good a classifier is: accuracy, and what it takes for what.
#pragma once

#include <xgrad/autograd/tensor.hpp>
#include <xgrad/core/cmath.hpp>
#include <xgrad/core/config.hpp>
#include <xgrad/core/dtype.hpp>
#include <xgrad/core/error.hpp>
#include <xgrad/core/exact.hpp>
#include <xgrad/ops/reduce.hpp>

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <vector>

namespace xgrad::inline XGRAD_ABI::train {

namespace detail {

/// Throws `shape_error` when there is not one label for each row.
template <real T, std::size_t N, std::integral Integer, std::size_t M>
void check_output(const char* where, const tensor<T, N>& output, const tensor<Integer, M>& labels) {
    static_assert(N == 2 || N == dynamic_rank, "the output of a classifier is (b, classes)");
    if (output.rank() != 2 || labels.rank() != 1 || output.shape(0) != labels.size())
        fail<shape_error>(where, "output is ", xgrad::detail::shape_of(output), ", labels are ",
                          xgrad::detail::shape_of(labels), "; there must be one label for each row");
}

/// The class that a label names. Throws `index_error` for a label that is none.
template <std::integral Integer>
std::size_t class_of(const char* where, Integer label, std::size_t classes) {
    const auto number = xgrad::detail::nearest_cast<std::int64_t>(label);
    if (number < 0 || number >= static_cast<std::int64_t>(classes)) fail<index_error>(where, number, " is not one of ", classes, " classes");
    return static_cast<std::size_t>(number);
}

}  // namespace detail

/// How many rows of `output` have their largest element where the label says; NaN is never the largest, so that a row
/// with one is not right.
/// output: (b, classes)  labels: (b). Throws `shape_error` when there is not one label for each row, `index_error` for a label that
/// is no class.
template <real T, std::size_t N, std::integral Integer, std::size_t M>
std::size_t count_correct(const tensor<T, N>& output, const tensor<Integer, M>& labels) {
    detail::check_output("count_correct", output, labels);
    const auto predicted = argmax(output, 1);   // of a row with NaN, that one
    const auto classes = output.shape(1);
    const auto* const p = predicted.data();
    auto count = std::size_t{0};
    for (auto i = std::size_t{0}; i < labels.size(); ++i) {
        const auto label = detail::class_of("count_correct", labels.data()[i], classes);
        if (static_cast<std::size_t>(p[i]) == label && !std::isnan(output.data()[i * classes + label])) ++count;
    }
    return count;
}

/// The same as a part of all, between 0 and 1; NaN for no row.
template <real T, std::size_t N, std::integral Integer, std::size_t M>
double accuracy(const tensor<T, N>& output, const tensor<Integer, M>& labels) {
    return static_cast<double>(count_correct(output, labels)) / static_cast<double>(labels.size());
}

/// Counts, for each class, what it was taken for: `matrix(label, predicted)`.
class confusion_matrix {
public:
    /// Throws `value_error` for no class, and for more than a matrix can be made of.
    explicit confusion_matrix(std::size_t classes) : m_classes{classes}, m_counts(cells(classes)) {}

    /// Throws `index_error` for what is not one of the classes; nothing is counted then.
    void add(std::int64_t label, std::int64_t predicted) {
        ++m_counts[at(label, predicted)];
    }

    /// Counts two tensors of classes, element by element. Throws `shape_error` when their sizes differ, `index_error`
    /// for what is not one of the classes; nothing is counted then.
    template <std::integral Integer, std::size_t N, std::integral J, std::size_t M>
    void add(const tensor<Integer, N>& labels, const tensor<J, M>& predicted) {
        if (labels.size() != predicted.size())
            fail<shape_error>("confusion_matrix", labels.size(), " labels, ", predicted.size(), " predictions");
        for (auto i = std::size_t{0}; i < labels.size(); ++i) index(labels.data()[i]), index(predicted.data()[i]);
        for (auto i = std::size_t{0}; i < labels.size(); ++i) ++m_counts[at(labels.data()[i], predicted.data()[i])];
    }

    std::size_t classes() const noexcept { return m_classes; }
    /// Throws `index_error` for what is not one of the classes.
    std::size_t operator()(std::size_t label, std::size_t predicted) const { return m_counts[at(label, predicted)]; }

    /// How many there are of a class, how many were taken for it, and how many were counted in all.
    std::size_t with_label(std::size_t c) const { return sum([&](std::size_t i) { return (*this)(c, i); }); }
    std::size_t with_prediction(std::size_t c) const { return sum([&](std::size_t i) { return (*this)(i, c); }); }
    std::size_t total() const { return sum([&](std::size_t i) { return with_label(i); }); }

    /// The part of all that was recognised; of a class, recall; of what was taken for it, precision.
    /// NaN where there is none.
    double accuracy() const { return part(sum([&](std::size_t i) { return (*this)(i, i); }), total()); }
    double recall(std::size_t c) const { return part((*this)(c, c), with_label(c)); }
    double precision(std::size_t c) const { return part((*this)(c, c), with_prediction(c)); }

private:
    template <std::integral Integer>
    std::size_t index(Integer number) const {
        return detail::class_of("confusion_matrix", number, m_classes);
    }
    template <std::integral Integer, std::integral J>
    std::size_t at(Integer label, J predicted) const {
        return index(label) * m_classes + index(predicted);
    }
    static std::size_t cells(std::size_t classes) {
        if (classes == 0) fail<value_error>("confusion_matrix", "at least one class");
        if (classes > std::numeric_limits<std::size_t>::max() / classes)
            fail<value_error>("confusion_matrix", classes, " classes are too many");
        return classes * classes;
    }
    template <class Count>
    std::size_t sum(const Count& count) const {
        auto result = std::size_t{0};
        for (auto i = std::size_t{0}; i < m_classes; ++i) result += count(i);
        return result;
    }
    static double part(std::size_t count, std::size_t among) {
        return static_cast<double>(count) / static_cast<double>(among);
    }

    std::size_t m_classes;
    std::vector<std::size_t> m_counts;
};

}  // namespace xgrad::train
