// What a classifier has learnt, as tables.
#pragma once

#include <xgrad/core/cmath.hpp>
#include <xgrad/core/config.hpp>
#include <xgrad/train/metrics.hpp>
#include <xgrad/train/text.hpp>

#include <algorithm>
#include <cstddef>
#include <string>
#include <vector>

namespace xgrad::inline XGRAD_ABI::train {

/// The names of the classes; where there are none, their numbers.
using class_names = std::vector<std::string>;

namespace detail {

inline std::string name_of(const class_names& names, std::size_t c) {
    return c < names.size() ? names[c] : std::to_string(c);
}

inline std::size_t widest_name(const confusion_matrix& matrix, const class_names& names) {
    auto width = std::size_t{5};   // of "label", the head of the column
    for (auto c = std::size_t{0}; c < matrix.classes(); ++c) width = std::max(width, name_of(names, c).size());
    return width;
}

/// "-" for the recall of a class that never occurs.
inline std::string share(double part) { return std::isnan(part) ? "-" : percent(part, 1); }

}  // namespace detail

/// A row for each label, a column for each prediction (by number), and the part of the label that was found:
///
///     label     0    1   found
///     0       979    1  99.9 %
///     1         .  120 100.0 %
///
/// A dot is a zero, so that the mistakes stand out.
inline std::string confusion_table(const confusion_matrix& matrix, const class_names& names = {}) {
    const auto first = detail::widest_name(matrix, names);
    auto width = std::to_string(matrix.classes() - 1).size();
    for (auto i = std::size_t{0}; i < matrix.classes(); ++i)
        for (auto j = std::size_t{0}; j < matrix.classes(); ++j)
            width = std::max(width, std::to_string(matrix(i, j)).size());
    width += 1;
    auto text = align_left("label", first);
    for (auto j = std::size_t{0}; j < matrix.classes(); ++j) text += align_right(std::to_string(j), width);
    text += align_right("found", 8) + '\n';
    for (auto i = std::size_t{0}; i < matrix.classes(); ++i) {
        text += align_left(detail::name_of(names, i), first);
        for (auto j = std::size_t{0}; j < matrix.classes(); ++j)
            text += align_right(matrix(i, j) == 0 ? "." : std::to_string(matrix(i, j)), width);
        text += align_right(detail::share(matrix.recall(i)), 8) + '\n';
    }
    return text;
}

/// A row for each label: how many there are, the part of them that was found (recall), and the part that is
/// right of what was taken for it (precision); at last the accuracy.
inline std::string report(const confusion_matrix& matrix, const class_names& names = {}) {
    const auto first = std::max(detail::widest_name(matrix, names), std::string{"accuracy"}.size());
    const auto row = [&](const std::string& name, const std::string& a, const std::string& b, const std::string& c) {
        return align_left(name, first) + align_right(a, 9) + align_right(b, 9) + align_right(c, 11) + '\n';
    };
    auto text = row("label", "count", "recall", "precision");
    for (auto c = std::size_t{0}; c < matrix.classes(); ++c)
        text += row(detail::name_of(names, c), std::to_string(matrix.with_label(c)), detail::share(matrix.recall(c)),
                    detail::share(matrix.precision(c)));
    return text + align_left("accuracy", first) + align_right(std::to_string(matrix.total()), 9) +
           align_right(detail::share(matrix.accuracy()), 9) + '\n';
}

}  // namespace xgrad::train
